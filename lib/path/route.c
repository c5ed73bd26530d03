/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * route: who is next, and in which network? RFC 1812, RFC 8200.
 *
 * A frame to the MAC of a router, which `bridge` has found, is for the router itself, or goes on:
 * by the longest prefix to the next hop, whose MAC is known by the configuration, was heard, or is
 * asked for while the packet waits. Then `bridge` sees it in the next network. What cannot go on
 * dies here, and its sender hears why.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_ip.h>

#include "neighbour/neighbour.h"
#include "path/packet.h"
#include "path/spend.h"
#include "path/walk.h"
#include "wire/ip.h"

#define ROUTE_NEXT_HEADER_AT 6 /* of IPv6 */
#define ROUTE_TTL 64

/* An IP packet on its way. */
struct route_packet {
	const uint8_t *ip;
	uint32_t length; /* bytes that may be read */
	uint32_t wire_length; /* bytes behind the Ethernet header */
	bool is_ip4;
	struct weft_ip src, dst;
};

static struct route_packet
route_packet(struct weft_walk *walk)
{
	uint32_t l3 = weft_key_l3(walk->key);
	bool is_ip4 = (walk->key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	struct route_packet packet = {
		.ip = walk->frame + l3,
		.length = walk->frame_length - l3,
		.wire_length = walk->wire_length - l3,
		.is_ip4 = is_ip4,
	};

	packet.src.family = packet.dst.family = is_ip4 ? AF_INET : AF_INET6;
	packet.src.prefix = packet.dst.prefix = is_ip4 ? 32 : 128;
	if (walk->passages->is_begun) {
		const struct weft_tuple *tuple = &walk->passages->packet.is.tuple;

		memcpy(packet.src.bytes, tuple->src, sizeof(packet.src.bytes));
		memcpy(packet.dst.bytes, tuple->dst, sizeof(packet.dst.bytes));
		return packet;
	}
	memcpy(packet.src.bytes, packet.ip + (is_ip4 ? 12 : 8), is_ip4 ? 4 : 16);
	memcpy(packet.dst.bytes, packet.ip + (is_ip4 ? 16 : 24), is_ip4 ? 4 : 16);
	return packet;
}

/* RFC 1812 section 5.2.2. */
static bool
route_is_sound(const struct route_packet *packet)
{
	uint32_t header = packet->is_ip4 ? (packet->ip[0] & 0xfu) * 4 : 40;
	uint32_t length = weft_ip_length(packet->ip);

	if (length < header || length > packet->wire_length || header > packet->length)
		return false;
	return !packet->is_ip4 || rte_raw_cksum(packet->ip, header) == 0xffff;
}

/* RFC 1812 section 5.3.7, RFC 3927 section 2.7, RFC 4291 section 2.5: addresses that no router
 * forwards to, or from. */
static bool
route_is_martian(const struct weft_ip *ip)
{
	static const uint8_t zero[15];
	const uint8_t *bytes = ip->bytes;

	if (ip->family == AF_INET)
		return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224 ||
		       (bytes[0] == 169 && bytes[1] == 254);
	return bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
	       (memcmp(bytes, zero, 15) == 0 && bytes[15] <= 1);
}

/* The last address of an IPv4 link is everybody there. */
static bool
route_is_broadcast(const struct weft_router *router, const struct weft_ip *ip)
{
	uint32_t address, mask;

	if (ip->family != AF_INET)
		return false;
	memcpy(&address, ip->bytes, sizeof(address));
	for (uint16_t i = 0; i < router->n_legs; i++) {
		const struct weft_ip *link = &router->legs[i].address;

		if (link->family != AF_INET || link->prefix > 30 || !weft_ip_is_in(ip, link))
			continue;
		mask = rte_cpu_to_be_32(UINT32_MAX >> link->prefix);
		if ((address & mask) == mask)
			return true;
	}
	return false;
}

/* The sender hears why: a type and code of ICMP, and of ICMPv6. */
static enum weft_drop
route_refuse(struct weft_walk *walk, const struct route_packet *packet, enum weft_drop drop,
	     uint16_t icmp, uint16_t icmp6, uint32_t word)
{
	uint16_t what = packet->is_ip4 ? icmp : icmp6;

	weft_walk_complain(walk, (uint8_t)(what >> 8), (uint8_t)what, word);
	return drop;
}

/* To one of the router's own addresses. */
static enum weft_drop
route_local(struct weft_walk *walk, const struct route_packet *packet)
{
	uint8_t protocol = walk->key->protocol;

	if (weft_walk_echo(walk, (uint8_t)(ROUTE_TTL - walk->n_hops), "the router") == WEFT_DONE)
		return WEFT_DONE;
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return DROP_ROUTE_NOT_SERVED;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		return route_refuse(walk, packet, DROP_ROUTE_NOT_SERVED,
				    ICMP_UNREACH << 8 | ICMP_UNREACH_PORT,
				    ICMP6_DST_UNREACH << 8 | ICMP6_DST_UNREACH_NOPORT, 0);
	return route_refuse(walk, packet, DROP_ROUTE_NOT_SERVED,
			    ICMP_UNREACH << 8 | ICMP_UNREACH_PROTOCOL,
			    ICMP6_PARAM_PROB << 8 | ICMP6_PARAMPROB_NEXTHEADER,
			    packet->is_ip4 ? 0 : ROUTE_NEXT_HEADER_AT);
}

/* On the link that it has in common with the sender, from a link-local address as well (RFC 4291
 * section 2.5.6): neither is forwarded. */
static bool
route_is_link_local(const struct weft_walk *walk, const struct weft_router *router,
		    const struct route_packet *packet)
{
	return !packet->is_ip4 && weft_ip6_is_link_local(packet->dst.bytes) &&
	       weft_router_owns(router, walk->via_network, &packet->dst) != NULL &&
	       (weft_ip6_is_link_local(packet->src.bytes) || !route_is_martian(&packet->src));
}

/* Is it a packet that any router would forward, or take? */
static enum weft_drop
route_check(struct weft_walk *walk, const struct weft_router *router,
	    const struct route_packet *packet)
{
	if (!route_is_sound(packet)) {
		/* Not in the key. */
		walk->is_cacheable = false;
		return DROP_ROUTE_BAD_HEADER;
	}
	if (route_is_link_local(walk, router, packet))
		return WEFT_NEXT;
	if (route_is_martian(&packet->src) || route_is_martian(&packet->dst) ||
	    route_is_broadcast(router, &packet->dst) || route_is_broadcast(router, &packet->src))
		return DROP_ROUTE_MARTIAN;
	return WEFT_NEXT;
}

/* Who is next by one route? What was heard wins against what the configuration says.
 * @return WEFT_WAIT: he is being asked */
static enum weft_drop
route_find_mac(struct weft_walk *walk, const struct weft_network *network,
	       const struct weft_ip *hop, struct rte_ether_addr *mac)
{
	const struct weft_known *known;
	enum weft_neighbour_state state;

	state = weft_neighbour_lookup(network->id, hop, mac);
	if (state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE)
		return WEFT_NEXT;
	known = weft_network_find_known(network, hop);
	if (known != NULL) {
		*mac = known->mac;
		return WEFT_NEXT;
	}
	if (state == WEFT_NEIGHBOUR_FAILED)
		return DROP_ROUTE_NO_NEIGHBOUR;
	if (state != WEFT_NEIGHBOUR_NONE || walk->is_dry)
		return WEFT_WAIT;
	/* To ask is work for all on the link. */
	if (!weft_walk_spend(walk, walk->key->arrival, WEFT_BUDGET_ARP))
		return DROP_ROUTE_ARP_BUDGET;
	weft_neighbour_want(network->id, hop, walk->now_ms);
	return WEFT_WAIT;
}

/* A way out, with who is next. */
struct route_choice {
	const struct weft_leg *leg;
	const struct weft_network *network;
	struct weft_ip hop;
	struct rte_ether_addr mac;
};

/* Chooses among routes to the same destination those whose next hop is known, or else asks. */
static enum weft_drop
route_choose(struct weft_walk *walk, const struct weft_router *router,
	     const struct weft_route *routes, uint32_t n, const struct weft_ip *dst,
	     struct route_choice *choice)
{
	enum weft_drop outcome = DROP_ROUTE_NO_ROUTE;
	uint64_t best = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct route_choice one = { .leg = &router->legs[routes[i].way] };
		uint64_t weight;
		enum weft_drop drop;

		one.hop = routes[i].next_hop.family == 0 ? *dst : routes[i].next_hop;
		weft_walk_depend(walk, weft_network_slot(one.leg->network));
		one.network = walk->topology->networks[one.leg->network];
		if (!one.network->admin_up)
			continue;
		weft_walk_depend(walk, n == 1 ? weft_neighbour_slot(one.network->id, &one.hop) :
						weft_neighbours_slot(one.network->id));
		drop = route_find_mac(walk, one.network, &one.hop, &one.mac);
		weight = n == 1 ? 0 : weft_walk_weigh(walk, &one.hop);
		if (drop == WEFT_NEXT && (outcome != WEFT_NEXT || weight > best)) {
			outcome = WEFT_NEXT;
			best = weight;
			*choice = one;
		} else if (outcome != WEFT_NEXT && outcome != WEFT_WAIT) {
			outcome = drop;
			*choice = one;
		}
	}
	return outcome;
}

