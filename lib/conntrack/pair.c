/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/pair.h"

#include <rte_branch_prediction.h>

#include "conntrack/binding.h"
#include "conntrack/pool.h"
#include "conntrack/use.h"

#define PAIR_TRIES 3
#define PAIR_MARK_AT 15 /* in dst, of which IPv4 has the first four */

/* ---- keys ---- */

struct weft_tuple
weft_binding_key(const struct weft_tuple *of, enum weft_binding_mark mark)
{
	struct weft_tuple key = { .family = of->family, .zone = of->zone };

	memcpy(key.src, of->src, sizeof(key.src));
	key.dst[PAIR_MARK_AT] = (uint8_t)mark;
	if (mark != WEFT_BINDING_HOST)
		key.protocol = of->protocol;
	if (mark != WEFT_BINDING_HOST && mark != WEFT_BINDING_PORTS)
		key.src_port = of->src_port;
	return key;
}

struct weft_tuple
weft_permit_key(const struct weft_tuple *sent)
{
	struct weft_tuple key = weft_binding_key(sent, WEFT_BINDING_PERMIT);

	memcpy(key.dst, sent->dst, 4);
	return key;
}

/* Of a key there is no mirror image, and no question. */
static struct weft_conn_probe
pair_probe(const struct weft_tuple *key)
{
	struct weft_conn_probe probe = { .hash = weft_conn_hash(key), .is_forth = true };

	memcpy(probe.forth, key, sizeof(probe.forth));
	probe.is_quoted = key->dst[PAIR_MARK_AT] == WEFT_BINDING_OUTSIDE;
	return probe;
}

static uint32_t
pair_find(const struct weft_tuple *key)
{
	struct weft_conn_probe probe = pair_probe(key);
	enum weft_conn_direction direction;
	uint64_t word;

	return weft_conn_find(&probe, &direction, &word);
}

bool
weft_binding_find(const struct weft_tuple *key, struct weft_binding *binding)
{
	binding->number = pair_find(key);
	if (binding->number == WEFT_NO_CONN)
		return false;
	binding->inside = weft_conn_entry_tuple(weft_conn_entry(binding->number));
	weft_conn_translated(binding->number, &binding->outside);
	return true;
}

bool
weft_binding_is_there(const struct weft_tuple *key)
{
	return pair_find(key) != WEFT_NO_CONN;
}

uint32_t
weft_binding_users(const struct weft_tuple *key)
{
	uint32_t number = pair_find(key);

	return number == WEFT_NO_CONN ?
		       0 :
		       __atomic_load_n(&weft_conn_link_of(number)->users, __ATOMIC_RELAXED);
}

void
weft_conn_translated(uint32_t conn, struct weft_tuple *translated)
{
	*translated = weft_conn_entry_tuple(weft_conn_entry(weft_conn_link_of(conn)->twin));
}

bool
weft_conn_is_taken(const struct weft_conn_packet *packet)
{
	struct weft_conn_probe probe;

	weft_conn_probe(packet, weft_conn_hash(&packet->tuple), &probe);
	/* An answer has the same place. */
	probe.is_forth = probe.is_back = true;
	return weft_conn_is_linked(&probe);
}

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

void
weft_conn_part(struct weft_conn_worker *worker, uint32_t number)
{
	uint64_t word = weft_conn_word(weft_conn_entry(number));
	const struct weft_conn_link *link = weft_conn_link_of(number);

	if (likely(!(word & (WEFT_CONN_TRANSLATED | WEFT_CONN_HELD))) || (word & WEFT_CONN_SHADOW))
		return;
	if (link->twin != number)
		pair_remove(worker, link->twin);
	pair_give(worker, link->owners[0]);
	pair_give(worker, link->owners[1]);
}

/* ---- making ---- */

static void
pair_link(uint32_t number, uint32_t twin, const uint32_t *owners, uint32_t users)
{
	*weft_conn_link_of(number) = (struct weft_conn_link){
		.twin = twin,
		.owners = { owners == NULL ? WEFT_NO_CONN : owners[0],
			    owners == NULL ? WEFT_NO_CONN : owners[1] },
		.users = users,
	};
}

