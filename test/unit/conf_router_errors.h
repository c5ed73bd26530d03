/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_router_test.c: what is wrong with routers, and what is said about it.
 */
#ifndef TEST_UNIT_CONF_ROUTER_ERRORS_H
#define TEST_UNIT_CONF_ROUTER_ERRORS_H

struct router_error {
	const char *text;
	const char *says;
};

#define ROUTER_NETS                                                                                \
	"networks: [{name: blue, type: local, subnets: [{name: b4, cidr: 10.0.0.0/24}]},\n"        \
	"  {name: red, type: local}, {name: public, type: local, external: true}]\n"

/** Keys and values on their own. */
static const struct router_error router_value_errors[] = {
	{ "routers: {}\n", "f:1:10: routers: must be a list\n" },
	{ "routers: [5, {}]\n", "f:1:11: routers[0]: must be a map (key: value)\n"
				"f:1:14: routers[1]: needs a 'name'\n" },
	{ "routers: [{name: r, interface: []}, {name: s, bgp: true}]\n",
	  "f:1:21: routers[r]: unknown key 'interface' (did you mean 'interfaces'?); known keys "
	  "here: name, project, admin, interfaces, gateway, routes, nat, floating-ips, "
	  "port-forwardings, firewall\n"
	  "f:1:47: routers[s]: unknown key 'bgp'; known keys here: name, project, admin, "
	  "interfaces, gateway, routes, nat, floating-ips, port-forwardings, firewall\n" },
	{ "routers: [{name: r, interfaces: 5, gateway: [], routes: {}, admin: on}]\n",
	  "f:1:33: routers[r].interfaces: must be a list\n"
	  "f:1:45: routers[r].gateway: must be a map (key: value)\n"
	  "f:1:57: routers[r].routes: must be a list\n"
	  "f:1:68: routers[r].admin: on is not an admin state; known: down, up\n" },
	{ "routers: [{name: r, interfaces: [5, {}], gateway: , routes: [5, {}]}]\n",
	  "f:1:34: routers[r].interfaces[0]: must be a map (key: value)\n"
	  "f:1:37: routers[r].interfaces[1]: needs a 'network'\n"
	  "f:1:37: routers[r].interfaces[1]: needs an 'address'\n"
	  "f:1:51: routers[r].gateway: must be a map (key: value)\n"
	  "f:1:62: routers[r].routes[0]: must be a map (key: value)\n"
	  "f:1:65: routers[r].routes[1]: needs a 'destination'\n"
	  "f:1:65: routers[r].routes[1]: needs a 'next-hop'\n" },
	{ "routers: [{name: r, gateway: {dnat: true}}]\n",
	  "f:1:30: routers[r].gateway: needs a 'network'\n"
	  "f:1:30: routers[r].gateway: needs an 'address'\n"
	  "f:1:31: routers[r].gateway: unknown key 'dnat' (did you mean 'snat'?); known keys "
	  "here: network, address, next-hop, mac, snat, snat-pool\n" },
	{ "routers: [{name: r, interfaces: [{network: a b, address: 10.0.0.1, next-hop: "
	  "10.0.0.2}]}]\n",
	  "f:1:44: routers[r].interfaces[0].network: a b is not a name (letters, digits, '.', '_', "
	  "'-'; the first a letter or digit; at most 63)\n"
	  "f:1:58: routers[r].interfaces[0].address: 10.0.0.1 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n"
	  "f:1:68: routers[r].interfaces[0]: unknown key 'next-hop'; known keys here: network, "
	  "address, mac\n" },
	{ ROUTER_NETS
	  "routers:\n"
	  "  - name: r\n"
	  "    interfaces:\n"
	  "      - {network: red, address: 10.0.0.0/24}\n"
	  "      - {network: red, address: 10.0.1.255/24}\n"
	  "      - {network: red, address: 224.0.0.1/4}\n"
	  "      - {network: red, address: 10.0.2.1/24, mac: 03:00:00:00:00:01}\n"
	  "    gateway: {network: public, address: 10.0.3.1/24, next-hop: 10.0.3.2/24}\n"
	  "    routes:\n"
	  "      - {destination: 172.16.0.1/12, next-hop: 0.0.0.0}\n"
	  "      - {destination: 172.16.0.0, next-hop: here}\n",
	  "f:6:33: routers[r].interfaces[0].address: 10.0.0.0/24 is the network address of "
	  "10.0.0.0/24, not a host's\n"
	  "f:7:33: routers[r].interfaces[1].address: 10.0.1.255/24 is the broadcast address of "
	  "10.0.1.0/24, not a host's\n"
	  "f:8:33: routers[r].interfaces[2].address: 224.0.0.1/4 is not the address of a host with "
	  "a prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n"
	  "f:9:51: routers[r].interfaces[3].mac: 03:00:00:00:00:01 is not a MAC address (like "
	  "02:00:00:00:00:0a; neither multicast nor zero)\n"
	  "f:10:64: routers[r].gateway.next-hop: 10.0.3.2/24 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:12:23: routers[r].routes[0].destination: 172.16.0.1/12 has bits behind its prefix; "
	  "the subnet is 172.16.0.0/12\n"
	  "f:12:48: routers[r].routes[0].next-hop: 0.0.0.0 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:13:23: routers[r].routes[1].destination: 172.16.0.0 is not a subnet (like 10.0.0.0/24 "
	  "or 2001:db8::/64)\n"
	  "f:13:45: routers[r].routes[1].next-hop: here is not the IPv4 or IPv6 address of a "
	  "host\n" },
	{ "routers: [{name: r}, {name: s}, {name: r}]\n",
	  "f:1:40: routers[r].name: r is also the name of routers[r] (f:1:18)\n" },
};

