/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large documents of conf_router_test.c.
 */
#ifndef TEST_UNIT_CONF_ROUTER_LARGE_H
#define TEST_UNIT_CONF_ROUTER_LARGE_H

#include "conf_helper.h"

/** A document of n routers: each has a network of its own, a link in a network of n subnets, and a
 *  gateway, which all share their network. The caller frees it. */
static inline char *
router_write_large(int n)
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs("networks:\n  - {name: public, type: local, external: true}\n"
	      "  - name: shared\n    type: local\n    subnets:\n",
	      out);
	for (int i = 0; i < n; i++)
		fprintf(out, "      - {name: s%d, cidr: 10.%d.%d.0/24}\n", i, i / 256, i % 256);
	for (int i = 0; i < n; i++)
		fprintf(out, "  - {name: n%d, type: local}\n", i);
	fputs("routers:\n", out);
	for (int i = 0; i < n; i++)
		fprintf(out,
			"  - name: r%d\n    interfaces:\n"
			"      - {network: n%d, address: 192.168.0.1/24, mac: 02:00:00:00:00:01}\n"
			"      - {network: shared, address: 10.%d.%d.1/24}\n"
			"    gateway: {network: public, address: 172.16.%d.%d/12, "
			"next-hop: 172.31.0.1}\n"
			"    routes: [{destination: 11.0.0.0/8, next-hop: 10.%d.%d.2}]\n",
			i, i, i / 256, i % 256, i / 250, i % 250 + 1, i / 256, i % 256);
	fclose(out);
	return text;
}

/** A document of a router with n floating IPs, all of one port, and n port forwardings. The caller
 *  frees it. */
static inline char *
router_write_outsides(int n)
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs("networks: [{name: a, type: local}, {name: public, type: local, external: true}]\n"
	      "ports:\n  - name: p\n    network: a\n    device: d\n    addresses:\n",
	      out);
	for (int i = 0; i < n; i++)
		fprintf(out, "      - 10.1.%d.%d\n", i / 256, i % 256);
	fputs("routers:\n  - name: r\n    interfaces: [{network: a, address: 10.0.0.1/15}]\n"
	      "    gateway: {network: public, address: 11.0.0.1/8}\n    floating-ips:\n",
	      out);
	for (int i = n - 1; i >= 0; i--)
		fprintf(out, "      - {address: 11.1.%d.%d, port: p, fixed-address: 10.1.%d.%d}\n",
			i / 256, i % 256, i / 256, i % 256);
	fputs("    port-forwardings:\n", out);
	for (int i = 0; i < n; i++)
		fprintf(out,
			"      - {address: 11.2.0.%d, protocol: udp, external-port: %d, port: p, "
			"internal-port: 1}\n",
			i % 8, i + 1);
	fclose(out);
	return text;
}

#endif
