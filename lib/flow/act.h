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
#include "flow/encap.h"
#include "tunnel/outer.h"
#include "wire/ip.h"

/** Writes a codepoint into the IP header at @p l3, whose checksum stays right. */
void weft_act_set_ecn(struct rte_mbuf *packet, uint32_t l3, enum weft_ecn ecn);

/** Adds so many bytes behind @p offset, as words in memory order (RFC 1071 section 2).
 *  @return a sum that is not folded */
uint32_t weft_act_add(const struct rte_mbuf *packet, uint32_t offset, uint32_t length);

/** Fills in the checksum of the outer UDP header (on IPv6). */
void weft_act_sum_udp(struct rte_mbuf *packet, const struct weft_encap_head *head);

/* The length and the codepoint make a difference to the sum of an IPv4 header. Words are added as
 * they stand in memory (RFC 1071 section 2). */
static __rte_always_inline void
weft_act_fill_ip4(uint8_t *ip, uint32_t length, enum weft_ecn ecn,
		  const struct weft_encap_head *head)
{
	uint16_t total = rte_cpu_to_be_16((uint16_t)length), check;
	uint32_t sum = (uint32_t)head->ip_sum + total + rte_cpu_to_be_16((uint16_t)ecn);

	sum = (sum & 0xffff) + (sum >> 16);
	check = (uint16_t) ~(sum + (sum >> 16));
	ip[1] |= (uint8_t)ecn;
	memcpy(ip + 2, &total, sizeof(total));
	memcpy(ip + 10, &check, sizeof(check));
}

static __rte_always_inline void
weft_act_fill_ip6(uint8_t *ip, uint32_t length, enum weft_ecn ecn)
{
	uint16_t payload = rte_cpu_to_be_16((uint16_t)(length - 40));

	ip[1] |= (uint8_t)(ecn << 4);
	memcpy(ip + 4, &payload, sizeof(payload));
}

/** Puts a frame into a tunnel. The buffer has headroom for WEFT_ENCAP_MAX bytes. */
static __rte_always_inline void
weft_act_encap(struct rte_mbuf *packet, const struct weft_encap_head *head, rte_be16_t source_port)
{
	char *frame = rte_pktmbuf_mtod(packet, char *);
	enum weft_ecn ecn = weft_ecn_of((const uint8_t *)frame);
	uint8_t *outer;

	memcpy(frame - 64, head->bytes + WEFT_ENCAP_MAX - 64, 64);
	if (head->length > 64)
		memcpy(frame - 80, head->bytes, 16);
	packet->data_off = (uint16_t)(packet->data_off - head->length);
	packet->data_len = (uint16_t)(packet->data_len + head->length);
	packet->pkt_len += head->length;
	outer = rte_pktmbuf_mtod(packet, uint8_t *);
	if (likely(!head->is_ip6))
		weft_act_fill_ip4(outer + head->ip_at, packet->pkt_len - head->ip_at, ecn, head);
	else
		weft_act_fill_ip6(outer + head->ip_at, packet->pkt_len - head->ip_at, ecn);
	if (likely(head->udp_at != 0)) {
		uint16_t length = rte_cpu_to_be_16((uint16_t)(packet->pkt_len - head->udp_at));

		memcpy(outer + head->udp_at, &source_port, sizeof(source_port));
		memcpy(outer + head->udp_at + 4, &length, sizeof(length));
		if (unlikely(head->has_checksum))
			weft_act_sum_udp(packet, head);
	}
}

/** Replaces the front of the frame. The buffer has headroom for what is put in front (DPDK's
 *  RTE_PKTMBUF_HEADROOM on every buffer that a port received into). */
static __rte_always_inline void
weft_act_rewrite(struct rte_mbuf *packet, const struct weft_output *output)
{
	int grows = (int)output->head_length - (int)output->strip;
	char *head;

	if (grows == 0 && output->head_length == 0)
		return;
	packet->data_off = (uint16_t)(packet->data_off - grows);
	packet->data_len = (uint16_t)(packet->data_len + grows);
	packet->pkt_len = (uint32_t)((int)packet->pkt_len + grows);
	if (output->head_length == 0)
		return;
	head = rte_pktmbuf_mtod(packet, char *);
	memcpy(head, output->head, 12);
	if (output->head_length == 16)
		memcpy(head + 12, output->head + 12, 4);
}

/** What the flags say, behind weft_act_rewrite(). */
static __rte_always_inline void
weft_act_flags(struct rte_mbuf *packet, const struct weft_output *output)
{
	uint32_t l3 =
		output->head_length == 0 ? sizeof(struct rte_ether_hdr) : output->head_length + 2u;

	if (unlikely(output->flags & WEFT_OUTPUT_ECN))
		weft_act_set_ecn(packet, l3, (enum weft_ecn)(output->flags & WEFT_OUTPUT_ECN));
	if (output->flags & WEFT_OUTPUT_HOPS)
		weft_ip_take_hops(rte_pktmbuf_mtod_offset(packet, uint8_t *, l3),
				  (output->flags & WEFT_OUTPUT_HOPS) >> WEFT_OUTPUT_HOPS_SHIFT);
	if (output->flags & WEFT_OUTPUT_ENCAP)
		weft_act_encap(packet, &output->encap->head, output->source_port);
}

/** All of it. */
static __rte_always_inline void
weft_act(struct rte_mbuf *packet, const struct weft_output *output)
{
	weft_act_rewrite(packet, output);
	if (unlikely(output->flags != 0))
		weft_act_flags(packet, output);
}

#endif
