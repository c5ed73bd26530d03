/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer headers: what is read from them, what is wrong with them, and that nothing beyond the given
 * length is looked at. Packets are in words, see path_tunnel_helper.h.
 */
#include "path_tunnel_helper.h"

#include "dice_helper.h"
#include "tunnel/outer.h"

static const char tunnel_outer_inner[] = "b < a udp 10.0.0.1 10.0.0.2 100";

static struct weft_terminator
tunnel_outer_terminator(void)
{
	struct weft_conf_endpoint conf = {
		.is_there = true,
		.vlan = path_frame_self.vlan,
		.vxlan_port = path_frame_self.vxlan_port,
		.geneve_port = path_frame_self.geneve_port,
		.has_mac = true,
		.mac = { { 2, 0, 0, 0, 0, 0xee } },
	};
	struct weft_terminator terminator;
	struct weft_endpoint *endpoint;

	conf.address.family = path_frame_is_ip6(path_frame_self.address) ? AF_INET6 : AF_INET;
	conf.address.prefix = conf.address.family == AF_INET ? 24 : 64;
	path_frame_put_address(conf.address.bytes, path_frame_self.address);
	endpoint = weft_endpoint_create(&conf, 0);
	assert_non_null(endpoint);
	terminator = endpoint->terminator;
	weft_endpoint_destroy(endpoint);
	return terminator;
}

/* In memory of just that size. @return whether it is for the endpoint and a tunnel packet */
static bool
tunnel_outer_read(const struct weft_terminator *terminator, const uint8_t *bytes, uint32_t length,
		  uint32_t wire_length, struct weft_outer *outer, uint32_t *excess)
{
	uint8_t *copy = malloc(length + 1);
	bool is_tunnel = false;
	uint32_t l3;

	assert_non_null(copy);
	memmove(copy + 1, bytes, length);
	l3 = weft_terminator_takes(terminator, copy + 1, length);
	if (l3 != 0)
		is_tunnel = weft_outer_parse(outer, copy + 1, length, wire_length, l3, terminator,
					     excess);
	/* What is to be read next is there, and the excess is not all. */
	if (is_tunnel && outer->inner != 0) {
		assert_true(outer->inner + 14u <= length);
		assert_true(outer->inner + 14u + *excess <= wire_length);
	}
	free(copy);
	return is_tunnel;
}

struct tunnel_outer_row {
	const char *words; /* "FORMAT SEGMENT from ADDRESS ..." */
	enum weft_outer_note note;
	uint32_t excess;
};

static void
tunnel_outer_check(const struct tunnel_outer_row *row)
{
	struct weft_terminator terminator = tunnel_outer_terminator();
	struct weft_outer outer;
	struct path_frame frame;
	uint8_t src[16] = { 0 };
	char text[300], via[16], from[64];
	uint32_t excess, segment;

	snprintf(text, sizeof(text), "%s / %s", row->words, tunnel_outer_inner);
	path_tunnel_build(&frame, text);
	assert_int_equal(sscanf(row->words, "%15s %u from %63s", via, &segment, from), 3);
	path_frame_put_address(src, from);
	assert_true(tunnel_outer_read(&terminator, frame.bytes, frame.length + frame.padding,
				      frame.length + frame.padding, &outer, &excess));
	if (outer.note != row->note)
		print_error("%s\n", text);
	assert_int_equal(outer.note, row->note);
	assert_int_equal(excess, row->excess);
	if (row->note >= WEFT_OUTER_ADDRESS && row->note != WEFT_OUTER_CE_DROP)
		return;
	assert_int_equal(outer.segment, segment);
	assert_string_equal(weft_network_type_name(outer.via), via);
	assert_memory_equal(outer.src, src, sizeof(src));
	assert_int_equal(outer.inner, frame.inner);
}

