/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ip.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#define IP_EXTENSIONS_MAX 8
#define IP_PROTOCOL_UDPLITE 136

bool
weft_ip4_parse(const uint8_t *ip, uint32_t length, struct weft_ip_info *info)
{
	const struct rte_ipv4_hdr *header = (const struct rte_ipv4_hdr *)ip;
	uint16_t fragment;
	uint32_t header_length;

	if (length < sizeof(*header) || ip[0] >> 4 != 4)
		return false;
	header_length = (ip[0] & 0xf) * 4u;
	if (header_length < sizeof(*header) || header_length > length)
		return false;
	fragment = rte_be_to_cpu_16(header->fragment_offset);
	*info = (struct weft_ip_info){
		.protocol = header->next_proto_id,
		.is_fragment = (fragment & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0,
		.is_later_fragment = (fragment & RTE_IPV4_HDR_OFFSET_MASK) != 0,
		.l4_offset = (uint16_t)header_length,
	};
	return true;
}

/* Bytes of the extension header at @p at, or 0 if @p protocol is none that is skipped. */
static uint32_t
ip_extension_length(uint8_t protocol, const uint8_t *at)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		return (at[1] + 1u) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return (at[1] + 2u) * 4;
	default:
		return 0;
	}
}

bool
weft_ip6_parse(const uint8_t *ip, uint32_t length, struct weft_ip_info *info)
{
	uint32_t offset = sizeof(struct rte_ipv6_hdr);
	uint8_t protocol;

	if (length < offset || ip[0] >> 4 != 6)
		return false;
	protocol = ip[6];
	*info = (struct weft_ip_info){ 0 };
	for (int i = 0; i <= IP_EXTENSIONS_MAX && !info->is_later_fragment; i++) {
		static const uint8_t none[8];
		const uint8_t *at = offset + 8 <= length ? ip + offset : none;
		uint32_t bytes = ip_extension_length(protocol, at);

		if (bytes == 0) {
			info->protocol = protocol;
			info->l4_offset = (uint16_t)offset;
			return true;
		}
		if (offset + bytes > length || at == none)
			return false;
		if (protocol == IPPROTO_FRAGMENT) {
			info->is_fragment = true;
			info->is_later_fragment = ((at[2] << 8 | at[3]) & 0xfff8) != 0;
		}
		protocol = at[0];
		offset += bytes;
	}
	info->protocol = protocol;
	return info->is_later_fragment;
}

void
weft_l4_parse(const uint8_t *ip, uint32_t length, const struct weft_ip_info *info,
	      rte_be16_t *source, rte_be16_t *destination)
{
	const uint8_t *l4 = ip + info->l4_offset;

	*source = *destination = 0;
	if (info->is_later_fragment || info->l4_offset + 8u > length)
		return;
	switch (info->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IP_PROTOCOL_UDPLITE:
		memcpy(source, l4, sizeof(*source));
		memcpy(destination, l4 + 2, sizeof(*destination));
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		memcpy(source, l4, sizeof(*source));
		memcpy(destination, l4 + 4, sizeof(*destination));
		break;
	}
}
