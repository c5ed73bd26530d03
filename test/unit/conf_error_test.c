/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kind of fault, with the exact words: what a file says, and what is said about it. */
#include "conf_error_advert.h"
#include "conf_error_tunnel.h"
#include "conf_helper.h"

#define ERROR_WIRES "physical-networks: [{name: w, device: d0}, {name: v, device: d1, mtu: 1400}]\n"
#define ERROR_NETS                                                                                 \
	"networks: [{name: n, type: local}, {name: m, type: flat, physical-network: w}]\n"

/** What is no text, no YAML, or YAML that hides something. */
static const struct error_case error_texts[] = {
	{ "", "f:1:1: is empty; a configuration without anything is written {}\n" },
	{ "# nothing\n", "f:1:1: is empty; a configuration without anything is written {}\n" },
	{ "--- \n", "f:2:1: must be a map (key: value)\n" },
	{ "host: [", "f:2:1: is not YAML: did not find expected node content while parsing a flow "
		     "node\n" },
	{ "host: {}\n"
	  "\tports: []\n",
	  "f:2:1: byte 0x09 is a tab; use spaces\n" },
	{ "host:\t{}\n", "f:1:6: byte 0x09 is a tab; use spaces\n" },
	{ "a: b: c\n", "f:1:5: is not YAML: mapping values are not allowed in this context\n" },
	{ "%YAML 1.2\n"
	  "---\n"
	  "{}\n",
	  "f:1:1: byte 0x25 starts a YAML directive; leave it out\n" },
	{ "host: {polling: busy, polling: adaptive}\n",
	  "f:1:23: key 'polling' is here already (f:1:8)\n" },
	{ "a b\n", "f:1:1: must be a map (key: value)\n" },
	{ "- a\n", "f:1:1: must be a map (key: value)\n" },
	{ "host: &x {polling: busy}\n", "f:1:7: an anchor (&x) is not allowed here\n" },
	{ "host: {polling: busy, &a memory: 1G}\n",
	  "f:1:23: an anchor (&a) is not allowed here\n" },
	{ "ports: [*x]\n", "f:1:9: an alias (*x) is not allowed here\n" },
	{ "host: !!map {}\n", "f:1:7: a tag (tag:yaml.org,2002:map) is not allowed here\n" },
	{ "host: {memory: !x 256M}\n", "f:1:16: a tag (!x) is not allowed here\n" },
	{ "host: {? [a] : b}\n", "f:1:10: a key must be a word\n" },
	{ "{}\n"
	  "---\n"
	  "{}\n",
	  "f:2:1: a second document starts here; a file holds one\n" },
	{ "host: {memory: \"\\0\"}\n", "f:1:16: there is a NUL in the text\n" },
	{ "host: \x01\n", "f:1:7: byte 0x01 is a control character; this is not a text file\n" },
	{ "host: \x7f\n", "f:1:7: byte 0x7f is a control character; this is not a text file\n" },
	{ "host: \xe9\xff\n", "f:1:7: byte 0xe9 is not UTF-8\n" },
	{ "host: \xed\xa0\x80\n", "f:1:7: byte 0xed is not UTF-8\n" },
	{ "host: \xc3\xa9\n"
	  "a: \xff\n",
	  "f:2:4: byte 0xff is not UTF-8\n" },
	{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "f:1:17: is nested deeper than 16 levels\n" },
};

