/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * key: what makes two packets the same to the switch.
 *
 * A key is read from a packet once, on arrival, and serves two masters: the flow table looks it up,
 * and the walk uses it as "the headers as they arrived". It has one size and three kinds:
 *
 *	L2	the frame's header only: for what is not IP, and for all traffic of an arrival at
 *		which no stage looks above L2 - so a million TCP connections between two MACs
 *		are one flow. `ether_type` is filled in only where a stage may ask for it.
 *	IP4/IP6	addresses, protocol, ports as well.
 *
 * The snapshot decides per arrival which kind is enough (struct weft_depth).
 *
 * A frame that came through a tunnel has the key of the inner frame, and besides where it came from
 * (tunnel/outer.h): source, segment and inner headers are looked up as one.
 *
 * The first 32 bytes are all that most keys have; unused ones of them are zero. What only some have
 * (has_tail) is valid only in those: the addresses of IPv6, and the outer headers, unless they fit
 * into the head (weft_key_pack).
 *
 *  0         6         12        14    16                      24       28       32     64      88
 * | dst MAC | src MAC | arrival | tag | kind proto type ports | IP4 src| IP4 dst| IPv6 | outer |
 *
 * Threads: pure functions.
 */
#ifndef WEFT_FLOW_KEY_H
#define WEFT_FLOW_KEY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "tunnel/outer.h"
#include "wire/ether.h"
#include "wire/ip.h"

enum weft_key_kind {
	WEFT_KEY_L2 = 0,
	WEFT_KEY_IP4 = 1,
	WEFT_KEY_IP6 = 2,
};

#define WEFT_KEY_KIND_MASK 0x03
#define WEFT_KEY_TUNNELLED 0x04 /* `outer` is valid, and the rest is of the inner frame */
#define WEFT_KEY_LOCAL 0x08 /* for our tunnel endpoint, but nothing to be decapsulated */
#define WEFT_KEY_FRAGMENT 0x10 /* a fragment: the first one still has ports */
#define WEFT_KEY_LATER_FRAGMENT 0x20 /* ports are zero for want of a transport header */
#define WEFT_KEY_PACKED 0x80 /* L2: what `outer` says stands in the head too, weft_key_pack() */
#define WEFT_KEY_EVENT 0x80 /* IP: TCP with SYN, FIN, RST, or none of the flags that it must have */
#define WEFT_KEY_BROKEN 0x40 /* L2: IP that cannot be read; only the EtherType says that it is IP */
#define WEFT_KEY_EXPIRING                                                                          \
	0x40 /* IP: TTL or hop limit of at most WEFT_KEY_TTL, of which a router says */

/** As many routers as may be on the way of one packet. */
#define WEFT_KEY_TTL 8

struct weft_key {
	struct rte_ether_addr dst, src;
	uint16_t arrival; /* port number */
	uint16_t tag; /* as in wire/ether.h, host order */
	uint8_t kind; /* enum weft_key_kind and flags */
	uint8_t protocol; /* IP protocol of the transport header */
	rte_be16_t ether_type; /* behind the tag; 0 where nobody asks */
	rte_be16_t port_src, port_dst; /* weft_l4_parse() */
	rte_be32_t ip4_src, ip4_dst;
	uint8_t ip6_src[16], ip6_dst[16];
	struct weft_outer outer; /* with both flags: why it is not decapsulated */
} __rte_aligned(16);

_Static_assert(offsetof(struct weft_key, ip6_src) == 32, "the head is two 16-byte words");

/** Of the flags in the 14th byte of a TCP header: anything but an ACK alone is news for its
 *  connection. */
#define WEFT_KEY_TCP_FLAGS 0x17
#define WEFT_KEY_TCP_ACK 0x10

/** At which arrivals must keys say more than L2? One per port. */
struct weft_depth {
	bool is_ip; /* for some tag at least */
	uint64_t ip_by_vid[WEFT_VIDS / 64]; /* and for which */
};

/** All of a frame, as deep as a key goes; and no more than L2. */
extern const struct weft_depth weft_depth_all, weft_depth_none;

static inline bool
weft_depth_is_ip(const struct weft_depth *depth, uint16_t tag)
{
	uint16_t vid = WEFT_TAG_VID(tag);

	return unlikely(depth->is_ip) && (depth->ip_by_vid[vid / 64] >> vid % 64 & 1);
}

