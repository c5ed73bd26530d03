/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: when connections expire, what keeps them young, and which slots move on the way.
 *
 * The clock is a number, and begins a moment before 32 bits of milliseconds wrap.
 */
#include "eal_helper.h"

#include "conntrack_helper.h"

#define TIME_BEGIN (UINT32_MAX - 4321u)
#define TIME_FLOW_IDLE 10

static const struct weft_conf_timeouts time_timeouts = {
	.tcp_syn_sent = 121,
	.tcp_syn_recv = 61,
	.tcp_established = 4001,
	.tcp_fin_wait = 122,
	.tcp_close_wait = 62,
	.tcp_last_ack = 31,
	.tcp_time_wait = 123,
	.tcp_close = 11,
	.udp = 32,
	.udp_stream = 124,
	.icmp = 33,
	.icmpv6 = 34,
	.generic = 601,
};

static uint32_t time_now_ms;

static int
time_start(void **state)
{
	(void)state;
	time_now_ms = TIME_BEGIN;
	if (weft_conn_create(256, 1) != 0)
		return -1;
	weft_conn_set_timeouts(&time_timeouts);
	weft_conn_set_flow_idle(TIME_FLOW_IDLE);
	return 0;
}

/* Its last packet is passed now: it is there until @p sec later, and then it is gone. */
static void
time_check_expiry(const struct weft_conn_packet *packet, uint32_t sec)
{
	struct weft_conn_row row;
	uint32_t conn;

	assert_true(conntrack_row(packet, time_now_ms, &row, &conn));
	assert_int_equal(row.expires_sec, sec);
	assert_int_equal(conntrack_expire(time_now_ms + sec * 1000 - 1), 0);
	assert_true(conntrack_row(packet, time_now_ms, &row, &conn));
	assert_int_equal(conntrack_expire(time_now_ms + sec * 1000), 1);
	assert_int_equal(weft_conn_count(), 0);
	time_now_ms += sec * 1000 + 5;
}

/* '>' and '<', and the flags of a packet. */
struct time_walk {
	uint32_t sec;
	struct {
		char who;
		uint8_t flags;
	} steps[8];
};

#define OPENED                                                                                     \
	{ '>', SYN }, { '<', SYN | ACK },                                                          \
	{                                                                                          \
		'>', ACK                                                                           \
	}

static void
test_each_state_of_tcp_has_its_time(void **state)
{
	static const struct time_walk walks[] = {
		{ 121, { { '>', SYN } } },
		{ 121, { { '>', SYN }, { '<', SYN } } },
		{ 61, { { '>', SYN }, { '<', SYN | ACK } } },
		{ 4001, { OPENED } },
		{ 122, { OPENED, { '>', FIN | ACK } } },
		{ 62, { OPENED, { '>', FIN | ACK }, { '<', ACK } } },
		{ 31, { OPENED, { '>', FIN | ACK }, { '<', FIN | ACK } } },
		{ 123, { OPENED, { '>', FIN | ACK }, { '<', FIN | ACK }, { '>', ACK } } },
		{ 11, { OPENED, { '>', RST } } },
		/* Nobody has answered yet. */
		{ 300, { { '>', ACK } } },
		{ 4001, { { '>', ACK }, { '<', ACK } } },
		/* Refused: it is gone with the next round of the sweep. */
		{ 0, { { '>', SYN }, { '<', RST | ACK } } },
		{ 0, { { '>', SYN }, { '>', RST } } },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(walks); i++) {
		struct weft_conn_packet packet;

		for (size_t k = 0; k < 8 && walks[i].steps[k].who != 0; k++) {
			packet = conntrack_tcp(1000, walks[i].steps[k].flags);
			if (walks[i].steps[k].who == '<')
				packet = conntrack_back(packet);
			conntrack_pass(&packet, time_now_ms += 100);
		}
		if (walks[i].sec > 0)
			time_check_expiry(&packet, walks[i].sec);
		else
			assert_int_equal(conntrack_expire(time_now_ms), 1);
	}
}

