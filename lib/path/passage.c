/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/passage.h"

#include <string.h>

#include "path/packet.h"
#include "path/spend.h"
#include "path/walk.h"

const struct weft_conn_packet *
weft_passages_packet(struct weft_walk *walk)
{
	struct weft_passages *passages = walk->passages;

	if (passages->is_begun)
		return &passages->packet.is;
	if (walk->whole != NULL)
		passages->packet.was = *walk->whole;
	else
		weft_packet_read(walk, 0, &passages->packet.was);
	passages->packet.was.tuple.zone = 0;
	passages->packet.is = passages->packet.was;
	passages->has_quote = false;
	passages->n = 0;
	passages->is_begun = true;
	return &passages->packet.is;
}

struct weft_passage *
weft_passage_now(const struct weft_walk *walk)
{
	return walk->is_watched ? &walk->passages->list[walk->passages->n - 1] : NULL;
}

bool
weft_passages_change(const struct weft_walk *walk)
{
	const struct weft_passages *passages = walk->passages;

	return passages->is_begun &&
	       (weft_translation_changes(&passages->packet) ||
		(passages->has_quote && weft_translation_changes(&passages->quote)));
}

/* The source before, the destination after translation. */
void
weft_passage_inside(const struct weft_walk *walk, const struct weft_passage *passage,
		    struct weft_conn_packet *inside)
{
	const struct weft_conn_look *look = &passage->look;
	struct weft_tuple onward = walk->passages->packet.is.tuple;

	*inside = passage->packet;
	if (look->verdict == WEFT_CONN_IS_KNOWN) {
		inside->tuple = onward = look->original;
		inside->icmp_type = look->question;
		inside->icmp_code = 0;
		if (look->is_translated)
			weft_conn_translated(look->conn, &onward);
	}
	memcpy(inside->tuple.dst, onward.dst, sizeof(onward.dst));
	inside->tuple.dst_port = onward.dst_port;
}

static struct weft_ip
passage_ip(const struct weft_tuple *tuple, const uint8_t *bytes)
{
	struct weft_ip ip = { .family = tuple->family };

	ip.prefix = tuple->family == AF_INET ? 32 : 128;
	memcpy(ip.bytes, bytes, sizeof(ip.bytes));
	return ip;
}

bool
weft_passage_owns(const struct weft_passage *passage, const struct weft_tuple *tuple)
{
	struct weft_ip dst = passage_ip(tuple, tuple->dst);

	return weft_router_owns(passage->router, passage->network, &dst) != NULL;
}

bool
weft_passage_leaves(const struct weft_passage *passage, const struct weft_tuple *tuple)
{
	struct weft_ip dst = passage_ip(tuple, tuple->dst);

	return weft_router_leaves(passage->router, &dst);
}

void
weft_passage_say(struct weft_walk *walk, const struct weft_passage *passage, const char *why)
{
	struct weft_translation_pair step;
	char text[160];

	if (walk->trace == NULL)
		return;
	step.was = passage->packet;
	step.is = walk->passages->packet.is;
	if (step.was.tuple.family == AF_INET)
		weft_translation_format(&step, text, sizeof(text));
	else
		text[0] = '\0';
	weft_walk_says(walk, "router %s: %s%s%s", passage->router->name, why,
		       text[0] == '\0' ? "" : ": ", text);
}

void
weft_passage_go_on(struct weft_walk *walk, const struct weft_tuple *to)
{
	walk->passages->packet.is.tuple = *to;
	walk->passages->packet.is.tuple.zone = 0;
}

/* ---- the end ---- */

/* Who pays: the guest that began it; of what comes from elsewhere, the guest that receives it. */
static uint16_t
passage_payer(const struct weft_walk *walk)
{
	const struct weft_attachment *port = walk->arrival;

	if (port->is_wire && walk->receivers == &walk->receiver &&
	    !weft_place_is_remote(walk->receiver))
		port = walk->topology->attachments[walk->receiver];
	return port == NULL || port->is_wire ? WEFT_CONN_NO_PORT : port->port->id;
}

