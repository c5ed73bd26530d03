/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: how connections are kept; for the files of this folder only.
 *
 *	entries		one line of 64 bytes per connection, by its number
 *	links		16 bytes each, by the same number: of what is translated (binding.h)
 *	deadlines	4 bytes each, by the same number: when it expires
 *	buckets		the index: 8 signatures and 8 numbers in one line (index.h)
 *	pool		numbers that nobody has (pool.h)
 *	ports		how many connections count for each port (quota.h)
 *
 * A connection of 1,048,576 takes 64 + 16 + 4 bytes, its quarter of a bucket and sixteenth of an
 * overflow bucket 20, its place among the free numbers 4, and as there are some more entries than
 * connections (below), it is 110 bytes in all; a table of 3 million takes 330 MB. All of it is
 * there from the start: a worker that makes connections does not wait for the kernel to clear a
 * page.
 *
 * The life of an entry:
 *
 *	free		its number is in the pool; deadline 0
 *	linked		found by the index; deadline != 0
 *	marked		still linked, and absent to all who look; waits for the sweep
 *	in limbo	not linked any more, deadline 0, WEFT_CONN_GONE. Readers who found it
 *			before may still look at it, so its tuple, hash and ports stay what they
 *			were until all workers have been quiescent (pool.h).
 *
 * The tuple is written while nobody can find the entry. State and flags are one word of 64 bits,
 * replaced as a whole; together with the second of its birth and a count of lives, so that who
 * changes it changes the connection that he has looked at, or fails.
 *
 * Who uses a connection writes the time of it first and looks whether it is gone afterwards; who
 * removes one says first that it is gone and reads the time of its use afterwards. So one of them
 * sees the other, and makes the flows stale that may stand on it.
 *
 * There are more entries than connections may be: numbers in limbo, and those that workers keep at
 * hand, shall not be missing when the table is nearly full. And one that is translated has up to
 * WEFT_CONN_PARTS: those beyond the number of connections get memory when they are first used.
 */
#ifndef WEFT_CONNTRACK_TABLE_H
#define WEFT_CONNTRACK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_atomic.h>
#include <rte_common.h>
#include <rte_pause.h>

#include "conntrack/conntrack.h"

#define WEFT_CONN_PORTS 65536 /* the last one stands for "no port" */
#define WEFT_CONN_TUPLE_WORDS (sizeof(struct weft_tuple) / sizeof(uint64_t))
#define WEFT_CONN_BATCH 64 /* numbers that move between a worker and the pool at once */
#define WEFT_CONN_BATCHES 32 /* of numbers in limbo, per worker */
#define WEFT_CONN_PARTS 6 /* of a connection, its twin and what both hold included (binding.h) */
#define WEFT_CONN_PIECE 1024 /* numbers that one worker sweeps, before those of the next one */

/* What a word says. */
#define WEFT_CONN_STATE_MASK 0xfull
#define WEFT_CONN_TRANSLATED (1ull << 4) /* goes on as its twin or binding says, has owners */
#define WEFT_CONN_SHADOW (1ull << 5) /* the twin: how it goes on; all else stands with the first */
#define WEFT_CONN_HELD (1ull << 6) /* no connection, but what connections hold: has users */
#define WEFT_CONN_PERMITS (1ull << 7) /* counts in the permit that stands with its binding */
#define WEFT_CONN_GONE (1ull << 8) /* not linked */
#define WEFT_CONN_MARKED (1ull << 9) /* by weft_conn_forget() */
#define WEFT_CONN_REPLIED (1ull << 10)
#define WEFT_CONN_ASSURED (1ull << 11)
#define WEFT_CONN_REPLY_CLOSED (1ull << 12) /* TCP: the first FIN was a reply's */
#define WEFT_CONN_ASKED_ANEW (1ull << 13) /* TCP: a SYN was ignored in the original direction */
#define WEFT_CONN_CUT (1ull << 14) /* the rules allow it no more */
#define WEFT_CONN_QUESTION_SHIFT 16 /* 8 bits, of ICMP: type of the question; otherwise 0 */
#define WEFT_CONN_LIFE_SHIFT 24 /* 8 bits: counts connections that have had this entry */
#define WEFT_CONN_BORN_SHIFT 32 /* 32 bits: second of its birth; in limbo: next one */

