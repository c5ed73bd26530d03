/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which addresses stand for which others: found both ways; who is seen by which address of a pool;
 * and what may still be translated after a change.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/nat.h"

#define NAT_POOL_MOST 16
#define NAT_HOSTS 4000

/* 10.0.0.n is inside, 203.0.113.n outside, 198.51.100.n elsewhere. */
#define INSIDE(n) RTE_BE32(0x0a000000u + (n))
#define OUTSIDE(n) RTE_BE32(0xcb007100u + (n))
#define REMOTE(n) RTE_BE32(0xc6336400u + (n))

static struct weft_ip
nat_test_ip(rte_be32_t address)
{
	struct weft_ip ip = { .family = AF_INET, .prefix = 32 };

	memcpy(ip.bytes, &address, sizeof(address));
	return ip;
}

/* A router with a pool of the outside addresses from 20 on. */
static struct weft_nat
nat_test_pool(uint32_t n_pool)
{
	struct weft_ip pool[NAT_POOL_MOST];
	struct weft_conf_router conf = {
		.gateway = { .is_there = true, .snat = true, .snat_pool = pool },
		.nat = { .filtering = WEFT_NAT_FILTERING_ADDRESS, .port_quota = 7 },
	};
	struct weft_nat nat;

	conf.gateway.n_snat_pool = n_pool;
	for (uint32_t i = 0; i < n_pool; i++)
		pool[i] = nat_test_ip(OUTSIDE(20 + i));
	assert_int_equal(weft_nat_make(&nat, &conf), 0);
	return nat;
}

/* Floating IPs 100 + i of hosts i; port 80 of 30 and 1000 + i of 31 are forwarded to hosts 50 + i. */
static struct weft_nat
nat_test_full(uint32_t n)
{
	struct weft_ip pool = nat_test_ip(OUTSIDE(30));
	struct weft_conf_floating_ip floating[64] = { 0 };
	struct weft_conf_forwarding forwardings[64] = { 0 };
	struct weft_conf_router conf = {
		.gateway = { .is_there = true, .snat = true, .snat_pool = &pool, .n_snat_pool = 1 },
		.nat = { .filtering = WEFT_NAT_FILTERING_ADDRESS },
		.floating_ips = floating,
		.forwardings = forwardings,
	};
	struct weft_nat nat;

	/* Backwards, since they are sorted. */
	conf.n_floating_ips = conf.n_forwardings = n;
	for (uint32_t i = 0; i < n; i++) {
		floating[n - 1 - i].address = nat_test_ip(OUTSIDE(100 + i));
		floating[n - 1 - i].fixed_address = nat_test_ip(INSIDE(n - i));
		forwardings[n - 1 - i] = (struct weft_conf_forwarding){
			.address = nat_test_ip(OUTSIDE(i == 0 ? 30 : 31)),
			.protocol = i % 2 == 0 ? WEFT_FORWARDING_TCP : WEFT_FORWARDING_UDP,
			.external_port = i == 0 ? 80 : 1000 + i,
			.fixed_address = nat_test_ip(INSIDE(50 + i)),
			.internal_port = 2000 + i,
		};
	}
	assert_int_equal(weft_nat_make(&nat, &conf), 0);
	return nat;
}

static struct weft_tuple
nat_test_tuple(uint8_t protocol, rte_be32_t src, uint16_t src_port, rte_be32_t dst,
	       uint16_t dst_port)
{
	struct weft_tuple tuple = { .family = AF_INET, .protocol = protocol };

	memcpy(tuple.src, &src, sizeof(src));
	memcpy(tuple.dst, &dst, sizeof(dst));
	tuple.src_port = rte_cpu_to_be_16(src_port);
	tuple.dst_port = rte_cpu_to_be_16(dst_port);
	return tuple;
}

/* ---- found ---- */

