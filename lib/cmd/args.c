/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

static int
args_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Replaces each %XX by its byte, in place. False if one is malformed or a NUL. */
static bool
args_unescape(char *text)
{
	char *out = text;

	for (const char *at = text; *at != '\0'; at++) {
		int high;
		int low;

		if (*at != '%') {
			*out++ = *at;
			continue;
		}
		high = args_hex_digit(at[1]);
		low = high < 0 ? -1 : args_hex_digit(at[2]);
		if (low < 0 || high + low == 0)
			return false;
		*out++ = (char)(high << 4 | low);
		at += 2;
	}
	*out = '\0';
	return true;
}

/* Names end up in JSON and on terminals, so what is not text is refused at the door. */
static bool
args_is_text(const char *value)
{
	json_t *string = json_string(value);
	bool is_text = string != NULL;

	json_decref(string);
	for (; *value != '\0'; value++)
		is_text &= !iscntrl((unsigned char)*value);
	return is_text;
}

static void
args_parse_number(const struct weft_cmd_arg *arg, const char *value, uint64_t *number,
		  struct weft_errors *errors)
{
	uint64_t max = arg->max == 0 ? UINT64_MAX : arg->max;
	char *end;

	errno = 0;
	*number = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end != '\0')
		weft_errors_add(errors, "%s: '%s' is not a number", arg->key, value);
	else if (errno != 0 || *number < arg->min || *number > max)
		weft_errors_add(errors, "%s: %s is out of range (%" PRIu64 "..%" PRIu64 ")",
				arg->key, value, arg->min, max);
}

static void
args_parse_flag(const struct weft_cmd_arg *arg, const char *value, uint64_t *number,
		struct weft_errors *errors)
{
	*number = strcmp(value, "true") == 0;
	if (*number == 0 && strcmp(value, "false") != 0)
		weft_errors_add(errors, "%s: '%s' is not true or false", arg->key, value);
}

static void
args_parse_value(const struct weft_cmd_arg *arg, char *value, uint64_t *number,
		 struct weft_errors *errors)
{
	if (!args_unescape(value))
		weft_errors_add(errors, "%s: malformed escape, %%XX with two hex digits is right",
				arg->key);
	else if (!args_is_text(value))
		weft_errors_add(errors, "%s: the value is not UTF-8 text without control bytes",
				arg->key);
	else if (*value == '\0')
		weft_errors_add(errors, "%s: the value is empty", arg->key);
	else if (arg->type == WEFT_ARG_NUMBER)
		args_parse_number(arg, value, number, errors);
	else if (arg->type == WEFT_ARG_FLAG)
		args_parse_flag(arg, value, number, errors);
	else if (!weft_cmd_is_choice(arg, value))
		weft_errors_add(errors, "%s: '%s' is not one of %s", arg->key, value, arg->choices);
}

/* A key that is wrong may be anything: what cannot be shown becomes '?'. */
static void
args_add_unknown(const struct weft_cmd_spec *spec, char *key, struct weft_errors *errors)
{
	char known[256] = "";
	size_t used = 0;

	for (char *at = key; *at != '\0'; at++) {
		if (!isprint((unsigned char)*at) || (unsigned char)*at > 126)
			*at = '?';
	}
	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
		if ((arg->flags & WEFT_ARG_CLIENT) || used >= sizeof(known))
			continue;
		used += snprintf(known + used, sizeof(known) - used, "%s%s", used == 0 ? "" : ", ",
				 arg->key);
	}
	weft_errors_add(errors, "unknown argument '%.64s'; %s%s", key,
			used == 0 ? "this command takes none" : "known here: ", known);
}

static void
args_parse_item(struct weft_cmd_call *call, char *item, struct weft_errors *errors)
{
	char *value = strchr(item, '=');
	const struct weft_cmd_arg *arg;
	int index;

	if (value != NULL)
		*value++ = '\0';
	if (*item == '\0') {
		weft_errors_add(errors, "an argument without a name; key=value is right");
		return;
	}
	index = weft_cmd_arg_index(call->spec, item);
	if (index < 0 || (call->spec->args[index].flags & WEFT_ARG_CLIENT)) {
		args_add_unknown(call->spec, item, errors);
		return;
	}
	arg = &call->spec->args[index];
	if (call->values[index] != NULL) {
		weft_errors_add(errors, "%s: given twice", arg->key);
	} else if (value == NULL && arg->type != WEFT_ARG_FLAG) {
		weft_errors_add(errors, "%s: without a value; %s=... is right", arg->key, arg->key);
		call->values[index] = "";
	} else if (value == NULL) {
		call->values[index] = "true";
		call->numbers[index] = 1;
	} else {
		call->values[index] = value;
		args_parse_value(arg, value, &call->numbers[index], errors);
	}
}

int
weft_cmd_parse(const struct weft_cmd_spec *spec, char *text, struct weft_cmd_call *call,
	       struct weft_errors *errors)
{
	size_t before = errors->n;
	char *rest = text;
	char *item;

	*call = (struct weft_cmd_call){ .spec = spec };
	while ((item = strsep(&rest, ",")) != NULL)
		args_parse_item(call, item, errors);
	for (int i = 0; spec->args[i].key != NULL; i++) {
		if ((spec->args[i].flags & WEFT_ARG_REQUIRED) && call->values[i] == NULL)
			weft_errors_add(errors, "%s: missing; it is %s", spec->args[i].key,
					spec->args[i].help);
	}
	return errors->n == before ? 0 : -EINVAL;
}

/* A handler that asks for what commands.c does not list has a typo: say so, do not crash. */
static int
args_find(const struct weft_cmd_call *call, const char *key)
{
	int index = weft_cmd_arg_index(call->spec, key);

	if (index < 0)
		weft_error("command '%s' has no argument '%s'", call->spec->noun, key);
	return index;
}

const char *
weft_cmd_string(const struct weft_cmd_call *call, const char *key)
{
	int index = args_find(call, key);

	return index < 0 ? NULL : call->values[index];
}

uint64_t
weft_cmd_number(const struct weft_cmd_call *call, const char *key, uint64_t otherwise)
{
	int index = args_find(call, key);

	return index < 0 || call->values[index] == NULL ? otherwise : call->numbers[index];
}

bool
weft_cmd_flag(const struct weft_cmd_call *call, const char *key)
{
	return weft_cmd_number(call, key, 0) != 0;
}
