/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/follow.h"

#include "core/log.h"
#include "fdb/fdb.h"

#define FOLLOW_NOTHING UINT32_MAX

/* [C] What was there before: networks of ports, wires of networks; FOLLOW_NOTHING: not there. */
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

void
weft_follow_prepare(const struct weft_topology *next)
{
	const struct weft_topology *old = weft_topology;

	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = old == NULL ? NULL : old->attachments[id];

		follow_networks[id] = port == NULL ? FOLLOW_NOTHING : port->network;
	}
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = old == NULL ? NULL : old->networks[id];

		follow_wires[id] = network == NULL ? FOLLOW_NOTHING : network->wire;
		for (uint16_t i = 0; network != NULL && i < network->n_statics; i++)
			if (!follow_has_static(next->networks[id], &network->statics[i]))
				weft_fdb_del_static((uint16_t)id, &network->statics[i].mac);
	}
}

static void
follow_port(uint16_t id, const struct weft_attachment *port)
{
	uint32_t before = follow_networks[id];

	if (before != FOLLOW_NOTHING && port == NULL)
		weft_fdb_flush(WEFT_FDB_ANY, id, NULL, true);
	else if (before != FOLLOW_NOTHING && !port->is_wire && port->network != before)
		weft_fdb_flush(before, id, NULL, true);
	weft_fdb_set_port(id, port == NULL ? 0 : port->mac_limit);
}

static void
follow_network(uint16_t id, const struct weft_network *network)
{
	uint32_t before = follow_wires[id];

	if (before != FOLLOW_NOTHING && network == NULL)
		weft_fdb_flush(id, WEFT_FDB_ANY, NULL, true);
	if (network == NULL)
		return;
	if (before != FOLLOW_NOTHING && before != WEFT_NO_PORT && before != network->wire)
		weft_fdb_flush(id, before, NULL, true);
	weft_fdb_set_network(id, network->mac_limit, network->mac_age_sec);
	for (uint16_t i = 0; i < network->n_statics; i++)
		if (weft_fdb_add_static(id, &network->statics[i].mac, network->statics[i].port) != 0)
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
