/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/remote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_jhash.h>
#include <rte_spinlock.h>

#include "core/hash.h"
#include "core/rcu.h"
#include "fdb/fdb.h"

#define REMOTE_LEARNED_MAX (WEFT_REMOTES_MAX / 2)

struct remote_key {
	uint32_t family;
	uint8_t bytes[16];
};

/* Found by the position that rte_hash gives to a key, which is the number. */
struct remote_entry {
	bool is_there; /* [A] written under the lock */
	uint32_t holds; /* [C] */
	struct remote_key
		key; /* under the lock; valid until RCU gives the number to somebody else */
};

static struct rte_hash *remote_index;
static struct remote_entry remote_entries[WEFT_REMOTES_MAX];
static rte_spinlock_t remote_lock = RTE_SPINLOCK_INITIALIZER;
static uint32_t remote_learned; /* numbers that are not held; under the lock */

int
weft_remote_create(void)
{
	memset(remote_entries, 0, sizeof(remote_entries));
	remote_learned = 0;
	/* Without RCU: numbers are freed by weft_remote_age(). */
	remote_index =
		weft_hash_create("weft_remote", WEFT_REMOTES_MAX, sizeof(struct remote_key), false);
	return remote_index == NULL ? -ENOMEM : 0;
}

void
weft_remote_destroy(void)
{
	rte_hash_free(remote_index);
	remote_index = NULL;
}

static struct remote_key
remote_key(const struct weft_ip *address)
{
	struct remote_key key = { .family = address->family };

	memcpy(key.bytes, address->bytes, address->family == AF_INET ? 4 : 16);
	return key;
}

static uint16_t
remote_slot(const struct remote_key *key)
{
	uint32_t words[sizeof(*key) / sizeof(uint32_t)];

	memcpy(words, key, sizeof(words));
	return weft_gen_slot(WEFT_GEN_REMOTE, rte_jhash_32b(words, RTE_DIM(words), 0));
}

uint16_t
weft_remote_slot(const struct weft_ip *address)
{
	struct remote_key key = remote_key(address);

	return remote_slot(&key);
}

static bool
remote_is_there(uint32_t number)
{
	return __atomic_load_n(&remote_entries[number].is_there, __ATOMIC_ACQUIRE);
}

static uint16_t
remote_find(const struct remote_key *key)
{
	int32_t number = rte_hash_lookup(remote_index, key);

	return number < 0 || !remote_is_there((uint32_t)number) ?
		       WEFT_NO_PORT :
		       (uint16_t)(WEFT_PLACE_REMOTE + number);
}

uint16_t
weft_remote_find(const struct weft_ip *address)
{
	struct remote_key key = remote_key(address);

	return remote_find(&key);
}

/* The caller holds the lock. */
static uint16_t
remote_add(const struct remote_key *key)
{
	int32_t number = rte_hash_add_key(remote_index, key);

	if (number < 0)
		return WEFT_NO_PORT;
	remote_entries[number].holds = 0;
	remote_entries[number].key = *key;
	remote_learned++;
	__atomic_store_n(&remote_entries[number].is_there, true, __ATOMIC_RELEASE);
	weft_gen_bump(remote_slot(key));
	return (uint16_t)(WEFT_PLACE_REMOTE + number);
}

uint16_t
weft_remote_learn(const struct weft_ip *address)
{
	struct remote_key key = remote_key(address);
	uint16_t place = remote_find(&key);

	if (place != WEFT_NO_PORT || !rte_spinlock_trylock(&remote_lock))
		return place;
	/* Somebody may have been faster. */
	place = remote_find(&key);
	if (place == WEFT_NO_PORT && remote_learned < REMOTE_LEARNED_MAX)
		place = remote_add(&key);
	rte_spinlock_unlock(&remote_lock);
	return place;
}

static void
remote_read(uint32_t number, struct weft_ip *address)
{
	const struct remote_key *key = &remote_entries[number].key;

	*address = (struct weft_ip){ .family = (uint8_t)key->family,
				     .prefix = key->family == AF_INET ? 32 : 128 };
	memcpy(address->bytes, key->bytes, sizeof(key->bytes));
}

bool
weft_remote_address(uint16_t place, struct weft_ip *address)
{
	uint32_t number = place - WEFT_PLACE_REMOTE;

	if (!weft_place_is_remote(place) || !remote_is_there(number))
		return false;
	remote_read(number, address);
	return true;
}

/* ---- control thread ---- */

uint16_t
weft_remote_hold(const struct weft_ip *address)
{
	struct remote_key key = remote_key(address);
	uint16_t place;

	rte_spinlock_lock(&remote_lock);
	place = remote_find(&key);
	if (place == WEFT_NO_PORT)
		place = remote_add(&key);
	if (place != WEFT_NO_PORT && remote_entries[place - WEFT_PLACE_REMOTE].holds++ == 0)
		remote_learned--;
	rte_spinlock_unlock(&remote_lock);
	return place;
}

void
weft_remote_release(uint16_t place)
{
	rte_spinlock_lock(&remote_lock);
	if (--remote_entries[place - WEFT_PLACE_REMOTE].holds == 0)
		remote_learned++;
	rte_spinlock_unlock(&remote_lock);
}

/* Takes a number from its address. Only this thread does, so nothing changes meanwhile but what the
 * FDB learns there: that is looked at when no worker knows the number any more. */
static bool
remote_take(uint32_t number)
{
	struct remote_entry *entry = &remote_entries[number];

	if (!remote_is_there(number) || entry->holds > 0 ||
	    weft_fdb_port_count((uint16_t)(WEFT_PLACE_REMOTE + number)) > 0)
		return false;
	rte_spinlock_lock(&remote_lock);
	__atomic_store_n(&entry->is_there, false, __ATOMIC_RELEASE);
	rte_hash_del_key(remote_index, &entry->key);
	rte_spinlock_unlock(&remote_lock);
	weft_gen_bump(remote_slot(&entry->key));
	return true;
}

static void
remote_free(uint32_t number, void (*gone)(uint16_t place))
{
	uint16_t place = (uint16_t)(WEFT_PLACE_REMOTE + number);

	weft_fdb_flush(WEFT_FDB_ANY, place, NULL, false);
	if (gone != NULL)
		gone(place);
	rte_spinlock_lock(&remote_lock);
	rte_hash_free_key_with_position(remote_index, (int32_t)number);
	remote_learned--;
	rte_spinlock_unlock(&remote_lock);
}

void
weft_remote_age(void (*gone)(uint16_t place))
{
	static uint16_t taken[WEFT_REMOTES_MAX];
	uint32_t n = 0;

	for (uint32_t number = 0; number < WEFT_REMOTES_MAX; number++)
		if (remote_take(number))
			taken[n++] = (uint16_t)number;
	if (n == 0)
		return;
	weft_rcu_synchronize();
	for (uint32_t i = 0; i < n; i++)
		remote_free(taken[i], gone);
}

uint16_t
weft_remote_next(uint32_t *cursor, struct weft_ip *address, bool *is_held)
{
	while (*cursor < WEFT_REMOTES_MAX) {
		uint32_t number = (*cursor)++;

		if (!remote_is_there(number))
			continue;
		remote_read(number, address);
		*is_held = remote_entries[number].holds > 0;
		return (uint16_t)(WEFT_PLACE_REMOTE + number);
	}
	return WEFT_NO_PORT;
}
