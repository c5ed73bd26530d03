/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fdb: the forwarding database, (network, MAC) -> place.
 *
 * A place is a number: of a port, or of somebody elsewhere (tunnel/remote.h). The FDB does not know
 * the difference, so a MAC moves between them like between two ports.
 *
 * One table for all networks and all workers. Any worker learns, at walk time only: a flow whose
 * answer is remembered does not come here. Entries that are in use are kept young by the workers'
 * sweep over their flows (weft_fdb_touch), entries that nobody uses are removed by the control
 * thread when their network's age is reached.
 *
 * Not trivial:
 *
 *  - Readers never wait. The index is rte_hash in its lock-free reading mode, reclaimed by RCU; an
 *    entry's value is one atomic word, replaced as a whole.
 *  - Adding, moving and removing are serialised by one lock, which a worker only ever *tries*: if
 *    somebody else is at it, the MAC is not learned from this packet (WEFT_LEARN_BUSY), its
 *    answer is not remembered, and the next packet tries again.
 *  - Every change of what a lookup would say bumps the MAC's generation, also from "absent": floods
 *    for unknown MACs stand on that slot too.
 *  - Limits count learned entries, per port and per network, exactly. When an entry goes, the slots
 *    WEFT_GEN_MAC_ROOM of its place, its network and the table move, so that refused sources are
 *    asked again. The port's moves too when its limit is reached, which is asked for before the
 *    others; and the table's when a network's limit is reached while the table is full.
 *
 * Two kinds of entries are the configuration's. Neither ages, is flushed with the learned ones, or
 * counts against limits; both take room in the table.
 *
 *  - Static: does not move. It wins over all else.
 *  - At home (L2 population, origin "l2pop"): where a MAC is expected before it was heard, or after
 *    that was forgotten. A MAC that is heard elsewhere is learned there, with all that this means:
 *    the limits of that port and of the network, ageing. The home waits beneath, and the entry
 *    falls back to it when the learned value goes: by age, by a flush, or because the MAC is heard
 *    at home, which no limit refuses. Heard where its home is it is KNOWN, and stays "l2pop".
 *
 * Threads: lookup, learn, touch by online workers; all else by the control thread.
 */
#ifndef WEFT_FDB_FDB_H
#define WEFT_FDB_FDB_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "core/gen.h"
#include "wire/ether.h"

#define WEFT_FDB_ANY UINT32_MAX /* in a filter: every place, every network */
#define WEFT_FDB_TABLE (UINT64_C(1) << 32) /* id of WEFT_GEN_MAC_ROOM for the table as a whole */

enum weft_fdb_origin { WEFT_FDB_LEARNED, WEFT_FDB_STATIC, WEFT_FDB_L2POP };

enum weft_learn {
	WEFT_LEARN_KNOWN, /* nothing to do: it is there already */
	WEFT_LEARN_NEW, /* added, or moved here from another place */
	WEFT_LEARN_PORT_LIMIT, /* the port has as many as it may have */
	WEFT_LEARN_NETWORK_LIMIT, /* the network has */
	WEFT_LEARN_STATIC, /* belongs elsewhere by configuration */
	WEFT_LEARN_BUSY, /* somebody else is changing the table */
	WEFT_LEARN_FULL, /* host.mac-entries is reached */
};

/** An entry as people see it. */
struct weft_fdb_row {
	uint16_t network, place;
	struct rte_ether_addr mac;
	enum weft_fdb_origin origin;
	uint32_t age_sec; /* since it was last seen to be used; 0 if it is not learned */
};

/** Generation slot of a MAC in a network, whether it is known or not. */
static inline uint16_t
weft_fdb_slot(uint16_t network, const struct rte_ether_addr *mac)
{
	return weft_gen_slot(WEFT_GEN_MAC, (uint64_t)network << 48 | weft_mac_number(mac));
}

/* ---- workers ---- */

/** @return the place, or WEFT_NO_PORT (UINT16_MAX) */
uint16_t weft_fdb_lookup(uint16_t network, const struct rte_ether_addr *mac);

/** Notes that a MAC was seen at a place. With @p dry nothing changes and the return value says what
 *  would have happened. @param now_sec seconds of weft_clock_sec() */
enum weft_learn weft_fdb_learn(uint16_t network, const struct rte_ether_addr *mac, uint16_t place,
			       uint32_t now_sec, bool dry);

/** As weft_fdb_lookup(); and keeps a learned entry young, if it is still at that place. */
uint16_t weft_fdb_touch(uint16_t network, const struct rte_ether_addr *mac, uint16_t place,
			uint32_t now_sec);

/* ---- control thread ---- */

/** @param capacity entries in all. @return 0 or -ENOMEM */
int weft_fdb_create(uint32_t capacity);
void weft_fdb_destroy(void);

/** Limits count learned entries; 0: none. */
void weft_fdb_set_port(uint16_t port, uint32_t limit);
void weft_fdb_set_network(uint16_t network, uint32_t limit, uint32_t age_sec);

/** Adds or replaces a static entry; without it, its MAC is at home again if it has one.
 *  @return 0 or -ENOSPC */
int weft_fdb_add_static(uint16_t network, const struct rte_ether_addr *mac, uint16_t port);
void weft_fdb_del_static(uint16_t network, const struct rte_ether_addr *mac);

/** L2 population: the MAC is at @p place until it is heard elsewhere; and there again when that was
 *  forgotten. What was learned elsewhere before stays. Replaces an earlier home. @return 0 or
 *  -ENOSPC */
int weft_fdb_set_home(uint16_t network, const struct rte_ether_addr *mac, uint16_t place);
void weft_fdb_del_home(uint16_t network, const struct rte_ether_addr *mac);

/** Forgets learned entries that match; WEFT_FDB_ANY and NULL match all. With @p statics removes
 *  static entries and homes as well (a place or network goes). @return how many lookups changed */
uint32_t weft_fdb_flush(uint32_t network, uint32_t place, const struct rte_ether_addr *mac,
			bool statics);

/** Forgets what has not been used for as long as its network allows. */
void weft_fdb_age(uint32_t now_sec);

/** Walks over all entries: *cursor starts at 0. @return false when there are no more */
bool weft_fdb_next(uint32_t *cursor, uint32_t now_sec, struct weft_fdb_row *row);

/** Entries of all kinds; the two below count learned ones. */
uint32_t weft_fdb_count(void);
uint32_t weft_fdb_port_count(uint16_t place);
uint32_t weft_fdb_network_count(uint16_t network);

#endif
