/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb list, fdb flush */
#include <stdlib.h>

#include "core/clock.h"
#include "show/show.h"
#include "tunnel/remote.h"

/* Entries as they were found, to be sorted. */
struct fdb_cmd_rows {
	struct weft_fdb_row *list;
	size_t n, room;
};

static bool
fdb_cmd_matches(const struct weft_fdb_row *row, const struct weft_show_filter *filter)
{
	return (filter->network == WEFT_SHOW_ALL || filter->network == row->network) &&
	       (filter->port == WEFT_SHOW_ALL ||
		filter->port == weft_show_place_port(row->place)) &&
	       (filter->endpoint == WEFT_SHOW_ALL || filter->endpoint == row->place) &&
	       (!filter->has_mac || rte_is_same_ether_addr(&filter->mac, &row->mac));
}

static void
fdb_cmd_collect(const struct weft_show_filter *filter, struct fdb_cmd_rows *rows)
{
	struct weft_fdb_row row;
	uint32_t cursor = 0;

	while (weft_fdb_next(&cursor, weft_clock_sec(), &row)) {
		if (!fdb_cmd_matches(&row, filter))
			continue;
		if (rows->n == rows->room) {
			rows->room = rows->room == 0 ? 64 : 2 * rows->room;
			rows->list = realloc(rows->list, rows->room * sizeof(*rows->list));
			if (rows->list == NULL)
				abort();
		}
		rows->list[rows->n++] = row;
	}
}

static int
fdb_cmd_compare(const void *a, const void *b)
{
	const struct weft_fdb_row *left = a, *right = b;
	uint64_t x = weft_mac_number(&left->mac), y = weft_mac_number(&right->mac);

	if (left->network != right->network)
		return left->network < right->network ? -1 : 1;
	return (x > y) - (x < y);
}

static json_t *
fdb_cmd_row(const struct weft_fdb_row *row)
{
	static const char *const origins[] = {
		[WEFT_FDB_LEARNED] = "learned",
		[WEFT_FDB_STATIC] = "static",
		[WEFT_FDB_L2POP] = "l2pop",
	};

	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:i}", "network",
			 weft_show_network_name(row->network), "mac", weft_show_mac(&row->mac),
			 "port", weft_show_port_name(weft_show_place_port(row->place)), "endpoint",
			 weft_show_place_endpoint(row->place), "origin", origins[row->origin],
			 "age_sec", (int)row->age_sec);
}

static json_t *
fdb_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct fdb_cmd_rows rows = { 0 };
	struct weft_show_filter filter;
	json_t *list;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	fdb_cmd_collect(&filter, &rows);
	if (rows.n > 0)
		qsort(rows.list, rows.n, sizeof(*rows.list), fdb_cmd_compare);
	list = json_array();
	for (size_t i = 0; i < rows.n; i++)
		json_array_append_new(list, fdb_cmd_row(&rows.list[i]));
	free(rows.list);
	return list;
}

static uint32_t
fdb_cmd_flush_place(const struct weft_show_filter *filter, uint32_t place)
{
	return weft_fdb_flush(filter->network, place, filter->has_mac ? &filter->mac : NULL, false);
}

/* Who is behind another host is behind our wire too. */
static uint32_t
fdb_cmd_flush_port(const struct weft_show_filter *filter)
{
	uint32_t n = fdb_cmd_flush_place(filter, filter->port), cursor = 0;
	struct weft_ip address;
	uint16_t place;
	bool is_held;

	while ((place = weft_remote_next(&cursor, &address, &is_held)) != WEFT_NO_PORT)
		if (weft_show_place_port(place) == filter->port)
			n += fdb_cmd_flush_place(filter, place);
	return n;
}

static json_t *
fdb_cmd_flush(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_show_filter filter;
	uint32_t n = 0;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	if (filter.endpoint == WEFT_SHOW_ALL)
		n = filter.port == WEFT_SHOW_ALL ? fdb_cmd_flush_place(&filter, WEFT_FDB_ANY) :
						   fdb_cmd_flush_port(&filter);
	else if (filter.port == WEFT_SHOW_ALL ||
		 filter.port == weft_show_place_port((uint16_t)filter.endpoint))
		n = fdb_cmd_flush_place(&filter, filter.endpoint);
	return json_pack("{s:i}", "flushed", (int)n);
}

WEFT_CMD("fdb", "list", fdb_cmd_list);
WEFT_CMD("fdb", "flush", fdb_cmd_flush);
