/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer: can we answer ourselves?
 *
 * Four kinds of frames end here, or could: those for our own tunnel endpoint; questions on its link
 * that may ask for it; in networks with routers what is said to them, or asked for them or of them
 * (advertise.c); and in overlay networks the questions of guests for addresses that are known
 * beforehand (L2 population), which so never cross a tunnel.
 *
 * What ARP and ND messages say is not in the key, so each is looked at on its own.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "neighbour/neighbour.h"
#include "path/packet.h"
#include "path/spoof.h"
#include "path/walk.h"

/* ---- the tunnel endpoint ---- */

/* Answers a question as whoever is meant. */
static void
answer_question(struct weft_walk *walk, const struct weft_message *message,
		const struct weft_speaker *speaker)
{
	walk->reply->is_there = true;
	walk->reply->head_length = (uint16_t)weft_message_answer(
		walk->reply->head, speaker, message->sender.family == 0 ? NULL : &message->sender,
		&walk->key->src);
	weft_walk_send_back(walk);
}

/* Who says that he has our MAC, or contradicts without insisting, is not believed. */
static void
answer_hear(const struct weft_walk *walk, const struct weft_message *message, bool is_asked)
{
	const struct weft_endpoint *endpoint = walk->topology->endpoint;
	const struct weft_ip *sender = &message->sender;
	struct rte_ether_addr told = message->mac, mac = message->mac;

	if (!(message->tells || message->confirms) || walk->is_dry ||
	    !weft_ip_is_host_on(sender, &endpoint->address) ||
	    !weft_ip_is_in(sender, &endpoint->address) ||
	    weft_ip_compare(sender, &endpoint->address) == 0 ||
	    rte_is_same_ether_addr(&message->mac, &endpoint->terminator.mac))
		return;
	if (message->confirms)
		told = walk->key->src;
	if (message->confirms || !message->overrides)
		weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, sender, &mac);
	if (rte_is_same_ether_addr(&told, &mac))
		weft_neighbour_heard(WEFT_SCOPE_UNDERLAY, sender, &told, is_asked, walk->now_ms);
}

/* ARP and ND on the link of the endpoint. @return whether it was asked for itself */
static bool
answer_on_link(struct weft_walk *walk, const struct weft_message *message)
{
	const struct weft_endpoint *endpoint = walk->topology->endpoint;
	struct weft_speaker self = {
		.mac = endpoint->terminator.mac,
		.tag = walk->key->tag,
		.ip = endpoint->address,
	};
	bool is_asked = message->asks && weft_ip_compare(&message->target, &self.ip) == 0;

	answer_hear(walk, message, is_asked);
	if (!is_asked)
		return false;
	answer_question(walk, message, &self);
	weft_walk_says(walk, "the tunnel endpoint is asked for its address, and answers");
	return true;
}

/* To the endpoint's own MAC. */
static enum weft_drop
answer_local(struct weft_walk *walk, const struct weft_message *message)
{
	if (message == NULL)
		return weft_walk_echo(walk, walk->topology->endpoint->ttl, "the tunnel endpoint");
	if (answer_on_link(walk, message))
		return WEFT_DONE;
	return DROP_ANSWER_TAKEN;
}

/* ---- L2 population ---- */

/* Who has an address: what was heard against the configuration, while it is remembered, or what the
 * configuration knows. */
static bool
answer_find(const struct weft_walk *walk, const struct weft_ip *ip, struct rte_ether_addr *mac)
{
	const struct weft_known *known = weft_network_find_known(walk->network, ip);
	enum weft_neighbour_state state;

	if (known == NULL)
		return false;
	state = weft_neighbour_lookup(walk->network->id, ip, mac);
	if (state != WEFT_NEIGHBOUR_REACHABLE && state != WEFT_NEIGHBOUR_PROBE)
		*mac = known->mac;
	return true;
}

