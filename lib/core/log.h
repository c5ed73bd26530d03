/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log: what the daemon says to the person who reads its journal.
 *
 * One line, one sentence, newline added here; goes through rte_log (stderr, or where EAL's options
 * send it) under the log type "weft". Not for the path of packets: whoever drops a packet counts a
 * reason and stays silent.
 */
#ifndef WEFT_CORE_LOG_H
#define WEFT_CORE_LOG_H

#include <stdint.h>

#include <rte_log.h>

void weft_log(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define weft_error(...) weft_log(RTE_LOG_ERR, __VA_ARGS__)
#define weft_warn(...) weft_log(RTE_LOG_WARNING, __VA_ARGS__)
#define weft_info(...) weft_log(RTE_LOG_NOTICE, __VA_ARGS__)

#endif
