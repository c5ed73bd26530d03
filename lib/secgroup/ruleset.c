/* SPDX-License-Identifier: BSD-3-Clause */
#include "secgroup/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_random.h>

#include "secgroup/members.h"
#include "secgroup/number.h"

#define RULESET_BUCKETS 4096 /* a power of two */

static struct {
	LIST_HEAD(, weft_ruleset) buckets[RULESET_BUCKETS]; /* by the name of the group */
	uint32_t seed;
	uint64_t mark; /* the last one that was used */
	size_t bytes;
} ruleset_table; /* [C] */

const struct weft_rule *
weft_ruleset_judge(const struct weft_ruleset *set, enum weft_direction direction, uint8_t family,
		   const struct weft_packet *packet)
{
	const struct weft_view *view = &set->views[direction][weft_family_index(family)];
	uint32_t best = WEFT_NO_RANK;

	for (uint32_t i = 0; i < view->n && view->clauses[i].first < best; i++) {
		const struct weft_clause *clause = &view->clauses[i];
		uint32_t rank;

		if (clause->set != WEFT_NO_GROUP &&
		    !weft_member_is_in(clause->set, family, packet->remote))
			continue;
		rank = weft_classifier_ask(&clause->classifier, packet);
		best = RTE_MIN(best, rank);
	}
	return best == WEFT_NO_RANK ? NULL : &set->rules[best]->rule;
}

/* ---- making ---- */

void
weft_rulesets_init(void)
{
	memset(&ruleset_table, 0, sizeof(ruleset_table));
	ruleset_table.seed = (uint32_t)rte_rand();
}

static void
ruleset_free(struct weft_ruleset *set)
{
	for (uint32_t d = 0; d < WEFT_DIRECTIONS; d++)
		for (uint32_t f = 0; f < WEFT_FAMILIES; f++)
			weft_view_free(&set->views[d][f]);
	for (uint32_t i = 0; i < set->n; i++) {
		if (set->sets != NULL && set->sets[i] != WEFT_NO_GROUP)
			weft_group_release(set->sets[i]);
		weft_rule_put(set->rules[i]);
	}
	free(set->sets);
	free(set->rules);
	free(set->name);
	free(set);
}

static int
ruleset_compare(const void *a, const void *b)
{
	const struct weft_rule_object *const *one = a, *const *other = b;

	return weft_rule_key_compare(&(*one)->key, &(*other)->key);
}

/* Marks a rule as seen, at its number in the group. @return false if it was already */
static bool
ruleset_see(struct weft_rule_object *object, uint32_t number)
{
	if (object->mark == ruleset_table.mark)
		return false;
	object->mark = ruleset_table.mark;
	__atomic_store_n(&object->rule.number, number, __ATOMIC_RELAXED);
	return true;
}

static int
ruleset_take_rules(struct weft_ruleset *set, const struct weft_conf_group *group)
{
	set->rules = calloc(group->n_rules + 1, sizeof(*set->rules));
	if (set->rules == NULL)
		return -ENOMEM;
	ruleset_table.mark++;
	for (uint32_t i = 0; i < group->n_rules; i++) {
		struct weft_rule_object *object;
		struct weft_rule_key key;

		weft_rule_key_make(group, &group->rules[i], &key);
		object = weft_rule_get(&key, &group->rules[i]);
		if (object == NULL)
			return -ENOMEM;
		if (ruleset_see(object, i + 1))
			set->rules[set->n++] = object;
		else
			weft_rule_put(object);
	}
	qsort(set->rules, set->n, sizeof(*set->rules), ruleset_compare);
	return 0;
}

static int
ruleset_take_sets(struct weft_ruleset *set)
{
	set->sets = malloc((set->n + 1) * sizeof(*set->sets));
	if (set->sets == NULL)
		return -ENOMEM;
	memset(set->sets, 0xff, set->n * sizeof(*set->sets));
	for (uint32_t i = 0; i < set->n; i++) {
		const char *remote = set->rules[i]->key.remote;

		if (remote[0] == '\0')
			continue;
		set->sets[i] = weft_group_hold(remote);
		if (set->sets[i] == WEFT_NO_GROUP)
			return -ENOSPC;
	}
	return 0;
}

