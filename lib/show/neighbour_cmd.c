/* SPDX-License-Identifier: BSD-3-Clause */
/* neighbour list */
#include <stdlib.h>

#include "core/clock.h"
#include "neighbour/neighbour.h"
#include "show/show.h"

/* The underlay first, then by network. */
static int
neighbour_cmd_compare(const void *a, const void *b)
{
	const struct weft_neighbour_row *left = a, *right = b;
	uint16_t x = (uint16_t)(left->scope - WEFT_SCOPE_UNDERLAY);
	uint16_t y = (uint16_t)(right->scope - WEFT_SCOPE_UNDERLAY);

	return x != y ? (x > y) - (x < y) : weft_ip_compare(&left->ip, &right->ip);
}

/* What was noted about a network is forgotten shortly after the network itself. */
static bool
neighbour_cmd_matches(const struct weft_neighbour_row *row, const struct weft_show_filter *filter)
{
	if (row->scope != WEFT_SCOPE_UNDERLAY && weft_topology->networks[row->scope] == NULL)
		return false;
	return filter->network == WEFT_SHOW_ALL || filter->network == row->scope;
}

static json_t *
neighbour_cmd_row(const struct weft_neighbour_row *row)
{
	bool has_mac = row->state == WEFT_NEIGHBOUR_REACHABLE || row->state == WEFT_NEIGHBOUR_PROBE;

	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:i}", "scope",
			 row->scope == WEFT_SCOPE_UNDERLAY ? json_string("underlay") :
							     weft_show_network_name(row->scope),
			 "address", weft_show_address(&row->ip), "mac",
			 has_mac ? weft_show_mac(&row->mac) : json_null(), "state",
			 weft_neighbour_state_name(row->state), "origin",
			 row->is_pinned ? "configured" : "learned", "age_sec",
			 (int)(row->age_ms / 1000));
}

static json_t *
neighbour_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_neighbour_row *rows;
	struct weft_show_filter filter;
	uint32_t cursor = 0, n = 0;
	json_t *list;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	rows = calloc(WEFT_NEIGHBOURS_MAX, sizeof(*rows));
	if (rows == NULL)
		abort();
	while (n < WEFT_NEIGHBOURS_MAX && weft_neighbour_next(&cursor, weft_clock_ms(), &rows[n]))
		n += neighbour_cmd_matches(&rows[n], &filter);
	qsort(rows, n, sizeof(*rows), neighbour_cmd_compare);
	list = json_array();
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, neighbour_cmd_row(&rows[i]));
	free(rows);
	return list;
}

WEFT_CMD("neighbour", "list", neighbour_cmd_list);
