/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * entry: how the FDB keeps what it knows; for the files of this folder only.
 *
 * An entry is found by the position that rte_hash gives to its key. It says where the MAC is now
 * (`where`: learned, static, or at home) and apart from that where its home is, if it has one:
 * beneath a learned or static value the home waits until that is gone.
 *
 *	where			home	is
 *	0			0	no entry
 *	PRESENT | place		any	learned; counted against limits, ages
 *	PRESENT | STATIC | port	any	the configuration's word
 *	PRESENT | HOME | place	same	at home
 *
 * Threads: find and where by anybody who may look up; all else by who holds the lock, which a
 * worker only tries to get.
 */
#ifndef WEFT_FDB_ENTRY_H
#define WEFT_FDB_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_hash.h>
#include <rte_spinlock.h>

#define WEFT_FDB_IDS 65536 /* places and networks are numbered by 16 bits */
#define WEFT_FDB_PRESENT (1u << 31)
#define WEFT_FDB_IS_STATIC (1u << 30)
#define WEFT_FDB_IS_HOME (1u << 29)
#define WEFT_FDB_NOT_COUNTED (WEFT_FDB_IS_STATIC | WEFT_FDB_IS_HOME)

struct weft_fdb_key {
	uint16_t network;
	struct rte_ether_addr mac;
} __rte_packed __rte_aligned(2);

struct weft_fdb_entry {
	uint32_t where; /* [A] 0: no entry; written under the lock */
	uint32_t home; /* [A] WEFT_FDB_PRESENT | place; 0: none; written under the lock */
	uint32_t seen_sec; /* [A] */
	struct weft_fdb_key key; /* under the lock; valid while where != 0 */
};

struct weft_fdb_count {
	uint32_t limit; /* [A] learned entries; 0: none */
	uint32_t learned; /* [A] written under the lock */
};

/** The one table. */
struct weft_fdb_table {
	struct rte_hash *index; /* [I] */
	struct weft_fdb_entry *entries; /* [I] */
	uint32_t positions; /* [I] how many entries there are room for in `entries` */
	uint32_t capacity; /* [I] */
	uint32_t present; /* [A] entries of all kinds; written under the lock */
	rte_spinlock_t lock;
	struct weft_fdb_count places[WEFT_FDB_IDS], networks[WEFT_FDB_IDS];
	uint32_t age_sec[WEFT_FDB_IDS]; /* [C] by network */
};

extern struct weft_fdb_table weft_fdb_table;

static inline struct weft_fdb_entry *
weft_fdb_entry_find(const struct weft_fdb_key *key)
{
	int32_t position = rte_hash_lookup(weft_fdb_table.index, key);

	return position < 0 ? NULL : &weft_fdb_table.entries[position];
}

static inline uint32_t
weft_fdb_entry_where(const struct weft_fdb_entry *entry)
{
	return entry == NULL ? 0 : __atomic_load_n(&entry->where, __ATOMIC_ACQUIRE);
}

static inline uint32_t
weft_fdb_entry_home(const struct weft_fdb_entry *entry)
{
	return entry == NULL ? 0 : __atomic_load_n(&entry->home, __ATOMIC_RELAXED);
}

/** Does it count against limits, and age? */
static inline bool
weft_fdb_where_is_learned(uint32_t where)
{
	return where != 0 && !(where & WEFT_FDB_NOT_COUNTED);
}

/* ---- under the lock ---- */

/** Changes where an entry points to, with counts and generations; 0 only by way of the others. */
void weft_fdb_entry_replace(struct weft_fdb_entry *entry, uint32_t where);

/** @return the entry that was not there before, or NULL if there is no room */
struct weft_fdb_entry *weft_fdb_entry_add(const struct weft_fdb_key *key, uint32_t where,
					  uint32_t now_sec);

/** Takes away what it says now: it is at its home again, or gone. */
void weft_fdb_entry_fall(struct weft_fdb_entry *entry);

/** Gives it a home, or takes it away (0), whatever it says now. Bumps the MAC's generation: the
 *  home decides what may be learned, too. */
void weft_fdb_entry_set_home(struct weft_fdb_entry *entry, uint32_t home);

#endif
