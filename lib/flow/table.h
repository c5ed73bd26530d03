/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: the flow cache of one worker, exact match from key to answer.
 *
 * It is a cache and nothing but a cache: any entry may vanish at any time, and the next packet is
 * walked. That freedom makes it simple. The table is set-associative: a hash picks a line of 32
 * ways; a line is 32 signatures of 16 bits, one cache line, compared at once. The entry of way w of
 * line l is flows[32 * l + w], so there is no chain, no free list, and nothing to rehash. A full
 * line gives up the least recently used of a few ways, which the new key's hash draws.
 *
 * What a packet touches: the line of signatures, and the two lines of the entry, prefetched for a
 * whole burst before the first is used. Who has no entry will get one: what that touches is fetched
 * ahead as well. Keys of IPv6 and of tunnels have a tail in a line apart, and what is routed stands
 * on more than other flows, which has a line of its own, too.
 *
 * The table grows by linear hashing (Litwin, 1980): it starts small, and whenever a quarter of its
 * ways are taken, one line is split in two, the next one in turn. So a thousand flows stay close
 * together in memory, which is kind to caches and TLBs, and no growth ever costs more than one
 * line.
 *
 * Memory: capacity x 258 bytes, reserved at once, touched as it is used.
 *
 * Threads: one worker owns a table. Others look at it through a job on that worker.
 */
#ifndef WEFT_FLOW_TABLE_H
#define WEFT_FLOW_TABLE_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_prefetch.h>

#include "flow/answer.h"
#include "flow/encap.h"
#include "flow/group.h"
#include "flow/key.h"
#include "flow/translate.h"

#define WEFT_FLOW_WAYS 32

/* What a hit touches: 128 bytes, so that the second line comes along with the first. */
struct weft_flow {
	uint8_t key_head[32];
	uint64_t packets;
	uint64_t bytes; /* as they arrived */
	uint32_t sum; /* of the generations at walk time */
	uint32_t used_ms; /* worker clock */
	uint32_t swept_ms; /* worker clock when the sweep last told FDB and conntrack of its use */
	uint32_t hash; /* the lower half: tells the line when lines are split */

	struct weft_answer answer __rte_aligned(64);
	uint32_t conn; /* number of its connection << 1 | direction; WEFT_FLOW_NO_CONN */
	uint32_t born_ms;
} __rte_aligned(128);

_Static_assert(offsetof(struct weft_flow, answer) == 64, "first line: key and counters");
_Static_assert(sizeof(struct weft_flow) == 128, "second line: the answer");

#define WEFT_FLOW_NO_CONN UINT32_MAX

/* What only keys of IPv6 and tunnels have; undefined for others. */
struct weft_flow_tail {
	uint8_t key_ip6[32];
	struct weft_outer key_outer;
} __rte_aligned(64);

#define WEFT_FLOW_CONNS_MORE 3

/* What only flows have whose answer has_more; undefined for others. */
struct weft_flow_more {
	uint16_t deps[WEFT_DEPS_MORE]; /* slots, padded with WEFT_GEN_NOTHING */
	uint32_t conns
		[WEFT_FLOW_CONNS_MORE]; /* of routers, and where it leaves; as that of a flow */
	struct weft_rewrite rewrite; /* if the answer is_translated */
} __rte_aligned(64);

_Static_assert(sizeof(struct weft_flow_more) == 64, "one line");

struct weft_flow_line {
	uint16_t signatures[WEFT_FLOW_WAYS]; /* 0: empty */
} __rte_cache_aligned;

struct weft_flow_table {
	struct weft_flow_line *lines;
	struct weft_flow *flows;
	struct weft_flow_tail *tails; /* by the same index, as are these */
	struct weft_flow_more *mores;
	uint32_t n_lines; /* in use; the next line to split is n_lines & mask_low */
	uint32_t most_lines;
	uint32_t mask_low, mask_high; /* of the lines before and after this round of splits */
	uint32_t n_flows;
	uint64_t n_evicted;
	uint64_t seed; /* for weft_key_hash() */
	struct weft_groups groups;
	struct weft_encaps encaps;
};

/** @param capacity  entries; rounded up to a power of two of at least 32. @return NULL without
 *  memory */
struct weft_flow_table *weft_flow_table_create(uint32_t capacity);
void weft_flow_table_destroy(struct weft_flow_table *table);

/** The process ends: gives up what the flows hold, but not the memory they are in. DPDK clears what
 *  it is given back, and would touch every page that was never used. */
void weft_flow_table_leave(struct weft_flow_table *table);

/** Lines in use: grows, never shrinks. */
static inline uint32_t
weft_flow_table_lines(const struct weft_flow_table *table)
{
	return table->n_lines;
}

/** The line that a hash belongs to. */
static __rte_always_inline uint32_t
weft_flow_line(const struct weft_flow_table *table, uint64_t hash)
{
	uint32_t line = (uint32_t)hash & table->mask_high;

	return line < table->n_lines ? line : (uint32_t)hash & table->mask_low;
}

