/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections as people see them, and want to see them no more. */
#include "conntrack/binding.h"
#include "conntrack/pair.h"
#include "conntrack/use.h"
#include "core/gen.h"

static inline bool
list_is_there(uint64_t word)
{
	return !(word & (WEFT_CONN_GONE | WEFT_CONN_MARKED));
}

/* The control thread is no reader that anybody waits for: what it reads may be of another
 * connection meanwhile, and then the word has another birth or life. */
static bool
list_read(uint32_t number, uint32_t now_ms, struct weft_conn_row *row)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);
	uint32_t deadline = __atomic_load_n(&weft_conn_table.deadlines[number], __ATOMIC_ACQUIRE);
	uint64_t word = weft_conn_word(entry);
	int32_t left_ms = (int32_t)(deadline - now_ms);

	if (deadline == WEFT_CONN_NEVER || !list_is_there(word))
		return false;
	*row = (struct weft_conn_row){
		.original = weft_conn_entry_tuple(entry),
		.state = weft_conn_word_state(word),
		.is_replied = (word & WEFT_CONN_REPLIED) != 0,
		.is_assured = (word & WEFT_CONN_ASSURED) != 0,
		.is_cut = (word & WEFT_CONN_CUT) != 0,
		.from = __atomic_load_n(&entry->from, __ATOMIC_ACQUIRE),
		.to = __atomic_load_n(&entry->to, __ATOMIC_ACQUIRE),
		.expires_sec = left_ms > 0 ? (uint32_t)left_ms / 1000 : 0,
		.born_sec = weft_conn_word_born(word),
		.age_sec = weft_conn_sec(now_ms) - weft_conn_word_born(word),
	};
	row->is_translated = (word & WEFT_CONN_TRANSLATED) != 0;
	if (row->is_translated)
		weft_conn_translated(number, &row->translated);
	return weft_conn_word(entry) >> WEFT_CONN_LIFE_SHIFT == word >> WEFT_CONN_LIFE_SHIFT;
}

bool
weft_conn_next(uint32_t *cursor, uint32_t now_ms, struct weft_conn_row *row)
{
	uint32_t fresh = __atomic_load_n(&weft_conn_table.pool.fresh, __ATOMIC_ACQUIRE);

	for (; *cursor < fresh; ++*cursor)
		if (list_read(*cursor, now_ms, row)) {
			++*cursor;
			return true;
		}
	return false;
}

/* A birth that is the same, a tuple that is the same, and then the same word still: so nothing came
 * in between. */
bool
weft_conn_forget(uint32_t conn, const struct weft_conn_row *row)
{
	struct weft_conn_entry *entry;
	uint64_t word;
	uint32_t *deadline, old;

	if (conn >= weft_conn_table.pool.size)
		return false;
	entry = weft_conn_entry(conn);
	word = weft_conn_word(entry);
	do {
		struct weft_tuple tuple = weft_conn_entry_tuple(entry);

		if (!list_is_there(word) || weft_conn_word_born(word) != row->born_sec ||
		    memcmp(&tuple, &row->original, sizeof(tuple)) != 0)
			return false;
	} while (!__atomic_compare_exchange_n(&entry->word, &word, word | WEFT_CONN_MARKED, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
	weft_conn_bump(entry);
	deadline = &weft_conn_table.deadlines[conn];
	old = __atomic_load_n(deadline, __ATOMIC_RELAXED);
	while (old > WEFT_CONN_AT_ONCE &&
	       !__atomic_compare_exchange_n(deadline, &old, WEFT_CONN_AT_ONCE, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		continue;
	return true;
}

void
weft_conn_hurry(void)
{
	__atomic_fetch_add(&weft_conn_table.hurries, 1, __ATOMIC_RELEASE);
}

uint32_t
weft_conn_count(void)
{
	const struct weft_conn_table *table = &weft_conn_table;
	uint64_t count = 0;

	for (uint16_t i = 0; i < table->n_workers; i++)
		count += __atomic_load_n(&table->workers[i].added, __ATOMIC_RELAXED) -
			 __atomic_load_n(&table->workers[i].removed, __ATOMIC_RELAXED);
	return (uint32_t)count;
}
