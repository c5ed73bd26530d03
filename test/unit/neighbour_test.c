/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours: states by time, questions, pins, generations, room. */
#include "neighbour_helper.h"

static void
test_three_questions_then_it_failed_then_it_is_forgotten(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7);

	(void)state;
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_NONE);
	neighbour_test_want(7);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_INCOMPLETE);
	assert_int_equal(neighbour_test_wait(10), 1);
	assert_memory_equal(&neighbour_test.ip, &ip, sizeof(ip));
	assert_false(neighbour_test.is_unicast);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS - 10), 0);
	assert_int_equal(neighbour_test_wait(NEIGHBOUR_TEST_GRAIN_MS), 1);
	neighbour_test_want(7);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS), 1);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_INCOMPLETE);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS), 0);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
	neighbour_test_want(7);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_FAILED_MS), 0);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_count(), 0);
	neighbour_test_want(7);
	assert_int_equal(neighbour_test_wait(10), 1);
}

static void
test_a_pinned_one_that_failed_is_asked_for_ever(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7);
	struct rte_ether_addr mac;

	(void)state;
	assert_int_equal(neighbour_test_pin(7), 0);
	assert_int_equal(neighbour_test_wait(10), 1);
	assert_int_equal(neighbour_test_wait(4 * WEFT_NEIGHBOUR_ASK_MS), 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
		assert_in_range(neighbour_test_wait(2 * WEFT_NEIGHBOUR_FAILED_MS), 1, 2);
		assert_false(neighbour_test.is_unicast);
	}
	neighbour_test_hear(7, &neighbour_test_mac, false);
	assert_int_equal(weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &ip, &mac),
			 WEFT_NEIGHBOUR_REACHABLE);
	assert_memory_equal(&mac, &neighbour_test_mac, sizeof(mac));
}

static void
test_after_a_while_it_is_asked_again_at_its_mac(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7);
	struct rte_ether_addr mac;

	(void)state;
	neighbour_test_want(7);
	assert_int_equal(neighbour_test_wait(10), 1);
	neighbour_test_hear(7, &neighbour_test_mac, false);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS - 10), 0);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
	assert_int_equal(neighbour_test_wait(NEIGHBOUR_TEST_GRAIN_MS), 1);
	assert_true(neighbour_test.is_unicast);
	assert_memory_equal(&neighbour_test.mac, &neighbour_test_mac, sizeof(mac));
	assert_int_equal(weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &ip, &mac),
			 WEFT_NEIGHBOUR_PROBE);
	assert_memory_equal(&mac, &neighbour_test_mac, sizeof(mac));

	neighbour_test_hear(7, &neighbour_test_mac, false);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS - 10), 0);

	/* Now nobody answers. */
	assert_int_equal(neighbour_test_wait(NEIGHBOUR_TEST_GRAIN_MS), 1);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS + NEIGHBOUR_TEST_GRAIN_MS), 1);
	assert_true(neighbour_test.is_unicast);
	/* At last all are asked: he may be elsewhere. */
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS), 1);
	assert_false(neighbour_test.is_unicast);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_PROBE);
	assert_int_equal(neighbour_test_wait(WEFT_NEIGHBOUR_ASK_MS), 0);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
}

/* However many are due, a call does a bounded piece; all get their turn. */
static void
test_a_tick_does_a_bounded_piece(void **state)
{
	uint32_t asked = 0;

	(void)state;
	for (uint32_t i = 0; i < WEFT_NEIGHBOURS_MAX / 2; i++)
		neighbour_test_want(i);
	for (uint32_t i = 0; i < NEIGHBOUR_TEST_ROUND; i++) {
		neighbour_test_tick();
		assert_in_range(neighbour_test.n_asked, 0, 256);
		asked += neighbour_test.n_asked;
		neighbour_test.n_asked = 0;
	}
	assert_int_equal(asked, WEFT_NEIGHBOURS_MAX / 2);
}

/* ---- what is heard ---- */

static void
test_only_who_may_adds_and_only_what_can_be(void **state)
{
	static const struct rte_ether_addr macs[] = {
		{ { 0, 0, 0, 0, 0, 0 } },
		{ { 1, 0, 0x5e, 0, 0, 1 } },
		{ { 255, 255, 255, 255, 255, 255 } },
	};

	(void)state;
	neighbour_test_hear(7, &neighbour_test_mac, false);
	for (uint32_t i = 0; i < RTE_DIM(macs); i++)
		neighbour_test_hear(7, &macs[i], true);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_NONE);
	neighbour_test_hear(7, &neighbour_test_mac, true);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
}

