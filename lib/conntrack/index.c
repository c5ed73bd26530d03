/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/index.h"

#include <emmintrin.h>
#include <netinet/in.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "conntrack/pool.h"
#include "conntrack/state.h"

#define INDEX_SLOTS RTE_DIM(((struct weft_conn_bucket *)0)->signatures)
#define INDEX_GOLDEN 0x9e3779b97f4a7c15ull

static inline uint64_t
index_fold(uint64_t x, uint64_t y)
{
	__uint128_t product = (__uint128_t)x * y;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The port goes into a product of its own: an attacker who owns an IPv6 prefix could otherwise
 * choose addresses and ports that cancel each other out, whatever the seed. */
static inline uint64_t
index_hash_end(const uint64_t *address, uint64_t port)
{
	const uint64_t *seeds = weft_conn_table.seeds;

	return index_fold(index_fold(address[0] ^ seeds[0], address[1] ^ seeds[1]) ^ port,
			  seeds[2]);
}

/* The sum of both ends is the same for the mirror image. */
static inline uint64_t
index_hash(const uint64_t *words)
{
	uint64_t ends = index_hash_end(&words[0], words[4] & 0xffff) +
			index_hash_end(&words[2], words[4] >> 16 & 0xffff);

	return index_fold(index_fold(ends, weft_conn_table.seeds[3]) ^ words[4] >> 32,
			  INDEX_GOLDEN);
}

uint64_t
weft_conn_hash(const struct weft_tuple *tuple)
{
	uint64_t words[WEFT_CONN_TUPLE_WORDS];

	memcpy(words, tuple, sizeof(words));
	return index_hash(words);
}

bool
weft_conn_probe(const struct weft_conn_packet *packet, uint64_t hash, struct weft_conn_probe *probe)
{
	uint64_t last;

	memcpy(probe->forth, &packet->tuple, sizeof(probe->forth));
	last = probe->forth[4];
	probe->back = (last & ~0xffffffffull) | (last & 0xffff) << 16 | (last >> 16 & 0xffff);
	probe->hash = hash;
	probe->question = 0;
	probe->is_quoted = false;
	probe->is_forth = probe->is_back = true;
	if (likely(!weft_conn_tuple_is_icmp(&packet->tuple)))
		return true;
	probe->question = weft_conn_icmp_question(packet->tuple.protocol, packet->icmp_type);
	probe->is_forth = probe->question == packet->icmp_type;
	probe->is_back = !probe->is_forth;
	return probe->question != 0;
}

static inline uint64_t
index_word(const struct weft_conn_entry *entry, unsigned int i)
{
	return __atomic_load_n(&entry->tuple[i], __ATOMIC_RELAXED);
}

/* Is the entry the packet's, and in which direction? */
static inline bool
index_is_same(const struct weft_conn_entry *entry, const struct weft_conn_probe *probe,
	      uint64_t word, enum weft_conn_direction *direction)
{
	const uint64_t *forth = probe->forth;
	uint64_t last = index_word(entry, 4);

	if (weft_conn_word_question(word) != probe->question)
		return false;
	*direction = WEFT_CONN_ORIGINAL;
	if (probe->is_forth && last == forth[4] && index_word(entry, 0) == forth[0] &&
	    index_word(entry, 1) == forth[1] && index_word(entry, 2) == forth[2] &&
	    index_word(entry, 3) == forth[3])
		return true;
	*direction = WEFT_CONN_REPLY;
	return probe->is_back && last == probe->back && index_word(entry, 0) == forth[2] &&
	       index_word(entry, 1) == forth[3] && index_word(entry, 2) == forth[0] &&
	       index_word(entry, 3) == forth[1];
}

static inline uint16_t
index_signature(uint64_t hash)
{
	uint16_t signature = (uint16_t)hash;

	return signature == 0 ? 1 : signature;
}

/* Bits of the slots that hold a signature; two bits per slot. */
static inline uint32_t
index_slots(const struct weft_conn_bucket *bucket, uint16_t signature)
{
	const uint64_t *halves = (const uint64_t *)bucket->signatures;
	__m128i all = _mm_set_epi64x((int64_t)__atomic_load_n(&halves[1], __ATOMIC_ACQUIRE),
				     (int64_t)__atomic_load_n(&halves[0], __ATOMIC_ACQUIRE));

	return (uint32_t)_mm_movemask_epi8(
		_mm_cmpeq_epi16(all, _mm_set1_epi16((int16_t)signature)));
}

static inline struct weft_conn_bucket *
index_next(const struct weft_conn_bucket *bucket)
{
	uint32_t next = __atomic_load_n(&bucket->next, __ATOMIC_ACQUIRE);

	return likely(next == 0) ? NULL :
				   &weft_conn_table.buckets[weft_conn_table.n_buckets + next - 1];
}

static uint32_t
index_find(const struct weft_conn_bucket *bucket, const struct weft_conn_probe *probe,
	   enum weft_conn_direction *direction, uint64_t *word)
{
	uint16_t signature = index_signature(probe->hash);

	for (; bucket != NULL; bucket = index_next(bucket))
		for (uint32_t slots = index_slots(bucket, signature); slots != 0;) {
			uint32_t slot = (uint32_t)__builtin_ctz(slots) / 2;
			uint32_t number = __atomic_load_n(&bucket->numbers[slot], __ATOMIC_ACQUIRE);
			const struct weft_conn_entry *entry = weft_conn_entry(number);

			*word = weft_conn_word(entry);
			if (index_is_same(entry, probe, *word, direction))
				return number;
			slots &= ~(3u << slot * 2);
		}
	return WEFT_NO_CONN;
}

/* Of what is translated each twin is met by packets of one direction: as they come to the router,
 * or, in what an error quotes, as they have left it. */
static uint32_t
index_resolve(uint32_t number, bool is_quoted, enum weft_conn_direction direction, uint64_t *word)
{
	bool is_shadow = (*word & WEFT_CONN_SHADOW) != 0;

	if ((direction == WEFT_CONN_REPLY) != (is_shadow != is_quoted))
		return WEFT_NO_CONN;
	if (!is_shadow)
		return number;
	number = weft_conn_link_of(number)->twin;
	*word = weft_conn_word(weft_conn_entry(number));
	return *word & WEFT_CONN_GONE ? WEFT_NO_CONN : number;
}

uint32_t
weft_conn_find(const struct weft_conn_probe *probe, enum weft_conn_direction *direction,
	       uint64_t *word)
{
	uint32_t hash = (uint32_t)(probe->hash >> 32);
	struct weft_conn_bucket *chain = &weft_conn_table.buckets[weft_conn_bucket_number(hash)];
	uint32_t number;

	/* One that is gone was unlinked before that could be seen: another look does not find it
	 * again, but perhaps what replaced it. */
	do
		number = index_find(chain, probe, direction, word);
	while (unlikely(number != WEFT_NO_CONN && (*word & WEFT_CONN_GONE)));
	if (number != WEFT_NO_CONN && (*word & (WEFT_CONN_TRANSLATED | WEFT_CONN_SHADOW)))
		number = index_resolve(number, probe->is_quoted, *direction, word);
	return number != WEFT_NO_CONN && (*word & WEFT_CONN_MARKED) ? WEFT_NO_CONN : number;
}

bool
weft_conn_is_linked(const struct weft_conn_probe *probe)
{
	uint32_t hash = (uint32_t)(probe->hash >> 32);
	enum weft_conn_direction direction;
	uint64_t word;

	return index_find(&weft_conn_table.buckets[weft_conn_bucket_number(hash)], probe,
			  &direction, &word) != WEFT_NO_CONN;
}

void
weft_conn_describe(uint32_t number, struct weft_conn_look *look)
{
	const struct weft_conn_entry *entry = weft_conn_entry(number);
	uint64_t word = weft_conn_word(entry);

	look->verdict = WEFT_CONN_IS_KNOWN;
	look->conn = number;
	look->original = weft_conn_entry_tuple(entry);
	look->question = weft_conn_word_question(word);
	look->is_replied = (word & WEFT_CONN_REPLIED) != 0;
	look->is_cut = (word & WEFT_CONN_CUT) != 0;
	look->is_translated = (word & WEFT_CONN_TRANSLATED) != 0;
	look->from = __atomic_load_n(&entry->from, __ATOMIC_RELAXED);
	look->to = __atomic_load_n(&entry->to, __ATOMIC_RELAXED);
}

uint32_t
weft_conn_find_locked(struct weft_conn_bucket *chain, const struct weft_conn_probe *probe,
		      struct weft_conn_place *place, struct weft_conn_place *room)
{
	uint16_t signature = index_signature(probe->hash);
	struct weft_conn_bucket *previous = NULL;
	enum weft_conn_direction direction;

	room->bucket = NULL;
	for (struct weft_conn_bucket *bucket = chain; bucket != NULL;
	     previous = bucket, bucket = index_next(bucket)) {
		uint32_t slots = index_slots(bucket, signature), free = index_slots(bucket, 0);

		if (room->bucket == NULL && free != 0)
			*room = (struct weft_conn_place){ bucket, previous,
							  (uint32_t)__builtin_ctz(free) / 2 };
		for (; slots != 0; slots &= ~(3u << place->slot * 2)) {
			uint32_t number;
			const struct weft_conn_entry *entry;

			*place = (struct weft_conn_place){ bucket, previous,
							   (uint32_t)__builtin_ctz(slots) / 2 };
			number = bucket->numbers[place->slot];
			entry = weft_conn_entry(number);
			if (index_is_same(entry, probe, weft_conn_word(entry), &direction))
				return number;
		}
	}
	return WEFT_NO_CONN;
}

bool
weft_conn_find_number(struct weft_conn_bucket *chain, uint32_t number,
		      struct weft_conn_place *place)
{
	struct weft_conn_bucket *previous = NULL;

	for (struct weft_conn_bucket *bucket = chain; bucket != NULL;
	     previous = bucket, bucket = index_next(bucket))
		for (uint32_t slot = 0; slot < INDEX_SLOTS; slot++)
			if (bucket->numbers[slot] == number && bucket->signatures[slot] != 0) {
				*place = (struct weft_conn_place){ bucket, previous, slot };
				return true;
			}
	return false;
}

bool
weft_conn_extend(struct weft_conn_bucket *chain, struct weft_conn_place *room)
{
	uint32_t number = weft_conn_pool_take(&weft_conn_table.overflow);
	struct weft_conn_bucket *last = chain, *next;

	if (number == WEFT_NO_CONN)
		return false;
	while ((next = index_next(last)) != NULL)
		last = next;
	next = &weft_conn_table.buckets[weft_conn_table.n_buckets + number];
	__atomic_store_n(&next->next, 0, __ATOMIC_RELAXED);
	*room = (struct weft_conn_place){ next, last, 0 };
	__atomic_store_n(&last->next, number + 1, __ATOMIC_RELEASE);
	return true;
}

void
weft_conn_link(const struct weft_conn_place *place, uint64_t hash, uint32_t number)
{
	__atomic_store_n(&place->bucket->numbers[place->slot], number, __ATOMIC_RELEASE);
	__atomic_store_n(&place->bucket->signatures[place->slot], index_signature(hash),
			 __ATOMIC_RELEASE);
}

struct weft_conn_bucket *
weft_conn_unlink(const struct weft_conn_place *place)
{
	struct weft_conn_bucket *bucket = place->bucket;

	__atomic_store_n(&bucket->signatures[place->slot], 0, __ATOMIC_RELEASE);
	if (place->previous == NULL || index_slots(bucket, 0) != 0xffff)
		return NULL;
	/* Who reads it now still finds the way to those behind it. */
	__atomic_store_n(&place->previous->next, bucket->next, __ATOMIC_RELEASE);
	return bucket;
}