/* If there are security groups at one of the ends, they let so many begin. */
static bool
passage_has_budget(struct weft_walk *walk, uint16_t payer)
{
	return walk->near.wants_connection || walk->filter->wants_connection ||
	       weft_walk_spend(walk, payer, WEFT_BUDGET_CONNECTIONS);
}

static enum weft_conn_outcome
passage_make(struct weft_walk *walk, struct weft_passage *passage, uint16_t payer)
{
	bool is_translated = memcmp(&passage->change.translated, &passage->packet.tuple,
				    sizeof(passage->packet.tuple)) != 0;

	if (!is_translated)
		return weft_conn_commit(walk->worker, &passage->packet, &passage->look, payer,
					WEFT_CONN_NO_PORT, walk->now_ms, &passage->conn);
	return weft_conn_commit_translated(walk->worker, &passage->packet, &passage->look,
					   &passage->change, payer, walk->now_ms, &passage->conn);
}

static enum weft_drop
passage_commit(struct weft_walk *walk, struct weft_passage *passage)
{
	uint16_t payer = passage_payer(walk);

	if (walk->is_dry) {
		weft_walk_says(walk, "router %s: a connection would begin", passage->router->name);
		return WEFT_NEXT;
	}
	if (!passage_has_budget(walk, payer))
		return DROP_TRANSLATE_NEW_CONNECTION_BUDGET;
	switch (passage_make(walk, passage, payer)) {
	case WEFT_CONN_COMMITTED:
		passage->is_made = true;
		return WEFT_NEXT;
	case WEFT_CONN_PORT_LIMIT:
		return DROP_TRANSLATE_CONNECTION_LIMIT;
	case WEFT_CONN_TABLE_FULL:
		return DROP_TRANSLATE_CONNECTION_TABLE_FULL;
	case WEFT_CONN_QUOTA:
		return DROP_TRANSLATE_PORT_QUOTA;
	case WEFT_CONN_TAKEN:
		break;
	}
	walk->must_retry = true;
	return DROP_TRANSLATE_BUSY;
}

static enum weft_drop
passage_settle(struct weft_walk *walk, struct weft_passage *passage, enum weft_drop drop)
{
	const struct weft_conn_look *look = &passage->look;

	if (!passage->has_state || passage->is_error)
		return drop;
	if (look->verdict == WEFT_CONN_IS_KNOWN) {
		passage->conn = look->conn;
		if (drop == WEFT_NEXT && !walk->is_dry)
			weft_conn_update(&passage->packet, look, walk->now_ms);
	} else if (drop == WEFT_NEXT && passage->wants_connection) {
		drop = passage_commit(walk, passage);
		/* Room may come at any time. */
		if (drop != WEFT_NEXT)
			walk->is_cacheable = false;
	}
	if (passage->conn != WEFT_NO_CONN)
		weft_walk_depend_at(walk, look->slot, look->generation);
	else
		weft_walk_depend_at(walk, look->news_slot, look->news_generation);
	return drop;
}

enum weft_drop
weft_passages_settle(struct weft_walk *walk, enum weft_drop drop)
{
	struct weft_passages *passages = walk->passages;
	uint32_t n_conns = 0;

	if (!passages->is_begun || drop == WEFT_WAIT)
		return drop;
	for (uint8_t i = 0; i < passages->n; i++) {
		drop = passage_settle(walk, &passages->list[i], drop);
		n_conns += passages->list[i].conn != WEFT_NO_CONN;
	}
	/* All that a flow can keep young. */
	if (n_conns > WEFT_PASSAGES_KEPT)
		walk->is_cacheable = false;
	return drop;
}

void
weft_passages_undo(struct weft_walk *walk)
{
	struct weft_passages *passages = walk->passages;

	for (uint8_t i = 0; passages->is_begun && i < passages->n; i++) {
		struct weft_passage *passage = &passages->list[i];

		if (!passage->is_made)
			continue;
		weft_conn_remove(walk->worker, passage->conn);
		passage->conn = WEFT_NO_CONN;
		passage->is_made = false;
	}
}
