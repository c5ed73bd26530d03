/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/gen.h"

#include <rte_common.h>

uint32_t weft_gens[WEFT_GEN_SLOTS + WEFT_GEN_NEWS_SLOTS] __rte_cache_aligned;