/* Deadlines are in ms and compared by their difference, but for two: */
#define WEFT_CONN_NEVER 0 /* no connection */
#define WEFT_CONN_AT_ONCE 1 /* marked */

struct weft_conn_entry {
	uint64_t tuple[WEFT_CONN_TUPLE_WORDS]; /* [I] while it can be found: struct weft_tuple */
	uint64_t word; /* [A] */
	uint16_t from; /* [I] while it can be found */
	uint16_t to; /* [A] written under the lock of its chain */
	uint32_t hash; /* [I] while it can be found: upper half */
	uint32_t touched_ms; /* [A] last use */
	uint32_t changed_ms; /* [A] last change of state */
} __rte_cache_aligned;

_Static_assert(sizeof(struct weft_conn_entry) == 64, "one line");

/** Of what is translated, and of what that holds. */
struct weft_conn_link {
	union {
		uint32_t owners[2]; /* [I] held by it; WEFT_NO_CONN */
		uint64_t permit; /* [A] of a binding's shadow: connections << 32 | remote address */
	};
	uint32_t twin; /* [I] while it can be found; of what has none itself. Always some entry */
	uint32_t users; /* [A] of what is held; the last one removes it */
};

/** Slots are written under the lock of the chain's first bucket, the number before the signature;
 *  and read without. */
struct weft_conn_bucket {
	uint16_t signatures[8]; /* [A] 0: free */
	uint32_t numbers[8]; /* [A] */
	uint32_t next; /* [A] overflow bucket + 1, 0: none */
	uint32_t lock; /* [A] of the first bucket in a chain */
	uint32_t limbo; /* [W] overflow bucket in limbo: number of the next one there */
} __rte_cache_aligned;

_Static_assert(sizeof(struct weft_conn_bucket) == 64, "one line");

/** Free numbers, last in first out. */
struct weft_conn_pool {
	uint32_t lock; /* [A] workers only, for a moment */
	uint32_t n; /* under the lock */
	uint32_t fresh; /* [A] numbers from here on were never used; written under the lock */
	uint32_t size; /* [I] */
	uint32_t *numbers; /* [I] array; content under the lock */
};

struct weft_conn_port {
	uint64_t word; /* [A] reserve << 32 | connections that count for it */
	uint32_t limit; /* [A] 0: none */
} __rte_cache_aligned;

/** Numbers that were given up before a token of weft_rcu was drawn. */
struct weft_conn_batch {
	uint64_t token;
	uint32_t first, last, n;
};

/** What a worker has for itself. */
struct weft_conn_worker {
	uint32_t n; /* [W] numbers at hand */
	uint32_t numbers[2 * WEFT_CONN_BATCH]; /* [W] */
	struct weft_conn_batch open; /* [W] limbo: what has no token yet */
	struct weft_conn_batch batches[WEFT_CONN_BATCHES]; /* [W] ring of those that wait */
	uint32_t oldest, waiting; /* [W] in it */
	uint32_t opened_ms; /* [W] when the sweep saw `open` the last time */
	uint32_t position; /* [W] next number that the sweep looks at */
	uint32_t due; /* [W] numbers that it should have looked at by now */
	uint32_t swept_ms; /* [W] */
	uint32_t hurries; /* [W] of the table, when it looked last */
	uint64_t added, removed; /* [S] */
} __rte_cache_aligned;

