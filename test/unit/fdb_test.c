/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FDB against a table that anybody can check: an array of networks times MACs.
 */
#include "eal_helper.h"

#include <errno.h>

#include "dice_helper.h"
#include "fdb/fdb.h"

#define FDB_TEST_NETWORKS 4
#define FDB_TEST_MACS 40
#define FDB_TEST_PORTS 6
#define FDB_TEST_CAPACITY 120 /* fewer than there are MACs in networks */
#define FDB_TEST_AGE 20

/* ---- the array ---- */

struct fdb_test_entry {
	bool is_there, is_static;
	uint16_t port;
	uint32_t seen_sec;
};

static struct fdb_test {
	struct fdb_test_entry entries[FDB_TEST_NETWORKS][FDB_TEST_MACS];
	uint32_t port_limits[FDB_TEST_PORTS], network_limits[FDB_TEST_NETWORKS];
	uint32_t now_sec;
} fdb_test;

static struct rte_ether_addr
fdb_test_mac(uint32_t i)
{
	return (struct rte_ether_addr){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static uint32_t
fdb_test_count(uint32_t network, uint32_t port, bool with_statics)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < FDB_TEST_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_TEST_MACS; m++) {
			const struct fdb_test_entry *entry = &fdb_test.entries[n][m];

			count += entry->is_there && (network == WEFT_FDB_ANY || network == n) &&
				 (port == WEFT_FDB_ANY || port == entry->port) &&
				 (with_statics || !entry->is_static);
		}
	return count;
}

static enum weft_learn
fdb_test_judge(uint32_t network, uint32_t mac, uint16_t port)
{
	const struct fdb_test_entry *entry = &fdb_test.entries[network][mac];
	uint32_t port_limit = fdb_test.port_limits[port];
	uint32_t network_limit = fdb_test.network_limits[network];

	if (entry->is_there && entry->port == port)
		return WEFT_LEARN_KNOWN;
	if (entry->is_there && entry->is_static)
		return WEFT_LEARN_STATIC;
	if (port_limit != 0 && fdb_test_count(WEFT_FDB_ANY, port, false) >= port_limit)
		return WEFT_LEARN_PORT_LIMIT;
	if (entry->is_there)
		return WEFT_LEARN_NEW;
	if (network_limit != 0 && fdb_test_count(network, WEFT_FDB_ANY, false) >= network_limit)
		return WEFT_LEARN_NETWORK_LIMIT;
	if (fdb_test_count(WEFT_FDB_ANY, WEFT_FDB_ANY, true) >= FDB_TEST_CAPACITY)
		return WEFT_LEARN_FULL;
	return WEFT_LEARN_NEW;
}

/* ---- what the array says of generations ---- */

static struct {
	struct fdb_test before;
	uint64_t macs[FDB_TEST_NETWORKS][FDB_TEST_MACS];
	uint64_t port_rooms[FDB_TEST_PORTS], network_rooms[FDB_TEST_NETWORKS];
} fdb_test_gens;

static void
fdb_test_note_gens(void)
{
	fdb_test_gens.before = fdb_test;
	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++) {
		fdb_test_gens.network_rooms[n] =
			weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)n << 16));
		for (uint32_t m = 0; m < FDB_TEST_MACS; m++) {
			struct rte_ether_addr mac = fdb_test_mac(m);

			fdb_test_gens.macs[n][m] = weft_gen_read(weft_fdb_slot(n, &mac));
		}
	}
	for (uint16_t p = 0; p < FDB_TEST_PORTS; p++)
		fdb_test_gens.port_rooms[p] = weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, p));
}

/* A lookup that answers otherwise, room that was made, a limit that changed: each moves its
 * slot. */
