/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sweep: removes what nobody has used for long enough, and what is marked.
 *
 * Workers share the numbers in pieces, in turn, and only as far as numbers were ever given out: so
 * each has its part however full the table is. What is due by the clock is paid in slices; if many
 * have expired at once, a slice ends early and the next call goes on at once.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "conntrack/pair.h"
#include "conntrack/pool.h"
#include "conntrack/use.h"
#include "core/gen.h"

#define EXPIRE_ROUND_MS 1000
#define EXPIRE_SLICE 16384 /* most numbers that are looked at per call */
#define EXPIRE_LINE 16 /* numbers whose deadlines are one line */
#define EXPIRE_AHEAD (16 * EXPIRE_LINE) /* are fetched before they are looked at */
#define EXPIRE_MOST 64 /* removed per call */
/* Flows tell of their use a while later (lib/worker/sweep.c). */
#define EXPIRE_SLACK_MS 6000

static inline bool
expire_is_due(uint32_t deadline, uint32_t now_ms)
{
	return deadline > WEFT_CONN_AT_ONCE ? weft_conn_is_past(now_ms, deadline) : deadline != 0;
}

/* How many numbers this worker should have looked at since the last call. */
static void
expire_owe(struct weft_conn_worker *self, uint32_t now_ms)
{
	uint32_t fresh = __atomic_load_n(&weft_conn_table.pool.fresh, __ATOMIC_ACQUIRE);
	uint32_t share = fresh / weft_conn_table.n_workers + WEFT_CONN_PIECE;
	uint32_t elapsed_ms = RTE_MIN(now_ms - self->swept_ms, (uint32_t)EXPIRE_ROUND_MS);

	self->swept_ms = now_ms;
	self->due = (uint32_t)RTE_MIN((uint64_t)share * elapsed_ms / EXPIRE_ROUND_MS + self->due,
				      share);
}

/* Numbers of one piece, which follow each other. @return how many of them seem to be over */
static uint32_t
expire_search_run(uint32_t first, uint32_t n, uint32_t now_ms, uint32_t *found, uint32_t most,
		  uint32_t *seen)
{
	const uint32_t *deadlines = &weft_conn_table.deadlines[first];
	uint32_t i, n_found = 0;

	for (i = 0; i < n && n_found < most; i++) {
		if (i % EXPIRE_LINE == 0)
			rte_prefetch0(&deadlines[i + EXPIRE_AHEAD]);
		if (likely(!expire_is_due(__atomic_load_n(&deadlines[i], __ATOMIC_RELAXED),
					  now_ms)))
			continue;
		rte_prefetch0(weft_conn_entry(first + i));
		found[n_found++] = first + i;
	}
	*seen = i;
	return n_found;
}

/* Looks at a slice. @return how many of it seem to be over */
static uint32_t
expire_search(struct weft_conn_worker *self, uint32_t now_ms, uint32_t *found)
{
	const struct weft_conn_table *table = &weft_conn_table;
	uint32_t fresh = __atomic_load_n(&table->pool.fresh, __ATOMIC_ACQUIRE);
	uint32_t begin = (uint32_t)(self - table->workers) * WEFT_CONN_PIECE;
	uint32_t left = RTE_MIN(self->due, EXPIRE_SLICE), n = 0, seen;

	self->due -= left;
	for (; left > 0 && n < EXPIRE_MOST && begin < fresh; left -= seen) {
		uint32_t run;

		if (self->position >= fresh)
			self->position = begin;
		run = WEFT_CONN_PIECE - self->position % WEFT_CONN_PIECE;
		run = RTE_MIN(RTE_MIN(run, fresh - self->position), left);
		n += expire_search_run(self->position, run, now_ms, found + n, EXPIRE_MOST - n,
				       &seen);
		self->position += seen;
		if (self->position % WEFT_CONN_PIECE == 0)
			self->position += (table->n_workers - 1u) * WEFT_CONN_PIECE;
	}
	self->due += left;
	return n;
}

