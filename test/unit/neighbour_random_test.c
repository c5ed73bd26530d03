/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours, anything at any time: each step does to lookups what it says, and generations move
 * if and only if a lookup says something else.
 */
#include "eal_helper.h"

#include <sys/socket.h>

#include "dice_helper.h"
#include "neighbour/neighbour.h"

#define NEIGHBOUR_RANDOM_SCOPES 3
#define NEIGHBOUR_RANDOM_IPS 8
#define NEIGHBOUR_RANDOM_AGE_MS 30000

static const uint16_t neighbour_random_scopes[] = { WEFT_SCOPE_UNDERLAY, 3, 4 };

/* What lookups say. */
struct neighbour_random_view {
	enum weft_neighbour_state states[NEIGHBOUR_RANDOM_SCOPES][NEIGHBOUR_RANDOM_IPS];
	struct rte_ether_addr macs[NEIGHBOUR_RANDOM_SCOPES][NEIGHBOUR_RANDOM_IPS];
};

static struct {
	struct neighbour_random_view view;
	uint32_t pins[NEIGHBOUR_RANDOM_SCOPES][NEIGHBOUR_RANDOM_IPS];
	uint32_t heard_ms[NEIGHBOUR_RANDOM_SCOPES][NEIGHBOUR_RANDOM_IPS];
	uint32_t now_ms, asked, probed;
	uint16_t gone; /* a scope that is not there */
} neighbour_random;

static struct weft_ip
neighbour_random_ip(uint32_t i)
{
	struct weft_ip four = { AF_INET, 32, { 192, 0, 2, (uint8_t)i } };
	struct weft_ip six = { AF_INET6, 128, { 0x20, 1, 0xd, 0xb8, [15] = (uint8_t)i } };

	return i % 2 ? six : four;
}

static void
neighbour_random_look(struct neighbour_random_view *view)
{
	memset(view, 0, sizeof(*view));
	for (uint32_t s = 0; s < NEIGHBOUR_RANDOM_SCOPES; s++)
		for (uint32_t i = 0; i < NEIGHBOUR_RANDOM_IPS; i++) {
			struct weft_ip ip = neighbour_random_ip(i);

			view->states[s][i] = weft_neighbour_lookup(neighbour_random_scopes[s], &ip,
								   &view->macs[s][i]);
		}
}

static bool
neighbour_random_is_usable(enum weft_neighbour_state state)
{
	return state == WEFT_NEIGHBOUR_REACHABLE || state == WEFT_NEIGHBOUR_PROBE;
}

/* REACHABLE and PROBE are the same to who sends. */
static bool
neighbour_random_is_same(const struct neighbour_random_view *a,
			 const struct neighbour_random_view *b)
{
	for (uint32_t s = 0; s < NEIGHBOUR_RANDOM_SCOPES; s++)
		for (uint32_t i = 0; i < NEIGHBOUR_RANDOM_IPS; i++)
			if (neighbour_random_is_usable(a->states[s][i]) ?
				    !neighbour_random_is_usable(b->states[s][i]) :
				    a->states[s][i] != b->states[s][i])
				return false;
	return memcmp(a->macs, b->macs, sizeof(a->macs)) == 0;
}

static void
neighbour_random_ask(void *context, uint16_t scope, const struct weft_ip *ip,
		     const struct rte_ether_addr *mac)
{
	struct rte_ether_addr now;
	enum weft_neighbour_state state = weft_neighbour_lookup(scope, ip, &now);

	(void)context;
	assert_int_equal(scope, WEFT_SCOPE_UNDERLAY);
	neighbour_random.asked++;
	neighbour_random.probed += mac != NULL;
	if (mac != NULL) {
		assert_int_equal(state, WEFT_NEIGHBOUR_PROBE);
		assert_true(rte_is_same_ether_addr(mac, &now));
	} else {
		/* The last question of a probe is for all. */
		assert_true(state == WEFT_NEIGHBOUR_INCOMPLETE || state == WEFT_NEIGHBOUR_FAILED ||
			    state == WEFT_NEIGHBOUR_PROBE);
	}
}

