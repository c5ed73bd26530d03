/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time, of connections of a router: RFC 4787 REQ-5 and REQ-6, RFC 5382 REQ-5, RFC 5508 REQ-2 and
 * REQ-6, RFC 7857 2.2 and 11. What a connection holds expires when it does; other zones have times
 * of their own.
 *
 * The clock is a number, and begins a moment before 32 bits of milliseconds wrap.
 */
#include "eal_helper.h"

#include "conntrack_translated.h"

#define ROUTER_TIME_BEGIN (UINT32_MAX - 4321u)
#define ROUTER_TIME_MOST 8

/* '>' and '<', flags of TCP, and seconds since the packet before. */
struct router_time_step {
	char who;
	uint8_t flags;
	uint32_t sec;
};

struct router_time_case {
	const char *name;
	uint8_t protocol;
	uint32_t sec; /* that it lives after the last of: */
	struct router_time_step steps[ROUTER_TIME_MOST];
};

static uint32_t router_time_now_ms;

static int
router_time_start(void **state)
{
	static const struct weft_conf_timeouts others = { .udp = 1, .udp_stream = 2, .icmp = 3 };

	(void)state;
	router_time_now_ms = ROUTER_TIME_BEGIN;
	if (weft_conn_create(256, 1) != 0)
		return -1;
	weft_conn_set_timeouts(&others);
	weft_conn_set_router_timeouts(TRANSLATED_ROUTER - 1, &others);
	weft_conn_set_router_timeouts(TRANSLATED_ROUTER, &translated_timeouts);
	weft_conn_set_router_timeouts(TRANSLATED_ROUTER + 1, &others);
	return 0;
}

static struct weft_conn_packet
router_time_packet(uint8_t protocol, uint8_t flags)
{
	struct weft_conn_packet packet = translated_at_router(
		protocol == IPPROTO_TCP	 ? conntrack_tcp(5000, flags) :
		protocol == IPPROTO_ICMP ? conntrack_icmp(AF_INET, 8, 5000) :
					   conntrack_packet(protocol, 1, 5000, 2, 53));

	return packet;
}

/* Of the original direction, or of the other one, as each comes to the router. */
static struct weft_conn_packet
router_time_say(const struct router_time_case *what, const struct router_time_step *step,
		const struct weft_conn_change *change)
{
	struct weft_conn_packet packet = router_time_packet(what->protocol, step->flags);

	if (step->who == '<') {
		packet.tuple = weft_tuple_reverse(&change->translated);
		if (what->protocol == IPPROTO_ICMP)
			packet.icmp_type = 0;
	}
	return packet;
}

/* Its steps, each when the one before it has been long ago. */
static void
router_time_pass(const struct router_time_case *what, struct weft_conn_change *change)
{
	struct weft_conn_packet packet = router_time_packet(what->protocol, what->steps[0].flags);
	struct weft_conn_look look;
	uint32_t conn;

	*change = translated_change(&packet, 6000);
	assert_int_equal(
		translated_commit(0, &packet, change, CONNTRACK_NO_PORT, router_time_now_ms, &conn),
		WEFT_CONN_COMMITTED);
	for (int i = 1; i < ROUTER_TIME_MOST && what->steps[i].who != 0; i++) {
		router_time_now_ms += what->steps[i].sec * 1000;
		assert_int_equal(conntrack_expire(router_time_now_ms), 0);
		packet = router_time_say(what, &what->steps[i], change);
		look = translated_look(&packet);
		assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
		weft_conn_update(&packet, &look, router_time_now_ms);
	}
}

static void
router_time_check(const struct router_time_case *what)
{
	struct weft_conn_change change;

	router_time_pass(what, &change);
	router_time_now_ms += what->sec * 1000;
	assert_int_equal(conntrack_expire(router_time_now_ms - 1), 0);
	assert_true(weft_binding_is_there(&change.outside));
	assert_int_equal(conntrack_expire(router_time_now_ms), 1);
	translated_check_gone(&change);
	translated_check_empty();
	router_time_now_ms += 5;
}

static void
router_time_check_all(const struct router_time_case *cases, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		print_message("           %s\n", cases[i].name);
		router_time_check(&cases[i]);
	}
}

#define OPENED                                                                                     \
	{ '>', SYN, 0 }, { '<', SYN | ACK, 200 },                                                  \
	{                                                                                          \
		'>', ACK, 200                                                                      \
	}

