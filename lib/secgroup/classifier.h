/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * classifier: which of some rules a packet matches first; for the files of this folder only.
 *
 * All rules of a classifier are for one direction and one family, and name the same remote group or
 * none: it knows nothing of sets. Rules are known to it by their rank, the lowest of which wins.
 *
 * Two ways, which answer the same. Few rules are compared one after the other: that is faster than
 * anything else up to some tens of them, and takes 48 bytes for each. Many are compiled by rte_acl,
 * which is hardly slower for thousands than for ten, but takes 10 KiB at least and 600 bytes per
 * rule, from the memory of EAL, of which there is little without hugepages.
 *
 * Threads: ask by anybody; make and free by the control thread.
 */
#ifndef WEFT_SECGROUP_CLASSIFIER_H
#define WEFT_SECGROUP_CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#include <rte_acl.h>

#include "secgroup/rule.h"

#define WEFT_NO_RANK UINT32_MAX

/** Rules in one rte_acl context at most: the time and the memory that it takes to build one grow
 *  faster than its rules. */
#define WEFT_CLASSIFIER_RULES_MAX 2048

/** A question as both ways read it: from memory, in words of four bytes behind the first. */
struct weft_packet {
	uint8_t protocol;
	uint8_t pad[3];
	uint8_t remote[16];
	rte_be16_t port;
	uint16_t zero;
};

struct weft_pattern;

struct weft_classifier {
	struct weft_pattern *patterns; /* [I] one after the other; NULL if compiled */
	uint32_t n; /* [I] patterns */
	struct rte_acl_ctx *acl; /* [I] NULL if not compiled */
	size_t bytes; /* [I] that it takes; of what is compiled an estimate */
};

/** Some rules of an array, by their ranks, which are their places in it. */
struct weft_ranks {
	struct weft_rule_object *const *rules;
	const uint32_t *list; /* in ascending order */
	uint32_t n; /* 1 .. WEFT_CLASSIFIER_RULES_MAX */
};

/** @return the lowest rank of a rule that matches, or WEFT_NO_RANK */
uint32_t weft_classifier_ask(const struct weft_classifier *classifier,
			     const struct weft_packet *packet);

/** @return 0 or -ENOMEM, and then nothing is left to free */
int weft_classifier_make(struct weft_classifier *classifier, uint8_t family,
			 const struct weft_ranks *ranks);
void weft_classifier_free(struct weft_classifier *classifier);

/* ---- compile.c ---- */

/** @return NULL without memory */
struct rte_acl_ctx *weft_compile(uint8_t family, const struct weft_ranks *ranks, size_t *bytes);

#endif