/* A secured port speaks for its own MAC and addresses only, as far as they are given. */
static bool
answer_may_say(const struct weft_walk *walk, const struct weft_message *message)
{
	const struct weft_attachment *port = walk->arrival;

	if (!message->overrides)
		return false;
	if (port->is_wire || !port->is_secured)
		return true;
	return weft_spoof_owns(port, &message->mac, message->sender.family, message->sender.bytes);
}

/* Somebody says that an address is at a MAC; only what contradicts is worth noting. */
static void
answer_note(struct weft_walk *walk, const struct weft_message *message)
{
	const struct weft_known *known = weft_network_find_known(walk->network, &message->sender);
	struct rte_ether_addr mac;

	if (known == NULL || walk->is_dry || !answer_may_say(walk, message))
		return;
	if (!rte_is_same_ether_addr(&known->mac, &message->mac))
		weft_neighbour_heard(walk->network->id, &message->sender, &message->mac, true,
				     walk->now_ms);
	else if (weft_neighbour_lookup(walk->network->id, &message->sender, &mac) !=
		 WEFT_NEIGHBOUR_NONE)
		weft_neighbour_forget(walk->network->id, &message->sender);
}

static enum weft_drop
answer_for_guest(struct weft_walk *walk, const struct weft_message *message)
{
	struct weft_speaker owner = { .ip = message->target };
	char text[INET6_ADDRSTRLEN + 4];

	if (message->tells)
		answer_note(walk, message);
	if (!message->asks || walk->arrival->is_wire || rte_is_unicast_ether_addr(&walk->key->dst))
		return WEFT_NEXT;
	if (!answer_find(walk, &message->target, &owner.mac)) {
		weft_walk_says(walk, "nobody is known to have %s",
			       weft_walk_ip(&message->target, text));
		return walk->network->drops_unknown ? DROP_ANSWER_UNKNOWN_ADDRESS : WEFT_NEXT;
	}
	/* Is the address still free, asks its owner: that is not for us to say. */
	if (rte_is_same_ether_addr(&owner.mac, &walk->key->src))
		return WEFT_NEXT;
	answer_question(walk, message, &owner);
	weft_walk_says(walk, "%s is known, the switch answers for it",
		       weft_walk_ip(&message->target, text));
	return WEFT_DONE;
}

/* ---- routers ---- */

/* The leg of a router here that speaks for an address, or on whose link it is. */
static const struct weft_leg *
answer_find_leg(const struct weft_walk *walk, const struct weft_ip *ip, bool is_own)
{
	const struct weft_network *network = walk->network;

	for (uint16_t i = 0; i < network->n_doors; i++) {
		const struct weft_router *router =
			walk->topology->routers[network->doors[i].router];
		const struct weft_leg *leg;

		if (!router->admin_up)
			continue;
		leg = is_own ? weft_router_speaks_for(router, network->id, ip) :
			       weft_router_leg(router, network->id, ip);
		if (leg != NULL && (is_own || weft_ip_is_in(ip, &leg->address)))
			return leg;
	}
	return NULL;
}

/* Whoever is on the link of a router and says where he is. He is noted if he talks to it. */
static void
answer_hear_host(const struct weft_walk *walk, const struct weft_message *message,
		 bool is_addressed)
{
	const struct weft_ip *sender = &message->sender;
	struct rte_ether_addr told = message->mac, mac = message->mac;
	uint16_t scope = walk->network->id;
	const struct weft_known *known;

	if (!(message->tells || message->confirms) || walk->is_dry ||
	    answer_find_leg(walk, sender, false) == NULL ||
	    answer_find_leg(walk, sender, true) != NULL ||
	    weft_network_find_door(walk->network, &message->mac) != NULL)
		return;
	if (message->confirms)
		told = walk->key->src;
	if (message->confirms || !message->overrides)
		weft_neighbour_lookup(scope, sender, &mac);
	if (!rte_is_same_ether_addr(&told, &mac))
		return;
	known = weft_network_find_known(walk->network, sender);
	/* What the configuration says is not noted, lest it stays when that changes. */
	if (known == NULL || !rte_is_same_ether_addr(&known->mac, &told))
		weft_neighbour_heard(scope, sender, &told, is_addressed, walk->now_ms);
	else if (weft_neighbour_lookup(scope, sender, &mac) != WEFT_NEIGHBOUR_NONE)
		weft_neighbour_forget(scope, sender);
}

