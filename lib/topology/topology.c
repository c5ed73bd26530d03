/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/topology.h"

#include <stdlib.h>
#include <string.h>

#include "neighbour/neighbour.h"
#include "topology/overlay.h"
#include "topology/tracking.h"

struct weft_topology *weft_topology;

const char *
weft_topology_port_name(const struct weft_topology *topology, uint16_t port)
{
	if (port >= WEFT_PORTS_MAX || topology->attachments[port] == NULL)
		return "?";
	return topology->attachments[port]->port->name;
}

const char *
weft_topology_network_name(const struct weft_topology *topology, uint16_t network)
{
	if (network >= WEFT_NETWORKS_MAX || topology->networks[network] == NULL)
		return "?";
	return topology->networks[network]->name;
}

bool
weft_topology_has_neighbours(uint16_t network)
{
	return network < WEFT_NETWORKS_MAX && weft_topology->networks[network] != NULL &&
	       weft_topology->networks[network]->facts != NULL;
}

int32_t
weft_topology_find_port(const struct weft_topology *topology, const char *name)
{
	for (int32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (topology->attachments[id] != NULL &&
		    strcmp(topology->attachments[id]->port->name, name) == 0)
			return id;
	return -1;
}

int32_t
weft_topology_find_network(const struct weft_topology *topology, const char *name)
{
	for (int32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (topology->networks[id] != NULL &&
		    strcmp(topology->networks[id]->name, name) == 0)
			return id;
	return -1;
}

uint16_t
weft_topology_poller(const struct weft_topology *topology, const struct weft_port *port,
		     uint16_t queue)
{
	for (uint16_t worker = 0; worker < topology->n_workers; worker++) {
		const struct weft_polls *polls = &topology->polls[worker];

		for (uint32_t i = 0; i < polls->n; i++)
			if (polls->list[i].port == port && polls->list[i].queue == queue)
				return worker;
	}
	return topology->n_workers;
}

static void
topology_free_attachment(struct weft_attachment *attachment)
{
	if (attachment == NULL)
		return;
	weft_policy_put(attachment->policy);
	free(attachment->addresses);
	free(attachment->pairs);
	free(attachment->network_by_vid);
	free(attachment);
}

static void
topology_free_network(struct weft_network *network)
{
	if (network == NULL)
		return;
	weft_overlay_release(network);
	weft_network_destroy(network);
}

void
weft_topology_destroy(struct weft_topology *topology)
{
	if (topology == NULL)
		return;
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		topology_free_attachment(topology->attachments[id]);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		topology_free_network(topology->networks[id]);
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++)
		weft_router_destroy(topology->routers[id]);
	weft_endpoint_destroy(topology->endpoint);
	for (uint32_t worker = 0; worker < WEFT_WORKERS_MAX; worker++)
		free(topology->polls[worker].list);
	free(topology);
}

/* Equal but for which networks a wire carries: those have slots of their own. */
static bool
topology_is_same_port(const struct weft_attachment *a, const struct weft_attachment *b)
{
	return a->port == b->port && a->is_wire == b->is_wire && a->admin_up == b->admin_up &&
	       a->is_secured == b->is_secured && a->has_mac == b->has_mac &&
	       a->has_doors == b->has_doors && a->drops_at_limit == b->drops_at_limit &&
	       a->network == b->network && a->mtu == b->mtu && a->mac_limit == b->mac_limit &&
	       a->miss_budget == b->miss_budget &&
	       memcmp(a->rates, b->rates, sizeof(a->rates)) == 0 &&
	       a->connection_limit == b->connection_limit &&
	       a->connection_reserve == b->connection_reserve &&
	       a->fragment_limit == b->fragment_limit && a->policy == b->policy &&
	       a->n_addresses == b->n_addresses && a->n_pairs == b->n_pairs &&
	       (a->n_pairs == 0 ||
		memcmp(a->pairs, b->pairs, a->n_pairs * sizeof(*a->pairs)) == 0) &&
	       rte_is_same_ether_addr(&a->mac, &b->mac) &&
	       (a->n_addresses == 0 ||
		memcmp(a->addresses, b->addresses, a->n_addresses * sizeof(*a->addresses)) == 0) &&
	       memcmp(&a->depth, &b->depth, sizeof(a->depth)) == 0 &&
	       memcmp(&a->terminator, &b->terminator, sizeof(a->terminator)) == 0;
}

static bool
topology_is_same_wire(const struct weft_attachment *a, const struct weft_attachment *b)
{
	return a->network_by_vid == NULL || memcmp(a->network_by_vid, b->network_by_vid,
						   WEFT_VIDS * sizeof(*a->network_by_vid)) == 0;
}

static void
topology_bump_members(const struct weft_attachment *attachment)
{
	if (attachment == NULL)
		return;
	if (!attachment->is_wire) {
		weft_gen_bump(weft_members_slot(attachment->network));
		return;
	}
	for (uint16_t vid = 0; vid < WEFT_VIDS; vid++)
		if (attachment->network_by_vid[vid] != WEFT_NO_NETWORK)
			weft_gen_bump(weft_members_slot(attachment->network_by_vid[vid]));
}

static void
topology_bump_port(uint16_t id, const struct weft_attachment *old,
		   const struct weft_attachment *new)
{
	if (old == new)
		return;
	if (old == NULL || new == NULL || !topology_is_same_port(old, new)) {
		weft_gen_bump(weft_port_slot(id));
		topology_bump_members(old);
		topology_bump_members(new);
		return;
	}
	if (!old->is_wire)
		return;
	for (uint16_t vid = 0; vid < WEFT_VIDS; vid++)
		if (old->network_by_vid[vid] != new->network_by_vid[vid])
			weft_gen_bump(weft_arrival_slot(id, vid));
}

static void
topology_bump_network(uint16_t id, const struct weft_network *old, const struct weft_network *new)
{
	if (old == new)
		return;
	if (old == NULL || new == NULL || !weft_network_is_same(old, new) ||
	    (new->n_doors > 0 && !weft_network_has_same_facts(old, new)))
		weft_gen_bump(weft_network_slot(id));
	if (old == NULL || new == NULL || !weft_network_is_same(old, new) ||
	    !weft_network_has_same_members(old, new))
		weft_gen_bump(weft_members_slot(id));
}

static void
topology_bump_router(uint16_t id, const struct weft_router *old, const struct weft_router *new)
{
	bool is_other = old == NULL || new == NULL || strcmp(old->name, new->name) != 0;

	if (old == new || (!is_other && weft_router_is_same(old, new)))
		return;
	weft_gen_bump(weft_router_slot(id));
	weft_tracking_lose_router(id, is_other);
}

/* Which networks a wire carries makes no difference to tunnels. */
static bool
topology_is_same_way(const struct weft_attachment *a, const struct weft_attachment *b)
{
	return a == b || (a != NULL && b != NULL && topology_is_same_port(a, b));
}

/* Tunnels leave by the endpoint's wire, so they stand on it too. */
static void
topology_bump_endpoint(const struct weft_topology *old, const struct weft_topology *new)
{
	const struct weft_endpoint *a = old->endpoint, *b = new->endpoint;

	if (a == NULL && b == NULL)
		return;
	if (a == NULL || b == NULL || !weft_endpoint_is_same(a, b) ||
	    !topology_is_same_way(old->attachments[a->wire], new->attachments[b->wire])) {
		weft_gen_bump(weft_endpoint_slot());
		/* What floods stand on, in one slot with the neighbours. */
		weft_gen_bump(weft_neighbours_slot(WEFT_SCOPE_UNDERLAY));
	}
	if (a != b)
		weft_endpoint_bump_segments(a, b);
}

/* Takes over what came out the same, so that its flows stay valid and its memory is shared. */
static void
topology_take_over(struct weft_topology *next, const struct weft_topology *old)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		struct weft_attachment *a = old->attachments[id], *b = next->attachments[id];

		if (a == NULL || b == NULL || !topology_is_same_port(a, b) ||
		    !topology_is_same_wire(a, b))
			continue;
		topology_free_attachment(b);
		next->attachments[id] = a;
	}
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		struct weft_network *a = old->networks[id], *b = next->networks[id];

		if (a == NULL || b == NULL || !weft_network_is_same(a, b) ||
		    !weft_network_has_same_members(a, b) || !weft_network_has_same_facts(a, b))
			continue;
		topology_free_network(b);
		next->networks[id] = a;
	}
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++) {
		struct weft_router *a = old->routers[id], *b = next->routers[id];

		if (a == NULL || b == NULL)
			continue;
		weft_router_note_news(b, a);
		if (!weft_router_is_same(a, b))
			continue;
		weft_router_destroy(b);
		next->routers[id] = a;
	}
	if (old->endpoint == NULL || next->endpoint == NULL ||
	    !weft_endpoint_is_same(old->endpoint, next->endpoint) ||
	    !weft_endpoint_has_same_segments(old->endpoint, next->endpoint))
		return;
	weft_endpoint_destroy(next->endpoint);
	next->endpoint = old->endpoint;
}

/* What @p next shares must not be freed with the old one. */
static void
topology_let_go(struct weft_topology *old, const struct weft_topology *next)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (old->attachments[id] == next->attachments[id])
			old->attachments[id] = NULL;
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (old->networks[id] == next->networks[id])
			old->networks[id] = NULL;
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++)
		if (old->routers[id] == next->routers[id])
			old->routers[id] = NULL;
	if (old->endpoint == next->endpoint)
		old->endpoint = NULL;
}

void
weft_topology_publish(struct weft_topology *next)
{
	struct weft_topology *old = weft_topology;

	if (old != NULL)
		topology_take_over(next, old);
	weft_rcu_publish(weft_topology, next);
	if (old == NULL)
		return;
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		topology_bump_port((uint16_t)id, old->attachments[id], next->attachments[id]);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		topology_bump_network((uint16_t)id, old->networks[id], next->networks[id]);
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++)
		topology_bump_router((uint16_t)id, old->routers[id], next->routers[id]);
	topology_bump_endpoint(old, next);
	/* Who waits may not have to any more. */
	weft_gen_bump(weft_all_neighbours_slot());
	weft_rcu_synchronize();
	topology_let_go(old, next);
	weft_topology_destroy(old);
}
