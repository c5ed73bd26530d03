/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/socket.h>

#include "conf/check.h"
#include "conf/check_firewall.h"
#include "conf/check_interface.h"
#include "conf/check_nat.h"
#include "conf/leg.h"
#include "conf/schema.h"
#include "conf/value.h"
#include "conf/way.h"

static void
check_router_network(struct conf_check *check, const struct conf_leg *leg, const char *name)
{
	if (name != NULL && leg->network == CONF_INDEX_NONE)
		conf_check_report_unknown(check, conf_node_get(leg->object, "network"), "networks");
}

/** A gateway leads out of the cloud. */
static void
check_router_external(struct conf_check *check, const struct conf_leg *gateway)
{
	const struct conf_field *field = conf_object_find(&conf_network_object, "external");
	const struct conf_node *network, *said, *node = conf_node_get(gateway->object, "network");
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	if (gateway->network == CONF_INDEX_NONE || check->conf->networks[gateway->network].external)
		return;
	network = conf_node_item(check->tree, "networks", gateway->network);
	said = conf_node_get(network, "external");
	/* One that could not be read is false too. */
	if (said != NULL && !conf_value_is_right(field, said))
		return;
	conf_node_path(network, path);
	conf_report_node(check->report, node, "%s is not external; %s needs 'external: true' (%s)",
			 node->text, path, conf_report_place(said != NULL ? said : network, place));
}

static void
check_router_legs(struct conf_check *check, const struct conf_subnets *subnets,
		  const struct weft_conf_router *router, const struct conf_legs *legs)
{
	for (uint32_t i = 0; i < legs->n; i++) {
		const struct conf_leg *leg = &legs->list[i];
		bool is_gateway = i == router->n_interfaces;

		check_router_network(check, leg,
				     is_gateway ? router->gateway.network :
						  router->interfaces[i].network);
		if (is_gateway)
			check_router_external(check, leg);
		conf_check_interface(check, subnets, leg);
	}
}

static void
check_router_report_overlap(struct conf_check *check, const struct conf_leg *a,
			    const struct conf_leg *b)
{
	const struct conf_leg *first = a->order < b->order ? a : b;
	const struct conf_leg *second = a->order < b->order ? b : a;
	const struct conf_node *here = conf_node_get(second->object, "address");
	const struct conf_node *there = conf_node_get(first->object, "address");
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	conf_node_path(first->object, path);
	conf_report_node(check->report, here, "%s overlaps %s of %s (%s)", here->text, there->text,
			 path, conf_report_place(there, place));
}

/** What is there twice is reported as that: two legs claim it. */
static bool
check_router_is_twice(const struct conf_leg *a, const struct conf_leg *b)
{
	return a->network == b->network && weft_ip_compare(&a->address, &b->address) == 0;
}

/** Two links are disjoint or one contains the other, so it is enough to remember the last one that
 *  was not contained. */
static void
check_router_overlaps(struct conf_check *check, const struct conf_legs *legs)
{
	struct conf_legs sorted = *legs;
	const struct conf_leg *widest = NULL;

	conf_legs_sort_by_link(&sorted);
	for (uint32_t i = 0; i < sorted.n; i++) {
		const struct conf_leg *leg = &sorted.list[i];

		/* A link-local one is wrong by itself. */
		if (leg->link.family == 0 || conf_ip_is_link_local(&leg->address))
			continue;
		if (widest == NULL || !weft_ip_is_in(&leg->link, &widest->link))
			widest = leg;
		else if (!check_router_is_twice(widest, leg))
			check_router_report_overlap(check, widest, leg);
	}
}

/** Reports a next hop of another family than what it leads to. @return whether it is of this one */
static bool
check_router_family(struct conf_check *check, const struct conf_node *node,
		    const struct weft_ip *next_hop, const struct conf_node *other,
		    const struct weft_ip *to)
{
	char place[CONF_PLACE_BYTES];

	if (next_hop->family == 0 || to->family == 0 || next_hop->family == to->family)
		return next_hop->family != 0;
	conf_report_node(check->report, node, "%s is not an IPv%c address, as the %s %s is (%s)",
			 node->text, to->family == AF_INET ? '4' : '6', other->key, other->text,
			 conf_report_place(other, place));
	return false;
}

