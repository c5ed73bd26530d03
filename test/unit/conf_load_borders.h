/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_load_test.c: for every key, values at the borders of what it may be.
 */
#ifndef TEST_UNIT_CONF_LOAD_BORDERS_H
#define TEST_UNIT_CONF_LOAD_BORDERS_H

#define LOAD_WIRE "physical-networks: [{name: w, device: d0, mtu: 9000%s%s}]\n"
#define LOAD_NET "networks: [{name: n, type: local%s%s}]\n"
#define LOAD_VLAN                                                                                  \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"networks: [{name: n, type: vlan, physical-network: w%s%s}]\n"
#define LOAD_PORT                                                                                  \
	"networks: [{name: n, type: local, mtu: 9000}]\nports: [{name: p, network: n, "            \
	"vhost-user: /s%s%s}]\n"
#define LOAD_DEVICE                                                                                \
	"networks: [{name: n, type: local}]\nports: [{name: p, network: n, device: d%s%s}]\n"
#define LOAD_SERVER                                                                                \
	"networks: [{name: n, type: local}]\nports: [{name: p, network: n, mode: server, "         \
	"vhost-user: /s%s%s}]\n"
#define LOAD_HOST "host: {polling: busy%s%s}\n"
#define LOAD_TIMEOUTS "connection-timeouts: {generic: 600%s%s}\n"
#define LOAD_ADDRESS                                                                               \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w%s%s}\n"
#define LOAD_ENDPOINT                                                                              \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24%s%s}\n"
#define LOAD_OVERLAY(type)                                                                         \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24}\n"                          \
	"networks: [{name: n, type: " type "%s%s}]\n"
#define LOAD_OVERLAY6(type)                                                                        \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w, address: '2001:db8::1/64'}\n"                      \
	"networks: [{name: n, type: " type ", segment: 1%s%s}]\n"
#define LOAD_ROUTER "routers: [{name: r%s%s}]\n"
#define LOAD_NETS "networks: [{name: n, type: local}, {name: m, type: local, external: true}]\n"
#define LOAD_INTERFACE LOAD_NETS "routers: [{name: r, interfaces: [{network: n%s%s}]}]\n"
#define LOAD_MAC                                                                                   \
	LOAD_NETS                                                                                  \
	"routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24%s%s}]}]\n"
#define LOAD_GATEWAY                                                                               \
	LOAD_NETS "routers: [{name: r, gateway: {network: m, address: 10.0.0.1/24%s%s}}]\n"
#define LOAD_ROUTE(has)                                                                            \
	LOAD_NETS                                                                                  \
	"routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24}], routes: [{" has     \
	"%s%s}]}]\n"
#define LOAD_NAT "routers: [{name: r, nat: {mapping: endpoint-independent%s%s}}]\n"
#define LOAD_OUTSIDE                                                                               \
	LOAD_NETS                                                                                  \
	"ports: [{name: p, network: n, device: d, addresses: ['::2', 10.0.0.2, 10.0.0.3]}]\n"      \
	"routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24}],\n"                  \
	"  gateway: {network: m, address: 192.0.2.1/24, next-hop: 192.0.2.9}, "
#define LOAD_FLOATING(has) LOAD_OUTSIDE "floating-ips: [{" has "%s%s}]}]\n"
#define LOAD_FORWARDING(has) LOAD_OUTSIDE "port-forwardings: [{port: p, " has "%s%s}]}]\n"
#define LOAD_FIREWALL(has) "routers: [{name: r, firewall: [{" has "%s%s}]}]\n"
#define LOAD_NAME63 "a123456789b123456789c123456789d123456789e123456789f123456789abc"
#define LOAD_PATH107 "/23456789" LOAD_NAME63 "z123456789z123456789z123456789z1234"

