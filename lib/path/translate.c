/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * translate: whom do a packet's addresses stand for? RFC 3022, RFC 4787, RFC 5382, RFC 5508.
 *
 * A known connection goes on as it began. Otherwise the destination is asked first: a floating IP
 * or a forwarded port stands for a guest's, and so does an outside address and port that is bound,
 * as far as the filtering lets strangers in. Then the source: what leaves by the gateway, or turns
 * round in the router to somebody by his outside address, is seen by the floating IP of its sender,
 * or by source NAT. All of that is of IPv4; of IPv6 only connections are looked for, if there is a
 * firewall.
 */
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "path/packet.h"
#include "path/walk.h"

#define TRANSLATE_TRIES 64 /* of ports, at random */
#define TRANSLATE_RESERVED 1024 /* ports below stay below (RFC 4787, REQ-3) */

/* ---- what it is ---- */

/* Whose ports may be bound to others: what has none, or what must keep them, is told apart by the
 * rest. */
static bool
translate_has_ports(const struct weft_tuple *tuple)
{
	return tuple->protocol == IPPROTO_TCP || tuple->protocol == IPPROTO_UDP ||
	       tuple->protocol == IPPROTO_ICMP;
}

static bool
translate_is_bound(const struct weft_nat *nat, const struct weft_tuple *tuple)
{
	return nat->mapping == WEFT_NAT_MAPPING_INDEPENDENT && translate_has_ports(tuple);
}

static bool
translate_is_ping(const struct weft_conn_packet *packet)
{
	return packet->tuple.protocol == IPPROTO_ICMP && packet->icmp_type == ICMP_ECHO;
}

/* ---- the destination ---- */

/* By which address an inside host is seen by others inside, who know it by its outside one. */
static rte_be32_t
translate_seen_as(const struct weft_passage *passage, rte_be32_t address)
{
	const struct weft_nat *nat = &passage->router->nat;
	const struct weft_floating_ip *floating = weft_nat_find_inside(nat, address);

	if (passage->by_gateway)
		return address;
	if (floating != NULL)
		return floating->outside;
	return nat->has_source_nat ? weft_nat_source(nat, address) : address;
}

/* May the sender come in by a binding? */
static bool
translate_admits(struct weft_walk *walk, struct weft_passage *passage,
		 const struct weft_binding *binding)
{
	const struct weft_nat *nat = &passage->router->nat;
	struct weft_tuple sent = binding->inside;

	if (nat->filtering != WEFT_NAT_FILTERING_ADDRESS)
		return nat->filtering == WEFT_NAT_FILTERING_INDEPENDENT;
	weft_passage_set(sent.dst,
			 translate_seen_as(passage, weft_nat_address(passage->packet.tuple.src)));
	passage->change.permit = weft_permit_key(&sent);
	passage->change.is_permitted = true;
	weft_walk_depend(walk, weft_conn_news_slot(&passage->change.permit));
	return weft_binding_permits(binding, &passage->change.permit);
}

static bool
translate_by_binding(struct weft_walk *walk, struct weft_passage *passage, struct weft_tuple *to)
{
	struct weft_tuple back = weft_tuple_reverse(&passage->packet.tuple), key;
	struct weft_conn_change *change = &passage->change;
	struct weft_binding binding;

	if (!translate_is_bound(&passage->router->nat, to) || to->protocol == IPPROTO_ICMP)
		return false;
	key = weft_binding_key(&back, WEFT_BINDING_OUTSIDE);
	weft_walk_depend(walk, weft_conn_news_slot(&key));
	if (!weft_binding_find(&key, &binding) || !translate_admits(walk, passage, &binding))
		return false;
	memcpy(to->dst, binding.inside.src, sizeof(to->dst));
	to->dst_port = binding.inside.src_port;
	change->is_bound = true;
	change->binding = binding.number;
	return true;
}

/* @return WEFT_NEXT, whether or not it stands for another */
static enum weft_drop
translate_destination(struct weft_walk *walk, struct weft_passage *passage, struct weft_tuple *to)
{
	const struct weft_nat *nat = &passage->router->nat;
	rte_be32_t outside = weft_nat_address(to->dst);
	const struct weft_floating_ip *floating = weft_nat_find_outside(nat, outside);
	const struct weft_forwarding *forwarding =
		weft_nat_find_forwarding(nat, outside, to->protocol, to->dst_port);

	if (floating != NULL) {
		weft_passage_set(to->dst, floating->inside);
		return WEFT_NEXT;
	}
	if (forwarding != NULL) {
		weft_passage_set(to->dst, forwarding->inside);
		to->dst_port = forwarding->inside_port;
		passage->wants_connection = true;
		return WEFT_NEXT;
	}
	/* Inside addresses are nobody's business outside. */
	if (!weft_nat_is_outside(nat, outside) && !(passage->by_gateway && nat->has_source_nat))
		return WEFT_NEXT;
	if (translate_by_binding(walk, passage, to)) {
		passage->wants_connection = true;
		return WEFT_NEXT;
	}
	return translate_is_ping(&passage->packet) && weft_passage_owns(passage, to) ?
		       WEFT_NEXT :
		       DROP_TRANSLATE_UNSOLICITED;
}

