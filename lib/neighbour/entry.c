/* SPDX-License-Identifier: BSD-3-Clause */
#include "neighbour/entry.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_jhash.h>
#include <rte_malloc.h>

#include "core/hash.h"

struct weft_neighbour_table weft_neighbour_table = { .lock = RTE_SPINLOCK_INITIALIZER };

int
weft_neighbour_create(void)
{
	struct weft_neighbour_table *table = &weft_neighbour_table;

	*table = (struct weft_neighbour_table){ .lock = RTE_SPINLOCK_INITIALIZER };
	table->index = weft_hash_create("weft_neighbour", WEFT_NEIGHBOURS_MAX,
					sizeof(struct weft_neighbour_key), true);
	if (table->index == NULL)
		return -ENOMEM;
	table->positions = (uint32_t)rte_hash_max_key_id(table->index) + 1;
	table->entries = rte_zmalloc("neighbours", table->positions * sizeof(*table->entries), 64);
	return table->entries == NULL ? -ENOMEM : 0;
}

void
weft_neighbour_destroy(void)
{
	rte_hash_free(weft_neighbour_table.index);
	rte_free(weft_neighbour_table.entries);
	weft_neighbour_table.index = NULL;
	weft_neighbour_table.entries = NULL;
}

struct weft_neighbour_key
weft_neighbour_key(uint16_t scope, const struct weft_ip *ip)
{
	struct weft_neighbour_key key = { .scope = scope, .family = ip->family };

	memcpy(key.address, ip->bytes, ip->family == AF_INET ? 4 : 16);
	return key;
}

struct weft_ip
weft_neighbour_key_ip(const struct weft_neighbour_key *key)
{
	struct weft_ip ip = { .family = key->family, .prefix = key->family == AF_INET ? 32 : 128 };

	memcpy(ip.bytes, key->address, sizeof(ip.bytes));
	return ip;
}

static uint16_t
entry_slot(const struct weft_neighbour_key *key)
{
	uint32_t words[sizeof(*key) / sizeof(uint32_t)];

	memcpy(words, key, sizeof(words));
	return weft_gen_slot(WEFT_GEN_NEIGHBOUR, rte_jhash_32b(words, RTE_DIM(words), 0));
}

uint16_t
weft_neighbour_slot(uint16_t scope, const struct weft_ip *ip)
{
	struct weft_neighbour_key key = weft_neighbour_key(scope, ip);

	return entry_slot(&key);
}

struct weft_neighbour_entry *
weft_neighbour_entry_find(const struct weft_neighbour_key *key)
{
	int32_t position = rte_hash_lookup(weft_neighbour_table.index, key);

	return position < 0 ? NULL : &weft_neighbour_table.entries[position];
}

/* After the change. */
static void
entry_bump(const struct weft_neighbour_key *key)
{
	weft_gen_bump(entry_slot(key));
	weft_gen_bump(weft_neighbours_slot(key->scope));
	weft_gen_bump(weft_all_neighbours_slot());
}

bool
weft_neighbour_entry_change(struct weft_neighbour_entry *entry, uint64_t *word, uint64_t next)
{
	if (!__atomic_compare_exchange_n(&entry->word, word, next, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return false;
	if (weft_neighbour_word_sense(*word) != weft_neighbour_word_sense(next))
		entry_bump(&entry->key);
	return true;
}

void
weft_neighbour_entry_hurry(const struct weft_neighbour_entry *entry)
{
	struct weft_neighbour_table *table = &weft_neighbour_table;
	uint32_t i = __atomic_fetch_add(&table->n_news, 1, __ATOMIC_RELAXED);

	/* One that is overwritten is found by the round of the ticks. */
	__atomic_store_n(&table->news[i % WEFT_NEIGHBOURS_NEW],
			 (uint32_t)(entry - table->entries) + 1, __ATOMIC_RELEASE);
}

struct weft_neighbour_entry *
weft_neighbour_entry_add(const struct weft_neighbour_key *key, uint64_t word, uint32_t heard_ms)
{
	struct weft_neighbour_entry *entry;
	int32_t position = rte_hash_add_key(weft_neighbour_table.index, key);

	if (position < 0)
		return NULL;
	entry = &weft_neighbour_table.entries[position];
	entry->key = *key;
	entry->pins = 0;
	__atomic_store_n(&entry->heard_ms, heard_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->word, word | WEFT_NEIGHBOUR_PRESENT, __ATOMIC_RELEASE);
	weft_neighbour_table.unpinned++;
	if (key->scope != WEFT_SCOPE_UNDERLAY)
		weft_neighbour_table.in_network[key->scope]++;
	entry_bump(key);
	return entry;
}

void
weft_neighbour_entry_remove(struct weft_neighbour_entry *entry)
{
	uint64_t word = weft_neighbour_entry_word(entry);

	if (word == 0 || weft_neighbour_word_state(word) != WEFT_NEIGHBOUR_NONE ||
	    !weft_neighbour_entry_change(entry, &word, 0))
		return;
	weft_neighbour_table.unpinned--;
	if (entry->key.scope != WEFT_SCOPE_UNDERLAY)
		weft_neighbour_table.in_network[entry->key.scope]--;
	rte_hash_del_key(weft_neighbour_table.index, &entry->key);
}

void
weft_neighbour_entry_sweep(struct weft_neighbour_entry *entry)
{
	if (!rte_spinlock_trylock(&weft_neighbour_table.lock))
		return;
	weft_neighbour_entry_remove(entry);
	rte_spinlock_unlock(&weft_neighbour_table.lock);
}
