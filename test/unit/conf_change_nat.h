/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_change_test.c: what becomes of documents whose routers have NAT and firewalls.
 */
#ifndef TEST_UNIT_CONF_CHANGE_NAT_H
#define TEST_UNIT_CONF_CHANGE_NAT_H

#include "conf_change_case.h"

#define CHANGE_NAT                                                                                 \
	"networks:\n"                                                                              \
	"  - {name: blue, type: local}\n"                                                          \
	"  - {name: public, type: local, external: true}\n"                                        \
	"ports:\n"                                                                                 \
	"  - {name: vm1, network: blue, device: d1, addresses: [10.0.0.10, 10.0.0.11]}\n"          \
	"  - {name: vm2, network: blue, device: d2, addresses: [10.0.0.20]}\n"                     \
	"routers:\n"                                                                               \
	"  - name: r1\n"                                                                           \
	"    interfaces: [{network: blue, address: 10.0.0.1/24}]\n"                                \
	"    gateway: {network: public, address: 203.0.113.2/24}\n"                                \
	"    floating-ips:\n"                                                                      \
	"      - {address: 203.0.113.10, port: vm1}\n"                                             \
	"      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n"                   \
	"    port-forwardings:\n"                                                                  \
	"      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "             \
	"internal-port: 8080}\n"                                                                   \
	"      - {address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "             \
	"internal-port: 8080}\n"                                                                   \
	"    firewall:\n"                                                                          \
	"      - {action: deny, protocol: tcp, ports: 23}\n"                                       \
	"      - {action: allow, direction: out}\n"                                                \
	"      - {action: allow, source: 192.0.2.0/24}\n"