/* ---- the source ---- */

/* What stands in its way may change at any time, and is not what its answer stands on. */
static enum weft_drop
translate_refuse(struct weft_walk *walk, enum weft_drop drop)
{
	walk->is_cacheable = false;
	return drop;
}

/* Had the connection that it begins anew this outside? */
static bool
translate_is_own(const struct weft_passage *passage, const struct weft_tuple *to)
{
	uint32_t old = passage->look.in_the_way;
	struct weft_tuple was;

	if (old == WEFT_NO_CONN)
		return false;
	weft_conn_translated(old, &was);
	return memcmp(&was, to, sizeof(was)) == 0;
}

/* Would it look the same outside as another connection does? */
static bool
translate_is_taken(const struct weft_passage *passage, const struct weft_tuple *to)
{
	struct weft_conn_packet onward = passage->packet;

	onward.tuple = *to;
	return !translate_is_own(passage, to) && weft_conn_is_taken(&onward);
}

/* May this be its outside address and port? A binding has its port alone, but for connections of
 * another mapping, before a change. */
static bool
translate_is_free(const struct weft_passage *passage, const struct weft_tuple *to)
{
	const struct weft_nat *nat = &passage->router->nat;
	struct weft_tuple key = weft_binding_key(to, WEFT_BINDING_OUTSIDE);

	if (to->src_port == 0 && to->protocol != IPPROTO_ICMP)
		return false;
	return weft_nat_find_forwarding(nat, weft_nat_address(to->src), to->protocol,
					to->src_port) == NULL &&
	       !weft_binding_is_there(&key) &&
	       ((translate_is_bound(nat, to) && !nat->has_shared) ||
		!translate_is_taken(passage, to));
}

static void
translate_set_port(struct weft_tuple *to, uint16_t port)
{
	to->src_port = rte_cpu_to_be_16(port);
	/* The identifier of ICMP stands in both places. */
	if (to->protocol == IPPROTO_ICMP)
		to->dst_port = to->src_port;
}

/* The own port if it is free; otherwise one of the same parity (RFC 4787, REQ-4) and range. */
static bool
translate_choose(const struct weft_walk *walk, const struct weft_passage *passage,
		 struct weft_tuple *to)
{
	uint16_t own = rte_be_to_cpu_16(to->src_port);
	bool is_icmp = to->protocol == IPPROTO_ICMP;
	bool is_low = !is_icmp && own < TRANSLATE_RESERVED;
	uint32_t first = (is_icmp || is_low ? 0u : TRANSLATE_RESERVED) | (own & 1u);
	uint32_t n = ((is_low ? TRANSLATE_RESERVED : 65536u) - first + 1) / 2;
	uint64_t at = passage->look.hash ^ (walk->now_ms + walk->n_tries) * 0x9e3779b97f4a7c15ULL;

	for (uint32_t i = 0; i < TRANSLATE_TRIES; i++) {
		if ((i > 0 || walk->n_tries == 0) && translate_is_free(passage, to))
			return true;
		translate_set_port(to, (uint16_t)(first + 2 * (at % n)));
		at += 0x9e3779b9u + at / n;
	}
	return false;
}

/* Its binding, or one to be made. */
static enum weft_drop
translate_bind(struct weft_walk *walk, struct weft_passage *passage, struct weft_tuple *to)
{
	const struct weft_nat *nat = &passage->router->nat;
	struct weft_conn_change *change = &passage->change;
	struct weft_binding binding;

	change->inside = weft_binding_key(&passage->packet.tuple, WEFT_BINDING_INSIDE);
	change->is_counted = nat->quota != 0;
	change->quota = nat->quota;
	if (translate_is_bound(nat, to)) {
		change->is_bound = true;
		change->binding = WEFT_NO_CONN;
		if (weft_binding_find(&change->inside, &binding)) {
			/* One that the configuration allows no more is about to go. */
			if (!weft_nat_is_source(nat, weft_nat_address(binding.outside.src)))
				return translate_refuse(walk, DROP_TRANSLATE_BUSY);
			memcpy(to->src, binding.outside.src, sizeof(to->src));
			translate_set_port(to, rte_be_to_cpu_16(binding.outside.src_port));
			change->binding = binding.number;
			return nat->has_shared && translate_is_taken(passage, to) ?
				       translate_refuse(walk, DROP_TRANSLATE_BUSY) :
				       WEFT_NEXT;
		}
	}
	if (!translate_choose(walk, passage, to))
		return translate_refuse(walk, DROP_TRANSLATE_NO_PORT);
	change->outside = weft_binding_key(to, WEFT_BINDING_OUTSIDE);
	return WEFT_NEXT;
}

