/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static STAILQ_HEAD(,
		   weft_segment_driver) network_drivers = STAILQ_HEAD_INITIALIZER(network_drivers);

void
weft_segment_driver_add(struct weft_segment_driver *driver)
{
	STAILQ_INSERT_TAIL(&network_drivers, driver, next);
}

const struct weft_segment_ops *
weft_segment_find(enum weft_network_type type)
{
	struct weft_segment_driver *driver;

	STAILQ_FOREACH(driver, &network_drivers, next)
		if (driver->ops->type == type)
			return driver->ops;
	return NULL;
}

static void
network_destroy_facts(struct weft_facts *facts)
{
	if (facts == NULL)
		return;
	free(facts->homes);
	free(facts->known);
	free(facts->subnets);
	free(facts);
}

void
weft_network_destroy(struct weft_network *network)
{
	if (network == NULL)
		return;
	network_destroy_facts(network->facts);
	free(network->statics);
	free(network->members);
	free(network->doors);
	free(network);
}

static bool
network_has_same_doors(const struct weft_network *a, const struct weft_network *b)
{
	bool is_same = a->n_doors == b->n_doors;

	for (uint16_t i = 0; is_same && i < a->n_doors; i++)
		is_same = a->doors[i].router == b->doors[i].router &&
			  rte_is_same_ether_addr(&a->doors[i].mac, &b->doors[i].mac);
	return is_same;
}

bool
weft_network_is_same(const struct weft_network *a, const struct weft_network *b)
{
	return a->id == b->id && a->wire == b->wire && a->admin_up == b->admin_up &&
	       a->is_filtered == b->is_filtered && a->gathers == b->gathers &&
	       a->drops_at_limit == b->drops_at_limit && a->drops_unknown == b->drops_unknown &&
	       a->segment == b->segment && a->mtu == b->mtu && a->mac_age_sec == b->mac_age_sec &&
	       a->mac_limit == b->mac_limit && a->segment_ops == b->segment_ops &&
	       a->n_statics == b->n_statics && strcmp(a->name, b->name) == 0 &&
	       network_has_same_doors(a, b) &&
	       memcmp(a->statics, b->statics, a->n_statics * sizeof(*a->statics)) == 0;
}

bool
weft_network_has_same_members(const struct weft_network *a, const struct weft_network *b)
{
	return a->n_members == b->n_members &&
	       memcmp(a->members, b->members, a->n_members * sizeof(*a->members)) == 0;
}

static bool
network_is_same_home(const struct weft_home *a, const struct weft_home *b)
{
	return a->place == b->place && rte_is_same_ether_addr(&a->mac, &b->mac);
}

static bool
network_is_same_known(const struct weft_known *a, const struct weft_known *b)
{
	return weft_ip_compare(&a->ip, &b->ip) == 0 && rte_is_same_ether_addr(&a->mac, &b->mac);
}

static bool
network_is_same_subnet(const struct weft_subnet *a, const struct weft_subnet *b)
{
	return a->cidr.prefix == b->cidr.prefix && weft_ip_compare(&a->cidr, &b->cidr) == 0 &&
	       weft_ip_compare(&a->gateway, &b->gateway) == 0;
}

bool
weft_network_has_same_facts(const struct weft_network *a, const struct weft_network *b)
{
	const struct weft_facts *old = a->facts, *new = b->facts;

	if (old == NULL || new == NULL)
		return old == new;
	if (old->n_homes != new->n_homes || old->n_known != new->n_known ||
	    old->n_subnets != new->n_subnets)
		return false;
	for (uint32_t i = 0; i < old->n_homes; i++)
		if (!network_is_same_home(&old->homes[i], &new->homes[i]))
			return false;
	for (uint32_t i = 0; i < old->n_known; i++)
		if (!network_is_same_known(&old->known[i], &new->known[i]))
			return false;
	for (uint32_t i = 0; i < old->n_subnets; i++)
		if (!network_is_same_subnet(&old->subnets[i], &new->subnets[i]))
			return false;
	return true;
}

const struct weft_door *
weft_network_find_door(const struct weft_network *network, const struct rte_ether_addr *mac)
{
	for (uint16_t i = 0; i < network->n_doors; i++)
		if (rte_is_same_ether_addr(&network->doors[i].mac, mac))
			return &network->doors[i];
	return NULL;
}

static int
network_compare_known(const void *ip, const void *known)
{
	return weft_ip_compare(ip, &((const struct weft_known *)known)->ip);
}

const struct weft_known *
weft_network_find_known(const struct weft_network *network, const struct weft_ip *ip)
{
	const struct weft_facts *facts = network->facts;

	if (facts == NULL || facts->n_known == 0)
		return NULL;
	return bsearch(ip, facts->known, facts->n_known, sizeof(*facts->known),
		       network_compare_known);
}

const struct weft_ip *
weft_network_gateway(const struct weft_network *network, const struct weft_ip *ip)
{
	const struct weft_facts *facts = network->facts;
	struct weft_ip plain = *ip;

	plain.prefix = ip->family == AF_INET ? 32 : 128;
	for (uint32_t i = 0; facts != NULL && i < facts->n_subnets; i++) {
		const struct weft_subnet *subnet = &facts->subnets[i];

		if (weft_ip_is_in(&plain, &subnet->cidr))
			return subnet->gateway.family != 0 ? &subnet->gateway : NULL;
	}
	return NULL;
}

void
weft_network_describe(const struct weft_network *network, char *text, size_t size)
{
	if (network->segment_ops == NULL)
		snprintf(text, size, "local");
	else if (network->segment == 0)
		snprintf(text, size, "%s", network->segment_ops->name);
	else
		snprintf(text, size, "%s %u", network->segment_ops->name, network->segment);
}
