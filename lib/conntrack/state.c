/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/state.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <rte_tcp.h>

/* A connection that was picked up in the middle, with nothing heard from the other side. */
#define STATE_UNACKNOWLEDGED_MS 300000
#define STATE_CUT_MS                                                                               \
	300000 /* longer than TCP waits between two attempts (RFC 6298: 120 s at most) */

#define STATE_TCP_STATES (WEFT_CONN_SYN_SENT2 + 1)

/*
 * What a packet makes of a TCP connection. This is nf_conntrack's table but for these:
 *
 *  - Which side has closed first is remembered, so what it sends itself does not count as the
 *    answer to its FIN: what is marked OTHER is entered by packets of the other side only, FIRST by
 *    those of the side that has closed first; the others stay where they are.
 *  - A SYN may begin anew also in LAST_ACK, since the last ACK may have come by a flow and be
 *    understood later; and one from the other side also in CLOSE.
 *
 * IGNORE lets a packet through without believing it: e.g. a SYN in the middle of a connection,
 * which the receiver answers with an ACK if it knows better (RFC 9293 section 3.10.7.4).
 */
enum {
	STAY = 0x10, /* above all states */
	IGNORE,
	INVALID,
	REOPEN,
	OTHER = 0x20,
	FIRST = 0x40,
};

#define S2 WEFT_CONN_SYN_SENT2
#define SR WEFT_CONN_SYN_RECV
#define ES WEFT_CONN_ESTABLISHED
#define FW WEFT_CONN_FIN_WAIT
#define CW (WEFT_CONN_CLOSE_WAIT | OTHER)
#define LA (WEFT_CONN_LAST_ACK | OTHER)
#define TW (WEFT_CONN_TIME_WAIT | FIRST)
#define CL WEFT_CONN_CLOSE

/* clang-format off */
static const uint8_t state_table[2][STATE_TCP_STATES][WEFT_CONN_EVENTS] = {
	[WEFT_CONN_ORIGINAL] = {
		/*                         SYN      SYN|ACK  FIN      ACK      RST */
		[WEFT_CONN_SYN_SENT]    = { STAY,    INVALID, INVALID, INVALID, CL },
		[WEFT_CONN_SYN_SENT2]   = { STAY,    SR,      INVALID, INVALID, CL },
		[WEFT_CONN_SYN_RECV]    = { IGNORE,  STAY,    FW,      ES,      CL },
		[WEFT_CONN_ESTABLISHED] = { IGNORE,  INVALID, FW,      STAY,    CL },
		[WEFT_CONN_FIN_WAIT]    = { IGNORE,  INVALID, LA,      CW,      CL },
		[WEFT_CONN_CLOSE_WAIT]  = { IGNORE,  INVALID, LA,      STAY,    CL },
		[WEFT_CONN_LAST_ACK]    = { REOPEN,  INVALID, STAY,    TW,      CL },
		[WEFT_CONN_TIME_WAIT]   = { REOPEN,  INVALID, STAY,    STAY,    CL },
		[WEFT_CONN_CLOSE]       = { REOPEN,  INVALID, STAY,    STAY,    STAY },
	},
	[WEFT_CONN_REPLY] = {
		/*                         SYN      SYN|ACK  FIN      ACK      RST */
		[WEFT_CONN_SYN_SENT]    = { S2,      SR,      INVALID, IGNORE,  CL },
		[WEFT_CONN_SYN_SENT2]   = { STAY,    SR,      INVALID, IGNORE,  CL },
		[WEFT_CONN_SYN_RECV]    = { INVALID, IGNORE,  FW,      STAY,    CL },
		[WEFT_CONN_ESTABLISHED] = { INVALID, IGNORE,  FW,      STAY,    CL },
		[WEFT_CONN_FIN_WAIT]    = { INVALID, IGNORE,  LA,      CW,      CL },
		[WEFT_CONN_CLOSE_WAIT]  = { INVALID, IGNORE,  LA,      STAY,    CL },
		[WEFT_CONN_LAST_ACK]    = { INVALID, IGNORE,  STAY,    TW,      CL },
		[WEFT_CONN_TIME_WAIT]   = { REOPEN,  IGNORE,  STAY,    STAY,    CL },
		[WEFT_CONN_CLOSE]       = { REOPEN,  IGNORE,  STAY,    STAY,    STAY },
	},
};
/* clang-format on */

