/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote: ICMP errors about packets that a router has translated. RFC 5508.
 *
 * What an error quotes is a packet as it has left the router, on either side; whom the error is for
 * must see the packet that he has sent, and at his own address.
 */
#include <string.h>

#include "path/walk.h"

/* What it quotes has left this router, or came to it; the error takes the way back. */
static void
quote_by(struct weft_walk *walk, struct weft_passage *passage, const struct weft_tuple *before)
{
	struct weft_conn_packet *quoted = &walk->passages->quote.is;
	struct weft_tuple to = passage->packet.tuple;

	/* Who speaks was meant, or is a router on the way; one inside is hidden, too. */
	if (memcmp(to.src, quoted->tuple.dst, sizeof(to.src)) == 0 || !passage->by_gateway)
		memcpy(to.src, before->dst, sizeof(to.src));
	memcpy(to.dst, before->src, sizeof(to.dst));
	quoted->tuple = *before;
	quoted->tuple.zone = 0;
	weft_passage_go_on(walk, &to);
}

/* By a connection. @return whether there is one */
static bool
quote_of_known(struct weft_walk *walk, struct weft_passage *passage)
{
	struct weft_conn_packet quoted = walk->passages->quote.is;
	struct weft_conn_look *look = &passage->look;
	struct weft_tuple before;

	quoted.tuple.zone = passage->packet.tuple.zone;
	if (!passage->has_state || !weft_conn_look_quoted(&quoted, look))
		return false;
	passage->is_related = true;
	if (!look->is_translated)
		return true;
	before = look->original;
	if (look->direction == WEFT_CONN_REPLY) {
		weft_conn_translated(look->conn, &before);
		before = weft_tuple_reverse(&before);
	}
	quote_by(walk, passage, &before);
	return true;
}

/* By floating IPs, which need no connections. @return whether it is about one of them */
static bool
quote_of_floating(struct weft_walk *walk, struct weft_passage *passage)
{
	const struct weft_nat *nat = &passage->router->nat;
	const struct weft_tuple *quoted = &walk->passages->quote.is.tuple;
	struct weft_tuple before = *quoted, to = passage->packet.tuple;
	const struct weft_floating_ip *floating;

	floating = weft_nat_find_outside(nat, weft_nat_address(quoted->src));
	if (floating != NULL)
		weft_passage_set(before.src, floating->inside);
	memcpy(to.dst, before.src, sizeof(to.dst));
	if (!passage->by_gateway && (floating != NULL || weft_passage_leaves(passage, &to))) {
		floating = weft_nat_find_inside(nat, weft_nat_address(quoted->dst));
		if (floating != NULL)
			weft_passage_set(before.dst, floating->outside);
	}
	if (memcmp(&before, quoted, sizeof(before)) == 0)
		return false;
	quote_by(walk, passage, &before);
	return true;
}

/* Reads what an error quotes, once for all routers. */
static bool
quote_read(struct weft_walk *walk, uint8_t family)
{
	struct weft_passages *passages = walk->passages;
	uint32_t l3 = weft_key_l3(walk->key);

	if (passages->has_quote)
		return true;
	if (walk->frame_length < l3 ||
	    !weft_conn_read_related(0, family, walk->frame + l3, walk->frame_length - l3,
				    &passages->quote.was))
		return false;
	passages->quote.is = passages->quote.was;
	passages->has_quote = true;
	return true;
}

enum weft_drop
weft_passage_error(struct weft_walk *walk, struct weft_passage *passage)
{
	const struct weft_nat *nat = &passage->router->nat;
	const struct weft_tuple *tuple = &passage->packet.tuple;

	/* What it quotes is not in the key. */
	walk->is_cacheable = false;
	passage->is_error = true;
	if (quote_read(walk, tuple->family) &&
	    (quote_of_known(walk, passage) ||
	     (tuple->family == AF_INET && quote_of_floating(walk, passage)))) {
		weft_passage_say(walk, passage, "an error about a packet that it has forwarded");
		return WEFT_NEXT;
	}
	if (tuple->family != AF_INET || !weft_nat_is_there(nat))
		return WEFT_NEXT;
	if (weft_nat_is_outside(nat, weft_nat_address(tuple->dst)) ||
	    (passage->by_gateway && nat->has_source_nat && !weft_passage_owns(passage, tuple)))
		return DROP_TRANSLATE_UNSOLICITED;
	return nat->has_source_nat && !passage->by_gateway && weft_passage_leaves(passage, tuple) ?
		       DROP_TRANSLATE_INVALID :
		       WEFT_NEXT;
}
