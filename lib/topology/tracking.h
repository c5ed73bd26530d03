/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracking: connections and the members of security groups after a change of the configuration.
 *
 * Who is in a group is configuration, but is kept in sets of its own (secgroup/members.h), so that
 * a member that comes or goes is one change of a set. New ones are in before the snapshot that may
 * ask for them is published, old ones leave after it. Those that are on no port also come and go
 * alone, without a snapshot.
 *
 * Sets are live, snapshots are not. If a document changes members and also what ports let through,
 * the old snapshot must not meet new members, nor the new one old ones: together they might allow
 * what neither document does. Then (weft_tracking_is_mix) the groups whose members change get fresh
 * numbers, that is sets which only the next snapshot knows. There is no need for that
 *
 *  - if only members change: each packet is let through as by the old or by the new members;
 *  - if members only join, and ports only come: what anybody may is what he may with the new ones;
 *  - if members only leave, and ports only go.
 *
 * One apply: begin, [renew,] join, then publication between prepare and follow; or abort.
 *
 * Private to lib/topology. Threads: control thread.
 */
#ifndef WEFT_TOPOLOGY_TRACKING_H
#define WEFT_TOPOLOGY_TRACKING_H

#include "conf/conf.h"
#include "topology/topology.h"

/** Is there room in this process for the members of a document? It may say that there is more.
 *  @return false with a sentence in @p errors */
bool weft_tracking_has_room(const struct weft_conf *conf, struct weft_errors *errors);

/** Before anything changes. @return 0; or -ENOSPC with a sentence in @p errors: nothing has begun.
 */
int weft_tracking_begin(const struct weft_conf *conf, struct weft_errors *errors);

/** Could the present snapshot and @p next, each with members of both documents, let through what
 *  neither document does? */
bool weft_tracking_is_mix(const struct weft_topology *next);

/** Gives fresh numbers to the groups whose members change; snapshots that are built from now on ask
 *  those sets. @return 0 or -ENOSPC */
int weft_tracking_renew(void);

/** Who is new joins. @return 0; or -ENOSPC, and nobody has */
int weft_tracking_join(void);

/** Nothing comes of it: as before weft_tracking_begin(). No snapshot with fresh numbers is left,
 *  and nobody has joined. */
void weft_tracking_abort(void);

/** Before @p next is published, which comes from @p conf. */
void weft_tracking_prepare(const struct weft_conf *conf, const struct weft_topology *next);

/** After it is published. */
void weft_tracking_follow(void);

/** Addresses become members of a group of the present document, or cease to be, at once.
 *  @return 0; or -ENOSPC, and none is one */
int weft_tracking_add_members(const char *group, const struct weft_ips *ips);
void weft_tracking_del_members(const char *group, const struct weft_ips *ips);

/** Notes that a network, or a port, is gone, and with it its connections, or those that the port's
 *  groups let through: they are forgotten by weft_tracking_forget(), in one pass for all. */
void weft_tracking_lose_port(uint16_t port);
void weft_tracking_lose_network(uint16_t network);

/** And that a router has changed: connections go that it would not make any more, or if it is
 *  another
 *  one all that had this number. */
void weft_tracking_lose_router(uint16_t router, bool is_other);
void weft_tracking_forget(void);

/** Nothing runs any more. */
void weft_tracking_end(void);

#endif
