/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filter: what security groups and connections say to a walk.
 *
 * `admit` asks the groups of the port that a packet came from, `deliver` those of each receiver;
 * at the end, if there is a receiver, a packet that was new makes a connection.
 *
 *	the packet is		it passes a port if
 *	new			a rule lets it through; a stateful one wants a connection
 *	of the original		a rule lets it through now: so a change of rules cuts what they
 *	direction		no longer allow, whether or not anything was known of it before
 *	a reply			a stateful rule lets the original through now, or ...
 *	either			... the groups let what they once allowed go on (on-change: persist)
 *	an ICMP error		it quotes a packet of a connection that it could be a part of
 *	about neighbours, DHCP	always, in the roles of a guest: nothing works without
 *	neither IP nor ARP	never
 *
 * A connection that a port no longer allows is removed on the spot, and the packet that found it
 * is judged as if there had been none.
 *
 * Each network is a zone of its own: what is routed may be part of two connections, one for the
 * port that sent it and one for its receiver.
 *
 * What was let through stands on the connection; what was refused, on none being made. A fragment
 * is not judged before the rest of its datagram is there (worker/gather.c).
 *
 * Threads: as the walk.
 */
#ifndef WEFT_PATH_FILTER_H
#define WEFT_PATH_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/conntrack.h"
#include "path/drop.h"
#include "secgroup/policy.h"
#include "topology/topology.h"

struct weft_walk;

enum weft_filter_class {
	WEFT_FILTER_UNKNOWN, /* nobody has asked yet */
	WEFT_FILTER_TRACKED, /* part of a connection, or could begin one */
	WEFT_FILTER_RELATED, /* an ICMP error about one */
	WEFT_FILTER_BASIC, /* ND, MLD, DHCP: no connections */
	WEFT_FILTER_ARP,
	WEFT_FILTER_OTHER, /* not IP, or IP that cannot be read */
};

/** What is known of the packet once the first port has asked. */
struct weft_filter {
	enum weft_filter_class class;
	struct weft_conn_packet packet;
	struct weft_conn_look look;
	bool wants_connection;
	bool stands_on_sender, stands_on_receiver; /* on the groups that their addresses are in */
	uint16_t n_receivers; /* ports with groups that let it through */
	uint16_t from, to; /* ports whose groups let it through */
	const struct weft_rule *rules[WEFT_DIRECTIONS]; /* that did */
	uint32_t conn; /* that it is part of in the end; WEFT_NO_CONN */
};

/** A packet that arrives here will be walked: prefetches what the walk will look for. */
void weft_filter_foresee(const struct weft_topology *topology,
			 const struct weft_attachment *arrival, const struct weft_key *key);

/** Has a port security groups that must be asked? What waited for a next hop was asked before; of a
 *  fragment that could not be done again alone. */
bool weft_filter_asks(const struct weft_walk *walk, const struct weft_attachment *port);

/** May the port that it came from say this? */
enum weft_drop weft_filter_egress(struct weft_walk *walk);

/** May the present receiver hear this? */
enum weft_drop weft_filter_ingress(struct weft_walk *walk);

/** At the end of a walk that came to @p drop. @return WEFT_NEXT, or why it dies after all */
enum weft_drop weft_filter_settle(struct weft_walk *walk, enum weft_drop drop);

#endif
