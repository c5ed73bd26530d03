/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quota: how many connections there may be, of a port and of all; for this folder only.
 *
 * Of the connections that count for a port, the first ones (as many as its reserve) are its own;
 * those beyond take from the share of the table that is reserved for nobody. So what a port takes
 * from the share is max(0, count - reserve), whatever the order in which they came and go, and an
 * entry need not know which of the two it has taken.
 *
 * Count and reserve of a port are one word: a reserve may change while connections come and go, and
 * the share still is the sum of what the ports take from it. If reserves grow while the share is in
 * use, it is overdrawn, and nobody gets more of it before enough of those connections are gone.
 *
 * Threads: workers; weft_conn_set_port() by the control thread.
 */
#ifndef WEFT_CONNTRACK_QUOTA_H
#define WEFT_CONNTRACK_QUOTA_H

#include "conntrack/table.h"

/** One connection more for a port, if it may. */
enum weft_conn_outcome weft_conn_quota_take(uint16_t port);
void weft_conn_quota_give(uint16_t port);

#endif