static void
test_each_protocol_has_its_time(void **state)
{
	struct weft_conn_packet udp = conntrack_udp(1), back = conntrack_back(udp);
	struct weft_conn_packet icmp = conntrack_icmp(AF_INET, 8, 1);
	struct weft_conn_packet icmp6 = conntrack_icmp(AF_INET6, 128, 1);
	struct weft_conn_packet gre = conntrack_packet(IPPROTO_GRE, 1, 0, 2, 0);

	(void)state;
	conntrack_pass(&udp, time_now_ms);
	time_check_expiry(&udp, 32);
	conntrack_pass(&udp, time_now_ms);
	conntrack_pass(&back, time_now_ms);
	time_check_expiry(&udp, 124);
	conntrack_pass(&icmp, time_now_ms);
	time_check_expiry(&icmp, 33);
	conntrack_pass(&icmp6, time_now_ms);
	time_check_expiry(&icmp6, 34);
	conntrack_pass(&gre, time_now_ms);
	time_check_expiry(&gre, 601);
}

/* Five days; and the most that can be said in milliseconds. */
static void
test_days_are_not_too_long(void **state)
{
	struct weft_conf_timeouts long_ones = time_timeouts;
	struct weft_conn_packet gre = conntrack_packet(IPPROTO_GRE, 1, 0, 2, 0);

	(void)state;
	long_ones.generic = 432000;
	weft_conn_set_timeouts(&long_ones);
	conntrack_pass(&gre, time_now_ms);
	time_check_expiry(&gre, 432000);
	long_ones.generic = UINT32_MAX;
	weft_conn_set_timeouts(&long_ones);
	conntrack_pass(&gre, time_now_ms);
	time_check_expiry(&gre, 2000000);
}

static void
test_packets_keep_it_young(void **state)
{
	struct weft_conn_packet udp = conntrack_udp(1), back = conntrack_back(udp);
	struct weft_conn_row row;
	uint32_t conn = conntrack_pass(&udp, time_now_ms).conn;

	(void)state;
	for (int i = 0; i < 10; i++) {
		conntrack_pass(&udp, time_now_ms += 30000);
		assert_int_equal(conntrack_expire(time_now_ms), 0);
	}
	for (int i = 0; i < 10; i++) {
		weft_conn_touch(conn, WEFT_CONN_ORIGINAL, time_now_ms += 30000);
		assert_int_equal(conntrack_expire(time_now_ms), 0);
	}
	/* What is told late is not later than what was told before. */
	weft_conn_touch(conn, WEFT_CONN_ORIGINAL, time_now_ms - 20000);
	assert_true(conntrack_row(&back, time_now_ms, &row, &conn));
	assert_int_equal(row.expires_sec, 32);
	assert_int_equal(row.age_sec, 600);
	weft_conn_touch(conn, WEFT_CONN_REPLY, time_now_ms - 20000);
	assert_true(conntrack_row(&back, time_now_ms, &row, &conn));
	assert_true(row.is_replied && row.is_assured);
	assert_int_equal(row.state, WEFT_CONN_UDP_STREAM);
	time_check_expiry(&udp, 124);
	/* The number is free, or another's: nobody is harmed. */
	weft_conn_touch(conn, WEFT_CONN_REPLY, time_now_ms);
	weft_conn_touch(UINT32_MAX, WEFT_CONN_REPLY, time_now_ms);
	assert_false(conntrack_row(&back, time_now_ms, &row, &conn));
}

/* A packet that is let through without being believed keeps nothing young. */
static void
test_ignored_packets_keep_nothing_young(void **state)
{
	struct weft_conn_packet syn = conntrack_tcp(1, SYN);
	struct weft_conn_packet ack = conntrack_back(conntrack_tcp(1, ACK));

	(void)state;
	conntrack_pass(&syn, time_now_ms);
	assert_int_equal(conntrack_pass(&ack, time_now_ms + 60000).verdict, WEFT_CONN_IS_KNOWN);
	weft_conn_touch(conntrack_look(&ack).conn, WEFT_CONN_REPLY, time_now_ms + 70000);
	time_check_expiry(&syn, 121);
}