/* Its neighbour is being asked. The rest of a datagram that was put together is not known when it
 * is tried again. */
static enum weft_drop
route_wait(struct weft_walk *walk, const struct route_choice *choice)
{
	char text[INET6_ADDRSTRLEN + 4];

	walk->is_cacheable = false;
	if (walk->whole != NULL)
		return DROP_ROUTE_NO_NEIGHBOUR;
	walk->waits[walk->n_waits++] = WEFT_NO_PORT;
	weft_walk_says(walk, "waits for the MAC of %s in %s", weft_walk_ip(&choice->hop, text),
		       choice->network->name);
	return WEFT_WAIT;
}

static enum weft_drop
route_find_way(struct weft_walk *walk, const struct weft_router *router,
	       const struct route_packet *packet, struct route_choice *choice)
{
	char text[INET6_ADDRSTRLEN + 4], way[INET6_ADDRSTRLEN + 4];
	const struct weft_route *routes;
	enum weft_drop drop = DROP_ROUTE_NO_ROUTE;
	uint32_t n;

	routes = weft_routes_find(router->routes, router->n_routes, &packet->dst, &n);
	if (routes != NULL)
		drop = route_choose(walk, router, routes, n, &packet->dst, choice);
	if (drop == WEFT_WAIT)
		return route_wait(walk, choice);
	if (drop == DROP_ROUTE_NO_ROUTE)
		return route_refuse(walk, packet, drop, ICMP_UNREACH << 8 | ICMP_UNREACH_NET,
				    ICMP6_DST_UNREACH << 8 | ICMP6_DST_UNREACH_NOROUTE, 0);
	if (drop == DROP_ROUTE_NO_NEIGHBOUR)
		return route_refuse(walk, packet, drop, ICMP_UNREACH << 8 | ICMP_UNREACH_HOST,
				    ICMP6_DST_UNREACH << 8 | ICMP6_DST_UNREACH_ADDR, 0);
	if (drop != WEFT_NEXT) {
		walk->is_cacheable = false;
		return drop;
	}
	weft_walk_says(walk, "router %s: route %s, next is %s in %s", router->name,
		       weft_walk_ip(&routes->destination, text), weft_walk_ip(&choice->hop, way),
		       choice->network->name);
	return WEFT_NEXT;
}

