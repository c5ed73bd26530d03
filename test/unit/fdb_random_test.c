/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FDB against a table that anybody can check: an array of networks times MACs.
 */
#include "eal_helper.h"

#include <errno.h>

#include "dice_helper.h"
#include "fdb/fdb.h"

#define FDB_RANDOM_NETWORKS 4
#define FDB_RANDOM_MACS 40
#define FDB_RANDOM_PORTS 6
#define FDB_RANDOM_CAPACITY 120 /* fewer than there are MACs in networks */
#define FDB_RANDOM_AGE 20

/* ---- the array ---- */

struct fdb_random_entry {
	bool is_there, has_home;
	enum weft_fdb_origin origin;
	uint16_t place, home;
	uint32_t seen_sec;
};

static struct fdb_random {
	struct fdb_random_entry entries[FDB_RANDOM_NETWORKS][FDB_RANDOM_MACS];
	uint32_t port_limits[FDB_RANDOM_PORTS], network_limits[FDB_RANDOM_NETWORKS];
	uint32_t now_sec;
} fdb_random;

static struct rte_ether_addr
fdb_random_mac(uint32_t i)
{
	return (struct rte_ether_addr){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static bool
fdb_random_is_learned(const struct fdb_random_entry *entry)
{
	return entry->is_there && entry->origin == WEFT_FDB_LEARNED;
}

static bool
fdb_random_is_static(const struct fdb_random_entry *entry)
{
	return entry->is_there && entry->origin == WEFT_FDB_STATIC;
}

/* What is there when what is said now goes. */
static void
fdb_random_fall(struct fdb_random_entry *entry)
{
	*entry = (struct fdb_random_entry){ .is_there = entry->has_home,
					    .has_home = entry->has_home,
					    .origin = entry->has_home ? WEFT_FDB_L2POP : 0,
					    .place = entry->home,
					    .home = entry->home };
}

static uint32_t
fdb_random_count(uint32_t network, uint32_t place, bool only_learned)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_RANDOM_MACS; m++) {
			const struct fdb_random_entry *entry = &fdb_random.entries[n][m];

			count += entry->is_there && (network == WEFT_FDB_ANY || network == n) &&
				 (place == WEFT_FDB_ANY || place == entry->place) &&
				 (!only_learned || fdb_random_is_learned(entry));
		}
	return count;
}

static enum weft_learn
fdb_random_judge(uint32_t network, uint32_t mac, uint16_t place)
{
	const struct fdb_random_entry *entry = &fdb_random.entries[network][mac];
	uint32_t port_limit = fdb_random.port_limits[place];
	uint32_t network_limit = fdb_random.network_limits[network];

	if (entry->is_there && entry->place == place)
		return WEFT_LEARN_KNOWN;
	if (fdb_random_is_static(entry))
		return WEFT_LEARN_STATIC;
	if (entry->has_home && entry->home == place)
		return WEFT_LEARN_NEW;
	if (port_limit != 0 && fdb_random_count(WEFT_FDB_ANY, place, true) >= port_limit)
		return WEFT_LEARN_PORT_LIMIT;
	if (fdb_random_is_learned(entry))
		return WEFT_LEARN_NEW;
	if (network_limit != 0 && fdb_random_count(network, WEFT_FDB_ANY, true) >= network_limit)
		return WEFT_LEARN_NETWORK_LIMIT;
	if (!entry->is_there &&
	    fdb_random_count(WEFT_FDB_ANY, WEFT_FDB_ANY, false) >= FDB_RANDOM_CAPACITY)
		return WEFT_LEARN_FULL;
	return WEFT_LEARN_NEW;
}

/* ---- what the array says of generations ---- */

static struct {
	struct fdb_random before;
	uint64_t macs[FDB_RANDOM_NETWORKS][FDB_RANDOM_MACS];
	uint64_t port_rooms[FDB_RANDOM_PORTS], network_rooms[FDB_RANDOM_NETWORKS];
} fdb_random_gens;

