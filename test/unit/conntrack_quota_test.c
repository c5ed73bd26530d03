/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may have how many connections: the table, a port, and what is reserved for one.
 */
#include "eal_helper.h"

#include "conntrack_helper.h"

#define QUOTA_CAPACITY 100

static uint32_t quota_now_ms;
static uint32_t quota_next;

static int
quota_start(void **state)
{
	(void)state;
	quota_now_ms = 1000;
	quota_next = 0;
	return weft_conn_create(QUOTA_CAPACITY, 1);
}

static int
quota_stop(void **state)
{
	(void)state;
	conntrack_flush();
	assert_int_equal(weft_conn_count(), 0);
	for (uint16_t port = 0; port < 10; port++)
		assert_int_equal(weft_conn_port_count(port), 0);
	weft_conn_destroy();
	return 0;
}

/* One connection more, from one port to another. */
static enum weft_conn_outcome
quota_open_between(uint16_t from, uint16_t to)
{
	struct weft_conn_packet packet = conntrack_packet(IPPROTO_UDP, ++quota_next, 1, 2, 2);
	struct weft_conn_look look = conntrack_look(&packet);
	enum weft_conn_outcome outcome;
	uint32_t conn;

	assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
	outcome = weft_conn_commit(0, &packet, &look, from, to, quota_now_ms, &conn);
	assert_int_equal(conn != WEFT_NO_CONN, outcome == WEFT_CONN_COMMITTED);
	look = conntrack_look(&packet);
	assert_int_equal(look.verdict == WEFT_CONN_IS_KNOWN, outcome == WEFT_CONN_COMMITTED);
	if (outcome == WEFT_CONN_COMMITTED)
		assert_true(look.from == from && look.to == to);
	return outcome;
}

static enum weft_conn_outcome
quota_open(uint16_t port)
{
	return quota_open_between(port, CONNTRACK_NO_PORT);
}

/* As many as it gets. */
static uint32_t
quota_flood(uint16_t port, enum weft_conn_outcome *refused)
{
	uint32_t n = 0;

	while ((*refused = quota_open(port)) == WEFT_CONN_COMMITTED)
		n++;
	return n;
}

static void
quota_close(uint16_t port, uint32_t n)
{
	struct weft_conn_row row;
	uint32_t cursor = 0;

	while (n > 0 && weft_conn_next(&cursor, quota_now_ms, &row))
		if (row.from == port) {
			weft_conn_remove(0, cursor - 1);
			n--;
		}
	assert_int_equal(n, 0);
}

static void
test_a_table_is_full_when_it_is_full(void **state)
{
	enum weft_conn_outcome refused;

	(void)state;
	for (int round = 0; round < 5; round++) {
		assert_int_equal(quota_flood(1, &refused), QUOTA_CAPACITY);
		assert_int_equal(refused, WEFT_CONN_TABLE_FULL);
		assert_int_equal(weft_conn_count(), QUOTA_CAPACITY);
		assert_int_equal(quota_open(2), WEFT_CONN_TABLE_FULL);
		assert_int_equal(quota_open(CONNTRACK_NO_PORT), WEFT_CONN_TABLE_FULL);
		quota_close(1, 1);
		assert_int_equal(quota_open(2), WEFT_CONN_COMMITTED);
		assert_int_equal(quota_open(2), WEFT_CONN_TABLE_FULL);
		quota_close(2, 1);
		quota_close(1, 50);
		quota_now_ms += 40000;
		assert_int_equal(conntrack_expire(quota_now_ms), 49);
		assert_int_equal(weft_conn_count(), 0);
	}
}

static void
test_it_counts_for_who_began_it(void **state)
{
	(void)state;
	assert_int_equal(quota_open_between(1, 2), WEFT_CONN_COMMITTED);
	assert_int_equal(quota_open_between(CONNTRACK_NO_PORT, 2), WEFT_CONN_COMMITTED);
	assert_int_equal(quota_open_between(3, CONNTRACK_NO_PORT), WEFT_CONN_COMMITTED);
	assert_int_equal(quota_open_between(CONNTRACK_NO_PORT, CONNTRACK_NO_PORT),
			 WEFT_CONN_COMMITTED);
	for (uint16_t port = 1; port <= 3; port++)
		assert_int_equal(weft_conn_port_count(port), 1);
	assert_int_equal(weft_conn_count(), 4);
}

