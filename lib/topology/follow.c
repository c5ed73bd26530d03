/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/follow.h"

#include <stdlib.h>

#include "core/log.h"
#include "fdb/fdb.h"
#include "neighbour/neighbour.h"
#include "topology/tracking.h"

/* [C] As of the last weft_follow(), whatever snapshots there were in between: networks of ports,
 * wires of networks, plus one; 0: not there. */
static uint32_t follow_networks[WEFT_PORTS_MAX];
static uint32_t follow_wires[WEFT_NETWORKS_MAX];
static bool follow_tunnels[WEFT_NETWORKS_MAX]; /* is it an overlay */

/* [C] MACs whose homes are in the FDB, by network. The snapshot before may lack some: ports are
 * missing in it while they are opened again. */
static struct follow_homes {
	uint32_t n;
	struct rte_ether_addr *macs;
} follow_homes[WEFT_NETWORKS_MAX];

/* [C] Next hops that are pinned. */
static struct weft_ip *follow_pins;
static uint32_t follow_n_pins;

static bool
follow_has_static(const struct weft_network *network, const struct weft_static_mac *entry)
{
	for (uint16_t i = 0; network != NULL && i < network->n_statics; i++)
		if (rte_is_same_ether_addr(&network->statics[i].mac, &entry->mac))
			return true;
	return false;
}

static bool
follow_has_home(const struct weft_facts *facts, const struct rte_ether_addr *mac)
{
	for (uint32_t i = 0; facts != NULL && i < facts->n_homes; i++)
		if (rte_is_same_ether_addr(&facts->homes[i].mac, mac))
			return true;
	return false;
}

/* Are they the noted ones, in the same order? */
static bool
follow_knows_homes(uint16_t id, const struct weft_facts *facts)
{
	const struct follow_homes *noted = &follow_homes[id];

	if (noted->n != (facts == NULL ? 0 : facts->n_homes))
		return false;
	for (uint32_t i = 0; i < noted->n; i++)
		if (!rte_is_same_ether_addr(&noted->macs[i], &facts->homes[i].mac))
			return false;
	return true;
}

static void
follow_drop_homes(uint16_t id, const struct weft_network *next)
{
	const struct weft_facts *facts = next == NULL ? NULL : next->facts;
	const struct follow_homes *noted = &follow_homes[id];

	if (follow_knows_homes(id, facts))
		return;
	for (uint32_t i = 0; i < noted->n; i++)
		if (!follow_has_home(facts, &noted->macs[i]))
			weft_fdb_del_home(id, &noted->macs[i]);
}

