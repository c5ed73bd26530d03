/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ether: what IEEE 802.3 and 802.1Q say about the first bytes of a frame.
 *
 * A tag is kept in one number: zero for a frame without one, WEFT_TAG | VID for a frame with one.
 * So a priority tag (VID 0) and no tag stay different. Only TPID 0x8100 makes a tag; an 802.1ad
 * service tag (0x88a8) is an EtherType like any other to us.
 *
 * Pure functions, no state, any thread.
 */
#ifndef WEFT_WIRE_ETHER_H
#define WEFT_WIRE_ETHER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#define WEFT_VIDS 4096
#define WEFT_TAG 0x1000 /* the frame has a tag; the VID is in the bits below */
#define WEFT_TAG_DOUBLE 0x2000 /* and another 0x8100 tag right behind it */
#define WEFT_TAG_VID(tag) ((tag)&0xfff)

/** The front of a frame, as it stands or as it shall leave. */
struct weft_ether_head {
	struct rte_ether_addr dst, src;
	uint16_t tag;
};

/** 01-80-C2-00-00-00 .. 0F: never forwarded by a bridge (802.1Q 8.6.3, table 8-1). */
static inline bool
weft_mac_is_reserved(const struct rte_ether_addr *mac)
{
	static const uint8_t prefix[] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(mac->addr_bytes, prefix, sizeof(prefix)) == 0 && mac->addr_bytes[5] < 0x10;
}

/** May the six bytes be the source of a frame: neither a group nor zero? */
static inline bool
weft_mac_is_sender(const uint8_t *mac)
{
	uint32_t first;
	uint16_t second;

	memcpy(&first, mac, sizeof(first));
	memcpy(&second, mac + 4, sizeof(second));
	return !(mac[0] & 1) && (first | second) != 0;
}

/** A MAC as a number, for hashing and printing; the first byte is the most significant. */
static inline uint64_t
weft_mac_number(const struct rte_ether_addr *mac)
{
	uint64_t number = 0;

	memcpy((uint8_t *)&number + 2, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	return rte_be_to_cpu_64(number);
}

/** A MAC for something that is known by other bytes: the same after every restart and upgrade,
 *  unicast and locally administered, of the part that administrators may assign from (IEEE 802c:
 *  the second digit is 2). */
void weft_mac_derive(const void *bytes, size_t n, struct rte_ether_addr *mac);

/** "02:00:00:00:00:0a": small letters, as iproute2 and the configuration write it. @p text holds at
 *  least RTE_ETHER_ADDR_FMT_SIZE bytes. */
static inline void
weft_mac_format(const struct rte_ether_addr *mac, char *text)
{
	const uint8_t *b = mac->addr_bytes;

	snprintf(text, RTE_ETHER_ADDR_FMT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5]);
}

#endif
