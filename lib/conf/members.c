/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is in a network: ports, static MACs, neighbours on other hosts, routers, and on a flat
 * network the tunnel endpoint that shares its wire. A MAC or address belongs to one of them.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/claim.h"
#include "conf/claim_nat.h"
#include "conf/leg.h"

/* Each network has two scopes: for those who are in it, and for where MACs are said to be. A port
 * and its own static MAC do not contradict each other, so they are in different ones. */
static uint32_t
members_scope(uint32_t network)
{
	return 2 * network;
}

static uint32_t
members_scope_of_places(uint32_t network)
{
	return 2 * network + 1;
}

/** An untagged endpoint is on the same Ethernet as the flat network of its wire. */
static void
members_claim_endpoint(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_get(check->tree, "tunnel-endpoint");
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct weft_conf_network *network = &check->conf->networks[at];

	if (network->type != WEFT_NETWORK_FLAT || network->wire == NULL || endpoint->wire == NULL ||
	    endpoint->vlan != 0 || strcmp(network->wire, endpoint->wire) != 0)
		return;
	if (endpoint->has_mac)
		conf_claim_mac(claims, members_scope(at), "the MAC of", object, &endpoint->mac);
	conf_claim_ip(claims, members_scope(at), "the address of", conf_node_get(object, "address"),
		      object, &endpoint->address);
}

static void
members_claim_static_macs(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "networks", at);
	const struct weft_conf_network *network = &check->conf->networks[at];

	for (uint32_t i = 0; i < network->n_static_macs; i++)
		conf_claim_mac(claims, members_scope_of_places(at), "the MAC of",
			       conf_node_item(object, "static-macs", i),
			       &network->static_macs[i].mac);
}

static void
members_claim_port(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "ports", at);
	const struct weft_conf_port *port = &check->conf->ports[at];
	uint32_t network = conf_index_find(&check->networks, port->network);

	if (network == CONF_INDEX_NONE)
		return;
	if (port->has_mac)
		conf_claim_mac(claims, members_scope(network), "the MAC of", object, &port->mac);
	for (uint32_t i = 0; i < port->n_addresses; i++)
		conf_claim_ip(claims, members_scope(network), "an address of",
			      conf_node_item(object, "addresses", i), object, &port->addresses[i]);
}

static int
members_compare(const void *left, const void *right)
{
	const struct weft_conf_neighbour *a = *(struct weft_conf_neighbour *const *)left;
	const struct weft_conf_neighbour *b = *(struct weft_conf_neighbour *const *)right;
	int order = memcmp(&a->mac, &b->mac, sizeof(a->mac));

	return order != 0 ? order : a < b ? -1 : 1;
}

/** The neighbours of a network by MAC. The caller frees the array. */
static const struct weft_conf_neighbour **
members_sort_neighbours(const struct weft_conf_network *network)
{
	const struct weft_conf_neighbour **sorted =
		calloc((size_t)network->n_neighbours + 1, sizeof(*sorted));

	if (sorted == NULL)
		abort();
	for (uint32_t i = 0; i < network->n_neighbours; i++)
		sorted[i] = &network->neighbours[i];
	qsort(sorted, network->n_neighbours, sizeof(*sorted), members_compare);
	return sorted;
}

/** Another entry of a MAC must say the same host. */
static void
members_check_move(struct conf_check *check, const struct conf_node *list,
		   const struct weft_conf_network *network, const struct weft_conf_neighbour *first,
		   const struct weft_conf_neighbour *other)
{
	const struct conf_node *here, *there, *mac;
	char place[CONF_PLACE_BYTES];

	if (first->at.family == 0 || other->at.family == 0 ||
	    weft_ip_compare(&first->at, &other->at) == 0)
		return;
	there = conf_node_get(list->items[first - network->neighbours], "at");
	here = conf_node_get(list->items[other - network->neighbours], "at");
	mac = conf_node_get(here->parent, "mac");
	conf_report_node(check->report, here, "%s is at %s (%s); it cannot be at %s too", mac->text,
			 there->text, conf_report_place(there, place), here->text);
}

