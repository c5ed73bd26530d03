/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/schema_match.h"

static const char *const schema_verdicts[] = { "deny", "allow", NULL };
static const char *const schema_sides[] = { "both", "in", "out", NULL };

static const struct conf_field schema_firewall[] = {
	{ "action", CONF_WORD, CONF_AT(weft_conf_firewall_rule, action), .is_required = true,
	  .words = schema_verdicts, .what = "an action", .help = "What becomes of what matches." },
	{ "direction", CONF_WORD, CONF_AT(weft_conf_firewall_rule, direction),
	  .words = schema_sides, .what = "a direction", .fallback = "both",
	  .help = "As the networks of the interfaces see it: in is what comes to the router by its "
		  "gateway, out what comes to it by an interface, also if it goes to another." },
	CONF_MATCH_ROWS(weft_conf_firewall_rule, ", source and destination"),
	{ "source", CONF_PREFIX, CONF_AT(weft_conf_firewall_rule, source),
	  .has_offset = offsetof(struct weft_conf_firewall_rule, has_source),
	  .help = "Who sends it; anybody without it." },
	{ "destination", CONF_PREFIX, CONF_AT(weft_conf_firewall_rule, destination),
	  .has_offset = offsetof(struct weft_conf_firewall_rule, has_destination),
	  .help = "Whom it is for; anybody without it. Of the same family as source." },
	{ "log", CONF_BOOL, CONF_AT(weft_conf_firewall_rule, log), .fallback = "false",
	  .help = "Whether connections that match are logged." },
};

const struct conf_object conf_firewall_object = {
	.title = "firewall",
	.help = "What a router lets pass: of these rules the first that matches decides. Without a "
		"rule everything passes; if there is one, what matches none is denied, as by "
		"Neutron's FWaaS.",
	CONF_FIELDS(schema_firewall),
	.bytes = sizeof(struct weft_conf_firewall_rule),
	.place_offset = offsetof(struct weft_conf_firewall_rule, place),
	.has_no_key = true,
};