/* RFC 5382, REQ-5; RFC 7857, 2.2. */
static void
test_tcp(void **state)
{
	static const struct router_time_case cases[] = {
		{ "begun", IPPROTO_TCP, 240, { { '>', SYN, 0 } } },
		{ "answered", IPPROTO_TCP, 240, { { '>', SYN, 0 }, { '<', SYN | ACK, 239 } } },
		{ "established", IPPROTO_TCP, 7440, { OPENED } },
		{ "used", IPPROTO_TCP, 7440, { OPENED, { '<', ACK, 7439 }, { '>', ACK, 7439 } } },
		{ "half closed", IPPROTO_TCP, 240, { OPENED, { '>', FIN | ACK, 7000 } } },
		{ "closed",
		  IPPROTO_TCP,
		  240,
		  { OPENED, { '>', FIN | ACK, 1 }, { '<', FIN | ACK, 1 }, { '>', ACK, 1 } } },
		{ "reset", IPPROTO_TCP, 240, { OPENED, { '<', RST, 7439 } } },
		{ "refused", IPPROTO_TCP, 0, { { '>', SYN, 0 }, { '<', RST | ACK, 1 } } },
	};

	(void)state;
	router_time_check_all(cases, RTE_DIM(cases));
}

/* RFC 4787, REQ-5 and REQ-6: whoever sends keeps it. */
static void
test_udp(void **state)
{
	static const struct router_time_case cases[] = {
		{ "asked", IPPROTO_UDP, 300, { { '>', 0, 0 } } },
		{ "answered", IPPROTO_UDP, 300, { { '>', 0, 0 }, { '<', 0, 299 } } },
		{ "kept from inside", IPPROTO_UDP, 300, { { '>', 0, 0 }, { '>', 0, 299 } } },
		{ "kept from both sides",
		  IPPROTO_UDP,
		  300,
		  { { '>', 0, 0 }, { '<', 0, 299 }, { '>', 0, 299 }, { '<', 0, 299 } } },
	};

	(void)state;
	router_time_check_all(cases, RTE_DIM(cases));
}

/* RFC 5508, REQ-2. */
static void
test_icmp(void **state)
{
	static const struct router_time_case cases[] = {
		{ "asked", IPPROTO_ICMP, 60, { { '>', 0, 0 } } },
		{ "answered", IPPROTO_ICMP, 60, { { '>', 0, 0 }, { '<', 0, 59 } } },
		{ "asked again", IPPROTO_ICMP, 60, { { '>', 0, 0 }, { '>', 0, 59 } } },
	};

	(void)state;
	router_time_check_all(cases, RTE_DIM(cases));
}

/* RFC 4787, REQ-6; RFC 7857, 11: with the last connection, not before. */
static void
test_a_binding_goes_with_the_last_that_is_kept(void **state)
{
	struct weft_conn_packet first = translated_udp(5000), second = first;
	struct weft_conn_change changes[2];
	struct weft_conn_look look;
	uint32_t conn;

	(void)state;
	memset(second.tuple.dst, 9, 4);
	changes[0] = translated_change(&first, 6000);
	changes[1] = translated_change(&second, 6000);
	assert_int_equal(translated_commit(0, &first, &changes[0], CONNTRACK_NO_PORT,
					   router_time_now_ms, &conn),
			 WEFT_CONN_COMMITTED);
	assert_int_equal(translated_commit(0, &second, &changes[1], CONNTRACK_NO_PORT,
					   router_time_now_ms, &conn),
			 WEFT_CONN_COMMITTED);
	router_time_now_ms += 200000;
	look = translated_look(&second);
	weft_conn_update(&second, &look, router_time_now_ms);
	assert_int_equal(conntrack_expire(router_time_now_ms + 100000), 1);
	assert_false(translated_is_permitted(&changes[0]));
	assert_true(weft_binding_is_there(&changes[0].outside));
	assert_int_equal(conntrack_expire(router_time_now_ms + 299999), 0);
	assert_true(translated_is_permitted(&changes[1]));
	assert_int_equal(conntrack_expire(router_time_now_ms + 300000), 1);
	translated_check_gone(&changes[0]);
	translated_check_gone(&changes[1]);
}

/* RFC 5508, REQ-6: an error about it changes nothing, neither does looking. */
static void
test_looking_keeps_nothing(void **state)
{
	struct weft_conn_packet packet = translated_udp(5000);
	struct weft_conn_change change = translated_change(&packet, 6000);
	struct weft_conn_look look;
	uint32_t conn;

	(void)state;
	translated_commit(0, &packet, &change, CONNTRACK_NO_PORT, router_time_now_ms, &conn);
	router_time_now_ms += 299000;
	assert_true(weft_conn_look_quoted(&(struct weft_conn_packet){ .tuple = change.translated },
					  &look));
	assert_int_equal(translated_look(&packet).verdict, WEFT_CONN_IS_KNOWN);
	assert_int_equal(conntrack_expire(router_time_now_ms + 1000), 1);
	translated_check_gone(&change);
}

int
main(void)
{
#define ROUTER_TIME_TEST(name)                                                                     \
	cmocka_unit_test_setup_teardown(name, router_time_start, conntrack_stop)
	const struct CMUnitTest tests[] = {
		ROUTER_TIME_TEST(test_tcp),
		ROUTER_TIME_TEST(test_udp),
		ROUTER_TIME_TEST(test_icmp),
		ROUTER_TIME_TEST(test_a_binding_goes_with_the_last_that_is_kept),
		ROUTER_TIME_TEST(test_looking_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