static void
fdb_random_note_gens(void)
{
	fdb_random_gens.before = fdb_random;
	for (uint16_t n = 0; n < FDB_RANDOM_NETWORKS; n++) {
		fdb_random_gens.network_rooms[n] =
			weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)n << 16));
		for (uint32_t m = 0; m < FDB_RANDOM_MACS; m++) {
			struct rte_ether_addr mac = fdb_random_mac(m);

			fdb_random_gens.macs[n][m] = weft_gen_read(weft_fdb_slot(n, &mac));
		}
	}
	for (uint16_t p = 0; p < FDB_RANDOM_PORTS; p++)
		fdb_random_gens.port_rooms[p] = weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, p));
}

/* A lookup that answers otherwise, room that was made, a limit that changed: each moves its
 * slot. */
static void
fdb_random_check_gens(void)
{
	const struct fdb_random *before = &fdb_random_gens.before;

	for (uint16_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_RANDOM_MACS; m++) {
			const struct fdb_random_entry *was = &before->entries[n][m];
			const struct fdb_random_entry *is = &fdb_random.entries[n][m];
			struct rte_ether_addr mac = fdb_random_mac(m);
			uint64_t slot = weft_gen_read(weft_fdb_slot(n, &mac));

			if (was->is_there != is->is_there || was->place != is->place ||
			    was->origin != is->origin || was->has_home != is->has_home ||
			    was->home != is->home)
				assert_true(slot != fdb_random_gens.macs[n][m]);
			if (!fdb_random_is_learned(was) ||
			    (fdb_random_is_learned(is) && is->place == was->place))
				continue;
			assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, was->place)) !=
				    fdb_random_gens.port_rooms[was->place]);
			if (!fdb_random_is_learned(is))
				assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM,
									(uint64_t)n << 16)) !=
					    fdb_random_gens.network_rooms[n]);
		}
	for (uint16_t p = 0; p < FDB_RANDOM_PORTS; p++)
		if (before->port_limits[p] != fdb_random.port_limits[p])
			assert_true(weft_gen_read(weft_gen_slot(WEFT_GEN_MAC_ROOM, p)) !=
				    fdb_random_gens.port_rooms[p]);
	for (uint16_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		if (before->network_limits[n] != fdb_random.network_limits[n])
			assert_true(weft_gen_read(
					    weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)n << 16)) !=
				    fdb_random_gens.network_rooms[n]);
}

/* ---- comparing ---- */

static void
fdb_random_compare(void)
{
	uint32_t cursor = 0, rows = 0;
	struct weft_fdb_row row;

	for (uint16_t n = 0; n < FDB_RANDOM_NETWORKS; n++) {
		assert_int_equal(weft_fdb_network_count(n),
				 fdb_random_count(n, WEFT_FDB_ANY, true));
		for (uint32_t m = 0; m < FDB_RANDOM_MACS; m++) {
			const struct fdb_random_entry *entry = &fdb_random.entries[n][m];
			struct rte_ether_addr mac = fdb_random_mac(m);

			assert_int_equal(weft_fdb_lookup(n, &mac),
					 entry->is_there ? entry->place : UINT16_MAX);
		}
	}
	for (uint16_t p = 0; p < FDB_RANDOM_PORTS; p++)
		assert_int_equal(weft_fdb_port_count(p), fdb_random_count(WEFT_FDB_ANY, p, true));
	while (weft_fdb_next(&cursor, fdb_random.now_sec, &row)) {
		const struct fdb_random_entry *entry =
			&fdb_random.entries[row.network][row.mac.addr_bytes[5]];

		rows++;
		assert_true(entry->is_there && row.place == entry->place);
		assert_int_equal(row.origin, entry->origin);
		assert_int_equal(row.age_sec, entry->origin != WEFT_FDB_LEARNED ?
						      0 :
						      fdb_random.now_sec - entry->seen_sec);
	}
	assert_int_equal(rows, fdb_random_count(WEFT_FDB_ANY, WEFT_FDB_ANY, false));
	assert_int_equal(weft_fdb_count(), rows);
}

