/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * budget: a token bucket per worker and port for walks.
 *
 * A walk costs as much as dozens of remembered answers. A guest that makes every packet a new flow
 * would take that time from its neighbours; so a port has a rate of walks, and a tenth of a second
 * of it in store for bursts.
 */
#include "core/clock.h"
#include "worker/worker.h"

#define BUDGET_STORE_MS 100

bool
weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	struct weft_budget *budget = &worker->budgets[arrival->port->id];
	uint64_t elapsed = worker->now_tsc - budget->filled;
	uint64_t store = RTE_MAX(arrival->miss_budget * (uint64_t)BUDGET_STORE_MS / 1000, 1u);
	uint64_t gained;

	if (likely(budget->tokens > 0)) {
		budget->tokens--;
		return true;
	}
	/* Longer ago than the store is deep: full. That also keeps the product in range. */
	if (elapsed > BUDGET_STORE_MS * weft_clock_cycles_per_ms)
		gained = store;
	else
		gained = elapsed * arrival->miss_budget / (weft_clock_cycles_per_ms * 1000);
	if (gained == 0)
		return false;
	budget->filled = worker->now_tsc;
	budget->tokens = (uint32_t)RTE_MIN(gained, store) - 1;
	return true;
}
