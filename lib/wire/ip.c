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
			info->fragment_at = (uint16_t)offset;
			info->is_later_fragment = ((at[2] << 8 | at[3]) & 0xfff8) != 0;
		}
		protocol = at[0];
		offset += bytes;
	}
	info->protocol = protocol;
	return info->is_later_fragment;
}

bool
weft_fragment_parse(const uint8_t *ip, uint32_t length, uint32_t wire_length,
		    const struct weft_ip_info *info, struct weft_fragment *fragment)
{
	bool is_ip4 = ip[0] >> 4 == 4;
	const uint8_t *at = ip + info->fragment_at;
	uint32_t begin, end, word;

	if (is_ip4) {
		begin = (ip[0] & 0xfu) * 4;
		end = (uint32_t)(ip[2] << 8 | ip[3]);
		word = (uint32_t)(ip[6] << 8 | ip[7]);
		fragment->id = (uint32_t)(ip[4] << 8 | ip[5]);
		fragment->offset = (uint16_t)((word & RTE_IPV4_HDR_OFFSET_MASK) * 8);
		fragment->has_more = (word & RTE_IPV4_HDR_MF_FLAG) != 0;
	} else {
		if (info->fragment_at == 0 || info->fragment_at + 8u > length)
			return false;
		begin = info->fragment_at + 8u;
		end = 40u + (uint32_t)(ip[4] << 8 | ip[5]);
		fragment->id = (uint32_t)at[4] << 24 | (uint32_t)(at[5] << 16 | at[6] << 8 | at[7]);
		fragment->offset = (uint16_t)((at[2] << 8 | at[3]) & 0xfff8);
		fragment->has_more = at[3] & 1;
	}
	if (end > wire_length || end <= begin || fragment->offset + (end - begin) > UINT16_MAX)
		return false;
	fragment->length = (uint16_t)(end - begin);
	return !fragment->has_more || fragment->length % 8 == 0;
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
	case IPPROTO_DCCP:
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