static void
test_a_port_has_a_limit(void **state)
{
	enum weft_conn_outcome refused;

	(void)state;
	weft_conn_set_port(1, 10, 0);
	assert_int_equal(quota_flood(1, &refused), 10);
	assert_int_equal(refused, WEFT_CONN_PORT_LIMIT);
	assert_int_equal(quota_open_between(CONNTRACK_NO_PORT, 1), WEFT_CONN_PORT_LIMIT);
	assert_int_equal(quota_open_between(2, 1), WEFT_CONN_COMMITTED);
	weft_conn_set_port(1, 12, 0);
	assert_int_equal(quota_flood(1, &refused), 2);
	/* Below what it has: it keeps them, and gets no more. */
	weft_conn_set_port(1, 5, 0);
	assert_int_equal(weft_conn_port_count(1), 12);
	quota_close(1, 7);
	assert_int_equal(quota_open(1), WEFT_CONN_PORT_LIMIT);
	quota_close(1, 1);
	assert_int_equal(quota_flood(1, &refused), 1);
	weft_conn_set_port(1, 0, 0);
	assert_int_equal(quota_flood(1, &refused), QUOTA_CAPACITY - 6);
	assert_int_equal(refused, WEFT_CONN_TABLE_FULL);
}

static void
test_a_reserve_survives_the_flood_of_others(void **state)
{
	enum weft_conn_outcome refused;

	(void)state;
	weft_conn_set_port(1, 0, 30);
	weft_conn_set_port(2, 8, 10);
	assert_int_equal(quota_flood(3, &refused), 60);
	assert_int_equal(refused, WEFT_CONN_TABLE_FULL);
	assert_int_equal(quota_flood(1, &refused), 30);
	assert_int_equal(refused, WEFT_CONN_TABLE_FULL);
	assert_int_equal(quota_flood(2, &refused), 8);
	assert_int_equal(refused, WEFT_CONN_PORT_LIMIT);
	/* What it gives back is its own again. */
	quota_close(1, 5);
	assert_int_equal(quota_open(3), WEFT_CONN_TABLE_FULL);
	assert_int_equal(quota_flood(1, &refused), 5);
	/* And what others give back is for all. */
	quota_close(3, 3);
	assert_int_equal(quota_flood(1, &refused), 3);
	/* Those beyond its reserve go first, whichever are removed. */
	quota_close(1, 3);
	assert_int_equal(quota_flood(3, &refused), 3);
	assert_int_equal(weft_conn_port_count(1), 30);
}

static void
test_a_reserve_changes_at_run_time(void **state)
{
	enum weft_conn_outcome refused;

	(void)state;
	weft_conn_set_port(1, 0, 50);
	for (int i = 0; i < 40; i++)
		quota_open(1);
	assert_int_equal(quota_flood(2, &refused), 50);
	/* 20 of the 40 are now of the share, which they fill up. */
	weft_conn_set_port(1, 0, 20);
	assert_int_equal(quota_flood(2, &refused), 10);
	assert_int_equal(weft_conn_count(), QUOTA_CAPACITY);
	/* They are of the reserve again; the table has not become larger. */
	weft_conn_set_port(1, 0, 50);
	assert_int_equal(quota_open(2), WEFT_CONN_TABLE_FULL);
	quota_close(2, 10);
	assert_int_equal(quota_open(2), WEFT_CONN_TABLE_FULL);
	assert_int_equal(quota_flood(1, &refused), 10);
	weft_conn_set_port(1, 0, 0);
	quota_close(1, 50);
	assert_int_equal(quota_flood(2, &refused), 50);
	assert_int_equal(weft_conn_count(), QUOTA_CAPACITY);
}

