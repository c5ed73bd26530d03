/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbours in networks, where a router is and where none is. */
#include "neighbour_helper.h"

static bool
neighbour_test_is_there(uint16_t scope)
{
	assert_true(scope == 3 || scope == 4);
	return scope != 4;
}

static void
test_networks_forget_what_they_do_not_hear(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7), other = neighbour_test_ip(8);

	(void)state;
	weft_neighbour_heard(3, &ip, &neighbour_test_mac, true, 1000);
	weft_neighbour_heard(3, &other, &neighbour_test_mac, true, 2000);
	weft_neighbour_heard(4, &ip, &neighbour_test_mac, true, 2000);
	weft_neighbour_heard(WEFT_SCOPE_UNDERLAY, &ip, &neighbour_test_mac, true, 1000);
	assert_int_equal(weft_neighbour_pin(WEFT_SCOPE_UNDERLAY, &other), 0);

	weft_neighbour_age(1999, 1000, neighbour_test_is_there);
	assert_int_equal(neighbour_test_state(4, &ip), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_count(), 4);
	weft_neighbour_age(2000, 1000, neighbour_test_is_there);
	assert_int_equal(neighbour_test_state(3, &ip), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_state(3, &other), WEFT_NEIGHBOUR_REACHABLE);
	weft_neighbour_heard(3, &other, &neighbour_test_mac, false, 2500);
	weft_neighbour_age(3400, 1000, neighbour_test_is_there);
	assert_int_equal(neighbour_test_count(), 3);
	weft_neighbour_age(3500, 1000, neighbour_test_is_there);
	assert_int_equal(neighbour_test_state(3, &other), WEFT_NEIGHBOUR_NONE);
	assert_int_equal(neighbour_test_count(), 2);

	assert_int_equal(neighbour_test_underlay(7), WEFT_NEIGHBOUR_REACHABLE);
}

/* Where a router is, its neighbours are asked like those of the endpoint, but not so often. */
static void
test_networks_with_a_router_are_asked(void **state)
{
	struct weft_ip ip = neighbour_test_ip(7), silent = neighbour_test_ip(8);
	uint32_t start = neighbour_test.now_ms;

	(void)state;
	weft_neighbour_want(3, &silent, start);
	assert_int_equal(neighbour_test_wait(5000), 0);
	assert_int_equal(neighbour_test_state(3, &silent), WEFT_NEIGHBOUR_INCOMPLETE);

	neighbour_test.routed = 3;
	assert_true(neighbour_test_wait(1000) >= 1);
	assert_int_equal(neighbour_test.scope, 3);
	assert_false(neighbour_test.is_unicast);
	neighbour_test_wait(4000);
	assert_int_equal(neighbour_test_state(3, &silent), WEFT_NEIGHBOUR_FAILED);

	weft_neighbour_heard(3, &ip, &neighbour_test_mac, true, neighbour_test.now_ms);
	neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_MS + 1000);
	assert_int_equal(neighbour_test_state(3, &ip), WEFT_NEIGHBOUR_REACHABLE);
	neighbour_test_wait(WEFT_NEIGHBOUR_FRESH_NETWORK_MS - WEFT_NEIGHBOUR_FRESH_MS);
	assert_int_equal(neighbour_test_state(3, &ip), WEFT_NEIGHBOUR_PROBE);
	assert_true(neighbour_test.is_unicast);
	neighbour_test.routed = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		neighbour_test_case(test_networks_forget_what_they_do_not_hear),
		neighbour_test_case(test_networks_with_a_router_are_asked),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
