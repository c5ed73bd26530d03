/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_router_test.c: what is wrong with the NAT and the firewall of routers, and what is
 * said about it.
 */
#ifndef TEST_UNIT_CONF_NAT_ERRORS_H
#define TEST_UNIT_CONF_NAT_ERRORS_H

#include "conf_router_errors.h"

/** Guests, and a router that reaches some of them, without and with a gateway. */
#define ROUTER_GUESTS                                                                              \
	"networks: [{name: blue, type: local}, {name: red, type: local},\n"                        \
	"  {name: public, type: local, external: true}]\n"                                         \
	"ports:\n"                                                                                 \
	"  - {name: vm1, network: blue, device: d1, addresses: ['2001:db8::a', 10.0.0.10, "        \
	"10.0.0.11]}\n"                                                                            \
	"  - {name: vm2, network: blue, device: d2, addresses: [10.1.0.20, 10.0.0.20]}\n"          \
	"  - {name: vm3, network: red, device: d3, addresses: [10.2.0.30]}\n"                      \
	"  - {name: vm4, network: blue, device: d4}\n"                                             \
	"  - {name: vm5, network: blue, device: d5, addresses: ['2001:db8::e']}\n"                 \
	"  - {name: vm6, network: public, device: d6, addresses: [203.0.113.60]}\n"                \
	"routers:\n"
#define ROUTER_INSIDE                                                                              \
	ROUTER_GUESTS                                                                              \
	"  - name: r\n"                                                                            \
	"    interfaces: [{network: blue, address: 10.0.0.1/24}]\n"
#define ROUTER_OUTSIDE                                                                             \
	ROUTER_INSIDE                                                                              \
	"    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1}\n"

