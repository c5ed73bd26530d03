/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_change_test.c: what becomes of documents with a tunnel endpoint and overlays.
 */
#ifndef TEST_UNIT_CONF_CHANGE_TUNNEL_H
#define TEST_UNIT_CONF_CHANGE_TUNNEL_H

#include "conf_change_case.h"

#define CHANGE_TUNNELS                                                                             \
	"physical-networks: [{name: w, device: d0}, {name: v, device: d1}]\n"                      \
	"tunnel-endpoint:\n"                                                                       \
	"  physical-network: w\n"                                                                  \
	"  address: 192.0.2.1/24\n"                                                                \
	"  routes: [{destination: 10.0.0.0/8, next-hop: 192.0.2.3},\n"                             \
	"    {destination: 10.0.0.0/8, next-hop: 192.0.2.4}]\n"                                    \
	"networks:\n"                                                                              \
	"  - {name: far, type: vxlan, segment: 1, neighbours: [\n"                                 \
	"      {mac: '02:00:00:00:00:01', ip: 10.9.0.1, at: 10.0.0.1},\n"                          \
	"      {mac: '02:00:00:00:00:01', ip: 10.9.0.2, at: 10.0.0.1},\n"                          \
	"      {mac: '02:00:00:00:00:02', at: 10.0.0.1}]}\n"                                       \
	"  - {name: near, type: vlan, segment: 2, physical-network: v}\n"                          \
	"ports:\n"                                                                                 \
	"  - {name: vm1, network: far, device: d2}\n"                                              \
	"  - {name: vm2, network: near, device: d3}\n"

/** What differs. */
static const struct change_case change_tunnels[] = {
	{ "routes: [{destination: 10.0.0.0/8, next-hop: 192.0.2.3},\n"
	  "    {destination: 10.0.0.0/8, next-hop: 192.0.2.4}]",
	  "routes: [{next-hop: 192.0.2.4, destination: 10.0.0.0/8},\n"
	  "    {destination: 10.0.0.0/8, next-hop: 192.0.2.3}]\n"
	  "  gateway: []\n  dscp: 0",
	  "" },
	{ "{mac: '02:00:00:00:00:01', ip: 10.9.0.1, at: 10.0.0.1},\n",
	  "{mac: '02:00:00:00:00:03', ip: 10.9.0.3, at: 10.0.0.1},\n"
	  "      {mac: '02:00:00:00:00:01', ip: 10.9.0.4, at: 10.0.0.1},\n",
	  "~ network far\n"
	  "  neighbours[02:00:00:00:00:01]: {mac: 02:00:00:00:00:01, ip: 10.9.0.1, at: 10.0.0.1} "
	  "-> {mac: 02:00:00:00:00:01, ip: 10.9.0.4, at: 10.0.0.1}\n"
	  "  neighbours[02:00:00:00:00:03]: (none) -> "
	  "{mac: 02:00:00:00:00:03, ip: 10.9.0.3, at: 10.0.0.1}\n" },
	{ "next-hop: 192.0.2.3", "next-hop: 192.0.2.9",
	  "~ tunnel-endpoint \n"
	  "  routes[10.0.0.0/8]: {destination: 10.0.0.0/8, next-hop: 192.0.2.3} -> "
	  "{destination: 10.0.0.0/8, next-hop: 192.0.2.9}\n" },
	{ "address: 192.0.2.1/24\n",
	  "address: 192.0.2.2/24\n  vlan: 5\n  gateway: 192.0.2.9\n  mac: '02:00:00:00:00:09'\n"
	  "  vxlan-port: 1\n  geneve-port: 2\n  dscp: 3\n  ttl: 4\n  udp-checksum: false\n",
	  "~ tunnel-endpoint \n"
	  "  address: 192.0.2.1/24 -> 192.0.2.2/24\n  vlan: (none) -> 5\n"
	  "  gateway: (none) -> 192.0.2.9\n  mac: (none) -> 02:00:00:00:00:09\n"
	  "  vxlan-port: 4789 -> 1\n  geneve-port: 6081 -> 2\n  dscp: 0 -> 3\n  ttl: 64 -> 4\n"
	  "  udp-checksum: true -> false\n" },
	{ "physical-network: w\n", "physical-network: v\n",
	  "~ tunnel-endpoint \n  physical-network: w -> v\n" },
	/* MTU and peers follow. */
	{ "device: d0", "device: d0, mtu: 9000",
	  "~ physical-network w\n  mtu: 1500 -> 9000\n~ network far\n  mtu: 1450 -> 8950\n"
	  "~ port vm1\n  mtu: 1450 -> 8950\n" },
	{ "type: vxlan", "type: gre",
	  "~ network far\n  type: vxlan -> gre\n  mtu: 1450 -> 1458\n"
	  "~ port vm1\n  mtu: 1450 -> 1458\n" },
	{ "'02:00:00:00:00:02', at: 10.0.0.1", "'02:00:00:00:00:02', at: 10.0.0.2",
	  "~ network far\n  peers: [10.0.0.1] -> [10.0.0.1, 10.0.0.2]\n"
	  "  neighbours[02:00:00:00:00:02]: {mac: 02:00:00:00:00:02, at: 10.0.0.1} -> "
	  "{mac: 02:00:00:00:00:02, at: 10.0.0.2}\n" },
	{ "segment: 1,", "segment: 1, peers: [], unknown-addresses: drop,",
	  "~ network far\n  peers: [10.0.0.1] -> []\n  unknown-addresses: flood -> drop\n" },
};

