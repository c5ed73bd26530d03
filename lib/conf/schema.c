/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/schema.h"

#include "conf/conf.h"

const char *const conf_admin_words[] = { "down", "up", NULL };

static const char *const schema_polling[] = { "adaptive", "busy", NULL };
static const char *const schema_types[] = {
	"local", "flat", "vlan", "vxlan", "gre", "geneve", NULL
};
static const char *const schema_modes[] = { "client", "server", NULL };
static const char *const schema_actions[] = { "drop", "forward", NULL };
static const char *const schema_unknown[] = { "flood", "drop", NULL };
static const char *const schema_ra_modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless",
					       NULL };

/* What tells the networks of one type apart. */
static const struct conf_range schema_segments[WEFT_NETWORK_TYPES] = {
	[WEFT_NETWORK_VLAN] = { "a VLAN id", 1, 4094 },
	[WEFT_NETWORK_VXLAN] = { "a VNI", 1, 0xffffff },
	[WEFT_NETWORK_GRE] = { "a GRE key", 1, 0xffffffff },
	[WEFT_NETWORK_GENEVE] = { "a VNI", 1, 0xffffff },
};

static const struct conf_field schema_host[] = {
	{ "workers", CONF_INTEGER, CONF_RESTART, CONF_LIST(weft_conf_host, workers, n_workers),
	  .capacity = WEFT_CONF_WORKERS_MAX, .max = 1023, .what = "a core",
	  .fallback_says = "every allowed core but the first",
	  .help = "Cores that poll, each once." },
	{ "polling", CONF_WORD, CONF_AT(weft_conf_host, polling), .words = schema_polling,
	  .what = "a way of polling", .fallback = "adaptive",
	  .help = "adaptive sleeps when there is nothing to do; busy never does, for hosts whose "
		  "cores belong to the switch." },
	{ "memory", CONF_SIZE, CONF_RESTART, CONF_AT(weft_conf_host, memory_bytes),
	  .min = 8ull << 20, .max = 1ull << 40, .what = "a size of memory", .fallback = "256M",
	  .help = "Memory for packet buffers." },
	{ "mac-entries", CONF_INTEGER, CONF_RESTART, CONF_AT(weft_conf_host, mac_entries),
	  .min = 64, .max = 1 << 24, .what = "a number of entries", .fallback = "131072",
	  .help = "How many MAC addresses the forwarding table (FDB) of all networks holds." },
	{ "flow-entries", CONF_INTEGER, CONF_RESTART, CONF_AT(weft_conf_host, flow_entries),
	  .min = 64, .max = 1 << 24, .what = "a number of entries", .fallback = "262144",
	  .help = "How many flows each worker remembers." },
	{ "flow-idle", CONF_INTEGER, CONF_AT(weft_conf_host, flow_idle_sec), .min = 1, .max = 60,
	  .what = "a number of seconds", .fallback = "10",
	  .help = "Seconds after which a flow without packets is forgotten." },
	{ "connections", CONF_INTEGER, CONF_RESTART, CONF_AT(weft_conf_host, connections),
	  .min = 1024, .max = 1 << 24, .what = "a number of connections", .fallback = "262144",
	  .help = "How many connections the switch tracks, for the security groups of all ports "
		  "and "
		  "for routers that translate or have a firewall." },
	{ "group-members", CONF_INTEGER, CONF_RESTART, CONF_AT(weft_conf_host, group_members),
	  .min = 64, .max = 1 << 24, .what = "a number of addresses", .fallback = "65536",
	  .help = "How many addresses the security groups have as members, all together." },
};

const struct conf_object conf_host_object = {
	.title = "host",
	.help = "What the switch takes from the machine.",
	CONF_FIELDS(schema_host),
	.bytes = sizeof(struct weft_conf_host),
	.place_offset = offsetof(struct weft_conf_host, place),
	.may_be_null = true,
};

