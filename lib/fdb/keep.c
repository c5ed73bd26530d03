/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread does to the table: static entries, homes, flushing, ageing, listing. */
#include <errno.h>

#include "fdb/entry.h"
#include "fdb/fdb.h"

int
weft_fdb_add_static(uint16_t network, const struct rte_ether_addr *mac, uint16_t port)
{
	struct weft_fdb_key key = { network, *mac };
	uint32_t where = WEFT_FDB_PRESENT | WEFT_FDB_IS_STATIC | port;
	struct weft_fdb_entry *entry;
	int rc = 0;

	rte_spinlock_lock(&weft_fdb_table.lock);
	entry = weft_fdb_entry_find(&key);
	if (weft_fdb_entry_where(entry) == 0)
		rc = weft_fdb_entry_add(&key, where, 0) == NULL ? -ENOSPC : 0;
	else if (entry->where != where)
		weft_fdb_entry_replace(entry, where);
	rte_spinlock_unlock(&weft_fdb_table.lock);
	return rc;
}

void
weft_fdb_del_static(uint16_t network, const struct rte_ether_addr *mac)
{
	struct weft_fdb_key key = { network, *mac };
	struct weft_fdb_entry *entry;

	rte_spinlock_lock(&weft_fdb_table.lock);
	entry = weft_fdb_entry_find(&key);
	if (weft_fdb_entry_where(entry) & WEFT_FDB_IS_STATIC)
		weft_fdb_entry_fall(entry);
	rte_spinlock_unlock(&weft_fdb_table.lock);
}

int
weft_fdb_set_home(uint16_t network, const struct rte_ether_addr *mac, uint16_t place)
{
	struct weft_fdb_key key = { network, *mac };
	uint32_t home = WEFT_FDB_PRESENT | place;
	struct weft_fdb_entry *entry;

	rte_spinlock_lock(&weft_fdb_table.lock);
	entry = weft_fdb_entry_find(&key);
	if (weft_fdb_entry_where(entry) == 0)
		entry = weft_fdb_entry_add(&key, home | WEFT_FDB_IS_HOME, 0);
	if (entry != NULL)
		weft_fdb_entry_set_home(entry, home);
	rte_spinlock_unlock(&weft_fdb_table.lock);
	return entry == NULL ? -ENOSPC : 0;
}

void
weft_fdb_del_home(uint16_t network, const struct rte_ether_addr *mac)
{
	struct weft_fdb_key key = { network, *mac };
	struct weft_fdb_entry *entry;

	rte_spinlock_lock(&weft_fdb_table.lock);
	entry = weft_fdb_entry_find(&key);
	if (weft_fdb_entry_where(entry) != 0)
		weft_fdb_entry_set_home(entry, 0);
	rte_spinlock_unlock(&weft_fdb_table.lock);
}

struct keep_filter {
	uint32_t network, place;
	const struct rte_ether_addr *mac;
	bool statics;
};

static bool
keep_is_at(uint32_t where, const struct keep_filter *filter)
{
	return where != 0 && (filter->place == WEFT_FDB_ANY || filter->place == (uint16_t)where);
}

/* Is there perhaps something to remove? Without the lock: it asks again. */
static bool
keep_may_go(const struct weft_fdb_entry *entry, const struct keep_filter *filter)
{
	uint32_t where = weft_fdb_entry_where(entry);

	if (!filter->statics)
		return weft_fdb_where_is_learned(where) && keep_is_at(where, filter);
	return keep_is_at(where, filter) || keep_is_at(weft_fdb_entry_home(entry), filter);
}

/* The caller holds the lock. */
static bool
keep_flush_one(struct weft_fdb_entry *entry, const struct keep_filter *filter)
{
	bool is_removed;

	if (!keep_may_go(entry, filter) ||
	    (filter->network != WEFT_FDB_ANY && filter->network != entry->key.network) ||
	    (filter->mac != NULL && !rte_is_same_ether_addr(filter->mac, &entry->key.mac)))
		return false;
	is_removed = keep_is_at(entry->where, filter);
	/* Who was at home goes with it. */
	if (filter->statics && keep_is_at(entry->home, filter))
		weft_fdb_entry_set_home(entry, 0);
	if (is_removed && entry->where != 0)
		weft_fdb_entry_fall(entry);
	return is_removed;
}

