/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our tunnel endpoint: which way its packets go, what the wire must know of it, and which network
 * has a segment.
 */
#include <arpa/inet.h>
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
#include "tunnel/endpoint.h"

#define ENDPOINT_TEST_ROUTES 32

/* A section of the configuration, in the words of the file. */
struct endpoint_test_section {
	const char *address;
	const char *gateways; /* "192.0.2.254 192.0.2.253" */
	const char *routes; /* "198.51.100.0/24 192.0.2.253", then the next one */
};

/* The section as conf gives it, with the memory for its lists. */
struct endpoint_test_conf {
	struct weft_conf_endpoint conf;
	struct weft_ip gateways[ENDPOINT_TEST_ROUTES];
	struct weft_conf_route routes[ENDPOINT_TEST_ROUTES];
};

static struct weft_ip
endpoint_test_ip(const char *text)
{
	struct weft_ip ip = { .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET };
	const char *slash = strchr(text, '/');
	char address[65];

	snprintf(address, sizeof(address), "%.*s", slash != NULL ? (int)(slash - text) : 64, text);
	assert_int_equal(inet_pton(ip.family, address, ip.bytes), 1);
	ip.prefix = ip.family == AF_INET ? 32 : 128;
	if (slash != NULL)
		ip.prefix = (uint8_t)strtoul(slash + 1, NULL, 10);
	return ip;
}

/* Reads words up to the end; as many as there are. */
static uint32_t
endpoint_test_ips(const char *words, struct weft_ip *ips)
{
	uint32_t n = 0;
	char word[64];
	int used;

	while (words != NULL && sscanf(words, "%63s%n", word, &used) == 1) {
		assert_true(n < 2 * ENDPOINT_TEST_ROUTES);
		ips[n++] = endpoint_test_ip(word);
		words += used;
	}
	return n;
}

static void
endpoint_test_fill(struct endpoint_test_conf *c, const struct endpoint_test_section *section)
{
	struct weft_ip ips[2 * ENDPOINT_TEST_ROUTES];

	memset(c, 0, sizeof(*c));
	c->conf.is_there = true;
	c->conf.address = endpoint_test_ip(section->address);
	c->conf.vxlan_port = 4789;
	c->conf.geneve_port = 6081;
	c->conf.ttl = 64;
	c->conf.n_gateways = endpoint_test_ips(section->gateways, ips);
	memcpy(c->gateways, ips, sizeof(c->gateways));
	c->conf.gateways = c->gateways;
	c->conf.n_routes = endpoint_test_ips(section->routes, ips) / 2;
	for (uint32_t i = 0; i < c->conf.n_routes; i++) {
		c->routes[i].destination = ips[2 * i];
		c->routes[i].next_hop = ips[2 * i + 1];
		c->routes[i].place = (struct weft_place){ i + 1, 3 };
	}
	c->conf.routes = c->routes;
}

static struct weft_endpoint *
endpoint_test_create(const struct endpoint_test_section *section)
{
	struct endpoint_test_conf conf;
	struct weft_endpoint *endpoint;

	endpoint_test_fill(&conf, section);
	endpoint = weft_endpoint_create(&conf.conf, 3);
	assert_non_null(endpoint);
	/* It keeps nothing of the document. */
	memset(&conf, 0xa5, sizeof(conf));
	return endpoint;
}

/* ---- where to ---- */

static const struct endpoint_test_section endpoint_test_four = {
	.address = "192.0.2.1/24",
	.gateways = "192.0.2.254",
	.routes = "198.51.0.0/16 192.0.2.20 198.51.100.0/24 192.0.2.30 198.51.100.7/32 192.0.2.40 "
		  "203.0.113.0/24 192.0.2.52 203.0.113.0/24 192.0.2.51 203.0.113.0/24 192.0.2.53",
};
static const struct endpoint_test_section endpoint_test_six = {
	.address = "2001:db8::1/64",
	.gateways = "2001:db8::fe 2001:db8::fd",
	.routes = "2001:db8:1::/48 2001:db8::20 2001:db8:1:1::/64 2001:db8::30",
};
static const struct endpoint_test_section endpoint_test_island = { .address = "192.0.2.129/25" };

