/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups: one list of outputs per content, counted by its users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice_helper.h"
#include "flow/group.h"

#define FLOW_GROUP_CONTENTS 64
#define FLOW_GROUP_MOST 8

static struct weft_groups flow_group_set;

static uint32_t
flow_group_count(void)
{
	const struct weft_group *group;
	uint32_t n = 0;

	for (uint32_t i = 0; i < WEFT_GROUP_BUCKETS; i++)
		LIST_FOREACH(group, &flow_group_set.buckets[i], next)
			n++;
	return n;
}

static void
flow_group_fill(struct weft_output *outputs, uint16_t n, uint16_t first_port)
{
	for (uint16_t i = 0; i < n; i++)
		outputs[i] = (struct weft_output){ .port = (uint16_t)(first_port + i) };
}

static void
test_equal_outputs_are_one_group(void **state)
{
	struct weft_output outputs[3], same[3];
	struct weft_group *a, *b;

	(void)state;
	flow_group_fill(outputs, 3, 10);
	flow_group_fill(same, 3, 10);
	a = weft_group_get(&flow_group_set, outputs, 3);
	b = weft_group_get(&flow_group_set, same, 3);
	assert_ptr_equal(a, b);
	assert_int_equal(a->users, 2);
	assert_int_equal(a->n, 3);
	assert_memory_equal(a->outputs, outputs, sizeof(outputs));
	weft_group_put(a);
	assert_int_equal(flow_group_count(), 1);
	weft_group_put(b);
	assert_int_equal(flow_group_count(), 0);
	weft_group_put(NULL);
}

/* A group is not its beginning, not another order, not the same ports with another tag. */
static void
test_other_outputs_are_another_group(void **state)
{
	struct weft_output outputs[3], swapped[3], tagged[3];
	struct weft_group *groups[4];

	(void)state;
	flow_group_fill(outputs, 3, 10);
	memcpy(swapped, outputs, sizeof(outputs));
	swapped[0] = outputs[1];
	swapped[1] = outputs[0];
	memcpy(tagged, outputs, sizeof(outputs));
	tagged[2].head_length = 16;
	tagged[2].head[15] = 100;
	groups[0] = weft_group_get(&flow_group_set, outputs, 3);
	groups[1] = weft_group_get(&flow_group_set, outputs, 2);
	groups[2] = weft_group_get(&flow_group_set, swapped, 3);
	groups[3] = weft_group_get(&flow_group_set, tagged, 3);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(groups[i], groups[j]);
	assert_int_equal(flow_group_count(), 4);
	for (int i = 0; i < 4; i++)
		weft_group_put(groups[i]);
	assert_int_equal(flow_group_count(), 0);
}

/* As many users come and go as they like: the set holds what has users, and nothing else. */
static void
test_groups_live_as_long_as_their_users(void **state)
{
	struct weft_group *groups[FLOW_GROUP_CONTENTS] = { NULL };
	uint32_t users[FLOW_GROUP_CONTENTS] = { 0 };
	struct dice dice = { 7 };
	uint32_t alive = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		uint32_t which = dice_below(&dice, FLOW_GROUP_CONTENTS);
		uint16_t n = (uint16_t)(2 + which % (FLOW_GROUP_MOST - 1));
		struct weft_output outputs[FLOW_GROUP_MOST];

		if (dice_once_in(&dice, 2)) {
			struct weft_group *group;

			flow_group_fill(outputs, n, (uint16_t)which);
			group = weft_group_get(&flow_group_set, outputs, n);
			assert_non_null(group);
			assert_true(users[which] == 0 || group == groups[which]);
			assert_int_equal(group->users, users[which] + 1);
			assert_memory_equal(group->outputs, outputs, n * sizeof(*outputs));
			alive += users[which]++ == 0;
			groups[which] = group;
		} else if (users[which] > 0) {
			weft_group_put(groups[which]);
			alive -= --users[which] == 0;
		}
		if (round % 1000 == 0)
			assert_int_equal(flow_group_count(), alive);
	}
	for (uint32_t i = 0; i < FLOW_GROUP_CONTENTS; i++)
		while (users[i]-- > 0)
			weft_group_put(groups[i]);
	assert_int_equal(flow_group_count(), 0);
}

static void
test_thousands_of_groups(void **state)
{
	enum { MANY = 5000 };
	struct weft_group **groups = calloc(MANY, sizeof(*groups));
	struct weft_output outputs[2];

	(void)state;
	assert_non_null(groups);
	for (uint16_t i = 0; i < MANY; i++) {
		flow_group_fill(outputs, 2, i);
		groups[i] = weft_group_get(&flow_group_set, outputs, 2);
	}
	assert_int_equal(flow_group_count(), MANY);
	for (uint16_t i = 0; i < MANY; i++) {
		assert_int_equal(groups[i]->outputs[1].port, i + 1);
		weft_group_put(groups[i]);
	}
	assert_int_equal(flow_group_count(), 0);
	free(groups);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_outputs_are_one_group),
		cmocka_unit_test(test_other_outputs_are_another_group),
		cmocka_unit_test(test_groups_live_as_long_as_their_users),
		cmocka_unit_test(test_thousands_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
