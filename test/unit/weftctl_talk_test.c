/* SPDX-License-Identifier: BSD-3-Clause */
/* A daemon that says what the table tells it to, and what the client makes of it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "talk.h"

#define TALK_TEST_MESSAGES 5
#define TALK_TEST_GREETING "{\"version\":\"x\",\"pid\":1,\"max_output_len\":16384}"
#define TALK_TEST_REPLY(text) "{\"/weft/x\":\"" text "\"}"

struct talk_test_case {
	const char *messages[TALK_TEST_MESSAGES]; /* sent in turn; the first at once */
	const char *requests[TALK_TEST_MESSAGES]; /* expected before each further one */
	const char *answer; /* as compact JSON, or the error behind a "!" */
};

static char talk_test_folder[] = "/tmp/weftctl_talk_XXXXXX";
static char talk_test_socket[108];

static int
talk_test_setup(void **state)
{
	(void)state;
	if (mkdtemp(talk_test_folder) == NULL)
		return -1;
	snprintf(talk_test_socket, sizeof(talk_test_socket), "%s/dpdk", talk_test_folder);
	mkdir(talk_test_socket, 0700);
	strcat(talk_test_socket, "/weft");
	mkdir(talk_test_socket, 0700);
	strcat(talk_test_socket, "/dpdk_telemetry.v2");
	return 0;
}

static int
talk_test_teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		remove(talk_test_socket);
		*strrchr(talk_test_socket, '/') = '\0';
	}
	return 0;
}

static int
talk_test_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", talk_test_socket);
	unlink(talk_test_socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

struct talk_test_server {
	const struct talk_test_case *script;
	int fd;
	int wrong; /* requests that were not the expected ones */
};

static void *
talk_test_serve(void *context)
{
	struct talk_test_server *server = context;
	int client = accept(server->fd, NULL, NULL);

	for (int i = 0; i < TALK_TEST_MESSAGES && server->script->messages[i] != NULL; i++) {
		char request[2048];
		ssize_t bytes = i == 0 ? 0 : recv(client, request, sizeof(request) - 1, 0);

		if (bytes < 0)
			break;
		request[bytes] = '\0';
		if (i > 0 && server->script->requests[i] != NULL)
			server->wrong += strcmp(request, server->script->requests[i]) != 0;
		send(client, server->script->messages[i], strlen(server->script->messages[i]),
		     MSG_NOSIGNAL);
	}
	close(client);
	return NULL;
}

static void
talk_test_check(const struct talk_test_case *script)
{
	struct weftctl_talk talk = { talk_test_folder, 300 };
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct talk_test_server server = { .script = script, .fd = talk_test_listen() };
	pthread_t thread;
	json_t *answer;
	char *text;

	pthread_create(&thread, NULL, talk_test_serve, &server);
	answer = weftctl_talk_ask(&talk, "/weft/x", &errors);
	pthread_join(thread, NULL);
	close(server.fd);
	if (answer != NULL) {
		text = json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal(text, script->answer);
		free(text);
		assert_int_equal(errors.n, 0);
	} else {
		assert_int_equal(script->answer[0], '!');
		assert_true(errors.n > 0);
		assert_string_equal(errors.lines[0], script->answer + 1);
	}
	assert_int_equal(server.wrong, 0);
	json_decref(answer);
	weft_errors_clear(&errors);
}

static void
test_weftctl_talk_table(void **state)
{
	static const struct talk_test_case table[] = {
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("0 1 0\\n{\\\"a\\\":1}") },
		  { NULL, "/weft/x" },
		  "{\"a\":1}" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("7 3 0\\n[1,"),
		    TALK_TEST_REPLY("7 3 0\\n2"), TALK_TEST_REPLY("7 3 0\\n]") },
		  { NULL, "/weft/x", "/weft/more,id=7,part=1", "/weft/more,id=7,part=2" },
		  "[1,2]" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("0 1 1\\n[\\\"no port\\\"]") },
		  { NULL },
		  "!no port" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("7 2 0\\n[1,"),
		    TALK_TEST_REPLY("0 1 1\\n[\\\"no longer kept\\\"]") },
		  { NULL },
		  "!no longer kept" },
		{ { TALK_TEST_GREETING, "{\"/weft/x\":null}" },
		  { NULL },
		  "!this weft has no command /weft/x" },
		{ { TALK_TEST_GREETING, "{\"/weft/x\":3}" },
		  { NULL },
		  "!weft's answer is not understood: {\"/weft/x\":3}" },
		{ { TALK_TEST_GREETING, "garbage" },
		  { NULL },
		  "!weft's answer is not understood: garbage" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("x") },
		  { NULL },
		  "!weft's answer is not understood: x" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("0 1 0\\n{") },
		  { NULL },
		  "!weft's answer is damaged: string or '}' expected near end of file" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("0 1 1\\n[]") },
		  { NULL },
		  "!weft refused and did not say why" },
		{ { TALK_TEST_GREETING, TALK_TEST_REPLY("7 2 0\\n[") },
		  { NULL },
		  "!weft hung up before it answered" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		talk_test_check(&table[i]);
}

static void
talk_test_expect_error(const char *folder, const char *begin)
{
	struct weftctl_talk talk = { folder, 200 };
	struct weft_errors errors = WEFT_ERRORS_NONE;

	assert_null(weftctl_talk_ask(&talk, "/weft/x", &errors));
	assert_int_equal(errors.n, 1);
	assert_memory_equal(errors.lines[0], begin, strlen(begin));
	weft_errors_clear(&errors);
}

static void
test_weftctl_talk_nobody(void **state)
{
	char folder[300];
	int fd = talk_test_listen();

	(void)state;
	/* The connection waits in the queue, and nobody greets. */
	talk_test_expect_error(talk_test_folder, "weft did not answer within");
	close(fd);
	talk_test_expect_error(talk_test_folder, "no weft answers at");
	talk_test_expect_error("/nonexistent", "no weft answers at /nonexistent/dpdk/weft/");
	memset(folder, 'x', sizeof(folder));
	folder[sizeof(folder) - 1] = '\0';
	talk_test_expect_error(folder, "the runtime folder's name is too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weftctl_talk_table),
		cmocka_unit_test(test_weftctl_talk_nobody),
	};

	return cmocka_run_group_tests(tests, talk_test_setup, talk_test_teardown);
}
