/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spend: what a packet costs others, taken from the budget of a port.
 *
 * Threads: as the walk; buckets belong to its worker.
 */
#ifndef WEFT_PATH_SPEND_H
#define WEFT_PATH_SPEND_H

#include "path/walk.h"

#define WEFT_SPEND_CONNECTIONS_MS 100 /* in store: they are costly */

/** Takes one from a bucket whose rate is in @p port. A second's worth is in store, since
 *  such things come in bursts; less of connections. @return whether there was one */
static inline bool
weft_spend(struct weft_budget *budgets, const struct weft_attachment *port,
	   enum weft_budget_kind kind, uint64_t now_tsc)
{
	uint64_t rate = port->rates[kind], store = rate;

	if (rate == 0)
		return true;
	if (kind == WEFT_BUDGET_CONNECTIONS)
		store = RTE_MAX(rate * WEFT_SPEND_CONNECTIONS_MS / 1000, 1u);
	return weft_budget_spend(&budgets[kind], now_tsc, rate, store);
}

/** The same by number, in a walk; a dry one spends nothing. WEFT_CONN_NO_PORT spends nothing. */
static inline bool
weft_walk_spend(struct weft_walk *walk, uint16_t port, enum weft_budget_kind kind)
{
	if (walk->is_dry || port == WEFT_NO_PORT)
		return true;
	return weft_spend(walk->budgets[port], walk->topology->attachments[port], kind,
			  walk->now_tsc);
}

#endif