static void
test_floating_ips_are_found_both_ways(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= 64; n = n * 2 + 1) {
		struct weft_nat nat = nat_test_full(n);

		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(weft_nat_find_outside(&nat, OUTSIDE(100 + i))->inside,
					 INSIDE(n - i));
			assert_int_equal(weft_nat_find_inside(&nat, INSIDE(n - i))->outside,
					 OUTSIDE(100 + i));
			assert_true(weft_nat_is_outside(&nat, OUTSIDE(100 + i)));
			assert_false(weft_nat_is_source(&nat, OUTSIDE(100 + i)));
		}
		assert_null(weft_nat_find_outside(&nat, OUTSIDE(99)));
		assert_null(weft_nat_find_outside(&nat, OUTSIDE(100 + n)));
		assert_null(weft_nat_find_inside(&nat, INSIDE(0)));
		assert_null(weft_nat_find_inside(&nat, INSIDE(n + 1)));
		weft_nat_free(&nat);
	}
}

static void
test_forwardings_are_of_an_address_a_protocol_and_a_port(void **state)
{
	struct weft_nat nat = nat_test_full(20);
	const struct weft_forwarding *found;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		rte_be32_t outside = OUTSIDE(i == 0 ? 30 : 31);
		rte_be16_t port = rte_cpu_to_be_16((uint16_t)(i == 0 ? 80 : 1000 + i));
		uint8_t protocol = i % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP;
		uint8_t other = i % 2 == 0 ? IPPROTO_UDP : IPPROTO_TCP;

		found = weft_nat_find_forwarding(&nat, outside, protocol, port);
		assert_non_null(found);
		assert_int_equal(found->inside, INSIDE(50 + i));
		assert_int_equal(found->inside_port, rte_cpu_to_be_16((uint16_t)(2000 + i)));
		assert_null(weft_nat_find_forwarding(&nat, outside, other, port));
		assert_null(weft_nat_find_forwarding(&nat, OUTSIDE(32), protocol, port));
		assert_null(weft_nat_find_forwarding(&nat, outside, protocol, RTE_BE16(81)));
	}
	assert_true(weft_nat_is_outside(&nat, OUTSIDE(30)));
	assert_true(weft_nat_is_outside(&nat, OUTSIDE(31)));
	assert_false(weft_nat_is_outside(&nat, OUTSIDE(32)));
	assert_true(weft_nat_is_source(&nat, OUTSIDE(30)));
	assert_false(weft_nat_is_source(&nat, OUTSIDE(31)));
	weft_nat_free(&nat);
}

/* ---- pairing ---- */

static void
test_a_host_keeps_to_one_address(void **state)
{
	uint32_t used[4] = { 0 };
	struct weft_nat nat = nat_test_pool(4);

	(void)state;
	for (uint32_t i = 0; i < NAT_HOSTS; i++) {
		rte_be32_t source = weft_nat_source(&nat, INSIDE(i));

		assert_int_equal(weft_nat_source(&nat, INSIDE(i)), source);
		assert_true(weft_nat_is_source(&nat, source));
		used[rte_be_to_cpu_32(source) - 0xcb007100u - 20]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(used[i], NAT_HOSTS / 5, NAT_HOSTS / 3);
	weft_nat_free(&nat);
}

/* Who moves when an address comes moves to that one, and they are about its share. */
static void
test_few_move_when_the_pool_grows(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < NAT_POOL_MOST; n++) {
		struct weft_nat before = nat_test_pool(n), after = nat_test_pool(n + 1);
		uint32_t moved = 0;

		for (uint32_t i = 0; i < NAT_HOSTS; i++) {
			rte_be32_t source = weft_nat_source(&after, INSIDE(i));

			if (source == weft_nat_source(&before, INSIDE(i)))
				continue;
			assert_int_equal(source, OUTSIDE(20 + n));
			moved++;
		}
		assert_in_range(moved, NAT_HOSTS / (n + 1) / 2, NAT_HOSTS / (n + 1) * 2);
		weft_nat_free(&before);
		weft_nat_free(&after);
	}
}

