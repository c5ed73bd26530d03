/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translated connections: both their tuples find them, what they hold goes with the last of them,
 * and the books are right whatever takes whose place.
 */
#include "eal_helper.h"

#include "conntrack_translated.h"

#define PAIR_CAPACITY 100
#define PAIR_BEGIN 1000
#define PAIR_LATER (PAIR_BEGIN + 400000) /* when UDP has expired, and no flow stands on it */

static int
pair_start(void **state)
{
	(void)state;
	if (weft_conn_create(PAIR_CAPACITY, 1) != 0)
		return -1;
	weft_conn_set_router_timeouts(TRANSLATED_ROUTER, &translated_timeouts);
	return 0;
}

static int
pair_stop(void **state)
{
	(void)state;
	conntrack_flush();
	translated_check_empty();
	assert_int_equal(translated_count_bindings(), 0);
	weft_conn_destroy();
	return 0;
}

/* UDP from this port to 53 of host 2, or of another one, by that port outside. */
static enum weft_conn_outcome
pair_open_to(uint16_t port, uint32_t host, uint16_t outside, struct weft_conn_change *change,
	     uint32_t *conn)
{
	struct weft_conn_packet packet =
		translated_at_router(conntrack_packet(IPPROTO_UDP, 1, port, host, 53));

	*change = translated_change(&packet, outside);
	return translated_commit(0, &packet, change, CONNTRACK_NO_PORT, PAIR_BEGIN, conn);
}

static uint32_t
pair_open(uint16_t port, uint32_t host, struct weft_conn_change *change)
{
	uint32_t conn;

	assert_int_equal(pair_open_to(port, host, port, change, &conn), WEFT_CONN_COMMITTED);
	return conn;
}

/* The same to another port of that host. */
static uint32_t
pair_open_service(uint16_t port, uint32_t host, uint16_t service, struct weft_conn_change *change)
{
	struct weft_conn_packet packet =
		translated_at_router(conntrack_packet(IPPROTO_UDP, 1, port, host, service));
	uint32_t conn;

	*change = translated_change(&packet, port);
	assert_int_equal(
		translated_commit(0, &packet, change, CONNTRACK_NO_PORT, PAIR_BEGIN, &conn),
		WEFT_CONN_COMMITTED);
	return conn;
}

/* All that is there is marked, as by the control thread. */
static uint32_t
pair_forget_all(void)
{
	struct weft_conn_row row;
	uint32_t cursor = 0, n = 0;

	while (weft_conn_next(&cursor, PAIR_BEGIN, &row))
		n += weft_conn_forget(cursor - 1, &row);
	return n;
}

/* ---- found ---- */

static void
test_it_is_found_from_both_sides(void **state)
{
	struct weft_conn_packet there = translated_udp(5000), back;
	struct weft_conn_change change;
	struct weft_conn_look look;
	struct weft_binding binding;
	struct weft_tuple onward;
	uint32_t conn = pair_open(5000, 2, &change);

	(void)state;
	look = translated_look(&there);
	assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
	assert_true(look.conn == conn && look.is_translated);
	assert_int_equal(look.direction, WEFT_CONN_ORIGINAL);
	weft_conn_translated(conn, &onward);
	assert_memory_equal(&onward, &change.translated, sizeof(onward));
	back = translated_answer(&change);
	look = translated_look(&back);
	assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
	assert_true(look.conn == conn && look.direction == WEFT_CONN_REPLY);
	assert_memory_equal(&look.original, &there.tuple, sizeof(there.tuple));
	/* Neither answers inside, nor questions outside, are of it. */
	there.tuple = weft_tuple_reverse(&there.tuple);
	assert_int_equal(translated_look(&there).verdict, WEFT_CONN_IS_NEW);
	assert_true(weft_binding_find(&change.inside, &binding));
	assert_memory_equal(binding.outside.src, change.translated.src, 16);
	assert_int_equal(binding.outside.src_port, change.translated.src_port);
	assert_true(weft_binding_find(&change.outside, &binding));
	assert_memory_equal(binding.inside.src, look.original.src, 16);
	assert_int_equal(weft_conn_count(), 1);
}

