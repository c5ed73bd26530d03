/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/filter.h"

#include <netinet/in.h>
#include <string.h>

#include "path/journal.h"
#include "path/packet.h"
#include "path/passage.h"
#include "path/spend.h"
#include "path/walk.h"
#include "secgroup/members.h"

/* The two ports that a refusal may come from have reasons of their own. */
struct filter_reasons {
	enum weft_drop not_allowed, invalid, other;
};

static const struct filter_reasons filter_reasons[WEFT_DIRECTIONS] = {
	[WEFT_EGRESS] = { DROP_ADMIT_NOT_ALLOWED, DROP_ADMIT_INVALID, DROP_ADMIT_ETHERTYPE },
	[WEFT_INGRESS] = { DROP_DELIVER_NOT_ALLOWED, DROP_DELIVER_INVALID, DROP_DELIVER_ETHERTYPE },
};

/* ---- what is it? ---- */

/* An error speaks of a packet as it was here; a router has translated that, too. */
static bool
filter_look_related(struct weft_walk *walk)
{
	uint32_t l3 = weft_key_l3(walk->key);
	const struct weft_tuple *tuple = &walk->filter->packet.tuple;
	struct weft_conn_packet quoted;

	if (walk->frame_length < l3)
		return false;
	if (!walk->passages->is_begun || !walk->passages->has_quote)
		return weft_conn_look_related(tuple->zone, tuple->family, walk->frame + l3,
					      walk->frame_length - l3, &walk->filter->look);
	quoted = walk->passages->quote.is;
	quoted.tuple.zone = tuple->zone;
	return weft_conn_look_quoted(&quoted, &walk->filter->look);
}

static void
filter_look(struct weft_walk *walk)
{
	struct weft_filter *filter = walk->filter;

	if (weft_packet_is_icmp_error(walk->key)) {
		filter->class = WEFT_FILTER_RELATED;
		/* What it quotes is not in the key. */
		walk->is_cacheable = false;
		if (!filter_look_related(walk))
			filter->look.verdict = WEFT_CONN_IS_INVALID;
		return;
	}
	filter->class = WEFT_FILTER_TRACKED;
	if (walk->whole == NULL && weft_packet_is_cut(walk)) {
		filter->look.verdict = WEFT_CONN_IS_INVALID;
		/* Where it ends is not in the key. */
		walk->is_cacheable = false;
		return;
	}
	weft_conn_look(&filter->packet, &filter->look);
	if (filter->look.verdict == WEFT_CONN_IS_KNOWN)
		filter->conn = filter->look.conn;
	if (weft_key_is_event(walk->key))
		walk->is_cacheable = false;
}

static const char *
filter_say_look(const struct weft_filter *filter)
{
	const struct weft_conn_look *look = &filter->look;

	if (look->verdict == WEFT_CONN_IS_INVALID)
		return "it is part of no connection and cannot begin one";
	if (look->verdict == WEFT_CONN_IS_NEW)
		return "it is part of no connection";
	if (filter->class == WEFT_FILTER_RELATED)
		return "it is an error about a packet of a known connection";
	return look->direction == WEFT_CONN_ORIGINAL ? "a connection is known, which it continues" :
						       "a connection is known, and it is a reply";
}

static void
filter_prepare(struct weft_walk *walk)
{
	struct weft_filter *filter = walk->filter;
	const struct weft_key *key = walk->key;

	if (filter->class != WEFT_FILTER_UNKNOWN)
		return;
	filter->conn = WEFT_NO_CONN;
	filter->from = filter->to = WEFT_CONN_NO_PORT;
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_L2) {
		filter->class = weft_packet_is_arp(key) ? WEFT_FILTER_ARP : WEFT_FILTER_OTHER;
		return;
	}
	if (walk->whole != NULL) {
		filter->packet = *walk->whole;
		filter->packet.tuple.zone = walk->network->id;
	} else {
		weft_packet_read(walk, walk->network->id, &filter->packet);
	}
	/* A router may have made another packet of it. */
	if (walk->passages->is_begun) {
		filter->packet.tuple = walk->passages->packet.is.tuple;
		filter->packet.tuple.zone = walk->network->id;
	}
	if (weft_packet_is_basic(key)) {
		filter->class = WEFT_FILTER_BASIC;
		return;
	}
	filter_look(walk);
	weft_walk_says(walk, "%s", filter_say_look(filter));
}

