/* SPDX-License-Identifier: BSD-3-Clause */
/* bridge: learn the source, look the destination up. */
#include <netinet/in.h>

#include "fdb/fdb.h"
#include "neighbour/neighbour.h"
#include "path/spend.h"
#include "path/walk.h"

/* When an entry goes, there may be room: then this answer is stale. There may have been some just
 * before the slots were read, so the FDB is asked once more. The limit of the port comes first:
 * when it is reached, the answer of the others does not count any more. (A wire has none.) */
static void
bridge_wait_for_room(struct weft_walk *walk, uint64_t room, enum weft_learn outcome)
{
	weft_walk_depend(walk, weft_gen_slot(WEFT_GEN_MAC_ROOM, room));
	if (room != walk->place && !walk->arrival->is_wire)
		weft_walk_depend(walk, weft_gen_slot(WEFT_GEN_MAC_ROOM, walk->place));
	if (weft_fdb_learn(walk->network->id, &walk->src, walk->place, walk->now_sec, true) !=
	    outcome)
		walk->is_cacheable = false;
}

static enum weft_drop
bridge_refuse(struct weft_walk *walk, bool is_drop)
{
	weft_walk_says(walk, "source is not learned: the limit is reached");
	return is_drop ? DROP_BRIDGE_MAC_LIMIT : WEFT_NEXT;
}

/* A remote endpoint gets its number when somebody behind it is to be learned. */
bool
weft_walk_find_place(struct weft_walk *walk)
{
	struct weft_ip source;

	if (!weft_key_is_tunnelled(walk->key))
		return true;
	weft_key_source(walk->key, walk->topology->endpoint->address.family, &source);
	weft_walk_depend(walk, weft_remote_slot(&source));
	walk->place = weft_remote_find(&source);
	if (walk->place != WEFT_NO_PORT)
		return true;
	if (walk->is_dry)
		weft_walk_says(walk, "source would be learned at a remote endpoint that is new");
	else
		walk->place = weft_remote_learn(&source);
	/* The slot has moved under us; the next packet finds the number. */
	walk->is_cacheable = false;
	return walk->place != WEFT_NO_PORT;
}

static const char *
bridge_place_name(const struct weft_walk *walk, uint16_t place, char text[INET6_ADDRSTRLEN + 4])
{
	struct weft_ip address;

	if (!weft_place_is_remote(place))
		return weft_topology_port_name(walk->topology, place);
	if (!weft_remote_address(place, &address))
		return "?";
	weft_ip_format(&address, text);
	return text;
}

/* What has waited has taught what it had to teach: who has moved meanwhile does not move back. */
static bool
bridge_is_dry(const struct weft_walk *walk)
{
	return walk->is_dry || walk->has_waited;
}

/* Where the source is known to be. If that is here, it is as if it was learned again. */
static uint16_t
bridge_find_source(const struct weft_walk *walk)
{
	if (bridge_is_dry(walk))
		return weft_fdb_lookup(walk->network->id, &walk->src);
	return weft_fdb_touch(walk->network->id, &walk->src, walk->place, walk->now_sec);
}

/* A MAC that is known elsewhere comes to a guest's port only so often. */
static bool
bridge_may_move(struct weft_walk *walk, uint16_t from)
{
	if (bridge_is_dry(walk) || walk->arrival->is_wire || from == WEFT_NO_PORT ||
	    from == walk->place || weft_walk_spend(walk, walk->place, WEFT_BUDGET_MAC_MOVES))
		return true;
	walk->is_cacheable = false;
	return false;
}

static enum weft_drop
bridge_learn(struct weft_walk *walk)
{
	const struct weft_network *network = walk->network;
	char name[INET6_ADDRSTRLEN + 4];
	uint16_t port = walk->place, before;
	uint16_t slot = weft_fdb_slot(network->id, &walk->src);
	uint32_t sum = walk->sum;
	enum weft_learn outcome = WEFT_LEARN_KNOWN;

	weft_walk_depend(walk, slot);
	before = bridge_find_source(walk);
	if (!bridge_may_move(walk, before))
		return DROP_BRIDGE_MAC_MOVE_BUDGET;
	if (before != port)
		outcome = weft_fdb_learn(network->id, &walk->src, port, walk->now_sec,
					 bridge_is_dry(walk));
	switch (outcome) {
	case WEFT_LEARN_NEW:
		/* Our own learning moved the slot: read it anew, then see that it is still ours. */
		walk->sum = sum + weft_gen_read(slot);
		if (weft_fdb_lookup(network->id, &walk->src) != port)
			walk->is_cacheable = false;
		walk->is_learned = true;
		weft_walk_says(walk, "source %s learned at %s", walk->is_dry ? "would be" : "is",
			       bridge_place_name(walk, port, name));
		return WEFT_NEXT;
	case WEFT_LEARN_KNOWN:
		walk->is_learned = true;
		weft_walk_says(walk, "source is known at %s", bridge_place_name(walk, port, name));
		return WEFT_NEXT;
	case WEFT_LEARN_STATIC:
		return DROP_BRIDGE_STATIC_MOVED;
	case WEFT_LEARN_PORT_LIMIT:
		bridge_wait_for_room(walk, port, outcome);
		return bridge_refuse(walk, walk->arrival->drops_at_limit);
	case WEFT_LEARN_NETWORK_LIMIT:
		bridge_wait_for_room(walk, (uint64_t)network->id << 16, outcome);
		return bridge_refuse(walk, network->drops_at_limit);
	case WEFT_LEARN_FULL:
		bridge_wait_for_room(walk, WEFT_FDB_TABLE, outcome);
		weft_walk_says(walk, "source is not learned: the table is full");
		return WEFT_NEXT;
	case WEFT_LEARN_BUSY:
		walk->is_cacheable = false;
		weft_walk_says(walk, "source is not learned: the table is busy");
		return WEFT_NEXT;
	}
	return WEFT_NEXT;
}