/** Keys and values on their own. */
static const struct error_case error_values[] = {
	{ "host: []\n", "f:1:7: host: must be a map (key: value)\n" },
	{ "ports: {}\n", "f:1:8: ports: must be a list\n" },
	{ "networks: 5\n", "f:1:11: networks: must be a list\n" },
	{ "ports: [5, ~, [1]]\n", "f:1:9: ports[0]: must be a map (key: value)\n"
				  "f:1:12: ports[1]: must be a map (key: value)\n"
				  "f:1:15: ports[2]: must be a map (key: value)\n" },
	{ "host: {memory: [1]}\n", "f:1:16: host.memory: must be a single value\n" },
	{ "host: {memory: {a: 1}}\n", "f:1:16: host.memory: must be a single value\n" },
	{ "host: {memory: }\n", "f:1:16: host.memory: needs a value\n" },
	{ "host: {memory: null}\n", "f:1:16: host.memory: needs a value\n" },
	{ "load-balancers: []\n",
	  "f:1:1: unknown key 'load-balancers'; known keys here: host, physical-networks, "
	  "tunnel-endpoint, networks, connection-timeouts, security-groups, ports, routers\n" },
	{ "port: []\n", "f:1:1: unknown key 'port' (did you mean 'ports'?); known keys here: host, "
			"physical-networks, tunnel-endpoint, networks, connection-timeouts, "
			"security-groups, ports, routers\n" },
	{ "host: {wrokers: [1]}\n",
	  "f:1:8: host: unknown key 'wrokers' (did you mean 'workers'?); known keys here: "
	  "workers, polling, memory, mac-entries, flow-entries, flow-idle, connections, "
	  "group-members\n" },
	{ "networks: [{name: n, type: local, mtuu: 5}]\n",
	  "f:1:35: networks[n]: unknown key 'mtuu' (did you mean 'mtu'?); known keys here: "
	  "name, project, type, segment, physical-network, external, admin, mtu, mac-age, "
	  "mac-limit, mac-limit-action, static-macs, peers, neighbours, unknown-addresses, "
	  "subnets\n" },
	{ "ports: [{}]\n", "f:1:9: ports[0]: needs a 'name'\n"
			   "f:1:9: ports[0]: needs a 'network'\n"
			   "f:1:9: ports[0]: needs a 'vhost-user' or a 'device'\n" },
	{ "physical-networks: [{name: w}]\n", "f:1:21: physical-networks[w]: needs a 'device'\n" },
	{ "physical-networks: [{device: d}, {mtu: 5, device: e}]\n",
	  "f:1:21: physical-networks[0]: needs a 'name'\n"
	  "f:1:34: physical-networks[1]: needs a 'name'\n"
	  "f:1:40: physical-networks[1].mtu: 5 is not an MTU (68..9000)\n" },
	{ "networks: [{name: n}]\n", "f:1:12: networks[n]: needs a 'type'\n" },
	{ "host: {workers: []}\n", "f:1:17: host.workers: has 0 entries; must have 1..64\n" },
	{ "host: {workers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "
	  "18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, "
	  "38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, "
	  "58, 59, 60, 61, 62, 63, 64]}\n",
	  "f:1:17: host.workers: has 65 entries; must have 1..64\n" },
	{ "host: {workers: [1, 1024, x]}\n",
	  "f:1:21: host.workers[1]: 1024 is not a core (0..1023)\n"
	  "f:1:27: host.workers[2]: x is not a core (0..1023)\n" },
	{ "host: {mac-entries: \"64\"}\n",
	  "f:1:21: host.mac-entries: \"64\" is text; write it without quotes\n" },
	{ "host: {mac-entries: 10}\n",
	  "f:1:21: host.mac-entries: 10 is not a number of entries (64..16777216)\n" },
	{ "host: {memory: 1M}\n",
	  "f:1:16: host.memory: 1M is not a size of memory (8M..1024G, like 256M)\n" },
	{ "host: {memory: 256MB}\n",
	  "f:1:16: host.memory: 256MB is not a size of memory (8M..1024G, like 256M)\n" },
	{ "host: {polling: lazy}\n",
	  "f:1:17: host.polling: lazy is not a way of polling; known: adaptive, busy\n" },
	{ "networks: [{name: n, type: stt}]\n",
	  "f:1:28: networks[n].type: stt is not a network type; known: local, flat, vlan, "
	  "vxlan, gre, geneve\n" },
	{ "networks: [{name: n, type: local, external: yes}]\n",
	  "f:1:45: networks[n].external: yes is neither true nor false\n" },
	{ "networks: [{name: n, type: local, external: \"true\"}]\n",
	  "f:1:45: networks[n].external: \"true\" is text; write it without quotes\n" },
	{ "networks: [{name: -n, type: local}]\n",
	  "f:1:19: networks[0].name: -n is not a name (letters, digits, '.', '_', '-'; the "
	  "first a letter or digit; at most 63)\n" },
	{ "networks: [{name: n, type: local, project: \"\"}]\n",
	  "f:1:44: networks[n].project: must be text of one line, and not empty\n" },
	{ "networks: [{name: n, type: local, project: \"a\\nb\"}]\n",
	  "f:1:44: networks[n].project: must be text of one line, and not empty\n" },
	{ "networks: [{name: n, type: local, project: "
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxx}]\n",
	  "f:1:44: networks[n].project: has 256 bytes; at most 255\n" },
	{ ERROR_WIRES "networks: [{name: blue, type: vlan, physical-network: w, segment: 5000}]\n",
	  "f:2:67: networks[blue].segment: 5000 is not a VLAN id (1..4094)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: s}, {cidr: 10.0.0.0}]}]\n",
	  "f:1:45: networks[n].subnets[s]: needs a 'cidr'\n"
	  "f:1:56: networks[n].subnets[1]: needs a 'name'\n"
	  "f:1:63: networks[n].subnets[1].cidr: 10.0.0.0 is not a subnet (like 10.0.0.0/24 "
	  "or 2001:db8::/64)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: s, cidr: 10.0.0.1/24}, "
	  "{name: t, cidr: \"2001:db8::1/32\"}, {name: u, cidr: 10.0.0.0/33}]}]\n",
	  "f:1:61: networks[n].subnets[s].cidr: 10.0.0.1/24 has bits behind its prefix; "
	  "the subnet is 10.0.0.0/24\n"
	  "f:1:91: networks[n].subnets[t].cidr: 2001:db8::1/32 has bits behind its prefix; "
	  "the subnet is 2001:db8::/32\n"
	  "f:1:126: networks[n].subnets[u].cidr: 10.0.0.0/33 is not a subnet (like "
	  "10.0.0.0/24 or 2001:db8::/64)\n" },
	{ "networks: [{name: n, type: local}, {name: m, type: local}]\n"
	  "ports: [{name: p, network: n, vhost-user: /p, mac: \"01:00:00:00:00:00\"}]\n",
	  "f:2:52: ports[p].mac: 01:00:00:00:00:00 is not a MAC address (like "
	  "02:00:00:00:00:0a; neither multicast nor zero)\n" },
	{ "networks: [{name: n, type: local}, {name: m, type: local}]\n"
	  "ports: [{name: p, network: n, vhost-user: /p, mac: 02, addresses: [10.0.0, "
	  "10.0.0.1/24, 224.0.0.1]}]\n",
	  "f:2:52: ports[p].mac: 02 is not a MAC address (like 02:00:00:00:00:0a; neither "
	  "multicast nor zero)\n"
	  "f:2:68: ports[p].addresses[0]: 10.0.0 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:2:76: ports[p].addresses[1]: 10.0.0.1/24 is not the IPv4 or IPv6 address of a "
	  "host\n"
	  "f:2:89: ports[p].addresses[2]: 224.0.0.1 is not the IPv4 or IPv6 address of a "
	  "host\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n, vhost-user: p.sock}, {name: q, network: n, "
	  "vhost-user: /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}]\n",
	  "f:3:43: ports[p].vhost-user: p.sock is not an absolute path\n"
	  "f:3:86: ports[q].vhost-user: has 108 bytes; at most 107\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n}, {name: q, network: n, device: d2, vhost-user: "
	  "/q}]\n",
	  "f:3:9: ports[p]: needs a 'vhost-user' or a 'device'\n"
	  "f:3:62: ports[q].device: excludes 'vhost-user' (f:3:78); give one of them\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n, vhost-user: /p, mode: server, socket-owner: "
	  "\"a:b:c\", socket-mode: 999}]\n",
	  "f:3:75: ports[p].socket-owner: a:b:c is not USER or USER:GROUP\n"
	  "f:3:97: ports[p].socket-mode: 999 is not a file mode (octal, like \"0660\")\n" },
	{ "networks: [{name: n, type: local, static-macs: [{mac: "
	  "\"02:00:00:00:00:01\"}]}]\n",
	  "f:1:49: networks[n].static-macs[0]: needs a 'port' or a 'physical-network'\n" },
};

