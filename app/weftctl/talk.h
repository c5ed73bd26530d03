/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * talk: one question to the daemon over its telemetry socket, and the whole answer.
 *
 * The socket keeps messages apart (SOCK_SEQPACKET). The daemon greets first with a JSON object
 * whose max_output_len tells how long its messages may be. Then each request gets one message
 * {"COMMAND": "ID PARTS STATUS\n..."}; the parts of a long answer are fetched one by one (see
 * cmd/cmd.h). Telemetry serves ten clients and hangs up on others at once; those try again for a
 * while.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_TALK_H
#define WEFTCTL_TALK_H

#include <jansson.h>

#include "core/errors.h"

#define WEFTCTL_TIMEOUT_MS 30000

struct weftctl_talk {
	const char *folder; /* the daemon's runtime folder */
	int timeout_ms; /* for each message */
};

/** @return the answer (a new reference), or NULL with a sentence in @p errors */
json_t *weftctl_talk_ask(const struct weftctl_talk *talk, const char *request,
			 struct weft_errors *errors);

#endif
