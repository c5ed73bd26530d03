/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/follow.h"

#include "core/log.h"
#include "fdb/fdb.h"

/* [C] As of the last weft_follow(), whatever snapshots there were in between: networks of ports,
 * wires of networks, plus one; 0: not there. */
static uint32_t follow_networks[WEFT_PORTS_MAX];
static uint32_t follow_wires[WEFT_NETWORKS_MAX];

static bool
follow_has_static(const struct weft_network *network, const struct weft_static_mac *entry)
{
	for (uint16_t i = 0; network != NULL && i < network->n_statics; i++)
		if (rte_is_same_ether_addr(&network->statics[i].mac, &entry->mac))
			return true;
	return false;
}

static void
follow_limits(const struct weft_topology *next)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = next->attachments[id];

		weft_fdb_set_port((uint16_t)id, port == NULL ? 0 : port->mac_limit);
	}
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = next->networks[id];

		if (network != NULL)
			weft_fdb_set_network((uint16_t)id, network->mac_limit,
					     network->mac_age_sec);
	}
}

void
weft_follow_prepare(const struct weft_topology *next)
{
	const struct weft_topology *old = weft_topology;

	/* A new port is polled, and may teach, from the moment of publication. */
	follow_limits(next);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = old == NULL ? NULL : old->networks[id];

		for (uint16_t i = 0; network != NULL && i < network->n_statics; i++)
			if (!follow_has_static(next->networks[id], &network->statics[i]))
				weft_fdb_del_static((uint16_t)id, &network->statics[i].mac);
	}
}

static void
follow_port(uint16_t id, const struct weft_attachment *port)
{
	uint32_t before = follow_networks[id], now = port == NULL ? 0 : port->network + 1u;

	follow_networks[id] = now;
	if (before != 0 && before != now)
		weft_fdb_flush(WEFT_FDB_ANY, id, NULL, false);
}

static void
follow_network(uint16_t id, const struct weft_network *network)
{
	uint32_t before = follow_wires[id], now = network == NULL ? 0 : network->wire + 1u;

	follow_wires[id] = now;
	if (before != 0 && now == 0)
		weft_fdb_flush(id, WEFT_FDB_ANY, NULL, false);
	else if (before != 0 && before != now && before != WEFT_NO_PORT + 1u)
		weft_fdb_flush(id, before - 1, NULL, false);
	if (network == NULL)
		return;
	for (uint16_t i = 0; i < network->n_statics; i++)
		if (weft_fdb_add_static(id, &network->statics[i].mac, network->statics[i].port) !=
		    0)
			weft_error("network %s: no room for its static MACs, see host.mac-entries",
				   network->name);
}

void
weft_follow(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		follow_port((uint16_t)id, weft_topology->attachments[id]);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		follow_network((uint16_t)id, weft_topology->networks[id]);
}
