/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "conf/delete.h"

static bool
delete_network_is_gone(const struct conf_deletion *deletion, const char *name)
{
	return conf_delete_is_gone(&deletion->networks, deletion->network_goes, name);
}

static bool
delete_port_is_gone(const struct conf_deletion *deletion, const char *name)
{
	return conf_delete_is_gone(&deletion->ports, deletion->port_goes, name);
}

static bool
delete_gateway_is_gone(const struct conf_deletion *deletion, const struct weft_conf_router *router)
{
	return router->gateway.is_there &&
	       delete_network_is_gone(deletion, router->gateway.network);
}

/** Interfaces go with their network. */
static bool
delete_interface_goes(const struct conf_deletion *deletion, const struct weft_conf_router *router,
		      uint32_t at)
{
	return delete_network_is_gone(deletion, router->interfaces[at].network);
}

/** Routes go with the link of their next hop. */
static bool
delete_route_goes(const struct conf_deletion *deletion, const struct weft_conf_router *router,
		  uint32_t at)
{
	const struct weft_ip *next_hop = &router->routes[at].next_hop;

	for (uint32_t i = 0; i < router->n_interfaces; i++)
		if (weft_ip_is_in(next_hop, &router->interfaces[i].address))
			return delete_interface_goes(deletion, router, i);
	return delete_gateway_is_gone(deletion, router) &&
	       weft_ip_is_in(next_hop, &router->gateway.address);
}

/** Floating IPs go with their port, and with the gateway whose link they are on. */
static bool
delete_floating_ip_goes(const struct conf_deletion *deletion, const struct weft_conf_router *router,
			uint32_t at)
{
	return delete_gateway_is_gone(deletion, router) ||
	       delete_port_is_gone(deletion, router->floating_ips[at].port);
}

static bool
delete_forwarding_goes(const struct conf_deletion *deletion, const struct weft_conf_router *router,
		       uint32_t at)
{
	return delete_gateway_is_gone(deletion, router) ||
	       delete_port_is_gone(deletion, router->forwardings[at].port);
}

/** Takes out of a list of a router what goes. @p what: "a route of router" @return whether anything
 *  does */
static bool
delete_from_router(struct conf_deletion *deletion, const struct weft_conf_router *router,
		   struct conf_node *list, uint32_t n, const char *what,
		   bool (*goes)(const struct conf_deletion *deletion,
				const struct weft_conf_router *router, uint32_t at))
{
	bool *flags = conf_delete_flags(n);
	bool is_any = false;

	for (uint32_t i = 0; i < n; i++) {
		flags[i] = goes(deletion, router, i);
		if (flags[i])
			conf_delete_note_user(deletion, list->items[i], what, router->name);
		is_any |= flags[i];
	}
	if (is_any)
		conf_node_remove(list, flags);
	free(flags);
	return is_any;
}

static bool
delete_gateway(struct conf_deletion *deletion, const struct weft_conf_router *router,
	       struct conf_node *object)
{
	if (!delete_gateway_is_gone(deletion, router))
		return false;
	conf_delete_note_user(deletion, conf_node_get(object, "gateway"), "the gateway of router",
			      router->name);
	conf_delete_key(object, "gateway");
	return true;
}

void
conf_delete_from_routers(struct conf_deletion *deletion, struct conf_node *tree)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_routers; i++) {
		const struct weft_conf_router *router = &conf->routers[i];
		struct conf_node *object = conf_node_item(tree, "routers", i);
		bool is_any;

		if (deletion->router_goes[i])
			continue;
		is_any = delete_from_router(deletion, router, conf_node_get(object, "interfaces"),
					    router->n_interfaces, "an interface of router",
					    delete_interface_goes);
		is_any |= delete_gateway(deletion, router, object);
		if (is_any)
			delete_from_router(deletion, router, conf_node_get(object, "routes"),
					   router->n_routes, "a route of router",
					   delete_route_goes);
		delete_from_router(deletion, router, conf_node_get(object, "floating-ips"),
				   router->n_floating_ips, "a floating IP of router",
				   delete_floating_ip_goes);
		delete_from_router(deletion, router, conf_node_get(object, "port-forwardings"),
				   router->n_forwardings, "a port forwarding of router",
				   delete_forwarding_goes);
	}
}
