/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gather: fragments wait for the rest of their datagram.
 *
 * Only the first fragment of a datagram says which ports it is for, so security groups can judge a
 * datagram, but not its parts; and who overlaps them could make a receiver see another datagram
 * than the one that was judged. So all parts are kept until they are there; then the first is
 * walked as what the datagram is, and the others after it, in order, as parts of the same. They
 * leave as they came: nothing is put together.
 *
 *	a part of it			then
 *	overlaps another		the whole datagram is dropped, and what still comes of it
 *					(RFC 5722, and the same for IPv4)
 *	is the last, but others lie	the same: there is one end, and nothing lies behind it, in
 *	behind it; lies behind the	whatever order they come
 *	last
 *	is there already, as long	the second one is dropped
 *	begins with less than its	the whole datagram is dropped (RFC 1858, RFC 3128, RFC 7112)
 *	transport header
 *	did not come in time		the whole datagram is dropped: 30 s, with IPv6 60 s
 *
 * It is librte_ip_frag's business, but that library takes datagrams of at most 8 fragments, does
 * not see overlaps, and gives back one packet, whose parts would have to be cut anew.
 *
 * Bounded: WEFT_GATHER_MAX fragments per worker, and as many datagrams, those among them that are
 * bad and remembered only to drop the rest of them. Either is shared like this: nobody gets more
 * than are still free, so one alone has half at most, and leaves as many to those who come. A
 * guest's port has at most its fragment-limit. A wire has at most half; it carries many networks,
 * and each of them counts as somebody of its own, who gets no more than the wire's half has free:
 * what comes from one network, through whatever tunnel, harms neither those behind the same wire
 * nor guests. Who has his share forgets his bad datagrams, the oldest first; then what comes new is
 * refused. Nothing of a bad one was let through, so nothing can be added to it later.
 *
 * The fragments of a datagram arrive at one queue, since receivers and guests spread those by
 * addresses alone.
 *
 * Threads: [W]; forget by a job on the worker.
 */
#include <stdlib.h>
#include <sys/queue.h>

#include <rte_jhash.h>
#include <rte_random.h>

#include "core/clock.h"
#include "path/packet.h"
#include "worker/worker.h"

#define GATHER_NONE UINT16_MAX
#define GATHER_BUCKETS 256
#define GATHER_IP4_MS 30000
#define GATHER_IP6_MS 60000 /* RFC 8200 section 4.5 */
#define GATHER_TICK_MS 1000

/* What the parts of a datagram have in common (RFC 791 section 3.2, RFC 8200 section 4.5). */
struct gather_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint16_t network, arrival;
	uint8_t family, protocol; /* IPv6: without the protocol */
	bool is_by_wire;
	uint8_t zero;
};

struct gather_part {
	struct rte_mbuf *packet;
	uint16_t offset, length;
	uint16_t next; /* by offset; of unused ones: the next unused one */
};

struct gather_datagram {
	struct gather_key key;
	uint32_t until_ms;
	uint32_t total; /* bytes; 0: the last part has not come */
	uint32_t there; /* bytes */
	uint16_t first; /* part */
	uint16_t next; /* in the bucket; of unused ones: the next unused one */
	bool is_used;
	bool is_bad; /* it has no parts, and whatever still comes is dropped */
	TAILQ_ENTRY(gather_datagram) bad; /* if it is */
};

enum gather_kind {
	GATHER_PARTS,
	GATHER_DATAGRAMS,
	GATHER_KINDS,
};

/* Who has something that waits: a port, or a network behind wires. */
struct gather_owner {
	uint16_t n[GATHER_KINDS];
	TAILQ_HEAD(, gather_datagram) bad; /* the oldest first */
};

struct weft_gather {
	uint32_t n[GATHER_KINDS]; /* [S] */
	uint32_t seed;
	uint32_t ticked_ms;
	uint16_t free_part, free_datagram;
	uint16_t buckets[GATHER_BUCKETS];
	struct gather_part parts[WEFT_GATHER_MAX];
	struct gather_datagram datagrams[WEFT_GATHER_MAX];
	struct gather_owner owners[WEFT_PORTS_MAX + WEFT_NETWORKS_MAX];
};

struct weft_gather *
weft_gather_create(void)
{
	struct weft_gather *gather = calloc(1, sizeof(*gather));

	if (gather == NULL)
		return NULL;
	gather->seed = (uint32_t)rte_rand();
	for (uint16_t i = 0; i < GATHER_BUCKETS; i++)
		gather->buckets[i] = GATHER_NONE;
	for (uint16_t i = 0; i < WEFT_GATHER_MAX; i++)
		gather->parts[i].next = gather->datagrams[i].next =
			i + 1 < WEFT_GATHER_MAX ? (uint16_t)(i + 1) : GATHER_NONE;
	for (uint32_t i = 0; i < RTE_DIM(gather->owners); i++)
		TAILQ_INIT(&gather->owners[i].bad);
	return gather;
}