static void
test_scopes_and_families_are_apart(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7), same = ip, six = ip;

	(void)state;
	same.prefix = 24;
	same.bytes[9] = 1; /* beyond an IPv4 address */
	six.family = AF_INET6;
	weft_neighbour_heard(3, &ip, &neighbour_test_mac, true, neighbour_test.now_ms);
	assert_int_equal(neighbour_test_state(3, &same), WEFT_NEIGHBOUR_REACHABLE);
	assert_int_equal(neighbour_test_state(3, &six), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_state(4, &ip), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_state(WEFT_SCOPE_UNDERLAY, &ip), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(weft_neighbour_slot(3, &ip), weft_neighbour_slot(3, &same));

	/* Questions are for the underlay; a network's addresses are only noted. */
	assert_int_equal(neighbour_test_wait(60000), 0);
	assert_int_equal(neighbour_test_state(3, &ip), WEFT_NEIGHBOUR_REACHABLE);
}

/* ---- generations ---- */

#define neighbour_test_moves(is_moving, action)                                                    \
	do {                                                                                       \
		struct weft_ip moves_ip = neighbour_test_ip(7);                                    \
		uint16_t moves_own = weft_neighbour_slot(WEFT_SCOPE_UNDERLAY, &moves_ip);          \
		uint16_t moves_all = weft_neighbours_slot(WEFT_SCOPE_UNDERLAY);                    \
		uint32_t own_before = weft_gen_read(moves_own);                                    \
		uint32_t all_before = weft_gen_read(moves_all);                                    \
                                                                                                   \
		action;                                                                            \
		assert_int_equal(weft_gen_read(moves_own) != own_before, is_moving);               \
		assert_int_equal(weft_gen_read(moves_all) != all_before, is_moving);               \
	} while (0)

static void
test_generations_move_with_what_a_lookup_says(void **state)
{
	(void)state;
	neighbour_test_moves(true, neighbour_test_want(7));
	neighbour_test_moves(false, neighbour_test_want(7));
	neighbour_test_moves(false, neighbour_test_wait(2000));
	neighbour_test_moves(true, neighbour_test_hear(7, &neighbour_test_mac, false));
	neighbour_test_moves(false, neighbour_test_hear(7, &neighbour_test_mac, false));
	neighbour_test_moves(false, neighbour_test_pin(7));
	neighbour_test_moves(false, neighbour_test_unpin(7));
	neighbour_test_moves(true, neighbour_test_hear(7, &neighbour_test_other_mac, false));
	neighbour_test_moves(false, neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS + 500));
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_PROBE);
	neighbour_test_moves(false, neighbour_test_hear(7, &neighbour_test_other_mac, false));
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
	neighbour_test_moves(false, neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS + 500));
	neighbour_test_moves(true, neighbour_test_hear(7, &neighbour_test_mac, false));
	neighbour_test_moves(true, neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS + 4500));
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
	neighbour_test_moves(true, neighbour_test_wait(WEFT_NEIGHBOUR_FAILED_MS));
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_NONE);
	neighbour_test_moves(true, neighbour_test_hear(7, &neighbour_test_mac, true));
	neighbour_test_moves(true, neighbour_test_forget(7));
	neighbour_test_moves(false, neighbour_test_forget(7));
	neighbour_test_moves(true, assert_int_equal(neighbour_test_pin(7), 0));
}

/* ---- pins ---- */

static void
test_a_pin_holds_until_the_last_is_taken(void **state)
{
	(void)state;
	neighbour_test_hear(7, &neighbour_test_mac, true);
	assert_int_equal(neighbour_test_pin(7), 0);
	assert_int_equal(neighbour_test_pin(7), 0);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
	neighbour_test_unpin(7);
	neighbour_test_unpin(8);
	neighbour_test_forget(7);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
	neighbour_test_wait(100000);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
	neighbour_test_unpin(7);
	neighbour_test_unpin(7);
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_FAILED);
	neighbour_test_wait(WEFT_NEIGHBOUR_FAILED_MS + NEIGHBOUR_TEST_GRAIN_MS);
	assert_int_equal(neighbour_test_count(), 0);
}

/* ---- room ---- */

