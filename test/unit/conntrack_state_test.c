/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * States: TCP as a table of walks, and all that is not TCP.
 */
#include "eal_helper.h"

#include "conntrack_helper.h"

#define STATE_STEPS_MAX 12

enum { NEW = WEFT_CONN_IS_NEW, KNOWN = WEFT_CONN_IS_KNOWN, INVALID = WEFT_CONN_IS_INVALID };

#define NONE WEFT_CONN_STATES
#define SENT WEFT_CONN_SYN_SENT
#define SENT2 WEFT_CONN_SYN_SENT2
#define RECV WEFT_CONN_SYN_RECV
#define ESTAB WEFT_CONN_ESTABLISHED
#define FINW WEFT_CONN_FIN_WAIT
#define CLOSEW WEFT_CONN_CLOSE_WAIT
#define LAST WEFT_CONN_LAST_ACK
#define TIMEW WEFT_CONN_TIME_WAIT
#define CLOSE WEFT_CONN_CLOSE

/* Who sends what, what that is, and the state after it. '>' begins. */
struct state_step {
	char who;
	uint8_t flags;
	int verdict, state;
};

struct state_walk {
	const char *what;
	struct state_step steps[STATE_STEPS_MAX];
};

/* clang-format off */
#define OPENED                                                                                     \
	{ '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV }, { '>', ACK, KNOWN, ESTAB }

static const struct state_walk state_walks[] = {
	{ "opened, used, closed by who opened it", {
		OPENED, { '>', ACK | PSH, KNOWN, ESTAB }, { '<', ACK, KNOWN, ESTAB },
		{ '>', FIN | ACK, KNOWN, FINW }, { '<', ACK, KNOWN, CLOSEW },
		{ '<', FIN | ACK, KNOWN, LAST }, { '>', ACK, KNOWN, TIMEW }, { '>', ACK, KNOWN, TIMEW } } },
	{ "closed by the other side", {
		OPENED, { '<', FIN | ACK, KNOWN, FINW }, { '>', ACK, KNOWN, CLOSEW },
		{ '>', FIN | ACK, KNOWN, LAST }, { '<', ACK, KNOWN, TIMEW } } },
	{ "closed in three steps", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '>', ACK, KNOWN, TIMEW } } },
	{ "closed by both at once", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '<', ACK, KNOWN, LAST }, { '>', ACK, KNOWN, TIMEW }, { '<', ACK, KNOWN, TIMEW } } },
	{ "half closed, and used the other way", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '>', ACK, KNOWN, FINW },
		{ '<', ACK, KNOWN, CLOSEW }, { '<', ACK | PSH, KNOWN, CLOSEW }, { '>', ACK, KNOWN, CLOSEW },
		{ '<', FIN | ACK, KNOWN, LAST } } },
	{ "who closes repeats itself", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '>', FIN | ACK, KNOWN, FINW },
		{ '<', ACK, KNOWN, CLOSEW }, { '>', FIN | ACK, KNOWN, CLOSEW },
		{ '<', FIN | ACK, KNOWN, LAST }, { '<', FIN | ACK, KNOWN, LAST },
		{ '>', FIN | ACK, KNOWN, LAST }, { '>', ACK, KNOWN, TIMEW } } },
	{ "the FIN comes with the handshake's last ACK", {
		{ '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV }, { '>', FIN | ACK, KNOWN, FINW } } },
	{ "the server closes before it was acknowledged", {
		{ '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV }, { '<', FIN | ACK, KNOWN, FINW },
		{ '>', ACK, KNOWN, CLOSEW } } },
	{ "SYNs and SYN|ACKs are repeated", {
		{ '>', SYN, NEW, SENT }, { '>', SYN, KNOWN, SENT }, { '<', SYN | ACK, KNOWN, RECV },
		{ '<', SYN | ACK, KNOWN, RECV }, { '>', SYN, KNOWN, RECV }, { '<', SYN | ACK, KNOWN, RECV },
		{ '<', ACK, KNOWN, RECV }, { '>', ACK, KNOWN, ESTAB }, { '<', SYN | ACK, KNOWN, ESTAB } } },
	{ "both open at once", {
		{ '>', SYN, NEW, SENT }, { '<', SYN, KNOWN, SENT2 }, { '>', SYN, KNOWN, SENT2 },
		{ '<', SYN, KNOWN, SENT2 }, { '>', SYN | ACK, KNOWN, RECV }, { '<', SYN | ACK, KNOWN, RECV },
		{ '>', SYN | ACK, KNOWN, RECV }, { '>', ACK, KNOWN, ESTAB } } },
	{ "both open at once, and the other answers first", {
		{ '>', SYN, NEW, SENT }, { '<', SYN, KNOWN, SENT2 }, { '<', SYN | ACK, KNOWN, RECV } } },
	{ "a SYN that is answered by an ACK: half open", {
		{ '>', SYN, NEW, SENT }, { '<', ACK, KNOWN, SENT }, { '>', RST, KNOWN, CLOSE } } },
	{ "refused", { { '>', SYN, NEW, SENT }, { '<', RST | ACK, KNOWN, CLOSE } } },
	{ "refused, and tried again at once", {
		{ '>', SYN, NEW, SENT }, { '<', RST | ACK, KNOWN, CLOSE }, { '>', SYN, NEW, SENT } } },
	{ "the client gives up", { { '>', SYN, NEW, SENT }, { '>', RST, KNOWN, CLOSE } } },
	{ "reset in the middle", {
		OPENED, { '<', RST, KNOWN, CLOSE }, { '>', ACK, KNOWN, CLOSE }, { '>', FIN | ACK, KNOWN, CLOSE },
		{ '>', RST, KNOWN, CLOSE } } },
	{ "reset while it is opened", {
		{ '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV }, { '>', RST, KNOWN, CLOSE } } },
	{ "reset while both open it", {
		{ '>', SYN, NEW, SENT }, { '<', SYN, KNOWN, SENT2 }, { '<', RST, KNOWN, CLOSE } } },
	{ "reset instead of a FIN's answer", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', RST, KNOWN, CLOSE } } },
	{ "reset in CLOSE_WAIT", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', ACK, KNOWN, CLOSEW }, { '>', RST, KNOWN, CLOSE } } },
	{ "reset in LAST_ACK", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '<', RST, KNOWN, CLOSE } } },
	{ "reset in TIME_WAIT", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '>', ACK, KNOWN, TIMEW }, { '>', RST, KNOWN, CLOSE } } },
	{ "opened again out of TIME_WAIT", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '>', ACK, KNOWN, TIMEW }, { '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV },
		{ '>', ACK, KNOWN, ESTAB } } },
	{ "opened again out of LAST_ACK", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST }, { '>', SYN, NEW, SENT } } },
	{ "not opened again by the other side out of LAST_ACK", {
		OPENED, { '>', FIN | ACK, KNOWN, FINW }, { '<', FIN | ACK, KNOWN, LAST },
		{ '<', SYN, INVALID, LAST } } },
	{ "a SYN in the middle changes nothing", {
		OPENED, { '>', SYN, KNOWN, ESTAB }, { '<', ACK, KNOWN, ESTAB }, { '>', RST, KNOWN, CLOSE },
		{ '>', SYN, NEW, SENT } } },
	{ "a SYN in the middle that the other side believes", {
		OPENED, { '>', SYN, KNOWN, ESTAB }, { '<', SYN | ACK, KNOWN, RECV }, { '>', ACK, KNOWN, ESTAB } } },
	{ "a SYN that was ignored before other packets is forgotten", {
		OPENED, { '>', SYN, KNOWN, ESTAB }, { '>', ACK, KNOWN, ESTAB }, { '<', SYN | ACK, KNOWN, ESTAB } } },
	{ "a SYN while the old one is being closed", {
		OPENED, { '<', FIN | ACK, KNOWN, FINW }, { '>', SYN, KNOWN, FINW }, { '<', SYN | ACK, KNOWN, RECV } } },
	{ "the server does not begin", {
		OPENED, { '<', SYN, INVALID, ESTAB }, { '<', FIN | ACK, KNOWN, FINW }, { '<', SYN, INVALID, FINW },
		{ '>', ACK, KNOWN, CLOSEW }, { '<', SYN, INVALID, CLOSEW } } },
	{ "nor does it while it answers", {
		{ '>', SYN, NEW, SENT }, { '<', SYN | ACK, KNOWN, RECV }, { '<', SYN, INVALID, RECV } } },
	{ "the client does not answer itself", {
		{ '>', SYN, NEW, SENT }, { '>', SYN | ACK, INVALID, SENT }, { '>', ACK, INVALID, SENT },
		{ '>', FIN | ACK, INVALID, SENT }, { '<', FIN | ACK, INVALID, SENT } } },
	{ "nor later", {
		OPENED, { '>', SYN | ACK, INVALID, ESTAB }, { '>', FIN | ACK, KNOWN, FINW },
		{ '>', SYN | ACK, INVALID, FINW }, { '<', FIN | ACK, KNOWN, LAST }, { '>', SYN | ACK, INVALID, LAST },
		{ '>', ACK, KNOWN, TIMEW }, { '>', SYN | ACK, INVALID, TIMEW }, { '<', SYN | ACK, KNOWN, TIMEW } } },
	{ "while both open, neither is there yet", {
		{ '>', SYN, NEW, SENT }, { '<', SYN, KNOWN, SENT2 }, { '>', ACK, INVALID, SENT2 },
		{ '<', ACK, KNOWN, SENT2 }, { '>', FIN | ACK, INVALID, SENT2 }, { '<', FIN | ACK, INVALID, SENT2 } } },
	{ "picked up in the middle", {
		{ '>', ACK, NEW, ESTAB }, { '<', ACK | PSH, KNOWN, ESTAB }, { '>', FIN | ACK, KNOWN, FINW },
		{ '<', ACK, KNOWN, CLOSEW } } },
	{ "picked up by data that is urgent", { { '>', ACK | URG | PSH, NEW, ESTAB } } },
	{ "picked up too late", { { '>', FIN | ACK, INVALID, NONE }, { '<', FIN | ACK, INVALID, NONE } } },
	{ "a RST out of the blue", { { '>', RST, INVALID, NONE }, { '>', RST | ACK, INVALID, NONE } } },
	{ "a SYN|ACK out of the blue", { { '>', SYN | ACK, INVALID, NONE } } },
	{ "congestion bits and PSH mean nothing", {
		{ '>', SYN | ECE | CWR, NEW, SENT }, { '<', SYN | ACK | ECE, KNOWN, RECV },
		{ '>', ACK | CWR | PSH, KNOWN, ESTAB }, { '>', FIN | ACK | PSH | URG, KNOWN, FINW },
		{ '<', RST | ACK | PSH, KNOWN, CLOSE } } },
	{ "an urgent SYN", { { '>', SYN | URG, NEW, SENT } } },
	{ "flags that nobody sends begin nothing", {
		{ '>', 0, INVALID, NONE }, { '>', FIN, INVALID, NONE }, { '>', URG, INVALID, NONE },
		{ '>', PSH, INVALID, NONE }, { '>', SYN | FIN, INVALID, NONE }, { '>', SYN | RST, INVALID, NONE },
		{ '>', FIN | URG | PSH, INVALID, NONE }, { '>', FIN | SYN | RST | PSH | ACK | URG, INVALID, NONE } } },
	{ "nor are they part of something", {
		OPENED, { '>', 0, INVALID, ESTAB }, { '<', FIN, INVALID, ESTAB }, { '>', SYN | FIN, INVALID, ESTAB },
		{ '<', RST | URG, INVALID, ESTAB }, { '<', RST | FIN | ACK, INVALID, ESTAB },
		{ '>', SYN | ACK | URG, INVALID, ESTAB }, { '>', SYN | RST | ACK, INVALID, ESTAB } } },
};
/* clang-format on */

static uint32_t state_now_ms = 1000;

static int
state_start(void **state)
{
	(void)state;
	return weft_conn_create(1024, 1);
}

static void
state_check(const struct weft_conn_packet *packet, int state, const char *what, size_t step)
{
	struct weft_conn_row row = { .state = NONE };
	uint32_t conn;

	if (!conntrack_row(packet, state_now_ms, &row, &conn))
		row.state = NONE;
	if ((int)row.state != state)
		fail_msg("%s, step %zu: %s, not %s", what, step, weft_conn_state_name(row.state),
			 weft_conn_state_name(state));
}

static void
state_walk(const struct state_walk *walk, uint16_t port)
{
	for (size_t i = 0; i < STATE_STEPS_MAX && walk->steps[i].who != 0; i++) {
		const struct state_step *step = &walk->steps[i];
		struct weft_conn_packet packet = conntrack_tcp(port, step->flags);
		struct weft_conn_look look;

		if (step->who == '<')
			packet = conntrack_back(packet);
		look = conntrack_pass(&packet, state_now_ms++);
		if ((int)look.verdict != step->verdict)
			fail_msg("%s, step %zu: verdict %d, not %d", walk->what, i, look.verdict,
				 step->verdict);
		if (look.verdict == WEFT_CONN_IS_KNOWN)
			assert_int_equal(look.direction,
					 step->who == '<' ? WEFT_CONN_REPLY : WEFT_CONN_ORIGINAL);
		state_check(&packet, step->state, walk->what, i);
	}
}

static void
test_tcp_goes_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(state_walks); i++)
		state_walk(&state_walks[i], (uint16_t)(1000 + i));
}

