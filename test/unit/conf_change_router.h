/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_change_test.c: what becomes of documents with routers.
 */
#ifndef TEST_UNIT_CONF_CHANGE_ROUTER_H
#define TEST_UNIT_CONF_CHANGE_ROUTER_H

#include "conf_change_case.h"

#define CHANGE_ROUTERS                                                                             \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"networks:\n"                                                                              \
	"  - {name: blue, type: local}\n"                                                          \
	"  - {name: red, type: local}\n"                                                           \
	"  - {name: public, type: flat, physical-network: w, external: true}\n"                    \
	"routers:\n"                                                                               \
	"  - name: r1\n"                                                                           \
	"    interfaces:\n"                                                                        \
	"      - {network: blue, address: 10.0.0.1/24}\n"                                          \
	"      - {network: blue, address: '2001:db8::1/64'}\n"                                     \
	"      - {network: red, address: 10.1.0.1/24}\n"                                           \
	"    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1}\n"         \
	"    routes:\n"                                                                            \
	"      - {destination: 172.16.0.0/12, next-hop: 10.0.0.254}\n"                             \
	"      - {destination: 172.16.0.0/12, next-hop: 10.1.0.254}\n"                             \
	"      - {destination: 198.51.100.0/24, next-hop: 203.0.113.9}\n"                          \
	"      - {destination: '2001:db8:1::/48', next-hop: '2001:db8::2'}\n"                      \
	"  - {name: r2, interfaces: [{network: blue, address: 10.0.0.2/24}]}\n"

/** What differs. */
static const struct change_case change_routers[] = {
	/* What means the same. */
	{ "      - {network: blue, address: 10.0.0.1/24}\n"
	  "      - {network: blue, address: '2001:db8::1/64'}\n"
	  "      - {network: red, address: 10.1.0.1/24}\n",
	  "      - {network: red, address: 10.1.0.1/24}\n"
	  "      - {address: '2001:DB8:0::1/64', network: blue}\n"
	  "      - {network: blue, address: 10.0.0.1/24}\n",
	  "" },
	{ "      - {destination: 172.16.0.0/12, next-hop: 10.0.0.254}\n"
	  "      - {destination: 172.16.0.0/12, next-hop: 10.1.0.254}\n",
	  "      - {destination: 172.16.0.0/12, next-hop: 10.1.0.254}\n"
	  "      - {next-hop: 10.0.0.254, destination: 172.16.0.0/12}\n",
	  "" },
	{ "{name: r2, ", "{routes: [], admin: up, name: r2, ", "" },
	/* Keys. */
	{ "{name: r2, ", "{name: r2, project: acme, admin: down, ",
	  "~ router r2\n  project: (none) -> acme\n  admin: up -> down\n" },
	/* An interface is told by its network and its address. */
	{ "{network: blue, address: 10.0.0.2/24}",
	  "{network: blue, address: 10.0.0.2/24, mac: '02:00:00:00:00:01'}",
	  "~ router r2\n  interfaces[blue 10.0.0.2/24]: {network: blue, address: 10.0.0.2/24} -> "
	  "{network: blue, address: 10.0.0.2/24, mac: 02:00:00:00:00:01}\n" },
	{ "{network: blue, address: 10.0.0.2/24}", "{network: red, address: 10.0.0.2/24}",
	  "~ router r2\n"
	  "  interfaces[blue 10.0.0.2/24]: {network: blue, address: 10.0.0.2/24} -> (none)\n"
	  "  interfaces[red 10.0.0.2/24]: (none) -> {network: red, address: 10.0.0.2/24}\n" },
	{ "{network: blue, address: 10.0.0.2/24}", "{network: blue, address: 10.0.0.2/25}",
	  "~ router r2\n"
	  "  interfaces[blue 10.0.0.2/24]: {network: blue, address: 10.0.0.2/24} -> (none)\n"
	  "  interfaces[blue 10.0.0.2/25]: (none) -> {network: blue, address: 10.0.0.2/25}\n" },
	/* The gateway. */
	{ ", next-hop: 203.0.113.1}", "}",
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1} -> "
	  "{network: public, address: 203.0.113.2/24}\n" },
	{ "next-hop: 203.0.113.1}", "next-hop: 203.0.113.7, mac: '02:00:00:00:00:01'}",
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1} -> "
	  "{network: public, address: 203.0.113.2/24, next-hop: 203.0.113.7, "
	  "mac: 02:00:00:00:00:01}\n" },
	{ "{name: r2, ", "{name: r2, gateway: {network: public, address: 203.0.113.3/24}, ",
	  "~ router r2\n  gateway: (none) -> {network: public, address: 203.0.113.3/24}\n" },
	{ "    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1}\n"
	  "    routes:\n",
	  "      - {network: public, address: 203.0.113.2/24}\n    routes:\n",
	  "~ router r1\n"
	  "  interfaces[public 203.0.113.2/24]: (none) -> "
	  "{network: public, address: 203.0.113.2/24}\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1} -> "
	  "(none)\n" },
	/* Routes. */
	{ "next-hop: 10.0.0.254}", "next-hop: 10.0.0.253}",
	  "~ router r1\n"
	  "  routes[172.16.0.0/12]: {destination: 172.16.0.0/12, next-hop: 10.0.0.254} -> "
	  "{destination: 172.16.0.0/12, next-hop: 10.0.0.253}\n" },
	{ "destination: 198.51.100.0/24", "destination: 0.0.0.0/0",
	  "~ router r1\n"
	  "  routes[0.0.0.0/0]: (none) -> {destination: 0.0.0.0/0, next-hop: 203.0.113.9}\n"
	  "  routes[198.51.100.0/24]: {destination: 198.51.100.0/24, next-hop: 203.0.113.9} -> "
	  "(none)\n" },
	/* Coming and going. */
	{ "name: r2", "name: r3", "- router r2\n+ router r3\n" },
	{ "  - {name: r2, interfaces: [{network: blue, address: 10.0.0.2/24}]}\n",
	  "  - {name: r3, interfaces: [{network: red, address: 10.1.0.2/24}]}\n"
	  "ports: [{name: p, network: red, device: d}]\n",
	  "- router r2\n+ port p\n+ router r3\n" },
};

