/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message: ARP (RFC 826) and Neighbor Discovery (RFC 4861) as one kind of message.
 *
 * Whoever resolves addresses, for himself or on behalf of others, thinks in two things: a message
 * asks for a target, and it tells that a sender is at a MAC. An ARP request does both, a reply or
 * an announcement only tells; a probe of who has no address yet only asks (RFC 5227, RFC 4862).
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_NEIGHBOUR_MESSAGE_H
#define WEFT_NEIGHBOUR_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "conf/conf.h"

#define WEFT_MESSAGE_MAX 96 /* bytes of a frame that is written here */

struct weft_message {
	bool asks; /* for `target` */
	bool tells; /* that `sender` is at `mac` */
	bool confirms; /* that `sender` is where it was: no MAC is told */
	bool overrides; /* whatever was said before; RFC 4861 section 7.2.5, always so for ARP */
	struct weft_ip target, sender;
	struct rte_ether_addr mac;
};

/** Reads what stands behind the EtherType.
 *  @return false if it is no ARP or ND message, or is not as the RFCs demand (checksum and hop
 *  limit of ND among it) */
bool weft_message_read(struct weft_message *message, rte_be16_t ether_type, const uint8_t *l3,
		       uint32_t length);

/** Who speaks on a link. */
struct weft_speaker {
	struct rte_ether_addr mac;
	uint16_t tag; /* as in wire/ether.h */
	struct weft_ip ip;
	bool is_router; /* RFC 4861 section 4.4, flag R */
};

/** Writes a question for an address: to @p to, or to everybody (or the group of the address) if it
 *  is NULL. @return bytes of the frame */
uint32_t weft_message_ask(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker,
			  const struct weft_ip *target, const struct rte_ether_addr *to);

/** Writes the answer of @p speaker to who asked for him. @param asker  NULL: has no address (DAD);
 *  @return bytes of the frame */
uint32_t weft_message_answer(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker,
			     const struct weft_ip *asker, const struct rte_ether_addr *to);

/** Writes what a speaker says unasked, to everybody: gratuitous ARP (RFC 5227 section 3) or an
 *  unsolicited advertisement (RFC 4861 section 7.2.6). @return bytes of the frame */
uint32_t weft_message_announce(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker);

#endif
