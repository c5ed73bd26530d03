/* SPDX-License-Identifier: BSD-3-Clause */
/* network list, network show */
#include <string.h>

#include "show/show.h"
#include "topology/running.h"

static json_t *
network_cmd_row(const struct weft_network *network, const struct weft_conf_network *conf)
{
	int n_ports = 0;

	for (uint16_t i = 0; i < network->n_members; i++)
		n_ports += weft_show_is_guest(network, network->members[i]);

	return json_pack("{s:i, s:s, s:s?, s:s, s:o, s:s?, s:i, s:s, s:b, s:i, s:i}", "id",
			 network->id, "name", network->name, "project", conf->project, "type",
			 weft_network_type_name(conf->type), "segment",
			 conf->segment != 0 ? json_integer(conf->segment) : json_null(),
			 "physical_network", conf->wire, "mtu", (int)network->mtu, "admin",
			 weft_show_state(network->admin_up), "external", conf->external, "ports",
			 n_ports, "fdb_entries", (int)weft_fdb_network_count(network->id));
}

/* The networks of the document are in the order of weft_show_network_ids(). */
static json_t *
network_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	uint16_t ids[WEFT_NETWORKS_MAX];
	uint32_t n = weft_show_network_ids(ids);
	json_t *rows = json_array();

	(void)call;
	(void)errors;
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(
			rows, network_cmd_row(weft_topology->networks[ids[i]], &conf->networks[i]));
	return rows;
}

static json_t *
network_cmd_dns(const struct weft_conf_subnet *subnet)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < subnet->n_dns; i++)
		json_array_append_new(rows, weft_show_address(&subnet->dns[i]));
	return rows;
}

static json_t *
network_cmd_subnets(const struct weft_conf_network *network)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < network->n_subnets; i++) {
		const struct weft_conf_subnet *subnet = &network->subnets[i];

		json_array_append_new(
			rows,
			json_pack("{s:s, s:o, s:o, s:o, s:s?}", "name", subnet->name, "cidr",
				  weft_show_ip(&subnet->cidr), "gateway",
				  subnet->has_gateway ? weft_show_ip(&subnet->gateway) :
							json_null(),
				  "dns", network_cmd_dns(subnet), "ipv6_ra_mode",
				  subnet->has_ra_mode ? weft_ra_mode_name(subnet->ra_mode) : NULL));
	}
	return rows;
}

/* Of the document, so in its order. */
static json_t *
network_cmd_port_names(const struct weft_conf_network *network)
{
	const struct weft_conf *conf = weft_running_conf();
	json_t *names = json_array();

	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (strcmp(conf->ports[i].network, network->name) == 0)
			json_array_append_new(names, json_string(conf->ports[i].name));
	return names;
}

static json_t *
network_cmd_static_macs(const struct weft_conf_network *network)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < network->n_static_macs; i++) {
		const struct weft_conf_static_mac *entry = &network->static_macs[i];

		json_array_append_new(
			rows, json_pack("{s:o, s:s}", "mac", weft_show_mac(&entry->mac), "port",
					entry->port != NULL ? entry->port : entry->wire));
	}
	return rows;
}

static json_t *
network_cmd_peers(const struct weft_conf_network *network)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < network->n_peers; i++)
		json_array_append_new(rows, weft_show_address(&network->peers[i]));
	return rows;
}

static json_t *
network_cmd_neighbours(const struct weft_conf_network *network)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < network->n_neighbours; i++) {
		const struct weft_conf_neighbour *row = &network->neighbours[i];

		json_array_append_new(
			rows, json_pack("{s:o, s:o, s:o}", "mac", weft_show_mac(&row->mac), "ip",
					row->has_ip ? weft_show_address(&row->ip) : json_null(),
					"at", weft_show_address(&row->at)));
	}
	return rows;
}

/* What only networks in tunnels have. */
static void
network_cmd_add_overlay(json_t *row, const struct weft_conf_network *network)
{
	const char *unknown = NULL;

	if (weft_network_type_is_overlay(network->type))
		unknown = network->unknown_addresses == WEFT_UNKNOWN_DROP ? "drop" : "flood";
	json_object_update_new(row,
			       json_pack("{s:o, s:o, s:s?}", "peers", network_cmd_peers(network),
					 "neighbours", network_cmd_neighbours(network),
					 "unknown_addresses", unknown));
}

static json_t *
network_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	int32_t id = weft_show_find_network(weft_cmd_string(call, "name"), errors);
	const struct weft_conf_network *conf;
	json_t *row;

	if (id < 0)
		return NULL;
	conf = weft_running_network(id);
	row = network_cmd_row(weft_topology->networks[id], conf);
	json_object_update_new(
		row, json_pack("{s:o, s:o, s:i, s:I, s:s, s:o}", "subnets",
			       network_cmd_subnets(conf), "port_names",
			       network_cmd_port_names(conf), "mac_age", (int)conf->mac_age_sec,
			       "mac_limit", (json_int_t)conf->mac_limit, "mac_limit_action",
			       conf->mac_limit_action == WEFT_LIMIT_DROP ? "drop" : "forward",
			       "static_macs", network_cmd_static_macs(conf)));
	network_cmd_add_overlay(row, conf);
	return row;
}

WEFT_CMD("network", "list", network_cmd_list);
WEFT_CMD("network", "show", network_cmd_show);
