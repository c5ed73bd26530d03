/* SPDX-License-Identifier: BSD-3-Clause */
/* encap: what does the wire want in front? */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "neighbour/neighbour.h"
#include "path/walk.h"

/* ---- the next hop ---- */

/* Chooses among the next hops that can be used. Nobody answers: WEFT_WAIT while one of them is
 * being asked. */
static enum weft_drop
encap_choose(struct weft_walk *walk, const struct weft_ip *hops, uint32_t n,
	     struct rte_ether_addr *mac)
{
	enum weft_drop outcome = DROP_ENCAP_NO_NEIGHBOUR;
	uint64_t best = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_ether_addr at;
		enum weft_neighbour_state state =
			weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &hops[i], &at);
		uint64_t weight = weft_walk_weigh(walk, &hops[i]);

		if (state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE) {
			if (outcome == WEFT_NEXT && weight <= best)
				continue;
			outcome = WEFT_NEXT;
			best = weight;
			*mac = at;
		} else if (state != WEFT_NEIGHBOUR_FAILED) {
			if (state == WEFT_NEIGHBOUR_NONE && (!walk->is_dry || walk->has_waited))
				weft_neighbour_want(WEFT_SCOPE_UNDERLAY, &hops[i], walk->now_ms);
			if (outcome != WEFT_NEXT)
				outcome = WEFT_WAIT;
		}
	}
	return outcome;
}

static enum weft_drop
encap_find_way(struct weft_walk *walk, const struct weft_ip *remote, struct rte_ether_addr *mac)
{
	struct weft_ip hops[WEFT_NEXT_HOPS_MAX];
	char text[INET6_ADDRSTRLEN + 4];
	enum weft_drop outcome;
	uint32_t n = weft_endpoint_next_hops(walk->topology->endpoint, remote, hops);

	if (n == 0)
		return DROP_ENCAP_NO_ROUTE;
	/* A flood stands on all neighbours already. */
	if (walk->receivers == &walk->receiver)
		weft_walk_depend(walk, n == 1 ? weft_neighbour_slot(WEFT_SCOPE_UNDERLAY, hops) :
						weft_neighbours_slot(WEFT_SCOPE_UNDERLAY));
	outcome = encap_choose(walk, hops, n, mac);
	if (outcome != WEFT_WAIT)
		return outcome;
	walk->is_cacheable = false;
	walk->waits[walk->n_waits++] = walk->out_place;
	weft_walk_says(walk, "waits for the MAC of the next hop to %s", weft_walk_ip(remote, text));
	return WEFT_WAIT;
}

/* ---- the headers ---- */

static void
encap_put_ip4(const struct weft_endpoint *endpoint, const struct weft_ip *remote, uint8_t protocol,
	      uint8_t *at)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = (uint8_t)(endpoint->dscp << 2),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = endpoint->ttl,
		.next_proto_id = protocol,
	};

	memcpy(&ip.src_addr, endpoint->address.bytes, 4);
	memcpy(&ip.dst_addr, remote->bytes, 4);
	memcpy(at, &ip, sizeof(ip));
}

static void
encap_put_ip6(const struct weft_endpoint *endpoint, const struct weft_ip *remote, uint8_t protocol,
	      uint8_t *at)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)endpoint->dscp << 22),
		.proto = protocol,
		.hop_limits = endpoint->ttl,
	};

	memcpy((uint8_t *)&ip + 8, endpoint->address.bytes, 16);
	memcpy((uint8_t *)&ip + 24, remote->bytes, 16);
	memcpy(at, &ip, sizeof(ip));
}

