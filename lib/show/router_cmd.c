/* SPDX-License-Identifier: BSD-3-Clause */
/* router list, router show, route list */
#include <stdlib.h>
#include <string.h>

#include "conntrack/binding.h"
#include "show/show.h"
#include "topology/running.h"

const struct weft_router *
weft_show_router(const char *name)
{
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++)
		if (weft_topology->routers[id] != NULL &&
		    strcmp(weft_topology->routers[id]->name, name) == 0)
			return weft_topology->routers[id];
	return NULL;
}

static json_t *
router_cmd_row(const struct weft_router *router, const struct weft_conf_router *conf)
{
	return json_pack("{s:s, s:s?, s:s, s:i, s:s?, s:i}", "name", router->name, "project",
			 conf->project, "admin", weft_show_state(router->admin_up), "interfaces",
			 (int)conf->n_interfaces, "gateway",
			 conf->gateway.is_there ? conf->gateway.network : NULL, "routes",
			 (int)router->n_routes);
}

/* In the order of the document. */
static json_t *
router_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	json_t *rows = json_array();

	(void)call;
	(void)errors;
	for (uint32_t i = 0; i < conf->n_routers; i++)
		json_array_append_new(rows, router_cmd_row(weft_show_router(conf->routers[i].name),
							   &conf->routers[i]));
	return rows;
}

/* The subnet of a leg that routers advertise, or NULL. */
static const struct weft_conf_subnet *
router_cmd_advertised(const struct weft_leg *leg)
{
	const struct weft_conf_network *network = weft_running_network(leg->network);

	for (uint32_t i = 0; network != NULL && i < network->n_subnets; i++)
		if (network->subnets[i].has_ra_mode &&
		    weft_ip_is_in(&leg->address, &network->subnets[i].cidr))
			return &network->subnets[i];
	return NULL;
}

/* The name servers that are told. */
static json_t *
router_cmd_dns(const struct weft_conf_subnet *subnet)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; subnet != NULL && i < subnet->n_dns; i++)
		if (subnet->dns[i].family == AF_INET6)
			json_array_append_new(rows, weft_show_address(&subnet->dns[i]));
	return rows;
}

static json_t *
router_cmd_leg(const struct weft_leg *leg, bool is_gateway)
{
	const struct weft_conf_subnet *subnet = is_gateway ? NULL : router_cmd_advertised(leg);

	return json_pack("{s:o, s:o, s:o, s:o, s:s?, s:o}", "network",
			 weft_show_network_name(leg->network), "address",
			 weft_show_ip(&leg->address), "mac", weft_show_mac(&leg->mac), "link_local",
			 leg->link_local.family == 0 ? json_null() :
						       weft_show_address(&leg->link_local),
			 "ipv6_ra_mode", subnet == NULL ? NULL : weft_ra_mode_name(subnet->ra_mode),
			 "dns", router_cmd_dns(subnet));
}

/* Interfaces, then the gateway. */
static json_t *
router_cmd_legs(const struct weft_router *router, const struct weft_conf_router *conf)
{
	json_t *rows = json_array();

	for (uint16_t i = 0; i < router->n_legs; i++)
		json_array_append_new(rows,
				      router_cmd_leg(&router->legs[i], i >= conf->n_interfaces));
	return rows;
}

/* The longest prefix first, as they are looked up. */
static void
router_cmd_add_routes(json_t *rows, const struct weft_router *router)
{
	for (uint32_t i = 0; i < router->n_routes; i++) {
		const struct weft_route *route = &router->routes[i];
		bool is_on_link = route->next_hop.family == 0;
		char text[INET6_ADDRSTRLEN + 8];

		weft_ip_format(&route->destination, text);
		json_array_append_new(
			rows,
			json_pack("{s:s, s:o, s:o, s:o}", "router", router->name, "destination",
				  strchr(text, '/') != NULL ?
					  json_string(text) :
					  json_sprintf("%s/%u", text, route->destination.prefix),
				  "next_hop",
				  is_on_link ? json_null() : weft_show_address(&route->next_hop),
				  "network",
				  weft_show_network_name(router->legs[route->way].network)));
	}
}

/* ---- what it makes of addresses, and what it refuses ---- */

static json_t *
router_cmd_ip4(rte_be32_t address)
{
	struct weft_ip ip = { .family = AF_INET, .prefix = 32 };

	memcpy(ip.bytes, &address, sizeof(address));
	return weft_show_address(&ip);
}

uint32_t
weft_show_ports_used(const struct weft_router *router, rte_be32_t address, uint8_t protocol)
{
	struct weft_tuple of = {
		.family = AF_INET,
		.protocol = protocol,
		.zone = weft_zone_of_router(router->id),
	}, key;

	memcpy(of.src, &address, sizeof(address));
	key = weft_binding_key(&of, WEFT_BINDING_PORTS);
	return weft_binding_users(&key);
}