static enum weft_conn_state
time_touch(struct weft_conn_packet *packet, enum weft_conn_direction direction, uint32_t used_ms)
{
	struct weft_conn_row row;
	uint32_t conn;

	assert_true(conntrack_row(packet, time_now_ms, &row, &conn));
	weft_conn_touch(conn, direction, used_ms);
	assert_true(conntrack_row(packet, time_now_ms, &row, &conn));
	return row.state;
}

/* Packets that were seen in summary: those from before a FIN have not answered it. */
static void
test_acks_in_summary_are_understood(void **state)
{
	static const uint8_t flags[] = { SYN, SYN | ACK, ACK, FIN | ACK, FIN | ACK };
	struct weft_conn_packet packets[5];
	struct weft_conn_packet *any = &packets[0];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		packets[i] = conntrack_tcp(1, flags[i]);
		if (i % 2 == 1)
			packets[i] = conntrack_back(packets[i]);
	}
	conntrack_pass(&packets[0], time_now_ms);
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms + 1), WEFT_CONN_SYN_SENT);
	assert_int_equal(time_touch(any, WEFT_CONN_REPLY, time_now_ms + 1), WEFT_CONN_SYN_SENT);
	conntrack_pass(&packets[1], time_now_ms += 1000);
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms), WEFT_CONN_SYN_RECV);
	assert_int_equal(time_touch(any, WEFT_CONN_REPLY, time_now_ms + 1), WEFT_CONN_SYN_RECV);
	time_now_ms += 1000;
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms), WEFT_CONN_ESTABLISHED);
	conntrack_pass(&packets[3], time_now_ms += 1000); /* FIN of the other side */
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms - 500),
			 WEFT_CONN_FIN_WAIT);
	assert_int_equal(time_touch(any, WEFT_CONN_REPLY, time_now_ms + 500), WEFT_CONN_FIN_WAIT);
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms + 600),
			 WEFT_CONN_CLOSE_WAIT);
	conntrack_pass(&packets[4], time_now_ms += 1000);
	assert_int_equal(time_touch(any, WEFT_CONN_REPLY, time_now_ms - 1), WEFT_CONN_LAST_ACK);
	assert_int_equal(time_touch(any, WEFT_CONN_ORIGINAL, time_now_ms + 1), WEFT_CONN_LAST_ACK);
	time_now_ms += 2;
	assert_int_equal(time_touch(any, WEFT_CONN_REPLY, time_now_ms), WEFT_CONN_TIME_WAIT);
	time_check_expiry(any, 123);
}

/* A change of the configuration is for the packets that come. */
static void
test_timeouts_change_at_run_time(void **state)
{
	struct weft_conf_timeouts shorter = time_timeouts;
	struct weft_conn_packet udp = conntrack_udp(1);
	struct weft_conn_row row;
	uint32_t conn;

	(void)state;
	conntrack_pass(&udp, time_now_ms);
	shorter.udp = 5;
	weft_conn_set_timeouts(&shorter);
	assert_true(conntrack_row(&udp, time_now_ms, &row, &conn));
	assert_int_equal(row.expires_sec, 32);
	conntrack_pass(&udp, ++time_now_ms);
	time_check_expiry(&udp, 5);
}

/* ---- slots ---- */

static uint32_t time_gens[2];

/* Since the last call: did the slot of the tuple move, did that of its news? */
static void
time_check_moved(const struct weft_conn_packet *packet, bool conn, bool news)
{
	uint32_t gens[] = { weft_gen_read(weft_conn_slot(&packet->tuple)),
			    weft_gen_read(weft_conn_news_slot(&packet->tuple)) };

	assert_int_equal(gens[0] != time_gens[0], conn);
	assert_int_equal(gens[1] != time_gens[1], news);
	memcpy(time_gens, gens, sizeof(gens));
}

