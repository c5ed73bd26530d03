/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"
#include "conf/schema.h"

static const struct conf_field schema_route[] = {
	{ "destination", CONF_SUBNET, CONF_AT(weft_conf_route, destination), .is_required = true,
	  .help = "The addresses, as prefix and length; not those of the link, which are reached "
		  "without a router." },
	{ "next-hop", CONF_ADDRESS, CONF_AT(weft_conf_route, next_hop), .is_required = true,
	  .help = "The router, an address of the link." },
};

const struct conf_object conf_route_object = {
	.title = "routes",
	.help = "Ways to tunnel endpoints that are not on the link. The longest prefix wins; equal "
		"destinations, at most 8, share the load: a flow stays on one way.",
	CONF_FIELDS(schema_route),
	.bytes = sizeof(struct weft_conf_route),
	.place_offset = offsetof(struct weft_conf_route, place),
};

static const struct conf_field schema_endpoint[] = {
	{ "physical-network", CONF_NAME, CONF_AT(weft_conf_endpoint, wire), .is_required = true,
	  .help = "The wire." },
	{ "address", CONF_LINK, CONF_AT(weft_conf_endpoint, address), .is_required = true,
	  .help = "The endpoint's own address with the prefix length of its link; with IPv4 all "
		  "tunnels are IPv4, with IPv6 all are IPv6." },
	{ "vlan", CONF_INTEGER, CONF_AT(weft_conf_endpoint, vlan), .min = 1, .max = 4094,
	  .what = "a VLAN id",
	  .help = "The VLAN of the wire where the endpoint is; no network has the same one. "
		  "Without it the endpoint is untagged." },
	{ "gateway", CONF_ADDRESS, CONF_LIST(weft_conf_endpoint, gateways, n_gateways),
	  .may_be_single = true, .most = 8,
	  .help = "The router of the link for all that no other route leads to; several share the "
		  "load." },
	{ "routes", CONF_OBJECT, CONF_LIST(weft_conf_endpoint, routes, n_routes),
	  .object = &conf_route_object, .help = "More routes." },
	{ "mac", CONF_MAC, CONF_AT(weft_conf_endpoint, mac),
	  .has_offset = offsetof(struct weft_conf_endpoint, has_mac),
	  .fallback_says = "made from the address", .help = "The endpoint's own MAC address." },
	{ "vxlan-port", CONF_INTEGER, CONF_AT(weft_conf_endpoint, vxlan_port), .min = 1,
	  .max = 65535, .what = "a UDP port", .fallback = "4789",
	  .help = "Where VXLAN is sent to and expected." },
	{ "geneve-port", CONF_INTEGER, CONF_AT(weft_conf_endpoint, geneve_port), .min = 1,
	  .max = 65535, .what = "a UDP port", .fallback = "6081",
	  .help = "Where Geneve is sent to and expected; another one than vxlan-port." },
	{ "dscp", CONF_INTEGER, CONF_AT(weft_conf_endpoint, dscp), .max = 63, .what = "a DSCP",
	  .fallback = "0", .help = "The DSCP of the outer header." },
	{ "ttl", CONF_INTEGER, CONF_AT(weft_conf_endpoint, ttl), .min = 1, .max = 255,
	  .what = "a TTL", .fallback = "64", .help = "The TTL or hop limit of the outer header." },
	{ "udp-checksum", CONF_BOOL, CONF_AT(weft_conf_endpoint, udp_checksum), .fallback = "true",
	  .help = "Whether the outer UDP header has a checksum when it is on IPv6. Without, it is "
		  "zero, which is cheaper, but peers must have been told (RFC 6935, RFC 6936). On "
		  "IPv4 it is always zero." },
};

const struct conf_object conf_endpoint_object = {
	.title = "tunnel-endpoint",
	.help = "Where the tunnels of overlays begin and end (VTEP): a small IP host on a wire, "
		"with an address and a MAC of its own.",
	CONF_FIELDS(schema_endpoint),
	.bytes = sizeof(struct weft_conf_endpoint),
	.place_offset = offsetof(struct weft_conf_endpoint, place),
	.may_be_null = true,
};
