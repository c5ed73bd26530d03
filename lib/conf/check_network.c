/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "conf/check.h"

#define CHECK_MTU_LOCAL 1500

/** Whether the file names a type and it was understood; otherwise nothing follows from it. */
static bool
check_network_has_type(const struct weft_conf_network *network, const struct conf_node *object)
{
	const struct conf_node *type = conf_node_get(object, "type");

	return type != NULL && type->kind == CONF_NODE_SCALAR &&
	       strcmp(type->text, weft_network_type_name(network->type)) == 0;
}

static void
check_network_type(struct conf_check *check, const struct weft_conf_network *network,
		   const struct conf_node *object)
{
	const char *type = weft_network_type_name(network->type);
	char why[64];

	snprintf(why, sizeof(why), "a %s network has none", type);
	if (network->type != WEFT_NETWORK_VLAN)
		conf_check_refuse(check, object, "segment", why);
	else if (conf_node_get(object, "segment") == NULL)
		conf_report_node(check->report, object, "needs a 'segment': the VLAN id (1..4094)");
	if (network->type == WEFT_NETWORK_LOCAL)
		conf_check_refuse(check, object, "physical-network", why);
	else if (conf_node_get(object, "physical-network") == NULL)
		conf_report_node(check->report, object,
				 "needs a 'physical-network': the wire of a %s network", type);
}

static void
check_network_static_port(struct conf_check *check, const struct weft_conf_network *network,
			  const struct conf_node *object, const struct weft_conf_static_mac *entry)
{
	uint32_t at = conf_index_find(&check->ports, entry->port);
	const struct weft_conf_port *port;
	const struct conf_node *other;
	char place[CONF_PLACE_BYTES];

	if (at == CONF_INDEX_NONE) {
		conf_check_report_unknown(check, conf_node_get(object, "port"), "ports");
		return;
	}
	port = &check->conf->ports[at];
	if (port->network == NULL || network->name == NULL ||
	    strcmp(port->network, network->name) == 0)
		return;
	other = conf_node_get(conf_node_item(check->tree, "ports", at), "network");
	conf_report_node(check->report, conf_node_get(object, "port"),
			 "%s is a port of networks[%s] (%s)", port->name, port->network,
			 conf_report_place(other, place));
}

static void
check_network_static_wire(struct conf_check *check, const struct weft_conf_network *network,
			  const struct conf_node *object, const struct weft_conf_static_mac *entry)
{
	const struct conf_node *node = conf_node_get(object, "physical-network");
	const struct conf_node *other = conf_node_get(object->parent->parent, "physical-network");
	char place[CONF_PLACE_BYTES];

	if (conf_index_find(&check->wires, entry->wire) == CONF_INDEX_NONE)
		conf_check_report_unknown(check, node, "physical-networks");
	else if (network->type == WEFT_NETWORK_LOCAL)
		conf_report_node(check->report, node, "a local network has none");
	else if (network->wire != NULL && strcmp(network->wire, entry->wire) != 0)
		conf_report_node(check->report, node, "the wire of this network is %s (%s)",
				 network->wire, conf_report_place(other, place));
}

static void
check_network_static_macs(struct conf_check *check, const struct weft_conf_network *network,
			  const struct conf_node *object)
{
	for (uint32_t i = 0; i < network->n_static_macs; i++) {
		const struct weft_conf_static_mac *entry = &network->static_macs[i];
		const struct conf_node *item = conf_node_item(object, "static-macs", i);

		if (entry->port != NULL)
			check_network_static_port(check, network, item, entry);
		if (entry->wire != NULL)
			check_network_static_wire(check, network, item, entry);
	}
}

static void
check_network_wire(struct conf_check *check, struct weft_conf_network *network,
		   const struct conf_node *object)
{
	uint32_t at = conf_index_find(&check->wires, network->wire);
	bool has_mtu = conf_node_get(object, "mtu") != NULL;

	if (network->wire != NULL && at == CONF_INDEX_NONE)
		conf_check_report_unknown(check, conf_node_get(object, "physical-network"),
					  "physical-networks");
	if (at == CONF_INDEX_NONE) {
		/* An MTU that the file gives but gives wrongly stays unknown. */
		if (!has_mtu)
			network->mtu = network->wire == NULL ? CHECK_MTU_LOCAL : 0;
		return;
	}
	if (!has_mtu)
		network->mtu = check->conf->wires[at].mtu;
	conf_check_mtu(check, object, network->mtu,
		       conf_node_item(check->tree, "physical-networks", at),
		       check->conf->wires[at].mtu);
}

void
conf_check_networks(struct conf_check *check)
{
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *object = conf_node_item(check->tree, "networks", i);

		if (object->kind != CONF_NODE_MAP)
			continue;
		if (check_network_has_type(network, object))
			check_network_type(check, network, object);
		check_network_wire(check, network, object);
		check_network_static_macs(check, network, object);
	}
}