/** Merging: the section is replaced as a whole. */
static const struct change_merge change_tunnel_merges[] = {
	{ "tunnel-endpoint:\n", "", false },
	{ "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, ttl: 3}\n",
	  "~ tunnel-endpoint \n"
	  "  routes[10.0.0.0/8]: {destination: 10.0.0.0/8, next-hop: 192.0.2.3} -> (none)\n"
	  "  routes[10.0.0.0/8]: {destination: 10.0.0.0/8, next-hop: 192.0.2.4} -> (none)\n"
	  "  ttl: 64 -> 3\n",
	  false },
	{ "networks: [{name: far, type: vxlan, segment: 1}]\n",
	  "~ network far\n  peers: [10.0.0.1] -> []\n"
	  "  neighbours[02:00:00:00:00:01]: {mac: 02:00:00:00:00:01, ip: 10.9.0.1, at: 10.0.0.1} "
	  "-> (none)\n"
	  "  neighbours[02:00:00:00:00:01]: {mac: 02:00:00:00:00:01, ip: 10.9.0.2, at: 10.0.0.1} "
	  "-> (none)\n"
	  "  neighbours[02:00:00:00:00:02]: {mac: 02:00:00:00:00:02, at: 10.0.0.1} -> (none)\n",
	  false },
	{ "tunnel-endpoint: {ttl: 3}\n",
	  "FRAGMENT:1:18: tunnel-endpoint: needs a 'physical-network'\n"
	  "FRAGMENT:1:18: tunnel-endpoint: needs an 'address'\n",
	  true },
	{ "tunnel-endpoint: {physical-network: w, address: 10.0.0.1/8}\n",
	  "f:9:52: networks[far].neighbours[0].at: 10.0.0.1 is the address of the tunnel-endpoint "
	  "itself (FRAGMENT:1:49)\n"
	  "f:10:52: networks[far].neighbours[1].at: 10.0.0.1 is the address of the tunnel-endpoint "
	  "itself (FRAGMENT:1:49)\n"
	  "f:11:38: networks[far].neighbours[2].at: 10.0.0.1 is the address of the "
	  "tunnel-endpoint itself (FRAGMENT:1:49)\n",
	  true },
	{ "networks: [{name: x, type: vxlan, segment: 1}]\n",
	  "FRAGMENT:1:44: networks[x].segment: vxlan 1 is also the segment of networks[far] "
	  "(f:8:39)\n",
	  true },
	{ "tunnel-endpoint: 5\n", "FRAGMENT:1:18: tunnel-endpoint: must be a map (key: value)\n",
	  true },
};

/** Deleting: overlays go with the endpoint, and it with its wire. */
static const struct change_delete change_tunnel_deletes[] = {
	{ "physical-network", "w",
	  "physical-network w is used by the tunnel-endpoint (f:3:3), network far (f:8:5), "
	  "port vm1 (f:14:5); --cascade deletes these too\n",
	  "- port vm1\n- network far\n- tunnel-endpoint \n- physical-network w\n" },
	{ "physical-network", "v",
	  "physical-network v is used by network near (f:12:5), port vm2 (f:15:5); "
	  "--cascade deletes these too\n",
	  "- port vm2\n- network near\n- physical-network v\n" },
	{ "tunnel-endpoint", "",
	  "tunnel-endpoint is used by network far (f:8:5), port vm1 (f:14:5); "
	  "--cascade deletes these too\n",
	  "- port vm1\n- network far\n- tunnel-endpoint \n" },
	{ "network", "far",
	  "network far is used by port vm1 (f:14:5); --cascade deletes these too\n",
	  "- port vm1\n- network far\n" },
	{ "tunnel-endpoint", "x", "there is no tunnel-endpoint 'x'\n", NULL },
};

#endif