static const struct tunnel_outer_row tunnel_outer_four[] = {
	{ "vxlan 1 from 192.0.2.2", WEFT_OUTER_FINE, 0 },
	{ "vxlan 16777215 from 198.51.100.1", WEFT_OUTER_FINE, 0 },
	{ "geneve 16777215 from 192.0.2.2", WEFT_OUTER_FINE, 0 },
	{ "gre 4294967295 from 192.0.2.2", WEFT_OUTER_FINE, 0 },
	{ "gre 7 from 192.0.2.2 checksum", WEFT_OUTER_FINE, 0 },
	{ "gre 7 from 192.0.2.2 sequence", WEFT_OUTER_FINE, 0 },
	{ "gre 7 from 192.0.2.2 checksum sequence", WEFT_OUTER_FINE, 0 },
	{ "vxlan 1 from 192.0.2.2 padding 17", WEFT_OUTER_FINE, 17 },
	{ "gre 1 from 192.0.2.2 padding 1", WEFT_OUTER_FINE, 1 },
	{ "vxlan 1 from 192.0.2.2 cut 14", WEFT_OUTER_FINE, 0 },
	{ "vxlan 1 from 192.0.2.2 cut 13", WEFT_OUTER_RUNT, 0 },
	{ "gre 1 from 192.0.2.2 cut 1", WEFT_OUTER_RUNT, 0 },
	{ "vxlan 1 from 192.0.2.2 to 192.0.2.3", WEFT_OUTER_ADDRESS, 0 },
	{ "vxlan 1 from 192.0.2.1", WEFT_OUTER_OWN, 0 },
	{ "vxlan 1 from 192.0.2.2 bad-sum", WEFT_OUTER_CHECKSUM, 0 },
	{ "vxlan 1 from 192.0.2.2 fragment", WEFT_OUTER_FRAGMENT, 0 },
	{ "vxlan 1 from 192.0.2.2 too-long", WEFT_OUTER_LENGTH, 0 },
	{ "vxlan 1 from 192.0.2.2 bad-udp", WEFT_OUTER_LENGTH, 0 },
	{ "vxlan 1 from 192.0.2.2 no-flags", WEFT_OUTER_SHIM, 0 },
	{ "geneve 1 from 192.0.2.2 no-flags", WEFT_OUTER_SHIM, 0 },
	{ "gre 1 from 192.0.2.2 no-flags", WEFT_OUTER_SHIM, 0 },
	{ "geneve 1 from 192.0.2.2 critical", WEFT_OUTER_OPTION, 0 },
	{ "geneve 1 from 192.0.2.2 not-ethernet", WEFT_OUTER_PAYLOAD, 0 },
	{ "gre 1 from 192.0.2.2 not-ethernet", WEFT_OUTER_PAYLOAD, 0 },
	{ "vxlan 1 from 192.0.2.2 ecn 3", WEFT_OUTER_CE_DROP, 0 },
	/* The first that is wrong is told. */
	{ "vxlan 1 from 192.0.2.2 to 192.0.2.3 bad-sum no-flags", WEFT_OUTER_ADDRESS, 0 },
	{ "vxlan 1 from 192.0.2.2 bad-sum fragment", WEFT_OUTER_CHECKSUM, 0 },
};

static const struct tunnel_outer_row tunnel_outer_six[] = {
	{ "vxlan 1 from 2001:db8::2", WEFT_OUTER_FINE, 0 },
	{ "geneve 5 from 2001:db8::2 padding 3", WEFT_OUTER_FINE, 3 },
	{ "gre 5 from 2001:db8::2", WEFT_OUTER_FINE, 0 },
	{ "vxlan 1 from 2001:db8::2 cut 13", WEFT_OUTER_RUNT, 0 },
	{ "vxlan 1 from 2001:db8::2 to 2001:db8::3", WEFT_OUTER_ADDRESS, 0 },
	{ "vxlan 1 from 2001:db8::1", WEFT_OUTER_OWN, 0 },
	{ "vxlan 1 from 2001:db8::2 fragment", WEFT_OUTER_FRAGMENT, 0 },
	{ "vxlan 1 from 2001:db8::2 too-long", WEFT_OUTER_LENGTH, 0 },
	{ "vxlan 1 from 2001:db8::2 bad-udp", WEFT_OUTER_LENGTH, 0 },
	{ "vxlan 1 from 2001:db8::2 no-flags", WEFT_OUTER_SHIM, 0 },
	{ "vxlan 1 from 2001:db8::2 ecn 3", WEFT_OUTER_CE_DROP, 0 },
};