/* ---- allowed ---- */

static void
test_what_may_still_be_translated(void **state)
{
	const struct {
		rte_be32_t src, became_src;
		uint16_t port, became_port;
		rte_be32_t dst, became_dst;
		uint16_t to, became_to;
		bool is_bound, is_allowed;
	} cases[] = {
		/* out: by the pool, by the own floating IP, by that of another, by nobody's */
		{ INSIDE(9), OUTSIDE(30), 5, 6, REMOTE(1), REMOTE(1), 80, 80, true, true },
		{ INSIDE(9), OUTSIDE(30), 5, 6, REMOTE(1), REMOTE(1), 80, 80, false, true },
		{ INSIDE(4), OUTSIDE(100), 5, 5, REMOTE(1), REMOTE(1), 80, 80, false, true },
		{ INSIDE(3), OUTSIDE(100), 5, 5, REMOTE(1), REMOTE(1), 80, 80, false, false },
		{ INSIDE(9), OUTSIDE(20), 5, 6, REMOTE(1), REMOTE(1), 80, 80, true, false },
		/* in: by a floating IP, a forwarding, a binding, without one */
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(100), INSIDE(4), 80, 80, false, true },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(100), INSIDE(3), 80, 80, false, false },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(30), INSIDE(50), 80, 2000, false, true },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(30), INSIDE(50), 80, 80, false, false },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(30), INSIDE(51), 80, 2000, false, false },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(30), INSIDE(9), 81, 5, true, true },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(30), INSIDE(9), 81, 5, false, false },
		{ REMOTE(1), REMOTE(1), 5, 5, OUTSIDE(20), INSIDE(9), 81, 5, true, false },
		/* a hairpin, and what is not translated at all */
		{ INSIDE(9), OUTSIDE(30), 5, 6, OUTSIDE(100), INSIDE(4), 80, 80, true, true },
		{ INSIDE(9), OUTSIDE(20), 5, 6, OUTSIDE(100), INSIDE(4), 80, 80, true, false },
		{ INSIDE(9), INSIDE(9), 5, 5, INSIDE(4), INSIDE(4), 80, 80, false, true },
	};
	struct weft_nat nat = nat_test_full(4);

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_tuple original = nat_test_tuple(
			IPPROTO_TCP, cases[i].src, cases[i].port, cases[i].dst, cases[i].to);
		struct weft_tuple translated =
			nat_test_tuple(IPPROTO_TCP, cases[i].became_src, cases[i].became_port,
				       cases[i].became_dst, cases[i].became_to);

		if (weft_nat_allows(&nat, &original, &translated, cases[i].is_bound) !=
		    cases[i].is_allowed)
			fail_msg("case %u", i);
	}
	weft_nat_free(&nat);
}

static void
test_only_who_asks_exactly_is_answered(void **state)
{
	struct weft_nat nat = nat_test_full(4);
	struct weft_tuple original = nat_test_tuple(IPPROTO_UDP, REMOTE(1), 5, OUTSIDE(30), 81);
	struct weft_tuple translated = nat_test_tuple(IPPROTO_UDP, REMOTE(1), 5, INSIDE(9), 5);

	(void)state;
	assert_true(weft_nat_allows(&nat, &original, &translated, true));
	nat.filtering = WEFT_NAT_FILTERING_ADDRESS_AND_PORT;
	assert_false(weft_nat_allows(&nat, &original, &translated, true));
	weft_nat_free(&nat);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floating_ips_are_found_both_ways),
		cmocka_unit_test(test_forwardings_are_of_an_address_a_protocol_and_a_port),
		cmocka_unit_test(test_a_host_keeps_to_one_address),
		cmocka_unit_test(test_few_move_when_the_pool_grows),
		cmocka_unit_test(test_what_may_still_be_translated),
		cmocka_unit_test(test_only_who_asks_exactly_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
