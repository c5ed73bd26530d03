/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>

#include "conf/check.h"
#include "conf/value.h"

#define CHECK_NEXT_HOPS_MAX 8 /* that share the load of one destination */

static const struct conf_node *
check_endpoint_key(const struct conf_check *check, const char *key)
{
	return conf_node_get(conf_node_get(check->tree, "tunnel-endpoint"), key);
}

bool
conf_check_other_host(struct conf_check *check, const struct conf_node *node,
		      const struct weft_ip *ip)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	const char *reserved = NULL;
	char place[CONF_PLACE_BYTES];

	if (ip->family == 0 || address->family == 0)
		return true;
	if (weft_ip_is_in(ip, address))
		reserved = conf_ip_reserved(ip, address->prefix);
	if (ip->family != address->family)
		conf_report_node(check->report, node,
				 "%s is not an IPv%c address; that of the tunnel-endpoint is (%s)",
				 node->text, address->family == AF_INET ? '4' : '6',
				 conf_report_place(said, place));
	else if (weft_ip_compare(ip, address) == 0)
		conf_report_node(check->report, node,
				 "%s is the address of the tunnel-endpoint itself (%s)", node->text,
				 conf_report_place(said, place));
	else if (reserved != NULL)
		conf_report_node(check->report, node,
				 "%s is the %s address of the tunnel-endpoint's link %s (%s)",
				 node->text, reserved, said->text, conf_report_place(said, place));
	else
		return true;
	return false;
}

/** A router must be on the link. */
static void
check_endpoint_router(struct conf_check *check, const struct conf_node *node,
		      const struct weft_ip *router)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	char place[CONF_PLACE_BYTES];

	if (router->family == 0 || address->family == 0 ||
	    !conf_check_other_host(check, node, router) || weft_ip_is_in(router, address))
		return;
	conf_report_node(check->report, node, "%s is not on the link of %s (%s)", node->text,
			 said->text, conf_report_place(said, place));
}

/** What is on the link is never sent to a router, so a route to it would mean nothing. */
static void
check_endpoint_destination(struct conf_check *check, const struct conf_node *node,
			   const struct weft_ip *destination)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	char place[CONF_PLACE_BYTES];

	if (destination->family == 0 || address->family == 0)
		return;
	if (destination->family != address->family)
		conf_report_node(check->report, node,
				 "%s is not an IPv%c subnet, as the address of the tunnel-endpoint "
				 "is (%s)",
				 node->text, address->family == AF_INET ? '4' : '6',
				 conf_report_place(said, place));
	else if (weft_ip_is_in(destination, address))
		conf_report_node(check->report, node,
				 "%s is on the link of %s (%s) and needs no router", node->text,
				 said->text, conf_report_place(said, place));
}

/** One way out: a gateway is the route to everywhere. */
struct check_endpoint_way {
	struct weft_ip destination;
	const struct conf_node *node;
	uint32_t order;
};

static int
check_endpoint_compare(const void *left, const void *right)
{
	const struct check_endpoint_way *a = left, *b = right;
	int order = weft_ip_compare(&a->destination, &b->destination);

	if (order == 0)
		order = a->destination.prefix - b->destination.prefix;
	return order != 0 ? order : a->order < b->order ? -1 : 1;
}

/** Gateways and routes as one list. The caller frees it. */
static struct check_endpoint_way *
check_endpoint_ways(const struct conf_check *check, uint32_t *n)
{
	const struct conf_node *object = conf_node_get(check->tree, "tunnel-endpoint");
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	struct check_endpoint_way *ways =
		calloc((size_t)endpoint->n_gateways + endpoint->n_routes + 1, sizeof(*ways));

	if (ways == NULL)
		abort();
	*n = 0;
	for (uint32_t i = 0; i < endpoint->n_gateways; i++, (*n)++) {
		ways[*n].destination.family = endpoint->gateways[i].family;
		ways[*n].node = conf_node_item(object, "gateway", i);
	}
	for (uint32_t i = 0; i < endpoint->n_routes; i++, (*n)++) {
		ways[*n].destination = endpoint->routes[i].destination;
		ways[*n].node = conf_node_item(object, "routes", i);
	}
	for (uint32_t i = 0; i < *n; i++)
		ways[i].order = i;
	qsort(ways, *n, sizeof(*ways), check_endpoint_compare);
	return ways;
}

static void
check_endpoint_shares(struct conf_check *check)
{
	uint32_t n, first = 0;
	struct check_endpoint_way *ways = check_endpoint_ways(check, &n);
	char text[INET6_ADDRSTRLEN + 4];
	char place[CONF_PLACE_BYTES];

	for (uint32_t i = 1; i < n; i++) {
		if (weft_ip_compare(&ways[i].destination, &ways[first].destination) != 0 ||
		    ways[i].destination.prefix != ways[first].destination.prefix)
			first = i;
		if (ways[i].destination.family == 0 || i - first != CHECK_NEXT_HOPS_MAX)
			continue;
		weft_ip_format(&ways[i].destination, text);
		conf_report_node(check->report, ways[i].node,
				 "%s has %u next hops already, which is the most (the first: %s)",
				 text, CHECK_NEXT_HOPS_MAX,
				 conf_report_place(ways[first].node, place));
	}
	free(ways);
}

static void
check_endpoint_routes(struct conf_check *check, const struct conf_node *object)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;

	for (uint32_t i = 0; i < endpoint->n_gateways; i++)
		check_endpoint_router(check, conf_node_item(object, "gateway", i),
				      &endpoint->gateways[i]);
	for (uint32_t i = 0; i < endpoint->n_routes; i++) {
		const struct conf_node *route = conf_node_item(object, "routes", i);

		check_endpoint_destination(check, conf_node_get(route, "destination"),
					   &endpoint->routes[i].destination);
		check_endpoint_router(check, conf_node_get(route, "next-hop"),
				      &endpoint->routes[i].next_hop);
	}
	check_endpoint_shares(check);
}

/** What arrives at one port is of one format. */
static void
check_endpoint_udp_ports(struct conf_check *check, const struct conf_node *object)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_node *vxlan = conf_node_get(object, "vxlan-port");
	const struct conf_node *geneve = conf_node_get(object, "geneve-port");
	char place[CONF_PLACE_BYTES];

	if (endpoint->vxlan_port == 0 || endpoint->vxlan_port != endpoint->geneve_port)
		return;
	if (vxlan != NULL && geneve != NULL)
		conf_report_node(check->report, geneve, "%s is the vxlan-port (%s)", geneve->text,
				 conf_report_place(vxlan, place));
	else if (geneve != NULL)
		conf_report_node(check->report, geneve, "%s is the vxlan-port, by default",
				 geneve->text);
	else if (vxlan != NULL)
		conf_report_node(check->report, vxlan, "%s is the geneve-port, by default",
				 vxlan->text);
}

void
conf_check_endpoint(struct conf_check *check)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_node *object = conf_node_get(check->tree, "tunnel-endpoint");

	if (!endpoint->is_there || object->kind != CONF_NODE_MAP)
		return;
	if (endpoint->wire != NULL &&
	    conf_index_find(&check->wires, endpoint->wire) == CONF_INDEX_NONE)
		conf_check_report_unknown(check, conf_node_get(object, "physical-network"),
					  "physical-networks");
	check_endpoint_udp_ports(check, object);
	check_endpoint_routes(check, object);
}
