/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/pair.h"

#include <rte_branch_prediction.h>

#include "conntrack/binding.h"
#include "conntrack/pool.h"
#include "conntrack/use.h"

#define PAIR_TRIES 3
#define PAIR_ONE (1ull << 32) /* connection, in a permit */

/* ---- what is held ---- */

/* What nobody holds any more is on its way out. */
static enum weft_conn_outcome
pair_take(uint32_t number, uint32_t most)
{
	uint32_t *users = &weft_conn_link_of(number)->users;
	uint32_t n = __atomic_load_n(users, __ATOMIC_RELAXED);

	do
		if (n == 0 || (most != 0 && n >= most))
			return n == 0 ? WEFT_CONN_TAKEN : WEFT_CONN_QUOTA;
	while (!__atomic_compare_exchange_n(users, &n, n + 1, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED));
	return WEFT_CONN_COMMITTED;
}

static void
pair_remove(const struct weft_conn_worker *worker, uint32_t number)
{
	weft_conn_remove((uint16_t)(worker - weft_conn_table.workers), number);
}

static void
pair_give(struct weft_conn_worker *worker, uint32_t number)
{
	if (number != WEFT_NO_CONN &&
	    __atomic_fetch_sub(&weft_conn_link_of(number)->users, 1, __ATOMIC_ACQ_REL) == 1)
		pair_remove(worker, number);
}

/* One connection more to the address that stands with the binding, or to the first one there. The
 * caller has the binding. @return false if it is to another */
