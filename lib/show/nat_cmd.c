/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat list
 *
 * Bindings, which stand for all remotes; then the connections that are translated without one:
 * towards each remote by itself, or by a port forwarding.
 */
#include <arpa/inet.h>
#include <string.h>

#include "conntrack/binding.h"
#include "core/clock.h"
#include "show/show.h"
#include "topology/running.h"

struct nat_cmd_end {
	const uint8_t *address;
	rte_be16_t port;
};

static json_t *
nat_cmd_end(const struct nat_cmd_end *end)
{
	char text[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, end->address, text, sizeof(text));
	return end->port == 0 ? json_string(text) :
				json_sprintf("%s:%u", text, rte_be_to_cpu_16(end->port));
}

/* @param remote  NULL: any */
static json_t *
nat_cmd_row(const struct weft_tuple *of, const struct nat_cmd_end *inside,
	    const struct nat_cmd_end *outside, const struct nat_cmd_end *remote, uint32_t n)
{
	const struct weft_router *router = weft_topology->routers[WEFT_ZONE_ID(of->zone)];

	return json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:i}", "router", router == NULL ? "?" : router->name,
		"protocol", weft_show_protocol(of->protocol), "inside", nat_cmd_end(inside),
		"outside", nat_cmd_end(outside), "remote",
		remote == NULL ? json_string("*") : nat_cmd_end(remote), "connections", (int)n);
}

static bool
nat_cmd_is_of(const struct weft_tuple *tuple, const struct weft_router *router)
{
	return router == NULL || tuple->zone == weft_zone_of_router(router->id);
}

static void
nat_cmd_add_bindings(json_t *rows, const struct weft_router *router, uint64_t limit)
{
	struct weft_binding binding;
	uint32_t cursor = 0, users;

	while ((limit == 0 || json_array_size(rows) < limit) &&
	       weft_binding_next(&cursor, &binding, &users)) {
		const struct weft_tuple *in = &binding.inside, *out = &binding.outside;

		if (nat_cmd_is_of(in, router))
			json_array_append_new(
				rows,
				nat_cmd_row(in, &(struct nat_cmd_end){ in->src, in->src_port },
					    &(struct nat_cmd_end){ out->src, out->src_port }, NULL,
					    users));
	}
}

/* What has a binding was told already. */
static bool
nat_cmd_is_bound(const struct weft_conn_row *row)
{
	struct weft_tuple back = weft_tuple_reverse(&row->original);
	struct weft_tuple inside = weft_binding_key(&row->original, WEFT_BINDING_INSIDE);
	struct weft_tuple outside = weft_binding_key(&back, WEFT_BINDING_OUTSIDE);

	return weft_binding_is_there(&inside) || weft_binding_is_there(&outside);
}

static json_t *
nat_cmd_connection(const struct weft_conn_row *row)
{
	const struct weft_tuple *was = &row->original, *is = &row->translated;

	if (memcmp(was->src, is->src, sizeof(was->src)) != 0)
		return nat_cmd_row(was, &(struct nat_cmd_end){ was->src, was->src_port },
				   &(struct nat_cmd_end){ is->src, is->src_port },
				   &(struct nat_cmd_end){ was->dst, was->dst_port }, 1);
	return nat_cmd_row(was, &(struct nat_cmd_end){ is->dst, is->dst_port },
			   &(struct nat_cmd_end){ was->dst, was->dst_port },
			   &(struct nat_cmd_end){ was->src, was->src_port }, 1);
}

static json_t *
nat_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const char *name = weft_cmd_string(call, "router");
	uint64_t limit = weft_cmd_number(call, "limit", WEFT_CMD_ROWS_LIMIT);
	const struct weft_router *router = NULL;
	struct weft_conn_row row;
	uint32_t cursor = 0;
	json_t *rows;

	if (name != NULL) {
		if (weft_show_find_router(name, errors) == NULL)
			return NULL;
		router = weft_show_router(name);
	}
	rows = json_array();
	nat_cmd_add_bindings(rows, router, limit);
	while ((limit == 0 || json_array_size(rows) < limit) &&
	       weft_conn_next(&cursor, weft_clock_ms(), &row))
		if (row.is_translated && nat_cmd_is_of(&row.original, router) &&
		    !nat_cmd_is_bound(&row))
			json_array_append_new(rows, nat_cmd_connection(&row));
	return rows;
}

WEFT_CMD("nat", "list", nat_cmd_list);
