/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4, IPv6 and what stands behind them.
 *
 * Every input is copied into a buffer of just its size, so that a sanitizer sees each byte that is
 * read beyond it.
 */
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
#include "wire/ip.h"

#define WIRE_IP_BYTES 4096

/* What comes out: "proto 6 at 20 fragment later", and the two words of the transport header. */
struct wire_ip_case {
	const char *hex;
	const char *says;
	uint16_t source, destination;
};

static uint32_t
wire_ip_from_hex(const char *hex, uint8_t *bytes)
{
	uint32_t n = 0;
	unsigned int byte;

	while (*hex != '\0') {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		bytes[n++] = (uint8_t)byte;
		hex += 2;
	}
	return n;
}

/* Parses a copy of exactly that size. */
static void
wire_ip_describe(const uint8_t *bytes, uint32_t n, char *text, size_t size, uint16_t *source,
		 uint16_t *destination)
{
	uint8_t *exact = malloc(n);
	struct weft_ip_info info;
	bool is_whole;
	rte_be16_t words[2] = { 0, 0 };

	assert_true(n == 0 || exact != NULL);
	if (n > 0)
		memcpy(exact, bytes, n);
	is_whole = n > 0 && exact[0] >> 4 == 6 ? weft_ip6_parse(exact, n, &info) :
						 weft_ip4_parse(exact, n, &info);
	if (!is_whole) {
		snprintf(text, size, "broken");
	} else {
		int used = snprintf(text, size, "proto %u", info.protocol);

		if (!info.is_later_fragment)
			used += snprintf(text + used, size - used, " at %u", info.l4_offset);
		snprintf(text + used, size - used, "%s%s", info.is_fragment ? " fragment" : "",
			 info.is_later_fragment ? " later" : "");
		weft_l4_parse(exact, n, &info, &words[0], &words[1]);
	}
	*source = rte_be_to_cpu_16(words[0]);
	*destination = rte_be_to_cpu_16(words[1]);
	free(exact);
}

static void
wire_ip_check(const struct wire_ip_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[WIRE_IP_BYTES];
		uint32_t length = wire_ip_from_hex(cases[i].hex, bytes);
		uint16_t source, destination;
		char says[80];

		wire_ip_describe(bytes, length, says, sizeof(says), &source, &destination);
		if (strcmp(says, cases[i].says) != 0 || source != cases[i].source ||
		    destination != cases[i].destination)
			print_error("row %zu: %s\n", i, cases[i].hex);
		assert_string_equal(says, cases[i].says);
		assert_int_equal(source, cases[i].source);
		assert_int_equal(destination, cases[i].destination);
	}
}

#define IP4(ihl, fragment, protocol)                                                               \
	"4" ihl "00 0000 0000" fragment "40" protocol "0000 0a000001 0a000002"
#define TCP "0050 1f90 00000000 00000000 5002 0000 0000 0000"
#define UDP "0044 0043 0008 0000"
#define ECHO "0800 f7fd 0102 0001"

/* clang-format off */
static const struct wire_ip_case wire_ip4_cases[] = {
	{ IP4("5", "0000", "06") TCP, "proto 6 at 20", 80, 8080 },
	{ IP4("5", "4000", "06") TCP, "proto 6 at 20", 80, 8080 }, /* don't fragment */
	{ IP4("5", "8000", "06") TCP, "proto 6 at 20", 80, 8080 }, /* the reserved bit */
	{ IP4("5", "2000", "06") TCP, "proto 6 at 20 fragment", 80, 8080 },
	{ IP4("5", "2001", "06") TCP, "proto 6 fragment later", 0, 0 },
	{ IP4("5", "0001", "06") TCP, "proto 6 fragment later", 0, 0 },
	{ IP4("5", "1fff", "11") UDP, "proto 17 fragment later", 0, 0 },
	{ IP4("5", "0000", "11") UDP, "proto 17 at 20", 68, 67 },
	{ IP4("5", "0000", "84") UDP, "proto 132 at 20", 68, 67 },
	{ IP4("5", "0000", "88") UDP, "proto 136 at 20", 68, 67 },
	{ IP4("5", "0000", "01") ECHO, "proto 1 at 20", 0x0800, 0x0102 },
	{ IP4("5", "0000", "2f") UDP, "proto 47 at 20", 0, 0 }, /* GRE has no ports */
	{ IP4("5", "0000", "00") UDP, "proto 0 at 20", 0, 0 },
	{ IP4("6", "0000", "06") "01010100" TCP, "proto 6 at 24", 80, 8080 },
	{ IP4("f", "0000", "11") "0101010101010101 0101010101010101 0101010101010101"
				 "0101010101010101 0101010101010100" UDP,
	  "proto 17 at 60", 68, 67 },
	/* Lies about the length of the header. */
	{ IP4("4", "0000", "06") TCP, "broken", 0, 0 },
	{ IP4("0", "0000", "06") TCP, "broken", 0, 0 },
	{ IP4("f", "0000", "06") TCP, "broken", 0, 0 },
	/* Not IPv4 at all. */
	{ "35000000 00000000 40060000 0a000001 0a000002" TCP, "broken", 0, 0 },
	{ "00", "broken", 0, 0 },
	/* No transport header, or half of it. */
	{ IP4("5", "0000", "06"), "proto 6 at 20", 0, 0 },
	{ IP4("5", "0000", "11") "0044 0043 0008 00", "proto 17 at 20", 0, 0 },
	{ IP4("5", "0000", "01") "0800 f7fd 0102", "proto 1 at 20", 0, 0 },
};
/* clang-format on */

