/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/quota.h"

static inline uint32_t
quota_count(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint32_t
quota_reserve(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline int64_t
quota_beyond(uint64_t word)
{
	return quota_count(word) > quota_reserve(word) ?
		       (int64_t)quota_count(word) - quota_reserve(word) :
		       0;
}

/* Is one more still a part of the reserve? */
static inline bool
quota_is_within(uint64_t word)
{
	return quota_count(word) < quota_reserve(word);
}

static bool
quota_take_shared(bool *has_shared)
{
	struct weft_conn_table *table = &weft_conn_table;
	int64_t most = (int64_t)table->capacity -
		       (int64_t)__atomic_load_n(&table->reserved, __ATOMIC_RELAXED);
	int64_t shared = __atomic_load_n(&table->shared, __ATOMIC_RELAXED);

	do
		if (shared >= most)
			return false;
	while (!__atomic_compare_exchange_n(&table->shared, &shared, shared + 1, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return *has_shared = true;
}

static void
quota_give_shared(int64_t n)
{
	__atomic_fetch_sub(&weft_conn_table.shared, n, __ATOMIC_RELAXED);
}

enum weft_conn_outcome
weft_conn_quota_take(uint16_t port)
{
	struct weft_conn_port *count = &weft_conn_table.ports[port];
	uint32_t limit = __atomic_load_n(&count->limit, __ATOMIC_RELAXED);
	uint64_t word = __atomic_load_n(&count->word, __ATOMIC_RELAXED);
	bool has_shared = false;
	enum weft_conn_outcome outcome;

	do
		if (limit != 0 && quota_count(word) >= limit)
			outcome = WEFT_CONN_PORT_LIMIT;
		else if (quota_is_within(word) || has_shared || quota_take_shared(&has_shared))
			outcome = WEFT_CONN_COMMITTED;
		else
			outcome = WEFT_CONN_TABLE_FULL;
	while (outcome == WEFT_CONN_COMMITTED &&
	       !__atomic_compare_exchange_n(&count->word, &word, word + 1, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	if (has_shared && (outcome != WEFT_CONN_COMMITTED || quota_is_within(word)))
		quota_give_shared(1);
	return outcome;
}

void
weft_conn_quota_give(uint16_t port)
{
	uint64_t before =
		__atomic_fetch_sub(&weft_conn_table.ports[port].word, 1, __ATOMIC_RELAXED);

	if (quota_count(before) > quota_reserve(before))
		quota_give_shared(1);
}

void
weft_conn_set_port(uint16_t port, uint32_t limit, uint32_t reserve)
{
	struct weft_conn_table *table = &weft_conn_table;
	struct weft_conn_port *count = &table->ports[port];
	uint64_t before = __atomic_load_n(&count->word, __ATOMIC_RELAXED), after;
	uint32_t old = quota_reserve(before);

	__atomic_store_n(&count->limit, limit, __ATOMIC_RELAXED);
	/* The share shrinks before the port may use its reserve, and grows after that is over. */
	if (reserve > old)
		__atomic_fetch_add(&table->reserved, reserve - old, __ATOMIC_RELAXED);
	do
		after = (uint64_t)reserve << 32 | quota_count(before);
	while (!__atomic_compare_exchange_n(&count->word, &before, after, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	quota_give_shared(quota_beyond(before) - quota_beyond(after));
	if (reserve < old)
		__atomic_fetch_sub(&table->reserved, old - reserve, __ATOMIC_RELAXED);
}

uint32_t
weft_conn_port_count(uint16_t port)
{
	return quota_count(__atomic_load_n(&weft_conn_table.ports[port].word, __ATOMIC_RELAXED));
}
