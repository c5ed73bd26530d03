/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours under load: workers want, hear, forget and look up, one of them ticks, while the
 * control thread pins, unpins, ages and lists. Afterwards the books must balance.
 */
#include "eal_helper.h"

#include <pthread.h>
#include <sys/socket.h>

#include "dice_helper.h"
#include "neighbour/neighbour.h"

#define NEIGHBOUR_THREADS_WORKERS 3
#define NEIGHBOUR_THREADS_IPS 600
#define NEIGHBOUR_THREADS_PINNED 40 /* the first of them are pinned now and then */
#define NEIGHBOUR_THREADS_ROUNDS 200000 /* of workers, at least */
#define NEIGHBOUR_THREADS_DISTURBED 3000 /* times meanwhile, at least */
#define NEIGHBOUR_THREADS_NETWORK 5
#define NEIGHBOUR_THREADS_AGE_MS 400

struct neighbour_threads_worker {
	pthread_t thread;
	uint32_t id;
	uint32_t wrong; /* answers that cannot be */
	uint32_t found, missed;
};

static uint32_t neighbour_threads_running; /* atomic */
static bool neighbour_threads_is_enough; /* atomic */
static uint32_t neighbour_threads_now_ms = 1000; /* atomic */
static uint32_t neighbour_threads_asked; /* by the one that ticks */

