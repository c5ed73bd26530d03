/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests as telemetry hands them over: what is understood, and what is said about the rest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cmd.h"

static const struct weft_cmd_spec args_test_spec = {
	"thing",
	"list",
	"Lists things",
	{ { .key = "name", .flags = WEFT_ARG_REQUIRED, .help = "the thing" },
	  { .key = "limit", .type = WEFT_ARG_NUMBER, .min = 1, .max = 100, .help = "how many" },
	  { .key = "any", .type = WEFT_ARG_NUMBER, .help = "any number" },
	  { .key = "all", .type = WEFT_ARG_FLAG, .help = "everything" },
	  { .key = "kind", .choices = "port|network", .help = "of which kind" },
	  { .key = "local", .flags = WEFT_ARG_CLIENT, .help = "not for the daemon" } }
};

/* Each line: parameters, and the sentences that must come back, one per line; "" for none. */
static const struct {
	const char *params;
	const char *errors;
} args_test_faults[] = {
	{ "name=a", "" },
	{ "name=a,all,limit=1", "" },
	{ "name=a,kind=network,any=18446744073709551615", "" },
	{ "name=a%2Cb%3d%25", "" },
	{ "limit=0", "limit: 0 is out of range (1..100)\nname: missing; it is the thing\n" },
	{ "name=a,limit=101", "limit: 101 is out of range (1..100)\n" },
	{ "name=a,any=18446744073709551616",
	  "any: 18446744073709551616 is out of range (0..18446744073709551615)\n" },
	{ "name=a,limit=-1", "limit: '-1' is not a number\n" },
	{ "name=a,limit= 1", "limit: ' 1' is not a number\n" },
	{ "name=a,limit=1x", "limit: '1x' is not a number\n" },
	{ "name=a,limit=0x10", "limit: '0x10' is not a number\n" },
	{ "name=a,limit", "limit: without a value; limit=... is right\n" },
	{ "name=", "name: the value is empty\n" },
	{ "name=a,name=b", "name: given twice\n" },
	{ "name=a,all=maybe", "all: 'maybe' is not true or false\n" },
	{ "name=a,kind=router", "kind: 'router' is not one of port|network\n" },
	{ "name=a,kind=port|network", "kind: 'port|network' is not one of port|network\n" },
	{ "name=%", "name: malformed escape, %XX with two hex digits is right\n" },
	{ "name=%4", "name: malformed escape, %XX with two hex digits is right\n" },
	{ "name=%00", "name: malformed escape, %XX with two hex digits is right\n" },
	{ "name=a%0ab", "name: the value is not UTF-8 text without control bytes\n" },
	{ "name=%ff%fe", "name: the value is not UTF-8 text without control bytes\n" },
	{ "name=a,,=3", "an argument without a name; key=value is right\n"
			"an argument without a name; key=value is right\n" },
	{ "name=a,foo=1", "unknown argument 'foo'; known here: name, limit, any, all, kind\n" },
	{ "name=a,local=1", "unknown argument 'local'; known here: name, limit, any, all, kind\n" },
	{ "name=a,f\xff\x01=1",
	  "unknown argument 'f\?\?'; known here: name, limit, any, all, kind\n" },
};

static void
args_test_check_fault(const char *params, const char *expected)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_cmd_call call;
	char text[256];
	char said[1024] = "";

	snprintf(text, sizeof(text), "%s", params);
	assert_int_equal(weft_cmd_parse(&args_test_spec, text, &call, &errors),
			 *expected == '\0' ? 0 : -EINVAL);
	for (size_t i = 0; i < errors.n; i++) {
		strcat(said, errors.lines[i]);
		strcat(said, "\n");
	}
	assert_string_equal(said, expected);
	weft_errors_clear(&errors);
}

static void
test_cmd_args_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(args_test_faults) / sizeof(args_test_faults[0]); i++)
		args_test_check_fault(args_test_faults[i].params, args_test_faults[i].errors);
}

static void
test_cmd_args_values(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_cmd_call call;
	char text[] = "name=a%2Cb%3Dc=%25 \xc3\xa9,limit=7,all=true";

	(void)state;
	assert_int_equal(weft_cmd_parse(&args_test_spec, text, &call, &errors), 0);
	assert_string_equal(weft_cmd_string(&call, "name"), "a,b=c=% \xc3\xa9");
	assert_int_equal(weft_cmd_number(&call, "limit", 1), 7);
	assert_int_equal(weft_cmd_number(&call, "any", 42), 42);
	assert_true(weft_cmd_flag(&call, "all"));
	assert_null(weft_cmd_string(&call, "kind"));
}

static void
test_cmd_args_none(void **state)
{
	static const struct weft_cmd_spec plain = { "status", NULL, "Shows", { { 0 } } };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_cmd_call call;
	char text[] = "x";

	(void)state;
	assert_int_equal(weft_cmd_parse(&plain, NULL, &call, &errors), 0);
	assert_int_equal(weft_cmd_parse(&args_test_spec, NULL, &call, &errors), -EINVAL);
	weft_errors_clear(&errors);
	assert_int_equal(weft_cmd_parse(&plain, text, &call, &errors), -EINVAL);
	assert_string_equal(errors.lines[0], "unknown argument 'x'; this command takes none");
	weft_errors_clear(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmd_args_faults),
		cmocka_unit_test(test_cmd_args_values),
		cmocka_unit_test(test_cmd_args_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
