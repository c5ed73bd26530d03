/* SPDX-License-Identifier: BSD-3-Clause */
/* router list, router show, route list */
#include <stdlib.h>
#include <string.h>

#include "show/show.h"
#include "topology/running.h"

static const struct weft_router *
router_cmd_find(const char *name)
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
		json_array_append_new(rows, router_cmd_row(router_cmd_find(conf->routers[i].name),
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

static json_t *
router_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf_router *conf =
		weft_show_find_router(weft_cmd_string(call, "name"), errors);
	const struct weft_router *router;
	json_t *row, *routes;

	if (conf == NULL)
		return NULL;
	router = router_cmd_find(conf->name);
	row = router_cmd_row(router, conf);
	routes = json_array();
	router_cmd_add_routes(routes, router);
	json_object_del(row, "interfaces");
	json_object_set_new(row, "legs", router_cmd_legs(router, conf));
	json_object_set_new(row, "routes", routes);
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
			router_cmd_add_routes(rows, router_cmd_find(conf->routers[i].name));
	return rows;
}

WEFT_CMD("router", "list", router_cmd_list);
WEFT_CMD("router", "show", router_cmd_show);
WEFT_CMD("route", "list", router_cmd_routes);
