/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>

#include "conf/check.h"
#include "conf/value.h"
#include "conf/way.h"

static const struct conf_node *
check_endpoint_key(const struct conf_check *check, const char *key)
{
	return conf_node_get(conf_node_get(check->tree, "tunnel-endpoint"), key);
}

bool
conf_check_other_host(struct conf_check *check, const struct conf_node *node,
		      const struct weft_ip *ip)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	const char *reserved = NULL;
	char place[CONF_PLACE_BYTES];

	if (ip->family == 0 || address->family == 0)
		return true;
	if (weft_ip_is_in(ip, address))
		reserved = conf_ip_reserved(ip, address->prefix);
	if (ip->family != address->family)
		conf_report_node(check->report, node,
				 "%s is not an IPv%c address; that of the tunnel-endpoint is (%s)",
				 node->text, address->family == AF_INET ? '4' : '6',
				 conf_report_place(said, place));
	else if (weft_ip_compare(ip, address) == 0)
		conf_report_node(check->report, node,
				 "%s is the address of the tunnel-endpoint itself (%s)", node->text,
				 conf_report_place(said, place));
	else if (reserved != NULL)
		conf_report_node(check->report, node,
				 "%s is the %s address of the tunnel-endpoint's link %s (%s)",
				 node->text, reserved, said->text, conf_report_place(said, place));
	else
		return true;
	return false;
}

/** A router must be on the link. */
static void
check_endpoint_router(struct conf_check *check, const struct conf_node *node,
		      const struct weft_ip *router)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	char place[CONF_PLACE_BYTES];

	if (router->family == 0 || address->family == 0 ||
	    !conf_check_other_host(check, node, router) || weft_ip_is_in(router, address))
		return;
	conf_report_node(check->report, node, "%s is not on the link of %s (%s)", node->text,
			 said->text, conf_report_place(said, place));
}

/** What is on the link is never sent to a router, so a route to it would mean nothing. */
static void
check_endpoint_destination(struct conf_check *check, const struct conf_node *node,
			   const struct weft_ip *destination)
{
	const struct weft_ip *address = &check->conf->endpoint.address;
	const struct conf_node *said = check_endpoint_key(check, "address");
	char place[CONF_PLACE_BYTES];

	if (destination->family == 0 || address->family == 0)
		return;
	if (destination->family != address->family)
		conf_report_node(check->report, node,
				 "%s is not an IPv%c subnet, as the address of the tunnel-endpoint "
				 "is (%s)",
				 node->text, address->family == AF_INET ? '4' : '6',
				 conf_report_place(said, place));
	else if (weft_ip_is_in(destination, address))
		conf_report_node(check->report, node,
				 "%s is on the link of %s (%s) and needs no router", node->text,
				 said->text, conf_report_place(said, place));
}

static void
check_endpoint_routes(struct conf_check *check, const struct conf_node *object)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	struct conf_ways ways;

	for (uint32_t i = 0; i < endpoint->n_gateways; i++)
		check_endpoint_router(check, conf_node_item(object, "gateway", i),
				      &endpoint->gateways[i]);
	for (uint32_t i = 0; i < endpoint->n_routes; i++) {
		const struct conf_node *route = conf_node_item(object, "routes", i);

		check_endpoint_destination(check, conf_node_get(route, "destination"),
					   &endpoint->routes[i].destination);
		check_endpoint_router(check, conf_node_get(route, "next-hop"),
				      &endpoint->routes[i].next_hop);
	}
	ways = conf_ways_of_endpoint(check->conf, check->tree);
	conf_ways_check_shares(&ways, check->report);
	free(ways.list);
}

/** What arrives at one port is of one format. */
static void
check_endpoint_udp_ports(struct conf_check *check, const struct conf_node *object)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_node *vxlan = conf_node_get(object, "vxlan-port");
	const struct conf_node *geneve = conf_node_get(object, "geneve-port");
	char place[CONF_PLACE_BYTES];

	if (endpoint->vxlan_port == 0 || endpoint->vxlan_port != endpoint->geneve_port)
		return;
	if (vxlan != NULL && geneve != NULL)
		conf_report_node(check->report, geneve, "%s is the vxlan-port (%s)", geneve->text,
				 conf_report_place(vxlan, place));
	else if (geneve != NULL)
		conf_report_node(check->report, geneve, "%s is the vxlan-port, by default",
				 geneve->text);
	else if (vxlan != NULL)
		conf_report_node(check->report, vxlan, "%s is the geneve-port, by default",
				 vxlan->text);
}

void
conf_check_endpoint(struct conf_check *check)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_node *object = conf_node_get(check->tree, "tunnel-endpoint");

	if (!endpoint->is_there || object->kind != CONF_NODE_MAP)
		return;
	if (endpoint->wire != NULL &&
	    conf_index_find(&check->wires, endpoint->wire) == CONF_INDEX_NONE)
		conf_check_report_unknown(check, conf_node_get(object, "physical-network"),
					  "physical-networks");
	check_endpoint_udp_ports(check, object);
	check_endpoint_routes(check, object);
}
