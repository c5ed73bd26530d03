/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnel endpoints and overlays: what their keys become, what follows from them, and how many there
 * may be; and what addresses have to do with each other. */
#include <arpa/inet.h>
#include <time.h>

#include "conf_helper.h"

#define TUNNEL_SECTION                                                                             \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24}\n"
#define TUNNEL_GUEST "{mac: 02:00:00:00:00:07, ip: 10.1.0.7, at: 10.0.0.1}"

static void
tunnel_check_ip(const struct weft_ip *ip, const char *expected)
{
	char text[INET6_ADDRSTRLEN + 4];

	weft_ip_format(ip, text);
	assert_string_equal(text, expected);
}

/** The section for tunnels, and what follows from it. */
static void
tunnel_test_endpoint(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"physical-networks: [{name: w, device: d0}]\n"
		"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vlan: 10,\n"
		"  gateway: 192.0.2.254, mac: 02:00:00:00:00:01, vxlan-port: 8472, geneve-port: "
		"9,\n"
		"  dscp: 46, ttl: 3, udp-checksum: false, routes: [\n"
		"  {destination: 10.0.0.0/8, next-hop: 192.0.2.253},\n"
		"  {destination: 10.0.0.0/8, next-hop: 192.0.2.252}]}\n");
	const struct weft_conf_endpoint *endpoint = &conf->endpoint;

	(void)state;
	assert_true(endpoint->is_there);
	assert_string_equal(endpoint->wire, "w");
	tunnel_check_ip(&endpoint->address, "192.0.2.1/24");
	assert_int_equal(endpoint->vlan, 10);
	assert_int_equal(endpoint->n_gateways, 1);
	tunnel_check_ip(&endpoint->gateways[0], "192.0.2.254");
	assert_int_equal(endpoint->n_routes, 2);
	tunnel_check_ip(&endpoint->routes[0].destination, "10.0.0.0/8");
	tunnel_check_ip(&endpoint->routes[1].next_hop, "192.0.2.252");
	assert_int_equal(endpoint->routes[1].place.line, 6);
	assert_true(endpoint->has_mac);
	assert_int_equal(endpoint->mac.addr_bytes[5], 1);
	assert_int_equal(endpoint->vxlan_port, 8472);
	assert_int_equal(endpoint->geneve_port, 9);
	assert_int_equal(endpoint->dscp, 46);
	assert_int_equal(endpoint->ttl, 3);
	assert_false(endpoint->udp_checksum);
	assert_int_equal(endpoint->place.line, 2);
	weft_conf_destroy(conf);
}

static void
tunnel_test_endpoint_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"physical-networks: [{name: w, device: d0}]\n"
		"tunnel-endpoint: {physical-network: w, address: '2001:db8::1/64'}\n");
	const struct weft_conf_endpoint *endpoint = &conf->endpoint;

	(void)state;
	tunnel_check_ip(&endpoint->address, "2001:db8::1/64");
	assert_int_equal(endpoint->vlan, 0);
	assert_int_equal(endpoint->n_gateways, 0);
	assert_int_equal(endpoint->n_routes, 0);
	assert_false(endpoint->has_mac);
	assert_int_equal(endpoint->vxlan_port, 4789);
	assert_int_equal(endpoint->geneve_port, 6081);
	assert_int_equal(endpoint->dscp, 0);
	assert_int_equal(endpoint->ttl, 64);
	assert_true(endpoint->udp_checksum);
	weft_conf_destroy(conf);
	conf = conf_helper_load("tunnel-endpoint:\n");
	assert_false(conf->endpoint.is_there);
	weft_conf_destroy(conf);
}

