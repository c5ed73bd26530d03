/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * use: how connections are kept young, and how they end; for the files of this folder only.
 *
 * Threads: workers.
 */
#ifndef WEFT_CONNTRACK_USE_H
#define WEFT_CONNTRACK_USE_H

#include "conntrack/index.h"
#include "conntrack/state.h"

/** A deadline that means a time. */
static inline uint32_t
weft_conn_deadline(uint32_t ms)
{
	return ms > WEFT_CONN_AT_ONCE ? ms : WEFT_CONN_AT_ONCE + 1;
}

/** A packet has used the connection. */
void weft_conn_use(uint32_t number, enum weft_conn_event event, enum weft_conn_direction direction,
		   uint32_t used_ms);

/** Under the lock: what was unlinked, or replaced, is gone. @return its word before that */
uint64_t weft_conn_end(uint32_t number);

/** And without the lock: counts it off, and gives its number back. Generations must have moved. */
void weft_conn_bury(struct weft_conn_worker *worker, uint32_t number);

#endif