static void
test_packets_go_the_longest_route(void **state)
{
	static const struct {
		const struct endpoint_test_section *section;
		const char *to, *hops;
	} cases[] = {
		{ &endpoint_test_four, "192.0.2.2", "192.0.2.2" },
		{ &endpoint_test_four, "192.0.2.254", "192.0.2.254" },
		{ &endpoint_test_four, "192.0.3.1", "192.0.2.254" },
		{ &endpoint_test_four, "198.51.1.1", "192.0.2.20" },
		{ &endpoint_test_four, "198.51.100.1", "192.0.2.30" },
		{ &endpoint_test_four, "198.51.100.7", "192.0.2.40" },
		{ &endpoint_test_four, "198.51.101.7", "192.0.2.20" },
		{ &endpoint_test_four, "203.0.113.9", "192.0.2.51 192.0.2.52 192.0.2.53" },
		{ &endpoint_test_four, "2001:db8::2", "" },
		{ &endpoint_test_six, "2001:db8::2", "2001:db8::2" },
		{ &endpoint_test_six, "2001:db8:0:1::2", "2001:db8::fd 2001:db8::fe" },
		{ &endpoint_test_six, "2001:db8:1::2", "2001:db8::20" },
		{ &endpoint_test_six, "2001:db8:1:1::2", "2001:db8::30" },
		{ &endpoint_test_six, "192.0.2.2", "" },
		{ &endpoint_test_island, "192.0.2.254", "192.0.2.254" },
		{ &endpoint_test_island, "192.0.2.127", "" },
		{ &endpoint_test_island, "::", "" },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_endpoint *endpoint = endpoint_test_create(cases[i].section);
		struct weft_ip to = endpoint_test_ip(cases[i].to), hops[WEFT_NEXT_HOPS_MAX];
		struct weft_ip wanted[2 * ENDPOINT_TEST_ROUTES];
		uint32_t n = endpoint_test_ips(cases[i].hops, wanted);

		/* Only family and bytes of the address count. */
		to.prefix = (uint8_t)(to.prefix * (i % 2));
		assert_int_equal(weft_endpoint_next_hops(endpoint, &to, hops), n);
		assert_memory_equal(hops, wanted, n * sizeof(*hops));
		weft_endpoint_destroy(endpoint);
	}
}

static void
test_gateways_and_default_routes_share(void **state)
{
	struct weft_endpoint *endpoint = endpoint_test_create(&(struct endpoint_test_section){
		"192.0.2.1/24", "192.0.2.9", "0.0.0.0/0 192.0.2.8" });
	struct weft_ip to = endpoint_test_ip("8.8.8.8"), hops[WEFT_NEXT_HOPS_MAX];

	(void)state;
	assert_int_equal(weft_endpoint_next_hops(endpoint, &to, hops), 2);
	assert_int_equal(hops[0].bytes[3], 8);
	assert_int_equal(hops[1].bytes[3], 9);
	weft_endpoint_destroy(endpoint);
}

static void
test_at_most_eight_share(void **state)
{
	struct endpoint_test_conf c;
	struct weft_ip to = endpoint_test_ip("203.0.113.1");

	(void)state;
	for (uint32_t n = 0; n <= 20; n++) {
		struct weft_ip hops[WEFT_NEXT_HOPS_MAX + 1] = { 0 };
		struct weft_endpoint *endpoint;

		endpoint_test_fill(&c, &endpoint_test_island);
		c.conf.n_gateways = n;
		for (uint32_t i = 0; i < n; i++) {
			c.gateways[i] = endpoint_test_ip("192.0.2.130");
			c.gateways[i].bytes[3] = (uint8_t)(130 + i);
		}
		endpoint = weft_endpoint_create(&c.conf, 3);
		assert_non_null(endpoint);
		assert_int_equal(weft_endpoint_next_hops(endpoint, &to, hops), RTE_MIN(n, 8u));
		for (uint32_t i = 0; i < WEFT_NEXT_HOPS_MAX; i++)
			assert_int_equal(hops[i].bytes[3], i < n ? 130 + i : 0);
		assert_int_equal(hops[WEFT_NEXT_HOPS_MAX].family, 0);
		weft_endpoint_destroy(endpoint);
	}
}

