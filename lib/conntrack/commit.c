/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections begin, and are removed. */
#include <rte_branch_prediction.h>

#include "conntrack/pair.h"
#include "conntrack/pool.h"
#include "conntrack/quota.h"
#include "conntrack/use.h"
#include "core/gen.h"

void
weft_conn_fill(const struct weft_conn_wish *wish)
{
	struct weft_conn_entry *entry = weft_conn_entry(wish->number);

	for (unsigned int i = 0; i < WEFT_CONN_TUPLE_WORDS; i++)
		__atomic_store_n(&entry->tuple[i], wish->probe.forth[i], __ATOMIC_RELAXED);
	__atomic_store_n(&entry->from, wish->from, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->to, wish->to, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->hash, (uint32_t)(wish->probe.hash >> 32), __ATOMIC_RELAXED);
	__atomic_store_n(&entry->touched_ms, wish->now_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->changed_ms, wish->now_ms, __ATOMIC_RELAXED);
}

/* The caller holds the lock: from here on it is a connection. */
static void
commit_publish(const struct weft_conn_wish *wish, const struct weft_conn_place *place)
{
	struct weft_conn_entry *entry = weft_conn_entry(wish->number);
	uint8_t life = (uint8_t)((entry->word >> WEFT_CONN_LIFE_SHIFT) + 1);
	uint64_t word = wish->state | (uint64_t)wish->probe.question << WEFT_CONN_QUESTION_SHIFT |
			wish->flags | (uint64_t)life << WEFT_CONN_LIFE_SHIFT |
			(uint64_t)weft_conn_sec(wish->now_ms) << WEFT_CONN_BORN_SHIFT;

	__atomic_store_n(&entry->word, word, __ATOMIC_RELEASE);
	/* What has no time of its own goes with what it belongs to. */
	if (likely(!(wish->flags & (WEFT_CONN_SHADOW | WEFT_CONN_HELD))))
		__atomic_store_n(
			&weft_conn_table.deadlines[wish->number],
			weft_conn_deadline(wish->now_ms +
					   weft_conn_timeout_ms(weft_conn_entry_zone(entry), word)),
			__ATOMIC_RELEASE);
	weft_conn_link(place, wish->probe.hash, wish->number);
}

/* Is the one that is linked over, so that a new one may take its place? */
static bool
commit_is_over(const struct weft_conn_wish *wish, uint32_t old)
{
	return old == wish->in_the_way || (weft_conn_word(weft_conn_entry(old)) & WEFT_CONN_MARKED);
}

static uint16_t
commit_counted(uint32_t number)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);

	return weft_conn_counted(entry->from, entry->to);
}

/* The caller holds the lock. @param old  linked with this tuple, over; WEFT_NO_CONN: none */
static enum weft_conn_outcome
commit_enter(const struct weft_conn_wish *wish, struct weft_conn_bucket *chain, uint32_t old,
	     struct weft_conn_place *place)
{
	uint16_t counted = weft_conn_counted(wish->from, wish->to);
	enum weft_conn_outcome outcome;

	if (wish->number == WEFT_NO_CONN)
		return WEFT_CONN_TABLE_FULL;
	/* Who takes the place of one that counts for the same takes its share as well. */
	outcome = !weft_conn_is_counted(wish->flags) ||
				  (old != WEFT_NO_CONN && commit_counted(old) == counted) ?
			  WEFT_CONN_COMMITTED :
			  weft_conn_quota_take(counted);
	if (outcome != WEFT_CONN_COMMITTED)
		return outcome;
	if (place->bucket == NULL && !weft_conn_extend(chain, place)) {
		if (weft_conn_is_counted(wish->flags))
			weft_conn_quota_give(counted);
		return WEFT_CONN_TABLE_FULL;
	}
	commit_publish(wish, place);
	if (old != WEFT_NO_CONN)
		weft_conn_end(old);
	return WEFT_CONN_COMMITTED;
}

/* After the lock: what others shall know, and what became of the old one. */
static void
commit_finish(struct weft_conn_worker *worker, const struct weft_conn_wish *wish, uint32_t old)
{
	uint32_t hash = (uint32_t)(wish->probe.hash >> 32);

	if (likely(weft_conn_is_counted(wish->flags)))
		__atomic_store_n(&worker->added, worker->added + 1, __ATOMIC_RELAXED);
	weft_gen_bump(weft_gen_news_slot(hash));
	if (likely(old == WEFT_NO_CONN))
		return;
	weft_gen_bump(weft_gen_slot(WEFT_GEN_CONN, hash));
	if (!weft_conn_is_counted(wish->flags) ||
	    commit_counted(old) != weft_conn_counted(wish->from, wish->to))
		weft_conn_quota_give(commit_counted(old));
	__atomic_store_n(&worker->removed, worker->removed + 1, __ATOMIC_RELAXED);
	weft_conn_part(worker, old);
	weft_conn_retire(worker, old);
}