/** Source NAT, and how. */
static const struct router_error router_nat_errors[] = {
	{ "routers: [{name: r, nat: []}, {name: s, nat: {udp: 5, port-quota: x}}, {name: t, nat: "
	  "5}]\n",
	  "f:1:26: routers[r].nat: must be a map (key: value)\n"
	  "f:1:47: routers[s].nat: unknown key 'udp'; known keys here: mapping, filtering, "
	  "udp-timeout, tcp-established-timeout, tcp-transitory-timeout, icmp-timeout, port-quota\n"
	  "f:1:67: routers[s].nat.port-quota: x is not a number of bindings (0..4194304)\n"
	  "f:1:87: routers[t].nat: must be a map (key: value)\n" },
	{ "routers: [{name: r, nat: {mapping: address-dependent, filtering: none, udp-timeout: "
	  "119,\n"
	  "  tcp-established-timeout: 7439, tcp-transitory-timeout: 239, icmp-timeout: 59,\n"
	  "  port-quota: 4194305}}]\n",
	  "f:1:36: routers[r].nat.mapping: address-dependent is not a mapping; known: "
	  "endpoint-independent, address-and-port-dependent\n"
	  "f:1:66: routers[r].nat.filtering: none is not a filtering; known: endpoint-independent, "
	  "address-dependent, address-and-port-dependent\n"
	  "f:1:85: routers[r].nat.udp-timeout: 119 is not a number of seconds (120..1000000)\n"
	  "f:2:28: routers[r].nat.tcp-established-timeout: 7439 is not a number of seconds "
	  "(7440..1000000)\n"
	  "f:2:58: routers[r].nat.tcp-transitory-timeout: 239 is not a number of seconds "
	  "(240..1000000)\n"
	  "f:2:77: routers[r].nat.icmp-timeout: 59 is not a number of seconds (60..1000000)\n"
	  "f:3:15: routers[r].nat.port-quota: 4194305 is not a number of bindings (0..4194304)\n" },
	{ ROUTER_INSIDE
	  "    gateway: {network: public, address: 203.0.113.2/24, snat: perhaps, snat-pool: 5}\n"
	  "  - {name: s, gateway: {network: public, address: 203.0.113.3/24, snat: false,\n"
	  "     snat-pool: [203.0.113.4]}}\n"
	  "  - {name: t, gateway: {network: public, address: 203.0.113.5/24, snat: off,\n"
	  "     snat-pool: [203.0.113.6/24, 203.0.113.7-203.0.113.9, 0.0.0.0]}}\n",
	  "f:13:63: routers[r].gateway.snat: perhaps is neither true nor false\n"
	  "f:13:83: routers[r].gateway.snat-pool: must be a list\n"
	  "f:15:17: routers[s].gateway.snat-pool: needs snat, which is false here (f:14:73)\n"
	  "f:16:73: routers[t].gateway.snat: off is neither true nor false\n"
	  "f:17:18: routers[t].gateway.snat-pool[0]: 203.0.113.6/24 is not the IPv4 or IPv6 "
	  "address of a host\n"
	  "f:17:34: routers[t].gateway.snat-pool[1]: 203.0.113.7-203.0.113.9 is not the IPv4 or "
	  "IPv6 address of a host\n"
	  "f:17:59: routers[t].gateway.snat-pool[2]: 0.0.0.0 is not the IPv4 or IPv6 address of a "
	  "host\n" },
	/* On the link, and somebody's. */
	{ ROUTER_INSIDE
	  "    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
	  "      snat-pool: [203.0.113.1, 203.0.113.0, 203.0.113.255, 203.0.112.1, "
	  "'2001:db8::1']}\n"
	  "  - {name: s, gateway: {network: public, address: '2001:db8::2/64', snat-pool: "
	  "[203.0.113.4]}}\n",
	  "f:14:19: routers[r].gateway.snat-pool[0]: 203.0.113.1 is the next-hop of "
	  "routers[r].gateway (f:13:67)\n"
	  "f:14:32: routers[r].gateway.snat-pool[1]: 203.0.113.0 is the network address of the "
	  "link 203.0.113.2/24 (f:13:41)\n"
	  "f:14:45: routers[r].gateway.snat-pool[2]: 203.0.113.255 is the broadcast address of the "
	  "link 203.0.113.2/24 (f:13:41)\n"
	  "f:14:60: routers[r].gateway.snat-pool[3]: 203.0.112.1 is not on the link of "
	  "203.0.113.2/24 (f:13:41)\n"
	  "f:14:73: routers[r].gateway.snat-pool[4]: 2001:db8::1 is not an IPv4 address; source "
	  "NAT is of IPv4 only\n"
	  "f:15:81: routers[s].gateway.snat-pool[0]: 203.0.113.4 is not on the link of "
	  "2001:db8::2/64 (f:15:51)\n" },
	/* Nothing follows from a link that could not be read. */
	{ ROUTER_INSIDE
	  "    gateway: {network: public, address: 203.0.113.2, snat-pool: [10.0.0.1, '::2']}\n"
	  "  - {name: s, gateway: {network: pubic, address: 203.0.114.2/24, snat-pool: "
	  "[10.0.0.1]}}\n",
	  "f:13:41: routers[r].gateway.address: 203.0.113.2 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n"
	  "f:13:76: routers[r].gateway.snat-pool[1]: ::2 is not an IPv4 address; source NAT is of "
	  "IPv4 only\n"
	  "f:14:34: routers[s].gateway.network: there is no network 'pubic'; did you mean "
	  "'public'?\n"
	  "f:14:78: routers[s].gateway.snat-pool[0]: 10.0.0.1 is not on the link of 203.0.114.2/24 "
	  "(f:14:50)\n" },
	/* And nobody else's. */
	{ ROUTER_INSIDE
	  "    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
	  "      snat-pool: [203.0.113.2, 203.0.113.60, 203.0.113.20, 203.0.113.2, 203.0.113.20]}\n"
	  "  - {name: s, gateway: {network: public, address: 203.0.113.3/24,\n"
	  "     snat-pool: [203.0.113.2, 203.0.113.20, 203.0.113.4]}}\n"
	  "  - {name: t, gateway: {network: public, address: 203.0.113.4/24}}\n",
	  "f:14:32: routers[r].gateway.snat-pool[1]: 203.0.113.60 is also an address of ports[vm6] "
	  "(f:9:58)\n"
	  "f:14:60: routers[r].gateway.snat-pool[3]: 203.0.113.2 is also the address of "
	  "routers[r].gateway (f:13:41)\n"
	  "f:14:73: routers[r].gateway.snat-pool[4]: 203.0.113.20 is also in "
	  "routers[r].gateway.snat-pool (f:14:46)\n"
	  "f:16:18: routers[s].gateway.snat-pool[0]: 203.0.113.2 is also the address of "
	  "routers[r].gateway (f:13:41)\n"
	  "f:16:31: routers[s].gateway.snat-pool[1]: 203.0.113.20 is also in "
	  "routers[r].gateway.snat-pool (f:14:46)\n"
	  "f:17:51: routers[t].gateway.address: 203.0.113.4 is also in "
	  "routers[s].gateway.snat-pool (f:16:45)\n" },
};

