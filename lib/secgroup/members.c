/* SPDX-License-Identifier: BSD-3-Clause */
#include "secgroup/members.h"

#include <errno.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_malloc.h>

#include "core/gen.h"
#include "core/hash.h"
#include "core/rcu.h"
#include "secgroup/number.h"

#define MEMBERS_ADDRESS_BYTES 16

struct members_key {
	uint16_t group;
	uint16_t family;
	uint8_t address[MEMBERS_ADDRESS_BYTES];
};

/* Who is in the index is a member. How often is nobody's business but the control thread's, and is
 * kept at the position that rte_hash gives to the key. */
static struct {
	struct rte_hash *index; /* [I] */
	uint32_t *times; /* [C] by position */
	uint32_t capacity, room; /* [I] of one document; of two */
	uint32_t count; /* [C] */
	uint32_t of[WEFT_GROUPS_MAX]; /* [C] addresses by group */
} members_table;

static struct members_key
members_key(uint16_t group, uint8_t family, const uint8_t *address)
{
	struct members_key key = { .group = group, .family = family };

	memcpy(key.address, address, sizeof(key.address));
	return key;
}

uint16_t
weft_member_slot(const uint8_t *address)
{
	uint32_t words[MEMBERS_ADDRESS_BYTES / sizeof(uint32_t)];

	memcpy(words, address, sizeof(words));
	return weft_gen_slot(WEFT_GEN_MEMBER, rte_jhash_32b(words, RTE_DIM(words), 0));
}

bool
weft_member_is_in(uint16_t group, uint8_t family, const uint8_t *address)
{
	struct members_key key = members_key(group, family, address);

	return rte_hash_lookup(members_table.index, &key) >= 0;
}

/* ---- control thread ---- */

int
weft_members_create(uint32_t capacity)
{
	uint32_t positions;

	members_table.capacity = capacity;
	members_table.room = 2 * capacity;
	members_table.count = 0;
	memset(members_table.of, 0, sizeof(members_table.of));
	members_table.index = weft_hash_create("weft_members", members_table.room,
					       sizeof(struct members_key), true);
	if (members_table.index == NULL)
		return -ENOMEM;
	positions = (uint32_t)rte_hash_max_key_id(members_table.index) + 1;
	members_table.times =
		rte_zmalloc("members_times", positions * sizeof(*members_table.times), 0);
	if (members_table.times != NULL && weft_numbers_create() == 0)
		return 0;
	weft_members_destroy();
	return -ENOMEM;
}

void
weft_members_destroy(void)
{
	weft_numbers_destroy();
	rte_hash_free(members_table.index);
	rte_free(members_table.times);
	members_table.index = NULL;
	members_table.times = NULL;
}

/* @return the position of a key that is not there yet, or -ENOSPC */
static int32_t
members_insert(const struct members_key *key)
{
	int32_t position;

	if (members_table.count == members_table.room)
		return -ENOSPC;
	position = rte_hash_add_key(members_table.index, key);
	if (position >= 0)
		return position;
	/* There is room, but a worker may still know who was there before. */
	weft_rcu_synchronize();
	return rte_hash_add_key(members_table.index, key);
}

int
weft_member_add(uint16_t group, uint8_t family, const uint8_t *address)
{
	struct members_key key = members_key(group, family, address);
	int32_t position = rte_hash_lookup(members_table.index, &key);

	if (position >= 0) {
		members_table.times[position]++;
		return 0;
	}
	position = members_insert(&key);
	if (position < 0)
		return -ENOSPC;
	members_table.times[position] = 1;
	members_table.count++;
	if (members_table.of[group]++ == 0)
		weft_number_share(group);
	weft_gen_bump(weft_member_slot(address));
	return 0;
}

void
weft_member_del(uint16_t group, uint8_t family, const uint8_t *address)
{
	struct members_key key = members_key(group, family, address);
	int32_t position = rte_hash_lookup(members_table.index, &key);

	if (position < 0 || --members_table.times[position] > 0)
		return;
	rte_hash_del_key(members_table.index, &key);
	members_table.count--;
	weft_gen_bump(weft_member_slot(address));
	if (--members_table.of[group] == 0)
		weft_group_release(group);
}

uint32_t
weft_members_capacity(void)
{
	return members_table.capacity;
}

uint32_t
weft_members_count(void)
{
	return members_table.count;
}

uint32_t
weft_members_of(uint16_t group)
{
	return members_table.of[group];
}