/** Reports a next hop that is nobody else's on its link. */
static void
check_router_host(struct conf_check *check, const struct conf_node *node,
		  const struct weft_ip *next_hop, const struct conf_leg *leg)
{
	const char *reserved = conf_ip_reserved(next_hop, leg->address.prefix);
	const struct conf_node *said = conf_node_get(leg->object, "address");
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	conf_node_path(leg->object, path);
	if (weft_ip_compare(next_hop, &leg->address) == 0)
		conf_report_node(check->report, node, "%s is the address of %s itself (%s)",
				 node->text, path, conf_report_place(said, place));
	else if (reserved != NULL)
		conf_report_node(check->report, node, "%s is the %s address of the link %s (%s)",
				 node->text, reserved, said->text, conf_report_place(said, place));
}

/** The gateway's own next hop is on its link. */
static void
check_router_gateway(struct conf_check *check, const struct weft_conf_router *router,
		     const struct conf_leg *leg)
{
	const struct conf_node *node = conf_node_get(leg->object, "next-hop");
	const struct conf_node *said = conf_node_get(leg->object, "address");
	const struct weft_ip *next_hop = &router->gateway.next_hop;
	char place[CONF_PLACE_BYTES];

	if (leg->address.family == 0 ||
	    !check_router_family(check, node, next_hop, said, &leg->address))
		return;
	if (weft_ip_is_in(next_hop, &leg->link))
		check_router_host(check, node, next_hop, leg);
	else
		conf_report_node(check->report, node, "%s is not on the link of %s (%s)",
				 node->text, said->text, conf_report_place(said, place));
}

/** What is on a link is sent to nobody else, so a route to all of it would mean nothing. */
static void
check_router_destination(struct conf_check *check, const struct conf_node *node,
			 const struct weft_ip *destination, const struct conf_legs *legs)
{
	const struct conf_leg *leg = conf_legs_find(legs, destination);
	const struct conf_node *said;
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	if (destination->family == 0 || leg == NULL || leg->link.prefix != destination->prefix)
		return;
	said = conf_node_get(leg->object, "address");
	conf_node_path(leg->object, path);
	conf_report_node(check->report, node, "%s is the link of %s (%s) and needs no route",
			 node->text, path, conf_report_place(said, place));
}

static void
check_router_route(struct conf_check *check, const struct weft_conf_route *route,
		   const struct conf_node *object, const struct conf_legs *legs)
{
	const struct conf_node *destination = conf_node_get(object, "destination");
	const struct conf_node *node = conf_node_get(object, "next-hop"), *router;
	const struct conf_leg *leg = conf_legs_find(legs, &route->next_hop);
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	check_router_destination(check, destination, &route->destination, legs);
	if (!check_router_family(check, node, &route->next_hop, destination, &route->destination))
		return;
	if (leg != NULL) {
		check_router_host(check, node, &route->next_hop, leg);
	} else if (legs->is_whole) {
		router = object->parent->parent;
		conf_node_path(router, path);
		conf_report_node(check->report, node, "%s is on no link of %s (%s)", node->text,
				 path, conf_report_place(router, place));
	}
}

/** Each route looks at each link: of these a router has a few. */
static void
check_router_routes(struct conf_check *check, uint32_t at, const struct conf_legs *legs)
{
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];
	struct conf_ways ways = conf_ways_of_router(check->conf, check->tree, at);

	if (router->gateway.has_next_hop)
		check_router_gateway(check, router, &legs->list[router->n_interfaces]);
	for (uint32_t i = 0; i < router->n_routes; i++)
		check_router_route(check, &router->routes[i], conf_node_item(object, "routes", i),
				   legs);
	conf_ways_check_shares(&ways, check->report);
	free(ways.list);
}

/** Whether any router leads to addresses of ports. */
static bool
check_router_needs_fixed(const struct weft_conf *conf)
{
	for (uint32_t i = 0; i < conf->n_routers; i++)
		if (conf->routers[i].n_floating_ips > 0 || conf->routers[i].n_forwardings > 0)
			return true;
	return false;
}

void
conf_check_routers(struct conf_check *check)
{
	struct conf_subnets subnets = { 0 };
	struct conf_fixed fixed = { 0 };
	struct conf_legs legs;

	if (check->conf->n_routers > 0)
		subnets = conf_subnets_sort(check->conf);
	if (check_router_needs_fixed(check->conf))
		conf_fixed_build(&fixed, check);
	for (uint32_t i = 0; i < check->conf->n_routers; i++) {
		conf_legs_read(&legs, check, i);
		check_router_legs(check, &subnets, &check->conf->routers[i], &legs);
		check_router_overlaps(check, &legs);
		check_router_routes(check, i, &legs);
		conf_check_nat(check, i, &legs, &fixed);
		conf_check_firewall(check, i);
	}
	conf_fixed_clear(&fixed);
	free(subnets.list);
}
