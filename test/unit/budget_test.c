/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The budget of walks: what a port gets of its rate, whatever the rhythm in which it asks.
 *
 * Time is simulated: the worker's TSC is a number that the test moves.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <rte_common.h>

#include "core/clock.h"
#include "worker/worker.h"

#define BUDGET_TEST_CYCLES_PER_US 2600
#define BUDGET_TEST_US UINT64_C(1)
#define BUDGET_TEST_MS UINT64_C(1000)
#define BUDGET_TEST_SEC UINT64_C(1000000)

static struct weft_port budget_test_port = { .id = 7 };

static struct weft_worker *
budget_test_worker(void)
{
	struct weft_worker *worker = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*worker), 64));

	assert_non_null(worker);
	memset(worker, 0, sizeof(*worker));
	/* A machine has been up for a month when the daemon starts. */
	worker->now_tsc = 31 * 86400 * BUDGET_TEST_SEC * BUDGET_TEST_CYCLES_PER_US;
	weft_clock_cycles_per_ms = 1000 * BUDGET_TEST_CYCLES_PER_US;
	return worker;
}

static void
budget_test_wait(struct weft_worker *worker, uint64_t us)
{
	worker->now_tsc += us * BUDGET_TEST_CYCLES_PER_US;
}

/* Asks until it is refused, at one instant. */
static uint32_t
budget_test_drain(struct weft_worker *worker, const struct weft_attachment *arrival)
{
	uint32_t taken = 0;

	while (weft_budget_take(worker, arrival))
		taken++;
	return taken;
}

/* Asks every so often for a while. @return how often it was granted */
static uint64_t
budget_test_ask(struct weft_worker *worker, const struct weft_attachment *arrival,
		uint64_t every_us, uint64_t for_us)
{
	uint64_t granted = 0;

	for (uint64_t us = 0; us < for_us; us += every_us) {
		budget_test_wait(worker, every_us);
		granted += weft_budget_take(worker, arrival);
	}
	return granted;
}

/* In a row: rate, how often it is asked, for how long; and per mille of what it may have at
 * most. */
static const struct {
	uint32_t rate;
	uint64_t every_us, for_us;
	uint32_t least, most;
} budget_test_rhythms[] = {
	/* Somebody who always wants more gets his rate. */
	{ 1, 1000, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 2, 1000, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 3, 700, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 9, 700, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 10, 700, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 15, 700, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 1000, 10, 10 * BUDGET_TEST_SEC, 990, 1020 },
	{ 1000, 50 * BUDGET_TEST_MS, 1000 * BUDGET_TEST_SEC, 19, 21 },
	{ 250000, 1, 10 * BUDGET_TEST_SEC, 990, 1020 },
	/* Somebody who wants a little more than his rate gets it all the same. */
	{ 20, 49500, 1000 * BUDGET_TEST_SEC, 990, 1020 },
	{ 1000, 990, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 1000, 700, 100 * BUDGET_TEST_SEC, 990, 1020 },
	{ 100000, 9, 10 * BUDGET_TEST_SEC, 990, 1020 },
	/* Somebody who wants less gets all that he wants. */
	{ 1, 1010 * BUDGET_TEST_MS, 1010 * BUDGET_TEST_SEC, 990, 990 },
	{ 1000, 1250, 100 * BUDGET_TEST_SEC, 800, 800 },
	{ 100000000, 1, BUDGET_TEST_SEC, 10, 10 },
};

static void
test_a_port_gets_its_rate_in_any_rhythm(void **state)
{
	struct weft_worker *worker = budget_test_worker();

	(void)state;
	for (size_t i = 0; i < RTE_DIM(budget_test_rhythms); i++) {
		struct weft_attachment arrival = {
			.port = &budget_test_port,
			.miss_budget = budget_test_rhythms[i].rate,
		};
		uint64_t share = budget_test_rhythms[i].rate * budget_test_rhythms[i].for_us;
		uint64_t granted;

		worker->budgets[7] = (struct weft_budget){ 0 };
		budget_test_drain(worker, &arrival);
		granted = budget_test_ask(worker, &arrival, budget_test_rhythms[i].every_us,
					  budget_test_rhythms[i].for_us);
		granted = granted * 1000 * BUDGET_TEST_SEC / share;
		if (granted < budget_test_rhythms[i].least || granted > budget_test_rhythms[i].most)
			print_error("row %zu: rate %u, asked every %" PRIu64 " us: got %" PRIu64
				    " per mille of it\n",
				    i, arrival.miss_budget, budget_test_rhythms[i].every_us,
				    granted);
		assert_in_range(granted, budget_test_rhythms[i].least, budget_test_rhythms[i].most);
	}
	free(worker);
}

/* After a pause of any length a tenth of a second is in store, and never less than one walk. */
static void
test_a_pause_earns_a_tenth_of_a_second_at_most(void **state)
{
	static const struct {
		uint32_t rate, store;
	} cases[] = { { 1, 1 },
		      { 9, 1 },
		      { 10, 1 },
		      { 25, 2 },
		      { 1000, 100 },
		      { 250000, 25000 },
		      { 100000000, 10000000 } };
	static const uint64_t pauses_us[] = { 1100 * BUDGET_TEST_MS, 3600 * BUDGET_TEST_SEC,
					      86400 * 365 * BUDGET_TEST_SEC };
	struct weft_worker *worker = budget_test_worker();

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_attachment arrival = { .port = &budget_test_port,
						   .miss_budget = cases[i].rate };

		worker->budgets[7] = (struct weft_budget){ 0 };
		assert_int_equal(budget_test_drain(worker, &arrival), cases[i].store);
		for (size_t j = 0; j < RTE_DIM(pauses_us); j++) {
			budget_test_wait(worker, pauses_us[j]);
			assert_int_equal(budget_test_drain(worker, &arrival), cases[i].store);
			assert_int_equal(budget_test_drain(worker, &arrival), 0);
		}
	}
	free(worker);
}

static void
test_ports_have_budgets_of_their_own(void **state)
{
	static struct weft_port other_port = { .id = 8 };
	struct weft_attachment greedy = { .port = &budget_test_port, .miss_budget = 1000 };
	struct weft_attachment other = { .port = &other_port, .miss_budget = 1000 };
	struct weft_worker *worker = budget_test_worker();

	(void)state;
	budget_test_drain(worker, &greedy);
	assert_false(weft_budget_take(worker, &greedy));
	assert_int_equal(budget_test_drain(worker, &other), 100);
	free(worker);
}

static void
test_a_smaller_budget_takes_effect_at_once(void **state)
{
	struct weft_attachment arrival = { .port = &budget_test_port, .miss_budget = 1000000 };
	struct weft_worker *worker = budget_test_worker();

	(void)state;
	assert_true(weft_budget_take(worker, &arrival));
	arrival.miss_budget = 100;
	assert_in_range(budget_test_drain(worker, &arrival), 0, 10);
	free(worker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_port_gets_its_rate_in_any_rhythm),
		cmocka_unit_test(test_a_pause_earns_a_tenth_of_a_second_at_most),
		cmocka_unit_test(test_ports_have_budgets_of_their_own),
		cmocka_unit_test(test_a_smaller_budget_takes_effect_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
