/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parts: what the structs of a document share.
 *
 * All numbers are in host byte order, addresses in network order. See conf.h.
 */
#ifndef WEFT_CONF_PARTS_H
#define WEFT_CONF_PARTS_H

#include <stdint.h>

/** Where in the file something was said; both count from 1, 0 = nowhere (a default). */
struct weft_place {
	uint32_t line, column;
};

/** An IPv4 or IPv6 address or prefix. */
struct weft_ip {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t prefix; /* length in bits; 32 or 128 for a plain address */
	uint8_t bytes[16]; /* network order, IPv4 in the first four, the rest zero */
};

enum weft_ethertype { WEFT_ETHERTYPE_ANY, WEFT_ETHERTYPE_IPV4, WEFT_ETHERTYPE_IPV6 };

#define WEFT_PROTOCOL_ANY 256

/** From and to, both included. */
struct weft_conf_range {
	uint16_t first, last;
};

#define WEFT_CONF_NEXT_HOPS_MAX 8 /* that share the load of one destination */

struct weft_conf_route {
	struct weft_ip destination;
	struct weft_ip next_hop;
	struct weft_place place;
};

#endif
