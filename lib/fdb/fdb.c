/* SPDX-License-Identifier: BSD-3-Clause */
#include "fdb/fdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <rte_spinlock.h>

#include "core/rcu.h"

#define FDB_IDS 65536 /* ports and networks are numbered by 16 bits */
#define FDB_PRESENT (1u << 31)
#define FDB_STATIC (1u << 30)

struct fdb_key {
	uint16_t network;
	struct rte_ether_addr mac;
} __rte_packed __rte_aligned(2);

/* Found by the position that rte_hash gives to a key. */
struct fdb_entry {
	uint32_t where; /* [A] FDB_PRESENT | FDB_STATIC | port; 0: no entry */
	uint32_t seen_sec; /* [A] */
	struct fdb_key key; /* under the lock; valid while where != 0 */
};

static struct rte_hash *fdb_index;
static struct fdb_entry *fdb_entries;
static uint32_t fdb_positions; /* [I] */
static uint32_t fdb_capacity; /* [I] */
static rte_spinlock_t fdb_lock = RTE_SPINLOCK_INITIALIZER;
static uint32_t fdb_present; /* all counts: written under the lock, read by all */

static struct {
	uint32_t limit; /* [A] learned entries; 0: none */
	uint32_t count;
} fdb_ports[FDB_IDS], fdb_networks[FDB_IDS];

static uint32_t fdb_age_sec[FDB_IDS]; /* [C] by network */

int
weft_fdb_create(uint32_t capacity)
{
	struct rte_hash_parameters parameters = {
		.name = "weft_fdb",
		.entries = capacity,
		.key_len = sizeof(struct fdb_key),
		/* The default, a CRC, is linear: a guest could send MACs that all collide, whatever
		 * the seed. */
		.hash_func = rte_jhash,
		.hash_func_init_val = (uint32_t)rte_rand(),
		.socket_id = SOCKET_ID_ANY,
		/* Without chained buckets a power of two is never filled completely. */
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash_rcu_config rcu = { .v = weft_rcu, .mode = RTE_HASH_QSBR_MODE_DQ };

	fdb_index = rte_hash_create(&parameters);
	if (fdb_index == NULL || rte_hash_rcu_qsbr_add(fdb_index, &rcu) != 0)
		return -ENOMEM;
	fdb_capacity = capacity;
	fdb_positions = (uint32_t)rte_hash_max_key_id(fdb_index) + 1;
	fdb_entries = rte_zmalloc("fdb_entries", fdb_positions * sizeof(*fdb_entries), 64);
	return fdb_entries == NULL ? -ENOMEM : 0;
}

void
weft_fdb_destroy(void)
{
	rte_hash_free(fdb_index);
	rte_free(fdb_entries);
	fdb_index = NULL;
	fdb_entries = NULL;
}

static struct fdb_entry *
fdb_find(const struct fdb_key *key)
{
	int32_t position = rte_hash_lookup(fdb_index, key);

	return position < 0 ? NULL : &fdb_entries[position];
}

static inline uint32_t
fdb_where(const struct fdb_entry *entry)
{
	return entry == NULL ? 0 : __atomic_load_n(&entry->where, __ATOMIC_ACQUIRE);
}

uint16_t
weft_fdb_lookup(uint16_t network, const struct rte_ether_addr *mac)
{
	struct fdb_key key = { network, *mac };
	uint32_t where = fdb_where(fdb_find(&key));

	return where == 0 ? UINT16_MAX : (uint16_t)where;
}

/* Timestamps are written only when they change. */
static void
fdb_see(struct fdb_entry *entry, uint32_t now_sec)
{
	if (__atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED) != now_sec)
		__atomic_store_n(&entry->seen_sec, now_sec, __ATOMIC_RELAXED);
}

void
weft_fdb_touch(uint16_t network, const struct rte_ether_addr *mac, uint16_t port, uint32_t now_sec)
{
	struct fdb_key key = { network, *mac };
	struct fdb_entry *entry = fdb_find(&key);

	if (fdb_where(entry) == (FDB_PRESENT | port))
		fdb_see(entry, now_sec);
}

/* The caller holds the lock. Changes where an entry points to, with counts and generations. */
static void
fdb_replace(struct fdb_entry *entry, uint32_t where)
{
	uint32_t old = entry->where;
	uint16_t network = entry->key.network;

	__atomic_store_n(&entry->where, where, __ATOMIC_RELEASE);
	if (old != 0 && !(old & FDB_STATIC)) {
		fdb_ports[(uint16_t)old].count--;
		fdb_networks[network].count--;
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint16_t)old));
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)network << 16));
	}
	if (where != 0 && !(where & FDB_STATIC)) {
		fdb_networks[network].count++;
		/* From now on the port's limit says no, and perhaps something else has so far. */
		if (++fdb_ports[(uint16_t)where].count == fdb_ports[(uint16_t)where].limit)
			weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint16_t)where));
	}
	fdb_present = fdb_present + (where != 0) - (old != 0);
	if (where == 0)
		weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, WEFT_FDB_TABLE));
	weft_gen_bump(weft_fdb_slot(network, &entry->key.mac));
}

