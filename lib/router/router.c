/* SPDX-License-Identifier: BSD-3-Clause */
#include "router/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/ether.h"
#include "wire/ip.h"

#define ROUTER_ID_BYTES (2 * (WEFT_CONF_NAME_MAX + 1))

/* From the names, so that it stays when the addresses change. */
static void
router_derive_mac(const char *router, const char *network, struct rte_ether_addr *mac)
{
	char names[ROUTER_ID_BYTES];
	int n = snprintf(names, sizeof(names), "%s/%s", router, network);

	weft_mac_derive(names, (size_t)n, mac);
}

/* Of several interfaces in one network, one may say the MAC for all. */
static void
router_find_mac(const struct weft_conf_router *conf, const char *network,
		struct rte_ether_addr *mac)
{
	router_derive_mac(conf->name, network, mac);
	for (uint32_t i = 0; i < conf->n_interfaces; i++)
		if (conf->interfaces[i].has_mac &&
		    strcmp(conf->interfaces[i].network, network) == 0)
			*mac = conf->interfaces[i].mac;
	if (conf->gateway.is_there && conf->gateway.has_mac &&
	    strcmp(conf->gateway.network, network) == 0)
		*mac = conf->gateway.mac;
}

static void
router_add_leg(struct weft_router *router, const struct weft_conf_router *conf, const char *network,
	       const struct weft_ip *address, uint16_t number)
{
	struct weft_leg *leg = &router->legs[router->n_legs++];

	leg->network = number;
	leg->address = *address;
	leg->is_new = true;
	router_find_mac(conf, network, &leg->mac);
	if (address->family != AF_INET6)
		return;
	leg->link_local = (struct weft_ip){ .family = AF_INET6, .prefix = 128 };
	weft_ip6_link_local(&leg->mac, leg->link_local.bytes);
}

static void
router_add_route(struct weft_router *router, const struct weft_ip *destination,
		 const struct weft_ip *next_hop, uint16_t leg)
{
	struct weft_route *route = &router->routes[router->n_routes++];

	route->destination = *destination;
	if (next_hop != NULL)
		route->next_hop = *next_hop;
	route->way = leg;
}

/* An address on a link, without the bits of the host. */
static struct weft_ip
router_link(const struct weft_ip *address)
{
	struct weft_ip link = *address;
	uint8_t bits = address->family == AF_INET ? 32 : 128;

	for (uint8_t bit = address->prefix; bit < bits; bit++)
		link.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return link;
}

/* The checks have seen that it is on one of the links. */
static uint16_t
router_leg_to(const struct weft_router *router, const struct weft_ip *next_hop)
{
	for (uint16_t i = 0; i < router->n_legs; i++)
		if (router->legs[i].address.family == next_hop->family &&
		    weft_ip_is_in(next_hop, &router->legs[i].address))
			return i;
	return 0;
}

static void
router_fill(struct weft_router *router, const struct weft_conf_router *conf,
	    const uint16_t *networks)
{
	const struct weft_conf_gateway *gateway = &conf->gateway;

	for (uint32_t i = 0; i < conf->n_interfaces; i++)
		router_add_leg(router, conf, conf->interfaces[i].network,
			       &conf->interfaces[i].address, networks[i]);
	router->gateway = gateway->is_there ? router->n_legs : WEFT_NO_LEG;
	if (gateway->is_there)
		router_add_leg(router, conf, gateway->network, &gateway->address,
			       networks[conf->n_interfaces]);
	for (uint16_t i = 0; i < router->n_legs; i++) {
		struct weft_ip link = router_link(&router->legs[i].address);

		router_add_route(router, &link, NULL, i);
	}
	for (uint32_t i = 0; i < conf->n_routes; i++)
		router_add_route(router, &conf->routes[i].destination, &conf->routes[i].next_hop,
				 router_leg_to(router, &conf->routes[i].next_hop));
	if (gateway->is_there && gateway->has_next_hop) {
		const struct weft_ip everywhere = { .family = gateway->next_hop.family };

		router_add_route(router, &everywhere, &gateway->next_hop, router->n_legs - 1);
	}
	weft_routes_sort(router->routes, router->n_routes);
}

/* What the RFCs say of NAT, where a connection is translated; elsewhere what holds for all. */
static void
router_set_timeouts(struct weft_conf_timeouts *timeouts, const struct weft_conf_nat *nat,
		    const struct weft_conf_timeouts *usual)
{
	*timeouts = *usual;
	timeouts->place = (struct weft_place){ 0 };
	timeouts->tcp_established = nat->tcp_established_timeout_sec;
	timeouts->tcp_syn_sent = timeouts->tcp_syn_recv = timeouts->tcp_fin_wait =
		timeouts->tcp_close_wait = timeouts->tcp_last_ack = timeouts->tcp_time_wait =
			timeouts->tcp_close = nat->tcp_transitory_timeout_sec;
	timeouts->udp = timeouts->udp_stream = nat->udp_timeout_sec;
	timeouts->icmp = nat->icmp_timeout_sec;
}