/* ---- what do the rules say? ---- */

/* Who is at the other end of a port that sends is the destination, of one that receives the source;
 * also when it is the original packet that is judged, since then both are exchanged. */
static void
filter_depend_on_members(struct weft_walk *walk, bool is_sender)
{
	const struct weft_tuple *tuple = &walk->filter->packet.tuple;
	bool *stands =
		is_sender ? &walk->filter->stands_on_sender : &walk->filter->stands_on_receiver;

	if (*stands)
		return;
	*stands = true;
	weft_walk_depend(walk, weft_member_slot(is_sender ? tuple->dst : tuple->src));
}

/* Judges a packet, or the first one of its connection, by the rules for one direction. */
static enum weft_verdict
filter_judge(struct weft_walk *walk, const struct weft_policy *policy, bool is_sender,
	     enum weft_direction direction, const struct weft_conn_packet *packet,
	     const struct weft_rule **rule)
{
	const struct weft_tuple *tuple = &packet->tuple;
	struct weft_question question = {
		.direction = direction,
		.family = tuple->family,
		.protocol = tuple->protocol,
		.remote = direction == WEFT_EGRESS ? tuple->dst : tuple->src,
		.port = tuple->dst_port,
	};

	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		question.port =
			rte_cpu_to_be_16((uint16_t)(packet->icmp_type << 8 | packet->icmp_code));
	if (weft_policy_has_sets(policy, direction))
		filter_depend_on_members(walk, is_sender);
	return weft_policy_judge(policy, &question, rule);
}

static void
filter_say_rule(struct weft_walk *walk, const struct weft_attachment *port,
		const struct weft_rule *rule)
{
	char text[160];

	if (walk->trace == NULL)
		return;
	if (rule == NULL) {
		weft_walk_says(walk, "%s: no group says anything about egress: open",
			       port->port->name);
		return;
	}
	weft_rule_format(&rule->says, text, sizeof(text));
	weft_walk_says(walk, "%s: security group %s lets it through, rule %u: %s", port->port->name,
		       rule->group, rule->number, text);
}

static bool
filter_is_bound(const struct weft_conn_look *look, const struct weft_attachment *port)
{
	return look->from == port->port->id || look->to == port->port->id;
}

/* How a connection began, as far as rules speak of that. */
static struct weft_conn_packet
filter_original(const struct weft_conn_look *look)
{
	return (struct weft_conn_packet){ .tuple = look->original, .icmp_type = look->question };
}

/* A packet of a connection, or an error about one of its packets, which goes the other way: do the
 * rules allow the connection now? @return WEFT_ALLOWED_STATELESS: they do, but that is worth
 * nothing to its replies */
static enum weft_verdict
filter_judge_known(struct weft_walk *walk, const struct weft_attachment *port,
		   enum weft_direction direction)
{
	const struct weft_conn_look *look = &walk->filter->look;
	bool is_error = walk->filter->class == WEFT_FILTER_RELATED;
	bool is_reply = (look->direction == WEFT_CONN_REPLY) != is_error;
	bool is_sender = direction == WEFT_EGRESS;
	struct weft_conn_packet original = filter_original(look);
	const struct weft_rule *rule = NULL;
	enum weft_verdict verdict;

