/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How networks are told apart in tunnels: the bytes of VXLAN (RFC 7348), GRE (RFC 2784 and 2890) and
 * Geneve (RFC 8926), written down by hand.
 *
 * What is read is copied into a buffer of just its size, so that a sanitizer sees each byte that is
 * read beyond it.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>

#include "dice_helper.h"
#include "network/network.h"

#define SEGMENT_TEST_BYTES 512

enum { VXLAN = WEFT_NETWORK_VXLAN, GRE = WEFT_NETWORK_GRE, GENEVE = WEFT_NETWORK_GENEVE };
enum { SHORT = WEFT_SHIM_SHORT, HEADER = WEFT_SHIM_HEADER };
enum { OPTION = WEFT_SHIM_OPTION, PAYLOAD = WEFT_SHIM_PAYLOAD };

static const struct segment_test_put {
	int type;
	uint32_t segment;
	const char *hex;
} segment_test_puts[] = {
	/* flags, reserved, VNI, reserved */
	{ VXLAN, 1, "08 000000 000001 00" },
	{ VXLAN, 1001, "08 000000 0003e9 00" },
	{ VXLAN, 0x123456, "08 000000 123456 00" },
	{ VXLAN, 16777215, "08 000000 ffffff 00" },
	/* flags and version, protocol, key */
	{ GRE, 1, "2000 6558 00000001" },
	{ GRE, 5, "2000 6558 00000005" },
	{ GRE, 0x12345678, "2000 6558 12345678" },
	{ GRE, 4294967295, "2000 6558 ffffffff" },
	/* version and option length, flags, protocol, VNI, reserved */
	{ GENEVE, 1, "00 00 6558 000001 00" },
	{ GENEVE, 7, "00 00 6558 000007 00" },
	{ GENEVE, 0x123456, "00 00 6558 123456 00" },
	{ GENEVE, 16777215, "00 00 6558 ffffff 00" },
};

/* Whole headers that are taken off, with their segments. */
static const struct segment_test_get {
	const char *says;
	int type;
	const char *hex;
	uint32_t segment;
} segment_test_gets[] = {
	{ "plain", VXLAN, "08 000000 0003e9 00", 1001 },
	{ "VNI 0 is readable", VXLAN, "08 000000 000000 00", 0 },
	{ "reserved flags", VXLAN, "ff 000000 0003e9 00", 1001 },
	{ "reserved bytes", VXLAN, "08 ffffff 0003e9 ff", 1001 },
	{ "plain", GRE, "2000 6558 00000005", 5 },
	{ "all bits of the key", GRE, "2000 6558 fedcba98", 0xfedcba98 },
	{ "checksum", GRE, "a000 6558 beef0000 00000005", 5 },
	{ "checksum, reserved bytes", GRE, "a000 6558 beefffff 00000005", 5 },
	{ "sequence number", GRE, "3000 6558 00000005 00000009", 5 },
	{ "both", GRE, "b000 6558 beef0000 00000005 00000009", 5 },
	{ "bits 6 to 12", GRE, "23f8 6558 00000005", 5 },
	{ "plain", GENEVE, "00 00 6558 000007 00", 7 },
	{ "reserved bits", GENEVE, "00 3f 6558 000007 ff", 7 },
	{ "option without data", GENEVE, "01 00 6558 000007 00 0102 03 00", 7 },
	{ "option with data", GENEVE, "03 00 6558 000007 00 0102 03 02 11111111 22222222", 7 },
	{ "two options", GENEVE, "03 00 6558 000007 00 0102 7f 00 ffff 00 01 80808080", 7 },
	{ "reserved bits of an option", GENEVE, "01 00 6558 000007 00 0102 03 e0", 7 },
};

