/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sweep: whose flow is used stays in the FDB, for as many days as the switch runs.
 *
 * Time is simulated: the worker's TSC is a number that the test moves.
 */
#include "eal_helper.h"

#include "fdb/fdb.h"
#include "worker/worker.h"

#define SWEEP_TEST_PORT 3
#define SWEEP_TEST_NETWORK 5
#define SWEEP_TEST_AGE_SEC 10

static struct weft_worker sweep_test_worker;

static void
sweep_test_set_ms(uint64_t ms)
{
	sweep_test_worker.now_tsc = weft_clock_start + ms * weft_clock_cycles_per_ms;
	sweep_test_worker.now_ms = (uint32_t)ms;
}

static uint32_t
sweep_test_now_sec(void)
{
	return weft_clock_sec_at(sweep_test_worker.now_tsc);
}

/* Milliseconds have 32 bits and wrap after 49.7 days. */
static void
test_a_mac_in_use_stays_young(void **state)
{
	static const uint64_t days[] = { 0, 24, 25, 49, 50, 99, 100, 1000 };
	struct weft_key key = { .src = { { 2, 0, 0, 0, 0, 1 } }, .arrival = SWEEP_TEST_PORT };
	struct weft_flow *flow;

	(void)state;
	assert_int_equal(weft_fdb_create(64), 0);
	weft_fdb_set_network(SWEEP_TEST_NETWORK, 0, SWEEP_TEST_AGE_SEC);
	sweep_test_worker.table = weft_flow_table_create(32);
	assert_non_null(sweep_test_worker.table);
	for (size_t i = 0; i < RTE_DIM(days); i++) {
		uint64_t ms = days[i] * 86400 * 1000 + 1000;

		sweep_test_set_ms(ms);
		weft_fdb_learn(SWEEP_TEST_NETWORK, &key.src, SWEEP_TEST_PORT, sweep_test_now_sec(),
			       false);
		flow = weft_flow_add(sweep_test_worker.table, &key, 0, sweep_test_worker.now_ms);
		flow->answer.network = SWEEP_TEST_NETWORK;
		flow->answer.is_learned = true;
		flow->answer.place = SWEEP_TEST_PORT;
		for (uint64_t end = ms + 60 * 1000; ms < end; ms += 500) {
			sweep_test_set_ms(ms);
			flow->used_ms = sweep_test_worker.now_ms;
			weft_sweep(&sweep_test_worker);
			weft_fdb_age(sweep_test_now_sec());
			assert_int_equal(weft_fdb_count(), 1);
		}
		/* And when nobody uses it any more it goes, and the flow too. */
		for (uint64_t end = ms + 20 * 1000; ms < end; ms += 500) {
			sweep_test_set_ms(ms);
			weft_sweep(&sweep_test_worker);
			weft_fdb_age(sweep_test_now_sec());
		}
		assert_int_equal(weft_fdb_count(), 0);
		assert_int_equal(sweep_test_worker.table->n_flows, 0);
	}
	weft_flow_table_destroy(sweep_test_worker.table);
	weft_fdb_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mac_in_use_stays_young),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
