/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * advertise: who looks for a router hears of ours.
 *
 * A solicitation is answered to whoever sent it, from the router's link-local address; if it has no
 * address yet, or if several routers of ours have something to say, all nodes are told soon, by
 * worker 0. It goes on to the others in the network, since not all routers are ours.
 */
#include "path/packet.h"
#include "path/walk.h"

_Static_assert(WEFT_ADVERT_HEAD_MAX <= WEFT_REPLY_HEAD, "it is the head of a reply");

/* The advert of the router behind a door. */
static struct weft_advert *
advertise_find(const struct weft_walk *walk, const struct weft_door *door)
{
	const struct weft_router *router = walk->topology->routers[door->router];

	return router->admin_up ? weft_router_advert(router, walk->network->id) : NULL;
}

/* To one who has an address. The head is ours, the options stay where the snapshot has them. */
static void
advertise_answer(struct weft_walk *walk, const struct weft_advert *advert, const uint8_t *address)
{
	struct weft_reply *reply = walk->reply;
	const struct weft_advert_to to = {
		.mac = &walk->key->src,
		.address = address,
		.tag = weft_key_is_tunnelled(walk->key) ? 0 : walk->key->tag,
	};

	reply->is_there = true;
	reply->head_length = weft_advert_put_head(advert, &to, reply->head);
	reply->tail = advert->options;
	reply->tail_length = weft_advert_length(advert, false);
	weft_walk_send_back(walk);
}

static void
advertise_say(struct weft_walk *walk, const struct weft_door *door, struct weft_advert *advert,
	      const uint8_t *address)
{
	const char *name = walk->topology->routers[door->router]->name;
	static const uint8_t nobody[16];

	if (!walk->reply->is_there && memcmp(address, nobody, sizeof(nobody)) != 0)
		advertise_answer(walk, advert, address);
	else if (!walk->is_dry)
		weft_advert_want(advert);
	weft_walk_says(walk, "router %s advertises itself%s", name,
		       walk->reply->is_there ? "" : " to all");
}

/* Is it for us to judge: does a router that it may be meant for have something to say? */
static bool
advertise_concerns(const struct weft_walk *walk, const struct weft_door *door)
{
	bool is_meant = !rte_is_unicast_ether_addr(&walk->key->dst) ||
			rte_is_same_ether_addr(&walk->key->dst, &door->mac);

	return is_meant && advertise_find(walk, door) != NULL;
}

enum weft_drop
weft_walk_advertise(struct weft_walk *walk)
{
	uint32_t l3 = weft_key_l3(walk->key);
	const struct weft_network *network = walk->network;
	bool is_valid = false, concerns_us = false;

	/* What it says is not in the key. */
	walk->is_cacheable = false;
	for (uint16_t i = 0; i < network->n_doors; i++)
		concerns_us |= advertise_concerns(walk, &network->doors[i]);
	if (!concerns_us)
		return WEFT_NEXT;
	if (!(walk->key->kind & WEFT_KEY_FRAGMENT) && walk->frame_length > l3)
		is_valid = weft_advert_is_asked(walk->frame + l3, walk->frame_length - l3);
	if (!is_valid)
		return DROP_ANSWER_BAD_SOLICITATION;
	for (uint16_t i = 0; i < network->n_doors; i++)
		if (advertise_concerns(walk, &network->doors[i]))
			advertise_say(walk, &network->doors[i],
				      advertise_find(walk, &network->doors[i]),
				      walk->frame + l3 + 8);
	if (!rte_is_unicast_ether_addr(&walk->key->dst))
		return WEFT_NEXT;
	return walk->reply->is_there ? WEFT_DONE : DROP_ANSWER_TAKEN;
}