void
weft_gather_destroy(struct weft_gather *gather)
{
	for (uint16_t i = 0; gather != NULL && i < WEFT_GATHER_MAX; i++)
		rte_pktmbuf_free(gather->parts[i].packet);
	free(gather);
}

uint32_t
weft_gather_count(const struct weft_worker *worker)
{
	return worker->gather == NULL ?
		       0 :
		       __atomic_load_n(&worker->gather->n[GATHER_PARTS], __ATOMIC_RELAXED);
}

/* ---- who has how many ---- */

static struct gather_owner *
gather_find_owner(struct weft_gather *gather, const struct gather_key *key)
{
	return &gather->owners[key->is_by_wire ? WEFT_PORTS_MAX + key->network : key->arrival];
}

static void
gather_count(struct weft_gather *gather, const struct gather_key *key, enum gather_kind kind,
	     int more)
{
	uint32_t sum = gather->n[kind] + (uint32_t)more;
	uint16_t *own = &gather_find_owner(gather, key)->n[kind];

	*own = (uint16_t)(*own + more);
	if (key->is_by_wire)
		gather->owners[key->arrival].n[kind] =
			(uint16_t)(gather->owners[key->arrival].n[kind] + more);
	__atomic_store_n(&gather->n[kind], sum, __ATOMIC_RELAXED);
}

static bool
gather_has_room(const struct weft_worker *worker, const struct gather_key *key,
		enum gather_kind kind)
{
	struct weft_gather *gather = worker->gather;
	uint32_t left = WEFT_GATHER_MAX - gather->n[kind];
	uint32_t most = worker->topology->attachments[key->arrival]->fragment_limit;

	if (key->is_by_wire)
		most = WEFT_GATHER_MAX / 2 - gather->owners[key->arrival].n[kind];
	return gather_find_owner(gather, key)->n[kind] < RTE_MIN(most, left);
}

/* ---- datagrams ---- */

static uint16_t *
gather_bucket(struct weft_gather *gather, const struct gather_key *key)
{
	return &gather->buckets[rte_jhash(key, sizeof(*key), gather->seed) % GATHER_BUCKETS];
}

static struct gather_datagram *
gather_find(struct weft_gather *gather, const struct gather_key *key)
{
	uint16_t at = *gather_bucket(gather, key);

	while (at != GATHER_NONE) {
		if (memcmp(&gather->datagrams[at].key, key, sizeof(*key)) == 0)
			return &gather->datagrams[at];
		at = gather->datagrams[at].next;
	}
	return NULL;
}

static void
gather_del(struct weft_gather *gather, struct gather_datagram *datagram)
{
	uint16_t at = (uint16_t)(datagram - gather->datagrams);
	uint16_t *link = gather_bucket(gather, &datagram->key);

	while (*link != at)
		link = &gather->datagrams[*link].next;
	*link = datagram->next;
	if (datagram->is_bad)
		TAILQ_REMOVE(&gather_find_owner(gather, &datagram->key)->bad, datagram, bad);
	gather_count(gather, &datagram->key, GATHER_DATAGRAMS, -1);
	datagram->is_used = false;
	datagram->next = gather->free_datagram;
	gather->free_datagram = at;
}

/* @return NULL if its owner has as many as he may have */
static struct gather_datagram *
gather_add(struct weft_worker *worker, const struct gather_key *key)
{
	struct weft_gather *gather = worker->gather;
	struct gather_owner *owner = gather_find_owner(gather, key);
	uint16_t *bucket = gather_bucket(gather, key), at;
	struct gather_datagram *datagram;

	while (!gather_has_room(worker, key, GATHER_DATAGRAMS)) {
		if (TAILQ_EMPTY(&owner->bad))
			return NULL;
		gather_del(gather, TAILQ_FIRST(&owner->bad));
	}
	at = gather->free_datagram;
	datagram = &gather->datagrams[at];
	gather->free_datagram = datagram->next;
	*datagram = (struct gather_datagram){
		.key = *key,
		.until_ms =
			worker->now_ms + (key->family == AF_INET ? GATHER_IP4_MS : GATHER_IP6_MS),
		.first = GATHER_NONE,
		.next = *bucket,
		.is_used = true,
	};
	*bucket = at;
	gather_count(gather, key, GATHER_DATAGRAMS, 1);
	return datagram;
}

/* ---- parts ---- */