/** Networks and their subnets among each other. */
static const struct error_case error_networks[] = {
	{ ERROR_WIRES "networks: [{name: n, type: vlan}, {name: m, type: flat}]\n",
	  "f:2:12: networks[n]: needs a 'segment': the VLAN id (1..4094)\n"
	  "f:2:12: networks[n]: needs a 'physical-network': the wire of a vlan network\n"
	  "f:2:35: networks[m]: needs a 'physical-network': the wire of a flat network\n" },
	{ ERROR_WIRES
	  "networks: [{name: n, type: local, segment: 5, physical-network: w}, {name: m, "
	  "type: flat, physical-network: w, segment: 5}]\n",
	  "f:2:44: networks[n].segment: a local network has none\n"
	  "f:2:65: networks[n].physical-network: a local network has none\n"
	  "f:2:121: networks[m].segment: a flat network has none\n" },
	{ ERROR_WIRES
	  "networks: [{name: n, type: flat, physical-network: x}, {name: m, type: vlan, "
	  "segment: 1, physical-network: physnet}]\n",
	  "f:2:52: networks[n].physical-network: there is no physical network 'x'\n"
	  "f:2:108: networks[m].physical-network: there is no physical network 'physnet'\n" },
	{ "physical-networks: [{name: physnet1, device: d}]\n"
	  "networks: [{name: n, type: flat, physical-network: physnet2}]\n",
	  "f:2:52: networks[n].physical-network: there is no physical network 'physnet2'; "
	  "did you mean 'physnet1'?\n" },
	{ ERROR_WIRES "networks: [{name: n, type: flat, physical-network: w, mtu: 1501}, {name: m, "
		      "type: flat, physical-network: v, mtu: 1401}]\n",
	  "f:2:60: networks[n].mtu: 1501 is more than the MTU 1500 of physical-networks[w] "
	  "(f:1:21)\n"
	  "f:2:115: networks[m].mtu: 1401 is more than the MTU 1400 of "
	  "physical-networks[v] (f:1:71)\n" },
	{ ERROR_WIRES "networks:\n"
		      "  - {name: n, type: vlan, segment: 7, physical-network: w}\n"
		      "  - {name: m, type: vlan, segment: 7, physical-network: w}\n"
		      "  - {name: l, type: vlan, segment: 7, physical-network: w}\n",
	  "f:4:36: networks[m].segment: 7 on w is also the segment of networks[n] "
	  "(f:3:36)\n"
	  "f:5:36: networks[l].segment: 7 on w is also the segment of networks[n] "
	  "(f:3:36)\n" },
	{ ERROR_WIRES
	  "networks: [{name: n, type: flat, physical-network: w}, {name: m, type: flat, "
	  "physical-network: w}]\n",
	  "f:2:96: networks[m].physical-network: w is also the wire of the flat network "
	  "networks[n] (f:2:52)\n" },
	{ "networks: [{name: n, type: local}, {name: n, type: local}]\n",
	  "f:1:43: networks[n].name: n is also the name of networks[n] (f:1:19)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: s, cidr: 10.0.0.0/8}, {name: "
	  "s, cidr: 11.0.0.0/8}]}]\n",
	  "f:1:81: networks[n].subnets[s].name: s is also the name of "
	  "networks[n].subnets[s] (f:1:52)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: a, cidr: 10.1.0.0/16}, "
	  "{name: b, cidr: 10.0.0.0/8}, {name: c, cidr: 10.2.0.0/16}, {name: d, cidr: "
	  "\"::/0\"}]}]\n",
	  "f:1:91: networks[n].subnets[b].cidr: 10.0.0.0/8 overlaps 10.1.0.0/16 of "
	  "networks[n].subnets[a] (f:1:61)\n"
	  "f:1:120: networks[n].subnets[c].cidr: 10.2.0.0/16 overlaps 10.0.0.0/8 of "
	  "networks[n].subnets[b] (f:1:91)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: a, cidr: 10.0.0.0/24, "
	  "gateway: 10.0.1.1}, {name: b, cidr: 11.0.0.0/24, gateway: \"::2\"}]}]\n",
	  "f:1:83: networks[n].subnets[a].gateway: 10.0.1.1 is not in 10.0.0.0/24 "
	  "(f:1:61)\n"
	  "f:1:132: networks[n].subnets[b].gateway: ::2 is not in 11.0.0.0/24 (f:1:110)\n" },
};

