/* SPDX-License-Identifier: BSD-3-Clause */
/* lost: the connections of ports and networks that are gone. */
#include <string.h>

#include "conntrack/binding.h"
#include "core/clock.h"
#include "topology/tracking.h"

/* [C] Whose connections go at the next weft_tracking_forget(): bits by number. */
static struct {
	uint64_t ports[WEFT_PORTS_MAX / 64], networks[WEFT_NETWORKS_MAX / 64];
	uint64_t routers[WEFT_ROUTERS_MAX / 64], changed[WEFT_ROUTERS_MAX / 64];
	bool is_any;
} lost_now;

static bool
lost_has(const uint64_t *bits, uint32_t number, uint32_t most)
{
	return number < most && (bits[number / 64] >> number % 64 & 1) != 0;
}

void
weft_tracking_lose_port(uint16_t port)
{
	lost_now.ports[port / 64] |= UINT64_C(1) << port % 64;
	lost_now.is_any = true;
}

void
weft_tracking_lose_network(uint16_t network)
{
	lost_now.networks[network / 64] |= UINT64_C(1) << network % 64;
	lost_now.is_any = true;
}

void
weft_tracking_lose_router(uint16_t router, bool is_other)
{
	lost_now.changed[router / 64] |= UINT64_C(1) << router % 64;
	if (is_other)
		lost_now.routers[router / 64] |= UINT64_C(1) << router % 64;
	lost_now.is_any = true;
}

/* Has it come in by a binding? */
static bool
lost_is_bound(const struct weft_conn_row *row)
{
	struct weft_tuple back = weft_tuple_reverse(&row->original);
	struct weft_tuple key = weft_binding_key(&back, WEFT_BINDING_OUTSIDE);
	struct weft_binding binding;

	return weft_binding_find(&key, &binding) &&
	       memcmp(binding.inside.src, row->translated.dst, sizeof(binding.inside.src)) == 0 &&
	       binding.inside.src_port == row->translated.dst_port;
}

/* Of one that has changed, what is translated as it would not be now. */
static bool
lost_is_of_router(const struct weft_conn_row *row)
{
	uint16_t id = WEFT_ZONE_ID(row->original.zone);
	const struct weft_router *router;

	if (!weft_zone_is_router(row->original.zone))
		return false;
	if (lost_has(lost_now.routers, id, WEFT_ROUTERS_MAX))
		return true;
	router = weft_topology->routers[id];
	return lost_has(lost_now.changed, id, WEFT_ROUTERS_MAX) && row->is_translated &&
	       !weft_nat_allows(&router->nat, &row->original, &row->translated, lost_is_bound(row));
}

static bool
lost_is_of(const struct weft_conn_row *row)
{
	return lost_has(lost_now.networks, row->original.zone, WEFT_NETWORKS_MAX) ||
	       lost_has(lost_now.ports, row->from, WEFT_PORTS_MAX) ||
	       lost_has(lost_now.ports, row->to, WEFT_PORTS_MAX) || lost_is_of_router(row);
}

void
weft_tracking_forget(void)
{
	struct weft_conn_row row;
	uint32_t cursor = 0, n = 0;

	if (lost_now.is_any && weft_conn_count() > 0)
		while (weft_conn_next(&cursor, weft_clock_ms(), &row))
			if (lost_is_of(&row))
				n += weft_conn_forget(cursor - 1, &row);
	if (n > 0)
		weft_conn_hurry();
	memset(&lost_now, 0, sizeof(lost_now));
}