const char *
weft_conn_state_name(enum weft_conn_state state)
{
	static const char *const names[WEFT_CONN_STATES] = {
		[WEFT_CONN_SYN_SENT] = "SYN_SENT",	 [WEFT_CONN_SYN_RECV] = "SYN_RECV",
		[WEFT_CONN_ESTABLISHED] = "ESTABLISHED", [WEFT_CONN_FIN_WAIT] = "FIN_WAIT",
		[WEFT_CONN_CLOSE_WAIT] = "CLOSE_WAIT",	 [WEFT_CONN_LAST_ACK] = "LAST_ACK",
		[WEFT_CONN_TIME_WAIT] = "TIME_WAIT",	 [WEFT_CONN_CLOSE] = "CLOSE",
		[WEFT_CONN_SYN_SENT2] = "SYN_SENT2",	 [WEFT_CONN_UDP] = "UDP",
		[WEFT_CONN_UDP_STREAM] = "UDP_STREAM",	 [WEFT_CONN_ICMP] = "ICMP",
		[WEFT_CONN_ICMPV6] = "ICMPV6",		 [WEFT_CONN_GENERIC] = "GENERIC",
	};

	return state < WEFT_CONN_STATES ? names[state] : "?";
}

uint8_t
weft_conn_icmp_question(uint8_t protocol, uint8_t type)
{
	static const struct {
		uint8_t protocol, question, answer;
	} pairs[] = {
		{ IPPROTO_ICMP, ICMP_ECHO, ICMP_ECHOREPLY },
		{ IPPROTO_ICMP, ICMP_TIMESTAMP, ICMP_TIMESTAMPREPLY },
		{ IPPROTO_ICMP, ICMP_INFO_REQUEST, ICMP_INFO_REPLY },
		{ IPPROTO_ICMP, ICMP_ADDRESS, ICMP_ADDRESSREPLY },
		{ IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY },
		{ IPPROTO_ICMPV6, 139, 140 }, /* node information, RFC 4620 */
	};

	for (unsigned int i = 0; i < RTE_DIM(pairs); i++)
		if (pairs[i].protocol == protocol &&
		    (pairs[i].question == type || pairs[i].answer == type))
			return pairs[i].question;
	return 0;
}

/* PSH, ECE and CWR mean nothing here. */
enum weft_conn_event
weft_conn_event(const struct weft_conn_packet *packet)
{
	const uint8_t ack = RTE_TCP_ACK_FLAG, syn = RTE_TCP_SYN_FLAG, urg = RTE_TCP_URG_FLAG;
	const uint8_t fin = RTE_TCP_FIN_FLAG, rst = RTE_TCP_RST_FLAG;
	uint8_t flags = packet->tcp_flags & (fin | syn | rst | ack | urg);

	if (packet->tuple.protocol != IPPROTO_TCP)
		return WEFT_CONN_EVENT_OTHER;
	if (flags == ack || flags == (ack | urg))
		return WEFT_CONN_EVENT_ACK;
	if (flags == syn || flags == (syn | urg))
		return WEFT_CONN_EVENT_SYN;
	if (flags == (syn | ack))
		return WEFT_CONN_EVENT_SYN_ACK;
	if (flags == (fin | ack) || flags == (fin | ack | urg))
		return WEFT_CONN_EVENT_FIN;
	if (flags == rst || flags == (rst | ack))
		return WEFT_CONN_EVENT_RST;
	return WEFT_CONN_EVENT_ILLEGAL;
}

bool
weft_conn_begins(const struct weft_conn_packet *packet)
{
	return weft_conn_event(packet) == WEFT_CONN_EVENT_SYN;
}

bool
weft_conn_first_state(const struct weft_tuple *tuple, enum weft_conn_event event,
		      enum weft_conn_state *state)
{
	switch (tuple->protocol) {
	case IPPROTO_TCP:
		/* An ACK: it was there before us. */
		*state = event == WEFT_CONN_EVENT_SYN ? WEFT_CONN_SYN_SENT : WEFT_CONN_ESTABLISHED;
		return event == WEFT_CONN_EVENT_SYN || event == WEFT_CONN_EVENT_ACK;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		*state = WEFT_CONN_UDP;
		return true;
	}
	*state = !weft_conn_tuple_is_icmp(tuple) ? WEFT_CONN_GENERIC :
		 tuple->family == AF_INET	 ? WEFT_CONN_ICMP :
						   WEFT_CONN_ICMPV6;
	return true;
}

static uint64_t
state_become(uint64_t word, enum weft_conn_state state)
{
	return (word & ~WEFT_CONN_STATE_MASK) | state;
}

static enum weft_conn_step
state_step_other(uint64_t *word, enum weft_conn_direction direction)
{
	if (direction == WEFT_CONN_ORIGINAL)
		return WEFT_CONN_STEP_ON;
	*word |= WEFT_CONN_REPLIED;
	if (weft_conn_word_state(*word) == WEFT_CONN_UDP)
		*word = state_become(*word, WEFT_CONN_UDP_STREAM) | WEFT_CONN_ASSURED;
	return WEFT_CONN_STEP_ON;
}

