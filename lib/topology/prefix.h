/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prefix: which subnets routers advertise.
 *
 * A subnet says that it is to be advertised; a router does so if an interface of it lies there.
 * Gateways advertise nothing: what is outside is not ours.
 *
 * Threads: control thread only.
 */
#ifndef WEFT_TOPOLOGY_PREFIX_H
#define WEFT_TOPOLOGY_PREFIX_H

#include "topology/topology.h"

/** Gives the routers of a snapshot under construction their adverts. @return 0 or -ENOMEM */
int weft_prefix_build(struct weft_topology *topology, const struct weft_topology_parts *parts);

#endif
