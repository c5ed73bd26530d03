/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/value.h"

static const struct conf_node *
address_subnet_key(struct conf_check *check, uint32_t network, uint32_t subnet, const char *key)
{
	const struct conf_node *object = conf_node_item(check->tree, "networks", network);

	return conf_node_get(conf_node_item(object, "subnets", subnet), key);
}

static void
address_check_gateway(struct conf_check *check, uint32_t network, uint32_t at)
{
	const struct weft_conf_subnet *subnet = &check->conf->networks[network].subnets[at];
	const struct conf_node *cidr = address_subnet_key(check, network, at, "cidr");
	const struct conf_node *gateway = address_subnet_key(check, network, at, "gateway");
	char place[CONF_PLACE_BYTES];

	if (!subnet->has_gateway || subnet->gateway.family == 0 || subnet->cidr.family == 0 ||
	    weft_ip_is_in(&subnet->gateway, &subnet->cidr))
		return;
	conf_report_node(check->report, gateway, "%s is not in %s (%s)", gateway->text, cidr->text,
			 conf_report_place(cidr, place));
}

/** By address, and of equal ones the larger subnet first: what overlaps follows what contains it.
 */
static int
address_compare(const void *left, const void *right)
{
	const struct weft_conf_subnet *a = *(struct weft_conf_subnet *const *)left;
	const struct weft_conf_subnet *b = *(struct weft_conf_subnet *const *)right;
	int order = weft_ip_compare(&a->cidr, &b->cidr);

	if (order == 0)
		order = a->cidr.prefix - b->cidr.prefix;
	return order != 0 ? order : a < b ? -1 : 1;
}

static void
address_report_overlap(struct conf_check *check, uint32_t network, uint32_t a, uint32_t b)
{
	const struct conf_node *first = address_subnet_key(check, network, a < b ? a : b, "cidr");
	const struct conf_node *second = address_subnet_key(check, network, a < b ? b : a, "cidr");
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	conf_node_path(first->parent, path);
	conf_report_node(check->report, second, "%s overlaps %s of %s (%s)", second->text,
			 first->text, path, conf_report_place(first, place));
}

/** Two subnets are disjoint or one contains the other, so it is enough to remember the last one
 *  that was not contained. */
static void
address_check_overlaps(struct conf_check *check, uint32_t at)
{
	const struct weft_conf_network *network = &check->conf->networks[at];
	struct weft_conf_subnet **sorted = calloc((size_t)network->n_subnets + 1, sizeof(*sorted));
	const struct weft_conf_subnet *widest = NULL;

	if (sorted == NULL)
		abort();
	for (uint32_t i = 0; i < network->n_subnets; i++)
		sorted[i] = &network->subnets[i];
	qsort(sorted, network->n_subnets, sizeof(*sorted), address_compare);
	for (uint32_t i = 0; i < network->n_subnets; i++) {
		if (sorted[i]->cidr.family == 0)
			continue;
		if (widest != NULL && weft_ip_is_in(&sorted[i]->cidr, &widest->cidr))
			address_report_overlap(check, at, (uint32_t)(widest - network->subnets),
					       (uint32_t)(sorted[i] - network->subnets));
		else
			widest = sorted[i];
	}
	free(sorted);
}

static bool
address_is_in_network(const struct weft_ip *ip, const struct weft_conf_network *network)
{
	/* Link-local addresses belong to every network. */
	if (ip->family == 0 || network->n_subnets == 0 || conf_ip_is_link_local(ip))
		return true;
	for (uint32_t i = 0; i < network->n_subnets; i++) {
		/* A subnet that could not be read may be the right one. */
		if (network->subnets[i].cidr.family == 0 ||
		    weft_ip_is_in(ip, &network->subnets[i].cidr))
			return true;
	}
	return false;
}

/** Reports an address that is in no subnet of its network. */
static void
address_check(struct conf_check *check, uint32_t network, const struct conf_node *node,
	      const struct weft_ip *ip)
{
	const struct conf_node *object = conf_node_item(check->tree, "networks", network);
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	if (address_is_in_network(ip, &check->conf->networks[network]))
		return;
	conf_node_path(object, path);
	conf_report_node(check->report, node, "%s is in no subnet of %s (%s)", node->text, path,
			 conf_report_place(conf_node_get(object, "subnets"), place));
}

static void
address_check_port(struct conf_check *check, uint32_t at)
{
	const struct weft_conf_port *port = &check->conf->ports[at];
	const struct conf_node *object = conf_node_item(check->tree, "ports", at);
	uint32_t network = conf_index_find(&check->networks, port->network);

	for (uint32_t i = 0; i < port->n_addresses && network != CONF_INDEX_NONE; i++)
		address_check(check, network, conf_node_item(object, "addresses", i),
			      &port->addresses[i]);
}

static void
address_check_neighbours(struct conf_check *check, uint32_t at)
{
	const struct weft_conf_network *network = &check->conf->networks[at];
	const struct conf_node *object = conf_node_item(check->tree, "networks", at);

	for (uint32_t i = 0; i < network->n_neighbours; i++)
		address_check(check, at,
			      conf_node_get(conf_node_item(object, "neighbours", i), "ip"),
			      &network->neighbours[i].ip);
}

void
conf_check_addresses(struct conf_check *check)
{
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		for (uint32_t j = 0; j < check->conf->networks[i].n_subnets; j++)
			address_check_gateway(check, i, j);
		address_check_overlaps(check, i);
		address_check_neighbours(check, i);
	}
	for (uint32_t i = 0; i < check->conf->n_ports; i++)
		address_check_port(check, i);
}
