/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections against an array (conntrack_array.h): whatever happens, both say the same.
 */
#include "eal_helper.h"

#include "conntrack_array.h"
#include "dice_helper.h"

#define RANDOM_STEPS 150000

/* ---- steps ---- */

static uint32_t random_gens[RANDOM_PAIRS][2];

static void
random_note_gens(void)
{
	for (uint32_t pair = 0; pair < RANDOM_PAIRS; pair++) {
		struct weft_conn_packet packet = random_packet(pair, false);

		random_gens[pair][0] = weft_gen_read(weft_conn_slot(&packet.tuple));
		random_gens[pair][1] = weft_gen_read(weft_conn_news_slot(&packet.tuple));
	}
}

static bool
random_has_moved(uint32_t pair, bool news)
{
	struct weft_conn_packet packet = random_packet(pair, false);

	return weft_gen_read(news ? weft_conn_news_slot(&packet.tuple) :
				    weft_conn_slot(&packet.tuple)) != random_gens[pair][news];
}

static uint16_t
random_port(struct dice *dice)
{
	return dice_once_in(dice, 4) ? CONNTRACK_NO_PORT : (uint16_t)dice_below(dice, RANDOM_PORTS);
}

static void
random_commit(struct dice *dice, uint32_t pair, struct random_conn *conn, struct random_conn begun,
	      const struct weft_conn_packet *packet, const struct weft_conn_look *look)
{
	bool replaces = conn->is_there;
	enum weft_conn_outcome outcome, expected = WEFT_CONN_COMMITTED;

	begun.from = random_port(dice);
	begun.to = random_port(dice);
	if (!replaces || random_counted(conn) != random_counted(&begun))
		expected = random_judge(random_counted(&begun));
	outcome = weft_conn_commit(0, packet, look, begun.from, begun.to, random_world.now_ms,
				   &begun.number);
	assert_int_equal(outcome, expected);
	random_world.full += outcome == WEFT_CONN_TABLE_FULL;
	random_world.limited += outcome == WEFT_CONN_PORT_LIMIT;
	assert_int_equal(random_has_moved(pair, true), outcome == WEFT_CONN_COMMITTED);
	assert_int_equal(random_has_moved(pair, false), outcome == WEFT_CONN_COMMITTED && replaces);
	if (outcome == WEFT_CONN_COMMITTED)
		*conn = begun;
}

static void
random_check_known(const struct random_conn *conn, uint32_t pair, const struct weft_conn_look *look,
		   bool is_reply)
{
	struct weft_conn_packet first = random_packet(pair, conn->is_backward);

	assert_int_equal(look->verdict, WEFT_CONN_IS_KNOWN);
	assert_int_equal(look->direction, is_reply);
	assert_int_equal(look->conn, conn->number);
	assert_int_equal(look->in_the_way, WEFT_NO_CONN);
	assert_true(look->from == conn->from && look->to == conn->to);
	assert_memory_equal(&look->original, &first.tuple, sizeof(first.tuple));
	random_world.known++;
}

static void
random_pass(struct dice *dice, uint32_t pair)
{
	static const uint8_t flags[] = { SYN, SYN, SYN | ACK, SYN | ACK, ACK, ACK,
					 ACK, RST, FIN | ACK, FIN | ACK, FIN, 0 };
	static const uint8_t types[2][3] = { { 8, 0, 3 }, { 128, 129, 1 } };
	bool is_backward = dice_once_in(dice, 2);
	struct weft_conn_packet packet = random_packet(pair, is_backward);
	struct weft_conn_look look;
	struct random_conn *conn, begun, after;
	bool is_reply, is_junk;
	int step;

	if (random_protocol(pair) == IPPROTO_TCP)
		packet.tcp_flags = flags[dice_below(dice, RTE_DIM(flags))];
	if (random_is_icmp(pair))
		packet.icmp_type =
			types[random_protocol(pair) == IPPROTO_ICMPV6][dice_below(dice, 3)];
	conn = random_conn_of(pair, is_backward, &packet);
	begun = random_begin(pair, is_backward, &packet);
	after = *conn;
	is_reply = is_backward != conn->is_backward;
	is_junk = random_is_icmp(pair) && (packet.icmp_type == 1 || packet.icmp_type == 3);
	step = is_junk || !conn->is_there || conn->is_marked ?
		       -1 :
		       random_step(&after, pair, packet.tcp_flags, is_reply);
	weft_conn_look(&packet, &look);
	if (step == RANDOM_ON || step == RANDOM_IGNORE) {
		random_check_known(conn, pair, &look, is_reply);
		if (dice_once_in(dice, 4))
			return;
		random_use(conn, pair, packet.tcp_flags, is_reply, random_world.now_ms);
		weft_conn_update(&packet, &look, random_world.now_ms);
	} else if (step == RANDOM_INVALID || is_junk || begun.state == WEFT_CONN_STATES) {
		assert_int_equal(look.verdict, WEFT_CONN_IS_INVALID);
		assert_int_equal(look.conn, WEFT_NO_CONN);
		random_world.invalid++;
	} else {
		assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
		assert_int_equal(look.in_the_way,
				 step == RANDOM_REOPEN ? conn->number : WEFT_NO_CONN);
		random_world.new ++;
		random_world.reopened += step == RANDOM_REOPEN;
		if (!dice_once_in(dice, 4))
			random_commit(dice, pair, conn, begun, &packet, &look);
	}
}