/* The caller holds the lock. */
static bool
expire_is_over(uint32_t number, uint32_t now_ms)
{
	struct weft_conn_entry *entry = weft_conn_entry(number);
	uint32_t *deadline = &weft_conn_table.deadlines[number];
	uint32_t value = __atomic_load_n(deadline, __ATOMIC_RELAXED);
	uint64_t word = weft_conn_word(entry);

	if (value != WEFT_CONN_AT_ONCE || (word & WEFT_CONN_MARKED))
		return expire_is_due(value, now_ms);
	/* It was meant for one that had this entry before. */
	__atomic_store_n(
		deadline,
		weft_conn_deadline(__atomic_load_n(&entry->touched_ms, __ATOMIC_RELAXED) +
				   weft_conn_timeout_ms(weft_conn_entry_zone(entry), word)),
		__ATOMIC_RELAXED);
	return false;
}

/* A flow may stand on what was used lately. To a connection of which only the first packet was
 * seen, some packets are invalid that would begin one otherwise. */
static void
expire_tell(const struct weft_conn_entry *entry, uint64_t word, uint32_t now_ms)
{
	uint32_t idle_ms = now_ms - __atomic_load_n(&entry->touched_ms, __ATOMIC_RELAXED);
	uint32_t flow_idle_ms = __atomic_load_n(&weft_conn_table.flow_idle_ms, __ATOMIC_RELAXED);
	enum weft_conn_state state = weft_conn_word_state(word);

	if ((int32_t)idle_ms <= (int32_t)(flow_idle_ms + EXPIRE_SLACK_MS))
		weft_conn_bump(entry);
	if (state == WEFT_CONN_SYN_SENT || state == WEFT_CONN_SYN_SENT2)
		weft_conn_bump_news(entry);
}

static bool
expire_remove(struct weft_conn_worker *self, uint32_t number, uint32_t now_ms)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);
	struct weft_conn_bucket *chain = weft_conn_lock(entry->hash), *empty;
	struct weft_conn_place place;
	uint64_t word;

	if (!weft_conn_find_number(chain, number, &place) || !expire_is_over(number, now_ms)) {
		weft_conn_unlock(chain);
		return false;
	}
	empty = weft_conn_unlink(&place);
	word = weft_conn_end(number);
	weft_conn_unlock(chain);
	expire_tell(entry, word, now_ms);
	weft_conn_bury(self, number);
	weft_conn_retire_bucket(self, empty);
	return true;
}

static void
expire_keep_time(uint32_t now_ms)
{
	uint64_t clock_ms = weft_conn_table.clock_ms;

	if (now_ms != (uint32_t)clock_ms)
		__atomic_store_n(&weft_conn_table.clock_ms,
				 clock_ms +
					 (uint64_t)(int64_t)(int32_t)(now_ms - (uint32_t)clock_ms),
				 __ATOMIC_RELAXED);
}

uint32_t
weft_conn_expire(uint16_t worker, uint32_t now_ms)
{
	struct weft_conn_worker *self = &weft_conn_table.workers[worker];
	uint32_t hurries = __atomic_load_n(&weft_conn_table.hurries, __ATOMIC_ACQUIRE);
	uint32_t found[EXPIRE_MOST], n, removed = 0;

	if (worker == 0)
		expire_keep_time(now_ms);
	if (now_ms != self->swept_ms)
		expire_owe(self, now_ms);
	if (unlikely(self->hurries != hurries)) {
		self->hurries = hurries;
		self->due = UINT32_MAX;
		expire_owe(self, now_ms);
	}
	n = expire_search(self, now_ms, found);
	for (uint32_t i = 0; i < n; i++)
		rte_prefetch0(&weft_conn_table.buckets[weft_conn_bucket_number(
			weft_conn_entry(found[i])->hash)]);
	for (uint32_t i = 0; i < n; i++)
		removed += expire_remove(self, found[i], now_ms);
	weft_conn_reclaim(self, now_ms);
	return removed;
}
