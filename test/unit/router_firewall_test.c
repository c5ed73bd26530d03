/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A router's firewall: which rule matches first, and what it says in words.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/firewall.h"

static struct weft_ip
firewall_test_ip(const char *text, uint8_t prefix)
{
	struct weft_ip ip = { .prefix = prefix };

	ip.family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
	assert_int_equal(inet_pton(ip.family, text, ip.bytes), 1);
	return ip;
}

/* From one to another; of ICMP, type and code stand for the ports. */
static struct weft_conn_packet
firewall_test_packet(uint8_t protocol, const char *src, const char *dst, uint16_t to)
{
	struct weft_ip from = firewall_test_ip(src, 0), there = firewall_test_ip(dst, 0);
	struct weft_conn_packet packet = {
		.tuple = { .family = from.family, .protocol = protocol, .src_port = RTE_BE16(9) }
	};

	memcpy(packet.tuple.src, from.bytes, sizeof(packet.tuple.src));
	memcpy(packet.tuple.dst, there.bytes, sizeof(packet.tuple.dst));
	packet.tuple.dst_port = rte_cpu_to_be_16(to);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		packet.icmp_type = (uint8_t)(to >> 8);
		packet.icmp_code = (uint8_t)to;
		packet.tuple.dst_port = packet.tuple.src_port;
	}
	return packet;
}

/* What the rule says that is judged beside a first one, which matches nothing of it. */
static bool
firewall_test_matches(const struct weft_conf_firewall_rule *rule,
		      const struct weft_conn_packet *packet, enum weft_firewall_direction direction)
{
	struct weft_conf_firewall_rule rules[] = {
		{ .action = WEFT_FIREWALL_DENY, .protocol = 253 },
		*rule,
		{ .action = WEFT_FIREWALL_DENY, .protocol = WEFT_PROTOCOL_ANY },
	};
	struct weft_conf_router conf = { .firewall = rules, .n_firewall = 3 };
	struct weft_firewall firewall;
	uint32_t number;

	assert_int_equal(weft_firewall_make(&firewall, &conf), 0);
	number = weft_firewall_judge(&firewall, packet, direction);
	assert_in_range(number, 2, 3);
	assert_int_equal(weft_firewall_allows(&firewall, number),
			 number == 2 && rule->action == WEFT_FIREWALL_ALLOW);
	weft_firewall_free(&firewall);
	return number == 2;
}

#define ANY .action = WEFT_FIREWALL_ALLOW, .protocol = WEFT_PROTOCOL_ANY
#define ALLOW(number) .action = WEFT_FIREWALL_ALLOW, .protocol = (number)

static void
test_directions(void **state)
{
	const struct weft_conn_packet packet =
		firewall_test_packet(IPPROTO_UDP, "10.0.0.1", "192.0.2.1", 53);
	const enum weft_firewall_direction all[] = { WEFT_FIREWALL_BOTH, WEFT_FIREWALL_IN,
						     WEFT_FIREWALL_OUT };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct weft_conf_firewall_rule rule = { ANY, .direction = all[i] };

		assert_int_equal(firewall_test_matches(&rule, &packet, WEFT_FIREWALL_IN), i != 2);
		assert_int_equal(firewall_test_matches(&rule, &packet, WEFT_FIREWALL_OUT), i != 1);
	}
}

static void
test_protocols_ports_and_types(void **state)
{
	const struct {
		struct weft_conf_firewall_rule rule;
		uint8_t protocol;
		uint16_t to;
		bool matches;
	} cases[] = {
		{ { ANY }, IPPROTO_TCP, 80, true },
		{ { ANY }, IPPROTO_GRE, 0, true },
		{ { ALLOW(IPPROTO_TCP) }, IPPROTO_TCP, 65535, true },
		{ { ALLOW(IPPROTO_TCP) }, IPPROTO_UDP, 80, false },
		{ { ALLOW(IPPROTO_TCP), .has_ports = true, .ports = { 80, 82 } },
		  IPPROTO_TCP,
		  79,
		  false },
		{ { ALLOW(IPPROTO_TCP), .has_ports = true, .ports = { 80, 82 } },
		  IPPROTO_TCP,
		  80,
		  true },
		{ { ALLOW(IPPROTO_TCP), .has_ports = true, .ports = { 80, 82 } },
		  IPPROTO_TCP,
		  82,
		  true },
		{ { ALLOW(IPPROTO_TCP), .has_ports = true, .ports = { 80, 82 } },
		  IPPROTO_TCP,
		  83,
		  false },
		{ { ALLOW(IPPROTO_UDP), .has_ports = true, .ports = { 0, 65535 } },
		  IPPROTO_UDP,
		  0,
		  true },
		{ { ALLOW(IPPROTO_ICMP) }, IPPROTO_ICMP, 8 << 8, true },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 8 },
		  IPPROTO_ICMP,
		  8 << 8 | 77,
		  true },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 8 },
		  IPPROTO_ICMP,
		  9 << 8,
		  false },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 3,
		    .has_icmp_code = true, .icmp_code = 4 },
		  IPPROTO_ICMP,
		  3 << 8 | 4,
		  true },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 3,
		    .has_icmp_code = true, .icmp_code = 4 },
		  IPPROTO_ICMP,
		  3 << 8 | 5,
		  false },
		{ { ANY, .ethertype = WEFT_ETHERTYPE_IPV4 }, IPPROTO_TCP, 80, true },
		{ { ANY, .ethertype = WEFT_ETHERTYPE_IPV6 }, IPPROTO_TCP, 80, false },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_conn_packet packet = firewall_test_packet(cases[i].protocol, "10.0.0.1",
								      "192.0.2.1", cases[i].to);

		if (firewall_test_matches(&cases[i].rule, &packet, WEFT_FIREWALL_OUT) !=
		    cases[i].matches)
			fail_msg("case %u", i);
	}
}

