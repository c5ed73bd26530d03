/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/overlay.h"

static bool
door_add(struct weft_network *network, const struct rte_ether_addr *mac, uint16_t router)
{
	struct weft_door *doors;

	if (weft_network_find_door(network, mac) != NULL)
		return true;
	doors = realloc(network->doors, (network->n_doors + 1u) * sizeof(*doors));
	if (doors == NULL)
		return false;
	network->doors = doors;
	doors[network->n_doors++] = (struct weft_door){ .mac = *mac, .router = router };
	return true;
}

/* By an address outside. */
static bool
door_know(const struct weft_topology *topology, const struct weft_leg *leg, rte_be32_t address)
{
	struct weft_ip ip = { .family = AF_INET, .prefix = 32 };

	memcpy(ip.bytes, &address, sizeof(address));
	return weft_ip_compare(&ip, &leg->address) == 0 ||
	       weft_overlay_add_leg(topology->networks[leg->network], &ip, &leg->mac) == 0;
}

/* Other routers of this host find these without asking. */
static bool
door_know_outside(const struct weft_topology *topology, const struct weft_router *router)
{
	const struct weft_nat *nat = &router->nat;
	const struct weft_leg *leg;
	bool is_done = true;

	if (router->gateway == WEFT_NO_LEG)
		return true;
	leg = &router->legs[router->gateway];
	for (uint32_t i = 0; i < nat->n_pool; i++)
		is_done &= door_know(topology, leg, nat->pool[i]);
	for (uint32_t i = 0; i < nat->n_floating; i++)
		is_done &= door_know(topology, leg, nat->by_outside[i].outside);
	for (uint32_t i = 0; i < nat->n_forwardings; i++)
		if (i == 0 || nat->forwardings[i].outside != nat->forwardings[i - 1].outside)
			is_done &= door_know(topology, leg, nat->forwardings[i].outside);
	return is_done;
}

int
weft_door_open(struct weft_topology *topology, const struct weft_router *router)
{
	bool is_done = !router->admin_up || door_know_outside(topology, router);

	for (uint16_t i = 0; i < router->n_legs; i++) {
		const struct weft_leg *leg = &router->legs[i];
		struct weft_network *network = topology->networks[leg->network];

		is_done &= door_add(network, &leg->mac, router->id);
		if (router->admin_up)
			is_done &= weft_overlay_add_leg(network, &leg->address, &leg->mac) == 0;
	}
	return is_done ? 0 : -ENOMEM;
}