/** Merging: a router is replaced as a whole. */
static const struct change_merge change_router_merges[] = {
	{ "routers:\n", "", false },
	{ "routers: []\n", "", false },
	{ "routers: [{name: r3, project: acme}]\n", "+ router r3\n", false },
	{ "routers: [{name: r2, admin: down}]\n",
	  "~ router r2\n  admin: up -> down\n"
	  "  interfaces[blue 10.0.0.2/24]: {network: blue, address: 10.0.0.2/24} -> (none)\n",
	  false },
	{ "routers: [{name: r3, interfaces: [{network: pink, address: 10.0.0.2/24}]}]\n"
	  "networks: [{name: pink, type: local}]\n"
	  "ports: [{name: p, network: pink, device: d}]\n",
	  "+ network pink\n+ port p\n+ router r3\n", false },
	{ "routers: [{name: r3, interfaces: [{network: blue, address: 10.0.0.2/24}]}]\n",
	  "FRAGMENT:1:60: routers[r3].interfaces[0].address: 10.0.0.2 is also the address of "
	  "routers[r2].interfaces[0] (f:18:54)\n",
	  true },
	{ "networks: [{name: public, type: local}]\n",
	  "f:12:24: routers[r1].gateway.network: public is not external; networks[public] needs "
	  "'external: true' (FRAGMENT:1:12)\n",
	  true },
	{ "networks: [{name: red, type: local, subnets: [{name: s, cidr: 10.1.0.0/16}]}]\n",
	  "f:11:33: routers[r1].interfaces[2].address: 10.1.0.1/24 has another prefix length than "
	  "its subnet 10.1.0.0/16 (FRAGMENT:1:63); write 10.1.0.1/16\n",
	  true },
	{ "routers: 5\n", "FRAGMENT:1:10: routers: must be a list\n", true },
};

/** Deleting: a router stays without what it had in a network. */
static const struct change_delete change_router_deletes[] = {
	{ "router", "r1", NULL, "- router r1\n" },
	{ "router", "r2", NULL, "- router r2\n" },
	{ "router", "r3", "there is no router 'r3'\n", NULL },
	{ "router", "", "there is no router\n", NULL },
	{ "network", "red",
	  "network red is used by an interface of router r1 (f:11:9), a route of router r1 "
	  "(f:15:9); --cascade deletes these too\n",
	  "- network red\n"
	  "~ router r1\n"
	  "  interfaces[red 10.1.0.1/24]: {network: red, address: 10.1.0.1/24} -> (none)\n"
	  "  routes[172.16.0.0/12]: {destination: 172.16.0.0/12, next-hop: 10.1.0.254} -> "
	  "(none)\n" },
	{ "network", "public",
	  "network public is used by the gateway of router r1 (f:12:14), a route of router r1 "
	  "(f:16:9); --cascade deletes these too\n",
	  "- network public\n"
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1} -> "
	  "(none)\n"
	  "  routes[198.51.100.0/24]: {destination: 198.51.100.0/24, next-hop: 203.0.113.9} -> "
	  "(none)\n" },
	{ "physical-network", "w",
	  "physical-network w is used by network public (f:5:5), the gateway of router r1 "
	  "(f:12:14), a route of router r1 (f:16:9); --cascade deletes these too\n",
	  "- network public\n- physical-network w\n"
	  "~ router r1\n"
	  "  gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1} -> "
	  "(none)\n"
	  "  routes[198.51.100.0/24]: {destination: 198.51.100.0/24, next-hop: 203.0.113.9} -> "
	  "(none)\n" },
	{ "network", "blue",
	  "network blue is used by an interface of router r1 (f:9:9), an interface of router r1 "
	  "(f:10:9), a route of router r1 (f:14:9), a route of router r1 (f:17:9), an interface "
	  "of router r2 (f:18:29); --cascade deletes these too\n",
	  "- network blue\n"
	  "~ router r1\n"
	  "  interfaces[blue 10.0.0.1/24]: {network: blue, address: 10.0.0.1/24} -> (none)\n"
	  "  interfaces[blue 2001:db8::1/64]: {network: blue, address: 2001:db8::1/64} -> "
	  "(none)\n"
	  "  routes[172.16.0.0/12]: {destination: 172.16.0.0/12, next-hop: 10.0.0.254} -> "
	  "(none)\n"
	  "  routes[2001:db8:1::/48]: {destination: 2001:db8:1::/48, next-hop: 2001:db8::2} -> "
	  "(none)\n"
	  "~ router r2\n"
	  "  interfaces[blue 10.0.0.2/24]: {network: blue, address: 10.0.0.2/24} -> (none)\n" },
};

#endif