uint32_t
weft_fdb_flush(uint32_t network, uint32_t place, const struct rte_ether_addr *mac, bool statics)
{
	struct keep_filter filter = { network, place, mac, statics };
	uint32_t removed = 0;

	/* Thousands of networks may go at once: most have nothing here. */
	if (!statics &&
	    ((network != WEFT_FDB_ANY && weft_fdb_network_count((uint16_t)network) == 0) ||
	     (place != WEFT_FDB_ANY && weft_fdb_port_count((uint16_t)place) == 0)))
		return 0;
	for (uint32_t i = 0; i < weft_fdb_table.positions; i++) {
		struct weft_fdb_entry *entry = &weft_fdb_table.entries[i];

		if (!keep_may_go(entry, &filter))
			continue;
		rte_spinlock_lock(&weft_fdb_table.lock);
		removed += keep_flush_one(entry, &filter);
		rte_spinlock_unlock(&weft_fdb_table.lock);
	}
	return removed;
}

static bool
keep_is_old(const struct weft_fdb_entry *entry, uint32_t where, uint32_t now_sec)
{
	if (!weft_fdb_where_is_learned(where))
		return false;
	/* seen_sec may be a moment ahead of us: the difference is signed. */
	return (int32_t)(now_sec - __atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED)) >=
	       (int32_t)weft_fdb_table.age_sec[entry->key.network];
}

void
weft_fdb_age(uint32_t now_sec)
{
	for (uint32_t i = 0; i < weft_fdb_table.positions; i++) {
		struct weft_fdb_entry *entry = &weft_fdb_table.entries[i];

		/* Most are young: the lock is for those that are not; it asks again. */
		if (!keep_is_old(entry, weft_fdb_entry_where(entry), now_sec))
			continue;
		rte_spinlock_lock(&weft_fdb_table.lock);
		if (keep_is_old(entry, entry->where, now_sec))
			weft_fdb_entry_fall(entry);
		rte_spinlock_unlock(&weft_fdb_table.lock);
	}
}

static enum weft_fdb_origin
keep_origin(uint32_t where)
{
	if (where & WEFT_FDB_IS_STATIC)
		return WEFT_FDB_STATIC;
	return where & WEFT_FDB_IS_HOME ? WEFT_FDB_L2POP : WEFT_FDB_LEARNED;
}

/* The caller holds the lock. */
static void
keep_read(const struct weft_fdb_entry *entry, uint32_t now_sec, struct weft_fdb_row *row)
{
	uint32_t seen_sec = __atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED);
	bool is_learned = weft_fdb_where_is_learned(entry->where);
	int32_t age = (int32_t)(now_sec - seen_sec);

	*row = (struct weft_fdb_row){
		.network = entry->key.network,
		.place = (uint16_t)entry->where,
		.mac = entry->key.mac,
		.origin = keep_origin(entry->where),
		.age_sec = is_learned && age > 0 ? (uint32_t)age : 0,
	};
}

bool
weft_fdb_next(uint32_t *cursor, uint32_t now_sec, struct weft_fdb_row *row)
{
	while (*cursor < weft_fdb_table.positions) {
		const struct weft_fdb_entry *entry = &weft_fdb_table.entries[(*cursor)++];
		bool is_present;

		if (weft_fdb_entry_where(entry) == 0)
			continue;
		/* A worker may give the position to another MAC at any time. */
		rte_spinlock_lock(&weft_fdb_table.lock);
		is_present = entry->where != 0;
		if (is_present)
			keep_read(entry, now_sec, row);
		rte_spinlock_unlock(&weft_fdb_table.lock);
		if (is_present)
			return true;
	}
	return false;
}