static uint32_t
endpoint_test_mask(uint8_t prefix)
{
	return prefix == 0 ? 0 : ~0u << (32 - prefix);
}

static uint32_t
endpoint_test_number(const struct weft_ip *ip)
{
	rte_be32_t number;

	memcpy(&number, ip->bytes, 4);
	return rte_be_to_cpu_32(number);
}

/* Routes of few addresses, so that many contain each other or are equal; every one has another next
 * hop. */
static void
endpoint_test_roll_routes(struct dice *dice, struct endpoint_test_conf *c)
{
	endpoint_test_fill(c, &endpoint_test_island);
	c->conf.n_routes = dice_below(dice, ENDPOINT_TEST_ROUTES);
	for (uint32_t i = 0; i < c->conf.n_routes; i++) {
		uint8_t prefix = (uint8_t)(dice_once_in(dice, 8) ? 0 : 28 + dice_below(dice, 5));
		rte_be32_t address = rte_cpu_to_be_32((0x0a000000 + dice_below(dice, 32)) &
						      endpoint_test_mask(prefix));

		c->routes[i].destination = endpoint_test_ip("0.0.0.0");
		c->routes[i].destination.prefix = prefix;
		memcpy(c->routes[i].destination.bytes, &address, 4);
		c->routes[i].next_hop = endpoint_test_ip("192.0.2.130");
		c->routes[i].next_hop.bytes[3] = (uint8_t)(130 + i);
	}
}

/* The next hops of all routes that are as long as the longest: a set of bits. */
static uint64_t
endpoint_test_slow_hops(const struct endpoint_test_conf *c, uint32_t to)
{
	uint64_t set = 0;
	int longest = -1;

	for (uint32_t i = 0; i < c->conf.n_routes; i++) {
		const struct weft_ip *destination = &c->routes[i].destination;
		uint32_t mask = endpoint_test_mask(destination->prefix);

		if ((to & mask) != endpoint_test_number(destination) ||
		    destination->prefix < longest)
			continue;
		if (destination->prefix > longest)
			set = 0;
		longest = destination->prefix;
		set |= 1ull << i;
	}
	return set;
}

static void
test_any_routes_are_found_as_a_slow_search_finds_them(void **state)
{
	struct dice dice = { 5 };
	struct endpoint_test_conf c;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct weft_endpoint *endpoint;

		endpoint_test_roll_routes(&dice, &c);
		endpoint = weft_endpoint_create(&c.conf, 3);
		assert_non_null(endpoint);
		for (uint32_t to = 0x0a000000 - 1; to <= 0x0a000000 + 32; to++) {
			rte_be32_t address = rte_cpu_to_be_32(to);
			struct weft_ip ip = endpoint_test_ip("0.0.0.0"), hops[WEFT_NEXT_HOPS_MAX];
			uint64_t wanted = endpoint_test_slow_hops(&c, to), found = 0;
			uint32_t n;

			memcpy(ip.bytes, &address, 4);
			n = weft_endpoint_next_hops(endpoint, &ip, hops);
			for (uint32_t i = 0; i < n; i++)
				found |= 1ull << (hops[i].bytes[3] - 130);
			assert_int_equal(__builtin_popcountll(found), n);
			assert_int_equal(n, RTE_MIN(__builtin_popcountll(wanted), 8));
			assert_true((found & ~wanted) == 0);
		}
		weft_endpoint_destroy(endpoint);
	}
}