/* Both sides may be the next to begin, when all is over. */
static void
test_a_connection_that_is_over_makes_room(void **state)
{
	static const struct state_walk over[] = {
		{ "TIME_WAIT",
		  { OPENED,
		    { '>', FIN | ACK, KNOWN, FINW },
		    { '<', FIN | ACK, KNOWN, LAST },
		    { '>', ACK, KNOWN, TIMEW } } },
		{ "CLOSE", { OPENED, { '>', RST, KNOWN, CLOSE } } },
	};

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(over); i++) {
		struct weft_conn_packet syn = conntrack_back(conntrack_tcp(3000 + i, SYN));
		struct weft_conn_look look;
		struct weft_conn_row row;
		uint32_t conn;

		state_walk(&over[i], 3000 + i);
		assert_true(conntrack_row(&syn, state_now_ms, &row, &conn));
		look = conntrack_look(&syn);
		assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
		assert_int_equal(look.in_the_way, conn);
		conntrack_pass(&syn, state_now_ms);
		assert_true(conntrack_row(&syn, state_now_ms, &row, &conn));
		assert_int_equal(row.state, WEFT_CONN_SYN_SENT);
		assert_memory_equal(&row.original, &syn.tuple, sizeof(syn.tuple));
		assert_int_not_equal(conn, look.in_the_way);
		syn = conntrack_tcp(3000 + i, SYN | ACK);
		assert_int_equal(conntrack_look(&syn).direction, WEFT_CONN_REPLY);
	}
}

