/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_group_test.c: what is wrong with security groups, and what is said about it.
 */
#ifndef TEST_UNIT_CONF_GROUP_ERRORS_H
#define TEST_UNIT_CONF_GROUP_ERRORS_H

struct group_error {
	const char *text;
	const char *says;
};

#define GROUP_PROTOCOLS                                                                            \
	"any, tcp, udp, icmp, icmpv6, ipv6-icmp, sctp, dccp, udplite, ah, egp, esp, gre, igmp, "   \
	"ipip, ipv6-encap, ipv6-frag, ipv6-nonxt, ipv6-opts, ipv6-route, ospf, pgm, rsvp, vrrp, "  \
	"or 0..255"

/** One rule, after "security-groups: [{name: g, rules: [{direction: egress, ". */
static const struct group_error group_rule_errors[] = {
	{ "direction: ingress", "key 'direction' is here already (f:1:38)" },
	{ "ethertype: arp", ".ethertype: arp is not an ethertype; known: any, ipv4, ipv6" },
	{ "ethertype: IPv4", ".ethertype: IPv4 is not an ethertype; known: any, ipv4, ipv6" },
	{ "ethertype: ", ".ethertype: needs a value" },
	{ "protocol: foo", ".protocol: foo is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: TCP", ".protocol: TCP is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: 256", ".protocol: 256 is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: 06", ".protocol: 06 is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: -1", ".protocol: -1 is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: [tcp]", ".protocol: must be a single value" },
	{ "protocol: tcp, ports: 80-",
	  ".ports: 80- is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: '-80'",
	  ".ports: -80 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: '80 - 90'",
	  ".ports: 80 - 90 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: 65536",
	  ".ports: 65536 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: 1-65536",
	  ".ports: 1-65536 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: 080",
	  ".ports: 080 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: 1-2-3",
	  ".ports: 1-2-3 is not a port or a range of ports (0..65535, like 80 or 80-443)" },
	{ "protocol: tcp, ports: 18446744073709551617",
	  ".ports: 18446744073709551617 is not a port or a range of ports (0..65535, like 80 or "
	  "80-443)" },
	{ "protocol: tcp, ports: 443-80",
	  ".ports: 443-80 ends before it begins; the range is 80-443" },
	{ "ports: 80", ".ports: is for the protocols tcp, udp, udplite, sctp and dccp only" },
	{ "protocol: gre, ports: 80",
	  ".ports: is for the protocols tcp, udp, udplite, sctp and dccp only" },
	{ "protocol: 1, ports: 80",
	  ".ports: is for the protocols tcp, udp, udplite, sctp and dccp only" },
	{ "protocol: icmp, icmp-type: 256", ".icmp-type: 256 is not an ICMP type (0..255)" },
	{ "protocol: icmp, icmp-type: echo", ".icmp-type: echo is not an ICMP type (0..255)" },
	{ "protocol: icmp, icmp-type: '8'", ".icmp-type: \"8\" is text; write it without quotes" },
	{ "protocol: icmp, icmp-type: 3, icmp-code: 256",
	  ".icmp-code: 256 is not an ICMP code (0..255)" },
	{ "protocol: icmpv6, icmp-code: 1", ".icmp-code: needs an 'icmp-type' beside it" },
	{ "icmp-type: 8", ".icmp-type: is for the protocols icmp and icmpv6 only" },
	{ "protocol: 6, icmp-code: 8", ".icmp-code: is for the protocols icmp and icmpv6 only" },
	{ "remote-ip: 10.0.0.1/8",
	  ".remote-ip: 10.0.0.1/8 has bits behind its prefix; the subnet is 10.0.0.0/8" },
	{ "remote-ip: 10.0.0.0/33", ".remote-ip: 10.0.0.0/33 is not an address or a subnet (like "
				    "10.0.0.1, 10.0.0.0/24 or 2001:db8::/64)" },
	{ "remote-ip: any", ".remote-ip: any is not an address or a subnet (like 10.0.0.1, "
			    "10.0.0.0/24 or 2001:db8::/64)" },
	{ "remote-group: a b",
	  ".remote-group: a b is not a name (letters, digits, '.', '_', '-'; the first a letter "
	  "or digit; at most 63)" },
	{ "remote-group: nobody", ".remote-group: there is no security group 'nobody'" },
	{ "log: 1", ".log: 1 is neither true nor false" },
	{ "port: 80",
	  ": unknown key 'port' (did you mean 'ports'?); known keys here: direction, ethertype, "
	  "protocol, ports, icmp-type, icmp-code, remote-ip, remote-group, log" },
	/* What contradicts something else, with the place of it. */
	{ "protocol: icmp, ethertype: ipv6",
	  ".ethertype: ipv6 contradicts protocol icmp, which is ipv4 only (f:1:67)" },
	{ "protocol: 58, ethertype: ipv4",
	  ".ethertype: ipv4 contradicts protocol 58, which is ipv6 only (f:1:67)" },
	{ "protocol: ipv6-frag, ethertype: ipv4",
	  ".ethertype: ipv4 contradicts protocol ipv6-frag, which is ipv6 only (f:1:67)" },
	{ "remote-ip: '2001:db8::/32', ethertype: ipv4",
	  ".ethertype: ipv4 contradicts remote-ip 2001:db8::/32, which is ipv6 only (f:1:68)" },
	{ "remote-ip: 10.0.0.1, ethertype: ipv6",
	  ".ethertype: ipv6 contradicts remote-ip 10.0.0.1, which is ipv4 only (f:1:68)" },
	{ "protocol: icmpv6, remote-ip: 10.0.0.0/8",
	  ".remote-ip: 10.0.0.0/8 contradicts protocol icmpv6, which is ipv6 only (f:1:67)" },
	{ "protocol: 1, remote-ip: '::/0', ethertype: any",
	  ".remote-ip: ::/0 contradicts protocol 1, which is ipv4 only (f:1:67)" },
	{ "remote-ip: 10.0.0.1, remote-group: g",
	  ".remote-group: excludes 'remote-ip' (f:1:68); give one of them" },
	/* Nothing follows from what was reported. */
	{ "protocol: foo, ports: 80, icmp-type: 8",
	  ".protocol: foo is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: foo, remote-ip: '::/0', ethertype: ipv6",
	  ".protocol: foo is not a protocol; known: " GROUP_PROTOCOLS },
	{ "protocol: icmp, remote-ip: '::/0/0'",
	  ".remote-ip: ::/0/0 is not an address or a subnet (like 10.0.0.1, 10.0.0.0/24 or "
	  "2001:db8::/64)" },
};