static bool
neighbour_random_speaks(void *context, uint16_t scope, const struct weft_ip *ip)
{
	(void)ip;
	(void)context;
	return scope == WEFT_SCOPE_UNDERLAY;
}

static const struct weft_neighbour_asker neighbour_random_asker = {
	.speaks = neighbour_random_speaks,
	.ask = neighbour_random_ask,
};

static bool
neighbour_random_is_there(uint16_t scope)
{
	return scope != neighbour_random.gone;
}

static void
neighbour_random_age(struct dice *dice)
{
	neighbour_random.gone =
		dice_once_in(dice, 4) ?
			neighbour_random_scopes[dice_below(dice, NEIGHBOUR_RANDOM_SCOPES)] :
			9;
	weft_neighbour_age(neighbour_random.now_ms, NEIGHBOUR_RANDOM_AGE_MS,
			   neighbour_random_is_there);
	for (uint32_t s = 0; s < NEIGHBOUR_RANDOM_SCOPES; s++)
		for (uint32_t i = 0; i < NEIGHBOUR_RANDOM_IPS; i++) {
			struct weft_ip ip = neighbour_random_ip(i);
			struct rte_ether_addr mac;
			bool is_over = s > 0 &&
				       (neighbour_random_scopes[s] == neighbour_random.gone ||
					neighbour_random.now_ms - neighbour_random.heard_ms[s][i] >=
						NEIGHBOUR_RANDOM_AGE_MS);
			bool was = neighbour_random.view.states[s][i] != WEFT_NEIGHBOUR_NONE;

			assert_int_equal(weft_neighbour_lookup(neighbour_random_scopes[s], &ip,
							       &mac) != WEFT_NEIGHBOUR_NONE,
					 was && (!is_over || neighbour_random.pins[s][i] > 0));
		}
}

static void
neighbour_random_hear(uint32_t s, uint32_t i, struct dice *dice)
{
	struct rte_ether_addr said = { { 2, 0, 0, 0, 0, (uint8_t)(1 + dice_below(dice, 3)) } }, mac;
	bool was = neighbour_random.view.states[s][i] != WEFT_NEIGHBOUR_NONE;
	bool may_add = dice_once_in(dice, 2);
	struct weft_ip ip = neighbour_random_ip(i);

	weft_neighbour_heard(neighbour_random_scopes[s], &ip, &said, may_add,
			     neighbour_random.now_ms);
	assert_int_equal(weft_neighbour_lookup(neighbour_random_scopes[s], &ip, &mac),
			 was || may_add ? WEFT_NEIGHBOUR_REACHABLE : WEFT_NEIGHBOUR_NONE);
	if (was || may_add) {
		assert_true(rte_is_same_ether_addr(&mac, &said));
		neighbour_random.heard_ms[s][i] = neighbour_random.now_ms;
	}
}

static void
neighbour_random_pin(uint32_t s, uint32_t i, struct dice *dice)
{
	struct weft_ip ip = neighbour_random_ip(i);

	if (dice_once_in(dice, 2)) {
		assert_int_equal(weft_neighbour_pin(neighbour_random_scopes[s], &ip), 0);
		if (neighbour_random.view.states[s][i] == WEFT_NEIGHBOUR_NONE)
			neighbour_random.heard_ms[s][i] = 0;
		neighbour_random.pins[s][i]++;
	} else {
		weft_neighbour_unpin(neighbour_random_scopes[s], &ip);
		neighbour_random.pins[s][i] -= neighbour_random.pins[s][i] > 0;
	}
}

