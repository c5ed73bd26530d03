/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/way.h"

#include <arpa/inet.h>
#include <stdlib.h>

static struct conf_ways
way_room(size_t n)
{
	struct conf_ways ways = { .list = calloc(n + 1, sizeof(*ways.list)) };

	if (ways.list == NULL)
		abort();
	return ways;
}

static void
way_add_gateway(struct conf_ways *ways, const struct weft_ip *gateway, const struct conf_node *node,
		const struct conf_node *owner)
{
	ways->list[ways->n++] = (struct conf_way){
		.destination.family = gateway->family,
		.next_hop = *gateway,
		.node = node,
		.owner = owner,
	};
}

static void
way_add_routes(struct conf_ways *ways, const struct weft_conf_route *routes, uint32_t n,
	       const struct conf_node *object)
{
	for (uint32_t i = 0; i < n; i++)
		ways->list[ways->n++] = (struct conf_way){
			.destination = routes[i].destination,
			.next_hop = routes[i].next_hop,
			.node = conf_node_item(object, "routes", i),
			.owner = conf_node_get(object, "routes"),
		};
}

struct conf_ways
conf_ways_of_endpoint(const struct weft_conf *conf, const struct conf_node *tree)
{
	const struct conf_node *object = conf_node_get(tree, "tunnel-endpoint");
	const struct weft_conf_endpoint *endpoint = &conf->endpoint;
	struct conf_ways ways = way_room((size_t)endpoint->n_gateways + endpoint->n_routes);

	for (uint32_t i = 0; i < endpoint->n_gateways; i++)
		way_add_gateway(&ways, &endpoint->gateways[i], conf_node_item(object, "gateway", i),
				conf_node_get(object, "gateway"));
	way_add_routes(&ways, endpoint->routes, endpoint->n_routes, object);
	return ways;
}

struct conf_ways
conf_ways_of_router(const struct weft_conf *conf, const struct conf_node *tree, uint32_t at)
{
	const struct conf_node *object = conf_node_item(tree, "routers", at);
	const struct conf_node *gateway = conf_node_get(object, "gateway");
	const struct weft_conf_router *router = &conf->routers[at];
	struct conf_ways ways = way_room((size_t)router->n_routes + 1);

	if (router->gateway.has_next_hop)
		way_add_gateway(&ways, &router->gateway.next_hop,
				conf_node_get(gateway, "next-hop"), gateway);
	way_add_routes(&ways, router->routes, router->n_routes, object);
	return ways;
}

void
conf_ways_claim(const struct conf_ways *ways, struct conf_claims *claims, uint32_t scope)
{
	char to[INET6_ADDRSTRLEN + 4], by[INET6_ADDRSTRLEN + 4];

	for (uint32_t i = 0; i < ways->n; i++) {
		const struct conf_way *way = &ways->list[i];

		if (way->destination.family == 0 || way->next_hop.family == 0)
			continue;
		weft_ip_format(&way->destination, to);
		weft_ip_format(&way->next_hop, by);
		conf_claim_add(claims, scope, "in", way->node, way->owner, "%s by %s", to, by);
	}
}

/** By destination, those that were first first. */
static int
way_compare(const void *left, const void *right)
{
	const struct conf_way *a = *(struct conf_way *const *)left;
	const struct conf_way *b = *(struct conf_way *const *)right;
	int order = weft_ip_compare(&a->destination, &b->destination);

	if (order == 0)
		order = a->destination.prefix - b->destination.prefix;
	return order != 0 ? order : a < b ? -1 : 1;
}

static bool
way_is_to_same(const struct conf_way *a, const struct conf_way *b)
{
	return weft_ip_compare(&a->destination, &b->destination) == 0 &&
	       a->destination.prefix == b->destination.prefix;
}

static void
way_report_share(const struct conf_way *first, const struct conf_way *way,
		 struct conf_report *report)
{
	char text[INET6_ADDRSTRLEN + 4];
	char place[CONF_PLACE_BYTES];

	weft_ip_format(&way->destination, text);
	conf_report_node(report, way->node,
			 "%s has %u next hops already, which is the most (the first: %s)", text,
			 WEFT_CONF_NEXT_HOPS_MAX, conf_report_place(first->node, place));
}

void
conf_ways_check_shares(const struct conf_ways *ways, struct conf_report *report)
{
	const struct conf_way **sorted = calloc((size_t)ways->n + 1, sizeof(*sorted));
	uint32_t first = 0;

	if (sorted == NULL)
		abort();
	for (uint32_t i = 0; i < ways->n; i++)
		sorted[i] = &ways->list[i];
	qsort(sorted, ways->n, sizeof(*sorted), way_compare);
	for (uint32_t i = 1; i < ways->n; i++) {
		if (!way_is_to_same(sorted[i], sorted[first]))
			first = i;
		if (sorted[i]->destination.family != 0 && i - first == WEFT_CONF_NEXT_HOPS_MAX)
			way_report_share(sorted[first], sorted[i], report);
	}
	free(sorted);
}