static void
time_note(const struct weft_conn_packet *packet)
{
	time_gens[0] = weft_gen_read(weft_conn_slot(&packet->tuple));
	time_gens[1] = weft_gen_read(weft_conn_news_slot(&packet->tuple));
}

static void
test_slots_are_those_of_the_mirror_image(void **state)
{
	(void)state;
	for (uint16_t port = 1; port < 1000; port++) {
		struct weft_conn_packet packet = conntrack_udp(port), back = conntrack_back(packet);

		assert_int_equal(weft_conn_slot(&packet.tuple), weft_conn_slot(&back.tuple));
		assert_int_equal(weft_conn_news_slot(&packet.tuple),
				 weft_conn_news_slot(&back.tuple));
		assert_in_range(weft_conn_slot(&packet.tuple), 1, WEFT_GEN_SLOTS - 1);
		assert_in_range(weft_conn_news_slot(&packet.tuple), WEFT_GEN_SLOTS,
				WEFT_GEN_SLOTS + WEFT_GEN_NEWS_SLOTS - 1);
	}
}

static void
test_slots_move_when_they_must(void **state)
{
	struct weft_conn_packet udp = conntrack_udp(1), back = conntrack_back(udp);
	struct weft_conn_row row;
	uint32_t conn;

	(void)state;
	time_note(&udp);
	conntrack_look(&udp);
	time_check_moved(&udp, false, false);
	conntrack_pass(&udp, time_now_ms);
	time_check_moved(&udp, false, true);
	conntrack_pass(&udp, time_now_ms);
	conntrack_pass(&back, time_now_ms);
	weft_conn_touch(conntrack_look(&udp).conn, WEFT_CONN_REPLY, time_now_ms + 10);
	time_check_moved(&udp, false, false);
	weft_conn_remove(0, conntrack_look(&udp).conn);
	time_check_moved(&udp, true, false);
	conntrack_pass(&back, time_now_ms);
	time_check_moved(&udp, false, true);
	assert_true(conntrack_row(&back, time_now_ms, &row, &conn));
	assert_true(weft_conn_forget(conn, &row));
	time_check_moved(&udp, true, false);
	/* It is told about already; but it was used lately, and the sweep cannot know. */
	conntrack_expire(time_now_ms + 1000);
	time_note(&udp);
	/* Silent for longer than any flow lives: nothing stands on it. */
	conntrack_pass(&udp, time_now_ms += 1000);
	time_check_moved(&udp, false, true);
	assert_int_equal(conntrack_expire(time_now_ms + 32000), 1);
	time_check_moved(&udp, false, false);
	/* Flows live longer than it. */
	weft_conn_set_flow_idle(60);
	conntrack_pass(&udp, time_now_ms += 40000);
	time_note(&udp);
	assert_int_equal(conntrack_expire(time_now_ms + 32000), 1);
	time_check_moved(&udp, true, false);
}

static void
test_slots_of_tcp_move_when_they_must(void **state)
{
	struct weft_conn_packet syn = conntrack_tcp(1, SYN), ack = conntrack_tcp(1, ACK);
	struct weft_conn_packet syn_ack = conntrack_back(conntrack_tcp(1, SYN | ACK));
	struct weft_conn_packet rst = conntrack_tcp(1, RST);

	(void)state;
	time_note(&syn);
	conntrack_pass(&syn, time_now_ms);
	time_check_moved(&syn, false, true);
	/* An ACK is invalid now, and will not be later. */
	assert_int_equal(conntrack_look(&ack).verdict, WEFT_CONN_IS_INVALID);
	conntrack_pass(&syn_ack, time_now_ms);
	time_check_moved(&syn, false, true);
	conntrack_pass(&ack, time_now_ms);
	conntrack_pass(&ack, time_now_ms);
	conntrack_pass(&rst, time_now_ms);
	time_check_moved(&syn, false, false);
	/* Replaced. */
	conntrack_pass(&syn, time_now_ms);
	time_check_moved(&syn, true, true);
	assert_int_equal(weft_conn_count(), 1);
	/* An ACK may begin one when that is over. */
	assert_int_equal(conntrack_expire(time_now_ms + 121000), 1);
	time_check_moved(&syn, false, true);
}

