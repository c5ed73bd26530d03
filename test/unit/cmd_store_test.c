/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers are rendered, cut into parts, kept within bounds, and come back whole. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/render.h"
#include "cmd/store.h"

#define PART WEFT_CMD_PART_BYTES

static int
test_cmd_store_setup(void **state)
{
	(void)state;
	weft_cmd_store_clear();
	return 0;
}

static struct weft_cmd_answer
store_test_make(size_t bytes)
{
	struct weft_cmd_answer answer = { .text = malloc(bytes + 1), .length = bytes };

	for (size_t i = 0; i < bytes; i++)
		answer.text[i] = (char)('a' + i % 26);
	return answer;
}

/* Asks for an answer of @p bytes. @return its number, 0 if it fitted into one part */
static uint64_t
store_test_put(size_t bytes, uint64_t now_ms, uint64_t *parts)
{
	struct weft_cmd_answer answer = store_test_make(bytes);
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t id;
	int status;

	weft_cmd_store_reply(&answer, now_ms, reply);
	assert_int_equal(sscanf(reply, "%" SCNu64 " %" SCNu64 " %d", &id, parts, &status), 3);
	assert_int_equal(status, 0);
	return id;
}

static void
test_cmd_store_parts(void **state)
{
	static const struct {
		size_t bytes;
		uint64_t parts;
	} table[] = {
		{ 0, 1 },	 { 1, 1 },	  { PART - 1, 1 },     { PART, 1 },
		{ PART + 1, 2 }, { 2 * PART, 2 }, { 2 * PART + 1, 3 }, { 100 * PART + 7, 101 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char reply[WEFT_CMD_REPLY_BYTES];
		uint64_t parts;
		uint64_t id = store_test_put(table[i].bytes, 0, &parts);
		size_t total = PART;

		assert_int_equal(parts, table[i].parts);
		assert_int_equal(id != 0, parts > 1);
		for (uint64_t part = 1; part < parts; part++) {
			const char *body;

			assert_int_equal(weft_cmd_store_part(id, part, 0, reply), 0);
			body = strchr(reply, '\n') + 1;
			for (size_t at = 0; body[at] != '\0'; at++)
				assert_int_equal(body[at], 'a' + (total + at) % 26);
			total += strlen(body);
		}
		if (parts > 1)
			assert_int_equal(total, table[i].bytes);
		/* The last part was the end of it. */
		assert_int_equal(weft_cmd_store_bytes(), 0);
	}
}

static void
test_cmd_store_refuses(void **state)
{
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t parts;
	uint64_t id = store_test_put(2 * PART, 0, &parts);

	(void)state;
	assert_int_equal(weft_cmd_store_part(0, 0, 0, reply), -ENOENT);
	assert_int_equal(weft_cmd_store_part(id + 1, 1, 0, reply), -ENOENT);
	assert_int_equal(weft_cmd_store_part(id, 2, 0, reply), -ERANGE);
	assert_int_equal(weft_cmd_store_part(id, UINT64_MAX, 0, reply), -ERANGE);
	assert_int_equal(weft_cmd_store_part(id, (uint64_t)1 << 32, 0, reply), -ERANGE);
	assert_int_equal(weft_cmd_store_part(id, 1, 0, reply), 0);
	assert_int_equal(weft_cmd_store_part(id, 1, 0, reply), -ENOENT);
}

static void
test_cmd_store_forgets_with_time(void **state)
{
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t parts;
	uint64_t id = store_test_put(3 * PART, 1000, &parts);

	(void)state;
	assert_int_equal(weft_cmd_store_part(id, 1, 1000 + WEFT_CMD_KEPT_MS - 1, reply), 0);
	/* Asking for a part gave it more time. */
	assert_int_equal(weft_cmd_store_part(id, 1, 1000 + 2 * WEFT_CMD_KEPT_MS - 2, reply), 0);
	weft_cmd_store_expire(1000 + 3 * WEFT_CMD_KEPT_MS);
	assert_int_equal(weft_cmd_store_bytes(), 0);
}

static void
test_cmd_store_replaces_oldest(void **state)
{
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t ids[WEFT_CMD_KEPT + 1];
	uint64_t parts;

	(void)state;
	for (int i = 0; i <= WEFT_CMD_KEPT; i++)
		ids[i] = store_test_put(2 * PART, 0, &parts);
	assert_int_equal(weft_cmd_store_bytes(), WEFT_CMD_KEPT * 2 * PART);
	assert_int_equal(weft_cmd_store_part(ids[0], 1, 0, reply), -ENOENT);
	for (int i = 1; i <= WEFT_CMD_KEPT; i++)
		assert_int_equal(weft_cmd_store_part(ids[i], 1, 0, reply), 0);
}

static void
test_cmd_store_bounds_memory(void **state)
{
	char reply[WEFT_CMD_REPLY_BYTES];
	uint64_t parts;
	uint64_t ids[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		ids[i] = store_test_put(WEFT_CMD_KEPT_BYTES / 3, 0, &parts);
		assert_true(weft_cmd_store_bytes() <= WEFT_CMD_KEPT_BYTES);
	}
	assert_int_equal(weft_cmd_store_part(ids[0], 1, 0, reply), -ENOENT);
	assert_int_equal(weft_cmd_store_part(ids[1], 1, 0, reply), 0);
	assert_int_equal(weft_cmd_store_part(ids[3], 1, 0, reply), 0);
	weft_cmd_store_clear();
	assert_int_equal(weft_cmd_store_bytes(), 0);
}

static void
test_cmd_render_ascii(void **state)
{
	static const char expected[] = "{\"a\":\"\\u00e9\\n\\\"\",\"b\":[1,null]}";
	const size_t length = sizeof(expected) - 1;
	struct weft_cmd_answer answer;
	json_t *value = json_pack("{s:s, s:[i, n]}", "a", "\xc3\xa9\n\"", "b", 1);

	(void)state;
	assert_int_equal(weft_cmd_answer_json(&answer, value, length), 0);
	assert_int_equal(answer.length, length);
	for (size_t i = 0; i < length; i++)
		assert_int_equal(tolower(answer.text[i]), expected[i]);
	free(answer.text);
	assert_int_equal(weft_cmd_answer_json(&answer, value, length - 1), -E2BIG);
	json_decref(value);
}

static void
test_cmd_render_errors(void **state)
{
	static const char expected[] = "[\"no port '?\\u0001'\",\"second\"]";
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_cmd_answer answer;

	(void)state;
	weft_errors_add(&errors, "no port '%s'", "\xff\x01");
	weft_errors_add(&errors, "second");
	weft_cmd_answer_errors(&answer, &errors);
	assert_int_equal(answer.status, 1);
	assert_int_equal(answer.length, sizeof(expected) - 1);
	assert_memory_equal(answer.text, expected, sizeof(expected) - 1);
	free(answer.text);
	weft_errors_clear(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cmd_store_parts, test_cmd_store_setup),
		cmocka_unit_test_setup(test_cmd_store_refuses, test_cmd_store_setup),
		cmocka_unit_test_setup(test_cmd_store_forgets_with_time, test_cmd_store_setup),
		cmocka_unit_test_setup(test_cmd_store_replaces_oldest, test_cmd_store_setup),
		cmocka_unit_test_setup(test_cmd_store_bounds_memory, test_cmd_store_setup),
		cmocka_unit_test(test_cmd_render_ascii),
		cmocka_unit_test(test_cmd_render_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