/* Another worker was faster: this is one more packet of the same connection. */
static uint32_t
commit_join(const struct weft_conn_wish *wish, uint32_t number)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);
	bool is_original = wish->probe.is_forth &&
			   memcmp(entry->tuple, wish->probe.forth, sizeof(entry->tuple)) == 0;

	weft_conn_use(number, wish->event, is_original ? WEFT_CONN_ORIGINAL : WEFT_CONN_REPLY,
		      wish->now_ms);
	return number;
}

enum weft_conn_outcome
weft_conn_make(struct weft_conn_worker *worker, const struct weft_conn_wish *wish, uint32_t *conn)
{
	struct weft_conn_bucket *chain = weft_conn_lock((uint32_t)(wish->probe.hash >> 32));
	struct weft_conn_place place, room;
	uint32_t old = weft_conn_find_locked(chain, &wish->probe, &place, &room);
	enum weft_conn_outcome outcome;

	if (unlikely(old != WEFT_NO_CONN && !commit_is_over(wish, old))) {
		weft_conn_unlock(chain);
		*conn = old;
		return WEFT_CONN_TAKEN;
	}
	outcome = commit_enter(wish, chain, old, old == WEFT_NO_CONN ? &room : &place);
	weft_conn_unlock(chain);
	if (outcome != WEFT_CONN_COMMITTED)
		return outcome;
	*conn = wish->number;
	commit_finish(worker, wish, old);
	return WEFT_CONN_COMMITTED;
}

enum weft_conn_outcome
weft_conn_commit(uint16_t worker, const struct weft_conn_packet *packet,
		 const struct weft_conn_look *look, uint16_t from, uint16_t to, uint32_t now_ms,
		 uint32_t *conn)
{
	struct weft_conn_worker *self = &weft_conn_table.workers[worker];
	struct weft_conn_wish wish = {
		.event = weft_conn_event(packet),
		.in_the_way = look->in_the_way,
		.from = from,
		.to = to,
		.now_ms = now_ms,
		.number = weft_conn_number_get(self),
	};
	enum weft_conn_outcome outcome;

	*conn = WEFT_NO_CONN;
	weft_conn_probe(packet, look->hash, &wish.probe);
	weft_conn_first_state(&packet->tuple, wish.event, &wish.state);
	if (likely(wish.number != WEFT_NO_CONN))
		weft_conn_fill(&wish);
	outcome = weft_conn_make(self, &wish, conn);
	if (outcome == WEFT_CONN_TAKEN &&
	    !(weft_conn_word(weft_conn_entry(*conn)) & WEFT_CONN_SHADOW)) {
		*conn = commit_join(&wish, *conn);
		outcome = WEFT_CONN_COMMITTED;
	}
	if (unlikely(wish.number != WEFT_NO_CONN && *conn != wish.number))
		weft_conn_number_put(self, wish.number);
	return outcome;
}

void
weft_conn_remove(uint16_t worker, uint32_t conn)
{
	struct weft_conn_worker *self = &weft_conn_table.workers[worker];
	const struct weft_conn_entry *entry = weft_conn_entry(conn);
	struct weft_conn_bucket *chain = weft_conn_lock(entry->hash), *empty;
	struct weft_conn_place place;

	if (!weft_conn_find_number(chain, conn, &place)) {
		weft_conn_unlock(chain);
		return;
	}
	empty = weft_conn_unlink(&place);
	weft_conn_end(conn);
	weft_conn_unlock(chain);
	/* On the others flows stand together with their connection, or by news only. */
	if (weft_conn_is_counted(weft_conn_word(entry)))
		weft_conn_bump(entry);
	weft_conn_bury(self, conn);
	weft_conn_retire_bucket(self, empty);
}

void
weft_conn_bind(uint32_t conn, uint16_t to)
{
	struct weft_conn_entry *entry = weft_conn_entry(conn);
	struct weft_conn_bucket *chain = weft_conn_lock(entry->hash);
	struct weft_conn_place place;
	uint16_t before, after;

	/* It may be gone, and its entry another's. */
	if (weft_conn_find_number(chain, conn, &place)) {
		before = commit_counted(conn);
		after = weft_conn_counted(entry->from, to);
		if (before == after || weft_conn_quota_take(after) == WEFT_CONN_COMMITTED) {
			__atomic_store_n(&entry->to, to, __ATOMIC_RELEASE);
			if (before != after)
				weft_conn_quota_give(before);
		}
	}
	weft_conn_unlock(chain);
}
