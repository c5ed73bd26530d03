/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf_router: what a document says of routers. Part of conf.h.
 */
#ifndef WEFT_CONF_CONF_ROUTER_H
#define WEFT_CONF_CONF_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "conf/parts.h"

#define WEFT_CONF_ROUTERS_MAX 4096
/* Of one router: */
#define WEFT_CONF_INTERFACES_MAX 64
#define WEFT_CONF_ROUTES_MAX 1024
#define WEFT_CONF_SNAT_POOL_MAX 64
#define WEFT_CONF_FLOATING_IPS_MAX 4096
#define WEFT_CONF_FORWARDINGS_MAX 4096
#define WEFT_CONF_FIREWALL_MAX 1000

/** Where a router meets a network. What it has in one network shares one MAC. */
struct weft_conf_interface {
	char *network;
	struct weft_ip address; /* with the prefix length of its link */
	bool has_mac; /* otherwise that of another one in this network, or derived */
	struct rte_ether_addr mac;
	struct weft_place place;
};

/** The same, on an external network, and the way to all that no route leads to. */
struct weft_conf_gateway {
	bool is_there; /* the router has one */
	char *network;
	struct weft_ip address; /* with the prefix length of its link */
	bool has_next_hop;
	struct weft_ip next_hop; /* on the link; the default route of this family */
	bool has_mac; /* as of interfaces */
	struct rte_ether_addr mac;
	bool snat;
	struct weft_ip *snat_pool; /* resolved: the own address if not given; IPv4 only */
	uint32_t n_snat_pool; /* 0: nothing is translated, without snat or on IPv6 */
	struct weft_place place;
};

/** Whether an inside address and port keeps its outside one whomever it speaks to, or only towards
 *  each other address and port (RFC 4787, 4.1). */
enum weft_nat_mapping { WEFT_NAT_MAPPING_INDEPENDENT, WEFT_NAT_MAPPING_ADDRESS_AND_PORT };

/** Who may send to an outside address and port that stands for an inside one: anybody, or whom that
 *  has sent to, by address, or by address and port (RFC 4787, 5). */
enum weft_nat_filtering {
	WEFT_NAT_FILTERING_INDEPENDENT,
	WEFT_NAT_FILTERING_ADDRESS,
	WEFT_NAT_FILTERING_ADDRESS_AND_PORT,
};

/** How the sources of many become few. */
struct weft_conf_nat {
	enum weft_nat_mapping mapping;
	enum weft_nat_filtering filtering;
	uint32_t udp_timeout_sec, icmp_timeout_sec;
	uint32_t tcp_established_timeout_sec, tcp_transitory_timeout_sec;
	uint32_t port_quota; /* most bindings of one inside address; 0: any number */
	struct weft_place place;
};

/** An outside address that is an inside one's alone; both are IPv4. */
struct weft_conf_floating_ip {
	struct weft_ip address; /* on the link of the gateway */
	char *port;
	struct weft_ip fixed_address; /* resolved: of the port, on a link of the router */
	bool is_first; /* that is the port's first IPv4 address, which it is by default */
	struct weft_place place;
};

enum weft_forwarding_protocol { WEFT_FORWARDING_TCP, WEFT_FORWARDING_UDP };

/** What comes to one port of an outside address goes to an inside one. */
struct weft_conf_forwarding {
	struct weft_ip address; /* as of floating IPs; may be the gateway's or of its snat-pool */
	enum weft_forwarding_protocol protocol;
	uint32_t external_port;
	char *port; /* of a guest, as is what follows */
	struct weft_ip fixed_address; /* as of floating IPs */
	bool is_first;
	uint32_t internal_port;
	struct weft_place place;
};

enum weft_firewall_action { WEFT_FIREWALL_DENY, WEFT_FIREWALL_ALLOW };

/** Told by where a packet comes from: IN by the gateway, OUT by an interface. */
enum weft_firewall_direction { WEFT_FIREWALL_BOTH, WEFT_FIREWALL_IN, WEFT_FIREWALL_OUT };

struct weft_conf_firewall_rule {
	enum weft_firewall_action action;
	enum weft_firewall_direction direction;
	enum weft_ethertype ethertype; /* resolved: what protocol and addresses leave over */
	uint16_t protocol; /* of IP, or WEFT_PROTOCOL_ANY */
	bool has_ports, has_icmp_type, has_icmp_code, has_source, has_destination;
	struct weft_conf_range ports; /* destination; as of security groups */
	uint32_t icmp_type, icmp_code;
	struct weft_ip source, destination; /* prefixes of one family */
	bool log;
	struct weft_place place;
};

/** The links of interfaces and gateway are disjoint, and each next hop is on one of them. */
struct weft_conf_router {
	char *name;
	char *project;
	bool admin_up;
	struct weft_conf_interface *interfaces;
	uint32_t n_interfaces;
	struct weft_conf_gateway gateway;
	struct weft_conf_route *routes; /* of one destination, several share the load */
	uint32_t n_routes;
	struct weft_conf_nat nat;
	struct weft_conf_floating_ip *floating_ips;
	uint32_t n_floating_ips;
	struct weft_conf_forwarding *forwardings; /* port-forwardings */
	uint32_t n_forwardings;
	struct weft_conf_firewall_rule *firewall; /* in order, the first that matches decides */
	uint32_t n_firewall; /* 0: everything passes; otherwise what matches none is denied */
	struct weft_place place;
};

#endif
