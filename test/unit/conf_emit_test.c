/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written loads back to the same: by hand, and for random documents. */
#include "conf_emit_texts.h"
#include "conf_helper.h"

static void
emit_test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(emit_texts); i++) {
		struct weft_conf *conf = conf_helper_load(emit_texts[i]);
		char *text = conf_helper_emit(conf);

		assert_string_equal(text, emit_texts[i]);
		free(text);
		weft_conf_destroy(conf);
	}
}

/** What is at its default, or inherited, is left out however it was written. */
static void
emit_test_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"host: {polling: adaptive, memory: 262144K, flow-idle: 10}\n"
		"physical-networks: [{name: w, device: d, mtu: 2000, queues: 0, admin: up}]\n"
		"networks: [{name: a, type: flat, physical-network: w, mtu: 2000, mac-limit: 0,\n"
		"  static-macs: [], subnets: ~, external: false}]\n"
		"ports: [{name: p, network: a, device: e, queues: 0, mtu: 2000, addresses: []},\n"
		"  {name: q, network: a, vhost-user: /q, queues: 1, mode: client}]\n");
	char *text = conf_helper_emit(conf);

	(void)state;
	assert_string_equal(text, "physical-networks:\n  - name: w\n    device: d\n    mtu: 2000\n"
				  "networks:\n  - name: a\n    type: flat\n"
				  "    physical-network: w\n"
				  "ports:\n  - name: p\n    network: a\n    device: e\n"
				  "  - name: q\n    network: a\n    vhost-user: /q\n");
	free(text);
	weft_conf_destroy(conf);
}

/** The same for tunnels: what the file says and what would hold without it. */
static void
emit_test_tunnel_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"physical-networks: [{name: w, device: d0}]\n"
		"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway:\n"
		"  [192.0.2.2], routes: [], vxlan-port: 4789, geneve-port: 6081, dscp: 0, ttl: "
		"64,\n"
		"  udp-checksum: true}\n"
		"networks:\n"
		"  - {name: a, type: vxlan, segment: 1, mtu: 1450, unknown-addresses: flood,\n"
		"     peers: [192.0.2.4, 192.0.2.3], neighbours: [\n"
		"     {mac: 02:00:00:00:00:01, at: 192.0.2.3},\n"
		"     {mac: 02:00:00:00:00:02, at: 192.0.2.4}]}\n"
		"  - {name: b, type: gre, segment: 1, mtu: 1458, peers: [], neighbours: []}\n");
	char *text = conf_helper_emit(conf);

	(void)state;
	assert_string_equal(text, "physical-networks:\n  - name: w\n    device: d0\n"
				  "tunnel-endpoint:\n  physical-network: w\n"
				  "  address: 192.0.2.1/24\n  gateway: 192.0.2.2\n"
				  "networks:\n  - name: a\n    type: vxlan\n    segment: 1\n"
				  "    neighbours:\n"
				  "      - {mac: \"02:00:00:00:00:01\", at: 192.0.2.3}\n"
				  "      - {mac: \"02:00:00:00:00:02\", at: 192.0.2.4}\n"
				  "  - name: b\n    type: gre\n    segment: 1\n");
	free(text);
	weft_conf_destroy(conf);
}

/* ---- random documents ---- */

static uint32_t
emit_random(uint32_t below)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

/** Writes a key half of the time. */
#define MAYBE(out, ...) (emit_random(2) ? fprintf(out, __VA_ARGS__) : 0)

static void
emit_random_host(FILE *out)
{
	fprintf(out, "host:\n");
	MAYBE(out, "  workers: [%u, %u]\n", emit_random(500), 500 + emit_random(500));
	MAYBE(out, "  polling: %s\n", emit_random(2) ? "busy" : "adaptive");
	MAYBE(out, "  memory: %u%c\n", 1 + emit_random(1000) + (1 << 13), "KM"[emit_random(2)]);
	MAYBE(out, "  mac-entries: %u\n", 64 + emit_random(1000));
	MAYBE(out, "  flow-entries: %u\n", 64 + emit_random(1000));
	MAYBE(out, "  flow-idle: %u\n", 1 + emit_random(60));
	MAYBE(out, "  connections: %u\n", 10000 + emit_random(10));
	MAYBE(out, "  group-members: %u\n", 1000 + emit_random(10));
	fprintf(out, "connection-timeouts:\n");
	MAYBE(out, "  tcp-close: %u\n", 10 + emit_random(10));
	MAYBE(out, "  generic: %u\n", 600 + emit_random(10));
}

