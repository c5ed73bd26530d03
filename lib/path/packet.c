/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/packet.h"

#include <string.h>

#include "path/walk.h"

#define PACKET_ETHERTYPE_RARP 0x8035

bool
weft_packet_is_arp(const struct weft_key *key)
{
	return key->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) ||
	       key->ether_type == RTE_BE16(PACKET_ETHERTYPE_RARP);
}

bool
weft_packet_is_nd(const struct weft_key *key)
{
	uint8_t type = weft_packet_icmp6_type(key);

	return type >= WEFT_ICMP6_ROUTER_SOLICITATION && type <= WEFT_ICMP6_REDIRECT;
}

/* RFC 2131 section 4.1, RFC 8415 section 7.2. */
static bool
packet_is_dhcp(const struct weft_key *key, uint16_t from, uint16_t to)
{
	return key->protocol == IPPROTO_UDP && key->port_src == rte_cpu_to_be_16(from) &&
	       key->port_dst == rte_cpu_to_be_16(to);
}

static bool
packet_is_dhcp_client(const struct weft_key *key)
{
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4)
		return packet_is_dhcp(key, 68, 67);
	return (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6 && packet_is_dhcp(key, 546, 547);
}

bool
weft_packet_is_dhcp_server(const struct weft_key *key)
{
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4)
		return packet_is_dhcp(key, 67, 68);
	return (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6 && packet_is_dhcp(key, 547, 546);
}

bool
weft_packet_is_basic(const struct weft_key *key)
{
	uint8_t type = weft_packet_icmp6_type(key);

	return (type >= WEFT_ICMP6_MLD_QUERY && type <= WEFT_ICMP6_REDIRECT) ||
	       type == WEFT_ICMP6_MLD2_REPORT || packet_is_dhcp_client(key) ||
	       weft_packet_is_dhcp_server(key);
}

bool
weft_packet_is_free(const struct weft_key *key, enum weft_direction direction)
{
	switch (weft_packet_icmp6_type(key)) {
	case WEFT_ICMP6_MLD_QUERY:
	case WEFT_ICMP6_NEIGHBOUR_SOLICITATION:
	case WEFT_ICMP6_NEIGHBOUR_ADVERTISEMENT:
		return true;
	case WEFT_ICMP6_MLD_REPORT:
	case WEFT_ICMP6_MLD_DONE:
	case WEFT_ICMP6_MLD2_REPORT:
	case WEFT_ICMP6_ROUTER_SOLICITATION:
		return direction == WEFT_EGRESS;
	case WEFT_ICMP6_ROUTER_ADVERTISEMENT:
		return direction == WEFT_INGRESS;
	}
	return direction == WEFT_EGRESS ? packet_is_dhcp_client(key) :
					  weft_packet_is_dhcp_server(key);
}

/* RFC 792; RFC 4443 section 2.1: the first bit says it. */
bool
weft_packet_is_icmp_error(const struct weft_key *key)
{
	uint16_t type = rte_be_to_cpu_16(key->port_src) >> 8;

	if (key->kind & WEFT_KEY_LATER_FRAGMENT)
		return false;
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4)
		return key->protocol == IPPROTO_ICMP &&
		       ((type >= 3 && type <= 5) || type == 11 || type == 12);
	return (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6 &&
	       key->protocol == IPPROTO_ICMPV6 && type >= 1 && type < 128;
}

/* The transport header of the packet, and how much of it there is. @return NULL if there is none */
static const uint8_t *
packet_find_l4(const struct weft_walk *walk, uint32_t *length)
{
	const struct weft_key *key = walk->key;
	uint32_t l3 = weft_key_l3(key), end;
	const uint8_t *ip = walk->frame + l3;
	struct weft_ip_info info;
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;

	if (walk->frame_length < l3)
		return NULL;
	*length = walk->frame_length - l3;
	if (!(is_ip4 ? weft_ip4_parse(ip, *length, &info) : weft_ip6_parse(ip, *length, &info)) ||
	    info.is_later_fragment)
		return NULL;
	end = weft_ip_length(ip);
	*length = RTE_MIN(*length, end);
	if (*length < info.l4_offset)
		return NULL;
	*length -= info.l4_offset;
	return ip + info.l4_offset;
}