static const struct load_border {
	const char *document, *key;
	const char *good[3], *bad[4];
} load_borders[] = {
	{ LOAD_HOST, "workers", { "[0]", "[1023]" }, { "[1024]", "[-1]", "[]", "1" } },
	{ LOAD_HOST, "memory", { "8M", "1024G", "8388608" }, { "7M", "8388607", "1025G", "8m" } },
	{ LOAD_HOST, "mac-entries", { "64", "16777216" }, { "63", "16777217", "1e3", "0x40" } },
	{ LOAD_HOST, "flow-entries", { "64", "16777216" }, { "63", "16777217", "+64", "64.0" } },
	{ LOAD_HOST, "flow-idle", { "1", "60" }, { "0", "61", "010", "''" } },
	{ LOAD_HOST, "connections", { "1024", "16777216" }, { "1023", "16777217", "1k" } },
	{ LOAD_HOST, "group-members", { "64", "16777216" }, { "63", "16777217" } },
	{ LOAD_TIMEOUTS, "udp", { "10", "1000000" }, { "9", "1000001", "30s", "~" } },
	{ LOAD_TIMEOUTS, "tcp-established", { "10", "432000" }, { "0", "1000001" } },
	{ "physical-networks: [{name: w, device: d0%s%s}]\n",
	  "mtu",
	  { "68", "9000" },
	  { "67", "9001", "99999999999999999999", "-1500" } },
	{ LOAD_WIRE, "queues", { "0", "64" }, { "65" } },
	{ LOAD_WIRE, "miss-budget", { "1", "100000000" }, { "0", "100000001" } },
	{ LOAD_WIRE, "admin", { "up", "down" }, { "Up", "true", "~" } },
	{ LOAD_VLAN, "segment", { "1", "4094" }, { "0", "4095", "4096" } },
	{ LOAD_NET, "mtu", { "68", "9000" }, { "67", "9001" } },
	{ LOAD_NET, "mac-age", { "10", "86400" }, { "9", "86401" } },
	{ LOAD_NET, "mac-limit", { "0", "16777216" }, { "16777217" } },
	{ LOAD_NET, "external", { "true", "false" }, { "yes", "1", "'true'", "True" } },
	{ LOAD_NET, "project", { "1", "\"#\"", "x y" }, { "''", "\"a\\nb\"", "~", "[a]" } },
	/* Line breaks that are not ASCII, and what is no character. */
	{ LOAD_NET,
	  "project",
	  { "\"\\u00a0\"", "\"\\u2027\"", "\"\\ufffd\"" },
	  { "\"\\u0085\"", "\"\\u2028\"", "\"\\ufeff\"", "\"\\uffff\"" } },
	{ LOAD_PORT, "mtu", { "68", "9000" }, { "67", "9001" } },
	{ LOAD_PORT, "queues", { "1", "16" }, { "0", "17" } },
	{ LOAD_DEVICE, "queues", { "0", "16" }, { "17" } },
	{ LOAD_PORT, "mac-limit", { "0", "16777216" }, { "16777217" } },
	{ LOAD_PORT, "miss-budget", { "1", "100000000" }, { "0", "100000001" } },
	{ LOAD_PORT, "connection-limit", { "0", "64", "16777216" }, { "-1", "16777217" } },
	{ LOAD_PORT, "connection-reserve", { "0", "65536" }, { "-1", "65537" } },
	{ LOAD_PORT, "fragment-limit", { "0", "65536" }, { "65537" } },
	{ LOAD_PORT, "new-connection-budget", { "1", "100000000" }, { "0", "100000001" } },
	{ LOAD_PORT, "mac-move-budget", { "0", "100000000" }, { "100000001" } },
	{ LOAD_PORT, "arp-budget", { "1", "100000000" }, { "0", "100000001" } },
	{ LOAD_PORT, "broadcast-budget", { "1", "100000000" }, { "0", "100000001" } },
	{ LOAD_PORT, "icmp-error-budget", { "0", "100000000" }, { "100000001" } },
	{ LOAD_PORT, "log-budget", { "0", "100000000" }, { "100000001", "none" } },
	{ LOAD_PORT,
	  "allowed-address-pairs",
	  { "[]", "~", "[{ip: 0.0.0.0/0}, {ip: '::/0'}]" },
	  { "10.0.0.1", "[{ip: 10.0.0.1/24}]", "[{ip: '::'}]", "[{mac: 02:00:00:00:00:01}]" } },
	{ LOAD_PORT, "security-groups", { "[]", "~" }, { "[n]", "[[]]", "[~]", "all" } },
	{ LOAD_PORT,
	  "mac",
	  { "00:00:00:00:00:01", "FE:ff:ff:ff:ff:ff" },
	  { "00:00:00:00:00:00", "01:00:00:00:00:00", "02:00:00:00:00", "02-00-00-00-00-01" } },
	{ LOAD_PORT,
	  "addresses",
	  { "[1.0.0.0]", "[223.255.255.255]", "['::2']" },
	  { "[224.0.0.0]", "[0.0.0.0]", "['ff02::1']", "[10.0.0.1/24]" } },
	{ LOAD_PORT, "port-security", { "true", "false" }, { "off" } },
	{ LOAD_SERVER,
	  "socket-mode",
	  { "\"0001\"", "777", "\"0777\"" },
	  { "\"0000\"", "1000", "\"0888\"", "rw" } },
	{ LOAD_SERVER, "socket-owner", { "a", "_a.b-c:0d" }, { "a:", ":a", "a:b:c", "'a b'" } },
	{ "networks: [{name: n, type: local}]\nports: [{name: p, network: n%s%s}]\n",
	  "vhost-user",
	  { "/a", LOAD_PATH107 },
	  { "a", "./a", LOAD_PATH107 "x", "''" } },
	{ "networks: [{type: local%s%s}]\n",
	  "name",
	  { "0", LOAD_NAME63, "a._-" },
	  { LOAD_NAME63 "x", "-a", "'a b'", "\xc3\xa4" } },
	{ "networks: [{name: n, type: local, subnets: [{name: s%s%s}]}]\n",
	  "cidr",
	  { "10.0.0.0/8", "10.0.0.1/32", "'::/128'" },
	  { "10.0.0.0", "10.0.0.0/33", "'::/129'", "10.0.0.1/31" } },
	/* The tunnel endpoint. */
	{ LOAD_ADDRESS,
	  "address",
	  { "192.0.2.1/24", "192.0.2.0/31", "'2001:db8::ffff/112'" },
	  { "192.0.2.1", "192.0.2.255/24", "'2001:db8::/112'", "127.0.0.0/8" } },
	{ LOAD_ADDRESS,
	  "address",
	  { "192.0.2.1/32", "'2001:db8::/127'", "'2001:db8::/128'" },
	  { "192.0.2.1/33", "'2001:db8::1/129'", "0.0.0.0/32", "'ff02::1/64'" } },
	{ LOAD_ENDPOINT, "vlan", { "1", "4094" }, { "0", "4095", "none", "'1'" } },
	{ LOAD_ENDPOINT, "vxlan-port", { "1", "65535", "4789" }, { "0", "65536", "6081" } },
	{ LOAD_ENDPOINT, "geneve-port", { "1", "65535", "6081" }, { "0", "65536", "4789" } },
	{ LOAD_ENDPOINT, "dscp", { "0", "63" }, { "64", "-1" } },
	{ LOAD_ENDPOINT, "ttl", { "1", "255" }, { "0", "256" } },
	{ LOAD_ENDPOINT, "udp-checksum", { "true", "false" }, { "1", "'true'" } },
	{ LOAD_ENDPOINT, "mac", { "02:00:00:00:00:01" }, { "00:00:00:00:00:00", "x" } },
	{ LOAD_ENDPOINT,
	  "gateway",
	  { "192.0.2.254", "[192.0.2.254, 192.0.2.253]", "[]" },
	  { "192.0.2.1", "[192.0.2.0]", "192.0.3.1", "192.0.2.2/24" } },
	{ LOAD_ENDPOINT,
	  "routes",
	  { "[]", "[{destination: 0.0.0.0/0, next-hop: 192.0.2.2}]",
	    "[{destination: 192.0.0.0/16, next-hop: 192.0.2.2}]" },
	  { "10.0.0.0/8", "[10.0.0.0/8]", "[{destination: 192.0.2.0/24, next-hop: 192.0.2.2}]",
	    "[{destination: 10.0.0.0/8, next-hop: 10.0.0.1}]" } },
	/* Overlays. */
	{ LOAD_OVERLAY("vxlan"), "segment", { "1", "16777215" }, { "0", "16777216", "-1" } },
	{ LOAD_OVERLAY("geneve"), "segment", { "1", "16777215" }, { "0", "16777216", "1.5" } },
	{ LOAD_OVERLAY("gre"), "segment", { "1", "4294967295" }, { "0", "4294967296" } },
	{ LOAD_OVERLAY("vxlan, segment: 1"), "mtu", { "68", "1450" }, { "67", "1451" } },
	{ LOAD_OVERLAY("geneve, segment: 1"), "mtu", { "68", "1450" }, { "1451", "1500" } },
	{ LOAD_OVERLAY("gre, segment: 1"), "mtu", { "68", "1458" }, { "1459", "9000" } },
	{ LOAD_OVERLAY6("vxlan"), "mtu", { "68", "1430" }, { "1431" } },
	{ LOAD_OVERLAY6("geneve"), "mtu", { "68", "1430" }, { "1431" } },
	{ LOAD_OVERLAY6("gre"), "mtu", { "68", "1438" }, { "1439" } },
	{ LOAD_OVERLAY("gre, segment: 1"),
	  "peers",
	  { "[]", "[10.0.0.1, 192.0.2.2]", "~" },
	  { "10.0.0.1", "[192.0.2.1]", "[192.0.2.2, 192.0.2.2]", "['::2']" } },
	{ LOAD_OVERLAY6("vxlan"), "peers", { "['2001:db9::1']" }, { "[192.0.2.1]" } },
	{ LOAD_OVERLAY("gre, segment: 1"),
	  "unknown-addresses",
	  { "flood", "drop" },
	  { "forward", "~", "true" } },
	{ LOAD_OVERLAY("gre, segment: 1"),
	  "neighbours",
	  { "[]", "[{mac: 02:00:00:00:00:01, at: 10.0.0.1}]",
	    "[{mac: 02:00:00:00:00:01, at: 10.0.0.1}, {mac: 02:00:00:00:00:01, ip: 1.1.1.1, at: "
	    "10.0.0.1}]" },
	  { "[{mac: 02:00:00:00:00:01, at: 192.0.2.1}]", "[{at: 10.0.0.1}]",
	    "[{mac: 03:00:00:00:00:01, at: 10.0.0.1}]",
	    "[{mac: 02:00:00:00:00:01, ip: 1.1.1.0/24, at: 10.0.0.1}]" } },
	/* Routers. */
	{ "routers: [{admin: up%s%s}]\n", "name", { "0", LOAD_NAME63 }, { LOAD_NAME63 "x", "-a" } },
	{ LOAD_ROUTER, "project", { "1", "x y" }, { "''", "~", "[a]" } },
	{ LOAD_ROUTER, "admin", { "up", "down" }, { "Up", "true", "~" } },
	{ LOAD_ROUTER, "interfaces", { "[]", "~" }, { "{}", "[5]", "5", "[~]" } },
	{ LOAD_ROUTER, "routes", { "[]", "~" }, { "{}", "[5]", "5", "[~]" } },
	{ LOAD_ROUTER, "gateway", { NULL }, { "[]", "~", "5", "" } },
	{ LOAD_INTERFACE,
	  "address",
	  { "10.0.0.1/24", "10.0.0.0/31", "'2001:db8::1/64'" },
	  { "10.0.0.0/24", "10.0.0.255/24", "10.0.0.1", "'2001:db8::/64'" } },
	{ LOAD_INTERFACE,
	  "address",
	  { "10.0.0.1/32", "'2001:db8::/127'", "10.0.0.1/1" },
	  { "224.0.0.1/24", "'ff02::1/64'", "127.0.0.1/8", "'fe80::1/64'" } },
	{ LOAD_MAC, "mac", { "02:00:00:00:00:01" }, { "00:00:00:00:00:00", "03:00:00:00:00:01" } },
	{ LOAD_GATEWAY,
	  "next-hop",
	  { "10.0.0.2", "10.0.0.254" },
	  { "10.0.0.1", "10.0.0.255", "10.0.1.1", "10.0.0.2/24" } },
	{ LOAD_GATEWAY, "next-hop", { NULL }, { "10.0.0.0", "'2001:db8::1'", "'fe80::1'", "~" } },
	{ LOAD_GATEWAY, "mac", { "02:00:00:00:00:01" }, { "00:00:00:00:00:00", "x" } },
	{ LOAD_ROUTE("next-hop: 10.0.0.2"),
	  "destination",
	  { "0.0.0.0/0", "10.0.0.0/25", "10.0.0.0/23" },
	  { "10.0.0.0/24", "10.0.1.1/24", "10.0.1.0", "'::/0'" } },
	{ LOAD_ROUTE("destination: 10.1.0.0/16"),
	  "next-hop",
	  { "10.0.0.2", "10.0.0.254" },
	  { "10.0.0.1", "10.0.0.0", "10.1.0.1", "'2001:db8::1'" } },
	/* NAT. */
	{ LOAD_GATEWAY, "snat", { "true", "false" }, { "yes", "1", "'true'", "~" } },
	{ LOAD_GATEWAY,
	  "snat-pool",
	  { "[]", "~", "[10.0.0.2, 10.0.0.254]" },
	  { "10.0.0.2", "[10.0.0.0]", "[10.0.0.255]", "[10.0.1.1]" } },
	{ LOAD_GATEWAY,
	  "snat-pool",
	  { "[10.0.0.1]" },
	  { "[10.0.0.1, 10.0.0.1]", "[10.0.0.2, 10.0.0.2]", "['::2']", "[10.0.0.2/32]" } },
	{ LOAD_ROUTER, "nat", { "{}", "~" }, { "[]", "5", "true" } },
	{ LOAD_ROUTER, "nat", { "{mapping: address-and-port-dependent}" }, { "{mapping: ~}" } },
	{ LOAD_NAT,
	  "filtering",
	  { "endpoint-independent", "address-dependent", "address-and-port-dependent" },
	  { "none", "~", "port-dependent" } },
	{ LOAD_NAT, "udp-timeout", { "120", "1000000" }, { "119", "1000001", "0" } },
	{ LOAD_NAT, "tcp-established-timeout", { "7440", "1000000" }, { "7439", "1000001" } },
	{ LOAD_NAT, "tcp-transitory-timeout", { "240", "1000000" }, { "239", "1000001" } },
	{ LOAD_NAT, "icmp-timeout", { "60", "1000000" }, { "59", "1000001" } },
	{ LOAD_NAT, "port-quota", { "0", "1", "4194304" }, { "-1", "4194305", "none" } },
	{ LOAD_ROUTER, "floating-ips", { "[]", "~" }, { "{}", "5", "true" } },
	{ LOAD_ROUTER, "port-forwardings", { "[]", "~" }, { "{}", "5", "true" } },
	{ LOAD_ROUTER, "firewall", { "[]", "~" }, { "{}", "[5]", "5", "[~]" } },
	{ LOAD_FLOATING("port: p"),
	  "address",
	  { "192.0.2.2", "192.0.2.254", "192.0.2.8" },
	  { "192.0.2.0", "192.0.2.255", "192.0.3.1", "192.0.1.255" } },
	{ LOAD_FLOATING("port: p"),
	  "address",
	  { NULL },
	  { "192.0.2.1", "192.0.2.9", "'::2'", "192.0.2.2/32" } },
	{ LOAD_FLOATING("address: 192.0.2.2"), "port", { "p" }, { "q", "n", "~", "[p]" } },
	{ LOAD_FLOATING("address: 192.0.2.2, port: p"),
	  "fixed-address",
	  { "10.0.0.2", "10.0.0.3" },
	  { "10.0.0.4", "'::2'", "10.0.0.1", "~" } },
	{ LOAD_FORWARDING("protocol: tcp, external-port: 1, internal-port: 1"),
	  "address",
	  { "192.0.2.1", "192.0.2.2", "192.0.2.254" },
	  { "192.0.2.0", "192.0.2.9", "192.0.3.1", "'::2'" } },
	{ LOAD_FORWARDING("address: 192.0.2.2, external-port: 1, internal-port: 1"),
	  "protocol",
	  { "tcp", "udp" },
	  { "6", "sctp", "any", "icmp" } },
	{ LOAD_FORWARDING("address: 192.0.2.2, protocol: tcp, internal-port: 1"),
	  "external-port",
	  { "1", "65535" },
	  { "0", "65536", "1-2", "'1'" } },
	{ LOAD_FORWARDING("address: 192.0.2.2, protocol: tcp, external-port: 1"),
	  "internal-port",
	  { "1", "65535" },
	  { "0", "65536", "~", "http" } },
	/* Firewalls. */
	{ LOAD_FIREWALL("log: true"), "action", { "allow", "deny" }, { "drop", "~", "true" } },
	{ LOAD_FIREWALL("action: deny"),
	  "direction",
	  { "in", "out", "both" },
	  { "ingress", "~", "any" } },
	{ LOAD_FIREWALL("action: deny, protocol: tcp"),
	  "ports",
	  { "0", "65535", "0-65535" },
	  { "65536", "2-1", "http", "[80]" } },
	{ LOAD_FIREWALL("action: deny, protocol: icmp"),
	  "icmp-type",
	  { "0", "255" },
	  { "256", "-1", "echo" } },
	{ LOAD_FIREWALL("action: deny"), "protocol", { "0", "255", "any" }, { "256", "-1", "x" } },
	{ LOAD_FIREWALL("action: deny, ethertype: ipv4"),
	  "source",
	  { "0.0.0.0/0", "10.0.0.1", "10.0.0.1/32" },
	  { "10.0.0.1/31", "'::/0'", "10.0.0.0/33", "~" } },
	{ LOAD_FIREWALL("action: deny, source: '::/0'"),
	  "destination",
	  { "'::/0'", "'2001:db8::1'", "'2001:db8::/32'" },
	  { "0.0.0.0/0", "10.0.0.1", "'2001:db8::1/32'", "any" } },
	{ LOAD_FIREWALL("action: deny"), "log", { "true", "false" }, { "1", "on", "~" } },
};

#endif
