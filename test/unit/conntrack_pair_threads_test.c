/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translated connections under load: workers make and remove the same few, with all that they hold,
 * so that entries are one thing and then another, while the control thread lists and forgets them.
 * Afterwards nothing is left.
 */
#include "eal_helper.h"

#include <pthread.h>

#include "conntrack_translated.h"
#include "dice_helper.h"

#define PAIR_THREADS 2
#define PAIR_THREADS_PORTS 7
#define PAIR_THREADS_CAPACITY 1000

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define PAIR_THREADS_ROUNDS 100000
#else
#define PAIR_THREADS_ROUNDS 400000
#endif

struct pair_threads_worker {
	pthread_t thread;
	uint16_t id;
	struct dice dice;
	uint32_t committed, taken, forgotten;
};

static uint32_t pair_threads_running; /* atomic */

/* Some of one address, some of another; the same for all workers. */
static void
pair_threads_choose(struct dice *dice, struct weft_conn_packet *packet,
		    struct weft_conn_change *change)
{
	uint16_t port = (uint16_t)(5000 + dice_below(dice, PAIR_THREADS_PORTS));

	*packet = translated_at_router(
		conntrack_packet(IPPROTO_UDP, 1 + port % 2, port, 2 + dice_below(dice, 2), 53));
	*change = translated_change(packet, port);
}

/* One that is there goes, or another one is made. */
static void
pair_threads_round(struct pair_threads_worker *self, uint32_t now_ms)
{
	struct weft_conn_packet packet;
	struct weft_conn_change change;
	struct weft_conn_look look;
	enum weft_conn_outcome outcome;
	uint32_t conn;

	pair_threads_choose(&self->dice, &packet, &change);
	look = translated_look(&packet);
	if (look.verdict == WEFT_CONN_IS_KNOWN) {
		weft_conn_remove(self->id, look.conn);
	} else {
		outcome = translated_commit(self->id, &packet, &change, CONNTRACK_NO_PORT, now_ms,
					    &conn);
		self->committed += outcome == WEFT_CONN_COMMITTED;
		self->taken += outcome == WEFT_CONN_TAKEN;
	}
	self->forgotten += weft_conn_expire(self->id, now_ms);
}

static void *
pair_threads_work(void *argument)
{
	struct pair_threads_worker *self = argument;

	weft_rcu_register(self->id);
	weft_rcu_online(self->id);
	for (uint32_t i = 0; i < PAIR_THREADS_ROUNDS; i++) {
		pair_threads_round(self, 1000 + i / 16);
		weft_rcu_quiescent(self->id);
	}
	weft_rcu_offline(self->id);
	weft_rcu_unregister(self->id);
	__atomic_sub_fetch(&pair_threads_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* A row is of one connection: what was told of it goes together. */
static bool
pair_threads_is_right(const struct weft_conn_row *row)
{
	return row->is_translated && row->original.zone == row->translated.zone &&
	       row->original.src_port == row->translated.src_port &&
	       memcmp(row->original.dst, row->translated.dst, sizeof(row->original.dst)) == 0 &&
	       row->translated.src[3] == TRANSLATED_GATE;
}

/* @return rows that were seen */
static uint32_t
pair_threads_list(struct dice *dice, uint32_t *wrong)
{
	struct weft_binding binding;
	struct weft_conn_row row;
	uint32_t cursor = 0, n = 0, users;

	while (weft_conn_next(&cursor, 1000, &row)) {
		n++;
		*wrong += !pair_threads_is_right(&row);
		if (dice_once_in(dice, 8) && weft_conn_forget(cursor - 1, &row))
			weft_conn_hurry();
	}
	cursor = 0;
	while (weft_binding_next(&cursor, &binding, &users))
		*wrong += binding.outside.src[3] != TRANSLATED_GATE ||
			  binding.outside.src_port != binding.inside.src_port;
	return n;
}

/* What is still marked. */
static void
pair_threads_sweep(void)
{
	for (uint16_t i = 0; i < PAIR_THREADS; i++)
		for (uint32_t now_ms = 500000; now_ms < 510000; now_ms += 500)
			weft_conn_expire(i, now_ms);
}

static void
test_listing_what_comes_and_goes(void **state)
{
	struct pair_threads_worker workers[PAIR_THREADS] = { 0 };
	struct dice dice = { 70 };
	uint32_t seen = 0, wrong = 0;

	(void)state;
	assert_int_equal(weft_conn_create(PAIR_THREADS_CAPACITY, PAIR_THREADS), 0);
	weft_conn_set_router_timeouts(TRANSLATED_ROUTER, &translated_timeouts);
	pair_threads_running = PAIR_THREADS;
	for (uint16_t i = 0; i < PAIR_THREADS; i++) {
		workers[i].id = i;
		workers[i].dice.state = 80 + i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, pair_threads_work, &workers[i]),
			0);
	}
	while (__atomic_load_n(&pair_threads_running, __ATOMIC_ACQUIRE) > 0)
		seen += pair_threads_list(&dice, &wrong);
	for (uint16_t i = 0; i < PAIR_THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		print_message("worker %u: committed %u, taken %u, forgotten %u\n", i,
			      workers[i].committed, workers[i].taken, workers[i].forgotten);
		assert_true(workers[i].committed > 1000);
	}
	print_message("%u rows\n", seen);
	assert_int_equal(wrong, 0);
	assert_true(seen > 100);
	conntrack_flush();
	pair_threads_sweep();
	translated_check_empty();
	weft_conn_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing_what_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
