/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * complain: what a sender hears of a packet that cannot go on, and how it gets there.
 *
 * It goes back to where the packet came from, in the network that it came from: whoever sent it the
 * way it came knows the way to its sender. What is quoted is the packet as it arrived but for its
 * TTL, so nothing else that happened to it since has to be undone.
 */
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "path/walk.h"
#include "wire/ip.h"

#define COMPLAIN_TTL 64

/* No error about an error, about a group, about nobody's packet, or about a part of a datagram that
 * is not the first. */
bool
weft_walk_may_complain(const struct weft_walk *walk, const uint8_t *ip)
{
	static const uint8_t nobody[16];
	const struct weft_key *key = walk->key;
	uint16_t type = rte_be_to_cpu_16(key->port_src) >> 8;

	if (!rte_is_unicast_ether_addr(&key->dst) || key->kind & WEFT_KEY_LATER_FRAGMENT)
		return false;
	/* The key of one that was judged with its datagram says nothing of that. */
	if (walk->whole != NULL && ip[0] >> 4 == 4 && ((ip[6] & 0x1f) | ip[7]) != 0)
		return false;
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6)
		return memcmp(ip + 8, nobody, 16) != 0 && ip[8] != 0xff && ip[24] != 0xff &&
		       !(key->protocol == IPPROTO_ICMPV6 && type < 128);
	return ip[12] != 0 && ip[12] != 127 && ip[12] < 0xe0 && ip[16] < 0xe0 &&
	       !(key->protocol == IPPROTO_ICMP && type != ICMP_ECHO && type != ICMP_ECHOREPLY);
}

/* The headers of the tunnel that it came through, towards the other end. */
static bool
complain_encap(struct weft_walk *walk)
{
	const struct weft_network *network = walk->network;
	enum weft_drop drop;

	if (walk->arrival_place == WEFT_NO_PORT)
		return false;
	walk->network = walk->topology->networks[walk->arrival_network];
	walk->out_place = walk->arrival_place;
	walk->out_port = walk->topology->endpoint->wire;
	walk->out = walk->topology->attachments[walk->out_port];
	drop = walk->out == NULL ? DROP_DELIVER_PORT_DOWN : weft_stage_encap(walk);
	walk->network = network;
	if (drop == WEFT_WAIT)
		walk->n_waits--;
	if (drop != WEFT_NEXT)
		return false;
	walk->reply->port = walk->out_port;
	walk->reply->encap = walk->encap;
	walk->reply->source_port = rte_cpu_to_be_16(0xc000 | (weft_walk_entropy(walk) & 0x3fff));
	walk->encap = NULL;
	return true;
}

void
weft_walk_send_back(struct weft_walk *walk)
{
	walk->reply->port = walk->key->arrival;
	if (!weft_key_is_tunnelled(walk->key))
		return;
	if (walk->n_hops == 0) {
		if (!weft_place_is_remote(walk->place))
			weft_walk_find_place(walk);
		weft_walk_note_arrival(walk);
	}
	if (!complain_encap(walk)) {
		walk->reply->is_there = false;
		weft_walk_says(walk, "there is no way back for the answer");
	}
}

struct weft_reply_to
weft_walk_reply_to(const struct weft_walk *walk)
{
	uint32_t l2 = weft_key_offset(walk->key);

	return (struct weft_reply_to){
		.frame = walk->frame,
		.wire_length = walk->wire_length,
		.l2 = l2,
		.l3 = l2 + weft_key_l2_length(walk->key),
		.tag = walk->key->tag,
	};
}

void
weft_walk_complain(struct weft_walk *walk, uint8_t type, uint8_t code, uint32_t word)
{
	struct weft_reply_to to = weft_walk_reply_to(walk);
	bool is_ip4 = (walk->key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	struct weft_ip sender = { .family = is_ip4 ? AF_INET : AF_INET6 };
	const struct weft_leg *leg;
	char text[INET6_ADDRSTRLEN + 4];

	walk->is_cacheable = false;
	if (walk->reply->is_there || !weft_walk_may_complain(walk, walk->frame + to.l3))
		return;
	memcpy(sender.bytes, walk->frame + to.l3 + (is_ip4 ? 12 : 8), is_ip4 ? 4 : 16);
	leg = weft_router_leg(walk->via, walk->via_network, &sender);
	if (leg == NULL)
		return;
	weft_reply_error(walk->reply, &to,
			 &(struct weft_reply_error){
				 .type = type,
				 .code = code,
				 .word = word,
				 .from = weft_ip6_is_link_local(sender.bytes) && !is_ip4 ?
						 leg->link_local :
						 leg->address,
				 .ttl = (uint8_t)(COMPLAIN_TTL - walk->via_hops),
				 .hops = walk->via_hops,
				 .most = walk->topology->networks[walk->arrival_network]->mtu,
			 });
	weft_walk_says(walk, "%s hears of that: ICMP type %u code %u", weft_walk_ip(&sender, text),
		       type, code);
	weft_walk_send_back(walk);
}
