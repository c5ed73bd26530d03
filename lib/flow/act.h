/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * act: does to a packet what an output says. The one place that writes to packets.
 *
 * Threads: the worker that holds the packet.
 */
#ifndef WEFT_FLOW_ACT_H
#define WEFT_FLOW_ACT_H

#include <string.h>

#include <rte_mbuf.h>

#include "flow/answer.h"

/** Replaces the front of the frame. The buffer has headroom for what is put in front (DPDK's
 *  RTE_PKTMBUF_HEADROOM on every buffer that a port received into). */
static __rte_always_inline void
weft_act_rewrite(struct rte_mbuf *packet, const struct weft_output *output)
{
	int grows = (int)output->head_length - (int)output->strip;
	char *head;

	if (output->head_length == 0)
		return;
	packet->data_off = (uint16_t)(packet->data_off - grows);
	packet->data_len = (uint16_t)(packet->data_len + grows);
	packet->pkt_len = (uint32_t)((int)packet->pkt_len + grows);
	head = rte_pktmbuf_mtod(packet, char *);
	memcpy(head, output->head, 12);
	if (output->head_length == 16)
		memcpy(head + 12, output->head + 12, 4);
}

#endif