#define IP6(next)                                                                                  \
	"60000000 0000" next "40 fe800000 00000000 00000000 00000001"                              \
	"fe800000 00000000 00000000 00000002"

/* clang-format off */
static const struct wire_ip_case wire_ip6_cases[] = {
	{ IP6("06") TCP, "proto 6 at 40", 80, 8080 },
	{ IP6("11") UDP, "proto 17 at 40", 68, 67 },
	{ IP6("3a") "8000 f7fd 0102 0001", "proto 58 at 40", 0x8000, 0x0102 },
	{ IP6("3b"), "proto 59 at 40", 0, 0 }, /* nothing follows */
	{ IP6("32") UDP, "proto 50 at 40", 0, 0 }, /* ESP ends the chain */
	{ IP6("06"), "proto 6 at 40", 0, 0 },
	{ IP6("06") "0050 1f90 000000", "proto 6 at 40", 0, 0 },
	/* Hop-by-hop, destination options, routing, mobility: eight bytes, and more. */
	{ IP6("00") "11 00 000000000000" UDP, "proto 17 at 48", 68, 67 },
	{ IP6("3c") "11 01 000000000000 0000000000000000" UDP, "proto 17 at 56", 68, 67 },
	{ IP6("2b") "11 00 000000000000" UDP, "proto 17 at 48", 68, 67 },
	{ IP6("87") "11 00 000000000000" UDP, "proto 17 at 48", 68, 67 },
	/* Authentication: its length counts four-byte words but two. */
	{ IP6("33") "11 01 0000 00000000 00000000" UDP, "proto 17 at 52", 68, 67 },
	{ IP6("33") "11 00 0000 00000000" UDP, "proto 17 at 48", 68, 67 },
	/* MLD: router alert before ICMPv6. */
	{ IP6("00") "3a 00 0502 0000 0100" "8f00 0000 0000 0001", "proto 58 at 48", 0x8f00, 0 },
	/* Fragments. */
	{ IP6("2c") "11 00 0001 00000007" UDP, "proto 17 at 48 fragment", 68, 67 },
	{ IP6("2c") "11 00 0000 00000007" UDP, "proto 17 at 48 fragment", 68, 67 }, /* atomic */
	{ IP6("2c") "11 00 0006 00000007" UDP, "proto 17 at 48 fragment", 68, 67 }, /* reserved */
	{ IP6("2c") "11 00 0008 00000007" UDP, "proto 17 fragment later", 0, 0 },
	{ IP6("2c") "11 00 fff9 00000007" UDP, "proto 17 fragment later", 0, 0 },
	{ IP6("00") "2c 00 000000000000" "06 00 0008 00000007", "proto 6 fragment later", 0, 0 },
	{ IP6("2c") "3c 00 0001 00000007" "06 00 000000000000" TCP, "proto 6 at 56 fragment", 80,
	  8080 },
	/* Behind a later fragment's header is data, whatever it looks like. */
	{ IP6("2c") "00 00 0008 00000007" "06 00 000000000000", "proto 0 fragment later", 0, 0 },
	/* Lies and cuts. */
	{ IP6("00"), "broken", 0, 0 },
	{ IP6("00") "11 00 0000000000", "broken", 0, 0 },
	{ IP6("00") "11 01 000000000000" UDP, "proto 17 at 56", 0, 0 },
	{ IP6("00") "11 02 000000000000" UDP, "broken", 0, 0 },
	{ IP6("00") "11 ff 000000000000" UDP, "broken", 0, 0 },
	{ IP6("33") "11 ff 000000000000" UDP, "broken", 0, 0 },
	{ IP6("2c") "11 00 0000 000000", "broken", 0, 0 },
	{ "60000000 00000640 fe80", "broken", 0, 0 },
	{ "6f", "broken", 0, 0 },
	/* Eight in a row are read, nine are too many. */
	{ IP6("3c") "3c00000000000000 3c00000000000000 3c00000000000000 3c00000000000000"
		    "3c00000000000000 3c00000000000000 3c00000000000000 1100000000000000" UDP,
	  "proto 17 at 104", 68, 67 },
	{ IP6("3c") "3c00000000000000 3c00000000000000 3c00000000000000 3c00000000000000"
		    "3c00000000000000 3c00000000000000 3c00000000000000 3c00000000000000"
		    "1100000000000000" UDP,
	  "broken", 0, 0 },
};
/* clang-format on */

