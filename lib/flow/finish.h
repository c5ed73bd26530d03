/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * finish: what a guest has left to its network card, and so to us.
 *
 * A packet between two guests of one host meets no wire: nobody needs its checksum, nor frames of
 * 1,500 bytes. So guests leave both undone, and the packet says so (WEFT_PACKET_NO_SUM and
 * WEFT_PACKET_BIG, port/port.h). It stays like that all its way through the switch; only where it
 * leaves is it finished, if who takes it cannot do that himself. Before that nothing is: addresses
 * and ports may be translated meanwhile, and whatever stands in the field of the checksum is no
 * matter, since the sum is made anew from the headers as they are then. (Behind extension headers
 * of IPv6, where the final destination may be another than the header's, it is what the guest has
 * put there, which nobody translates.)
 *
 * A big frame is cut before anything is put in front of it, so that each piece leaves as a packet
 * of its own: the same headers, but for lengths, the identifier of IPv4, sequence numbers, FIN and
 * PSH on the last piece only and CWR on the first only (RFC 3168 section 6.1.2); a datagram of UDP
 * becomes fragments. Pieces are copies, since their checksums read all of it anyway: so they are
 * one buffer each and do not share memory with anybody.
 *
 * Nothing that the guest has said of its packet is believed; it is read from the packet.
 *
 * Threads: the worker that holds the packet.
 */
#ifndef WEFT_FLOW_FINISH_H
#define WEFT_FLOW_FINISH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "port/port.h"

/* Of the longest packet, at the smallest segments that Linux makes: 65,535 / 48. */
#define WEFT_PIECES_MAX 1366

/** What an unfinished packet is. */
struct weft_unfinished {
	uint16_t l2, l3, l4; /* bytes of its headers */
	uint16_t size; /* bytes that each piece but the last has behind them; 0: it fits */
	uint16_t base; /* sum of the pseudo header but for the length, in memory order */
	uint32_t end; /* where the packet ends in its frame */
	uint32_t n; /* pieces */
	uint32_t needs; /* WEFT_OFFLOAD_...: whoever has them can take it as it is */
	bool is_ip4;
	bool is_udp;
};

/** Reads what is to be done with an unfinished packet. @return false: nobody could */
bool weft_unfinished_read(const struct rte_mbuf *packet, struct weft_unfinished *is);

/** Bytes of the longest frame that a packet will be, when it is finished. */
uint32_t weft_finished_length(const struct rte_mbuf *packet);

/** Fills in the checksum. It is not to be cut. */
void weft_finish_sum(struct rte_mbuf *packet, const struct weft_unfinished *is);

/** Gets it ready for a driver that takes it unfinished, in DPDK's words (RTE_MBUF_F_TX_...).
 *  @param grows  bytes that its Ethernet header has become longer since it was read
 *  @return the packet, or NULL if no buffer was free: then it is still the caller's, unfinished */
struct rte_mbuf *weft_finish_not(struct rte_mbuf *packet, const struct weft_unfinished *is,
				 int grows);

/** Where a frame is being cut. */
struct weft_cut {
	const struct weft_unfinished *is;
	const struct rte_mbuf *packet, *part;
	uint32_t at; /* in the part */
	uint32_t done; /* bytes behind the headers that have been copied */
	uint32_t datagram; /* identifier of the fragments of IPv6 */
};

/** Begins to cut a packet of several pieces. */
void weft_cut_begin(struct weft_cut *cut, struct rte_mbuf *packet,
		    const struct weft_unfinished *is);

/** The next piece, complete and finished; is->n of them. NULL: no buffer is free, and no more
 *  follow. */
struct rte_mbuf *weft_cut_next(struct weft_cut *cut);

#endif
