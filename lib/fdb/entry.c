/* SPDX-License-Identifier: BSD-3-Clause */
#include "fdb/entry.h"

#include "fdb/fdb.h"

struct weft_fdb_table weft_fdb_table = { .lock = RTE_SPINLOCK_INITIALIZER };

void
weft_fdb_entry_replace(struct weft_fdb_entry *entry, uint32_t where)
{
	struct weft_fdb_table *table = &weft_fdb_table;
	uint16_t network = entry->key.network;
	uint32_t old = entry->where;

	__atomic_store_n(&entry->where, where, __ATOMIC_RELEASE);
	if (weft_fdb_where_is_learned(old)) {
		table->places[(uint16_t)old].learned--;
		table->networks[network].learned--;
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint16_t)old));
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)network << 16));
	}
	if (weft_fdb_where_is_learned(where)) {
		struct weft_fdb_count *place = &table->places[(uint16_t)where];
		struct weft_fdb_count *among = &table->networks[network];

		/* Who found the table full is refused by the network from now on: that can be when
		 * somebody has left home, which takes no more room. */
		if (++among->learned == among->limit && table->present >= table->capacity)
			weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, WEFT_FDB_TABLE));
		/* From now on the port's limit says no, and perhaps something else has so far. */
		if (++place->learned == place->limit)
			weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint16_t)where));
	}
	table->present = table->present + (where != 0) - (old != 0);
	if (where == 0)
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, WEFT_FDB_TABLE));
	weft_gen_bump(weft_fdb_slot(network, &entry->key.mac));
}

struct weft_fdb_entry *
weft_fdb_entry_add(const struct weft_fdb_key *key, uint32_t where, uint32_t now_sec)
{
	struct weft_fdb_entry *entry;
	int32_t position = rte_hash_add_key(weft_fdb_table.index, key);

	if (position < 0)
		return NULL;
	entry = &weft_fdb_table.entries[position];
	entry->key = *key;
	__atomic_store_n(&entry->seen_sec, now_sec, __ATOMIC_RELAXED);
	weft_fdb_entry_replace(entry, where);
	return entry;
}

void
weft_fdb_entry_fall(struct weft_fdb_entry *entry)
{
	if (entry->home != 0) {
		weft_fdb_entry_replace(entry, entry->home | WEFT_FDB_IS_HOME);
		return;
	}
	weft_fdb_entry_replace(entry, 0);
	rte_hash_del_key(weft_fdb_table.index, &entry->key);
}

void
weft_fdb_entry_set_home(struct weft_fdb_entry *entry, uint32_t home)
{
	if (entry->home == home)
		return;
	__atomic_store_n(&entry->home, home, __ATOMIC_RELAXED);
	/* It was at home, or is there already: it follows. */
	if ((entry->where & WEFT_FDB_IS_HOME) || entry->where == home)
		weft_fdb_entry_fall(entry);
	else
		weft_gen_bump(weft_fdb_slot(entry->key.network, &entry->key.mac));
}
