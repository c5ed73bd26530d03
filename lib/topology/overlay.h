/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * overlay: what is known beforehand of a network, and other parts that only overlays have, while a
 * snapshot is built.
 *
 * Peers become members, held under their numbers (tunnel/remote.h) for as long as the network
 * object lives; neighbours and the ports' own MACs and addresses become its facts. Networks that
 * are no overlays have facts if a router is there: their ports, and the router.
 *
 * Private to lib/topology. Threads: control thread.
 */
#ifndef WEFT_TOPOLOGY_OVERLAY_H
#define WEFT_TOPOLOGY_OVERLAY_H

#include "network/network.h"

/** Makes the peers the first members, and the facts from the document. @return 0, -ENOMEM or
 *  -ENOSPC: too many remote endpoints */
int weft_overlay_build(struct weft_network *network, const struct weft_conf_network *conf);

/** Adds what is known of a port of it. @return 0 or -ENOMEM */
int weft_overlay_add_port(struct weft_network *network, const struct weft_conf_port *port,
			  uint16_t id);

/** Knows an address of a router in a network, which gets facts if it has none. @return 0 or -ENOMEM
 *  */
int weft_overlay_add_leg(struct weft_network *network, const struct weft_ip *ip,
			 const struct rte_ether_addr *mac);

/** After the last port. */
void weft_overlay_settle(struct weft_network *network);

/** Releases the remote endpoints; before the network is destroyed. */
void weft_overlay_release(struct weft_network *network);

#endif
