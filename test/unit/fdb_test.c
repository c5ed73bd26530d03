/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FDB, told: homes, limits, ages, capacity. See fdb_random_test.c for all of it at once.
 */
#include "eal_helper.h"

#include "dice_helper.h"
#include "fdb/fdb.h"

#define FDB_TEST_NETWORKS 4
#define FDB_TEST_CAPACITY 120
#define FDB_TEST_AGE 20

static struct rte_ether_addr
fdb_test_mac(uint32_t i)
{
	return (struct rte_ether_addr){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static int
fdb_test_start(void **state)
{
	(void)state;
	if (weft_fdb_create(FDB_TEST_CAPACITY) != 0)
		return -1;
	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++) {
		weft_fdb_set_network(n, 0, FDB_TEST_AGE);
		weft_fdb_set_port(n, 0);
	}
	return 0;
}

static int
fdb_test_stop(void **state)
{
	(void)state;
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	assert_int_equal(weft_fdb_count(), 0);
	weft_fdb_destroy();
	return 0;
}

/* What changes nothing makes no flow stale. */
static void
test_what_changes_nothing_moves_no_generation(void **state)
{
	static uint8_t before[sizeof(weft_gens)];
	struct rte_ether_addr mac = fdb_test_mac(1), other = fdb_test_mac(2);

	(void)state;
	weft_fdb_set_port(1, 1);
	weft_fdb_set_network(1, 9, FDB_TEST_AGE);
	assert_int_equal(weft_fdb_learn(1, &mac, 1, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_add_static(2, &mac, 3), 0);
	assert_int_equal(weft_fdb_set_home(0, &mac, 3), 0);
	memcpy(before, weft_gens, sizeof(before));
	weft_fdb_learn(1, &mac, 1, 1001, false);
	weft_fdb_learn(1, &mac, 2, 1001, true);
	weft_fdb_learn(1, &other, 1, 1001, false);
	weft_fdb_learn(2, &mac, 1, 1001, false);
	weft_fdb_learn(2, &mac, 3, 1001, false);
	weft_fdb_touch(1, &mac, 1, 1002);
	weft_fdb_add_static(2, &mac, 3);
	weft_fdb_del_static(1, &mac);
	weft_fdb_del_static(1, &other);
	weft_fdb_learn(0, &mac, 3, 1001, false);
	weft_fdb_set_home(0, &mac, 3);
	weft_fdb_del_home(1, &mac);
	weft_fdb_del_home(1, &other);
	weft_fdb_flush(0, WEFT_FDB_ANY, NULL, false);
	weft_fdb_flush(3, WEFT_FDB_ANY, NULL, true);
	weft_fdb_age(1001);
	weft_fdb_set_port(1, 1);
	weft_fdb_set_network(1, 9, FDB_TEST_AGE + 1);
	assert_memory_equal(before, weft_gens, sizeof(before));
	weft_fdb_set_port(1, 0);
}

static void
test_an_entry_seen_a_moment_ahead_of_us_is_young(void **state)
{
	struct rte_ether_addr mac = fdb_test_mac(1);
	struct weft_fdb_row row;
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(weft_fdb_learn(0, &mac, 1, 1001, false), WEFT_LEARN_NEW);
	weft_fdb_age(1000);
	assert_true(weft_fdb_next(&cursor, 1000, &row));
	assert_int_equal(row.age_sec, 0);
	weft_fdb_age(1001 + FDB_TEST_AGE - 1);
	assert_int_equal(weft_fdb_count(), 1);
	weft_fdb_age(1001 + FDB_TEST_AGE);
	assert_int_equal(weft_fdb_count(), 0);
}

/* ---- homes, told ---- */

static void
fdb_test_expect(const struct rte_ether_addr *mac, uint16_t place, enum weft_fdb_origin origin)
{
	struct weft_fdb_row row = { 0 };
	uint32_t cursor = 0;

	while (weft_fdb_next(&cursor, 1000, &row) && !rte_is_same_ether_addr(&row.mac, mac))
		;
	assert_true(rte_is_same_ether_addr(&row.mac, mac));
	assert_int_equal(weft_fdb_lookup(row.network, mac), place);
	assert_int_equal(row.place, place);
	assert_int_equal(row.origin, origin);
	assert_int_equal(weft_fdb_network_count(row.network), origin == WEFT_FDB_LEARNED);
	assert_int_equal(weft_fdb_port_count(place), origin == WEFT_FDB_LEARNED);
}

/* What is heard wins; what was forgotten leaves the home. */
static void
test_a_mac_comes_home_when_it_was_forgotten(void **state)
{
	struct rte_ether_addr mac = fdb_test_mac(1);

	(void)state;
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);
	assert_int_equal(weft_fdb_learn(0, &mac, 4, 1000, false), WEFT_LEARN_KNOWN);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);
	weft_fdb_age(5000);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);

	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NEW);
	fdb_test_expect(&mac, 5, WEFT_FDB_LEARNED);
	weft_fdb_age(1000 + FDB_TEST_AGE);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);

	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_flush(0, WEFT_FDB_ANY, NULL, false), 1);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);
	assert_int_equal(weft_fdb_flush(0, WEFT_FDB_ANY, NULL, false), 0);

	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_learn(0, &mac, 4, 1000, false), WEFT_LEARN_NEW);
	fdb_test_expect(&mac, 4, WEFT_FDB_L2POP);
}

