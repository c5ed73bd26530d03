/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * advert: what a router says of itself on a link, so that IPv6 hosts configure themselves.
 *
 * Router advertisements (RFC 4861 section 6.2): here is a router, this long; how large packets may
 * be; which prefixes are on the link and who may make addresses of them (RFC 4862); who knows names
 * (RFC 8106). A router has one advert per network that it has interfaces in, of all subnets there
 * that are to be advertised. It speaks from the link-local address of its MAC, which hosts take for
 * their gateway.
 *
 * What is said is made when the configuration is; only the receiver is filled in later. All of it
 * fits one message of the smallest MTU of IPv6, 1280: see WEFT_CONF_ADVERTISED_MAX.
 *
 * When is said by the clock: at once when the advert is new or has changed, two more times within
 * half a minute, then every 200 to 600 seconds, drawn anew each time, and when somebody asks who
 * has no address to be answered at; but never twice within 3 seconds (section 6.2.6). Who has an
 * address is answered at once, and alone: the delay of section 6.2.6 is for routers that do not
 * know whether all the others on the link hear them at the same time.
 *
 * Threads: the message is [I]; the clock belongs to worker 0, but for what is [A].
 *
 *	struct weft_advert *advert = weft_advert_create(network, &mac, 1500);
 *	weft_advert_add(advert, &conf->networks[i].subnets[j]);
 */
#ifndef WEFT_ROUTER_ADVERT_H
#define WEFT_ROUTER_ADVERT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "conf/conf.h"

#define WEFT_ADVERT_LIFETIME_SEC 1800 /* of the router and name servers: 3 * MaxRtrAdvInterval */
#define WEFT_ADVERT_VALID_SEC 86400 /* of prefixes, as Neutron's radvd */
#define WEFT_ADVERT_PREFERRED_SEC 14400

#define WEFT_ADVERT_OPTIONS_MAX                                                                    \
	(16 + WEFT_CONF_ADVERTISED_MAX * (32 + 8 + 16 * WEFT_CONF_DNS_MAX)) /* bytes */
#define WEFT_ADVERT_HEAD_MAX (18 + 40 + 16) /* Ethernet with a tag, IPv6, what stands before them */
#define WEFT_ADVERT_MAX (WEFT_ADVERT_HEAD_MAX + WEFT_ADVERT_OPTIONS_MAX)

struct weft_advert_clock {
	bool is_wanted; /* [A] somebody asks who cannot be answered alone */
	uint8_t n_said; /* counted up to 3 */
	uint32_t said_ms, next_ms;
};

struct weft_advert {
	uint16_t network; /* number */
	struct rte_ether_addr mac;
	uint8_t address[16]; /* link-local */
	uint8_t flags;
	uint16_t length; /* of the options */
	uint8_t options[WEFT_ADVERT_OPTIONS_MAX] __rte_aligned(2);
	struct weft_advert_clock clock;
};

/** Whom an advert is for. */
struct weft_advert_to {
	const struct rte_ether_addr *mac; /* NULL: all nodes */
	const uint8_t *address; /* likewise */
	uint16_t tag; /* as in wire/ether.h */
	bool is_farewell; /* the router is none any more (section 6.2.5) */
};

/** @param mtu  of the network. @return NULL without memory */
struct weft_advert *weft_advert_create(uint16_t network, const struct rte_ether_addr *mac,
				       uint32_t mtu);

/** Adds a subnet with an `ipv6-ra-mode`; there are at most WEFT_CONF_ADVERTISED_MAX. */
void weft_advert_add(struct weft_advert *advert, const struct weft_conf_subnet *subnet);

/** Do they say the same? */
bool weft_advert_is_same(const struct weft_advert *a, const struct weft_advert *b);

/** Options that follow the head: a farewell says who speaks, and nothing of the link. */
uint16_t weft_advert_length(const struct weft_advert *advert, bool is_farewell);

/** Writes what stands before the options, for which it has the checksum.
 *  @return bytes of it */
uint16_t weft_advert_put_head(const struct weft_advert *advert, const struct weft_advert_to *to,
			      uint8_t head[WEFT_ADVERT_HEAD_MAX]);

/** Writes all of it, to all nodes. @return bytes of the frame */
uint32_t weft_advert_put(const struct weft_advert *advert, bool is_farewell,
			 uint8_t frame[WEFT_ADVERT_MAX]);

/** Reads what stands behind the EtherType.
 *  @return whether it is a router solicitation as section 6.1.1 demands */
bool weft_advert_is_asked(const uint8_t *l3, uint32_t length);

/* ---- the clock ---- */

/** Somebody wants all to be told; any worker. */
void weft_advert_want(struct weft_advert *advert);

bool weft_advert_is_due(const struct weft_advert *advert, uint32_t now_ms);

/** All are being told. @param dice  anything */
void weft_advert_said(struct weft_advert *advert, uint32_t now_ms, uint64_t dice);

/** Goes on where an older one was: if it said the same. What it says anew it says soon. */
void weft_advert_inherit(struct weft_advert *advert, const struct weft_advert *older);

#endif
