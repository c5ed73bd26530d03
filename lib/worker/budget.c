/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * budget: how many walks a port may cause on a worker.
 *
 * A walk costs as much as dozens of remembered answers. A guest that makes every packet a new flow
 * would take that time from its neighbours; so a port has a rate of walks, and a tenth of a second
 * of it in store for bursts. What a walk itself has to count is in path/spend.h.
 */
#include "worker/worker.h"

#define BUDGET_STORE_MS 100

bool
weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	uint64_t rate = RTE_MAX(arrival->miss_budget, 1u);

	return weft_budget_spend(&worker->budgets[arrival->port->id], worker->now_tsc, rate,
				 RTE_MAX(rate * BUDGET_STORE_MS / 1000, 1u));
}
