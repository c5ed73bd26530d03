/* SPDX-License-Identifier: BSD-3-Clause */
/* What packets of connections come to: looked up, used. */
#include "conntrack/conntrack.h"

#include <rte_branch_prediction.h>

#include "conntrack/use.h"
#include "core/gen.h"

static inline uint16_t
conntrack_slot(uint64_t hash)
{
	return weft_gen_slot(WEFT_GEN_CONN, hash >> 32);
}

static inline uint16_t
conntrack_news_slot(uint64_t hash)
{
	return weft_gen_news_slot(hash >> 32);
}

uint16_t
weft_conn_slot(const struct weft_tuple *tuple)
{
	return conntrack_slot(weft_conn_hash(tuple));
}

uint16_t
weft_conn_news_slot(const struct weft_tuple *tuple)
{
	return conntrack_news_slot(weft_conn_hash(tuple));
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
	look->slot = conntrack_slot(hash);
	look->news_slot = conntrack_news_slot(hash);
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

void
weft_conn_look(const struct weft_conn_packet *packet, struct weft_conn_look *look)
{
	enum weft_conn_event event = weft_conn_event(packet);
	struct weft_conn_probe probe;
	bool can_be_known = weft_conn_probe(packet, weft_conn_hash(&packet->tuple), &probe);
	enum weft_conn_step step;
	uint32_t number;
	uint64_t word;

	conntrack_stand(look, probe.hash);
	look->verdict = WEFT_CONN_IS_INVALID;
	look->direction = WEFT_CONN_ORIGINAL;
	look->conn = look->in_the_way = WEFT_NO_CONN;
	if (unlikely(!can_be_known) || event == WEFT_CONN_EVENT_ILLEGAL)
		return;
	number = weft_conn_find(&probe, &look->direction, &word);
	if (number == WEFT_NO_CONN) {
		look->direction = WEFT_CONN_ORIGINAL;
		/* An answer to what nobody asked begins nothing. */
		if (probe.is_forth)
			conntrack_look_new(packet, event, look);
		return;
	}
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
