/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracking: connections and the members of security groups after a change of the configuration.
 *
 * Who is in a group is configuration, but is kept in sets of its own (secgroup/members.h), so that
 * a member that comes or goes is one change of a set. New ones are in before the snapshot that may
 * ask for them is published, old ones leave after it. Those that are on no port also come and go
 * alone, without a snapshot.
 *
 * Private to lib/topology. Threads: control thread.
 */
#ifndef WEFT_TOPOLOGY_TRACKING_H
#define WEFT_TOPOLOGY_TRACKING_H

#include "conf/conf.h"
#include "topology/topology.h"

#define WEFT_TRACKING_ANY UINT32_MAX

/** Before @p next is published, which comes from @p conf. */
void weft_tracking_prepare(const struct weft_conf *conf, const struct weft_topology *next);

/** After it is published. */
void weft_tracking_follow(void);

/** Addresses become members of a group of the present document, or cease to be, at once.
 *  @return 0; or -ENOSPC, and none is one */
int weft_tracking_add_members(const char *group, const struct weft_ips *ips);
void weft_tracking_del_members(const char *group, const struct weft_ips *ips);

/** Forgets connections of a network, or those that a port's groups let through. */
void weft_tracking_forget(uint32_t network, uint32_t port);

/** Nothing runs any more. */
void weft_tracking_end(void);

#endif
