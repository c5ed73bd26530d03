/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gre: frames travel in GRE right behind the IP header (RFC 2784), the segment is the key
 * (RFC 2890 section 2.1).
 *
 * Fields stand in the order checksum, key, sequence number, each only if its flag is set. We send
 * the key alone. A checksum that somebody else sends is not verified: what is inside has its own.
 * Nor is a sequence number looked at: an Ethernet may lose and reorder frames.
 *
 * Nothing in the outer header tells flows apart, so between two endpoints all GRE is one flow to
 * the network underneath and takes one of its paths.
 */
#include <netinet/in.h>
#include <string.h>

#include "network/network.h"

#define GRE_BYTES 8 /* flags, protocol, key */
#define GRE_ETHERNET 0x6558 /* protocol type: Transparent Ethernet Bridging */

/* Bit 0 of the RFCs is the most significant one. */
#define GRE_HAS_CHECKSUM 0x8000
#define GRE_HAS_KEY 0x2000
#define GRE_HAS_SEQUENCE 0x1000
/* Bits 1, 4 and 5 belong to RFC 1701, among them routing: who does not do that discards them
 * (RFC 2784 section 2.3). Bits 6 to 12 are ignored, the version is zero (section 2.3.1). */
#define GRE_REFUSED 0x4c07

static uint16_t
gre_read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void
gre_put(uint32_t segment, uint8_t *shim)
{
	rte_be16_t head[] = { rte_cpu_to_be_16(GRE_HAS_KEY), rte_cpu_to_be_16(GRE_ETHERNET) };
	rte_be32_t key = rte_cpu_to_be_32(segment);

	memcpy(shim, head, sizeof(head));
	memcpy(shim + sizeof(head), &key, sizeof(key));
}

static int
gre_get(const uint8_t *shim, uint32_t length, uint32_t *segment)
{
	uint32_t key_at = 4, end;
	uint16_t flags;
	rte_be32_t key;

	if (length < 4)
		return WEFT_SHIM_SHORT;
	flags = gre_read16(shim);
	if ((flags & GRE_REFUSED) != 0 || (flags & GRE_HAS_KEY) == 0)
		return WEFT_SHIM_HEADER;
	if (flags & GRE_HAS_CHECKSUM)
		key_at += 4; /* and Reserved1 (RFC 2784 section 2.6) */
	end = key_at + 4;
	if (flags & GRE_HAS_SEQUENCE)
		end += 4; /* RFC 2890 section 2.2 */
	if (length < end)
		return WEFT_SHIM_SHORT;
	if (gre_read16(shim + 2) != GRE_ETHERNET)
		return WEFT_SHIM_PAYLOAD;
	memcpy(&key, shim + key_at, sizeof(key));
	*segment = rte_be_to_cpu_32(key);
	return (int)end;
}

static const struct weft_segment_ops gre_segment_ops = {
	.name = "gre",
	.type = WEFT_NETWORK_GRE,
	.protocol = IPPROTO_GRE,
	.shim_length = GRE_BYTES,
	.put = gre_put,
	.get = gre_get,
};

WEFT_SEGMENT_DRIVER(gre_segment_ops)
