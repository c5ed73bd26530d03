/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of rules, and their hits. */
#include "secgroup/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_random.h>

#include "secgroup/hits.h"
#include "secgroup/number.h"

#define RULE_BUCKETS 16384 /* a power of two */

LIST_HEAD(rule_bucket, weft_rule_object);

/* Keys are hashed with a seed that nobody can guess: tenants write rules. */
static struct {
	struct rule_bucket *buckets;
	uint32_t seed;
	size_t bytes;
} rule_table; /* [C] */

int
weft_rules_init(uint16_t n_workers)
{
	weft_hits_init(n_workers);
	rule_table.seed = (uint32_t)rte_rand();
	rule_table.bytes = 0;
	rule_table.buckets = calloc(RULE_BUCKETS, sizeof(*rule_table.buckets));
	return rule_table.buckets == NULL ? -ENOMEM : 0;
}

void
weft_rules_fini(void)
{
	free(rule_table.buckets);
	rule_table.buckets = NULL;
}

static uint32_t
rule_hash(const struct weft_rule_key *key)
{
	uint32_t words[sizeof(key->words) / sizeof(uint32_t)];
	uint32_t hash = rule_table.seed;

	memcpy(words, &key->words, sizeof(words));
	hash = rte_jhash_32b(words, RTE_DIM(words), hash);
	hash = weft_group_name_hash(key->remote, hash);
	return weft_group_name_hash(key->group, hash);
}

static bool
rule_has_key(const struct weft_rule_object *object, const struct weft_rule_key *key)
{
	return weft_rule_key_compare(&object->key, key) == 0 &&
	       strcmp(object->key.group, key->group) == 0;
}

static struct weft_rule_object *
rule_look(const struct weft_rule_key *key, uint32_t hash)
{
	struct weft_rule_object *object;

	LIST_FOREACH(object, &rule_table.buckets[hash & (RULE_BUCKETS - 1)], link)
		if (object->hash == hash && rule_has_key(object, key))
			return object;
	return NULL;
}

struct weft_rule_object *
weft_rule_find(const struct weft_rule_key *key)
{
	return rule_look(key, rule_hash(key));
}

static size_t
rule_bytes(const struct weft_rule_key *key)
{
	return sizeof(struct weft_rule_object) + strlen(key->group) + strlen(key->remote) + 2;
}

/* Its names stand behind it. */
static void
rule_fill(struct weft_rule_object *object, const struct weft_rule_key *key,
	  const struct weft_conf_rule *says)
{
	char *group = (char *)(object + 1), *remote = group + strlen(key->group) + 1;

	strcpy(group, key->group);
	strcpy(remote, key->remote);
	object->key = (struct weft_rule_key){ key->words, group, remote };
	object->rule.group = group;
	object->rule.says = *says;
	object->rule.says.ethertype = key->words.ethertype;
	object->rule.says.has_remote_ip = key->words.family != 0;
	memcpy(object->rule.says.remote_ip.bytes, key->words.address, sizeof(key->words.address));
	object->rule.says.remote_group = key->remote[0] == '\0' ? NULL : remote;
	object->rule.says.log = !key->words.is_unlogged;
	object->rule.says.place = (struct weft_place){ 0, 0 };
	object->rule.is_stateful = !key->words.is_stateless;
	object->rule.is_logged = !key->words.is_unlogged;
}

static void
rule_free(struct weft_rule_object *object)
{
	rule_table.bytes -= rule_bytes(&object->key);
	if (object->rule.hits != NULL)
		weft_hits_put(object->rule.hits);
	free(object);
}

static struct weft_rule_object *
rule_make(const struct weft_rule_key *key, const struct weft_conf_rule *says)
{
	struct weft_rule_object *object = calloc(1, rule_bytes(key));

	if (object == NULL)
		return NULL;
	rule_table.bytes += rule_bytes(key);
	rule_fill(object, key, says);
	object->rule.hits = weft_hits_get();
	if (object->rule.hits != NULL)
		return object;
	rule_free(object);
	return NULL;
}

struct weft_rule_object *
weft_rule_get(const struct weft_rule_key *key, const struct weft_conf_rule *says)
{
	uint32_t hash = rule_hash(key);
	struct weft_rule_object *object = rule_look(key, hash);

	if (object == NULL) {
		object = rule_make(key, says);
		if (object == NULL)
			return NULL;
		object->hash = hash;
		LIST_INSERT_HEAD(&rule_table.buckets[hash & (RULE_BUCKETS - 1)], object, link);
	}
	object->users++;
	return object;
}

void
weft_rule_put(struct weft_rule_object *object)
{
	if (--object->users > 0)
		return;
	LIST_REMOVE(object, link);
	rule_free(object);
}

size_t
weft_rules_bytes(void)
{
	return rule_table.bytes + weft_hits_bytes();
}

/* ---- hits ---- */

/* Only this worker writes there; others read it at any time. */
void
weft_rule_hit(const struct weft_rule *rule, uint16_t worker)
{
	uint64_t *hits;

	if (rule == NULL)
		return;
	hits = &rule->hits[worker * WEFT_HITS_STRIDE];
	__atomic_store_n(hits, *hits + 1, __ATOMIC_RELAXED);
}

uint64_t
weft_rule_hits(const struct weft_conf_group *group, const struct weft_conf_rule *rule)
{
	const struct weft_rule_object *object;
	struct weft_rule_key key;

	weft_rule_key_make(group, rule, &key);
	object = weft_rule_find(&key);
	return object == NULL ? 0 : weft_hits_sum(object->rule.hits);
}
