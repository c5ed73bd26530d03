/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * buffers: the one pool of packet buffers.
 *
 * Every port receives into the same pool, so a buffer may leave by any port. Its size is a promise
 * of the configuration (`host.memory`); each worker keeps a small cache of its own in front of it.
 * A buffer holds 2,048 bytes of frame; larger frames are chains.
 *
 * A guest says itself how long its frame is, and librte_vhost believes it: one frame of gigabytes
 * would take all buffers there are, for as long as it is copied. So such a driver gets another
 * handle of the same pool, weft_buffers_bounded, which gives a thread no more than it has been
 * allowed for the burst. Buffers from it go back to the pool directly.
 *
 * Threads: any, as DPDK's mempool; create and destroy by the control thread.
 */
#ifndef WEFT_PORT_BUFFERS_H
#define WEFT_PORT_BUFFERS_H

#include <stdint.h>

#include <rte_mempool.h>

#include "core/errors.h"

extern struct rte_mempool *weft_buffers; /* [I] after weft_buffers_create() */
extern struct rte_mempool *weft_buffers_bounded; /* the same */

/** Buffers of a burst of frames of at most 64 KiB. */
#define WEFT_BUFFERS_BURST (32 * 33)

extern __thread uint32_t weft_buffers_allowed;

/** This thread may take @p n from weft_buffers_bounded from now on. */
static inline void
weft_buffers_allow(uint32_t n)
{
	weft_buffers_allowed = n;
}

/** Makes the pool. @param bytes memory to use, headers included. @return 0 or -errno, with a
 *  sentence in @p errors */
int weft_buffers_create(uint64_t bytes, struct weft_errors *errors);
void weft_buffers_destroy(void);

/** Bytes of memory that one buffer takes, for sizing EAL's memory. */
uint32_t weft_buffers_bytes_each(void);

#endif
