/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path: the stages; path PORT: the chain of things between a guest and the wire.
 *
 * In a chain, `packets_in` came into the switch by a hop (or, of a network, by its ports) and
 * `packets_out` left by it. A segment is told apart by its tag only and not counted.
 */
#include <netinet/in.h>

#include "show/show.h"
#include "topology/running.h"
#include "tunnel/endpoint.h"

#define PATH_CMD_PEERS 8 /* of a network, that are named */

static json_t *
path_cmd_stages(void)
{
	json_t *rows = json_array();

	for (int stage = 0; stage < WEFT_STAGES; stage++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "stage", weft_stage_name(stage),
						      "says", weft_stage_sentence(stage)));
	return rows;
}

static void
path_cmd_add(json_t *rows, const char *hop, json_t *what, const struct weft_port_count *count)
{
	json_array_append_new(
		rows, json_pack("{s:s, s:o, s:o, s:o}", "hop", hop, "what", what, "packets_in",
				count == NULL ? json_null() : json_integer(count->rx_packets),
				"packets_out",
				count == NULL ? json_null() : json_integer(count->tx_packets)));
}

/* Where the port ends: a socket, or a device. */
static void
path_cmd_add_end(json_t *rows, uint16_t id, const struct weft_port_count *count)
{
	const struct weft_port *port = weft_topology->attachments[id]->port;
	const struct weft_conf_wire *wire = weft_running_wire(id);
	const struct weft_conf_port *vif = weft_running_port(id);
	const char *link = weft_show_state(weft_port_is_up(port));

	if (wire != NULL)
		path_cmd_add(rows, "device", json_sprintf("%s, link %s", wire->device, link),
			     count);
	else if (vif->vhost_user == NULL)
		path_cmd_add(rows, "device", json_sprintf("%s, link %s", vif->device, link), count);
	else
		path_cmd_add(rows, "vhost-user",
			     json_sprintf("%s, %s, link %s", vif->vhost_user,
					  vif->mode == WEFT_SOCKET_SERVER ? "server" : "client",
					  link),
			     count);
}

static void
path_cmd_add_port(json_t *rows, uint16_t id, const struct weft_port_count *count)
{
	const struct weft_attachment *port = weft_topology->attachments[id];

	path_cmd_add(rows, port->is_wire ? "physical-network" : "port",
		     json_sprintf("%s, admin %s, mtu %u, %llu dropped", port->port->name,
				  weft_show_state(port->admin_up), port->mtu,
				  (unsigned long long)weft_show_drop_sum(count)),
		     count);
}

/* The guests' ports only: what passes the wire belongs to other networks as well. */
static void
path_cmd_add_network(json_t *rows, const struct weft_network *network)
{
	struct weft_port_count count, sum = { 0 };
	uint32_t n = 0;

	for (uint16_t i = 0; i < network->n_members; i++) {
		if (!weft_show_is_guest(network, network->members[i]))
			continue;
		weft_port_count_sum(network->members[i], &count);
		sum.rx_packets += count.rx_packets;
		sum.tx_packets += count.tx_packets;
		n++;
	}
	path_cmd_add(rows, "network",
		     json_sprintf("%s, %u port%s, %u MACs learned", network->name, n,
				  n == 1 ? "" : "s", weft_fdb_network_count(network->id)),
		     &sum);
}

/* "192.0.2.1 to 192.0.2.2, 192.0.2.3": from us to the hosts that have the network. */
static void
path_cmd_add_tunnel(json_t *rows, const struct weft_endpoint *endpoint,
		    const struct weft_conf_network *network)
{
	char text[(PATH_CMD_PEERS + 1) * (INET6_ADDRSTRLEN + 4) + 32];
	uint32_t n = RTE_MIN(network->n_peers, (uint32_t)PATH_CMD_PEERS);
	char address[INET6_ADDRSTRLEN + 4];
	size_t used;

	weft_show_address_format(&endpoint->address, address);
	used = (size_t)snprintf(text, sizeof(text), "%s%s", address, n == 0 ? ", no peers" : "");
	for (uint32_t i = 0; i < n; i++) {
		weft_show_address_format(&network->peers[i], address);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i == 0 ? " to " : ", ", address);
	}
	if (n < network->n_peers)
		snprintf(text + used, sizeof(text) - used, " and %u more", network->n_peers - n);
	path_cmd_add(rows, "tunnel", json_string(text), NULL);
}

/* From the network to the far end of its wire. */
static void
path_cmd_add_wire(json_t *rows, const struct weft_network *network)
{
	const struct weft_endpoint *endpoint = NULL;
	struct weft_port_count count;
	uint16_t wire = network->wire;
	char segment[64];

	if (weft_segment_is_tunnel(network->segment_ops))
		endpoint = weft_topology->endpoint;
	if (endpoint != NULL)
		wire = endpoint->wire;
	if (wire == WEFT_NO_PORT || weft_topology->attachments[wire] == NULL)
		return;
	weft_network_describe(network, segment, sizeof(segment));
	path_cmd_add(rows, "segment", json_string(segment), NULL);
	if (endpoint != NULL)
		path_cmd_add_tunnel(rows, endpoint, weft_running_network(network->id));
	weft_port_count_sum(wire, &count);
	path_cmd_add_port(rows, wire, &count);
	path_cmd_add_end(rows, wire, &count);
}

static json_t *
path_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const char *name = weft_cmd_string(call, "port");
	const struct weft_attachment *port;
	struct weft_port_count count;
	json_t *rows;
	int32_t id;

	if (name == NULL)
		return path_cmd_stages();
	id = weft_show_find_port(name, errors);
	if (id < 0)
		return NULL;
	rows = json_array();
	port = weft_topology->attachments[id];
	weft_port_count_sum(id, &count);
	path_cmd_add_end(rows, id, &count);
	path_cmd_add_port(rows, id, &count);
	if (!port->is_wire) {
		path_cmd_add_network(rows, weft_topology->networks[port->network]);
		path_cmd_add_wire(rows, weft_topology->networks[port->network]);
	}
	return rows;
}

WEFT_CMD("path", NULL, path_cmd_show);
