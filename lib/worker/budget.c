/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * budget: a token bucket per worker and port for walks.
 *
 * A walk costs as much as dozens of remembered answers. A guest that makes every packet a new flow
 * would take that time from its neighbours; so a port has a rate of walks, and a tenth of a second
 * of it in store for bursts. ICMP errors that a port is sent have a bucket of their own.
 */
#include "core/clock.h"
#include "worker/worker.h"

#define BUDGET_STORE_MS 100
#define BUDGET_ERRORS 100 /* per second */

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

static bool
budget_take(struct weft_budget *budget, uint64_t now_tsc, uint64_t rate, uint64_t store)
{
	if (unlikely(budget->tokens == 0))
		budget->tokens = (uint32_t)budget_earn(budget, now_tsc, rate, store);
	if (budget->tokens == 0)
		return false;
	/* The budget may be smaller than when the store was filled. */
	budget->tokens = (uint32_t)RTE_MIN(budget->tokens, store) - 1;
	return true;
}

bool
weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	uint64_t rate = RTE_MAX(arrival->miss_budget, 1u);

	return budget_take(&worker->budgets[arrival->port->id], worker->now_tsc, rate,
			   RTE_MAX(rate * BUDGET_STORE_MS / 1000, 1u));
}

/* A second's worth in store: errors come in bursts, when guests begin to talk. */
bool
weft_budget_take_error(struct weft_worker *worker, uint16_t port)
{
	return budget_take(&worker->error_budgets[port], worker->now_tsc, BUDGET_ERRORS,
			   BUDGET_ERRORS);
}