static void
emit_random_wire(FILE *out, int i)
{
	fprintf(out, "  - name: wire%d\n    device: \"0000:00:%02x.0,a=\\\"%u\\\"\"\n", i, i,
		emit_random(9));
	MAYBE(out, "    mtu: %u\n", 1500 + emit_random(7501));
	MAYBE(out, "    queues: %u\n", emit_random(65));
	MAYBE(out, "    admin: %s\n", emit_random(2) ? "up" : "down");
	MAYBE(out, "    miss-budget: %u\n", 1 + emit_random(1000));
}

static void
emit_random_network(FILE *out, int i, int n_ports)
{
	fprintf(out, "  - name: net%d\n    type: %s\n", i, i % 3 == 0 ? "local" : "vlan");
	if (i % 3 != 0)
		fprintf(out, "    segment: %d\n    physical-network: wire%d\n", i, i % 2);
	MAYBE(out, "    project: \"%s\"\n", emit_random(2) ? "a: #b" : "\xc3\xa4 'x' \\\"y\\\"");
	MAYBE(out, "    external: %s\n", emit_random(2) ? "true" : "false");
	MAYBE(out, "    admin: down\n");
	MAYBE(out, "    mtu: %u\n", 1400 + emit_random(101));
	MAYBE(out, "    mac-age: %u\n", 10 + emit_random(1000));
	MAYBE(out, "    mac-limit: %u\n", emit_random(3));
	MAYBE(out, "    mac-limit-action: forward\n");
	fprintf(out, "    subnets: [{name: s4, cidr: 10.%d.0.0/16, gateway: 10.%d.0.%u},\n", i, i,
		emit_random(256));
	fprintf(out, "      {name: s6, cidr: '2001:db8:%x::/48'}]\n", i);
	/* Ports i, i + 8, ... are in network i. */
	MAYBE(out, "    static-macs: [{mac: '02:01:00:00:00:%02x', port: port%d}]\n",
	      emit_random(256), i + 8 * (int)emit_random((uint32_t)n_ports / 8));
}

static void
emit_random_endpoint(FILE *out)
{
	fprintf(out, "tunnel-endpoint:\n  physical-network: wire0\n  address: 192.0.2.%u/24\n",
		1 + emit_random(9));
	MAYBE(out, "  vlan: %u\n", 100 + emit_random(100));
	if (emit_random(2))
		MAYBE(out, "  gateway: 192.0.2.%u\n", 200 + emit_random(50));
	else
		MAYBE(out, "  gateway: [192.0.2.100, 192.0.2.%u]\n", 200 + emit_random(50));
	MAYBE(out,
	      "  routes: [{destination: 10.%u.0.0/16, next-hop: 192.0.2.100},\n"
	      "    {destination: 10.%u.0.0/16, next-hop: 192.0.2.101}]\n",
	      emit_random(2), emit_random(2));
	MAYBE(out, "  mac: 02:02:00:00:00:%02x\n", emit_random(256));
	MAYBE(out, "  vxlan-port: %u\n", 4000 + emit_random(1000));
	MAYBE(out, "  geneve-port: %u\n", 6000 + emit_random(1000));
	MAYBE(out, "  dscp: %u\n", emit_random(64));
	MAYBE(out, "  ttl: %u\n", 1 + emit_random(255));
	MAYBE(out, "  udp-checksum: %s\n", emit_random(2) ? "true" : "false");
}

static void
emit_random_overlay(FILE *out, int i)
{
	static const char *const types[] = { "vxlan", "gre", "geneve" };

	fprintf(out, "  - name: overlay%d\n    type: %s\n    segment: %d\n", i,
		types[emit_random(3)], 1 + i);
	MAYBE(out, "    mtu: %u\n", 1449 + emit_random(2));
	MAYBE(out, "    unknown-addresses: %s\n", emit_random(2) ? "drop" : "flood");
	MAYBE(out, "    peers: [%s]\n", emit_random(2) ? "10.0.0.1, 10.0.0.2" : "");
	if (emit_random(4) == 0)
		return;
	fputs("    neighbours:\n", out);
	for (uint32_t j = 0; j <= emit_random(4); j++) {
		uint32_t host = 1 + emit_random(2);

		fprintf(out, "      - {mac: 02:00:00:01:%02x:%02x, at: 10.0.0.%u", i, host, host);
		MAYBE(out, ", ip: 10.9.0.%u", j);
		fputs("}\n", out);
	}
}

