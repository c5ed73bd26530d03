/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/describe.h"

static json_t *
describe_arg(const struct weft_cmd_arg *arg)
{
	static const char *const types[] = { "string", "number", "flag" };
	json_t *object =
		json_pack("{s:s, s:s, s:b, s:b, s:b, s:s}", "key", arg->key, "type",
			  types[arg->type], "required", (arg->flags & WEFT_ARG_REQUIRED) != 0,
			  "positional", (arg->flags & WEFT_ARG_POSITIONAL) != 0, "internal",
			  (arg->flags & WEFT_ARG_WIRE) != 0, "help", arg->help);

	if (arg->choices != NULL)
		json_object_set_new(object, "choices", json_string(arg->choices));
	if (arg->min != 0)
		json_object_set_new(object, "min", json_integer((json_int_t)arg->min));
	if (arg->max != 0)
		json_object_set_new(object, "max", json_integer((json_int_t)arg->max));
	return object;
}

json_t *
weft_cmd_describe(const struct weft_cmd_spec *spec)
{
	char path[WEFT_CMD_PATH_BYTES];
	json_t *args = json_array();

	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++)
		json_array_append_new(args, describe_arg(arg));
	return json_pack("{s:s, s:s?, s:s, s:s, s:o}", "noun", spec->noun, "verb", spec->verb,
			 "command", weft_cmd_path(spec, path, sizeof(path)), "help", spec->help,
			 "args", args);
}
