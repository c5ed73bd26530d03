/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of groups. */
#include "secgroup/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>

#include "secgroup/ruleset.h"

#define POLICY_BUCKETS 4096 /* a power of two */

struct weft_policy {
	bool has_rules[WEFT_DIRECTIONS], has_sets[WEFT_DIRECTIONS]; /* [I] */
	bool logs_drops, persists, is_open; /* [I] */
	uint32_t users; /* [C] */
	uint32_t hash; /* [I] */
	LIST_ENTRY(weft_policy) link; /* [C] */
	uint32_t n; /* [I] */
	struct weft_ruleset *sets[]; /* [I] stateful ones first, then by name */
};

static struct {
	LIST_HEAD(, weft_policy) buckets[POLICY_BUCKETS]; /* by its rulesets */
	uint32_t count;
	size_t bytes;
} policy_table; /* [C] */

/* ---- judging ---- */

enum weft_verdict
weft_policy_judge(const struct weft_policy *policy, const struct weft_question *question,
		  const struct weft_rule **rule)
{
	struct weft_packet packet = { .protocol = question->protocol, .port = question->port };

	*rule = NULL;
	if (!policy->has_rules[question->direction])
		return question->direction == WEFT_EGRESS ? WEFT_ALLOWED : WEFT_DENIED;
	memcpy(packet.remote, question->remote, sizeof(packet.remote));
	for (uint32_t i = 0; i < policy->n; i++) {
		*rule = weft_ruleset_judge(policy->sets[i], question->direction, question->family,
					   &packet);
		if (*rule != NULL)
			return (*rule)->is_stateful ? WEFT_ALLOWED : WEFT_ALLOWED_STATELESS;
	}
	return WEFT_DENIED;
}

bool
weft_policy_has_sets(const struct weft_policy *policy, enum weft_direction direction)
{
	return policy->has_sets[direction];
}

bool
weft_policy_logs_drops(const struct weft_policy *policy)
{
	return policy->logs_drops;
}

bool
weft_policy_persists(const struct weft_policy *policy)
{
	return policy->persists;
}

bool
weft_policy_is_stateless(const struct weft_policy *policy)
{
	return policy->n > 0 && !policy->sets[0]->is_stateful;
}

bool
weft_policy_is_open(const struct weft_policy *policy)
{
	return policy->is_open;
}

/* ---- making ---- */

int
weft_policy_init(uint16_t n_workers)
{
	memset(&policy_table, 0, sizeof(policy_table));
	weft_rulesets_init();
	return weft_rules_init(n_workers);
}

void
weft_policy_fini(void)
{
	weft_rules_fini();
}

static size_t
policy_bytes(const struct weft_policy *policy)
{
	return sizeof(*policy) + policy->n * sizeof(policy->sets[0]);
}

static void
policy_free(struct weft_policy *policy)
{
	for (uint32_t i = 0; i < policy->n; i++)
		weft_ruleset_put(policy->sets[i]);
	free(policy);
}

static int
policy_compare(const void *a, const void *b)
{
	const struct weft_ruleset *one = *(struct weft_ruleset *const *)a;
	const struct weft_ruleset *other = *(struct weft_ruleset *const *)b;

	if (one->is_stateful != other->is_stateful)
		return one->is_stateful ? -1 : 1;
	return strcmp(one->name, other->name);
}

static const struct weft_conf_group *
policy_find_group(const struct weft_conf *conf, const char *name)
{
	for (uint32_t i = 0; i < conf->n_groups; i++)
		if (strcmp(conf->groups[i].name, name) == 0)
			return &conf->groups[i];
	return NULL;
}

/* A group that is named twice is there twice, and has been held twice. */
static void
policy_unite(struct weft_policy *policy)
{
	uint32_t n = 0;

	qsort(policy->sets, policy->n, sizeof(policy->sets[0]), policy_compare);
	for (uint32_t i = 0; i < policy->n; i++)
		if (n > 0 && policy->sets[i] == policy->sets[n - 1])
			weft_ruleset_put(policy->sets[i]);
		else
			policy->sets[n++] = policy->sets[i];
	policy->n = n;
}

