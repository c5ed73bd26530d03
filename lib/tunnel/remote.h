/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote: the tunnel endpoints (VTEPs) of other hosts, by number.
 *
 * To the FDB a MAC is at a place: a port's number, or from WEFT_PLACE_REMOTE on the number of a
 * remote endpoint. So the FDB never knows what a tunnel is, and a MAC moves between a guest here
 * and a host elsewhere like between two ports.
 *
 * Endpoints of the configuration (peers, neighbours) are held while it names them. Others get a
 * number when somebody behind them is learned, and lose it when the FDB has nobody there any more.
 * They have at most half of the numbers, so that whoever can send us packets from many addresses
 * does not take those that the configuration needs.
 *
 * Readers never wait (rte_hash, lock-free reading, RCU); adding takes a lock that a worker only
 * ever tries. The slot of an address moves when it gets or loses its number.
 *
 * Not trivial: a number is given to somebody else only when nothing can mean the one before. It is
 * first taken from its address, so that nobody finds it any more; then every worker passes a
 * quiescent state; then what a worker had learned there in the last moment is flushed from the FDB,
 * the caller puts its own counters back, and only now it is free. In between its address may get
 * another number.
 *
 * Threads: find, learn, address by online workers and the control thread; the rest by the control
 * thread.
 */
#ifndef WEFT_TUNNEL_REMOTE_H
#define WEFT_TUNNEL_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "core/gen.h"
#include "port/port.h"

#define WEFT_REMOTES_MAX 4096
#define WEFT_PLACE_REMOTE WEFT_PORTS_MAX
#define WEFT_PLACES_MAX (WEFT_PORTS_MAX + WEFT_REMOTES_MAX)

static inline bool
weft_place_is_remote(uint16_t place)
{
	return place >= WEFT_PLACE_REMOTE && place < WEFT_PLACES_MAX;
}

/** Generation slot of an address, whether it has a number or not. */
uint16_t weft_remote_slot(const struct weft_ip *address);

/** @return the place, or WEFT_NO_PORT. Only family and bytes of @p address count. */
uint16_t weft_remote_find(const struct weft_ip *address);

/** The same, but gives it a number. The slot moves if it had none: a walk reads it anew afterwards,
 *  and then sees with weft_remote_find() that the number is still there.
 *  @return WEFT_NO_PORT if there is no room or the table is busy */
uint16_t weft_remote_learn(const struct weft_ip *address);

/** The address of a place, a plain one. @return false if nobody has that number */
bool weft_remote_address(uint16_t place, struct weft_ip *address);

/* ---- control thread ---- */

/** @return 0 or -ENOMEM */
int weft_remote_create(void);
void weft_remote_destroy(void);

/** Gives a number that stays until it is released as often as it was held. @return the place, or
 *  WEFT_NO_PORT if there is no room */
uint16_t weft_remote_hold(const struct weft_ip *address);
void weft_remote_release(uint16_t place);

/** Takes the numbers of those that are neither held nor in the FDB. @p gone is called for each,
 *  when no worker can be using it any more; it may be NULL. Waits for the workers if there are
 *  any to take. Call about once a second. */
void weft_remote_age(void (*gone)(uint16_t place));

/** Walks over all: *cursor starts at 0. @return the place, or WEFT_NO_PORT at the end */
uint16_t weft_remote_next(uint32_t *cursor, struct weft_ip *address, bool *is_held);

#endif
