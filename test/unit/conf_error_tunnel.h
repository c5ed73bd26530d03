/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_error_test.c: what is wrong about tunnel endpoints and overlays.
 */
#ifndef TEST_UNIT_CONF_ERROR_TUNNEL_H
#define TEST_UNIT_CONF_ERROR_TUNNEL_H

#include "conf_helper.h"

struct error_case {
	const char *text;
	const char *says;
};

#define TUNNEL_WIRES                                                                               \
	"physical-networks: [{name: w, device: d0}, {name: v, device: d1, mtu: 1400}]\n"
#define TUNNEL_ENDPOINT "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24}\n"

/** The endpoint, its routes, and what it shares its wire with. */
static const struct error_case error_endpoints[] = {
	/* The section itself. */
	{ TUNNEL_WIRES "tunnel-endpoint: []\n"
		       "networks: [{name: n, type: vxlan, segment: 1}]\n",
	  "f:2:18: tunnel-endpoint: must be a map (key: value)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {}\n"
		       "networks: [{name: n, type: vxlan, segment: 1}]\n",
	  "f:2:18: tunnel-endpoint: needs a 'physical-network'\n"
	  "f:2:18: tunnel-endpoint: needs an 'address'\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, port: 1}\n",
	  "f:2:63: tunnel-endpoint: unknown key 'port'; known keys here: physical-network, "
	  "address, vlan, gateway, routes, mac, vxlan-port, geneve-port, dscp, ttl, "
	  "udp-checksum\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: x, address: 192.0.2.1/24}\n",
	  "f:2:37: tunnel-endpoint.physical-network: there is no physical network 'x'\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: ww1, address: 192.0.2.1}\n",
	  "f:2:37: tunnel-endpoint.physical-network: there is no physical network 'ww1'\n"
	  "f:2:51: tunnel-endpoint.address: 192.0.2.1 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.0/24}\n",
	  "f:2:49: tunnel-endpoint.address: 192.0.2.0/24 is the network address of "
	  "192.0.2.0/24, not a host's\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.191/26}\n",
	  "f:2:49: tunnel-endpoint.address: 192.0.2.191/26 is the broadcast address of "
	  "192.0.2.128/26, not a host's\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: \"2001:db8::/64\"}\n",
	  "f:2:49: tunnel-endpoint.address: 2001:db8::/64 is the network address of "
	  "2001:db8::/64, not a host's\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 224.0.0.1/24}\n",
	  "f:2:49: tunnel-endpoint.address: 224.0.0.1/24 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n" },
	/* Keys with a range. */
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vlan: 4095, dscp: 64, "
	  "ttl: 0, vxlan-port: 0, geneve-port: 65536, udp-checksum: on}\n",
	  "f:2:69: tunnel-endpoint.vlan: 4095 is not a VLAN id (1..4094)\n"
	  "f:2:81: tunnel-endpoint.dscp: 64 is not a DSCP (0..63)\n"
	  "f:2:90: tunnel-endpoint.ttl: 0 is not a TTL (1..255)\n"
	  "f:2:105: tunnel-endpoint.vxlan-port: 0 is not a UDP port (1..65535)\n"
	  "f:2:121: tunnel-endpoint.geneve-port: 65536 is not a UDP port (1..65535)\n"
	  "f:2:142: tunnel-endpoint.udp-checksum: on is neither true nor false\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, mac: "
		       "\"ff:ff:ff:ff:ff:ff\"}\n",
	  "f:2:68: tunnel-endpoint.mac: ff:ff:ff:ff:ff:ff is not a MAC address (like "
	  "02:00:00:00:00:0a; neither multicast nor zero)\n" },
	/* Ports of one number. */
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vxlan-port: 5000, "
	  "geneve-port: 5000}\n",
	  "f:2:94: tunnel-endpoint.geneve-port: 5000 is the vxlan-port (f:2:75)\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, geneve-port: 4789}\n",
	  "f:2:76: tunnel-endpoint.geneve-port: 4789 is the vxlan-port, by default\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vxlan-port: 6081}\n",
	  "f:2:75: tunnel-endpoint.vxlan-port: 6081 is the geneve-port, by default\n" },
	/* Routers. */
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: 192.0.2.1}\n",
	  "f:2:72: tunnel-endpoint.gateway: 192.0.2.1 is the address of the tunnel-endpoint "
	  "itself (f:2:49)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: "
		       "192.0.2.255}\n",
	  "f:2:72: tunnel-endpoint.gateway: 192.0.2.255 is the broadcast address of the "
	  "tunnel-endpoint's link 192.0.2.1/24 (f:2:49)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: "
		       "192.0.3.254}\n",
	  "f:2:72: tunnel-endpoint.gateway: 192.0.3.254 is not on the link of 192.0.2.1/24 "
	  "(f:2:49)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: "
		       "\"fe80::1\"}\n",
	  "f:2:72: tunnel-endpoint.gateway: fe80::1 is not an IPv4 address; that of the "
	  "tunnel-endpoint is (f:2:49)\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: {a: b}}\n",
	  "f:2:72: tunnel-endpoint.gateway: must be a single value or a list\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: 10.0.0}\n",
	  "f:2:72: tunnel-endpoint.gateway: 10.0.0 is not the IPv4 or IPv6 address of a host\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: "
		       "[192.0.2.254, 192.0.2.254]}\n",
	  "f:2:86: tunnel-endpoint.gateway[1]: 0.0.0.0/0 by 192.0.2.254 is also in "
	  "tunnel-endpoint.gateway (f:2:73)\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: [192.0.2.10, "
	  "192.0.2.11, 192.0.2.12, 192.0.2.13, 192.0.2.14, 192.0.2.15, 192.0.2.16, 192.0.2.17, "
	  "192.0.2.18]}\n",
	  "f:2:72: tunnel-endpoint.gateway: has 9 entries; at most 8\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, routes: "
		       "[{destination: 10.0.0.1/8, next-hop: 192.0.2.0}, {next-hop: 10.0.0.1}]}\n",
	  "f:2:86: tunnel-endpoint.routes[0].destination: 10.0.0.1/8 has bits behind its "
	  "prefix; the subnet is 10.0.0.0/8\n"
	  "f:2:108: tunnel-endpoint.routes[0].next-hop: 192.0.2.0 is the network address of "
	  "the tunnel-endpoint's link 192.0.2.1/24 (f:2:49)\n"
	  "f:2:120: tunnel-endpoint.routes[1]: needs a 'destination'\n"
	  "f:2:131: tunnel-endpoint.routes[1].next-hop: 10.0.0.1 is not on the link of "
	  "192.0.2.1/24 (f:2:49)\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, routes: "
		       "[{destination: \"::/0\", next-hop: 192.0.2.2}, {destination: 192.0.2.0/25, "
		       "next-hop: 192.0.2.2}]}\n",
	  "f:2:86: tunnel-endpoint.routes[0].destination: ::/0 is not an IPv4 subnet, as the "
	  "address of the tunnel-endpoint is (f:2:49)\n"
	  "f:2:130: tunnel-endpoint.routes[1].destination: 192.0.2.0/25 is on the link of "
	  "192.0.2.1/24 (f:2:49) and needs no router\n" },
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, routes: "
		       "[{destination: 10.0.0.0/8, next-hop: 192.0.2.2}, {destination: 10.0.0.0/8, "
		       "next-hop: 192.0.2.2}]}\n",
	  "f:2:120: tunnel-endpoint.routes[1]: 10.0.0.0/8 by 192.0.2.2 is also in "
	  "tunnel-endpoint.routes (f:2:72)\n" },
	/* A gateway is a route. */
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: 192.0.2.2, "
	  "routes: [{destination: 0.0.0.0/0, next-hop: 192.0.2.2}]}\n",
	  "f:2:92: tunnel-endpoint.routes[0]: 0.0.0.0/0 by 192.0.2.2 is also in "
	  "tunnel-endpoint.gateway (f:2:72)\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: [192.0.2.10, "
	  "192.0.2.11, 192.0.2.12, 192.0.2.13, 192.0.2.14, 192.0.2.15, 192.0.2.16, "
	  "192.0.2.17], routes: [{destination: 0.0.0.0/0, next-hop: 192.0.2.2}, {destination: "
	  "0.0.0.0/0, next-hop: 192.0.2.3}]}\n",
	  "f:2:179: tunnel-endpoint.routes[0]: 0.0.0.0/0 has 8 next hops already, which is the "
	  "most (the first: f:2:73)\n" },
	/* Beside others on the wire. */
	{ TUNNEL_WIRES "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vlan: 7}\n"
		       "networks: [{name: n, type: vlan, segment: 7, physical-network: w}]\n",
	  "f:3:43: networks[n].segment: 7 on w is also the vlan of tunnel-endpoint (f:2:69)\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, mac: "
	  "\"02:00:00:00:00:01\"}\n"
	  "networks: [{name: n, type: flat, physical-network: w}]\n"
	  "ports: [{name: p, network: n, device: d2, mac: \"02:00:00:00:00:01\", addresses: "
	  "[192.0.2.1]}]\n",
	  "f:4:48: ports[p].mac: 02:00:00:00:00:01 is also the MAC of tunnel-endpoint "
	  "(f:2:68)\n"
	  "f:4:81: ports[p].addresses[0]: 192.0.2.1 is also the address of tunnel-endpoint "
	  "(f:2:49)\n" },
};

