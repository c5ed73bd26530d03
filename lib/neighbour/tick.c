/* SPDX-License-Identifier: BSD-3-Clause */
/* What time does to neighbours: questions, failing, expiring. */
#include "neighbour/entry.h"

#define TICK_POSITIONS 256 /* per call: at 10 ms, the whole table in a third of a second */

struct tick_call {
	uint32_t now_ms;
	const struct weft_neighbour_asker *asker;
};

/* Times may be a moment ahead of us: the difference is signed. */
static bool
tick_is_past(uint32_t now_ms, uint32_t since_ms, uint32_t interval_ms)
{
	return (int32_t)(now_ms - since_ms) >= (int32_t)interval_ms;
}

/* When the next question is counted from: from when this one was due, so that seconds do not get
 * longer by the grain of our rounds. */
static uint32_t
tick_asked_ms(const struct weft_neighbour_entry *entry, uint64_t next, uint32_t now_ms)
{
	uint32_t due_ms = entry->asked_ms + WEFT_NEIGHBOUR_ASK_MS;
	bool is_again = weft_neighbour_word_state(next) != WEFT_NEIGHBOUR_FAILED &&
			weft_neighbour_word_asked(next) > 1;

	return is_again && !tick_is_past(now_ms, due_ms, WEFT_NEIGHBOUR_ASK_MS) ? due_ms : now_ms;
}

static void
tick_ask(struct weft_neighbour_entry *entry, uint64_t word, uint64_t next,
	 const struct tick_call *call)
{
	struct weft_ip ip = weft_neighbour_key_ip(&entry->key);
	struct rte_ether_addr mac = weft_neighbour_word_mac(next);
	/* Who is not at his MAC any more may be at another one: the last question is for all. */
	bool is_for_one = weft_neighbour_word_state(next) == WEFT_NEIGHBOUR_PROBE &&
			  weft_neighbour_word_asked(next) < WEFT_NEIGHBOUR_TRIES;

	/* The answer came in between: nothing to ask. */
	if (!weft_neighbour_entry_change(entry, &word, next))
		return;
	entry->asked_ms = tick_asked_ms(entry, next, call->now_ms);
	call->asker->ask(call->asker->context, entry->key.scope, &ip, is_for_one ? &mac : NULL);
}

/* Asked, and asked again. */
static void
tick_wait(struct weft_neighbour_entry *entry, uint64_t word, const struct tick_call *call)
{
	enum weft_neighbour_state state = weft_neighbour_word_state(word);
	uint32_t asked = weft_neighbour_word_asked(word);

	if (asked > 0 && !tick_is_past(call->now_ms, entry->asked_ms, WEFT_NEIGHBOUR_ASK_MS))
		return;
	if (asked < WEFT_NEIGHBOUR_TRIES)
		tick_ask(entry, word, weft_neighbour_word_become(word, state, asked + 1), call);
	else
		weft_neighbour_entry_change(
			entry, &word,
			weft_neighbour_word_become(word, WEFT_NEIGHBOUR_FAILED, asked));
}

static void
tick_failed(struct weft_neighbour_entry *entry, uint64_t word, const struct tick_call *call)
{
	if (!tick_is_past(call->now_ms, entry->asked_ms, WEFT_NEIGHBOUR_FAILED_MS))
		return;
	if (word & WEFT_NEIGHBOUR_PINNED)
		tick_ask(entry, word, word, call);
	else if (weft_neighbour_entry_change(entry, &word, WEFT_NEIGHBOUR_PRESENT))
		weft_neighbour_entry_sweep(entry);
}

static uint32_t
tick_fresh_ms(const struct weft_neighbour_entry *entry)
{
	return entry->key.scope == WEFT_SCOPE_UNDERLAY ? WEFT_NEIGHBOUR_FRESH_MS :
							 WEFT_NEIGHBOUR_FRESH_NETWORK_MS;
}

static bool
tick_is_asked(const struct weft_neighbour_entry *entry, const struct tick_call *call)
{
	struct weft_ip ip = weft_neighbour_key_ip(&entry->key);

	return call->asker->speaks(call->asker->context, entry->key.scope, &ip);
}

static void
tick_visit(struct weft_neighbour_entry *entry, const struct tick_call *call)
{
	uint64_t word = weft_neighbour_entry_word(entry);
	enum weft_neighbour_state state = weft_neighbour_word_state(word);

	if (word == 0 || (state != WEFT_NEIGHBOUR_NONE && !tick_is_asked(entry, call)))
		return;
	switch (state) {
	case WEFT_NEIGHBOUR_NONE:
		weft_neighbour_entry_sweep(entry);
		break;
	case WEFT_NEIGHBOUR_REACHABLE:
		if (tick_is_past(call->now_ms, __atomic_load_n(&entry->heard_ms, __ATOMIC_RELAXED),
				 tick_fresh_ms(entry)))
			tick_ask(entry, word,
				 weft_neighbour_word_become(word, WEFT_NEIGHBOUR_PROBE, 1), call);
		break;
	case WEFT_NEIGHBOUR_INCOMPLETE:
	case WEFT_NEIGHBOUR_PROBE:
		tick_wait(entry, word, call);
		break;
	case WEFT_NEIGHBOUR_FAILED:
		tick_failed(entry, word, call);
		break;
	}
}

void
weft_neighbour_tick(uint32_t now_ms, const struct weft_neighbour_asker *asker)
{
	struct weft_neighbour_table *table = &weft_neighbour_table;
	struct tick_call call = { now_ms, asker };
	uint32_t left = TICK_POSITIONS;

	for (uint32_t i = 0; i < WEFT_NEIGHBOURS_NEW; i++) {
		uint32_t *news = &table->news[i];
		uint32_t position = __atomic_load_n(news, __ATOMIC_RELAXED);

		if (position == 0)
			continue;
		position = __atomic_exchange_n(news, 0, __ATOMIC_ACQUIRE);
		tick_visit(&table->entries[position - 1], &call);
		left--;
	}
	for (; left > 0; left--) {
		tick_visit(&table->entries[table->ticked], &call);
		table->ticked = (table->ticked + 1) % table->positions;
	}
}

/* The caller holds the lock. */
static bool
tick_is_over(const struct weft_neighbour_entry *entry, uint64_t word, uint32_t now_ms,
	     uint32_t age_ms, bool (*is_there)(uint16_t scope))
{
	if (word == 0 || (word & WEFT_NEIGHBOUR_PINNED))
		return false;
	if (weft_neighbour_word_state(word) == WEFT_NEIGHBOUR_NONE)
		return true;
	if (entry->key.scope == WEFT_SCOPE_UNDERLAY)
		return false;
	return !is_there(entry->key.scope) ||
	       tick_is_past(now_ms, __atomic_load_n(&entry->heard_ms, __ATOMIC_RELAXED), age_ms);
}

void
weft_neighbour_age(uint32_t now_ms, uint32_t age_ms, bool (*is_there)(uint16_t scope))
{
	for (uint32_t i = 0; i < weft_neighbour_table.positions; i++) {
		struct weft_neighbour_entry *entry = &weft_neighbour_table.entries[i];
		uint64_t word = weft_neighbour_entry_word(entry);

		if (word == 0)
			continue;
		rte_spinlock_lock(&weft_neighbour_table.lock);
		word = weft_neighbour_entry_word(entry);
		if (tick_is_over(entry, word, now_ms, age_ms, is_there) &&
		    weft_neighbour_entry_change(entry, &word, WEFT_NEIGHBOUR_PRESENT))
			weft_neighbour_entry_remove(entry);
		rte_spinlock_unlock(&weft_neighbour_table.lock);
	}
}