/* Who may not be fragmented hears how much fits; what may is cut when it is delivered. */
static enum weft_drop
route_fits(struct weft_walk *walk, const struct route_packet *packet, uint32_t mtu)
{
	bool may_be_cut = packet->is_ip4 && !(packet->ip[6] & 0x40);

	walk->most_payload = RTE_MIN(walk->most_payload, mtu);
	if (weft_ip_length(packet->ip) <= mtu || may_be_cut)
		return WEFT_NEXT;
	return route_refuse(walk, packet, DROP_ROUTE_TOO_BIG,
			    ICMP_UNREACH << 8 | ICMP_UNREACH_NEEDFRAG, ICMP6_PACKET_TOO_BIG << 8,
			    mtu);
}

/* From here on it is in the next network. */
static void
route_move(struct weft_walk *walk, const struct route_choice *choice)
{
	if (walk->n_hops++ == 0)
		weft_walk_note_arrival(walk);
	walk->network = choice->network;
	walk->place = WEFT_NO_PORT;
	walk->src = choice->leg->mac;
	walk->dst = choice->mac;
	memset(walk->far, 0, sizeof(*walk->far));
	walk->filter = walk->far;
}

static enum weft_drop
route_forward(struct weft_walk *walk, const struct weft_router *router,
	      const struct route_packet *packet)
{
	uint8_t ttl = packet->ip[packet->is_ip4 ? 8 : 7];
	struct route_choice choice;
	enum weft_drop drop;

	/* How low it is is not in the key. */
	if (weft_key_is_expiring(walk->key))
		walk->is_cacheable = false;
	if (ttl <= walk->n_hops + 1)
		return route_refuse(walk, packet, DROP_ROUTE_TTL_EXCEEDED, ICMP_TIMXCEED << 8,
				    ICMP6_TIME_EXCEEDED << 8, 0);
	if (walk->n_hops == WEFT_HOPS_MAX)
		return DROP_ROUTE_TOO_MANY_HOPS;
	drop = route_find_way(walk, router, packet, &choice);
	if (drop == WEFT_NEXT)
		drop = route_fits(walk, packet, choice.network->mtu);
	if (drop == WEFT_NEXT)
		route_move(walk, &choice);
	return drop;
}

enum weft_drop
weft_stage_route(struct weft_walk *walk)
{
	const struct weft_router *router = walk->router;
	struct route_packet packet;
	enum weft_drop drop;

	if (likely(router == NULL))
		return WEFT_NEXT;
	walk->router = NULL;
	walk->via = router;
	walk->via_network = walk->network->id;
	walk->via_hops = walk->n_hops;
	if (walk->n_hops == 0)
		weft_walk_note_arrival(walk);
	if (!router->admin_up)
		return DROP_ROUTE_ROUTER_DOWN;
	if (weft_key_is_broken(walk->key)) {
		walk->is_cacheable = false;
		return DROP_ROUTE_BAD_HEADER;
	}
	if ((walk->key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_L2)
		return DROP_ROUTE_NOT_IP;
	packet = route_packet(walk);
	drop = route_check(walk, router, &packet);
	if (drop != WEFT_NEXT)
		return drop;
	if (weft_router_owns(router, walk->via_network, &packet.dst) != NULL)
		return route_local(walk, &packet);
	/* It is about the link that it came from (RFC 4861 section 3, RFC 2710 section 3). */
	if (walk->key->protocol == IPPROTO_ICMPV6 && weft_packet_is_basic(walk->key))
		return DROP_ROUTE_NOT_SERVED;
	return route_forward(walk, router, &packet);
}