struct weft_router *
weft_router_create(const struct weft_conf_router *conf, uint16_t id, const uint16_t *networks,
		   const struct weft_conf_timeouts *timeouts)
{
	static uint32_t serials;
	struct weft_router *router = calloc(1, sizeof(*router));
	size_t n_legs = conf->n_interfaces + (conf->gateway.is_there ? 1u : 0u);

	if (router == NULL)
		return NULL;
	router->id = id;
	router->serial = ++serials;
	router->admin_up = conf->admin_up;
	snprintf(router->name, sizeof(router->name), "%s", conf->name);
	router->legs = calloc(n_legs + 1, sizeof(*router->legs));
	router->routes = calloc(n_legs + conf->n_routes + 1, sizeof(*router->routes));
	if (router->legs == NULL || router->routes == NULL ||
	    weft_nat_make(&router->nat, conf) != 0 ||
	    weft_firewall_make(&router->firewall, conf) != 0) {
		weft_router_destroy(router);
		return NULL;
	}
	router_fill(router, conf, networks);
	router_set_timeouts(&router->timeouts, &conf->nat, timeouts);
	return router;
}

void
weft_router_destroy(struct weft_router *router)
{
	if (router == NULL)
		return;
	for (uint16_t i = 0; i < router->n_adverts; i++)
		free(router->adverts[i]);
	free(router->adverts);
	free(router->legs);
	free(router->routes);
	weft_nat_free(&router->nat);
	weft_firewall_free(&router->firewall);
	free(router);
}

static bool
router_is_same_leg(const struct weft_leg *a, const struct weft_leg *b)
{
	return a->network == b->network && rte_is_same_ether_addr(&a->mac, &b->mac) &&
	       a->address.prefix == b->address.prefix &&
	       weft_ip_compare(&a->address, &b->address) == 0;
}

bool
weft_router_is_same(const struct weft_router *a, const struct weft_router *b)
{
	bool is_same = a->admin_up == b->admin_up && a->n_legs == b->n_legs &&
		       a->gateway == b->gateway && a->n_adverts == b->n_adverts &&
		       strcmp(a->name, b->name) == 0 &&
		       memcmp(&a->timeouts, &b->timeouts, sizeof(a->timeouts)) == 0 &&
		       weft_nat_is_same(&a->nat, &b->nat) &&
		       weft_firewall_is_same(&a->firewall, &b->firewall);

	for (uint16_t i = 0; is_same && i < a->n_legs; i++)
		is_same = router_is_same_leg(&a->legs[i], &b->legs[i]);
	for (uint16_t i = 0; is_same && i < a->n_adverts; i++)
		is_same = weft_advert_is_same(a->adverts[i], b->adverts[i]);
	return is_same && weft_routes_are_same(a->routes, a->n_routes, b->routes, b->n_routes);
}

/* One that was down has said nothing. */
void
weft_router_note_news(struct weft_router *router, const struct weft_router *before)
{
	if (!before->admin_up)
		return;
	weft_nat_note_news(&router->nat, &before->nat);
	for (uint16_t i = 0; i < router->n_legs; i++)
		for (uint16_t j = 0; j < before->n_legs && router->legs[i].is_new; j++)
			router->legs[i].is_new =
				!router_is_same_leg(&router->legs[i], &before->legs[j]);
}

bool
weft_leg_has(const struct weft_leg *leg, const struct weft_ip *address)
{
	return weft_ip_compare(&leg->address, address) == 0 ||
	       weft_ip_compare(&leg->link_local, address) == 0;
}

const struct weft_leg *
weft_router_owns(const struct weft_router *router, uint16_t network, const struct weft_ip *address)
{
	for (uint16_t i = 0; i < router->n_legs; i++) {
		const struct weft_leg *leg = &router->legs[i];

		if (leg->network == network ? weft_leg_has(leg, address) :
					      weft_ip_compare(&leg->address, address) == 0)
			return leg;
	}
	return NULL;
}

struct weft_advert *
weft_router_advert(const struct weft_router *router, uint16_t network)
{
	for (uint16_t i = 0; i < router->n_adverts; i++)
		if (router->adverts[i]->network == network)
			return router->adverts[i];
	return NULL;
}

const struct weft_leg *
weft_router_speaks_for(const struct weft_router *router, uint16_t network,
		       const struct weft_ip *address)
{
	const struct weft_leg *gateway =
		router->gateway == WEFT_NO_LEG ? NULL : &router->legs[router->gateway];

	for (uint16_t i = 0; i < router->n_legs; i++)
		if (router->legs[i].network == network && weft_leg_has(&router->legs[i], address))
			return &router->legs[i];
	return gateway != NULL && gateway->network == network && address->family == AF_INET &&
			       weft_nat_is_outside(&router->nat, weft_nat_address(address->bytes)) ?
		       gateway :
		       NULL;
}

bool
weft_router_leaves(const struct weft_router *router, const struct weft_ip *to)
{
	const struct weft_route *routes;
	uint32_t n = 0;

	routes = weft_routes_find(router->routes, router->n_routes, to, &n);
	for (uint32_t i = 0; routes != NULL && i < n; i++)
		if (routes[i].way == router->gateway)
			return true;
	return false;
}

const struct weft_leg *
weft_router_leg(const struct weft_router *router, uint16_t network, const struct weft_ip *to)
{
	const struct weft_leg *any = NULL;

	for (uint16_t i = 0; i < router->n_legs; i++) {
		const struct weft_leg *leg = &router->legs[i];

		if (leg->network != network || leg->address.family != to->family)
			continue;
		if (weft_ip_is_in(to, &leg->address))
			return leg;
		any = leg;
	}
	return any;
}
