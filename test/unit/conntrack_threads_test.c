/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections under load: workers commit, use, remove and expire the same few, both directions on
 * different threads, while the control thread lists, forgets, and changes limits.
 *
 * Workers also keep flows that stand on connections, as they do in truth: as long as the slot of a
 * flow has not moved, the connection must be there. Afterwards the books must balance.
 */
#include "eal_helper.h"

#include <pthread.h>
#include <sched.h>

#include "conntrack/table.h"
#include "conntrack_helper.h"
#include "dice_helper.h"

#define THREADS_WORKERS 3
#define THREADS_TUPLES 120
#define THREADS_CAPACITY 130
#define THREADS_PORTS 6
#define THREADS_LIMIT 12 /* of the last port */
#define THREADS_FLOWS 16
#define THREADS_FLOW_IDLE 3
#define THREADS_DONE (UINT64_MAX / 2) /* steps, rounds: of who will do no more */
#define THREADS_GROUP 8 /* packets between two quiescent states */

#ifdef __SANITIZE_THREAD__
#define THREADS_ROUNDS 40000
#else
#define THREADS_ROUNDS 1000000
#endif

struct threads_flow {
	uint32_t conn, generation, used_ms, told_ms;
	uint32_t until_ms; /* when the last packet comes */
	uint16_t slot;
	enum weft_conn_direction direction;
	struct weft_tuple original;
	bool is_there;
};

struct threads_worker {
	pthread_t thread;
	uint16_t id;
	struct dice dice;
	struct threads_flow flows[THREADS_FLOWS];
	uint64_t rounds; /* atomic */
	struct weft_conn_look held[THREADS_GROUP]; /* since the last quiescent state */
	uint32_t n_held;
	const char *wrong; /* what cannot be */
	uint32_t known, replies, committed, full, limited, expired, removed, stale, idle, reopened;
};

static struct threads_worker threads_workers[THREADS_WORKERS];
static uint32_t threads_running; /* atomic */
/* Of workers and the control thread: they are in the middle of nothing. */
static uint64_t threads_steps[THREADS_WORKERS + 1]; /* atomic */
static uint32_t threads_now_ms; /* atomic */

static uint32_t
threads_now(void)
{
	return __atomic_load_n(&threads_now_ms, __ATOMIC_RELAXED);
}

static void
threads_step(int who)
{
	__atomic_add_fetch(&threads_steps[who], 1, __ATOMIC_RELEASE);
}

static uint16_t
threads_port(const struct weft_tuple *tuple)
{
	return tuple->zone % THREADS_PORTS;
}

static struct weft_conn_packet
threads_packet(struct dice *dice, bool is_backward)
{
	static const uint8_t flags[] = { SYN, SYN, SYN | ACK, ACK, ACK, ACK, FIN | ACK, RST };
	uint16_t zone = (uint16_t)dice_below(dice, THREADS_TUPLES);
	struct weft_conn_packet packet;

	switch (zone % 4) {
	case 0:
		packet = conntrack_udp(1000);
		break;
	case 1:
		packet = conntrack_icmp(AF_INET, is_backward ? 0 : 8, zone);
		break;
	default:
		packet = conntrack_tcp(1000, flags[dice_below(dice, RTE_DIM(flags))]);
	}
	packet.tuple.zone = zone;
	return is_backward ? conntrack_back(packet) : packet;
}

static void
threads_say(struct threads_worker *worker, const char *wrong)
{
	if (worker->wrong == NULL)
		worker->wrong = wrong;
}

static void
threads_check_known(struct threads_worker *worker, const struct weft_conn_packet *packet,
		    const struct weft_conn_look *look)
{
	struct weft_tuple original = look->direction == WEFT_CONN_REPLY ?
					     weft_tuple_reverse(&packet->tuple) :
					     packet->tuple;

	worker->known++;
	worker->replies += look->direction == WEFT_CONN_REPLY;
	if (memcmp(&original, &look->original, sizeof(original)) != 0)
		threads_say(worker, "another's connection was found");
	if (look->from != threads_port(&original))
		threads_say(worker, "the port is another's");
}