static void
fdb_test_check_gens(void)
{
	const struct fdb_test *before = &fdb_test_gens.before;

	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_TEST_MACS; m++) {
			const struct fdb_test_entry *was = &before->entries[n][m];
			const struct fdb_test_entry *is = &fdb_test.entries[n][m];
			struct rte_ether_addr mac = fdb_test_mac(m);
			uint64_t slot = weft_gen_read(weft_fdb_slot(n, &mac));

			if (was->is_there != is->is_there || was->port != is->port ||
			    was->is_static != is->is_static)
				assert_true(slot != fdb_test_gens.macs[n][m]);
			if (!was->is_there || was->is_static ||
			    (is->is_there && !is->is_static && is->port == was->port))
				continue;
			assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, was->port)) !=
				    fdb_test_gens.port_rooms[was->port]);
			if (!is->is_there || is->is_static)
				assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM,
									(uint64_t)n << 16)) !=
					    fdb_test_gens.network_rooms[n]);
		}
	for (uint16_t p = 0; p < FDB_TEST_PORTS; p++)
		if (before->port_limits[p] != fdb_test.port_limits[p])
			assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, p)) !=
				    fdb_test_gens.port_rooms[p]);
	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++)
		if (before->network_limits[n] != fdb_test.network_limits[n])
			assert_true(weft_gen_read(
					    weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)n << 16)) !=
				    fdb_test_gens.network_rooms[n]);
}

/* ---- comparing ---- */

static void
fdb_test_compare(void)
{
	uint32_t cursor = 0, rows = 0;
	struct weft_fdb_row row;

	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++) {
		assert_int_equal(weft_fdb_network_count(n), fdb_test_count(n, WEFT_FDB_ANY, false));
		for (uint32_t m = 0; m < FDB_TEST_MACS; m++) {
			const struct fdb_test_entry *entry = &fdb_test.entries[n][m];
			struct rte_ether_addr mac = fdb_test_mac(m);

			assert_int_equal(weft_fdb_lookup(n, &mac),
					 entry->is_there ? entry->port : UINT16_MAX);
		}
	}
	for (uint16_t p = 0; p < FDB_TEST_PORTS; p++)
		assert_int_equal(weft_fdb_port_count(p), fdb_test_count(WEFT_FDB_ANY, p, false));
	while (weft_fdb_next(&cursor, fdb_test.now_sec, &row)) {
		const struct fdb_test_entry *entry =
			&fdb_test.entries[row.network][row.mac.addr_bytes[5]];

		rows++;
		assert_true(entry->is_there && row.port == entry->port);
		assert_int_equal(row.origin == WEFT_FDB_STATIC, entry->is_static);
		assert_int_equal(row.age_sec,
				 entry->is_static ? 0 : fdb_test.now_sec - entry->seen_sec);
	}
	assert_int_equal(rows, fdb_test_count(WEFT_FDB_ANY, WEFT_FDB_ANY, true));
	assert_int_equal(weft_fdb_count(), rows);
}

/* ---- steps ---- */

static void
fdb_test_learn(uint16_t network, uint32_t m, uint16_t port)
{
	struct fdb_test_entry *entry = &fdb_test.entries[network][m];
	struct rte_ether_addr mac = fdb_test_mac(m);
	enum weft_learn outcome = fdb_test_judge(network, m, port);

	assert_int_equal(weft_fdb_learn(network, &mac, port, fdb_test.now_sec, true), outcome);
	assert_int_equal(weft_fdb_learn(network, &mac, port, fdb_test.now_sec, false), outcome);
	if (outcome == WEFT_LEARN_KNOWN)
		entry->seen_sec = fdb_test.now_sec;
	if (outcome == WEFT_LEARN_NEW)
		*entry = (struct fdb_test_entry){ true, false, port, fdb_test.now_sec };
}

static void
fdb_test_touch(uint16_t network, uint32_t m, uint16_t port)
{
	struct fdb_test_entry *entry = &fdb_test.entries[network][m];
	struct rte_ether_addr mac = fdb_test_mac(m);

	weft_fdb_touch(network, &mac, port, fdb_test.now_sec);
	if (entry->is_there && entry->port == port)
		entry->seen_sec = fdb_test.now_sec;
}

static void
fdb_test_set_static(uint16_t network, uint32_t m, uint16_t port)
{
	struct fdb_test_entry *entry = &fdb_test.entries[network][m];
	struct rte_ether_addr mac = fdb_test_mac(m);
	uint32_t present = fdb_test_count(WEFT_FDB_ANY, WEFT_FDB_ANY, true);
	int rc = weft_fdb_add_static(network, &mac, port);

	/* Statics may be more than the capacity: rte_hash rounds it up. */
	assert_true(rc == 0 || (present >= FDB_TEST_CAPACITY && rc == -ENOSPC));
	if (rc == 0)
		*entry = (struct fdb_test_entry){ true, true, port, 0 };
}