/* ---- what the wire must know ---- */

static void
test_the_wire_knows_address_tag_and_formats(void **state)
{
	static const struct {
		enum weft_network_type type;
		uint16_t udp_port;
	} formats[WEFT_TUNNEL_FORMATS] = { { WEFT_NETWORK_VXLAN, 8472 },
					   { WEFT_NETWORK_GENEVE, 6082 },
					   { WEFT_NETWORK_GRE, 0 } };
	struct endpoint_test_conf c;
	struct weft_endpoint *endpoint;
	const struct weft_terminator *terminator;

	(void)state;
	endpoint_test_fill(&c, &endpoint_test_six);
	c.conf.vxlan_port = 8472;
	c.conf.geneve_port = 6082;
	c.conf.vlan = 10;
	c.conf.dscp = 46;
	c.conf.ttl = 9;
	c.conf.udp_checksum = true;
	c.conf.has_mac = true;
	c.conf.mac = (struct rte_ether_addr){ { 2, 1, 2, 3, 4, 5 } };
	endpoint = weft_endpoint_create(&c.conf, 3);
	assert_non_null(endpoint);
	assert_int_equal(endpoint->wire, 3);
	assert_int_equal(endpoint->dscp, 46);
	assert_int_equal(endpoint->ttl, 9);
	assert_true(endpoint->has_udp_checksum);
	assert_int_equal(endpoint->address.prefix, 64);
	terminator = &endpoint->terminator;
	assert_true(terminator->is_here);
	assert_int_equal(terminator->family, AF_INET6);
	assert_int_equal(terminator->tag, WEFT_TAG | 10);
	assert_memory_equal(&terminator->mac, &c.conf.mac, sizeof(c.conf.mac));
	assert_memory_equal(terminator->address, c.conf.address.bytes, 16);
	for (size_t i = 0; i < WEFT_TUNNEL_FORMATS; i++) {
		assert_ptr_equal(terminator->formats[i].ops, weft_segment_find(formats[i].type));
		assert_int_equal(rte_be_to_cpu_16(terminator->formats[i].udp_port),
				 formats[i].udp_port);
	}
	weft_endpoint_destroy(endpoint);
}

static void
test_equal_terminators_have_equal_bytes(void **state)
{
	struct weft_endpoint *a, *b;
	void *used = malloc(sizeof(*a));

	(void)state;
	assert_non_null(used);
	memset(used, 0xa5, sizeof(*a));
	free(used);
	a = endpoint_test_create(&endpoint_test_four);
	b = endpoint_test_create(&endpoint_test_four);
	assert_memory_equal(&a->terminator, &b->terminator, sizeof(a->terminator));
	assert_int_equal(a->terminator.tag, 0);
	weft_endpoint_destroy(a);
	weft_endpoint_destroy(b);
}

static uint64_t
endpoint_test_mac(const char *address)
{
	struct weft_endpoint *endpoint =
		endpoint_test_create(&(struct endpoint_test_section){ .address = address });
	uint64_t mac = weft_mac_number(&endpoint->terminator.mac);

	assert_true(rte_is_unicast_ether_addr(&endpoint->terminator.mac));
	assert_true(rte_is_local_admin_ether_addr(&endpoint->terminator.mac));
	weft_endpoint_destroy(endpoint);
	return mac;
}

static int
endpoint_test_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void
test_a_mac_is_made_from_the_address(void **state)
{
	static uint64_t macs[2 * 65536];
	char address[64];
	uint32_t n = 0;

	(void)state;
	/* Other hosts remember it: these must never change. */
	assert_int_equal(endpoint_test_mac("192.0.2.1/24"), 0x92ef265fbf09);
	assert_int_equal(endpoint_test_mac("2001:db8::1/64"), 0x729bf9c020d9);
	assert_int_equal(endpoint_test_mac("192.0.2.1/24"), endpoint_test_mac("192.0.2.1/16"));
	for (uint32_t i = 0; i < 65536; i++) {
		snprintf(address, sizeof(address), "10.0.%u.%u/16", i >> 8, i & 0xff);
		macs[n++] = endpoint_test_mac(address);
		snprintf(address, sizeof(address), "2001:db8::%x/64", i);
		macs[n++] = endpoint_test_mac(address);
	}
	qsort(macs, n, sizeof(macs[0]), endpoint_test_compare);
	for (uint32_t i = 1; i < n; i++)
		assert_true(macs[i] != macs[i - 1]);
}