static enum weft_drop
bridge_flood(struct weft_walk *walk)
{
	weft_walk_depend(walk, weft_members_slot(walk->network->id));
	/* Copies go to all peers: whatever happens to the way to one of them concerns all. */
	if (weft_network_is_overlay(walk->network) &&
	    !(weft_key_is_tunnelled(walk->key) && walk->n_hops == 0))
		weft_walk_depend(walk, weft_neighbours_slot(WEFT_SCOPE_UNDERLAY));
	walk->receivers = walk->network->members;
	walk->n_receivers = walk->network->n_members;
	weft_walk_says(walk, "destination is %s: to everybody in %s",
		       rte_is_unicast_ether_addr(&walk->dst) ? "unknown" : "a group address",
		       walk->network->name);
	return WEFT_NEXT;
}

/* An entry may be older than the configuration: only members are receivers. */
static bool
bridge_is_member(const struct weft_walk *walk, uint16_t port)
{
	const struct weft_attachment *receiver;

	if (port == WEFT_NO_PORT)
		return false;
	if (weft_place_is_remote(port))
		return weft_network_is_overlay(walk->network);
	receiver = walk->topology->attachments[port];
	return port == walk->network->wire ||
	       (receiver != NULL && receiver->network == walk->network->id);
}

/* A fragment that has waited belongs to the network that it came to. What arrives like it may be of
 * another one by now. */
static bool
bridge_is_elsewhere(const struct weft_walk *walk)
{
	return walk->whole != NULL && walk->n_hops == 0 &&
	       walk->whole->tuple.zone != walk->network->id;
}

/* Who a router's MAC comes from: from a guest that is a lie. By a wire the same router may speak,
 * from another host; it is not learned, since it is here. */
static enum weft_drop
bridge_refuse_router(const struct weft_walk *walk)
{
	if (!walk->arrival->is_wire)
		return DROP_BRIDGE_STATIC_MOVED;
	weft_walk_says((struct weft_walk *)walk,
		       "source is not learned: it is the MAC of a router");
	return WEFT_NEXT;
}

/* Where it came from teaches something, unless that is a router. */
static enum weft_drop
bridge_source(struct weft_walk *walk)
{
	if (walk->is_own || walk->n_hops > 0)
		return WEFT_NEXT;
	if (unlikely(walk->network->n_doors > 0) &&
	    weft_network_find_door(walk->network, &walk->src) != NULL)
		return bridge_refuse_router(walk);
	return weft_walk_find_place(walk) ? bridge_learn(walk) : WEFT_NEXT;
}

/* @return whether the destination is a router here */
static bool
bridge_find_router(struct weft_walk *walk)
{
	const struct weft_door *door = weft_network_find_door(walk->network, &walk->dst);

	if (door == NULL)
		return false;
	weft_walk_depend(walk, weft_router_slot(door->router));
	walk->router = walk->topology->routers[door->router];
	weft_walk_says(walk, "destination is router %s", walk->router->name);
	return true;
}

enum weft_drop
weft_stage_bridge(struct weft_walk *walk)
{
	bool is_tunnelled = weft_key_is_tunnelled(walk->key) && walk->n_hops == 0;
	char name[INET6_ADDRSTRLEN + 4];
	enum weft_drop drop;

	if (bridge_is_elsewhere(walk)) {
		weft_walk_says(walk, "its datagram is of another network");
		return DROP_BRIDGE_NO_RECEIVER;
	}
	if (weft_mac_is_reserved(&walk->dst))
		return DROP_BRIDGE_RESERVED_MULTICAST;
	drop = bridge_source(walk);
	if (drop != WEFT_NEXT)
		return drop;
	if (!rte_is_unicast_ether_addr(&walk->dst))
		return bridge_flood(walk);
	if (unlikely(walk->network->n_doors > 0) && bridge_find_router(walk))
		return WEFT_NEXT;
	weft_walk_depend(walk, weft_fdb_slot(walk->network->id, &walk->dst));
	walk->receiver = weft_fdb_lookup(walk->network->id, &walk->dst);
	if (!bridge_is_member(walk, walk->receiver))
		return bridge_flood(walk);
	if (walk->receiver == walk->place)
		return DROP_BRIDGE_SAME_PORT;
	if (weft_place_is_remote(walk->receiver) && is_tunnelled)
		return DROP_BRIDGE_SPLIT_HORIZON;
	walk->receivers = &walk->receiver;
	walk->n_receivers = 1;
	weft_walk_says(walk, "destination is behind %s",
		       bridge_place_name(walk, walk->receiver, name));
	return WEFT_NEXT;
}