/* Takes the first part of a datagram out. */
static struct rte_mbuf *
gather_take(struct weft_gather *gather, struct gather_datagram *datagram)
{
	uint16_t at = datagram->first;
	struct gather_part *part = &gather->parts[at];
	struct rte_mbuf *packet = part->packet;

	datagram->first = part->next;
	datagram->there -= part->length;
	part->packet = NULL;
	part->next = gather->free_part;
	gather->free_part = at;
	gather_count(gather, &datagram->key, GATHER_PARTS, -1);
	return packet;
}

static void
gather_drop_parts(struct weft_worker *worker, struct gather_datagram *datagram,
		  enum weft_drop reason)
{
	while (datagram->first != GATHER_NONE)
		weft_tx_drop(worker, datagram->key.arrival, reason,
			     gather_take(worker->gather, datagram));
}

/* The datagram is bad. */
static void
gather_spoil(struct weft_worker *worker, struct gather_datagram *datagram, enum weft_drop reason)
{
	if (datagram->is_bad)
		return;
	gather_drop_parts(worker, datagram, reason);
	datagram->is_bad = true;
	TAILQ_INSERT_TAIL(&gather_find_owner(worker->gather, &datagram->key)->bad, datagram, bad);
}

/* Where a part belongs among those that are there, and how it gets on with them.
 * @param link  is set to where; NULL: it is there already */
static enum weft_drop
gather_place(struct weft_gather *gather, struct gather_datagram *datagram,
	     const struct weft_fragment *fragment, uint16_t **link)
{
	uint32_t end = fragment->offset + (uint32_t)fragment->length;
	bool is_last = !fragment->has_more;

	for (*link = &datagram->first; **link != GATHER_NONE; *link = &gather->parts[**link].next) {
		const struct gather_part *part = &gather->parts[**link];

		if (part->offset + (uint32_t)part->length <= fragment->offset)
			continue;
		if (end <= part->offset)
			break;
		if (part->offset != fragment->offset || part->length != fragment->length ||
		    is_last != (end == datagram->total))
			return DROP_ADMIT_FRAGMENT_OVERLAP;
		*link = NULL;
		return WEFT_NEXT;
	}
	if (**link == GATHER_NONE ? datagram->total != 0 : is_last)
		return DROP_ADMIT_FRAGMENT_INVALID; /* something would lie behind the last */
	return WEFT_NEXT;
}

/* Takes a part in, or drops it alone.
 * @return WEFT_NEXT, or why the whole datagram is bad, with it */
static enum weft_drop
gather_put(struct weft_worker *worker, struct gather_datagram *datagram,
	   const struct weft_fragment *fragment, struct rte_mbuf *packet)
{
	struct weft_gather *gather = worker->gather;
	uint16_t at = gather->free_part, *link;
	enum weft_drop drop;

	if (datagram->is_bad)
		return DROP_ADMIT_FRAGMENT_OVERLAP;
	drop = gather_place(gather, datagram, fragment, &link);
	if (drop != WEFT_NEXT)
		return drop;
	if (link == NULL || !gather_has_room(worker, &datagram->key, GATHER_PARTS)) {
		weft_tx_drop(worker, datagram->key.arrival,
			     link == NULL ? DROP_ADMIT_FRAGMENT_OVERLAP : DROP_ADMIT_FRAGMENT_LIMIT,
			     packet);
		return WEFT_NEXT;
	}
	gather->free_part = gather->parts[at].next;
	gather->parts[at] = (struct gather_part){
		.packet = packet,
		.offset = fragment->offset,
		.length = fragment->length,
		.next = *link,
	};
	*link = at;
	datagram->there += fragment->length;
	if (!fragment->has_more)
		datagram->total = fragment->offset + (uint32_t)fragment->length;
	gather_count(gather, &datagram->key, GATHER_PARTS, 1);
	return WEFT_NEXT;
}

/* ---- a datagram that is complete ---- */

/* The configuration may have changed since they came. */
static enum weft_drop
gather_send(struct weft_worker *worker, struct gather_datagram *datagram, struct rte_mbuf *packet,
	    struct weft_whole *whole)
{
	const struct weft_attachment *arrival =
		worker->topology->attachments[datagram->key.arrival];
	struct weft_key key;

	if (arrival == NULL ||
	    weft_key_read(&key, rte_pktmbuf_mtod(packet, const uint8_t *), packet->data_len,
			  packet->pkt_len, datagram->key.arrival, &arrival->depth,
			  &arrival->terminator) != WEFT_KEY_FINE) {
		weft_tx_drop(worker, datagram->key.arrival, DROP_TERMINATE_PORT_DOWN, packet);
		return DROP_TERMINATE_PORT_DOWN;
	}
	return weft_burst_fragment(worker, &key, packet, datagram->key.network, whole);
}

