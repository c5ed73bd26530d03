/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * budget: a token bucket.
 *
 * What one guest may cost its neighbours is bounded by rates: so many per second, and a store for
 * bursts. Time is the TSC. Threads: a bucket belongs to one worker.
 */
#ifndef WEFT_CORE_BUDGET_H
#define WEFT_CORE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/** Zeroed, it is empty and will be full at its first use. */
struct weft_budget {
	uint64_t filled; /* TSC at which the bucket was last filled */
	uint32_t tokens;
};

/** Takes one token. @param rate  per second, at least 1; @param store  most tokens, at least 1.
 *  @return whether there was one */
bool weft_budget_spend(struct weft_budget *budget, uint64_t now_tsc, uint64_t rate, uint64_t store);

#endif