enum weft_key_fault { WEFT_KEY_FINE, WEFT_KEY_RUNT, WEFT_KEY_TRUNCATED };

/** Fills the upper half of a key; @p l3 is the offset of what follows the Ethernet header. */
void weft_key_parse_ip(struct weft_key *key, const uint8_t *frame, uint32_t length, uint32_t l3);

/* What nearly every packet is: IPv4 without options, whole, and TCP or UDP. Addresses and ports
 * stand side by side in the packet and in the key. @return false if it is something else */
static __rte_always_inline bool
weft_key_parse_plain(uint64_t *words, const uint8_t *frame, uint32_t length, uint32_t l3)
{
	const uint8_t *ip = frame + l3;
	uint16_t type, fragment;
	uint64_t kind = WEFT_KEY_IP4;
	uint32_t ports;

	memcpy(&type, ip - sizeof(type), sizeof(type));
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || length < l3 + 28 || ip[0] != 0x45)
		return false;
	memcpy(&fragment, ip + 6, sizeof(fragment));
	if ((fragment & RTE_BE16(0x3fff)) != 0)
		return false;
	if (ip[9] == IPPROTO_TCP) {
		if (length < l3 + 34)
			return false;
		if ((ip[33] & WEFT_KEY_TCP_FLAGS) != WEFT_KEY_TCP_ACK)
			kind |= WEFT_KEY_EVENT;
	} else if (ip[9] != IPPROTO_UDP) {
		return false;
	}
	if (unlikely(ip[8] <= WEFT_KEY_TTL))
		kind |= WEFT_KEY_EXPIRING;
	memcpy(&ports, ip + 20, sizeof(ports));
	words[2] |= kind | (uint64_t)ip[9] << 8 | (uint64_t)type << 16 | (uint64_t)ports << 32;
	memcpy(&words[3], ip + 12, sizeof(words[3]));
	return true;
}

static inline uint32_t
weft_key_l2_length(const struct weft_key *key)
{
	return key->tag == 0 ? sizeof(struct rte_ether_hdr) : sizeof(struct rte_ether_hdr) + 4;
}

/** As weft_key_parse(). @param marks  added to the key's kind */
static __rte_always_inline enum weft_key_fault
weft_key_parse_as(struct weft_key *key, const uint8_t *frame, uint32_t length, uint16_t arrival,
		  const struct weft_depth *depth, uint8_t marks)
{
	uint64_t *words = (uint64_t *)key;
	uint16_t type, tag = 0;
	uint64_t low;
	uint32_t high;

	if (unlikely(length < sizeof(struct rte_ether_hdr)))
		return WEFT_KEY_RUNT;
	memcpy(&low, frame, sizeof(low));
	memcpy(&high, frame + 8, sizeof(high));
	memcpy(&type, frame + 12, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_VLAN)) {
		if (unlikely(length < sizeof(struct rte_ether_hdr) + 4))
			return WEFT_KEY_TRUNCATED;
		memcpy(&tag, frame + 14, sizeof(tag));
		memcpy(&type, frame + 16, sizeof(type));
		tag = WEFT_TAG | (rte_be_to_cpu_16(tag) & 0xfff);
		if (unlikely(type == RTE_BE16(RTE_ETHER_TYPE_VLAN)))
			tag |= WEFT_TAG_DOUBLE;
	}
	words[0] = low;
	words[1] = high | (uint64_t)arrival << 32 | (uint64_t)tag << 48;
	words[2] = marks;
	words[3] = 0;
	if (weft_depth_is_ip(depth, tag) &&
	    !weft_key_parse_plain(words, frame, length, weft_key_l2_length(key))) {
		weft_key_parse_ip(key, frame, length, weft_key_l2_length(key));
		key->kind |= marks;
	}
	return WEFT_KEY_FINE;
}

/**
 * Reads a key from a frame.
 *
 * @param length  bytes in the first segment: at least 128, or the whole frame
 * @param depth   of the port it arrived by
 */
static __rte_always_inline enum weft_key_fault
weft_key_parse(struct weft_key *key, const uint8_t *frame, uint32_t length, uint16_t arrival,
	       const struct weft_depth *depth)
{
	return weft_key_parse_as(key, frame, length, arrival, depth, 0);
}

