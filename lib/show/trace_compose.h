/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace_compose: the frame that words mean at a port of the running switch.
 *
 * Words say little; the rest is what the configuration knows about whoever would send the packet:
 * the guest behind the port, or, for a packet in a tunnel, a guest of the host at its other end.
 * That host is the network's first peer if the words name none.
 *
 * Threads: control thread only.
 */
#ifndef WEFT_SHOW_TRACE_COMPOSE_H
#define WEFT_SHOW_TRACE_COMPOSE_H

#include "show/trace_words.h"

/** @return the frame's length, or -EINVAL with every fault in @p errors */
int weft_trace_compose(uint16_t port, const char *words, uint8_t frame[WEFT_TRACE_FRAME_MAX],
		       struct weft_errors *errors);

#endif
