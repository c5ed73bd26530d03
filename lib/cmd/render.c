/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/render.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows by doubling up to a limit. */
struct render_buffer {
	char *text;
	size_t used;
	size_t size;
	size_t max;
	int error;
};

/* Called by jansson with a few bytes at a time; -1 makes it give up. */
static int
render_append(const char *bytes, size_t n, void *context)
{
	struct render_buffer *buffer = context;

	if (buffer->used + n > buffer->max) {
		buffer->error = -E2BIG;
		return -1;
	}
	if (buffer->used + n > buffer->size) {
		size_t size = 2 * (buffer->used + n) + 1024;
		char *text = realloc(buffer->text, size);

		if (text == NULL) {
			buffer->error = -ENOMEM;
			return -1;
		}
		buffer->text = text;
		buffer->size = size;
	}
	memcpy(buffer->text + buffer->used, bytes, n);
	buffer->used += n;
	return 0;
}

int
weft_cmd_answer_json(struct weft_cmd_answer *answer, const json_t *value, size_t max)
{
	struct render_buffer buffer = { .max = max };

	if (json_dump_callback(value, render_append, &buffer,
			       JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) != 0) {
		free(buffer.text);
		return buffer.error != 0 ? buffer.error : -EINVAL;
	}
	*answer = (struct weft_cmd_answer){ .text = buffer.text, .length = buffer.used };
	return 0;
}

json_t *
weft_cmd_json_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string != NULL)
		return string;
	copy = strdup(text);
	if (copy == NULL)
		return json_string("out of memory");
	for (char *at = copy; *at != '\0'; at++) {
		if ((unsigned char)*at > 127)
			*at = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

void
weft_cmd_answer_errors(struct weft_cmd_answer *answer, const struct weft_errors *errors)
{
	json_t *sentences = json_array();
	int rc;

	for (size_t i = 0; i < errors->n; i++)
		json_array_append_new(sentences, weft_cmd_json_text(errors->lines[i]));
	rc = weft_cmd_answer_json(answer, sentences, WEFT_CMD_ANSWER_BYTES);
	json_decref(sentences);
	if (rc < 0) {
		char *text = strdup("[\"failed, with too many errors to tell\"]");

		*answer = (struct weft_cmd_answer){ text, text == NULL ? 0 : strlen(text), 0 };
	}
	answer->status = 1;
}