/* Both sides may have begun anew without our noticing: if the answer to a SYN that was ignored is a
 * SYN|ACK, the other side has believed it. */
static enum weft_conn_step
state_step_ignored(uint64_t *word, enum weft_conn_event event, enum weft_conn_direction direction)
{
	if (event == WEFT_CONN_EVENT_SYN)
		*word |= WEFT_CONN_ASKED_ANEW;
	if (event != WEFT_CONN_EVENT_SYN_ACK || direction != WEFT_CONN_REPLY ||
	    !(*word & WEFT_CONN_ASKED_ANEW))
		return WEFT_CONN_STEP_IGNORE;
	*word = (state_become(*word, WEFT_CONN_SYN_RECV) | WEFT_CONN_REPLIED) &
		~WEFT_CONN_ASKED_ANEW;
	return WEFT_CONN_STEP_ON;
}

/* What a cell of the table means to this sender. */
static uint8_t
state_next(uint64_t word, enum weft_conn_event event, enum weft_conn_direction direction)
{
	enum weft_conn_direction first =
		word & WEFT_CONN_REPLY_CLOSED ? WEFT_CONN_REPLY : WEFT_CONN_ORIGINAL;
	uint8_t next = state_table[direction][weft_conn_word_state(word)][event];

	if (((next & OTHER) && direction == first) || ((next & FIRST) && direction != first))
		return STAY;
	return next & (uint8_t) ~(OTHER | FIRST);
}

/* A packet that has moved the connection on, or kept it where it is. */
static void
state_note(uint64_t *word, enum weft_conn_event event, enum weft_conn_direction direction,
	   enum weft_conn_state before)
{
	enum weft_conn_state after = weft_conn_word_state(*word);

	*word &= ~WEFT_CONN_ASKED_ANEW;
	/* An answer that is a refusal is none: the connection can go at once. */
	if (direction == WEFT_CONN_REPLY && event != WEFT_CONN_EVENT_RST)
		*word |= WEFT_CONN_REPLIED;
	if (after == WEFT_CONN_FIN_WAIT && before != WEFT_CONN_FIN_WAIT) {
		*word &= ~WEFT_CONN_REPLY_CLOSED;
		*word |= direction == WEFT_CONN_REPLY ? WEFT_CONN_REPLY_CLOSED : 0;
	}
	if (after == WEFT_CONN_ESTABLISHED && (*word & WEFT_CONN_REPLIED))
		*word |= WEFT_CONN_ASSURED;
}

enum weft_conn_step
weft_conn_step(uint64_t *word, enum weft_conn_event event, enum weft_conn_direction direction)
{
	enum weft_conn_state before = weft_conn_word_state(*word);
	uint8_t next;

	if (event == WEFT_CONN_EVENT_OTHER)
		return state_step_other(word, direction);
	if (event == WEFT_CONN_EVENT_ILLEGAL)
		return WEFT_CONN_STEP_INVALID;
	next = state_next(*word, event, direction);
	if (next == INVALID)
		return WEFT_CONN_STEP_INVALID;
	if (next == REOPEN)
		return WEFT_CONN_STEP_REOPEN;
	if (next == IGNORE)
		return state_step_ignored(word, event, direction);
	if (next != STAY)
		*word = state_become(*word, next);
	state_note(word, event, direction, before);
	return WEFT_CONN_STEP_ON;
}

uint32_t
weft_conn_timeout_ms(uint16_t zone, uint64_t word)
{
	enum weft_conn_state state = weft_conn_word_state(word);
	const uint32_t *timeouts =
		weft_conn_table.timeouts_ms[weft_zone_is_router(zone) ? 1 + WEFT_ZONE_ID(zone) : 0];
	uint32_t ms = __atomic_load_n(&timeouts[state], __ATOMIC_RELAXED);

	if (word & WEFT_CONN_CUT)
		return RTE_MIN(ms, STATE_CUT_MS);
	if (word & WEFT_CONN_REPLIED)
		return ms;
	if (state == WEFT_CONN_CLOSE)
		return 0;
	return state == WEFT_CONN_ESTABLISHED ? RTE_MIN(ms, STATE_UNACKNOWLEDGED_MS) : ms;
}

bool
weft_conn_opens(uint64_t before, uint64_t after)
{
	enum weft_conn_state was = weft_conn_word_state(before);

	return (was == WEFT_CONN_SYN_SENT || was == WEFT_CONN_SYN_SENT2) &&
	       weft_conn_word_state(after) != was;
}