static void
threads_add_flow(struct threads_worker *worker, const struct weft_conn_look *look,
		 const struct weft_tuple *tuple, uint32_t generation, uint32_t now_ms)
{
	worker->flows[dice_below(&worker->dice, THREADS_FLOWS)] = (struct threads_flow){
		.conn = look->conn,
		.generation = generation,
		.used_ms = now_ms,
		.told_ms = now_ms,
		.until_ms = now_ms + dice_below(&worker->dice, 20000),
		.slot = weft_conn_slot(tuple),
		.direction = look->direction,
		.original = look->original,
		.is_there = true,
	};
}

static void
threads_commit(struct threads_worker *worker, const struct weft_conn_packet *packet,
	       const struct weft_conn_look *look, uint32_t now_ms)
{
	uint32_t conn;

	switch (weft_conn_commit(worker->id, packet, look, threads_port(&packet->tuple), 99, now_ms,
				 &conn)) {
	case WEFT_CONN_COMMITTED:
		worker->committed++;
		worker->reopened += look->in_the_way != WEFT_NO_CONN;
		break;
	case WEFT_CONN_TAKEN:
	case WEFT_CONN_QUOTA:
	case WEFT_CONN_TABLE_FULL:
		worker->full++;
		break;
	case WEFT_CONN_PORT_LIMIT:
		worker->limited++;
		if (threads_port(&packet->tuple) != THREADS_PORTS - 1)
			threads_say(worker, "a port without a limit was limited");
		break;
	}
}

/* One packet, walked. */
static void
threads_walk(struct threads_worker *worker)
{
	bool is_backward = worker->id < 2 ? worker->id == 1 : dice_once_in(&worker->dice, 2);
	struct weft_conn_packet packet = threads_packet(&worker->dice, is_backward);
	uint32_t generation = weft_gen_read(weft_conn_slot(&packet.tuple)), now_ms = threads_now();
	struct weft_conn_look look;

	weft_conn_look(&packet, &look);
	if (look.verdict == WEFT_CONN_IS_NEW)
		threads_commit(worker, &packet, &look, now_ms);
	if (look.verdict != WEFT_CONN_IS_KNOWN)
		return;
	threads_check_known(worker, &packet, &look);
	worker->held[worker->n_held++] = look;
	weft_conn_update(&packet, &look, now_ms);
	if (dice_once_in(&worker->dice, 200)) {
		weft_conn_remove(worker->id, look.conn);
		worker->removed++;
	}
	if ((packet.tcp_flags == 0 || packet.tcp_flags == ACK) && dice_once_in(&worker->dice, 100))
		threads_add_flow(worker, &look, &packet.tuple, generation, now_ms);
}

static bool
threads_is_there(const struct threads_flow *flow)
{
	const struct weft_conn_entry *entry = weft_conn_entry(flow->conn);
	struct weft_tuple tuple = weft_conn_entry_tuple(entry);

	return !(weft_conn_word(entry) & (WEFT_CONN_GONE | WEFT_CONN_MARKED)) &&
	       memcmp(&tuple, &flow->original, sizeof(tuple)) == 0;
}

/* A slot that has not moved says that the connection is there. Who removes it may be just about to
 * move the slot: when everybody has done two more steps, that is done. */
static void
threads_check_flow(struct threads_worker *worker, const struct threads_flow *flow)
{
	uint64_t before[THREADS_WORKERS + 1];

	if (threads_is_there(flow))
		return;
	for (int i = 0; i <= THREADS_WORKERS; i++)
		before[i] = __atomic_load_n(&threads_steps[i], __ATOMIC_ACQUIRE);
	for (int i = 0; i <= THREADS_WORKERS; i++)
		while (before[i] < THREADS_DONE &&
		       __atomic_load_n(&threads_steps[i], __ATOMIC_ACQUIRE) < before[i] + 2) {
			threads_step(worker->id);
			sched_yield();
		}
	if (weft_gen_read(flow->slot) == flow->generation)
		threads_say(worker, "a flow stands on a connection that is gone");
}

