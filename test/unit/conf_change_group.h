/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_change_test.c: what becomes of documents with security groups.
 */
#ifndef TEST_UNIT_CONF_CHANGE_GROUP_H
#define TEST_UNIT_CONF_CHANGE_GROUP_H

#include "conf_change_case.h"

#define CHANGE_GROUPS                                                                              \
	"host: {connections: 1024}\n"                                                              \
	"connection-timeouts: {udp: 60}\n"                                                         \
	"networks: [{name: n, type: local}]\n"                                                     \
	"security-groups:\n"                                                                       \
	"  - name: web\n"                                                                          \
	"    members: [10.0.0.8, 10.0.0.9]\n"                                                      \
	"    rules:\n"                                                                             \
	"      - {direction: ingress, protocol: tcp, ports: 80}\n"                                 \
	"      - {direction: ingress, remote-group: web}\n"                                        \
	"      - {direction: egress, protocol: icmp}\n"                                            \
	"  - name: db\n"                                                                           \
	"    rules: [{direction: ingress, remote-group: web},\n"                                   \
	"      {direction: egress, remote-group: web}, {direction: egress}]\n"                     \
	"  - {name: lone, rules: [{direction: egress, remote-group: lone}]}\n"                     \
	"ports:\n"                                                                                 \
	"  - name: vm1\n"                                                                          \
	"    network: n\n"                                                                         \
	"    device: d1\n"                                                                         \
	"    allowed-address-pairs: [{ip: 10.0.0.1}, {ip: 10.0.0.0/24}]\n"                         \
	"    security-groups: [web, db]\n"                                                         \
	"  - {name: vm2, network: n, device: d2, security-groups: [web]}\n"

/** What differs. */
static const struct change_case change_groups[] = {
	/* What means the same. */
	{ "[web, db]", "['db', web]", "" },
	{ "[10.0.0.8, 10.0.0.9]", "[10.0.0.9, 10.0.0.8]", "" },
	{ "[{ip: 10.0.0.1}, {ip: 10.0.0.0/24}]", "[{ip: 10.0.0.0/24}, {ip: 10.0.0.1/32}]", "" },
	{ "rules: [{direction: ingress, remote-group: web},\n"
	  "      {direction: egress, remote-group: web}, {direction: egress}]",
	  "rules: [{direction: egress, log: false, protocol: any},\n"
	  "      {remote-group: web, direction: egress},\n"
	  "      {direction: ingress, remote-group: web}]\n    stateful: true\n    on-change: cut",
	  "" },
	{ "{direction: egress, protocol: icmp}",
	  "{direction: egress, protocol: 1, ethertype: ipv4}", "" },
	{ "{udp: 60}", "{udp: 60, icmp: 30}", "" },
	/* The host and the timeouts. */
	{ "{connections: 1024}", "{connections: 2048, group-members: 100}",
	  "~ host  restart\n  connections: 1024 -> 2048\n  group-members: 65536 -> 100\n" },
	{ "{udp: 60}", "{tcp-syn-sent: 10}",
	  "~ connection-timeouts \n  tcp-syn-sent: 120 -> 10\n  udp: 60 -> 30\n" },
	/* Rules come and go; none turns into another. */
	{ "protocol: tcp, ports: 80", "protocol: tcp, ports: 80-443",
	  "~ security-group web\n"
	  "  rules: (none) -> {direction: ingress, protocol: tcp, ports: 80-443}\n"
	  "  rules: {direction: ingress, protocol: tcp, ports: 80} -> (none)\n" },
	{ "protocol: icmp", "protocol: icmp, log: true",
	  "~ security-group web\n"
	  "  rules: (none) -> {direction: egress, protocol: icmp, log: true}\n"
	  "  rules: {direction: egress, protocol: icmp} -> (none)\n" },
	{ "remote-group: web},\n", "remote-group: db},\n",
	  "~ security-group db\n"
	  "  rules: (none) -> {direction: ingress, remote-group: db}\n"
	  "  rules: {direction: ingress, remote-group: web} -> (none)\n" },
	{ "protocol: icmp", "remote-ip: '2001:db8::/32'",
	  "~ security-group web\n"
	  "  rules: {direction: egress, protocol: icmp} -> (none)\n"
	  "  rules: (none) -> {direction: egress, remote-ip: 2001:db8::/32}\n" },
	{ "  - name: db\n",
	  "  - name: db\n    stateful: false\n    on-change: persist\n"
	  "    log: true\n    members: [10.0.0.3]\n    project: acme\n",
	  "~ security-group db\n  project: (none) -> acme\n  stateful: true -> false\n"
	  "  on-change: cut -> persist\n  log: false -> true\n  members: [] -> [10.0.0.3]\n" },
	/* Ports. */
	{ "security-groups: [web, db]", "security-groups: [db]",
	  "~ port vm1\n  security-groups: [web, db] -> [db]\n" },
	{ "security-groups: [web, db]", "security-groups: [web, lone]",
	  "~ port vm1\n  security-groups: [web, db] -> [web, lone]\n" },
	{ "{ip: 10.0.0.1}", "{ip: 10.0.0.1, mac: '02:00:00:00:00:01'}, {ip: 10.0.0.2}",
	  "~ port vm1\n"
	  "  allowed-address-pairs[10.0.0.1]: {ip: 10.0.0.1} -> "
	  "{ip: 10.0.0.1, mac: 02:00:00:00:00:01}\n"
	  "  allowed-address-pairs[10.0.0.2]: (none) -> {ip: 10.0.0.2}\n" },
	{ "device: d2",
	  "device: d2, connection-limit: 10, fragment-limit: 1, log-budget: 0,\n"
	  "    new-connection-budget: 1, mac-move-budget: 2, arp-budget: 3,\n"
	  "    broadcast-budget: 4, icmp-error-budget: 5",
	  "~ port vm2\n  connection-limit: 65536 -> 10\n  connection-reserve: 64 -> 10\n"
	  "  fragment-limit: 256 -> 1\n  new-connection-budget: 100000 -> 1\n"
	  "  mac-move-budget: 100 -> 2\n  arp-budget: 1000 -> 3\n"
	  "  broadcast-budget: 10000 -> 4\n  icmp-error-budget: 100 -> 5\n"
	  "  log-budget: 100 -> 0\n" },
	/* Coming and going. */
	{ "  - {name: lone, rules: [{direction: egress, remote-group: lone}]}\n",
	  "  - {name: new, rules: [{direction: egress, remote-group: new}]}\n",
	  "- security-group lone\n+ security-group new\n" },
	{ "  - {name: vm2, network: n, device: d2, security-groups: [web]}\n",
	  "  - {name: vm3, network: n, device: d3, security-groups: [web]}\n",
	  "- port vm2\n+ port vm3\n" },
};

