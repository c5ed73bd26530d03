/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ruleset: the rules of one group, compiled; for the files of this folder only.
 *
 * Groups are compiled one by one, not list by list: lists that have a group in common share what
 * is made of it, a new combination of known groups costs a few bytes, and when a group changes the
 * others of its lists stay as they are. A ruleset is found by the name of its group and what it
 * says; groups whose rules stand in another order have the same.
 *
 * For each direction and family there is a view: clauses, one for the rules that name no remote
 * group and one for each remote group that is named (more, if there are very many rules). A clause
 * is asked only if the remote address is in its set, and only if it could have an earlier rule than
 * what was found already.
 *
 * Sets are known by their numbers here, and only here: when a group gets another one (members.h),
 * the rulesets that ask it are made anew, and the rules with their counters stay.
 *
 * Threads: judge by anybody; all else by the control thread.
 */
#ifndef WEFT_SECGROUP_RULESET_H
#define WEFT_SECGROUP_RULESET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "secgroup/classifier.h"

#define WEFT_FAMILIES 2

static inline uint8_t
weft_family_index(uint8_t family)
{
	return family == AF_INET6;
}

struct weft_clause {
	uint32_t first; /* [I] lowest rank */
	uint16_t set; /* [I] number of the remote group, or WEFT_NO_GROUP */
	struct weft_classifier classifier; /* [I] */
};

struct weft_view {
	struct weft_clause *clauses; /* [I] by their lowest rank */
	uint32_t n; /* [I] */
	bool is_open; /* [I] a rule lets through all there is, and does not log it */
};

struct weft_ruleset {
	struct weft_view views[WEFT_DIRECTIONS][WEFT_FAMILIES];
	bool has_rules[WEFT_DIRECTIONS], has_sets[WEFT_DIRECTIONS], logs[WEFT_DIRECTIONS]; /* [I] */
	bool is_stateful; /* [I] */
	bool logs_drops, persists; /* [I] what its group says besides rules */
	char *name; /* [I] */
	struct weft_rule_object **rules; /* [I] a rule's place is its rank */
	uint16_t *sets; /* [I] by rank: number of the remote group, held; or WEFT_NO_GROUP */
	uint32_t n; /* [I] rules, none of them twice */
	uint32_t users; /* [C] */
	uint32_t hash; /* [I] of the name */
	size_t bytes; /* [I] */
	LIST_ENTRY(weft_ruleset) link; /* [C] */
};

/** @return the rule that lets a packet through, or NULL */
const struct weft_rule *weft_ruleset_judge(const struct weft_ruleset *set,
					   enum weft_direction direction, uint8_t family,
					   const struct weft_packet *packet);

void weft_rulesets_init(void);

/** An existing one, or a new one; one user more. @return NULL without memory or numbers */
struct weft_ruleset *weft_ruleset_get(const struct weft_conf_group *group);
void weft_ruleset_put(struct weft_ruleset *set);

/** Bytes that all of them take, without their rules. */
size_t weft_rulesets_bytes(void);

/* ---- view.c ---- */

/** Makes a view of the set's rules. @return 0 or -ENOMEM; either way it may be freed */
int weft_view_make(struct weft_view *view, const struct weft_ruleset *set,
		   enum weft_direction direction, uint8_t family);
void weft_view_free(struct weft_view *view);

/** Bytes behind a view. */
size_t weft_view_bytes(const struct weft_view *view);

#endif
