/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * firewall: may it pass the router? By rules that allow or deny, in order.
 *
 * A connection is judged as it began, each time one of its packets is walked: so a change of rules
 * cuts what they no longer allow. What is for the router itself is not judged.
 */
#include "path/journal.h"
#include "path/walk.h"

/* Where the connection began: at the gateway's side? */
static enum weft_firewall_direction
firewall_direction(const struct weft_walk *walk, const struct weft_passage *passage)
{
	const struct weft_conn_look *look = &passage->look;
	const struct weft_tuple *onward = &walk->passages->packet.is.tuple;

	/* An error goes the other way than what it quotes. */
	if (look->verdict != WEFT_CONN_IS_KNOWN ||
	    (look->direction == WEFT_CONN_ORIGINAL) != passage->is_error)
		return passage->by_gateway ? WEFT_FIREWALL_IN : WEFT_FIREWALL_OUT;
	return weft_passage_leaves(passage, onward) ? WEFT_FIREWALL_IN : WEFT_FIREWALL_OUT;
}

static void
firewall_say(struct weft_walk *walk, const struct weft_passage *passage, uint32_t rule)
{
	char text[160];

	if (walk->trace == NULL)
		return;
	if (rule == 0) {
		weft_walk_says(walk, "router %s: no rule of the firewall matches",
			       passage->router->name);
		return;
	}
	weft_firewall_format(&passage->router->firewall.says[rule - 1], text, sizeof(text));
	weft_walk_says(walk, "router %s: firewall rule %u: %s", passage->router->name, rule, text);
}

enum weft_drop
weft_stage_firewall(struct weft_walk *walk)
{
	struct weft_passage *passage = weft_passage_now(walk);
	const struct weft_firewall *firewall;
	struct weft_conn_packet inside;
	enum weft_firewall_direction direction;
	uint32_t rule;

	if (likely(passage == NULL || passage->router->firewall.n == 0))
		return WEFT_NEXT;
	if (weft_passage_owns(passage, &walk->passages->packet.is.tuple))
		return WEFT_NEXT;
	if (passage->is_error && !passage->is_related)
		return DROP_FIREWALL_INVALID;
	if (passage->look.verdict == WEFT_CONN_IS_INVALID)
		return DROP_FIREWALL_INVALID;
	firewall = &passage->router->firewall;
	direction = firewall_direction(walk, passage);
	weft_passage_inside(walk, passage, &inside);
	rule = weft_firewall_judge(firewall, &inside, direction);
	firewall_say(walk, passage, rule);
	if (passage->look.verdict != WEFT_CONN_IS_KNOWN && walk->n_tries == 0 && !walk->has_waited)
		weft_journal_note_rule(walk, passage->router, &inside, direction, rule);
	if (!weft_firewall_allows(firewall, rule)) {
		/* When the connection has expired, it is the first packet of another one. */
		if (passage->look.verdict == WEFT_CONN_IS_KNOWN)
			walk->is_cacheable = false;
		return DROP_FIREWALL_NOT_ALLOWED;
	}
	passage->wants_connection = true;
	return WEFT_NEXT;
}
