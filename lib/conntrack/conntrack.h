/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conntrack: the connections, which outlive the packets and the flows that stand on them.
 *
 * A connection is made when the first packet of it is delivered, and is found by the packets of
 * both directions: they have one tuple (tuple.h), or its mirror image, and both hash to the same
 * place. States and timeouts have Linux's names and meaning (nf_conntrack), liberal about TCP
 * windows: sequence numbers are not looked at.
 *
 * What a connection is good for is not decided here. A policy judges the packets of the original
 * direction by its rules, each time one is walked; a connection only says that a packet is a reply
 * to one of those (lib/path/filter.c).
 *
 * Not trivial:
 *
 *  - Any worker adds, finds and removes. Finding never waits: a bucket of the index is one cache
 *    line of signatures and numbers, an entry is one line whose key does not change while it can be
 *    found, and an entry that was removed is not used anew before every worker has been quiescent.
 *    Adding and removing take a lock that is part of the bucket, held for some tens of
 *    instructions, and by workers only: the control thread, which may lose its core at any time,
 *    marks what shall go, and the workers remove it.
 *  - Packets whose flow is remembered do not come here. The workers' sweep over their flows tells
 *    of their use (weft_conn_touch). TCP packets with SYN, FIN or RST are never remembered, so each
 *    of them does come here.
 *  - Deadlines are an array of their own: looking for what has expired reads 4 bytes of a
 *    connection, in order, and a slice of it costs microseconds.
 *  - Flows stand on two slots. weft_conn_slot() moves when a connection is removed before its time,
 *    or while a flow may still stand on it. weft_conn_news_slot() moves when one is made: what was
 *    refused for want of a connection stands on that. So does what is invalid, for the slot moves
 *    too when a TCP handshake comes to the point from which on ACKs are known, and when it expires
 *    before. (It moves with every new connection in the host, so it is in a part of the generations
 *    of its own, lest others be disturbed.)
 *  - The table is shared, but nobody can fill it up for others: a port has a limit, and a reserve
 *    that is only its own. A connection counts for the port whose guest began it, or for the
 *    receiver's if it came from a wire.
 *
 * Entries refer to each other by number, not by address, and the index can be made again from them:
 * so the pool can live in a file. A connection takes 64 bytes and its share of the rest 46 more.
 *
 * Threads: "workers" are told apart by their number, and each is a registered, online reader of
 * weft_rcu. What is for the control thread says so.
 */
#ifndef WEFT_CONNTRACK_CONNTRACK_H
#define WEFT_CONNTRACK_CONNTRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conntrack/tuple.h"

#define WEFT_NO_CONN UINT32_MAX
#define WEFT_CONN_NO_PORT UINT16_MAX /* that side is not a port with a policy */

/** Linux's names, for TCP and for the rest. */
enum weft_conn_state {
	WEFT_CONN_SYN_SENT,
	WEFT_CONN_SYN_RECV,
	WEFT_CONN_ESTABLISHED,
	WEFT_CONN_FIN_WAIT,
	WEFT_CONN_CLOSE_WAIT,
	WEFT_CONN_LAST_ACK,
	WEFT_CONN_TIME_WAIT,
	WEFT_CONN_CLOSE,
	WEFT_CONN_SYN_SENT2, /* both have begun at once */
	WEFT_CONN_UDP, /* no reply yet */
	WEFT_CONN_UDP_STREAM,
	WEFT_CONN_ICMP,
	WEFT_CONN_ICMPV6,
	WEFT_CONN_GENERIC,
	WEFT_CONN_STATES,
};

enum weft_conn_direction { WEFT_CONN_ORIGINAL, WEFT_CONN_REPLY };

/** What conntrack wants to know of a packet. */
struct weft_conn_packet {
	struct weft_tuple tuple;
	uint8_t tcp_flags; /* RTE_TCP_FIN_FLAG ...; 0 if it is not TCP */
	uint8_t icmp_type, icmp_code; /* of ICMP and ICMPv6 */
};

