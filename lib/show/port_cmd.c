/* SPDX-License-Identifier: BSD-3-Clause */
/* port list, port show */
#include <arpa/inet.h>

#include "conntrack/conntrack.h"
#include "show/port_guest.h"
#include "show/show.h"
#include "topology/running.h"

static json_t *
port_cmd_row(uint16_t id)
{
	const struct weft_attachment *port = weft_topology->attachments[id];
	struct weft_port_count count;

	weft_port_count_sum(id, &count);
	return json_pack(
		"{s:i, s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:i, s:I, s:I, s:I}", "id", id, "name",
		port->port->name, "kind", port->is_wire ? "wire" : "port", "network",
		weft_show_network_name(port->network), "driver", port->port->ops->name, "mac",
		port->has_mac ? weft_show_mac(&port->mac) : json_null(), "admin",
		weft_show_state(port->admin_up), "link",
		weft_show_state(weft_port_is_up(port->port)), "mtu", (int)port->mtu, "rx_packets",
		(json_int_t)count.rx_packets, "tx_packets", (json_int_t)count.tx_packets, "drops",
		(json_int_t)weft_show_drop_sum(&count));
}

static json_t *
port_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_show_filter filter;
	uint16_t ids[WEFT_PORTS_MAX];
	uint32_t n;
	json_t *rows;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	n = weft_show_port_ids(ids);
	rows = json_array();
	for (uint32_t i = 0; i < n; i++) {
		const struct weft_attachment *port = weft_topology->attachments[ids[i]];

		if (filter.network == WEFT_SHOW_ALL || port->network == filter.network)
			json_array_append_new(rows, port_cmd_row(ids[i]));
	}
	return rows;
}

/* ---- one port ---- */

/* @return the worker that polls a queue; null while nobody does */
static json_t *
port_cmd_poller(const struct weft_port *port, uint16_t queue)
{
	uint16_t worker = weft_topology_poller(weft_topology, port, queue);

	return worker == weft_topology->n_workers ? json_null() : json_integer(worker);
}

static json_t *
port_cmd_rx_queues(const struct weft_port *port)
{
	json_t *rows = json_array();

	for (uint16_t queue = 0; queue < port->n_rxq; queue++) {
		const struct weft_rxq_stats *stats = &port->rxq[queue];

		json_array_append_new(rows, json_pack("{s:i, s:o, s:I, s:I}", "queue", queue,
						      "worker", port_cmd_poller(port, queue),
						      "packets", (json_int_t)stats->packets,
						      "bytes", (json_int_t)stats->bytes));
	}
	return rows;
}

/* Any worker sends by any port, so it is workers that are told apart. */
static json_t *
port_cmd_tx_queues(uint16_t id)
{
	json_t *rows = json_array();

	for (uint16_t worker = 0; worker < weft_n_workers; worker++) {
		const struct weft_port_count *count = &weft_workers[worker]->counts[id];

		json_array_append_new(rows, json_pack("{s:i, s:I, s:I}", "worker", worker,
						      "packets", (json_int_t)count->tx_packets,
						      "bytes", (json_int_t)count->tx_bytes));
	}
	return rows;
}

static json_t *
port_cmd_drops(const struct weft_port_count *count)
{
	json_t *rows = json_array();

	for (int drop = WEFT_NEXT + 1; drop < WEFT_DROPS_END; drop++)
		if (count->drops[drop] != 0)
			json_array_append_new(rows, weft_show_drop(drop, count->drops[drop]));
	return rows;
}

/* "10.0.0.0/24", or with the MAC that goes with it. */
static json_t *
port_cmd_pair(const struct weft_conf_pair *pair)
{
	char ip[INET6_ADDRSTRLEN + 4], mac[RTE_ETHER_ADDR_FMT_SIZE];

	weft_ip_format(&pair->ip, ip);
	if (!pair->has_mac)
		return json_string(ip);
	weft_mac_format(&pair->mac, mac);
	return json_sprintf("%s at %s", ip, mac);
}

static void
port_cmd_add_security(json_t *row, const struct weft_conf_port *port)
{
	json_t *groups = json_array(), *pairs = json_array();

	for (uint32_t i = 0; i < port->n_groups; i++)
		json_array_append_new(groups, json_string(port->groups[i]));
	for (uint32_t i = 0; i < port->n_pairs; i++)
		json_array_append_new(pairs, port_cmd_pair(&port->pairs[i]));
	json_object_update_new(row,
			       json_pack("{s:o, s:o, s:I, s:I}", "security_groups", groups,
					 "allowed_address_pairs", pairs, "connection_limit",
					 (json_int_t)port->connection_limit, "connection_reserve",
					 (json_int_t)port->connection_reserve));
}