static const struct conf_field schema_wire[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_wire, name), .is_required = true,
	  .help = "Unique among physical networks and ports." },
	{ "device", CONF_DEVICE, CONF_REOPEN, CONF_AT(weft_conf_wire, device), .max = 1023,
	  .is_required = true, .help = "A PCI address, or a DPDK device with its arguments." },
	{ "mtu", CONF_INTEGER, CONF_AT(weft_conf_wire, mtu), .min = 68, .max = 9000,
	  .what = "an MTU", .fallback = "1500",
	  .help = "Bytes behind the Ethernet header; a VLAN tag of the switch does not count." },
	{ "queues", CONF_INTEGER, CONF_REOPEN, CONF_AT(weft_conf_wire, queues),
	  .max = WEFT_CONF_WORKERS_MAX, .what = "a number of queues", .fallback = "0",
	  .help = "Receive queues; 0 is as many as workers, if the device can." },
	{ "admin", CONF_WORD, CONF_AT(weft_conf_wire, admin_up), .words = conf_admin_words,
	  .what = "an admin state", .fallback = "up",
	  .help = "A wire that is down neither receives nor sends." },
	{ "miss-budget", CONF_INTEGER, CONF_AT(weft_conf_wire, miss_budget), .min = 1,
	  .max = 100000000, .what = "a number of misses per second", .fallback = "1000000",
	  .help = "Flow misses per second and worker that this wire may cause." },
};

const struct conf_object conf_wire_object = {
	.title = "physical-networks",
	.help = "The wires: what connects this host with others.",
	CONF_FIELDS(schema_wire),
	.bytes = sizeof(struct weft_conf_wire),
	.place_offset = offsetof(struct weft_conf_wire, place),
};

static const struct conf_field schema_static_mac[] = {
	{ "mac", CONF_MAC, CONF_AT(weft_conf_static_mac, mac), .is_required = true,
	  .help = "The address, unicast." },
	{ "port", CONF_NAME, CONF_AT(weft_conf_static_mac, port),
	  .help = "The port of this network where the address is." },
	{ "physical-network", CONF_NAME, CONF_AT(weft_conf_static_mac, wire),
	  .help = "The wire of this network where the address is; overlays have none." },
};

const struct conf_object conf_static_mac_object = {
	.title = "static-macs",
	.help = "MAC addresses whose place is known; they neither age nor move.",
	CONF_FIELDS(schema_static_mac),
	.bytes = sizeof(struct weft_conf_static_mac),
	.place_offset = offsetof(struct weft_conf_static_mac, place),
	.one_of = { "port", "physical-network" },
};

static const struct conf_field schema_neighbour[] = {
	{ "mac", CONF_MAC, CONF_AT(weft_conf_neighbour, mac), .is_required = true,
	  .help = "The guest's MAC address. A guest with several addresses has as many entries." },
	{ "ip", CONF_ADDRESS, CONF_AT(weft_conf_neighbour, ip),
	  .has_offset = offsetof(struct weft_conf_neighbour, has_ip),
	  .help = "An IP address of it, unique in the network and inside its subnets." },
	{ "at", CONF_ADDRESS, CONF_AT(weft_conf_neighbour, at), .is_required = true,
	  .help = "The tunnel endpoint of its host." },
};

const struct conf_object conf_neighbour_object = {
	.title = "neighbours",
	.help = "Guests on other hosts that are known before they have said anything (L2 "
		"population): frames to them go to their host only, and ARP and ND for them are "
		"answered here.",
	CONF_FIELDS(schema_neighbour),
	.bytes = sizeof(struct weft_conf_neighbour),
	.place_offset = offsetof(struct weft_conf_neighbour, place),
};

