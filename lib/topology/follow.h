/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * follow: the FDB after a change of the topology.
 *
 * Limits, ages and static entries are configuration; and a port that left, or moved to another
 * network, must not leave its MACs behind. Threads: control thread, around weft_topology_publish().
 */
#ifndef WEFT_TOPOLOGY_FOLLOW_H
#define WEFT_TOPOLOGY_FOLLOW_H

#include "topology/topology.h"

/** Before @p next is published: sets limits and ages, removes static entries that go. */
void weft_follow_prepare(const struct weft_topology *next);

/** After it is published. */
void weft_follow(void);

#endif
