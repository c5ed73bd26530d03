/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/check.h"
#include "conf/inherit.h"
#include "conf/schema.h"

#define CHECK_WHY_BYTES 80

/** Whether the file names a type and it was understood; otherwise nothing follows from it. */
static bool
check_network_has_type(const struct weft_conf_network *network, const struct conf_node *object)
{
	const struct conf_node *type = conf_node_get(object, "type");

	return type != NULL && type->kind == CONF_NODE_SCALAR &&
	       strcmp(type->text, weft_network_type_name(network->type)) == 0;
}

/** Why a network of that type has no physical network; NULL: it must have one. */
static const char *
check_network_no_wire(const struct weft_conf_network *network, char why[static CHECK_WHY_BYTES])
{
	bool is_overlay = weft_network_type_is_overlay(network->type);

	if (network->type != WEFT_NETWORK_LOCAL && !is_overlay)
		return NULL;
	snprintf(why, CHECK_WHY_BYTES, "a %s network has none%s",
		 weft_network_type_name(network->type),
		 is_overlay ? "; it goes by the tunnel-endpoint" : "");
	return why;
}

static void
check_network_segment(struct conf_check *check, const struct weft_conf_network *network,
		      const struct conf_node *object)
{
	const struct conf_field *field = conf_object_find(&conf_network_object, "segment");
	const struct conf_range *range = &field->ranges[network->type];
	char why[CHECK_WHY_BYTES];

	snprintf(why, sizeof(why), "a %s network has none", weft_network_type_name(network->type));
	if (range->what == NULL)
		conf_check_refuse(check, object, "segment", why);
	else if (conf_node_get(object, "segment") == NULL)
		conf_report_node(check->report, object,
				 "needs a 'segment': the %s (%" PRIu64 "..%" PRIu64 ")",
				 range->what + strlen("a "), range->min, range->max);
}

static void
check_network_type(struct conf_check *check, const struct weft_conf_network *network,
		   const struct conf_node *object)
{
	static const char *const overlay_keys[] = { "peers", "neighbours", "unknown-addresses" };
	char why[CHECK_WHY_BYTES];

	check_network_segment(check, network, object);
	if (check_network_no_wire(network, why) != NULL)
		conf_check_refuse(check, object, "physical-network", why);
	else if (conf_node_get(object, "physical-network") == NULL)
		conf_report_node(check->report, object,
				 "needs a 'physical-network': the wire of a %s network",
				 weft_network_type_name(network->type));
	for (int i = 0; i < 3 && !weft_network_type_is_overlay(network->type); i++)
		conf_check_refuse(check, object, overlay_keys[i],
				  "is for overlays only (vxlan, gre, geneve)");
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
	char why[CHECK_WHY_BYTES];
	char place[CONF_PLACE_BYTES];

	if (conf_index_find(&check->wires, entry->wire) == CONF_INDEX_NONE)
		conf_check_report_unknown(check, node, "physical-networks");
	else if (check_network_no_wire(network, why) != NULL)
		conf_report_node(check->report, node, "%s", why);
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
check_network_wire(struct conf_check *check, const struct weft_conf_network *network,
		   const struct conf_node *object)
{
	uint32_t at = conf_index_find(&check->wires, network->wire);

	if (network->wire != NULL && at == CONF_INDEX_NONE)
		conf_check_report_unknown(check, conf_node_get(object, "physical-network"),
					  "physical-networks");
	if (at != CONF_INDEX_NONE)
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
		/* An MTU that the file gives but gives wrongly stays unknown. */
		if (conf_node_get(object, "mtu") == NULL)
			network->mtu =
				conf_inherit_network_mtu(check->conf, &check->wires, network);
		if (check_network_has_type(network, object))
			check_network_type(check, network, object);
		if (weft_network_type_is_overlay(network->type))
			conf_check_overlay(check, network, object);
		else
			check_network_wire(check, network, object);
		check_network_static_macs(check, network, object);
	}
}