/* More is reserved than there is: nothing is left for others, and some of it is not there. */
static void
test_reserves_may_be_more_than_there_is(void **state)
{
	enum weft_conn_outcome refused;

	(void)state;
	weft_conn_set_port(1, 0, QUOTA_CAPACITY);
	weft_conn_set_port(2, 0, 20);
	assert_int_equal(quota_open(3), WEFT_CONN_TABLE_FULL);
	assert_int_equal(quota_flood(2, &refused), 20);
	weft_conn_set_port(2, 0, 0);
	assert_int_equal(quota_open(2), WEFT_CONN_TABLE_FULL);
	quota_close(2, 20);
	assert_int_equal(quota_flood(1, &refused), QUOTA_CAPACITY);
	weft_conn_set_port(1, 0, 0);
	assert_int_equal(quota_open(3), WEFT_CONN_TABLE_FULL);
}

/* Who comes in the place of an old one takes its share with him, or is refused. */
static void
test_who_replaces_needs_no_room(void **state)
{
	struct weft_conn_packet syn = conntrack_tcp(1, SYN), rst = conntrack_tcp(1, RST);
	enum weft_conn_outcome outcome;
	uint32_t first;

	(void)state;
	weft_conn_set_port(1, 1, 0);
	weft_conn_set_port(2, 1, 0);
	first = conntrack_pass_from(&syn, 1, quota_now_ms, &outcome).conn;
	conntrack_pass(&rst, quota_now_ms);
	assert_int_equal(quota_open(2), WEFT_CONN_COMMITTED);
	/* For another port there is no room, and the old one stays. */
	conntrack_pass_from(&syn, 2, quota_now_ms, &outcome);
	assert_int_equal(outcome, WEFT_CONN_PORT_LIMIT);
	assert_int_equal(conntrack_look(&syn).in_the_way, first);
	conntrack_pass_from(&syn, 1, quota_now_ms, &outcome);
	assert_int_equal(outcome, WEFT_CONN_COMMITTED);
	assert_int_equal(weft_conn_port_count(1), 1);
	assert_int_equal(conntrack_look(&syn).verdict, WEFT_CONN_IS_KNOWN);
	/* The count moves from port to port. */
	conntrack_pass(&rst, quota_now_ms);
	quota_close(2, 1);
	conntrack_pass_from(&syn, 2, quota_now_ms, &outcome);
	assert_int_equal(outcome, WEFT_CONN_COMMITTED);
	assert_int_equal(weft_conn_port_count(1), 0);
	assert_int_equal(weft_conn_port_count(2), 1);
	assert_int_equal(weft_conn_count(), 1);
}

/* Two workers had the same idea: there is one connection, and it counts once. */
static void
test_who_is_late_joins(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(1), back = conntrack_back(packet);
	struct weft_conn_look look = conntrack_look(&packet), look_back = conntrack_look(&back);
	uint32_t conn, other;
	struct weft_conn_row row;

	(void)state;
	weft_conn_set_port(1, 1, 0);
	assert_int_equal(weft_conn_commit(0, &packet, &look, 1, 2, quota_now_ms, &conn),
			 WEFT_CONN_COMMITTED);
	assert_int_equal(weft_conn_commit(0, &packet, &look, 1, 2, quota_now_ms, &other),
			 WEFT_CONN_COMMITTED);
	assert_int_equal(conn, other);
	assert_true(conntrack_row(&packet, quota_now_ms, &row, &other));
	assert_false(row.is_replied);
	assert_int_equal(weft_conn_commit(0, &back, &look_back, 1, 2, quota_now_ms, &other),
			 WEFT_CONN_COMMITTED);
	assert_int_equal(conn, other);
	assert_true(conntrack_row(&packet, quota_now_ms, &row, &other));
	assert_true(row.is_replied);
	assert_int_equal(weft_conn_port_count(1), 1);
	assert_int_equal(weft_conn_count(), 1);
}

