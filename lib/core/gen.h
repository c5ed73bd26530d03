/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gen: generations, the way a cached answer learns that it is stale.
 *
 * Every object that a walk may consult owns a slot in one array of counters; the slot is found by
 * hashing the object's identity, so what does not exist yet (an unknown MAC) has one too. Who
 * changes an object increments its slot. A flow keeps the numbers of the slots it stands on and the
 * sum of their values: counters only grow, so the sum is the same if and only if none of them
 * moved.
 * Two objects that share a slot by accident cost a needless walk, never a wrong answer.
 *
 * Counters and sums have 32 bits. A flow is looked at again, or forgotten, within minutes
 * (host.flow-idle), and in that time no 2^32 changes happen that could bring a sum back to where it
 * was.
 *
 * Order is what makes it right. The writer publishes the change first and bumps after (release); a
 * walk reads a slot's value (acquire) before it looks at the object. So a change in the middle of a
 * walk leaves an answer that is already stale.
 *
 * Threads: weft_gen_bump by any thread, weft_gen_read by any thread.
 */
#ifndef WEFT_CORE_GEN_H
#define WEFT_CORE_GEN_H

#include <stdint.h>

#define WEFT_GEN_SLOTS 8192 /* 32 KiB: a hit reads several of them, from the first-level cache */
#define WEFT_GEN_NEWS_SLOTS 8192

/** A slot that belongs to nothing and never moves: pads the list of a flow to its fixed length. */
#define WEFT_GEN_NOTHING 0

/** What kind of thing an identity names: part of what is hashed. */
enum weft_gen_kind {
	WEFT_GEN_PORT, /* id: port */
	WEFT_GEN_NETWORK, /* id: network; what it is */
	WEFT_GEN_MEMBERS, /* id: network; who is in it, and in which state */
	WEFT_GEN_ARRIVAL, /* id: wire << 16 | VLAN id: which network does this tag belong to */
	WEFT_GEN_MAC, /* id: network << 48 | MAC, see weft_fdb_slot() */
	/* id: port, network << 16, WEFT_FDB_TABLE: is there room for one more MAC */
	WEFT_GEN_MAC_ROOM,
	WEFT_GEN_ENDPOINT, /* id: 0: our tunnel endpoint, and the wire it is on */
	WEFT_GEN_SEGMENT, /* id: network type << 32 | segment: is there a network */
	WEFT_GEN_REMOTE, /* id: hash of the address of a remote endpoint: which number has it */
	WEFT_GEN_NEIGHBOUR, /* id: hash of scope and address */
	WEFT_GEN_NEIGHBOURS, /* id: scope; moves when any neighbour in it does */
	WEFT_GEN_CONN, /* id: hash of a tuple: a connection was removed before its time */
	WEFT_GEN_MEMBER, /* id: hash of an address: which security groups it is in */
	WEFT_GEN_ROUTER, /* id: router; its legs and routes */
};

extern uint32_t weft_gens[WEFT_GEN_SLOTS + WEFT_GEN_NEWS_SLOTS]; /* [A] */

static inline uint64_t
weft_gen_mix(uint64_t kind, uint64_t id)
{
	return ((id + kind * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL) >> 32;
}

static inline uint16_t
weft_gen_slot(enum weft_gen_kind kind, uint64_t id)
{
	return (uint16_t)(1 + weft_gen_mix(kind, id) % (WEFT_GEN_SLOTS - 1));
}

/** For what moves a million times per second, like the news of connections: slots apart from the
 *  others, so that only those pay who stand on it. */
static inline uint16_t
weft_gen_news_slot(uint64_t id)
{
	return (uint16_t)(WEFT_GEN_SLOTS + weft_gen_mix(0, id) % WEFT_GEN_NEWS_SLOTS);
}

static inline uint32_t
weft_gen_read(uint16_t slot)
{
	return __atomic_load_n(&weft_gens[slot], __ATOMIC_ACQUIRE);
}

static inline void
weft_gen_bump(uint16_t slot)
{
	__atomic_fetch_add(&weft_gens[slot], 1, __ATOMIC_RELEASE);
}

#endif