enum weft_conn_verdict {
	WEFT_CONN_IS_NEW, /* no connection, and it may begin one */
	WEFT_CONN_IS_KNOWN, /* part of one */
	WEFT_CONN_IS_INVALID, /* neither: e.g. a RST out of the blue, or flags that nobody sends */
};

/** What was found, and what that stands on: both slots, with their generations as they were before
 *  the look. */
struct weft_conn_look {
	uint64_t hash; /* of the tuple */
	uint16_t slot, news_slot;
	uint32_t generation, news_generation;
	enum weft_conn_verdict verdict;
	enum weft_conn_direction direction; /* of the packet, if it is known */
	uint32_t conn; /* if known; WEFT_NO_CONN otherwise */
	uint32_t in_the_way; /* if new: an old one that is over and must make room; WEFT_NO_CONN */
	struct weft_tuple original; /* if known: how it began */
	uint8_t question; /* if known, of ICMP: the type that it began with */
	uint16_t from, to; /* if known: ports whose policies it was judged by, see commit */
	bool is_replied, is_cut; /* if known */
	bool is_translated; /* if known: goes on otherwise than it came; weft_conn_translated() */
};

enum weft_conn_outcome {
	WEFT_CONN_COMMITTED,
	WEFT_CONN_TABLE_FULL, /* host.connections, less what is reserved for others */
	WEFT_CONN_PORT_LIMIT, /* connection-limit of the port that it counts for */
	WEFT_CONN_TAKEN, /* of what is translated: others were faster; to be looked up again */
	WEFT_CONN_QUOTA, /* and has used up its port-quota */
};

/** A connection as people see it. */
struct weft_conn_row {
	struct weft_tuple original;
	enum weft_conn_state state;
	bool is_replied;
	bool is_assured; /* TCP that was established, UDP that is a stream */
	bool is_cut; /* the rules allow it no more */
	bool is_translated;
	struct weft_tuple translated; /* if so: how it goes on */
	uint16_t from, to;
	uint32_t expires_sec; /* until it is removed, if it stays silent */
	uint32_t age_sec;
	uint32_t born_sec; /* when it began: with the tuple, what tells it from later ones */
};

/** "tcp ESTABLISHED": the word of a state; for what is not TCP "UDP", "UDP_STREAM", "ICMP" ... */
const char *weft_conn_state_name(enum weft_conn_state state);

/** Generation slots of a tuple, the same for its mirror image; see above. */
uint16_t weft_conn_slot(const struct weft_tuple *tuple);
uint16_t weft_conn_news_slot(const struct weft_tuple *tuple);

/* ---- workers ---- */

/** A packet with this tuple will be looked up: prefetches. */
void weft_conn_foresee(const struct weft_tuple *tuple);

/** Looks a packet up. Changes nothing. Any thread (for the control thread, what it finds may be
 *  gone already). */
void weft_conn_look(const struct weft_conn_packet *packet, struct weft_conn_look *look);

/**
 * Finds the connection that an ICMP or ICMPv6 error speaks of: by the packet that it quotes, which
 * must have been sent by whom the error is for (RFC 792, RFC 4443 section 2.4, RFC 5927). Errors
 * are ICMP 3, 4, 11, 12 and ICMPv6 1 to 4; a redirect is none. They keep no connection young,
 * so no flow may stand on it because of one.
 *
 * @param l3      the packet that contains the error, from its IP header on
 * @param length  bytes that may be read
 * @return whether there is one: then look->verdict is known, and look->direction that of the
 *         quoted packet, so the error goes the other way. False too if the error is a fragment, or
 *         its checksum, or that of the quoted IPv4 header, is wrong.
 */
bool weft_conn_look_related(uint16_t zone, uint8_t family, const uint8_t *l3, uint32_t length,
			    struct weft_conn_look *look);