/* What an error quotes is a packet as it has left, on either side. */
static void
test_errors_speak_of_it(void **state)
{
	struct weft_conn_packet quoted = { 0 };
	struct weft_conn_change change, other;
	struct weft_conn_look look;
	uint32_t conn = pair_open(5000, 2, &change);

	(void)state;
	quoted.tuple = change.translated;
	assert_true(weft_conn_look_quoted(&quoted, &look));
	assert_true(look.conn == conn && look.direction == WEFT_CONN_ORIGINAL);
	quoted.tuple = weft_tuple_reverse(&look.original);
	assert_true(weft_conn_look_quoted(&quoted, &look));
	assert_true(look.conn == conn && look.direction == WEFT_CONN_REPLY);
	/* Neither what has not left yet, nor what was sent to another, is of it. */
	quoted.tuple = look.original;
	assert_false(weft_conn_look_quoted(&quoted, &look));
	other = translated_change(&(struct weft_conn_packet){ .tuple = look.original }, 5000);
	other.translated.dst_port = RTE_BE16(54);
	quoted.tuple = other.translated;
	assert_false(weft_conn_look_quoted(&quoted, &look));
}

/* A connection that only a firewall has made, between the same ends, is none of the binding's. */
static void
test_a_binding_leads_to_its_own_connections(void **state)
{
	struct weft_conn_packet plain =
		translated_at_router(conntrack_packet(IPPROTO_UDP, 1, 5000, 3, 53));
	struct weft_conn_look look = conntrack_look(&plain);
	struct weft_conn_change change;
	uint32_t conn;

	(void)state;
	pair_open(5000, 2, &change);
	assert_int_equal(weft_conn_commit(0, &plain, &look, CONNTRACK_NO_PORT, CONNTRACK_NO_PORT,
					  PAIR_BEGIN, &conn),
			 WEFT_CONN_COMMITTED);
	change = translated_change(&plain, 5000);
	plain = translated_answer(&change);
	look = translated_look(&plain);
	assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
}

/* What was sent to its outside and refused stands on this slot. */
static void
test_a_connection_is_news_to_its_outside(void **state)
{
	struct weft_conn_change change;
	uint32_t before;
	uint16_t slot;

	(void)state;
	pair_open(5000, 2, &change);
	slot = weft_conn_news_slot(&change.outside);
	for (uint32_t host = 3; host < 10; host++) {
		before = weft_gen_read(slot);
		pair_open(5000, host, &change);
		assert_true(weft_gen_read(slot) != before);
	}
}

static void
test_an_outside_port_is_one_inside_ports(void **state)
{
	struct weft_conn_change first, second;
	uint32_t conn;

	(void)state;
	pair_open(5000, 2, &first);
	assert_int_equal(pair_open_to(5001, 2, 5000, &second, &conn), WEFT_CONN_TAKEN);
	assert_int_equal(pair_open_to(5001, 3, 5000, &second, &conn), WEFT_CONN_TAKEN);
	assert_int_equal(weft_conn_count(), 1);
	assert_int_equal(translated_count_bindings(), 1);
	assert_int_equal(translated_users(&first, WEFT_BINDING_HOST), 1);
	assert_int_equal(translated_users(&first, WEFT_BINDING_PORTS), 1);
	assert_false(weft_binding_is_there(&second.inside));
	assert_false(translated_is_permitted(&second));
}

/* ---- held ---- */

static void
test_a_binding_lives_as_long_as_its_connections(void **state)
{
	struct weft_conn_change to_two, to_three;
	uint32_t first = pair_open(5000, 2, &to_two), second = pair_open(5000, 3, &to_three), n;
	struct weft_binding binding;
	uint32_t cursor = 0;

	(void)state;
	assert_true(weft_binding_next(&cursor, &binding, &n));
	assert_int_equal(n, 2);
	assert_int_equal(translated_users(&to_two, WEFT_BINDING_HOST), 1);
	assert_int_equal(translated_users(&to_two, WEFT_BINDING_PORTS), 1);
	weft_conn_remove(0, first);
	assert_true(weft_binding_is_there(&to_two.inside));
	assert_true(weft_binding_is_there(&to_two.outside));
	assert_false(translated_is_permitted(&to_two));
	assert_true(translated_is_permitted(&to_three));
	weft_conn_remove(0, second);
	translated_check_gone(&to_two);
	translated_check_gone(&to_three);
}

/* The first address that was sent to is noted with the binding, others have entries. Each is
 * permitted as long as there is a connection to it, wherever it is noted. */
