/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/key.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_ip.h>

/* Any that leaves no half of a key to be multiplied by zero; the same in all switches. */
#define KEY_ENTROPY_SEED 0x243f6a8885a308d3ULL

const struct weft_depth weft_depth_none;
const struct weft_depth weft_depth_all = {
	.is_ip = true,
	.ip_by_vid = { [0 ... WEFT_VIDS / 64 - 1] = UINT64_MAX },
};

static void
key_fill_ip(struct weft_key *key, const uint8_t *ip, uint32_t length,
	    const struct weft_ip_info *info, enum weft_key_kind kind)
{
	key->kind = (uint8_t)kind;
	if (ip[kind == WEFT_KEY_IP4 ? 8 : 7] <= WEFT_KEY_TTL)
		key->kind |= WEFT_KEY_EXPIRING;
	if (info->is_fragment)
		key->kind |= WEFT_KEY_FRAGMENT;
	if (info->is_later_fragment)
		key->kind |= WEFT_KEY_LATER_FRAGMENT;
	key->protocol = info->protocol;
	if (info->protocol == IPPROTO_TCP && !info->is_later_fragment &&
	    (info->l4_offset + 14u > length ||
	     (ip[info->l4_offset + 13] & WEFT_KEY_TCP_FLAGS) != WEFT_KEY_TCP_ACK))
		key->kind |= WEFT_KEY_EVENT;
	weft_l4_parse(ip, length, info, &key->port_src, &key->port_dst);
}

void
weft_key_parse_ip(struct weft_key *key, const uint8_t *frame, uint32_t length, uint32_t l3)
{
	const uint8_t *ip = frame + l3;
	struct weft_ip_info info;

	length -= l3;
	memcpy(&key->ether_type, ip - sizeof(key->ether_type), sizeof(key->ether_type));
	if (key->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		if (!weft_ip4_parse(ip, length, &info)) {
			key->kind = WEFT_KEY_L2 | WEFT_KEY_BROKEN;
			return;
		}
		key_fill_ip(key, ip, length, &info, WEFT_KEY_IP4);
		memcpy(&key->ip4_src, ip + offsetof(struct rte_ipv4_hdr, src_addr), 4);
		memcpy(&key->ip4_dst, ip + offsetof(struct rte_ipv4_hdr, dst_addr), 4);
	} else if (key->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) {
		if (!weft_ip6_parse(ip, length, &info)) {
			key->kind = WEFT_KEY_L2 | WEFT_KEY_BROKEN;
			return;
		}
		key_fill_ip(key, ip, length, &info, WEFT_KEY_IP6);
		memcpy(key->ip6_src, ip + 8, 16);
		memcpy(key->ip6_dst, ip + 24, 16);
	}
}

enum weft_key_fault
weft_key_parse_local(struct weft_key *key, const uint8_t *frame, uint32_t length, uint16_t arrival,
		     uint8_t marks)
{
	return weft_key_parse_as(key, frame, length, arrival, &weft_depth_all, marks);
}

enum weft_key_fault
weft_key_read(struct weft_key *key, const uint8_t *frame, uint32_t length, uint32_t wire_length,
	      uint16_t arrival, const struct weft_depth *depth,
	      const struct weft_terminator *terminator)
{
	uint32_t l3 = 0, excess;

	if (terminator->is_here)
		l3 = weft_terminator_takes(terminator, frame, length);
	if (l3 == 0)
		return weft_key_parse(key, frame, length, arrival,
				      weft_key_depth(frame, depth, terminator->is_here));
	return weft_key_parse_tunnel(key, frame, length, wire_length, arrival, l3, terminator,
				     &excess);
}

void
weft_key_source(const struct weft_key *key, uint8_t family, struct weft_ip *source)
{
	*source = (struct weft_ip){ .family = family, .prefix = family == AF_INET ? 32 : 128 };
	memcpy(source->bytes, key->outer.src, sizeof(source->bytes));
}

