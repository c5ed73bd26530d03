/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_common.h>

static uint8_t
endpoint_plain_prefix(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static bool
endpoint_is_same_prefix(const struct weft_ip *a, const struct weft_ip *b)
{
	return a->prefix == b->prefix && weft_ip_compare(a, b) == 0;
}

/* ---- routes ---- */

uint32_t
weft_endpoint_next_hops(const struct weft_endpoint *endpoint, const struct weft_ip *to,
			struct weft_ip hops[WEFT_NEXT_HOPS_MAX])
{
	struct weft_ip address = *to;
	const struct weft_route *route;
	uint32_t n = 0;

	address.prefix = endpoint_plain_prefix(to->family);
	if (weft_ip_is_in(&address, &endpoint->address)) {
		hops[0] = address;
		return 1;
	}
	route = weft_routes_find(endpoint->routes, endpoint->n_routes, to, &n);
	n = RTE_MIN(n, (uint32_t)WEFT_NEXT_HOPS_MAX);
	for (uint32_t i = 0; i < n; i++)
		hops[i] = route[i].next_hop;
	return n;
}

static void
endpoint_add_route(struct weft_endpoint *endpoint, const struct weft_ip *destination,
		   const struct weft_ip *next_hop)
{
	struct weft_route *route = &endpoint->routes[endpoint->n_routes++];

	route->destination = *destination;
	route->next_hop = *next_hop;
}

static int
endpoint_fill_routes(struct weft_endpoint *endpoint, const struct weft_conf_endpoint *conf)
{
	const struct weft_ip everywhere = { .family = conf->address.family };
	uint32_t n = conf->n_gateways + conf->n_routes;

	if (n == 0)
		return 0;
	endpoint->routes = calloc(n, sizeof(*endpoint->routes));
	if (endpoint->routes == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < conf->n_gateways; i++)
		endpoint_add_route(endpoint, &everywhere, &conf->gateways[i]);
	for (uint32_t i = 0; i < conf->n_routes; i++)
		endpoint_add_route(endpoint, &conf->routes[i].destination,
				   &conf->routes[i].next_hop);
	weft_routes_sort(endpoint->routes, n);
	return 0;
}

/* ---- what the wire must know ---- */

static void
endpoint_fill_formats(struct weft_terminator *terminator, const struct weft_conf_endpoint *conf)
{
	const struct {
		enum weft_network_type type;
		uint32_t udp_port;
	} known[WEFT_TUNNEL_FORMATS] = {
		{ WEFT_NETWORK_VXLAN, conf->vxlan_port },
		{ WEFT_NETWORK_GENEVE, conf->geneve_port },
		{ WEFT_NETWORK_GRE, 0 },
	};
	uint32_t n = 0;

	for (uint32_t i = 0; i < RTE_DIM(known); i++) {
		const struct weft_segment_ops *ops = weft_segment_find(known[i].type);

		if (ops == NULL)
			continue;
		terminator->formats[n].ops = ops;
		terminator->formats[n++].udp_port = rte_cpu_to_be_16((uint16_t)known[i].udp_port);
	}
}

static void
endpoint_fill_terminator(struct weft_terminator *terminator, const struct weft_conf_endpoint *conf)
{
	terminator->is_here = true;
	terminator->family = conf->address.family;
	terminator->prefix = conf->address.prefix;
	terminator->tag = conf->vlan != 0 ? (uint16_t)(WEFT_TAG | conf->vlan) : 0;
	memcpy(terminator->address, conf->address.bytes, sizeof(terminator->address));
	if (conf->has_mac)
		terminator->mac = conf->mac;
	else
		weft_mac_derive(conf->address.bytes,
				endpoint_plain_prefix(conf->address.family) / 8u, &terminator->mac);
	endpoint_fill_formats(terminator, conf);
}

struct weft_endpoint *
weft_endpoint_create(const struct weft_conf_endpoint *conf, uint16_t wire)
{
	/* Zeroed, for a terminator is compared as bytes. */
	struct weft_endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (endpoint == NULL)
		return NULL;
	endpoint->wire = wire;
	endpoint->dscp = (uint8_t)conf->dscp;
	endpoint->ttl = (uint8_t)conf->ttl;
	endpoint->has_udp_checksum = conf->udp_checksum;
	endpoint->address = conf->address;
	endpoint_fill_terminator(&endpoint->terminator, conf);
	if (endpoint_fill_routes(endpoint, conf) < 0) {
		weft_endpoint_destroy(endpoint);
		return NULL;
	}
	return endpoint;
}

void
weft_endpoint_destroy(struct weft_endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	free(endpoint->routes);
	free(endpoint->segments);
	free(endpoint);
}

static bool
endpoint_is_same_terminator(const struct weft_terminator *a, const struct weft_terminator *b)
{
	for (uint32_t i = 0; i < WEFT_TUNNEL_FORMATS; i++)
		if (a->formats[i].ops != b->formats[i].ops ||
		    a->formats[i].udp_port != b->formats[i].udp_port)
			return false;
	return a->is_here == b->is_here && a->family == b->family && a->tag == b->tag &&
	       a->prefix == b->prefix && a->link == b->link &&
	       rte_is_same_ether_addr(&a->mac, &b->mac) &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

bool
weft_endpoint_is_same(const struct weft_endpoint *a, const struct weft_endpoint *b)
{
	return a->wire == b->wire && a->dscp == b->dscp && a->ttl == b->ttl &&
	       a->has_udp_checksum == b->has_udp_checksum &&
	       endpoint_is_same_prefix(&a->address, &b->address) &&
	       endpoint_is_same_terminator(&a->terminator, &b->terminator) &&
	       weft_routes_are_same(a->routes, a->n_routes, b->routes, b->n_routes);
}

/* ---- segments ---- */

/** The room is not kept: it is the power of two from n_segments on, so it is full when that is
 *  one. */
int
weft_endpoint_add_segment(struct weft_endpoint *endpoint, enum weft_network_type type,
			  uint32_t segment, uint16_t network)
{
	uint32_t n = endpoint->n_segments;
	struct weft_segment_entry *entries = endpoint->segments;

	if ((n & (n - 1)) == 0) {
		entries = realloc(entries, RTE_MAX(2 * n, 1u) * sizeof(*entries));
		if (entries == NULL)
			return -ENOMEM;
		endpoint->segments = entries;
	}
	entries[n].id = weft_segment_id(type, segment);
	entries[n].network = network;
	endpoint->n_segments = n + 1;
	return 0;
}

static int
endpoint_compare_segments(const void *left, const void *right)
{
	const struct weft_segment_entry *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

void
weft_endpoint_settle(struct weft_endpoint *endpoint)
{
	if (endpoint->n_segments > 0)
		qsort(endpoint->segments, endpoint->n_segments, sizeof(*endpoint->segments),
		      endpoint_compare_segments);
}

uint16_t
weft_endpoint_find_network(const struct weft_endpoint *endpoint, enum weft_network_type type,
			   uint32_t segment)
{
	const struct weft_segment_entry wanted = { .id = weft_segment_id(type, segment) };
	const struct weft_segment_entry *found = NULL;

	if (endpoint->n_segments > 0)
		found = bsearch(&wanted, endpoint->segments, endpoint->n_segments, sizeof(wanted),
				endpoint_compare_segments);
	return found != NULL ? found->network : WEFT_NO_NETWORK;
}

bool
weft_endpoint_has_same_segments(const struct weft_endpoint *a, const struct weft_endpoint *b)
{
	if (a->n_segments != b->n_segments)
		return false;
	for (uint32_t i = 0; i < a->n_segments; i++)
		if (a->segments[i].id != b->segments[i].id ||
		    a->segments[i].network != b->segments[i].network)
			return false;
	return true;
}

/** Both are sorted, so they are merged; UINT64_MAX is no id and stands behind the last. */
void
weft_endpoint_bump_segments(const struct weft_endpoint *old, const struct weft_endpoint *new)
{
	uint32_t n_old = old != NULL ? old->n_segments : 0;
	uint32_t n_new = new != NULL ? new->n_segments : 0;
	uint32_t i = 0, j = 0;

	while (i < n_old || j < n_new) {
		uint64_t a = i < n_old ? old->segments[i].id : UINT64_MAX;
		uint64_t b = j < n_new ? new->segments[j].id : UINT64_MAX;
		uint64_t id = RTE_MIN(a, b);

		if (a != b || old->segments[i].network != new->segments[j].network)
			weft_gen_bump(weft_gen_slot(WEFT_GEN_SEGMENT, id));
		i += a == id;
		j += b == id;
	}
}
