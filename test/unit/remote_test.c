/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of remote tunnel endpoints: who gets one, who keeps it, when it is free again.
 */
#include "eal_helper.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dice_helper.h"
#include "fdb/fdb.h"
#include "tunnel/remote.h"

#define REMOTE_TEST_WORKERS 2
#define REMOTE_TEST_ROUNDS 100000 /* of workers, at least */
#define REMOTE_TEST_GONE 200 /* numbers that were taken meanwhile, at least */
#define REMOTE_TEST_THREAD_IPS 24
#define REMOTE_TEST_NETWORK 2

static uint32_t remote_test_n_gone;
static uint16_t remote_test_last_gone;

static struct weft_ip
remote_test_ip(uint32_t i)
{
	return (struct weft_ip){ AF_INET, 32, { 192, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static struct weft_ip
remote_test_ip6(uint32_t i)
{
	return (struct weft_ip){ AF_INET6,
				 128,
				 { 0x20, 1, 0xd, 0xb8, [14] = (uint8_t)(i >> 8), (uint8_t)i } };
}

static struct rte_ether_addr
remote_test_mac(uint32_t i)
{
	return (struct rte_ether_addr){ { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

/* Nobody who has lost a number can be asked for under it any more. */
static void
remote_test_gone(uint16_t place)
{
	struct weft_ip address;

	remote_test_n_gone++;
	remote_test_last_gone = place;
	assert_false(weft_remote_address(place, &address));
	assert_int_equal(weft_fdb_port_count(place), 0);
}

static uint32_t
remote_test_age(void)
{
	remote_test_n_gone = 0;
	weft_remote_age(remote_test_gone);
	return remote_test_n_gone;
}

static uint32_t
remote_test_count(uint32_t *held)
{
	struct weft_ip address, same;
	uint32_t cursor = 0, n = 0;
	uint16_t place;
	bool is_held;

	*held = 0;
	while ((place = weft_remote_next(&cursor, &address, &is_held)) != WEFT_NO_PORT) {
		n++;
		*held += is_held;
		assert_true(weft_place_is_remote(place));
		assert_int_equal(weft_remote_find(&address), place);
		assert_true(weft_remote_address(place, &same));
		assert_memory_equal(&same, &address, sizeof(same));
	}
	return n;
}

static int
remote_test_start(void **state)
{
	(void)state;
	if (weft_fdb_create(1024) != 0)
		return -1;
	weft_fdb_set_network(REMOTE_TEST_NETWORK, 0, 20);
	return weft_remote_create();
}

static int
remote_test_stop(void **state)
{
	(void)state;
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	weft_remote_destroy();
	weft_fdb_destroy();
	return 0;
}

/* ---- numbers ---- */

static void
test_an_address_has_one_number(void **state)
{
	struct weft_ip ip = remote_test_ip(7), same = ip, six = remote_test_ip6(7), found;
	uint16_t place;

	(void)state;
	same.prefix = 24;
	same.bytes[9] = 1; /* beyond an IPv4 address */
	assert_int_equal(weft_remote_find(&ip), WEFT_NO_PORT);
	place = weft_remote_learn(&same);
	assert_true(weft_place_is_remote(place));
	assert_int_equal(weft_remote_find(&ip), place);
	assert_int_equal(weft_remote_learn(&ip), place);
	assert_int_equal(weft_remote_hold(&ip), place);
	assert_int_equal(weft_remote_find(&six), WEFT_NO_PORT);
	assert_true(weft_remote_hold(&six) != place);
	assert_true(weft_remote_address(place, &found));
	assert_memory_equal(&found, &ip, sizeof(ip));
	assert_true(weft_remote_address(weft_remote_find(&six), &found));
	assert_memory_equal(&found, &six, sizeof(six));
	assert_false(weft_remote_address(WEFT_NO_PORT, &found));
	assert_false(weft_remote_address(0, &found));
	assert_int_equal(weft_remote_slot(&ip), weft_remote_slot(&same));
}

static void
test_who_is_learned_stays_while_the_fdb_has_somebody_there(void **state)
{
	struct weft_ip ip = remote_test_ip(7);
	struct rte_ether_addr mac = remote_test_mac(1);
	uint16_t place = weft_remote_learn(&ip);

	(void)state;
	weft_fdb_learn(REMOTE_TEST_NETWORK, &mac, place, 100, false);
	assert_int_equal(remote_test_age(), 0);
	assert_int_equal(weft_remote_find(&ip), place);
	weft_fdb_age(120);
	assert_int_equal(remote_test_age(), 1);
	assert_int_equal(remote_test_last_gone, place);
	assert_int_equal(weft_remote_find(&ip), WEFT_NO_PORT);
	assert_int_equal(remote_test_age(), 0);
}

static void
test_who_is_held_stays_until_the_last_lets_go(void **state)
{
	struct weft_ip ip = remote_test_ip(7);
	uint16_t place = weft_remote_hold(&ip);
	uint32_t held;

	(void)state;
	assert_int_equal(weft_remote_hold(&ip), place);
	weft_remote_release(place);
	assert_int_equal(remote_test_age(), 0);
	assert_int_equal(remote_test_count(&held), 1);
	assert_int_equal(held, 1);
	weft_remote_release(place);
	assert_int_equal(remote_test_count(&held), 1);
	assert_int_equal(held, 0);
	assert_int_equal(remote_test_age(), 1);
	weft_remote_age(NULL);
	assert_int_equal(remote_test_count(&held), 0);
}

/* ---- generations ---- */

static void
test_generations_move_with_numbers(void **state)
{
	static uint8_t before[sizeof(weft_gens)];
	struct weft_ip ip = remote_test_ip(7);
	uint16_t slot = weft_remote_slot(&ip);
	uint32_t value = weft_gen_read(slot);
	uint16_t place;

	(void)state;
	place = weft_remote_learn(&ip);
	assert_true(weft_gen_read(slot) != value);
	memcpy(before, weft_gens, sizeof(before));
	weft_remote_learn(&ip);
	assert_int_equal(weft_remote_hold(&ip), place);
	remote_test_age();
	weft_remote_release(place);
	assert_memory_equal(before, weft_gens, sizeof(before));
	value = weft_gen_read(slot);
	assert_int_equal(remote_test_age(), 1);
	assert_true(weft_gen_read(slot) != value);
	value = weft_gen_read(slot);
	weft_remote_hold(&ip);
	assert_true(weft_gen_read(slot) != value);
}

/* ---- room ---- */

static void
test_half_of_the_numbers_are_for_the_configuration(void **state)
{
	uint32_t held;

	(void)state;
	for (uint32_t i = 0; i < WEFT_REMOTES_MAX; i++) {
		struct weft_ip ip = remote_test_ip6(i);

		assert_int_equal(weft_remote_learn(&ip) != WEFT_NO_PORT, i < WEFT_REMOTES_MAX / 2);
	}
	for (uint32_t i = 0; i <= WEFT_REMOTES_MAX / 2; i++) {
		struct weft_ip ip = remote_test_ip(i);

		assert_int_equal(weft_remote_hold(&ip) != WEFT_NO_PORT, i < WEFT_REMOTES_MAX / 2);
	}
	assert_int_equal(remote_test_count(&held), WEFT_REMOTES_MAX);
	assert_int_equal(held, WEFT_REMOTES_MAX / 2);
	assert_int_equal(remote_test_age(), WEFT_REMOTES_MAX / 2);
	for (uint32_t i = 0; i < WEFT_REMOTES_MAX / 2; i++) {
		struct weft_ip ip = remote_test_ip(10000 + i);

		assert_true(weft_remote_hold(&ip) != WEFT_NO_PORT);
	}
	assert_int_equal(remote_test_count(&held), WEFT_REMOTES_MAX);
	assert_int_equal(held, WEFT_REMOTES_MAX);
}

/* ---- threads ---- */

static uint32_t remote_test_walking; /* atomic: 1: has a number, 2: does not any more */

static void *
remote_test_walk_slowly(void *context)
{
	struct rte_ether_addr mac = remote_test_mac(1);
	struct weft_ip ip = remote_test_ip(7);
	uint16_t place;

	(void)context;
	weft_rcu_register(0);
	weft_rcu_online(0);
	place = weft_remote_learn(&ip);
	__atomic_store_n(&remote_test_walking, 1, __ATOMIC_RELEASE);
	while (weft_remote_find(&ip) == place)
		usleep(100);
	usleep(20000);
	weft_fdb_learn(REMOTE_TEST_NETWORK, &mac, place, 100, false);
	__atomic_store_n(&remote_test_walking, 2, __ATOMIC_RELEASE);
	weft_rcu_offline(0);
	weft_rcu_unregister(0);
	return NULL;
}

static void
remote_test_gone_after_the_walk(uint16_t place)
{
	assert_int_equal(__atomic_load_n(&remote_test_walking, __ATOMIC_ACQUIRE), 2);
	remote_test_gone(place);
}

/* Its number is taken while a walk is about to use it. */
static void
test_a_number_is_not_free_before_the_walk_is_over(void **state)
{
	pthread_t thread;

	(void)state;
	remote_test_n_gone = 0;
	assert_int_equal(pthread_create(&thread, NULL, remote_test_walk_slowly, NULL), 0);
	while (__atomic_load_n(&remote_test_walking, __ATOMIC_ACQUIRE) == 0)
		usleep(100);
	weft_remote_age(remote_test_gone_after_the_walk);
	pthread_join(thread, NULL);
	assert_int_equal(remote_test_n_gone, 1);
	assert_int_equal(weft_fdb_count(), 0);
}

struct remote_test_worker {
	pthread_t thread;
	uint32_t id;
	uint32_t wrong, learned, missed;
};

static uint32_t remote_test_running; /* atomic */
static bool remote_test_is_enough; /* atomic */

/* As a walk does: the number is good until the worker says that it holds nothing. */
static void
remote_test_walk(struct remote_test_worker *worker, struct dice *dice)
{
	struct weft_ip ip = remote_test_ip(dice_below(dice, REMOTE_TEST_THREAD_IPS)), now;
	struct rte_ether_addr mac = remote_test_mac(dice_below(dice, 64));
	uint16_t place = weft_remote_learn(&ip), receiver;

	if (place == WEFT_NO_PORT) {
		worker->missed++;
		return;
	}
	worker->learned++;
	if (dice_once_in(dice, 2))
		weft_fdb_learn(REMOTE_TEST_NETWORK, &mac, place, 100, false);
	/* It may have lost the number meanwhile, but nobody else has got it. */
	worker->wrong += weft_remote_address(place, &now) && memcmp(&now, &ip, sizeof(ip)) != 0;
	mac = remote_test_mac(dice_below(dice, 64));
	receiver = weft_fdb_lookup(REMOTE_TEST_NETWORK, &mac);
	worker->wrong += receiver != WEFT_NO_PORT && !weft_place_is_remote(receiver);
}

static void *
remote_test_work(void *context)
{
	struct remote_test_worker *worker = context;
	struct dice dice = { 50 + worker->id };

	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	for (int round = 0; round < REMOTE_TEST_ROUNDS ||
			    !__atomic_load_n(&remote_test_is_enough, __ATOMIC_RELAXED);
	     round++) {
		remote_test_walk(worker, &dice);
		if (round % 4 == 0)
			weft_rcu_quiescent(worker->id);
	}
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	__atomic_sub_fetch(&remote_test_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* The control thread: forgets people, takes numbers, holds some for a while. */
static void
remote_test_disturb(struct dice *dice, uint16_t *held)
{
	struct weft_ip ip = remote_test_ip(dice_below(dice, REMOTE_TEST_THREAD_IPS));
	struct rte_ether_addr mac = remote_test_mac(dice_below(dice, 64));
	uint32_t what = dice_below(dice, 10);

	if (what < 5)
		weft_fdb_flush(REMOTE_TEST_NETWORK, WEFT_FDB_ANY, what < 4 ? &mac : NULL, false);
	else if (what < 9)
		weft_remote_age(remote_test_gone);
	else if (*held == WEFT_NO_PORT)
		*held = weft_remote_hold(&ip);
	else {
		weft_remote_release(*held);
		*held = WEFT_NO_PORT;
	}
}

static void
test_no_number_has_two_meanings(void **state)
{
	struct remote_test_worker workers[REMOTE_TEST_WORKERS] = { 0 };
	struct weft_fdb_row row;
	struct weft_ip address;
	struct dice dice = { 49 };
	uint16_t held = WEFT_NO_PORT;
	uint32_t cursor = 0, n_held;

	(void)state;
	remote_test_n_gone = 0;
	remote_test_running = REMOTE_TEST_WORKERS;
	for (uint32_t i = 0; i < REMOTE_TEST_WORKERS; i++) {
		workers[i].id = i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, remote_test_work, &workers[i]), 0);
	}
	while (__atomic_load_n(&remote_test_running, __ATOMIC_ACQUIRE) > 0) {
		remote_test_disturb(&dice, &held);
		if (remote_test_n_gone >= REMOTE_TEST_GONE)
			__atomic_store_n(&remote_test_is_enough, true, __ATOMIC_RELAXED);
	}
	for (uint32_t i = 0; i < REMOTE_TEST_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
		assert_true(workers[i].learned > 100);
	}
	while (weft_fdb_next(&cursor, 100, &row))
		assert_true(weft_remote_address(row.place, &address));
	if (held != WEFT_NO_PORT)
		weft_remote_release(held);
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, false);
	remote_test_age();
	assert_int_equal(remote_test_count(&n_held), 0);
}

#define remote_test_case(test)                                                                     \
	cmocka_unit_test_setup_teardown(test, remote_test_start, remote_test_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		remote_test_case(test_an_address_has_one_number),
		remote_test_case(test_who_is_learned_stays_while_the_fdb_has_somebody_there),
		remote_test_case(test_who_is_held_stays_until_the_last_lets_go),
		remote_test_case(test_generations_move_with_numbers),
		remote_test_case(test_half_of_the_numbers_are_for_the_configuration),
		remote_test_case(test_a_number_is_not_free_before_the_walk_is_over),
		remote_test_case(test_no_number_has_two_meanings),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