static enum weft_drop
translate_by_source_nat(struct weft_walk *walk, struct weft_passage *passage, struct weft_tuple *to)
{
	const struct weft_nat *nat = &passage->router->nat;
	struct weft_conn_change *change = &passage->change;
	const struct weft_tuple *packet = &passage->packet.tuple;

	passage->wants_connection = true;
	if (passage->look.verdict == WEFT_CONN_IS_INVALID)
		return DROP_TRANSLATE_INVALID;
	weft_passage_set(to->src, weft_nat_source(nat, weft_nat_address(to->src)));
	if (!translate_has_ports(to))
		return translate_is_taken(passage, to) ?
			       translate_refuse(walk, DROP_TRANSLATE_NOT_TRANSLATABLE) :
			       WEFT_NEXT;
	/* A hairpin holds the binding of its sender; its receiver's is kept by what made it. */
	change->is_permitted = translate_is_bound(nat, to) && to->protocol != IPPROTO_ICMP &&
			       nat->filtering == WEFT_NAT_FILTERING_ADDRESS;
	if (change->is_permitted)
		change->permit = weft_permit_key(packet);
	return translate_bind(walk, passage, to);
}

static enum weft_drop
translate_source(struct weft_walk *walk, struct weft_passage *passage, struct weft_tuple *to)
{
	const struct weft_nat *nat = &passage->router->nat;
	const struct weft_floating_ip *floating;
	bool is_hairpin = memcmp(to->dst, passage->packet.tuple.dst, 4) != 0;

	if (passage->by_gateway || weft_passage_owns(passage, to) ||
	    !(is_hairpin || weft_passage_leaves(passage, to)))
		return WEFT_NEXT;
	floating = weft_nat_find_inside(nat, weft_nat_address(to->src));
	if (floating != NULL) {
		weft_passage_set(to->src, floating->outside);
		return WEFT_NEXT;
	}
	return nat->has_source_nat ? translate_by_source_nat(walk, passage, to) : WEFT_NEXT;
}

/* ---- a packet ---- */

static enum weft_drop
translate_known(struct weft_walk *walk, struct weft_passage *passage)
{
	const struct weft_conn_look *look = &passage->look;
	struct weft_tuple to = look->original;

	if (look->direction == WEFT_CONN_REPLY)
		to = weft_tuple_reverse(&look->original);
	else if (look->is_translated)
		weft_conn_translated(look->conn, &to);
	/* Nobody outside sends from an inside address. */
	if (look->direction == WEFT_CONN_ORIGINAL && passage->by_gateway &&
	    memcmp(to.src, look->original.src, sizeof(to.src)) != 0)
		return DROP_TRANSLATE_UNSOLICITED;
	weft_passage_go_on(walk, &to);
	weft_passage_say(walk, passage,
			 look->direction == WEFT_CONN_REPLY ? "a reply of a known connection" :
							      "part of a known connection");
	return WEFT_NEXT;
}

/* A host that calls itself by its outside address, from the port that it calls: as a connection it
 * could not be told from the answers. Of ICMP these have other types. */
static bool
translate_is_mirror(const struct weft_passage *passage, const struct weft_tuple *to)
{
	struct weft_tuple back = weft_tuple_reverse(&passage->packet.tuple);

	return to->protocol != IPPROTO_ICMP &&
	       (passage->wants_connection || passage->router->firewall.n > 0) &&
	       memcmp(&back, to, sizeof(back)) == 0;
}

static enum weft_drop
translate_new(struct weft_walk *walk, struct weft_passage *passage)
{
	struct weft_tuple to = passage->packet.tuple;
	enum weft_drop drop = WEFT_NEXT;

	if (to.family == AF_INET && weft_nat_is_there(&passage->router->nat)) {
		drop = translate_destination(walk, passage, &to);
		if (drop == WEFT_NEXT)
			drop = translate_source(walk, passage, &to);
		if (drop == WEFT_NEXT && passage->wants_connection &&
		    passage->look.verdict == WEFT_CONN_IS_INVALID)
			drop = DROP_TRANSLATE_INVALID;
	}
	if (drop == WEFT_NEXT && translate_is_mirror(passage, &to))
		drop = DROP_TRANSLATE_NOT_TRANSLATABLE;
	passage->change.translated = to;
	weft_passage_go_on(walk, &to);
	if (drop == WEFT_NEXT)
		weft_passage_say(walk, passage,
				 memcmp(&to, &passage->packet.tuple, sizeof(to)) == 0 ?
					 "its addresses stay" :
					 "it stands for another");
	return drop;
}

