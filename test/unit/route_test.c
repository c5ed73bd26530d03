/* SPDX-License-Identifier: BSD-3-Clause */
/* What a table of routes finds, against a list that is looked through. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dice_helper.h"
#include "network/route.h"

#define ROUTE_MOST 300

static struct weft_ip
route_ip(const char *text, uint8_t prefix)
{
	struct weft_ip ip = { .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET,
			      .prefix = prefix };

	assert_int_equal(inet_pton(ip.family, text, ip.bytes), 1);
	return ip;
}

static void
test_the_longest_prefix_wins(void **state)
{
	struct weft_route routes[] = {
		{ route_ip("0.0.0.0", 0), route_ip("10.0.0.254", 32), 1 },
		{ route_ip("10.0.0.0", 8), route_ip("10.0.0.253", 32), 2 },
		{ route_ip("10.0.0.0", 24), { 0 }, 3 },
		{ route_ip("10.0.0.0", 8), route_ip("10.0.0.252", 32), 4 },
		{ route_ip("::", 0), route_ip("fd00::1", 128), 5 },
		{ route_ip("fd00::", 64), { 0 }, 6 },
		{ route_ip("10.0.0.7", 32), route_ip("10.0.0.1", 32), 7 },
	};
	const struct {
		const char *to;
		uint16_t way;
		uint32_t n;
	} rows[] = {
		{ "10.0.0.7", 7, 1 }, { "10.0.0.8", 3, 1 }, { "10.0.1.0", 4, 2 },
		{ "11.0.0.1", 1, 1 }, { "fd00::9", 6, 1 },  { "fd00:0:0:1::", 5, 1 },
	};

	(void)state;
	weft_routes_sort(routes, 7);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weft_ip to = route_ip(rows[i].to, 0);
		uint32_t n;
		const struct weft_route *found = weft_routes_find(routes, 7, &to, &n);

		assert_non_null(found);
		assert_int_equal(found->way, rows[i].way);
		assert_int_equal(n, rows[i].n);
	}
}

static struct weft_ip
route_random(struct dice *dice, uint8_t prefix, uint8_t family)
{
	struct weft_ip ip = { .family = family, .prefix = prefix };

	/* Few values, so that prefixes lie in each other. */
	for (uint8_t bit = 0; bit < prefix; bit++)
		if (dice_below(dice, 4) == 0)
			ip.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return ip;
}

static const struct weft_route *
route_expect(const struct weft_route *routes, uint32_t n, const struct weft_ip *to)
{
	const struct weft_route *best = NULL;

	for (uint32_t i = 0; i < n; i++)
		if (routes[i].destination.family == to->family &&
		    weft_ip_is_in(to, &routes[i].destination) &&
		    (best == NULL || routes[i].destination.prefix > best->destination.prefix))
			best = &routes[i];
	return best;
}

static void
test_it_finds_what_a_list_finds(void **state)
{
	static struct weft_route routes[ROUTE_MOST];
	struct dice dice = { 7 };
	uint32_t misses = 0;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n = dice_below(&dice, ROUTE_MOST + 1);

		for (uint32_t i = 0; i < n; i++) {
			uint8_t family = dice_below(&dice, 2) == 0 ? AF_INET : AF_INET6;
			uint8_t most = family == AF_INET ? 32 : 128;
			uint8_t prefix = (uint8_t)(1 + dice_below(&dice, most));

			routes[i] = (struct weft_route){
				.destination = route_random(&dice, prefix, family),
				.way = (uint16_t)i,
			};
		}
		weft_routes_sort(routes, n);
		for (uint32_t i = 0; i < 300; i++) {
			uint8_t family = dice_below(&dice, 2) == 0 ? AF_INET : AF_INET6;
			struct weft_ip to =
				route_random(&dice, family == AF_INET ? 32 : 128, family);
			const struct weft_route *expected = route_expect(routes, n, &to), *found;
			uint32_t n_found = 0;

			found = weft_routes_find(routes, n, &to, &n_found);
			if (expected == NULL) {
				assert_null(found);
				misses++;
				continue;
			}
			assert_non_null(found);
			assert_int_equal(found->destination.prefix, expected->destination.prefix);
			assert_int_equal(
				weft_ip_compare(&found->destination, &expected->destination), 0);
			assert_true(n_found > 0 && found + n_found <= routes + n);
		}
	}
	assert_true(misses > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_longest_prefix_wins),
		cmocka_unit_test(test_it_finds_what_a_list_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
