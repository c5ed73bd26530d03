/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys: read the way the header says, hashed well, written for people.
 *
 * The reader is compared with a slow one that knows nothing of words and tricks, on random frames
 * in buffers of just their size.
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

#include "dice_helper.h"
#include "flow/key.h"

#define FLOW_KEY_TEST_ARRIVAL 1234

/* ---- the slow reader ---- */

static uint16_t
flow_key_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void
flow_key_slow_ip(struct weft_key *key, const uint8_t *ip, uint32_t length, uint16_t type)
{
	struct weft_ip_info info = { 0 };
	bool is_four = type == 0x0800;
	bool is_whole =
		is_four ? weft_ip4_parse(ip, length, &info) : weft_ip6_parse(ip, length, &info);

	if (!is_whole) {
		key->kind = WEFT_KEY_L2 | WEFT_KEY_BROKEN;
		return;
	}
	key->kind = is_four ? WEFT_KEY_IP4 : WEFT_KEY_IP6;
	key->kind |= ip[is_four ? 8 : 7] <= 8 ? WEFT_KEY_EXPIRING : 0;
	key->kind |= info.is_fragment ? WEFT_KEY_FRAGMENT : 0;
	key->kind |= info.is_later_fragment ? WEFT_KEY_LATER_FRAGMENT : 0;
	key->protocol = info.protocol;
	/* TCP: of SYN, FIN, RST and ACK, nothing but ACK. */
	if (info.protocol == 6 && !info.is_later_fragment &&
	    (info.l4_offset + 13u >= length || (ip[info.l4_offset + 13] & 0x17) != 0x10))
		key->kind |= WEFT_KEY_EVENT;
	weft_l4_parse(ip, length, &info, &key->port_src, &key->port_dst);
	if (is_four) {
		memcpy(&key->ip4_src, ip + 12, 4);
		memcpy(&key->ip4_dst, ip + 16, 4);
	} else {
		memcpy(key->ip6_src, ip + 8, 16);
		memcpy(key->ip6_dst, ip + 24, 16);
	}
}

static enum weft_key_fault
flow_key_slow(struct weft_key *key, const uint8_t *frame, uint32_t length,
	      const struct weft_depth *depth)
{
	uint32_t at = 12;
	uint16_t type, vid;

	memset(key, 0, sizeof(*key));
	if (length < 14)
		return WEFT_KEY_RUNT;
	memcpy(&key->dst, frame, 6);
	memcpy(&key->src, frame + 6, 6);
	key->arrival = FLOW_KEY_TEST_ARRIVAL;
	if (flow_key_get16(frame + 12) == 0x8100) {
		if (length < 18)
			return WEFT_KEY_TRUNCATED;
		key->tag = WEFT_TAG + flow_key_get16(frame + 14) % 4096;
		at = 16;
		if (flow_key_get16(frame + 16) == 0x8100)
			key->tag |= WEFT_TAG_DOUBLE;
	}
	vid = key->tag % 4096;
	if (!depth->is_ip || (depth->ip_by_vid[vid / 64] & UINT64_C(1) << vid % 64) == 0)
		return WEFT_KEY_FINE;
	type = flow_key_get16(frame + at);
	key->ether_type = rte_cpu_to_be_16(type);
	if (type == 0x0800 || type == 0x86dd)
		flow_key_slow_ip(key, frame + at + 2, length - at - 2, type);
	return WEFT_KEY_FINE;
}

/* ---- random frames ---- */

static uint32_t
flow_key_put16(uint8_t *frame, uint32_t at, uint16_t value)
{
	frame[at] = (uint8_t)(value >> 8);
	frame[at + 1] = (uint8_t)value;
	return at + 2;
}

/* Mostly sensible, then cut somewhere. @return bytes */
static uint32_t
flow_key_random_frame(struct dice *dice, uint8_t *frame, uint32_t size)
{
	static const uint16_t types[] = { 0x0800, 0x86dd, 0x0806, 0x88a8, 0x8100, 0x1234 };
	static const uint8_t protocols[] = { 6, 17, 1, 58, 44, 0, 60, 51, 132 };
	uint16_t type = types[dice_below(dice, RTE_DIM(types))];
	uint32_t at = 12;

	dice_fill(dice, frame, size);
	for (uint32_t tags = dice_below(dice, 4); tags > 1; tags--) {
		at = flow_key_put16(frame, at, 0x8100);
		at = flow_key_put16(frame, at,
				    dice_once_in(dice, 3) ? 0xe000 :
							    (uint16_t)dice_below(dice, 65536));
	}
	at = flow_key_put16(frame, at, type);
	if (type == 0x0800) {
		frame[at] = dice_once_in(dice, 4) ? (uint8_t)(0x40 + dice_below(dice, 16)) : 0x45;
		frame[at + 9] = protocols[dice_below(dice, RTE_DIM(protocols))];
		if (!dice_once_in(dice, 3))
			flow_key_put16(frame, at + 6, 0x4000);
	} else if (type == 0x86dd) {
		frame[at] = 0x60;
		frame[at + 6] = protocols[dice_below(dice, RTE_DIM(protocols))];
		frame[at + 40] = protocols[dice_below(dice, RTE_DIM(protocols))];
		frame[at + 41] = (uint8_t)dice_once_in(dice, 4);
	}
	return dice_once_in(dice, 3) ? dice_below(dice, 80) : size;
}

