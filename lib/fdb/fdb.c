/* SPDX-License-Identifier: BSD-3-Clause */
/* What workers ask and teach; create, limits, counts. */
#include "fdb/fdb.h"

#include <errno.h>

#include <rte_malloc.h>

#include "core/hash.h"
#include "fdb/entry.h"

int
weft_fdb_create(uint32_t capacity)
{
	struct weft_fdb_table *table = &weft_fdb_table;

	table->index = weft_hash_create("weft_fdb", capacity, sizeof(struct weft_fdb_key), true);
	if (table->index == NULL)
		return -ENOMEM;
	table->capacity = capacity;
	table->positions = (uint32_t)rte_hash_max_key_id(table->index) + 1;
	table->entries = rte_zmalloc("fdb_entries", table->positions * sizeof(*table->entries), 64);
	return table->entries == NULL ? -ENOMEM : 0;
}

void
weft_fdb_destroy(void)
{
	rte_hash_free(weft_fdb_table.index);
	rte_free(weft_fdb_table.entries);
	weft_fdb_table.index = NULL;
	weft_fdb_table.entries = NULL;
}

uint16_t
weft_fdb_lookup(uint16_t network, const struct rte_ether_addr *mac)
{
	struct weft_fdb_key key = { network, *mac };
	uint32_t where = weft_fdb_entry_where(weft_fdb_entry_find(&key));

	return where == 0 ? UINT16_MAX : (uint16_t)where;
}

/* Timestamps are written only when they change. */
static void
fdb_see(struct weft_fdb_entry *entry, uint32_t now_sec)
{
	if (__atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED) != now_sec)
		__atomic_store_n(&entry->seen_sec, now_sec, __ATOMIC_RELAXED);
}

uint16_t
weft_fdb_touch(uint16_t network, const struct rte_ether_addr *mac, uint16_t place, uint32_t now_sec)
{
	struct weft_fdb_key key = { network, *mac };
	struct weft_fdb_entry *entry = weft_fdb_entry_find(&key);
	uint32_t where = weft_fdb_entry_where(entry);

	if (where == (WEFT_FDB_PRESENT | place))
		fdb_see(entry, now_sec);
	return where == 0 ? UINT16_MAX : (uint16_t)where;
}

static inline bool
fdb_is_at_limit(const struct weft_fdb_count *count)
{
	uint32_t most = __atomic_load_n(&count->limit, __ATOMIC_RELAXED);

	return most != 0 && __atomic_load_n(&count->learned, __ATOMIC_RELAXED) >= most;
}

/* What learning would come to, given what is known of the MAC now; NULL: nothing. */
static enum weft_learn
fdb_judge(const struct weft_fdb_entry *entry, uint16_t network, uint16_t place)
{
	const struct weft_fdb_table *table = &weft_fdb_table;
	uint32_t where = weft_fdb_entry_where(entry);

	if (where != 0 && (uint16_t)where == place)
		return WEFT_LEARN_KNOWN;
	if (where & WEFT_FDB_IS_STATIC)
		return WEFT_LEARN_STATIC;
	if (where != 0 && weft_fdb_entry_home(entry) == (WEFT_FDB_PRESENT | place))
		return WEFT_LEARN_NEW; /* back home, where it counts against nothing */
	if (fdb_is_at_limit(&table->places[place]))
		return WEFT_LEARN_PORT_LIMIT;
	if (!weft_fdb_where_is_learned(where) && fdb_is_at_limit(&table->networks[network]))
		return WEFT_LEARN_NETWORK_LIMIT;
	if (where == 0 && weft_fdb_count() >= table->capacity)
		return WEFT_LEARN_FULL;
	return WEFT_LEARN_NEW;
}

/* The caller holds the lock. */
static enum weft_learn
fdb_take(const struct weft_fdb_key *key, uint16_t place, uint32_t now_sec)
{
	struct weft_fdb_entry *entry = weft_fdb_entry_find(key);
	enum weft_learn outcome = fdb_judge(entry, key->network, place);

	if (outcome != WEFT_LEARN_NEW)
		return outcome;
	if (weft_fdb_entry_where(entry) == 0)
		return weft_fdb_entry_add(key, WEFT_FDB_PRESENT | place, now_sec) == NULL ?
			       WEFT_LEARN_FULL :
			       WEFT_LEARN_NEW;
	if (weft_fdb_entry_home(entry) == (WEFT_FDB_PRESENT | place)) {
		weft_fdb_entry_fall(entry);
		return WEFT_LEARN_NEW;
	}
	fdb_see(entry, now_sec);
	weft_fdb_entry_replace(entry, WEFT_FDB_PRESENT | place);
	return WEFT_LEARN_NEW;
}

enum weft_learn
weft_fdb_learn(uint16_t network, const struct rte_ether_addr *mac, uint16_t place, uint32_t now_sec,
	       bool dry)
{
	struct weft_fdb_key key = { network, *mac };
	struct weft_fdb_entry *entry = weft_fdb_entry_find(&key);
	enum weft_learn outcome = fdb_judge(entry, network, place);

	if (outcome == WEFT_LEARN_KNOWN && !dry)
		fdb_see(entry, now_sec);
	if (outcome != WEFT_LEARN_NEW || dry)
		return outcome;
	if (!rte_spinlock_trylock(&weft_fdb_table.lock))
		return WEFT_LEARN_BUSY;
	/* The world may have changed before we had the lock. */
	outcome = fdb_take(&key, place, now_sec);
	rte_spinlock_unlock(&weft_fdb_table.lock);
	return outcome;
}

void
weft_fdb_set_port(uint16_t port, uint32_t limit)
{
	struct weft_fdb_count *count = &weft_fdb_table.places[port];

	if (count->limit == limit)
		return;
	__atomic_store_n(&count->limit, limit, __ATOMIC_RELAXED);
	weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, port));
}

void
weft_fdb_set_network(uint16_t network, uint32_t limit, uint32_t age_sec)
{
	struct weft_fdb_count *count = &weft_fdb_table.networks[network];

	weft_fdb_table.age_sec[network] = age_sec;
	if (count->limit == limit)
		return;
	__atomic_store_n(&count->limit, limit, __ATOMIC_RELAXED);
	weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)network << 16));
}

uint32_t
weft_fdb_count(void)
{
	return __atomic_load_n(&weft_fdb_table.present, __ATOMIC_RELAXED);
}

uint32_t
weft_fdb_port_count(uint16_t place)
{
	return __atomic_load_n(&weft_fdb_table.places[place].learned, __ATOMIC_RELAXED);
}

uint32_t
weft_fdb_network_count(uint16_t network)
{
	return __atomic_load_n(&weft_fdb_table.networks[network].learned, __ATOMIC_RELAXED);
}