/* The caller holds the lock. */
static struct fdb_entry *
fdb_add(const struct fdb_key *key, uint32_t where, uint32_t now_sec)
{
	struct fdb_entry *entry;
	int32_t position = rte_hash_add_key(fdb_index, key);

	if (position < 0)
		return NULL;
	entry = &fdb_entries[position];
	entry->key = *key;
	__atomic_store_n(&entry->seen_sec, now_sec, __ATOMIC_RELAXED);
	fdb_replace(entry, where);
	return entry;
}

/* The caller holds the lock. */
static void
fdb_remove(struct fdb_entry *entry)
{
	fdb_replace(entry, 0);
	rte_hash_del_key(fdb_index, &entry->key);
}

static inline bool
fdb_is_at_limit(const uint32_t *count, const uint32_t *limit)
{
	uint32_t most = __atomic_load_n(limit, __ATOMIC_RELAXED);

	return most != 0 && __atomic_load_n(count, __ATOMIC_RELAXED) >= most;
}

/* What learning would come to, given where the MAC is now. */
static enum weft_learn
fdb_judge(uint32_t where, uint16_t network, uint16_t port)
{
	if (where != 0 && (uint16_t)where == port)
		return WEFT_LEARN_KNOWN;
	if (where & FDB_STATIC)
		return WEFT_LEARN_STATIC;
	if (fdb_is_at_limit(&fdb_ports[port].count, &fdb_ports[port].limit))
		return WEFT_LEARN_PORT_LIMIT;
	if (where == 0 &&
	    fdb_is_at_limit(&fdb_networks[network].count, &fdb_networks[network].limit))
		return WEFT_LEARN_NETWORK_LIMIT;
	if (where == 0 && fdb_present >= fdb_capacity)
		return WEFT_LEARN_FULL;
	return WEFT_LEARN_NEW;
}

enum weft_learn
weft_fdb_learn(uint16_t network, const struct rte_ether_addr *mac, uint16_t port, uint32_t now_sec,
	       bool dry)
{
	struct fdb_key key = { network, *mac };
	struct fdb_entry *entry = fdb_find(&key);
	enum weft_learn outcome = fdb_judge(fdb_where(entry), network, port);

	if (outcome == WEFT_LEARN_KNOWN && !dry)
		fdb_see(entry, now_sec);
	if (outcome != WEFT_LEARN_NEW || dry)
		return outcome;
	if (!rte_spinlock_trylock(&fdb_lock))
		return WEFT_LEARN_BUSY;
	/* The world may have changed before we had the lock. */
	entry = fdb_find(&key);
	outcome = fdb_judge(fdb_where(entry), network, port);
	if (outcome == WEFT_LEARN_NEW && entry != NULL && fdb_where(entry) != 0) {
		fdb_see(entry, now_sec);
		fdb_replace(entry, FDB_PRESENT | port);
	} else if (outcome == WEFT_LEARN_NEW &&
		   fdb_add(&key, FDB_PRESENT | port, now_sec) == NULL) {
		outcome = WEFT_LEARN_FULL;
	}
	rte_spinlock_unlock(&fdb_lock);
	return outcome;
}

void
weft_fdb_set_port(uint16_t port, uint32_t limit)
{
	if (fdb_ports[port].limit == limit)
		return;
	__atomic_store_n(&fdb_ports[port].limit, limit, __ATOMIC_RELAXED);
	weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, port));
}

void
weft_fdb_set_network(uint16_t network, uint32_t limit, uint32_t age_sec)
{
	fdb_age_sec[network] = age_sec;
	if (fdb_networks[network].limit == limit)
		return;
	__atomic_store_n(&fdb_networks[network].limit, limit, __ATOMIC_RELAXED);
	weft_gen_bump(weft_gen_slot(WEFT_GEN_MAC_ROOM, (uint64_t)network << 16));
}

int
weft_fdb_add_static(uint16_t network, const struct rte_ether_addr *mac, uint16_t port)
{
	struct fdb_key key = { network, *mac };
	struct fdb_entry *entry;
	int rc = 0;

	rte_spinlock_lock(&fdb_lock);
	entry = fdb_find(&key);
	if (fdb_where(entry) != 0 && fdb_where(entry) != (FDB_PRESENT | FDB_STATIC | port))
		fdb_replace(entry, FDB_PRESENT | FDB_STATIC | port);
	else if (fdb_where(entry) == 0 && fdb_add(&key, FDB_PRESENT | FDB_STATIC | port, 0) == NULL)
		rc = -ENOSPC;
	rte_spinlock_unlock(&fdb_lock);
	return rc;
}

