/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log: the lines that security groups asked for.
 *
 * Records of workers become lines of the daemon's log, and the last thousand are kept for
 * `weftctl log list`. Threads: control thread only.
 */
#ifndef WEFT_SHOW_LOG_H
#define WEFT_SHOW_LOG_H

#define WEFT_LOG_MS 100

/** Takes what workers have noted; call it every WEFT_LOG_MS. */
void weft_show_log_drain(void *context);

#endif
