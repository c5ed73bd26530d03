/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * leg: where a router stands.
 *
 * A router stands in each network by its interfaces and in one by its gateway. To most checks these
 * are the same: a network, an address with its link, perhaps a MAC. A leg is either.
 *
 * Not trivial: a leg that the file says wrongly is there too, without what could not be read, so
 * that nothing follows from it.
 */
#ifndef WEFT_CONF_LEG_H
#define WEFT_CONF_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/check.h"

struct conf_leg {
	uint32_t network; /* index in the document; CONF_INDEX_NONE: there is none of that name */
	struct weft_ip address; /* with its prefix length; of no family if it could not be read */
	struct weft_ip link; /* the subnet around it */
	const struct rte_ether_addr *mac; /* NULL: not given, or it could not be read */
	const struct conf_node *object;
	uint32_t order; /* of what the file says: interfaces, then the gateway */
};

struct conf_legs {
	struct conf_leg list[WEFT_CONF_INTERFACES_MAX + 1];
	uint32_t n;
	bool is_whole; /* all links that the router shall have are known */
};

/** The legs of a router, in order. */
void conf_legs_read(struct conf_legs *legs, const struct conf_check *check, uint32_t router);

/** Sorts them by network, those of one network in order. */
void conf_legs_sort_by_network(struct conf_legs *legs);

/** Sorts them by link, and of equal ones the larger first: what overlaps follows what contains it.
 */
void conf_legs_sort_by_link(struct conf_legs *legs);

/** The leg on whose link an address is, or NULL. */
const struct conf_leg *conf_legs_find(const struct conf_legs *legs, const struct weft_ip *ip);

#endif
