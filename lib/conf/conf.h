/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf: the checked configuration document.
 *
 * An operator writes one YAML file; this library turns it into a `struct weft_conf` that the rest
 * of weft can trust: every value has its type and lies in its range, every name that is referred to
 * exists, and nothing contradicts anything else. Nothing else in weft reads YAML.
 *
 * What the file may contain is said once, in the schema table (schema.h): key, type, range,
 * default, and a sentence of help. The parser, the JSON Schema in config/ and the reference page in
 * doc/ all follow that table.
 *
 * Not trivial: every fault of a file is reported in one go, each with its place, and checks that
 * concern two objects name both places. A document in which any fault was found is never returned.
 *
 * A document is immutable once loaded; weft_conf_merge() and weft_conf_delete() return new ones.
 * One thing changes in place, because it changes often and a document may be large: who is a member
 * of a security group without being a port.
 * Optional strings are NULL when absent. All numbers are in host byte order, addresses and MACs
 * in network order as DPDK's types say.
 *
 * Threads: none; the control thread loads and owns documents.
 *
 *	struct weft_errors errors = WEFT_ERRORS_NONE;
 *	struct weft_conf *conf = weft_conf_load("/etc/weft/weft.yaml", &errors);
 *	if (conf == NULL)
 *		weft_errors_print(&errors, stderr);
 */
#ifndef WEFT_CONF_CONF_H
#define WEFT_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_ether.h>

#include "conf/conf_router.h"
#include "conf/parts.h"
#include "core/errors.h"

#define WEFT_CONF_WORKERS_MAX 64
#define WEFT_CONF_GROUPS_MAX 16384 /* security groups */
#define WEFT_CONF_DNS_MAX 5 /* of a subnet, as Neutron's max_dns_nameservers */
#define WEFT_CONF_ADVERTISED_MAX 8 /* subnets of a network: one message tells all */
#define WEFT_CONF_NAME_MAX 63 /* letters of a name, without the closing zero */

enum weft_polling { WEFT_POLLING_ADAPTIVE, WEFT_POLLING_BUSY };
enum weft_network_type {
	WEFT_NETWORK_LOCAL,
	WEFT_NETWORK_FLAT,
	WEFT_NETWORK_VLAN,
	WEFT_NETWORK_VXLAN,
	WEFT_NETWORK_GRE,
	WEFT_NETWORK_GENEVE,
	WEFT_NETWORK_TYPES,
};
enum weft_socket_mode { WEFT_SOCKET_CLIENT, WEFT_SOCKET_SERVER };
enum weft_limit_action { WEFT_LIMIT_DROP, WEFT_LIMIT_FORWARD };
enum weft_unknown_action { WEFT_UNKNOWN_FLOOD, WEFT_UNKNOWN_DROP };
enum weft_ra_mode { WEFT_RA_SLAAC, WEFT_RA_STATEFUL, WEFT_RA_STATELESS };
enum weft_direction { WEFT_INGRESS, WEFT_EGRESS, WEFT_DIRECTIONS }; /* as seen by the guest */
enum weft_on_change { WEFT_ON_CHANGE_CUT, WEFT_ON_CHANGE_PERSIST };

struct weft_conf_host {
	uint16_t workers[WEFT_CONF_WORKERS_MAX]; /* cores */
	uint32_t n_workers; /* 0: not given, every allowed core but the first */
	enum weft_polling polling;
	uint64_t memory_bytes; /* packet buffers */
	uint32_t mac_entries;
	uint32_t flow_entries; /* per worker */
	uint32_t flow_idle_sec;
	uint32_t connections; /* capacity of the connection table */
	uint32_t group_members; /* capacity of the sets of all security groups */
	struct weft_place place;
};

/** How long a connection may be silent, in seconds; names and defaults are Linux's. */
struct weft_conf_timeouts {
	uint32_t tcp_syn_sent, tcp_syn_recv, tcp_established, tcp_fin_wait, tcp_close_wait;
	uint32_t tcp_last_ack, tcp_time_wait, tcp_close;
	uint32_t udp, udp_stream, icmp, icmpv6, generic;
	struct weft_place place;
};

