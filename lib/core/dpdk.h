/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpdk: the differences between the DPDK releases that weft builds on (22.11 and 24.11), in one
 * place. Everything else includes DPDK's headers as they are.
 */
#ifndef WEFT_CORE_DPDK_H
#define WEFT_CORE_DPDK_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "weft needs DPDK 22.11 or newer"
#endif

#endif
