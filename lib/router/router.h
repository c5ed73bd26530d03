/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * router: what joins networks above Ethernet.
 *
 * A router has a leg in each of its networks: one MAC there, and an address per subnet that it
 * serves. Frames to that MAC are routed: the longest prefix says by which leg they leave and who is
 * next. The gateway is a leg like the others, with the default route behind it.
 *
 * A leg with an IPv6 address has a link-local one besides, of its MAC: from there it advertises
 * itself (advert.h), and there hosts find their gateway.
 *
 * Different routers know nothing of each other, so their networks may use the same addresses.
 *
 * A struct weft_router is immutable, but for the clocks of what it advertises: a change makes
 * another one. The number stays for as long as the name is configured.
 *
 * Threads: readers hold it between two quiescent states (core/rcu.h); made by the control thread.
 */
#ifndef WEFT_ROUTER_ROUTER_H
#define WEFT_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <rte_ether.h>

#include "conf/conf.h"
#include "conntrack/conntrack.h"
#include "core/gen.h"
#include "network/route.h"
#include "router/advert.h"
#include "router/firewall.h"
#include "router/nat.h"

#define WEFT_ROUTERS_MAX 4096
#define WEFT_NO_ROUTER UINT16_MAX
#define WEFT_NO_LEG UINT16_MAX

_Static_assert(WEFT_ROUTERS_MAX <= WEFT_CONN_ROUTERS, "each is a zone");

/** An address of a router in a network. */
struct weft_leg {
	uint16_t network; /* number */
	struct rte_ether_addr mac; /* the same for all legs in one network */
	struct weft_ip address; /* with the prefix length of its link */
	bool is_new; /* the router before did not have it: to be announced */
	struct weft_ip link_local; /* of IPv6: another address, from the MAC; else of no family */
};

/* All [I]. */
struct weft_router {
	uint16_t id;
	bool admin_up;
	uint32_t serial; /* never the same for two of them; not 0 */
	uint16_t n_legs;
	uint16_t gateway; /* which leg that is; WEFT_NO_LEG: there is none */
	uint16_t n_adverts; /* at most one per network */
	uint32_t n_routes;
	struct weft_leg *legs;
	struct weft_advert **adverts; /* their clocks go on */
	struct weft_route *routes; /* sorted; `way` is the leg */
	struct weft_nat nat;
	struct weft_firewall firewall;
	struct weft_conf_timeouts timeouts; /* of its connections */
	char name[WEFT_CONF_NAME_MAX + 1];
};

/** Generation slot of a router, whether there is one or not. */
static inline uint16_t
weft_router_slot(uint16_t router)
{
	return weft_gen_slot(WEFT_GEN_ROUTER, router);
}

/** @param networks  numbers of the networks of the interfaces, in order, then of the gateway's.
 *  @param timeouts  of connections, where `nat` says nothing
 *  @return NULL without memory */
struct weft_router *weft_router_create(const struct weft_conf_router *conf, uint16_t id,
				       const uint16_t *networks,
				       const struct weft_conf_timeouts *timeouts);
void weft_router_destroy(struct weft_router *router);

/** Does it look at more than where a packet goes? */
static inline bool
weft_router_is_watching(const struct weft_router *router)
{
	return router->firewall.n > 0 || weft_nat_is_there(&router->nat);
}

/** Does it keep connections? Of IPv6 only for the firewall. */
static inline bool
weft_router_has_state(const struct weft_router *router, uint8_t family)
{
	return router->firewall.n > 0 || (family == AF_INET && weft_nat_has_state(&router->nat));
}

bool weft_router_is_same(const struct weft_router *a, const struct weft_router *b);

/** Notes which addresses the router before did not speak for. */
void weft_router_note_news(struct weft_router *router, const struct weft_router *before);

/** Is an address one of the router's own, seen from a network? A link-local one counts in its
 *  network only. @return the leg, or NULL */
const struct weft_leg *weft_router_owns(const struct weft_router *router, uint16_t network,
					const struct weft_ip *address);

/** Has a leg that address, its own or the link-local one? */
bool weft_leg_has(const struct weft_leg *leg, const struct weft_ip *address);

/** What the router advertises in a network; NULL: nothing. */
struct weft_advert *weft_router_advert(const struct weft_router *router, uint16_t network);

/** Does the router speak for an address in a network: an own one, or one by which others are seen
 *  outside? @return the leg, or NULL */
const struct weft_leg *weft_router_speaks_for(const struct weft_router *router, uint16_t network,
					      const struct weft_ip *address);

/** Does what goes to an address leave by the gateway? */
bool weft_router_leaves(const struct weft_router *router, const struct weft_ip *to);

/** The leg in a network from which the router speaks to an address there; NULL: it has none of that
 *  family there. */
const struct weft_leg *weft_router_leg(const struct weft_router *router, uint16_t network,
				       const struct weft_ip *to);

#endif
