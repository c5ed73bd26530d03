/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * encap: the outer headers that all packets to one remote endpoint and segment share.
 *
 * They are built once, at walk time, with everything that is the same for every packet. What
 * differs is written by weft_act_encap(): lengths, the UDP source port, ECN, and the checksum.
 * Thousands of flows go to the same endpoint, so a head exists once per worker and content, and is
 * counted by the flows and groups that name it.
 *
 * The bytes stand at the end of their field: copying a fixed number of them from the end puts the
 * head right in front of the frame, and what is too much lands in the headroom before it.
 *
 * Threads: a set belongs to one worker; no one else touches it or its heads.
 */
#ifndef WEFT_FLOW_ENCAP_H
#define WEFT_FLOW_ENCAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_common.h>

#define WEFT_ENCAP_MAX 80 /* Ethernet 14, tag 4, IPv6 40, UDP 8, shim 8 are 74 */
#define WEFT_ENCAP_BUCKETS 8192

/** The content; unused bytes are zero, since it is compared as bytes. */
struct weft_encap_head {
	uint8_t bytes[WEFT_ENCAP_MAX]; /* the last `length` ones */
	uint32_t segment;
	uint16_t place; /* of the remote endpoint */
	uint16_t ip_sum; /* of the IPv4 header as it stands in bytes, in memory order */
	uint8_t length;
	uint8_t ip_at; /* offset of the IP header in the head */
	uint8_t udp_at; /* 0: no UDP */
	uint8_t via; /* enum weft_network_type */
	uint8_t is_ip6;
	uint8_t has_checksum; /* of UDP */
	uint8_t zero[2];
};

_Static_assert(sizeof(struct weft_encap_head) == WEFT_ENCAP_MAX + 16, "no padding");

struct weft_encap {
	struct weft_encap_head head;
	LIST_ENTRY(weft_encap) next;
	uint32_t users;
	uint32_t hash;
} __rte_cache_aligned;

struct weft_encaps {
	LIST_HEAD(, weft_encap) buckets[WEFT_ENCAP_BUCKETS];
};

/** Finds or makes the head with this content and counts one more user. @return NULL if there is no
 *  memory */
struct weft_encap *weft_encap_get(struct weft_encaps *encaps, const struct weft_encap_head *head);

/** One user more. NULL is allowed. */
void weft_encap_hold(struct weft_encap *encap);

/** One user less; the last one frees it. NULL is allowed. */
void weft_encap_put(struct weft_encap *encap);

#endif
