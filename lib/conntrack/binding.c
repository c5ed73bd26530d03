/* SPDX-License-Identifier: BSD-3-Clause */
/* What is bound: how it is named, and found. */
#include "conntrack/binding.h"

#include <rte_branch_prediction.h>

#include "conntrack/pair.h"

#define BINDING_MARK_AT 15 /* in dst, of which IPv4 has the first four */

struct weft_tuple
weft_binding_key(const struct weft_tuple *of, enum weft_binding_mark mark)
{
	struct weft_tuple key = { .family = of->family, .zone = of->zone };

	memcpy(key.src, of->src, sizeof(key.src));
	key.dst[BINDING_MARK_AT] = (uint8_t)mark;
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
struct weft_conn_probe
weft_binding_probe(const struct weft_tuple *key)
{
	struct weft_conn_probe probe = { .hash = weft_conn_hash(key), .is_forth = true };

	memcpy(probe.forth, key, sizeof(probe.forth));
	probe.is_quoted = key->dst[BINDING_MARK_AT] == WEFT_BINDING_OUTSIDE;
	return probe;
}

uint32_t
weft_binding_number(const struct weft_tuple *key)
{
	struct weft_conn_probe probe = weft_binding_probe(key);
	enum weft_conn_direction direction;
	uint64_t word;

	return weft_conn_find(&probe, &direction, &word);
}

bool
weft_binding_find(const struct weft_tuple *key, struct weft_binding *binding)
{
	binding->number = weft_binding_number(key);
	if (binding->number == WEFT_NO_CONN)
		return false;
	binding->inside = weft_conn_entry_tuple(weft_conn_entry(binding->number));
	weft_conn_translated(binding->number, &binding->outside);
	return true;
}

bool
weft_binding_is_there(const struct weft_tuple *key)
{
	return weft_binding_number(key) != WEFT_NO_CONN;
}

/* Stands with the shadow of the binding, which has no owners. */
uint64_t *
weft_permit_of(uint32_t binding)
{
	return &weft_conn_link_of(weft_conn_link_of(binding)->twin)->permit;
}

/* Of a permit's key: whom was sent to. */
uint32_t
weft_permit_remote(const struct weft_tuple *permit)
{
	uint32_t remote;

	memcpy(&remote, permit->dst, sizeof(remote));
	return remote;
}

bool
weft_binding_permits(const struct weft_binding *binding, const struct weft_tuple *permit)
{
	uint64_t word = __atomic_load_n(weft_permit_of(binding->number), __ATOMIC_ACQUIRE);

	return (word >> 32 != 0 && (uint32_t)word == weft_permit_remote(permit)) ||
	       weft_binding_is_there(permit);
}

uint32_t
weft_binding_users(const struct weft_tuple *key)
{
	uint32_t number = weft_binding_number(key);

	return number == WEFT_NO_CONN ?
		       0 :
		       __atomic_load_n(&weft_conn_link_of(number)->users, __ATOMIC_RELAXED);
}

void
weft_conn_translated(uint32_t conn, struct weft_tuple *translated)
{
	const struct weft_conn_link *link = weft_conn_link_of(conn);
	uint32_t binding = link->owners[0];
	struct weft_tuple outside;

	*translated = weft_conn_entry_tuple(weft_conn_entry(link->twin));
	if (link->twin != conn || binding >= weft_conn_table.pool.size)
		return;
	outside = weft_conn_entry_tuple(weft_conn_entry(weft_conn_link_of(binding)->twin));
	memcpy(translated->src, outside.src, sizeof(outside.src));
	translated->src_port = outside.src_port;
}

bool
weft_conn_probe_bound(const struct weft_tuple *left, struct weft_conn_probe *probe,
		      uint32_t *binding)
{
	struct weft_tuple key = weft_binding_key(left, WEFT_BINDING_OUTSIDE), inside;
	struct weft_conn_packet packet = { .tuple = *left };

	*binding = weft_conn_tuple_is_icmp(left) ? WEFT_NO_CONN : weft_binding_number(&key);
	if (*binding == WEFT_NO_CONN)
		return false;
	inside = weft_conn_entry_tuple(weft_conn_entry(*binding));
	memcpy(packet.tuple.src, inside.src, sizeof(inside.src));
	packet.tuple.src_port = inside.src_port;
	return weft_conn_probe(&packet, weft_conn_hash(&packet.tuple), probe);
}

uint32_t
weft_conn_find_bound(const struct weft_conn_probe *probe, uint32_t binding, uint64_t *word)
{
	enum weft_conn_direction direction;
	uint32_t number = weft_conn_find(probe, &direction, word);
	const struct weft_conn_link *link;

	if (number == WEFT_NO_CONN || direction != WEFT_CONN_ORIGINAL)
		return WEFT_NO_CONN;
	link = weft_conn_link_of(number);
	return (*word & WEFT_CONN_TRANSLATED) && link->twin == number &&
			       link->owners[0] == binding ?
		       number :
		       WEFT_NO_CONN;
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