/* ---- cut ---- */

static void
time_check_left(const struct weft_conn_packet *packet, uint32_t sec)
{
	struct weft_conn_row row;
	uint32_t conn;

	assert_true(conntrack_row(packet, time_now_ms, &row, &conn));
	assert_int_equal(row.expires_sec, sec);
}

static void
test_what_is_cut_stays_known_for_some_minutes(void **state)
{
	struct weft_conn_packet syn = conntrack_tcp(1, RTE_TCP_SYN_FLAG);
	struct weft_conn_packet ack = conntrack_tcp(1, RTE_TCP_ACK_FLAG), answer;
	struct weft_conn_look look;
	uint32_t conn;

	(void)state;
	answer = conntrack_back(conntrack_tcp(1, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG));
	conntrack_pass(&syn, time_now_ms);
	conntrack_pass(&answer, time_now_ms);
	conn = conntrack_pass(&ack, time_now_ms).conn;
	time_check_left(&ack, time_timeouts.tcp_established);
	time_note(&ack);
	weft_conn_cut(conn, time_now_ms);
	time_check_moved(&ack, true, false);
	time_check_left(&ack, 300);
	/* It is told of each packet, and so is the sweep; states do not change meanwhile. */
	time_now_ms += 200000;
	weft_conn_cut(conn, time_now_ms);
	time_check_moved(&ack, false, false);
	time_check_left(&ack, 300);
	weft_conn_touch(conn, WEFT_CONN_REPLY, time_now_ms += 100000);
	time_check_left(&ack, 300);
	look = conntrack_look(&ack);
	assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
	assert_true(look.is_cut);
	look = conntrack_look(&syn);
	assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
	assert_int_equal(look.in_the_way, conn);
	weft_conn_mend(conn);
	time_check_moved(&ack, true, false);
	time_check_left(&ack, time_timeouts.tcp_established);
	assert_false(conntrack_look(&ack).is_cut);
	weft_conn_cut(conn, time_now_ms);
	assert_int_equal(conntrack_expire(time_now_ms + 302000), 1);
}

/* A datagram does not tell where one stream ends and the next begins. */
static void
test_datagrams_of_what_is_cut_are_known(void **state)
{
	struct weft_conn_packet udp = conntrack_udp(1), back = conntrack_back(udp);
	uint32_t conn;

	(void)state;
	conntrack_pass(&udp, time_now_ms);
	conn = conntrack_look(&udp).conn;
	weft_conn_cut(conn, time_now_ms);
	assert_true(conntrack_look(&udp).is_cut);
	assert_true(conntrack_look(&back).is_cut);
	assert_false(conntrack_look(&back).is_replied);
	time_check_left(&udp, time_timeouts.udp);
}

#define TIME_TEST(name) cmocka_unit_test_setup_teardown(name, time_start, conntrack_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TIME_TEST(test_each_state_of_tcp_has_its_time),
		TIME_TEST(test_each_protocol_has_its_time),
		TIME_TEST(test_days_are_not_too_long),
		TIME_TEST(test_packets_keep_it_young),
		TIME_TEST(test_ignored_packets_keep_nothing_young),
		TIME_TEST(test_acks_in_summary_are_understood),
		TIME_TEST(test_timeouts_change_at_run_time),
		TIME_TEST(test_slots_are_those_of_the_mirror_image),
		TIME_TEST(test_slots_move_when_they_must),
		TIME_TEST(test_slots_of_tcp_move_when_they_must),
		TIME_TEST(test_what_is_cut_stays_known_for_some_minutes),
		TIME_TEST(test_datagrams_of_what_is_cut_are_known),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
