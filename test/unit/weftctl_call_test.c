/* SPDX-License-Identifier: BSD-3-Clause */
/* Command lines, and the requests or complaints that come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"
#include "request.h"

#define CALL_TEST_WORDS 16

/* Words are separated by blanks, "_" stands for a blank within a word. */
static int
call_test_split(char *line, char **words)
{
	int n = 0;
	char *rest = line;

	while (rest != NULL && *rest != '\0') {
		words[n] = strsep(&rest, " ");
		for (char *at = words[n]; *at != '\0'; at++)
			*at = *at == '_' ? ' ' : *at;
		n++;
	}
	return n;
}

/* Either the request, or the first complaint behind a "!". */
static void
call_test_translate(const char *line, char *out, size_t size)
{
	struct weftctl_options options = { 0 };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_call call;
	char copy[256];
	char *words[CALL_TEST_WORDS];
	char request[WEFTCTL_REQUEST_BYTES];
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = call_test_split(copy, words);
	if (weftctl_call_parse(n, words, &options, &call, &errors) == 0 && call.spec != NULL)
		weftctl_request_write(&call, request, &errors);
	if (errors.n > 0)
		snprintf(out, size, "!%s", errors.lines[0]);
	else
		snprintf(out, size, "%s", call.spec == NULL ? "" : request);
	weftctl_call_clear(&call);
	weft_errors_clear(&errors);
}

static const struct {
	const char *line;
	const char *expected;
} call_test_table[] = {
	{ "", "" },
	{ "status", "/weft/status" },
	{ "port list", "/weft/port/list" },
	{ "port show vm1", "/weft/port/show,name=vm1" },
	{ "port show --name vm1", "/weft/port/show,name=vm1" },
	{ "port show name=vm1", "/weft/port/show,name=vm1" },
	{ "fdb list --network blue --port=vm1 mac=x",
	  "/weft/fdb/list,network=blue,port=vm1,mac=x" },
	{ "fdb list --network a,b%c_d=\xc3\xa9", "/weft/fdb/list,network=a%2Cb%25c d=%C3%A9" },
	{ "fdb flush --endpoint 192.0.2.2", "/weft/fdb/flush,endpoint=192.0.2.2" },
	{ "drop list --all", "/weft/drop/list,all=true" },
	{ "drop --json list -r /x --all=false", "/weft/drop/list,all=false" },
	{ "trace vm1 eth dst=02::1 / ip src=1.1.1.1",
	  "/weft/trace,port=vm1,words=eth dst=02::1 / ip src=1.1.1.1" },
	{ "trace port=vm1 eth port=3", "/weft/trace,port=vm1,words=eth port=3" },
	{ "trace vm1 eth --json dst=1", "/weft/trace,port=vm1,words=eth dst=1" },
	{ "apply x.yaml --merge", "/weft/apply,file=x.yaml,merge=true" },
	{ "apply a=b.yaml", "/weft/apply,file=a=b.yaml" },
	{ "apply -", "/weft/apply,file=-" },
	{ "apply -- --x", "/weft/apply,file=--x" },
	{ "delete network blue", "/weft/delete,noun=network,name=blue" },
	{ "config save", "/weft/config/save" },
	{ "path", "/weft/path" },
	{ "path vm1", "/weft/path,port=vm1" },
	{ "--foo", "!unknown option '--foo'; see weftctl --help" },
	{ "port", "!port: which verb? known: list, show" },
	{ "port foo", "!port: unknown verb 'foo'; known: list, show" },
	{ "port show", "!name: missing; it is the port or wire" },
	{ "port show a b", "!'b' is too much here" },
	{ "port show a name=b", "!name: given twice" },
	{ "fdb list blue", "!'blue' is too much here" },
	{ "fdb list --foo blue",
	  "!unknown argument '--foo'; known here: --network, --port, --endpoint, --mac" },
	{ "fdb list foo=blue",
	  "!unknown argument 'foo=blue'; known here: --network, --port, --endpoint, --mac" },
	{ "fdb list --mac", "!--mac: without a value" },
	{ "fdb list --mac=", "!mac: the value is empty" },
	{ "trace vm1 --frame 00",
	  "!unknown argument '--frame'; known here: --port, --words, --pcap, --packet" },
	{ "delete router r1", "/weft/delete,noun=router,name=r1" },
	{ "delete subnet s1",
	  "!noun: 'subnet' is not one of port|network|physical-network|security-group|router" },
	{ "status -r", "!-r: which folder?" },
};

static void
test_weftctl_call_table(void **state)
{
	char out[WEFTCTL_REQUEST_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(call_test_table) / sizeof(call_test_table[0]); i++) {
		call_test_translate(call_test_table[i].line, out, sizeof(out));
		assert_string_equal(out, call_test_table[i].expected);
	}
}

static void
test_weftctl_call_options(void **state)
{
	char *words[] = { "port", "--runtime-folder=/a", "list", "--json", "-h", "--version" };
	struct weftctl_options options = { 0 };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_call call;

	(void)state;
	assert_int_equal(weftctl_call_parse(6, words, &options, &call, &errors), 0);
	assert_string_equal(options.folder, "/a");
	assert_true(options.json && options.help && options.version && !options.rst);
	weftctl_call_clear(&call);
}

/* The longest request that fits, and one byte more. */
static void
test_weftctl_request_length(void **state)
{
	const size_t head = strlen("/weft/port/show,name=");
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weftctl_call call = { .spec = weft_cmd_find("port", "show") };
	char request[WEFTCTL_REQUEST_BYTES];
	char name[WEFTCTL_REQUEST_BYTES + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[WEFTCTL_REQUEST_BYTES - 1 - head] = '\0';
	weftctl_call_set(&call, "name", name);
	assert_int_equal(weftctl_request_write(&call, request, &errors), 0);
	assert_int_equal(strlen(request), WEFTCTL_REQUEST_BYTES - 1);
	name[WEFTCTL_REQUEST_BYTES - 1 - head] = 'x';
	name[WEFTCTL_REQUEST_BYTES - head] = '\0';
	weftctl_call_set(&call, "name", name);
	assert_true(weftctl_request_write(&call, request, &errors) < 0);
	assert_string_equal(errors.lines[0],
			    "the command has 1023 bytes, at most 1022 are possible");
	weft_errors_clear(&errors);
	weftctl_call_clear(&call);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weftctl_call_table),
		cmocka_unit_test(test_weftctl_call_options),
		cmocka_unit_test(test_weftctl_request_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
