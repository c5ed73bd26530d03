/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"
#include "conf/schema.h"

static const struct conf_field schema_interface[] = {
	{ "network", CONF_NAME, CONF_AT(weft_conf_interface, network), .is_required = true,
	  .help = "The network." },
	{ "address", CONF_LINK, CONF_AT(weft_conf_interface, address), .is_required = true,
	  .help = "The router's address there with the prefix length of the link; unique in the "
		  "network, and if that has subnets of this family, in one of them and with its "
		  "prefix length. It may be the gateway of the subnet." },
	{ "mac", CONF_MAC, CONF_AT(weft_conf_interface, mac),
	  .has_offset = offsetof(struct weft_conf_interface, has_mac),
	  .fallback_says = "derived, and stable",
	  .help = "The router's MAC address in this network; all that it has there shares it." },
};

const struct conf_object conf_interface_object = {
	.title = "interfaces",
	.help = "Where a router meets the networks that it connects. A network may have several, "
		"one for each of its links. No two links of a router overlap.",
	CONF_FIELDS(schema_interface),
	.bytes = sizeof(struct weft_conf_interface),
	.place_offset = offsetof(struct weft_conf_interface, place),
	.n_keys = 2,
};

static const struct conf_field schema_gateway[] = {
	{ "network", CONF_NAME, CONF_AT(weft_conf_gateway, network), .is_required = true,
	  .help = "The network, one that is external." },
	{ "address", CONF_LINK, CONF_AT(weft_conf_gateway, address), .is_required = true,
	  .help = "The router's address there, as that of an interface." },
	{ "next-hop", CONF_ADDRESS, CONF_AT(weft_conf_gateway, next_hop),
	  .has_offset = offsetof(struct weft_conf_gateway, has_next_hop),
	  .help = "The next router, an address on this link, for all that no other route leads "
		  "to." },
	{ "mac", CONF_MAC, CONF_AT(weft_conf_gateway, mac),
	  .has_offset = offsetof(struct weft_conf_gateway, has_mac),
	  .fallback_says = "derived, and stable", .help = "As that of an interface." },
	{ "snat", CONF_BOOL, CONF_AT(weft_conf_gateway, snat), .fallback = "true",
	  .help = "Whether what leaves by the gateway gets a source address of the snat-pool "
		  "(source "
		  "NAT), as it must where the inside addresses are not known outside. Of IPv4 "
		  "only; "
		  "what has a floating IP leaves with that in any case." },
	{ "snat-pool", CONF_ADDRESS, CONF_LIST(weft_conf_gateway, snat_pool, n_snat_pool),
	  .most = WEFT_CONF_SNAT_POOL_MAX, .is_resolved = true, .fallback_says = "the address",
	  .help = "The source addresses, IPv4, on the link of the gateway and nobody else's. An "
		  "inside address keeps to one of them. The gateway's own address is one only if "
		  "it is in the list. Only with snat." },
};

const struct conf_object conf_gateway_object = {
	.title = "gateway",
	.help = "Where a router leads out of the cloud.",
	CONF_FIELDS(schema_gateway),
	.bytes = sizeof(struct weft_conf_gateway),
	.place_offset = offsetof(struct weft_conf_gateway, place),
};

static const struct conf_field schema_router_route[] = {
	{ "destination", CONF_SUBNET, CONF_AT(weft_conf_route, destination), .is_required = true,
	  .help = "The addresses, as prefix and length; another subnet than the links of the "
		  "router." },
	{ "next-hop", CONF_ADDRESS, CONF_AT(weft_conf_route, next_hop), .is_required = true,
	  .help = "The next router, an address on a link of this one." },
};

const struct conf_object conf_router_route_object = {
	.title = "routes of a router",
	.help = "Ways to what is not on a link of the router. The longest prefix wins; equal "
		"destinations, at most 8, share the load: a flow stays on one way. The next-hop "
		"of the gateway counts as one to 0.0.0.0/0 or ::/0.",
	CONF_FIELDS(schema_router_route),
	.bytes = sizeof(struct weft_conf_route),
	.place_offset = offsetof(struct weft_conf_route, place),
};

static const struct conf_field schema_router[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_router, name), .is_required = true,
	  .help = "Unique among routers." },
	{ "project", CONF_TEXT, CONF_AT(weft_conf_router, project), .max = 255,
	  .help = "The tenant that owns the router." },
	{ "admin", CONF_WORD, CONF_AT(weft_conf_router, admin_up), .words = conf_admin_words,
	  .what = "an admin state", .fallback = "up",
	  .help = "A router that is down forwards nothing." },
	{ "interfaces", CONF_OBJECT, CONF_LIST(weft_conf_router, interfaces, n_interfaces),
	  .most = WEFT_CONF_INTERFACES_MAX, .object = &conf_interface_object,
	  .help = "Where it meets the networks that it connects." },
	{ "gateway", CONF_OBJECT, CONF_AT(weft_conf_router, gateway),
	  .has_offset = offsetof(struct weft_conf_router, gateway.is_there),
	  .object = &conf_gateway_object, .help = "Where it leads out of the cloud." },
	{ "routes", CONF_OBJECT, CONF_LIST(weft_conf_router, routes, n_routes),
	  .most = WEFT_CONF_ROUTES_MAX, .object = &conf_router_route_object,
	  .help = "Ways to what is not on its links." },
	{ "nat", CONF_OBJECT, CONF_AT(weft_conf_router, nat), .object = &conf_nat_object,
	  .help = "How the sources of many become few." },
	{ "floating-ips", CONF_OBJECT, CONF_LIST(weft_conf_router, floating_ips, n_floating_ips),
	  .most = WEFT_CONF_FLOATING_IPS_MAX, .object = &conf_floating_ip_object,
	  .help = "Outside addresses that are those of single guests." },
	{ "port-forwardings", CONF_OBJECT, CONF_LIST(weft_conf_router, forwardings, n_forwardings),
	  .most = WEFT_CONF_FORWARDINGS_MAX, .object = &conf_forwarding_object,
	  .help = "Single ports of outside addresses that are those of guests." },
	{ "firewall", CONF_OBJECT, CONF_LIST(weft_conf_router, firewall, n_firewall),
	  .most = WEFT_CONF_FIREWALL_MAX, .is_ordered = true, .object = &conf_firewall_object,
	  .help = "What may pass. Without a rule everything may; if there is one, what matches "
		  "none "
		  "is denied." },
};

const struct conf_object conf_router_object = {
	.title = "routers",
	.help = "What connects networks with each other, and with the outside.",
	CONF_FIELDS(schema_router),
	.bytes = sizeof(struct weft_conf_router),
	.place_offset = offsetof(struct weft_conf_router, place),
};