static void
test_half_of_a_full_table_is_for_pins(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WEFT_NEIGHBOURS_MAX; i++)
		neighbour_test_want(i);
	assert_int_equal(neighbour_test_count(), WEFT_NEIGHBOURS_MAX / 2);
	neighbour_test_hear(60000, &neighbour_test_mac, true);
	assert_int_equal(neighbour_test_underlay(60000), WEFT_NEIGHBOUR_NONE);
	for (uint32_t i = 0; i < WEFT_NEIGHBOURS_MAX / 2; i++)
		assert_int_equal(neighbour_test_pin(10000 + i), 0);
	assert_int_equal(neighbour_test_pin(60000), -ENOSPC);
	neighbour_test_forget(0);
	assert_int_equal(neighbour_test_pin(60000), 0);
	assert_int_equal(neighbour_test_count(), WEFT_NEIGHBOURS_MAX);

	/* Nobody answers: what packets wanted goes, what is pinned stays. */
	neighbour_test_wait(10000);
	assert_int_equal(neighbour_test_count(), WEFT_NEIGHBOURS_MAX / 2 + 1);
	neighbour_test_want(1);
	assert_int_equal(neighbour_test_underlay(1), WEFT_NEIGHBOUR_INCOMPLETE);
}

/* ---- ageing ---- */

/* The tunnel endpoint was put on another wire. */
static void
test_on_another_link_all_begins_anew(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7);

	(void)state;
	weft_neighbour_heard(3, &ip, &neighbour_test_mac, true, 1000);
	neighbour_test_hear(7, &neighbour_test_mac, true);
	neighbour_test_hear(8, &neighbour_test_mac, true);
	assert_int_equal(neighbour_test_pin(8), 0);
	neighbour_test_moves(true, weft_neighbour_reset(WEFT_SCOPE_UNDERLAY));
	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_underlay(8), WEFT_NEIGHBOUR_INCOMPLETE);
	assert_int_equal(neighbour_test_state(3, &ip), WEFT_NEIGHBOUR_REACHABLE);
	assert_int_equal(neighbour_test_count(), 2);
	assert_int_equal(neighbour_test_wait(NEIGHBOUR_TEST_GRAIN_MS), 1);
	assert_false(neighbour_test.is_unicast);
}

static void
test_rows_say_what_there_is(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7);
	struct weft_neighbour_row row;
	uint32_t cursor = 0;

	(void)state;
	neighbour_test_pin(7);
	assert_true(weft_neighbour_next(&cursor, neighbour_test.now_ms, &row));
	assert_int_equal(row.scope, WEFT_SCOPE_UNDERLAY);
	assert_memory_equal(&row.ip, &ip, sizeof(ip));
	assert_string_equal(weft_neighbour_state_name(row.state), "incomplete");
	assert_true(row.is_pinned);
	assert_true(rte_is_zero_ether_addr(&row.mac));
	assert_int_equal(row.age_ms, 0);
	assert_false(weft_neighbour_next(&cursor, neighbour_test.now_ms, &row));

	neighbour_test_hear(7, &neighbour_test_mac, false);
	neighbour_test_unpin(7);
	cursor = 0;
	assert_true(weft_neighbour_next(&cursor, neighbour_test.now_ms + 1234, &row));
	assert_string_equal(weft_neighbour_state_name(row.state), "reachable");
	assert_false(row.is_pinned);
	assert_true(rte_is_same_ether_addr(&row.mac, &neighbour_test_mac));
	assert_int_equal(row.age_ms, 1234);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		neighbour_test_case(test_three_questions_then_it_failed_then_it_is_forgotten),
		neighbour_test_case(test_a_pinned_one_that_failed_is_asked_for_ever),
		neighbour_test_case(test_after_a_while_it_is_asked_again_at_its_mac),
		neighbour_test_case(test_a_tick_does_a_bounded_piece),
		neighbour_test_case(test_only_who_may_adds_and_only_what_can_be),
		neighbour_test_case(test_scopes_and_families_are_apart),
		neighbour_test_case(test_generations_move_with_what_a_lookup_says),
		neighbour_test_case(test_a_pin_holds_until_the_last_is_taken),
		neighbour_test_case(test_half_of_a_full_table_is_for_pins),
		neighbour_test_case(test_on_another_link_all_begins_anew),
		neighbour_test_case(test_rows_say_what_there_is),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