/** Floating IPs. */
static const struct router_error router_floating_errors[] = {
	{ "routers: [{name: r, floating-ips: 5}, {name: s, floating-ips: [5, {}, {address: "
	  "203.0.113.10,\n"
	  "  port: a b, fixed: 10.0.0.10}]}]\n",
	  "f:1:35: routers[r].floating-ips: must be a list\n"
	  "f:1:63: routers[s].floating-ips: needs a 'gateway' beside it, on whose link the "
	  "addresses are\n"
	  "f:1:64: routers[s].floating-ips[0]: must be a map (key: value)\n"
	  "f:1:67: routers[s].floating-ips[1]: needs an 'address'\n"
	  "f:1:67: routers[s].floating-ips[1]: needs a 'port'\n"
	  "f:2:9: routers[s].floating-ips[2].port: a b is not a name (letters, digits, '.', '_', "
	  "'-'; the first a letter or digit; at most 63)\n"
	  "f:2:14: routers[s].floating-ips[2]: unknown key 'fixed'; known keys here: address, "
	  "port, fixed-address\n" },
	{ ROUTER_OUTSIDE "    floating-ips:\n"
			 "      - {address: 203.0.113.10/24, port: vm1}\n"
			 "      - {address: 203.0.113.10-203.0.113.12, port: vm1}\n"
			 "      - {address: 127.0.0.1, port: vm1, fixed-address: 10.0.0.11/24}\n"
			 "      - {address: 203.0.113.10, port: vm1, fixed-address: ~}\n",
	  "f:15:19: routers[r].floating-ips[0].address: 203.0.113.10/24 is not the IPv4 or IPv6 "
	  "address of a host\n"
	  "f:16:9: routers[r].floating-ips[1]: vm1 at 10.0.0.10 is also behind "
	  "routers[r].floating-ips[0] (f:15:9)\n"
	  "f:16:19: routers[r].floating-ips[1].address: 203.0.113.10-203.0.113.12 is not the IPv4 "
	  "or IPv6 address of a host\n"
	  "f:17:19: routers[r].floating-ips[2].address: 127.0.0.1 is not the IPv4 or IPv6 address "
	  "of a host\n"
	  "f:17:56: routers[r].floating-ips[2].fixed-address: 10.0.0.11/24 is not the IPv4 or IPv6 "
	  "address of a host\n"
	  "f:18:59: routers[r].floating-ips[3].fixed-address: needs a value\n" },
	/* Nowhere without a gateway. */
	{ ROUTER_INSIDE "    floating-ips: [{address: 203.0.113.10, port: vm1}]\n"
			"  - {name: s, floating-ips: [], port-forwardings: ~}\n",
	  "f:13:19: routers[r].floating-ips: needs a 'gateway' beside it, on whose link the "
	  "addresses are\n" },
	/* The outside. */
	{ ROUTER_OUTSIDE
	  "    floating-ips:\n"
	  "      - {address: '2001:db8::1', port: vm1, fixed-address: '2001:db8::a'}\n"
	  "      - {address: 203.0.112.10, port: vm1, fixed-address: 10.0.0.11}\n"
	  "      - {address: 203.0.113.0, port: vm1}\n"
	  "      - {address: 203.0.113.255, port: vm2, fixed-address: 10.0.0.20}\n"
	  "  - name: s\n"
	  "    interfaces: [{network: blue, address: 10.0.0.2/24}]\n"
	  "    gateway: {network: public, address: '2001:db8::2/64'}\n"
	  "    floating-ips: [{address: 203.0.113.9, port: vm1}]\n",
	  "f:15:19: routers[r].floating-ips[0].address: 2001:db8::1 is not an IPv4 address; "
	  "floating IPs are of IPv4 only\n"
	  "f:15:60: routers[r].floating-ips[0].fixed-address: 2001:db8::a is not an IPv4 address; "
	  "floating IPs are of IPv4 only\n"
	  "f:16:19: routers[r].floating-ips[1].address: 203.0.112.10 is not on the link of "
	  "203.0.113.2/24 (f:13:41)\n"
	  "f:17:19: routers[r].floating-ips[2].address: 203.0.113.0 is the network address of the "
	  "link 203.0.113.2/24 (f:13:41)\n"
	  "f:18:19: routers[r].floating-ips[3].address: 203.0.113.255 is the broadcast address of "
	  "the link 203.0.113.2/24 (f:13:41)\n"
	  "f:22:20: routers[s].floating-ips[0]: vm1 at 10.0.0.10 is also behind "
	  "routers[r].floating-ips[2] (f:17:9)\n"
	  "f:22:30: routers[s].floating-ips[0].address: 203.0.113.9 is not on the link of "
	  "2001:db8::2/64 (f:21:41)\n" },
	/* Whose it is. */
	{ ROUTER_INSIDE
	  "    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
	  "      snat-pool: [203.0.113.20]}\n"
	  "    floating-ips:\n"
	  "      - {address: 203.0.113.1, port: vm1}\n"
	  "      - {address: 203.0.113.2, port: vm1, fixed-address: 10.0.0.11}\n"
	  "      - {address: 203.0.113.20, port: vm2, fixed-address: 10.0.0.20}\n"
	  "  - name: s\n"
	  "    interfaces: [{network: red, address: 10.2.0.1/24}, {network: blue, address: "
	  "10.0.0.2/24}]\n"
	  "    gateway: {network: public, address: 203.0.113.3/24}\n"
	  "    floating-ips:\n"
	  "      - {address: 203.0.113.2, port: vm3}\n"
	  "      - {address: 203.0.113.60, port: vm3}\n"
	  "      - {address: 203.0.113.20, port: vm3}\n"
	  "      - {address: 203.0.113.1, port: vm3}\n",
	  "f:16:19: routers[r].floating-ips[0].address: 203.0.113.1 is the next-hop of "
	  "routers[r].gateway (f:13:67)\n"
	  "f:17:19: routers[r].floating-ips[1].address: 203.0.113.2 is also the address of "
	  "routers[r].gateway (f:13:41)\n"
	  "f:18:19: routers[r].floating-ips[2].address: 203.0.113.20 is also in "
	  "routers[r].gateway.snat-pool (f:14:19)\n"
	  "f:23:19: routers[s].floating-ips[0].address: 203.0.113.2 is also the address of "
	  "routers[r].gateway (f:13:41)\n"
	  "f:24:9: routers[s].floating-ips[1]: vm3 at 10.2.0.30 is also behind "
	  "routers[s].floating-ips[0] (f:23:9)\n"
	  "f:24:19: routers[s].floating-ips[1].address: 203.0.113.60 is also an address of "
	  "ports[vm6] (f:9:58)\n"
	  "f:25:9: routers[s].floating-ips[2]: vm3 at 10.2.0.30 is also behind "
	  "routers[s].floating-ips[0] (f:23:9)\n"
	  "f:25:19: routers[s].floating-ips[2].address: 203.0.113.20 is also in "
	  "routers[r].gateway.snat-pool (f:14:19)\n"
	  "f:26:9: routers[s].floating-ips[3]: vm3 at 10.2.0.30 is also behind "
	  "routers[s].floating-ips[0] (f:23:9)\n"
	  "f:26:19: routers[s].floating-ips[3].address: 203.0.113.1 is also the address of "
	  "routers[r].floating-ips[0] (f:16:19)\n" },
	/* The inside. */
	{ ROUTER_OUTSIDE
	  "    floating-ips:\n"
	  "      - {address: 203.0.113.10, port: vm7}\n"
	  "      - {address: 203.0.113.11, port: vm3}\n"
	  "      - {address: 203.0.113.12, port: vm6}\n"
	  "      - {address: 203.0.113.13, port: vm4}\n"
	  "      - {address: 203.0.113.14, port: vm5}\n"
	  "      - {address: 203.0.113.15, port: vm2}\n"
	  "      - {address: 203.0.113.16, port: vm2, fixed-address: 10.1.0.20}\n"
	  "      - {address: 203.0.113.17, port: vm1, fixed-address: '2001:db8::a'}\n"
	  "      - {address: 203.0.113.18, port: vm1, fixed-address: 10.0.0.20}\n"
	  "      - {address: 203.0.113.19, port: vm4, fixed-address: 10.0.0.40}\n",
	  "f:15:39: routers[r].floating-ips[0].port: there is no port 'vm7'; did you mean 'vm1'?\n"
	  "f:16:39: routers[r].floating-ips[1].port: vm3 is a port of networks[red] (f:6:26), "
	  "where routers[r] has no interface\n"
	  "f:17:39: routers[r].floating-ips[2].port: vm6 is a port of networks[public] (f:9:26), "
	  "where routers[r] has no interface\n"
	  "f:18:39: routers[r].floating-ips[3].port: vm4 has no IPv4 address (f:7:5)\n"
	  "f:19:39: routers[r].floating-ips[4].port: vm5 has no IPv4 address (f:8:5)\n"
	  "f:20:39: routers[r].floating-ips[5].port: vm2 has 10.1.0.20 first (f:5:56), which is on "
	  "no link of routers[r] in networks[blue]; give a 'fixed-address'\n"
	  "f:21:9: routers[r].floating-ips[6]: vm2 at 10.1.0.20 is also behind "
	  "routers[r].floating-ips[5] (f:20:9)\n"
	  "f:21:59: routers[r].floating-ips[6].fixed-address: 10.1.0.20 is on no link of "
	  "routers[r] in networks[blue] (f:11:5)\n"
	  "f:22:59: routers[r].floating-ips[7].fixed-address: 2001:db8::a is not an IPv4 address; "
	  "floating IPs are of IPv4 only\n"
	  "f:23:59: routers[r].floating-ips[8].fixed-address: 10.0.0.20 is not an address of "
	  "ports[vm1] (f:4:55)\n"
	  "f:24:59: routers[r].floating-ips[9].fixed-address: 10.0.0.40 is not an address of "
	  "ports[vm4] (f:7:5)\n" },
	/* Each inside once, by one external network. */
	{ ROUTER_OUTSIDE "    floating-ips:\n"
			 "      - {address: 203.0.113.10, port: vm1}\n"
			 "      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n"
			 "      - {address: 203.0.113.12, port: vm1, fixed-address: 10.0.0.10}\n"
			 "      - {address: 203.0.113.13, port: vm1, fixed-address: 10.0.0.11}\n"
			 "  - name: s\n"
			 "    interfaces: [{network: blue, address: 10.0.0.2/24}]\n"
			 "    gateway: {network: public, address: 203.0.113.3/24}\n"
			 "    floating-ips: [{address: 203.0.113.14, port: vm1}]\n",
	  "f:17:9: routers[r].floating-ips[2]: vm1 at 10.0.0.10 is also behind "
	  "routers[r].floating-ips[0] (f:15:9)\n"
	  "f:18:9: routers[r].floating-ips[3]: vm1 at 10.0.0.11 is also behind "
	  "routers[r].floating-ips[1] (f:16:9)\n"
	  "f:22:20: routers[s].floating-ips[0]: vm1 at 10.0.0.10 is also behind "
	  "routers[r].floating-ips[0] (f:15:9)\n" },
	/* Nothing follows from what could not be read. */
	{ "networks: [{name: blue, type: local}, {name: public, type: local, external: true}]\n"
	  "ports:\n"
	  "  - {name: vm1, network: blue, device: d1, addresses: 10.0.0.1}\n"
	  "  - {name: vm2, network: blue, device: d2, addresses: [10.0.0.2/24, '2001:db8::2']}\n"
	  "  - {name: vm3, network: bleu, device: d3}\n"
	  "routers:\n"
	  "  - name: r\n"
	  "    interfaces: [{network: blue, address: 10.0.0.3/24}]\n"
	  "    gateway: {network: public, address: 203.0.113.2/24}\n"
	  "    floating-ips:\n"
	  "      - {address: 203.0.113.10, port: vm1}\n"
	  "      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.9}\n"
	  "      - {address: 203.0.113.12, port: vm2}\n"
	  "      - {address: 203.0.113.13, port: vm2, fixed-address: 10.0.0.8}\n"
	  "      - {address: 203.0.113.14, port: vm3}\n"
	  "      - {address: 203.0.113.15, port: vm3, fixed-address: 10.9.0.9}\n"
	  "  - name: s\n"
	  "    interfaces: [{network: bleu, address: 10.9.0.1/24}]\n"
	  "    gateway: {network: public, address: 203.0.113.3/24}\n"
	  "    floating-ips: [{address: 203.0.113.16, port: vm2, fixed-address: 10.0.0.7}]\n"
	  "  - name: t\n"
	  "    interfaces: [{network: blue, address: 10.0.0.4}]\n"
	  "    gateway: {network: public, address: 203.0.113.4/24}\n"
	  "    floating-ips: [{address: 203.0.113.17, port: vm2, fixed-address: 10.0.0.6}]\n",
	  "f:3:55: ports[vm1].addresses: must be a list\n"
	  "f:4:56: ports[vm2].addresses[0]: 10.0.0.2/24 is not the IPv4 or IPv6 address of a host\n"
	  "f:5:26: ports[vm3].network: there is no network 'bleu'; did you mean 'blue'?\n"
	  "f:18:28: routers[s].interfaces[0].network: there is no network 'bleu'; did you mean "
	  "'blue'?\n"
	  "f:22:43: routers[t].interfaces[0].address: 10.0.0.4 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n" },
};

