/* SPDX-License-Identifier: BSD-3-Clause */
/* fdb list, fdb flush */
#include <stdlib.h>

#include "core/clock.h"
#include "show/show.h"

/* Entries as they were found, to be sorted. */
struct fdb_cmd_rows {
	struct weft_fdb_row *list;
	size_t n, room;
};

static bool
fdb_cmd_matches(const struct weft_fdb_row *row, const struct weft_show_filter *filter)
{
	return (filter->network == WEFT_SHOW_ALL || filter->network == row->network) &&
	       (filter->port == WEFT_SHOW_ALL || filter->port == row->port) &&
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
	for (size_t i = 0; i < rows.n; i++) {
		const struct weft_fdb_row *row = &rows.list[i];
		const char *origin = row->origin == WEFT_FDB_STATIC ? "static" : "learned";

		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:s, s:i}", "network",
						      weft_show_network_name(row->network), "mac",
						      weft_show_mac(&row->mac), "port",
						      weft_show_port_name(row->port), "origin",
						      origin, "age_sec", (int)row->age_sec));
	}
	free(rows.list);
	return list;
}

static json_t *
fdb_cmd_flush(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_show_filter filter;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	return json_pack("{s:i}", "flushed",
			 (int)weft_fdb_flush(filter.network, filter.port,
					     filter.has_mac ? &filter.mac : NULL, false));
}

WEFT_CMD("fdb", "list", fdb_cmd_list);
WEFT_CMD("fdb", "flush", fdb_cmd_flush);
