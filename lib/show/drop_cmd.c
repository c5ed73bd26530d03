/* SPDX-License-Identifier: BSD-3-Clause */
/* drop list */
#include "show/show.h"

static void
drop_cmd_add_port(json_t *rows, uint16_t port, bool is_all)
{
	struct weft_port_count count;

	weft_port_count_sum(port, &count);
	for (int drop = WEFT_NEXT + 1; drop < WEFT_DROPS_END; drop++) {
		json_t *row;

		if (count.drops[drop] == 0 && !is_all)
			continue;
		row = json_pack("{s:o}", "port", weft_show_port_name(port));
		json_object_update_new(row, weft_show_drop(drop, count.drops[drop]));
		json_array_append_new(rows, row);
	}
}

static json_t *
drop_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_show_filter filter;
	uint16_t ids[WEFT_PORTS_MAX];
	uint32_t n;
	json_t *rows;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	n = weft_show_port_ids(ids);
	rows = json_array();
	for (uint32_t i = 0; i < n; i++)
		if (filter.port == WEFT_SHOW_ALL || filter.port == ids[i])
			drop_cmd_add_port(rows, ids[i], weft_cmd_flag(call, "all"));
	return rows;
}

WEFT_CMD("drop", "list", drop_cmd_list);
