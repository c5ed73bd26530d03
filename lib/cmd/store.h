/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store: answers that did not fit into one reply, kept until their last part was fetched.
 *
 * A client that asked for a long list fetches its parts one after the other, and nobody guarantees
 * that it comes back. So everything is bounded: an answer may have WEFT_CMD_ANSWER_BYTES of text (a
 * longer one is refused with the advice to filter), at most WEFT_CMD_KEPT answers with together
 * WEFT_CMD_KEPT_BYTES are kept, and none longer than WEFT_CMD_KEPT_MS after it was last asked for.
 * The oldest goes first. These limits are on the text; the JSON values that a handler builds exist
 * only during the call.
 *
 * Threads: any; one mutex, held for copying one part.
 */
#ifndef WEFT_CMD_STORE_H
#define WEFT_CMD_STORE_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_CMD_PART_BYTES 7000
#define WEFT_CMD_REPLY_BYTES (WEFT_CMD_PART_BYTES + 64) /* a part and the line above it */
#define WEFT_CMD_ANSWER_BYTES (64u << 20)
#define WEFT_CMD_KEPT_BYTES (128u << 20)
#define WEFT_CMD_KEPT 16
#define WEFT_CMD_KEPT_MS 30000

/** A rendered answer: ASCII text without NUL. */
struct weft_cmd_answer {
	char *text; /* on the heap */
	size_t length;
	int status; /* 0: a JSON document, 1: a JSON list of sentences */
};

/** Writes the reply with part @p part of @p answer. */
void weft_cmd_answer_part(const struct weft_cmd_answer *answer, uint64_t id, uint32_t part,
			  char reply[WEFT_CMD_REPLY_BYTES]);

/** Writes the first part of @p answer and, if there are more, keeps it. Takes over the text. */
void weft_cmd_store_reply(struct weft_cmd_answer *answer, uint64_t now_ms,
			  char reply[WEFT_CMD_REPLY_BYTES]);

/** Writes part @p part of the kept answer @p id; after the last part the answer is forgotten.
 *  @return 0, -ENOENT if it is not kept (any more), -ERANGE if it has no such part */
int weft_cmd_store_part(uint64_t id, uint64_t part, uint64_t now_ms,
			char reply[WEFT_CMD_REPLY_BYTES]);

/** Forgets answers nobody asked for in time. */
void weft_cmd_store_expire(uint64_t now_ms);

void weft_cmd_store_clear(void);

/** Bytes of text that are kept. */
size_t weft_cmd_store_bytes(void);

#endif