/* What was forgotten is absent, and in nobody's way; but only the one that was meant. */
static void
test_what_is_forgotten_makes_room(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(1);
	struct weft_conn_row row, wrong;
	uint32_t conn, cursor = 0;

	(void)state;
	conntrack_pass(&packet, quota_now_ms);
	assert_true(weft_conn_next(&cursor, quota_now_ms, &row));
	conn = cursor - 1;
	assert_false(weft_conn_next(&cursor, quota_now_ms, &wrong));
	wrong = row;
	wrong.born_sec++;
	assert_false(weft_conn_forget(conn, &wrong));
	wrong = row;
	wrong.original.zone++;
	assert_false(weft_conn_forget(conn, &wrong));
	assert_false(weft_conn_forget(conn + 1, &row));
	assert_false(weft_conn_forget(UINT32_MAX, &row));
	assert_int_equal(conntrack_look(&packet).verdict, WEFT_CONN_IS_KNOWN);
	assert_true(weft_conn_forget(conn, &row));
	assert_false(weft_conn_forget(conn, &row));
	assert_int_equal(conntrack_look(&packet).verdict, WEFT_CONN_IS_NEW);
	cursor = 0;
	assert_false(weft_conn_next(&cursor, quota_now_ms, &wrong));
	assert_int_equal(weft_conn_count(), 1);
	/* Anew before it was swept, and swept afterwards. */
	conntrack_pass(&packet, quota_now_ms);
	assert_int_equal(weft_conn_count(), 1);
	assert_int_equal(conntrack_look(&packet).verdict, WEFT_CONN_IS_KNOWN);
	assert_int_equal(conntrack_expire(quota_now_ms + 1000), 0);
	assert_true(conntrack_row(&packet, quota_now_ms, &row, &conn));
	assert_true(weft_conn_forget(conn, &row));
	weft_conn_touch(conn, WEFT_CONN_ORIGINAL, quota_now_ms + 1500);
	assert_int_equal(conntrack_expire(quota_now_ms + 2000), 1);
	assert_int_equal(weft_conn_count(), 0);
}

/* Its first packet went to several ports; it counts for the one that answers, if that may. */
static void
test_who_answers_pays(void **state)
{
	struct weft_conn_packet packet = conntrack_packet(IPPROTO_UDP, 1, 1, 2, 2);
	enum weft_conn_outcome refused;
	struct weft_conn_look look;

	(void)state;
	assert_int_equal(quota_open_between(CONNTRACK_NO_PORT, 3), WEFT_CONN_COMMITTED);
	look = conntrack_look(&packet);
	weft_conn_bind(look.conn, 4);
	assert_int_equal(conntrack_look(&packet).to, 4);
	assert_int_equal(weft_conn_port_count(3), 0);
	assert_int_equal(weft_conn_port_count(4), 1);
	weft_conn_set_port(5, 1, 0);
	quota_flood(5, &refused);
	weft_conn_bind(look.conn, 5);
	assert_int_equal(conntrack_look(&packet).to, 4);
	/* Who began it pays, whoever answers. */
	assert_int_equal(quota_open_between(6, 3), WEFT_CONN_COMMITTED);
	packet = conntrack_packet(IPPROTO_UDP, quota_next, 1, 2, 2);
	weft_conn_bind(conntrack_look(&packet).conn, 7);
	assert_int_equal(conntrack_look(&packet).to, 7);
	assert_int_equal(weft_conn_port_count(6), 1);
	assert_int_equal(weft_conn_port_count(7), 0);
	/* What is gone binds nobody. */
	weft_conn_remove(0, look.conn);
	weft_conn_bind(look.conn, 8);
	assert_int_equal(weft_conn_port_count(8), 0);
	weft_conn_set_port(5, 0, 0);
}

#define QUOTA_TEST(name) cmocka_unit_test_setup_teardown(name, quota_start, quota_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUOTA_TEST(test_a_table_is_full_when_it_is_full),
		QUOTA_TEST(test_it_counts_for_who_began_it),
		QUOTA_TEST(test_a_port_has_a_limit),
		QUOTA_TEST(test_a_reserve_survives_the_flood_of_others),
		QUOTA_TEST(test_a_reserve_changes_at_run_time),
		QUOTA_TEST(test_reserves_may_be_more_than_there_is),
		QUOTA_TEST(test_who_replaces_needs_no_room),
		QUOTA_TEST(test_who_is_late_joins),
		QUOTA_TEST(test_who_answers_pays),
		QUOTA_TEST(test_what_is_forgotten_makes_room),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
