/* SPDX-License-Identifier: BSD-3-Clause */
#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call_parser {
	int n;
	char *const *words;
	int at; /* the next word */
	bool in_rest; /* an argument takes all further words */
	bool in_values; /* after "--": no word is an option */
	struct weftctl_options *options;
	struct weftctl_call *call;
	struct weft_errors *errors;
};

static char *
call_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		abort();
	return copy;
}

char *
weftctl_call_verbs(const char *noun, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, noun) != 0 || spec->verb == NULL || used >= size)
			continue;
		used += snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ",
				 spec->verb);
	}
	return out;
}

static void
call_add_unknown_noun(const char *word, struct weft_errors *errors)
{
	char known[512] = "";
	const char *last = "";
	size_t used = 0;

	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, last) == 0 || used >= sizeof(known))
			continue;
		last = spec->noun;
		used += snprintf(known + used, sizeof(known) - used, "%s%s", used == 0 ? "" : ", ",
				 last);
	}
	weft_errors_add(errors, "unknown command '%s'; known: %s", word, known);
}

static void
call_add_unknown_key(const struct weft_cmd_spec *spec, const char *key, struct weft_errors *errors)
{
	char known[256] = "";
	size_t used = 0;

	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
		if ((arg->flags & WEFT_ARG_WIRE) || used >= sizeof(known))
			continue;
		used += snprintf(known + used, sizeof(known) - used, "%s--%s",
				 used == 0 ? "" : ", ", arg->key);
	}
	weft_errors_add(errors, "unknown argument '%s'; %s%s", key,
			used == 0 ? "this command takes none" : "known here: ", known);
}

/* Takes an option of weftctl itself. False if the word is none. */
static bool
call_take_option(struct call_parser *parser, const char *word)
{
	struct weftctl_options *options = parser->options;

	if (strcmp(word, "--json") == 0) {
		options->json = true;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		options->help = true;
	} else if (strcmp(word, "--version") == 0) {
		options->version = true;
	} else if (strcmp(word, "--rst") == 0) {
		options->rst = true;
	} else if (strncmp(word, "--runtime-folder=", 17) == 0) {
		options->folder = word + 17;
	} else if (strcmp(word, "-r") == 0 || strcmp(word, "--runtime-folder") == 0) {
		if (parser->at < parser->n)
			options->folder = parser->words[parser->at++];
		else
			weft_errors_add(parser->errors, "%s: which folder?", word);
	} else {
		return false;
	}
	return true;
}

static void
call_take_command(struct call_parser *parser, const char *word)
{
	struct weftctl_call *call = parser->call;
	char verbs[128];

	if (call->noun == NULL && word[0] == '-') {
		weft_errors_add(parser->errors, "unknown option '%s'; see weftctl --help", word);
	} else if (call->noun == NULL) {
		call->noun = word;
		call->spec = weft_cmd_find(word, NULL);
		if (!weft_cmd_is_noun(word))
			call_add_unknown_noun(word, parser->errors);
	} else if (weft_cmd_is_noun(call->noun)) {
		call->spec = weft_cmd_find(call->noun, word);
		if (call->spec == NULL)
			weft_errors_add(parser->errors, "%s: unknown verb '%s'; known: %s",
					call->noun, word,
					weftctl_call_verbs(call->noun, verbs, sizeof(verbs)));
	}
}

static void
call_set(struct call_parser *parser, int index, const char *value)
{
	const struct weft_cmd_arg *arg = &parser->call->spec->args[index];
	char **slot = &parser->call->values[index];

	if (*slot != NULL)
		weft_errors_add(parser->errors, "%s: given twice", arg->key);
	else if (*value == '\0')
		weft_errors_add(parser->errors, "%s: the value is empty", arg->key);
	else if (!weft_cmd_is_choice(arg, value))
		weft_errors_add(parser->errors, "%s: '%s' is not one of %s", arg->key, value,
				arg->choices);
	if (*slot == NULL)
		*slot = call_copy(value);
}

/* Index of the argument named by the first @p length bytes of @p key, or -1. */
static int
call_find(const struct weft_cmd_spec *spec, const char *key, size_t length)
{
	for (int i = 0; spec->args[i].key != NULL; i++) {
		const struct weft_cmd_arg *arg = &spec->args[i];

		if (strlen(arg->key) == length && memcmp(arg->key, key, length) == 0 &&
		    !(arg->flags & WEFT_ARG_WIRE))
			return i;
	}
	return -1;
}

