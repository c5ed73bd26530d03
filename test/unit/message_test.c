/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP and ND: what is written is what the RFCs show, byte by byte; what is read is what was meant;
 * what is wrong is not read, and nothing beyond its end is looked at.
 */
#include "path_frame_helper.h"

#include "dice_helper.h"
#include "neighbour/message.h"
#include "wire/ether.h"

static struct weft_ip
message_test_ip(const char *text)
{
	bool is_ip6 = path_frame_is_ip6(text);
	struct weft_ip ip = { .family = is_ip6 ? AF_INET6 : AF_INET, .prefix = is_ip6 ? 128 : 32 };

	path_frame_put_address(ip.bytes, text);
	return ip;
}

static struct weft_speaker
message_test_speaker(const char *ip, uint16_t vlan)
{
	return (struct weft_speaker){
		.mac = { { 2, 0, 0, 0, 0, 0x0a } },
		.tag = vlan == 0 ? 0 : (uint16_t)(WEFT_TAG | vlan),
		.ip = message_test_ip(ip),
	};
}

/* In memory of just that size. */
static bool
message_test_read(struct weft_message *message, const struct path_frame *frame, uint32_t length)
{
	uint32_t l3 = frame->l2 + 2;
	uint8_t *copy = malloc(length + 2);
	rte_be16_t type;
	bool is_message;

	assert_non_null(copy);
	memcpy(&type, frame->bytes + frame->l2, sizeof(type));
	memcpy(copy + 2, frame->bytes + l3, length);
	is_message = weft_message_read(message, type, copy + 2, length);
	free(copy);
	return is_message;
}

struct message_test_row {
	const char *frame;
	bool is_message, asks, tells;
	const char *target, *sender;
};

static const struct message_test_row message_test_rows[] = {
	{ "* < a ask a 10.0.0.1 10.0.0.2", true, true, true, "10.0.0.2", "10.0.0.1" },
	{ "* < a ask a 0.0.0.0 10.0.0.2", true, true, false, "10.0.0.2", "0.0.0.0" }, /* a probe */
	{ "* < a ask a 10.0.0.1 10.0.0.1", true, false, true, "10.0.0.1",
	  "10.0.0.1" }, /* announced */
	{ "b < a reply a 10.0.0.1", true, false, true, "0.0.0.0", "10.0.0.1" },
	{ "* < a prio ask a 10.0.0.1 10.0.0.2", true, true, true, "10.0.0.2", "10.0.0.1" },
	{ "b < a reply zero 10.0.0.1", false, false, false, NULL, NULL },
	{ "b < a reply * 10.0.0.1", false, false, false, NULL, NULL },
	{ "b < a reply a 0.0.0.0", false, false, false, NULL, NULL },
	{ "group6 < a ns 2001:db8::1 2001:db8::2 a", true, true, true, "2001:db8::2",
	  "2001:db8::1" },
	{ "group6 < a ns 2001:db8::1 2001:db8::2", true, true, false, "2001:db8::2",
	  "2001:db8::1" },
	{ "group6 < a ns :: 2001:db8::2", true, true, false, "2001:db8::2", NULL }, /* DAD */
	{ "group6 < a na 2001:db8::1 a", true, false, true, "2001:db8::1", "2001:db8::1" },
	{ "b < a na 2001:db8::1", true, false, false, "2001:db8::1",
	  "2001:db8::1" }, /* confirmed */
	{ "group6 < a na 2001:db8::1 *", false, false, false, NULL, NULL },
	{ "group6 < a ns 2001:db8::1 2001:db8::2 a far", false, false, false, NULL, NULL },
	{ "b < a ping 2001:db8::1 2001:db8::2", false, false, false, NULL, NULL },
	{ "b < a ping 10.0.0.1 10.0.0.2", false, false, false, NULL, NULL },
	{ "b < a type 88b5", false, false, false, NULL, NULL },
};

static void
message_test_check_ip(const struct weft_ip *is, const char *should)
{
	struct weft_ip ip;

	if (should == NULL) {
		assert_int_equal(is->family, 0);
		return;
	}
	ip = message_test_ip(should);
	assert_int_equal(is->family, ip.family);
	assert_int_equal(is->prefix, ip.prefix);
	assert_memory_equal(is->bytes, ip.bytes, sizeof(ip.bytes));
}

static void
test_what_messages_mean(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(message_test_rows); i++) {
		const struct message_test_row *row = &message_test_rows[i];
		struct weft_message message;
		struct path_frame frame;
		bool is_message;

		path_frame_build(&frame, row->frame);
		is_message = message_test_read(&message, &frame, frame.length - frame.l2 - 2);
		if (is_message != row->is_message)
			print_error("%s\n", row->frame);
		assert_int_equal(is_message, row->is_message);
		if (!is_message)
			continue;
		assert_int_equal(message.asks, row->asks);
		assert_int_equal(message.tells, row->tells);
		assert_int_equal(message.confirms, !row->asks && !row->tells);
		message_test_check_ip(&message.target, row->target);
		message_test_check_ip(&message.sender, row->sender);
		if (row->tells)
			assert_int_equal(message.mac.addr_bytes[5], 0x0a);
	}
}

