/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rule: the rules there are, each of them once; for the files of this folder only.
 *
 * A rule is an object of its own, found by its content and the name of its group. Two compilations
 * of a group, before and after a change, share the rules that did not change, and with them their
 * hits.
 *
 * What a rule says is brought into one form, the key, so that rules that mean the same by other
 * words are the same: a prefix of length 0 is no prefix, bits behind a prefix are zero, and what
 * protocol or prefix say about the family is said. Keys have an order, which decides among rules
 * that let the same packet through.
 *
 * Threads: control thread. A rule is immutable but for `number`.
 */
#ifndef WEFT_SECGROUP_RULE_H
#define WEFT_SECGROUP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "secgroup/policy.h"

/** What is compared, in this order, numbers with the most significant byte first. */
struct weft_rule_words {
	uint8_t direction;
	uint8_t ethertype;
	uint8_t protocol[2];
	uint8_t family; /* of the remote prefix; 0: any address */
	uint8_t address[16];
	uint8_t prefix;
	uint8_t kind; /* enum weft_rule_kind: what the range speaks of */
	uint8_t first[2], last[2]; /* of question.port; 0 and 65535 if of nothing */
	uint8_t is_unlogged; /* of two that differ in nothing else, the one that logs comes first */
	uint8_t is_stateless; /* the same for all rules of a group */
	uint8_t zero[3]; /* up to whole words */
};

enum weft_rule_kind { WEFT_RULE_ANY, WEFT_RULE_PORTS, WEFT_RULE_ICMP_TYPE, WEFT_RULE_ICMP_CODE };

struct weft_rule_key {
	struct weft_rule_words words;
	const char *group;
	const char *remote; /* group; "" if none */
};

struct weft_rule_object {
	struct weft_rule rule; /* first, so that both have one address */
	struct weft_rule_key key; /* [I] its strings are the rule's */
	uint64_t mark; /* [C] for whoever needs to know which ones he has seen */
	uint32_t users; /* [C] */
	uint32_t hash; /* [I] */
	LIST_ENTRY(weft_rule_object) link; /* [C] */
};

/** @param n_workers  from now on. @return 0 or -ENOMEM */
int weft_rules_init(uint16_t n_workers);
void weft_rules_fini(void);

/** Strings are not copied. */
void weft_rule_key_make(const struct weft_conf_group *group, const struct weft_conf_rule *rule,
			struct weft_rule_key *key);

/** By the words, then by the name of the remote group. */
int weft_rule_key_compare(const struct weft_rule_key *a, const struct weft_rule_key *b);

static inline uint16_t
weft_rule_read_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/** May a rule speak of packets of this family? */
bool weft_rule_key_is_of(const struct weft_rule_key *key, uint8_t family);

/** @return NULL if there is none */
struct weft_rule_object *weft_rule_find(const struct weft_rule_key *key);

/** An existing one, or a new one; one user more. @return NULL without memory */
struct weft_rule_object *weft_rule_get(const struct weft_rule_key *key,
				       const struct weft_conf_rule *says);
void weft_rule_put(struct weft_rule_object *object);

/** Bytes that all of them take. */
size_t weft_rules_bytes(void);

#endif