/* What a worker's flows do: used, told of, forgotten. */
static void
threads_use_flows(struct threads_worker *worker)
{
	uint32_t now_ms = threads_now();

	for (uint32_t i = 0; i < THREADS_FLOWS; i++) {
		struct threads_flow *flow = &worker->flows[i];

		if (!flow->is_there)
			continue;
		if (weft_gen_read(flow->slot) != flow->generation ||
		    now_ms - flow->used_ms > THREADS_FLOW_IDLE * 1000) {
			worker->stale += weft_gen_read(flow->slot) != flow->generation;
			worker->idle += now_ms - flow->used_ms > THREADS_FLOW_IDLE * 1000;
			flow->is_there = false;
			continue;
		}
		threads_check_flow(worker, flow);
		if (worker->wrong != NULL)
			return;
		if ((int32_t)(flow->until_ms - now_ms) > 0)
			flow->used_ms = now_ms;
		if (flow->used_ms - flow->told_ms >= 1000 &&
		    weft_gen_read(flow->slot) == flow->generation) {
			flow->told_ms = flow->used_ms;
			weft_conn_touch(flow->conn, flow->direction, flow->used_ms);
		}
	}
}

/* Time goes on when every worker has told of all its flows. */
static void
threads_tick(void)
{
	static uint64_t seen[THREADS_WORKERS];

	for (int i = 0; i < THREADS_WORKERS; i++)
		if (__atomic_load_n(&threads_workers[i].rounds, __ATOMIC_ACQUIRE) < seen[i] + 2)
			return;
	for (int i = 0; i < THREADS_WORKERS; i++)
		seen[i] = __atomic_load_n(&threads_workers[i].rounds, __ATOMIC_ACQUIRE);
	__atomic_add_fetch(&threads_now_ms, 400, __ATOMIC_RELEASE);
}

/* What was found may be gone meanwhile, but nothing else has come in its place. */
static void
threads_release(struct threads_worker *worker)
{
	for (uint32_t i = 0; i < worker->n_held; i++) {
		const struct weft_conn_look *look = &worker->held[i];
		struct weft_tuple now = weft_conn_entry_tuple(weft_conn_entry(look->conn));

		if (memcmp(&now, &look->original, sizeof(now)) != 0)
			threads_say(worker, "an entry was used anew too early");
	}
	worker->n_held = 0;
	weft_rcu_quiescent(worker->id);
}

