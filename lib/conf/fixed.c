/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/fixed.h"

#include <stdlib.h>
#include <sys/socket.h>

static int
fixed_compare(const void *left, const void *right)
{
	const struct conf_fixed_entry *a = left, *b = right;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return weft_ip_compare(&a->ip, &b->ip);
}

/** Whether what a port says of addresses became elements. */
static bool
fixed_is_list_read(const struct conf_node *list, uint32_t n)
{
	return list == NULL || conf_node_is_null(list) ||
	       (list->kind == CONF_NODE_LIST && list->n == n);
}

static void
fixed_add_port(struct conf_fixed *fixed, const struct conf_check *check, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "ports", at);
	const struct weft_conf_port *port = &check->conf->ports[at];
	struct conf_fixed_port *of = &fixed->ports[at];

	of->first = CONF_INDEX_NONE;
	of->is_whole = fixed_is_list_read(conf_node_get(object, "addresses"), port->n_addresses);
	for (uint32_t i = 0; i < port->n_addresses; i++) {
		const struct weft_ip *ip = &port->addresses[i];

		if (ip->family == AF_INET && of->first == CONF_INDEX_NONE)
			of->first = i;
		of->is_whole &= ip->family != 0;
		fixed->list[fixed->n++] = (struct conf_fixed_entry){ at, *ip };
	}
}

void
conf_fixed_build(struct conf_fixed *fixed, const struct conf_check *check)
{
	const struct weft_conf *conf = check->conf;
	size_t n = 0;

	for (uint32_t i = 0; i < conf->n_ports; i++)
		n += conf->ports[i].n_addresses;
	*fixed = (struct conf_fixed){
		.list = calloc(n + 1, sizeof(*fixed->list)),
		.ports = calloc((size_t)conf->n_ports + 1, sizeof(*fixed->ports)),
	};
	if (fixed->list == NULL || fixed->ports == NULL)
		abort();
	for (uint32_t i = 0; i < conf->n_ports; i++)
		fixed_add_port(fixed, check, i);
	qsort(fixed->list, fixed->n, sizeof(*fixed->list), fixed_compare);
}

void
conf_fixed_clear(struct conf_fixed *fixed)
{
	free(fixed->list);
	free(fixed->ports);
	*fixed = (struct conf_fixed){ 0 };
}

bool
conf_fixed_has(const struct conf_fixed *fixed, uint32_t port, const struct weft_ip *ip)
{
	const struct conf_fixed_entry wanted = { port, *ip };

	return bsearch(&wanted, fixed->list, fixed->n, sizeof(wanted), fixed_compare) != NULL;
}