static bool
pair_allow(uint32_t binding, uint32_t remote)
{
	uint64_t *permit = weft_permit_of(binding);
	uint64_t word = __atomic_load_n(permit, __ATOMIC_RELAXED), more;

	do {
		more = word >> 32 == 0 ? PAIR_ONE | remote : word + PAIR_ONE;
		if ((uint32_t)more != remote)
			return false;
	} while (!__atomic_compare_exchange_n(permit, &word, more, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

static void
pair_forbid(uint32_t binding)
{
	__atomic_fetch_sub(weft_permit_of(binding), PAIR_ONE, __ATOMIC_RELEASE);
}

void
weft_conn_part(struct weft_conn_worker *worker, uint32_t number)
{
	uint64_t word = weft_conn_word(weft_conn_entry(number));
	const struct weft_conn_link *link = weft_conn_link_of(number);

	if (likely(!(word & (WEFT_CONN_TRANSLATED | WEFT_CONN_HELD))) || (word & WEFT_CONN_SHADOW))
		return;
	if (link->twin != number)
		pair_remove(worker, link->twin);
	if (word & WEFT_CONN_PERMITS)
		pair_forbid(link->owners[0]);
	pair_give(worker, link->owners[0]);
	pair_give(worker, link->owners[1]);
}

/* ---- making ---- */

static const uint32_t pair_nothing[2] = { WEFT_NO_CONN, WEFT_NO_CONN }; /* owners */

static void
pair_link(uint32_t number, uint32_t twin, const uint32_t *owners, uint32_t users)
{
	*weft_conn_link_of(number) = (struct weft_conn_link){
		.twin = twin,
		.owners = { owners[0], owners[1] },
		.users = users,
	};
}

static struct weft_conn_wish
pair_wish(const struct weft_tuple *key, uint64_t flags, uint32_t now_ms)
{
	return (struct weft_conn_wish){
		.probe = weft_binding_probe(key),
		.state = WEFT_CONN_GENERIC,
		.flags = flags,
		.in_the_way = WEFT_NO_CONN,
		.from = WEFT_CONN_NO_PORT,
		.to = WEFT_CONN_NO_PORT,
		.now_ms = now_ms,
	};
}

/* Links both, first the one that only leads to the other. */
static enum weft_conn_outcome
pair_make_both(struct weft_conn_worker *worker, const struct weft_conn_wish *first,
	       const struct weft_conn_wish *shadow)
{
	enum weft_conn_outcome outcome;
	uint32_t other;

	__atomic_fetch_or(&weft_conn_entry(first->number)->word, WEFT_CONN_GONE, __ATOMIC_RELAXED);
	outcome = weft_conn_make(worker, shadow, &other);
	if (outcome != WEFT_CONN_COMMITTED) {
		weft_conn_number_put(worker, shadow->number);
		weft_conn_number_put(worker, first->number);
		return outcome;
	}
	outcome = weft_conn_make(worker, first, &other);
	if (outcome != WEFT_CONN_COMMITTED) {
		pair_remove(worker, shadow->number);
		/* Who has found the shadow may be looking at it. */
		weft_conn_retire(worker, first->number);
	}
	return outcome;
}

/* Makes twins. What they shall hold stays with the caller, if they are not made. */
static enum weft_conn_outcome
pair_make(struct weft_conn_worker *worker, struct weft_conn_wish *first,
	  struct weft_conn_wish *shadow, const uint32_t *owners, uint32_t users)
{
	first->number = weft_conn_number_get(worker);
	if (first->number == WEFT_NO_CONN)
		return WEFT_CONN_TABLE_FULL;
	shadow->number = weft_conn_number_get(worker);
	if (shadow->number == WEFT_NO_CONN) {
		weft_conn_number_put(worker, first->number);
		return WEFT_CONN_TABLE_FULL;
	}
	weft_conn_fill(first);
	weft_conn_fill(shadow);
	pair_link(first->number, shadow->number, owners, users);
	*weft_conn_link_of(shadow->number) = (struct weft_conn_link){ .twin = first->number };
	return pair_make_both(worker, first, shadow);
}

/* Makes one that has no twin. What it shall hold stays with the caller, if it is not made. */
static enum weft_conn_outcome
pair_make_one(struct weft_conn_worker *worker, struct weft_conn_wish *wish, const uint32_t *owners,
	      uint32_t users)
{
	enum weft_conn_outcome outcome;
	uint32_t other;

	wish->number = weft_conn_number_get(worker);
	if (wish->number == WEFT_NO_CONN)
		return WEFT_CONN_TABLE_FULL;
	weft_conn_fill(wish);
	pair_link(wish->number, wish->number, owners, users);
	outcome = weft_conn_make(worker, wish, &other);
	if (outcome != WEFT_CONN_COMMITTED)
		weft_conn_number_put(worker, wish->number);
	return outcome;
}

/* Holds what is there, or makes it. @param most  that may hold it; 0: any number */
static enum weft_conn_outcome
pair_hold(struct weft_conn_worker *worker, const struct weft_tuple *key, uint32_t most,
	  uint32_t now_ms, uint32_t *number)
{
	enum weft_conn_outcome outcome = WEFT_CONN_TAKEN;

	for (int i = 0; i < PAIR_TRIES && outcome == WEFT_CONN_TAKEN; i++) {
		struct weft_conn_wish wish = pair_wish(key, WEFT_CONN_HELD, now_ms);
		enum weft_conn_direction direction;
		uint64_t word;
		uint32_t found = weft_conn_find(&wish.probe, &direction, &word);

		if (found == WEFT_NO_CONN)
			outcome = pair_make_one(worker, &wish, pair_nothing, 1);
		else
			outcome = pair_take(found, most);
		if (outcome == WEFT_CONN_COMMITTED)
			*number = found == WEFT_NO_CONN ? wish.number : found;
	}
	return outcome;
}

static enum weft_conn_outcome
pair_hold_host(struct weft_conn_worker *worker, const struct weft_conn_change *change,
	       uint32_t now_ms, uint32_t *number)
{
	struct weft_tuple key = weft_binding_key(&change->inside, WEFT_BINDING_HOST);

	return change->is_counted ? pair_hold(worker, &key, change->quota, now_ms, number) :
				    WEFT_CONN_COMMITTED;
}

/* A new binding, which its first connection holds. */
static enum weft_conn_outcome
pair_bind(struct weft_conn_worker *worker, const struct weft_conn_change *change, uint32_t now_ms,
	  uint32_t *number)
{
	struct weft_conn_wish first =
		pair_wish(&change->inside, WEFT_CONN_HELD | WEFT_CONN_TRANSLATED, now_ms);
	struct weft_conn_wish shadow =
		pair_wish(&change->outside, WEFT_CONN_HELD | WEFT_CONN_SHADOW, now_ms);
	struct weft_tuple ports = weft_binding_key(&change->outside, WEFT_BINDING_PORTS);
	uint32_t owners[2] = { WEFT_NO_CONN, WEFT_NO_CONN };
	enum weft_conn_outcome outcome = pair_hold_host(worker, change, now_ms, &owners[0]);

	if (outcome == WEFT_CONN_COMMITTED)
		outcome = pair_hold(worker, &ports, 0, now_ms, &owners[1]);
	if (outcome == WEFT_CONN_COMMITTED)
		outcome = pair_make(worker, &first, &shadow, owners, 1);
	if (outcome != WEFT_CONN_COMMITTED) {
		pair_give(worker, owners[0]);
		pair_give(worker, owners[1]);
		return outcome;
	}
	*number = first.number;
	return outcome;
}

/* Whom it has sent to may answer. */
static enum weft_conn_outcome
pair_hold_permit(struct weft_conn_worker *worker, const struct weft_conn_change *change,
		 struct weft_conn_wish *wish, uint32_t *owners)
{
	if (!change->is_permitted)
		return WEFT_CONN_COMMITTED;
	if (pair_allow(owners[0], weft_permit_remote(&change->permit))) {
		wish->flags |= WEFT_CONN_PERMITS;
		return WEFT_CONN_COMMITTED;
	}
	return pair_hold(worker, &change->permit, 0, wish->now_ms, &owners[1]);
}

/* The old one in the way goes, and with it what only that has held: but not what is held from now
 * on. */
static enum weft_conn_outcome
pair_own(struct weft_conn_worker *worker, const struct weft_conn_change *change,
	 uint32_t in_the_way, struct weft_conn_wish *wish, uint32_t *owners)
{
	enum weft_conn_outcome outcome = WEFT_CONN_COMMITTED;
	bool has_binding = change->is_bound && change->binding != WEFT_NO_CONN;

	if (has_binding)
		outcome = pair_take(change->binding, 0);
	if (outcome != WEFT_CONN_COMMITTED)
		return outcome;
	if (has_binding)
		owners[0] = change->binding;
	if (in_the_way != WEFT_NO_CONN)
		pair_remove(worker, in_the_way);
	if (!change->is_bound)
		return pair_hold_host(worker, change, wish->now_ms, &owners[0]);
	if (!has_binding)
		outcome = pair_bind(worker, change, wish->now_ms, &owners[0]);
	return outcome == WEFT_CONN_COMMITTED ? pair_hold_permit(worker, change, wish, owners) :
						outcome;
}

/* Only its source changes, to what is bound: then the binding leads to it, and says how it goes
 * on. */
static bool
pair_goes_by_binding(const struct weft_tuple *packet, const struct weft_conn_change *change)
{
	return change->is_bound && !weft_conn_tuple_is_icmp(packet) &&
	       memcmp(packet->dst, change->translated.dst, sizeof(packet->dst)) == 0 &&
	       packet->dst_port == change->translated.dst_port;
}

static enum weft_conn_outcome
pair_make_bound(struct weft_conn_worker *worker, struct weft_conn_wish *wish,
		const uint32_t *owners)
{
	enum weft_conn_outcome outcome = pair_make_one(worker, wish, owners, 0);
	uint32_t outside = weft_conn_link_of(owners[0])->twin;

	/* For whom it stands, and who may answer, is news to what was sent to its outside. */
	if (outcome == WEFT_CONN_COMMITTED)
		weft_gen_bump(weft_conn_news_slot_of(weft_conn_entry(outside)->hash));
	return outcome;
}

static enum weft_conn_outcome
pair_make_changed(struct weft_conn_worker *worker, const struct weft_conn_packet *packet,
		  const struct weft_conn_change *change, struct weft_conn_wish *first,
		  const uint32_t *owners)
{
	struct weft_conn_packet onward = *packet;
	struct weft_conn_wish shadow = *first;

	if (pair_goes_by_binding(&packet->tuple, change))
		return pair_make_bound(worker, first, owners);
	onward.tuple = change->translated;
	shadow.flags = WEFT_CONN_SHADOW;
	shadow.from = WEFT_CONN_NO_PORT;
	weft_conn_probe(&onward, weft_conn_hash(&onward.tuple), &shadow.probe);
	return pair_make(worker, first, &shadow, owners, 0);
}

enum weft_conn_outcome
weft_conn_commit_translated(uint16_t worker, const struct weft_conn_packet *packet,
			    const struct weft_conn_look *look,
			    const struct weft_conn_change *change, uint16_t from, uint32_t now_ms,
			    uint32_t *conn)
{
	struct weft_conn_worker *self = &weft_conn_table.workers[worker];
	struct weft_conn_wish wish = {
		.flags = WEFT_CONN_TRANSLATED,
		.in_the_way = WEFT_NO_CONN,
		.from = from,
		.to = WEFT_CONN_NO_PORT,
		.now_ms = now_ms,
	};
	uint32_t owners[2] = { WEFT_NO_CONN, WEFT_NO_CONN };
	enum weft_conn_outcome outcome;

	*conn = WEFT_NO_CONN;
	weft_conn_probe(packet, look->hash, &wish.probe);
	weft_conn_first_state(&packet->tuple, weft_conn_event(packet), &wish.state);
	outcome = pair_own(self, change, look->in_the_way, &wish, owners);
	if (outcome == WEFT_CONN_COMMITTED)
		outcome = pair_make_changed(self, packet, change, &wish, owners);
	if (outcome == WEFT_CONN_COMMITTED) {
		*conn = wish.number;
		return outcome;
	}
	if (wish.flags & WEFT_CONN_PERMITS)
		pair_forbid(owners[0]);
	pair_give(self, owners[0]);
	pair_give(self, owners[1]);
	return outcome;
}
