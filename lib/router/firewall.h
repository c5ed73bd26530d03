/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * firewall: what a router lets pass, by rules that allow or deny.
 *
 * The first rule that matches decides; if there are rules and none matches, it is denied. Rules
 * speak of inside addresses in both directions: of the source before it is translated, and of the
 * destination after that.
 *
 * Rules are compared one after the other, once per flow: there are a thousand at most, 2 to 3 ns
 * each.
 *
 * Pure functions of what was made once, any thread; made by the control thread.
 */
#ifndef WEFT_ROUTER_FIREWALL_H
#define WEFT_ROUTER_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conntrack/conntrack.h"

struct weft_firewall_pattern;

/** All [I]. */
struct weft_firewall {
	uint32_t n; /* rules; 0: everything passes */
	struct weft_firewall_pattern *patterns;
	struct weft_conf_firewall_rule *says; /* the same as the document has them */
};

/** @return 0 or -ENOMEM; either way it may be freed */
int weft_firewall_make(struct weft_firewall *firewall, const struct weft_conf_router *conf);
void weft_firewall_free(struct weft_firewall *firewall);
bool weft_firewall_is_same(const struct weft_firewall *a, const struct weft_firewall *b);

/** @param packet     the first one of a connection, with inside addresses
 *  @param direction  IN or OUT
 *  @return number of the rule that matches first, from 1 on; 0: none */
uint32_t weft_firewall_judge(const struct weft_firewall *firewall,
			     const struct weft_conn_packet *packet,
			     enum weft_firewall_direction direction);

static inline bool
weft_firewall_allows(const struct weft_firewall *firewall, uint32_t rule)
{
	return rule != 0 && firewall->says[rule - 1].action == WEFT_FIREWALL_ALLOW;
}

/** "deny in tcp 23 from 192.0.2.0/24": what a rule says, in words. */
void weft_firewall_format(const struct weft_conf_firewall_rule *rule, char *text, size_t size);

#endif