/** What a security group lets through. */
struct weft_conf_rule {
	enum weft_direction direction;
	enum weft_ethertype ethertype; /* resolved: what protocol and remote-ip leave over */
	uint16_t protocol; /* of IP, or WEFT_PROTOCOL_ANY */
	bool has_ports, has_icmp_type, has_icmp_code, has_remote_ip;
	struct weft_conf_range ports; /* destination; of TCP, UDP, UDP-Lite, SCTP, DCCP */
	uint32_t icmp_type, icmp_code;
	struct weft_ip
		remote_ip; /* prefix; of the source if ingress, of the destination if egress */
	char *remote_group; /* NULL: none */
	bool log;
	struct weft_place place;
};

struct weft_conf_group {
	char *name;
	char *project;
	bool stateful;
	enum weft_on_change on_change;
	bool log; /* as if each rule said so; and what no rule of its ports' groups lets through */
	struct weft_ip *members; /* addresses of members that are not ports of this host */
	uint32_t n_members;
	uint32_t members_room; /* of this library only */
	struct weft_conf_rule *rules;
	uint32_t n_rules;
	struct weft_place place;
};

/** Another address, or addresses, that a port may use. */
struct weft_conf_pair {
	struct weft_ip ip; /* address or prefix */
	bool has_mac; /* otherwise the port's */
	struct rte_ether_addr mac;
	struct weft_place place;
};

struct weft_conf_wire {
	char *name;
	char *device; /* DPDK devargs or a PCI address */
	uint32_t mtu;
	uint32_t queues; /* 0: as many as workers, if the device can */
	bool admin_up;
	uint32_t miss_budget; /* misses per second and worker */
	struct weft_place place;
};

/** Where tunnels begin and end: at most one per host. */
struct weft_conf_endpoint {
	bool is_there; /* the document has the section */
	char *wire; /* physical-network */
	struct weft_ip address; /* with the prefix length of its link */
	struct weft_ip *gateways; /* default route; several share the load */
	uint32_t n_gateways;
	struct weft_conf_route *routes; /* of one destination, several share the load */
	uint32_t n_routes;
	uint32_t vlan; /* 0: untagged */
	bool has_mac; /* otherwise derived from the address */
	struct rte_ether_addr mac;
	uint32_t vxlan_port, geneve_port; /* UDP */
	uint32_t dscp, ttl; /* of the outer header */
	bool udp_checksum; /* on IPv6; on IPv4 it is always zero */
	struct weft_place place;
};

struct weft_conf_subnet {
	char *name;
	struct weft_ip cidr;
	bool has_gateway;
	struct weft_ip gateway;
	struct weft_ip *dns;
	uint32_t n_dns;
	bool has_ra_mode; /* routers advertise it */
	enum weft_ra_mode ra_mode;
	struct weft_place place;
};

struct weft_conf_static_mac {
	struct rte_ether_addr mac;
	char *port; /* one of the two is NULL */
	char *wire;
	struct weft_place place;
};

/** What is known beforehand about somebody on another host (L2 population). */
struct weft_conf_neighbour {
	struct rte_ether_addr mac;
	bool has_ip;
	struct weft_ip ip;
	struct weft_ip at; /* the tunnel endpoint of his host */
	struct weft_place place;
};

struct weft_conf_network {
	char *name;
	char *project;
	enum weft_network_type type;
	uint32_t segment; /* VLAN id, VNI or GRE key; 0 for local and flat */
	char *wire; /* physical-network; NULL for local and for overlays */
	bool external;
	bool admin_up;
	uint32_t mtu; /* resolved: never 0 */
	uint32_t mac_age_sec;
	uint32_t mac_limit; /* 0: none */
	enum weft_limit_action mac_limit_action;
	struct weft_conf_static_mac *static_macs;
	uint32_t n_static_macs;
	struct weft_ip
		*peers; /* overlays: who gets floods; resolved: the neighbours' if not given */
	uint32_t n_peers;
	struct weft_conf_neighbour *neighbours; /* overlays */
	uint32_t n_neighbours;
	enum weft_unknown_action unknown_addresses; /* overlays: ARP and ND for whom nobody knows */
	struct weft_conf_subnet *subnets;
	uint32_t n_subnets;
	struct weft_place place;
};

