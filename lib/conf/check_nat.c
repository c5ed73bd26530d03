/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/check_nat.h"

#include <string.h>
#include <sys/socket.h>

#include "conf/document.h"
#include "conf/inherit.h"
#include "conf/value.h"

/** The router that is checked. */
struct nat_router {
	struct conf_check *check;
	struct weft_conf_router *router;
	const struct conf_node *object;
	const struct conf_legs *legs;
	const struct conf_leg *gateway; /* NULL: there is none */
	const struct conf_fixed *fixed;
	bool knows_networks; /* those of all its interfaces exist, and their links are known */
};

/** What a floating IP or port forwarding leads to. */
struct nat_inside {
	const struct conf_node *object;
	const char *are; /* "floating IPs are" */
	const char *port;
	struct weft_ip *fixed_address;
	bool *is_first;
};

/** Reports an IPv6 address. @return whether it is one of IPv4; none that could not be read is */
static bool
nat_check_family(const struct nat_router *nat, const struct conf_node *node,
		 const struct weft_ip *ip, const char *are)
{
	if (ip->family == AF_INET6)
		conf_report_node(nat->check->report, node,
				 "%s is not an IPv4 address; %s of IPv4 only", node->text, are);
	return ip->family == AF_INET;
}

/** Reports an address that cannot be the router's on the link of its gateway. */
static void
nat_check_outside(const struct nat_router *nat, const struct conf_node *node,
		  const struct weft_ip *ip, const char *are)
{
	const struct weft_conf_gateway *gateway = &nat->router->gateway;
	struct conf_report *report = nat->check->report;
	const struct conf_node *said, *next_hop;
	char path[CONF_PATH_BYTES], place[CONF_PLACE_BYTES];

	if (!nat_check_family(nat, node, ip, are) || nat->gateway == NULL ||
	    gateway->address.family == 0)
		return;
	said = conf_node_get(nat->gateway->object, "address");
	next_hop = conf_node_get(nat->gateway->object, "next-hop");
	conf_node_path(nat->gateway->object, path);
	if (!weft_ip_is_in(ip, &nat->gateway->link))
		conf_report_node(report, node, "%s is not on the link of %s (%s)", node->text,
				 said->text, conf_report_place(said, place));
	else if (conf_ip_reserved(ip, gateway->address.prefix) != NULL)
		conf_report_node(report, node, "%s is the %s address of the link %s (%s)",
				 node->text, conf_ip_reserved(ip, gateway->address.prefix),
				 said->text, conf_report_place(said, place));
	else if (gateway->has_next_hop && weft_ip_compare(ip, &gateway->next_hop) == 0)
		conf_report_node(report, node, "%s is the next-hop of %s (%s)", node->text, path,
				 conf_report_place(next_hop, place));
}

static void
nat_check_pool(const struct nat_router *nat)
{
	const struct conf_node *object = conf_node_get(nat->object, "gateway");
	const struct conf_node *snat = conf_node_get(object, "snat");
	struct weft_conf_gateway *gateway = &nat->router->gateway;
	struct weft_ip usual;
	char place[CONF_PLACE_BYTES];

	/* One that could not be read is false too. */
	if (gateway->n_snat_pool > 0 && snat != NULL && snat->kind == CONF_NODE_SCALAR &&
	    strcmp(snat->text, "false") == 0)
		conf_report_node(nat->check->report, conf_node_get(object, "snat-pool"),
				 "needs snat, which is false here (%s)",
				 conf_report_place(snat, place));
	for (uint32_t i = 0; i < gateway->n_snat_pool; i++)
		nat_check_outside(nat, conf_node_item(object, "snat-pool", i),
				  &gateway->snat_pool[i], "source NAT is");
	if (gateway->n_snat_pool > 0 || conf_inherit_snat_pool(gateway, &usual) == 0)
		return;
	gateway->snat_pool =
		conf_arena_alloc(&nat->check->conf->source->arena, sizeof(*gateway->snat_pool));
	gateway->n_snat_pool = conf_inherit_snat_pool(gateway, gateway->snat_pool);
}

/** Whether a router has an interface in a network, and if an address is given, on its link. */
static bool
nat_has_interface(const struct nat_router *nat, uint32_t network, const struct weft_ip *ip)
{
	for (uint32_t i = 0; i < nat->router->n_interfaces; i++) {
		const struct conf_leg *leg = &nat->legs->list[i];

		if (leg->network == network && (ip == NULL || weft_ip_is_in(ip, &leg->link)))
			return true;
	}
	return false;
}

/** Reports an address of a port that the router does not reach. */
static void
nat_check_link(const struct nat_router *nat, const struct nat_inside *inside, uint32_t port,
	       uint32_t network)
{
	const struct conf_node *said = conf_node_get(inside->object, "fixed-address");
	const struct conf_node *object = conf_node_item(nat->check->tree, "ports", port), *first;
	const char *name = nat->check->conf->networks[network].name;
	char path[CONF_PATH_BYTES], place[CONF_PLACE_BYTES];

	if (!nat->knows_networks || nat_has_interface(nat, network, inside->fixed_address))
		return;
	conf_node_path(nat->object, path);
	if (said != NULL) {
		conf_report_node(nat->check->report, said,
				 "%s is on no link of %s in networks[%s] (%s)", said->text, path,
				 name, conf_report_place(nat->object, place));
		return;
	}
	first = conf_node_item(object, "addresses", nat->fixed->ports[port].first);
	conf_report_node(nat->check->report, conf_node_get(inside->object, "port"),
			 "%s has %s first (%s), which is on no link of %s in networks[%s]; give a "
			 "'fixed-address'",
			 inside->port, first->text, conf_report_place(first, place), path, name);
}

