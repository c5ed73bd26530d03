/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weftctl: the command line of weft.
 *
 * Words become a call (call.h), files it names are made reachable (input.h), the call becomes a
 * request (request.h), the daemon answers (talk.h), the answer is printed (view.h). What commands
 * there are stands in cmd/commands.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "call.h"
#include "complete.h"
#include "help.h"
#include "input.h"
#include "request.h"
#include "talk.h"
#include "view.h"

#define CLIENT_FAILED 1
#define CLIENT_USAGE 2

static const char *
client_default_folder(void)
{
	const char *folder = getenv("WEFT_RUNTIME");

	return folder == NULL || *folder == '\0' ? "/run/weft" : folder;
}

static int
client_explain_usage(const struct weftctl_call *call, const struct weft_errors *errors)
{
	char synopsis[256];

	for (size_t i = 0; i < errors->n; i++)
		fprintf(stderr, "weftctl: %s\n", errors->lines[i]);
	if (call->spec != NULL)
		fprintf(stderr, "usage: weftctl %s\n",
			weftctl_help_synopsis(call->spec, synopsis, sizeof(synopsis)));
	else if (errors->n == 0)
		weftctl_help_all(stderr);
	else
		fputs("see: weftctl --help\n", stderr);
	return CLIENT_USAGE;
}

static int
client_print_help(const struct weftctl_call *call)
{
	if (call->spec != NULL)
		weftctl_help_command(call->spec, stdout);
	else if (call->noun != NULL && weft_cmd_is_noun(call->noun))
		weftctl_help_noun(call->noun, stdout);
	else
		weftctl_help_all(stdout);
	return 0;
}

static void
client_print_answer(const struct weftctl_call *call, const json_t *answer, bool as_json)
{
	if (!as_json) {
		weftctl_view_print(call->spec, answer, stdout);
		return;
	}
	json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	fputc('\n', stdout);
}

/* A list that ends at its limit looks like all there is. */
static void
client_mention_limit(const struct weftctl_call *call, const json_t *answer)
{
	if (weft_cmd_arg_index(call->spec, "limit") >= 0 &&
	    weftctl_call_value(call, "limit") == NULL &&
	    json_array_size(answer) == WEFT_CMD_ROWS_LIMIT)
		fprintf(stderr, "weftctl: these are the first %u; --limit 0 lists all\n",
			WEFT_CMD_ROWS_LIMIT);
}

static int
client_ask(struct weftctl_call *call, const struct weftctl_options *options)
{
	struct weftctl_talk talk = { options->folder, WEFTCTL_TIMEOUT_MS };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char request[WEFTCTL_REQUEST_BYTES];
	json_t *answer = NULL;
	int status = 0;

	if (weftctl_input_prepare(call, options->folder, &errors) == 0 &&
	    weftctl_request_write(call, request, &errors) == 0)
		answer = weftctl_talk_ask(&talk, request, &errors);
	if (answer != NULL) {
		client_print_answer(call, answer, options->json);
		client_mention_limit(call, answer);
	} else {
		for (size_t i = 0; i < errors.n; i++)
			weftctl_input_print_error(call, errors.lines[i], stderr);
		status = CLIENT_FAILED;
	}
	weftctl_input_remove();
	json_decref(answer);
	weft_errors_clear(&errors);
	return status;
}

/* A reader that went away is its own business, a full disk is not. */
static int
client_finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		fprintf(stderr, "weftctl: standard output: %s\n", strerror(errno));
	return CLIENT_FAILED;
}

static int
client_run(int n, char **words)
{
	struct weftctl_options options = { .folder = client_default_folder() };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_call call;
	int status = 0;
	int rc = weftctl_call_parse(n, words, &options, &call, &errors);

	if (options.help)
		status = client_print_help(&call);
	else if (rc == 0 && options.version)
		printf("weftctl %s\n", WEFT_VERSION);
	else if (rc == 0 && options.rst)
		weftctl_help_page(stdout);
	else if (rc < 0 || call.spec == NULL)
		status = client_explain_usage(&call, &errors);
	else
		status = client_ask(&call, &options);
	weftctl_call_clear(&call);
	weft_errors_clear(&errors);
	return client_finish_output(status);
}

int
main(int argc, char **argv)
{
	/* A reader of ours that ends early must not keep us from removing a temporary file. */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		weftctl_complete(argc - 2, argv + 2, client_default_folder(), stdout);
		return 0;
	}
	return client_run(argc - 1, argv + (argc > 0));
}
