/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * follow: the tables after a change of the topology.
 *
 * Limits, ages, static entries and homes are configuration; a port that left, or moved to another
 * network, must not leave its MACs behind; and next hops of tunnels are kept known.
 *
 * Threads: control thread, around weft_topology_publish().
 */
#ifndef WEFT_TOPOLOGY_FOLLOW_H
#define WEFT_TOPOLOGY_FOLLOW_H

#include "topology/topology.h"

/** Before @p next is published: sets limits and ages, removes static entries and homes
 *  that go. */
void weft_follow_prepare(const struct weft_topology *next);

/** After it is published. */
void weft_follow(void);

/** Nothing runs any more. */
void weft_follow_end(void);

#endif
