/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_telemetry.h>

#include "cmd/render.h"
#include "cmd/describe.h"
#include "cmd/store.h"
#include "core/control.h"
#include "core/log.h"

/* Telemetry cuts a request after so many bytes without saying so. */
#define TELEMETRY_REQUEST_BYTES 1023

/* A request on its way through the control thread. */
struct telemetry_job {
	const struct weft_cmd_entry *entry;
	struct weft_cmd_call call;
	struct weft_errors errors;
	json_t *answer;
};

static STAILQ_HEAD(, weft_cmd_entry)
	telemetry_entries = STAILQ_HEAD_INITIALIZER(telemetry_entries); /* [I] once main() runs */
static int telemetry_timer = -1;

static const struct weft_cmd_spec telemetry_more = { "more",
						     NULL,
						     "Fetches a further part of an answer",
						     { { .key = "id",
							 .type = WEFT_ARG_NUMBER,
							 .flags = WEFT_ARG_REQUIRED,
							 .min = 1,
							 .help = "the answer's number" },
						       { .key = "part",
							 .type = WEFT_ARG_NUMBER,
							 .flags = WEFT_ARG_REQUIRED,
							 .help = "the part's number, from 1" } } };
static const struct weft_cmd_spec telemetry_commands = {
	"commands", NULL, "Describes all commands", { { 0 } }
};

void
weft_cmd_add(struct weft_cmd_entry *entry)
{
	STAILQ_INSERT_TAIL(&telemetry_entries, entry, next);
}

static uint64_t
telemetry_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct weft_cmd_entry *
telemetry_find(const char *path)
{
	char name[WEFT_CMD_PATH_BYTES];
	const struct weft_cmd_entry *entry;

	STAILQ_FOREACH(entry, &telemetry_entries, next) {
		if (entry->spec != NULL &&
		    strcmp(weft_cmd_path(entry->spec, name, sizeof(name)), path) == 0)
			return entry;
	}
	return NULL;
}

/* Turns what the handler left behind into text; the errors win. */
static void
telemetry_render(struct telemetry_job *job, struct weft_cmd_answer *answer)
{
	int rc = 0;

	if (weft_errors_is_empty(&job->errors) && job->answer == NULL)
		weft_errors_add(&job->errors, "the command failed and did not say why");
	if (weft_errors_is_empty(&job->errors))
		rc = weft_cmd_answer_json(answer, job->answer, WEFT_CMD_ANSWER_BYTES);
	if (rc == -E2BIG)
		weft_errors_add(&job->errors, "the answer is longer than %u MiB; use filters",
				WEFT_CMD_ANSWER_BYTES >> 20);
	else if (rc < 0)
		weft_errors_add(&job->errors, "the answer cannot be written: %s", strerror(-rc));
	if (!weft_errors_is_empty(&job->errors))
		weft_cmd_answer_errors(answer, &job->errors);
}

/* Answers the request and releases what the job holds. */
static int
telemetry_finish(struct telemetry_job *job, struct rte_tel_data *data)
{
	struct weft_cmd_answer answer = { 0 };
	char reply[WEFT_CMD_REPLY_BYTES];

	telemetry_render(job, &answer);
	weft_cmd_store_reply(&answer, telemetry_now_ms(), reply);
	rte_tel_data_string(data, reply);
	json_decref(job->answer);
	weft_errors_clear(&job->errors);
	return 0;
}

/* Copies the parameters, which are to be cut up, and checks them. @return the copy, to be freed */
static char *
telemetry_parse(const struct weft_cmd_spec *spec, const char *command, const char *params,
		struct telemetry_job *job)
{
	char *text = NULL;

	if (params != NULL) {
		if (strlen(command) + 1 + strlen(params) >= TELEMETRY_REQUEST_BYTES) {
			weft_errors_add(&job->errors, "the request is longer than %d bytes",
					TELEMETRY_REQUEST_BYTES - 1);
			return NULL;
		}
		text = strdup(params);
		if (text == NULL) {
			weft_errors_add(&job->errors, "out of memory");
			return NULL;
		}
	}
	weft_cmd_parse(spec, text, &job->call, &job->errors);
	return text;
}

static void
telemetry_run(void *context)
{
	struct telemetry_job *job = context;

	job->answer = job->entry->run(&job->call, &job->errors);
}