/** Networks, and addresses in them. */
static const struct router_error router_network_errors[] = {
	{ ROUTER_NETS "routers: [{name: r, interfaces: [{network: bleu, address: 10.0.0.1/24},\n"
		      "  {network: x, address: 10.0.1.1/24}], gateway: {network: pubic,\n"
		      "  address: 10.0.2.1/24}}]\n",
	  "f:3:44: routers[r].interfaces[0].network: there is no network 'bleu'; did you mean "
	  "'blue'?\n"
	  "f:4:13: routers[r].interfaces[1].network: there is no network 'x'\n"
	  "f:4:59: routers[r].gateway.network: there is no network 'pubic'; did you mean "
	  "'public'?\n" },
	{ "routers: [{name: r, interfaces: [{network: blue, address: 10.0.0.1/24}]}]\n"
	  "networks: 5\n",
	  "f:2:11: networks: must be a list\n" },
	/* A gateway is where the cloud ends. */
	{ ROUTER_NETS "routers: [{name: r, gateway: {network: red, address: 10.0.2.1/24}}]\n",
	  "f:3:40: routers[r].gateway.network: red is not external; networks[red] needs 'external: "
	  "true' (f:2:3)\n" },
	{ "networks: [{name: a, type: local, external: false}, {name: b, type: local,\n"
	  "  external: no}]\n"
	  "routers: [{name: r, gateway: {network: a, address: 10.0.2.1/24}},\n"
	  "  {name: s, gateway: {network: b, address: 10.0.2.1/24}}]\n",
	  "f:2:13: networks[b].external: no is neither true nor false\n"
	  "f:3:40: routers[r].gateway.network: a is not external; networks[a] needs 'external: "
	  "true' (f:1:45)\n" },
	/* Subnets. */
	{ ROUTER_NETS "routers: [{name: r, interfaces: [{network: blue, address: 10.0.0.1/16}]},\n"
		      "  {name: s, interfaces: [{network: blue, address: 10.0.0.2/25}]},\n"
		      "  {name: t, interfaces: [{network: blue, address: 10.0.1.1/24}]}]\n",
	  "f:3:59: routers[r].interfaces[0].address: 10.0.0.1/16 has another prefix length than "
	  "its subnet 10.0.0.0/24 (f:1:65); write 10.0.0.1/24\n"
	  "f:4:51: routers[s].interfaces[0].address: 10.0.0.2/25 has another prefix length than "
	  "its subnet 10.0.0.0/24 (f:1:65); write 10.0.0.2/24\n"
	  "f:5:51: routers[t].interfaces[0].address: 10.0.1.1/24 is in no subnet of networks[blue] "
	  "(f:1:47)\n" },
	{ "networks: [{name: a, type: local, external: true, subnets: [{name: s, cidr:\n"
	  "  '2001:db8::/64'}, {name: t, cidr: '2001:db8:1::/48'}]}]\n"
	  "routers: [{name: r, interfaces: [{network: a, address: '2001:db8:1:1::1/64'},\n"
	  "  {network: a, address: 10.0.0.1/24}], gateway: {network: a, address: '2001::1/64'}}]\n",
	  "f:3:56: routers[r].interfaces[0].address: 2001:db8:1:1::1/64 has another prefix length "
	  "than its subnet 2001:db8:1::/48 (f:2:37); write 2001:db8:1:1::1/48\n"
	  "f:4:71: routers[r].gateway.address: 2001::1/64 is in no subnet of networks[a] "
	  "(f:1:60)\n" },
	/* One that could not be read may be the right one. */
	{ "networks: [{name: a, type: local, subnets: [{name: s, cidr: 10.0.0.0/24},\n"
	  "  {name: t, cidr: 10.1.0.0}]}]\n"
	  "routers: [{name: r, interfaces: [{network: a, address: 10.1.0.1/24}]}]\n",
	  "f:2:19: networks[a].subnets[t].cidr: 10.1.0.0 is not a subnet (like 10.0.0.0/24 or "
	  "2001:db8::/64)\n" },
	{ ROUTER_NETS "routers: [{name: r, interfaces: [{network: red, address: 'fe80::1/64'}],\n"
		      "  gateway: {network: public, address: 'FE80::1/64'}}]\n",
	  "f:3:58: routers[r].interfaces[0].address: fe80::1/64 is link-local, which is not "
	  "routed; give an address that is\n"
	  "f:4:39: routers[r].gateway.address: FE80::1/64 is link-local, which is not routed; give "
	  "an address that is\n" },
	/* Whose address it is. */
	{ ROUTER_NETS
	  "ports: [{name: p, network: blue, device: d, addresses: [10.0.0.1, 10.0.0.2]},\n"
	  "  {name: q, network: public, device: e, addresses: [10.0.0.1]}]\n"
	  "routers: [{name: r, interfaces: [{network: blue, address: 10.0.0.1/24}]},\n"
	  "  {name: s, interfaces: [{network: blue, address: 10.0.0.3/24}], gateway: {network:\n"
	  "  public, address: 10.0.0.1/30}},\n"
	  "  {name: t, interfaces: [{network: blue, address: 10.0.0.3/24},\n"
	  "  {network: public, address: 10.0.1.1/24}]},\n"
	  "  {name: u, gateway: {network: public, address: 10.0.1.1/24}}]\n",
	  "f:5:59: routers[r].interfaces[0].address: 10.0.0.1 is also an address of ports[p] "
	  "(f:3:57)\n"
	  "f:7:20: routers[s].gateway.address: 10.0.0.1/30 overlaps 10.0.0.3/24 of "
	  "routers[s].interfaces[0] (f:6:51)\n"
	  "f:7:20: routers[s].gateway.address: 10.0.0.1 is also an address of ports[q] (f:4:53)\n"
	  "f:8:51: routers[t].interfaces[0].address: 10.0.0.3 is also the address of "
	  "routers[s].interfaces[0] (f:6:51)\n"
	  "f:10:49: routers[u].gateway.address: 10.0.1.1 is also the address of "
	  "routers[t].interfaces[1] (f:9:30)\n" },
	{ "physical-networks: [{name: w, device: d0}]\n"
	  "tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, mac: 02:00:00:00:00:01}\n"
	  "networks:\n"
	  "  - {name: f, type: flat, physical-network: w}\n"
	  "  - {name: v, type: vxlan, segment: 1, neighbours: [\n"
	  "     {mac: 02:00:00:00:00:02, ip: 10.0.0.2, at: 192.0.2.2}]}\n"
	  "routers:\n"
	  "  - {name: r, interfaces: [{network: f, address: 192.0.2.1/24, mac: "
	  "02:00:00:00:00:01}]}\n"
	  "  - {name: s, interfaces: [{network: v, address: 10.0.0.2/24, mac: "
	  "02:00:00:00:00:02}]}\n",
	  "f:8:50: routers[r].interfaces[0].address: 192.0.2.1 is also the address of "
	  "tunnel-endpoint (f:2:49)\n"
	  "f:8:69: routers[r].interfaces[0].mac: 02:00:00:00:00:01 is also the MAC of "
	  "tunnel-endpoint (f:2:68)\n"
	  "f:9:50: routers[s].interfaces[0].address: 10.0.0.2 is also an address of "
	  "networks[v].neighbours[0] (f:6:35)\n"
	  "f:9:68: routers[s].interfaces[0].mac: 02:00:00:00:00:02 is also the MAC of "
	  "networks[v].neighbours[0] (f:6:12)\n" },
	/* MACs. */
	{ "networks: [{name: n, type: local, static-macs: [{mac: 02:00:00:00:00:02, port: p}]}]\n"
	  "ports: [{name: p, network: n, device: d, mac: 02:00:00:00:00:01}]\n"
	  "routers:\n"
	  "  - {name: r, interfaces: [{network: n, address: 10.0.0.1/24, mac: "
	  "02:00:00:00:00:01}]}\n"
	  "  - {name: s, interfaces: [{network: n, address: 10.0.0.2/24, mac: "
	  "02:00:00:00:00:02}]}\n"
	  "  - {name: t, interfaces: [{network: n, address: 10.0.0.3/24, mac: "
	  "02:00:00:00:00:03}]}\n"
	  "  - {name: u, interfaces: [{network: n, address: 10.0.0.4/24, mac: "
	  "02:00:00:00:00:03}]}\n",
	  "f:4:68: routers[r].interfaces[0].mac: 02:00:00:00:00:01 is also the MAC of ports[p] "
	  "(f:2:47)\n"
	  "f:5:68: routers[s].interfaces[0].mac: 02:00:00:00:00:02 is also the MAC of "
	  "networks[n].static-macs[0] (f:1:55)\n"
	  "f:7:68: routers[u].interfaces[0].mac: 02:00:00:00:00:03 is also the MAC of "
	  "routers[t].interfaces[0] (f:6:68)\n" },
	/* Of one router there is one in a network. */
	{ ROUTER_NETS
	  "routers:\n"
	  "  - name: r\n"
	  "    interfaces:\n"
	  "      - {network: public, address: 10.0.1.1/24, mac: 02:00:00:00:00:02}\n"
	  "      - {network: red, address: 10.1.0.1/24, mac: 02:00:00:00:00:01}\n"
	  "      - {network: red, address: 10.1.1.1/24}\n"
	  "      - {network: red, address: 10.1.2.1/24, mac: 02:00:00:00:00:01}\n"
	  "      - {network: red, address: 10.1.3.1/24, mac: 02:00:00:00:00:03}\n"
	  "    gateway: {network: public, address: 10.0.2.1/24, mac: 02:00:00:00:00:01}\n",
	  "f:10:51: routers[r].interfaces[4].mac: 02:00:00:00:00:03 is not 02:00:00:00:00:01, the "
	  "MAC of routers[r].interfaces[1] (f:7:51); a router has one MAC in a network\n"
	  "f:11:59: routers[r].gateway.mac: 02:00:00:00:00:01 is not 02:00:00:00:00:02, the MAC of "
	  "routers[r].interfaces[0] (f:6:54); a router has one MAC in a network\n" },
};