static struct weft_conn_wish
pair_wish(const struct weft_tuple *key, uint64_t flags, uint32_t now_ms)
{
	return (struct weft_conn_wish){
		.probe = pair_probe(key),
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
	pair_link(shadow->number, first->number, NULL, 0);
	return pair_make_both(worker, first, shadow);
}

/* Makes one that its first user holds. */
static enum weft_conn_outcome
pair_make_held(struct weft_conn_worker *worker, const struct weft_tuple *key, uint32_t now_ms,
	       uint32_t *number)
{
	struct weft_conn_wish wish = pair_wish(key, WEFT_CONN_HELD, now_ms);
	enum weft_conn_outcome outcome;
	uint32_t other;

	wish.number = weft_conn_number_get(worker);
	if (wish.number == WEFT_NO_CONN)
		return WEFT_CONN_TABLE_FULL;
	weft_conn_fill(&wish);
	pair_link(wish.number, wish.number, NULL, 1);
	outcome = weft_conn_make(worker, &wish, &other);
	if (outcome == WEFT_CONN_COMMITTED)
		*number = wish.number;
	else
		weft_conn_number_put(worker, wish.number);
	return outcome;
}

/* Holds what is there, or makes it. @param most  that may hold it; 0: any number */
static enum weft_conn_outcome
pair_hold(struct weft_conn_worker *worker, const struct weft_tuple *key, uint32_t most,
	  uint32_t now_ms, uint32_t *number)
{
	enum weft_conn_outcome outcome = WEFT_CONN_TAKEN;

	for (int i = 0; i < PAIR_TRIES && outcome == WEFT_CONN_TAKEN; i++) {
		uint32_t found = pair_find(key);

		if (found == WEFT_NO_CONN) {
			outcome = pair_make_held(worker, key, now_ms, number);
			continue;
		}
		outcome = pair_take(found, most);
		if (outcome == WEFT_CONN_COMMITTED)
			*number = found;
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

/* The old one in the way goes, and with it what only that has held: but not what is held from now
 * on. */
static enum weft_conn_outcome
pair_own(struct weft_conn_worker *worker, const struct weft_conn_change *change,
	 uint32_t in_the_way, uint32_t now_ms, uint32_t *owners)
{
	enum weft_conn_outcome outcome = WEFT_CONN_COMMITTED;
	bool is_bound = change->is_bound && change->binding != WEFT_NO_CONN;

	if (is_bound)
		outcome = pair_take(change->binding, 0);
	if (outcome != WEFT_CONN_COMMITTED)
		return outcome;
	if (is_bound)
		owners[0] = change->binding;
	if (in_the_way != WEFT_NO_CONN)
		pair_remove(worker, in_the_way);
	if (!change->is_bound)
		outcome = pair_hold_host(worker, change, now_ms, &owners[0]);
	else if (!is_bound)
		outcome = pair_bind(worker, change, now_ms, &owners[0]);
	if (outcome == WEFT_CONN_COMMITTED && change->is_permitted)
		outcome = pair_hold(worker, &change->permit, 0, now_ms, &owners[1]);
	return outcome;
}

enum weft_conn_outcome
weft_conn_commit_translated(uint16_t worker, const struct weft_conn_packet *packet,
			    const struct weft_conn_look *look,
			    const struct weft_conn_change *change, uint16_t from, uint32_t now_ms,
			    uint32_t *conn)
{
	struct weft_conn_worker *self = &weft_conn_table.workers[worker];
	struct weft_conn_packet onward = *packet;
	struct weft_conn_wish first = {
		.flags = WEFT_CONN_TRANSLATED,
		.in_the_way = WEFT_NO_CONN,
		.from = from,
		.to = WEFT_CONN_NO_PORT,
		.now_ms = now_ms,
	}, shadow = first;
	uint32_t owners[2] = { WEFT_NO_CONN, WEFT_NO_CONN };
	enum weft_conn_outcome outcome;

	*conn = WEFT_NO_CONN;
	onward.tuple = change->translated;
	shadow.flags = WEFT_CONN_SHADOW;
	shadow.from = WEFT_CONN_NO_PORT;
	weft_conn_probe(packet, look->hash, &first.probe);
	weft_conn_probe(&onward, weft_conn_hash(&onward.tuple), &shadow.probe);
	weft_conn_first_state(&packet->tuple, weft_conn_event(packet), &first.state);
	shadow.state = first.state;
	outcome = pair_own(self, change, look->in_the_way, now_ms, owners);
	if (outcome == WEFT_CONN_COMMITTED)
		outcome = pair_make(self, &first, &shadow, owners, 0);
	if (outcome == WEFT_CONN_COMMITTED) {
		*conn = first.number;
		return outcome;
	}
	pair_give(self, owners[0]);
	pair_give(self, owners[1]);
	return outcome;
}

/* ---- control thread ---- */

bool
weft_binding_next(uint32_t *cursor, struct weft_binding *binding, uint32_t *users)
{
	const uint64_t flags = WEFT_CONN_TRANSLATED | WEFT_CONN_HELD;
	uint32_t fresh = __atomic_load_n(&weft_conn_table.pool.fresh, __ATOMIC_ACQUIRE);

	while (*cursor < fresh) {
		const struct weft_conn_entry *entry = weft_conn_entry((*cursor)++);
		uint64_t word = weft_conn_word(entry);

		if ((word & (flags | WEFT_CONN_GONE)) != flags)
			continue;
		binding->number = *cursor - 1;
		binding->inside = weft_conn_entry_tuple(entry);
		weft_conn_translated(binding->number, &binding->outside);
		*users = __atomic_load_n(&weft_conn_link_of(binding->number)->users,
					 __ATOMIC_RELAXED);
		if (weft_conn_word(entry) == word)
			return true;
	}
	return false;
}