static struct weft_ip
neighbour_threads_ip(uint32_t i)
{
	return (struct weft_ip){ AF_INET, 32, { 192, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

/* An address is only ever at two MACs, so that an answer meant for another is noticed. */
static struct rte_ether_addr
neighbour_threads_mac(uint32_t i, bool is_second)
{
	return (struct rte_ether_addr){ { 2, is_second, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static bool
neighbour_threads_is_possible(const struct weft_ip *ip, const struct rte_ether_addr *mac)
{
	return mac->addr_bytes[0] == 2 && mac->addr_bytes[1] < 2 &&
	       mac->addr_bytes[4] == ip->bytes[2] && mac->addr_bytes[5] == ip->bytes[3];
}

static uint16_t
neighbour_threads_scope(struct dice *dice)
{
	return dice_once_in(dice, 3) ? NEIGHBOUR_THREADS_NETWORK : WEFT_SCOPE_UNDERLAY;
}

static uint32_t
neighbour_threads_now(void)
{
	return __atomic_load_n(&neighbour_threads_now_ms, __ATOMIC_RELAXED);
}

static bool
neighbour_threads_speaks(void *context, uint16_t scope, const struct weft_ip *ip)
{
	(void)ip;
	(void)context;
	return scope == WEFT_SCOPE_UNDERLAY;
}

static void
neighbour_threads_ask(void *context, uint16_t scope, const struct weft_ip *ip,
		      const struct rte_ether_addr *mac)
{
	struct neighbour_threads_worker *worker = context;

	neighbour_threads_asked++;
	worker->wrong += scope != WEFT_SCOPE_UNDERLAY;
	worker->wrong += ip->bytes[0] != 192 || ip->family != AF_INET;
	worker->wrong += mac != NULL && !neighbour_threads_is_possible(ip, mac);
}

static void
neighbour_threads_step(struct neighbour_threads_worker *worker, struct dice *dice)
{
	uint32_t i = dice_below(dice, NEIGHBOUR_THREADS_IPS);
	uint16_t scope = neighbour_threads_scope(dice);
	struct weft_ip ip = neighbour_threads_ip(i);
	struct rte_ether_addr mac;
	enum weft_neighbour_state state = weft_neighbour_lookup(scope, &ip, &mac);

	if (state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE) {
		worker->found++;
		worker->wrong += !neighbour_threads_is_possible(&ip, &mac);
	} else {
		worker->missed++;
	}
	mac = neighbour_threads_mac(i, dice_once_in(dice, 4));
	if (dice_once_in(dice, 4))
		weft_neighbour_heard(scope, &ip, &mac, dice_once_in(dice, 2),
				     neighbour_threads_now());
	else if (dice_once_in(dice, 4))
		weft_neighbour_want(scope, &ip, neighbour_threads_now());
	else if (dice_once_in(dice, 8))
		weft_neighbour_forget(scope, &ip);
}

static void *
neighbour_threads_work(void *context)
{
	struct neighbour_threads_worker *worker = context;
	struct dice dice = { 40 + worker->id };

	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	for (int round = 0; round < NEIGHBOUR_THREADS_ROUNDS ||
			    !__atomic_load_n(&neighbour_threads_is_enough, __ATOMIC_RELAXED);
	     round++) {
		neighbour_threads_step(worker, &dice);
		if (worker->id == 0 && round % 64 == 0)
			weft_neighbour_tick(
				__atomic_add_fetch(&neighbour_threads_now_ms, 10, __ATOMIC_RELAXED),
				&(struct weft_neighbour_asker){ neighbour_threads_speaks,
								neighbour_threads_ask, worker });
		if (round % 8 == 0)
			weft_rcu_quiescent(worker->id);
	}
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	__atomic_sub_fetch(&neighbour_threads_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

static bool
neighbour_threads_is_there(uint16_t scope)
{
	assert_int_equal(scope, NEIGHBOUR_THREADS_NETWORK);
	return neighbour_threads_now() % 100 != 0;
}

static uint32_t
neighbour_threads_list(const uint32_t *pins)
{
	struct weft_neighbour_row row;
	uint32_t cursor = 0, n = 0;

	while (weft_neighbour_next(&cursor, neighbour_threads_now(), &row)) {
		uint32_t i = (uint32_t)row.ip.bytes[2] << 8 | row.ip.bytes[3];

		n++;
		assert_true(row.scope == WEFT_SCOPE_UNDERLAY ||
			    row.scope == NEIGHBOUR_THREADS_NETWORK);
		assert_true(rte_is_zero_ether_addr(&row.mac) ||
			    neighbour_threads_is_possible(&row.ip, &row.mac));
		assert_int_equal(row.is_pinned, row.scope == WEFT_SCOPE_UNDERLAY &&
							i < NEIGHBOUR_THREADS_PINNED &&
							pins[i] > 0);
	}
	return n;
}

/* What the control thread does meanwhile. */
static void
neighbour_threads_disturb(struct dice *dice, uint32_t *pins)
{
	uint32_t i = dice_below(dice, NEIGHBOUR_THREADS_PINNED);
	uint32_t what = dice_below(dice, 100);
	struct weft_ip ip = neighbour_threads_ip(i);
	struct rte_ether_addr mac;

	if (what < 40) {
		assert_int_equal(weft_neighbour_pin(WEFT_SCOPE_UNDERLAY, &ip), 0);
		pins[i]++;
	} else if (what < 80) {
		weft_neighbour_unpin(WEFT_SCOPE_UNDERLAY, &ip);
		pins[i] -= pins[i] > 0;
	} else if (what < 82) {
		weft_neighbour_reset(WEFT_SCOPE_UNDERLAY);
	} else if (what < 95) {
		weft_neighbour_age(neighbour_threads_now(), NEIGHBOUR_THREADS_AGE_MS,
				   neighbour_threads_is_there);
	} else {
		neighbour_threads_list(pins);
	}
	/* Whatever the workers do. */
	if (pins[i] > 0)
		assert_true(weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &ip, &mac) !=
			    WEFT_NEIGHBOUR_NONE);
}

/* Nothing is lost: when all are gone, the table has its whole room again. */
static void
neighbour_threads_check_books(uint32_t *pins)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NEIGHBOUR_THREADS_PINNED; i++) {
		struct weft_ip ip = neighbour_threads_ip(i);

		n += pins[i] > 0;
		for (; pins[i] > 0; pins[i]--)
			weft_neighbour_unpin(WEFT_SCOPE_UNDERLAY, &ip);
	}
	assert_true(n > 0);
	weft_neighbour_reset(WEFT_SCOPE_UNDERLAY);
	weft_neighbour_reset(NEIGHBOUR_THREADS_NETWORK);
	assert_int_equal(neighbour_threads_list(pins), 0);
	for (uint32_t i = 0; i < WEFT_NEIGHBOURS_MAX; i++) {
		struct weft_ip ip = neighbour_threads_ip(i);

		weft_neighbour_want(WEFT_SCOPE_UNDERLAY, &ip, 0);
	}
	assert_int_equal(neighbour_threads_list(pins), WEFT_NEIGHBOURS_MAX / 2);
}

static void
test_the_books_balance(void **state)
{
	struct neighbour_threads_worker workers[NEIGHBOUR_THREADS_WORKERS] = { 0 };
	uint32_t pins[NEIGHBOUR_THREADS_PINNED] = { 0 };
	struct dice dice = { 39 };

	(void)state;
	assert_int_equal(weft_neighbour_create(), 0);
	neighbour_threads_running = NEIGHBOUR_THREADS_WORKERS;
	for (uint32_t i = 0; i < NEIGHBOUR_THREADS_WORKERS; i++) {
		workers[i].id = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, neighbour_threads_work,
						&workers[i]),
				 0);
	}
	for (uint32_t i = 0; __atomic_load_n(&neighbour_threads_running, __ATOMIC_ACQUIRE) > 0;
	     i++) {
		neighbour_threads_disturb(&dice, pins);
		if (i >= NEIGHBOUR_THREADS_DISTURBED)
			__atomic_store_n(&neighbour_threads_is_enough, true, __ATOMIC_RELAXED);
	}
	for (uint32_t i = 0; i < NEIGHBOUR_THREADS_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
		assert_true(workers[i].found > 100 && workers[i].missed > 100);
	}
	assert_true(neighbour_threads_asked > 100);
	neighbour_threads_check_books(pins);
	weft_neighbour_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_books_balance),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