/** Rule j of a group is like no other one. */
static void
emit_random_rule(FILE *out, int j)
{
	fprintf(out, "      - {direction: %s", emit_random(2) ? "ingress" : "egress");
	switch (emit_random(4)) {
	case 0:
		fprintf(out, ", protocol: %u", 140 + j);
		MAYBE(out, ", remote-group: group%u", emit_random(4));
		break;
	case 1:
		fprintf(out, ", protocol: icmp, icmp-type: %d", j);
		MAYBE(out, ", icmp-code: %u", emit_random(3));
		MAYBE(out, ", ethertype: %s", emit_random(2) ? "ipv4" : "any");
		break;
	case 2:
		fprintf(out, ", protocol: %s, ports: %d", emit_random(2) ? "udp" : "6", j);
		MAYBE(out, "-%d", 100 + j);
		MAYBE(out, ", ethertype: %s", emit_random(2) ? "ipv6" : "any");
		break;
	default:
		fprintf(out, ", remote-ip: 10.%d.%u.0/24", j, emit_random(3));
		MAYBE(out, ", protocol: tcp");
	}
	MAYBE(out, ", log: %s", emit_random(2) ? "true" : "false");
	fputs("}\n", out);
}

static void
emit_random_group(FILE *out, int i)
{
	fprintf(out, "  - name: group%d\n", i);
	MAYBE(out, "    stateful: %s\n", emit_random(2) ? "true" : "false");
	MAYBE(out, "    on-change: %s\n", emit_random(2) ? "cut" : "persist");
	MAYBE(out, "    log: true\n");
	MAYBE(out, "    members: [10.0.0.%u, '::%u']\n", 1 + emit_random(4), 2 + emit_random(4));
	fputs("    rules:\n", out);
	for (int j = 0; j < (int)emit_random(8); j++)
		emit_random_rule(out, j);
}

static void
emit_random_security(FILE *out, int i)
{
	MAYBE(out, "    security-groups: [group%u, group%u]\n", emit_random(2), 2 + emit_random(2));
	MAYBE(out, "    allowed-address-pairs: [{ip: 10.0.0.%d}, {ip: 10.%u.0.0/16}]\n", 1 + i,
	      emit_random(3));
	MAYBE(out, "    connection-reserve: %u\n", emit_random(200));
}

static void
emit_random_port(FILE *out, int i)
{
	fprintf(out, "  - name: port%d\n    network: net%d\n", i, i % 8);
	if (emit_random(2)) {
		fprintf(out, "    vhost-user: /run/weft/p%d\n", i);
		MAYBE(out, "    queues: %u\n", 1 + emit_random(16));
		if (emit_random(2))
			fprintf(out,
				"    mode: server\n    socket-owner: a:b\n"
				"    socket-mode: 0%o\n",
				1 + emit_random(0777));
	} else {
		fprintf(out, "    device: net_tap%d,iface=t%d\n", i, i);
		MAYBE(out, "    queues: %u\n", emit_random(17));
	}
	MAYBE(out, "    instance: %u\n", emit_random(1000));
	MAYBE(out, "    mac: 02:00:00:00:00:%02X\n", i);
	MAYBE(out, "    addresses: [10.%d.1.%d, '2001:db8:%x::%x', 'fe80::%x']\n", i % 8, i, i % 8,
	      i + 1, i + 1);
	if (emit_random(4) == 0)
		fprintf(out, "    port-security: false\n");
	else
		emit_random_security(out, i);
	MAYBE(out, "    admin: down\n");
	MAYBE(out, "    mtu: %u\n", 68 + emit_random(1333));
	MAYBE(out, "    connection-limit: %u\n", 200 * emit_random(3));
	MAYBE(out, "    log-budget: %u\n", emit_random(3));
	MAYBE(out, "    mac-limit: %u\n", emit_random(3));
	MAYBE(out, "    mac-limit-action: forward\n");
	MAYBE(out, "    miss-budget: %u\n", 1 + emit_random(100));
}