/* Of 256 combinations in any state and direction, only those that TCP sends are not invalid. */
static void
test_illegal_flags_are_always_invalid(void **state)
{
	static const uint8_t legal[] = { SYN,	    SYN | URG, SYN | ACK,	RST,	  RST | ACK,
					 FIN | ACK, ACK,       FIN | ACK | URG, ACK | URG };

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(state_walks); i++) {
		state_walk(&state_walks[i], 5000 + i);
		for (int flags = 0; flags < 256; flags++) {
			struct weft_conn_packet packet = conntrack_tcp(5000 + i, (uint8_t)flags);
			struct weft_conn_packet back = conntrack_back(packet);
			bool is_legal = false;

			for (size_t k = 0; k < RTE_DIM(legal); k++)
				is_legal |= (flags & ~(PSH | ECE | CWR)) == legal[k];
			if (is_legal)
				continue;
			assert_int_equal(conntrack_look(&packet).verdict, WEFT_CONN_IS_INVALID);
			assert_int_equal(conntrack_look(&back).verdict, WEFT_CONN_IS_INVALID);
		}
	}
}

static void
state_check_row(const struct weft_conn_packet *packet, enum weft_conn_state state, bool is_replied,
		bool is_assured)
{
	struct weft_conn_row row;
	uint32_t conn;

	assert_true(conntrack_row(packet, state_now_ms, &row, &conn));
	assert_int_equal(row.state, state);
	assert_int_equal(row.is_replied, is_replied);
	assert_int_equal(row.is_assured, is_assured);
}

