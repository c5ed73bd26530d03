/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace_tunnel: around a frame in words, what another host puts there to send it through a tunnel.
 *
 * The other host is like us: same UDP ports, same VLAN, and its outer header says nothing unusual.
 * What unusual outer headers lead to is seen with frames of a capture file.
 *
 * Threads: pure functions.
 */
#ifndef WEFT_SHOW_TRACE_TUNNEL_H
#define WEFT_SHOW_TRACE_TUNNEL_H

#include "show/trace_words.h"
#include "tunnel/endpoint.h"

/** What the words say about a tunnel. */
struct weft_trace_tunnel {
	const char *name; /* of the layer, for errors */
	enum weft_network_type type;
	uint32_t segment;
	bool has_from;
	struct weft_ip from; /* the other host's endpoint */
	struct rte_ether_addr
		via; /* who brings it: that endpoint or the last router; not in words */
};

/** @return false if the words do not begin with a tunnel */
bool weft_trace_tunnel_read(const struct weft_trace_packet *packet,
			    struct weft_trace_tunnel *tunnel);

/** Puts the outer headers in front of a frame of @p length bytes, addressed to @p endpoint, whose
 *  family `from` has. @return its length then, or -EINVAL: too long */
int weft_trace_tunnel_wrap(const struct weft_trace_tunnel *tunnel,
			   const struct weft_endpoint *endpoint,
			   uint8_t frame[WEFT_TRACE_FRAME_MAX], uint32_t length,
			   struct weft_errors *errors);

#endif
