/* SPDX-License-Identifier: BSD-3-Clause */
#include "secgroup/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>
#include <rte_random.h>

#include "conf/conf.h"
#include "core/id.h"
#include "secgroup/members.h"

#define NUMBER_BUCKETS 4096 /* a power of two */

struct number_entry {
	char *name; /* NULL: nobody has this number */
	uint32_t users;
	uint16_t next; /* in the same bucket, or WEFT_NO_GROUP */
	bool is_former; /* its name has another number now, and it is in no bucket */
};

/* Names are found by a hash whose seed nobody can guess: tenants choose names. */
static struct {
	struct weft_ids ids;
	uint32_t seed;
	uint16_t buckets[NUMBER_BUCKETS];
	struct number_entry entries[WEFT_GROUPS_MAX];
} number_table; /* [C] */

int
weft_numbers_create(void)
{
	memset(number_table.buckets, 0xff, sizeof(number_table.buckets));
	number_table.seed = (uint32_t)rte_rand();
	return weft_ids_init(&number_table.ids, WEFT_GROUPS_MAX);
}

void
weft_numbers_destroy(void)
{
	for (uint32_t i = 0; i < WEFT_GROUPS_MAX; i++)
		free(number_table.entries[i].name);
	memset(number_table.entries, 0, sizeof(number_table.entries));
	weft_ids_fini(&number_table.ids);
}

/* rte_jhash() would read up to three bytes behind the name. */
uint32_t
weft_group_name_hash(const char *name, uint32_t seed)
{
	uint32_t words[(WEFT_CONF_NAME_MAX + 1) / sizeof(uint32_t)] = { 0 };
	size_t length = strnlen(name, WEFT_CONF_NAME_MAX);

	memcpy(words, name, length);
	return rte_jhash_32b(words, (uint32_t)(length / sizeof(uint32_t)) + 1, seed);
}

static uint16_t *
number_bucket(const char *name)
{
	uint32_t hash = weft_group_name_hash(name, number_table.seed);

	return &number_table.buckets[hash & (NUMBER_BUCKETS - 1)];
}

static uint16_t
number_find(const char *name)
{
	uint16_t group = *number_bucket(name);

	while (group != WEFT_NO_GROUP && strcmp(number_table.entries[group].name, name) != 0)
		group = number_table.entries[group].next;
	return group;
}

static void
number_link(uint16_t group)
{
	struct number_entry *entry = &number_table.entries[group];
	uint16_t *bucket = number_bucket(entry->name);

	entry->next = *bucket;
	entry->is_former = false;
	*bucket = group;
}

static void
number_unlink(uint16_t group)
{
	struct number_entry *entry = &number_table.entries[group];
	uint16_t *link = number_bucket(entry->name);

	while (*link != group)
		link = &number_table.entries[*link].next;
	*link = entry->next;
	entry->is_former = true;
}

static uint16_t
number_give(const char *name)
{
	char *copy = strdup(name);
	int32_t id;

	if (copy == NULL)
		return WEFT_NO_GROUP;
	id = weft_ids_get(&number_table.ids);
	if (id < 0) {
		free(copy);
		return WEFT_NO_GROUP;
	}
	number_table.entries[id] = (struct number_entry){ .name = copy };
	number_link((uint16_t)id);
	return (uint16_t)id;
}

static void
number_take(uint16_t group)
{
	struct number_entry *entry = &number_table.entries[group];

	if (!entry->is_former)
		number_unlink(group);
	free(entry->name);
	entry->name = NULL;
	weft_ids_put(&number_table.ids, group);
}

void
weft_number_share(uint16_t group)
{
	number_table.entries[group].users++;
}

bool
weft_number_is_former(uint16_t group)
{
	return number_table.entries[group].is_former;
}

uint16_t
weft_group_renew(uint16_t group)
{
	uint16_t fresh = number_give(number_table.entries[group].name);

	if (fresh == WEFT_NO_GROUP)
		return fresh;
	number_unlink(group);
	weft_number_share(fresh);
	return fresh;
}

void
weft_group_restore(uint16_t group, uint16_t fresh)
{
	weft_group_release(fresh);
	number_link(group);
}

uint16_t
weft_group_hold(const char *name)
{
	uint16_t group = number_find(name);

	if (group == WEFT_NO_GROUP)
		group = number_give(name);
	if (group != WEFT_NO_GROUP)
		weft_number_share(group);
	return group;
}

void
weft_group_release(uint16_t group)
{
	if (--number_table.entries[group].users == 0)
		number_take(group);
}