static void
gather_finish(struct weft_worker *worker, struct gather_datagram *datagram)
{
	enum weft_drop drop = DROP_ADMIT_FRAGMENT_INVALID;
	struct weft_whole whole = { 0 };

	/* Only the first one says what the datagram is: without it nothing is let through. */
	if (worker->gather->parts[datagram->first].offset == 0)
		drop = gather_send(worker, datagram, gather_take(worker->gather, datagram), &whole);
	while (drop == WEFT_NEXT && datagram->first != GATHER_NONE)
		gather_send(worker, datagram, gather_take(worker->gather, datagram), &whole);
	gather_drop_parts(worker, datagram, drop);
	gather_del(worker->gather, datagram);
}

/* ---- a part ---- */

static struct gather_key
gather_make_key(const struct weft_worker *worker, const struct weft_key *key, uint16_t network,
		uint32_t id)
{
	struct gather_key common = {
		.id = id,
		.network = network,
		.arrival = key->arrival,
		.is_by_wire = worker->topology->attachments[key->arrival]->is_wire,
	};

	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4) {
		common.family = AF_INET;
		common.protocol = key->protocol;
		memcpy(common.src, &key->ip4_src, 4);
		memcpy(common.dst, &key->ip4_dst, 4);
	} else {
		common.family = AF_INET6;
		memcpy(common.src, key->ip6_src, 16);
		memcpy(common.dst, key->ip6_dst, 16);
	}
	return common;
}

void
weft_gather(struct weft_worker *worker, const struct weft_key *key, uint16_t network,
	    struct rte_mbuf *packet)
{
	struct weft_fragment fragment = { 0 };
	enum weft_drop drop =
		weft_packet_read_fragment(key, rte_pktmbuf_mtod(packet, const uint8_t *),
					  packet->data_len, packet->pkt_len, &fragment);
	struct gather_key common = gather_make_key(worker, key, network, fragment.id);
	struct gather_datagram *datagram = NULL;
	struct weft_whole whole;

	/* RFC 6946: alone it is all of its datagram. */
	if (drop == WEFT_NEXT && fragment.offset == 0 && !fragment.has_more) {
		weft_burst_fragment(worker, key, packet, network, &whole);
		return;
	}
	if (drop != DROP_ADMIT_FRAGMENT_INVALID) {
		datagram = gather_find(worker->gather, &common);
		if (datagram == NULL)
			datagram = gather_add(worker, &common);
	}
	if (datagram == NULL) {
		weft_tx_drop(worker, key->arrival,
			     drop == WEFT_NEXT ? DROP_ADMIT_FRAGMENT_LIMIT : drop, packet);
		return;
	}
	if (drop == WEFT_NEXT)
		drop = gather_put(worker, datagram, &fragment, packet);
	if (drop != WEFT_NEXT) {
		weft_tx_drop(worker, key->arrival, drop, packet);
		gather_spoil(worker, datagram, drop);
	} else if (datagram->total != 0 && datagram->there == datagram->total) {
		gather_finish(worker, datagram);
	} else if (datagram->first == GATHER_NONE) {
		gather_del(worker->gather, datagram);
	}
}

/* ---- the end of patience ---- */

static void
gather_expire(struct weft_worker *worker, struct gather_datagram *datagram)
{
	gather_drop_parts(worker, datagram, DROP_ADMIT_FRAGMENT_INCOMPLETE);
	gather_del(worker->gather, datagram);
}

void
weft_gather_tick(struct weft_worker *worker)
{
	struct weft_gather *gather = worker->gather;

	if (gather->n[GATHER_DATAGRAMS] == 0 || worker->now_ms - gather->ticked_ms < GATHER_TICK_MS)
		return;
	gather->ticked_ms = worker->now_ms;
	for (uint32_t i = 0; i < WEFT_GATHER_MAX; i++) {
		struct gather_datagram *datagram = &gather->datagrams[i];

		if (datagram->is_used && (int32_t)(worker->now_ms - datagram->until_ms) >= 0)
			gather_expire(worker, datagram);
	}
}

static void
gather_forget_job(void *context, void *port)
{
	struct weft_worker *worker = context;

	for (uint32_t i = 0; i < WEFT_GATHER_MAX; i++) {
		struct gather_datagram *datagram = &worker->gather->datagrams[i];

		if (datagram->is_used && datagram->key.arrival == *(const uint16_t *)port)
			gather_expire(worker, datagram);
	}
}

void
weft_gather_forget(uint16_t port)
{
	for (uint16_t i = 0; i < weft_n_workers; i++)
		if (__atomic_load_n(&weft_workers[i]->gather->n[GATHER_DATAGRAMS],
				    __ATOMIC_RELAXED) > 0)
			weft_worker_call(weft_workers[i], gather_forget_job, &port);
}
