/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of commands keeps to what telemetry and the command line can carry. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/commands.h"

#define TELEMETRY_HELP_BYTES 128

static void
test_cmd_commands_fit_telemetry(void **state)
{
	char path[256];

	(void)state;
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		assert_true(strlen(weft_cmd_path(spec, path, sizeof(path))) < WEFT_CMD_PATH_BYTES);
		for (const char *at = path; *at != '\0'; at++)
			assert_true(isalnum((unsigned char)*at) || *at == '_' || *at == '/');
		assert_true(strlen(spec->help) < TELEMETRY_HELP_BYTES);
		assert_ptr_equal(weft_cmd_find(spec->noun, spec->verb), spec);
	}
}

/* A noun that is a command itself has no verbs: otherwise its first argument would be ambiguous. */
static void
test_cmd_commands_are_unambiguous(void **state)
{
	(void)state;
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (spec->verb != NULL)
			assert_null(weft_cmd_find(spec->noun, NULL));
	}
}

static void
test_cmd_commands_args_in_order(void **state)
{
	(void)state;
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		bool is_open = false; /* an optional positional argument was seen */

		for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
			assert_non_null(arg->help);
			if (!(arg->flags & WEFT_ARG_POSITIONAL))
				continue;
			assert_false(is_open && (arg->flags & WEFT_ARG_REQUIRED));
			is_open |= !(arg->flags & WEFT_ARG_REQUIRED);
		}
	}
}

static void
test_cmd_commands_choices(void **state)
{
	static const struct weft_cmd_arg arg = { .choices = "port|network" };

	(void)state;
	assert_true(weft_cmd_is_choice(&arg, "port"));
	assert_true(weft_cmd_is_choice(&arg, "network"));
	assert_false(weft_cmd_is_choice(&arg, "por"));
	assert_false(weft_cmd_is_choice(&arg, "port|network"));
	assert_false(weft_cmd_is_choice(&arg, ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd_commands_fit_telemetry),
		cmocka_unit_test(test_cmd_commands_are_unambiguous),
		cmocka_unit_test(test_cmd_commands_args_in_order),
		cmocka_unit_test(test_cmd_commands_choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
