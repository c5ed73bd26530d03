/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * passage: a packet and a router that looks at more than where it goes.
 *
 * Such a router translates addresses (stage `translate`), and has a firewall (stage `firewall`).
 * For both it keeps connections, in a zone of its own; the security groups at both ends have
 * theirs.
 *
 *	was	the packet as it came to the first of them on its way
 *	is	the packet as it is now; each goes on from there
 *
 * What becomes of the packet is the difference between the two, however many routers had a part in
 * it. The same holds for what an ICMP error quotes.
 *
 * New connections are made at the end of the walk, if somebody receives the packet, as those of the
 * filter are; so is a new outside port taken only then. If another worker took it meanwhile, the
 * packet is walked again.
 *
 * Threads: as the walk.
 */
#ifndef WEFT_PATH_PASSAGE_H
#define WEFT_PATH_PASSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "conntrack/binding.h"
#include "flow/table.h"
#include "flow/translate.h"
#include "path/drop.h"
#include "topology/topology.h"

#define WEFT_PASSAGES_MAX (WEFT_HOPS_MAX + 1)
#define WEFT_PASSAGES_KEPT (WEFT_FLOW_CONNS_MORE - 1) /* connections that a flow keeps young */

struct weft_walk;

struct weft_passage {
	const struct weft_router *router;
	uint16_t network; /* where it comes from */
	bool by_gateway; /* and whether that is the gateway's side */
	bool has_state; /* the router keeps connections of such packets */
	bool is_error; /* ICMP, about another packet */
	bool is_related; /* an error about a known connection: that is `look` */
	bool wants_connection;
	struct weft_conn_packet packet; /* as it came to this router, in its zone */
	struct weft_conn_look look; /* if has_state */
	struct weft_conn_change change; /* if it is to be translated */
	uint32_t conn; /* that it is part of in the end; WEFT_NO_CONN */
	bool is_made; /* for this packet */
};

/** Of one packet, for all routers on its way. */
struct weft_passages {
	bool is_begun; /* what follows is valid */
	bool has_quote;
	uint8_t n;
	struct weft_translation_pair packet; /* in no zone */
	struct weft_translation_pair quote; /* if has_quote */
	struct weft_passage list[WEFT_PASSAGES_MAX];
};

/** A packet that arrives here will be walked: prefetches what its routers will look for. */
void weft_passage_foresee(const struct weft_topology *topology,
			  const struct weft_attachment *arrival, const struct weft_key *key);

/** The packet as it is now, which is IP. */
const struct weft_conn_packet *weft_passages_packet(struct weft_walk *walk);

/** The present router's passage. @return NULL: it does not look */
struct weft_passage *weft_passage_now(const struct weft_walk *walk);

/** The packet with inside addresses, as it came to a router and was meant to go on; of a known
 *  connection the first one. */
void weft_passage_inside(const struct weft_walk *walk, const struct weft_passage *passage,
			 struct weft_conn_packet *inside);

/** Is the destination of a tuple an address of the router; does it leave by its gateway? */
bool weft_passage_owns(const struct weft_passage *passage, const struct weft_tuple *tuple);
bool weft_passage_leaves(const struct weft_passage *passage, const struct weft_tuple *tuple);

static inline void
weft_passage_set(uint8_t *bytes, rte_be32_t address)
{
	memcpy(bytes, &address, sizeof(address));
}

/** From here on the packet has these addresses and ports. */
void weft_passage_go_on(struct weft_walk *walk, const struct weft_tuple *to);

/** A sentence for the trace: why, and what has become what. */
void weft_passage_say(struct weft_walk *walk, const struct weft_passage *passage, const char *why);

/** An ICMP error comes to a router that translates (quote.c). @return WEFT_NEXT or why it dies */
enum weft_drop weft_passage_error(struct weft_walk *walk, struct weft_passage *passage);

/** At the end of a walk that came to @p drop. @return WEFT_NEXT; why it dies after all; or
 *  DROP_TRANSLATE_BUSY: it is to be walked again */
enum weft_drop weft_passages_settle(struct weft_walk *walk, enum weft_drop drop);

/** The packet is refused after all: the connections go that were made for it. */
void weft_passages_undo(struct weft_walk *walk);

/** Has the packet become another? */
bool weft_passages_change(const struct weft_walk *walk);

#endif
