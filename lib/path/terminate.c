/* SPDX-License-Identifier: BSD-3-Clause */
/* terminate: which network is this? */
#include "path/walk.h"

/* A guest's port takes untagged frames only; a priority tag says nothing about a network. */
static enum weft_drop
terminate_at_port(struct weft_walk *walk, uint16_t *network)
{
	if (WEFT_TAG_VID(walk->key->tag) != 0)
		return DROP_TERMINATE_TAGGED;
	*network = walk->arrival->network;
	return WEFT_NEXT;
}

static enum weft_drop
terminate_at_wire(struct weft_walk *walk, uint16_t *network)
{
	uint16_t vid = WEFT_TAG_VID(walk->key->tag);

	weft_walk_depend(walk, weft_arrival_slot(walk->key->arrival, vid));
	*network = walk->arrival->network_by_vid[vid];
	if (*network != WEFT_NO_NETWORK)
		return WEFT_NEXT;
	return vid == 0 ? DROP_TERMINATE_NO_FLAT_NETWORK : DROP_TERMINATE_VLAN_NOT_MEMBER;
}

enum weft_drop
weft_stage_terminate(struct weft_walk *walk)
{
	uint16_t network;
	enum weft_drop drop;

	weft_walk_depend(walk, weft_port_slot(walk->key->arrival));
	walk->arrival = walk->topology->attachments[walk->key->arrival];
	if (walk->arrival == NULL || !walk->arrival->admin_up)
		return DROP_TERMINATE_PORT_DOWN;
	if (walk->key->tag & WEFT_TAG_DOUBLE)
		return DROP_TERMINATE_DOUBLE_TAGGED;
	drop = walk->arrival->is_wire ? terminate_at_wire(walk, &network) :
					terminate_at_port(walk, &network);
	if (drop != WEFT_NEXT)
		return drop;
	weft_walk_depend(walk, weft_network_slot(network));
	walk->network = walk->topology->networks[network];
	weft_walk_says(walk, "%s %s is in network %s", walk->arrival->is_wire ? "wire" : "port",
		       walk->arrival->port->name, walk->network->name);
	return walk->network->admin_up ? WEFT_NEXT : DROP_TERMINATE_NETWORK_DOWN;
}