static void
test_tcp_is_assured_when_it_was_established(void **state)
{
	struct weft_conn_packet syn = conntrack_tcp(1, SYN), syn_ack, ack = conntrack_tcp(1, ACK);
	struct weft_conn_packet late = conntrack_tcp(2, ACK), back = conntrack_back(late);

	(void)state;
	syn_ack = conntrack_back(conntrack_tcp(1, SYN | ACK));
	conntrack_pass(&syn, state_now_ms);
	state_check_row(&syn, WEFT_CONN_SYN_SENT, false, false);
	conntrack_pass(&syn_ack, state_now_ms);
	state_check_row(&syn, WEFT_CONN_SYN_RECV, true, false);
	conntrack_pass(&ack, state_now_ms);
	state_check_row(&syn, WEFT_CONN_ESTABLISHED, true, true);

	conntrack_pass(&late, state_now_ms);
	conntrack_pass(&late, state_now_ms);
	state_check_row(&late, WEFT_CONN_ESTABLISHED, false, false);
	conntrack_pass(&back, state_now_ms);
	state_check_row(&late, WEFT_CONN_ESTABLISHED, true, true);
}

static void
test_udp_becomes_a_stream(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_UDPLITE };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		struct weft_conn_packet question = conntrack_packet(protocols[i], 1, 1000, 2, 53);
		struct weft_conn_packet answer = conntrack_back(question);

		assert_int_equal(conntrack_pass(&question, state_now_ms).verdict, WEFT_CONN_IS_NEW);
		conntrack_pass(&question, state_now_ms);
		state_check_row(&question, WEFT_CONN_UDP, false, false);
		assert_int_equal(conntrack_pass(&answer, state_now_ms).direction, WEFT_CONN_REPLY);
		state_check_row(&question, WEFT_CONN_UDP_STREAM, true, true);
		conntrack_pass(&question, state_now_ms);
		state_check_row(&question, WEFT_CONN_UDP_STREAM, true, true);
	}
}

