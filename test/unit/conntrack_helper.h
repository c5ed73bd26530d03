/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets as conntrack sees them, and what a walk does with them: looked up, let through.
 */
#ifndef TEST_UNIT_CONNTRACK_HELPER_H
#define TEST_UNIT_CONNTRACK_HELPER_H

#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>

#include "conntrack/conntrack.h"
#include "core/gen.h"
#include "core/rcu.h"

#define SYN RTE_TCP_SYN_FLAG
#define ACK RTE_TCP_ACK_FLAG
#define FIN RTE_TCP_FIN_FLAG
#define RST RTE_TCP_RST_FLAG
#define PSH RTE_TCP_PSH_FLAG
#define URG RTE_TCP_URG_FLAG
#define ECE RTE_TCP_ECE_FLAG
#define CWR RTE_TCP_CWR_FLAG

#define CONNTRACK_NO_PORT WEFT_CONN_NO_PORT

/** IPv4, between two hosts that are numbered. */
static inline struct weft_conn_packet
conntrack_packet(uint8_t protocol, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port)
{
	struct weft_conn_packet packet = { .tuple = { .family = AF_INET,
						      .protocol = protocol,
						      .zone = 1,
						      .src_port = rte_cpu_to_be_16(src_port),
						      .dst_port = rte_cpu_to_be_16(dst_port) } };

	src = rte_cpu_to_be_32(0x0a000000 + src);
	dst = rte_cpu_to_be_32(0x0a000000 + dst);
	memcpy(packet.tuple.src, &src, sizeof(src));
	memcpy(packet.tuple.dst, &dst, sizeof(dst));
	return packet;
}

static inline struct weft_conn_packet
conntrack_tcp(uint16_t port, uint8_t flags)
{
	struct weft_conn_packet packet = conntrack_packet(IPPROTO_TCP, 1, port, 2, 80);

	packet.tcp_flags = flags;
	return packet;
}

static inline struct weft_conn_packet
conntrack_udp(uint16_t port)
{
	return conntrack_packet(IPPROTO_UDP, 1, port, 2, 53);
}

static inline struct weft_conn_packet
conntrack_icmp(uint8_t family, uint8_t type, uint16_t identifier)
{
	struct weft_conn_packet packet = conntrack_packet(
		family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, 1, identifier, 2, identifier);

	packet.tuple.family = family;
	packet.icmp_type = type;
	return packet;
}

/** The same packet, sent by the other side. */
static inline struct weft_conn_packet
conntrack_back(struct weft_conn_packet packet)
{
	packet.tuple = weft_tuple_reverse(&packet.tuple);
	return packet;
}

static inline struct weft_conn_look
conntrack_look(const struct weft_conn_packet *packet)
{
	struct weft_conn_look look;

	weft_conn_look(packet, &look);
	return look;
}

/** A packet that every policy lets through, whose sender is the guest of a port. */
static inline struct weft_conn_look
conntrack_pass_from(const struct weft_conn_packet *packet, uint16_t from, uint32_t now_ms,
		    enum weft_conn_outcome *outcome)
{
	struct weft_conn_look look = conntrack_look(packet);
	uint32_t conn;

	*outcome = WEFT_CONN_COMMITTED;
	if (look.verdict == WEFT_CONN_IS_NEW) {
		*outcome =
			weft_conn_commit(0, packet, &look, from, CONNTRACK_NO_PORT, now_ms, &conn);
		look.conn = conn;
	} else if (look.verdict == WEFT_CONN_IS_KNOWN) {
		weft_conn_update(packet, &look, now_ms);
	}
	return look;
}

static inline struct weft_conn_look
conntrack_pass(const struct weft_conn_packet *packet, uint32_t now_ms)
{
	enum weft_conn_outcome outcome;

	return conntrack_pass_from(packet, 0, now_ms, &outcome);
}

/** What is listed of a connection. @return false if it is not */
static inline bool
conntrack_row(const struct weft_conn_packet *packet, uint32_t now_ms, struct weft_conn_row *row,
	      uint32_t *conn)
{
	struct weft_tuple back = weft_tuple_reverse(&packet->tuple);
	uint32_t cursor = 0;

	*conn = WEFT_NO_CONN;
	while (weft_conn_next(&cursor, now_ms, row)) {
		*conn = cursor - 1;
		if (memcmp(&row->original, &packet->tuple, sizeof(back)) == 0 ||
		    memcmp(&row->original, &back, sizeof(back)) == 0)
			return true;
	}
	return false;
}

/** Lets a worker that is alone do what is due by now. @return how many were removed */
static inline uint32_t
conntrack_expire(uint32_t now_ms)
{
	/* A round of the sweep has passed since the last call. */
	uint32_t removed = weft_conn_expire(0, now_ms - 1000), more;

	do
		removed += more = weft_conn_expire(0, now_ms);
	while (more > 0);
	return removed;
}

/** Removes everything. */
static inline void
conntrack_flush(void)
{
	for (uint32_t cursor = 0; weft_conn_count() > 0;) {
		struct weft_conn_row row;

		if (!weft_conn_next(&cursor, 0, &row))
			break;
		weft_conn_remove(0, cursor - 1);
	}
}

/** At the end of a test: nothing is left, and the table goes. */
static inline int
conntrack_stop(void **state)
{
	(void)state;
	conntrack_flush();
	assert_int_equal(weft_conn_count(), 0);
	weft_conn_destroy();
	return 0;
}

#endif