/* --key value, --key=value, --flag */
static void
call_take_dashed(struct call_parser *parser, const char *word)
{
	const struct weft_cmd_spec *spec = parser->call->spec;
	const char *key = word + 2;
	size_t length = strcspn(key, "=");
	int index = call_find(spec, key, length);

	if (index < 0) {
		call_add_unknown_key(spec, word, parser->errors);
		/* What follows an unknown key is its value rather than a second fault. */
		if (key[length] == '\0' && parser->at < parser->n &&
		    parser->words[parser->at][0] != '-')
			parser->at++;
	} else if (key[length] == '=') {
		call_set(parser, index, key + length + 1);
	} else if (spec->args[index].type == WEFT_ARG_FLAG) {
		call_set(parser, index, "true");
	} else if (parser->at < parser->n) {
		call_set(parser, index, parser->words[parser->at++]);
	} else {
		weft_errors_add(parser->errors, "%s: without a value", word);
	}
}

/* The next positional argument without a value, or -1. */
static int
call_find_open(const struct weftctl_call *call)
{
	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		if ((call->spec->args[i].flags & WEFT_ARG_POSITIONAL) && call->values[i] == NULL)
			return i;
	}
	return -1;
}

static void
call_append_rest(struct weftctl_call *call, const char *word)
{
	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		char *joined;

		if (!(call->spec->args[i].flags & WEFT_ARG_REST))
			continue;
		if (asprintf(&joined, "%s %s", call->values[i], word) < 0)
			abort();
		free(call->values[i]);
		call->values[i] = joined;
	}
}

static void
call_take_bare(struct call_parser *parser, const char *word)
{
	const struct weft_cmd_spec *spec = parser->call->spec;
	const char *equals = strchr(word, '=');
	int open = call_find_open(parser->call);
	int index = equals == NULL ? -1 : call_find(spec, word, equals - word);

	if (index >= 0 && !parser->in_values) {
		call_set(parser, index, equals + 1);
	} else if (open >= 0 && (equals == NULL || parser->in_values ||
				 (spec->args[open].flags & (WEFT_ARG_FILE | WEFT_ARG_REST)))) {
		call_set(parser, open, word);
		parser->in_rest = (spec->args[open].flags & WEFT_ARG_REST) != 0;
	} else if (equals != NULL) {
		call_add_unknown_key(spec, word, parser->errors);
	} else {
		weft_errors_add(parser->errors, "'%s' is too much here", word);
	}
}

static void
call_take(struct call_parser *parser, const char *word)
{
	bool is_dashed = strncmp(word, "--", 2) == 0 && !parser->in_values;

	if (is_dashed && word[2] == '\0' && parser->call->spec != NULL)
		parser->in_values = true;
	else if (!parser->in_values && call_take_option(parser, word))
		return;
	else if (parser->call->spec == NULL)
		call_take_command(parser, word);
	else if (is_dashed)
		call_take_dashed(parser, word);
	else if (parser->in_rest)
		call_append_rest(parser->call, word);
	else
		call_take_bare(parser, word);
}

static void
call_check_complete(const struct weftctl_call *call, struct weft_errors *errors)
{
	char verbs[128];

	if (call->spec == NULL) {
		if (call->noun != NULL && errors->n == 0)
			weft_errors_add(errors, "%s: which verb? known: %s", call->noun,
					weftctl_call_verbs(call->noun, verbs, sizeof(verbs)));
		return;
	}
	for (int i = 0; call->spec->args[i].key != NULL; i++) {
		if ((call->spec->args[i].flags & WEFT_ARG_REQUIRED) && call->values[i] == NULL)
			weft_errors_add(errors, "%s: missing; it is %s", call->spec->args[i].key,
					call->spec->args[i].help);
	}
}

int
weftctl_call_parse(int n, char *const *words, struct weftctl_options *options,
		   struct weftctl_call *call, struct weft_errors *errors)
{
	struct call_parser parser = {
		.n = n, .words = words, .options = options, .call = call, .errors = errors
	};

	*call = (struct weftctl_call){ 0 };
	while (parser.at < n)
		call_take(&parser, words[parser.at++]);
	if (!options->help)
		call_check_complete(call, errors);
	return errors->n == 0 ? 0 : -EINVAL;
}

const char *
weftctl_call_value(const struct weftctl_call *call, const char *key)
{
	int index = weft_cmd_arg_index(call->spec, key);

	return index < 0 ? NULL : call->values[index];
}

void
weftctl_call_set(struct weftctl_call *call, const char *key, const char *value)
{
	int index = weft_cmd_arg_index(call->spec, key);

	if (index < 0)
		return;
	free(call->values[index]);
	call->values[index] = call_copy(value);
}

void
weftctl_call_clear(struct weftctl_call *call)
{
	for (int i = 0; i < WEFT_CMD_ARGS_MAX; i++)
		free(call->values[i]);
	*call = (struct weftctl_call){ 0 };
}
