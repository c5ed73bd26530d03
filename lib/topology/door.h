/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * door: a router in the networks that it joins, while a snapshot is built.
 *
 * Private to lib/topology. Threads: control thread.
 */
#ifndef WEFT_TOPOLOGY_DOOR_H
#define WEFT_TOPOLOGY_DOOR_H

#include "topology/topology.h"

/** Makes a router known in its networks: its MACs, and as long as it is up the addresses that it
 *  speaks for. @return 0 or -ENOMEM */
int weft_door_open(struct weft_topology *topology, const struct weft_router *router);

#endif