static uint8_t *
encap_put_ether(const struct weft_terminator *self, const struct rte_ether_addr *next, uint8_t *at)
{
	rte_be16_t tag[2] = { RTE_BE16(RTE_ETHER_TYPE_VLAN),
			      rte_cpu_to_be_16(WEFT_TAG_VID(self->tag)) };
	rte_be16_t type = self->family == AF_INET6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) :
						     RTE_BE16(RTE_ETHER_TYPE_IPV4);

	memcpy(at, next, 6);
	memcpy(at + 6, &self->mac, 6);
	at += 12;
	if (self->tag != 0) {
		memcpy(at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	memcpy(at, &type, sizeof(type));
	return at + sizeof(type);
}

static rte_be16_t
encap_udp_port(const struct weft_terminator *self, const struct weft_segment_ops *ops)
{
	for (int i = 0; i < WEFT_TUNNEL_FORMATS; i++)
		if (self->formats[i].ops == ops)
			return self->formats[i].udp_port;
	return 0;
}

/* All that does not differ from packet to packet; see flow/encap.h. */
static void
encap_build(const struct weft_walk *walk, const struct weft_ip *remote,
	    const struct rte_ether_addr *next, struct weft_encap_head *head)
{
	const struct weft_endpoint *endpoint = walk->topology->endpoint;
	const struct weft_segment_ops *ops = walk->network->segment_ops;
	uint8_t bytes[WEFT_ENCAP_MAX] = { 0 };
	uint8_t *ip = encap_put_ether(&endpoint->terminator, next, bytes), *at = ip;

	memset(head, 0, sizeof(*head));
	head->is_ip6 = remote->family == AF_INET6;
	head->ip_at = (uint8_t)(ip - bytes);
	if (head->is_ip6)
		encap_put_ip6(endpoint, remote, ops->protocol, ip);
	else
		encap_put_ip4(endpoint, remote, ops->protocol, ip);
	at += head->is_ip6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	if (ops->protocol == IPPROTO_UDP) {
		rte_be16_t port = encap_udp_port(&endpoint->terminator, ops);

		head->udp_at = (uint8_t)(at - bytes);
		head->has_checksum = head->is_ip6 && endpoint->has_udp_checksum;
		memcpy(at + 2, &port, sizeof(port));
		at += sizeof(struct rte_udp_hdr);
	}
	ops->put(walk->network->segment, at);
	at += ops->shim_length;
	head->length = (uint8_t)(at - bytes);
	head->place = walk->out_place;
	head->segment = walk->network->segment;
	head->via = (uint8_t)ops->type;
	if (!head->is_ip6)
		head->ip_sum = rte_raw_cksum(ip, sizeof(struct rte_ipv4_hdr));
	memcpy(head->bytes + WEFT_ENCAP_MAX - head->length, bytes, head->length);
}

static enum weft_drop
encap_tunnel(struct weft_walk *walk)
{
	struct weft_encap_head head;
	struct rte_ether_addr next;
	char text[INET6_ADDRSTRLEN + 4];
	struct weft_ip remote;
	enum weft_drop drop;

	if (!weft_remote_address(walk->out_place, &remote))
		return DROP_ENCAP_NO_ROUTE;
	drop = encap_find_way(walk, &remote, &next);
	if (drop != WEFT_NEXT)
		return drop;
	encap_build(walk, &remote, &next, &head);
	walk->encap = weft_encap_get(walk->encaps, &head);
	if (walk->encap == NULL)
		return DROP_ENCAP_NO_MEMORY;
	weft_walk_says(walk, "leaves %s in %s %u to %s", walk->out->port->name,
		       walk->network->segment_ops->name, walk->network->segment,
		       weft_walk_ip(&remote, text));
	return WEFT_NEXT;
}

enum weft_drop
weft_stage_encap(struct weft_walk *walk)
{
	walk->leaving.tag = 0;
	if (weft_place_is_remote(walk->out_place))
		return encap_tunnel(walk);
	if (!walk->out->is_wire)
		return WEFT_NEXT;
	walk->network->segment_ops->push(walk->network, &walk->leaving);
	if (walk->leaving.tag != 0)
		weft_walk_says(walk, "leaves %s with tag %u", walk->out->port->name,
			       WEFT_TAG_VID(walk->leaving.tag));
	else
		weft_walk_says(walk, "leaves %s without a tag", walk->out->port->name);
	return WEFT_NEXT;
}
