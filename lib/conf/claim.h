/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * claim: who says that something is theirs alone.
 *
 * Names, sockets, VLAN ids, addresses: each object claims what must be its own, and afterwards
 * equal claims are found by sorting. The first in the file keeps it; the others are reported with
 * the place of the first.
 */
#ifndef WEFT_CONF_CLAIM_H
#define WEFT_CONF_CLAIM_H

#include <stdint.h>

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/node.h"
#include "conf/report.h"

struct conf_claim {
	uint32_t scope; /* equal texts collide in one scope only */
	uint32_t order;
	const char *text;
	const char *what; /* "the MAC of": the reader sees "TEXT is also the MAC of ports[vm1]" */
	const struct conf_node *node;
	const struct conf_node *owner;
};

struct conf_claims {
	struct conf_arena arena; /* of the texts */
	struct conf_claim *list;
	uint32_t n, capacity;
};

/** Adds a claim; the text is printf-like. */
void conf_claim_add(struct conf_claims *claims, uint32_t scope, const char *what,
		    const struct conf_node *node, const struct conf_node *owner, const char *format,
		    ...) __attribute__((format(printf, 6, 7)));

/** Claims the value of a scalar key as it is written. */
void conf_claim_key(struct conf_claims *claims, uint32_t scope, const char *what,
		    const struct conf_node *object, const char *key);

/** Claims the MAC, if it could be read, that stands in the object's key `mac`. */
void conf_claim_mac(struct conf_claims *claims, uint32_t scope, const char *what,
		    const struct conf_node *object, const struct rte_ether_addr *mac);

/** Claims an address, if it could be read, without its prefix length. */
void conf_claim_ip(struct conf_claims *claims, uint32_t scope, const char *what,
		   const struct conf_node *node, const struct conf_node *owner,
		   const struct weft_ip *ip);

/** Reports what is claimed twice, and empties the list. */
void conf_claims_settle(struct conf_claims *claims, struct conf_report *report);

#endif
