/* SPDX-License-Identifier: BSD-3-Clause */
/* vlan: the network's frames carry an IEEE 802.1Q tag on the wire, its VID is the segment. */
#include "network/network.h"

static uint16_t
vlan_vid(const struct weft_network *network)
{
	return (uint16_t)network->segment;
}

static void
vlan_push(const struct weft_network *network, struct weft_ether_head *leaving)
{
	leaving->tag = WEFT_TAG | (uint16_t)network->segment;
}

static const struct weft_segment_ops vlan_segment_ops = {
	.name = "vlan",
	.type = WEFT_NETWORK_VLAN,
	.vid = vlan_vid,
	.push = vlan_push,
};

WEFT_SEGMENT_DRIVER(vlan_segment_ops)
