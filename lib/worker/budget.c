/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * budget: how many walks a port may cause on a worker, and how much of its time.
 *
 * A walk costs as much as dozens of remembered answers. A guest that makes every packet a new flow
 * would take that time from its neighbours; so a port has a rate of walks, and a tenth of a second
 * of it in store for bursts. What a walk itself has to count is in path/spend.h.
 *
 * To receive and drop what is beyond a budget costs time, too. For each cycle of that the port's
 * queues wait until the worker has spent BUDGET_SHARE on the bursts of others, times the queues
 * that it polls: so all floods together take one of BUDGET_SHARE + 1 cycles at most. The guest
 * finds its ring full meanwhile. If others have nothing to do, nobody waits.
 */
#include "worker/worker.h"

#define BUDGET_STORE_MS 100
#define BUDGET_SHARE 4

bool
weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	uint64_t rate = RTE_MAX(arrival->miss_budget, 1u);

	return weft_budget_spend(&worker->budgets[arrival->port->id], worker->now_tsc, rate,
				 RTE_MAX(rate * BUDGET_STORE_MS / 1000, 1u));
}

void
weft_budget_charge(struct weft_worker *worker, const struct weft_attachment *arrival,
		   uint64_t cycles, uint32_t n_excess, uint32_t n)
{
	uint32_t n_queues = worker->topology->polls[worker->id].n;

	/* What comes by a wire comes from many. */
	if (!arrival->is_wire)
		worker->waits_until[arrival->port->id] =
			worker->busy_cycles + cycles * n_excess / n * BUDGET_SHARE * n_queues;
}