static void
test_what_has_no_states_has_two_directions(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_GRE,  IPPROTO_SCTP,   IPPROTO_DCCP,
					     IPPROTO_IPIP, IPPROTO_ICMPV6, 0 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		struct weft_conn_packet forth = conntrack_packet(protocols[i], 1, 0, 2, 0);
		struct weft_conn_packet back = conntrack_back(forth);

		assert_int_equal(conntrack_pass(&forth, state_now_ms).verdict, WEFT_CONN_IS_NEW);
		state_check_row(&forth, WEFT_CONN_GENERIC, false, false);
		assert_int_equal(conntrack_pass(&back, state_now_ms).verdict, WEFT_CONN_IS_KNOWN);
		state_check_row(&forth, WEFT_CONN_GENERIC, true, false);
	}
}

/* Zones, protocols and families do not know each other. */
static void
test_every_part_of_a_tuple_counts(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(4000), other;

	(void)state;
	conntrack_pass(&packet, state_now_ms);
	for (size_t i = 0; i < sizeof(packet.tuple); i++) {
		other = packet;
		((uint8_t *)&other.tuple)[i] ^= 0x20;
		assert_int_not_equal(conntrack_look(&other).verdict, WEFT_CONN_IS_KNOWN);
		other = conntrack_back(other);
		assert_int_not_equal(conntrack_look(&other).verdict, WEFT_CONN_IS_KNOWN);
	}
	/* Not the mirror image, though it has the same ends. */
	other = packet;
	other.tuple.src_port = packet.tuple.dst_port;
	other.tuple.dst_port = packet.tuple.src_port;
	assert_int_equal(conntrack_look(&other).verdict, WEFT_CONN_IS_NEW);
}