/** Static MACs. */
static const struct error_case error_static_macs[] = {
	{ ERROR_WIRES
	  "networks: [{name: n, type: local, static-macs: [{mac: \"02:00:00:00:00:01\", "
	  "port: p}, {mac: \"02:00:00:00:00:01\", port: p}]}]\n"
	  "ports: [{name: p, network: n, device: d2}]\n",
	  "f:2:92: networks[n].static-macs[1].mac: 02:00:00:00:00:01 is also the MAC of "
	  "networks[n].static-macs[0] (f:2:55)\n" },
	{ ERROR_WIRES
	  "networks: [{name: n, type: local, static-macs: [{mac: \"02:00:00:00:00:01\", "
	  "port: q}, {mac: \"02:00:00:00:00:02\", port: none}]}, {name: m, type: local}]\n"
	  "ports: [{name: q, network: m, device: d2}]\n",
	  "f:2:82: networks[n].static-macs[0].port: q is a port of networks[m] (f:3:28)\n"
	  "f:2:119: networks[n].static-macs[1].port: there is no port 'none'\n" },
	{ ERROR_WIRES
	  "networks: [{name: n, type: local, static-macs: [{mac: \"02:00:00:00:00:01\", "
	  "physical-network: w}]}, {name: m, type: flat, physical-network: w, static-macs: "
	  "[{mac: \"02:00:00:00:00:01\", physical-network: v}, {mac: "
	  "\"02:00:00:00:00:02\", physical-network: x}, {mac: \"02:00:00:00:00:03\", "
	  "physical-network: w, port: p}]}]\n"
	  "ports: [{name: p, network: m, device: d2}]\n",
	  "f:2:94: networks[n].static-macs[0].physical-network: a local network has none\n"
	  "f:2:202: networks[m].static-macs[0].physical-network: the wire of this network "
	  "is w (f:2:140)\n"
	  "f:2:251: networks[m].static-macs[1].physical-network: there is no physical "
	  "network 'x'\n"
	  "f:2:300: networks[m].static-macs[2].physical-network: excludes 'port' "
	  "(f:2:309); give one of them\n" },
};