void
weft_fdb_del_static(uint16_t network, const struct rte_ether_addr *mac)
{
	struct fdb_key key = { network, *mac };
	struct fdb_entry *entry;

	rte_spinlock_lock(&fdb_lock);
	entry = fdb_find(&key);
	if (fdb_where(entry) & FDB_STATIC)
		fdb_remove(entry);
	rte_spinlock_unlock(&fdb_lock);
}

static bool
fdb_matches(const struct fdb_entry *entry, uint32_t where, uint32_t network, uint32_t port,
	    const struct rte_ether_addr *mac)
{
	return (network == WEFT_FDB_ANY || network == entry->key.network) &&
	       (port == WEFT_FDB_ANY || port == (uint16_t)where) &&
	       (mac == NULL || rte_is_same_ether_addr(mac, &entry->key.mac));
}

uint32_t
weft_fdb_flush(uint32_t network, uint32_t port, const struct rte_ether_addr *mac, bool statics)
{
	uint32_t removed = 0;

	/* Thousands of networks may go at once: most have nothing here. */
	if (!statics &&
	    ((network != WEFT_FDB_ANY && weft_fdb_network_count((uint16_t)network) == 0) ||
	     (port != WEFT_FDB_ANY && weft_fdb_port_count((uint16_t)port) == 0)))
		return 0;
	for (uint32_t i = 0; i < fdb_positions; i++) {
		struct fdb_entry *entry = &fdb_entries[i];
		uint32_t where = fdb_where(entry);

		if (where == 0 || ((where & FDB_STATIC) && !statics) ||
		    (port != WEFT_FDB_ANY && port != (uint16_t)where))
			continue;
		rte_spinlock_lock(&fdb_lock);
		where = entry->where;
		if (where != 0 && (statics || !(where & FDB_STATIC)) &&
		    fdb_matches(entry, where, network, port, mac)) {
			fdb_remove(entry);
			removed++;
		}
		rte_spinlock_unlock(&fdb_lock);
	}
	return removed;
}

static bool
fdb_is_old(const struct fdb_entry *entry, uint32_t where, uint32_t now_sec)
{
	if (where == 0 || (where & FDB_STATIC))
		return false;
	/* seen_sec may be a moment ahead of us: the difference is signed. */
	return (int32_t)(now_sec - __atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED)) >=
	       (int32_t)fdb_age_sec[entry->key.network];
}

void
weft_fdb_age(uint32_t now_sec)
{
	for (uint32_t i = 0; i < fdb_positions; i++) {
		struct fdb_entry *entry = &fdb_entries[i];

		/* Most are young: the lock is for those that are not; it asks again. */
		if (!fdb_is_old(entry, fdb_where(entry), now_sec))
			continue;
		rte_spinlock_lock(&fdb_lock);
		if (fdb_is_old(entry, entry->where, now_sec))
			fdb_remove(entry);
		rte_spinlock_unlock(&fdb_lock);
	}
}

/* The caller holds the lock. */
static void
fdb_read(const struct fdb_entry *entry, uint32_t now_sec, struct weft_fdb_row *row)
{
	uint32_t seen_sec = __atomic_load_n(&entry->seen_sec, __ATOMIC_RELAXED);
	bool is_static = entry->where & FDB_STATIC;
	int32_t age = (int32_t)(now_sec - seen_sec);

	*row = (struct weft_fdb_row){
		.network = entry->key.network,
		.port = (uint16_t)entry->where,
		.mac = entry->key.mac,
		.origin = is_static ? WEFT_FDB_STATIC : WEFT_FDB_LEARNED,
		.age_sec = is_static || age < 0 ? 0 : (uint32_t)age,
	};
}

bool
weft_fdb_next(uint32_t *cursor, uint32_t now_sec, struct weft_fdb_row *row)
{
	while (*cursor < fdb_positions) {
		const struct fdb_entry *entry = &fdb_entries[(*cursor)++];
		bool is_present;

		if (fdb_where(entry) == 0)
			continue;
		/* A worker may give the place to another MAC at any time. */
		rte_spinlock_lock(&fdb_lock);
		is_present = entry->where != 0;
		if (is_present)
			fdb_read(entry, now_sec, row);
		rte_spinlock_unlock(&fdb_lock);
		if (is_present)
			return true;
	}
	return false;
}

uint32_t
weft_fdb_count(void)
{
	return __atomic_load_n(&fdb_present, __ATOMIC_RELAXED);
}

uint32_t
weft_fdb_port_count(uint16_t port)
{
	return __atomic_load_n(&fdb_ports[port].count, __ATOMIC_RELAXED);
}

uint32_t
weft_fdb_network_count(uint16_t network)
{
	return __atomic_load_n(&fdb_networks[network].count, __ATOMIC_RELAXED);
}
