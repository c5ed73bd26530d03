/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers for names, and names to numbers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/id.h"
#include "core/names.h"
#include "dice_helper.h"

#define ID_NAMES_MOST 300

static void
test_lowest_free_number_is_given(void **state)
{
	struct weft_ids ids;

	(void)state;
	assert_int_equal(weft_ids_init(&ids, 3), 0);
	assert_int_equal(weft_ids_get(&ids), 0);
	assert_int_equal(weft_ids_get(&ids), 1);
	assert_int_equal(weft_ids_get(&ids), 2);
	assert_int_equal(weft_ids_get(&ids), -ENOSPC);
	weft_ids_put(&ids, 1);
	weft_ids_put(&ids, 0);
	assert_int_equal(weft_ids_get(&ids), 0);
	assert_int_equal(weft_ids_get(&ids), 1);
	assert_int_equal(weft_ids_get(&ids), -ENOSPC);
	weft_ids_put(&ids, 2);
	assert_int_equal(weft_ids_get(&ids), 2);
	weft_ids_fini(&ids);
}

static void
test_ids_do_what_a_list_would_do(void **state)
{
	struct dice dice = { 1 };
	bool used[ID_NAMES_MOST] = { false };
	struct weft_ids ids;

	(void)state;
	assert_int_equal(weft_ids_init(&ids, ID_NAMES_MOST), 0);
	for (int round = 0; round < 100000; round++) {
		uint32_t id = dice_below(&dice, ID_NAMES_MOST);
		int32_t lowest = 0;

		if (used[id] && dice_below(&dice, ID_NAMES_MOST) < 150) {
			weft_ids_put(&ids, id);
			used[id] = false;
			continue;
		}
		while (lowest < ID_NAMES_MOST && used[lowest])
			lowest++;
		if (lowest == ID_NAMES_MOST)
			lowest = -ENOSPC;
		else
			used[lowest] = true;
		assert_int_equal(weft_ids_get(&ids), lowest);
	}
	weft_ids_fini(&ids);
}

static void
test_names_are_found_exactly(void **state)
{
	static const struct {
		const char *name;
		int32_t id;
	} cases[] = {
		{ "b", 2 },   { "bb", 4 },   { "a-very-long-name", 65535 },
		{ "B", 3 },   { "0", 0 },    { "a", -1 },
		{ "", -1 },   { "bbb", -1 }, { "a-very-long-nam", -1 },
		{ NULL, -1 },
	};
	struct weft_names names;

	(void)state;
	assert_int_equal(weft_names_init(&names, 5), 0);
	for (size_t i = 0; i < 5; i++)
		weft_names_add(&names, cases[i].name, (uint16_t)cases[i].id);
	weft_names_sort(&names);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(weft_names_find(&names, cases[i].name), cases[i].id);
	weft_names_fini(&names);
}

static void
test_no_names_is_a_list_too(void **state)
{
	struct weft_names never_filled = { 0 }, empty;

	(void)state;
	assert_int_equal(weft_names_find(&never_filled, "a"), -1);
	assert_int_equal(weft_names_init(&empty, 0), 0);
	weft_names_sort(&empty);
	assert_int_equal(weft_names_find(&empty, "a"), -1);
	weft_names_fini(&empty);
	weft_names_fini(&empty);
}

static void
test_thousands_of_names(void **state)
{
	enum { MANY = 16384 };
	char(*text)[16] = calloc(MANY, sizeof(*text));
	struct weft_names names;

	(void)state;
	assert_non_null(text);
	assert_int_equal(weft_names_init(&names, MANY), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(*text), "net-%u", i * 7919 % MANY);
		weft_names_add(&names, text[i], (uint16_t)i);
	}
	weft_names_sort(&names);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(weft_names_find(&names, text[i]), i);
	weft_names_fini(&names);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest_free_number_is_given),
		cmocka_unit_test(test_ids_do_what_a_list_would_do),
		cmocka_unit_test(test_names_are_found_exactly),
		cmocka_unit_test(test_no_names_is_a_list_too),
		cmocka_unit_test(test_thousands_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
