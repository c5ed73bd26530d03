/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inherit: what an object takes from others when the file does not say it.
 *
 * The checks put these values into the structs, so that nobody behind them has to know where they
 * come from; the emitter works them out again, so that it can leave them out.
 */
#ifndef WEFT_CONF_INHERIT_H
#define WEFT_CONF_INHERIT_H

#include "conf/conf.h"
#include "conf/index.h"

/** The largest MTU that fits the wire of a network, which is the default. 0: there is no such wire,
 *  or its MTU is not known; of overlays also: they do not fit at all.
 *  @param wires  index of the document's wires */
uint32_t conf_inherit_network_mtu(const struct weft_conf *conf, const struct conf_index *wires,
				  const struct weft_conf_network *network);

/** The endpoints where the neighbours of a network are, each once, in order. @p peers has room for
 *  as many as there are neighbours. @return how many */
uint32_t conf_inherit_peers(const struct weft_conf_network *network, struct weft_ip *peers);

/** The ethertype that a protocol and an address, which may be of no family, leave over. */
enum weft_ethertype conf_inherit_ethertype(uint16_t protocol, const struct weft_ip *address);

/** The same for a rule that names none itself. */
enum weft_ethertype conf_inherit_group_ethertype(const struct weft_conf_rule *rule);
enum weft_ethertype conf_inherit_firewall_ethertype(const struct weft_conf_firewall_rule *rule);

/** The snat-pool of a gateway that names none: its own address, or nothing if it translates
 *  nothing. @return how many addresses are in it */
uint32_t conf_inherit_snat_pool(const struct weft_conf_gateway *gateway, struct weft_ip *pool);

/** The connection-reserve of a port that names none: the usual one, but not more than its limit. */
uint32_t conf_inherit_reserve(uint32_t usual, uint32_t limit);

#endif