/* What only a guest's port has: whose it is, and what may come from it. */
static void
port_cmd_add_vif(json_t *row, const struct weft_conf_port *port)
{
	const struct weft_conf_network *network =
		weft_running_network(weft_topology_find_network(weft_topology, port->network));
	json_t *addresses = json_array();

	for (uint32_t i = 0; i < port->n_addresses; i++)
		json_array_append_new(addresses, weft_show_ip(&port->addresses[i]));
	json_object_update_new(row, json_pack("{s:s?, s:s?, s:o, s:b}", "project",
					      network == NULL ? NULL : network->project, "instance",
					      port->instance, "addresses", addresses,
					      "port_security", port->port_security));
	port_cmd_add_security(row, port);
	if (port->vhost_user != NULL)
		json_object_update_new(
			row, json_pack("{s:s, s:s}", "socket", port->vhost_user, "mode",
				       port->mode == WEFT_SOCKET_SERVER ? "server" : "client"));
	else
		json_object_set_new(row, "device", json_string(port->device));
	json_object_update_new(
		row, json_pack("{s:I, s:s}", "mac_limit", (json_int_t)port->mac_limit,
			       "mac_limit_action",
			       port->mac_limit_action == WEFT_LIMIT_DROP ? "drop" : "forward"));
}

/* What the guest of a port must be told, instead of what the port is. */
static json_t *
port_cmd_show_guest(const struct weft_cmd_call *call, uint16_t id, struct weft_errors *errors)
{
	const struct weft_attachment *port = weft_topology->attachments[id];
	bool is_libvirt = weft_cmd_flag(call, "libvirt");

	if (is_libvirt && weft_cmd_flag(call, "qemu")) {
		weft_errors_add(errors, "libvirt, qemu: give one of the two");
		return NULL;
	}
	return weft_port_guest_text(port->port->name, port->is_wire ? NULL : weft_running_port(id),
				    is_libvirt ? WEFT_GUEST_LIBVIRT : WEFT_GUEST_QEMU, errors);
}

static json_t *
port_cmd_offloads(uint8_t offloads)
{
	static const struct {
		uint8_t offload;
		const char *name;
	} names[] = {
		{ WEFT_OFFLOAD_CHECKSUM, "checksum" }, { WEFT_OFFLOAD_TSO4, "tso4" },
		{ WEFT_OFFLOAD_TSO6, "tso6" },	       { WEFT_OFFLOAD_ECN, "ecn" },
		{ WEFT_OFFLOAD_UFO, "ufo" },
	};
	json_t *list = json_array();

	for (uint32_t i = 0; i < RTE_DIM(names); i++)
		if (offloads & names[i].offload)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

/* As the guest and QEMU have agreed upon, and what came of it. */
static void
port_cmd_add_offloads(json_t *row, const struct weft_port *port,
		      const struct weft_port_count *count)
{
	uint8_t leaves = __atomic_load_n(&port->leaves, __ATOMIC_RELAXED);
	uint8_t takes = __atomic_load_n(&port->offloads, __ATOMIC_RELAXED);

	json_object_update_new(
		row, json_pack("{s:o, s:o, s:I, s:I, s:I}", "rx_offloads",
			       port_cmd_offloads(leaves), "tx_offloads", port_cmd_offloads(takes),
			       "checksums_made", (json_int_t)count->sums, "packets_cut",
			       (json_int_t)count->cuts, "pieces_made", (json_int_t)count->pieces));
}

static json_t *
port_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	int32_t id = weft_show_find_port(weft_cmd_string(call, "name"), errors);
	const struct weft_attachment *port;
	struct weft_port_count count;
	json_t *row;

	if (id < 0)
		return NULL;
	if (weft_cmd_flag(call, "libvirt") || weft_cmd_flag(call, "qemu"))
		return port_cmd_show_guest(call, id, errors);
	port = weft_topology->attachments[id];
	row = port_cmd_row(id);
	json_object_set_new(
		row, "trouble",
		json_pack("s?", __atomic_load_n(&port->port->trouble, __ATOMIC_ACQUIRE)));
	if (port->is_wire)
		json_object_set_new(row, "device", json_string(weft_running_wire(id)->device));
	else
		port_cmd_add_vif(row, weft_running_port(id));
	json_object_set_new(row, "connections", json_integer(weft_conn_port_count(id)));
	weft_port_count_sum(id, &count);
	if (!port->is_wire && weft_running_port(id)->vhost_user != NULL)
		port_cmd_add_offloads(row, port->port, &count);
	json_object_update_new(
		row, json_pack("{s:I, s:I, s:I, s:i, s:o, s:o, s:o}", "rx_bytes",
			       (json_int_t)count.rx_bytes, "tx_bytes", (json_int_t)count.tx_bytes,
			       "miss_budget", (json_int_t)port->miss_budget, "fdb_entries",
			       (int)weft_fdb_port_count(id), "rx_queues",
			       port_cmd_rx_queues(port->port), "tx_queues", port_cmd_tx_queues(id),
			       "drop_reasons", port_cmd_drops(&count)));
	return row;
}

WEFT_CMD("port", "list", port_cmd_list);
WEFT_CMD("port", "show", port_cmd_show);