/* As it is, or by the binding that its destination is. */
static void
translate_look_up(struct weft_passage *passage)
{
	const struct weft_tuple *tuple = &passage->packet.tuple;
	struct weft_conn_look *look = &passage->look;

	weft_conn_look(&passage->packet, look);
	if (look->verdict != WEFT_CONN_IS_KNOWN && look->in_the_way == WEFT_NO_CONN &&
	    tuple->family == AF_INET &&
	    weft_nat_is_source(&passage->router->nat, weft_nat_address(tuple->dst)))
		weft_conn_look_bound(&passage->packet, look);
}

static void
translate_look(struct weft_walk *walk, struct weft_passage *passage)
{
	/* Where it ends is not in the key, nor what TCP says. */
	if (walk->whole == NULL && weft_packet_is_cut(walk)) {
		walk->is_cacheable = false;
		translate_look_up(passage);
		passage->look.verdict = WEFT_CONN_IS_INVALID;
		return;
	}
	translate_look_up(passage);
	if (weft_key_is_event(walk->key))
		walk->is_cacheable = false;
}

/* ---- the stage ---- */

/* Where a new connection by source NAT will look, if it keeps its port. */
static void
translate_foresee(const struct weft_router *router, const struct weft_key *key)
{
	const struct weft_nat *nat = &router->nat;
	struct weft_conn_packet packet;
	struct weft_tuple to, held;

	weft_packet_read_key(key, weft_zone_of_router(router->id), &packet);
	weft_conn_foresee(&packet.tuple);
	if (!nat->has_source_nat || packet.tuple.family != AF_INET)
		return;
	to = packet.tuple;
	weft_passage_set(to.src, weft_nat_source(nat, weft_nat_address(to.src)));
	held = weft_binding_key(&to, WEFT_BINDING_OUTSIDE);
	weft_conn_foresee(&held);
	if (translate_is_bound(nat, &to)) {
		held = weft_binding_key(&packet.tuple, WEFT_BINDING_INSIDE);
		weft_conn_foresee(&held);
	} else {
		weft_conn_foresee(&to);
	}
}

void
weft_passage_foresee(const struct weft_topology *topology, const struct weft_attachment *arrival,
		     const struct weft_key *key)
{
	uint16_t id = arrival->is_wire ? arrival->network_by_vid[WEFT_TAG_VID(key->tag)] :
					 arrival->network;
	const struct weft_door *door;

	if (!topology->is_watched || id == WEFT_NO_NETWORK || weft_key_is_tunnelled(key) ||
	    (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_L2)
		return;
	door = weft_network_find_door(topology->networks[id], &key->dst);
	if (door != NULL && weft_router_is_watching(topology->routers[door->router]))
		translate_foresee(topology->routers[door->router], key);
}

static bool
translate_must_look(const struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;

	/* What is about a link is not forwarded, nor what cannot be read. */
	return walk->router != NULL && walk->router->admin_up &&
	       weft_router_is_watching(walk->router) &&
	       (key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2 &&
	       !(key->protocol == IPPROTO_ICMPV6 && weft_packet_is_basic(key)) &&
	       walk->n_hops < WEFT_HOPS_MAX;
}

static struct weft_passage *
translate_begin(struct weft_walk *walk)
{
	const struct weft_router *router = walk->router;
	const struct weft_conn_packet *packet = weft_passages_packet(walk);
	struct weft_passage *passage = &walk->passages->list[walk->passages->n++];

	*passage = (struct weft_passage){
		.router = router,
		.network = walk->network->id,
		.by_gateway = router->gateway != WEFT_NO_LEG &&
			      router->legs[router->gateway].network == walk->network->id,
		.has_state = weft_router_has_state(router, packet->tuple.family),
		.packet = *packet,
		.conn = WEFT_NO_CONN,
	};
	passage->packet.tuple.zone = weft_zone_of_router(router->id);
	walk->is_watched = true;
	return passage;
}

enum weft_drop
weft_stage_translate(struct weft_walk *walk)
{
	struct weft_passage *passage;

	walk->is_watched = false;
	if (likely(!translate_must_look(walk)))
		return WEFT_NEXT;
	/* Of a fragment that has waited for a next hop the rest is not known any more. */
	if ((walk->key->kind & WEFT_KEY_FRAGMENT) && walk->whole == NULL) {
		walk->is_cacheable = false;
		return DROP_TRANSLATE_INVALID;
	}
	passage = translate_begin(walk);
	if (weft_packet_is_icmp_error(walk->key))
		return weft_passage_error(walk, passage);
	if (passage->has_state) {
		translate_look(walk, passage);
		if (passage->look.verdict == WEFT_CONN_IS_KNOWN)
			return translate_known(walk, passage);
	}
	return translate_new(walk, passage);
}
