/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that are left unfinished: what they are made of, the buffers that they are in, and a slow
 * hand that adds up their checksums.
 */
#ifndef TEST_UNIT_FLOW_FINISH_HELPER_H
#define TEST_UNIT_FLOW_FINISH_HELPER_H

#include "eal_helper.h"

#include <netinet/in.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dice_helper.h"
#include "flow/finish.h"
#include "port/buffers.h"

#define FLOW_FINISH_BUFFERS 511
#define FLOW_FINISH_MOST 65535

enum {
	FLOW_FINISH_FIN = 0x01,
	FLOW_FINISH_SYN = 0x02,
	FLOW_FINISH_PSH = 0x08,
	FLOW_FINISH_CWR = 0x80
};

static struct dice flow_finish_dice = { 4711 };
static uint8_t flow_finish_frame[FLOW_FINISH_MOST + 18];

/* What a frame is made of. */
struct flow_finish_packet {
	bool is_ip4, is_udp, has_tag;
	uint32_t options; /* bytes of IPv4's or TCP's */
	uint32_t load;
	uint32_t behind; /* bytes of the frame that are no part of the packet */
	uint8_t flags; /* of TCP */
};

static inline int
flow_finish_start(void **state)
{
	if (eal_helper_start(state) != 0)
		return -1;
	weft_buffers = rte_pktmbuf_pool_create("finish", FLOW_FINISH_BUFFERS, 0, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return weft_buffers == NULL ? -1 : 0;
}

/* ---- the slow hand ---- */

static inline uint32_t
flow_finish_add(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void
flow_finish_put(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint32_t
flow_finish_get(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t
flow_finish_l3(const struct flow_finish_packet *packet)
{
	return packet->is_ip4 ? 20 + packet->options : 40;
}

static inline uint32_t
flow_finish_l4(const struct flow_finish_packet *packet)
{
	return packet->is_udp ? 8 : 20 + packet->options;
}

static inline uint32_t
flow_finish_l2(const struct flow_finish_packet *packet)
{
	return packet->has_tag ? 18 : 14;
}

static inline uint32_t
flow_finish_headers(const struct flow_finish_packet *packet)
{
	return flow_finish_l2(packet) + flow_finish_l3(packet) + flow_finish_l4(packet);
}

/* Sum of the pseudo header. */
static inline uint32_t
flow_finish_pseudo(const struct flow_finish_packet *packet, const uint8_t *ip, uint32_t length)
{
	uint32_t sum =
		flow_finish_add(0, packet->is_ip4 ? ip + 12 : ip + 8, packet->is_ip4 ? 8 : 32);

	return flow_finish_add(sum + (packet->is_udp ? 17 : 6) + length, NULL, 0);
}

/* Does the frame end with a transport header, and what follows, whose checksum is right? */
static inline bool
flow_finish_is_right(const struct flow_finish_packet *packet, const uint8_t *frame, uint32_t length)
{
	const uint8_t *ip = frame + flow_finish_l2(packet), *l4 = ip + flow_finish_l3(packet);
	uint32_t rest = length - (uint32_t)(l4 - frame);

	return flow_finish_add(flow_finish_pseudo(packet, ip, rest), l4, rest) == 0xffff;
}

static inline uint32_t
flow_finish_write(const struct flow_finish_packet *packet)
{
	uint8_t *frame = flow_finish_frame, *ip = frame + flow_finish_l2(packet), *l4;
	uint32_t l4_length = flow_finish_l4(packet) + packet->load, l3 = flow_finish_l3(packet);

	dice_fill(&flow_finish_dice, frame, sizeof(flow_finish_frame));
	if (packet->has_tag)
		flow_finish_put(frame + 12, 0x8100);
	flow_finish_put(ip - 2, packet->is_ip4 ? 0x0800 : 0x86dd);
	if (packet->is_ip4) {
		ip[0] = (uint8_t)(0x40 | l3 / 4);
		flow_finish_put(ip + 2, l3 + l4_length);
		flow_finish_put(ip + 6, 0);
		ip[9] = packet->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
	} else {
		ip[0] = 0x60;
		flow_finish_put(ip + 4, l4_length);
		ip[6] = packet->is_udp ? IPPROTO_UDP : IPPROTO_TCP;
	}
	l4 = ip + l3;
	if (packet->is_udp) {
		flow_finish_put(l4 + 4, l4_length);
	} else {
		l4[12] = (uint8_t)(flow_finish_l4(packet) / 4 << 4);
		l4[13] = packet->flags;
	}
	return flow_finish_l2(packet) + l3 + l4_length + packet->behind;
}

/* The frame in buffers that end wherever the dice want; the first one holds the headers. */
static inline struct rte_mbuf *
flow_finish_chain(uint32_t length, uint32_t first, uint32_t size)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(weft_buffers), *part = packet;
	uint32_t done = 0;

	for (;;) {
		uint32_t room = done == 0 ? first : 1 + dice_below(&flow_finish_dice, 2000);
		uint32_t n = RTE_MIN(length - done, room);

		assert_non_null(part);
		memcpy(rte_pktmbuf_append(part, (uint16_t)n), flow_finish_frame + done, n);
		done += n;
		if (part != packet)
			assert_int_equal(rte_pktmbuf_chain(packet, part), 0);
		if (done == length)
			break;
		part = rte_pktmbuf_alloc(weft_buffers);
	}
	packet->ol_flags |= WEFT_PACKET_NO_SUM | (size == 0 ? 0 : WEFT_PACKET_BIG);
	packet->tso_segsz = (uint16_t)size;
	packet->port = 7;
	return packet;
}

static inline void
flow_finish_flatten(const struct rte_mbuf *packet, uint8_t *frame)
{
	uint32_t at = 0;

	for (const struct rte_mbuf *part = packet; part != NULL; part = part->next) {
		memcpy(frame + at, rte_pktmbuf_mtod(part, const void *), part->data_len);
		at += part->data_len;
	}
	assert_int_equal(at, packet->pkt_len);
}

static inline struct flow_finish_packet
flow_finish_draw(uint32_t most)
{
	struct dice *dice = &flow_finish_dice;

	return (struct flow_finish_packet){
		.is_ip4 = dice_once_in(dice, 2),
		.is_udp = dice_once_in(dice, 2),
		.has_tag = dice_once_in(dice, 3),
		.options = dice_below(dice, 11) * 4,
		.load = 1 + dice_below(dice, most),
		.behind = dice_once_in(dice, 3) ? dice_below(dice, 40) : 0,
		.flags = (uint8_t)(dice_roll(dice) & ~6u),
	};
}

#endif
