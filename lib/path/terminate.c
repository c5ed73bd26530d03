/* SPDX-License-Identifier: BSD-3-Clause */
/* terminate: which network is this? */
#include <netinet/in.h>

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

/* On the link of the tunnel endpoint ARP, or ICMPv6, concerns it, whether a network is there or
 * not. */
static bool
terminate_is_on_link(const struct weft_walk *walk, uint16_t vid)
{
	const struct weft_terminator *terminator = &walk->arrival->terminator;
	const struct weft_key *key = walk->key;

	return terminator->is_here && vid == WEFT_TAG_VID(terminator->tag) &&
	       !rte_is_unicast_ether_addr(&key->dst) &&
	       (terminator->family == AF_INET ? key->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) :
						key->protocol == IPPROTO_ICMPV6);
}

static enum weft_drop
terminate_at_wire(struct weft_walk *walk, uint16_t *network)
{
	uint16_t vid = WEFT_TAG_VID(walk->key->tag);

	*network = walk->arrival->network_by_vid[vid];
	walk->is_on_link = terminate_is_on_link(walk, vid);
	/* The slot of a network that is found moves with its place on a wire. */
	if (*network != WEFT_NO_NETWORK)
		return WEFT_NEXT;
	weft_walk_depend(walk, weft_arrival_slot(walk->key->arrival, vid));
	if (walk->is_on_link)
		return WEFT_NEXT;
	return vid == 0 ? DROP_TERMINATE_NO_FLAT_NETWORK : DROP_TERMINATE_VLAN_NOT_MEMBER;
}

/* By enum weft_outer_note, from WEFT_OUTER_ADDRESS on. */
static enum weft_drop
terminate_refuse(uint8_t note)
{
	static const enum weft_drop reasons[] = {
		[WEFT_OUTER_ADDRESS] = DROP_TERMINATE_WRONG_ENDPOINT,
		[WEFT_OUTER_OWN] = DROP_TERMINATE_OWN_ADDRESS,
		[WEFT_OUTER_CHECKSUM] = DROP_TERMINATE_OUTER_CHECKSUM,
		[WEFT_OUTER_FRAGMENT] = DROP_TERMINATE_OUTER_FRAGMENT,
		[WEFT_OUTER_LENGTH] = DROP_TERMINATE_OUTER_LENGTH,
		[WEFT_OUTER_SHIM] = DROP_TERMINATE_TUNNEL_HEADER,
		[WEFT_OUTER_OPTION] = DROP_TERMINATE_CRITICAL_OPTION,
		[WEFT_OUTER_PAYLOAD] = DROP_TERMINATE_NOT_ETHERNET,
		[WEFT_OUTER_RUNT] = DROP_TERMINATE_INNER_RUNT,
		[WEFT_OUTER_CE_DROP] = DROP_TERMINATE_ECN,
	};

	return reasons[note];
}

static enum weft_drop
terminate_tunnel(struct weft_walk *walk, uint16_t *network)
{
	const struct weft_outer *outer = &walk->key->outer;
	const struct weft_endpoint *endpoint = walk->topology->endpoint;
	char from[INET6_ADDRSTRLEN + 4];
	struct weft_ip source;

	weft_key_source(walk->key, endpoint->address.family, &source);
	weft_walk_says(walk, "a tunnel ends here: %s %u from %s",
		       weft_network_type_name(outer->via), outer->segment,
		       weft_walk_ip(&source, from));
	if (!weft_ip_is_host_on(&source, &endpoint->address))
		return DROP_TERMINATE_OUTER_SOURCE;
	if (WEFT_TAG_VID(walk->key->tag) != 0)
		return DROP_TERMINATE_INNER_TAGGED;
	*network = weft_endpoint_find_network(endpoint, outer->via, outer->segment);
	if (*network != WEFT_NO_NETWORK)
		return WEFT_NEXT;
	weft_walk_depend(walk, weft_segment_slot(outer->via, outer->segment));
	return DROP_TERMINATE_UNKNOWN_SEGMENT;
}

static enum weft_drop
terminate_find(struct weft_walk *walk, uint16_t *network)
{
	const struct weft_key *key = walk->key;

	*network = WEFT_NO_NETWORK;
	if (weft_key_is_tunnelled(key))
		return terminate_tunnel(walk, network);
	if (key->kind & WEFT_KEY_LOCAL) {
		weft_walk_says(walk, "for the tunnel endpoint");
		return key->kind & WEFT_KEY_TUNNELLED ? terminate_refuse(key->outer.note) :
							WEFT_NEXT;
	}
	if (key->tag & WEFT_TAG_DOUBLE)
		return DROP_TERMINATE_DOUBLE_TAGGED;
	return walk->arrival->is_wire ? terminate_at_wire(walk, network) :
					terminate_at_port(walk, network);
}

enum weft_drop
weft_stage_terminate(struct weft_walk *walk)
{
	uint16_t network;
	enum weft_drop drop;

	weft_walk_depend(walk, weft_port_slot(walk->key->arrival));
	walk->place = walk->key->arrival;
	walk->arrival = walk->topology->attachments[walk->key->arrival];
	if (walk->arrival == NULL || !walk->arrival->admin_up)
		return DROP_TERMINATE_PORT_DOWN;
	drop = terminate_find(walk, &network);
	if (drop != WEFT_NEXT || network == WEFT_NO_NETWORK)
		return drop;
	weft_walk_depend(walk, weft_network_slot(network));
	walk->network = walk->topology->networks[network];
	weft_walk_says(walk, "%s %s is in network %s",
		       weft_key_is_tunnelled(walk->key) ? "the tunnel by" :
		       walk->arrival->is_wire		? "wire" :
							  "port",
		       walk->arrival->port->name, walk->network->name);
	return walk->network->admin_up ? WEFT_NEXT : DROP_TERMINATE_NETWORK_DOWN;
}