/* The list, with its rulesets held, and nothing else known of it yet. */
static struct weft_policy *
policy_collect(const struct weft_conf *conf, char *const *names, uint32_t n)
{
	struct weft_policy *policy = calloc(1, sizeof(*policy) + n * sizeof(policy->sets[0]));

	if (policy == NULL)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		const struct weft_conf_group *group = policy_find_group(conf, names[i]);

		policy->sets[i] = group == NULL ? NULL : weft_ruleset_get(group);
		if (policy->sets[i] == NULL) {
			policy_free(policy);
			return NULL;
		}
		policy->n++;
	}
	policy_unite(policy);
	policy->hash = rte_jhash(policy->sets, policy->n * sizeof(policy->sets[0]), 0);
	return policy;
}

static bool
policy_lets_all(const struct weft_policy *policy, enum weft_direction direction)
{
	bool is_open[WEFT_FAMILIES] = { false, false }, logs = false;

	if (!policy->has_rules[direction])
		return direction == WEFT_EGRESS;
	for (uint32_t i = 0; i < policy->n; i++) {
		const struct weft_ruleset *set = policy->sets[i];

		logs |= set->logs[direction];
		for (uint32_t f = 0; f < WEFT_FAMILIES; f++)
			is_open[f] |= set->views[direction][f].is_open;
	}
	return is_open[0] && is_open[1] && !logs;
}

static void
policy_note(struct weft_policy *policy)
{
	for (uint32_t i = 0; i < policy->n; i++) {
		const struct weft_ruleset *set = policy->sets[i];

		policy->logs_drops |= set->logs_drops;
		policy->persists |= set->persists;
		for (uint32_t d = 0; d < WEFT_DIRECTIONS; d++) {
			policy->has_rules[d] |= set->has_rules[d];
			policy->has_sets[d] |= set->has_sets[d];
		}
	}
	policy->is_open =
		policy_lets_all(policy, WEFT_INGRESS) && policy_lets_all(policy, WEFT_EGRESS);
}

static struct weft_policy *
policy_find(const struct weft_policy *like)
{
	struct weft_policy *policy;

	LIST_FOREACH(policy, &policy_table.buckets[like->hash & (POLICY_BUCKETS - 1)], link)
		if (policy->hash == like->hash && policy->n == like->n &&
		    memcmp(policy->sets, like->sets, like->n * sizeof(like->sets[0])) == 0)
			return policy;
	return NULL;
}

struct weft_policy *
weft_policy_get(const struct weft_conf *conf, char *const *names, uint32_t n)
{
	struct weft_policy *policy = policy_collect(conf, names, n), *old;

	if (policy == NULL)
		return NULL;
	old = policy_find(policy);
	if (old != NULL) {
		policy_free(policy);
		return weft_policy_hold(old);
	}
	policy_note(policy);
	LIST_INSERT_HEAD(&policy_table.buckets[policy->hash & (POLICY_BUCKETS - 1)], policy, link);
	policy_table.count++;
	policy_table.bytes += policy_bytes(policy);
	return weft_policy_hold(policy);
}

struct weft_policy *
weft_policy_hold(struct weft_policy *policy)
{
	policy->users++;
	return policy;
}

void
weft_policy_put(struct weft_policy *policy)
{
	if (policy == NULL || --policy->users > 0)
		return;
	LIST_REMOVE(policy, link);
	policy_table.count--;
	policy_table.bytes -= policy_bytes(policy);
	policy_free(policy);
}

uint32_t
weft_policy_count(void)
{
	return policy_table.count;
}

size_t
weft_policy_bytes(void)
{
	return policy_table.bytes + weft_rulesets_bytes() + weft_rules_bytes();
}
