/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Router advertisements: byte by byte as RFC 4861 and RFC 8106 show them; which solicitations are
 * valid, in memory of just their size; and when all are told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <setjmp.h>

#include <cmocka.h>
#include <rte_ip.h>

#include "router/advert.h"
#include "wire/ether.h"
#include "wire/ip.h"

static const struct rte_ether_addr advert_test_mac = { { 0x02, 0xee, 0, 0, 1, 2 } };

static struct weft_ip
advert_test_ip(uint8_t last, uint8_t prefix)
{
	struct weft_ip ip = { .family = AF_INET6, .prefix = prefix };

	ip.bytes[0] = 0xfd;
	ip.bytes[7] = last;
	if (prefix == 128)
		ip.bytes[15] = 0x53;
	return ip;
}

/* An advert of subnets in such modes, each with so many name servers. */
static struct weft_advert *
advert_test_make(const enum weft_ra_mode *modes, uint8_t n, uint32_t n_dns)
{
	struct weft_advert *advert = weft_advert_create(7, &advert_test_mac, 1450);
	struct weft_ip dns[WEFT_CONF_DNS_MAX + 1] = { { .family = AF_INET, .prefix = 32 } };

	assert_non_null(advert);
	for (uint8_t i = 0; i < n; i++) {
		struct weft_conf_subnet subnet = {
			.cidr = advert_test_ip(i, 64),
			.dns = n_dns == 0 ? NULL : dns + 1,
			.n_dns = n_dns,
			.has_ra_mode = true,
			.ra_mode = modes[i],
		};

		for (uint32_t j = 0; j < n_dns; j++)
			dns[1 + j] = advert_test_ip(i, 128);
		weft_advert_add(advert, &subnet);
	}
	return advert;
}

static void
advert_test_check_sum(const uint8_t *l3)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)l3;
	uint32_t sum = rte_ipv6_phdr_cksum(ip, 0);

	sum += rte_raw_cksum(l3 + 40, rte_be_to_cpu_16(ip->payload_len));
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
}

static void
test_what_is_said(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		0x33, 0x33, 0, 0, 0, 1, 0x02, 0xee, 0, 0, 1, 2, 0x86, 0xdd,
		0x60, 0, 0, 0, 0, 88, 58, 255,
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xee, 0, 0xff, 0xfe, 0, 1, 2,
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		134, 0, 0, 0, 64, 0, 1800 >> 8, 1800 & 0xff, 0, 0, 0, 0, 0, 0, 0, 0,
		1, 1, 0x02, 0xee, 0, 0, 1, 2,
		5, 1, 0, 0, 0, 0, 1450 >> 8, 1450 & 0xff,
		3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		25, 3, 0, 0, 0, 0, 1800 >> 8, 1800 & 0xff,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
	};
	/* clang-format on */
	const enum weft_ra_mode mode = WEFT_RA_SLAAC;
	struct weft_advert *advert = advert_test_make(&mode, 1, 1);
	uint8_t frame[WEFT_ADVERT_MAX];
	uint32_t length = weft_advert_put(advert, false, frame);

	(void)state;
	advert_test_check_sum(frame + 14);
	memset(frame + 14 + 42, 0, 2);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	free(advert);
}

/* The flags of the message, and of its prefix. */
static void
test_modes(void **state)
{
	static const uint8_t says[][2] = {
		[WEFT_RA_SLAAC] = { 0, 0xc0 },
		[WEFT_RA_STATEFUL] = { 0xc0, 0x80 },
		[WEFT_RA_STATELESS] = { 0x40, 0xc0 },
	};
	uint8_t frame[WEFT_ADVERT_MAX];

	(void)state;
	for (enum weft_ra_mode mode = WEFT_RA_SLAAC; mode <= WEFT_RA_STATELESS; mode++) {
		struct weft_advert *advert = advert_test_make(&mode, 1, 0);

		assert_int_equal(weft_advert_put(advert, false, frame), 14 + 40 + 16 + 16 + 32);
		assert_int_equal(frame[14 + 45], says[mode][0]);
		assert_int_equal(frame[14 + 40 + 16 + 16 + 3], says[mode][1]);
		free(advert);
	}
}

/* As much as can be configured fits the smallest MTU; and of subnets with different modes each has
 * its own flag, and the message the sum of theirs. */
