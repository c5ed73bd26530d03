/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/key.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_ip.h>

static void
key_fill_ip(struct weft_key *key, const uint8_t *ip, uint32_t length,
	    const struct weft_ip_info *info, enum weft_key_kind kind)
{
	key->kind = (uint8_t)kind;
	if (info->is_fragment)
		key->kind |= WEFT_KEY_FRAGMENT;
	if (info->is_later_fragment)
		key->kind |= WEFT_KEY_LATER_FRAGMENT;
	key->protocol = info->protocol;
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

void
weft_key_format(const struct weft_key *key, const char *port, char *text)
{
	char src[RTE_ETHER_ADDR_FMT_SIZE], dst[RTE_ETHER_ADDR_FMT_SIZE];
	char tag[16] = "", rest[200] = "";

	weft_mac_format(&key->src, src);
	weft_mac_format(&key->dst, dst);
	if (key->tag != 0)
		snprintf(tag, sizeof(tag), " vlan %u", WEFT_TAG_VID(key->tag));
	if ((key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2)
		key_format_ip(key, rest, sizeof(rest));
	else if (key->ether_type != 0)
		snprintf(rest, sizeof(rest), " type 0x%04x", rte_be_to_cpu_16(key->ether_type));
	snprintf(text, WEFT_KEY_TEXT, "%s %s > %s%s%s", port, src, dst, tag, rest);
}
