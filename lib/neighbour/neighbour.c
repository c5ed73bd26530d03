/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers ask, want and hear; pins and the list. */
#include "neighbour/neighbour.h"

#include <errno.h>

#include "core/rcu.h"
#include "neighbour/entry.h"

enum weft_neighbour_state
weft_neighbour_lookup(uint16_t scope, const struct weft_ip *ip, struct rte_ether_addr *mac)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);
	uint64_t word = weft_neighbour_entry_word(weft_neighbour_entry_find(&key));
	enum weft_neighbour_state state = weft_neighbour_word_state(word);

	if (state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE)
		*mac = weft_neighbour_word_mac(word);
	return state;
}

/* The caller holds the lock. No network has more than are still free for all. */
static bool
neighbour_has_room(const struct weft_neighbour_table *table, uint16_t scope)
{
	uint32_t free = WEFT_NEIGHBOURS_UNPINNED -
			RTE_MIN(table->unpinned, (uint32_t)WEFT_NEIGHBOURS_UNPINNED);

	return scope == WEFT_SCOPE_UNDERLAY ? free > 0 : table->in_network[scope] < free;
}

/* Adds an entry unless somebody was faster, there is no room or the table is busy. */
static void
neighbour_try_add(const struct weft_neighbour_key *key, uint64_t word, uint32_t heard_ms)
{
	struct weft_neighbour_table *table = &weft_neighbour_table;
	struct weft_neighbour_entry *entry;

	if (!rte_spinlock_trylock(&table->lock))
		return;
	if (neighbour_has_room(table, key->scope) && weft_neighbour_entry_find(key) == NULL) {
		entry = weft_neighbour_entry_add(key, word, heard_ms);
		if (entry != NULL)
			weft_neighbour_entry_hurry(entry);
	}
	rte_spinlock_unlock(&table->lock);
}

void
weft_neighbour_want(uint16_t scope, const struct weft_ip *ip, uint32_t now_ms)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);
	struct weft_neighbour_entry *entry = weft_neighbour_entry_find(&key);
	uint64_t word = weft_neighbour_entry_word(entry);
	uint64_t incomplete = (uint64_t)WEFT_NEIGHBOUR_INCOMPLETE << WEFT_NEIGHBOUR_STATE_SHIFT;

	if (word == 0) {
		neighbour_try_add(&key, incomplete, now_ms);
		return;
	}
	if (weft_neighbour_word_state(word) == WEFT_NEIGHBOUR_NONE &&
	    weft_neighbour_entry_change(entry, &word, incomplete | WEFT_NEIGHBOUR_PRESENT))
		weft_neighbour_entry_hurry(entry);
}

void
weft_neighbour_heard(uint16_t scope, const struct weft_ip *ip, const struct rte_ether_addr *mac,
		     bool may_add, uint32_t now_ms)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);
	struct weft_neighbour_entry *entry = weft_neighbour_entry_find(&key);
	uint64_t word = weft_neighbour_entry_word(entry);
	uint64_t heard = weft_mac_number(mac) | WEFT_NEIGHBOUR_CONFIRMED |
			 (uint64_t)WEFT_NEIGHBOUR_REACHABLE << WEFT_NEIGHBOUR_STATE_SHIFT;

	if (!rte_is_valid_assigned_ether_addr(mac))
		return;
	while (word != 0 && (may_add || weft_neighbour_word_state(word) != WEFT_NEIGHBOUR_NONE)) {
		uint64_t marks = word & (WEFT_NEIGHBOUR_PRESENT | WEFT_NEIGHBOUR_PINNED);

		__atomic_store_n(&entry->heard_ms, now_ms, __ATOMIC_RELAXED);
		if (weft_neighbour_entry_change(entry, &word, heard | marks))
			return;
	}
	if (word == 0 && may_add)
		neighbour_try_add(&key, heard, now_ms);
}

void
weft_neighbour_forget(uint16_t scope, const struct weft_ip *ip)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);
	struct weft_neighbour_entry *entry = weft_neighbour_entry_find(&key);
	uint64_t word = weft_neighbour_entry_word(entry);

	while (word != 0 && !(word & WEFT_NEIGHBOUR_PINNED))
		if (weft_neighbour_entry_change(entry, &word, WEFT_NEIGHBOUR_PRESENT)) {
			weft_neighbour_entry_sweep(entry);
			return;
		}
}

/* ---- control thread ---- */

/* The caller holds the lock. Marks are the configuration's; a worker may change the rest meanwhile.
 */
static void
neighbour_mark(struct weft_neighbour_entry *entry, bool is_pinned)
{
	uint64_t word = weft_neighbour_entry_word(entry), next;

	do {
		next = is_pinned ? word | WEFT_NEIGHBOUR_PINNED : word & ~WEFT_NEIGHBOUR_PINNED;
		if (weft_neighbour_word_state(next) == WEFT_NEIGHBOUR_NONE)
			next = weft_neighbour_word_become(next, WEFT_NEIGHBOUR_INCOMPLETE, 0);
	} while (!weft_neighbour_entry_change(entry, &word, next));
}

