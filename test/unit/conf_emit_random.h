/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random documents of conf_emit_test.c.
 */
#ifndef TEST_UNIT_CONF_EMIT_RANDOM_H
#define TEST_UNIT_CONF_EMIT_RANDOM_H

#include "conf_helper.h"

static inline uint32_t
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

static inline void
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

static inline void
emit_random_wire(FILE *out, int i)
{
	fprintf(out, "  - name: wire%d\n    device: \"0000:00:%02x.0,a=\\\"%u\\\"\"\n", i, i,
		emit_random(9));
	MAYBE(out, "    mtu: %u\n", 1500 + emit_random(7501));
	MAYBE(out, "    queues: %u\n", emit_random(65));
	MAYBE(out, "    admin: %s\n", emit_random(2) ? "up" : "down");
	MAYBE(out, "    miss-budget: %u\n", 1 + emit_random(1000));
}

static inline void
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

static inline void
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

static inline void
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
static inline void
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

static inline void
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

static inline void
emit_random_security(FILE *out, int i)
{
	MAYBE(out, "    security-groups: [group%u, group%u]\n", emit_random(2), 2 + emit_random(2));
	MAYBE(out, "    allowed-address-pairs: [{ip: 10.0.0.%d}, {ip: 10.%u.0.0/16}]\n", 1 + i,
	      emit_random(3));
	MAYBE(out, "    connection-reserve: %u\n", emit_random(200));
}

static inline void
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
static inline void
emit_random_interfaces(FILE *out, int i, bool has_gateway)
{
	int first = (int)emit_random(4), n = 1 + (int)emit_random(4);

	fputs("    interfaces:\n", out);
	if (has_gateway)
		fprintf(out, "      - {network: inside, address: 10.99.2.%d/16}\n", i + 1);
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

static inline void
emit_random_nat(FILE *out)
{
	static const char *const filterings[] = { "endpoint-independent", "address-dependent",
						  "address-and-port-dependent" };

	fputs("    nat:\n", out);
	MAYBE(out, "      mapping: %s\n",
	      emit_random(2) ? "endpoint-independent" : "address-and-port-dependent");
	MAYBE(out, "      filtering: %s\n", filterings[emit_random(3)]);
	MAYBE(out, "      udp-timeout: %u\n", 299 + emit_random(3));
	MAYBE(out, "      tcp-established-timeout: %u\n", 7440 + emit_random(3));
	MAYBE(out, "      tcp-transitory-timeout: %u\n", 240 + emit_random(3));
	MAYBE(out, "      icmp-timeout: %u\n", 60 + emit_random(3));
	MAYBE(out, "      port-quota: %u\n", 4095 + emit_random(3));
}

static inline void
emit_random_firewall(FILE *out)
{
	static const char *const matches[] = { "",
					       ", ethertype: ipv6",
					       ", protocol: tcp, ports: 80-443",
					       ", protocol: 17, ports: 53, ethertype: any",
					       ", protocol: icmp, icmp-type: 8",
					       ", source: 10.0.0.0/8, ethertype: ipv4",
					       ", destination: '2001:db8::/32'",
					       ", source: 10.0.0.1, destination: 0.0.0.0/0" };
	static const char *const sides[] = { "both", "in", "out" };

	fputs("    firewall:\n", out);
	for (uint32_t j = emit_random(8); j > 0; j--) {
		fprintf(out, "      - {action: %s", emit_random(2) ? "allow" : "deny");
		MAYBE(out, ", direction: %s", sides[emit_random(3)]);
		fputs(matches[emit_random(COUNT(matches))], out);
		MAYBE(out, ", log: %s", emit_random(2) ? "true" : "false");
		fputs("}\n", out);
	}
}

/** Guests that the gateways of routers lead to: four for each router, of two addresses. */
static inline void
emit_random_guest(FILE *out, int i)
{
	fprintf(out,
		"  - {name: guest%d, network: inside, device: net_ring%d, "
		"addresses: [10.99.0.%d, 10.99.1.%d]}\n",
		i, i, i + 1, i + 1);
}

static inline void
emit_random_outsides(FILE *out, int i)
{
	fputs("    floating-ips:\n", out);
	for (int j = 4 * i; j < 4 * i + 4; j++) {
		MAYBE(out, "      - {address: 203.0.113.%d, port: guest%d}\n", 20 + j, j);
		MAYBE(out,
		      "      - {address: 203.0.113.%d, port: guest%d, "
		      "fixed-address: 10.99.1.%d}\n",
		      50 + j, j, j + 1);
	}
	fputs("    port-forwardings:\n", out);
	for (int j = 4 * i; j < 4 * i + 4; j++) {
		fprintf(out,
			"      - {address: 203.0.113.%d, protocol: %s, external-port: %d, "
			"port: guest%d, internal-port: %u",
			emit_random(2) ? i + 1 : i + 10, emit_random(2) ? "tcp" : "udp", 1 + j, j,
			1 + emit_random(65535));
		MAYBE(out, ", fixed-address: 10.99.%u.%d", emit_random(2), j + 1);
		fputs("}\n", out);
	}
}

static inline void
emit_random_gateway(FILE *out, int i)
{
	fprintf(out, "    gateway: {network: public, address: 203.0.113.%d/24", i + 1);
	MAYBE(out, ", next-hop: 203.0.113.%u", 100 + emit_random(100));
	MAYBE(out, ", mac: 02:04:00:00:00:%02x", i);
	if (emit_random(3) == 0)
		fputs(", snat: false", out);
	else
		MAYBE(out, ", snat-pool: [203.0.113.%d, 203.0.113.%d]", 210 + i,
		      emit_random(2) ? i + 1 : 220 + i);
	fputs("}\n", out);
}

static inline void
emit_random_router(FILE *out, int i)
{
	bool has_gateway = emit_random(2);

	fprintf(out, "  - name: router%d\n", i);
	MAYBE(out, "    project: acme\n");
	MAYBE(out, "    admin: %s\n", emit_random(2) ? "up" : "down");
	if (has_gateway || emit_random(4) != 0)
		emit_random_interfaces(out, i, has_gateway);
	if (has_gateway) {
		emit_random_gateway(out, i);
		emit_random_outsides(out, i);
	}
	if (emit_random(2))
		emit_random_nat(out);
	if (emit_random(2))
		emit_random_firewall(out);
}

/** A right document of two wires, an endpoint, fourteen networks, four groups, 56 ports and six
 *  routers; the caller frees it. */
static inline char *
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
	fputs("  - {name: public, type: local, external: true}\n"
	      "  - {name: inside, type: local}\n",
	      out);
	fputs("security-groups:\n", out);
	for (int i = 0; i < 4; i++)
		emit_random_group(out, i);
	fputs("ports:\n", out);
	for (int i = 0; i < 32; i++)
		emit_random_port(out, i);
	for (int i = 0; i < 24; i++)
		emit_random_guest(out, i);
	fputs("routers:\n", out);
	for (int i = 0; i < 6; i++)
		emit_random_router(out, i);
	fclose(out);
	return text;
}

#endif