static void
members_claim_neighbour_ips(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct weft_conf_network *network = &check->conf->networks[at];
	const struct conf_node *object = conf_node_item(check->tree, "networks", at);

	for (uint32_t i = 0; i < network->n_neighbours; i++) {
		const struct conf_node *item = conf_node_item(object, "neighbours", i);

		conf_claim_ip(claims, members_scope(at), "an address of", conf_node_get(item, "ip"),
			      item, &network->neighbours[i].ip);
	}
}

/** A neighbour with several addresses has several entries, which claim his MAC once. */
static void
members_claim_neighbour_macs(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct weft_conf_network *network = &check->conf->networks[at];
	const struct conf_node *object = conf_node_item(check->tree, "networks", at);
	const struct conf_node *list = conf_node_get(object, "neighbours"), *item;
	const struct weft_conf_neighbour **sorted = members_sort_neighbours(network);
	const struct weft_conf_neighbour *first = NULL;

	for (uint32_t i = 0; i < network->n_neighbours; i++) {
		if (rte_is_zero_ether_addr(&sorted[i]->mac))
			continue;
		if (first != NULL && rte_is_same_ether_addr(&first->mac, &sorted[i]->mac)) {
			members_check_move(check, list, network, first, sorted[i]);
			continue;
		}
		first = sorted[i];
		item = list->items[first - network->neighbours];
		conf_claim_mac(claims, members_scope(at), "the MAC of", item, &first->mac);
		conf_claim_mac(claims, members_scope_of_places(at), "the MAC of", item,
			       &first->mac);
	}
	free(sorted);
}

/** Another leg in a network must say the same MAC. */
static void
members_check_mac(struct conf_check *check, const struct conf_leg *first,
		  const struct conf_leg *other)
{
	const struct conf_node *here = conf_node_get(other->object, "mac");
	const struct conf_node *there = conf_node_get(first->object, "mac");
	char place[CONF_PLACE_BYTES];
	char path[CONF_PATH_BYTES];

	if (rte_is_same_ether_addr(first->mac, other->mac))
		return;
	conf_node_path(first->object, path);
	conf_report_node(check->report, here,
			 "%s is not %s, the MAC of %s (%s); a router has one MAC in a network",
			 here->text, there->text, path, conf_report_place(there, place));
}

/** A router with several legs in a network claims its MAC there once. */
static void
members_claim_router_macs(struct conf_check *check, struct conf_claims *claims,
			  const struct conf_legs *legs)
{
	const struct conf_leg *first = NULL;

	for (uint32_t i = 0; i < legs->n; i++) {
		const struct conf_leg *leg = &legs->list[i];

		if (leg->network == CONF_INDEX_NONE || leg->mac == NULL)
			continue;
		if (first != NULL && first->network == leg->network) {
			members_check_mac(check, first, leg);
			continue;
		}
		first = leg;
		conf_claim_mac(claims, members_scope(leg->network), "the MAC of", leg->object,
			       leg->mac);
		conf_claim_mac(claims, members_scope_of_places(leg->network), "the MAC of",
			       leg->object, leg->mac);
	}
}

static void
members_claim_router(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	struct conf_legs legs;
	uint32_t network;

	conf_legs_read(&legs, check, at);
	conf_legs_sort_by_network(&legs);
	for (uint32_t i = 0; i < legs.n; i++) {
		const struct conf_leg *leg = &legs.list[i];

		if (leg->network != CONF_INDEX_NONE)
			conf_claim_ip(claims, members_scope(leg->network), "the address of",
				      conf_node_get(leg->object, "address"), leg->object,
				      &leg->address);
	}
	members_claim_router_macs(check, claims, &legs);
	network = conf_index_find(&check->networks, check->conf->routers[at].gateway.network);
	if (network != CONF_INDEX_NONE)
		conf_claim_outsides(claims, check, at, members_scope(network));
}

void
conf_check_members(struct conf_check *check)
{
	struct conf_claims claims = { 0 };

	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		members_claim_endpoint(check, &claims, i);
		members_claim_static_macs(check, &claims, i);
	}
	for (uint32_t i = 0; i < check->conf->n_ports; i++)
		members_claim_port(check, &claims, i);
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		members_claim_neighbour_ips(check, &claims, i);
		members_claim_neighbour_macs(check, &claims, i);
	}
	for (uint32_t i = 0; i < check->conf->n_routers; i++)
		members_claim_router(check, &claims, i);
	conf_claims_settle(&claims, check->report);
}
