/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * endpoint: our own tunnel endpoint (VTEP), as the snapshot holds it.
 *
 * It is a small IP host on a wire, optionally on a VLAN of it: an address, a MAC of its own,
 * routes. What it says is answered by the stage `answer`; where it sends tunnel packets is decided
 * here: on-link or by the longest route; of several equal routes a flow takes one by its hash, so
 * flows spread and no flow is reordered.
 *
 * The MAC is the configured one, or is made from the address (locally administered), so that it
 * stays over restarts and differs between hosts.
 *
 * Threads: immutable once published [I]; made by the control thread.
 */
#ifndef WEFT_TUNNEL_ENDPOINT_H
#define WEFT_TUNNEL_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "conf/conf.h"
#include "core/gen.h"
#include "network/network.h"
#include "network/route.h"

#define WEFT_TUNNEL_FORMATS 3 /* network types that are tunnels */

/** What a wire must know to find packets for the endpoint among its frames; part of a wire's
 *  attachment, compared as bytes. */
struct weft_terminator {
	bool is_here;
	bool is_deep; /* some overlay has security groups: keys say more than L2 */
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix; /* length in bits, of the link */
	uint16_t tag; /* 0 or WEFT_TAG | VID */
	struct rte_ether_addr mac;
	uint8_t address[16]; /* network order */
	uint32_t link; /* counts up when it comes to another wire, or its wire is opened anew */
	struct weft_tunnel_format {
		const struct weft_segment_ops *ops;
		rte_be16_t udp_port; /* 0: not UDP */
	} formats[WEFT_TUNNEL_FORMATS];
};

/** Which network has a segment. */
struct weft_segment_entry {
	uint64_t id; /* type << 32 | segment */
	uint16_t network;
};

struct weft_endpoint {
	uint16_t wire; /* port number */
	uint8_t dscp, ttl;
	bool has_udp_checksum;
	struct weft_ip address; /* with the prefix length of the link */
	struct weft_terminator terminator;
	uint32_t n_routes;
	struct weft_route *routes; /* sorted */
	uint32_t n_segments;
	struct weft_segment_entry *segments; /* sorted by id */
};

static inline uint64_t
weft_segment_id(enum weft_network_type type, uint32_t segment)
{
	return (uint64_t)type << 32 | segment;
}

/** Generation slot of a segment, whether there is a network for it or not. */
static inline uint16_t
weft_segment_slot(enum weft_network_type type, uint32_t segment)
{
	return weft_gen_slot(WEFT_GEN_SEGMENT, weft_segment_id(type, segment));
}

/** @return the network's number, or WEFT_NO_NETWORK */
uint16_t weft_endpoint_find_network(const struct weft_endpoint *endpoint,
				    enum weft_network_type type, uint32_t segment);

/** The next hops to an address: itself if it is on-link, else those of the longest route.
 *  @return how many; 0: no route */
uint32_t weft_endpoint_next_hops(const struct weft_endpoint *endpoint, const struct weft_ip *to,
				 struct weft_ip hops[WEFT_NEXT_HOPS_MAX]);

/* ---- control thread ---- */

/** Makes an endpoint without segments. @param wire  its port number. @return NULL without memory */
struct weft_endpoint *weft_endpoint_create(const struct weft_conf_endpoint *conf, uint16_t wire);

/** Adds a segment; weft_endpoint_settle() comes after the last. @return 0 or -ENOMEM */
int weft_endpoint_add_segment(struct weft_endpoint *endpoint, enum weft_network_type type,
			      uint32_t segment, uint16_t network);
void weft_endpoint_settle(struct weft_endpoint *endpoint);
void weft_endpoint_destroy(struct weft_endpoint *endpoint);

/** Are they the same but for their segments? */
bool weft_endpoint_is_same(const struct weft_endpoint *a, const struct weft_endpoint *b);
bool weft_endpoint_has_same_segments(const struct weft_endpoint *a, const struct weft_endpoint *b);

/** Moves the generations of the segments in which the two differ; each may be NULL. */
void weft_endpoint_bump_segments(const struct weft_endpoint *old, const struct weft_endpoint *new);

#endif
