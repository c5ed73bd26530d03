/* SPDX-License-Identifier: BSD-3-Clause */
/* A table of neighbours, who asks for them, and a clock. */
#ifndef TEST_UNIT_NEIGHBOUR_HELPER_H
#define TEST_UNIT_NEIGHBOUR_HELPER_H

#include "eal_helper.h"

#include <errno.h>
#include <sys/socket.h>

#include "neighbour/neighbour.h"

#define NEIGHBOUR_TEST_ROUND (WEFT_NEIGHBOURS_MAX / 256 + 2) /* ticks that see the whole table */
#define NEIGHBOUR_TEST_GRAIN_MS (NEIGHBOUR_TEST_ROUND * 10)

static struct {
	uint32_t now_ms;
	uint32_t n_asked; /* since it was looked at last */
	struct weft_ip ip; /* of the last question */
	bool is_unicast;
	struct rte_ether_addr mac;
	uint16_t scope;
	uint16_t routed; /* a network where somebody speaks */
} neighbour_test;

static const struct rte_ether_addr neighbour_test_mac = { { 2, 0, 0, 0, 0, 1 } };
static const struct rte_ether_addr neighbour_test_other_mac = { { 2, 0, 0, 0, 0, 2 } };

static inline struct weft_ip
neighbour_test_ip(uint32_t i)
{
	return (struct weft_ip){ .family = AF_INET,
				 .prefix = 32,
				 .bytes = { 192, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static inline bool
neighbour_test_speaks(void *context, uint16_t scope, const struct weft_ip *ip)
{
	(void)ip;
	assert_ptr_equal(context, &neighbour_test);
	return scope == WEFT_SCOPE_UNDERLAY || scope == neighbour_test.routed;
}

static inline void
neighbour_test_ask(void *context, uint16_t scope, const struct weft_ip *ip,
		   const struct rte_ether_addr *mac)
{
	assert_true(neighbour_test_speaks(context, scope, ip));
	neighbour_test.scope = scope;
	neighbour_test.n_asked++;
	neighbour_test.ip = *ip;
	neighbour_test.is_unicast = mac != NULL;
	if (mac != NULL)
		neighbour_test.mac = *mac;
}

static inline void
neighbour_test_tick(void)
{
	const struct weft_neighbour_asker asker = { neighbour_test_speaks, neighbour_test_ask,
						    &neighbour_test };

	weft_neighbour_tick(neighbour_test.now_ms, &asker);
}

/* @return questions in that time */
static inline uint32_t
neighbour_test_wait(uint32_t ms)
{
	uint32_t n;

	for (uint32_t end = neighbour_test.now_ms + ms; neighbour_test.now_ms != end;) {
		neighbour_test.now_ms += 10;
		neighbour_test_tick();
	}
	n = neighbour_test.n_asked;
	neighbour_test.n_asked = 0;
	return n;
}

static enum weft_neighbour_state
neighbour_test_state(uint16_t scope, const struct weft_ip *ip)
{
	struct rte_ether_addr mac;

	return weft_neighbour_lookup(scope, ip, &mac);
}

static enum weft_neighbour_state
neighbour_test_underlay(uint32_t i)
{
	struct weft_ip ip = neighbour_test_ip(i);

	return neighbour_test_state(WEFT_SCOPE_UNDERLAY, &ip);
}

static inline void
neighbour_test_want(uint32_t i)
{
	struct weft_ip ip = neighbour_test_ip(i);

	weft_neighbour_want(WEFT_SCOPE_UNDERLAY, &ip, neighbour_test.now_ms);
}

static inline void
neighbour_test_hear(uint32_t i, const struct rte_ether_addr *mac, bool may_add)
{
	struct weft_ip ip = neighbour_test_ip(i);

	weft_neighbour_heard(WEFT_SCOPE_UNDERLAY, &ip, mac, may_add, neighbour_test.now_ms);
}

static inline int
neighbour_test_pin(uint32_t i)
{
	struct weft_ip ip = neighbour_test_ip(i);

	return weft_neighbour_pin(WEFT_SCOPE_UNDERLAY, &ip);
}

static inline void
neighbour_test_unpin(uint32_t i)
{
	struct weft_ip ip = neighbour_test_ip(i);

	weft_neighbour_unpin(WEFT_SCOPE_UNDERLAY, &ip);
}

static inline void
neighbour_test_forget(uint32_t i)
{
	struct weft_ip ip = neighbour_test_ip(i);

	weft_neighbour_forget(WEFT_SCOPE_UNDERLAY, &ip);
}

static inline uint32_t
neighbour_test_count(void)
{
	struct weft_neighbour_row row;
	uint32_t cursor = 0, n = 0;

	while (weft_neighbour_next(&cursor, neighbour_test.now_ms, &row))
		n++;
	return n;
}

static inline int
neighbour_test_start(void **state)
{
	(void)state;
	memset(&neighbour_test, 0, sizeof(neighbour_test));
	neighbour_test.now_ms = UINT32_MAX - 4000; /* clocks wrap */
	return weft_neighbour_create();
}

static inline int
neighbour_test_stop(void **state)
{
	(void)state;
	weft_neighbour_destroy();
	return 0;
}

/* ---- time ---- */

#define neighbour_test_case(test)                                                                  \
	cmocka_unit_test_setup_teardown(test, neighbour_test_start, neighbour_test_stop)

#endif