static void
test_who_was_sent_to_is_permitted(void **state)
{
	struct weft_conn_change to[5];
	uint32_t conns[5];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		conns[i] = pair_open(5000, 2 + i, &to[i]);
	weft_conn_remove(0, conns[0]);
	assert_false(translated_is_permitted(&to[0]));
	assert_true(translated_is_permitted(&to[1]) && translated_is_permitted(&to[2]));
	/* To another port of the second one: that is the first one now. */
	conns[3] = pair_open_service(5000, 3, 54, &to[3]);
	conns[4] = pair_open_service(5000, 3, 55, &to[4]);
	weft_conn_remove(0, conns[1]);
	assert_true(translated_is_permitted(&to[1]));
	weft_conn_remove(0, conns[3]);
	assert_true(translated_is_permitted(&to[1]));
	weft_conn_remove(0, conns[4]);
	assert_false(translated_is_permitted(&to[1]));
	assert_true(translated_is_permitted(&to[2]));
	assert_false(translated_is_permitted(&to[0]));
	weft_conn_remove(0, conns[2]);
	for (uint32_t i = 0; i < RTE_DIM(to); i++)
		translated_check_gone(&to[i]);
}

static void
test_expiry_takes_all_with_it(void **state)
{
	struct weft_conn_change changes[20];

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(changes); i++)
		pair_open((uint16_t)(5000 + i / 2), 2 + i % 2, &changes[i]);
	assert_int_equal(translated_count_bindings(), 10);
	assert_int_equal(conntrack_expire(PAIR_LATER), RTE_DIM(changes));
	for (uint16_t i = 0; i < RTE_DIM(changes); i++)
		translated_check_gone(&changes[i]);
	translated_check_empty();
}

static void
test_a_host_has_so_many_bindings(void **state)
{
	struct weft_conn_packet packet;
	struct weft_conn_change change, known;
	uint32_t conns[5];

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(conns); i++) {
		packet = translated_udp((uint16_t)(5000 + i));
		change = translated_change(&packet, (uint16_t)(5000 + i));
		change.quota = 3;
		assert_int_equal(translated_commit(0, &packet, &change, CONNTRACK_NO_PORT,
						   PAIR_BEGIN, &conns[i]),
				 i < 3 ? WEFT_CONN_COMMITTED : WEFT_CONN_QUOTA);
	}
	assert_int_equal(weft_conn_count(), 3);
	assert_int_equal(translated_users(&change, WEFT_BINDING_HOST), 3);
	assert_int_equal(translated_users(&change, WEFT_BINDING_PORTS), 3);
	assert_false(translated_is_permitted(&change));
	/* What is bound already goes on, and who ends makes room. */
	pair_open(5000, 3, &known);
	weft_conn_remove(0, conns[1]);
	assert_int_equal(
		translated_commit(0, &packet, &change, CONNTRACK_NO_PORT, PAIR_BEGIN, &conns[1]),
		WEFT_CONN_COMMITTED);
}

static void
test_a_table_of_translated_connections(void **state)
{
	struct weft_conn_change change;
	uint32_t conn, n;

	(void)state;
	for (uint32_t round = 0; round < 50; round++) {
		for (n = 0; pair_open_to((uint16_t)(5000 + n), 2 + n, (uint16_t)(5000 + n), &change,
					 &conn) == WEFT_CONN_COMMITTED;)
			n++;
		assert_int_equal(n, PAIR_CAPACITY);
		assert_int_equal(pair_open_to(1, 2, 1, &change, &conn), WEFT_CONN_TABLE_FULL);
		assert_false(weft_binding_is_there(&change.inside));
		assert_false(translated_is_permitted(&change));
		assert_int_equal(translated_count_bindings(), n);
		conntrack_flush();
		translated_check_empty();
		conntrack_expire(PAIR_BEGIN);
	}
}

/* ---- another in its place ---- */

/* What is marked and not yet swept stands for nothing: packets of the other side begin a new
 * connection in its place. Its own may have to wait for the sweep. */
static void
pair_replace(const struct weft_conn_change *out, bool is_answer)
{
	struct weft_conn_packet answer = translated_answer(out);
	enum weft_conn_outcome outcome;
	struct weft_conn_change in;
	uint32_t conn;

	if (!is_answer) {
		outcome = pair_open_to(rte_be_to_cpu_16(out->inside.src_port), 2,
				       rte_be_to_cpu_16(out->outside.src_port), &in, &conn);
		assert_true(outcome == WEFT_CONN_COMMITTED || outcome == WEFT_CONN_TAKEN);
		return;
	}
	assert_int_equal(translated_look(&answer).verdict, WEFT_CONN_IS_NEW);
	in = translated_answer_change(&answer, out);
	assert_int_equal(translated_commit(0, &answer, &in, CONNTRACK_NO_PORT, PAIR_BEGIN, &conn),
			 WEFT_CONN_COMMITTED);
}