static const struct conf_field schema_subnet[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_subnet, name), .is_required = true,
	  .help = "Unique in the network." },
	{ "cidr", CONF_SUBNET, CONF_AT(weft_conf_subnet, cidr), .is_required = true,
	  .help = "The addresses, as prefix and length; subnets of a network do not overlap." },
	{ "gateway", CONF_ADDRESS, CONF_AT(weft_conf_subnet, gateway),
	  .has_offset = offsetof(struct weft_conf_subnet, has_gateway),
	  .help = "An address of the subnet." },
	{ "dns", CONF_ADDRESS, CONF_LIST(weft_conf_subnet, dns, n_dns), .most = WEFT_CONF_DNS_MAX,
	  .help = "Name servers. Router advertisements of the subnet tell the IPv6 ones." },
	{ "ipv6-ra-mode", CONF_WORD, CONF_AT(weft_conf_subnet, ra_mode),
	  .has_offset = offsetof(struct weft_conf_subnet, has_ra_mode), .words = schema_ra_modes,
	  .what = "a mode of router advertisements", .fallback_says = "not advertised",
	  .help = "Routers with an interface in this IPv6 subnet advertise it: guests make an "
		  "address themselves (slaac), and ask by DHCPv6 for the rest "
		  "(dhcpv6-stateless), or for an address, too (dhcpv6-stateful). The first two "
		  "need a /64. At most 8 subnets of a network, whose mtu is 1280 at least." },
};

const struct conf_object conf_subnet_object = {
	.title = "subnets",
	.help = "The IP subnets of a network. Addresses of ports lie in one of them, if there are "
		"any.",
	CONF_FIELDS(schema_subnet),
	.bytes = sizeof(struct weft_conf_subnet),
	.place_offset = offsetof(struct weft_conf_subnet, place),
};

static const struct conf_field schema_network[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_network, name), .is_required = true,
	  .help = "Unique among networks." },
	{ "project", CONF_TEXT, CONF_AT(weft_conf_network, project), .max = 255,
	  .help = "The tenant that owns the network." },
	{ "type", CONF_WORD, CONF_AT(weft_conf_network, type), .is_required = true,
	  .words = schema_types, .what = "a network type",
	  .help = "local stays in this host, flat is the untagged traffic of a wire, vlan is one "
		  "VLAN of a wire; vxlan, gre and geneve are overlays: they go through tunnels "
		  "from the tunnel-endpoint to other hosts." },
	{ "segment", CONF_INTEGER, CONF_AT(weft_conf_network, segment), .min = 1, .max = 0xffffffff,
	  .what = "a segment", .by = "type", .ranges = schema_segments,
	  .help = "The VLAN id, VNI or GRE key; refused for local and flat, required for the "
		  "others. A VLAN id is unique on its wire, the others among networks of one "
		  "type." },
	{ "physical-network", CONF_NAME, CONF_AT(weft_conf_network, wire),
	  .help = "The wire; required for flat and vlan, refused for the others." },
	{ "external", CONF_BOOL, CONF_AT(weft_conf_network, external), .fallback = "false",
	  .help = "Whether the network leads out of the cloud." },
	{ "admin", CONF_WORD, CONF_AT(weft_conf_network, admin_up), .words = conf_admin_words,
	  .what = "an admin state", .fallback = "up",
	  .help = "A network that is down forwards nothing." },
	{ "mtu", CONF_INTEGER, CONF_AT(weft_conf_network, mtu), .min = 68, .max = 9000,
	  .what = "an MTU", .is_resolved = true,
	  .fallback_says = "what fits the wire; 1500 if local",
	  .help = "Bytes behind the Ethernet header; not more than fits the wire. That is the "
		  "wire's MTU; of overlays less the tunnel: 50 bytes for vxlan and geneve, 42 for "
		  "gre, and 20 more if the tunnel-endpoint is IPv6." },
	{ "mac-age", CONF_INTEGER, CONF_AT(weft_conf_network, mac_age_sec), .min = 10, .max = 86400,
	  .what = "a number of seconds", .fallback = "300",
	  .help = "Seconds after which a learned MAC address that was silent is forgotten." },
	{ "mac-limit", CONF_INTEGER, CONF_AT(weft_conf_network, mac_limit), .max = 1 << 24,
	  .what = "a number of MAC addresses", .fallback = "0",
	  .help = "Most learned MAC addresses in this network; 0 is no limit." },
	{ "mac-limit-action", CONF_WORD, CONF_AT(weft_conf_network, mac_limit_action),
	  .words = schema_actions, .what = "an action", .fallback = "drop",
	  .help = "Frames from a source beyond the limit are dropped, or forwarded without being "
		  "learned from." },
	{ "static-macs", CONF_OBJECT, CONF_LIST(weft_conf_network, static_macs, n_static_macs),
	  .object = &conf_static_mac_object, .help = "MAC addresses whose place is known." },
	{ "peers", CONF_ADDRESS, CONF_LIST(weft_conf_network, peers, n_peers), .most = 1024,
	  .is_resolved = true, .fallback_says = "where its neighbours are",
	  .help = "The tunnel endpoints of other hosts that have this network: who gets a copy of "
		  "broadcast, multicast, and frames to unknown addresses. Overlays only." },
	{ "neighbours", CONF_OBJECT, CONF_LIST(weft_conf_network, neighbours, n_neighbours),
	  .object = &conf_neighbour_object,
	  .help = "Guests on other hosts that are known beforehand. Overlays only." },
	{ "unknown-addresses", CONF_WORD, CONF_AT(weft_conf_network, unknown_addresses),
	  .words = schema_unknown, .what = "an action", .fallback = "flood",
	  .help = "What happens when a guest asks (ARP, ND) for an address that nobody is known "
		  "to have: flood asks all, drop nobody. Overlays only." },
	{ "subnets", CONF_OBJECT, CONF_LIST(weft_conf_network, subnets, n_subnets),
	  .object = &conf_subnet_object, .help = "The IP subnets." },
};