/* ---- steps ---- */

static void
fdb_random_learn(uint16_t network, uint32_t m, uint16_t place)
{
	struct fdb_random_entry *entry = &fdb_random.entries[network][m];
	struct rte_ether_addr mac = fdb_random_mac(m);
	enum weft_learn outcome = fdb_random_judge(network, m, place);

	assert_int_equal(weft_fdb_learn(network, &mac, place, fdb_random.now_sec, true), outcome);
	assert_int_equal(weft_fdb_learn(network, &mac, place, fdb_random.now_sec, false), outcome);
	if (outcome == WEFT_LEARN_KNOWN)
		entry->seen_sec = fdb_random.now_sec;
	if (outcome != WEFT_LEARN_NEW)
		return;
	if (entry->has_home && entry->home == place) {
		fdb_random_fall(entry);
		return;
	}
	entry->is_there = true;
	entry->origin = WEFT_FDB_LEARNED;
	entry->place = place;
	entry->seen_sec = fdb_random.now_sec;
}

static void
fdb_random_touch(uint16_t network, uint32_t m, uint16_t place)
{
	struct fdb_random_entry *entry = &fdb_random.entries[network][m];
	struct rte_ether_addr mac = fdb_random_mac(m);

	weft_fdb_touch(network, &mac, place, fdb_random.now_sec);
	if (entry->is_there && entry->place == place)
		entry->seen_sec = fdb_random.now_sec;
}

/* An entry that the configuration wants, whatever there was. Those may be more than the capacity:
 * rte_hash rounds it up. */
static bool
fdb_random_is_made(const struct fdb_random_entry *entry, int rc)
{
	uint32_t present = fdb_random_count(WEFT_FDB_ANY, WEFT_FDB_ANY, false);

	assert_true(rc == 0 ||
		    (!entry->is_there && present >= FDB_RANDOM_CAPACITY && rc == -ENOSPC));
	return rc == 0;
}

static void
fdb_random_set_static(uint16_t network, uint32_t m, uint16_t port)
{
	struct fdb_random_entry *entry = &fdb_random.entries[network][m];
	struct rte_ether_addr mac = fdb_random_mac(m);

	if (!fdb_random_is_made(entry, weft_fdb_add_static(network, &mac, port)))
		return;
	entry->is_there = true;
	entry->origin = WEFT_FDB_STATIC;
	entry->place = port;
}

static void
fdb_random_del_static(uint16_t network, uint32_t m)
{
	struct fdb_random_entry *entry = &fdb_random.entries[network][m];
	struct rte_ether_addr mac = fdb_random_mac(m);

	weft_fdb_del_static(network, &mac);
	if (fdb_random_is_static(entry))
		fdb_random_fall(entry);
}

static void
fdb_random_set_home(uint16_t network, uint32_t m, uint16_t place)
{
	struct fdb_random_entry *entry = &fdb_random.entries[network][m];
	struct rte_ether_addr mac = fdb_random_mac(m);

	if (!fdb_random_is_made(entry, weft_fdb_set_home(network, &mac, place)))
		return;
	entry->has_home = true;
	entry->home = place;
	if (!entry->is_there || entry->origin == WEFT_FDB_L2POP ||
	    (entry->origin == WEFT_FDB_LEARNED && entry->place == place))
		fdb_random_fall(entry);
}

static void
fdb_random_forget_home(struct fdb_random_entry *entry)
{
	entry->has_home = false;
	entry->home = 0;
	if (entry->is_there && entry->origin == WEFT_FDB_L2POP)
		fdb_random_fall(entry);
}

static void
fdb_random_del_home(uint16_t network, uint32_t m)
{
	struct rte_ether_addr mac = fdb_random_mac(m);

	weft_fdb_del_home(network, &mac);
	fdb_random_forget_home(&fdb_random.entries[network][m]);
}

