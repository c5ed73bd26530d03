/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TALK_MESSAGE_BYTES 16384 /* if the greeting does not tell */
#define TALK_MESSAGE_BYTES_MAX (1 << 20)
#define TALK_GREETING_BYTES 1024
#define TALK_RETRY_MS 100

struct talk_state {
	int fd;
	int timeout_ms;
	struct sockaddr_un address;
	char *message; /* what was received last, with a NUL */
	size_t size;
	char *text; /* the parts so far, with a NUL */
	size_t length;
	size_t room;
	uint64_t id;
	uint64_t parts;
	int status;
	struct weft_errors *errors;
};

static int
talk_connect(struct talk_state *state)
{
	struct timeval timeout = { state->timeout_ms / 1000, state->timeout_ms % 1000 * 1000 };

	state->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (state->fd < 0)
		return weft_errors_add(state->errors, "no socket: %s", strerror(errno));
	setsockopt(state->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(state->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(state->fd, (struct sockaddr *)&state->address, sizeof(state->address)) == 0)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return weft_errors_add(state->errors, "%s: %s; are you root?",
				       state->address.sun_path, strerror(errno));
	return weft_errors_add(state->errors,
			       "no weft answers at %s: %s; is it running? (weft -c FILE)",
			       state->address.sun_path, strerror(errno));
}

/* @return bytes of the message, 0 if the daemon hung up, negative with a sentence otherwise */
static ssize_t
talk_receive(struct talk_state *state)
{
	ssize_t bytes;

	do
		bytes = recv(state->fd, state->message, state->size - 1, 0);
	while (bytes < 0 && errno == EINTR);
	if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return weft_errors_add(state->errors, "weft did not answer within %d s",
				       state->timeout_ms / 1000);
	if (bytes < 0 && errno == ECONNRESET)
		return 0;
	if (bytes < 0)
		return weft_errors_add(state->errors, "%s: %s", state->address.sun_path,
				       strerror(errno));
	state->message[bytes] = '\0';
	return bytes;
}

/* Adopts the length of messages that the greeting promises. */
static int
talk_read_greeting(struct talk_state *state)
{
	json_t *greeting = json_loads(state->message, 0, NULL);
	json_int_t bytes = json_integer_value(json_object_get(greeting, "max_output_len"));
	char *message;

	json_decref(greeting);
	if (greeting == NULL)
		return weft_errors_add(state->errors, "%s: this is not weft's socket",
				       state->address.sun_path);
	if (bytes <= 0 || bytes > TALK_MESSAGE_BYTES_MAX)
		bytes = TALK_MESSAGE_BYTES;
	message = realloc(state->message, bytes + 1);
	if (message == NULL)
		return weft_errors_add(state->errors, "out of memory");
	state->message = message;
	state->size = bytes + 1;
	return 0;
}

/* Connects and reads the greeting; a daemon with too many clients hangs up instead. */
static int
talk_open(struct talk_state *state)
{
	static const struct timespec pause = { 0, TALK_RETRY_MS * 1000000L };

	for (int waited_ms = 0; waited_ms <= state->timeout_ms; waited_ms += TALK_RETRY_MS) {
		ssize_t bytes;

		if (talk_connect(state) < 0)
			return -EINVAL;
		bytes = talk_receive(state);
		if (bytes < 0)
			return -EINVAL;
		if (bytes > 0)
			return talk_read_greeting(state);
		close(state->fd);
		state->fd = -1;
		nanosleep(&pause, NULL);
	}
	return weft_errors_add(state->errors, "weft serves too many other clients; try again");
}

static int
talk_append(struct talk_state *state, const char *body)
{
	size_t bytes = strlen(body);

	if (state->length + bytes + 1 > state->room) {
		size_t room = 2 * (state->length + bytes + 1);
		char *text = realloc(state->text, room);

		if (text == NULL)
			return weft_errors_add(state->errors, "out of memory");
		state->text = text;
		state->room = room;
	}
	memcpy(state->text + state->length, body, bytes + 1);
	state->length += bytes;
	return 0;
}

/* Takes the "ID PARTS STATUS" line off and appends the rest. */
static int
talk_take_part(struct talk_state *state, const char *value, uint64_t part)
{
	const char *body = strchr(value, '\n');
	uint64_t id;
	uint64_t parts;
	int status;

	if (body == NULL || sscanf(value, "%" SCNu64 " %" SCNu64 " %d", &id, &parts, &status) != 3)
		return weft_errors_add(state->errors, "weft's answer is not understood: %.60s",
				       value);
	/* The whole is given up for an error that took the place of a part. */
	if (part == 0 || status != state->status || id != state->id) {
		state->length = 0;
		state->id = id;
		state->parts = parts;
		state->status = status;
	}
	return talk_append(state, body + 1);
}

/* One request, one message. */
static int
talk_exchange(struct talk_state *state, const char *request, uint64_t part)
{
	json_t *reply;
	json_t *value;
	ssize_t bytes = send(state->fd, request, strlen(request), MSG_NOSIGNAL);
	int rc;

	if (bytes >= 0)
		bytes = talk_receive(state);
	else if (errno == EPIPE || errno == ECONNRESET)
		bytes = 0;
	else
		return weft_errors_add(state->errors, "%s: %s", state->address.sun_path,
				       strerror(errno));
	if (bytes < 0)
		return -EINVAL;
	if (bytes == 0)
		return weft_errors_add(state->errors, "weft hung up before it answered");
	reply = json_loadb(state->message, bytes, 0, NULL);
	value = json_object_iter_value(json_object_iter(reply));
	if (json_is_string(value))
		rc = talk_take_part(state, json_string_value(value), part);
	else if (json_is_null(value))
		rc = weft_errors_add(state->errors, "this weft has no command %.*s",
				     (int)strcspn(request, ","), request);
	else
		rc = weft_errors_add(state->errors, "weft's answer is not understood: %.60s",
				     state->message);
	json_decref(reply);
	return rc;
}

/* The sentences of a refused request. */
static void
talk_add_sentences(const json_t *answer, struct weft_errors *errors)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(answer, i, sentence) {
		const char *text = json_string_value(sentence);

		weft_errors_add(errors, "%s", text == NULL ? "?" : text);
	}
	if (errors->n == 0)
		weft_errors_add(errors, "weft refused and did not say why");
}