/* Of each length the addresses that differ in its last bit, and behind it. */
static void
test_prefixes_of_each_length(void **state)
{
	const char *texts[] = { "10.85.170.255", "2001:db8:5555:aaaa:ff00:ff:1:ffff" };

	(void)state;
	for (int family = 0; family < 2; family++)
		for (uint8_t prefix = 0; prefix <= (family == 0 ? 32 : 128); prefix++)
			for (int end = 0; end < 2; end++) {
				struct weft_conf_firewall_rule rule = {
					ANY,
					.has_source = end == 0,
					.has_destination = end == 1,
					.ethertype = family == 0 ? WEFT_ETHERTYPE_IPV4 :
								   WEFT_ETHERTYPE_IPV6,
				};
				struct weft_conn_packet packet = firewall_test_packet(
					IPPROTO_UDP, texts[family], texts[family], 53);
				uint8_t *at = end == 0 ? packet.tuple.src : packet.tuple.dst;

				rule.source = rule.destination =
					firewall_test_ip(texts[family], prefix);
				assert_true(
					firewall_test_matches(&rule, &packet, WEFT_FIREWALL_IN));
				if (prefix < (family == 0 ? 32 : 128)) {
					at[prefix / 8] ^= 0x80 >> prefix % 8;
					assert_true(firewall_test_matches(&rule, &packet,
									  WEFT_FIREWALL_IN));
				}
				if (prefix == 0)
					continue;
				at[(prefix - 1) / 8] ^= 0x80 >> (prefix - 1) % 8;
				assert_false(
					firewall_test_matches(&rule, &packet, WEFT_FIREWALL_IN));
			}
}

static void
test_the_first_that_matches(void **state)
{
	struct weft_conf_firewall_rule rules[1000] = { 0 };
	struct weft_conf_router conf = { .firewall = rules, .n_firewall = RTE_DIM(rules) };
	struct weft_conn_packet packet;
	struct weft_firewall firewall;

	(void)state;
	/* Ports n to the end: all from that one on match. */
	for (uint32_t i = 0; i < RTE_DIM(rules); i++)
		rules[i] = (struct weft_conf_firewall_rule){
			.action = i % 2 == 0 ? WEFT_FIREWALL_ALLOW : WEFT_FIREWALL_DENY,
			.protocol = IPPROTO_TCP,
			.has_ports = true,
			.ports = { (uint16_t)(RTE_DIM(rules) - i), 65535 },
		};
	assert_int_equal(weft_firewall_make(&firewall, &conf), 0);
	for (uint16_t port = 0; port <= RTE_DIM(rules) + 1; port++) {
		uint32_t should = port == 0		? 0 :
				  port > RTE_DIM(rules) ? 1 :
							  (uint32_t)RTE_DIM(rules) - port + 1;

		packet = firewall_test_packet(IPPROTO_TCP, "10.0.0.1", "192.0.2.1", port);
		assert_int_equal(weft_firewall_judge(&firewall, &packet, WEFT_FIREWALL_IN), should);
		assert_int_equal(weft_firewall_allows(&firewall, should), should % 2 == 1);
	}
	weft_firewall_free(&firewall);
}

static void
test_words(void **state)
{
	const struct {
		struct weft_conf_firewall_rule rule;
		const char *text;
	} cases[] = {
		{ { ANY }, "allow" },
		{ { .action = WEFT_FIREWALL_DENY, .protocol = WEFT_PROTOCOL_ANY }, "deny" },
		{ { ANY, .direction = WEFT_FIREWALL_OUT, .ethertype = WEFT_ETHERTYPE_IPV6 },
		  "allow out ipv6" },
		{ { .action = WEFT_FIREWALL_DENY,
		    .direction = WEFT_FIREWALL_IN,
		    .protocol = IPPROTO_TCP,
		    .has_ports = true,
		    .ports = { 23, 23 },
		    .has_source = true,
		    .source = firewall_test_ip("192.0.2.0", 24) },
		  "deny in tcp 23 from 192.0.2.0/24" },
		{ { ALLOW(IPPROTO_UDP), .has_ports = true, .ports = { 80, 82 } },
		  "allow udp 80-82" },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 3,
		    .has_icmp_code = true, .icmp_code = 4 },
		  "allow icmp type 3 code 4" },
		{ { ALLOW(IPPROTO_ICMP), .has_icmp_type = true, .icmp_type = 8 },
		  "allow icmp type 8" },
		{ { ALLOW(253), .has_destination = true,
		    .destination = firewall_test_ip("2001:db8::", 32) },
		  "allow protocol 253 to 2001:db8::/32" },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		char text[160];

		weft_firewall_format(&cases[i].rule, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_protocols_ports_and_types),
		cmocka_unit_test(test_prefixes_of_each_length),
		cmocka_unit_test(test_the_first_that_matches),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
