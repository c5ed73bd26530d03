/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply: a packet that the switch itself sends because of one that it walked.
 *
 * A walk has no buffers, so it describes the reply: a head, and which part of the packet follows
 * it. The worker makes it. A trace only says it.
 *
 * Threads: pure functions.
 */
#ifndef WEFT_PATH_REPLY_H
#define WEFT_PATH_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/key.h"
#include "neighbour/message.h"

#define WEFT_REPLY_HEAD 128

struct weft_reply {
	bool is_there;
	bool is_error; /* an ICMP error: there are only so many per second */
	uint16_t port; /* where it goes out */
	uint16_t head_length;
	uint32_t quote_from, quote_length; /* bytes of the packet that follow the head */
	uint16_t sum_at; /* where the checksum over what stands from sum_from on goes; 0: nowhere */
	uint16_t sum_from;
	uint16_t sum_start; /* what to begin with: the pseudo header; memory order */
	uint8_t head[WEFT_REPLY_HEAD] __rte_aligned(2);
};

/** An echo request comes back (RFC 792, RFC 4443 section 4.2): @p icmp is its offset. */
void weft_reply_echo(struct weft_reply *reply, const uint8_t *frame, uint32_t wire_length,
		     uint32_t l3, uint32_t icmp, uint8_t ttl);

/**
 * A frame is too large: ICMP fragmentation needed (RFC 1191 section 4) or ICMPv6 packet too big
 * (RFC 4443 section 3.2), to who sent it, as if from who should have received it.
 *
 * @param l3    offset of its IP header
 * @param mtu   bytes that an IP packet may have
 * @param from  source address of the error
 */
void weft_reply_too_big(struct weft_reply *reply, const uint8_t *frame, uint32_t wire_length,
			uint32_t l3, uint32_t mtu, const struct weft_ip *from);

#endif