/** What differs. */
static const struct change_case change_nats[] = {
	/* What means the same. */
	{ "203.0.113.2/24}", "203.0.113.2/24, snat: true, snat-pool: [203.0.113.2]}", "" },
	{ "    floating-ips:\n", "    nat: {}\n    floating-ips:\n", "" },
	{ "    floating-ips:\n",
	  "    nat: {mapping: endpoint-independent, udp-timeout: 300}\n    floating-ips:\n", "" },
	{ "port: vm1}", "port: vm1, fixed-address: 10.0.0.10}", "" },
	{ "      - {address: 203.0.113.10, port: vm1}\n"
	  "      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n",
	  "      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n"
	  "      - {address: 203.0.113.10, port: vm1}\n",
	  "" },
	{ "source: 192.0.2.0/24}", "source: 192.0.2.0/24, ethertype: ipv4, direction: both}", "" },
	/* The gateway. */
	{ "203.0.113.2/24}", "203.0.113.2/24, snat: false}",
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24} -> "
	  "{network: public, address: 203.0.113.2/24, snat: false}\n" },
	{ "203.0.113.2/24}", "203.0.113.2/24, snat-pool: [203.0.113.20, 203.0.113.2]}",
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24} -> "
	  "{network: public, address: 203.0.113.2/24, "
	  "snat-pool: [203.0.113.20, 203.0.113.2]}\n" },
	/* NAT, key by key. */
	{ "    floating-ips:\n",
	  "    nat: {filtering: endpoint-independent, udp-timeout: 120, port-quota: 0}\n"
	  "    floating-ips:\n",
	  "~ router r1\n"
	  "  nat.filtering: address-dependent -> endpoint-independent\n"
	  "  nat.udp-timeout: 300 -> 120\n"
	  "  nat.port-quota: 4096 -> 0\n" },
	/* A floating IP is told by its address. */
	{ "port: vm1}", "port: vm2}",
	  "~ router r1\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> "
	  "{address: 203.0.113.10, port: vm2, fixed-address: 10.0.0.20}\n" },
	{ "{address: 203.0.113.10, ", "{address: 203.0.113.12, ",
	  "~ router r1\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> (none)\n"
	  "  floating-ips[203.0.113.12]: (none) -> "
	  "{address: 203.0.113.12, port: vm1, fixed-address: 10.0.0.10}\n" },
	/* The address of a port is that of what leads to it. */
	{ "addresses: [10.0.0.20]", "addresses: [10.0.0.21]",
	  "~ port vm2\n"
	  "  addresses: [10.0.0.20] -> [10.0.0.21]\n"
	  "~ router r1\n"
	  "  port-forwardings[203.0.113.2 tcp 80]: "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.20, internal-port: 8080} -> "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.21, internal-port: 8080}\n" },
	{ "[10.0.0.10, 10.0.0.11]", "[10.0.0.12, 10.0.0.11]",
	  "~ port vm1\n"
	  "  addresses: [10.0.0.10, 10.0.0.11] -> [10.0.0.12, 10.0.0.11]\n"
	  "~ router r1\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.12}\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.12, internal-port: 8080}\n" },
	/* A port forwarding is told by its outside. */
	{ "protocol: udp, external-port: 80, port: vm1, internal-port: 8080",
	  "protocol: udp, external-port: 81, port: vm1, internal-port: 8080",
	  "~ router r1\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> (none)\n"
	  "  port-forwardings[203.0.113.2 udp 81]: (none) -> "
	  "{address: 203.0.113.2, protocol: udp, external-port: 81, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080}\n" },
	/* A rule is told by its place. */
	{ "{action: allow, direction: out}", "{action: deny, direction: out, log: true}",
	  "~ router r1\n"
	  "  firewall[1]: {action: allow, direction: out} -> "
	  "{action: deny, direction: out, log: true}\n" },
	{ "      - {action: allow, direction: out}\n", "",
	  "~ router r1\n  firewall[1]: {action: allow, direction: out} -> (none)\n" },
	{ "    firewall:\n", "    firewall:\n      - {action: deny, protocol: 50}\n",
	  "~ router r1\n  firewall[0]: (none) -> {action: deny, protocol: esp}\n" },
	{ "      - {action: allow, source: 192.0.2.0/24}\n",
	  "      - {action: allow, source: 192.0.2.0/24}\n"
	  "      - {action: allow, source: 192.0.2.0/24}\n",
	  "~ router r1\n  firewall[3]: (none) -> {action: allow, source: 192.0.2.0/24}\n" },
	{ "      - {action: deny, protocol: tcp, ports: 23}\n"
	  "      - {action: allow, direction: out}\n",
	  "      - {action: allow, direction: out}\n"
	  "      - {action: deny, protocol: tcp, ports: 23}\n",
	  "~ router r1\n"
	  "  firewall[0]: {action: deny, protocol: tcp, ports: 23} -> "
	  "{action: allow, direction: out}\n"
	  "  firewall[1]: {action: allow, direction: out} -> "
	  "{action: deny, protocol: tcp, ports: 23}\n" },
};

/** Where the order of a list means nothing; the base has a pool. */
#define CHANGE_POOL                                                                                \
	"networks: [{name: public, type: local, external: true}]\n"                                \
	"routers:\n"                                                                               \
	"  - name: r\n"                                                                            \
	"    gateway: {network: public, address: 203.0.113.2/24,\n"                                \
	"      snat-pool: [203.0.113.20, 203.0.113.21]}\n"

static const struct change_case change_pools[] = {
	{ "[203.0.113.20, 203.0.113.21]", "[203.0.113.21, '203.0.113.20']", "" },
	{ ",\n      snat-pool: [203.0.113.20, 203.0.113.21]", "",
	  "~ router r\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, "
	  "snat-pool: [203.0.113.20, 203.0.113.21]} -> "
	  "{network: public, address: 203.0.113.2/24}\n" },
};

