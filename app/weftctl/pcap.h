/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcap: one Ethernet frame out of a capture file.
 *
 * The classic format, in both byte orders, with times in microseconds or nanoseconds; a file is
 * read up to the wanted packet only, and trusted in nothing.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_PCAP_H
#define WEFTCTL_PCAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/errors.h"

#define WEFTCTL_FRAME_BYTES 400 /* what fits into a request, as hex digits */

struct weftctl_frame {
	uint8_t bytes[WEFTCTL_FRAME_BYTES];
	size_t captured; /* how many of them are valid */
	size_t length; /* of the whole frame on the wire */
};

/** Reads packet @p n, counted from 1. @return 0, or -EINVAL with a sentence in @p errors */
int weftctl_pcap_read(const char *path, uint64_t n, struct weftctl_frame *frame,
		      struct weft_errors *errors);

/** Writes @p frame as hex digits. @return @p out */
char *weftctl_pcap_hex(const struct weftctl_frame *frame, char out[2 * WEFTCTL_FRAME_BYTES + 1]);

#endif