	if (is_reply)
		direction = direction == WEFT_EGRESS ? WEFT_INGRESS : WEFT_EGRESS;
	verdict = filter_judge(walk, port->policy, is_sender, direction, &original, &rule);
	if (verdict == WEFT_ALLOWED || (verdict == WEFT_ALLOWED_STATELESS && !is_reply)) {
		filter_say_rule(walk, port, rule);
		return WEFT_ALLOWED;
	}
	if (verdict == WEFT_ALLOWED_STATELESS || !weft_policy_persists(port->policy) ||
	    !filter_is_bound(look, port))
		return verdict;
	weft_walk_says(walk, "%s: no rule lets it through any more, but it may go on",
		       port->port->name);
	return WEFT_ALLOWED;
}

/* No rule allows the connection any more, by which this port had let it through. What it says now
 * is not new, even if the rules would let that through, lest it go on with both sides exchanged;
 * but the first packet of another one is. @return whether it is that */
static bool
filter_cut(struct weft_walk *walk, const struct weft_attachment *port)
{
	struct weft_conn_look *look = &walk->filter->look;

	weft_walk_says(walk, "%s: no rule lets the connection through any more", port->port->name);
	if (!weft_conn_begins(&walk->filter->packet)) {
		if (!walk->is_dry)
			weft_conn_cut(look->conn, walk->now_ms);
		return false;
	}
	look->verdict = WEFT_CONN_IS_NEW;
	look->direction = WEFT_CONN_ORIGINAL;
	look->in_the_way = look->conn;
	walk->filter->conn = look->conn = WEFT_NO_CONN;
	return true;
}

static enum weft_drop
filter_refuse(struct weft_walk *walk, const struct weft_attachment *port,
	      enum weft_direction direction, enum weft_drop drop)
{
	if (weft_policy_logs_drops(port->policy))
		weft_journal_note(walk, port, direction, NULL);
	return drop;
}

static enum weft_drop
filter_allows_new(struct weft_walk *walk, const struct weft_attachment *port,
		  enum weft_direction direction)
{
	const struct filter_reasons *reasons = &filter_reasons[direction];
	struct weft_filter *filter = walk->filter;
	bool is_invalid = filter->look.verdict == WEFT_CONN_IS_INVALID;
	const struct weft_rule *rule = NULL;
	enum weft_verdict verdict = filter_judge(walk, port->policy, direction == WEFT_EGRESS,
						 direction, &filter->packet, &rule);

	/* It is open by default, and answers what came in without a connection. */
	if (is_invalid && verdict == WEFT_ALLOWED && rule == NULL &&
	    weft_policy_is_stateless(port->policy))
		verdict = WEFT_ALLOWED_STATELESS;
	if (verdict == WEFT_DENIED || (verdict == WEFT_ALLOWED && is_invalid))
		return filter_refuse(walk, port, direction,
				     is_invalid ? reasons->invalid : reasons->not_allowed);
	filter_say_rule(walk, port, rule);
	/* Of several receivers the first one stands for all. */
	if (direction == WEFT_EGRESS || filter->n_receivers == 0)
		filter->rules[direction] = rule;
	filter->wants_connection |= verdict == WEFT_ALLOWED;
	return WEFT_NEXT;
}

/* One of a connection that this port does not allow. If it was let through as a reply by where it
 * came from, that is not enough any more. */
static enum weft_drop
filter_ask_anew(struct weft_walk *walk, const struct weft_attachment *port,
		enum weft_direction direction)
{
	enum weft_drop drop = WEFT_NEXT;

	if (filter_is_bound(&walk->filter->look, port) && !filter_cut(walk, port))
		return filter_refuse(walk, port, direction, filter_reasons[direction].not_allowed);
	if (direction == WEFT_INGRESS && walk->n_hops == 0 && weft_filter_asks(walk, walk->arrival))
		drop = filter_allows_new(walk, walk->arrival, WEFT_EGRESS);
	return drop == WEFT_NEXT ? filter_allows_new(walk, port, direction) : drop;
}

/* What every guest may exchange stays on its link. What is about neighbours a router does not
 * forward. */
static bool
filter_is_free(const struct weft_walk *walk, enum weft_direction direction)
{
	if (walk->n_hops > 0 || !weft_packet_is_free(walk->key, direction))
		return false;
	return direction == WEFT_INGRESS || weft_packet_is_nd(walk->key) ||
	       weft_network_find_door(walk->network, &walk->dst) == NULL;
}