static void
fdb_test_del_static(uint16_t network, uint32_t m)
{
	struct fdb_test_entry *entry = &fdb_test.entries[network][m];
	struct rte_ether_addr mac = fdb_test_mac(m);

	weft_fdb_del_static(network, &mac);
	if (entry->is_static)
		*entry = (struct fdb_test_entry){ 0 };
}

static void
fdb_test_flush(uint32_t network, uint32_t port, int32_t mac, bool statics)
{
	struct rte_ether_addr address = fdb_test_mac((uint32_t)mac);
	uint32_t removed = 0;

	for (uint32_t n = 0; n < FDB_TEST_NETWORKS; n++)
		for (int32_t m = 0; m < FDB_TEST_MACS; m++) {
			struct fdb_test_entry *entry = &fdb_test.entries[n][m];

			if (!entry->is_there || (entry->is_static && !statics) ||
			    (network != WEFT_FDB_ANY && network != n) ||
			    (port != WEFT_FDB_ANY && port != entry->port) || (mac >= 0 && mac != m))
				continue;
			*entry = (struct fdb_test_entry){ 0 };
			removed++;
		}
	assert_int_equal(weft_fdb_flush(network, port, mac < 0 ? NULL : &address, statics),
			 removed);
}

static void
fdb_test_age(void)
{
	weft_fdb_age(fdb_test.now_sec);
	for (uint32_t n = 0; n < FDB_TEST_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_TEST_MACS; m++) {
			struct fdb_test_entry *entry = &fdb_test.entries[n][m];

			if (entry->is_there && !entry->is_static &&
			    fdb_test.now_sec - entry->seen_sec >= FDB_TEST_AGE + n)
				*entry = (struct fdb_test_entry){ 0 };
		}
}

static void
fdb_test_set_limits(uint16_t network, uint16_t port, uint32_t limit)
{
	fdb_test.port_limits[port] = limit;
	weft_fdb_set_port(port, limit);
	fdb_test.network_limits[network] = limit * 2;
	weft_fdb_set_network(network, limit * 2, FDB_TEST_AGE + network);
}

static void
fdb_test_step(struct dice *dice)
{
	uint16_t network = (uint16_t)dice_below(dice, FDB_TEST_NETWORKS);
	uint16_t port = (uint16_t)dice_below(dice, FDB_TEST_PORTS);
	uint32_t mac = dice_below(dice, FDB_TEST_MACS);
	uint32_t what = dice_below(dice, 1000);

	fdb_test.now_sec += dice_once_in(dice, 10);
	if (what < 800)
		fdb_test_learn(network, mac, port);
	else if (what < 900)
		fdb_test_touch(network, mac, port);
	else if (what < 920)
		fdb_test_set_static(network, mac, port);
	else if (what < 945)
		fdb_test_del_static(network, mac);
	else if (what < 960)
		fdb_test_flush(dice_once_in(dice, 2) ? network : WEFT_FDB_ANY,
			       dice_once_in(dice, 2) ? port : WEFT_FDB_ANY,
			       dice_once_in(dice, 2) ? (int32_t)mac : -1, dice_once_in(dice, 4));
	else if (what < 980)
		fdb_test_age();
	else
		fdb_test_set_limits(network, port,
				    dice_once_in(dice, 2) ? 0 : dice_below(dice, 20));
}

/* ---- tests ---- */

static int
fdb_test_start(void **state)
{
	(void)state;
	memset(&fdb_test, 0, sizeof(fdb_test));
	fdb_test.now_sec = 1000;
	if (weft_fdb_create(FDB_TEST_CAPACITY) != 0)
		return -1;
	for (uint16_t n = 0; n < FDB_TEST_NETWORKS; n++)
		fdb_test_set_limits(n, n, 0);
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

static void
test_it_does_what_an_array_would_do(void **state)
{
	struct dice dice = { 14 };

	(void)state;
	for (int round = 0; round < 60000; round++) {
		fdb_test_note_gens();
		fdb_test_step(&dice);
		fdb_test_check_gens();
		if (round % 20 == 0)
			fdb_test_compare();
	}
	fdb_test_compare();
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
		cmocka_unit_test_setup_teardown(test_it_does_what_an_array_would_do, fdb_test_start,
						fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_what_changes_nothing_moves_no_generation,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test_setup_teardown(test_an_entry_seen_a_moment_ahead_of_us_is_young,
						fdb_test_start, fdb_test_stop),
		cmocka_unit_test(test_it_holds_as_many_as_configured),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
