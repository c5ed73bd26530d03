/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request: a command and its arguments in the form that telemetry takes, see cmd/cmd.h.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_REQUEST_H
#define WEFTCTL_REQUEST_H

#include "call.h"

/** With the NUL. DPDK's telemetry reads 1,023 bytes and cuts the rest off, so one byte less is the
 *  most that is known to have arrived whole. */
#define WEFTCTL_REQUEST_BYTES 1023

/** Writes `/weft/NOUN/VERB,key=value,...`. @return 0, or -EINVAL with a sentence in @p errors */
int weftctl_request_write(const struct weftctl_call *call, char out[WEFTCTL_REQUEST_BYTES],
			  struct weft_errors *errors);

#endif
