/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translated connections of one router, and what they hold, without a router.
 */
#ifndef TEST_UNIT_CONNTRACK_TRANSLATED_H
#define TEST_UNIT_CONNTRACK_TRANSLATED_H

#include "conntrack/binding.h"
#include "conntrack/table.h"
#include "conntrack_helper.h"

#define TRANSLATED_ROUTER 3
#define TRANSLATED_GATE 99 /* the outside address: 10.0.0.99 */

/* The defaults of a router. */
static const struct weft_conf_timeouts translated_timeouts = {
	.tcp_syn_sent = 240,
	.tcp_syn_recv = 240,
	.tcp_established = 7440,
	.tcp_fin_wait = 240,
	.tcp_close_wait = 240,
	.tcp_last_ack = 240,
	.tcp_time_wait = 240,
	.tcp_close = 240,
	.udp = 300,
	.udp_stream = 300,
	.icmp = 60,
	.icmpv6 = 60,
	.generic = 600,
};

/** The same packet as it comes to the router. */
static inline struct weft_conn_packet
translated_at_router(struct weft_conn_packet packet)
{
	packet.tuple.zone = weft_zone_of_router(TRANSLATED_ROUTER);
	return packet;
}

static inline struct weft_conn_packet
translated_udp(uint16_t port)
{
	return translated_at_router(conntrack_udp(port));
}

/** It leaves by the outside address and that port, which is bound; whom it is for may answer. */
static inline struct weft_conn_change
translated_change(const struct weft_conn_packet *packet, uint16_t port)
{
	struct weft_conn_packet left =
		conntrack_packet(packet->tuple.protocol, TRANSLATED_GATE, port, 0, 0);
	struct weft_conn_change change = { .translated = packet->tuple, .is_bound = true };

	memcpy(change.translated.src, left.tuple.src, sizeof(left.tuple.src));
	change.translated.src_port = left.tuple.src_port;
	if (packet->tuple.protocol == IPPROTO_ICMP)
		change.translated.dst_port = left.tuple.src_port;
	change.binding = WEFT_NO_CONN;
	change.inside = weft_binding_key(&packet->tuple, WEFT_BINDING_INSIDE);
	change.outside = weft_binding_key(&change.translated, WEFT_BINDING_OUTSIDE);
	change.is_counted = true;
	change.is_permitted = true;
	change.permit = weft_permit_key(&packet->tuple);
	return change;
}

/** As a router looks. */
static inline struct weft_conn_look
translated_look(const struct weft_conn_packet *packet)
{
	struct weft_conn_look look = conntrack_look(packet);

	if (look.verdict != WEFT_CONN_IS_KNOWN && look.in_the_way == WEFT_NO_CONN)
		weft_conn_look_bound(packet, &look);
	return look;
}

/** May whom it was sent to answer? */
static inline bool
translated_is_permitted(const struct weft_conn_change *change)
{
	struct weft_binding binding;

	return weft_binding_find(&change->inside, &binding) ?
		       weft_binding_permits(&binding, &change->permit) :
		       weft_binding_is_there(&change->permit);
}

static inline enum weft_conn_outcome
translated_commit(uint16_t worker, const struct weft_conn_packet *packet,
		  struct weft_conn_change *change, uint16_t from, uint32_t now_ms, uint32_t *conn)
{
	struct weft_conn_look look = translated_look(packet);
	struct weft_binding binding;

	*conn = WEFT_NO_CONN;
	if (look.verdict != WEFT_CONN_IS_NEW)
		return WEFT_CONN_TAKEN;
	if (weft_binding_find(&change->inside, &binding))
		change->binding = binding.number;
	return weft_conn_commit_translated(worker, packet, &look, change, from, now_ms, conn);
}

/** The packet of a stranger to what is bound, which may begin another connection. */
static inline struct weft_conn_packet
translated_answer(const struct weft_conn_change *change)
{
	struct weft_conn_packet answer = { .tuple = weft_tuple_reverse(&change->translated) };

	return answer;
}

/** And how it goes on: by the binding that is there. */
static inline struct weft_conn_change
translated_answer_change(const struct weft_conn_packet *answer,
			 const struct weft_conn_change *change)
{
	struct weft_conn_change in = { .translated = answer->tuple, .is_bound = true };
	struct weft_binding binding;

	assert_true(weft_binding_find(&change->outside, &binding));
	memcpy(in.translated.dst, binding.inside.src, sizeof(in.translated.dst));
	in.translated.dst_port = binding.inside.src_port;
	in.binding = binding.number;
	in.inside = change->inside;
	return in;
}

static inline uint32_t
translated_users(const struct weft_conn_change *change, enum weft_binding_mark mark)
{
	struct weft_tuple key = weft_binding_key(
		mark == WEFT_BINDING_HOST ? &change->inside : &change->outside, mark);

	return weft_binding_users(&key);
}

static inline uint32_t
translated_count_bindings(void)
{
	struct weft_binding binding;
	uint32_t cursor = 0, users, n = 0;

	while (weft_binding_next(&cursor, &binding, &users)) {
		assert_true(users > 0);
		n++;
	}
	return n;
}

/** Nothing of it is left, whatever it has held. */
static inline void
translated_check_gone(const struct weft_conn_change *change)
{
	assert_false(weft_binding_is_there(&change->inside));
	assert_false(weft_binding_is_there(&change->outside));
	assert_false(translated_is_permitted(change));
	assert_int_equal(translated_users(change, WEFT_BINDING_HOST), 0);
	assert_int_equal(translated_users(change, WEFT_BINDING_PORTS), 0);
}

/** All that was linked is not, and nothing is booked. */
static inline void
translated_check_empty(void)
{
	assert_int_equal(weft_conn_count(), 0);
	assert_int_equal(weft_conn_port_count(CONNTRACK_NO_PORT), 0);
	assert_int_equal(__atomic_load_n(&weft_conn_table.shared, __ATOMIC_RELAXED), 0);
	for (uint32_t i = 0; i < weft_conn_table.pool.fresh; i++) {
		uint64_t word = weft_conn_word(weft_conn_entry(i));

		assert_true(word == 0 || (word & WEFT_CONN_GONE));
	}
}

#endif