uint32_t
weft_packet_least(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return 12;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 8;
	}
	return 0;
}

bool
weft_packet_is_cut(const struct weft_walk *walk)
{
	uint8_t protocol = walk->key->protocol;
	uint32_t length = 0, header;
	const uint8_t *l4 = packet_find_l4(walk, &length);

	if (l4 == NULL || length < weft_packet_least(protocol))
		return true;
	if (protocol != IPPROTO_TCP)
		return false;
	header = (l4[12] >> 4) * 4u;
	return header < weft_packet_least(protocol) || header > length;
}

enum weft_drop
weft_packet_read_fragment(const struct weft_key *key, const uint8_t *frame, uint32_t length,
			  uint32_t wire_length, struct weft_fragment *fragment)
{
	uint32_t l3 = weft_key_l3(key), begin;
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	const uint8_t *ip = frame + l3;
	struct weft_ip_info info;

	length -= l3;
	if (!(is_ip4 ? weft_ip4_parse(ip, length, &info) : weft_ip6_parse(ip, length, &info)) ||
	    !weft_fragment_parse(ip, length, wire_length - l3, &info, fragment))
		return DROP_ADMIT_FRAGMENT_INVALID;
	if (info.is_later_fragment)
		return WEFT_NEXT;
	begin = is_ip4 ? info.l4_offset : info.fragment_at + 8u;
	return fragment->length < info.l4_offset - begin + weft_packet_least(info.protocol) ?
		       DROP_ADMIT_FRAGMENT_TINY :
		       WEFT_NEXT;
}

/* Flags are not in the key. What cannot be read has none, which is as good as wrong. */
static uint8_t
packet_tcp_flags(const struct weft_walk *walk)
{
	uint32_t length = 0;
	const uint8_t *l4 = NULL;

	if (walk->key->protocol == IPPROTO_TCP)
		l4 = packet_find_l4(walk, &length);
	return l4 == NULL || length < weft_packet_least(IPPROTO_TCP) ? 0 : l4[13];
}

/* Questions and answers of ICMP have the identifier for both ports; other messages have none. */
static void
packet_put_icmp(const struct weft_key *key, struct weft_conn_packet *packet)
{
	uint16_t type = rte_be_to_cpu_16(key->port_src);

	packet->icmp_type = (uint8_t)(type >> 8);
	packet->icmp_code = (uint8_t)type;
	packet->tuple.src_port = packet->tuple.dst_port = key->port_dst;
}

void
weft_packet_read_key(const struct weft_key *key, uint16_t network, struct weft_conn_packet *packet)
{
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	struct weft_tuple *tuple = &packet->tuple;

	*tuple = (struct weft_tuple){
		.family = is_ip4 ? AF_INET : AF_INET6,
		.protocol = key->protocol,
		.zone = network,
		.src_port = key->port_src,
		.dst_port = key->port_dst,
	};
	memcpy(tuple->src, is_ip4 ? (const void *)&key->ip4_src : key->ip6_src, is_ip4 ? 4 : 16);
	memcpy(tuple->dst, is_ip4 ? (const void *)&key->ip4_dst : key->ip6_dst, is_ip4 ? 4 : 16);
	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6)
		packet_put_icmp(key, packet);
}

void
weft_packet_foresee(const struct weft_key *key, uint16_t network)
{
	struct weft_conn_packet packet = { 0 };

	weft_packet_read_key(key, network, &packet);
	weft_conn_foresee(&packet.tuple);
}

void
weft_packet_read(const struct weft_walk *walk, uint16_t network, struct weft_conn_packet *packet)
{
	*packet = (struct weft_conn_packet){ .tcp_flags = packet_tcp_flags(walk) };
	weft_packet_read_key(walk->key, network, packet);
}
