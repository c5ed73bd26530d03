/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * outer: what stands in front of a frame that came through a tunnel.
 *
 * Read once on arrival, before the lookup: so the outer source, the segment and the inner headers
 * are one key, and termination is part of the one lookup. Everything about the outer headers that
 * can change the answer is in struct weft_outer, also what is wrong with them: the stage
 * `terminate` says it.
 *
 * Explicit congestion notification is settled here too (RFC 6040 section 4.2): what the inner
 * header must say after decapsulation depends on both headers and becomes part of the key, so it
 * costs the flows nothing that meet no congestion.
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_TUNNEL_OUTER_H
#define WEFT_TUNNEL_OUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "tunnel/endpoint.h"

/** ECN codepoints, RFC 3168 section 5. */
enum weft_ecn { WEFT_ECN_NONE, WEFT_ECN_ECT1, WEFT_ECN_ECT0, WEFT_ECN_CE };

enum weft_outer_note {
	WEFT_OUTER_FINE,
	WEFT_OUTER_SET_ECT1, /* the inner header must say so from now on */
	WEFT_OUTER_SET_CE,
	/* From here on: not to be decapsulated. */
	WEFT_OUTER_ADDRESS, /* our MAC, but not our address */
	WEFT_OUTER_OWN, /* from our own address */
	WEFT_OUTER_CHECKSUM, /* of the IPv4 header */
	WEFT_OUTER_FRAGMENT,
	WEFT_OUTER_LENGTH, /* lengths contradict each other, or the headers are too long */
	WEFT_OUTER_SHIM, /* enum weft_shim_fault, in the same order from here on */
	WEFT_OUTER_OPTION,
	WEFT_OUTER_PAYLOAD,
	WEFT_OUTER_RUNT, /* less than an Ethernet header inside */
	WEFT_OUTER_CE_DROP, /* RFC 6040: congested, and inside they could not know */
};

/** Part of a key: no padding, unused bytes zero. */
struct weft_outer {
	uint8_t src[16]; /* network order, IPv4 in the first four */
	uint32_t segment;
	uint16_t inner; /* offset of the inner frame */
	uint8_t via; /* enum weft_network_type */
	uint8_t note; /* enum weft_outer_note */
};

_Static_assert(sizeof(struct weft_outer) == 24, "compared as bytes");

/** Is a frame for the endpoint: its MAC, its VLAN? A tag of VID 0 is none.
 *  @param length  bytes that may be read
 *  @return the offset of what follows the Ethernet header, or 0 */
static inline uint32_t
weft_terminator_takes(const struct weft_terminator *terminator, const uint8_t *frame,
		      uint32_t length)
{
	uint16_t type, tci;

	if (length < 18 || memcmp(frame, &terminator->mac, sizeof(terminator->mac)) != 0)
		return 0;
	memcpy(&type, frame + 12, sizeof(type));
	if (type != RTE_BE16(RTE_ETHER_TYPE_VLAN))
		return terminator->tag == 0 ? 14 : 0;
	memcpy(&tci, frame + 14, sizeof(tci));
	return WEFT_TAG_VID(rte_be_to_cpu_16(tci)) == WEFT_TAG_VID(terminator->tag) ? 18 : 0;
}

/**
 * Reads the outer headers of a frame that the terminator takes.
 *
 * @param length       bytes that may be read
 * @param wire_length  bytes of the whole frame
 * @param l3           offset of what follows the Ethernet header
 * @param outer        is filled in completely, unless it is not even IP
 * @param excess       bytes behind the IP packet: padding, to be cut; as @p outer
 * @return false if it is no tunnel packet: something for the endpoint itself
 */
bool weft_outer_parse(struct weft_outer *outer, const uint8_t *frame, uint32_t length,
		      uint32_t wire_length, uint32_t l3, const struct weft_terminator *terminator,
		      uint32_t *excess);

/** The codepoint of a frame without a tag; WEFT_ECN_NONE if it is no IP. At least 16 bytes must be
 *  readable, or the whole frame. */
static inline enum weft_ecn
weft_ecn_of(const uint8_t *frame)
{
	uint16_t type;

	memcpy(&type, frame + 12, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return (enum weft_ecn)(frame[15] & 3);
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return (enum weft_ecn)(frame[15] >> 4 & 3);
	return WEFT_ECN_NONE;
}

#endif
