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

/* What has been earned since `filled`, which moves on by just the time that is paid for: the rest
 * counts towards the next token, whatever the rhythm of asking. */
static uint64_t
budget_earn(struct weft_budget *budget, uint64_t now_tsc, uint64_t rate, uint64_t store)
{
	uint64_t second = weft_clock_cycles_per_ms * 1000;
	uint64_t elapsed = now_tsc - budget->filled;
	uint64_t gained;

	/* Longer ago than the store is deep: full. That also keeps the products in range. */
	if (elapsed >= store * second / rate) {
		budget->filled = now_tsc;
		return store;
	}
	gained = elapsed * rate / second;
	budget->filled += gained * second / rate;
	return gained;
}

bool
weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	struct weft_budget *budget = &worker->budgets[arrival->port->id];
	uint64_t rate = RTE_MAX(arrival->miss_budget, 1u);
	uint64_t store = RTE_MAX(rate * BUDGET_STORE_MS / 1000, 1u);

	if (unlikely(budget->tokens == 0))
		budget->tokens = (uint32_t)budget_earn(budget, worker->now_tsc, rate, store);
	if (budget->tokens == 0)
		return false;
	/* The budget may be smaller than when the store was filled. */
	budget->tokens = (uint32_t)RTE_MIN(budget->tokens, store) - 1;
	return true;
}