const struct conf_object conf_network_object = {
	.title = "networks",
	.help = "The networks of the tenants: each is an Ethernet of its own.",
	CONF_FIELDS(schema_network),
	.bytes = sizeof(struct weft_conf_network),
	.place_offset = offsetof(struct weft_conf_network, place),
};

#define SCHEMA_BUDGET(key, member, least, usual, unit, says)                                       \
	{                                                                                          \
		key, CONF_INTEGER, CONF_AT(weft_conf_port, member),                                \
			.min = (least), .max = 100000000, .what = (unit), .fallback = (usual),     \
			.help = (says)                                                             \
	}

static const struct conf_field schema_port[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_port, name), .is_required = true,
	  .help = "Unique among ports and physical networks." },
	{ "network", CONF_NAME, CONF_AT(weft_conf_port, network), .is_required = true,
	  .help = "The network that the port is in." },
	{ "instance", CONF_TEXT, CONF_AT(weft_conf_port, instance), .max = 255,
	  .help = "The guest that owns the port; several ports may name one." },
	{ "vhost-user", CONF_SOCKET, CONF_REOPEN, CONF_AT(weft_conf_port, vhost_user), .max = 107,
	  .help = "The path of a guest's vhost-user socket." },
	{ "device", CONF_DEVICE, CONF_REOPEN, CONF_AT(weft_conf_port, device), .max = 1023,
	  .help = "A PCI address, or a DPDK device with its arguments." },
	{ "mode", CONF_WORD, CONF_REOPEN, CONF_AT(weft_conf_port, mode), .words = schema_modes,
	  .what = "a socket mode", .fallback = "client",
	  .help = "client connects to a socket that the guest's QEMU owns, and again when it went "
		  "away; server owns the socket. Only with vhost-user." },
	{ "queues", CONF_INTEGER, CONF_REOPEN, CONF_AT(weft_conf_port, queues), .max = 16,
	  .what = "a number of queues", .is_resolved = true,
	  .fallback_says = "1 with vhost-user, 0 with device",
	  .help = "With vhost-user the most queue pairs, at least 1; with device the receive "
		  "queues, 0 is as many as workers." },
	{ "socket-owner", CONF_OWNER, CONF_REOPEN, CONF_AT(weft_conf_port, socket_owner),
	  .max = 255, .help = "Who owns the socket, USER or USER:GROUP. Only in mode server." },
	{ "socket-mode", CONF_PERMISSION, CONF_REOPEN, CONF_AT(weft_conf_port, socket_mode),
	  .min = 1, .max = 0777, .help = "Permissions of the socket, octal. Only in mode server." },
	{ "mac", CONF_MAC, CONF_AT(weft_conf_port, mac),
	  .has_offset = offsetof(struct weft_conf_port, has_mac),
	  .help = "The guest's MAC address, unique in the network." },
	{ "addresses", CONF_ADDRESS, CONF_LIST(weft_conf_port, addresses, n_addresses),
	  .help = "The guest's IP addresses, unique in the network and inside its subnets; "
		  "IPv6 link-local addresses need no subnet." },
	{ "port-security", CONF_BOOL, CONF_AT(weft_conf_port, port_security), .fallback = "true",
	  .help = "Whether the guest must use its mac and addresses, as far as they are given, or "
		  "allowed-address-pairs, and whether it may have security-groups." },
	{ "allowed-address-pairs", CONF_OBJECT, CONF_LIST(weft_conf_port, pairs, n_pairs),
	  .object = &conf_pair_object,
	  .help = "Other addresses that the guest may use. Only with port-security." },
	{ "security-groups", CONF_NAME, CONF_LIST(weft_conf_port, groups, n_groups), .most = 64,
	  .help = "The groups that say what the guest may receive and send. Only with "
		  "port-security." },
	{ "mtu", CONF_INTEGER, CONF_AT(weft_conf_port, mtu), .min = 68, .max = 9000,
	  .what = "an MTU", .is_resolved = true, .fallback_says = "the network's",
	  .help = "Bytes behind the Ethernet header; not more than the network's." },
	{ "admin", CONF_WORD, CONF_AT(weft_conf_port, admin_up), .words = conf_admin_words,
	  .what = "an admin state", .fallback = "up",
	  .help = "A port that is down neither receives nor sends." },
	{ "mac-limit", CONF_INTEGER, CONF_AT(weft_conf_port, mac_limit), .max = 1 << 24,
	  .what = "a number of MAC addresses", .fallback = "4096",
	  .help = "Most learned MAC addresses on this port; 0 is no limit." },
	{ "mac-limit-action", CONF_WORD, CONF_AT(weft_conf_port, mac_limit_action),
	  .words = schema_actions, .what = "an action", .fallback = "drop",
	  .help = "Frames from a source beyond the limit are dropped, or forwarded without being "
		  "learned from." },
	{ "miss-budget", CONF_INTEGER, CONF_AT(weft_conf_port, miss_budget), .min = 1,
	  .max = 100000000, .what = "a number of misses per second", .fallback = "250000",
	  .help = "Flow misses per second and worker that this port may cause." },
	{ "connection-limit", CONF_INTEGER, CONF_AT(weft_conf_port, connection_limit),
	  .max = 1 << 24, .what = "a number of connections", .fallback = "65536",
	  .help = "Most connections that count for this port, those that its guest began and those "
		  "that came to it from a wire; 0 is no limit." },
	{ "connection-reserve", CONF_INTEGER, CONF_AT(weft_conf_port, connection_reserve),
	  .max = 1 << 24, .what = "a number of connections", .is_resolved = true, .fallback = "64",
	  .help = "Connections that are kept free for this port while it has security-groups; not "
		  "more than connection-limit, which also bounds the default. All ports together "
		  "reserve at most the connections of the host." },
	{ "fragment-limit", CONF_INTEGER, CONF_AT(weft_conf_port, fragment_limit), .max = 65536,
	  .what = "a number of fragments", .fallback = "256",
	  .help = "Most fragments of this port that wait for the rest of their datagram, per "
		  "worker; with 0 none waits." },
	SCHEMA_BUDGET("new-connection-budget", connection_budget, 1, "100000",
		      "a number of connections per second",
		      "New connections per second and worker that count for this port."),
	SCHEMA_BUDGET("mac-move-budget", mac_move_budget, 0, "100", "a number of moves per second",
		      "Learned MAC addresses per second and worker that may move to this port."),
	SCHEMA_BUDGET(
		"arp-budget", arp_budget, 1, "1000", "a number of messages per second",
		"ARP and ND messages per second and worker from this port. Not at a port with "
		"port-security: false in a local, flat or VLAN network without filtered "
		"ports: there frames are not read that far."),
	SCHEMA_BUDGET("broadcast-budget", broadcast_budget, 1, "10000",
		      "a number of packets per second",
		      "Packets to broadcast and multicast addresses per second and worker from "
		      "this port."),
	SCHEMA_BUDGET("icmp-error-budget", icmp_error_budget, 0, "100",
		      "a number of messages per second",
		      "ICMP errors per second and worker: those from this port, those that the "
		      "switch makes for it, and, if security groups filter it, those that others "
		      "send to it. Not those from a port with port-security: false in a local, "
		      "flat or VLAN network without filtered ports: there frames are not read "
		      "that far."),
	SCHEMA_BUDGET("log-budget", log_budget, 0, "100", "a number of lines per second",
		      "Lines per second and worker that this port may cause in the log."),
};

