/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * admit: may this port say this?
 *
 * Three questions, of guests' ports only: is it who it claims to be (spoof.h), is it within its
 * budget for messages that everybody must hear, and do its security groups let it out (filter.h).
 */
#include "path/filter.h"
#include "path/packet.h"
#include "path/spend.h"
#include "path/spoof.h"
#include "path/walk.h"

static enum weft_drop
admit_sender(struct weft_walk *walk)
{
	const struct weft_attachment *arrival = walk->arrival;
	enum weft_drop drop;

	if (!arrival->is_secured) {
		weft_walk_says(walk, "no port security here");
		return WEFT_NEXT;
	}
	drop = weft_spoof_check(walk);
	if (drop == WEFT_NEXT)
		weft_walk_says(walk, "port security: MAC %s, addresses %s",
			       arrival->has_mac ? "is the port's" : "not configured",
			       arrival->n_addresses > 0 ? "are the port's" : "not configured");
	return drop;
}

/* Such packets are work for all, so each of them is walked and counted. */
static enum weft_drop
admit_budgets(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;
	uint16_t port = key->arrival;

	if (weft_packet_is_arp(key) || weft_packet_is_nd(key)) {
		walk->is_cacheable = false;
		if (!weft_walk_spend(walk, port, WEFT_BUDGET_ARP))
			return DROP_ADMIT_ARP_BUDGET;
	} else if (weft_packet_is_icmp_error(key)) {
		walk->is_cacheable = false;
		if (!weft_walk_spend(walk, port, WEFT_BUDGET_ICMP_ERRORS))
			return DROP_ADMIT_ICMP_ERROR_BUDGET;
	}
	return WEFT_NEXT;
}

/* With security groups in a network, or behind a router, a part of a datagram is not judged before
 * all of it is there.
 */
static bool
admit_must_gather(const struct weft_walk *walk)
{
	return walk->network != NULL && walk->network->gathers && walk->whole == NULL &&
	       !walk->has_waited && (walk->key->kind & WEFT_KEY_FRAGMENT);
}

enum weft_drop
weft_stage_admit(struct weft_walk *walk)
{
	const struct weft_attachment *arrival = walk->arrival;
	enum weft_drop drop = WEFT_NEXT;

	if (!weft_mac_is_sender(walk->key->src.addr_bytes))
		return DROP_ADMIT_BAD_SOURCE_MAC;
	if (arrival->is_wire)
		weft_walk_says(walk, "no port security here");
	else
		drop = admit_sender(walk);
	if (drop == WEFT_NEXT && !arrival->is_wire)
		drop = admit_budgets(walk);
	if (drop != WEFT_NEXT)
		return drop;
	if (admit_must_gather(walk)) {
		weft_walk_says(walk, "a fragment: waits for the rest of its datagram");
		walk->is_cacheable = false;
		return WEFT_GATHER;
	}
	return weft_filter_asks(walk, arrival) ? weft_filter_egress(walk) : WEFT_NEXT;
}
