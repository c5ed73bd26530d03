/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_router_test.c: routers that are right.
 */
#ifndef TEST_UNIT_CONF_ROUTER_GOOD_H
#define TEST_UNIT_CONF_ROUTER_GOOD_H

#include "conf_nat_errors.h"

/** Files that are unusual, and right. */
static const char *const router_good[] = {
	"routers:\n",
	"routers: []\n",
	/* A name is of routers only. */
	ROUTER_NETS "routers: [{name: blue}, {name: p}]\n"
		    "ports: [{name: p, network: blue, device: d}]\n",
	/* The gateway of a subnet is a router's address, or somebody else's; of several subnets. */
	"networks: [{name: n, type: local, subnets: [{name: s, cidr: 10.0.0.0/24,\n"
	"  gateway: 10.0.0.1}, {name: t, cidr: 10.0.1.0/24, gateway: 10.0.1.1},\n"
	"  {name: u, cidr: '2001:db8::/64', gateway: '2001:db8::1'}]}]\n"
	"routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24},\n"
	"  {network: n, address: 10.0.1.2/24}, {network: n, address: '2001:db8::1/64'}]}]\n",
	/* One address in two networks, of two routers; one MAC in all of one router's networks. */
	ROUTER_NETS "routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/24,\n"
		    "  mac: 02:00:00:00:00:01}, {network: blue, address: 10.0.0.1/24,\n"
		    "  mac: 02:00:00:00:00:01}]}, {name: s, interfaces: [{network: public,\n"
		    "  address: 10.1.0.1/24, mac: 02:00:00:00:00:01}]}]\n",
	/* One MAC for all that a router has in a network, said once or twice. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: public, address: 10.1.0.1/24,\n"
	"  mac: 02:00:00:00:00:01}, {network: public, address: '2001:db8::1/64'}],\n"
	"  gateway: {network: public, address: 10.2.0.1/24, mac: 02:00:00:00:00:01}}]\n",
	/* Another family than that of the subnets. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: blue, address: '2001:db8::1/64'}]}]\n",
	/* Links beside each other. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/25},\n"
	"  {network: red, address: 10.1.0.129/25}, {network: red, address: 10.2.0.0/31},\n"
	"  {network: red, address: 10.2.0.2/32}]}]\n",
	/* A next hop that is another router, or at either end of a link of two. */
	ROUTER_NETS "routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/24},\n"
		    "  {network: red, address: 10.2.0.0/31}], routes: [\n"
		    "  {destination: 10.3.0.0/16, next-hop: 10.1.0.2},\n"
		    "  {destination: 10.4.0.0/16, next-hop: 10.2.0.1}]},\n"
		    "  {name: s, interfaces: [{network: red, address: 10.1.0.2/24}]}]\n",
	/* Routes inside of a link and around it; a way besides the gateway's; eight ways. */
	ROUTER_NETS
	"routers: [{name: r, gateway: {network: public, address: 10.1.0.1/24, next-hop:\n"
	"  10.1.0.2}, routes: [{destination: 10.1.0.128/25, next-hop: 10.1.0.3},\n"
	"  {destination: 10.1.0.0/16, next-hop: 10.1.0.3},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.3},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.4},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.5},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.6},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.7},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.8},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.9}]}]\n",
	/* The same ways of two routers. */
	ROUTER_NETS "routers: [{name: r, gateway: {network: public, address: 10.1.0.1/24,\n"
		    "  next-hop: 10.1.0.3}}, {name: s, gateway: {network: public, address:\n"
		    "  10.1.0.2/24, next-hop: 10.1.0.3}}]\n",
	/* A pool with the own address, at both ends of a link of two, empty; without any on IPv6. */
	ROUTER_OUTSIDE
	"  - {name: s, gateway: {network: public, address: 203.0.113.3/24,\n"
	"     snat-pool: [203.0.113.20, 203.0.113.3]}}\n"
	"  - {name: t, gateway: {network: public, address: 198.51.100.0/31,\n"
	"     snat-pool: [198.51.100.1]}}\n"
	"  - {name: u, gateway: {network: public, address: 203.0.113.4/24, snat-pool: []}}\n"
	"  - {name: v, gateway: {network: public, address: '2001:db8::2/64', snat: true}}\n"
	"  - {name: w, gateway: {network: public, address: 203.0.113.5/24, snat: false,\n"
	"     snat-pool: ~}}\n",
	/* Nothing of NAT, of its lists, of the firewall. */
	"routers: [{name: r, nat: , floating-ips: , port-forwardings: [], firewall: []},\n"
	"  {name: s, nat: {}}]\n",
	/* Floating IPs and port forwardings without source NAT; the first address is on no link. */
	ROUTER_INSIDE "    gateway: {network: public, address: 203.0.113.2/24, snat: false}\n"
		      "    floating-ips:\n"
		      "      - {address: 203.0.113.10, port: vm1}\n"
		      "      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n"
		      "      - {address: 203.0.113.12, port: vm2, fixed-address: 10.0.0.20}\n"
		      "    port-forwardings:\n"
		      "      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm1, "
		      "internal-port: "
		      "80}\n",
	/* The same of two routers that lead to two external networks. */
	"networks: [{name: blue, type: local}, {name: a, type: local, external: true},\n"
	"  {name: b, type: local, external: true}]\n"
	"ports: [{name: vm1, network: blue, device: d1, addresses: [10.0.0.10]}]\n"
	"routers:\n"
	"  - name: r\n"
	"    interfaces: [{network: blue, address: 10.0.0.1/24}]\n"
	"    gateway: {network: a, address: 203.0.113.2/24}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm1}]\n"
	"  - name: s\n"
	"    interfaces: [{network: blue, address: 10.0.0.2/24}]\n"
	"    gateway: {network: b, address: 203.0.113.2/24}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm1}]\n",
	/* Port forwardings that share addresses, of the pool and of their own; to one inside. */
	ROUTER_INSIDE
	"    gateway: {network: public, address: 203.0.113.2/24, snat-pool: [203.0.113.20]}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm1}]\n"
	"    port-forwardings:\n"
	"      - {address: 203.0.113.2, protocol: tcp, external-port: 1, port: vm1, internal-port: "
	"65535}\n"
	"      - {address: 203.0.113.2, protocol: udp, external-port: 1, port: vm1, internal-port: "
	"1}\n"
	"      - {address: 203.0.113.20, protocol: tcp, external-port: 65535, port: vm1,\n"
	"         internal-port: 65535}\n"
	"      - {address: 203.0.113.30, protocol: tcp, external-port: 1, port: vm1, "
	"internal-port: 1}\n"
	"      - {address: 203.0.113.30, protocol: tcp, external-port: 2, port: vm1, "
	"internal-port: 1}\n",
	/* Rules that never match, and rules of one family. */
	"routers:\n"
	"  - name: r\n"
	"    firewall:\n"
	"      - {action: deny}\n"
	"      - {action: deny}\n"
	"      - {action: allow, direction: both}\n"
	"      - {action: allow, source: '2001:db8::/32', destination: '::/0', ethertype: ipv6}\n"
	"      - {action: allow, source: 10.0.0.1, destination: 0.0.0.0/0, protocol: icmp}\n"
	"      - {action: allow, protocol: icmpv6, icmp-type: 255, icmp-code: 255, source: '::1'}\n"
	"      - {action: allow, protocol: 0, ethertype: any}\n"
	"      - {action: allow, protocol: dccp, ports: 0-65535}\n",
};

#endif