/* Without memory the note stays, and some home may stay longer than it should. */
static void
follow_note_homes(uint16_t id, const struct weft_facts *facts)
{
	struct follow_homes *noted = &follow_homes[id];
	uint32_t n = facts == NULL ? 0 : facts->n_homes;
	struct rte_ether_addr *macs;

	if (follow_knows_homes(id, facts))
		return;
	macs = realloc(noted->macs, (n + 1) * sizeof(*macs));
	if (macs == NULL)
		return;
	for (uint32_t i = 0; i < n; i++)
		macs[i] = facts->homes[i].mac;
	*noted = (struct follow_homes){ n, macs };
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

/* Next hops of the remote endpoints that somebody names are kept known, so that no guest waits for
 * them. The new ones are pinned before the old ones are let go. */
static void
follow_pin(const struct weft_endpoint *endpoint)
{
	struct weft_ip *pins = NULL, address;
	uint32_t n = 0, cursor = 0;
	uint16_t place;
	bool is_held;

	while (endpoint != NULL &&
	       (place = weft_remote_next(&cursor, &address, &is_held)) != WEFT_NO_PORT) {
		struct weft_ip hops[WEFT_NEXT_HOPS_MAX];
		uint32_t n_hops = is_held ? weft_endpoint_next_hops(endpoint, &address, hops) : 0;
		struct weft_ip *longer = realloc(pins, (n + n_hops + 1) * sizeof(*pins));

		if (longer == NULL)
			break;
		pins = longer;
		for (uint32_t i = 0; i < n_hops; i++)
			if (weft_neighbour_pin(WEFT_SCOPE_UNDERLAY, &hops[i]) == 0)
				pins[n++] = hops[i];
	}
	for (uint32_t i = 0; i < follow_n_pins; i++)
		weft_neighbour_unpin(WEFT_SCOPE_UNDERLAY, &follow_pins[i]);
	free(follow_pins);
	follow_pins = pins;
	follow_n_pins = n;
}

/* Entries behind remote endpoints of a family that we do not speak any more lead nowhere. */
static void
follow_family(void)
{
	struct weft_ip address;
	uint32_t cursor = 0;
	uint16_t place;
	bool is_held;

	while ((place = weft_remote_next(&cursor, &address, &is_held)) != WEFT_NO_PORT)
		weft_fdb_flush(WEFT_FDB_ANY, place, NULL, false);
}

/* What was heard on another link is worth nothing. */
static void
follow_link(const struct weft_endpoint *endpoint)
{
	static struct weft_terminator last;
	struct weft_terminator next = { 0 };

	if (endpoint != NULL)
		next = endpoint->terminator;
	if (last.is_here &&
	    (next.link != last.link || next.tag != last.tag || next.family != last.family))
		weft_neighbour_reset(WEFT_SCOPE_UNDERLAY);
	if (last.is_here && next.family != last.family)
		follow_family();
	last = next;
}

void
weft_follow_prepare(const struct weft_topology *next)
{
	const struct weft_topology *old = weft_topology;

	/* A new port is polled, and may teach, from the moment of publication; and whoever is asked
	 * for then may answer at once. */
	follow_limits(next);
	follow_pin(next->endpoint);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = old == NULL ? NULL : old->networks[id];

		for (uint16_t i = 0; network != NULL && i < network->n_statics; i++)
			if (!follow_has_static(next->networks[id], &network->statics[i]))
				weft_fdb_del_static((uint16_t)id, &network->statics[i].mac);
		follow_drop_homes((uint16_t)id, next->networks[id]);
	}
}

static void
follow_add_homes(const struct weft_network *network)
{
	const struct weft_facts *facts = network->facts;

	for (uint32_t i = 0; facts != NULL && i < facts->n_homes; i++)
		if (weft_fdb_set_home(network->id, &facts->homes[i].mac, facts->homes[i].place) !=
		    0)
			weft_error("network %s: no room for its neighbours, see host.mac-entries",
				   network->name);
	follow_note_homes(network->id, facts);
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
	bool had_tunnels = follow_tunnels[id];

	follow_wires[id] = now;
	follow_tunnels[id] = network != NULL && weft_network_is_overlay(network);
	/* It is gone, or nobody is behind a tunnel any more. */
	if ((before != 0 && now == 0) || (had_tunnels && !follow_tunnels[id]))
		weft_fdb_flush(id, WEFT_FDB_ANY, NULL, false);
	else if (before != 0 && before != now && before != WEFT_NO_PORT + 1u)
		weft_fdb_flush(id, before - 1, NULL, false);
	if (network == NULL) {
		if (before != 0)
			weft_tracking_lose_network(id);
		follow_note_homes(id, NULL);
		return;
	}
	for (uint16_t i = 0; i < network->n_statics; i++)
		if (weft_fdb_add_static(id, &network->statics[i].mac, network->statics[i].port) !=
		    0)
			weft_error("network %s: no room for its static MACs, see host.mac-entries",
				   network->name);
	follow_add_homes(network);
}

void
weft_follow(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		follow_port((uint16_t)id, weft_topology->attachments[id]);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		follow_network((uint16_t)id, weft_topology->networks[id]);
	/* Notes of a network that went must not be there when another one gets its number. */
	weft_neighbour_age(0, INT32_MAX, weft_topology_has_neighbours);
	follow_link(weft_topology->endpoint);
	follow_pin(weft_topology->endpoint);
}

void
weft_follow_end(void)
{
	follow_link(NULL);
	follow_pin(NULL);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		free(follow_homes[id].macs);
		follow_homes[id] = (struct follow_homes){ 0 };
	}
}
