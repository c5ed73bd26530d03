/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * route: where an address is reached, by the longest prefix that it is in.
 *
 * A table is an array that was sorted once: by family, longest prefix first, then by destination.
 * Looking something up is a binary search per length of prefix that occurs, which are few; it is
 * done once per flow. DPDK's tables (lpm, fib, rib) are made for one large table per host: each
 * takes megabytes, or a memory pool of its own, and a host has thousands of routers.
 *
 * Pure functions, any thread.
 */
#ifndef WEFT_NETWORK_ROUTE_H
#define WEFT_NETWORK_ROUTE_H

#include <stdint.h>

#include "conf/conf.h"

#define WEFT_NEXT_HOPS_MAX 8 /* that share the load of one destination */

struct weft_route {
	struct weft_ip destination; /* no bits behind the prefix */
	struct weft_ip next_hop; /* family 0: the destination itself, which is on the link */
	uint16_t way; /* whatever the owner of the table calls a way out */
};

/** Of sorted tables. */
bool weft_routes_are_same(const struct weft_route *a, uint32_t n_a, const struct weft_route *b,
			  uint32_t n_b);

/** Also puts routes of one destination in an order that is the same wherever they stood: flows
 *  choose among them. */
void weft_routes_sort(struct weft_route *routes, uint32_t n);

/** The routes with the longest prefix that an address is in, which stand side by side.
 *  @return the first, with how many there are in @p n_found; NULL: none */
const struct weft_route *weft_routes_find(const struct weft_route *routes, uint32_t n,
					  const struct weft_ip *address, uint32_t *n_found);

#endif
