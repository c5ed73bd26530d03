/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which network has a segment, and which remembered answers a change of segments makes stale.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <rte_common.h>

#include "dice_helper.h"
#include "tunnel/endpoint.h"

#define ENDPOINT_SEGMENT_MANY 10000

static const enum weft_network_type endpoint_segment_types[] = {
	WEFT_NETWORK_VXLAN,
	WEFT_NETWORK_GRE,
	WEFT_NETWORK_GENEVE,
};

static struct weft_endpoint *
endpoint_segment_create(void)
{
	struct weft_conf_endpoint conf = {
		.address = { .family = AF_INET, .prefix = 24, .bytes = { 192, 0, 2, 1 } },
	};
	struct weft_endpoint *endpoint = weft_endpoint_create(&conf, 0);

	assert_non_null(endpoint);
	return endpoint;
}

static void
endpoint_segment_add(struct weft_endpoint *endpoint, enum weft_network_type type, uint32_t segment,
		     uint16_t network)
{
	assert_int_equal(weft_endpoint_add_segment(endpoint, type, segment, network), 0);
}

static void
test_nothing_is_found_where_nothing_is(void **state)
{
	struct weft_endpoint *endpoint = endpoint_segment_create();

	(void)state;
	weft_endpoint_settle(endpoint);
	assert_int_equal(weft_endpoint_find_network(endpoint, WEFT_NETWORK_VXLAN, 0),
			 WEFT_NO_NETWORK);
	assert_true(weft_endpoint_has_same_segments(endpoint, endpoint));
	weft_endpoint_destroy(endpoint);
	weft_endpoint_destroy(NULL);
}

static void
test_types_have_segments_of_their_own(void **state)
{
	static const struct {
		enum weft_network_type type;
		uint32_t segment;
		uint16_t network;
	} cases[] = {
		{ WEFT_NETWORK_VXLAN, 5, 1 },
		{ WEFT_NETWORK_GRE, 5, 2 },
		{ WEFT_NETWORK_GENEVE, 5, 3 },
		{ WEFT_NETWORK_VXLAN, 16777215, 4 },
		{ WEFT_NETWORK_GENEVE, 1, 0 },
		{ WEFT_NETWORK_GRE, 4294967295, WEFT_NETWORKS_MAX - 1 },
	};
	struct weft_endpoint *endpoint = endpoint_segment_create();

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		endpoint_segment_add(endpoint, cases[i].type, cases[i].segment, cases[i].network);
	weft_endpoint_settle(endpoint);
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		assert_int_equal(
			weft_endpoint_find_network(endpoint, cases[i].type, cases[i].segment),
			cases[i].network);
	assert_int_equal(weft_endpoint_find_network(endpoint, WEFT_NETWORK_VXLAN, 1),
			 WEFT_NO_NETWORK);
	assert_int_equal(weft_endpoint_find_network(endpoint, WEFT_NETWORK_GRE, 0),
			 WEFT_NO_NETWORK);
	assert_int_equal(weft_endpoint_find_network(endpoint, WEFT_NETWORK_VLAN, 5),
			 WEFT_NO_NETWORK);
	weft_endpoint_destroy(endpoint);
}

/* Odd VNIs exist, even ones do not; they are added in no order. */
static void
test_ten_thousand_are_found(void **state)
{
	struct weft_endpoint *endpoint = endpoint_segment_create();
	uint32_t step = 7919; /* a prime, so every number comes once */

	(void)state;
	for (uint32_t i = 0; i < ENDPOINT_SEGMENT_MANY; i++) {
		uint32_t network = i * step % ENDPOINT_SEGMENT_MANY;

		endpoint_segment_add(endpoint, WEFT_NETWORK_VXLAN, 2 * network + 1,
				     (uint16_t)network);
	}
	weft_endpoint_settle(endpoint);
	assert_int_equal(endpoint->n_segments, ENDPOINT_SEGMENT_MANY);
	for (uint32_t vni = 0; vni <= 2 * ENDPOINT_SEGMENT_MANY + 1; vni++)
		assert_int_equal(weft_endpoint_find_network(endpoint, WEFT_NETWORK_VXLAN, vni),
				 vni % 2 == 1 && vni < 2 * ENDPOINT_SEGMENT_MANY ? vni / 2 :
										   WEFT_NO_NETWORK);
	weft_endpoint_destroy(endpoint);
}

/* ---- generations ---- */

static uint32_t endpoint_segment_before[WEFT_GEN_SLOTS];

/* How often each slot must have moved. */
static uint32_t endpoint_segment_wanted[WEFT_GEN_SLOTS];