/** Links of one router. */
static const struct router_error router_link_errors[] = {
	{ ROUTER_NETS
	  "routers: [{name: r, interfaces: [{network: red, address: 10.0.0.1/24},\n"
	  "  {network: red, address: 10.0.0.1/24}, {network: red, address: 10.0.0.2/24},\n"
	  "  {network: blue, address: 10.0.0.1/24}]}]\n",
	  "f:4:27: routers[r].interfaces[1].address: 10.0.0.1 is also the address of "
	  "routers[r].interfaces[0] (f:3:58)\n"
	  "f:4:65: routers[r].interfaces[2].address: 10.0.0.2/24 overlaps 10.0.0.1/24 of "
	  "routers[r].interfaces[0] (f:3:58)\n"
	  "f:5:28: routers[r].interfaces[3].address: 10.0.0.1/24 overlaps 10.0.0.1/24 of "
	  "routers[r].interfaces[0] (f:3:58)\n" },
	{ ROUTER_NETS
	  "routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/24},\n"
	  "  {network: red, address: 10.0.0.1/8}, {network: red, address: 11.0.0.1/8},\n"
	  "  {network: red, address: '2001:db8::1/64'}], gateway: {network: public,\n"
	  "  address: '2001:db8::2/48'}}]\n",
	  "f:4:27: routers[r].interfaces[1].address: 10.0.0.1/8 overlaps 10.1.0.1/24 of "
	  "routers[r].interfaces[0] (f:3:58)\n"
	  "f:6:12: routers[r].gateway.address: 2001:db8::2/48 overlaps 2001:db8::1/64 of "
	  "routers[r].interfaces[3] (f:5:27)\n" },
	/* What is there twice is said as that, whatever the length. */
	{ ROUTER_NETS "routers: [{name: r, interfaces: [{network: public, address: 10.0.0.1/24}],\n"
		      "  gateway: {network: public, address: 10.0.0.1/25}}]\n",
	  "f:4:39: routers[r].gateway.address: 10.0.0.1 is also the address of "
	  "routers[r].interfaces[0] (f:3:61)\n" },
};