/* Headers that are not. */
static const struct segment_test_fault {
	const char *says;
	int type;
	const char *hex;
	int fault;
} segment_test_faults[] = {
	{ "nothing", VXLAN, "", SHORT },
	{ "no I flag", VXLAN, "00 000000 0003e9 00", HEADER },
	{ "every flag but I", VXLAN, "f7 000000 0003e9 00", HEADER },
	{ "nothing", GRE, "", SHORT },
	{ "bit 1, routing", GRE, "6000 6558 00000005 00000000", HEADER },
	{ "bit 4", GRE, "2800 6558 00000005", HEADER },
	{ "bit 5", GRE, "2400 6558 00000005", HEADER },
	{ "version 1", GRE, "2001 6558 00000005", HEADER },
	{ "version 2", GRE, "2002 6558 00000005", HEADER },
	{ "version 4", GRE, "2004 6558 00000005", HEADER },
	{ "PPTP", GRE, "3001 880b 00000005 00000001", HEADER },
	{ "no key", GRE, "0000 6558 00000005", HEADER },
	{ "no key but a sequence number", GRE, "1000 6558 00000005", HEADER },
	{ "no key, no frame", GRE, "0000 0800", HEADER },
	{ "IPv4 inside", GRE, "2000 0800 00000005", PAYLOAD },
	{ "ERSPAN inside", GRE, "3000 88be 00000005 00000001", PAYLOAD },
	{ "nothing", GENEVE, "", SHORT },
	{ "version 1", GENEVE, "40 00 6558 000007 00", HEADER },
	{ "version 2", GENEVE, "80 00 6558 000007 00", HEADER },
	{ "O bit", GENEVE, "00 80 6558 000007 00", HEADER },
	{ "O and C bits", GENEVE, "00 c0 6558 000007 00", HEADER },
	{ "C bit, no option", GENEVE, "00 40 6558 000007 00", OPTION },
	{ "C bit, tame option", GENEVE, "01 40 6558 000007 00 0102 03 00", OPTION },
	{ "C bit, critical option", GENEVE, "01 40 6558 000007 00 0102 83 00", OPTION },
	{ "critical option, no C bit", GENEVE, "01 00 6558 000007 00 0102 80 00", OPTION },
	{ "second is critical", GENEVE, "03 00 6558 000007 00 0102 03 01 80808080 0102 ff 00",
	  OPTION },
	{ "option longer than all", GENEVE, "01 00 6558 000007 00 0102 03 01 11111111", HEADER },
	{ "second is longer", GENEVE, "02 00 6558 000007 00 0102 03 00 0102 03 1f", HEADER },
	{ "IPv4 inside", GENEVE, "00 00 0800 000007 00", PAYLOAD },
	{ "IPv4 behind an option", GENEVE, "01 00 0800 000007 00 0102 03 00", PAYLOAD },
};

static uint32_t
segment_test_from_hex(const char *hex, uint8_t *bytes)
{
	uint32_t n = 0;
	unsigned int byte;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex++, "%2x", &byte), 1);
		bytes[n++] = (uint8_t)byte;
	}
	return n;
}

/* Reads a copy of exactly that size. */
static int
segment_test_read(int type, const uint8_t *bytes, uint32_t n, uint32_t *segment)
{
	uint8_t *exact = malloc(n);
	int result;

	assert_true(n == 0 || exact != NULL);
	if (n > 0)
		memcpy(exact, bytes, n);
	result = weft_segment_find(type)->get(exact, n, segment);
	free(exact);
	return result;
}

static void
test_each_tunnel_has_a_driver(void **state)
{
	static const struct {
		int type;
		const char *name;
		uint8_t protocol;
	} cases[] = {
		{ VXLAN, "vxlan", IPPROTO_UDP },
		{ GRE, "gre", IPPROTO_GRE },
		{ GENEVE, "geneve", IPPROTO_UDP },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const struct weft_segment_ops *ops = weft_segment_find(cases[i].type);

		assert_non_null(ops);
		assert_string_equal(ops->name, cases[i].name);
		assert_int_equal(ops->type, cases[i].type);
		assert_int_equal(ops->protocol, cases[i].protocol);
		assert_int_equal(ops->shim_length, 8);
		assert_true(weft_segment_is_tunnel(ops));
		assert_null(ops->vid);
		assert_null(ops->push);
	}
	assert_false(weft_segment_is_tunnel(weft_segment_find(WEFT_NETWORK_VLAN)));
	assert_false(weft_segment_is_tunnel(weft_segment_find(WEFT_NETWORK_FLAT)));
	assert_false(weft_segment_is_tunnel(weft_segment_find(WEFT_NETWORK_LOCAL)));
}

static void
test_a_network_says_what_it_is(void **state)
{
	static const struct {
		int type;
		uint32_t segment;
		const char *says;
	} cases[] = {
		{ WEFT_NETWORK_LOCAL, 0, "local" },
		{ WEFT_NETWORK_VLAN, 100, "vlan 100" },
		{ VXLAN, 1001, "vxlan 1001" },
		{ VXLAN, 16777215, "vxlan 16777215" },
		{ GRE, 5, "gre 5" },
		{ GRE, 4294967295, "gre 4294967295" },
		{ GENEVE, 7, "geneve 7" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_network network = {
			.segment = cases[i].segment,
			.segment_ops = weft_segment_find(cases[i].type),
		};

		weft_network_describe(&network, text, sizeof(text));
		assert_string_equal(text, cases[i].says);
	}
}

static void
test_put_writes_these_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(segment_test_puts); i++) {
		const struct segment_test_put *c = &segment_test_puts[i];
		const struct weft_segment_ops *ops = weft_segment_find(c->type);
		uint8_t wanted[SEGMENT_TEST_BYTES];
		uint32_t n = segment_test_from_hex(c->hex, wanted), segment;
		uint8_t *shim = malloc(n);

		assert_non_null(shim);
		assert_int_equal(n, ops->shim_length);
		for (int before = 0; before <= 0xff; before += 0xff) {
			memset(shim, before, n);
			ops->put(c->segment, shim);
			assert_memory_equal(shim, wanted, n);
		}
		assert_int_equal(ops->get(shim, n, &segment), n);
		assert_int_equal(segment, c->segment);
		free(shim);
	}
}