struct weft_conf_port {
	char *name;
	char *network;
	char *instance;
	char *vhost_user; /* socket path; exactly one of the two is set */
	char *device;
	enum weft_socket_mode mode;
	char *socket_owner; /* USER or USER:GROUP */
	uint32_t socket_mode; /* permission bits; 0: not given */
	uint32_t queues; /* 0: as many as workers (devices only) */
	bool has_mac;
	struct rte_ether_addr mac;
	struct weft_ip *addresses;
	uint32_t n_addresses;
	struct weft_conf_pair *pairs; /* allowed-address-pairs */
	uint32_t n_pairs;
	char **groups; /* security-groups, by name */
	uint32_t n_groups;
	bool port_security;
	bool admin_up;
	uint32_t mtu; /* resolved: never 0 */
	uint32_t mac_limit; /* 0: none */
	enum weft_limit_action mac_limit_action;
	uint32_t miss_budget; /* misses per second and worker */
	uint32_t connection_limit; /* 0: none */
	uint32_t connection_reserve; /* of the table, for nobody else */
	uint32_t
		fragment_limit; /* fragments that wait for the rest of their datagram, per worker */
	/* Per second and worker: */
	uint32_t connection_budget; /* new connections */
	uint32_t mac_move_budget;
	uint32_t arp_budget; /* ARP and ND messages */
	uint32_t broadcast_budget; /* packets to group addresses */
	uint32_t icmp_error_budget; /* ICMP errors from the port, and to it if it is filtered */
	uint32_t log_budget; /* lines */
	struct weft_place place;
};

struct weft_conf_source; /* the memory of a document, and the tree of what its files said */

struct weft_conf {
	struct weft_conf_source *source; /* of this library only */
	char *file;
	struct weft_conf_host host;
	struct weft_conf_wire *wires;
	uint32_t n_wires;
	struct weft_conf_endpoint endpoint;
	struct weft_conf_network *networks;
	uint32_t n_networks;
	struct weft_conf_group *groups; /* security-groups */
	uint32_t n_groups;
	struct weft_conf_timeouts timeouts; /* connection-timeouts */
	struct weft_conf_port *ports;
	uint32_t n_ports;
	struct weft_conf_router *routers;
	uint32_t n_routers;
};

/* ---- from text to document ---- */

/** Reads and checks a file. @return the document, or NULL with every fault in @p errors, in the
 *  order of the file; of thousands the first thousand. */
struct weft_conf *weft_conf_load(const char *path, struct weft_errors *errors);

/** The same from memory; @p name stands for the file in messages. */
struct weft_conf *weft_conf_load_text(const char *text, size_t bytes, const char *name,
				      struct weft_errors *errors);

void weft_conf_destroy(struct weft_conf *conf);

/* ---- from document to document ---- */

/** A new document: @p base, in which the objects that the fragment file names replace those of the
 *  same name or are added. The result is checked as a whole. Keys of `host:` and
 *  `connection-timeouts:` in the fragment replace single keys, its `tunnel-endpoint:` the whole
 *  section.
 *  @return NULL with every fault in @p errors. */
struct weft_conf *weft_conf_merge(const struct weft_conf *base, const char *fragment_path,
				  struct weft_errors *errors);

/** A new document without one object. @p noun: "port", "network", "physical-network",
 *  "security-group", "router" or "tunnel-endpoint", whose name is "". What refers to it is deleted
 *  too if @p cascade; otherwise that is an error that names them. To a security group refer the
 *  entries in the lists of ports, not the ports, and the rules of other groups; to a network the
 *  interfaces and gateways of routers with what is by them (routes, floating IPs, port
 *  forwardings), not the routers; to a port the floating IPs and port forwardings that lead to it.
 *  @return NULL with the reason in @p errors. */
struct weft_conf *weft_conf_delete(const struct weft_conf *base, const char *noun, const char *name,
				   bool cascade, struct weft_errors *errors);

/** Addresses, sorted; none is there twice. */
struct weft_ips {
	struct weft_ip *list;
	uint32_t n;
};

/** Reads what may be members of a group, "10.0.0.9,2001:db8::9". The caller frees the list in any
 *  case. @return 0, or -EINVAL with a sentence in @p errors for each that may not */
