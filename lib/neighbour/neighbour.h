/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neighbour: which MAC an IP address has, on links where the switch itself speaks IP.
 *
 * Entries are found by (scope, address). A scope is a link: WEFT_SCOPE_UNDERLAY, the one of the
 * tunnel endpoint, or the number of a network: those whom a router there speaks to, and in overlays
 * addresses that moved against what the configuration says.
 *
 * States, as in RFC 4861 section 7.3.2 but fewer, and the same for ARP (RFC 826):
 *
 *	INCOMPLETE	asked, no answer yet; packets wait for it
 *	REACHABLE	has a MAC that was confirmed within WEFT_NEIGHBOUR_FRESH_MS
 *	PROBE		has a MAC that is being asked for again; packets still use it
 *	FAILED		did not answer WEFT_NEIGHBOUR_TRIES questions; asked now and then all the
 *			same if it is pinned, forgotten after WEFT_NEIGHBOUR_FAILED_MS otherwise
 *
 * Not trivial:
 *
 *  - Readers never wait. The index is rte_hash in its lock-free reading mode, reclaimed by RCU; MAC
 *    and state are one atomic word, so that what is heard about an entry needs no lock and is never
 *    lost. Adding an entry takes a lock that a worker only ever tries: if somebody has it, nothing
 *    is added, and the next packet tries again.
 *  - Every change of what weft_neighbour_lookup() would say moves the entry's generation and the
 *    one of its scope, after the change; an INCOMPLETE entry where there was none is such a change
 *    too. REACHABLE and PROBE with the same MAC are the same to packets: going from one to the
 *    other moves nothing, and neither does a fresh confirmation.
 *  - One thread ticks (a worker): it alone asks, counts tries and lets entries fail. A worker that
 *    needs an address that is not there adds it with weft_neighbour_want(); the next tick asks. The
 *    rest is timed with the grain of a round of ticks over the table, a third of a second.
 *  - Pinned entries (next hops of the configuration) are never removed; others go when they have
 *    FAILED for a while, or - in the scope of a network - after their lifetime without being heard.
 *  - What packets can add fills half of the table: the rest is for pinned ones.
 *
 * Threads: lookup, want, heard, forget by online workers; tick by one of them; the rest by the
 * control thread.
 */
#ifndef WEFT_NEIGHBOUR_NEIGHBOUR_H
#define WEFT_NEIGHBOUR_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "conf/conf.h"
#include "core/gen.h"

#define WEFT_NEIGHBOURS_MAX 8192
#define WEFT_SCOPE_UNDERLAY UINT16_MAX
#define WEFT_NEIGHBOUR_FRESH_MS 10000 /* after that it is asked again */
#define WEFT_NEIGHBOUR_FRESH_NETWORK_MS                                                            \
	30000 /* the same in networks, where there are more of them */
#define WEFT_NEIGHBOUR_ASK_MS 1000 /* between two questions */
#define WEFT_NEIGHBOUR_TRIES 3
#define WEFT_NEIGHBOUR_FAILED_MS 5000 /* between two questions to one that does not answer */

enum weft_neighbour_state {
	WEFT_NEIGHBOUR_NONE, /* nobody has asked for it */
	WEFT_NEIGHBOUR_INCOMPLETE,
	WEFT_NEIGHBOUR_REACHABLE,
	WEFT_NEIGHBOUR_PROBE,
	WEFT_NEIGHBOUR_FAILED,
};

/** An entry as people see it. */
struct weft_neighbour_row {
	uint16_t scope;
	struct weft_ip ip;
	enum weft_neighbour_state state;
	bool is_pinned;
	struct rte_ether_addr mac; /* zero if there is none */
	uint32_t age_ms; /* since it was last confirmed; 0 if never */
};

/** Generation slots: of an address, and of whatever happens in a scope. */
uint16_t weft_neighbour_slot(uint16_t scope, const struct weft_ip *ip);

static inline uint16_t
weft_neighbours_slot(uint16_t scope)
{
	return weft_gen_slot(WEFT_GEN_NEIGHBOURS, scope);
}

/** The same for all scopes. */
static inline uint16_t
weft_all_neighbours_slot(void)
{
	return weft_gen_slot(WEFT_GEN_NEIGHBOURS, UINT32_MAX);
}

/* ---- workers ---- */

/** Only family and bytes of @p ip count, here and below. @param mac  filled in for REACHABLE and
 *  PROBE */
enum weft_neighbour_state weft_neighbour_lookup(uint16_t scope, const struct weft_ip *ip,
						struct rte_ether_addr *mac);

/** Somebody needs it: adds an INCOMPLETE entry if there is none and the table has room and is not
 *  busy. A FAILED one is left alone. */
void weft_neighbour_want(uint16_t scope, const struct weft_ip *ip, uint32_t now_ms);

/** The address was heard to be at a MAC. Entries that are there become REACHABLE; others are added
 *  if @p may_add. MACs that nobody can have (groups, zero) are not believed. */
void weft_neighbour_heard(uint16_t scope, const struct weft_ip *ip,
			  const struct rte_ether_addr *mac, bool may_add, uint32_t now_ms);

/** Takes an entry out that is not pinned; lookups do not find it from now on. */
void weft_neighbour_forget(uint16_t scope, const struct weft_ip *ip);

/** Who asks. */
struct weft_neighbour_asker {
	/** Does somebody of ours speak to that address there now? Else time stands still. */
	bool (*speaks)(void *context, uint16_t scope, const struct weft_ip *ip);
	/** How a question goes out: to @p mac if it is not NULL (it is only asked again), else to
	 *  all. */
	void (*ask)(void *context, uint16_t scope, const struct weft_ip *ip,
		    const struct rte_ether_addr *mac);
	void *context;
};

/** Looks at entries whose time has come, at most 256 positions of the table per call: those that
 *  were added a moment ago, then the next ones of the round. Call about every 10 ms, from one
 *  thread. */
void weft_neighbour_tick(uint32_t now_ms, const struct weft_neighbour_asker *asker);

/* ---- control thread ---- */

/** @return 0 or -ENOMEM */
int weft_neighbour_create(void);
void weft_neighbour_destroy(void);

/** A next hop of the configuration: stays, and is kept known, until it is unpinned as often as it
 *  was pinned. @return 0 or -ENOSPC */
int weft_neighbour_pin(uint16_t scope, const struct weft_ip *ip);
void weft_neighbour_unpin(uint16_t scope, const struct weft_ip *ip);

/** Removes entries of networks (not of the underlay) that were not heard for @p age_ms, and all of
 *  a network that no longer exists: is_there() says. Pinned ones stay. */
void weft_neighbour_age(uint32_t now_ms, uint32_t age_ms, bool (*is_there)(uint16_t scope));

/** The link of a scope is another one: what was heard there means nothing any more. Pinned entries
 *  are INCOMPLETE again, others go. */
void weft_neighbour_reset(uint16_t scope);

/** Walks over all entries: *cursor starts at 0. @return false when there are no more */
bool weft_neighbour_next(uint32_t *cursor, uint32_t now_ms, struct weft_neighbour_row *row);

/** "incomplete", "reachable", "probe", "failed". */
const char *weft_neighbour_state_name(enum weft_neighbour_state state);

#endif