/* An advertisement without a MAC answers a question, or says nothing (RFC 4861 section 4.4). */
static void
test_who_was_not_asked_names_his_mac(void **state)
{
	struct weft_message message;
	struct path_frame frame;
	uint8_t *ip, *icmp;

	(void)state;
	path_frame_build(&frame, "b < a na 2001:db8::1");
	ip = frame.bytes + frame.l2 + 2;
	icmp = ip + 40;
	assert_true(message_test_read(&message, &frame, 64));
	icmp[4] = 0x20;
	path_frame_set16(icmp + 2, 0);
	path_frame_set16(icmp + 2, path_frame_sum(icmp, 24, path_frame_pseudo(ip, 24, 58)));
	assert_false(message_test_read(&message, &frame, 64));
}

/* One byte of it is wrong: nobody believes it, or it says the same, or ARP says something else. */
static void
test_what_is_wrong_is_not_read(void **state)
{
	static const struct {
		const char *frame;
		uint32_t bytes; /* of the message */
	} rows[] = {
		{ "* < a ask a 10.0.0.1 10.0.0.2", 28 },
		{ "group6 < a ns 2001:db8::1 2001:db8::2 a", 72 },
		{ "group6 < a na 2001:db8::1 a", 72 },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct weft_message message;
		struct path_frame frame;

		path_frame_build(&frame, rows[i].frame);
		assert_true(message_test_read(&message, &frame, rows[i].bytes));
		for (uint32_t length = 0; length < rows[i].bytes; length++)
			assert_false(message_test_read(&message, &frame, length));
		/* Kind, protocol and lengths of ARP. */
		for (uint32_t at = 0; i == 0 && at < 6; at++) {
			frame.bytes[frame.l2 + 2 + at] ^= 1;
			assert_false(message_test_read(&message, &frame, rows[i].bytes));
			frame.bytes[frame.l2 + 2 + at] ^= 1;
		}
		/* All that the checksum of ND covers, the hop limit and the protocol. */
		for (uint32_t at = 4; i > 0 && at < rows[i].bytes; at++) {
			frame.bytes[frame.l2 + 2 + at] ^= 4;
			assert_false(message_test_read(&message, &frame, rows[i].bytes));
			frame.bytes[frame.l2 + 2 + at] ^= 4;
		}
	}
}

/* RFC 4861 sections 7.1.1 and 7.1.2: code zero, options that are not empty and not cut off. */
static void
test_options_of_nd(void **state)
{
	static const struct {
		uint8_t options[24];
		uint32_t bytes;
		bool is_message, tells;
	} rows[] = {
		{ { 1, 1, 2, 0, 0, 0, 0, 0x0a }, 8, true, true },
		{ { 14, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0x0a },
		  16,
		  true,
		  true }, /* nonce */
		{ { 14, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 16, true, false },
		{ { 2, 1, 2, 0, 0, 0, 0, 0x0a }, 8, true, false }, /* that is for advertisements */
		{ { 1, 0, 2, 0, 0, 0, 0, 0x0a }, 8, false, false },
		{ { 1, 2, 2, 0, 0, 0, 0, 0x0a }, 8, false, false },
		{ { 1, 1, 2, 0, 0, 0, 0, 0x0a, 0 }, 12, false, false },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct path_frame frame = { .length = 12, .l2 = 12 };
		uint8_t nd[24 + 24] = { 135, 0, 0, 0, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, [23] = 2 };
		struct weft_message message;

		memcpy(nd + 24, rows[i].options, rows[i].bytes);
		path_frame_put_icmp(&frame, "2001:db8::1", "ff02::1:ff00:2", nd,
				    24 + rows[i].bytes);
		assert_int_equal(message_test_read(&message, &frame, 64 + rows[i].bytes),
				 rows[i].is_message);
		if (rows[i].is_message)
			assert_int_equal(message.tells, rows[i].tells);
		/* With another code. */
		nd[1] = 1;
		frame = (struct path_frame){ .length = 12, .l2 = 12 };
		path_frame_put_icmp(&frame, "2001:db8::1", "ff02::1:ff00:2", nd,
				    24 + rows[i].bytes);
		assert_false(message_test_read(&message, &frame, 64 + rows[i].bytes));
	}
}

static void
test_garbage(void **state)
{
	struct dice dice = { 41 };

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		struct path_frame frame;
		struct weft_message message;
		uint32_t length;

		path_frame_build(&frame, message_test_rows[dice_below(&dice, 12)].frame);
		length = frame.length - frame.l2 - 2;
		for (uint32_t n = dice_below(&dice, 5); n > 0; n--)
			frame.bytes[frame.l2 + 2 + dice_below(&dice, length)] =
				(uint8_t)dice_roll(&dice);
		if (dice_once_in(&dice, 10))
			dice_fill(&dice, frame.bytes + frame.l2 + 2, length);
		if (message_test_read(&message, &frame, dice_below(&dice, length + 1)))
			assert_true(message.asks || message.tells);
	}
}

