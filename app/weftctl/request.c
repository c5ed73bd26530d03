/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

#include <stdio.h>
#include <string.h>

struct request_buffer {
	char *text;
	size_t used; /* also counts what did not fit */
};

static void
request_append(struct request_buffer *buffer, char c)
{
	if (buffer->used + 1 < WEFTCTL_REQUEST_BYTES)
		buffer->text[buffer->used] = c;
	buffer->used++;
}

static void
request_append_text(struct request_buffer *buffer, const char *text)
{
	while (*text != '\0')
		request_append(buffer, *text++);
}

static void
request_append_value(struct request_buffer *buffer, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *value != '\0'; value++) {
		unsigned char byte = (unsigned char)*value;

		if (byte >= ' ' && byte < 127 && byte != '%' && byte != ',') {
			request_append(buffer, *value);
			continue;
		}
		request_append(buffer, '%');
		request_append(buffer, digits[byte >> 4]);
		request_append(buffer, digits[byte & 15]);
	}
}

int
weftctl_request_write(const struct weftctl_call *call, char out[WEFTCTL_REQUEST_BYTES],
		      struct weft_errors *errors)
{
	struct request_buffer buffer = { .text = out };
	char path[WEFT_CMD_PATH_BYTES];

	request_append_text(&buffer, weft_cmd_path(call->spec, path, sizeof(path)));
	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		const struct weft_cmd_arg *arg = &call->spec->args[i];

		if (call->values[i] == NULL || (arg->flags & WEFT_ARG_CLIENT))
			continue;
		request_append(&buffer, ',');
		request_append_text(&buffer, arg->key);
		request_append(&buffer, '=');
		request_append_value(&buffer, call->values[i]);
	}
	if (buffer.used >= WEFTCTL_REQUEST_BYTES)
		return weft_errors_add(errors, "the command has %zu bytes, at most %d are possible",
				       buffer.used, WEFTCTL_REQUEST_BYTES - 1);
	out[buffer.used] = '\0';
	return 0;
}