static void
test_many_subnets(void **state)
{
	static const enum weft_ra_mode modes[WEFT_CONF_ADVERTISED_MAX] = {
		WEFT_RA_SLAAC, WEFT_RA_STATEFUL, [7] = WEFT_RA_STATELESS
	};
	struct weft_advert *advert = advert_test_make(modes, 8, WEFT_CONF_DNS_MAX);
	uint8_t frame[WEFT_ADVERT_MAX];
	uint32_t length = weft_advert_put(advert, false, frame);

	(void)state;
	assert_int_equal(advert->length, WEFT_ADVERT_OPTIONS_MAX);
	assert_true(length - 14 <= 1280);
	advert_test_check_sum(frame + 14);
	assert_int_equal(frame[14 + 45], 0xc0);
	for (uint32_t i = 0; i < 8; i++) {
		const uint8_t *prefix = frame + 14 + 40 + 16 + 16 + i * (32 + 88);

		assert_int_equal(prefix[0], 3);
		assert_int_equal(prefix[3], modes[i] == WEFT_RA_STATEFUL ? 0x80 : 0xc0);
		assert_int_equal(prefix[16 + 7], i);
		assert_int_equal(prefix[32], 25);
		assert_int_equal(prefix[33], 1 + 2 * WEFT_CONF_DNS_MAX);
	}
	free(advert);
}

/* To one host, with a tag; and that the router is none any more. */
static void
test_to_whom(void **state)
{
	static const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 0x0a } };
	const enum weft_ra_mode mode = WEFT_RA_SLAAC;
	struct weft_advert *advert = advert_test_make(&mode, 1, 0);
	struct weft_advert_to to = { .mac = &mac, .tag = WEFT_TAG | 100 };
	uint8_t address[16], frame[WEFT_ADVERT_MAX];

	(void)state;
	weft_ip6_link_local(&mac, address);
	to.address = address;
	assert_int_equal(weft_advert_put_head(advert, &to, frame), WEFT_ADVERT_HEAD_MAX);
	memcpy(frame + WEFT_ADVERT_HEAD_MAX, advert->options, advert->length);
	advert_test_check_sum(frame + 18);
	assert_memory_equal(frame, &mac, 6);
	assert_memory_equal(frame + 12, "\x81\x00\x00\x64\x86\xdd", 6);
	assert_memory_equal(frame + 18 + 24, address, 16);
	assert_int_equal(weft_advert_put(advert, true, frame), 14 + 40 + 16 + 8);
	advert_test_check_sum(frame + 14);
	assert_memory_equal(frame + 14 + 46, "\0\0", 2);
	assert_int_equal(frame[14 + 56], 1);
	free(advert);
}

static void
test_same(void **state)
{
	const enum weft_ra_mode slaac = WEFT_RA_SLAAC, stateful = WEFT_RA_STATEFUL;
	struct weft_advert *a = advert_test_make(&slaac, 1, 1), *b = advert_test_make(&slaac, 1, 1);
	struct weft_advert *c = advert_test_make(&stateful, 1, 1);
	struct weft_advert *d = advert_test_make(&slaac, 1, 2);

	(void)state;
	assert_true(weft_advert_is_same(a, b));
	assert_false(weft_advert_is_same(a, c));
	assert_false(weft_advert_is_same(a, d));
	free(a);
	free(b);
	free(c);
	free(d);
}

/* ---- who asks ---- */

struct advert_test_question {
	const char *why; /* it is wrong; NULL: it is right */
	uint8_t hop_limit, type, code;
	uint8_t from; /* the first byte of its source */
	bool has_bad_sum;
	uint8_t options[16];
	uint8_t n_options, n_missing; /* bytes: behind the header; less than the header says */
};

#define ADVERT_TEST_MAC 2, 0, 0, 0, 0, 0x0a

static const struct advert_test_question advert_test_questions[] = {
	{ NULL, 255, 133, 0, 0xfe, false, { 1, 1, ADVERT_TEST_MAC }, 8 },
	{ NULL, 255, 133, 0, 0xfe },
	{ NULL, 255, 133, 0, 0 },
	{ NULL, 255, 133, 0, 0xfe, false, { 14, 1, [8] = 1, 1, ADVERT_TEST_MAC }, 16 },
	{ NULL, 255, 133, 0, 0, false, { 14, 1, 1, 2, 3, 4, 5, 6 }, 8 },
	{ "hop limit", 254, 133, 0, 0xfe },
	{ "type", 255, 134, 0, 0xfe },
	{ "code", 255, 133, 1, 0xfe },
	{ "checksum", 255, 133, 0, 0xfe, true },
	{ "a MAC of nobody", 255, 133, 0, 0, false, { 1, 1, ADVERT_TEST_MAC }, 8 },
	{ "an option without length", 255, 133, 0, 0xfe, false, { 1, 0, ADVERT_TEST_MAC }, 8 },
	{ "an option that is too long", 255, 133, 0, 0xfe, false, { 1, 2, ADVERT_TEST_MAC }, 8 },
	{ "half an option", 255, 133, 0, 0xfe, false, { 14, 1 }, 4 },
	{ "from a group", 255, 133, 0, 0xff },
	{ "cut off", 255, 133, 0, 0xfe, false, { 1, 1, ADVERT_TEST_MAC }, 8, 1 },
	{ "cut off in the header", 255, 133, 0, 0xfe, false, { 0 }, 0, 1 },
};

