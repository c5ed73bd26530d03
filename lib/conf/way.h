/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * way: a destination and a next hop.
 *
 * Routes and gateways lead somewhere: a gateway is a way to everywhere. Several ways to one
 * destination share the load, but each is said once, and there are not too many of them.
 */
#ifndef WEFT_CONF_WAY_H
#define WEFT_CONF_WAY_H

#include <stdint.h>

#include "conf/claim.h"
#include "conf/conf.h"
#include "conf/node.h"
#include "conf/report.h"

struct conf_way {
	struct weft_ip destination; /* of no family if it could not be read */
	struct weft_ip next_hop; /* the same */
	const struct conf_node *node;
	const struct conf_node *owner; /* what the node stands in */
};

struct conf_ways {
	struct conf_way *list;
	uint32_t n;
};

/** The gateways and routes of the tunnel endpoint or of a router. The caller frees the list. */
struct conf_ways conf_ways_of_endpoint(const struct weft_conf *conf, const struct conf_node *tree);
struct conf_ways conf_ways_of_router(const struct weft_conf *conf, const struct conf_node *tree,
				     uint32_t router);

/** Claims each. */
void conf_ways_claim(const struct conf_ways *ways, struct conf_claims *claims, uint32_t scope);

/** Reports destinations that have more next hops than may share the load. */
void conf_ways_check_shares(const struct conf_ways *ways, struct conf_report *report);

#endif
