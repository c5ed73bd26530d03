/* SPDX-License-Identifier: BSD-3-Clause */
#include "complete.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "call.h"
#include "talk.h"

#define COMPLETE_TIMEOUT_MS 1000
#define COMPLETE_WORDS_MAX 512

struct complete_state {
	const char *prefix; /* what a candidate must begin with */
	const char *before; /* "--network=": stands in front of each candidate */
	const char *folder;
	FILE *out;
};

static void
complete_offer(const struct complete_state *state, const char *word)
{
	if (strncmp(word, state->prefix, strlen(state->prefix)) == 0)
		fprintf(state->out, "%s%s\n", state->before, word);
}

static void
complete_offer_nouns(const struct complete_state *state)
{
	const char *last = "";

	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, last) != 0)
			complete_offer(state, spec->noun);
		last = spec->noun;
	}
}

static void
complete_offer_verbs(const struct complete_state *state, const char *noun)
{
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, noun) == 0 && spec->verb != NULL)
			complete_offer(state, spec->verb);
	}
}

static void
complete_offer_options(const struct complete_state *state)
{
	static const char *const options[] = { "--json", "--help", "--runtime-folder", "--version",
					       "--rst" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		complete_offer(state, options[i]);
}

/* Asks the daemon for a list and offers the names in it; @p kind NULL: of any kind. */
static void
complete_offer_names(const struct complete_state *state, const char *request, const char *kind)
{
	struct weftctl_talk talk = { state->folder, COMPLETE_TIMEOUT_MS };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	json_t *rows = weftctl_talk_ask(&talk, request, &errors);
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *found = json_string_value(json_object_get(row, "kind"));

		if (name != NULL && (kind == NULL || (found != NULL && strcmp(kind, found) == 0)))
			complete_offer(state, name);
	}
	json_decref(rows);
	weft_errors_clear(&errors);
}

static void
complete_offer_noun_names(const struct complete_state *state, const char *noun)
{
	if (noun == NULL)
		return;
	if (strcmp(noun, "network") == 0)
		complete_offer_names(state, "/weft/network/list", NULL);
	else if (strcmp(noun, "port") == 0)
		complete_offer_names(state, "/weft/port/list", "port");
	else if (strcmp(noun, "physical-network") == 0)
		complete_offer_names(state, "/weft/port/list", "wire");
}

static void
complete_offer_choices(const struct complete_state *state, const char *choices)
{
	char copy[256];
	char *rest = copy;
	char *choice;

	snprintf(copy, sizeof(copy), "%s", choices);
	while ((choice = strsep(&rest, "|")) != NULL)
		complete_offer(state, choice);
}

static void
complete_offer_values(const struct complete_state *state, const struct weftctl_call *call,
		      const struct weft_cmd_arg *arg)
{
	if (arg->choices != NULL)
		complete_offer_choices(state, arg->choices);
	else if (arg->flags & WEFT_ARG_FILE)
		fprintf(state->out, "@file\n");
	else if (arg->type == WEFT_ARG_FLAG)
		complete_offer_choices(state, "true|false");
	else if (arg->names == WEFT_NAMES_PORT)
		complete_offer_names(state, "/weft/port/list", NULL);
	else if (arg->names == WEFT_NAMES_NETWORK)
		complete_offer_names(state, "/weft/network/list", NULL);
	else if (arg->names == WEFT_NAMES_GROUP)
		complete_offer_names(state, "/weft/security_group/list", NULL);
	else if (arg->names == WEFT_NAMES_ROUTER)
		complete_offer_names(state, "/weft/router/list", NULL);
	else if (arg->names == WEFT_NAMES_NOUN)
		complete_offer_noun_names(state, weftctl_call_value(call, "noun"));
}

/* Keys that were not given yet. */
static void
complete_offer_keys(const struct complete_state *state, const struct weftctl_call *call)
{
	char key[64];

	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		const struct weft_cmd_arg *arg = &call->spec->args[i];

		if (call->values[i] != NULL ||
		    (arg->flags & (WEFT_ARG_WIRE | WEFT_ARG_POSITIONAL)) != 0)
			continue;
		snprintf(key, sizeof(key), "--%s", arg->key);
		complete_offer(state, key);
	}
}

/* The argument that @p word, of which @p length bytes count, names with or without dashes. */
static const struct weft_cmd_arg *
complete_find_arg(const struct weft_cmd_spec *spec, const char *word, size_t length)
{
	char key[64];
	int index;

	if (length >= 2 && strncmp(word, "--", 2) == 0) {
		word += 2;
		length -= 2;
	}
	snprintf(key, sizeof(key), "%.*s", (int)length, word);
	index = weft_cmd_arg_index(spec, key);
	return index < 0 || (spec->args[index].flags & WEFT_ARG_WIRE) ? NULL : &spec->args[index];
}

/* The word is behind a command: a value, or the name of an argument. */
static void
complete_argument(struct complete_state *state, const struct weftctl_call *call, const char *last)
{
	const char *equals = strchr(state->prefix, '=');
	const struct weft_cmd_arg *arg = NULL;
	char before[80];

	if (equals != NULL) {
		arg = complete_find_arg(call->spec, state->prefix, equals - state->prefix);
		snprintf(before, sizeof(before), "%.*s", (int)(equals + 1 - state->prefix),
			 state->prefix);
	} else if (strncmp(last, "--", 2) == 0) {
		arg = complete_find_arg(call->spec, last, strlen(last));
		if (arg != NULL && arg->type == WEFT_ARG_FLAG)
			arg = NULL;
	}
	if (arg != NULL) {
		if (equals != NULL) {
			state->before = before;
			state->prefix = equals + 1;
		}
		complete_offer_values(state, call, arg);
		return;
	}
	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		if (call->values[i] == NULL && (call->spec->args[i].flags & WEFT_ARG_POSITIONAL)) {
			complete_offer_values(state, call, &call->spec->args[i]);
			break;
		}
	}
	complete_offer_keys(state, call);
	if (state->prefix[0] == '-')
		complete_offer_options(state);
}

void
weftctl_complete(int n, char *const *words, const char *folder, FILE *out)
{
	struct weftctl_options options = { .folder = folder };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_call call;
	struct complete_state state = { .prefix = n == 0 ? "" : words[n - 1],
					.before = "",
					.out = out };
	const char *last = n < 2 ? "" : words[n - 2];

	if (n > COMPLETE_WORDS_MAX)
		return;
	weftctl_call_parse(n == 0 ? 0 : n - 1, words, &options, &call, &errors);
	state.folder = options.folder;
	if (strcmp(last, "-r") == 0 || strcmp(last, "--runtime-folder") == 0)
		fprintf(out, "@file\n");
	else if (call.spec != NULL)
		complete_argument(&state, &call, last);
	else if (state.prefix[0] == '-')
		complete_offer_options(&state);
	else if (call.noun == NULL)
		complete_offer_nouns(&state);
	else
		complete_offer_verbs(&state, call.noun);
	weftctl_call_clear(&call);
	weft_errors_clear(&errors);
}
