/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/outer.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "wire/ip.h"

/* What is left to read, and where. */
struct outer_cursor {
	const uint8_t *frame;
	uint32_t length; /* bytes that may be read */
	uint32_t at; /* of the header that comes next */
	uint32_t end; /* of the IP packet */
	uint8_t protocol; /* of that header */
	uint8_t ecn;
	const uint8_t *src; /* address of 4 or 16 bytes; NULL: not read */
	uint32_t segment;
	uint16_t inner;
	uint8_t via;
};

/* Words may be added in any byte order, and several at once (RFC 1071 section 2). */
static inline bool
outer_has_good_sum(const uint8_t *ip, uint32_t header_length)
{
	uint64_t first, second, sum;
	uint32_t third;

	memcpy(&first, ip, sizeof(first));
	memcpy(&second, ip + 8, sizeof(second));
	memcpy(&third, ip + 16, sizeof(third));
	sum = (first >> 32) + (uint32_t)first + (second >> 32) + (uint32_t)second + third;
	for (uint32_t i = sizeof(struct rte_ipv4_hdr); unlikely(i < header_length); i += 4) {
		memcpy(&third, ip + i, sizeof(third));
		sum += third;
	}
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16) == 0xffff;
}

static enum weft_outer_note
outer_read_ip4(struct outer_cursor *cursor, uint32_t wire_length,
	       const struct weft_terminator *terminator)
{
	const uint8_t *ip = cursor->frame + cursor->at;
	struct rte_ipv4_hdr header;
	uint32_t header_length, total;

	if (cursor->length < cursor->at + sizeof(header) || ip[0] >> 4 != 4)
		return WEFT_OUTER_LENGTH;
	memcpy(&header, ip, sizeof(header));
	header_length = (ip[0] & 0xf) * 4u;
	total = rte_be_to_cpu_16(header.total_length);
	if (header_length < sizeof(header) || cursor->length < cursor->at + header_length ||
	    total < header_length || cursor->at + total > wire_length)
		return WEFT_OUTER_LENGTH;
	if (memcmp(&header.dst_addr, terminator->address, 4) != 0)
		return WEFT_OUTER_ADDRESS;
	if (!outer_has_good_sum(ip, header_length))
		return WEFT_OUTER_CHECKSUM;
	if (memcmp(&header.src_addr, terminator->address, 4) == 0)
		return WEFT_OUTER_OWN;
	cursor->src = ip + offsetof(struct rte_ipv4_hdr, src_addr);
	cursor->end = cursor->at + total;
	cursor->at += header_length;
	cursor->protocol = header.next_proto_id;
	cursor->ecn = header.type_of_service & 3;
	if (header.fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))
		return WEFT_OUTER_FRAGMENT;
	return WEFT_OUTER_FINE;
}

static enum weft_outer_note
outer_read_ip6(struct outer_cursor *cursor, uint32_t wire_length,
	       const struct weft_terminator *terminator)
{
	const uint8_t *ip = cursor->frame + cursor->at;
	struct weft_ip_info info;
	uint32_t payload;

	if (cursor->length < cursor->at + sizeof(struct rte_ipv6_hdr) || ip[0] >> 4 != 6)
		return WEFT_OUTER_LENGTH;
	payload = (uint32_t)(ip[4] << 8 | ip[5]);
	if (cursor->at + sizeof(struct rte_ipv6_hdr) + payload > wire_length)
		return WEFT_OUTER_LENGTH;
	/* A question for our address may come to the group of that address (ND). */
	if (memcmp(ip + 24, terminator->address, 16) != 0)
		return ip[24] == 0xff ? WEFT_OUTER_FINE : WEFT_OUTER_ADDRESS;
	if (memcmp(ip + 8, terminator->address, 16) == 0)
		return WEFT_OUTER_OWN;
	cursor->src = ip + 8;
	cursor->ecn = ip[1] >> 4 & 3;
	cursor->end = cursor->at + (uint32_t)sizeof(struct rte_ipv6_hdr) + payload;
	if (!weft_ip6_parse(ip, RTE_MIN(cursor->end, cursor->length) - cursor->at, &info))
		return WEFT_OUTER_LENGTH;
	if (info.is_fragment)
		return WEFT_OUTER_FRAGMENT;
	cursor->protocol = info.protocol;
	cursor->at += info.l4_offset;
	return WEFT_OUTER_FINE;
}

/* Finds the format by protocol and port. Moves behind UDP. */
static const struct weft_segment_ops *
outer_find_format(struct outer_cursor *cursor, const struct weft_terminator *terminator,
		  enum weft_outer_note *note)
{
	struct rte_udp_hdr udp = { 0 };
	uint32_t udp_length;

	if (cursor->protocol == IPPROTO_UDP) {
		if (cursor->at + sizeof(udp) > RTE_MIN(cursor->end, cursor->length)) {
			*note = WEFT_OUTER_LENGTH;
			return NULL;
		}
		memcpy(&udp, cursor->frame + cursor->at, sizeof(udp));
	}
	for (int i = 0; i < WEFT_TUNNEL_FORMATS; i++) {
		const struct weft_tunnel_format *format = &terminator->formats[i];

		if (format->ops == NULL || format->ops->protocol != cursor->protocol ||
		    format->udp_port != udp.dst_port)
			continue;
		if (cursor->protocol != IPPROTO_UDP)
			return format->ops;
		udp_length = rte_be_to_cpu_16(udp.dgram_len);
		if (udp_length < sizeof(udp) || cursor->at + udp_length > cursor->end)
			*note = WEFT_OUTER_LENGTH;
		cursor->end = cursor->at + udp_length;
		cursor->at += sizeof(udp);
		return format->ops;
	}
	return NULL;
}