/** Ports and IPv4 addresses of a key that says no more than L2 are free: the outer source, if it is
 *  IPv4, and the rest of the outer headers just fit there. So such a key needs no tail. */
static __rte_always_inline void
weft_key_pack(struct weft_key *key)
{
	uint64_t *words = (uint64_t *)key;
	uint64_t rest;
	uint32_t src;

	if ((key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2)
		return;
	memcpy(&src, key->outer.src, sizeof(src));
	memcpy(&rest, &key->outer.segment, sizeof(rest));
	words[2] |= WEFT_KEY_PACKED | (rest >> 32 << 32);
	words[3] = src | rest << 32;
}

/** A frame for the tunnel endpoint that is not decapsulated, as deep as a key goes. */
enum weft_key_fault weft_key_parse_local(struct weft_key *key, const uint8_t *frame,
					 uint32_t length, uint16_t arrival, uint8_t marks);

/**
 * Reads a key from a frame that may be for the tunnel endpoint.
 *
 * Inside of a tunnel, group-addressed frames are read up to L4, since some of them are news about
 * addresses; others say no more than L2, unless some overlay has security groups.
 *
 * @param wire_length  bytes of the whole frame
 * @param l3           what weft_terminator_takes() said
 * @param excess       bytes at the end that do not belong to the frame
 */
static __rte_always_inline enum weft_key_fault
weft_key_parse_tunnel(struct weft_key *key, const uint8_t *frame, uint32_t length,
		      uint32_t wire_length, uint16_t arrival, uint32_t l3,
		      const struct weft_terminator *terminator, uint32_t *excess)
{
	const struct weft_outer *outer = &key->outer;
	enum weft_key_fault fault;
	bool is_tunnel = false;

	*excess = 0;
	/* The outer source MAC is in no key, so who may not say anything is left to `admit`. */
	if (likely(weft_mac_is_sender(frame + 6)))
		is_tunnel = weft_outer_parse(&key->outer, frame, length, wire_length, l3,
					     terminator, excess);
	if (unlikely(!is_tunnel))
		return weft_key_parse_local(key, frame, length, arrival, WEFT_KEY_LOCAL);
	if (unlikely(outer->inner == 0 || outer->note >= WEFT_OUTER_ADDRESS)) {
		*excess = 0;
		return weft_key_parse_local(key, frame, length, arrival,
					    WEFT_KEY_LOCAL | WEFT_KEY_TUNNELLED);
	}
	/* What is cut off behind it is not to be read either. */
	length = RTE_MIN(length, wire_length - *excess) - outer->inner;
	frame += outer->inner;
	fault = weft_key_parse_as(key, frame, length, arrival,
				  unlikely((frame[0] & 1) || terminator->is_deep) ?
					  &weft_depth_all :
					  &weft_depth_none,
				  WEFT_KEY_TUNNELLED);
	if (terminator->family == AF_INET)
		weft_key_pack(key);
	return fault;
}

/** On the wire of the tunnel endpoint, group-addressed frames may be questions for it. */
static inline const struct weft_depth *
weft_key_depth(const uint8_t *frame, const struct weft_depth *depth, bool has_tunnels)
{
	return has_tunnels && (frame[0] & 1) ? &weft_depth_all : depth;
}

/** Whatever a frame is: for who has just one. */
enum weft_key_fault weft_key_read(struct weft_key *key, const uint8_t *frame, uint32_t length,
				  uint32_t wire_length, uint16_t arrival,
				  const struct weft_depth *depth,
				  const struct weft_terminator *terminator);

/** Is it a TCP packet that may change the state of its connection? */
static inline bool
weft_key_is_event(const struct weft_key *key)
{
	return (key->kind & WEFT_KEY_EVENT) && (key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2;
}

/** IP that cannot be read? */
static inline bool
weft_key_is_broken(const struct weft_key *key)
{
	return (key->kind & (WEFT_KEY_KIND_MASK | WEFT_KEY_BROKEN)) == WEFT_KEY_BROKEN;
}

/** Is its TTL or hop limit so low that a router may have to say so? */
static inline bool
weft_key_is_expiring(const struct weft_key *key)
{
	return (key->kind & WEFT_KEY_EXPIRING) && (key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_L2;
}

static inline bool
weft_key_is_tunnelled(const struct weft_key *key)
{
	return (key->kind & (WEFT_KEY_TUNNELLED | WEFT_KEY_LOCAL)) == WEFT_KEY_TUNNELLED;
}

/** Where the frame that the key describes begins. */
static inline uint32_t
weft_key_offset(const struct weft_key *key)
{
	return weft_key_is_tunnelled(key) ? key->outer.inner : 0;
}

/** And where its Ethernet header ends. */
static inline uint32_t
weft_key_l3(const struct weft_key *key)
{
	return weft_key_offset(key) + weft_key_l2_length(key);
}

/** Is there anything behind the head? */
static inline bool
weft_key_is_long(const struct weft_key *key)
{
	return (key->kind & (WEFT_KEY_IP6 | WEFT_KEY_TUNNELLED)) != 0;
}

/** And does it say more than the head? */
static inline bool
weft_key_has_tail(const struct weft_key *key)
{
	return weft_key_is_long(key) &&
	       (key->kind & (WEFT_KEY_KIND_MASK | WEFT_KEY_PACKED)) != WEFT_KEY_PACKED;
}

/** Are the tails equal, of two keys whose heads are? */
static __rte_always_inline bool
weft_key_has_same_tail(const struct weft_key *key, const uint8_t *ip6,
		       const struct weft_outer *outer)
{
	if ((key->kind & WEFT_KEY_IP6) && memcmp(ip6, key->ip6_src, 32) != 0)
		return false;
	return !(key->kind & WEFT_KEY_TUNNELLED) || memcmp(outer, &key->outer, sizeof(*outer)) == 0;
}

/** The address of the tunnel endpoint that a tunnelled frame came from. */
void weft_key_source(const struct weft_key *key, uint8_t family, struct weft_ip *source);

static __rte_always_inline uint64_t
weft_key_fold(uint64_t x, uint64_t y)
{
	__uint128_t product = (__uint128_t)x * y;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/** Hashes the tail into what the head came to. */
static __rte_always_inline uint64_t
weft_key_hash_tail(const struct weft_key *key, uint64_t hash, uint64_t seed)
{
	const uint64_t *w = (const uint64_t *)key;

	if (key->kind & WEFT_KEY_IP6)
		hash ^= weft_key_fold(w[4] ^ hash, w[5] ^ seed) ^
			weft_key_fold(w[6] ^ ~seed, w[7] ^ hash);
	/* The second half of the source is zero but for IPv6. */
	if (key->kind & WEFT_KEY_TUNNELLED)
		hash ^= weft_key_fold(w[8] ^ (w[9] << 7 | w[9] >> 57) ^ hash, w[10] ^ seed);
	return hash;
}

/** Folded 64 x 64 -> 128 bit multiplications, two per 32 bytes; @p seed keeps guests from choosing
 *  what collides. One more at the end: a product alone maps keys that count up (addresses, ports)
 *  onto a lattice, and with an unlucky seed that leaves most lines of the table empty. */
static __rte_always_inline uint64_t
weft_key_hash(const struct weft_key *key, uint64_t seed)
{
	const uint64_t *w = (const uint64_t *)key;
	uint64_t hash = weft_key_fold(w[0] ^ seed, w[1] ^ (seed << 32 | seed >> 32)) ^
			weft_key_fold(w[2] ^ ~seed, w[3] ^ (seed << 13 | seed >> 51));

	if (unlikely(weft_key_has_tail(key)))
		hash = weft_key_hash_tail(key, hash, seed);
	return weft_key_fold(hash, 0x9e3779b97f4a7c15ULL);
}

/** The inner flow as 16 bits for the path outside, the same for all fragments of a datagram. */
uint16_t weft_key_entropy(const struct weft_key *key);

/** The key in words: "vm1 02:..:0a > 02:..:0b vlan 100 ipv4 10.0.0.1 > 10.0.0.2 tcp 80 > 99",
 *  "physnet1 vxlan 1001 from 192.0.2.2: 02:.." of a tunnel. @p text holds at least WEFT_KEY_TEXT
 *  bytes. @p port is the arrival's name. */
#define WEFT_KEY_TEXT 400
void weft_key_format(const struct weft_key *key, const char *port, char *text);

#endif
