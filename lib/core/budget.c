/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/budget.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "core/clock.h"

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
weft_budget_spend(struct weft_budget *budget, uint64_t now_tsc, uint64_t rate, uint64_t store)
{
	if (unlikely(budget->tokens == 0))
		budget->tokens = (uint32_t)budget_earn(budget, now_tsc, rate, store);
	if (budget->tokens == 0)
		return false;
	/* The budget may be smaller than when the store was filled. */
	budget->tokens = (uint32_t)RTE_MIN(budget->tokens, store) - 1;
	return true;
}
