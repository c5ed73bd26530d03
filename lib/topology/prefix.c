/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/prefix.h"

#include <errno.h>
#include <stdlib.h>

/* The network of the document behind a number, if some subnet of it is advertised. */
struct prefix_networks {
	const struct weft_conf_network *by_id[WEFT_NETWORKS_MAX];
};

static bool
prefix_is_any(const struct weft_conf_network *network)
{
	for (uint32_t i = 0; i < network->n_subnets; i++)
		if (network->subnets[i].has_ra_mode)
			return true;
	return false;
}

static const struct weft_conf_subnet *
prefix_find(const struct weft_conf_network *network, const struct weft_ip *address)
{
	for (uint32_t i = 0; i < network->n_subnets; i++)
		if (network->subnets[i].has_ra_mode &&
		    weft_ip_is_in(address, &network->subnets[i].cidr))
			return &network->subnets[i];
	return NULL;
}

/* The advert of a router for a network, new if need be. */
static struct weft_advert *
prefix_get_advert(struct weft_router *router, const struct weft_leg *leg, uint32_t mtu)
{
	struct weft_advert *advert = weft_router_advert(router, leg->network);
	struct weft_advert **longer;

	if (advert != NULL)
		return advert;
	longer = realloc(router->adverts, (router->n_adverts + 1u) * sizeof(struct weft_advert *));
	if (longer == NULL)
		return NULL;
	router->adverts = longer;
	advert = weft_advert_create(leg->network, &leg->mac, mtu);
	if (advert != NULL)
		router->adverts[router->n_adverts++] = advert;
	return advert;
}

/* @param n_interfaces  the gateway's leg is behind those of the interfaces */
static int
prefix_build_router(struct weft_topology *topology, struct weft_router *router,
		    uint32_t n_interfaces, const struct prefix_networks *networks)
{
	for (uint32_t i = 0; i < n_interfaces; i++) {
		const struct weft_leg *leg = &router->legs[i];
		const struct weft_conf_network *network = networks->by_id[leg->network];
		const struct weft_conf_subnet *subnet =
			network == NULL ? NULL : prefix_find(network, &leg->address);
		struct weft_advert *advert;

		if (subnet == NULL)
			continue;
		advert = prefix_get_advert(router, leg, network->mtu);
		if (advert == NULL)
			return -ENOMEM;
		weft_advert_add(advert, subnet);
		topology->has_adverts = true;
	}
	return 0;
}

int
weft_prefix_build(struct weft_topology *topology, const struct weft_topology_parts *parts)
{
	const struct weft_conf *conf = parts->conf;
	struct prefix_networks *networks = NULL;
	int rc = 0;

	for (uint32_t i = 0; i < conf->n_networks; i++) {
		if (!prefix_is_any(&conf->networks[i]))
			continue;
		if (networks == NULL)
			networks = calloc(1, sizeof(*networks));
		if (networks == NULL)
			return -ENOMEM;
		networks->by_id[parts->network_ids[i]] = &conf->networks[i];
	}
	for (uint32_t i = 0; networks != NULL && rc == 0 && i < conf->n_routers; i++)
		rc = prefix_build_router(topology, topology->routers[parts->router_ids[i]],
					 conf->routers[i].n_interfaces, networks);
	free(networks);
	return rc;
}
