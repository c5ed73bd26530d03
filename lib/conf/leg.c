/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/leg.h"

#include <stdlib.h>

#include "conf/value.h"

static void
leg_add(struct conf_legs *legs, const struct conf_check *check, const struct conf_node *object,
	const char *network, const struct weft_ip *address, const struct rte_ether_addr *mac)
{
	struct conf_leg *leg = &legs->list[legs->n];

	*leg = (struct conf_leg){
		.network = conf_index_find(&check->networks, network),
		.address = *address,
		.mac = mac != NULL && !rte_is_zero_ether_addr(mac) ? mac : NULL,
		.object = object,
		.order = legs->n,
	};
	if (address->family != 0)
		conf_ip_mask(address, address->prefix, &leg->link);
	else
		legs->is_whole = false;
	legs->n++;
}

/** Whether a list became elements. One that is no list, or too long, did not. */
static bool
leg_is_read(const struct conf_node *list, uint32_t n)
{
	return list == NULL || conf_node_is_null(list) ||
	       (list->kind == CONF_NODE_LIST && list->n == n);
}

void
conf_legs_read(struct conf_legs *legs, const struct conf_check *check, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];
	const struct weft_conf_gateway *gateway = &router->gateway;
	const struct conf_node *said = conf_node_get(object, "gateway");

	legs->n = 0;
	legs->is_whole = leg_is_read(conf_node_get(object, "interfaces"), router->n_interfaces) &&
			 gateway->is_there == (said != NULL);
	for (uint32_t i = 0; i < router->n_interfaces; i++) {
		const struct weft_conf_interface *interface = &router->interfaces[i];

		leg_add(legs, check, conf_node_item(object, "interfaces", i), interface->network,
			&interface->address, interface->has_mac ? &interface->mac : NULL);
	}
	if (gateway->is_there)
		leg_add(legs, check, said, gateway->network, &gateway->address,
			gateway->has_mac ? &gateway->mac : NULL);
}

static int
leg_compare_order(const struct conf_leg *a, const struct conf_leg *b)
{
	return a->order < b->order ? -1 : 1;
}

static int
leg_compare_network(const void *left, const void *right)
{
	const struct conf_leg *a = left, *b = right;

	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	return leg_compare_order(a, b);
}

static int
leg_compare_link(const void *left, const void *right)
{
	const struct conf_leg *a = left, *b = right;
	int order = weft_ip_compare(&a->link, &b->link);

	if (order == 0)
		order = a->link.prefix - b->link.prefix;
	return order != 0 ? order : leg_compare_order(a, b);
}

void
conf_legs_sort_by_network(struct conf_legs *legs)
{
	qsort(legs->list, legs->n, sizeof(*legs->list), leg_compare_network);
}

void
conf_legs_sort_by_link(struct conf_legs *legs)
{
	qsort(legs->list, legs->n, sizeof(*legs->list), leg_compare_link);
}

const struct conf_leg *
conf_legs_find(const struct conf_legs *legs, const struct weft_ip *ip)
{
	for (uint32_t i = 0; i < legs->n; i++)
		if (legs->list[i].link.family != 0 && weft_ip_is_in(ip, &legs->list[i].link))
			return &legs->list[i];
	return NULL;
}
