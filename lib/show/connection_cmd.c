/* SPDX-License-Identifier: BSD-3-Clause */
/* connection list, connection flush */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf/protocol.h"
#include "conntrack/conntrack.h"
#include "core/clock.h"
#include "show/show.h"

/* What `--network`, `--router`, `--port`, `--address` and `--protocol` leave over. */
struct connection_cmd_filter {
	struct weft_show_filter common;
	const struct weft_router *router; /* NULL: any */
	struct weft_ip address; /* family 0: any */
	uint16_t protocol; /* WEFT_PROTOCOL_ANY: any */
};

/* By name or number. */
static bool
connection_cmd_protocol(const char *text, uint16_t *protocol)
{
	uint64_t number;
	char *end;

	if (!conf_protocol_find(text, &number)) {
		number = strtoul(text, &end, 10);
		if (end == text || *end != '\0' || number > UINT8_MAX)
			return false;
	}
	*protocol = (uint16_t)number;
	return true;
}

static bool
connection_cmd_read(const struct weft_cmd_call *call, struct connection_cmd_filter *filter,
		    struct weft_errors *errors)
{
	const char *address = weft_cmd_string(call, "address");
	const char *protocol = weft_cmd_string(call, "protocol");
	const char *router = weft_cmd_string(call, "router");

	*filter = (struct connection_cmd_filter){ .protocol = WEFT_PROTOCOL_ANY };
	weft_show_filter_read(call, &filter->common, errors);
	if (router != NULL && weft_show_find_router(router, errors) != NULL)
		filter->router = weft_show_router(router);
	if (address != NULL) {
		filter->address.family = strchr(address, ':') == NULL ? AF_INET : AF_INET6;
		if (inet_pton(filter->address.family, address, filter->address.bytes) != 1)
			weft_errors_add(errors, "address: '%.64s' is not an address (10.0.0.7)",
					address);
	}
	if (protocol != NULL && !connection_cmd_protocol(protocol, &filter->protocol))
		weft_errors_add(errors,
				"protocol: '%.64s' is not a protocol (tcp, udp, icmp, "
				"icmpv6, ... or 0..255)",
				protocol);
	return weft_errors_is_empty(errors);
}

static bool
connection_cmd_matches(const struct weft_conn_row *row, const struct connection_cmd_filter *filter)
{
	const struct weft_tuple *tuple = &row->original;
	const struct weft_show_filter *common = &filter->common;

	if (common->network != WEFT_SHOW_ALL && common->network != tuple->zone)
		return false;
	if (filter->router != NULL && weft_zone_of_router(filter->router->id) != tuple->zone)
		return false;
	if (common->port != WEFT_SHOW_ALL && common->port != row->from && common->port != row->to)
		return false;
	if (filter->protocol != WEFT_PROTOCOL_ANY && filter->protocol != tuple->protocol)
		return false;
	return filter->address.family == 0 ||
	       (filter->address.family == tuple->family &&
		(memcmp(filter->address.bytes, tuple->src, 16) == 0 ||
		 memcmp(filter->address.bytes, tuple->dst, 16) == 0));
}

static json_t *
connection_cmd_address(uint8_t family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, bytes, text, sizeof(text)) == NULL)
		return json_null();
	return json_string(text);
}

static json_t *
connection_cmd_port(uint16_t port)
{
	return port == WEFT_CONN_NO_PORT ? json_null() : weft_show_port_name(port);
}

/* What it is outside: "src 10.0.0.7:1234 -> 203.0.113.2:1234". */
static json_t *
connection_cmd_translated(const struct weft_conn_row *row)
{
	struct weft_translation_pair pair = {
		.was = { .tuple = row->original },
		.is = { .tuple = row->translated },
	};
	char text[128];

	if (!row->is_translated)
		return json_null();
	weft_translation_format(&pair, text, sizeof(text));
	return json_string(text);
}

static json_t *
connection_cmd_router(const struct weft_tuple *tuple)
{
	const struct weft_router *router = weft_topology->routers[WEFT_ZONE_ID(tuple->zone)];

	return router == NULL ? json_null() : json_string(router->name);
}

static json_t *
connection_cmd_row(const struct weft_conn_row *row)
{
	const struct weft_tuple *tuple = &row->original;
	bool is_router = weft_zone_is_router(tuple->zone);

	return json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:i, s:o, s:i, s:o, s:b, s:b, s:b, s:o, s:o, s:i, s:i}",
		"network", is_router ? json_null() : weft_show_network_name(tuple->zone), "router",
		is_router ? connection_cmd_router(tuple) : json_null(), "protocol",
		weft_show_protocol(tuple->protocol), "state", weft_conn_state_name(row->state),
		"source", connection_cmd_address(tuple->family, tuple->src), "source_port",
		rte_be_to_cpu_16(tuple->src_port), "destination",
		connection_cmd_address(tuple->family, tuple->dst), "destination_port",
		rte_be_to_cpu_16(tuple->dst_port), "translated", connection_cmd_translated(row),
		"replied", row->is_replied, "assured", row->is_assured, "cut", row->is_cut, "from",
		connection_cmd_port(row->from), "to", connection_cmd_port(row->to), "age_sec",
		(int)row->age_sec, "expires_sec", (int)row->expires_sec);
}

static json_t *
connection_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	uint64_t limit = weft_cmd_number(call, "limit", WEFT_CMD_ROWS_LIMIT);
	struct connection_cmd_filter filter;
	struct weft_conn_row row;
	uint32_t cursor = 0;
	json_t *rows;

	if (!connection_cmd_read(call, &filter, errors))
		return NULL;
	rows = json_array();
	while ((limit == 0 || json_array_size(rows) < limit) &&
	       weft_conn_next(&cursor, weft_clock_ms(), &row))
		if (connection_cmd_matches(&row, &filter))
			json_array_append_new(rows, connection_cmd_row(&row));
	return rows;
}

/* Their packets find them no more from now on; workers clear them away. */
static json_t *
connection_cmd_flush(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct connection_cmd_filter filter;
	struct weft_conn_row row;
	uint32_t cursor = 0, n = 0;

	if (!connection_cmd_read(call, &filter, errors))
		return NULL;
	while (weft_conn_next(&cursor, weft_clock_ms(), &row))
		if (connection_cmd_matches(&row, &filter))
			n += weft_conn_forget(cursor - 1, &row);
	weft_conn_hurry();
	return json_pack("{s:i}", "flushed", (int)n);
}

WEFT_CMD("connection", "list", connection_cmd_list);
WEFT_CMD("connection", "flush", connection_cmd_flush);