#define GROUP_NET "networks: [{name: n, type: local}]\n"

/** Whole documents. */
static const struct group_error group_errors[] = {
	{ "security-groups: {}", "f:1:18: security-groups: must be a list\n" },
	{ "security-groups: [5, {}]", "f:1:19: security-groups[0]: must be a map (key: value)\n"
				      "f:1:22: security-groups[1]: needs a 'name'\n" },
	{ "security-groups: [{name: g, rules: {direction: egress}}]",
	  "f:1:36: security-groups[g].rules: must be a list\n" },
	{ "security-groups: [{name: g, rules: [egress, {}]}]",
	  "f:1:37: security-groups[g].rules[0]: must be a map (key: value)\n"
	  "f:1:45: security-groups[g].rules[1]: needs a 'direction'\n" },
	{ "security-groups: [{name: g, stateful: 1, on-change: keep, log: x, members: 10.0.0.1}]",
	  "f:1:39: security-groups[g].stateful: 1 is neither true nor false\n"
	  "f:1:53: security-groups[g].on-change: keep is not an action; known: cut, persist\n"
	  "f:1:64: security-groups[g].log: x is neither true nor false\n"
	  "f:1:76: security-groups[g].members: must be a list\n" },
	{ "security-groups: [{name: g, rule: []}]",
	  "f:1:29: security-groups[g]: unknown key 'rule' (did you mean 'rules'?); known keys "
	  "here: name, project, stateful, on-change, log, members, rules\n" },
	{ "security-groups: [{name: g, members: [10.0.0.0/24, 224.0.0.1, '::2', '0::2']}]",
	  "f:1:39: security-groups[g].members[0]: 10.0.0.0/24 is not the IPv4 or IPv6 address of "
	  "a host\n"
	  "f:1:52: security-groups[g].members[1]: 224.0.0.1 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:1:70: security-groups[g].members[3]: ::2 is also in security-groups[g].members "
	  "(f:1:63)\n" },
	{ "security-groups: [{name: g}, {name: h}, {name: g}]",
	  "f:1:48: security-groups[g].name: g is also the name of security-groups[g] (f:1:26)\n" },
	/* Equal rules, however they are written; log makes no difference. */
	{ "security-groups: [{name: g, rules: [{direction: egress, protocol: tcp, ports: 80},\n"
	  "  {ports: 80-80, log: true, protocol: 6, direction: egress}]}]",
	  "f:2:3: security-groups[g].rules[1]: {direction: egress, protocol: tcp, ports: 80} is "
	  "also in security-groups[g].rules (f:1:37)\n" },
	{ "security-groups: [{name: g, rules: [{direction: egress, protocol: ipv6-icmp},\n"
	  "  {direction: egress, protocol: 58, ethertype: ipv6},\n"
	  "  {direction: egress, protocol: icmpv6, remote-ip: '::/0'}]}]",
	  "f:2:3: security-groups[g].rules[1]: {direction: egress, protocol: icmpv6} is also in "
	  "security-groups[g].rules (f:1:37)\n"
	  "f:3:3: security-groups[g].rules[2]: {direction: egress, protocol: icmpv6} is also in "
	  "security-groups[g].rules (f:1:37)\n" },
	{ "security-groups: [{name: g, rules: [{direction: ingress, remote-ip: 0.0.0.0/0},\n"
	  "  {direction: ingress, ethertype: ipv4}, {direction: ingress, ethertype: any},\n"
	  "  {direction: ingress}, {direction: ingress, remote-ip: 10.0.0.1},\n"
	  "  {direction: ingress, remote-ip: 10.0.0.1/32}]}]",
	  "f:2:3: security-groups[g].rules[1]: {direction: ingress, ethertype: ipv4} is also in "
	  "security-groups[g].rules (f:1:37)\n"
	  "f:3:3: security-groups[g].rules[3]: {direction: ingress} is also in "
	  "security-groups[g].rules (f:2:42)\n"
	  "f:4:3: security-groups[g].rules[5]: {direction: ingress, remote-ip: 10.0.0.1} is also "
	  "in security-groups[g].rules (f:3:25)\n" },
	/* Rules that could not be read are not equal. */
	{ "security-groups: [{name: g, rules: [{direction: egress, protocol: foo},\n"
	  "  {direction: egress, protocol: bar}, {direction: 1}, {direction: 2}]}]",
	  "f:1:67: security-groups[g].rules[0].protocol: foo is not a protocol; "
	  "known: " GROUP_PROTOCOLS "\n"
	  "f:2:33: security-groups[g].rules[1].protocol: bar is not a protocol; "
	  "known: " GROUP_PROTOCOLS "\n"
	  "f:2:51: security-groups[g].rules[2].direction: 1 is not a direction; known: ingress, "
	  "egress\n"
	  "f:2:67: security-groups[g].rules[3].direction: 2 is not a direction; known: ingress, "
	  "egress\n" },
	/* Names. */
	{ "security-groups: [{name: web, rules: [{direction: ingress, remote-group: wbe}]}]",
	  "f:1:74: security-groups[web].rules[0].remote-group: there is no security group 'wbe'; "
	  "did you mean 'web'?\n" },
	{ GROUP_NET "ports: [{name: p, network: n, device: d, security-groups: [g]}]",
	  "f:2:60: ports[p].security-groups[0]: there is no security group 'g'\n" },
	{ GROUP_NET "security-groups: 5\n"
		    "ports: [{name: p, network: n, device: d, security-groups: [g]}]",
	  "f:2:18: security-groups: must be a list\n" },
	{ "security-groups: [{name: g}]\n" GROUP_NET
	  "ports: [{name: p, network: n, device: d, security-groups: [g, 'a b', g]}]",
	  "f:3:63: ports[p].security-groups[1]: a b is not a name (letters, digits, '.', '_', "
	  "'-'; the first a letter or digit; at most 63)\n"
	  "f:3:70: ports[p].security-groups[2]: g is also in ports[p].security-groups "
	  "(f:3:60)\n" },
	{ "security-groups: [{name: g}]\n" GROUP_NET
	  "ports: [{name: p, network: n, device: d, security-groups: g}]",
	  "f:3:59: ports[p].security-groups: must be a list\n" },
	/* Port security. */
	{ "security-groups: [{name: g}]\n" GROUP_NET
	  "ports: [{name: p, network: n, device: d, security-groups: [g], port-security: false,\n"
	  "  allowed-address-pairs: [{ip: 10.0.0.1}]}]",
	  "f:3:59: ports[p].security-groups: needs port-security, which is false here (f:3:79)\n"
	  "f:4:26: ports[p].allowed-address-pairs: needs port-security, which is false here "
	  "(f:3:79)\n" },
	{ GROUP_NET "ports: [{name: p, network: n, device: d, port-security: off,\n"
		    "  allowed-address-pairs: [{ip: 10.0.0.1}]}]",
	  "f:2:57: ports[p].port-security: off is neither true nor false\n" },
	/* Pairs. */
	{ GROUP_NET "ports: [{name: p, network: n, device: d, allowed-address-pairs: [10.0.0.1,\n"
		    "  {mac: 02:00:00:00:00:01}, {ip: 10.0.0.1/8}, {ip: 127.0.0.1},\n"
		    "  {ip: 0.0.0.0/32}, {ip: 10.0.0.1, mac: 03:00:00:00:00:01}]}]",
	  "f:2:66: ports[p].allowed-address-pairs[0]: must be a map (key: value)\n"
	  "f:3:3: ports[p].allowed-address-pairs[1]: needs an 'ip'\n"
	  "f:3:34: ports[p].allowed-address-pairs[2].ip: 10.0.0.1/8 has bits behind its prefix; "
	  "the subnet is 10.0.0.0/8\n"
	  "f:3:52: ports[p].allowed-address-pairs[3].ip: 127.0.0.1 is not the IPv4 or IPv6 "
	  "address of a host, nor a subnet\n"
	  "f:4:8: ports[p].allowed-address-pairs[4].ip: 0.0.0.0/32 is not the IPv4 or IPv6 "
	  "address of a host, nor a subnet\n"
	  "f:4:41: ports[p].allowed-address-pairs[5].mac: 03:00:00:00:00:01 is not a MAC address "
	  "(like 02:00:00:00:00:0a; neither multicast nor zero)\n" },
	{ GROUP_NET
	  "ports: [{name: p, network: n, device: d, allowed-address-pairs: [{ip: 1.1.1.1},\n"
	  "  {ip: 1.1.1.1/32}]}]",
	  "f:3:3: ports[p].allowed-address-pairs[1]: 1.1.1.1 is also in "
	  "ports[p].allowed-address-pairs (f:2:66)\n" },
	{ GROUP_NET "ports: [{name: p, network: n, device: d, mac: 02:00:00:00:00:0A,\n"
		    "  allowed-address-pairs: [{ip: 10.0.0.0/8}, {ip: 10.0.0.0/8, mac: "
		    "02:00:00:00:00:0a}]}]",
	  "f:3:45: ports[p].allowed-address-pairs[1]: 10.0.0.0/8 with 02:00:00:00:00:0a is also "
	  "in ports[p].allowed-address-pairs (f:3:27)\n" },
	/* Limits of ports, and what all of them need. */
	{ GROUP_NET "ports: [{name: p, network: n, device: d, connection-limit: 10, "
		    "connection-reserve: 11}]",
	  "f:2:84: ports[p].connection-reserve: 11 is more than the connection-limit 10 "
	  "(f:2:60)\n" },
	{ GROUP_NET "ports: [{name: p, network: n, device: d, connection-reserve: 65537}]",
	  "f:2:62: ports[p].connection-reserve: 65537 is more than the connection-limit, which is "
	  "65536 by default\n" },
	{ "host: {connections: 1024}\nsecurity-groups: [{name: g}]\n" GROUP_NET
	  "ports: [{name: p, network: n, device: d, security-groups: [g]},\n"
	  "  {name: q, network: n, device: e, connection-reserve: 961, security-groups: [g]},\n"
	  "  {name: r, network: n, device: f, connection-reserve: 961}]",
	  "f:1:21: host.connections: 1024 is less than 1025, the sum of connection-reserve of "
	  "ports with security-groups (f:4:8)\n" },
	{ "security-groups: [{name: g}]\n" GROUP_NET
	  "ports: [{name: p, network: n, device: d, security-groups: [g], connection-limit: 0,\n"
	  "  connection-reserve: 262145}]",
	  "f:3:8: ports: the sum of connection-reserve of ports with security-groups is 262145; "
	  "host.connections "
	  "must not be less, and is 262144 by default\n" },
	{ "connection-timeouts: {udp: 9, tcp-close: 1000001, tcp: 30}",
	  "f:1:28: connection-timeouts.udp: 9 is not a number of seconds (10..1000000)\n"
	  "f:1:42: connection-timeouts.tcp-close: 1000001 is not a number of seconds "
	  "(10..1000000)\n"
	  "f:1:51: connection-timeouts: unknown key 'tcp'; known keys here: "
	  "tcp-syn-sent, tcp-syn-recv, tcp-established, tcp-fin-wait, tcp-close-wait, "
	  "tcp-last-ack, tcp-time-wait, tcp-close, udp, udp-stream, icmp, icmpv6, generic\n" },
	{ "connection-timeouts: []", "f:1:22: connection-timeouts: must be a map (key: value)\n" },
};

#endif
