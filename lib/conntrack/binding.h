/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * binding: connections that go on otherwise than they came, and what they hold.
 *
 * A translated connection has two tuples: how its packets come to the router, and how they go on.
 * NAT is that the two differ. Each is found by the packets of one direction: what begins by the
 * first, what answers by the mirror image of the second; what an ICMP error quotes the other way
 * round, since that is a packet as it has left. A tuple stands in the index once, so of two
 * connections that would look the same outside one is refused (WEFT_CONN_TAKEN), whichever worker
 * has seen it. The second tuple need not stand there, and does not, if only the source changes and
 * has a binding: that leads from the outside to the first one.
 *
 * Besides there are entries in the same table that are no connections but are held by some, and go
 * when the last of these goes. Their tuples are from one address and port to a mark:
 *
 *	binding		an inside address and port has this outside one, towards everybody:
 *			endpoint-independent mapping (RFC 4787 section 4.1). Two tuples as well, so
 *			it is found from both sides, and nobody else has the port
 *	permit		an inside address and port has sent to this address: address-dependent
 *			filtering (RFC 4787 section 5). The first one stands with the binding
 *	host		an inside address has so many bindings: its quota
 *	outside		an outside address has so many ports in use, by protocol
 *
 * All of it counts as one connection. A table that is full of such has up to six entries for each.
 *
 * Threads: workers, but where said otherwise.
 */
#ifndef WEFT_CONNTRACK_BINDING_H
#define WEFT_CONNTRACK_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/conntrack.h"

/** What stands where a tuple has its other end. */
enum weft_binding_mark {
	WEFT_BINDING_INSIDE = 1,
	WEFT_BINDING_OUTSIDE,
	WEFT_BINDING_PERMIT,
	WEFT_BINDING_HOST,
	WEFT_BINDING_PORTS,
};

/** The tuple of what is held: of the source of @p of. */
struct weft_tuple weft_binding_key(const struct weft_tuple *of, enum weft_binding_mark mark);

/** A binding that was found; valid until the next quiescent state. */
struct weft_binding {
	uint32_t number;
	struct weft_tuple inside, outside; /* the sources of both are what is bound */
};

/** @param key  weft_binding_key(), INSIDE or OUTSIDE. Any thread. */
bool weft_binding_find(const struct weft_tuple *key, struct weft_binding *binding);

/** Any thread. @param key  of any kind, or weft_permit_key() */
bool weft_binding_is_there(const struct weft_tuple *key);

/** Of the source of @p sent, which has sent to its destination. */
struct weft_tuple weft_permit_key(const struct weft_tuple *sent);

/** Has who is bound sent to this address? Any thread. @param permit  key */
bool weft_binding_permits(const struct weft_binding *binding, const struct weft_tuple *permit);

/** A packet to an outside address of which weft_conn_look() has not found the connection: perhaps
 *  it is part of one that goes by a binding. Then *look is of that. */
void weft_conn_look_bound(const struct weft_conn_packet *packet, struct weft_conn_look *look);

/** How many hold it; 0 if it is not there. Any thread. @param key  HOST or PORTS */
uint32_t weft_binding_users(const struct weft_tuple *key);

/** Is a tuple, or its mirror image, that of some connection already? */
bool weft_conn_is_taken(const struct weft_conn_packet *packet);

/** How packets of the original direction go on. Any thread. */
void weft_conn_translated(uint32_t conn, struct weft_tuple *translated);

/** What a translated connection is to be. */
struct weft_conn_change {
	struct weft_tuple translated;
	bool is_bound; /* it holds a binding */
	uint32_t binding; /* WEFT_NO_CONN: one is made of: */
	struct weft_tuple inside, outside; /* keys */
	bool is_counted; /* for the host of `inside` */
	uint32_t quota; /* most bindings of that host; 0: any number */
	bool is_permitted; /* it holds a permit */
	struct weft_tuple permit; /* key */
};

/** As weft_conn_commit(), of a connection that is translated. @return WEFT_CONN_TAKEN: something
 *  of it is there meanwhile; the packet is to be looked up again. WEFT_CONN_QUOTA. Then nothing is
 *  made. */
enum weft_conn_outcome weft_conn_commit_translated(uint16_t worker,
						   const struct weft_conn_packet *packet,
						   const struct weft_conn_look *look,
						   const struct weft_conn_change *change,
						   uint16_t from, uint32_t now_ms, uint32_t *conn);

/** The first half of weft_conn_look_related(): what an error quotes, if it may be believed. */
bool weft_conn_read_related(uint16_t zone, uint8_t family, const uint8_t *l3, uint32_t length,
			    struct weft_conn_packet *quoted);

/** And the second, of a quoted packet that was read and checked already. */
bool weft_conn_look_quoted(const struct weft_conn_packet *quoted, struct weft_conn_look *look);

/** Walks over all bindings: as weft_conn_next(). Control thread. @param users  connections */
bool weft_binding_next(uint32_t *cursor, struct weft_binding *binding, uint32_t *users);

#endif