static void
random_touch(struct dice *dice, struct random_conn *conn, uint32_t pair)
{
	bool is_reply = dice_once_in(dice, 2);
	uint32_t used_ms = random_world.now_ms - dice_below(dice, 3000);

	if (!conn->is_there || conn->is_marked)
		return;
	weft_conn_touch(conn->number, is_reply, used_ms);
	if (random_protocol(pair) != IPPROTO_TCP || used_ms > conn->changed_ms)
		random_use(conn, pair, ACK, is_reply, used_ms);
}

static void
random_remove(struct random_conn *conn, uint32_t pair)
{
	if (!conn->is_there)
		return;
	weft_conn_remove(0, conn->number);
	assert_true(random_has_moved(pair, false));
	/* It is removed once. */
	random_note_gens();
	weft_conn_remove(0, conn->number);
	assert_false(random_has_moved(pair, false));
	*conn = (struct random_conn){ 0 };
}

static void
random_forget(struct random_conn *conn, uint32_t pair)
{
	struct weft_conn_packet packet = random_packet(pair, conn->is_backward);
	struct weft_conn_row row = { .original = packet.tuple };
	uint32_t cursor = conn->number;

	if (!conn->is_there)
		return;
	if (!conn->is_marked)
		assert_true(weft_conn_next(&cursor, random_world.now_ms, &row));
	assert_int_equal(weft_conn_forget(conn->number, &row), !conn->is_marked);
	assert_int_equal(random_has_moved(pair, false), !conn->is_marked);
	conn->is_marked = true;
}

static void
random_expire(void)
{
	uint32_t removed = 0;

	for (uint32_t i = 0; i < RANDOM_PAIRS * 2; i++) {
		struct random_conn *conn = &random_world.conns[i / 2][i % 2];

		if (!conn->is_there ||
		    (!conn->is_marked && conn->deadline_ms > random_world.now_ms))
			continue;
		conn->is_there = false;
		removed++;
	}
	assert_int_equal(conntrack_expire(random_world.now_ms), removed);
	random_world.expired += removed;
	for (uint32_t i = 0; i < RANDOM_PAIRS * 2; i++) {
		struct random_conn *conn = &random_world.conns[i / 2][i % 2];
		uint32_t idle_ms = random_world.now_ms - conn->touched_ms;

		/* Said to be there no more just now, and used lately. */
		if (!conn->is_there && conn->born_ms != 0 && idle_ms < RANDOM_FLOW_IDLE * 1000)
			assert_true(random_has_moved(i / 2, false));
		if (!conn->is_there)
			*conn = (struct random_conn){ 0 };
	}
}

static void
random_set_port(struct dice *dice)
{
	uint16_t port = (uint16_t)dice_below(dice, RANDOM_PORTS);

	random_world.limits[port] = dice_once_in(dice, 2) ? 0 : 1 + dice_below(dice, 20);
	random_world.reserves[port] = dice_once_in(dice, 2) ? 0 : dice_below(dice, 12);
	weft_conn_set_port(port, random_world.limits[port], random_world.reserves[port]);
}

static void
random_one_step(struct dice *dice)
{
	uint32_t pair = dice_below(dice, RANDOM_PAIRS), what = dice_below(dice, 1000);
	struct random_conn *conn =
		&random_world.conns[pair][random_is_icmp(pair) && dice_once_in(dice, 2)];

	random_world.now_ms += dice_below(dice, 200);
	random_note_gens();
	if (what < 850)
		random_pass(dice, pair);
	else if (what < 910)
		random_touch(dice, conn, pair);
	else if (what < 930)
		random_remove(conn, pair);
	else if (what < 950)
		random_forget(conn, pair);
	else if (what < 990)
		random_expire();
	else
		random_set_port(dice);
}

/* ---- everything, compared ---- */