static void
test_get_reads_these_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(segment_test_gets); i++) {
		const struct segment_test_get *c = &segment_test_gets[i];
		uint8_t bytes[SEGMENT_TEST_BYTES];
		uint32_t n = segment_test_from_hex(c->hex, bytes), segment = ~c->segment;

		memset(bytes + n, 0xff, 14);
		/* With a frame behind it, and without. */
		for (uint32_t frame = 0; frame <= 14; frame += 14) {
			if (segment_test_read(c->type, bytes, n + frame, &segment) != (int)n)
				fail_msg("%d %s: not read", c->type, c->says);
			assert_int_equal(segment, c->segment);
		}
	}
}

static void
test_get_refuses_these_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(segment_test_faults); i++) {
		const struct segment_test_fault *c = &segment_test_faults[i];
		uint8_t bytes[SEGMENT_TEST_BYTES];
		uint32_t n = segment_test_from_hex(c->hex, bytes), segment;
		int fault = segment_test_read(c->type, bytes, n, &segment);

		if (fault != c->fault)
			fail_msg("%d %s: %d, not %d", c->type, c->says, fault, c->fault);
		/* Whatever is cut off, it does not become right. */
		for (uint32_t length = 0; length < n; length++)
			assert_true(segment_test_read(c->type, bytes, length, &segment) < 0);
	}
}

static void
test_what_is_cut_off_is_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(segment_test_gets); i++) {
		const struct segment_test_get *c = &segment_test_gets[i];
		uint8_t bytes[SEGMENT_TEST_BYTES];
		uint32_t n = segment_test_from_hex(c->hex, bytes), segment;

		for (uint32_t length = 0; length < n; length++)
			if (segment_test_read(c->type, bytes, length, &segment) != SHORT)
				fail_msg("%d %s: not short at %u", c->type, c->says, length);
	}
}

static void
test_geneve_takes_as_many_options_as_there_may_be(void **state)
{
	uint8_t bytes[SEGMENT_TEST_BYTES] = { 63, 0, 0x65, 0x58, 0, 0, 7, 0 };
	uint32_t segment;

	(void)state;
	/* 63 words of options that have no data. */
	assert_int_equal(segment_test_read(GENEVE, bytes, 260, &segment), 260);
	assert_int_equal(segment_test_read(GENEVE, bytes, 259, &segment), SHORT);
	/* Two of 32 words are one too many, 32 and 31 are not. */
	bytes[8 + 3] = 31;
	bytes[8 + 128 + 3] = 31;
	assert_int_equal(segment_test_read(GENEVE, bytes, 300, &segment), HEADER);
	bytes[8 + 128 + 3] = 30;
	assert_int_equal(segment_test_read(GENEVE, bytes, 260, &segment), 260);
	assert_int_equal(segment, 7);
	/* What looks like a critical option in the data of another is none. */
	memset(bytes + 8 + 4, 0xff, 124);
	assert_int_equal(segment_test_read(GENEVE, bytes, 260, &segment), 260);
}

static void
test_garbage_is_read_within_its_bounds(void **state)
{
	static const int types[] = { VXLAN, GRE, GENEVE };
	struct dice dice = { 3 };
	uint32_t n_read = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		int type = types[dice_below(&dice, RTE_DIM(types))], result;
		uint32_t n = dice_below(&dice, 80), segment;
		uint8_t bytes[80];

		dice_fill(&dice, bytes, sizeof(bytes));
		bytes[0] &= (uint8_t)dice_roll(&dice);
		if (type != VXLAN) {
			bytes[1] &= (uint8_t)(dice_roll(&dice) & dice_roll(&dice));
			bytes[2] = 0x65;
			bytes[3] = 0x58;
		}
		result = segment_test_read(type, bytes, n, &segment);
		assert_true(result >= PAYLOAD && result <= (int)n && result != 0);
		n_read += result > 0;
	}
	assert_in_range(n_read, 10000, 190000);
}

static void
test_what_is_put_is_got(void **state)
{
	static const int types[] = { VXLAN, GRE, GENEVE };
	struct dice dice = { 4 };

	(void)state;
	for (int round = 0; round < 100000; round++) {
		int type = types[dice_below(&dice, RTE_DIM(types))];
		const struct weft_segment_ops *ops = weft_segment_find(type);
		uint32_t segment = (uint32_t)dice_roll(&dice) >> (type == GRE ? 0 : 8), got;
		uint8_t shim[8];

		ops->put(segment, shim);
		assert_int_equal(ops->get(shim, sizeof(shim), &got), sizeof(shim));
		assert_int_equal(got, segment);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_tunnel_has_a_driver),
		cmocka_unit_test(test_a_network_says_what_it_is),
		cmocka_unit_test(test_put_writes_these_bytes),
		cmocka_unit_test(test_get_reads_these_bytes),
		cmocka_unit_test(test_get_refuses_these_bytes),
		cmocka_unit_test(test_what_is_cut_off_is_short),
		cmocka_unit_test(test_geneve_takes_as_many_options_as_there_may_be),
		cmocka_unit_test(test_garbage_is_read_within_its_bounds),
		cmocka_unit_test(test_what_is_put_is_got),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
