/* SPDX-License-Identifier: BSD-3-Clause */
/* What packets of connections come to: looked up, used. */
#include <rte_branch_prediction.h>

#include "conntrack/binding.h"
#include "conntrack/pair.h"
#include "conntrack/use.h"
#include "core/gen.h"

uint16_t
weft_conn_slot(const struct weft_tuple *tuple)
{
	return weft_conn_slot_of((uint32_t)(weft_conn_hash(tuple) >> 32));
}

uint16_t
weft_conn_news_slot(const struct weft_tuple *tuple)
{
	return weft_conn_news_slot_of((uint32_t)(weft_conn_hash(tuple) >> 32));
}

void
weft_conn_foresee(const struct weft_tuple *tuple)
{
	weft_conn_prefetch(weft_conn_hash(tuple));
}

/* To be called before anything is looked at. */
static inline void
conntrack_stand(struct weft_conn_look *look, uint64_t hash)
{
	look->hash = hash;
	look->slot = weft_conn_slot_of((uint32_t)(hash >> 32));
	look->news_slot = weft_conn_news_slot_of((uint32_t)(hash >> 32));
	look->generation = weft_gen_read(look->slot);
	look->news_generation = weft_gen_read(look->news_slot);
}

/* A packet that has no connection, or one that must make room. */
static void
conntrack_look_new(const struct weft_conn_packet *packet, enum weft_conn_event event,
		   struct weft_conn_look *look)
{
	enum weft_conn_state state;

	if (weft_conn_first_state(&packet->tuple, event, &state))
		look->verdict = WEFT_CONN_IS_NEW;
}

/* What a packet is to the connection that was found for it. */
static void
conntrack_judge(uint32_t number, uint64_t word, enum weft_conn_event event,
		struct weft_conn_look *look)
{
	enum weft_conn_step step;

	if (unlikely((word & WEFT_CONN_CUT) && event == WEFT_CONN_EVENT_SYN))
		step = WEFT_CONN_STEP_REOPEN;
	else
		step = weft_conn_step(&word, event, look->direction);
	switch (step) {
	case WEFT_CONN_STEP_ON:
	case WEFT_CONN_STEP_IGNORE:
		weft_conn_describe(number, look);
		break;
	case WEFT_CONN_STEP_REOPEN:
		look->verdict = WEFT_CONN_IS_NEW;
		look->direction = WEFT_CONN_ORIGINAL;
		look->in_the_way = number;
		break;
	case WEFT_CONN_STEP_INVALID:
		break;
	}
}

static void
conntrack_begin(struct weft_conn_look *look, uint64_t hash)
{
	conntrack_stand(look, hash);
	look->verdict = WEFT_CONN_IS_INVALID;
	look->direction = WEFT_CONN_ORIGINAL;
	look->conn = look->in_the_way = WEFT_NO_CONN;
}

void
weft_conn_look(const struct weft_conn_packet *packet, struct weft_conn_look *look)
{
	enum weft_conn_event event = weft_conn_event(packet);
	struct weft_conn_probe probe;
	bool can_be_known = weft_conn_probe(packet, weft_conn_hash(&packet->tuple), &probe);
	uint32_t number;
	uint64_t word;

	conntrack_begin(look, probe.hash);
	if (unlikely(!can_be_known) || event == WEFT_CONN_EVENT_ILLEGAL)
		return;
	number = weft_conn_find(&probe, &look->direction, &word);
	if (number != WEFT_NO_CONN) {
		conntrack_judge(number, word, event, look);
		return;
	}
	look->direction = WEFT_CONN_ORIGINAL;
	/* An answer to what nobody asked begins nothing. */
	if (probe.is_forth)
		conntrack_look_new(packet, event, look);
}

void
weft_conn_look_bound(const struct weft_conn_packet *packet, struct weft_conn_look *look)
{
	struct weft_tuple back = weft_tuple_reverse(&packet->tuple);
	enum weft_conn_event event = weft_conn_event(packet);
	struct weft_conn_look bound = { 0 };
	struct weft_conn_probe probe;
	uint32_t binding, number;
	uint64_t word;

	if (event == WEFT_CONN_EVENT_ILLEGAL || !weft_conn_probe_bound(&back, &probe, &binding))
		return;
	conntrack_begin(&bound, probe.hash);
	number = weft_conn_find_bound(&probe, binding, &word);
	if (number == WEFT_NO_CONN)
		return;
	bound.direction = WEFT_CONN_REPLY;
	conntrack_judge(number, word, event, &bound);
	/* What begins anew does so with the packet as it is. */
	bound.hash = look->hash;
	*look = bound;
}

void
weft_conn_update(const struct weft_conn_packet *packet, const struct weft_conn_look *look,
		 uint32_t now_ms)
{
	weft_conn_use(look->conn, weft_conn_event(packet), look->direction, now_ms);
}

/* Of TCP, packets that were seen in summary are ACKs; those before the last change of state have
 * answered something else. */
void
weft_conn_touch(uint32_t conn, enum weft_conn_direction direction, uint32_t used_ms)
{
	const struct weft_conn_entry *entry;
	bool is_tcp;

	if (conn >= weft_conn_table.pool.size)
		return;
	entry = weft_conn_entry(conn);
	is_tcp = weft_conn_word_state(weft_conn_word(entry)) <= WEFT_CONN_SYN_SENT2;
	if (is_tcp &&
	    (int32_t)(used_ms - __atomic_load_n(&entry->changed_ms, __ATOMIC_RELAXED)) <= 0)
		return;
	weft_conn_use(conn, is_tcp ? WEFT_CONN_EVENT_ACK : WEFT_CONN_EVENT_OTHER, direction,
		      used_ms);
}
