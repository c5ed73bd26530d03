/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state: what a packet does to the word of a connection; for the files of this folder only.
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_CONNTRACK_STATE_H
#define WEFT_CONNTRACK_STATE_H

#include <netinet/in.h>

#include "conntrack/table.h"

/** What a packet is to TCP, as nf_conntrack sees it; or that it is not TCP. */
enum weft_conn_event {
	WEFT_CONN_EVENT_SYN,
	WEFT_CONN_EVENT_SYN_ACK,
	WEFT_CONN_EVENT_FIN,
	WEFT_CONN_EVENT_ACK,
	WEFT_CONN_EVENT_RST,
	WEFT_CONN_EVENTS,
	WEFT_CONN_EVENT_ILLEGAL = WEFT_CONN_EVENTS, /* flags that no TCP sends */
	WEFT_CONN_EVENT_OTHER, /* not TCP */
};

/** What comes of a packet that belongs to a connection. */
enum weft_conn_step {
	WEFT_CONN_STEP_ON, /* it is known; the word may be another one */
	WEFT_CONN_STEP_IGNORE, /* it is known, but keeps nothing young */
	WEFT_CONN_STEP_INVALID,
	WEFT_CONN_STEP_REOPEN, /* the connection is over, and this is a new one */
};

/** Of seconds, the most that a deadline can be away. */
#define WEFT_CONN_TIMEOUT_MAX_SEC 2000000u

static inline bool
weft_conn_tuple_is_icmp(const struct weft_tuple *tuple)
{
	return (tuple->protocol == IPPROTO_ICMP && tuple->family == AF_INET) ||
	       (tuple->protocol == IPPROTO_ICMPV6 && tuple->family == AF_INET6);
}

/** The type of the question that a packet of this type asks or answers, 0: neither. (0 is itself an
 *  answer, so it is free.) */
uint8_t weft_conn_icmp_question(uint8_t protocol, uint8_t type);

enum weft_conn_event weft_conn_event(const struct weft_conn_packet *packet);

/** The state of a connection that begins with this. @return false if none does */
bool weft_conn_first_state(const struct weft_tuple *tuple, enum weft_conn_event event,
			   enum weft_conn_state *state);

/** What a packet does to a connection. @param word  changed to what it is afterwards, if it is */
enum weft_conn_step weft_conn_step(uint64_t *word, enum weft_conn_event event,
				   enum weft_conn_direction direction);

/** How long a connection in this state may be silent. */
uint32_t weft_conn_timeout_ms(uint16_t zone, uint64_t word);

/** May a packet that could not be known until now be known, after a change between these? */
bool weft_conn_opens(uint64_t before, uint64_t after);

#endif
