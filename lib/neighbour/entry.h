/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * entry: how neighbours are kept; for the files of this folder only.
 *
 * An entry is found by the position that rte_hash gives to its key. All that is said of it is one
 * atomic word: MAC, state, questions asked, marks. So whoever hears, asks or forgets changes it by
 * compare and exchange, without a lock, and either sees what others did or is seen by them.
 *
 * The lock is for the index: adding, taking out, pins. An entry that is to go becomes
 * WEFT_NEIGHBOUR_NONE first, by anybody, and is as good as gone: lookups say so. Whoever gets the
 * lock takes it out of the index, unless it was wanted again meanwhile. The word is 0 from then
 * until another key gets the position, which RCU puts off until no worker knows the position any
 * more.
 *
 * Threads: those without "under the lock" by online workers, and by who holds the lock.
 */
#ifndef WEFT_NEIGHBOUR_ENTRY_H
#define WEFT_NEIGHBOUR_ENTRY_H

#include <rte_hash.h>
#include <rte_spinlock.h>

#include "neighbour/neighbour.h"
#include "wire/ether.h"

/* The word. */
#define WEFT_NEIGHBOUR_MAC ((UINT64_C(1) << 48) - 1)
#define WEFT_NEIGHBOUR_STATE_SHIFT 48 /* 3 bits */
#define WEFT_NEIGHBOUR_ASKED_SHIFT 51 /* 2 bits: questions without an answer */
#define WEFT_NEIGHBOUR_CONFIRMED (UINT64_C(1) << 61) /* at least once */
#define WEFT_NEIGHBOUR_PINNED (UINT64_C(1) << 62)
#define WEFT_NEIGHBOUR_PRESENT (UINT64_C(1) << 63) /* it is in the index */

/** Workers add no more than this: the other half is for what the configuration pins. */
#define WEFT_NEIGHBOURS_UNPINNED (WEFT_NEIGHBOURS_MAX / 2)

#define WEFT_NEIGHBOURS_NEW 16 /* that the next tick finds without a search */

struct weft_neighbour_key {
	uint16_t scope;
	uint8_t family;
	uint8_t zero;
	uint8_t address[16];
};

struct weft_neighbour_entry {
	uint64_t word; /* [A] 0: no entry */
	uint32_t heard_ms; /* [A] if WEFT_NEIGHBOUR_CONFIRMED */
	uint32_t asked_ms; /* the thread that ticks; if it was asked */
	uint32_t pins; /* under the lock */
	struct weft_neighbour_key key; /* written under the lock while word is 0 */
};

/** The one table. */
struct weft_neighbour_table {
	struct rte_hash *index; /* [I] */
	struct weft_neighbour_entry *entries; /* [I] */
	uint32_t positions; /* [I] */
	rte_spinlock_t lock;
	uint32_t unpinned; /* entries; under the lock, as are these */
	uint16_t in_network[UINT16_MAX]; /* entries, by scope; pinned ones are of no network */
	uint32_t ticked; /* position where the next tick goes on; of the thread that ticks */
	uint32_t news[WEFT_NEIGHBOURS_NEW]; /* [A] positions, plus one, to be asked for at once */
	uint32_t n_news; /* [A] counts on */
};

extern struct weft_neighbour_table weft_neighbour_table;

static inline enum weft_neighbour_state
weft_neighbour_word_state(uint64_t word)
{
	return (enum weft_neighbour_state)(word >> WEFT_NEIGHBOUR_STATE_SHIFT & 7);
}

static inline uint32_t
weft_neighbour_word_asked(uint64_t word)
{
	return word >> WEFT_NEIGHBOUR_ASKED_SHIFT & 3;
}

/** The same marks with another state; the MAC stays while packets may use it. */
static inline uint64_t
weft_neighbour_word_become(uint64_t word, enum weft_neighbour_state state, uint32_t asked)
{
	bool has_mac = state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE;

	return (word & (WEFT_NEIGHBOUR_PRESENT | WEFT_NEIGHBOUR_PINNED | WEFT_NEIGHBOUR_CONFIRMED |
			(has_mac ? WEFT_NEIGHBOUR_MAC : 0))) |
	       (uint64_t)state << WEFT_NEIGHBOUR_STATE_SHIFT |
	       (uint64_t)asked << WEFT_NEIGHBOUR_ASKED_SHIFT;
}

/** What a lookup makes of it, for comparing: REACHABLE and PROBE are the same to packets. */
static inline uint64_t
weft_neighbour_word_sense(uint64_t word)
{
	enum weft_neighbour_state state = weft_neighbour_word_state(word);

	if (state == WEFT_NEIGHBOUR_PROBE)
		state = WEFT_NEIGHBOUR_REACHABLE;
	return (word & WEFT_NEIGHBOUR_MAC) | (uint64_t)state << WEFT_NEIGHBOUR_STATE_SHIFT;
}

static inline struct rte_ether_addr
weft_neighbour_word_mac(uint64_t word)
{
	rte_be64_t number = rte_cpu_to_be_64(word & WEFT_NEIGHBOUR_MAC);
	struct rte_ether_addr mac;

	memcpy(mac.addr_bytes, (uint8_t *)&number + 2, RTE_ETHER_ADDR_LEN);
	return mac;
}

static inline uint64_t
weft_neighbour_entry_word(const struct weft_neighbour_entry *entry)
{
	return entry == NULL ? 0 : __atomic_load_n(&entry->word, __ATOMIC_ACQUIRE);
}

struct weft_neighbour_key weft_neighbour_key(uint16_t scope, const struct weft_ip *ip);
struct weft_ip weft_neighbour_key_ip(const struct weft_neighbour_key *key);

/** @return the entry, NULL if the key is not in the index */
struct weft_neighbour_entry *weft_neighbour_entry_find(const struct weft_neighbour_key *key);

/** Replaces the word if it is still *@p word; bumps generations if a lookup says something else
 *  from now on. @return false with the present one in *@p word */
bool weft_neighbour_entry_change(struct weft_neighbour_entry *entry, uint64_t *word, uint64_t next);

/** Tells the next tick to look at it. */
void weft_neighbour_entry_hurry(const struct weft_neighbour_entry *entry);

/** Takes out what became WEFT_NEIGHBOUR_NONE, if nobody holds the lock. */
void weft_neighbour_entry_sweep(struct weft_neighbour_entry *entry);

/* ---- under the lock ---- */

/** @return the entry that was not in the index before, or NULL if there is no room */
struct weft_neighbour_entry *weft_neighbour_entry_add(const struct weft_neighbour_key *key,
						      uint64_t word, uint32_t heard_ms);

/** Takes an entry out that is WEFT_NEIGHBOUR_NONE. */
void weft_neighbour_entry_remove(struct weft_neighbour_entry *entry);

#endif
