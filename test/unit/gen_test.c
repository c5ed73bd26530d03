/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Generations: a remembered answer notices every change of what it stands on, whoever changes it
 * and whenever.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dice_helper.h"
#include "flow/answer.h"

#define GEN_TEST_CHANGES 300000

static uint32_t
gen_test_deps(struct dice *dice, struct weft_answer *answer)
{
	uint32_t n = 1 + dice_below(dice, WEFT_DEPS);

	memset(answer, 0, sizeof(*answer));
	for (uint32_t i = 0; i < n; i++)
		answer->deps[i] = (uint16_t)(1 + dice_below(dice, WEFT_GEN_SLOTS - 1));
	return n;
}

static void
test_any_bump_of_any_slot_changes_the_sum(void **state)
{
	struct dice dice = { 12 };

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct weft_answer answer;
		uint32_t n = gen_test_deps(&dice, &answer);
		uint32_t sum = weft_answer_sum(&answer);

		/* Several changes, forth and "back": there is no back. */
		for (uint32_t i = 0; i <= dice_below(&dice, 5); i++)
			weft_gen_bump(answer.deps[dice_below(&dice, n)]);
		assert_true(weft_answer_sum(&answer) > sum);
	}
}

static void
test_other_slots_leave_the_sum_alone(void **state)
{
	struct dice dice = { 13 };

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint16_t slot = (uint16_t)(1 + dice_below(&dice, WEFT_GEN_SLOTS - 1));
		struct weft_answer answer;
		bool is_ours = false;
		uint32_t sum;

		gen_test_deps(&dice, &answer);
		sum = weft_answer_sum(&answer);
		for (int i = 0; i < WEFT_DEPS; i++)
			is_ours |= answer.deps[i] == slot;
		weft_gen_bump(slot);
		assert_int_equal(weft_answer_sum(&answer) != sum, is_ours);
	}
}

/* Identities as there are: few big numbers, many small ones. */
static uint64_t
gen_test_identity(enum weft_gen_kind kind, uint32_t i)
{
	switch (kind) {
	case WEFT_GEN_ARRIVAL:
		return (uint64_t)(i / 4096) << 16 | i % 4096;
	case WEFT_GEN_MAC:
		return (uint64_t)(i % 64) << 48 | 0x020000000000 | i / 64;
	case WEFT_GEN_MAC_ROOM:
		return i % 2 == 0 ? i / 2 : (uint64_t)(i / 2) << 16;
	default:
		return i;
	}
}

/* Also the padding slot belongs to nobody. */
static void
test_identities_spread_over_all_slots_but_the_padding(void **state)
{
	enum { MANY = WEFT_GEN_SLOTS * 8 };
	static uint32_t slots[WEFT_GEN_SLOTS];
	/* Chi-square has mean n - 1 and variance 2(n - 1); and by far: 20 deviations. */
	double most = WEFT_GEN_SLOTS + 20 * 128;

	(void)state;
	for (enum weft_gen_kind kind = WEFT_GEN_PORT; kind <= WEFT_GEN_MAC_ROOM; kind++) {
		double expected = MANY / (double)(WEFT_GEN_SLOTS - 1), sum = 0;

		memset(slots, 0, sizeof(slots));
		for (uint32_t i = 0; i < MANY; i++)
			slots[weft_gen_slot(kind, gen_test_identity(kind, i))]++;
		assert_int_equal(slots[WEFT_GEN_NOTHING], 0);
		for (uint32_t i = 1; i < WEFT_GEN_SLOTS; i++)
			sum += (slots[i] - expected) * (slots[i] - expected) / expected;
		if (sum > most)
			print_error("kind %d: chi-square %.0f\n", (int)kind, sum);
		assert_true(sum <= most);
	}
}

static void
test_one_number_of_several_kinds_has_several_slots(void **state)
{
	uint32_t shared = 0;

	(void)state;
	for (uint64_t id = 0; id < 2048; id++)
		for (enum weft_gen_kind a = WEFT_GEN_PORT; a <= WEFT_GEN_MAC_ROOM; a++)
			for (enum weft_gen_kind b = WEFT_GEN_PORT; b < a; b++)
				shared += weft_gen_slot(a, id) == weft_gen_slot(b, id);
	/* 15 pairs of kinds, 2,048 numbers, 8,191 slots: about four by accident. */
	assert_in_range(shared, 0, 16);
}

/* ---- threads ---- */

/* An object with its slot. A change is published, then the slot is bumped, then it is `settled`. */
static struct gen_test_object {
	uint64_t value; /* atomic */
	uint64_t settled; /* atomic: a reader that sees this must not trust older answers */
	uint16_t slot;
} gen_test_objects[2] = { { .slot = 77 }, { .slot = 78 } };

static void *
gen_test_change(void *context)
{
	struct gen_test_object *object = context;

	for (uint64_t i = 1; i <= GEN_TEST_CHANGES; i++) {
		__atomic_store_n(&object->value, i, __ATOMIC_RELEASE);
		weft_gen_bump(object->slot);
		__atomic_store_n(&object->settled, i, __ATOMIC_RELEASE);
		/* Who asks shall get a turn in between, also where cores are few. */
		if (i % 4096 == 0)
			sched_yield();
	}
	return NULL;
}

/* Walks: reads slots, then objects. @return the sum that is remembered */
static uint32_t
gen_test_walk(uint64_t values[2])
{
	uint32_t sum = 0;

	for (int i = 0; i < 2; i++) {
		sum += weft_gen_read(gen_test_objects[i].slot);
		values[i] = __atomic_load_n(&gen_test_objects[i].value, __ATOMIC_ACQUIRE);
	}
	return sum;
}

static void
test_no_stale_answer_looks_fresh(void **state)
{
	struct weft_answer answer = { .deps = { 77, 78 } };
	uint32_t sum, before = weft_answer_sum(&answer);
	uint64_t values[2];
	uint64_t hits = 0, misses = 0, settled[2] = { 0, 0 };
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, gen_test_change, &gen_test_objects[i]),
			0);
	sum = gen_test_walk(values);
	while (settled[0] < GEN_TEST_CHANGES || settled[1] < GEN_TEST_CHANGES) {
		for (int i = 0; i < 2; i++)
			settled[i] =
				__atomic_load_n(&gen_test_objects[i].settled, __ATOMIC_ACQUIRE);
		if (weft_answer_sum(&answer) == sum) {
			hits++;
			assert_true(values[0] >= settled[0] && values[1] >= settled[1]);
			continue;
		}
		misses++;
		sum = gen_test_walk(values);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(hits > 0 && misses > 0);
	assert_int_equal(weft_answer_sum(&answer), before + 2 * GEN_TEST_CHANGES);
}

static void *
gen_test_bump(void *context)
{
	(void)context;
	for (int i = 0; i < GEN_TEST_CHANGES; i++)
		weft_gen_bump(99);
	return NULL;
}

static void
test_threads_that_bump_one_slot_lose_nothing(void **state)
{
	uint32_t before = weft_gen_read(99);
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, gen_test_bump, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(weft_gen_read(99), before + 3 * GEN_TEST_CHANGES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_bump_of_any_slot_changes_the_sum),
		cmocka_unit_test(test_other_slots_leave_the_sum_alone),
		cmocka_unit_test(test_identities_spread_over_all_slots_but_the_padding),
		cmocka_unit_test(test_one_number_of_several_kinds_has_several_slots),
		cmocka_unit_test(test_no_stale_answer_looks_fresh),
		cmocka_unit_test(test_threads_that_bump_one_slot_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