/** Where packets go next. */
static const struct router_error router_route_errors[] = {
	/* The gateway's. */
	{ ROUTER_NETS
	  "routers:\n"
	  "  - {name: r, gateway: {network: public, address: 10.0.0.1/24, next-hop: 10.0.0.1}}\n"
	  "  - {name: s, gateway: {network: public, address: 10.0.0.2/24, next-hop: 10.0.1.1}}\n"
	  "  - {name: t, gateway: {network: public, address: 10.0.0.3/24, next-hop: '::2'}}\n"
	  "  - {name: u, gateway: {network: public, address: 10.0.0.4/24,\n"
	  "     next-hop: 10.0.0.255}, interfaces: [{network: red, address: 10.0.1.1/24}]}\n"
	  "  - {name: v, gateway: {network: public, address: 10.0.0.5/24,\n"
	  "     next-hop: 10.0.1.2}, interfaces: [{network: red, address: 10.0.1.1/24}]}\n",
	  "f:4:74: routers[r].gateway.next-hop: 10.0.0.1 is the address of routers[r].gateway "
	  "itself (f:4:51)\n"
	  "f:5:74: routers[s].gateway.next-hop: 10.0.1.1 is not on the link of 10.0.0.2/24 "
	  "(f:5:51)\n"
	  "f:6:74: routers[t].gateway.next-hop: ::2 is not an IPv4 address, as the address "
	  "10.0.0.3/24 is (f:6:51)\n"
	  "f:8:16: routers[u].gateway.next-hop: 10.0.0.255 is the broadcast address of the link "
	  "10.0.0.4/24 (f:7:51)\n"
	  "f:10:16: routers[v].gateway.next-hop: 10.0.1.2 is not on the link of 10.0.0.5/24 "
	  "(f:9:51)\n"
	  "f:10:64: routers[v].interfaces[0].address: 10.0.1.1 is also the address of "
	  "routers[u].interfaces[0] (f:8:66)\n" },
	/* Those of routes. */
	{ ROUTER_NETS "routers:\n"
		      "  - name: r\n"
		      "    interfaces:\n"
		      "      - {network: blue, address: 10.0.0.1/24}\n"
		      "      - {network: red, address: '2001:db8::1/64'}\n"
		      "    gateway: {network: public, address: 10.0.1.1/24}\n"
		      "    routes:\n"
		      "      - {destination: 172.16.0.0/12, next-hop: 10.0.0.1}\n"
		      "      - {destination: 172.16.0.0/12, next-hop: 10.0.1.1}\n"
		      "      - {destination: 172.16.0.0/12, next-hop: 10.0.0.0}\n"
		      "      - {destination: 172.16.0.0/12, next-hop: 10.0.2.1}\n"
		      "      - {destination: 172.16.0.0/12, next-hop: '2001:db8::2'}\n"
		      "      - {destination: '2001:db8:1::/64', next-hop: 10.0.0.2}\n"
		      "      - {destination: '2001:db8:1::/64', next-hop: 'fe80::1'}\n"
		      "      - {destination: '2001:db8:1::/64', next-hop: '2001:db8::1'}\n",
	  "f:10:48: routers[r].routes[0].next-hop: 10.0.0.1 is the address of "
	  "routers[r].interfaces[0] itself (f:6:34)\n"
	  "f:11:48: routers[r].routes[1].next-hop: 10.0.1.1 is the address of routers[r].gateway "
	  "itself (f:8:41)\n"
	  "f:12:48: routers[r].routes[2].next-hop: 10.0.0.0 is the network address of the link "
	  "10.0.0.1/24 (f:6:34)\n"
	  "f:13:48: routers[r].routes[3].next-hop: 10.0.2.1 is on no link of routers[r] (f:4:5)\n"
	  "f:14:48: routers[r].routes[4].next-hop: 2001:db8::2 is not an IPv4 address, as the "
	  "destination 172.16.0.0/12 is (f:14:23)\n"
	  "f:15:52: routers[r].routes[5].next-hop: 10.0.0.2 is not an IPv6 address, as the "
	  "destination 2001:db8:1::/64 is (f:15:23)\n"
	  "f:16:52: routers[r].routes[6].next-hop: fe80::1 is on no link of routers[r] (f:4:5)\n"
	  "f:17:52: routers[r].routes[7].next-hop: 2001:db8::1 is the address of "
	  "routers[r].interfaces[1] itself (f:7:33)\n" },
	{ ROUTER_NETS
	  "routers: [{name: r, routes: [{destination: 10.0.0.0/8, next-hop: 10.0.0.1}]}]\n",
	  "f:3:66: routers[r].routes[0].next-hop: 10.0.0.1 is on no link of routers[r] "
	  "(f:3:11)\n" },
	/* Nothing follows from a link, a list or a gateway that could not be read. */
	{ ROUTER_NETS
	  "routers:\n"
	  "  - {name: r, interfaces: [{network: red, address: 10.1.0.1}],\n"
	  "     routes: [{destination: 10.2.0.0/16, next-hop: 10.1.0.2}]}\n"
	  "  - {name: s, interfaces: 5,\n"
	  "     routes: [{destination: 10.2.0.0/16, next-hop: 10.1.0.2}]}\n"
	  "  - {name: t, gateway: {network: public, address: 10.1.0.0/24, next-hop: '::2'},\n"
	  "     routes: [{destination: 10.2.0.0/16, next-hop: 10.1.0.2}]}\n"
	  "  - {name: u, routes: [{next-hop: 10.1.0.2}]}\n",
	  "f:4:52: routers[r].interfaces[0].address: 10.1.0.1 is not the address of a host with a "
	  "prefix length (like 192.0.2.1/24 or 2001:db8::1/64)\n"
	  "f:6:27: routers[s].interfaces: must be a list\n"
	  "f:8:51: routers[t].gateway.address: 10.1.0.0/24 is the network address of 10.1.0.0/24, "
	  "not a host's\n"
	  "f:10:24: routers[u].routes[0]: needs a 'destination'\n"
	  "f:10:35: routers[u].routes[0].next-hop: 10.1.0.2 is on no link of routers[u] "
	  "(f:10:5)\n" },
	/* Destinations. */
	{ ROUTER_NETS "routers:\n"
		      "  - name: r\n"
		      "    interfaces:\n"
		      "      - {network: blue, address: 10.0.0.1/24}\n"
		      "      - {network: red, address: '2001:db8::1/64'}\n"
		      "    gateway: {network: public, address: 10.0.1.1/24}\n"
		      "    routes:\n"
		      "      - {destination: 10.0.0.0/24, next-hop: 10.0.1.2}\n"
		      "      - {destination: 10.0.0.128/25, next-hop: 10.0.1.2}\n"
		      "      - {destination: 10.0.1.0/24, next-hop: 10.0.1.2}\n"
		      "      - {destination: '2001:db8::/64', next-hop: '2001:db8::2'}\n",
	  "f:10:23: routers[r].routes[0].destination: 10.0.0.0/24 is the link of "
	  "routers[r].interfaces[0] (f:6:34) and needs no route\n"
	  "f:12:23: routers[r].routes[2].destination: 10.0.1.0/24 is the link of "
	  "routers[r].gateway (f:8:41) and needs no route\n"
	  "f:13:23: routers[r].routes[3].destination: 2001:db8::/64 is the link of "
	  "routers[r].interfaces[1] (f:7:33) and needs no route\n" },
	/* Each way once; the gateway is one. */
	{ ROUTER_NETS "routers:\n"
		      "  - name: r\n"
		      "    gateway: {network: public, address: 10.0.1.1/24, next-hop: 10.0.1.2}\n"
		      "    routes:\n"
		      "      - {destination: 10.2.0.0/16, next-hop: 10.0.1.2}\n"
		      "      - {destination: 10.2.0.0/16, next-hop: 10.0.1.3}\n"
		      "      - {destination: 10.2.0.0/16, next-hop: 10.0.1.2}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.3}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.2}\n"
		      "  - name: s\n"
		      "    interfaces: [{network: public, address: 10.0.1.4/24}]\n"
		      "    routes: [{destination: 10.2.0.0/16, next-hop: 10.0.1.2}]\n",
	  "f:9:9: routers[r].routes[2]: 10.2.0.0/16 by 10.0.1.2 is also in routers[r].routes "
	  "(f:7:9)\n"
	  "f:11:9: routers[r].routes[4]: 0.0.0.0/0 by 10.0.1.2 is also in routers[r].gateway "
	  "(f:5:64)\n" },
	/* And not too many to one destination. */
	{ ROUTER_NETS "routers:\n"
		      "  - name: r\n"
		      "    gateway: {network: public, address: 10.0.1.1/24, next-hop: 10.0.1.2}\n"
		      "    routes:\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.3}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.4}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.5}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.6}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.7}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.8}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.9}\n"
		      "      - {destination: 0.0.0.0/1, next-hop: 10.0.1.9}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.10}\n"
		      "      - {destination: 0.0.0.0/0, next-hop: 10.0.1.11}\n",
	  "f:15:9: routers[r].routes[8]: 0.0.0.0/0 has 8 next hops already, which is the most (the "
	  "first: f:5:64)\n" },
};

#endif