static bool
advert_test_ask(const struct advert_test_question *question)
{
	uint32_t length = 40u + 8 + question->n_options - question->n_missing, sum;
	uint8_t packet[40 + 8 + 16] = { 0x60, [5] = (uint8_t)(8 + question->n_options) };
	uint8_t *copy = malloc(length + 2);
	bool is_asked;

	assert_non_null(copy);
	packet[6] = IPPROTO_ICMPV6;
	packet[7] = question->hop_limit;
	packet[8] = question->from;
	packet[9] = question->from == 0 ? 0 : 0x80;
	packet[24] = 0xff;
	packet[25] = packet[39] = 2;
	packet[40] = question->type;
	packet[41] = question->code;
	memcpy(packet + 48, question->options, question->n_options);
	sum = rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)packet, 0);
	sum += rte_raw_cksum(packet + 40, 8u + question->n_options);
	sum = (~((sum & 0xffff) + (sum >> 16)) & 0xffff) ^ (question->has_bad_sum ? 1 : 0);
	packet[42] = (uint8_t)sum;
	packet[43] = (uint8_t)(sum >> 8);
	memcpy(copy + 2, packet, length);
	is_asked = weft_advert_is_asked(copy + 2, length);
	free(copy);
	return is_asked;
}

static void
test_solicitations(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(advert_test_questions); i++) {
		const struct advert_test_question *question = &advert_test_questions[i];

		if (advert_test_ask(question) != (question->why == NULL))
			fail_msg("%u: %s", i, question->why == NULL ? "right" : question->why);
	}
}

/* ---- when ---- */

/* The next moment at which all are told. */
static uint32_t
advert_test_next(const struct weft_advert *advert, uint32_t now_ms)
{
	uint32_t end = now_ms + 700000;

	while (now_ms != end && !weft_advert_is_due(advert, now_ms))
		now_ms++;
	return now_ms;
}

static void
test_the_clock(void **state)
{
	const enum weft_ra_mode mode = WEFT_RA_SLAAC;
	struct weft_advert *advert = advert_test_make(&mode, 1, 0);
	uint32_t now_ms = UINT32_MAX - 20000, then_ms;

	(void)state;
	assert_true(weft_advert_is_due(advert, now_ms));
	for (uint64_t i = 0; i < 20; i++) {
		uint32_t least = i < 2 ? 4000 : 200000, most = i < 2 ? 16000 : 600000;

		weft_advert_said(advert, now_ms, i * 123456789);
		then_ms = advert_test_next(advert, now_ms);
		assert_in_range(then_ms - now_ms, least, most);
		now_ms = then_ms;
	}
	free(advert);
}

/* Who asks is heard soon, but nobody makes it speak twice within 3 seconds. */
static void
test_who_wants(void **state)
{
	const enum weft_ra_mode slaac = WEFT_RA_SLAAC, stateful = WEFT_RA_STATEFUL;
	struct weft_advert *advert = advert_test_make(&slaac, 1, 0);
	struct weft_advert *same = advert_test_make(&slaac, 1, 0);
	struct weft_advert *other = advert_test_make(&stateful, 1, 0);

	(void)state;
	weft_advert_said(advert, 1000, 9);
	weft_advert_want(advert);
	assert_int_equal(advert_test_next(advert, 1000), 4000);
	weft_advert_said(advert, 4000, 10000);
	assert_true(advert_test_next(advert, 4000) >= 8000);
	weft_advert_want(advert);
	assert_true(weft_advert_is_due(advert, 7000));
	weft_advert_inherit(same, advert);
	weft_advert_inherit(other, advert);
	assert_int_equal(same->clock.n_said, 2);
	assert_int_equal(other->clock.n_said, 0);
	assert_int_equal(advert_test_next(same, 4000), 7000);
	assert_int_equal(advert_test_next(other, 4000), 7000);
	free(advert);
	free(same);
	free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_said), cmocka_unit_test(test_modes),
		cmocka_unit_test(test_many_subnets), cmocka_unit_test(test_to_whom),
		cmocka_unit_test(test_same),	     cmocka_unit_test(test_solicitations),
		cmocka_unit_test(test_the_clock),    cmocka_unit_test(test_who_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