static void
random_compare(void)
{
	struct weft_conn_row row;
	uint32_t cursor = 0, rows = 0, there = 0;

	while (weft_conn_next(&cursor, random_world.now_ms, &row)) {
		uint32_t pair = row.original.zone;
		struct weft_conn_packet forth = random_packet(pair, false);
		bool is_backward = memcmp(&forth.tuple, &row.original, sizeof(forth.tuple)) != 0;
		const struct random_conn *conn =
			&random_world.conns[pair][random_is_icmp(pair) && is_backward];
		int32_t left_ms = (int32_t)(conn->deadline_ms - random_world.now_ms);
		uint32_t age_sec = (random_world.now_ms - conn->born_ms) / 1000;

		rows++;
		assert_true(conn->is_there && !conn->is_marked);
		assert_int_equal(conn->number, cursor - 1);
		assert_int_equal(conn->is_backward, is_backward);
		assert_int_equal(row.state, conn->state);
		assert_int_equal(row.is_replied, conn->is_replied);
		assert_int_equal(row.is_assured, conn->is_assured);
		assert_true(row.from == conn->from && row.to == conn->to);
		assert_int_equal(row.expires_sec, left_ms > 0 ? left_ms / 1000 : 0);
		assert_in_range(row.age_sec, age_sec, age_sec + 1);
	}
	for (uint32_t i = 0; i < RANDOM_PAIRS * 2; i++)
		there += random_world.conns[i / 2][i % 2].is_there &&
			 !random_world.conns[i / 2][i % 2].is_marked;
	assert_int_equal(rows, there);
	assert_int_equal(weft_conn_count(), random_count(-1));
	for (uint16_t port = 0; port < RANDOM_PORTS; port++)
		assert_int_equal(weft_conn_port_count(port), random_count(port));
}

/* Two pairs that share a slot would make each other's move: other seeds, then. */
static bool
random_slots_are_apart(void)
{
	uint16_t slots[RANDOM_PAIRS][2];

	for (uint32_t i = 0; i < RANDOM_PAIRS; i++) {
		struct weft_conn_packet packet = random_packet(i, false);

		slots[i][0] = weft_conn_slot(&packet.tuple);
		slots[i][1] = weft_conn_news_slot(&packet.tuple);
		for (uint32_t k = 0; k < i; k++)
			if (slots[i][0] == slots[k][0] || slots[i][1] == slots[k][1])
				return false;
	}
	return true;
}

static void
random_set_timeouts(void)
{
	const uint32_t *sec = random_timeouts;
	struct weft_conf_timeouts timeouts = {
		.tcp_syn_sent = sec[WEFT_CONN_SYN_SENT],
		.tcp_syn_recv = sec[WEFT_CONN_SYN_RECV],
		.tcp_established = sec[WEFT_CONN_ESTABLISHED],
		.tcp_fin_wait = sec[WEFT_CONN_FIN_WAIT],
		.tcp_close_wait = sec[WEFT_CONN_CLOSE_WAIT],
		.tcp_last_ack = sec[WEFT_CONN_LAST_ACK],
		.tcp_time_wait = sec[WEFT_CONN_TIME_WAIT],
		.tcp_close = sec[WEFT_CONN_CLOSE],
		.udp = sec[WEFT_CONN_UDP],
		.udp_stream = sec[WEFT_CONN_UDP_STREAM],
		.icmp = sec[WEFT_CONN_ICMP],
		.icmpv6 = sec[WEFT_CONN_ICMPV6],
		.generic = sec[WEFT_CONN_GENERIC],
	};

	weft_conn_set_timeouts(&timeouts);
}

static void
test_it_does_what_an_array_would_do(void **state)
{
	struct dice dice = { 41 };

	(void)state;
	random_world.now_ms = 100000;
	assert_int_equal(weft_conn_create(RANDOM_CAPACITY, 1), 0);
	while (!random_slots_are_apart()) {
		weft_conn_destroy();
		assert_int_equal(weft_conn_create(RANDOM_CAPACITY, 1), 0);
	}
	random_set_timeouts();
	weft_conn_set_flow_idle(RANDOM_FLOW_IDLE);
	for (int round = 0; round < RANDOM_STEPS; round++) {
		random_one_step(&dice);
		if (round % 10 == 0)
			random_compare();
	}
	random_compare();
	/* The dice were not kind to one side only. */
	assert_true(random_world.known > 1000 && random_world.new > 1000 &&
		    random_world.invalid > 1000 && random_world.full > 100 &&
		    random_world.limited > 100 && random_world.reopened > 100 &&
		    random_world.expired > 1000);
	conntrack_flush();
	random_world.now_ms += 1000;
	conntrack_expire(random_world.now_ms);
	assert_int_equal(weft_conn_count(), 0);
	weft_conn_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_does_what_an_array_would_do),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
