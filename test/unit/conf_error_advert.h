/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_error_test.c: subnets that routers cannot advertise.
 */
#ifndef TEST_UNIT_CONF_ERROR_ADVERT_H
#define TEST_UNIT_CONF_ERROR_ADVERT_H

#include "conf_error_tunnel.h"

static const struct error_case error_adverts[] = {
	{ "networks: [{name: n, type: local, subnets: [{name: a, cidr: 10.0.0.0/24,\n"
	  "  ipv6-ra-mode: slaac}]}]\n",
	  "f:2:17: networks[n].subnets[a].ipv6-ra-mode: 10.0.0.0/24 is not an IPv6 subnet "
	  "(f:1:61), and only those are advertised\n" },
	{ "networks: [{name: n, type: local, subnets: [\n"
	  "  {name: a, cidr: \"2001:db8::/56\", ipv6-ra-mode: slaac},\n"
	  "  {name: b, cidr: \"2001:db8:1::/65\", ipv6-ra-mode: dhcpv6-stateless},\n"
	  "  {name: c, cidr: \"2001:db8:2::/56\", ipv6-ra-mode: dhcpv6-stateful},\n"
	  "  {name: d, cidr: \"2001:db8:3::/56\", ipv6-ra-mode: radvd}]}]\n",
	  "f:2:50: networks[n].subnets[a].ipv6-ra-mode: slaac needs a /64, of which guests choose "
	  "the other 64 bits; 2001:db8::/56 is none (f:2:19)\n"
	  "f:3:52: networks[n].subnets[b].ipv6-ra-mode: dhcpv6-stateless needs a /64, of which "
	  "guests choose the other 64 bits; 2001:db8:1::/65 is none (f:3:19)\n"
	  "f:5:52: networks[n].subnets[d].ipv6-ra-mode: radvd is not a mode of router "
	  "advertisements; known: slaac, dhcpv6-stateful, dhcpv6-stateless\n" },
	{ "networks: [{name: n, type: local, mtu: 1279, subnets: [\n"
	  "  {name: a, cidr: \"2001:db8::/64\", ipv6-ra-mode: slaac}]}]\n",
	  "f:2:50: networks[n].subnets[a].ipv6-ra-mode: IPv6 needs an MTU of 1280 at least; that "
	  "of the network is 1279 (f:1:40)\n" },
	{ "networks: [{name: n, type: local, subnets: [\n"
	  "  {name: a0, cidr: \"fd00::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a1, cidr: \"fd00:0:0:1::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a2, cidr: \"fd00:0:0:2::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a3, cidr: \"fd00:0:0:3::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a4, cidr: \"fd00:0:0:4::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a5, cidr: \"fd00:0:0:5::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a6, cidr: \"fd00:0:0:6::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: none, cidr: \"fd00:0:0:9::/64\"},\n"
	  "  {name: a7, cidr: \"fd00:0:0:7::/64\", ipv6-ra-mode: slaac},\n"
	  "  {name: a8, cidr: \"fd00:0:0:8::/64\", ipv6-ra-mode: slaac}]}]\n",
	  "f:11:53: networks[n].subnets[a8].ipv6-ra-mode: at most 8 subnets of a network are "
	  "advertised\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: a, cidr: \"2001:db8::/64\",\n"
	  "  dns: [\"::1\", \"ff02::1\", x]}, {name: b, cidr: 10.0.0.0/24,\n"
	  "  dns: [\"fd00::1\", \"fd00::2\", \"fd00::3\", 10.0.0.1, 10.0.0.2, 10.0.0.3]}]}]\n",
	  "f:2:9: networks[n].subnets[a].dns[0]: ::1 is not the IPv4 or IPv6 address of a host\n"
	  "f:2:16: networks[n].subnets[a].dns[1]: ff02::1 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:2:27: networks[n].subnets[a].dns[2]: x is not the IPv4 or IPv6 address of a host\n"
	  "f:3:8: networks[n].subnets[b].dns: has 6 entries; at most 5\n" },
};

#endif