const struct conf_object conf_port_object = {
	.title = "ports",
	.help = "The ports of the guests (VIFs).",
	CONF_FIELDS(schema_port),
	.bytes = sizeof(struct weft_conf_port),
	.place_offset = offsetof(struct weft_conf_port, place),
	.one_of = { "vhost-user", "device" },
};

static const struct conf_field schema_document[] = {
	{ "host", CONF_OBJECT, CONF_AT(weft_conf, host), .object = &conf_host_object,
	  .help = "What the switch takes from the machine." },
	{ "physical-networks", CONF_OBJECT, CONF_LIST(weft_conf, wires, n_wires),
	  .object = &conf_wire_object, .help = "The wires." },
	{ "tunnel-endpoint", CONF_OBJECT, CONF_AT(weft_conf, endpoint),
	  .has_offset = offsetof(struct weft_conf, endpoint.is_there),
	  .object = &conf_endpoint_object, .help = "Where the tunnels of overlays begin and end." },
	{ "networks", CONF_OBJECT, CONF_LIST(weft_conf, networks, n_networks),
	  .object = &conf_network_object, .help = "The networks of the tenants." },
	{ "connection-timeouts", CONF_OBJECT, CONF_AT(weft_conf, timeouts),
	  .object = &conf_timeouts_object, .help = "How long a connection may be silent." },
	{ "security-groups", CONF_OBJECT, CONF_LIST(weft_conf, groups, n_groups),
	  .object = &conf_group_object, .help = "What guests may receive and send." },
	{ "ports", CONF_OBJECT, CONF_LIST(weft_conf, ports, n_ports), .object = &conf_port_object,
	  .help = "The ports of the guests." },
	{ "routers", CONF_OBJECT, CONF_LIST(weft_conf, routers, n_routers),
	  .most = WEFT_CONF_ROUTERS_MAX, .object = &conf_router_object,
	  .help = "What connects networks with each other." },
};

const struct conf_object conf_document_object = {
	.title = "The file",
	.help = "One YAML file says everything that the switch shall be.",
	CONF_FIELDS(schema_document),
	.bytes = sizeof(struct weft_conf),
	.place_offset = -1,
};