/** Ports and what they refer to. */
static const struct error_case error_ports[] = {
	{ "networks: [{name: n, type: local}, {name: m, type: local}]\n"
	  "ports: [{name: p, network: blue, device: d}]\n",
	  "f:2:28: ports[p].network: there is no network 'blue'\n" },
	{ "networks: [{name: blue, type: local}]\n"
	  "ports: [{name: p, network: bleu, device: d}]\n",
	  "f:2:28: ports[p].network: there is no network 'bleu'; did you mean 'blue'?\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: w, network: n, device: d2}, {name: p, network: n, device: d3}, "
	  "{name: p, network: n, device: d4}]\n",
	  "f:3:16: ports[w].name: w is also the name of physical-networks[w] (f:1:28)\n"
	  "f:3:86: ports[p].name: p is also the name of ports[p] (f:3:51)\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n, device: \"d1,x=y\"}, {name: q, network: n, "
	  "vhost-user: /q}, {name: r, network: m, vhost-user: /q}]\n",
	  "f:3:39: ports[p].device: d1 is also the device of physical-networks[v] "
	  "(f:1:62)\n"
	  "f:3:123: ports[r].vhost-user: /q is also the socket of ports[q] (f:3:84)\n" },
	{ "physical-networks: [{name: w, device: \"0000:3b:00.0\"}]\n"
	  "networks: [{name: n, type: local}, {name: m, type: flat, physical-network: w}]\n"
	  "ports: [{name: p, network: n, device: \"pci:3B:00.0,a=b\"}]\n",
	  "f:3:39: ports[p].device: 0000:3b:00.0 is also the device of "
	  "physical-networks[w] (f:1:39)\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports:\n"
	  "  - {name: vm1, network: n, device: d3, mac: \"02:00:00:00:00:0a\", addresses: "
	  "[10.0.0.1, 10.0.0.1, \"2001:DB8::1\"]}\n"
	  "  - {name: vm2, network: n, device: d4, mac: \"02:00:00:00:00:0A\", addresses: "
	  "[10.0.0.1, \"2001:db8:0::1\"]}\n",
	  "f:4:89: ports[vm1].addresses[1]: 10.0.0.1 is also an address of ports[vm1] "
	  "(f:4:79)\n"
	  "f:5:46: ports[vm2].mac: 02:00:00:00:00:0a is also the MAC of ports[vm1] "
	  "(f:4:46)\n"
	  "f:5:79: ports[vm2].addresses[0]: 10.0.0.1 is also an address of ports[vm1] "
	  "(f:4:79)\n"
	  "f:5:89: ports[vm2].addresses[1]: 2001:db8::1 is also an address of ports[vm1] "
	  "(f:4:99)\n" },
	{ "networks: [{name: n, type: local, subnets: [{name: s, cidr: 10.0.0.0/24}]}]\n"
	  "ports: [{name: p, network: n, device: d, addresses: [10.0.1.0, \"2001:db8::1\", "
	  "\"fe80::1\", 10.0.0.255]}]\n",
	  "f:2:54: ports[p].addresses[0]: 10.0.1.0 is in no subnet of networks[n] "
	  "(f:1:44)\n"
	  "f:2:64: ports[p].addresses[1]: 2001:db8::1 is in no subnet of networks[n] "
	  "(f:1:44)\n" },
	{ "networks: [{name: n, type: local, mtu: 1400}, {name: m, type: local}]\n"
	  "ports: [{name: p, network: n, device: d, mtu: 1500}, {name: q, network: m, "
	  "device: e, mtu: 1501}]\n",
	  "f:2:47: ports[p].mtu: 1500 is more than the MTU 1400 of networks[n] (f:1:40)\n"
	  "f:2:92: ports[q].mtu: 1501 is more than the MTU 1500 of networks[m] (f:1:47)\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n, device: d2, mode: client, socket-owner: a, "
	  "socket-mode: \"0600\"}]\n",
	  "f:3:49: ports[p].mode: is for vhost-user ports only\n"
	  "f:3:71: ports[p].socket-owner: is for vhost-user ports only\n"
	  "f:3:87: ports[p].socket-mode: is for vhost-user ports only\n" },
	{ ERROR_WIRES ERROR_NETS
	  "ports: [{name: p, network: n, vhost-user: /p, socket-owner: a, socket-mode: "
	  "\"0600\", queues: 0}]\n",
	  "f:3:61: ports[p].socket-owner: is for mode: server only; in mode client the "
	  "socket is QEMU's\n"
	  "f:3:77: ports[p].socket-mode: is for mode: server only; in mode client the "
	  "socket is QEMU's\n"
	  "f:3:93: ports[p].queues: 0 is not a number of queue pairs of a vhost-user port "
	  "(1..16)\n" },
};

