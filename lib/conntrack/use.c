/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/use.h"

#include <rte_branch_prediction.h>

#include "conntrack/pair.h"
#include "conntrack/pool.h"
#include "conntrack/quota.h"
#include "core/gen.h"

/* Moves the word on. @return what came of the packet. The word of what is gone belongs to limbo. */
static enum weft_conn_step
use_step(struct weft_conn_entry *entry, enum weft_conn_event event,
	 enum weft_conn_direction direction, uint64_t *before, uint64_t *after)
{
	enum weft_conn_step step;

	*before = weft_conn_word(entry);
	do {
		*after = *before;
		if (unlikely(*before & WEFT_CONN_GONE))
			return WEFT_CONN_STEP_IGNORE;
		/* Not all of its packets arrive: who knows in which state its ends are. */
		if (unlikely(*before & WEFT_CONN_CUT))
			return WEFT_CONN_STEP_ON;
		step = weft_conn_step(after, event, direction);
		if (step == WEFT_CONN_STEP_INVALID || step == WEFT_CONN_STEP_REOPEN)
			*after = *before;
	} while (*after != *before &&
		 !__atomic_compare_exchange_n(&entry->word, before, *after, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return step;
}

/* The deadline follows the last use and the state, whoever has changed them last. */
static void
use_settle(struct weft_conn_entry *entry, uint32_t *deadline)
{
	uint64_t word = weft_conn_word(entry), settled;

	do {
		uint32_t touched_ms = __atomic_load_n(&entry->touched_ms, __ATOMIC_RELAXED);
		uint32_t until = weft_conn_deadline(
			touched_ms + weft_conn_timeout_ms(weft_conn_entry_zone(entry), word));
		uint32_t old = __atomic_load_n(deadline, __ATOMIC_RELAXED);

		/* Nothing brings to life what is free or marked. */
		do
			if (old <= WEFT_CONN_AT_ONCE)
				return;
		while (old != until &&
		       !__atomic_compare_exchange_n(deadline, &old, until, true, __ATOMIC_ACQ_REL,
						    __ATOMIC_RELAXED));
		settled = word;
		word = weft_conn_word(entry);
	} while (unlikely(word != settled));
}

/* Who uses what has gone meanwhile may keep a flow because of it, and nobody else knows. */
static void
use_check_gone(const struct weft_conn_entry *entry)
{
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(weft_conn_word(entry) & WEFT_CONN_GONE))
		weft_conn_bump(entry);
}

void
weft_conn_use(uint32_t number, enum weft_conn_event event, enum weft_conn_direction direction,
	      uint32_t used_ms)
{
	struct weft_conn_entry *entry = weft_conn_entry(number);
	uint64_t before, after;
	enum weft_conn_step step = use_step(entry, event, direction, &before, &after);
	uint32_t touched_ms = __atomic_load_n(&entry->touched_ms, __ATOMIC_RELAXED);
	bool is_later = (int32_t)(used_ms - touched_ms) > 0;

	if (step == WEFT_CONN_STEP_INVALID || step == WEFT_CONN_STEP_REOPEN)
		return;
	if (weft_conn_word_state(after) != weft_conn_word_state(before))
		__atomic_store_n(&entry->changed_ms, used_ms, __ATOMIC_RELAXED);
	if (is_later)
		__atomic_store_n(&entry->touched_ms, used_ms, __ATOMIC_RELAXED);
	if (step != WEFT_CONN_STEP_IGNORE && (is_later || after != before))
		use_settle(entry, &weft_conn_table.deadlines[number]);
	if (weft_conn_opens(before, after))
		weft_conn_bump_news(entry);
	use_check_gone(entry);
}

/* Sets or takes back a flag. @return whether it was otherwise */
static bool
use_set_flag(struct weft_conn_entry *entry, uint64_t flag, bool is_set)
{
	uint64_t before = weft_conn_word(entry), after;

	do {
		after = is_set ? before | flag : before & ~flag;
		if (after == before || (before & WEFT_CONN_GONE))
			return false;
	} while (!__atomic_compare_exchange_n(&entry->word, &before, after, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return true;
}

/* The flag decides, too, how long it may be silent. */
static void
use_set_cut(uint32_t number, bool is_cut)
{
	struct weft_conn_entry *entry = weft_conn_entry(number);

	if (!use_set_flag(entry, WEFT_CONN_CUT, is_cut))
		return;
	weft_conn_bump(entry);
	use_settle(entry, &weft_conn_table.deadlines[number]);
}

void
weft_conn_cut(uint32_t conn, uint32_t now_ms)
{
	use_set_cut(conn, true);
	weft_conn_use(conn, WEFT_CONN_EVENT_OTHER, WEFT_CONN_ORIGINAL, now_ms);
}

void
weft_conn_mend(uint32_t conn)
{
	use_set_cut(conn, false);
}

uint64_t
weft_conn_end(uint32_t number)
{
	uint64_t before =
		__atomic_fetch_or(&weft_conn_entry(number)->word, WEFT_CONN_GONE, __ATOMIC_SEQ_CST);

	__atomic_store_n(&weft_conn_table.deadlines[number], WEFT_CONN_NEVER, __ATOMIC_RELAXED);
	return before;
}

void
weft_conn_bury(struct weft_conn_worker *worker, uint32_t number)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);

	if (likely(weft_conn_is_counted(weft_conn_word(entry)))) {
		weft_conn_quota_give(weft_conn_counted(entry->from, entry->to));
		__atomic_store_n(&worker->removed, worker->removed + 1, __ATOMIC_RELAXED);
	}
	weft_conn_part(worker, number);
	weft_conn_retire(worker, number);
}