static __rte_always_inline uint16_t
weft_flow_signature(uint64_t hash)
{
	uint16_t signature = (uint16_t)(hash >> 48);

	return signature == 0 ? 1 : signature;
}

static __rte_always_inline void
weft_flow_prefetch_line(const struct weft_flow_table *table, uint64_t hash)
{
	rte_prefetch0(&table->lines[weft_flow_line(table, hash)]);
}

/** One bit per way whose signature is @p signature. */
static __rte_always_inline uint32_t
weft_flow_line_match(const struct weft_flow_line *line, uint16_t signature)
{
	const __m128i *words = (const __m128i *)line->signatures;
	__m128i want = _mm_set1_epi16((int16_t)signature);
	__m128i low = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(words), want),
				      _mm_cmpeq_epi16(_mm_load_si128(words + 1), want));
	__m128i high = _mm_packs_epi16(_mm_cmpeq_epi16(_mm_load_si128(words + 2), want),
				       _mm_cmpeq_epi16(_mm_load_si128(words + 3), want));

	return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

static inline struct weft_flow_tail *
weft_flow_tail(const struct weft_flow_table *table, const struct weft_flow *flow)
{
	return &table->tails[flow - table->flows];
}

static inline struct weft_flow_more *
weft_flow_more(const struct weft_flow_table *table, const struct weft_flow *flow)
{
	return &table->mores[flow - table->flows];
}

/** Has nothing changed of what its answer stands on? */
static __rte_always_inline bool
weft_flow_is_fresh(const struct weft_flow_table *table, const struct weft_flow *flow)
{
	uint32_t sum = weft_answer_sum(&flow->answer);

	if (unlikely(flow->answer.has_more)) {
		const struct weft_flow_more *more = weft_flow_more(table, flow);

#pragma GCC unroll 16
		for (int i = 0; i < WEFT_DEPS_MORE; i++)
			sum += __atomic_load_n(&weft_gens[more->deps[i]], __ATOMIC_RELAXED);
	}
	return sum == flow->sum;
}

static __rte_always_inline bool
weft_flow_is(const struct weft_flow_table *table, const struct weft_flow *flow,
	     const struct weft_key *key)
{
	const __m128i *have = (const __m128i *)flow->key_head;
	const __m128i *want = (const __m128i *)key;
	const struct weft_flow_tail *tail;
	__m128i same =
		_mm_and_si128(_mm_cmpeq_epi8(_mm_load_si128(have), _mm_load_si128(want)),
			      _mm_cmpeq_epi8(_mm_load_si128(have + 1), _mm_load_si128(want + 1)));

	if (_mm_movemask_epi8(same) != 0xffff)
		return false;
	if (likely(!weft_key_has_tail(key)))
		return true;
	tail = weft_flow_tail(table, flow);
	return weft_key_has_same_tail(key, tail->key_ip6, &tail->key_outer);
}

/** The entry that probably belongs to the hash, or NULL: to be prefetched, then asked with
 *  weft_flow_is(). */
static __rte_always_inline struct weft_flow *
weft_flow_candidate(const struct weft_flow_table *table, uint64_t hash)
{
	uint32_t line = weft_flow_line(table, hash);
	uint32_t ways = weft_flow_line_match(&table->lines[line], weft_flow_signature(hash));

	if (ways == 0)
		return NULL;
	return &table->flows[line * WEFT_FLOW_WAYS + (uint32_t)__builtin_ctz(ways)];
}

/** The entry with this key, or NULL. */
struct weft_flow *weft_flow_find(const struct weft_flow_table *table, const struct weft_key *key,
				 uint64_t hash);

/** An entry will be added for the hash: prefetches what decides where, or what is written then.
 *  @param has_more  its answer probably has more */
void weft_flow_foresee(const struct weft_flow_table *table, const struct weft_key *key,
		       uint64_t hash, bool has_more);

/** It is added soon: prefetches what is written then. */
void weft_flow_expect(const struct weft_flow_table *table, const struct weft_key *key,
		      uint64_t hash, uint32_t now_ms, bool has_more);

/** Makes room, fills in the key and zeroes the rest; the caller writes sum and answer. There must
 *  be
 *  no entry with this key. Never fails. */
struct weft_flow *weft_flow_add(struct weft_flow_table *table, const struct weft_key *key,
				uint64_t hash, uint32_t now_ms);

/** Forgets the answer of an entry, to be given a new one. */
void weft_flow_reset(struct weft_flow *flow);

void weft_flow_del(struct weft_flow_table *table, struct weft_flow *flow);

/** The whole key of an entry. */
void weft_flow_key(const struct weft_flow_table *table, const struct weft_flow *flow,
		   struct weft_key *key);

/** Calls @p visit for each entry of one line; it may delete that entry. */
void weft_flow_visit_line(struct weft_flow_table *table, uint32_t line,
			  void (*visit)(struct weft_flow_table *, struct weft_flow *, void *),
			  void *context);

#endif
