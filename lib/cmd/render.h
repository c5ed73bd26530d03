/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * render: JSON values and sentences become text that telemetry carries unharmed.
 *
 * DPDK's telemetry drops control characters from strings and, where char is signed, reads beyond a
 * table for bytes above 127. So all text is printable ASCII; other characters are written \uXXXX,
 * which any JSON parser turns back.
 *
 * Threads: any.
 */
#ifndef WEFT_CMD_RENDER_H
#define WEFT_CMD_RENDER_H

#include <jansson.h>

#include "cmd/store.h"
#include "core/errors.h"

/** Renders @p value compactly. @return 0, -E2BIG beyond @p max bytes, -ENOMEM or -EINVAL */
int weft_cmd_answer_json(struct weft_cmd_answer *answer, const json_t *value, size_t max);

/** Renders the sentences, with status 1. Bytes that are not UTF-8 become '?'. */
void weft_cmd_answer_errors(struct weft_cmd_answer *answer, const struct weft_errors *errors);

/** A string of @p text, whatever bytes it has. */
json_t *weft_cmd_json_text(const char *text);

#endif