int weft_conf_read_members(const char *text, struct weft_ips *ips, struct weft_errors *errors);

/** Members of all groups of a document, its ports included; an address that is in a group twice
 *  counts twice. */
uint64_t weft_conf_count_members(const struct weft_conf *conf);

/** Adds members to a group of the document (by index), behind those that it has, or takes them out.
 *  In @p ips stay those for which that was news.
 *  @return 0; or -ENOSPC with a sentence in @p errors, and the document has not changed */
int weft_conf_add_members(struct weft_conf *conf, uint32_t group, struct weft_ips *ips,
			  struct weft_errors *errors);
void weft_conf_del_members(struct weft_conf *conf, uint32_t group, struct weft_ips *ips);

/** Writes YAML that loads back to an equal document; keys at their default are left out. */
void weft_conf_emit(const struct weft_conf *conf, FILE *out);

/* ---- difference ---- */

enum weft_change_action { WEFT_CHANGE_ADD, WEFT_CHANGE_MODIFY, WEFT_CHANGE_DELETE };

struct weft_change {
	enum weft_change_action action;
	/* "host", "physical-network", "tunnel-endpoint", "network", "connection-timeouts",
	 * "security-group", "port", "router" */
	const char *noun;
	char *name; /* "" for host, tunnel-endpoint and connection-timeouts */
	/* For MODIFY, one per key: "mtu: 1500 -> 1450"; of long lists what came and went,
	 * "members: +10.0.0.9 -10.0.0.3 -10.0.0.4". */
	char **details;
	uint32_t n_details;
	bool needs_restart; /* host keys that are read at start only */
	bool needs_reopen; /* the device or socket behind a port or wire must be opened anew */
};

struct weft_changes {
	struct weft_change *list;
	uint32_t n;
};

/** What differs, objects matched by name; order: deletions (routers, ports, security groups,
 *  networks, the endpoint, wires), changes, additions (wires, the endpoint, networks, security
 *  groups, ports, routers). Two documents that mean the same have no changes whatever their files
 *  look like. */
void weft_conf_diff(const struct weft_conf *old, const struct weft_conf *new,
		    struct weft_changes *changes);
void weft_changes_clear(struct weft_changes *changes);

/* ---- the schema, for programs and people ---- */

/** JSON Schema (2020-12) of the file. */
void weft_conf_schema_json(FILE *out);

/** The reference page in reStructuredText. */
void weft_conf_schema_rst(FILE *out);

/* ---- words ---- */

const char *weft_network_type_name(enum weft_network_type type);
const char *weft_ra_mode_name(enum weft_ra_mode mode);

/** "tcp" for 6, "any" for WEFT_PROTOCOL_ANY; NULL: it is told by its number. */
const char *weft_protocol_name(uint16_t protocol);

/** By family, then bytes; the prefix length does not count. Less than, equal to, greater than zero.
 */
int weft_ip_compare(const struct weft_ip *a, const struct weft_ip *b);

/** Is it a single address, not a subnet? */
bool weft_ip_is_plain(const struct weft_ip *ip);

/** Is an address (or smaller subnet) in a subnet? */
bool weft_ip_is_in(const struct weft_ip *ip, const struct weft_ip *subnet);

/** Can an address be a host's: not unspecified, loopback, multicast, or broadcast? And neither the
 *  network's nor the broadcast address of a link, given as an address on it with its prefix? */
bool weft_ip_is_host(const struct weft_ip *ip);
bool weft_ip_is_host_on(const struct weft_ip *ip, const struct weft_ip *link);

/** Is it carried in a tunnel? */
static inline bool
weft_network_type_is_overlay(enum weft_network_type type)
{
	return type >= WEFT_NETWORK_VXLAN;
}

/** Bytes that an overlay takes from the MTU of the wire: the inner Ethernet header and all that
 *  stands before it up to the outer IP header. @param family  of the endpoint's address */
uint32_t weft_network_type_overhead(enum weft_network_type type, uint8_t family);

/** Writes an address, with its prefix length when it is not a plain address. @p text holds at least
 *  INET6_ADDRSTRLEN + 4 bytes. */
void weft_ip_format(const struct weft_ip *ip, char *text);

#endif
