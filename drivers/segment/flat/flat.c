/* SPDX-License-Identifier: BSD-3-Clause */
/* flat: the network has the wire's untagged frames for itself. */
#include "network/network.h"

static uint16_t
flat_vid(const struct weft_network *network)
{
	(void)network;
	return 0;
}

static void
flat_push(const struct weft_network *network, struct weft_ether_head *leaving)
{
	(void)network;
	leaving->tag = 0;
}

static const struct weft_segment_ops flat_segment_ops = {
	.name = "flat",
	.type = WEFT_NETWORK_FLAT,
	.vid = flat_vid,
	.push = flat_push,
};

WEFT_SEGMENT_DRIVER(flat_segment_ops)