static void
ruleset_note(struct weft_ruleset *set, const struct weft_conf_group *group)
{
	set->is_stateful = group->stateful;
	set->logs_drops = group->log;
	set->persists = group->on_change == WEFT_ON_CHANGE_PERSIST;
	set->bytes = sizeof(*set) + strlen(set->name) + 1 +
		     (group->n_rules + 1) * sizeof(*set->rules) + (set->n + 1) * sizeof(*set->sets);
	for (uint32_t i = 0; i < set->n; i++) {
		const struct weft_rule_object *object = set->rules[i];

		set->has_rules[object->key.words.direction] = true;
		set->has_sets[object->key.words.direction] |= set->sets[i] != WEFT_NO_GROUP;
		set->logs[object->key.words.direction] |= object->rule.is_logged;
	}
}

static int
ruleset_fill(struct weft_ruleset *set, const struct weft_conf_group *group)
{
	static const uint8_t families[WEFT_FAMILIES] = { AF_INET, AF_INET6 };

	set->name = strdup(group->name);
	if (set->name == NULL || ruleset_take_rules(set, group) != 0 || ruleset_take_sets(set) != 0)
		return -ENOMEM;
	ruleset_note(set, group);
	for (uint32_t d = 0; d < WEFT_DIRECTIONS; d++)
		for (uint32_t f = 0; f < WEFT_FAMILIES; f++) {
			struct weft_view *view = &set->views[d][weft_family_index(families[f])];

			if (weft_view_make(view, set, d, families[f]) != 0)
				return -ENOMEM;
			set->bytes += weft_view_bytes(view);
		}
	return 0;
}

static struct weft_ruleset *
ruleset_make(const struct weft_conf_group *group, uint32_t hash)
{
	struct weft_ruleset *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	if (ruleset_fill(set, group) != 0) {
		ruleset_free(set);
		return NULL;
	}
	set->hash = hash;
	ruleset_table.bytes += set->bytes;
	LIST_INSERT_HEAD(&ruleset_table.buckets[hash & (RULESET_BUCKETS - 1)], set, link);
	return set;
}

/* ---- finding ---- */

/* Marks the rules of a group, each of them once. @return how many there are, or UINT32_MAX if there
 * is one that nobody has: then nobody has all of them */
static uint32_t
ruleset_mark(const struct weft_conf_group *group)
{
	uint32_t n = 0;

	ruleset_table.mark++;
	for (uint32_t i = 0; i < group->n_rules; i++) {
		struct weft_rule_object *object;
		struct weft_rule_key key;

		weft_rule_key_make(group, &group->rules[i], &key);
		object = weft_rule_find(&key);
		if (object == NULL)
			return UINT32_MAX;
		n += ruleset_see(object, i + 1);
	}
	return n;
}

/* As many rules as are marked, and all of them marked: so they are the same. But a set may be one
 * that its group had before. */
static bool
ruleset_is_of(const struct weft_ruleset *set, const struct weft_conf_group *group,
	      uint32_t n_marked)
{
	if (set->n != n_marked || set->is_stateful != group->stateful ||
	    set->logs_drops != group->log ||
	    set->persists != (group->on_change == WEFT_ON_CHANGE_PERSIST) ||
	    strcmp(set->name, group->name) != 0)
		return false;
	for (uint32_t i = 0; i < set->n; i++)
		if (set->rules[i]->mark != ruleset_table.mark ||
		    (set->sets[i] != WEFT_NO_GROUP && weft_number_is_former(set->sets[i])))
			return false;
	return true;
}

static struct weft_ruleset *
ruleset_find(const struct weft_conf_group *group, uint32_t hash)
{
	uint32_t n_marked = ruleset_mark(group);
	struct weft_ruleset *set;

	LIST_FOREACH(set, &ruleset_table.buckets[hash & (RULESET_BUCKETS - 1)], link)
		if (set->hash == hash && ruleset_is_of(set, group, n_marked))
			return set;
	return NULL;
}

struct weft_ruleset *
weft_ruleset_get(const struct weft_conf_group *group)
{
	uint32_t hash = weft_group_name_hash(group->name, ruleset_table.seed);
	struct weft_ruleset *set = ruleset_find(group, hash);

	if (set == NULL)
		set = ruleset_make(group, hash);
	if (set != NULL)
		set->users++;
	return set;
}

void
weft_ruleset_put(struct weft_ruleset *set)
{
	if (--set->users > 0)
		return;
	LIST_REMOVE(set, link);
	ruleset_table.bytes -= set->bytes;
	ruleset_free(set);
}

size_t
weft_rulesets_bytes(void)
{
	return ruleset_table.bytes;
}
