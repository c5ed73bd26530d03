/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections as an array that anybody can check: pairs of hosts, sums that are added up each time,
 * and TCP told in sentences.
 */
#ifndef TEST_UNIT_CONNTRACK_ARRAY_H
#define TEST_UNIT_CONNTRACK_ARRAY_H

#include "conntrack_helper.h"

#define RANDOM_PAIRS 64
#define RANDOM_CAPACITY 50
#define RANDOM_PORTS 5
#define RANDOM_FLOW_IDLE 20

/* ---- the array ---- */

struct random_conn {
	bool is_there, is_marked, is_backward; /* it began with a packet of the second host */
	enum weft_conn_state state;
	bool is_replied, is_assured, has_reply_closed, was_asked_anew;
	uint16_t from, to;
	uint32_t touched_ms, changed_ms, deadline_ms, born_ms, number;
};

/* ICMP has two connections of each pair, one for each who asks; all else only the first. */
static struct {
	struct random_conn conns[RANDOM_PAIRS][2];
	uint32_t limits[RANDOM_PORTS], reserves[RANDOM_PORTS];
	uint32_t now_ms;
	uint32_t known, new, invalid, full, limited, reopened, expired;
} random_world;

/* Seconds, by state. */
static const uint32_t random_timeouts[WEFT_CONN_STATES] = { 12, 6,  900, 13, 7,	 3,  14,
							    1,	12, 31,	 61, 30, 29, 60 };

static inline uint8_t
random_protocol(uint32_t pair)
{
	static const uint8_t protocols[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP,
		IPPROTO_TCP, IPPROTO_GRE, IPPROTO_TCP, IPPROTO_ICMPV6
	};

	return protocols[pair % 8];
}

static inline bool
random_is_icmp(uint32_t pair)
{
	return random_protocol(pair) == IPPROTO_ICMP || random_protocol(pair) == IPPROTO_ICMPV6;
}

static inline struct weft_conn_packet
random_packet(uint32_t pair, bool is_backward)
{
	uint8_t protocol = random_protocol(pair);
	struct weft_conn_packet packet;

	if (random_is_icmp(pair))
		packet = conntrack_icmp(protocol == IPPROTO_ICMP ? AF_INET : AF_INET6, 0,
					(uint16_t)pair);
	else
		packet = conntrack_packet(protocol, 1, protocol == IPPROTO_GRE ? 0 : (uint16_t)pair,
					  2, 80);
	packet.tuple.zone = (uint16_t)pair;
	return is_backward ? conntrack_back(packet) : packet;
}

static inline uint16_t
random_counted(const struct random_conn *conn)
{
	return conn->from != CONNTRACK_NO_PORT ? conn->from : conn->to;
}

static inline uint32_t
random_count(int port)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < RANDOM_PAIRS * 2; i++) {
		const struct random_conn *conn = &random_world.conns[i / 2][i % 2];

		count += conn->is_there && (port < 0 || random_counted(conn) == port);
	}
	return count;
}

static inline enum weft_conn_outcome
random_judge(uint16_t port)
{
	uint32_t shared = random_count(CONNTRACK_NO_PORT), reserved = 0;

	for (uint16_t p = 0; p < RANDOM_PORTS; p++) {
		uint32_t count = random_count(p), reserve = random_world.reserves[p];

		shared += count > reserve ? count - reserve : 0;
		reserved += reserve;
	}
	if (port != CONNTRACK_NO_PORT && random_world.limits[port] != 0 &&
	    random_count(port) >= random_world.limits[port])
		return WEFT_CONN_PORT_LIMIT;
	if (port != CONNTRACK_NO_PORT && random_count(port) < random_world.reserves[port])
		return WEFT_CONN_COMMITTED;
	return reserved >= RANDOM_CAPACITY || shared >= RANDOM_CAPACITY - reserved ?
		       WEFT_CONN_TABLE_FULL :
		       WEFT_CONN_COMMITTED;
}

static inline uint32_t
random_timeout_ms(const struct random_conn *conn)
{
	if (!conn->is_replied && conn->state == WEFT_CONN_CLOSE)
		return 0;
	if (!conn->is_replied && conn->state == WEFT_CONN_ESTABLISHED)
		return 300000;
	return random_timeouts[conn->state] * 1000;
}

/* ---- TCP in sentences ---- */

enum { RANDOM_ON, RANDOM_IGNORE, RANDOM_INVALID, RANDOM_REOPEN };

static inline int
random_tcp_syn(struct random_conn *conn, bool is_reply)
{
	switch (conn->state) {
	case WEFT_CONN_TIME_WAIT:
	case WEFT_CONN_CLOSE:
		return RANDOM_REOPEN;
	case WEFT_CONN_SYN_SENT:
		if (is_reply)
			conn->state = WEFT_CONN_SYN_SENT2;
		return RANDOM_ON;
	case WEFT_CONN_SYN_SENT2:
		return RANDOM_ON;
	default:
		if (is_reply)
			return RANDOM_INVALID;
		if (conn->state == WEFT_CONN_LAST_ACK)
			return RANDOM_REOPEN;
		conn->was_asked_anew = true;
		return RANDOM_IGNORE;
	}
}

static inline int
random_tcp_syn_ack(struct random_conn *conn, bool is_reply)
{
	if (conn->state == WEFT_CONN_SYN_SENT2 || (conn->state == WEFT_CONN_SYN_SENT && is_reply)) {
		conn->state = WEFT_CONN_SYN_RECV;
		return RANDOM_ON;
	}
	if (!is_reply)
		return conn->state == WEFT_CONN_SYN_RECV ? RANDOM_ON : RANDOM_INVALID;
	if (!conn->was_asked_anew)
		return RANDOM_IGNORE;
	conn->was_asked_anew = false;
	conn->state = WEFT_CONN_SYN_RECV;
	return RANDOM_ON;
}

