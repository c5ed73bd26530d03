/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * index: from a packet to its connection; for the files of this folder only.
 *
 * A hash that is the same for a tuple and its mirror image chooses a bucket (upper half) and a
 * signature (lower bits). Whose bucket is full is in an overflow bucket that is chained to it; on
 * average half of a bucket is in use in a full table, so that is 3 % of all. An overflow bucket
 * goes back when it is empty; otherwise nothing moves, so that a reader misses nothing.
 *
 * What was found is compared with the packet, forth and back. ICMP has no ports: what a question
 * and its answer have in common is the identifier, so the two hosts could ask each other with the
 * same one. They are two connections: the type of the question is part of the key, questions are
 * always in the original direction, and answers in the other one.
 *
 * Threads: find by anybody; under the lock of a chain only workers.
 */
#ifndef WEFT_CONNTRACK_INDEX_H
#define WEFT_CONNTRACK_INDEX_H

#include <rte_prefetch.h>

#include "conntrack/table.h"

/** A packet in the form that is compared. */
struct weft_conn_probe {
	uint64_t forth[WEFT_CONN_TUPLE_WORDS];
	uint64_t back; /* last word of the mirror image */
	uint64_t hash;
	uint8_t question; /* of ICMP, that was asked or is answered; otherwise 0 */
	bool is_forth, is_back; /* directions that the packet may have */
	bool is_quoted; /* the packet is as it left */
};

/** Where a number stands. */
struct weft_conn_place {
	struct weft_conn_bucket *bucket, *previous;
	uint32_t slot;
};

uint64_t weft_conn_hash(const struct weft_tuple *tuple);

/** @param hash  of the packet's tuple
 *  @return false for ICMP that is neither a question nor an answer: it has no connection */
bool weft_conn_probe(const struct weft_conn_packet *packet, uint64_t hash,
		     struct weft_conn_probe *probe);

/** Finds what is linked and not marked. @return its number, with *word as it was; or
 *  WEFT_NO_CONN */
uint32_t weft_conn_find(const struct weft_conn_probe *probe, enum weft_conn_direction *direction,
			uint64_t *word);

/** Is there anything linked, of whatever kind? */
bool weft_conn_is_linked(const struct weft_conn_probe *probe);

/** Fills in a look at a known connection, but for the direction. */
void weft_conn_describe(uint32_t number, struct weft_conn_look *look);

static inline uint32_t
weft_conn_bucket_number(uint32_t hash)
{
	return (uint32_t)(((uint64_t)hash * weft_conn_table.n_buckets) >> 32);
}

static inline void
weft_conn_prefetch(uint64_t hash)
{
	rte_prefetch0(&weft_conn_table.buckets[weft_conn_bucket_number((uint32_t)(hash >> 32))]);
}

/* ---- under the lock ---- */

/** @return the bucket that begins the chain */
static inline struct weft_conn_bucket *
weft_conn_lock(uint32_t hash)
{
	struct weft_conn_bucket *bucket = &weft_conn_table.buckets[weft_conn_bucket_number(hash)];

	weft_conn_spin_lock(&bucket->lock);
	return bucket;
}

static inline void
weft_conn_unlock(struct weft_conn_bucket *bucket)
{
	weft_conn_spin_unlock(&bucket->lock);
}

/** Finds what is linked, marked or not. @param room  the first free slot; bucket NULL: none */
uint32_t weft_conn_find_locked(struct weft_conn_bucket *chain, const struct weft_conn_probe *probe,
			       struct weft_conn_place *place, struct weft_conn_place *room);

/** @return whether it is linked, and where */
bool weft_conn_find_number(struct weft_conn_bucket *chain, uint32_t number,
			   struct weft_conn_place *place);

/** A new overflow bucket at the end of the chain. @return false if there is none */
bool weft_conn_extend(struct weft_conn_bucket *chain, struct weft_conn_place *room);

/** Puts a number where there was none, or another one with the same tuple: who looks for it finds
 *  one of the two. */
void weft_conn_link(const struct weft_conn_place *place, uint64_t hash, uint32_t number);

/** @return the overflow bucket that has become empty and is not in the chain any more, or NULL */
struct weft_conn_bucket *weft_conn_unlink(const struct weft_conn_place *place);

#endif