static void
tunnel_test_overlays(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		TUNNEL_SECTION
		"networks:\n"
		"  - {name: a, type: vxlan, segment: 16777215, unknown-addresses: drop,\n"
		"     neighbours: [{mac: 02:00:00:00:00:01, ip: 10.1.0.1, at: 10.0.0.3},\n"
		"       {mac: 02:00:00:00:00:02, at: 10.0.0.2},\n"
		"       {mac: 02:00:00:00:00:01, ip: 10.1.0.2, at: 10.0.0.3}]}\n"
		"  - {name: b, type: gre, segment: 4294967295, peers: [10.0.0.9],\n"
		"     neighbours: [" TUNNEL_GUEST "]}\n"
		"  - {name: c, type: geneve, segment: 1, mtu: 1400, peers: [],\n"
		"     neighbours: [" TUNNEL_GUEST "]}\n"
		"ports: [{name: p, network: a, device: d1}]\n");
	const struct weft_conf_network *a = &conf->networks[0], *b = &conf->networks[1];

	(void)state;
	assert_int_equal(a->type, WEFT_NETWORK_VXLAN);
	assert_int_equal(a->segment, 16777215);
	assert_null(a->wire);
	assert_int_equal(a->mtu, 1450);
	assert_int_equal(conf->ports[0].mtu, 1450);
	assert_int_equal(a->unknown_addresses, WEFT_UNKNOWN_DROP);
	assert_int_equal(a->n_neighbours, 3);
	assert_int_equal(a->neighbours[1].mac.addr_bytes[5], 2);
	assert_false(a->neighbours[1].has_ip);
	assert_true(a->neighbours[2].has_ip);
	tunnel_check_ip(&a->neighbours[2].ip, "10.1.0.2");
	tunnel_check_ip(&a->neighbours[2].at, "10.0.0.3");
	assert_int_equal(a->n_peers, 2);
	tunnel_check_ip(&a->peers[0], "10.0.0.2");
	tunnel_check_ip(&a->peers[1], "10.0.0.3");
	assert_int_equal(b->type, WEFT_NETWORK_GRE);
	assert_true(b->segment == 4294967295);
	assert_int_equal(b->mtu, 1458);
	assert_int_equal(b->unknown_addresses, WEFT_UNKNOWN_FLOOD);
	assert_int_equal(b->n_peers, 1);
	tunnel_check_ip(&b->peers[0], "10.0.0.9");
	assert_int_equal(conf->networks[2].type, WEFT_NETWORK_GENEVE);
	assert_int_equal(conf->networks[2].mtu, 1400);
	assert_int_equal(conf->networks[2].n_peers, 0);
	weft_conf_destroy(conf);
}

/** Neighbours at as many endpoints as a network may have peers, and at one more. */
static void
tunnel_test_peers(void **state)
{
	(void)state;
	for (int n = 1024; n <= 1025; n++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		char *text, *says;
		size_t bytes;
		FILE *out = open_memstream(&text, &bytes);
		struct weft_conf *conf;

		fputs(TUNNEL_SECTION
		      "networks:\n- {name: a, type: gre, segment: 1, neighbours: [\n",
		      out);
		for (int i = 0; i < n; i++)
			fprintf(out, "  {mac: 02:00:00:00:%02x:%02x, at: 10.0.%d.%d},\n", i / 256,
				i % 256, i / 256, i % 256);
		fputs("]}\n", out);
		fclose(out);
		conf = weft_conf_load_text(text, bytes, "f", &errors);
		says = conf_helper_join(&errors);
		assert_string_equal(says, n == 1024 ? "" :
						      "f:4:48: networks[a].neighbours: are at 1025 "
						      "tunnel endpoints; a network has at most "
						      "1024 peers\n");
		assert_int_equal(conf != NULL, n == 1024);
		free(says);
		free(text);
		weft_conf_destroy(conf);
	}
}

/** An address with or without its prefix length. */
static struct weft_ip
tunnel_parse(const char *text)
{
	struct weft_ip ip = { .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET };
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	assert_int_equal(inet_pton(ip.family, address, ip.bytes), 1);
	ip.prefix = (uint8_t)(slash != NULL ? atoi(slash + 1) : ip.family == AF_INET ? 32 : 128);
	return ip;
}

static const struct tunnel_member {
	const char *ip, *subnet;
	bool is_in;
} tunnel_members[] = {
	{ "10.0.0.1", "10.0.0.0/24", true },
	{ "10.0.1.0", "10.0.0.0/24", false },
	/* Bits behind the prefix do not count: an address with its prefix length is a link. */
	{ "192.0.2.200", "192.0.2.1/24", true },
	{ "192.0.2.63", "192.0.2.1/26", true },
	{ "192.0.2.64", "192.0.2.1/26", false },
	{ "192.0.2.3", "192.0.2.2/31", true },
	{ "192.0.2.4", "192.0.2.2/31", false },
	{ "192.0.2.2", "192.0.2.2", true },
	{ "192.0.2.3", "192.0.2.2", false },
	{ "255.255.255.255", "0.0.0.0/0", true },
	{ "10.0.0.0/25", "10.0.0.0/24", true },
	{ "10.0.0.0/23", "10.0.0.0/24", false },
	{ "::1", "0.0.0.0/0", false },
	{ "10.0.0.1", "::/0", false },
	{ "2001:db8::1", "2001:db8::ffff/64", true },
	{ "2001:db8:0:1::1", "2001:db8::/63", true },
	{ "2001:db8:0:1::1", "2001:db8::/64", false },
	{ "2001:db8::1", "2001:db8::/127", true },
	{ "2001:db8::1", "2001:db8::1", true },
	{ "2001:db8::2", "2001:db8::1", false },
};