static bool
neighbour_try_pin(const struct weft_neighbour_key *key)
{
	uint64_t incomplete = (uint64_t)WEFT_NEIGHBOUR_INCOMPLETE << WEFT_NEIGHBOUR_STATE_SHIFT;
	struct weft_neighbour_entry *entry;

	rte_spinlock_lock(&weft_neighbour_table.lock);
	entry = weft_neighbour_entry_find(key);
	if (entry == NULL)
		entry = weft_neighbour_entry_add(key, incomplete, 0);
	if (entry != NULL && entry->pins++ == 0) {
		weft_neighbour_table.unpinned--;
		neighbour_mark(entry, true);
		weft_neighbour_entry_hurry(entry);
	}
	rte_spinlock_unlock(&weft_neighbour_table.lock);
	return entry != NULL;
}

int
weft_neighbour_pin(uint16_t scope, const struct weft_ip *ip)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);

	if (neighbour_try_pin(&key))
		return 0;
	/* Positions that were given up wait until no worker can know them any more. */
	weft_rcu_synchronize();
	return neighbour_try_pin(&key) ? 0 : -ENOSPC;
}

void
weft_neighbour_unpin(uint16_t scope, const struct weft_ip *ip)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);
	struct weft_neighbour_entry *entry;

	rte_spinlock_lock(&weft_neighbour_table.lock);
	entry = weft_neighbour_entry_find(&key);
	if (entry != NULL && entry->pins > 0 && --entry->pins == 0) {
		weft_neighbour_table.unpinned++;
		neighbour_mark(entry, false);
	}
	rte_spinlock_unlock(&weft_neighbour_table.lock);
}

/* The caller holds the lock. A worker may change the word meanwhile. */
static void
neighbour_reset(struct weft_neighbour_entry *entry)
{
	uint64_t word = weft_neighbour_entry_word(entry), next;

	do {
		next = WEFT_NEIGHBOUR_PRESENT;
		if (word & WEFT_NEIGHBOUR_PINNED)
			next |= WEFT_NEIGHBOUR_PINNED | (uint64_t)WEFT_NEIGHBOUR_INCOMPLETE
								<< WEFT_NEIGHBOUR_STATE_SHIFT;
	} while (!weft_neighbour_entry_change(entry, &word, next));
	weft_neighbour_entry_remove(entry);
}

void
weft_neighbour_reset(uint16_t scope)
{
	for (uint32_t i = 0; i < weft_neighbour_table.positions; i++) {
		struct weft_neighbour_entry *entry = &weft_neighbour_table.entries[i];

		if (weft_neighbour_entry_word(entry) == 0)
			continue;
		rte_spinlock_lock(&weft_neighbour_table.lock);
		if (weft_neighbour_entry_word(entry) != 0 && entry->key.scope == scope)
			neighbour_reset(entry);
		rte_spinlock_unlock(&weft_neighbour_table.lock);
	}
}

/* The caller holds the lock. */
static void
neighbour_read(const struct weft_neighbour_entry *entry, uint64_t word, uint32_t now_ms,
	       struct weft_neighbour_row *row)
{
	int32_t age_ms = (int32_t)(now_ms - __atomic_load_n(&entry->heard_ms, __ATOMIC_RELAXED));

	*row = (struct weft_neighbour_row){
		.scope = entry->key.scope,
		.ip = weft_neighbour_key_ip(&entry->key),
		.state = weft_neighbour_word_state(word),
		.is_pinned = word & WEFT_NEIGHBOUR_PINNED,
		.mac = weft_neighbour_word_mac(word),
		.age_ms = word & WEFT_NEIGHBOUR_CONFIRMED && age_ms > 0 ? (uint32_t)age_ms : 0,
	};
}

bool
weft_neighbour_next(uint32_t *cursor, uint32_t now_ms, struct weft_neighbour_row *row)
{
	while (*cursor < weft_neighbour_table.positions) {
		const struct weft_neighbour_entry *entry =
			&weft_neighbour_table.entries[(*cursor)++];
		uint64_t word = weft_neighbour_entry_word(entry);

		if (weft_neighbour_word_state(word) == WEFT_NEIGHBOUR_NONE)
			continue;
		/* A worker may give the position to another address at any time. */
		rte_spinlock_lock(&weft_neighbour_table.lock);
		word = weft_neighbour_entry_word(entry);
		if (weft_neighbour_word_state(word) != WEFT_NEIGHBOUR_NONE)
			neighbour_read(entry, word, now_ms, row);
		rte_spinlock_unlock(&weft_neighbour_table.lock);
		if (weft_neighbour_word_state(word) != WEFT_NEIGHBOUR_NONE)
			return true;
	}
	return false;
}

const char *
weft_neighbour_state_name(enum weft_neighbour_state state)
{
	static const char *const names[] = {
		[WEFT_NEIGHBOUR_NONE] = "none",
		[WEFT_NEIGHBOUR_INCOMPLETE] = "incomplete",
		[WEFT_NEIGHBOUR_REACHABLE] = "reachable",
		[WEFT_NEIGHBOUR_PROBE] = "probe",
		[WEFT_NEIGHBOUR_FAILED] = "failed",
	};

	return names[state];
}
