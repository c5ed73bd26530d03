/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geneve: frames travel in UDP, the segment is the VNI; options may follow (RFC 8926 section 3).
 *
 * The header is two bits of version, six of the options' length in words, the flags O and C, the
 * protocol, three bytes of VNI and one reserved byte. We send no options and understand none: they
 * are skipped, unless one says that it must be understood.
 */
#include <netinet/in.h>
#include <string.h>

#include "network/network.h"

#define GENEVE_BYTES 8 /* without options */
#define GENEVE_ETHERNET 0x6558 /* protocol type: Transparent Ethernet Bridging */
#define GENEVE_IS_CONTROL 0x80 /* the O bit, in the second byte: its payload is not a guest's */
#define GENEVE_IS_CRITICAL 0x40 /* the C bit: some option must be understood */
#define GENEVE_OPTION_BYTES 4 /* class, type, length; the data comes behind */
#define GENEVE_OPTION_IS_CRITICAL 0x80 /* in the type */

static void
geneve_put(uint32_t segment, uint8_t *shim)
{
	rte_be16_t protocol = rte_cpu_to_be_16(GENEVE_ETHERNET);
	rte_be32_t vni = rte_cpu_to_be_32(segment << 8);

	memset(shim, 0, GENEVE_BYTES);
	memcpy(shim + 2, &protocol, sizeof(protocol));
	memcpy(shim + 4, &vni, sizeof(vni));
}

/** Options that do not fill their space exactly make the packet invalid; one whose type has the
 *  critical bit is not for us, whatever the C bit says (RFC 8926 section 3.5). */
static int
geneve_check_options(const uint8_t *options, uint32_t length)
{
	uint32_t at = 0;

	while (at < length) {
		uint32_t bytes = GENEVE_OPTION_BYTES + (options[at + 3] & 0x1f) * 4;

		if (bytes > length - at)
			return WEFT_SHIM_HEADER;
		if (options[at + 2] & GENEVE_OPTION_IS_CRITICAL)
			return WEFT_SHIM_OPTION;
		at += bytes;
	}
	return 0;
}

/** RFC 8926 section 3.4: an unknown version is dropped, control packets are not forwarded, the C
 *  bit alone is a reason to drop for who understands no option. Reserved bits are ignored. */
static int
geneve_get(const uint8_t *shim, uint32_t length, uint32_t *segment)
{
	uint32_t options;
	rte_be32_t vni;
	int fault;

	if (length < GENEVE_BYTES)
		return WEFT_SHIM_SHORT;
	if (shim[0] >> 6 != 0 || (shim[1] & GENEVE_IS_CONTROL) != 0)
		return WEFT_SHIM_HEADER;
	options = (shim[0] & 0x3fu) * 4;
	if (length < GENEVE_BYTES + options)
		return WEFT_SHIM_SHORT;
	if (shim[1] & GENEVE_IS_CRITICAL)
		return WEFT_SHIM_OPTION;
	fault = geneve_check_options(shim + GENEVE_BYTES, options);
	if (fault != 0)
		return fault;
	if ((shim[2] << 8 | shim[3]) != GENEVE_ETHERNET)
		return WEFT_SHIM_PAYLOAD;
	memcpy(&vni, shim + 4, sizeof(vni));
	*segment = rte_be_to_cpu_32(vni) >> 8;
	return (int)(GENEVE_BYTES + options);
}

static const struct weft_segment_ops geneve_segment_ops = {
	.name = "geneve",
	.type = WEFT_NETWORK_GENEVE,
	.protocol = IPPROTO_UDP,
	.shim_length = GENEVE_BYTES,
	.put = geneve_put,
	.get = geneve_get,
};

WEFT_SEGMENT_DRIVER(geneve_segment_ops)