/** Interfaces of a router in some of the networks, and routes by these. */
static void
emit_random_interfaces(FILE *out, int i)
{
	int first = (int)emit_random(4), n = 1 + (int)emit_random(4);

	fputs("    interfaces:\n", out);
	for (int j = first; j < first + n; j++) {
		fprintf(out, "      - {network: net%d, address: 10.%d.2.%d/16", j, j, i + 1);
		MAYBE(out, ", mac: 02:03:00:00:%02x:%02x", i, j);
		fputs("}\n", out);
		MAYBE(out,
		      "      - {network: net%d, address: '2001:db8:%x:1::%x/48', "
		      "mac: 02:03:00:00:%02x:%02x}\n",
		      j, j, i + 1, i, j);
	}
	fputs("    routes:\n", out);
	for (int j = first; j < first + n; j++)
		MAYBE(out, "      - {destination: 172.%u.0.0/16, next-hop: 10.%d.3.1}\n",
		      16 + emit_random(2), j);
}

static void
emit_random_router(FILE *out, int i)
{
	fprintf(out, "  - name: router%d\n", i);
	MAYBE(out, "    project: acme\n");
	MAYBE(out, "    admin: %s\n", emit_random(2) ? "up" : "down");
	if (emit_random(4) != 0)
		emit_random_interfaces(out, i);
	if (emit_random(2)) {
		fprintf(out, "    gateway: {network: public, address: 203.0.113.%d/24", i + 1);
		MAYBE(out, ", next-hop: 203.0.113.%u", 100 + emit_random(100));
		MAYBE(out, ", mac: 02:04:00:00:00:%02x", i);
		fputs("}\n", out);
	}
}

/** A right document of two wires, an endpoint, thirteen networks, four groups, 32 ports and six
 *  routers; the caller frees it. */
static char *
emit_random_document(void)
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	emit_random_host(out);
	fputs("physical-networks:\n", out);
	for (int i = 0; i < 2; i++)
		emit_random_wire(out, i);
	emit_random_endpoint(out);
	fputs("networks:\n", out);
	for (int i = 0; i < 8; i++)
		emit_random_network(out, i, 32);
	for (int i = 0; i < 4; i++)
		emit_random_overlay(out, i);
	fputs("  - {name: public, type: local, external: true}\n", out);
	fputs("security-groups:\n", out);
	for (int i = 0; i < 4; i++)
		emit_random_group(out, i);
	fputs("ports:\n", out);
	for (int i = 0; i < 32; i++)
		emit_random_port(out, i);
	fputs("routers:\n", out);
	for (int i = 0; i < 6; i++)
		emit_random_router(out, i);
	fclose(out);
	return text;
}

/** What is left when something goes with its users is right too, and can be written. */
static void
emit_check_delete(const struct weft_conf *conf, const char *noun, const char *name)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *left = weft_conf_delete(conf, noun, name, true, &errors);
	char *text;

	weft_errors_print(&errors, stderr);
	assert_non_null(left);
	text = conf_helper_emit(left);
	weft_conf_destroy(conf_helper_load(text));
	free(text);
	weft_conf_destroy(left);
}

static void
emit_test_random(void **state)
{
	char *previous_text = strdup("{}\n");

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *text = emit_random_document();
		struct weft_conf *conf = conf_helper_load(text);
		char *emitted = conf_helper_emit(conf);
		struct weft_conf *again = conf_helper_load(emitted);
		char *emitted_again = conf_helper_emit(again);
		struct weft_conf *previous = conf_helper_load(previous_text);
		char *says = conf_helper_diff(conf, again);

		assert_string_equal(says, "");
		assert_string_equal(emitted, emitted_again);
		emit_check_delete(conf, "network", conf->networks[i % conf->n_networks].name);
		emit_check_delete(conf, "physical-network", conf->wires[i % 2].name);
		emit_check_delete(conf, "router", conf->routers[i % conf->n_routers].name);
		free(says);
		/* Two random documents differ, and the walk over the difference survives it. */
		says = conf_helper_diff(previous, conf);
		assert_string_not_equal(says, "");
		free(says);
		weft_conf_destroy(previous);
		weft_conf_destroy(conf);
		weft_conf_destroy(again);
		free(emitted_again);
		free(emitted);
		free(previous_text);
		previous_text = text;
	}
	free(previous_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emit_test_exact),
		cmocka_unit_test(emit_test_defaults),
		cmocka_unit_test(emit_test_tunnel_defaults),
		cmocka_unit_test(emit_test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
