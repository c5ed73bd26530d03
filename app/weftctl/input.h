/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * input: files that a command names, made reachable for the daemon.
 *
 * The daemon opens them, with a working directory of its own: so paths become absolute. What comes
 * from the standard input goes into a temporary file that only its owner may read, in the daemon's
 * runtime folder where possible (a daemon that is a service may see another /tmp). It is removed at
 * the end, also when a signal ends the program. A capture file is the exception: the client reads
 * it, and the frame travels with the request.
 *
 * Threads: none; one temporary file per process.
 */
#ifndef WEFTCTL_INPUT_H
#define WEFTCTL_INPUT_H

#include <stdio.h>

#include "call.h"

/** Replaces the arguments that name files by what the daemon understands. @return 0 or -EINVAL */
int weftctl_input_prepare(struct weftctl_call *call, const char *folder,
			  struct weft_errors *errors);

/** Removes the temporary file, if there is one. */
void weftctl_input_remove(void);

/** Writes one sentence of the daemon; faults in a file begin with the file's place, as compilers do
 *  it, others with "weftctl: ". */
void weftctl_input_print_error(const struct weftctl_call *call, const char *sentence, FILE *out);

#endif