static void
error_check(const struct error_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		struct weft_conf *conf =
			weft_conf_load_text(cases[i].text, strlen(cases[i].text), "f", &errors);
		char *says = conf_helper_join(&errors);

		assert_string_equal(says, cases[i].says);
		assert_null(conf);
		free(says);
	}
}

static void
error_test_texts(void **state)
{
	(void)state;
	error_check(error_texts, COUNT(error_texts));
}

static void
error_test_values(void **state)
{
	(void)state;
	error_check(error_values, COUNT(error_values));
}

static void
error_test_networks(void **state)
{
	(void)state;
	error_check(error_networks, COUNT(error_networks));
	error_check(error_adverts, COUNT(error_adverts));
}

static void
error_test_static_macs(void **state)
{
	(void)state;
	error_check(error_static_macs, COUNT(error_static_macs));
}

static void
error_test_ports(void **state)
{
	(void)state;
	error_check(error_ports, COUNT(error_ports));
}

static void
error_test_endpoints(void **state)
{
	(void)state;
	error_check(error_endpoints, COUNT(error_endpoints));
}

static void
error_test_overlays(void **state)
{
	(void)state;
	error_check(error_overlays, COUNT(error_overlays));
}

static void
error_check_bytes(const char *text, size_t bytes, const char *expected)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *says;

	assert_null(weft_conf_load_text(text, bytes, "f", &errors));
	says = conf_helper_join(&errors);
	assert_string_equal(says, expected);
	free(says);
}