/* RFC 6040 section 4.2, figure 4. */
static enum weft_outer_note
outer_judge_ecn(const uint8_t *inner, uint32_t length, uint8_t ecn)
{
	enum weft_ecn inside;
	uint16_t type;

	if (likely(ecn != WEFT_ECN_CE && ecn != WEFT_ECN_ECT1))
		return WEFT_OUTER_FINE;
	memcpy(&type, inner + 12, sizeof(type));
	/* What would have to be written must be there. */
	if (length < sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) ||
	    (type != RTE_BE16(RTE_ETHER_TYPE_IPV4) && type != RTE_BE16(RTE_ETHER_TYPE_IPV6)))
		return WEFT_OUTER_FINE;
	inside = weft_ecn_of(inner);
	if (ecn == WEFT_ECN_ECT1)
		return inside == WEFT_ECN_ECT0 ? WEFT_OUTER_SET_ECT1 : WEFT_OUTER_FINE;
	if (inside == WEFT_ECN_NONE)
		return WEFT_OUTER_CE_DROP;
	return inside == WEFT_ECN_CE ? WEFT_OUTER_FINE : WEFT_OUTER_SET_CE;
}

static enum weft_outer_note
outer_read_shim(struct outer_cursor *cursor, const struct weft_segment_ops *ops)
{
	uint32_t readable = RTE_MIN(cursor->end, cursor->length);
	const uint8_t *shim = cursor->frame + cursor->at;
	int bytes = ops->get(shim, readable - cursor->at, &cursor->segment);

	cursor->via = (uint8_t)ops->type;
	switch (bytes) {
	case WEFT_SHIM_SHORT:
		return WEFT_OUTER_LENGTH;
	case WEFT_SHIM_HEADER:
		return WEFT_OUTER_SHIM;
	case WEFT_SHIM_OPTION:
		return WEFT_OUTER_OPTION;
	case WEFT_SHIM_PAYLOAD:
		return WEFT_OUTER_PAYLOAD;
	}
	cursor->at += (uint32_t)bytes;
	if (cursor->at + sizeof(struct rte_ether_hdr) > cursor->end)
		return WEFT_OUTER_RUNT;
	if (cursor->at + sizeof(struct rte_ether_hdr) > cursor->length)
		return WEFT_OUTER_LENGTH;
	cursor->inner = (uint16_t)cursor->at;
	return outer_judge_ecn(shim + bytes, readable - cursor->at, cursor->ecn);
}

/* In words of 8 bytes, as it will be hashed and compared: a load of more bytes than were stored at
 * once waits until they have reached the cache. */
static inline void
outer_store(const struct outer_cursor *cursor, uint8_t family, enum weft_outer_note note,
	    struct weft_outer *outer)
{
	uint64_t rest = cursor->segment | (uint64_t)cursor->inner << 32 |
			(uint64_t)cursor->via << 48 | (uint64_t)note << 56;
	uint64_t low = 0, high = 0;

	if (likely(family == AF_INET && cursor->src != NULL)) {
		uint32_t src;

		memcpy(&src, cursor->src, sizeof(src));
		low = src;
	} else if (cursor->src != NULL) {
		memcpy(&low, cursor->src, sizeof(low));
		memcpy(&high, cursor->src + 8, sizeof(high));
	}
	memcpy(outer->src, &low, sizeof(low));
	memcpy(outer->src + 8, &high, sizeof(high));
	memcpy(&outer->segment, &rest, sizeof(rest));
}

bool
weft_outer_parse(struct weft_outer *outer, const uint8_t *frame, uint32_t length,
		 uint32_t wire_length, uint32_t l3, const struct weft_terminator *terminator,
		 uint32_t *excess)
{
	struct outer_cursor cursor = { .frame = frame, .length = length, .at = l3 };
	const struct weft_segment_ops *ops;
	enum weft_outer_note note;
	bool is_tunnel = true;
	uint16_t type;

	memcpy(&type, frame + l3 - 2, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4) && terminator->family == AF_INET)
		note = outer_read_ip4(&cursor, wire_length, terminator);
	else if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && terminator->family == AF_INET6)
		note = outer_read_ip6(&cursor, wire_length, terminator);
	else
		return false;
	if (note == WEFT_OUTER_FINE) {
		ops = outer_find_format(&cursor, terminator, &note);
		is_tunnel = ops != NULL || note != WEFT_OUTER_FINE;
		if (ops != NULL && note == WEFT_OUTER_FINE)
			note = outer_read_shim(&cursor, ops);
	}
	*excess = cursor.inner == 0 ? 0 : wire_length - cursor.end;
	outer_store(&cursor, terminator->family, note, outer);
	return is_tunnel;
}
