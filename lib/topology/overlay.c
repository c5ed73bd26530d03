/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "tunnel/remote.h"

static void *
overlay_append(void **list, uint32_t *n, size_t bytes)
{
	void *longer = realloc(*list, (*n + 1) * bytes);

	if (longer == NULL)
		return NULL;
	*list = longer;
	return (char *)longer + (*n)++ * bytes;
}

static int
overlay_add_home(struct weft_facts *facts, const struct rte_ether_addr *mac, uint16_t place)
{
	struct weft_home *home =
		overlay_append((void **)&facts->homes, &facts->n_homes, sizeof(*home));

	if (home == NULL)
		return -ENOMEM;
	*home = (struct weft_home){ .mac = *mac, .place = place };
	return 0;
}

static int
overlay_add_known(struct weft_facts *facts, const struct weft_ip *ip,
		  const struct rte_ether_addr *mac)
{
	struct weft_known *known =
		overlay_append((void **)&facts->known, &facts->n_known, sizeof(*known));

	if (known == NULL)
		return -ENOMEM;
	*known = (struct weft_known){ .ip = *ip, .mac = *mac };
	return 0;
}

static int
overlay_hold(const struct weft_ip *address, uint16_t *place)
{
	*place = weft_remote_hold(address);
	if (*place != WEFT_NO_PORT)
		return 0;
	weft_error("more than %d remote tunnel endpoints", WEFT_REMOTES_MAX);
	return -ENOSPC;
}

static int
overlay_add_neighbours(struct weft_facts *facts, const struct weft_conf_network *conf)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < conf->n_neighbours; i++) {
		const struct weft_conf_neighbour *neighbour = &conf->neighbours[i];
		uint16_t place;

		rc = overlay_hold(&neighbour->at, &place);
		if (rc != 0)
			break;
		rc = overlay_add_home(facts, &neighbour->mac, place);
		if (rc != 0)
			weft_remote_release(place);
		else if (neighbour->has_ip)
			rc = overlay_add_known(facts, &neighbour->ip, &neighbour->mac);
	}
	return rc;
}

static int
overlay_add_subnets(struct weft_facts *facts, const struct weft_conf_network *conf)
{
	facts->subnets = calloc(conf->n_subnets + 1, sizeof(*facts->subnets));
	if (facts->subnets == NULL)
		return -ENOMEM;
	facts->n_subnets = conf->n_subnets;
	for (uint32_t i = 0; i < conf->n_subnets; i++)
		facts->subnets[i] = (struct weft_subnet){
			.cidr = conf->subnets[i].cidr,
			.gateway = conf->subnets[i].gateway,
		};
	return 0;
}

int
weft_overlay_build(struct weft_network *network, const struct weft_conf_network *conf)
{
	int rc;

	network->facts = calloc(1, sizeof(*network->facts));
	network->members = calloc(conf->n_peers + 1, sizeof(*network->members));
	if (network->facts == NULL || network->members == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < conf->n_peers; i++) {
		rc = overlay_hold(&conf->peers[i], &network->members[i]);
		if (rc != 0)
			return rc;
		network->n_members++;
	}
	rc = overlay_add_neighbours(network->facts, conf);
	return rc == 0 ? overlay_add_subnets(network->facts, conf) : rc;
}

int
weft_overlay_add_port(struct weft_network *network, const struct weft_conf_port *port, uint16_t id)
{
	int rc = 0;

	if (!port->has_mac)
		return 0;
	rc = overlay_add_home(network->facts, &port->mac, id);
	for (uint32_t i = 0; rc == 0 && i < port->n_addresses; i++)
		rc = overlay_add_known(network->facts, &port->addresses[i], &port->mac);
	return rc;
}

int
weft_overlay_add_leg(struct weft_network *network, const struct weft_ip *ip,
		     const struct rte_ether_addr *mac)
{
	if (network->facts == NULL)
		network->facts = calloc(1, sizeof(*network->facts));
	return network->facts == NULL ? -ENOMEM : overlay_add_known(network->facts, ip, mac);
}

static int
overlay_compare_known(const void *a, const void *b)
{
	const struct weft_known *left = a, *right = b;

	return weft_ip_compare(&left->ip, &right->ip);
}

void
weft_overlay_settle(struct weft_network *network)
{
	if (network->facts->n_known > 1)
		qsort(network->facts->known, network->facts->n_known,
		      sizeof(*network->facts->known), overlay_compare_known);
}

void
weft_overlay_release(struct weft_network *network)
{
	for (uint16_t i = 0; network->members != NULL && i < network->n_members; i++)
		if (weft_place_is_remote(network->members[i]))
			weft_remote_release(network->members[i]);
	for (uint32_t i = 0; network->facts != NULL && i < network->facts->n_homes; i++)
		if (weft_place_is_remote(network->facts->homes[i].place))
			weft_remote_release(network->facts->homes[i].place);
}
