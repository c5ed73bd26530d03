/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * topology: the snapshot that ties ports and networks together.
 *
 * Workers see the configuration through one pointer to one immutable object. A change builds the
 * next snapshot, takes over from the old one every part that came out the same, publishes the new
 * pointer, increments the generations of exactly the parts that differ, waits until no worker
 * holds the old one, and frees what was replaced. So a change of one port leaves the flows of every
 * other port alone, and a worker sees the old or the new configuration, never half of each.
 *
 * Five kinds of things:
 *
 *  - attachments, by port number: what a port is for - a guest's VIF in one network, or a wire that
 *    carries many networks, told apart by VLAN id;
 *  - networks, by network number;
 *  - routers, by router number, which join networks;
 *  - our tunnel endpoint, if there is one: where overlay networks leave the host;
 *  - polls, by worker: which receive queues a worker serves.
 *
 * Who changes it: running.h, on the control thread. Who reads it: workers, between two quiescent
 * states; the control thread at any time.
 */
#ifndef WEFT_TOPOLOGY_TOPOLOGY_H
#define WEFT_TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/budget.h"
#include "core/gen.h"
#include "core/rcu.h"
#include "flow/key.h"
#include "network/network.h"
#include "port/port.h"
#include "router/router.h"
#include "secgroup/policy.h"
#include "tunnel/endpoint.h"
#include "tunnel/remote.h"

#define WEFT_WORKERS_MAX WEFT_CONF_WORKERS_MAX

/** What a guest may cost others, per second and worker. */
enum weft_budget_kind {
	WEFT_BUDGET_CONNECTIONS, /* new ones */
	WEFT_BUDGET_MAC_MOVES,
	WEFT_BUDGET_ARP, /* ARP and ND messages */
	WEFT_BUDGET_BROADCAST, /* packets to group addresses */
	WEFT_BUDGET_ICMP_ERRORS, /* to and from it */
	WEFT_BUDGET_LOG, /* lines */
	WEFT_BUDGETS,
};

/** Another address that a VIF may use. */
struct weft_pair {
	struct weft_ip ip; /* address or prefix */
	struct rte_ether_addr mac; /* zero: whatever MAC it may use */
};

/** What a port is for. All [I]. */
struct weft_attachment {
	struct weft_port *port;
	bool is_wire;
	bool admin_up;
	bool is_secured; /* VIF: port-security */
	bool has_mac; /* VIF */
	bool has_doors; /* some router is in its network, or in one of those that it carries */
	bool drops_at_limit; /* VIF: what happens to sources beyond mac_limit */
	uint16_t network; /* VIF: its network */
	uint16_t n_addresses; /* VIF */
	struct rte_ether_addr mac; /* VIF */
	uint32_t mtu; /* bytes of payload */
	uint32_t mac_limit; /* VIF */
	uint32_t miss_budget; /* flow misses per second and worker */
	uint32_t rates[WEFT_BUDGETS]; /* VIF; of wires only ICMP errors; 0: no limit */
	uint32_t connection_limit, connection_reserve; /* VIF */
	uint32_t fragment_limit; /* VIF */
	struct weft_policy
		*policy; /* VIF: its security groups; NULL: they let everything through */
	struct weft_ip *addresses; /* VIF */
	uint16_t n_pairs; /* VIF */
	struct weft_pair *pairs; /* VIF */
	uint16_t *network_by_vid; /* wire: WEFT_VIDS entries, 0: the flat network */
	struct weft_depth depth; /* how much of a packet must be in the key */
	struct weft_terminator terminator; /* wire: what to take for the tunnel endpoint */
};

/** One receive queue and who polls it. */
struct weft_poll {
	struct weft_port *port;
	uint16_t queue;
};

struct weft_polls {
	uint32_t n;
	struct weft_poll *list;
};

struct weft_topology {
	uint32_t number; /* of the configuration, counts up from 1 */
	uint16_t n_workers;
	bool has_adverts; /* some router advertises itself */
	struct weft_attachment *attachments[WEFT_PORTS_MAX]; /* by port number */
	struct weft_network *networks[WEFT_NETWORKS_MAX]; /* by network number */
	struct weft_router *routers[WEFT_ROUTERS_MAX]; /* by router number */
	bool is_watched; /* some router translates, or has a firewall */
	struct weft_endpoint *endpoint; /* NULL: none */
	struct weft_polls polls[WEFT_WORKERS_MAX]; /* by worker */
};

/** [R] The present snapshot; never NULL once workers run. */
extern struct weft_topology *weft_topology;

/** Generation slots that stand for parts of a snapshot. */
static inline uint16_t
weft_port_slot(uint16_t port)
{
	return weft_gen_slot(WEFT_GEN_PORT, port);
}

static inline uint16_t
weft_network_slot(uint16_t network)
{
	return weft_gen_slot(WEFT_GEN_NETWORK, network);
}

/** Moves when a member comes, goes, or changes: what floods stand on. */
static inline uint16_t
weft_members_slot(uint16_t network)
{
	return weft_gen_slot(WEFT_GEN_MEMBERS, network);
}

static inline uint16_t
weft_arrival_slot(uint16_t wire, uint16_t vid)
{
	return weft_gen_slot(WEFT_GEN_ARRIVAL, (uint64_t)wire << 16 | vid);
}

/** Moves when the tunnel endpoint or its wire changes. */
static inline uint16_t
weft_endpoint_slot(void)
{
	return weft_gen_slot(WEFT_GEN_ENDPOINT, 0);
}

/** Names, for people; "?" if there is none. */
const char *weft_topology_port_name(const struct weft_topology *topology, uint16_t port);
const char *weft_topology_network_name(const struct weft_topology *topology, uint16_t network);

/** Has the present snapshot a network of that number in which addresses are noted? */
bool weft_topology_has_neighbours(uint16_t network);

/** @return port or network number by name, or -1 */
int32_t weft_topology_find_port(const struct weft_topology *topology, const char *name);
int32_t weft_topology_find_network(const struct weft_topology *topology, const char *name);

/** @return the worker that polls a queue, or n_workers while nobody does */
uint16_t weft_topology_poller(const struct weft_topology *topology, const struct weft_port *port,
			      uint16_t queue);

/* ---- control thread, used by running.c ---- */

/** Maps names of the document to the numbers and open ports behind them. */
struct weft_topology_parts {
	const struct weft_conf *conf;
	const uint16_t *wire_ids; /* by index in conf->wires */
	const uint16_t *port_ids; /* by index in conf->ports */
	const uint16_t *network_ids; /* by index in conf->networks */
	const uint16_t *router_ids; /* by index in conf->routers */
	struct weft_port *const *ports; /* by port number; NULL: not open, left out */
	uint16_t n_workers;
	uint32_t polled; /* how many of wires, then ports, in order, are polled */
};

/** Builds a snapshot. @return NULL without memory */
struct weft_topology *weft_topology_build(const struct weft_topology_parts *parts);

/** Gives the receive queues to workers: a queue stays where it was in @p old, new ones go to the
 *  worker with the fewest. @return 0 or -ENOMEM */
int weft_topology_place(struct weft_topology *next, const struct weft_topology *old,
			const struct weft_topology_parts *parts);

/** Makes @p next the present snapshot as told above, and frees what was replaced. */
void weft_topology_publish(struct weft_topology *next);

void weft_topology_destroy(struct weft_topology *topology);

#endif