/* No VID, all, or some, VID 0 among them or not. */
static void
flow_key_random_depth(struct dice *dice, struct weft_depth *depth)
{
	uint32_t choice = dice_below(dice, 3);

	memset(depth, 0, sizeof(*depth));
	depth->is_ip = choice != 0;
	if (choice == 1)
		memset(depth->ip_by_vid, 0xff, sizeof(depth->ip_by_vid));
	else
		dice_fill(dice, depth->ip_by_vid, sizeof(depth->ip_by_vid));
}

static void
test_keys_are_what_a_slow_reader_says(void **state)
{
	struct dice dice = { 3 };
	uint32_t seen[2][4] = { 0 };

	(void)state;
	for (int round = 0; round < 300000; round++) {
		uint8_t frame[128], *exact;
		struct weft_key slow, quick;
		enum weft_key_fault fault;
		struct weft_depth depth;
		uint32_t n = flow_key_random_frame(&dice, frame, sizeof(frame));

		flow_key_random_depth(&dice, &depth);
		exact = malloc(n);
		assert_true(n == 0 || exact != NULL);
		memcpy(exact, frame, n);
		memset(&quick, 0xaa, sizeof(quick));
		fault = weft_key_parse(&quick, exact, n, FLOW_KEY_TEST_ARRIVAL, &depth);
		assert_int_equal(fault, flow_key_slow(&slow, exact, n, &depth));
		free(exact);
		if (fault != WEFT_KEY_FINE)
			continue;
		seen[quick.tag != 0][weft_key_is_broken(&quick) ? 3 : quick.kind & 3]++;
		assert_memory_equal(&quick, &slow, 32);
		if ((slow.kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6)
			assert_memory_equal(&quick, &slow, 64);
	}
	/* The frames were of every kind. */
	for (int i = 0; i < 8; i++)
		assert_true(seen[i / 4][i % 4] > 1000);
}

/* ---- in words ---- */

/* Frames up to the EtherType come first, then what the key says. */
static const struct {
	uint16_t tag;
	uint16_t type;
	const char *says;
} flow_key_words[] = {
	{ 0, 0, "vm1 02:00:00:00:00:0a > 02:00:00:00:00:0b" },
	{ 0, 0x0806, "vm1 02:00:00:00:00:0a > 02:00:00:00:00:0b type 0x0806" },
	{ WEFT_TAG | 100, 0, "vm1 02:00:00:00:00:0a > 02:00:00:00:00:0b vlan 100" },
	{ WEFT_TAG, 0, "vm1 02:00:00:00:00:0a > 02:00:00:00:00:0b vlan 0" },
};

static struct weft_key
flow_key_between_guests(void)
{
	return (struct weft_key){ .src = { { 2, 0, 0, 0, 0, 0x0a } },
				  .dst = { { 2, 0, 0, 0, 0, 0x0b } } };
}

static void
test_keys_in_words(void **state)
{
	char text[WEFT_KEY_TEXT];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(flow_key_words); i++) {
		struct weft_key key = flow_key_between_guests();

		key.tag = flow_key_words[i].tag;
		key.ether_type = rte_cpu_to_be_16(flow_key_words[i].type);
		weft_key_format(&key, "vm1", text);
		assert_string_equal(text, flow_key_words[i].says);
	}
}

static void
test_ip_keys_in_words_say_who_talks_to_whom(void **state)
{
	struct weft_key four = flow_key_between_guests(), six = flow_key_between_guests();
	char text[WEFT_KEY_TEXT];

	(void)state;
	four.kind = WEFT_KEY_IP4;
	four.protocol = IPPROTO_TCP;
	four.ip4_src = RTE_BE32(0x0a000001);
	four.ip4_dst = RTE_BE32(0x0a000002);
	four.port_src = RTE_BE16(40000);
	four.port_dst = RTE_BE16(80);
	weft_key_format(&four, "vm1", text);
	assert_non_null(strstr(text, "10.0.0.1"));
	assert_non_null(strstr(text, "> 10.0.0.2"));
	assert_non_null(strstr(text, "40000"));
	six.kind = WEFT_KEY_IP6 | WEFT_KEY_FRAGMENT;
	memset(six.ip6_src, 0xfe, 16);
	memset(six.ip6_dst, 0xab, 16);
	weft_key_format(&six, "a-name-of-63-letters-is-the-longest-name-that-a-port-can-have-here",
			text);
	assert_non_null(strstr(text, "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe > "
				     "abab:abab:abab:abab:abab:abab:abab:abab"));
	assert_non_null(strstr(text, "fragment"));
}

/* ---- hash ---- */

#define FLOW_KEY_LINES 1024
#define FLOW_KEY_LOAD 64 /* keys per line, on average */

