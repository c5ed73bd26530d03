/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * translate: gives a packet other addresses and ports, or identifiers. IPv4.
 *
 * Which packet becomes which is decided by a walk; here is what that is to the bytes. All packets
 * of a flow have the same addresses and ports, so what their checksums become is the same sum, made
 * once (RFC 1624): a wrong checksum stays wrong. A UDP checksum of zero is none, and stays so. Of
 * fragments only the first one has ports.
 *
 * An ICMP error quotes a packet, as it has left a router; inside it must be what the host has sent.
 * Errors are not remembered.
 *
 * Threads: the worker that holds the packet.
 */
#ifndef WEFT_FLOW_TRANSLATE_H
#define WEFT_FLOW_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "conntrack/conntrack.h"

/** What the packets of a flow become. */
struct weft_rewrite {
	rte_be32_t src, dst;
	rte_be16_t src_port, dst_port; /* of ICMP the first one is the identifier */
	uint16_t ip_delta, l4_delta; /* weft_sum_delta() of all that changes */
	uint8_t l3; /* offset of the IP header in the frame as it arrived */
	uint8_t sum_at; /* offset of the checksum in the transport header; 0: it has none */
	uint8_t ports_at; /* and of what follows */
	uint8_t ports_length; /* 4: both ports, 2: an identifier, 0: neither */
};

_Static_assert(sizeof(struct weft_rewrite) == 20, "fits into the rest of a flow");

/** A packet that becomes another. */
struct weft_translation_pair {
	struct weft_conn_packet was, is;
};

/** Does anything differ? */
bool weft_translation_changes(const struct weft_translation_pair *pair);

/** @param l3  offset of the IP header */
void weft_rewrite_make(struct weft_rewrite *rewrite, const struct weft_translation_pair *pair,
		       uint32_t l3);

/** "src 10.0.0.7:1234 -> 203.0.113.2:1234 dst ...": what becomes what, or "". */
void weft_translation_format(const struct weft_translation_pair *pair, char *text, size_t size);

/** The packet that another one becomes. */
void weft_rewrite_apply(const struct weft_rewrite *rewrite, struct weft_translation_pair *pair);

/** Does it. @return false: the packet ends inside its headers, and is as it was */
bool weft_act_translate(struct rte_mbuf *packet, const struct weft_rewrite *rewrite);

/** The same of an ICMP error, and of what it quotes. */
bool weft_act_translate_error(struct rte_mbuf *packet, const struct weft_rewrite *rewrite,
			      const struct weft_translation_pair *quoted);

#endif