/** Networks that go through tunnels. */
static const struct error_case error_overlays[] = {
	/* Keys that belong to other types. */
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan}, {name: m, type: gre}, {name: l, type: geneve}]\n",
	  "f:3:12: networks[n]: needs a 'segment': the VNI (1..16777215)\n"
	  "f:3:36: networks[m]: needs a 'segment': the GRE key (1..4294967295)\n"
	  "f:3:58: networks[l]: needs a 'segment': the VNI (1..16777215)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, physical-network: w}, {name: m, type: "
	  "gre, segment: 1, physical-network: x}, {name: l, type: geneve, segment: 1, "
	  "physical-network: w}]\n",
	  "f:3:65: networks[n].physical-network: a vxlan network has none; it goes by the "
	  "tunnel-endpoint\n"
	  "f:3:120: networks[m].physical-network: a gre network has none; it goes by the "
	  "tunnel-endpoint\n"
	  "f:3:178: networks[l].physical-network: a geneve network has none; it goes by the "
	  "tunnel-endpoint\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: local, peers: []}, {name: m, type: flat, "
	  "physical-network: w, neighbours: []}, {name: l, type: vlan, segment: 1, "
	  "physical-network: w, unknown-addresses: flood}]\n",
	  "f:3:42: networks[n].peers: is for overlays only (vxlan, gre, geneve)\n"
	  "f:3:102: networks[m].neighbours: is for overlays only (vxlan, gre, geneve)\n"
	  "f:3:181: networks[l].unknown-addresses: is for overlays only (vxlan, gre, geneve)\n" },
	{ "networks: [{name: n, type: vxlan, segment: 1}]\n",
	  "f:1:12: networks[n]: needs the section 'tunnel-endpoint'\n" },
	{ "tunnel-endpoint:\n"
	  "networks: [{name: n, type: gre, segment: 1, peers: [192.0.2.2]}]\n",
	  "f:2:12: networks[n]: needs the section 'tunnel-endpoint'\n" },
	/* Segments. */
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 0}, {name: m, type: vxlan, segment: "
	  "16777216}]\n",
	  "f:3:44: networks[n].segment: 0 is not a VNI (1..16777215)\n"
	  "f:3:80: networks[m].segment: 16777216 is not a VNI (1..16777215)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, segment: 0, type: geneve}, {name: m, type: geneve, segment: "
	  "x}]\n",
	  "f:3:31: networks[n].segment: 0 is not a VNI (1..16777215)\n"
	  "f:3:82: networks[m].segment: x is not a VNI (1..16777215)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: gre, segment: 0}, {name: m, type: gre, segment: "
	  "4294967296}]\n",
	  "f:3:42: networks[n].segment: 0 is not a GRE key (1..4294967295)\n"
	  "f:3:76: networks[m].segment: 4294967296 is not a GRE key (1..4294967295)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vlan, physical-network: w, segment: 4095}, {name: m, "
	  "type: x, segment: 4294967296}]\n",
	  "f:3:64: networks[n].segment: 4095 is not a VLAN id (1..4094)\n"
	  "f:3:87: networks[m].type: x is not a network type; known: local, flat, vlan, vxlan, "
	  "gre, geneve\n"
	  "f:3:99: networks[m].segment: 4294967296 is not a segment (1..4294967295)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT "networks:\n"
				       "  - {name: a, type: vxlan, segment: 5}\n"
				       "  - {name: b, type: vxlan, segment: 5}\n"
				       "  - {name: c, type: gre, segment: 5}\n"
				       "  - {name: d, type: geneve, segment: 5}\n"
				       "  - {name: e, type: gre, segment: 5}\n"
				       "  - {name: f, type: geneve, segment: 5}\n",
	  "f:5:37: networks[b].segment: vxlan 5 is also the segment of networks[a] (f:4:37)\n"
	  "f:8:35: networks[e].segment: gre 5 is also the segment of networks[c] (f:6:35)\n"
	  "f:9:38: networks[f].segment: geneve 5 is also the segment of networks[d] (f:7:38)\n" },
	/* MTUs. */
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, mtu: 1451}, {name: m, type: gre, "
	  "segment: 1, mtu: 1459}, {name: l, type: geneve, segment: 1, mtu: 1500}]\n",
	  "f:3:52: networks[n].mtu: 1451 is more than 1450, the MTU 1500 of "
	  "physical-networks[w] (f:1:21) less 50 for vxlan\n"
	  "f:3:97: networks[m].mtu: 1459 is more than 1458, the MTU 1500 of "
	  "physical-networks[w] (f:1:21) less 42 for gre\n"
	  "f:3:145: networks[l].mtu: 1500 is more than 1450, the MTU 1500 of "
	  "physical-networks[w] (f:1:21) less 50 for geneve\n" },
	{ TUNNEL_WIRES
	  "tunnel-endpoint: {physical-network: v, address: \"2001:db8::1/64\"}\n"
	  "networks: [{name: n, type: vxlan, segment: 1, mtu: 1331}, {name: m, type: gre, "
	  "segment: 1, mtu: 1339}]\n"
	  "ports: [{name: p, network: n, device: d2}]\n",
	  "f:3:52: networks[n].mtu: 1331 is more than 1330, the MTU 1400 of "
	  "physical-networks[v] (f:1:71) less 70 for vxlan\n"
	  "f:3:97: networks[m].mtu: 1339 is more than 1338, the MTU 1400 of "
	  "physical-networks[v] (f:1:71) less 62 for gre\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT "networks: [{name: n, type: vxlan, segment: 1}]\n"
				       "ports: [{name: p, network: n, device: d2, mtu: 1451}]\n",
	  "f:4:48: ports[p].mtu: 1451 is more than the MTU 1450 of networks[n] (f:3:12)\n" },
	{ "physical-networks: [{name: w, device: d0, mtu: 68}]\n"
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24}\n"
	  "networks: [{name: n, type: gre, segment: 1}, {name: m, type: gre, segment: 2, mtu: "
	  "68}]\n",
	  "f:3:12: networks[n]: has too small an MTU: 26, the MTU 68 of physical-networks[w] "
	  "(f:1:48) less 42 for gre\n"
	  "f:3:84: networks[m].mtu: 68 is more than 26, the MTU 68 of physical-networks[w] "
	  "(f:1:48) less 42 for gre\n" },
	/* Remote endpoints. */
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, peers: [192.0.2.1, 192.0.2.0, "
	  "\"2001:db8::1\", 192.0.2.2/24, 192.0.2.3, 192.0.2.3]}]\n",
	  "f:3:55: networks[n].peers[0]: 192.0.2.1 is the address of the tunnel-endpoint "
	  "itself (f:2:49)\n"
	  "f:3:66: networks[n].peers[1]: 192.0.2.0 is the network address of the "
	  "tunnel-endpoint's link 192.0.2.1/24 (f:2:49)\n"
	  "f:3:77: networks[n].peers[2]: 2001:db8::1 is not an IPv4 address; that of the "
	  "tunnel-endpoint is (f:2:49)\n"
	  "f:3:92: networks[n].peers[3]: 192.0.2.2/24 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:3:117: networks[n].peers[5]: 192.0.2.3 is also in networks[n].peers (f:3:106)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, neighbours: [{mac: "
	  "\"02:00:00:00:00:01\", at: 192.0.2.1}, {mac: \"02:00:00:00:00:02\", at: "
	  "192.0.2.255}, {mac: \"02:00:00:00:00:03\", at: \"::2\"}, {mac: "
	  "\"02:00:00:00:00:04\"}, {at: 239.0.0.1}]}]\n",
	  "f:3:91: networks[n].neighbours[0].at: 192.0.2.1 is the address of the "
	  "tunnel-endpoint itself (f:2:49)\n"
	  "f:3:134: networks[n].neighbours[1].at: 192.0.2.255 is the broadcast address of the "
	  "tunnel-endpoint's link 192.0.2.1/24 (f:2:49)\n"
	  "f:3:179: networks[n].neighbours[2].at: ::2 is not an IPv4 address; that of the "
	  "tunnel-endpoint is (f:2:49)\n"
	  "f:3:187: networks[n].neighbours[3]: needs an 'at'\n"
	  "f:3:215: networks[n].neighbours[4]: needs a 'mac'\n"
	  "f:3:220: networks[n].neighbours[4].at: 239.0.0.1 is not the IPv4 or IPv6 address of "
	  "a host\n" },
	/* Neighbours among each other, and beside ports and static MACs. */
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, neighbours: [{mac: "
	  "\"02:00:00:00:00:01\", ip: 10.0.0.1, at: 192.0.2.2}, {mac: \"02:00:00:00:00:01\", "
	  "ip: 10.0.0.2, at: 192.0.2.2}, {mac: \"02:00:00:00:00:01\", ip: 10.0.0.3, at: "
	  "192.0.2.3}]}]\n",
	  "f:3:219: networks[n].neighbours[2].at: 02:00:00:00:00:01 is at 192.0.2.2 (f:3:105); "
	  "it cannot be at 192.0.2.3 too\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, neighbours: [{mac: "
	  "\"02:00:00:00:00:02\", ip: 10.0.0.1, at: 192.0.2.2}, {mac: \"02:00:00:00:00:01\", "
	  "ip: 10.0.0.1, at: 192.0.2.2}]}]\n",
	  "f:3:148: networks[n].neighbours[1].ip: 10.0.0.1 is also an address of "
	  "networks[n].neighbours[0] (f:3:91)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: gre, segment: 1, neighbours: [{mac: "
	  "\"02:00:00:00:00:01\", ip: 10.0.0.1, at: 192.0.2.2}, {mac: \"02:00:00:00:00:02\", "
	  "ip: 10.0.0.2, at: 192.0.2.2}]}]\n"
	  "ports: [{name: p, network: n, device: d2, mac: \"02:00:00:00:00:01\", addresses: "
	  "[10.0.0.2]}]\n",
	  "f:3:64: networks[n].neighbours[0].mac: 02:00:00:00:00:01 is also the MAC of "
	  "ports[p] (f:4:48)\n"
	  "f:3:146: networks[n].neighbours[1].ip: 10.0.0.2 is also an address of ports[p] "
	  "(f:4:81)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: gre, segment: 1, subnets: [{name: s, cidr: "
	  "10.0.0.0/24}], neighbours: [{mac: \"02:00:00:00:00:01\", ip: 10.0.0.1, at: "
	  "192.0.2.2}, {mac: \"02:00:00:00:00:02\", ip: 10.0.1.1, at: 192.0.2.2}]}]\n",
	  "f:3:187: networks[n].neighbours[1].ip: 10.0.1.1 is in no subnet of networks[n] "
	  "(f:3:54)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, static-macs: [{mac: "
	  "\"02:00:00:00:00:01\", port: p}], neighbours: [{mac: \"02:00:00:00:00:01\", ip: "
	  "10.0.0.1, at: 192.0.2.2}]}]\n"
	  "ports: [{name: p, network: n, device: d2}]\n",
	  "f:3:118: networks[n].neighbours[0].mac: 02:00:00:00:00:01 is also the MAC of "
	  "networks[n].static-macs[0] (f:3:67)\n" },
	{ TUNNEL_WIRES TUNNEL_ENDPOINT
	  "networks: [{name: n, type: vxlan, segment: 1, static-macs: [{mac: "
	  "\"02:00:00:00:00:01\", physical-network: w}]}]\n",
	  "f:3:106: networks[n].static-macs[0].physical-network: a vxlan network has none; it "
	  "goes by the tunnel-endpoint\n" },
};

#endif