/* Families of keys as networks have them: what counts up from one key to the next. */
static void
flow_key_of_family(struct weft_key *key, uint32_t family, uint32_t i)
{
	rte_be32_t number = rte_cpu_to_be_32(i);

	*key = flow_key_between_guests();
	switch (family) {
	case 0: /* destination MACs */
		memcpy(&key->dst.addr_bytes[2], &number, 4);
		break;
	case 1: /* source MACs */
		memcpy(&key->src.addr_bytes[2], &number, 4);
		break;
	case 2: /* VLANs and ports */
		key->tag = (uint16_t)(WEFT_TAG | i % 4096);
		key->arrival = (uint16_t)(i / 4096);
		break;
	case 3: /* IPv4 sources */
		key->kind = WEFT_KEY_IP4;
		key->ip4_src = number;
		break;
	case 4: /* source ports: the classic */
		key->kind = WEFT_KEY_IP4;
		key->ip4_src = rte_cpu_to_be_32(0x0a000000 + i / 60000);
		key->port_src = rte_cpu_to_be_16((uint16_t)(1024 + i % 60000));
		break;
	case 5: /* MACs and addresses count together */
		key->kind = WEFT_KEY_IP4;
		memcpy(&key->src.addr_bytes[2], &number, 4);
		key->ip4_src = number;
		break;
	case 6: /* IPv6: the tail of the destination */
		key->kind = WEFT_KEY_IP6;
		memcpy(&key->ip6_dst[12], &number, 4);
		break;
	case 7: /* IPv6: both at once */
		key->kind = WEFT_KEY_IP6;
		memcpy(&key->ip6_src[12], &number, 4);
		memcpy(&key->ip6_dst[12], &number, 4);
		break;
	}
}

static double
flow_key_chi_square(const uint32_t *bins, uint32_t n, double expected)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (bins[i] - expected) * (bins[i] - expected) / expected;
	return sum;
}

/* Chi-square of n bins has mean n - 1 and variance 2(n - 1): eight deviations are no accident. */
static void
test_keys_spread_over_lines_and_signatures(void **state)
{
	static uint32_t lines[FLOW_KEY_LINES], signatures[FLOW_KEY_LINES];
	double most = FLOW_KEY_LINES - 1 + 8 * 45.2;
	struct dice dice = { 6 };

	(void)state;
	for (uint32_t round = 0; round < 30; round++) {
		uint64_t seed = dice_roll(&dice);

		for (uint32_t family = 0; family < 8; family++) {
			double by_line, by_signature;

			memset(lines, 0, sizeof(lines));
			memset(signatures, 0, sizeof(signatures));
			for (uint32_t i = 0; i < FLOW_KEY_LINES * FLOW_KEY_LOAD; i++) {
				struct weft_key key;
				uint64_t hash;

				flow_key_of_family(&key, family, i);
				hash = weft_key_hash(&key, seed);
				lines[hash % FLOW_KEY_LINES]++;
				signatures[hash >> 48 & (FLOW_KEY_LINES - 1)]++;
			}
			by_line = flow_key_chi_square(lines, FLOW_KEY_LINES, FLOW_KEY_LOAD);
			by_signature =
				flow_key_chi_square(signatures, FLOW_KEY_LINES, FLOW_KEY_LOAD);
			if (by_line > most || by_signature > most)
				print_error(
					"round %u family %u: lines %.0f signatures %.0f of %.0f\n",
					round, family, by_line, by_signature, most);
			assert_true(by_line <= most && by_signature <= most);
		}
	}
}

static void
test_only_ip6_keys_have_a_second_half(void **state)
{
	struct dice dice = { 4 };

	(void)state;
	for (int round = 0; round < 10000; round++) {
		struct weft_key key, other;

		dice_fill(&dice, &key, sizeof(key));
		other = key;
		dice_fill(&dice, other.ip6_src, 32);
		key.kind = other.kind = (uint8_t)dice_below(&dice, 2);
		assert_true(weft_key_hash(&key, 5) == weft_key_hash(&other, 5));
		key.kind = other.kind = WEFT_KEY_IP6;
		assert_true(weft_key_hash(&key, 5) != weft_key_hash(&other, 5));
	}
}

/* One bit more or less in any place is another hash. */
static void
test_every_bit_of_a_key_counts(void **state)
{
	struct dice dice = { 5 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct weft_key key, other;
		uint64_t seed = dice_roll(&dice);

		dice_fill(&dice, &key, sizeof(key));
		key.kind = WEFT_KEY_IP6;
		for (uint32_t bit = 0; bit < 512; bit++) {
			other = key;
			((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_true(weft_key_hash(&key, seed) != weft_key_hash(&other, seed));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_what_a_slow_reader_says),
		cmocka_unit_test(test_keys_in_words),
		cmocka_unit_test(test_ip_keys_in_words_say_who_talks_to_whom),
		cmocka_unit_test(test_keys_spread_over_lines_and_signatures),
		cmocka_unit_test(test_only_ip6_keys_have_a_second_half),
		cmocka_unit_test(test_every_bit_of_a_key_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