/** Merging. */
static const struct change_merge change_nat_merges[] = {
	{ "routers: [{name: r2, nat: {port-quota: 1}, firewall: [{action: deny}]}]\n",
	  "+ router r2\n", false },
	{ "routers: [{name: r1, nat: {port-quota: 1}}]\n",
	  "~ router r1\n"
	  "  interfaces[blue 10.0.0.1/24]: {network: blue, address: 10.0.0.1/24} -> (none)\n"
	  "  gateway: {network: public, address: 203.0.113.2/24} -> (none)\n"
	  "  nat.port-quota: 4096 -> 1\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> (none)\n"
	  "  floating-ips[203.0.113.11]: "
	  "{address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11} -> (none)\n"
	  "  port-forwardings[203.0.113.2 tcp 80]: "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.20, internal-port: 8080} -> (none)\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> (none)\n"
	  "  firewall[0]: {action: deny, protocol: tcp, ports: 23} -> (none)\n"
	  "  firewall[1]: {action: allow, direction: out} -> (none)\n"
	  "  firewall[2]: {action: allow, source: 192.0.2.0/24} -> (none)\n",
	  false },
	{ "ports: [{name: vm1, network: blue, device: d1, addresses: [10.0.0.10]}]\n",
	  "f:13:59: routers[r1].floating-ips[1].fixed-address: 10.0.0.11 is not an address of "
	  "ports[vm1] (FRAGMENT:1:59)\n",
	  true },
	{ "ports: [{name: vm3, network: public, device: d3, addresses: [203.0.113.10]}]\n",
	  "f:12:19: routers[r1].floating-ips[0].address: 203.0.113.10 is also an address of "
	  "ports[vm3] (FRAGMENT:1:62)\n",
	  true },
};

/** Deleting: what leads to a port goes with it, and what is on the link of a gateway. */
static const struct change_delete change_nat_deletes[] = {
	{ "router", "r1", NULL, "- router r1\n" },
	{ "port", "vm2",
	  "port vm2 is used by a port forwarding of router r1 (f:15:9); --cascade deletes these "
	  "too\n",
	  "- port vm2\n"
	  "~ router r1\n"
	  "  port-forwardings[203.0.113.2 tcp 80]: "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.20, internal-port: 8080} -> (none)\n" },
	{ "port", "vm1",
	  "port vm1 is used by a floating IP of router r1 (f:12:9), a floating IP of router r1 "
	  "(f:13:9), a port forwarding of router r1 (f:16:9); --cascade deletes these too\n",
	  "- port vm1\n"
	  "~ router r1\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> (none)\n"
	  "  floating-ips[203.0.113.11]: "
	  "{address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11} -> (none)\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> (none)\n" },
	{ "network", "public",
	  "network public is used by the gateway of router r1 (f:10:14), a floating IP of router "
	  "r1 (f:12:9), a floating IP of router r1 (f:13:9), a port forwarding of router r1 "
	  "(f:15:9), a port forwarding of router r1 (f:16:9); --cascade deletes these too\n",
	  "- network public\n"
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24} -> (none)\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> (none)\n"
	  "  floating-ips[203.0.113.11]: "
	  "{address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11} -> (none)\n"
	  "  port-forwardings[203.0.113.2 tcp 80]: "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.20, internal-port: 8080} -> (none)\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> (none)\n" },
	{ "network", "blue",
	  "network blue is used by port vm1 (f:5:5), port vm2 (f:6:5), an interface of router r1 "
	  "(f:9:18), a floating IP of router r1 (f:12:9), a floating IP of router r1 (f:13:9), a "
	  "port forwarding of router r1 (f:15:9), a port forwarding of router r1 (f:16:9); "
	  "--cascade deletes these too\n",
	  "- port vm1\n- port vm2\n- network blue\n"
	  "~ router r1\n"
	  "  interfaces[blue 10.0.0.1/24]: {network: blue, address: 10.0.0.1/24} -> (none)\n"
	  "  floating-ips[203.0.113.10]: "
	  "{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10} -> (none)\n"
	  "  floating-ips[203.0.113.11]: "
	  "{address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11} -> (none)\n"
	  "  port-forwardings[203.0.113.2 tcp 80]: "
	  "{address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm2, "
	  "fixed-address: 10.0.0.20, internal-port: 8080} -> (none)\n"
	  "  port-forwardings[203.0.113.2 udp 80]: "
	  "{address: 203.0.113.2, protocol: udp, external-port: 80, port: vm1, "
	  "fixed-address: 10.0.0.10, internal-port: 8080} -> (none)\n" },
};

#endif