static void
neighbour_random_reset(uint32_t s)
{
	weft_neighbour_reset(neighbour_random_scopes[s]);
	for (uint32_t i = 0; i < NEIGHBOUR_RANDOM_IPS; i++) {
		struct weft_ip ip = neighbour_random_ip(i);
		struct rte_ether_addr mac;

		assert_int_equal(weft_neighbour_lookup(neighbour_random_scopes[s], &ip, &mac),
				 neighbour_random.pins[s][i] > 0 ? WEFT_NEIGHBOUR_INCOMPLETE :
								   WEFT_NEIGHBOUR_NONE);
	}
}

static void
neighbour_random_forget(uint32_t s, uint32_t i)
{
	enum weft_neighbour_state before = neighbour_random.view.states[s][i];
	struct weft_ip ip = neighbour_random_ip(i);
	struct rte_ether_addr mac;

	weft_neighbour_forget(neighbour_random_scopes[s], &ip);
	assert_int_equal(weft_neighbour_lookup(neighbour_random_scopes[s], &ip, &mac),
			 neighbour_random.pins[s][i] > 0 ? before : WEFT_NEIGHBOUR_NONE);
}

static void
neighbour_random_step(struct dice *dice)
{
	uint32_t s = dice_below(dice, NEIGHBOUR_RANDOM_SCOPES);
	uint32_t i = dice_below(dice, NEIGHBOUR_RANDOM_IPS);
	uint32_t what = dice_below(dice, 1000);
	struct weft_ip ip = neighbour_random_ip(i);
	struct rte_ether_addr mac;

	if (what < 800) {
		neighbour_random.now_ms += 1 + dice_below(dice, 20);
		weft_neighbour_tick(neighbour_random.now_ms, &neighbour_random_asker);
	} else if (what < 820) {
		weft_neighbour_want(neighbour_random_scopes[s], &ip, neighbour_random.now_ms);
		if (neighbour_random.view.states[s][i] == WEFT_NEIGHBOUR_NONE)
			neighbour_random.heard_ms[s][i] = neighbour_random.now_ms;
		assert_true(weft_neighbour_lookup(neighbour_random_scopes[s], &ip, &mac) !=
			    WEFT_NEIGHBOUR_NONE);
	} else if (what < 860) {
		neighbour_random_hear(s, i, dice);
	} else if (what < 862) {
		neighbour_random_forget(s, i);
	} else if (what < 866) {
		neighbour_random_pin(s, i, dice);
	} else if (what < 868) {
		neighbour_random_age(dice);
	} else if (what == 868) {
		neighbour_random_reset(s);
	}
}

static void
test_generations_move_if_and_only_if_a_lookup_changes(void **state)
{
	static uint8_t before[sizeof(weft_gens)];
	struct neighbour_random_view view;
	struct dice dice = { 31 };
	uint32_t seen[WEFT_NEIGHBOUR_FAILED + 1] = { 0 };

	(void)state;
	assert_int_equal(weft_neighbour_create(), 0);
	neighbour_random.now_ms = NEIGHBOUR_RANDOM_AGE_MS;
	for (int round = 0; round < 200000; round++) {
		neighbour_random_look(&neighbour_random.view);
		memcpy(before, weft_gens, sizeof(before));
		neighbour_random_step(&dice);
		neighbour_random_look(&view);
		assert_int_equal(memcmp(before, weft_gens, sizeof(before)) == 0,
				 neighbour_random_is_same(&neighbour_random.view, &view));
		for (uint32_t s = 0; s < NEIGHBOUR_RANDOM_SCOPES; s++)
			for (uint32_t i = 0; i < NEIGHBOUR_RANDOM_IPS; i++) {
				seen[view.states[s][i]]++;
				assert_true(neighbour_random.pins[s][i] == 0 ||
					    view.states[s][i] != WEFT_NEIGHBOUR_NONE);
			}
	}
	for (uint32_t i = 0; i < RTE_DIM(seen); i++)
		assert_true(seen[i] > 1000);
	assert_true(neighbour_random.probed > 100 &&
		    neighbour_random.asked > neighbour_random.probed + 100);
	weft_neighbour_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generations_move_if_and_only_if_a_lookup_changes),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