static void *
threads_work(void *context)
{
	struct threads_worker *worker = context;

	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	for (int round = 0; round < THREADS_ROUNDS; round++) {
		threads_walk(worker);
		if (round % THREADS_GROUP != 0)
			continue;
		threads_use_flows(worker);
		worker->expired += weft_conn_expire(worker->id, threads_now());
		__atomic_add_fetch(&worker->rounds, 1, __ATOMIC_RELEASE);
		if (worker->id == 0)
			threads_tick();
		threads_release(worker);
		threads_step(worker->id);
		/* There may be fewer cores than workers: take turns more often than the kernel would. */
		if (round % 256 == 0)
			sched_yield();
	}
	__atomic_store_n(&threads_steps[worker->id], THREADS_DONE, __ATOMIC_RELEASE);
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	__atomic_store_n(&worker->rounds, THREADS_DONE, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&threads_running, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- the control thread ---- */

static void
threads_disturb(struct dice *dice)
{
	struct weft_conn_row row;
	uint32_t cursor = 0, what = dice_below(dice, 100);

	if (what < 10)
		weft_conn_set_port((uint16_t)dice_below(dice, THREADS_PORTS - 1), 0,
				   dice_below(dice, 20));
	while (what < 60 && weft_conn_next(&cursor, threads_now(), &row)) {
		assert_in_range(row.original.zone, 0, THREADS_TUPLES - 1);
		assert_int_equal(row.from, threads_port(&row.original));
		assert_int_equal(row.to, 99);
		assert_in_range(row.state, 0, WEFT_CONN_STATES - 1);
		if (dice_once_in(dice, 200))
			weft_conn_forget(cursor - 1, &row);
	}
	assert_in_range(weft_conn_port_count(THREADS_PORTS - 1), 0, THREADS_LIMIT);
}

static void
threads_check_books(void)
{
	static uint32_t by_tuple[THREADS_TUPLES];
	uint32_t by_port[THREADS_PORTS] = { 0 }, rows = 0, cursor = 0;
	struct weft_conn_row row;

	memset(by_tuple, 0, sizeof(by_tuple));
	while (weft_conn_next(&cursor, threads_now(), &row)) {
		struct weft_conn_packet packet = { .tuple = row.original, .tcp_flags = ACK };
		struct weft_conn_look look;

		rows++;
		by_port[row.from]++;
		assert_int_equal(by_tuple[row.original.zone]++, 0);
		packet.icmp_type = row.original.zone % 4 == 1 ? 8 : 0;
		weft_conn_look(&packet, &look);
		if (look.verdict == WEFT_CONN_IS_KNOWN)
			assert_int_equal(look.conn, cursor - 1);
	}
	assert_int_equal(weft_conn_count(), rows);
	for (uint16_t i = 0; i < THREADS_PORTS; i++)
		assert_int_equal(weft_conn_port_count(i), by_port[i]);
}

static void
threads_sweep(void)
{
	for (int round = 0; round < 10; round++) {
		threads_now_ms += 1000;
		for (uint16_t i = 0; i < THREADS_WORKERS; i++)
			weft_conn_expire(i, threads_now_ms);
	}
}

static void
threads_join(struct threads_worker *workers)
{
	struct threads_worker sum = { 0 };

	for (int i = 0; i < THREADS_WORKERS; i++) {
		struct threads_worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		if (worker->wrong != NULL)
			fail_msg("worker %d: %s", i, worker->wrong);
		sum.known += worker->known;
		sum.replies += worker->replies;
		sum.committed += worker->committed;
		sum.full += worker->full;
		sum.limited += worker->limited;
		sum.expired += worker->expired;
		sum.removed += worker->removed;
		sum.stale += worker->stale;
		sum.idle += worker->idle;
		sum.reopened += worker->reopened;
	}
	printf("known %u (replies %u), committed %u (reopened %u), full %u, limited %u, expired "
	       "%u, "
	       "removed %u; flows stale %u, idle %u\n",
	       sum.known, sum.replies, sum.committed, sum.reopened, sum.full, sum.limited,
	       sum.expired, sum.removed, sum.stale, sum.idle);
	assert_true(sum.replies > 100 && sum.committed > 100 && sum.full > 0 && sum.expired > 10 &&
		    sum.stale > 10);
}

static void
test_the_books_balance(void **state)
{
	static const struct weft_conf_timeouts timeouts = {
		.tcp_syn_sent = 12,
		.tcp_syn_recv = 6,
		.tcp_established = 90,
		.tcp_fin_wait = 12,
		.tcp_close_wait = 6,
		.tcp_last_ack = 3,
		.tcp_time_wait = 12,
		.tcp_close = 1,
		.udp = 3,
		.udp_stream = 12,
		.icmp = 3,
		.icmpv6 = 3,
		.generic = 6,
	};
	struct threads_worker *workers = threads_workers;
	struct dice dice = { 51 };

	(void)state;
	threads_now_ms = UINT32_MAX - 100000;
	assert_int_equal(weft_conn_create(THREADS_CAPACITY, THREADS_WORKERS), 0);
	weft_conn_set_timeouts(&timeouts);
	weft_conn_set_flow_idle(THREADS_FLOW_IDLE);
	weft_conn_set_port(THREADS_PORTS - 1, THREADS_LIMIT, 0);
	threads_running = THREADS_WORKERS;
	for (uint16_t i = 0; i < THREADS_WORKERS; i++) {
		workers[i].id = i;
		workers[i].dice.state = 60 + i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, threads_work, &workers[i]), 0);
	}
	while (__atomic_load_n(&threads_running, __ATOMIC_ACQUIRE) > 0) {
		threads_disturb(&dice);
		threads_step(THREADS_WORKERS);
	}
	threads_join(workers);
	threads_sweep();
	threads_check_books();
	threads_now_ms += 400000;
	threads_sweep();
	threads_check_books();
	assert_int_equal(weft_conn_count(), 0);
	weft_conn_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_books_balance),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