static void
tunnel_outer_self(bool is_ip6, uint16_t vlan)
{
	path_frame_self = (struct path_frame_self){
		.address = is_ip6 ? "2001:db8::1" : "192.0.2.1",
		.vlan = vlan,
		.vxlan_port = 4789,
		.geneve_port = 6081,
		.ttl = 64,
	};
}

static void
test_every_note(void **state)
{
	(void)state;
	for (uint16_t vlan = 0; vlan < 20; vlan += 10) {
		tunnel_outer_self(false, vlan);
		for (size_t i = 0; i < RTE_DIM(tunnel_outer_four); i++)
			tunnel_outer_check(&tunnel_outer_four[i]);
		tunnel_outer_self(true, vlan);
		for (size_t i = 0; i < RTE_DIM(tunnel_outer_six); i++)
			tunnel_outer_check(&tunnel_outer_six[i]);
	}
}

/* RFC 6040 section 4.2, figure 4, in the words of the RFC: what the inner header says then. */
static void
test_congestion_by_the_table_of_the_rfc(void **state)
{
	enum { NOT = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = 4 };
	static const uint8_t figure[4][4] = {
		/* outer:   NOT  ECT1  ECT0  CE */
		[NOT] = { NOT, NOT, NOT, DROP },
		[ECT1] = { ECT1, ECT1, ECT1, CE },
		[ECT0] = { ECT0, ECT1, ECT0, CE },
		[CE] = { CE, CE, CE, CE },
	};

	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t inside = i & 3, outside = i >> 2 & 3;
		bool is_outer_six = i & 16, is_inner_six = i & 32;
		struct weft_terminator terminator;
		struct weft_outer outer;
		struct path_frame frame;
		uint32_t excess, says;
		char text[200];

		tunnel_outer_self(is_outer_six, 0);
		terminator = tunnel_outer_terminator();
		snprintf(text, sizeof(text), "vxlan 1 from %s ecn %u / b < a udp %s 80 ecn %u",
			 is_outer_six ? "2001:db8::2" : "192.0.2.2", outside,
			 is_inner_six ? "2001:db8:1::1 2001:db8:1::2" : "10.0.0.1 10.0.0.2",
			 inside);
		path_tunnel_build(&frame, text);
		assert_true(tunnel_outer_read(&terminator, frame.bytes, frame.length, frame.length,
					      &outer, &excess));
		says = outer.note == WEFT_OUTER_SET_CE	 ? CE :
		       outer.note == WEFT_OUTER_SET_ECT1 ? ECT1 :
		       outer.note == WEFT_OUTER_CE_DROP	 ? DROP :
							   inside;
		assert_int_equal(says, figure[inside][outside]);
	}
}

/* What is cut off, or not in the first buffer. */
static void
test_truncated_at_every_length(void **state)
{
	static const char *const words[] = { "vxlan 1 from %s", "geneve 1 from %s",
					     "gre 1 from %s checksum sequence" };

	(void)state;
	for (uint32_t i = 0; i < 12; i++) {
		struct weft_terminator terminator;
		struct weft_outer outer;
		struct path_frame frame;
		char text[200], head[80];
		uint32_t excess;

		tunnel_outer_self(i & 1, i & 2 ? 10 : 0);
		terminator = tunnel_outer_terminator();
		snprintf(head, sizeof(head), words[i / 4], i & 1 ? "2001:db8::2" : "192.0.2.2");
		snprintf(text, sizeof(text), "%s / %s", head, tunnel_outer_inner);
		path_tunnel_build(&frame, text);
		for (uint32_t length = 0; length < frame.length; length++) {
			if (tunnel_outer_read(&terminator, frame.bytes, length, length, &outer,
					      &excess))
				assert_int_equal(outer.note, WEFT_OUTER_LENGTH);
			if (!tunnel_outer_read(&terminator, frame.bytes, length, frame.length,
					       &outer, &excess))
				assert_true(length < 18);
			else
				assert_int_equal(outer.note, length < frame.inner + 14 ?
								     WEFT_OUTER_LENGTH :
								     WEFT_OUTER_FINE);
		}
	}
}