/** Settles the address of the port, and reports one that it does not have. @return whether it is
 *  known */
static bool
nat_check_fixed(const struct nat_router *nat, const struct nat_inside *inside, uint32_t port)
{
	const struct conf_node *said = conf_node_get(inside->object, "fixed-address");
	const struct conf_node *object = conf_node_item(nat->check->tree, "ports", port);
	const struct conf_node *addresses = conf_node_get(object, "addresses");
	const struct conf_fixed_port *of = &nat->fixed->ports[port];
	const struct weft_ip *first = NULL;
	char path[CONF_PATH_BYTES], place[CONF_PLACE_BYTES];

	if (of->first != CONF_INDEX_NONE)
		first = &nat->check->conf->ports[port].addresses[of->first];
	conf_node_path(object, path);
	if (said == NULL) {
		if (first != NULL)
			*inside->fixed_address = *first;
		else if (of->is_whole)
			conf_report_node(nat->check->report, conf_node_get(inside->object, "port"),
					 "%s has no IPv4 address (%s)", inside->port,
					 conf_report_place(object, place));
	} else if (nat_check_family(nat, said, inside->fixed_address, inside->are) &&
		   of->is_whole && !conf_fixed_has(nat->fixed, port, inside->fixed_address)) {
		conf_report_node(nat->check->report, said, "%s is not an address of %s (%s)",
				 said->text, path,
				 conf_report_place(addresses != NULL ? addresses : object, place));
		return false;
	}
	*inside->is_first = first != NULL && weft_ip_compare(first, inside->fixed_address) == 0;
	return inside->fixed_address->family == AF_INET;
}

static void
nat_check_inside(const struct nat_router *nat, const struct nat_inside *inside)
{
	struct conf_check *check = nat->check;
	const struct conf_node *node = conf_node_get(inside->object, "port"), *said;
	uint32_t at = conf_index_find(&check->ports, inside->port), network;
	char path[CONF_PATH_BYTES], place[CONF_PLACE_BYTES];

	if (inside->port == NULL)
		return;
	if (at == CONF_INDEX_NONE) {
		conf_check_report_unknown(check, node, "ports");
		return;
	}
	network = conf_index_find(&check->networks, check->conf->ports[at].network);
	if (network == CONF_INDEX_NONE)
		return;
	if (nat_has_interface(nat, network, NULL) || !nat->knows_networks) {
		if (nat_check_fixed(nat, inside, at))
			nat_check_link(nat, inside, at, network);
		return;
	}
	said = conf_node_get(conf_node_item(check->tree, "ports", at), "network");
	conf_node_path(nat->object, path);
	conf_report_node(check->report, node,
			 "%s is a port of networks[%s] (%s), where %s has no interface",
			 inside->port, check->conf->networks[network].name,
			 conf_report_place(said, place), path);
}

/** Outside addresses are nowhere without a gateway. */
static void
nat_needs_gateway(const struct nat_router *nat, const char *key, uint32_t n)
{
	if (n > 0 && conf_node_get(nat->object, "gateway") == NULL)
		conf_report_node(nat->check->report, conf_node_get(nat->object, key),
				 "needs a 'gateway' beside it, on whose link the addresses are");
}

static void
nat_check_floating_ips(const struct nat_router *nat)
{
	static const char are[] = "floating IPs are";

	nat_needs_gateway(nat, "floating-ips", nat->router->n_floating_ips);
	for (uint32_t i = 0; i < nat->router->n_floating_ips; i++) {
		struct weft_conf_floating_ip *floating_ip = &nat->router->floating_ips[i];
		const struct conf_node *object = conf_node_item(nat->object, "floating-ips", i);
		const struct nat_inside inside = { object, are, floating_ip->port,
						   &floating_ip->fixed_address,
						   &floating_ip->is_first };

		nat_check_outside(nat, conf_node_get(object, "address"), &floating_ip->address,
				  are);
		nat_check_inside(nat, &inside);
	}
}

static void
nat_check_forwardings(const struct nat_router *nat)
{
	static const char are[] = "port forwardings are";

	nat_needs_gateway(nat, "port-forwardings", nat->router->n_forwardings);
	for (uint32_t i = 0; i < nat->router->n_forwardings; i++) {
		struct weft_conf_forwarding *forwarding = &nat->router->forwardings[i];
		const struct conf_node *object = conf_node_item(nat->object, "port-forwardings", i);
		const struct nat_inside inside = { object, are, forwarding->port,
						   &forwarding->fixed_address,
						   &forwarding->is_first };

		nat_check_outside(nat, conf_node_get(object, "address"), &forwarding->address, are);
		nat_check_inside(nat, &inside);
	}
}

void
conf_check_nat(struct conf_check *check, uint32_t at, const struct conf_legs *legs,
	       const struct conf_fixed *fixed)
{
	struct weft_conf_router *router = &check->conf->routers[at];
	struct nat_router nat = {
		.check = check,
		.router = router,
		.object = conf_node_item(check->tree, "routers", at),
		.legs = legs,
		.gateway = router->gateway.is_there ? &legs->list[router->n_interfaces] : NULL,
		.fixed = fixed,
		.knows_networks = legs->is_whole,
	};

	for (uint32_t i = 0; i < router->n_interfaces; i++)
		nat.knows_networks &= legs->list[i].network != CONF_INDEX_NONE;
	if (router->gateway.is_there)
		nat_check_pool(&nat);
	nat_check_floating_ips(&nat);
	nat_check_forwardings(&nat);
}