static void
tunnel_test_is_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tunnel_members); i++) {
		struct weft_ip ip = tunnel_parse(tunnel_members[i].ip);
		struct weft_ip subnet = tunnel_parse(tunnel_members[i].subnet);

		if (weft_ip_is_in(&ip, &subnet) != tunnel_members[i].is_in)
			fail_msg("%s in %s", tunnel_members[i].ip, tunnel_members[i].subnet);
	}
}

/** Sorted: each is less than those behind it. */
static void
tunnel_test_compare(void **state)
{
	static const char *const sorted[] = { "0.0.0.0", "10.0.0.255", "10.0.1.0",  "200.0.0.0",
					      "::",	 "::1",	       "2001:db8::" };
	struct weft_ip plain = tunnel_parse("10.0.0.0"), subnet = tunnel_parse("10.0.0.0/8");

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			struct weft_ip a = tunnel_parse(sorted[i]), b = tunnel_parse(sorted[j]);
			int order = weft_ip_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(weft_ip_compare(&plain, &subnet), 0);
}

static void
tunnel_test_types(void **state)
{
	static const struct {
		const char *name;
		bool is_overlay;
		uint32_t on_ip4, on_ip6;
	} types[WEFT_NETWORK_TYPES] = {
		[WEFT_NETWORK_LOCAL] = { "local", false, 0, 0 },
		[WEFT_NETWORK_FLAT] = { "flat", false, 0, 0 },
		[WEFT_NETWORK_VLAN] = { "vlan", false, 0, 0 },
		[WEFT_NETWORK_VXLAN] = { "vxlan", true, 50, 70 },
		[WEFT_NETWORK_GRE] = { "gre", true, 42, 62 },
		[WEFT_NETWORK_GENEVE] = { "geneve", true, 50, 70 },
	};

	(void)state;
	for (enum weft_network_type i = 0; i < WEFT_NETWORK_TYPES; i++) {
		assert_string_equal(weft_network_type_name(i), types[i].name);
		assert_int_equal(weft_network_type_is_overlay(i), types[i].is_overlay);
		assert_int_equal(weft_network_type_overhead(i, AF_INET), types[i].on_ip4);
		assert_int_equal(weft_network_type_overhead(i, AF_INET6), types[i].on_ip6);
	}
}

/** Processor time to load n networks of three neighbours each, all of them at many hosts. */
static clock_t
tunnel_measure(int n)
{
	clock_t start, took;
	struct weft_conf *conf;
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs(TUNNEL_SECTION "networks:\n", out);
	for (int i = 0; i < n; i++) {
		fprintf(out, "  - {name: n%d, type: vxlan, segment: %d, neighbours: [\n", i, i + 1);
		for (int j = 1; j <= 3; j++)
			fprintf(out,
				"    {mac: 02:00:00:00:00:%02x, ip: 10.1.0.%d, at: 10.2.%d.%d},\n",
				j, j, i % 256, j);
		fputs("    ]}\n", out);
	}
	fclose(out);
	start = clock();
	conf = conf_helper_load(text);
	took = clock() - start;
	assert_int_equal(conf->networks[n - 1].n_peers, 3);
	weft_conf_destroy(conf);
	free(text);
	return took;
}

/** Ten times the networks take about ten times as long. */
static void
tunnel_test_scale(void **state)
{
	clock_t small = tunnel_measure(1000), large = tunnel_measure(10000);

	(void)state;
	assert_true(large < 40 * small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_test_endpoint),
		cmocka_unit_test(tunnel_test_endpoint_defaults),
		cmocka_unit_test(tunnel_test_overlays),
		cmocka_unit_test(tunnel_test_peers),
		cmocka_unit_test(tunnel_test_is_in),
		cmocka_unit_test(tunnel_test_compare),
		cmocka_unit_test(tunnel_test_types),
		cmocka_unit_test(tunnel_test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