static enum weft_drop
filter_ask(struct weft_walk *walk, const struct weft_attachment *port,
	   enum weft_direction direction)
{
	struct weft_filter *filter = walk->filter;
	enum weft_verdict verdict;

	filter_prepare(walk);
	if (filter->class == WEFT_FILTER_OTHER)
		return filter_reasons[direction].other;
	if (filter->class == WEFT_FILTER_ARP ||
	    (filter->class == WEFT_FILTER_BASIC && filter_is_free(walk, direction))) {
		weft_walk_says(walk, "%s: every guest may exchange this", port->port->name);
		return WEFT_NEXT;
	}
	if (filter->class == WEFT_FILTER_BASIC || filter->look.verdict != WEFT_CONN_IS_KNOWN)
		return filter_allows_new(walk, port, direction);
	verdict = filter_judge_known(walk, port, direction);
	if (verdict == WEFT_ALLOWED)
		return WEFT_NEXT;
	if (filter->class == WEFT_FILTER_RELATED)
		filter->look.verdict = WEFT_CONN_IS_INVALID;
	else if (verdict == WEFT_DENIED)
		return filter_ask_anew(walk, port, direction);
	return filter_allows_new(walk, port, direction);
}

void
weft_filter_foresee(const struct weft_topology *topology, const struct weft_attachment *arrival,
		    const struct weft_key *key)
{
	uint16_t id = arrival->is_wire ? arrival->network_by_vid[WEFT_TAG_VID(key->tag)] :
					 arrival->network;

	/* Which network is in a tunnel is not known so early. */
	if (!weft_key_is_tunnelled(key) && (key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2 &&
	    id != WEFT_NO_NETWORK && topology->networks[id]->is_filtered)
		weft_packet_foresee(key, id);
}

bool
weft_filter_asks(const struct weft_walk *walk, const struct weft_attachment *port)
{
	return port->policy != NULL && !(walk->has_waited && (walk->key->kind & WEFT_KEY_FRAGMENT));
}

enum weft_drop
weft_filter_egress(struct weft_walk *walk)
{
	enum weft_drop drop = filter_ask(walk, walk->arrival, WEFT_EGRESS);

	if (drop == WEFT_NEXT)
		walk->filter->from = walk->arrival->port->id;
	return drop;
}

enum weft_drop
weft_filter_ingress(struct weft_walk *walk)
{
	enum weft_drop drop = filter_ask(walk, walk->out, WEFT_INGRESS);

	/* Errors are never remembered, so each of them comes here. */
	if (drop == WEFT_NEXT && walk->filter->class == WEFT_FILTER_RELATED &&
	    !weft_walk_spend(walk, walk->out->port->id, WEFT_BUDGET_ICMP_ERRORS))
		drop = DROP_DELIVER_ICMP_ERROR_BUDGET;
	if (drop == WEFT_NEXT && walk->filter->n_receivers++ == 0)
		walk->filter->to = walk->out->port->id;
	return drop;
}

/* ---- the end ---- */

static void
filter_note_new(struct weft_walk *walk)
{
	const uint16_t ports[WEFT_DIRECTIONS] = {
		[WEFT_EGRESS] = walk->filter->from,
		[WEFT_INGRESS] = walk->filter->to,
	};

	for (int direction = 0; direction < WEFT_DIRECTIONS; direction++) {
		const struct weft_rule *rule = walk->filter->rules[direction];

		weft_rule_hit(rule, walk->worker);
		if (rule != NULL && rule->is_logged && ports[direction] != WEFT_CONN_NO_PORT)
			weft_journal_note(walk, walk->topology->attachments[ports[direction]],
					  (enum weft_direction)direction, rule);
	}
}

static enum weft_drop
filter_commit(struct weft_walk *walk)
{
	struct weft_filter *filter = walk->filter;
	uint16_t payer = filter->from != WEFT_CONN_NO_PORT ? filter->from : filter->to;

	/* Nobody answers from a group's address: there is no use in a connection. */
	if (!filter->wants_connection || !rte_is_unicast_ether_addr(&walk->key->dst))
		return WEFT_NEXT;
	if (walk->is_dry) {
		weft_walk_says(walk, "a connection would begin");
		return WEFT_NEXT;
	}
	if (!weft_walk_spend(walk, payer, WEFT_BUDGET_CONNECTIONS))
		return DROP_DELIVER_NEW_CONNECTION_BUDGET;
	switch (weft_conn_commit(walk->worker, &filter->packet, &filter->look, filter->from,
				 filter->to, walk->now_ms, &filter->conn)) {
	case WEFT_CONN_COMMITTED:
		return WEFT_NEXT;
	case WEFT_CONN_PORT_LIMIT:
		return DROP_DELIVER_CONNECTION_LIMIT;
	case WEFT_CONN_TABLE_FULL:
	case WEFT_CONN_TAKEN:
	case WEFT_CONN_QUOTA:
		break;
	}
	return DROP_DELIVER_CONNECTION_TABLE_FULL;
}

/* A packet of a known connection was let through. */
static void
filter_continue(struct weft_walk *walk)
{
	struct weft_filter *filter = walk->filter;
	const struct weft_conn_look *look = &filter->look;

	if (unlikely(look->is_cut))
		weft_conn_mend(look->conn);
	/* The first packet went to all who might have been meant. This one was. */
	if (look->direction == WEFT_CONN_REPLY && !look->is_replied &&
	    filter->from != WEFT_CONN_NO_PORT && filter->from != look->to)
		weft_conn_bind(look->conn, filter->from);
	weft_conn_update(&filter->packet, look, walk->now_ms);
}

/* Whatever changes what is known of its connection makes an answer stale; or, if there is none, one
 * that comes into being. */
static void
filter_stand(struct weft_walk *walk, enum weft_drop drop)
{
	const struct weft_conn_look *look = &walk->filter->look;

	if (drop == WEFT_NEXT || look->verdict == WEFT_CONN_IS_KNOWN)
		weft_walk_depend_at(walk, look->slot, look->generation);
	else
		weft_walk_depend_at(walk, look->news_slot, look->news_generation);
}

static enum weft_drop
filter_settle(struct weft_walk *walk, enum weft_drop drop)
{
	struct weft_filter *filter = walk->filter;

	if (filter->class == WEFT_FILTER_BASIC && drop == WEFT_NEXT && !walk->is_dry)
		filter_note_new(walk);
	if (filter->class != WEFT_FILTER_TRACKED)
		return drop;
	if (drop == WEFT_NEXT && filter->look.verdict != WEFT_CONN_IS_KNOWN) {
		drop = filter_commit(walk);
		/* Room may come at any time. */
		if (drop != WEFT_NEXT)
			walk->is_cacheable = false;
		else if (!walk->is_dry)
			filter_note_new(walk);
	} else if (drop == WEFT_NEXT && !walk->is_dry) {
		filter_continue(walk);
	}
	filter_stand(walk, drop);
	return drop;
}

/* Routers first: what they refuse leaves nothing, and what the ports' groups have too much of is
 * undone there. */
enum weft_drop
weft_filter_settle(struct weft_walk *walk, enum weft_drop drop)
{
	struct weft_filter *last = walk->filter;

	/* Nobody knows yet who receives it. */
	if (drop == WEFT_WAIT)
		return drop;
	drop = weft_passages_settle(walk, drop);
	/* The sender pays first: what it has too much of costs the receiver nothing. */
	walk->filter = &walk->near;
	drop = filter_settle(walk, drop);
	walk->filter = last;
	if (last != &walk->near)
		drop = filter_settle(walk, drop);
	if (drop != WEFT_NEXT)
		weft_passages_undo(walk);
	return drop;
}
