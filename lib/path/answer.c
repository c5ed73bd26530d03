/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer: can we answer ourselves?
 *
 * Three kinds of frames end here, or could: those for our own tunnel endpoint; questions on its
 * link that may ask for it; and in overlay networks the questions of guests for addresses that are
 * known beforehand (L2 population), which so never cross a tunnel.
 *
 * What ARP and ND messages say is not in the key, so each is looked at on its own.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "neighbour/neighbour.h"
#include "path/spoof.h"
#include "path/walk.h"

#define ANSWER_ICMP_ECHO_REQUEST 8
#define ANSWER_ICMP6_ECHO_REQUEST 128
#define ANSWER_ND_SOLICITATION 135
#define ANSWER_ND_ADVERTISEMENT 136

/* ---- the tunnel endpoint ---- */

static void
answer_put(struct weft_walk *walk, uint32_t length)
{
	walk->reply->is_there = true;
	walk->reply->port = walk->key->arrival;
	walk->reply->head_length = (uint16_t)length;
}

/* Answers a question as whoever is meant. */
static void
answer_question(struct weft_walk *walk, const struct weft_message *message,
		const struct weft_speaker *speaker)
{
	answer_put(walk, weft_message_answer(walk->reply->head, speaker,
					     message->sender.family == 0 ? NULL : &message->sender,
					     &walk->key->src));
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

/* The checksum of an ICMP message, if all of it can be read here: a longer one keeps its mistake
 * when it is sent back. */
static bool
answer_is_whole(const struct weft_walk *walk, uint32_t l3, uint32_t icmp)
{
	const uint8_t *ip = walk->frame + l3;
	bool is_ip4 = ip[0] >> 4 == 4;
	uint32_t end = l3 + (is_ip4 ? (uint32_t)(ip[2] << 8 | ip[3]) :
				      40u + (uint32_t)(ip[4] << 8 | ip[5]));
	uint32_t sum;

	if (end > walk->wire_length || end < icmp + 8)
		return false;
	if (end > walk->frame_length)
		return true;
	sum = is_ip4 ? 0 : rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)ip, 0);
	sum += rte_raw_cksum(walk->frame + icmp, end - icmp);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static enum weft_drop
answer_echo(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;
	uint32_t l3 = weft_key_l2_length(key);
	uint16_t type = rte_be_to_cpu_16(key->port_src);
	uint32_t icmp;

	if (key->kind & (WEFT_KEY_FRAGMENT | WEFT_KEY_BROKEN))
		return DROP_ANSWER_NOT_SERVED;
	if (key->protocol == IPPROTO_ICMPV6 ?
		    type != ANSWER_ICMP6_ECHO_REQUEST << 8 :
		    key->protocol != IPPROTO_ICMP || type != ANSWER_ICMP_ECHO_REQUEST << 8)
		return DROP_ANSWER_NOT_SERVED;
	/* Not in the key: options, extension headers, and where it ends. */
	walk->is_cacheable = false;
	icmp = l3 + ((walk->frame[l3] & 0xf) * 4u);
	if (key->protocol == IPPROTO_ICMPV6) {
		icmp = l3 + 40;
		if (walk->frame[l3 + 6] != IPPROTO_ICMPV6)
			return DROP_ANSWER_NOT_SERVED;
	}
	if (icmp + 8 > walk->frame_length || icmp + 4 > WEFT_REPLY_HEAD ||
	    !answer_is_whole(walk, l3, icmp))
		return DROP_ANSWER_NOT_SERVED;
	weft_reply_echo(walk->reply, walk->frame, walk->wire_length, l3, icmp,
			walk->topology->endpoint->ttl);
	walk->reply->port = key->arrival;
	weft_walk_says(walk, "the tunnel endpoint answers the echo request");
	return WEFT_DONE;
}

/* To the endpoint's own MAC. */
static enum weft_drop
answer_local(struct weft_walk *walk, const struct weft_message *message)
{
	if (message == NULL)
		return answer_echo(walk);
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

	if (known == NULL)
		return false;
	if (weft_neighbour_lookup(walk->network->id, ip, mac) != WEFT_NEIGHBOUR_REACHABLE)
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

/* ---- the stage ---- */

static bool
answer_read(const struct weft_walk *walk, struct weft_message *message)
{
	uint32_t l3 = weft_key_offset(walk->key) + weft_key_l2_length(walk->key);

	if (walk->key->kind & (WEFT_KEY_FRAGMENT | WEFT_KEY_BROKEN) || walk->frame_length < l3)
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
		(type == ANSWER_ND_SOLICITATION || type == ANSWER_ND_ADVERTISEMENT));
}

enum weft_drop
weft_stage_answer(struct weft_walk *walk)
{
	bool is_local = walk->key->kind & WEFT_KEY_LOCAL;
	bool is_overlay = walk->network != NULL && walk->network->facts != NULL;
	struct weft_message message;
	bool is_message;

	if (!is_local && !walk->is_on_link && !is_overlay)
		return WEFT_NEXT;
	if (answer_may_be_message(walk->key))
		walk->is_cacheable = false;
	is_message = answer_read(walk, &message);
	if (is_local)
		return answer_local(walk, is_message ? &message : NULL);
	if (is_overlay)
		return is_message ? answer_for_guest(walk, &message) : WEFT_NEXT;
	if (is_message && answer_on_link(walk, &message))
		return walk->network == NULL ? WEFT_DONE : WEFT_NEXT;
	return walk->network == NULL ? DROP_ANSWER_TAKEN : WEFT_NEXT;
}