static bool
fdb_random_flush_one(struct fdb_random_entry *entry, uint32_t place, bool statics)
{
	bool is_removed = entry->is_there && (statics || entry->origin == WEFT_FDB_LEARNED) &&
			  (place == WEFT_FDB_ANY || place == entry->place);

	if (statics && entry->has_home && (place == WEFT_FDB_ANY || place == entry->home))
		fdb_random_forget_home(entry);
	if (is_removed)
		fdb_random_fall(entry);
	return is_removed;
}

static void
fdb_random_flush(uint32_t network, uint32_t place, int32_t mac, bool statics)
{
	struct rte_ether_addr address = fdb_random_mac((uint32_t)mac);
	uint32_t removed = 0;

	for (uint32_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		for (int32_t m = 0; m < FDB_RANDOM_MACS; m++)
			if ((network == WEFT_FDB_ANY || network == n) && (mac < 0 || mac == m))
				removed += fdb_random_flush_one(&fdb_random.entries[n][m], place,
								statics);
	assert_int_equal(weft_fdb_flush(network, place, mac < 0 ? NULL : &address, statics),
			 removed);
}

static void
fdb_random_age(void)
{
	weft_fdb_age(fdb_random.now_sec);
	for (uint32_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		for (uint32_t m = 0; m < FDB_RANDOM_MACS; m++) {
			struct fdb_random_entry *entry = &fdb_random.entries[n][m];

			if (fdb_random_is_learned(entry) &&
			    fdb_random.now_sec - entry->seen_sec >= FDB_RANDOM_AGE + n)
				fdb_random_fall(entry);
		}
}

static void
fdb_random_set_limits(uint16_t network, uint16_t port, uint32_t limit)
{
	fdb_random.port_limits[port] = limit;
	weft_fdb_set_port(port, limit);
	fdb_random.network_limits[network] = limit * 2;
	weft_fdb_set_network(network, limit * 2, FDB_RANDOM_AGE + network);
}

static void
fdb_random_step(struct dice *dice)
{
	uint16_t network = (uint16_t)dice_below(dice, FDB_RANDOM_NETWORKS);
	uint16_t port = (uint16_t)dice_below(dice, FDB_RANDOM_PORTS);
	uint32_t mac = dice_below(dice, FDB_RANDOM_MACS);
	uint32_t what = dice_below(dice, 1000);

	fdb_random.now_sec += dice_once_in(dice, 10);
	if (what < 770)
		fdb_random_learn(network, mac, port);
	else if (what < 870)
		fdb_random_touch(network, mac, port);
	else if (what < 890)
		fdb_random_set_static(network, mac, port);
	else if (what < 910)
		fdb_random_del_static(network, mac);
	else if (what < 930)
		fdb_random_set_home(network, mac, port);
	else if (what < 945)
		fdb_random_del_home(network, mac);
	else if (what < 960)
		fdb_random_flush(dice_once_in(dice, 2) ? network : WEFT_FDB_ANY,
				 dice_once_in(dice, 2) ? port : WEFT_FDB_ANY,
				 dice_once_in(dice, 2) ? (int32_t)mac : -1, dice_once_in(dice, 4));
	else if (what < 980)
		fdb_random_age();
	else
		fdb_random_set_limits(network, port,
				      dice_once_in(dice, 2) ? 0 : dice_below(dice, 20));
}

/* ---- tests ---- */

static int
fdb_random_start(void **state)
{
	(void)state;
	memset(&fdb_random, 0, sizeof(fdb_random));
	fdb_random.now_sec = 1000;
	if (weft_fdb_create(FDB_RANDOM_CAPACITY) != 0)
		return -1;
	for (uint16_t n = 0; n < FDB_RANDOM_NETWORKS; n++)
		fdb_random_set_limits(n, n, 0);
	return 0;
}

static int
fdb_random_stop(void **state)
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
		fdb_random_note_gens();
		fdb_random_step(&dice);
		fdb_random_check_gens();
		if (round % 20 == 0)
			fdb_random_compare();
	}
	fdb_random_compare();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_it_does_what_an_array_would_do,
						fdb_random_start, fdb_random_stop),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