static json_t *
talk_fetch(struct talk_state *state, const char *request)
{
	char more[80];
	json_t *answer;
	json_error_t error;
	int rc = talk_exchange(state, request, 0);

	for (uint64_t part = 1; rc == 0 && part < state->parts; part++) {
		snprintf(more, sizeof(more), "/weft/more,id=%" PRIu64 ",part=%" PRIu64, state->id,
			 part);
		rc = talk_exchange(state, more, part);
	}
	if (rc < 0)
		return NULL;
	answer = json_loadb(state->text, state->length, JSON_DECODE_ANY, &error);
	if (answer == NULL) {
		weft_errors_add(state->errors, "weft's answer is damaged: %s", error.text);
	} else if (state->status != 0) {
		talk_add_sentences(answer, state->errors);
		json_decref(answer);
		answer = NULL;
	}
	return answer;
}

json_t *
weftctl_talk_ask(const struct weftctl_talk *talk, const char *request, struct weft_errors *errors)
{
	struct talk_state state = { .fd = -1,
				    .timeout_ms = talk->timeout_ms,
				    .errors = errors,
				    .address.sun_family = AF_UNIX,
				    .size = TALK_GREETING_BYTES };
	size_t room = sizeof(state.address.sun_path);
	json_t *answer = NULL;

	if ((size_t)snprintf(state.address.sun_path, room, "%s/dpdk/weft/dpdk_telemetry.v2",
			     talk->folder) >= room) {
		weft_errors_add(errors, "the runtime folder's name is too long: %s", talk->folder);
		return NULL;
	}
	state.message = malloc(state.size);
	if (state.message == NULL)
		abort();
	if (talk_open(&state) == 0)
		answer = talk_fetch(&state, request);
	if (state.fd >= 0)
		close(state.fd);
	free(state.message);
	free(state.text);
	return answer;
}