uint16_t
weft_key_entropy(const struct weft_key *key)
{
	struct weft_key flow = *key;
	uint64_t hash;

	flow.arrival = flow.tag = 0;
	if (weft_key_is_event(key))
		flow.kind &= (uint8_t)~WEFT_KEY_EVENT;
	if (weft_key_is_expiring(key))
		flow.kind &= (uint8_t)~WEFT_KEY_EXPIRING;
	if (flow.kind & WEFT_KEY_FRAGMENT) {
		flow.port_src = flow.port_dst = 0;
		flow.kind &= WEFT_KEY_KIND_MASK;
	}
	hash = weft_key_hash(&flow, KEY_ENTROPY_SEED);
	return (uint16_t)(hash >> 32 ^ hash);
}

/* What tells flows of a protocol apart, in its own words. */
static void
key_format_l4(const struct weft_key *key, char *text, size_t size)
{
	uint16_t first = rte_be_to_cpu_16(key->port_src), second = rte_be_to_cpu_16(key->port_dst);

	if (key->kind & WEFT_KEY_LATER_FRAGMENT)
		snprintf(text, size, "proto %u", key->protocol);
	else if (key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
		 key->protocol == IPPROTO_SCTP)
		snprintf(text, size, "%s %u > %u",
			 key->protocol == IPPROTO_TCP ? "tcp" :
			 key->protocol == IPPROTO_UDP ? "udp" :
							"sctp",
			 first, second);
	else if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6)
		snprintf(text, size, "%s type %u code %u id %u",
			 key->protocol == IPPROTO_ICMP ? "icmp" : "icmp6", first >> 8, first & 0xff,
			 second);
	else
		snprintf(text, size, "proto %u", key->protocol);
}

static void
key_format_ip(const struct weft_key *key, char *text, size_t size)
{
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	const char *fragment = key->kind & WEFT_KEY_FRAGMENT ? " fragment" : "";
	char l4[48];

	inet_ntop(is_ip4 ? AF_INET : AF_INET6, is_ip4 ? (const void *)&key->ip4_src : key->ip6_src,
		  src, sizeof(src));
	inet_ntop(is_ip4 ? AF_INET : AF_INET6, is_ip4 ? (const void *)&key->ip4_dst : key->ip6_dst,
		  dst, sizeof(dst));
	key_format_l4(key, l4, sizeof(l4));
	snprintf(text, size, " %s %s > %s %s%s", is_ip4 ? "ipv4" : "ipv6", src, dst, l4, fragment);
}

/* IPv4 addresses leave the rest of the field zero; no endpoint has an IPv6 address like that. */
static void
key_format_outer(const struct weft_outer *outer, char *text, size_t size)
{
	static const uint8_t zero[12];
	int family = memcmp(outer->src + 4, zero, sizeof(zero)) == 0 ? AF_INET : AF_INET6;
	char src[INET6_ADDRSTRLEN];

	inet_ntop(family, outer->src, src, sizeof(src));
	snprintf(text, size, " %s %u from %s:", weft_network_type_name(outer->via), outer->segment,
		 src);
}

void
weft_key_format(const struct weft_key *key, const char *port, char *text)
{
	char src[RTE_ETHER_ADDR_FMT_SIZE], dst[RTE_ETHER_ADDR_FMT_SIZE];
	char tag[16] = "", rest[200] = "", outer[96] = "";

	weft_mac_format(&key->src, src);
	weft_mac_format(&key->dst, dst);
	if (key->tag != 0)
		snprintf(tag, sizeof(tag), " vlan %u", WEFT_TAG_VID(key->tag));
	if ((key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2)
		key_format_ip(key, rest, sizeof(rest));
	else if (key->ether_type != 0)
		snprintf(rest, sizeof(rest), " type 0x%04x", rte_be_to_cpu_16(key->ether_type));
	if (weft_key_is_tunnelled(key))
		key_format_outer(&key->outer, outer, sizeof(outer));
	snprintf(text, WEFT_KEY_TEXT, "%s%s %s > %s%s%s", port, outer, src, dst, tag, rest);
}