/* Serves every command of commands.c, on the client's telemetry thread. */
static int
telemetry_serve(const char *command, const char *params, struct rte_tel_data *data)
{
	struct telemetry_job job = { .entry = telemetry_find(command) };
	char *text;

	if (job.entry == NULL)
		return -ENOENT;
	text = telemetry_parse(job.entry->spec, command, params, &job);
	if (weft_errors_is_empty(&job.errors) && weft_control_call(telemetry_run, &job) < 0)
		weft_errors_add(&job.errors, "weft is shutting down");
	telemetry_finish(&job, data);
	free(text);
	return 0;
}

static int
telemetry_serve_more(const char *command, const char *params, struct rte_tel_data *data)
{
	struct telemetry_job job = { 0 };
	char *text = telemetry_parse(&telemetry_more, command, params, &job);
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t id;
	uint64_t part;
	int rc;

	if (!weft_errors_is_empty(&job.errors)) {
		free(text);
		return telemetry_finish(&job, data);
	}
	id = weft_cmd_number(&job.call, "id", 0);
	part = weft_cmd_number(&job.call, "part", 0);
	free(text);
	rc = weft_cmd_store_part(id, part, telemetry_now_ms(), reply);
	if (rc == 0)
		return rte_tel_data_string(data, reply);
	if (rc == -ERANGE)
		weft_errors_add(&job.errors, "answer %" PRIu64 " has no part %" PRIu64, id, part);
	else
		weft_errors_add(&job.errors, "answer %" PRIu64 " is no longer kept; ask again", id);
	return telemetry_finish(&job, data);
}

/* All commands with a handler, in the order of commands.c. */
static json_t *
telemetry_describe_all(void)
{
	json_t *list = json_array();
	const struct weft_cmd_entry *entry;

	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		STAILQ_FOREACH(entry, &telemetry_entries, next) {
			if (weft_cmd_find(entry->noun, entry->verb) == spec)
				json_array_append_new(list, weft_cmd_describe(spec));
		}
	}
	return list;
}

static int
telemetry_serve_commands(const char *command, const char *params, struct rte_tel_data *data)
{
	struct telemetry_job job = { 0 };

	free(telemetry_parse(&telemetry_commands, command, params, &job));
	if (weft_errors_is_empty(&job.errors))
		job.answer = telemetry_describe_all();
	return telemetry_finish(&job, data);
}

void
weft_cmd_list_json(FILE *out)
{
	json_t *list = telemetry_describe_all();

	json_dumpf(list, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(list);
}

/* Finds each handler's description. All of them before the first command is registered: from then
 * on other threads read the list. */
static int
telemetry_bind(void)
{
	struct weft_cmd_entry *entry;
	char path[WEFT_CMD_PATH_BYTES];

	STAILQ_FOREACH(entry, &telemetry_entries, next) {
		entry->spec = weft_cmd_find(entry->noun, entry->verb);
		if (entry->spec == NULL) {
			weft_error("command '%s %s' is not in commands.c", entry->noun,
				   entry->verb == NULL ? "" : entry->verb);
			return -ENOENT;
		}
		weft_cmd_path(entry->spec, path, sizeof(path));
		if (telemetry_find(path) != entry) {
			weft_error("command '%s' has two handlers", path);
			return -EEXIST;
		}
	}
	return 0;
}

static int
telemetry_register(void)
{
	struct weft_cmd_entry *entry;
	char path[WEFT_CMD_PATH_BYTES];
	int rc =
		rte_telemetry_register_cmd("/weft/more", telemetry_serve_more, telemetry_more.help);

	if (rc == 0)
		rc = rte_telemetry_register_cmd("/weft/commands", telemetry_serve_commands,
						telemetry_commands.help);
	STAILQ_FOREACH(entry, &telemetry_entries, next) {
		if (rc == 0)
			rc = rte_telemetry_register_cmd(
				weft_cmd_path(entry->spec, path, sizeof(path)), telemetry_serve,
				entry->spec->help);
	}
	return rc;
}

static void
telemetry_expire(void *context)
{
	(void)context;
	weft_cmd_store_expire(telemetry_now_ms());
}

int
weft_cmd_start(void)
{
	int rc = telemetry_bind();

	if (rc < 0)
		return rc;
	signal(SIGPIPE, SIG_IGN);
	rc = telemetry_register();
	if (rc < 0)
		return rc;
	telemetry_timer = weft_control_every(WEFT_CMD_KEPT_MS / 3, telemetry_expire, NULL);
	return telemetry_timer < 0 ? telemetry_timer : 0;
}

void
weft_cmd_stop(void)
{
	if (telemetry_timer >= 0)
		weft_control_unwatch(telemetry_timer);
	telemetry_timer = -1;
	weft_cmd_store_clear();
}