/** Port forwardings. */
static const struct router_error router_forwarding_errors[] = {
	{ "routers: [{name: r, port-forwardings: 5}, {name: s, port-forwardings: [5, {}, "
	  "{protocol: icmp,\n"
	  "  external-port: 0, internal-port: 65536, to-port: vm1}]}]\n",
	  "f:1:39: routers[r].port-forwardings: must be a list\n"
	  "f:1:71: routers[s].port-forwardings: needs a 'gateway' beside it, on whose link the "
	  "addresses are\n"
	  "f:1:72: routers[s].port-forwardings[0]: must be a map (key: value)\n"
	  "f:1:75: routers[s].port-forwardings[1]: needs an 'address'\n"
	  "f:1:75: routers[s].port-forwardings[1]: needs a 'protocol'\n"
	  "f:1:75: routers[s].port-forwardings[1]: needs an 'external-port'\n"
	  "f:1:75: routers[s].port-forwardings[1]: needs a 'port'\n"
	  "f:1:75: routers[s].port-forwardings[1]: needs an 'internal-port'\n"
	  "f:1:79: routers[s].port-forwardings[2]: needs an 'address'\n"
	  "f:1:79: routers[s].port-forwardings[2]: needs a 'port'\n"
	  "f:1:90: routers[s].port-forwardings[2].protocol: icmp is not a protocol whose ports can "
	  "be forwarded; known: tcp, udp\n"
	  "f:2:18: routers[s].port-forwardings[2].external-port: 0 is not a port (1..65535)\n"
	  "f:2:36: routers[s].port-forwardings[2].internal-port: 65536 is not a port (1..65535)\n"
	  "f:2:43: routers[s].port-forwardings[2]: unknown key 'to-port'; known keys here: "
	  "address, protocol, external-port, port, fixed-address, internal-port\n" },
	/* Nowhere without a gateway. */
	{ ROUTER_INSIDE "    port-forwardings: [{address: 203.0.113.10, protocol: tcp, "
			"external-port: 80, port: vm1,\n"
			"      internal-port: 80}]\n",
	  "f:13:23: routers[r].port-forwardings: needs a 'gateway' beside it, on whose link the "
	  "addresses are\n" },
	/* The outside, and the inside. */
	{ ROUTER_OUTSIDE "    port-forwardings:\n"
			 "      - {address: '::2', protocol: tcp, external-port: 80, port: vm1, "
			 "internal-port: 80}\n"
			 "      - {address: 203.0.112.1, protocol: tcp, external-port: 80, port: "
			 "vm7, internal-port: 80}\n"
			 "      - {address: 203.0.113.0, protocol: tcp, external-port: 80, port: "
			 "vm3, internal-port: 80}\n"
			 "      - {address: 203.0.113.1, protocol: tcp, external-port: 80, port: "
			 "vm5, internal-port: 80}\n"
			 "      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80,\n"
			 "         fixed-address: '2001:db8::a'}\n"
			 "      - {address: 203.0.113.2, protocol: udp, external-port: 80, port: "
			 "vm1, internal-port: 80,\n"
			 "         fixed-address: 10.0.0.12}\n",
	  "f:15:19: routers[r].port-forwardings[0].address: ::2 is not an IPv4 address; port "
	  "forwardings are of IPv4 only\n"
	  "f:16:19: routers[r].port-forwardings[1].address: 203.0.112.1 is not on the link of "
	  "203.0.113.2/24 (f:13:41)\n"
	  "f:16:72: routers[r].port-forwardings[1].port: there is no port 'vm7'; did you mean "
	  "'vm1'?\n"
	  "f:17:19: routers[r].port-forwardings[2].address: 203.0.113.0 is the network address of "
	  "the link 203.0.113.2/24 (f:13:41)\n"
	  "f:17:72: routers[r].port-forwardings[2].port: vm3 is a port of networks[red] (f:6:26), "
	  "where routers[r] has no interface\n"
	  "f:18:19: routers[r].port-forwardings[3].address: 203.0.113.1 is the next-hop of "
	  "routers[r].gateway (f:13:67)\n"
	  "f:18:72: routers[r].port-forwardings[3].port: vm5 has no IPv4 address (f:8:5)\n"
	  "f:20:25: routers[r].port-forwardings[4].fixed-address: 2001:db8::a is not an IPv4 "
	  "address; port forwardings are of IPv4 only\n"
	  "f:22:25: routers[r].port-forwardings[5].fixed-address: 10.0.0.12 is not an address of "
	  "ports[vm1] (f:4:55)\n" },
	/* Whose the address is. */
	{ ROUTER_OUTSIDE "    floating-ips: [{address: 203.0.113.10, port: vm1}]\n"
			 "    port-forwardings:\n"
			 "      - {address: 203.0.113.10, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "      - {address: 203.0.113.10, protocol: tcp, external-port: 81, port: "
			 "vm1, internal-port: 81}\n"
			 "      - {address: 203.0.113.60, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "      - {address: 203.0.113.11, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "  - name: s\n"
			 "    interfaces: [{network: red, address: 10.2.0.1/24}]\n"
			 "    gateway: {network: public, address: 203.0.113.3/24}\n"
			 "    port-forwardings:\n"
			 "      - {address: 203.0.113.2, protocol: tcp, external-port: 82, port: "
			 "vm3, internal-port: 80}\n"
			 "      - {address: 203.0.113.11, protocol: tcp, external-port: 81, port: "
			 "vm3, internal-port: 81}\n",
	  "f:16:19: routers[r].port-forwardings[0].address: 203.0.113.10 is also the address of "
	  "routers[r].floating-ips[0] (f:14:30)\n"
	  "f:18:19: routers[r].port-forwardings[2].address: 203.0.113.60 is also an address of "
	  "ports[vm6] (f:9:58)\n"
	  "f:24:19: routers[s].port-forwardings[0].address: 203.0.113.2 is also the address of "
	  "routers[r].gateway (f:13:41)\n"
	  "f:25:19: routers[s].port-forwardings[1].address: 203.0.113.11 is also the address of "
	  "routers[r].port-forwardings[3] (f:19:19)\n" },
	/* Each outside port once. */
	{ ROUTER_OUTSIDE "    port-forwardings:\n"
			 "      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "      - {address: 203.0.113.2, protocol: udp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "      - {address: 203.0.113.3, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 80}\n"
			 "      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: "
			 "vm1, internal-port: 81}\n"
			 "      - {address: 203.0.113.2, protocol: sctp, external-port: 80, port: "
			 "vm1, internal-port: 81}\n",
	  "f:18:9: routers[r].port-forwardings[3]: tcp 203.0.113.2:80 is also in "
	  "routers[r].port-forwardings (f:15:9)\n"
	  "f:19:42: routers[r].port-forwardings[4].protocol: sctp is not a protocol whose ports "
	  "can be forwarded; known: tcp, udp\n" },
};

/** Firewalls. */
static const struct router_error router_firewall_errors[] = {
	{ "routers: [{name: r, firewall: 5}, {name: s, firewall: [5, {}, {action: drop, direction: "
	  "ingress,\n"
	  "  protocol: 256, ports: 80-70, source: 10.0.0.1/8, destination: x, remote-ip: "
	  "10.0.0.0/8, log: on}]}]\n",
	  "f:1:31: routers[r].firewall: must be a list\n"
	  "f:1:56: routers[s].firewall[0]: must be a map (key: value)\n"
	  "f:1:59: routers[s].firewall[1]: needs an 'action'\n"
	  "f:1:72: routers[s].firewall[2].action: drop is not an action; known: deny, allow\n"
	  "f:1:89: routers[s].firewall[2].direction: ingress is not a direction; known: both, in, "
	  "out\n"
	  "f:2:13: routers[s].firewall[2].protocol: 256 is not a protocol; known: any, tcp, udp, "
	  "icmp, icmpv6, ipv6-icmp, sctp, dccp, udplite, ah, egp, esp, gre, igmp, ipip, "
	  "ipv6-encap, ipv6-frag, ipv6-nonxt, ipv6-opts, ipv6-route, ospf, pgm, rsvp, vrrp, or "
	  "0..255\n"
	  "f:2:25: routers[s].firewall[2].ports: 80-70 ends before it begins; the range is 70-80\n"
	  "f:2:40: routers[s].firewall[2].source: 10.0.0.1/8 has bits behind its prefix; the "
	  "subnet is 10.0.0.0/8\n"
	  "f:2:65: routers[s].firewall[2].destination: x is not an address or a subnet (like "
	  "10.0.0.1, 10.0.0.0/24 or 2001:db8::/64)\n"
	  "f:2:68: routers[s].firewall[2]: unknown key 'remote-ip'; known keys here: action, "
	  "direction, ethertype, protocol, ports, icmp-type, icmp-code, source, destination, log\n"
	  "f:2:96: routers[s].firewall[2].log: on is neither true nor false\n" },
	/* Keys that go with some protocols. */
	{ "routers:\n"
	  "  - name: r\n"
	  "    firewall:\n"
	  "      - {action: allow, ports: 80}\n"
	  "      - {action: allow, protocol: icmp, ports: 80}\n"
	  "      - {action: allow, icmp-type: 8}\n"
	  "      - {action: allow, protocol: tcp, icmp-type: 8, icmp-code: 0}\n"
	  "      - {action: allow, protocol: icmpv6, icmp-code: 0}\n"
	  "      - {action: allow, protocol: x, ports: 80, icmp-code: 0}\n",
	  "f:4:32: routers[r].firewall[0].ports: is for the protocols tcp, udp, udplite, sctp and "
	  "dccp only\n"
	  "f:5:48: routers[r].firewall[1].ports: is for the protocols tcp, udp, udplite, sctp and "
	  "dccp only\n"
	  "f:6:36: routers[r].firewall[2].icmp-type: is for the protocols icmp and icmpv6 only\n"
	  "f:7:51: routers[r].firewall[3].icmp-type: is for the protocols icmp and icmpv6 only\n"
	  "f:7:65: routers[r].firewall[3].icmp-code: is for the protocols icmp and icmpv6 only\n"
	  "f:8:54: routers[r].firewall[4].icmp-code: needs an 'icmp-type' beside it\n"
	  "f:9:35: routers[r].firewall[5].protocol: x is not a protocol; known: any, tcp, udp, "
	  "icmp, icmpv6, ipv6-icmp, sctp, dccp, udplite, ah, egp, esp, gre, igmp, ipip, "
	  "ipv6-encap, ipv6-frag, ipv6-nonxt, ipv6-opts, ipv6-route, ospf, pgm, rsvp, vrrp, or "
	  "0..255\n" },
	/* One family. */
	{ "routers:\n"
	  "  - name: r\n"
	  "    firewall:\n"
	  "      - {action: allow, ethertype: ipv6, protocol: icmp}\n"
	  "      - {action: allow, ethertype: ipv4, source: '2001:db8::/32', destination: '::/0'}\n"
	  "      - {action: allow, ethertype: ipv4, source: 10.0.0.0/8, destination: '::/0'}\n"
	  "      - {action: allow, source: 10.0.0.0/8, destination: '2001:db8::1'}\n"
	  "      - {action: allow, protocol: icmpv6, source: 10.0.0.0/8, destination: 10.0.0.1}\n"
	  "      - {action: allow, protocol: icmp, destination: '::/0'}\n",
	  "f:4:36: routers[r].firewall[0].ethertype: ipv6 contradicts protocol icmp, which is ipv4 "
	  "only (f:4:52)\n"
	  "f:5:36: routers[r].firewall[1].ethertype: ipv4 contradicts source 2001:db8::/32, which "
	  "is ipv6 only (f:5:50)\n"
	  "f:5:36: routers[r].firewall[1].ethertype: ipv4 contradicts destination ::/0, which is "
	  "ipv6 only (f:5:80)\n"
	  "f:6:36: routers[r].firewall[2].ethertype: ipv4 contradicts destination ::/0, which is "
	  "ipv6 only (f:6:75)\n"
	  "f:7:58: routers[r].firewall[3].destination: 2001:db8::1 contradicts source 10.0.0.0/8, "
	  "which is ipv4 only (f:7:33)\n"
	  "f:8:51: routers[r].firewall[4].source: 10.0.0.0/8 contradicts protocol icmpv6, which is "
	  "ipv6 only (f:8:35)\n"
	  "f:8:76: routers[r].firewall[4].destination: 10.0.0.1 contradicts protocol icmpv6, which "
	  "is ipv6 only (f:8:35)\n"
	  "f:9:54: routers[r].firewall[5].destination: ::/0 contradicts protocol icmp, which is "
	  "ipv4 only (f:9:35)\n" },
};

#endif