/* The addresses of source NAT, with the ports that are bound. */
static json_t *
router_cmd_outside(const struct weft_router *router)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < router->nat.n_pool; i++) {
		rte_be32_t address = router->nat.pool[i];
		int tcp = (int)weft_show_ports_used(router, address, IPPROTO_TCP);
		int udp = (int)weft_show_ports_used(router, address, IPPROTO_UDP);
		int icmp = (int)weft_show_ports_used(router, address, IPPROTO_ICMP);

		json_array_append_new(
			rows,
			json_pack("{s:o, s:i, s:i, s:i, s:i}", "address", router_cmd_ip4(address),
				  "tcp", tcp, "udp", udp, "icmp", icmp, "percent",
				  RTE_MAX(RTE_MAX(tcp, udp), icmp) * 100 / WEFT_NAT_PORTS));
	}
	return rows;
}

static json_t *
router_cmd_floating(const struct weft_conf_router *conf)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < conf->n_floating_ips; i++) {
		const struct weft_conf_floating_ip *floating = &conf->floating_ips[i];

		json_array_append_new(rows, json_pack("{s:o, s:s, s:o}", "address",
						      weft_show_address(&floating->address), "port",
						      floating->port, "fixed_address",
						      weft_show_address(&floating->fixed_address)));
	}
	return rows;
}

static json_t *
router_cmd_forwardings(const struct weft_conf_router *conf)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < conf->n_forwardings; i++) {
		const struct weft_conf_forwarding *says = &conf->forwardings[i];

		json_array_append_new(
			rows,
			json_pack("{s:o, s:s, s:i, s:s, s:o, s:i}", "address",
				  weft_show_address(&says->address), "protocol",
				  says->protocol == WEFT_FORWARDING_TCP ? "tcp" : "udp",
				  "external_port", (int)says->external_port, "port", says->port,
				  "fixed_address", weft_show_address(&says->fixed_address),
				  "internal_port", (int)says->internal_port));
	}
	return rows;
}

static json_t *
router_cmd_firewall(const struct weft_router *router)
{
	json_t *rows = json_array();
	char text[160];

	for (uint32_t i = 0; i < router->firewall.n; i++) {
		weft_firewall_format(&router->firewall.says[i], text, sizeof(text));
		json_array_append_new(rows,
				      json_pack("{s:i, s:s}", "rule", (int)i + 1, "says", text));
	}
	return rows;
}

static json_t *
router_cmd_nat(const struct weft_nat *nat)
{
	static const char *const filterings[] = {
		[WEFT_NAT_FILTERING_INDEPENDENT] = "endpoint-independent",
		[WEFT_NAT_FILTERING_ADDRESS] = "address-dependent",
		[WEFT_NAT_FILTERING_ADDRESS_AND_PORT] = "address-and-port-dependent",
	};

	if (!nat->has_source_nat)
		return json_null();
	return json_pack("{s:s, s:s, s:i}", "mapping",
			 nat->mapping == WEFT_NAT_MAPPING_INDEPENDENT ?
				 "endpoint-independent" :
				 "address-and-port-dependent",
			 "filtering", filterings[nat->filtering], "port_quota", (int)nat->quota);
}

static json_t *
router_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf_router *conf =
		weft_show_find_router(weft_cmd_string(call, "name"), errors);
	const struct weft_router *router;
	json_t *row, *routes;

	if (conf == NULL)
		return NULL;
	router = weft_show_router(conf->name);
	row = router_cmd_row(router, conf);
	routes = json_array();
	router_cmd_add_routes(routes, router);
	json_object_del(row, "interfaces");
	json_object_set_new(row, "legs", router_cmd_legs(router, conf));
	json_object_set_new(row, "routes", routes);
	json_object_set_new(row, "nat", router_cmd_nat(&router->nat));
	json_object_set_new(row, "outside_addresses", router_cmd_outside(router));
	json_object_set_new(row, "floating_ips", router_cmd_floating(conf));
	json_object_set_new(row, "port_forwardings", router_cmd_forwardings(conf));
	json_object_set_new(row, "firewall", router_cmd_firewall(router));
	return row;
}

static json_t *
router_cmd_routes(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	const char *name = weft_cmd_string(call, "router");
	json_t *rows;

	if (name != NULL && weft_show_find_router(name, errors) == NULL)
		return NULL;
	rows = json_array();
	for (uint32_t i = 0; i < conf->n_routers; i++)
		if (name == NULL || strcmp(conf->routers[i].name, name) == 0)
			router_cmd_add_routes(rows, weft_show_router(conf->routers[i].name));
	return rows;
}

WEFT_CMD("router", "list", router_cmd_list);
WEFT_CMD("router", "show", router_cmd_show);
WEFT_CMD("route", "list", router_cmd_routes);