/** The one table. */
struct weft_conn_table {
	uint64_t seeds[4]; /* [I] of the hash */
	struct weft_conn_entry *entries; /* [I] */
	struct weft_conn_link *links; /* [I] */
	uint32_t *deadlines; /* [A] array */
	struct weft_conn_bucket *buckets; /* [I] first those that begin chains, then overflow */
	struct weft_conn_worker *workers; /* [I] */
	uint32_t capacity; /* [I] connections */
	uint32_t n_buckets; /* [I] without overflow */
	uint16_t n_workers; /* [I] */
	uint32_t flow_idle_ms; /* [A] */
	uint32_t hurries; /* [A] how often something was marked that shall not wait */
	uint32_t timeouts_ms[1 + WEFT_CONN_ROUTERS]
			    [WEFT_CONN_STATES]; /* [A] of networks; routers */
	uint64_t clock_ms; /* [A] now_ms that does not wrap; written by worker 0 */
	uint64_t reserved __rte_cache_aligned; /* [A] sum of reserves; written by control */
	struct weft_conn_pool pool __rte_cache_aligned; /* of entries */
	struct weft_conn_pool overflow __rte_cache_aligned; /* of buckets */
	int64_t shared __rte_cache_aligned; /* [A] connections beyond reserves */
	struct weft_conn_port ports[WEFT_CONN_PORTS];
};

extern struct weft_conn_table weft_conn_table;

/** Of buckets and pools. */
static inline void
weft_conn_spin_lock(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0)
		while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0)
			rte_pause();
}

static inline void
weft_conn_spin_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

static inline struct weft_conn_entry *
weft_conn_entry(uint32_t number)
{
	return &weft_conn_table.entries[number];
}

static inline struct weft_conn_link *
weft_conn_link_of(uint32_t number)
{
	return &weft_conn_table.links[number];
}

/** The last word of a tuple ends with the zone. */
static inline uint16_t
weft_conn_entry_zone(const struct weft_conn_entry *entry)
{
	return (uint16_t)(__atomic_load_n(&entry->tuple[4], __ATOMIC_RELAXED) >> 48);
}

static inline uint64_t
weft_conn_word(const struct weft_conn_entry *entry)
{
	return __atomic_load_n(&entry->word, __ATOMIC_ACQUIRE);
}

/** Is it a connection, or only a part of one? */
static inline bool
weft_conn_is_counted(uint64_t word)
{
	return !(word & (WEFT_CONN_SHADOW | WEFT_CONN_HELD));
}

static inline enum weft_conn_state
weft_conn_word_state(uint64_t word)
{
	return (enum weft_conn_state)(word & WEFT_CONN_STATE_MASK);
}

static inline uint8_t
weft_conn_word_question(uint64_t word)
{
	return (uint8_t)(word >> WEFT_CONN_QUESTION_SHIFT);
}

static inline uint32_t
weft_conn_word_born(uint64_t word)
{
	return (uint32_t)(word >> WEFT_CONN_BORN_SHIFT);
}

/** Acquires, so that a word that is read afterwards is not older. */
static inline struct weft_tuple
weft_conn_entry_tuple(const struct weft_conn_entry *entry)
{
	uint64_t words[WEFT_CONN_TUPLE_WORDS];
	struct weft_tuple tuple;

	for (unsigned int i = 0; i < WEFT_CONN_TUPLE_WORDS; i++)
		words[i] = __atomic_load_n(&entry->tuple[i], __ATOMIC_ACQUIRE);
	memcpy(&tuple, words, sizeof(tuple));
	return tuple;
}

/** The port that a connection counts for. */
static inline uint16_t
weft_conn_counted(uint16_t from, uint16_t to)
{
	return from != WEFT_CONN_NO_PORT ? from : to;
}

/** Seconds that do not wrap with @p now_ms, as long as worker 0 lives. */
static inline uint32_t
weft_conn_sec(uint32_t now_ms)
{
	uint64_t clock_ms = __atomic_load_n(&weft_conn_table.clock_ms, __ATOMIC_RELAXED);

	return (uint32_t)((clock_ms + (uint64_t)(int64_t)(int32_t)(now_ms - (uint32_t)clock_ms)) /
			  1000);
}

/** @p now_ms is not before @p then_ms. */
static inline bool
weft_conn_is_past(uint32_t now_ms, uint32_t then_ms)
{
	return (int32_t)(now_ms - then_ms) >= 0;
}

#endif