/** What a C string cannot hold, and what is too large. */
static void
error_test_bytes(void **state)
{
	size_t bytes = (64 << 20) + 1;
	char *large = malloc(bytes);

	(void)state;
	error_check_bytes("{}\0", 3,
			  "f:1:3: byte 0x00 is a control character; this is not a text file\n");
	error_check_bytes("{\xe2\x82", 3, "f:1:2: byte 0xe2 is not UTF-8\n");
	assert_non_null(large);
	memset(large, '#', bytes);
	error_check_bytes(large, bytes, "f:1:1: is larger than 64 MB\n");
	error_check_bytes(large, 1 << 20,
			  "f:1:1: is empty; a configuration without anything is written {}\n");
	free(large);
}

static void
error_test_files(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *says;

	(void)state;
	assert_null(weft_conf_load("/nowhere/weft.yaml", &errors));
	assert_null(weft_conf_load("/", &errors));
	says = conf_helper_join(&errors);
	assert_string_equal(says, "/nowhere/weft.yaml: cannot be read: No such file or directory\n"
				  "/: cannot be read: Is a directory\n");
	free(says);
}

/** A thousand faults are enough for a person; long texts are cut. */
static void
error_test_many(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *text, *says;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	for (int i = 0; i < 1234; i++)
		fprintf(out, "%0120d: x\n", i);
	fclose(out);
	assert_null(weft_conf_load_text(text, bytes, "f", &errors));
	assert_int_equal(errors.n, 1001);
	assert_string_equal(
		errors.lines[0],
		"f:1:1: unknown key '0000000000000000000000000000000000000000000000000"
		"0000000000000000000000000000000000000000000...'; known keys here: host, "
		"physical-networks, tunnel-endpoint, networks, connection-timeouts, "
		"security-groups, ports, routers");
	assert_string_equal(errors.lines[1000], "f: 234 more errors are not shown");
	says = conf_helper_join(&errors);
	free(says);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_test_texts),	cmocka_unit_test(error_test_values),
		cmocka_unit_test(error_test_networks),	cmocka_unit_test(error_test_static_macs),
		cmocka_unit_test(error_test_ports),	cmocka_unit_test(error_test_bytes),
		cmocka_unit_test(error_test_files),	cmocka_unit_test(error_test_many),
		cmocka_unit_test(error_test_endpoints), cmocka_unit_test(error_test_overlays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
