/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spoof: who does a guest claim to be?
 *
 * A secured port speaks for its own MAC and addresses, as far as they are given, and for those of
 * its allowed-address-pairs: a pair says an address, or a prefix, and which MAC goes with it. That
 * holds for source addresses, and for everything that messages tell others about who is where: ARP,
 * RARP, and Neighbor Discovery. It does not speak as a router or as a DHCP server at all.
 *
 * A host that has no address yet must still be able to get one: DHCP from 0.0.0.0, ARP probes
 * (RFC 5227), IPv6 from :: (RFC 4862 section 5.4.2), and the link-local address that a host makes
 * from its MAC (RFC 4291 appendix A).
 *
 * Threads: as the walk.
 */
#ifndef WEFT_PATH_SPOOF_H
#define WEFT_PATH_SPOOF_H

#include "path/drop.h"
#include "topology/topology.h"

struct weft_walk;

/** May a port use an address together with a MAC? True if no addresses are given.
 *  @param bytes  4 or 16, by family */
bool weft_spoof_owns(const struct weft_attachment *port, const struct rte_ether_addr *mac,
		     uint8_t family, const void *bytes);

/** Is everything true that the packet of a walk claims of the (secured) port that it came from? */
enum weft_drop weft_spoof_check(struct weft_walk *walk);

#endif
