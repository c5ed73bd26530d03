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
 *	is there already, as long	the second one is dropped
 *	begins with less than its	the whole datagram is dropped (RFC 1858, RFC 3128, RFC 7112)
 *	transport header
 *	did not come in time		the whole datagram is dropped: 30 s, with IPv6 60 s
 *
 * It is librte_ip_frag's business, but that library takes datagrams of at most 8 fragments, does
 * not see overlaps, and gives back one packet, whose parts would have to be cut anew.
 *
 * Bounded: WEFT_GATHER_MAX fragments per worker, of which a guest's port may have its
 * fragment-limit and no port more than half. The fragments of a datagram arrive at one queue, since
 * receivers and guests spread those by addresses alone.
 *
 * Threads: [W]; forget by a job on the worker.
 */
#include <stdlib.h>

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
	uint8_t zero[2];
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
	bool is_bad; /* whatever still comes is dropped */
};

struct weft_gather {
	uint32_t n_parts; /* [S] */
	uint32_t seed;
	uint32_t ticked_ms;
	uint16_t n_datagrams;
	uint16_t free_part, free_datagram;
	uint16_t buckets[GATHER_BUCKETS];
	uint16_t by_port[WEFT_PORTS_MAX]; /* parts */
	struct gather_part parts[WEFT_GATHER_MAX];
	struct gather_datagram datagrams[WEFT_GATHER_DATAGRAMS];
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
		gather->parts[i].next = i + 1 < WEFT_GATHER_MAX ? (uint16_t)(i + 1) : GATHER_NONE;
	for (uint16_t i = 0; i < WEFT_GATHER_DATAGRAMS; i++)
		gather->datagrams[i].next =
			i + 1 < WEFT_GATHER_DATAGRAMS ? (uint16_t)(i + 1) : GATHER_NONE;
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
	return worker->gather == NULL ? 0 :
					__atomic_load_n(&worker->gather->n_parts, __ATOMIC_RELAXED);
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

static struct gather_datagram *
gather_add(struct weft_gather *gather, const struct gather_key *key, uint32_t now_ms)
{
	uint16_t *bucket = gather_bucket(gather, key), at = gather->free_datagram;
	struct gather_datagram *datagram;

	if (at == GATHER_NONE)
		return NULL;
	datagram = &gather->datagrams[at];
	gather->free_datagram = datagram->next;
	*datagram = (struct gather_datagram){
		.key = *key,
		.until_ms = now_ms + (key->family == AF_INET ? GATHER_IP4_MS : GATHER_IP6_MS),
		.first = GATHER_NONE,
		.next = *bucket,
		.is_used = true,
	};
	*bucket = at;
	gather->n_datagrams++;
	return datagram;
}

static void
gather_del(struct weft_gather *gather, struct gather_datagram *datagram)
{
	uint16_t at = (uint16_t)(datagram - gather->datagrams);
	uint16_t *link = gather_bucket(gather, &datagram->key);

	while (*link != at)
		link = &gather->datagrams[*link].next;
	*link = datagram->next;
	datagram->is_used = false;
	datagram->next = gather->free_datagram;
	gather->free_datagram = at;
	gather->n_datagrams--;
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
	gather->by_port[datagram->key.arrival]--;
	__atomic_store_n(&gather->n_parts, gather->n_parts - 1, __ATOMIC_RELAXED);
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

/* Where a part belongs among those that are there. @return NULL if it overlaps one; @p is_double:
 * it is there already */
static uint16_t *
gather_place(struct weft_gather *gather, struct gather_datagram *datagram,
	     const struct weft_fragment *fragment, bool *is_double)
{
	uint32_t end = fragment->offset + (uint32_t)fragment->length;
	uint16_t *link = &datagram->first;

	*is_double = false;
	for (; *link != GATHER_NONE; link = &gather->parts[*link].next) {
		const struct gather_part *part = &gather->parts[*link];

		if (part->offset + (uint32_t)part->length <= fragment->offset)
			continue;
		if (end <= part->offset)
			return link;
		*is_double = part->offset == fragment->offset && part->length == fragment->length;
		return NULL;
	}
	return link;
}

static enum weft_drop
gather_put(struct weft_worker *worker, struct gather_datagram *datagram,
	   const struct weft_fragment *fragment, struct rte_mbuf *packet)
{
	const struct weft_attachment *port = worker->topology->attachments[datagram->key.arrival];
	uint32_t most = RTE_MIN(port->fragment_limit, (uint32_t)WEFT_GATHER_MAX / 2);
	struct weft_gather *gather = worker->gather;
	uint16_t at = gather->free_part, *link;
	bool is_double;

	link = gather_place(gather, datagram, fragment, &is_double);
	if (link == NULL) {
		datagram->is_bad |= !is_double;
		return DROP_ADMIT_FRAGMENT_OVERLAP;
	}
	if (at == GATHER_NONE || gather->by_port[datagram->key.arrival] >= most)
		return DROP_ADMIT_FRAGMENT_LIMIT;
	gather->free_part = gather->parts[at].next;
	gather->parts[at] = (struct gather_part){
		.packet = packet,
		.offset = fragment->offset,
		.length = fragment->length,
		.next = *link,
	};
	*link = at;
	datagram->there += fragment->length;
	gather->by_port[datagram->key.arrival]++;
	__atomic_store_n(&gather->n_parts, gather->n_parts + 1, __ATOMIC_RELAXED);
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
	struct weft_whole whole = { 0 };
	enum weft_drop drop;

	drop = gather_send(worker, datagram, gather_take(worker->gather, datagram), &whole);
	while (drop == WEFT_NEXT && datagram->first != GATHER_NONE)
		gather_send(worker, datagram, gather_take(worker->gather, datagram), &whole);
	gather_drop_parts(worker, datagram, drop);
	gather_del(worker->gather, datagram);
}

/* ---- a part ---- */

static enum weft_drop
gather_read(const struct weft_key *key, const struct rte_mbuf *packet,
	    struct weft_fragment *fragment)
{
	uint32_t l3 = weft_key_offset(key) + weft_key_l2_length(key);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(packet, const uint8_t *, l3);
	uint32_t length = packet->data_len - l3, begin;
	struct weft_ip_info info;
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;

	if (!(is_ip4 ? weft_ip4_parse(ip, length, &info) : weft_ip6_parse(ip, length, &info)) ||
	    !weft_fragment_parse(ip, length, packet->pkt_len - l3, &info, fragment))
		return DROP_ADMIT_FRAGMENT_INVALID;
	if (info.is_later_fragment)
		return WEFT_NEXT;
	begin = is_ip4 ? info.l4_offset : info.fragment_at + 8u;
	return fragment->length < info.l4_offset - begin + weft_packet_least(info.protocol) ?
		       DROP_ADMIT_FRAGMENT_TINY :
		       WEFT_NEXT;
}

static struct gather_key
gather_make_key(const struct weft_key *key, uint16_t network, uint32_t id)
{
	struct gather_key common = { .id = id, .network = network, .arrival = key->arrival };

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

/* A part that ends the datagram, or one behind the end, tells of its length: only one may be. */
static enum weft_drop
gather_join(struct weft_worker *worker, struct gather_datagram *datagram,
	    const struct weft_fragment *fragment, struct rte_mbuf *packet)
{
	uint32_t end = fragment->offset + (uint32_t)fragment->length;
	enum weft_drop drop;

	if (datagram->is_bad)
		return DROP_ADMIT_FRAGMENT_OVERLAP;
	if (datagram->total != 0 &&
	    (end > datagram->total || (!fragment->has_more && end != datagram->total))) {
		datagram->is_bad = true;
		return DROP_ADMIT_FRAGMENT_INVALID;
	}
	drop = gather_put(worker, datagram, fragment, packet);
	if (drop == WEFT_NEXT && !fragment->has_more)
		datagram->total = end;
	return drop;
}

void
weft_gather(struct weft_worker *worker, const struct weft_key *key, uint16_t network,
	    struct rte_mbuf *packet)
{
	struct weft_fragment fragment = { 0 };
	enum weft_drop drop = gather_read(key, packet, &fragment);
	struct gather_key common = gather_make_key(key, network, fragment.id);
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
			datagram = gather_add(worker->gather, &common, worker->now_ms);
		if (datagram == NULL)
			drop = DROP_ADMIT_FRAGMENT_LIMIT;
	}
	if (drop == WEFT_NEXT)
		drop = gather_join(worker, datagram, &fragment, packet);
	else if (datagram != NULL)
		datagram->is_bad = true;
	if (drop != WEFT_NEXT)
		weft_tx_drop(worker, key->arrival, drop, packet);
	if (datagram == NULL)
		return;
	if (datagram->is_bad)
		gather_drop_parts(worker, datagram, drop);
	else if (datagram->total != 0 && datagram->there == datagram->total)
		gather_finish(worker, datagram);
	else if (datagram->first == GATHER_NONE)
		gather_del(worker->gather, datagram);
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

	if (gather->n_datagrams == 0 || worker->now_ms - gather->ticked_ms < GATHER_TICK_MS)
		return;
	gather->ticked_ms = worker->now_ms;
	for (uint32_t i = 0; i < WEFT_GATHER_DATAGRAMS; i++) {
		struct gather_datagram *datagram = &gather->datagrams[i];

		if (datagram->is_used && (int32_t)(worker->now_ms - datagram->until_ms) >= 0)
			gather_expire(worker, datagram);
	}
}

static void
gather_forget_job(void *context, void *port)
{
	struct weft_worker *worker = context;

	for (uint32_t i = 0; i < WEFT_GATHER_DATAGRAMS; i++) {
		struct gather_datagram *datagram = &worker->gather->datagrams[i];

		if (datagram->is_used && datagram->key.arrival == *(const uint16_t *)port)
			gather_expire(worker, datagram);
	}
}

void
weft_gather_forget(uint16_t port)
{
	for (uint16_t i = 0; i < weft_n_workers; i++)
		if (__atomic_load_n(&weft_workers[i]->gather->n_datagrams, __ATOMIC_RELAXED) > 0)
			weft_worker_call(weft_workers[i], gather_forget_job, &port);
}
