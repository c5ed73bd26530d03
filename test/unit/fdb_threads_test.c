/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FDB under load: two workers learn and look up while the control thread flushes, ages, and
 * sets static entries, homes and limits. Afterwards the books must balance.
 */
#include "eal_helper.h"

#include <pthread.h>

#include "dice_helper.h"
#include "fdb/fdb.h"

#define FDB_THREADS_WORKERS 2
#define FDB_THREADS_MACS 600
#define FDB_THREADS_PORTS 6
#define FDB_THREADS_NETWORKS 2
#define FDB_THREADS_ROUNDS 400000
#define FDB_THREADS_LIMIT 60 /* of the last port */

struct fdb_threads_worker {
	pthread_t thread;
	uint32_t id;
	uint32_t wrong; /* answers that cannot be */
	uint32_t learned, known, busy, limited, full;
};

static uint32_t fdb_threads_running; /* atomic */
static uint32_t fdb_threads_now_sec = 1000; /* atomic */

static struct rte_ether_addr
fdb_threads_mac(uint32_t i)
{
	return (struct rte_ether_addr){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

/* A MAC is only ever seen at two ports, so that an answer meant for another is noticed. */
static bool
fdb_threads_is_possible(uint32_t mac, uint16_t port)
{
	return port == UINT16_MAX || port == mac % FDB_THREADS_PORTS ||
	       port == (mac + 1) % FDB_THREADS_PORTS;
}

static void
fdb_threads_learn(struct fdb_threads_worker *worker, struct dice *dice)
{
	uint32_t m = dice_below(dice, FDB_THREADS_MACS);
	uint16_t network = (uint16_t)dice_below(dice, FDB_THREADS_NETWORKS);
	uint16_t port = (uint16_t)((m + dice_once_in(dice, 4)) % FDB_THREADS_PORTS);
	uint32_t now_sec = __atomic_load_n(&fdb_threads_now_sec, __ATOMIC_RELAXED);
	struct rte_ether_addr mac = fdb_threads_mac(m);

	switch (weft_fdb_learn(network, &mac, port, now_sec, dice_once_in(dice, 8))) {
	case WEFT_LEARN_NEW:
		worker->learned++;
		break;
	case WEFT_LEARN_KNOWN:
		worker->known++;
		break;
	case WEFT_LEARN_BUSY:
		worker->busy++;
		break;
	case WEFT_LEARN_PORT_LIMIT:
		worker->limited++;
		worker->wrong += port != FDB_THREADS_PORTS - 1;
		break;
	case WEFT_LEARN_FULL:
		worker->full++;
		break;
	default:
		break;
	}
}

static void *
fdb_threads_work(void *context)
{
	struct fdb_threads_worker *worker = context;
	struct dice dice = { 20 + worker->id };

	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	for (int round = 0; round < FDB_THREADS_ROUNDS; round++) {
		uint32_t m = dice_below(&dice, FDB_THREADS_MACS);
		struct rte_ether_addr mac = fdb_threads_mac(m);

		fdb_threads_learn(worker, &dice);
		for (uint16_t network = 0; network < FDB_THREADS_NETWORKS; network++)
			worker->wrong +=
				!fdb_threads_is_possible(m, weft_fdb_lookup(network, &mac));
		weft_fdb_touch(0, &mac, (uint16_t)(m % FDB_THREADS_PORTS),
			       __atomic_load_n(&fdb_threads_now_sec, __ATOMIC_RELAXED));
		if (round % 8 == 0)
			weft_rcu_quiescent(worker->id);
	}
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	__atomic_sub_fetch(&fdb_threads_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* What the control thread does meanwhile. */
static void
fdb_threads_disturb(struct dice *dice)
{
	uint32_t m = dice_below(dice, FDB_THREADS_MACS);
	uint32_t what = dice_below(dice, 100);
	struct rte_ether_addr mac = fdb_threads_mac(m);
	struct weft_fdb_row row;
	uint32_t cursor = 0;

	if (what < 20)
		weft_fdb_flush(WEFT_FDB_ANY, dice_below(dice, FDB_THREADS_PORTS), NULL, false);
	else if (what < 40)
		weft_fdb_flush(dice_below(dice, 2), WEFT_FDB_ANY, &mac, dice_once_in(dice, 2));
	else if (what < 60)
		weft_fdb_age(__atomic_add_fetch(&fdb_threads_now_sec, 1, __ATOMIC_RELAXED));
	else if (what < 70) /* -ENOSPC: entries that were removed are not yet free */
		weft_fdb_add_static((uint16_t)dice_below(dice, 2), &mac,
				    (uint16_t)(m % FDB_THREADS_PORTS));
	else if (what < 78)
		weft_fdb_del_static((uint16_t)dice_below(dice, 2), &mac);
	else if (what < 88)
		weft_fdb_set_home((uint16_t)dice_below(dice, 2), &mac,
				  (uint16_t)((m + 1) % FDB_THREADS_PORTS));
	else if (what < 95)
		weft_fdb_del_home((uint16_t)dice_below(dice, 2), &mac);
	else
		while (weft_fdb_next(&cursor, 1000, &row))
			assert_true(fdb_threads_is_possible((uint32_t)row.mac.addr_bytes[4] << 8 |
								    row.mac.addr_bytes[5],
							    row.place));
	assert_in_range(weft_fdb_port_count(FDB_THREADS_PORTS - 1), 0, FDB_THREADS_LIMIT);
}

static void
fdb_threads_check_books(void)
{
	uint32_t by_port[FDB_THREADS_PORTS] = { 0 }, by_network[FDB_THREADS_NETWORKS] = { 0 };
	uint32_t rows = 0, cursor = 0;
	struct weft_fdb_row row;

	while (weft_fdb_next(&cursor, 2000, &row)) {
		rows++;
		assert_int_equal(weft_fdb_lookup(row.network, &row.mac), row.place);
		by_port[row.place] += row.origin == WEFT_FDB_LEARNED;
		by_network[row.network] += row.origin == WEFT_FDB_LEARNED;
	}
	assert_int_equal(weft_fdb_count(), rows);
	for (uint16_t i = 0; i < FDB_THREADS_PORTS; i++)
		assert_int_equal(weft_fdb_port_count(i), by_port[i]);
	for (uint16_t i = 0; i < FDB_THREADS_NETWORKS; i++)
		assert_int_equal(weft_fdb_network_count(i), by_network[i]);
}

static void
fdb_threads_play(uint32_t capacity)
{
	struct fdb_threads_worker workers[FDB_THREADS_WORKERS] = { 0 };
	struct dice dice = { 19 };

	assert_int_equal(weft_fdb_create(capacity), 0);
	weft_fdb_set_port(FDB_THREADS_PORTS - 1, FDB_THREADS_LIMIT);
	for (uint16_t network = 0; network < FDB_THREADS_NETWORKS; network++)
		weft_fdb_set_network(network, 0, 3);
	fdb_threads_running = FDB_THREADS_WORKERS;
	for (uint32_t i = 0; i < FDB_THREADS_WORKERS; i++) {
		workers[i].id = i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, fdb_threads_work, &workers[i]), 0);
	}
	while (__atomic_load_n(&fdb_threads_running, __ATOMIC_ACQUIRE) > 0)
		fdb_threads_disturb(&dice);
	for (uint32_t i = 0; i < FDB_THREADS_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
		assert_true(workers[i].learned > 100 && workers[i].known > 100);
	}
	fdb_threads_check_books();
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	fdb_threads_check_books();
	assert_int_equal(weft_fdb_count(), 0);
	weft_fdb_destroy();
}

static void
test_the_books_balance_with_room_to_spare(void **state)
{
	(void)state;
	fdb_threads_play(4096);
}

/* Numbers of entries are used again all the time. */
static void
test_the_books_balance_when_there_is_just_room(void **state)
{
	(void)state;
	fdb_threads_play(FDB_THREADS_MACS * FDB_THREADS_NETWORKS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_books_balance_with_room_to_spare),
		cmocka_unit_test(test_the_books_balance_when_there_is_just_room),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
