/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network knows beforehand: who has an address, and which gateway is his. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>

#include "network/network.h"

static struct weft_ip
network_test_ip(const char *text, uint8_t prefix)
{
	struct weft_ip ip = { .family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(ip.family, text, ip.bytes), 1);
	ip.prefix = prefix != 0 ? prefix : ip.family == AF_INET ? 32 : 128;
	return ip;
}

static int
network_test_compare(const void *a, const void *b)
{
	return weft_ip_compare(&((const struct weft_known *)a)->ip,
			       &((const struct weft_known *)b)->ip);
}

static const char *const network_test_known[] = {
	"10.0.0.7", "10.0.0.10", "10.0.1.1", "192.0.2.1", "fe80::1", "2001:db8::7", "2001:db8::8",
};

/* Everybody's MAC ends in his place in the list above. */
static struct weft_network *
network_test_network(void)
{
	struct weft_network *network = calloc(1, sizeof(*network));
	struct weft_facts *facts = calloc(1, sizeof(*facts));

	assert_non_null(network);
	assert_non_null(facts);
	network->facts = facts;
	network->statics = calloc(1, sizeof(*network->statics));
	network->members = calloc(1, sizeof(*network->members));
	network->n_statics = network->n_members = 1;
	facts->n_homes = 1;
	facts->homes = calloc(1, sizeof(*facts->homes));
	facts->n_known = RTE_DIM(network_test_known);
	facts->known = calloc(facts->n_known, sizeof(*facts->known));
	facts->n_subnets = 3;
	facts->subnets = calloc(3, sizeof(*facts->subnets));
	for (uint8_t i = 0; i < facts->n_known; i++) {
		facts->known[i].ip = network_test_ip(network_test_known[i], 0);
		facts->known[i].mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, i } };
	}
	qsort(facts->known, facts->n_known, sizeof(*facts->known), network_test_compare);
	facts->subnets[0].cidr = network_test_ip("10.0.0.0", 24);
	facts->subnets[0].gateway = network_test_ip("10.0.0.1", 0);
	facts->subnets[1].cidr = network_test_ip("10.0.1.0", 24);
	facts->subnets[2].cidr = network_test_ip("2001:db8::", 64);
	facts->subnets[2].gateway = network_test_ip("2001:db8::1", 0);
	return network;
}

static void
test_a_network_knows_who_has_an_address(void **state)
{
	static const char *const nobody[] = { "0.0.0.0", "10.0.0.8", "255.255.255.255",
					      "::", "2001:db8::9" };
	struct weft_network *network = network_test_network();
	struct weft_network plain = { 0 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(network_test_known); i++) {
		struct weft_ip ip = network_test_ip(network_test_known[i], 0);
		const struct weft_known *known = weft_network_find_known(network, &ip);

		assert_non_null(known);
		assert_int_equal(known->mac.addr_bytes[5], i);
		assert_null(weft_network_find_known(&plain, &ip));
	}
	for (size_t i = 0; i < RTE_DIM(nobody); i++) {
		struct weft_ip ip = network_test_ip(nobody[i], 0);

		assert_null(weft_network_find_known(network, &ip));
	}
	network->facts->n_known = 0;
	assert_null(weft_network_find_known(network, &network->facts->known[0].ip));
	weft_network_destroy(network);
}

static void
test_a_network_knows_the_gateway_of_an_address(void **state)
{
	static const struct {
		const char *ip, *gateway;
	} cases[] = {
		{ "10.0.0.7", "10.0.0.1" },
		{ "10.0.0.1", "10.0.0.1" },
		{ "10.0.1.7", NULL }, /* its subnet has none */
		{ "10.0.2.7", NULL }, /* no subnet */
		{ "2001:db8::7", "2001:db8::1" },
		{ "2001:db8:0:1::7", NULL },
		{ "fe80::1", NULL },
	};
	struct weft_network *network = network_test_network();
	struct weft_network plain = { 0 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct weft_ip ip = network_test_ip(cases[i].ip, 0), gateway;
		const struct weft_ip *found = weft_network_gateway(network, &ip);

		assert_null(weft_network_gateway(&plain, &ip));
		assert_int_equal(found != NULL, cases[i].gateway != NULL);
		if (found == NULL)
			continue;
		gateway = network_test_ip(cases[i].gateway, 0);
		assert_memory_equal(found, &gateway, sizeof(gateway));
	}
	weft_network_destroy(network);
}

/* Each makes the facts differ. */
static void
network_test_change(struct weft_facts *facts, int what)
{
	facts->n_homes -= what == 0;
	facts->n_known -= what == 1;
	facts->n_subnets -= what == 2;
	facts->homes[0].mac.addr_bytes[5] ^= what == 3;
	facts->homes[0].place ^= what == 4;
	facts->known[6].ip.bytes[15] ^= what == 5;
	facts->known[6].mac.addr_bytes[5] ^= what == 6;
	facts->subnets[2].cidr.bytes[7] ^= what == 7;
	facts->subnets[2].cidr.prefix ^= what == 8;
	facts->subnets[2].gateway.bytes[15] ^= what == 9;
	if (what == 10)
		memset(&facts->subnets[2].gateway, 0, sizeof(facts->subnets[2].gateway));
}

static void
test_facts_differ_without_the_network(void **state)
{
	struct weft_network *old = network_test_network(), plain = *old;

	(void)state;
	plain.facts = NULL;
	assert_true(weft_network_has_same_facts(old, old));
	assert_true(weft_network_has_same_facts(&plain, &plain));
	assert_false(weft_network_has_same_facts(old, &plain));
	assert_false(weft_network_has_same_facts(&plain, old));
	for (int what = 0; what <= 10; what++) {
		struct weft_network *new = network_test_network();

		assert_true(weft_network_has_same_facts(old, new));
		network_test_change(new->facts, what);
		assert_false(weft_network_has_same_facts(old, new));
		assert_false(weft_network_has_same_facts(new, old));
		assert_true(weft_network_is_same(old, new));
		assert_true(weft_network_has_same_members(old, new));
		weft_network_destroy(new);
	}
	weft_network_destroy(old);
}

static void
test_the_policy_for_unknown_addresses_is_the_networks(void **state)
{
	struct weft_network *old = network_test_network(), *new = network_test_network();

	(void)state;
	assert_true(weft_network_is_same(old, new));
	new->drops_unknown = true;
	assert_false(weft_network_is_same(old, new));
	assert_true(weft_network_has_same_facts(old, new));
	weft_network_destroy(old);
	weft_network_destroy(new);
	weft_network_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_network_knows_who_has_an_address),
		cmocka_unit_test(test_a_network_knows_the_gateway_of_an_address),
		cmocka_unit_test(test_facts_differ_without_the_network),
		cmocka_unit_test(test_the_policy_for_unknown_addresses_is_the_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