static void
test_ip4_headers(void **state)
{
	(void)state;
	wire_ip_check(wire_ip4_cases, RTE_DIM(wire_ip4_cases));
}

static void
test_ip6_headers_and_their_extensions(void **state)
{
	(void)state;
	wire_ip_check(wire_ip6_cases, RTE_DIM(wire_ip6_cases));
}

/* Cut anywhere, a packet is broken, or says the same without the words that are missing. */
static void
test_cut_at_every_byte(void **state)
{
	static const struct {
		const char *hex;
		uint32_t whole; /* bytes of IP headers */
	} cases[] = {
		{ IP4("5", "0000", "06") TCP, 20 },
		{ IP4("7", "0000", "11") "0101010101010101" UDP, 28 },
		{ IP6("00") "3c 00 000000000000"
			    "33 01 000000000000 0000000000000000"
			    "11 01 0000 00000000 00000000" UDP,
		  76 },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		uint8_t bytes[WIRE_IP_BYTES];
		uint32_t n = wire_ip_from_hex(cases[i].hex, bytes);

		for (uint32_t cut = 0; cut <= n; cut++) {
			uint16_t source, destination;
			char says[80];

			wire_ip_describe(bytes, cut, says, sizeof(says), &source, &destination);
			assert_int_equal(strcmp(says, "broken") == 0, cut < cases[i].whole);
			assert_int_equal(source != 0, cut >= cases[i].whole + 8);
		}
	}
}

/* What is said about random bytes lies within them. */
static void
test_random_bytes(void **state)
{
	static const uint8_t chain[] = { 0, 43, 60, 135, 44, 51, 6, 17, 58, 59 };
	struct dice dice = { 2 };

	(void)state;
	for (int round = 0; round < 300000; round++) {
		uint32_t n = dice_below(&dice, 160) + 1;
		uint8_t *exact = malloc(n);
		struct weft_ip_info info;
		rte_be16_t words[2];
		bool is_six = dice_once_in(&dice, 2);

		assert_non_null(exact);
		dice_fill(&dice, exact, n);
		exact[0] = (uint8_t)((is_six ? 0x60 : 0x40) | (exact[0] & 0xf));
		/* Some way into chains of extension headers that are plausible. */
		for (uint32_t at = is_six ? 6 : n; at + 1 < n && !dice_once_in(&dice, 12);
		     at = at == 6 ? 40 : at + 8) {
			exact[at] = chain[dice_below(&dice, RTE_DIM(chain))];
			if (at != 6)
				exact[at + 1] = (uint8_t)dice_once_in(&dice, 8);
		}
		if (is_six ? weft_ip6_parse(exact, n, &info) : weft_ip4_parse(exact, n, &info)) {
			weft_l4_parse(exact, n, &info, &words[0], &words[1]);
			if (!info.is_later_fragment)
				assert_in_range(info.l4_offset, is_six ? 40 : 20, n);
			if (info.is_later_fragment)
				assert_true(info.is_fragment && words[0] == 0 && words[1] == 0);
		}
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip4_headers),
		cmocka_unit_test(test_ip6_headers_and_their_extensions),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
