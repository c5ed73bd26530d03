/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * complete: what may come next on a command line, for weftctl.bash.
 *
 * Given the words so far, the last of which is being typed (perhaps empty), prints the words it may
 * become, one per line; "@file" stands for the names of files. Names of ports and networks come
 * from the daemon if one answers quickly; otherwise there are none.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_COMPLETE_H
#define WEFTCTL_COMPLETE_H

#include <stdio.h>

/** @param folder the daemon's runtime folder, unless the words name another */
void weftctl_complete(int n, char *const *words, const char *folder, FILE *out);

#endif