/* What is not for us, or no tunnel: the endpoint itself sees to that. */
static void
test_what_is_no_tunnel(void **state)
{
	static const char *const frames[] = {
		"ee < 02 udp 192.0.2.2 192.0.2.1 60",
		"ee < 02 ping 192.0.2.2 192.0.2.1",
		"ee < 02 ask 02 192.0.2.2 192.0.2.1",
		"ee < 02 udp 2001:db8::2 2001:db8::1 60",
	};
	struct weft_terminator terminator;
	struct weft_outer outer;
	struct path_frame frame;
	uint32_t excess;

	(void)state;
	tunnel_outer_self(false, 0);
	terminator = tunnel_outer_terminator();
	for (size_t i = 0; i < RTE_DIM(frames); i++) {
		path_frame_build(&frame, frames[i]);
		assert_false(tunnel_outer_read(&terminator, frame.bytes, frame.length, frame.length,
					       &outer, &excess));
	}
	/* Another MAC, another VLAN; a priority tag is none. */
	path_frame_build(&frame, "ed < 02");
	assert_int_equal(weft_terminator_takes(&terminator, frame.bytes, frame.length), 0);
	path_frame_build(&frame, "ee < 02 vlan 10");
	assert_int_equal(weft_terminator_takes(&terminator, frame.bytes, frame.length), 0);
	path_frame_build(&frame, "ee < 02 prio");
	assert_int_equal(weft_terminator_takes(&terminator, frame.bytes, frame.length), 18);
	path_frame_build(&frame, "ee < 02");
	assert_int_equal(weft_terminator_takes(&terminator, frame.bytes, frame.length), 14);
}

/* Right packets with wrong bytes, and what is no packet at all; sanitizers look on. */
static void
test_garbage(void **state)
{
	struct dice dice = { 40 };
	uint32_t notes[16] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		static const char *const words[] = { "vxlan 1", "geneve 1", "gre 1" };
		struct weft_terminator terminator;
		struct weft_outer outer;
		struct path_frame frame;
		char text[200];
		uint32_t excess;

		tunnel_outer_self(i & 1, 0);
		terminator = tunnel_outer_terminator();
		snprintf(text, sizeof(text), "%s from %s / %s", words[i % 3],
			 i & 1 ? "2001:db8::2" : "192.0.2.2", tunnel_outer_inner);
		path_tunnel_build(&frame, text);
		for (uint32_t n = dice_below(&dice, 4); n > 0; n--)
			frame.bytes[12 + dice_below(&dice, frame.inner + 4)] =
				(uint8_t)dice_roll(&dice);
		if (dice_once_in(&dice, 4))
			dice_fill(&dice, frame.bytes + 14 + dice_below(&dice, 40), 60);
		if (dice_once_in(&dice, 3))
			frame.length = dice_below(&dice, frame.length + 1);
		if (tunnel_outer_read(&terminator, frame.bytes, frame.length,
				      frame.length + dice_below(&dice, 2) * 50, &outer, &excess))
			notes[outer.note]++;
	}
	assert_true(notes[WEFT_OUTER_FINE] > 1000 && notes[WEFT_OUTER_LENGTH] > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_note),
		cmocka_unit_test(test_congestion_by_the_table_of_the_rfc),
		cmocka_unit_test(test_truncated_at_every_length),
		cmocka_unit_test(test_what_is_no_tunnel),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
