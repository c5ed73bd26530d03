/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/check.h"
#include "conf/inherit.h"

static void
check_port_network(struct conf_check *check, struct weft_conf_port *port,
		   const struct conf_node *object)
{
	uint32_t at = conf_index_find(&check->networks, port->network);

	if (port->network == NULL)
		return;
	if (at == CONF_INDEX_NONE) {
		conf_check_report_unknown(check, conf_node_get(object, "network"), "networks");
		return;
	}
	if (conf_node_get(object, "mtu") == NULL)
		port->mtu = check->conf->networks[at].mtu;
	conf_check_mtu(check, object, port->mtu, conf_node_item(check->tree, "networks", at),
		       check->conf->networks[at].mtu);
}

/** Keys that only make sense with vhost-user, and of these some only for who owns the socket. */
static void
check_port_socket(struct conf_check *check, struct weft_conf_port *port,
		  const struct conf_node *object)
{
	static const char *const owner_keys[] = { "socket-owner", "socket-mode" };
	const struct conf_node *queues = conf_node_get(object, "queues");
	const char *why = NULL;

	if (conf_node_get(object, "vhost-user") == NULL)
		why = "is for vhost-user ports only";
	else if (port->mode != WEFT_SOCKET_SERVER)
		why = "is for mode: server only; in mode client the socket is QEMU's";
	for (int i = 0; why != NULL && i < 2; i++)
		conf_check_refuse(check, object, owner_keys[i], why);
	if (conf_node_get(object, "vhost-user") == NULL) {
		conf_check_refuse(check, object, "mode", why);
		return;
	}
	if (queues == NULL)
		port->queues = 1;
	else if (queues->kind == CONF_NODE_SCALAR && strcmp(queues->text, "0") == 0)
		conf_report_node(check->report, queues,
				 "0 is not a number of queue pairs of a vhost-user port (1..16)");
}

/** A port cannot have more connections to itself than it may have at all. */
static void
check_port_reserve(struct conf_check *check, struct weft_conf_port *port,
		   const struct conf_node *object)
{
	const struct conf_node *said = conf_node_get(object, "connection-reserve");
	const struct conf_node *limit = conf_node_get(object, "connection-limit");
	char place[CONF_PLACE_BYTES];

	if (said == NULL)
		port->connection_reserve =
			conf_inherit_reserve(port->connection_reserve, port->connection_limit);
	if (port->connection_limit == 0 || port->connection_reserve <= port->connection_limit)
		return;
	if (limit != NULL)
		conf_report_node(check->report, said,
				 "%u is more than the connection-limit %u (%s)",
				 port->connection_reserve, port->connection_limit,
				 conf_report_place(limit, place));
	else
		conf_report_node(check->report, said,
				 "%u is more than the connection-limit, which is %u by default",
				 port->connection_reserve, port->connection_limit);
}

void
conf_check_ports(struct conf_check *check)
{
	for (uint32_t i = 0; i < check->conf->n_ports; i++) {
		struct weft_conf_port *port = &check->conf->ports[i];
		const struct conf_node *object = conf_node_item(check->tree, "ports", i);

		if (object->kind != CONF_NODE_MAP)
			continue;
		check_port_network(check, port, object);
		check_port_socket(check, port, object);
		check_port_reserve(check, port, object);
		conf_check_port_groups(check, port, object);
	}
}
