/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nat: which addresses of a router stand for which others.
 *
 * What the configuration says and nothing that the traffic does: floating IPs and port forwardings,
 * sorted both ways, and the outside addresses of source NAT. Which ports are in use, by whom,
 * stands with the connections (conntrack/binding.h). All of it is of IPv4.
 *
 * Pure functions of what was made once, any thread; made by the control thread.
 */
#ifndef WEFT_ROUTER_NAT_H
#define WEFT_ROUTER_NAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "conf/conf.h"
#include "conntrack/tuple.h"

#define WEFT_NAT_PORTS 65535 /* of an address and protocol */

/** An outside address that is an inside one's alone. */
struct weft_floating_ip {
	rte_be32_t outside, inside;
	bool is_new; /* the router before did not have it: to be announced */
};

struct weft_forwarding {
	rte_be32_t outside;
	rte_be16_t outside_port;
	uint8_t protocol;
	rte_be32_t inside;
	rte_be16_t inside_port;
	bool is_new; /* the first with its outside address, which is new */
};

/** All [I]. */
struct weft_nat {
	bool has_source_nat;
	enum weft_nat_mapping mapping;
	enum weft_nat_filtering filtering;
	bool has_shared; /* the mapping was another one before: ports may still be shared */
	uint32_t quota; /* most bindings of an inside address; 0: any number */
	bool has_new_pool; /* there are some that the router before did not speak for */
	uint32_t n_pool;
	rte_be32_t *pool; /* of source NAT */
	uint32_t n_shares; /* 1 if there is no choice */
	rte_be32_t *shares; /* which of the pool, by a hash of the inside address */
	uint32_t n_floating, n_forwardings;
	struct weft_floating_ip *by_outside, *by_inside; /* the same, sorted */
	struct weft_forwarding *forwardings; /* sorted */
};

/** @return 0 or -ENOMEM; either way it may be freed */
int weft_nat_make(struct weft_nat *nat, const struct weft_conf_router *conf);
void weft_nat_free(struct weft_nat *nat);
bool weft_nat_is_same(const struct weft_nat *a, const struct weft_nat *b);

/** Notes which outside addresses were not there before. @param before  NULL: none were */
void weft_nat_note_news(struct weft_nat *nat, const struct weft_nat *before);

/** Is there anything to be translated? */
static inline bool
weft_nat_is_there(const struct weft_nat *nat)
{
	return nat->has_source_nat || nat->n_floating > 0 || nat->n_forwardings > 0;
}

/** Do its translations need connections? Floating IPs do not. */
static inline bool
weft_nat_has_state(const struct weft_nat *nat)
{
	return nat->has_source_nat || nat->n_forwardings > 0;
}

/** The other address of a floating IP. @return NULL if there is none */
const struct weft_floating_ip *weft_nat_find_outside(const struct weft_nat *nat,
						     rte_be32_t outside);
const struct weft_floating_ip *weft_nat_find_inside(const struct weft_nat *nat, rte_be32_t inside);

/** Where an outside address and port is forwarded to. @return NULL if it is not */
const struct weft_forwarding *weft_nat_find_forwarding(const struct weft_nat *nat,
						       rte_be32_t outside, uint8_t protocol,
						       rte_be16_t port);

/** Does it stand for an inside address, in any way? */
bool weft_nat_is_outside(const struct weft_nat *nat, rte_be32_t address);

/** Is it an address of source NAT? */
bool weft_nat_is_source(const struct weft_nat *nat, rte_be32_t address);

/** The outside address by which an inside one is seen: always the same (RFC 4787, REQ-2), by rank
 *  of a hash. There is source NAT. */
rte_be32_t weft_nat_source(const struct weft_nat *nat, rte_be32_t inside);

/** Would a connection still be translated like this? @param is_bound  it goes by a binding */
bool weft_nat_allows(const struct weft_nat *nat, const struct weft_tuple *original,
		     const struct weft_tuple *translated, bool is_bound);

static inline rte_be32_t
weft_nat_address(const uint8_t *bytes)
{
	rte_be32_t address;

	memcpy(&address, bytes, sizeof(address));
	return address;
}

#endif