static enum weft_drop
answer_for_router(struct weft_walk *walk, const struct weft_message *message)
{
	const struct weft_leg *leg =
		message->asks ? answer_find_leg(walk, &message->target, true) : NULL;
	bool is_to_router = weft_network_find_door(walk->network, &walk->key->dst) != NULL;
	char text[INET6_ADDRSTRLEN + 4];

	answer_hear_host(walk, message, leg != NULL || is_to_router);
	if (leg != NULL) {
		answer_question(
			walk, message,
			&(struct weft_speaker){
				.mac = leg->mac,
				.tag = weft_key_is_tunnelled(walk->key) ? 0 : walk->key->tag,
				.ip = message->target,
				.is_router = true,
			});
		weft_walk_says(walk, "a router has %s, and answers",
			       weft_walk_ip(&message->target, text));
		return walk->reply->is_there ? WEFT_DONE : DROP_ANSWER_TAKEN;
	}
	return is_to_router ? DROP_ANSWER_TAKEN : WEFT_NEXT;
}

/* ---- the stage ---- */

static bool
answer_read(const struct weft_walk *walk, struct weft_message *message)
{
	uint32_t l3 = weft_key_l3(walk->key);

	if (walk->key->kind & WEFT_KEY_FRAGMENT || weft_key_is_broken(walk->key) ||
	    walk->frame_length < l3)
		return false;
	return weft_message_read(message, walk->key->ether_type, walk->frame + l3,
				 walk->frame_length - l3);
}

/* What they say is not in the key, nor what may be wrong with them. */
static bool
answer_may_be_message(const struct weft_key *key)
{
	uint16_t type = rte_be_to_cpu_16(key->port_src) >> 8;

	return key->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) ||
	       (key->protocol == IPPROTO_ICMPV6 &&
		(type == ND_NEIGHBOR_SOLICIT || type == ND_NEIGHBOR_ADVERT));
}

/* In a network, not on the link of the endpoint. */
static enum weft_drop
answer_in_network(struct weft_walk *walk, const struct weft_message *message)
{
	enum weft_drop drop = WEFT_NEXT;

	if (walk->network->n_doors > 0)
		drop = answer_for_router(walk, message);
	if (drop == WEFT_NEXT && weft_network_is_overlay(walk->network))
		drop = answer_for_guest(walk, message);
	return drop;
}

enum weft_drop
weft_stage_answer(struct weft_walk *walk)
{
	bool is_local = walk->key->kind & WEFT_KEY_LOCAL;
	bool concerns_network = walk->network != NULL && (weft_network_is_overlay(walk->network) ||
							  walk->network->n_doors > 0);
	enum weft_drop drop = WEFT_NEXT;
	struct weft_message message;
	bool is_message;

	if (!is_local && !walk->is_on_link && !concerns_network)
		return WEFT_NEXT;
	if (answer_may_be_message(walk->key))
		walk->is_cacheable = false;
	is_message = answer_read(walk, &message);
	if (is_local)
		return answer_local(walk, is_message ? &message : NULL);
	if (is_message && concerns_network)
		drop = answer_in_network(walk, &message);
	else if (concerns_network &&
		 weft_packet_icmp6_type(walk->key) == WEFT_ICMP6_ROUTER_SOLICITATION)
		drop = weft_walk_advertise(walk);
	if (drop != WEFT_NEXT || !walk->is_on_link)
		return drop;
	if (is_message && answer_on_link(walk, &message))
		return walk->network == NULL ? WEFT_DONE : WEFT_NEXT;
	return walk->network == NULL ? DROP_ANSWER_TAKEN : WEFT_NEXT;
}