static void
test_what_takes_the_place_of_a_marked_connection(void **state)
{
	struct weft_conn_change out;

	(void)state;
	for (uint32_t round = 0; round < 3 * PAIR_CAPACITY; round++) {
		pair_open((uint16_t)(5000 + round % 3), 2, &out);
		assert_int_equal(pair_forget_all(), 1);
		pair_replace(&out, round % 2 == 1);
		assert_int_equal(weft_conn_table.shared, 1);
		assert_int_equal(weft_conn_count(), 1);
		assert_int_equal(weft_conn_port_count(CONNTRACK_NO_PORT), 1);
		pair_forget_all();
		conntrack_expire(PAIR_BEGIN + 1);
		translated_check_empty();
		translated_check_gone(&out);
	}
}

static void
test_a_connection_that_begins_anew(void **state)
{
	struct weft_conn_packet syn = translated_at_router(conntrack_tcp(5000, SYN)), reset;
	struct weft_conn_change change = translated_change(&syn, 5000);
	struct weft_conn_look look;
	uint32_t conn, again;

	(void)state;
	for (uint32_t round = 0; round < 3 * PAIR_CAPACITY; round++) {
		change = translated_change(&syn, 5000);
		assert_int_equal(translated_commit(0, &syn, &change, 7, PAIR_BEGIN, &conn),
				 WEFT_CONN_COMMITTED);
		reset = translated_answer(&change);
		reset.tcp_flags = RST | ACK;
		look = translated_look(&reset);
		assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
		weft_conn_update(&reset, &look, PAIR_BEGIN);
		assert_int_equal(translated_look(&syn).in_the_way, conn);
		/* By the same binding, which goes with the last that holds it. */
		change = translated_change(&syn, 5000);
		assert_int_equal(translated_commit(0, &syn, &change, 7, PAIR_BEGIN, &again),
				 WEFT_CONN_COMMITTED);
		assert_int_equal(weft_conn_count(), 1);
		assert_int_equal(weft_conn_port_count(7), 1);
		assert_int_equal(translated_count_bindings(), 1);
		weft_conn_remove(0, again);
		conntrack_expire(PAIR_BEGIN);
		translated_check_gone(&change);
		translated_check_empty();
	}
}

/* ---- slots ---- */

/* Which general slots have moved since the last call: those of the connection, and no others. */
static void
pair_check_slots(uint32_t *before, const struct weft_tuple *original, bool may_move)
{
	uint16_t slot_of = weft_conn_slot(original);

	for (uint16_t slot = 0; slot < WEFT_GEN_SLOTS; slot++) {
		bool is_moved = weft_gen_read(slot) != before[slot];

		assert_int_equal(is_moved, may_move && slot == slot_of);
		before[slot] = weft_gen_read(slot);
	}
}

/* Flows stand on connections; nothing stands on shadows, bindings, permits and hosts. */
static void
test_only_the_slots_of_the_connection_move(void **state)
{
	static uint32_t before[WEFT_GEN_SLOTS];
	struct weft_conn_packet packet = translated_udp(5000);
	struct weft_conn_change change = translated_change(&packet, 6000);

	(void)state;
	memcpy(before, weft_gens, sizeof(before));
	weft_conn_remove(0, pair_open(5000, 2, &change));
	pair_check_slots(before, &packet.tuple, true);
	pair_open(5000, 2, &change);
	pair_check_slots(before, &packet.tuple, false);
	pair_forget_all();
	pair_check_slots(before, &packet.tuple, true);
	conntrack_expire(PAIR_BEGIN + 1);
	pair_check_slots(before, &packet.tuple, true);
	/* No flow stands on what expires at leisure. */
	pair_open(5000, 2, &change);
	assert_int_equal(conntrack_expire(PAIR_LATER), 1);
	pair_check_slots(before, &packet.tuple, false);
}

int
main(void)
{
#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_start, pair_stop)
	const struct CMUnitTest tests[] = {
		PAIR_TEST(test_it_is_found_from_both_sides),
		PAIR_TEST(test_errors_speak_of_it),
		PAIR_TEST(test_a_binding_leads_to_its_own_connections),
		PAIR_TEST(test_a_connection_is_news_to_its_outside),
		PAIR_TEST(test_an_outside_port_is_one_inside_ports),
		PAIR_TEST(test_a_binding_lives_as_long_as_its_connections),
		PAIR_TEST(test_who_was_sent_to_is_permitted),
		PAIR_TEST(test_expiry_takes_all_with_it),
		PAIR_TEST(test_a_host_has_so_many_bindings),
		PAIR_TEST(test_a_table_of_translated_connections),
		PAIR_TEST(test_what_takes_the_place_of_a_marked_connection),
		PAIR_TEST(test_a_connection_that_begins_anew),
		PAIR_TEST(test_only_the_slots_of_the_connection_move),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