static void
test_icmp_questions_have_answers(void **state)
{
	static const struct {
		uint8_t family, question, answer;
	} pairs[] = {
		{ AF_INET, 8, 0 },   { AF_INET, 13, 14 },    { AF_INET, 15, 16 },
		{ AF_INET, 17, 18 }, { AF_INET6, 128, 129 }, { AF_INET6, 139, 140 },
	};

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(pairs); i++) {
		uint8_t family = pairs[i].family;
		struct weft_conn_packet question = conntrack_icmp(family, pairs[i].question, 7);
		struct weft_conn_packet answer =
			conntrack_back(conntrack_icmp(family, pairs[i].answer, 7));

		assert_int_equal(conntrack_look(&answer).verdict, WEFT_CONN_IS_INVALID);
		assert_int_equal(conntrack_pass(&question, state_now_ms).verdict, WEFT_CONN_IS_NEW);
		assert_int_equal(conntrack_pass(&answer, state_now_ms).verdict, WEFT_CONN_IS_KNOWN);
		assert_int_equal(conntrack_look(&answer).direction, WEFT_CONN_REPLY);
		assert_int_equal(conntrack_pass(&question, state_now_ms).verdict,
				 WEFT_CONN_IS_KNOWN);
		/* An answer from the wrong side. */
		answer = conntrack_back(answer);
		assert_int_equal(conntrack_look(&answer).verdict, WEFT_CONN_IS_INVALID);
		assert_int_equal(weft_conn_count(), i + 1);
	}
}

static void
test_two_hosts_ask_each_other_with_one_identifier(void **state)
{
	struct weft_conn_packet forth = conntrack_icmp(AF_INET, 8, 9), back = conntrack_back(forth);
	struct weft_conn_packet to_back = conntrack_icmp(AF_INET, 0, 9);
	struct weft_conn_look look;
	uint32_t first, second;

	(void)state;
	first = conntrack_pass(&forth, state_now_ms).conn;
	look = conntrack_pass(&back, state_now_ms);
	assert_int_equal(look.verdict, WEFT_CONN_IS_NEW);
	second = look.conn;
	assert_int_not_equal(first, second);
	assert_int_equal(conntrack_look(&forth).conn, first);
	assert_int_equal(conntrack_look(&back).conn, second);
	assert_int_equal(conntrack_look(&to_back).conn, second);
	assert_int_equal(conntrack_look(&to_back).direction, WEFT_CONN_REPLY);
	look = conntrack_look(&to_back);
	assert_memory_equal(&look.original, &back.tuple, sizeof(back.tuple));
	assert_int_equal(weft_conn_count(), 2);
}

static void
test_icmp_that_asks_nothing_is_invalid(void **state)
{
	(void)state;
	for (int type = 0; type < 256; type++) {
		struct weft_conn_packet packet = conntrack_icmp(AF_INET, (uint8_t)type, 1);
		bool is_question = type == 8 || type == 13 || type == 15 || type == 17;

		assert_int_equal(conntrack_look(&packet).verdict,
				 is_question ? WEFT_CONN_IS_NEW : WEFT_CONN_IS_INVALID);
		packet = conntrack_icmp(AF_INET6, (uint8_t)type, 1);
		assert_int_equal(conntrack_look(&packet).verdict, type == 128 || type == 139 ?
									  WEFT_CONN_IS_NEW :
									  WEFT_CONN_IS_INVALID);
	}
}

static void
test_states_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < WEFT_CONN_STATES; i++)
		assert_string_not_equal(weft_conn_state_name(i), "?");
	assert_string_equal(weft_conn_state_name(WEFT_CONN_SYN_SENT2), "SYN_SENT2");
	assert_string_equal(weft_conn_state_name(WEFT_CONN_STATES), "?");
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, state_start, conntrack_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(test_tcp_goes_its_way),
		STATE_TEST(test_a_connection_that_is_over_makes_room),
		STATE_TEST(test_illegal_flags_are_always_invalid),
		STATE_TEST(test_tcp_is_assured_when_it_was_established),
		STATE_TEST(test_udp_becomes_a_stream),
		STATE_TEST(test_what_has_no_states_has_two_directions),
		STATE_TEST(test_every_part_of_a_tuple_counts),
		STATE_TEST(test_icmp_questions_have_answers),
		STATE_TEST(test_two_hosts_ask_each_other_with_one_identifier),
		STATE_TEST(test_icmp_that_asks_nothing_is_invalid),
		cmocka_unit_test(test_states_have_names),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