static inline int
random_tcp_fin(struct random_conn *conn, bool is_reply)
{
	bool is_first = conn->has_reply_closed == is_reply;

	switch (conn->state) {
	case WEFT_CONN_SYN_SENT:
	case WEFT_CONN_SYN_SENT2:
		return RANDOM_INVALID;
	case WEFT_CONN_SYN_RECV:
	case WEFT_CONN_ESTABLISHED:
		conn->state = WEFT_CONN_FIN_WAIT;
		conn->has_reply_closed = is_reply;
		return RANDOM_ON;
	case WEFT_CONN_FIN_WAIT:
	case WEFT_CONN_CLOSE_WAIT:
		if (!is_first)
			conn->state = WEFT_CONN_LAST_ACK;
		return RANDOM_ON;
	default:
		return RANDOM_ON;
	}
}

static inline int
random_tcp_ack(struct random_conn *conn, bool is_reply)
{
	bool is_first = conn->has_reply_closed == is_reply;

	if (conn->state == WEFT_CONN_SYN_SENT || conn->state == WEFT_CONN_SYN_SENT2)
		return is_reply ? RANDOM_IGNORE : RANDOM_INVALID;
	if (conn->state == WEFT_CONN_SYN_RECV && !is_reply)
		conn->state = WEFT_CONN_ESTABLISHED;
	else if (conn->state == WEFT_CONN_FIN_WAIT && !is_first)
		conn->state = WEFT_CONN_CLOSE_WAIT;
	else if (conn->state == WEFT_CONN_LAST_ACK && is_first)
		conn->state = WEFT_CONN_TIME_WAIT;
	return RANDOM_ON;
}

static inline int
random_tcp(struct random_conn *conn, uint8_t flags, bool is_reply)
{
	int step;

	if (flags == SYN)
		step = random_tcp_syn(conn, is_reply);
	else if (flags == (SYN | ACK))
		step = random_tcp_syn_ack(conn, is_reply);
	else if (flags == (FIN | ACK))
		step = random_tcp_fin(conn, is_reply);
	else if (flags == ACK)
		step = random_tcp_ack(conn, is_reply);
	else if (flags == RST)
		step = RANDOM_ON, conn->state = WEFT_CONN_CLOSE;
	else
		step = RANDOM_INVALID;
	if (step != RANDOM_ON)
		return step;
	conn->was_asked_anew = false;
	conn->is_replied |= is_reply && flags != RST;
	conn->is_assured |= conn->is_replied && conn->state == WEFT_CONN_ESTABLISHED;
	return step;
}

/* ---- what the array makes of a packet ---- */

static inline int
random_step(struct random_conn *conn, uint32_t pair, uint8_t flags, bool is_reply)
{
	if (random_protocol(pair) == IPPROTO_TCP)
		return random_tcp(conn, flags, is_reply);
	conn->is_replied |= is_reply;
	if (is_reply && random_protocol(pair) == IPPROTO_UDP) {
		conn->state = WEFT_CONN_UDP_STREAM;
		conn->is_assured = true;
	}
	return RANDOM_ON;
}

static inline void
random_use(struct random_conn *conn, uint32_t pair, uint8_t flags, bool is_reply, uint32_t used_ms)
{
	struct random_conn after = *conn;
	int step = random_step(&after, pair, flags, is_reply);
	bool is_later = used_ms > conn->touched_ms;

	if (step == RANDOM_INVALID || step == RANDOM_REOPEN)
		return;
	if (after.state != conn->state)
		after.changed_ms = used_ms;
	if (is_later)
		after.touched_ms = used_ms;
	if (step == RANDOM_ON &&
	    (is_later || memcmp(&after, conn, offsetof(struct random_conn, from)) != 0))
		after.deadline_ms = after.touched_ms + random_timeout_ms(&after);
	*conn = after;
}

/* The type of ICMP decides who began. */
static inline struct random_conn *
random_conn_of(uint32_t pair, bool is_backward, const struct weft_conn_packet *packet)
{
	bool is_question = packet->icmp_type == 8 || packet->icmp_type == 128;

	if (!random_is_icmp(pair))
		return &random_world.conns[pair][0];
	return &random_world.conns[pair][is_question ? is_backward : !is_backward];
}

/* A connection that this packet would begin; state WEFT_CONN_STATES: it does not. */
static inline struct random_conn
random_begin(uint32_t pair, bool is_backward, const struct weft_conn_packet *packet)
{
	struct random_conn conn = {
		.is_there = true,
		.is_backward = is_backward,
		.state = WEFT_CONN_STATES,
		.touched_ms = random_world.now_ms,
		.changed_ms = random_world.now_ms,
		.born_ms = random_world.now_ms,
	};

	switch (random_protocol(pair)) {
	case IPPROTO_TCP:
		if (packet->tcp_flags == SYN || packet->tcp_flags == ACK)
			conn.state = packet->tcp_flags == SYN ? WEFT_CONN_SYN_SENT :
								WEFT_CONN_ESTABLISHED;
		break;
	case IPPROTO_UDP:
		conn.state = WEFT_CONN_UDP;
		break;
	case IPPROTO_GRE:
		conn.state = WEFT_CONN_GENERIC;
		break;
	case IPPROTO_ICMP:
		if (packet->icmp_type == 8)
			conn.state = WEFT_CONN_ICMP;
		break;
	default:
		if (packet->icmp_type == 128)
			conn.state = WEFT_CONN_ICMPV6;
	}
	if (conn.state != WEFT_CONN_STATES)
		conn.deadline_ms = conn.touched_ms + random_timeout_ms(&conn);
	return conn;
}

#endif