static void
endpoint_segment_watch(void)
{
	memcpy(endpoint_segment_before, weft_gens, sizeof(endpoint_segment_before));
	memset(endpoint_segment_wanted, 0, sizeof(endpoint_segment_wanted));
}

static void
endpoint_segment_check(void)
{
	for (uint32_t slot = 0; slot < WEFT_GEN_SLOTS; slot++)
		assert_int_equal(weft_gens[slot] - endpoint_segment_before[slot],
				 endpoint_segment_wanted[slot]);
}

static void
test_what_appears_vanishes_or_changes_hands_moves(void **state)
{
	struct weft_endpoint *old = endpoint_segment_create(), *new = endpoint_segment_create();

	(void)state;
	endpoint_segment_add(old, WEFT_NETWORK_VXLAN, 1, 1);
	endpoint_segment_add(old, WEFT_NETWORK_VXLAN, 2, 2);
	endpoint_segment_add(old, WEFT_NETWORK_VXLAN, 3, 3);
	weft_endpoint_settle(old);
	endpoint_segment_add(new, WEFT_NETWORK_GRE, 3, 4);
	endpoint_segment_add(new, WEFT_NETWORK_VXLAN, 3, 2);
	endpoint_segment_add(new, WEFT_NETWORK_VXLAN, 1, 1);
	weft_endpoint_settle(new);
	endpoint_segment_watch();
	endpoint_segment_wanted[weft_segment_slot(WEFT_NETWORK_VXLAN, 2)]++;
	endpoint_segment_wanted[weft_segment_slot(WEFT_NETWORK_VXLAN, 3)]++;
	endpoint_segment_wanted[weft_segment_slot(WEFT_NETWORK_GRE, 3)]++;
	weft_endpoint_bump_segments(old, new);
	endpoint_segment_check();
	assert_false(weft_endpoint_has_same_segments(old, new));
	endpoint_segment_watch();
	weft_endpoint_bump_segments(old, old);
	weft_endpoint_bump_segments(NULL, NULL);
	endpoint_segment_check();
	weft_endpoint_destroy(old);
	weft_endpoint_destroy(new);
}

/* Networks of 3 types and 64 segments; WEFT_NO_NETWORK where there is none. */
static struct weft_endpoint *
endpoint_segment_roll(struct dice *dice, uint16_t networks[3][64])
{
	struct weft_endpoint *endpoint = endpoint_segment_create();
	uint32_t percent = dice_below(dice, 101);

	for (uint32_t i = 0; i < 3 * 64; i++) {
		uint32_t type = i % 3, segment = 63 - i / 3;

		networks[type][segment] = WEFT_NO_NETWORK;
		if (dice_below(dice, 100) >= percent)
			continue;
		networks[type][segment] = (uint16_t)dice_below(dice, 3);
		endpoint_segment_add(endpoint, endpoint_segment_types[type], segment,
				     networks[type][segment]);
	}
	weft_endpoint_settle(endpoint);
	return endpoint;
}

static void
test_exactly_what_differs_moves(void **state)
{
	struct dice dice = { 7 };

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint16_t before[3][64], after[3][64];
		struct weft_endpoint *old = endpoint_segment_roll(&dice, before);
		struct weft_endpoint *new = endpoint_segment_roll(&dice, after);
		/* Sometimes there was no endpoint, or there is none any more. */
		bool was = !dice_once_in(&dice, 6), is = !dice_once_in(&dice, 6);

		if (!was)
			memset(before, 0xff, sizeof(before));
		if (!is)
			memset(after, 0xff, sizeof(after));
		endpoint_segment_watch();
		for (uint32_t i = 0; i < 3 * 64; i++)
			if (before[i / 64][i % 64] != after[i / 64][i % 64])
				endpoint_segment_wanted[weft_segment_slot(
					endpoint_segment_types[i / 64], i % 64)]++;
		weft_endpoint_bump_segments(was ? old : NULL, is ? new : NULL);
		endpoint_segment_check();
		if (was && is)
			assert_int_equal(weft_endpoint_has_same_segments(old, new),
					 memcmp(before, after, sizeof(before)) == 0);
		weft_endpoint_destroy(old);
		weft_endpoint_destroy(new);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_found_where_nothing_is),
		cmocka_unit_test(test_types_have_segments_of_their_own),
		cmocka_unit_test(test_ten_thousand_are_found),
		cmocka_unit_test(test_what_appears_vanishes_or_changes_hands_moves),
		cmocka_unit_test(test_exactly_what_differs_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
