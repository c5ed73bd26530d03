/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tuple: what makes two packets belong to one connection.
 *
 * Addresses, protocol, ports; and the zone, since addresses mean something inside of one network,
 * or to one router, only. What has no ports has something in their place, chosen so that a packet
 * and its reply are each other's mirror image:
 *
 *	TCP, UDP, UDP-Lite, SCTP, DCCP	ports
 *	ICMP and ICMPv6 questions	the identifier, in both places
 *	and their answers
 *	everything else			zero: the pair of addresses is the connection
 *
 * Two hosts may ask each other with the same identifier. These are two connections with tuples that
 * mirror each other: conntrack tells them apart by the type of the ICMP message.
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_CONNTRACK_TUPLE_H
#define WEFT_CONNTRACK_TUPLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

/** 40 bytes without padding, so that it can be compared and hashed as memory. */
struct weft_tuple {
	uint8_t src[16], dst[16]; /* IPv4 in the first four bytes, the rest zero */
	rte_be16_t src_port, dst_port;
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t protocol; /* of IP */
	uint16_t zone; /* number of the network, or weft_zone_of_router() */
};

_Static_assert(sizeof(struct weft_tuple) == 40, "no padding");

#define WEFT_CONN_ROUTERS 4096
#define WEFT_ZONE_ROUTER 0x8000 /* above the numbers of networks */
#define WEFT_ZONE_ID(zone) ((zone) & ~WEFT_ZONE_ROUTER)

static inline uint16_t
weft_zone_of_router(uint16_t router)
{
	return WEFT_ZONE_ROUTER | router;
}

static inline bool
weft_zone_is_router(uint16_t zone)
{
	return (zone & WEFT_ZONE_ROUTER) != 0;
}

/** The tuple of the packets that come back. */
static inline struct weft_tuple
weft_tuple_reverse(const struct weft_tuple *tuple)
{
	struct weft_tuple back = *tuple;

	for (int i = 0; i < 16; i++) {
		back.src[i] = tuple->dst[i];
		back.dst[i] = tuple->src[i];
	}
	back.src_port = tuple->dst_port;
	back.dst_port = tuple->src_port;
	return back;
}

#endif
