/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair: entries that belong together; for the files of this folder only.
 *
 * What is translated is two entries, twins: how its packets come, and how they go on (the shadow).
 * State, time and counts stand with the first; the shadow is there to be found, and goes with it.
 * They may have owners: entries that are no connections but are held by connections, and counted,
 * which go with the last of these (binding.h). A binding is a pair of this kind.
 *
 * Threads: workers.
 */
#ifndef WEFT_CONNTRACK_PAIR_H
#define WEFT_CONNTRACK_PAIR_H

#include "conntrack/index.h"
#include "conntrack/state.h"
#include "core/gen.h"

/** What is wanted, while it is made. */
struct weft_conn_wish {
	struct weft_conn_probe probe;
	enum weft_conn_event event;
	enum weft_conn_state state;
	uint64_t flags; /* of the word, from the start */
	uint32_t in_the_way;
	uint16_t from, to;
	uint32_t now_ms;
	uint32_t number; /* of a free entry; WEFT_NO_CONN */
};

/** All but the word, while nobody can find it. */
void weft_conn_fill(const struct weft_conn_wish *wish);

/** Links what was filled in. @return WEFT_CONN_TAKEN: there is one, *conn, that is not over */
enum weft_conn_outcome weft_conn_make(struct weft_conn_worker *worker,
				      const struct weft_conn_wish *wish, uint32_t *conn);

/** An entry goes that is unlinked: so does its shadow, and it gives up what it holds. */
void weft_conn_part(struct weft_conn_worker *worker, uint32_t number);

/** A key of binding.h as it is looked for. */
struct weft_conn_probe weft_binding_probe(const struct weft_tuple *key);

/** @return WEFT_NO_CONN if there is no such entry */
uint32_t weft_binding_number(const struct weft_tuple *key);

/** The permit that stands with a binding: with its shadow, which has no owners. */
uint64_t *weft_permit_of(uint32_t binding);

/** Of a permit's key: whom was sent to. */
uint32_t weft_permit_remote(const struct weft_tuple *permit);

/** A packet as it has left a router, if that was by a binding: as it came there.
 *  @return whether there is a binding */
bool weft_conn_probe_bound(const struct weft_tuple *left, struct weft_conn_probe *probe,
			   uint32_t *binding);

/** And the connection of that packet, if it goes by the binding. @return WEFT_NO_CONN otherwise */
uint32_t weft_conn_find_bound(const struct weft_conn_probe *probe, uint32_t binding,
			      uint64_t *word);

/** The slot of an entry moves, and that of its twin; and so with the slots for news. */
static inline void
weft_conn_bump_as(const struct weft_conn_entry *entry, uint16_t (*slot)(uint32_t hash))
{
	weft_gen_bump(slot(entry->hash));
	if (unlikely(weft_conn_word(entry) & WEFT_CONN_TRANSLATED)) {
		uint32_t number = (uint32_t)(entry - weft_conn_table.entries);
		uint32_t twin = weft_conn_link_of(number)->twin;

		if (twin != number)
			weft_gen_bump(slot(weft_conn_entry(twin)->hash));
	}
}

static inline uint16_t
weft_conn_slot_of(uint32_t hash)
{
	return weft_gen_slot(WEFT_GEN_CONN, hash);
}

static inline uint16_t
weft_conn_news_slot_of(uint32_t hash)
{
	return weft_gen_news_slot(hash);
}

static inline void
weft_conn_bump(const struct weft_conn_entry *entry)
{
	weft_conn_bump_as(entry, weft_conn_slot_of);
}

static inline void
weft_conn_bump_news(const struct weft_conn_entry *entry)
{
	weft_conn_bump_as(entry, weft_conn_news_slot_of);
}

#endif