/** Merging: timeouts key by key, a group as a whole. */
static const struct change_merge change_group_merges[] = {
	{ "connection-timeouts:\nsecurity-groups:\n", "", false },
	{ "connection-timeouts: {icmp: 10}\n", "~ connection-timeouts \n  icmp: 30 -> 10\n",
	  false },
	{ "connection-timeouts: {udp: 61}\n", "~ connection-timeouts \n  udp: 60 -> 61\n", false },
	{ "security-groups: [{name: new, rules: [{direction: ingress, remote-group: web}]},\n"
	  "  {name: lone, members: [10.0.0.4]}]\n",
	  "~ security-group lone\n  members: [] -> [10.0.0.4]\n"
	  "  rules: {direction: egress, remote-group: lone} -> (none)\n+ security-group new\n",
	  false },
	{ "ports: [{name: vm2, network: n, device: d2, security-groups: [db, lone]}]\n",
	  "~ port vm2\n  security-groups: [web] -> [db, lone]\n", false },
	{ "ports: [{name: vm2, network: n, device: d2, security-groups: [bd, wbe]}]\n",
	  "FRAGMENT:1:63: ports[vm2].security-groups[0]: there is no security group 'bd'\n"
	  "FRAGMENT:1:67: ports[vm2].security-groups[1]: there is no security group 'wbe'; did you "
	  "mean 'web'?\n",
	  true },
	{ "connection-timeouts: 5\n",
	  "FRAGMENT:1:22: connection-timeouts: must be a map (key: value)\n", true },
	{ "ports: [{name: vm2, network: n, device: d2, connection-reserve: 961,\n"
	  "  security-groups: [db]}]\n",
	  "f:1:21: host.connections: 1024 is less than 1025, the sum of connection-reserve of "
	  "ports with security-groups (f:16:3)\n",
	  true },
	{ "host: {group-members: 64}\nsecurity-groups: [{name: lone, rules: [\n"
	  "  {direction: egress}, {direction: egress, log: true}]}]\n",
	  "FRAGMENT:3:24: security-groups[lone].rules[1]: {direction: egress} is also in "
	  "security-groups[lone].rules (FRAGMENT:3:3)\n",
	  true },
};

/** Deleting: what speaks of a group goes, ports stay. */
static const struct change_delete change_group_deletes[] = {
	{ "security-group", "web",
	  "security-group web is used by an entry in security-groups of port vm1 (f:20:23), an "
	  "entry in security-groups of port vm2 (f:21:59), a rule of security-group db (f:12:13), "
	  "a rule of security-group db (f:13:7); --cascade deletes these too\n",
	  "- security-group web\n"
	  "~ security-group db\n"
	  "  rules: {direction: egress, remote-group: web} -> (none)\n"
	  "  rules: {direction: ingress, remote-group: web} -> (none)\n"
	  "~ port vm1\n  security-groups: [web, db] -> [db]\n"
	  "~ port vm2\n  security-groups: [web] -> []\n" },
	{ "security-group", "db",
	  "security-group db is used by an entry in security-groups of port vm1 (f:20:28); "
	  "--cascade deletes these too\n",
	  "- security-group db\n~ port vm1\n  security-groups: [web, db] -> [web]\n" },
	/* Its own rules are no users. */
	{ "security-group", "lone", NULL, "- security-group lone\n" },
	{ "security-group", "vm1", "there is no security-group 'vm1'\n", NULL },
	{ "port", "vm1", NULL, "- port vm1\n" },
	{ "network", "n",
	  "network n is used by port vm1 (f:16:5), port vm2 (f:21:5); --cascade deletes these "
	  "too\n",
	  "- port vm1\n- port vm2\n- network n\n" },
};

#endif