/* Each of 0 to 15 makes the endpoint differ. */
static void
endpoint_test_change(struct weft_conf_endpoint *conf, uint16_t *wire, int what)
{
	*wire = (uint16_t)(*wire + (what == 0));
	conf->address.bytes[3] ^= what == 1;
	conf->address.prefix ^= what == 2;
	conf->vlan += what == 3;
	conf->has_mac = what == 4;
	conf->vxlan_port += what == 5;
	conf->geneve_port += what == 6;
	conf->dscp += what == 7;
	conf->ttl += what == 8;
	conf->udp_checksum = what == 9;
	conf->n_gateways -= what == 10;
	conf->gateways[0].bytes[3] ^= what == 11;
	conf->n_routes -= what == 12;
	conf->routes[0].destination.bytes[1] ^= what == 13;
	conf->routes[0].destination.prefix ^= what == 14;
	conf->routes[0].next_hop.bytes[3] ^= what == 15;
}

static void
test_any_change_is_seen(void **state)
{
	struct weft_endpoint *old = endpoint_test_create(&endpoint_test_four);

	(void)state;
	for (int what = 0; what <= 16; what++) {
		struct endpoint_test_conf c;
		struct weft_endpoint *new;
		uint16_t wire = 3;

		endpoint_test_fill(&c, &endpoint_test_four);
		endpoint_test_change(&c.conf, &wire, what);
		new = weft_endpoint_create(&c.conf, wire);
		assert_non_null(new);
		assert_int_equal(weft_endpoint_is_same(old, new), what == 16);
		assert_int_equal(weft_endpoint_is_same(new, old), what == 16);
		weft_endpoint_destroy(new);
	}
	weft_endpoint_destroy(old);
}

static void
test_the_order_in_the_file_is_no_change(void **state)
{
	struct weft_endpoint *old = endpoint_test_create(&endpoint_test_four), *new;
	struct dice dice = { 6 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct endpoint_test_conf c;

		endpoint_test_fill(&c, &endpoint_test_four);
		for (uint32_t i = c.conf.n_routes; i > 1; i--) {
			uint32_t other = dice_below(&dice, i);
			struct weft_conf_route route = c.routes[other];

			c.routes[other] = c.routes[i - 1];
			c.routes[i - 1] = route;
		}
		new = weft_endpoint_create(&c.conf, 3);
		assert_non_null(new);
		assert_int_equal(weft_endpoint_add_segment(new, WEFT_NETWORK_GRE, 1, 1), 0);
		weft_endpoint_settle(new);
		/* Nor are segments. */
		assert_true(weft_endpoint_is_same(old, new));
		assert_false(weft_endpoint_has_same_segments(old, new));
		weft_endpoint_destroy(new);
	}
	weft_endpoint_destroy(old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_go_the_longest_route),
		cmocka_unit_test(test_gateways_and_default_routes_share),
		cmocka_unit_test(test_at_most_eight_share),
		cmocka_unit_test(test_any_routes_are_found_as_a_slow_search_finds_them),
		cmocka_unit_test(test_the_wire_knows_address_tag_and_formats),
		cmocka_unit_test(test_equal_terminators_have_equal_bytes),
		cmocka_unit_test(test_a_mac_is_made_from_the_address),
		cmocka_unit_test(test_any_change_is_seen),
		cmocka_unit_test(test_the_order_in_the_file_is_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
