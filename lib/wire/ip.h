/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip: finds the transport header behind IPv4 and IPv6.
 *
 * Reads nothing beyond the given length and trusts no length field. What cannot be read is said,
 * never guessed: policy that looks at addresses must refuse such a packet, a bridge without policy
 * need not care.
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_WIRE_IP_H
#define WEFT_WIRE_IP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

/** Of fe80::/10 (RFC 4291 section 2.5.6)? */
static inline bool
weft_ip6_is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

/** The link-local address that is made from a MAC: fe80::/64 and EUI-64 (RFC 4291 appendix A). */
static inline void
weft_ip6_link_local(const struct rte_ether_addr *mac, uint8_t address[16])
{
	const uint8_t *b = mac->addr_bytes;
	/* clang-format off */
	const uint8_t own[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
				  b[0] ^ 2, b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5] };
	/* clang-format on */

	memcpy(address, own, sizeof(own));
}

/** What stands behind the IP header. */
struct weft_ip_info {
	uint8_t protocol; /* of the transport header: extension headers are skipped */
	bool is_fragment; /* any fragment of a larger datagram */
	bool is_later_fragment; /* not the first: has no transport header */
	uint16_t l4_offset; /* from the start of the IP header; valid unless is_later_fragment */
	uint16_t fragment_at; /* IPv6: offset of the fragment header; 0: there is none */
};

/** Reads an IPv4 header (RFC 791). @param ip first byte, @param length bytes that may be read.
 *  @return false if it is not a whole IPv4 header */
bool weft_ip4_parse(const uint8_t *ip, uint32_t length, struct weft_ip_info *info);

/** Reads an IPv6 header and its extension headers (RFC 8200 section 4), at most eight of them.
 *  @return false if a header is cut off or there are more */
bool weft_ip6_parse(const uint8_t *ip, uint32_t length, struct weft_ip_info *info);

/** The two 16-bit words that tell flows of a protocol apart: ports of TCP, UDP, SCTP, DCCP and
 *  UDP-Lite, type/code and identifier of ICMP echo; zero otherwise, or if they are cut off. Network
 *  order. */
void weft_l4_parse(const uint8_t *ip, uint32_t length, const struct weft_ip_info *info,
		   rte_be16_t *source, rte_be16_t *destination);

/** What becomes of a checksum when some of the words that it covers change (RFC 1624, equation 3).
 *  @param delta  weft_sum_delta() of them, or the folded sum of several; all as in memory */
static inline uint16_t
weft_sum_adjust(uint16_t sum, uint32_t delta)
{
	delta += (uint16_t)~sum;
	delta = (delta & 0xffff) + (delta >> 16);
	return (uint16_t) ~(delta + (delta >> 16));
}

/** What one word contributes, that was @p old and is @p new. */
static inline uint32_t
weft_sum_delta(uint16_t old, uint16_t new)
{
	return (uint32_t)(uint16_t)~old + new;
}

/** A sum of words that may have carried, in 16 bits. */
static inline uint16_t
weft_sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/** Takes hops off the TTL of an IPv4 header, whose checksum stays right, or off the hop limit of an
 *  IPv6 header. It is larger. */
static inline void
weft_ip_take_hops(uint8_t *ip, uint8_t hops)
{
	uint16_t old, new, sum;

	if (ip[0] >> 4 == 6) {
		ip[7] = (uint8_t)(ip[7] - hops);
		return;
	}
	memcpy(&old, ip + 8, sizeof(old));
	ip[8] = (uint8_t)(ip[8] - hops);
	memcpy(&new, ip + 8, sizeof(new));
	memcpy(&sum, ip + 10, sizeof(sum));
	sum = weft_sum_adjust(sum, weft_sum_delta(old, new));
	memcpy(ip + 10, &sum, sizeof(sum));
}

/** Bytes of a packet, as its IPv4 or IPv6 header says. */
static inline uint32_t
weft_ip_length(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? (uint32_t)(ip[2] << 8 | ip[3]) :
				 40u + (uint32_t)(ip[4] << 8 | ip[5]);
}

/** A part of a datagram. */
struct weft_fragment {
	uint32_t id; /* host order */
	uint16_t offset, length; /* bytes of the fragmentable part */
	bool has_more;
};

/**
 * Reads where a fragment belongs.
 *
 * @param length       bytes that may be read
 * @param wire_length  bytes of the whole packet, from its IP header on
 * @param info         as weft_ip4_parse() or weft_ip6_parse() filled it in, is_fragment among it
 * @return false if that cannot be: it is longer than the packet, empty, not a multiple of 8 bytes
 *         although more follow, or reaches beyond what a datagram can have (RFC 791 section 3.2,
 *         RFC 8200 section 4.5)
 */
bool weft_fragment_parse(const uint8_t *ip, uint32_t length, uint32_t wire_length,
			 const struct weft_ip_info *info, struct weft_fragment *fragment);

#endif