/* ---- writing ---- */

static void
message_test_compare(const uint8_t *is, uint32_t length, const struct path_frame *should)
{
	assert_int_equal(length, should->length);
	assert_memory_equal(is, should->bytes, length);
}

/* By the book; @p vlan 0: no tag. */
static void
message_test_advertise(struct path_frame *frame, const char *dst_mac, uint16_t vlan, const char *ip,
		       const char *dst, uint8_t flags)
{
	uint8_t nd[32] = { 136, 0, 0, 0, flags, [24] = 2, [25] = 1, [26] = 2, [31] = 0x0a };

	memset(frame, 0, sizeof(*frame));
	path_frame_put_mac(frame, dst_mac);
	path_frame_put_mac(frame, "a");
	if (vlan != 0) {
		path_frame_put16(frame, 0x8100);
		path_frame_put16(frame, vlan);
	}
	path_frame_put_address(nd + 8, ip);
	path_frame_put_icmp(frame, ip, dst, nd, sizeof(nd));
}

static void
test_questions(void **state)
{
	const struct rte_ether_addr b = { { 2, 0, 0, 0, 0, 0x0b } };
	uint8_t bytes[WEFT_MESSAGE_MAX];
	struct path_frame frame;
	struct weft_speaker speaker;
	struct weft_ip target;

	(void)state;
	speaker = message_test_speaker("192.0.2.1", 0);
	target = message_test_ip("192.0.2.2");
	path_frame_build(&frame, "* < a ask a 192.0.2.1 192.0.2.2");
	memset(frame.bytes + frame.l2 + 30, 0, 60);
	message_test_compare(bytes, weft_message_ask(bytes, &speaker, &target, NULL), &frame);
	path_frame_build(&frame, "b < a ask a 192.0.2.1 192.0.2.2");
	memset(frame.bytes + frame.l2 + 30, 0, 60);
	message_test_compare(bytes, weft_message_ask(bytes, &speaker, &target, &b), &frame);
	speaker = message_test_speaker("2001:db8::7", 0);
	target = message_test_ip("2001:db8::1");
	path_frame_build(&frame, "group6 < a ns 2001:db8::7 2001:db8::1 a");
	message_test_compare(bytes, weft_message_ask(bytes, &speaker, &target, NULL), &frame);
	/* To one: his address is the destination. */
	path_frame_build(&frame, "b < a ns 2001:db8::7 2001:db8::1 a");
	path_frame_put_address(frame.bytes + frame.l2 + 26, "2001:db8::1");
	path_frame_set16(frame.bytes + frame.l2 + 44, 0);
	path_frame_set16(frame.bytes + frame.l2 + 44,
			 path_frame_sum(frame.bytes + frame.l2 + 42, 32,
					path_frame_pseudo(frame.bytes + frame.l2 + 2, 32, 58)));
	message_test_compare(bytes, weft_message_ask(bytes, &speaker, &target, &b), &frame);
}

static void
test_answers_and_announcements(void **state)
{
	const struct rte_ether_addr b = { { 2, 0, 0, 0, 0, 0x0b } };
	uint8_t bytes[WEFT_MESSAGE_MAX];
	struct path_frame frame;
	struct weft_speaker speaker;
	struct weft_ip asker;

	(void)state;
	speaker = message_test_speaker("192.0.2.1", 0);
	asker = message_test_ip("192.0.2.2");
	path_frame_build(&frame, "b < a reply a 192.0.2.1");
	memset(frame.bytes + frame.l2 + 30, 0, 60);
	memcpy(frame.bytes + frame.l2 + 20, &b, 6);
	path_frame_put_address(frame.bytes + frame.l2 + 26, "192.0.2.2");
	message_test_compare(bytes, weft_message_answer(bytes, &speaker, &asker, &b), &frame);
	path_frame_build(&frame, "* < a ask a 192.0.2.1 192.0.2.1");
	memset(frame.bytes + frame.l2 + 30, 0, 60);
	message_test_compare(bytes, weft_message_announce(bytes, &speaker), &frame);
	for (uint16_t vlan = 0; vlan < 20; vlan += 10) {
		speaker = message_test_speaker("2001:db8::1", vlan);
		asker = message_test_ip("2001:db8::2");
		message_test_advertise(&frame, "b", vlan, "2001:db8::1", "2001:db8::2", 0x60);
		message_test_compare(bytes, weft_message_answer(bytes, &speaker, &asker, &b),
				     &frame);
		message_test_advertise(&frame, "nodes", vlan, "2001:db8::1", "ff02::1", 0x20);
		message_test_compare(bytes, weft_message_answer(bytes, &speaker, NULL, &b), &frame);
		message_test_compare(bytes, weft_message_announce(bytes, &speaker), &frame);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_messages_mean),
		cmocka_unit_test(test_who_was_not_asked_names_his_mac),
		cmocka_unit_test(test_what_is_wrong_is_not_read),
		cmocka_unit_test(test_options_of_nd),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_answers_and_announcements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
