/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/route.h"

#include <stdlib.h>
#include <string.h>

/* As weft_routes_sort() sorts, without what tells routes of one destination apart. */
static int
route_compare_destinations(const struct weft_ip *a, const struct weft_ip *b)
{
	int order = (int)a->family - (int)b->family;

	if (order == 0)
		order = (int)b->prefix - (int)a->prefix;
	return order != 0 ? order : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int
route_compare(const void *left, const void *right)
{
	const struct weft_route *a = left, *b = right;
	int order = route_compare_destinations(&a->destination, &b->destination);

	if (order == 0)
		order = weft_ip_compare(&a->next_hop, &b->next_hop);
	return order != 0 ? order : (int)a->way - (int)b->way;
}

void
weft_routes_sort(struct weft_route *routes, uint32_t n)
{
	if (n > 1)
		qsort(routes, n, sizeof(*routes), route_compare);
}

bool
weft_routes_are_same(const struct weft_route *a, uint32_t n_a, const struct weft_route *b,
		     uint32_t n_b)
{
	bool is_same = n_a == n_b;

	for (uint32_t i = 0; is_same && i < n_a; i++)
		is_same = route_compare(&a[i], &b[i]) == 0;
	return is_same;
}

/* The first route whose destination is not before @p what, from @p from on. */
static uint32_t
route_seek(const struct weft_route *routes, uint32_t from, uint32_t n, const struct weft_ip *what)
{
	while (from < n) {
		uint32_t middle = from + (n - from) / 2;

		if (route_compare_destinations(&routes[middle].destination, what) < 0)
			from = middle + 1;
		else
			n = middle;
	}
	return from;
}

/* The destination of that length that an address is in. */
static struct weft_ip
route_mask(const struct weft_ip *address, uint8_t prefix)
{
	struct weft_ip masked = { .family = address->family, .prefix = prefix };

	memcpy(masked.bytes, address->bytes, prefix / 8u);
	if (prefix % 8 != 0)
		masked.bytes[prefix / 8] =
			(uint8_t)(address->bytes[prefix / 8] & (0xff00 >> prefix % 8));
	return masked;
}

static uint32_t
route_count_same(const struct weft_route *routes, uint32_t from, uint32_t n)
{
	uint32_t i = from;

	while (i < n &&
	       route_compare_destinations(&routes[i].destination, &routes[from].destination) == 0)
		i++;
	return i - from;
}

const struct weft_route *
weft_routes_find(const struct weft_route *routes, uint32_t n, const struct weft_ip *address,
		 uint32_t *n_found)
{
	struct weft_ip what = { .family = address->family, .prefix = 128 };
	uint32_t at = route_seek(routes, 0, n, &what);

	while (at < n && routes[at].destination.family == address->family) {
		what = route_mask(address, routes[at].destination.prefix);
		at = route_seek(routes, at, n, &what);
		if (at == n || routes[at].destination.family != address->family)
			break;
		if (route_compare_destinations(&routes[at].destination, &what) == 0) {
			*n_found = route_count_same(routes, at, n);
			return &routes[at];
		}
		/* None of that length; where we are may still be of it. */
		if (routes[at].destination.prefix == what.prefix) {
			if (what.prefix == 0)
				break;
			what = (struct weft_ip){ .family = address->family,
						 .prefix = (uint8_t)(what.prefix - 1) };
			at = route_seek(routes, at, n, &what);
		}
	}
	return NULL;
}
