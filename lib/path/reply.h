/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply: a packet that the switch itself sends because of one that it walked.
 *
 * A walk has no buffers, so it describes the reply: a head, what follows it of the snapshot, and
 * which part of the packet. The worker makes it. A trace only says it.
 *
 * Threads: pure functions.
 */
#ifndef WEFT_PATH_REPLY_H
#define WEFT_PATH_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/key.h"
#include "flow/encap.h"
#include "neighbour/message.h"

#define WEFT_REPLY_HEAD 128

struct weft_reply {
	bool is_there;
	bool is_error; /* an ICMP error: there are only so many per second */
	uint16_t port; /* where it goes out */
	rte_be16_t source_port; /* of outer UDP */
	struct weft_encap *encap; /* NULL: through no tunnel */
	uint16_t head_length;
	const uint8_t *tail; /* bytes of the snapshot that follow the head */
	uint16_t tail_length;
	uint32_t quote_from, quote_length; /* bytes of the packet that follow both */
	uint16_t sum_at; /* where the checksum over what stands from sum_from on goes; 0: nowhere */
	uint16_t sum_from;
	uint16_t sum_start; /* what to begin with: the pseudo header; memory order */
	uint8_t head[WEFT_REPLY_HEAD] __rte_aligned(2);
};

/** The packet that a reply is about. */
struct weft_reply_to {
	const uint8_t *frame; /* with what stands before the Ethernet header */
	uint32_t wire_length;
	uint32_t l2, l3; /* offsets of its Ethernet and IP headers */
	uint16_t tag; /* that the reply shall have, as in wire/ether.h */
};

/** An echo request comes back (RFC 792, RFC 4443 section 4.2): @p icmp is its offset. */
void weft_reply_echo(struct weft_reply *reply, const struct weft_reply_to *to, uint32_t icmp,
		     uint8_t ttl);

/** An error of ICMP or ICMPv6. */
struct weft_reply_error {
	uint8_t type, code;
	uint32_t word; /* MTU, pointer, or 0 */
	struct weft_ip from;
	uint8_t ttl;
	uint8_t hops; /* that it has made before, of its TTL */
	uint32_t most; /* bytes that its IP packet may have at all */
};

/**
 * Something is wrong with a packet: it comes back to its sender, as much of it as fits (RFC 792,
 * RFC 1812 section 4.3.2.3, RFC 4443 section 3).
 */
void weft_reply_error(struct weft_reply *reply, const struct weft_reply_to *to,
		      const struct weft_reply_error *error);

#endif