/**
 * Makes a connection of a packet that is new and has been let through. If another worker was faster
 * it is that one, and if that is the mirror image, the packet is its reply.
 *
 * @param from, to  ports whose policies let it through, or WEFT_CONN_NO_PORT. It counts for the
 *                  first of the two that is a port.
 * @param conn      WEFT_NO_CONN unless it is committed
 */
enum weft_conn_outcome weft_conn_commit(uint16_t worker, const struct weft_conn_packet *packet,
					const struct weft_conn_look *look, uint16_t from,
					uint16_t to, uint32_t now_ms, uint32_t *conn);

/** A packet that is known has been let through: moves the state on, and keeps it young. */
void weft_conn_update(const struct weft_conn_packet *packet, const struct weft_conn_look *look,
		      uint32_t now_ms);

/** Packets without SYN, FIN, RST have used the connection lately, the last one at @p used_ms: keeps
 *  it young; what an ACK means to TCP that is closing is understood too. To be told within five
 *  seconds, and by a flow that is fresh: the number of one that is gone may be another's now. */
void weft_conn_touch(uint32_t conn, enum weft_conn_direction direction, uint32_t used_ms);

/** The rules allow a connection no more. It stays known: a packet of it must not be taken for the
 *  first of another one, which they might allow. To be told of each packet that is refused for it;
 *  when none has come for some minutes, it expires. A TCP SYN is new to it. The slot moves. */
void weft_conn_cut(uint32_t conn, uint32_t now_ms);

/** They allow it again. The slot moves. */
void weft_conn_mend(uint32_t conn);

/** Somebody has answered whose port is not the one that is noted as `to`, since its first packet
 *  went to several. Nothing changes if the port may have no more connections. */
void weft_conn_bind(uint32_t conn, uint16_t to);

/** Does a packet begin a connection, whatever there was before: is it a TCP SYN? */
bool weft_conn_begins(const struct weft_conn_packet *packet);

/** Removes a connection before its time. The slot moves. */
void weft_conn_remove(uint16_t worker, uint32_t conn);

/** Removes what has expired or is marked, in this worker's share of the table: a slice of bounded
 *  size per call, all of it about once per second; and frees what was removed before. To be called
 *  once per loop. @return how many were removed */
uint32_t weft_conn_expire(uint16_t worker, uint32_t now_ms);

/* ---- control thread ---- */

/** @return 0 or -ENOMEM */
int weft_conn_create(uint32_t capacity, uint16_t n_workers);
void weft_conn_destroy(void);

/** Of the connections in networks; and in the zone of a router. */
void weft_conn_set_timeouts(const struct weft_conf_timeouts *timeouts);
void weft_conn_set_router_timeouts(uint16_t router, const struct weft_conf_timeouts *timeouts);

/** Seconds that a flow may be idle before it is forgotten: a connection that expires later than
 *  that after its last use has no flows. */
void weft_conn_set_flow_idle(uint32_t sec);

/** @param limit  most connections that count for a port, 0: none; @param reserve  so many that
 *  others cannot take from it. Both may be below what the port has: then it gets no more. A reserve
 *  that grows while the table is full comes true as connections end. A port that is gone has 0 and
 *  0. */
void weft_conn_set_port(uint16_t port, uint32_t limit, uint32_t reserve);

/** Marks for removal, if it is still the same connection as that of the row: its packets find it no
 *  more from now on, and the slot moves. @return whether it was */
bool weft_conn_forget(uint32_t conn, const struct weft_conn_row *row);

/** What was marked goes soon, not only within a second. */
void weft_conn_hurry(void);

/** Walks over all connections: *cursor starts at 0, and is the number of the row's + 1 behind it.
 *  @return false when there are no more */
bool weft_conn_next(uint32_t *cursor, uint32_t now_ms, struct weft_conn_row *row);

/** Of all and of a port; with those that are marked or have expired and were not yet removed. */
uint32_t weft_conn_count(void);
uint32_t weft_conn_port_count(uint16_t port);

#endif
