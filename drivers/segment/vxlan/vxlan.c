/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vxlan: frames travel in UDP, the segment is the VNI (RFC 7348 section 5).
 *
 * The header is a byte of flags, three reserved bytes, three bytes of VNI, and one more reserved
 * byte. Of the flags only I means anything; what is reserved is sent as zero and ignored on
 * receipt.
 */
#include <netinet/in.h>
#include <string.h>

#include "network/network.h"

#define VXLAN_BYTES 8
#define VXLAN_HAS_VNI 0x08 /* the I flag, in the first byte */

static void
vxlan_put(uint32_t segment, uint8_t *shim)
{
	rte_be32_t vni = rte_cpu_to_be_32(segment << 8);

	memset(shim, 0, VXLAN_BYTES);
	shim[0] = VXLAN_HAS_VNI;
	memcpy(shim + 4, &vni, sizeof(vni));
}

static int
vxlan_get(const uint8_t *shim, uint32_t length, uint32_t *segment)
{
	rte_be32_t vni;

	if (length < VXLAN_BYTES)
		return WEFT_SHIM_SHORT;
	if ((shim[0] & VXLAN_HAS_VNI) == 0)
		return WEFT_SHIM_HEADER;
	memcpy(&vni, shim + 4, sizeof(vni));
	*segment = rte_be_to_cpu_32(vni) >> 8;
	return VXLAN_BYTES;
}

static const struct weft_segment_ops vxlan_segment_ops = {
	.name = "vxlan",
	.type = WEFT_NETWORK_VXLAN,
	.protocol = IPPROTO_UDP,
	.shim_length = VXLAN_BYTES,
	.put = vxlan_put,
	.get = vxlan_get,
};

WEFT_SEGMENT_DRIVER(vxlan_segment_ops)