static void
test_a_home_moves_and_goes(void **state)
{
	struct rte_ether_addr mac = fdb_test_mac(1);

	(void)state;
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	assert_int_equal(weft_fdb_set_home(0, &mac, 3), 0);
	fdb_test_expect(&mac, 3, WEFT_FDB_L2POP);
	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	fdb_test_expect(&mac, 5, WEFT_FDB_LEARNED);
	assert_int_equal(weft_fdb_set_home(0, &mac, 5), 0);
	fdb_test_expect(&mac, 5, WEFT_FDB_L2POP);
	assert_int_equal(weft_fdb_learn(0, &mac, 4, 1000, false), WEFT_LEARN_NEW);
	weft_fdb_del_home(0, &mac);
	fdb_test_expect(&mac, 4, WEFT_FDB_LEARNED);
	weft_fdb_age(1000 + FDB_TEST_AGE);
	assert_int_equal(weft_fdb_lookup(0, &mac), UINT16_MAX);
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	weft_fdb_del_home(0, &mac);
	assert_int_equal(weft_fdb_count(), 0);
}

static void
test_a_static_entry_wins_over_a_home(void **state)
{
	struct rte_ether_addr mac = fdb_test_mac(1);

	(void)state;
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	assert_int_equal(weft_fdb_add_static(0, &mac, 2), 0);
	fdb_test_expect(&mac, 2, WEFT_FDB_STATIC);
	assert_int_equal(weft_fdb_learn(0, &mac, 4, 1000, false), WEFT_LEARN_STATIC);
	assert_int_equal(weft_fdb_set_home(0, &mac, 3), 0);
	fdb_test_expect(&mac, 2, WEFT_FDB_STATIC);
	weft_fdb_del_static(0, &mac);
	fdb_test_expect(&mac, 3, WEFT_FDB_L2POP);
}

/* A home counts against nothing, so coming back is never refused; leaving it is. */
static void
test_limits_concern_who_is_not_at_home(void **state)
{
	struct rte_ether_addr mac = fdb_test_mac(1), other = fdb_test_mac(2);

	(void)state;
	assert_int_equal(weft_fdb_set_home(0, &mac, 4), 0);
	weft_fdb_set_port(4, 1);
	weft_fdb_set_port(5, 1);
	weft_fdb_set_network(0, 1, FDB_TEST_AGE);
	assert_int_equal(weft_fdb_learn(0, &other, 4, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NETWORK_LIMIT);
	weft_fdb_set_network(0, 2, FDB_TEST_AGE);
	assert_int_equal(weft_fdb_learn(0, &mac, 5, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_learn(0, &mac, 4, 1000, false), WEFT_LEARN_NEW);
	assert_int_equal(weft_fdb_port_count(5), 0);
	assert_int_equal(weft_fdb_port_count(4), 1);
	assert_int_equal(weft_fdb_network_count(0), 1);
	weft_fdb_set_port(4, 0);
	weft_fdb_set_port(5, 0);
}

/* host.mac-entries is a promise, also for the numbers that a hash table likes least. */
static void
test_it_holds_as_many_as_configured(void **state)
{
	static const uint32_t capacities[] = { 64, 100, 1000, 1024, 4096, 131072 };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(capacities); i++) {
		struct rte_ether_addr mac = fdb_test_mac(0);
		struct dice dice = { 15 + i };

		assert_int_equal(weft_fdb_create(capacities[i]), 0);
		for (uint32_t j = 0; j <= capacities[i]; j++) {
			enum weft_learn outcome;

			/* Different for sure, and otherwise as vendors would have it. */
			dice_fill(&dice, &mac.addr_bytes[1], 2);
			memcpy(&mac.addr_bytes[3], &j, 3);
			outcome = weft_fdb_learn(5, &mac, 7, 1000, false);
			if (outcome != (j < capacities[i] ? WEFT_LEARN_NEW : WEFT_LEARN_FULL))
				print_error("entry %u of %u: %d\n", j, capacities[i], (int)outcome);
			assert_int_equal(outcome,
					 j < capacities[i] ? WEFT_LEARN_NEW : WEFT_LEARN_FULL);
		}
		assert_int_equal(weft_fdb_count(), capacities[i]);
		fdb_test_stop(NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_changes_nothing_moves_no_generation,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_an_entry_seen_a_moment_ahead_of_us_is_young,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_a_mac_comes_home_when_it_was_forgotten,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_a_home_moves_and_goes, fdb_test_start,
						fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_a_static_entry_wins_over_a_home,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_limits_concern_who_is_not_at_home,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test(test_it_holds_as_many_as_configured),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
