/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What security groups cost: time, memory, cycles. Figures are printed; what is asserted has room to spare,
 * but for answers and memory, which are exact.
 */
#include "secgroup_helper.h"

#include <errno.h>

#include <rte_cycles.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "dice_helper.h"

#define SCALE_RULES_MAX 10000
#define SCALE_LISTS_MAX 500
#define SCALE_PORTS 1000
#define SCALE_MEMBERS 10000
#define SCALE_PACKETS 1024

/* Rules of a group: prefixes and ports, of both families. */
static struct weft_conf_rule scale_rules[SCALE_RULES_MAX];
static struct weft_policy *scale_policies[SCALE_PORTS];

static int
scale_start(void **state)
{
	(void)state;
	return weft_members_create(SCALE_MEMBERS + 10) == 0 && weft_policy_init(4) == 0 ? 0 : -1;
}

static double
scale_ms_since(uint64_t tsc)
{
	return (double)(rte_rdtsc() - tsc) * 1000 / (double)rte_get_tsc_hz();
}

static size_t
scale_heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

/* A host or a network, and some ports there. */
static struct weft_conf_rule
scale_rule(struct dice *dice, uint8_t family)
{
	struct weft_conf_rule rule = { .direction = WEFT_INGRESS,
				       .ethertype = family == AF_INET ? WEFT_ETHERTYPE_IPV4 :
									WEFT_ETHERTYPE_IPV6,
				       .protocol = dice_below(dice, 4) ? IPPROTO_TCP : IPPROTO_UDP,
				       .has_ports = true,
				       .has_remote_ip = true };
	uint16_t port = (uint16_t)dice_below(dice, 60000);
	uint8_t host = family == AF_INET ? 32 : 128;

	rule.ports = (struct weft_conf_range){ port, port };
	if (dice_once_in(dice, 4))
		rule.ports.last = (uint16_t)(port + dice_below(dice, 5000));
	rule.remote_ip.family = family;
	rule.remote_ip.prefix =
		dice_once_in(dice, 4) ? (uint8_t)(host / 2 + dice_below(dice, host / 2)) : host;
	dice_fill(dice, rule.remote_ip.bytes, host / 8);
	rule.remote_ip.bytes[0] = family == AF_INET ? 10 : 0x20;
	return rule;
}

static struct weft_conf_group
scale_group(const char *name, uint32_t seed, uint32_t n, uint8_t family)
{
	struct dice dice = { seed };

	for (uint32_t i = 0; i < n; i++)
		scale_rules[i] = scale_rule(&dice, family != 0 ? family :
						   i % 2       ? AF_INET :
								 AF_INET6);
	return (struct weft_conf_group){ .name = (char *)(uintptr_t)name,
					 .stateful = true,
					 .rules = scale_rules,
					 .n_rules = n };
}

static struct weft_policy *
scale_policy(struct weft_conf_group *group)
{
	struct weft_conf conf = { .groups = group, .n_groups = 1 };

	return weft_policy_get(&conf, &group->name, 1);
}

static void
scale_address(uint32_t i, uint8_t *address)
{
	memset(address, 0, 16);
	address[0] = 10;
	memcpy(&address[1], &i, 3);
}

/* ---- a thousand ports ---- */

static void
test_a_thousand_ports_with_one_list(void **state)
{
	struct weft_conf_group group = scale_group("web", 1, 500, 0);
	uint16_t web = weft_group_hold("web");
	uint8_t address[16];
	size_t bytes;
	uint64_t tsc;
	double ms;

	(void)state;
	scale_rules[7] = (struct weft_conf_rule){ .direction = WEFT_INGRESS,
						  .protocol = WEFT_PROTOCOL_ANY,
						  .remote_group = group.name };
	for (uint32_t i = 0; i < SCALE_MEMBERS; i++) {
		scale_address(i, address);
		assert_int_equal(weft_member_add(web, AF_INET, address), 0);
	}
	tsc = rte_rdtsc();
	scale_policies[0] = scale_policy(&group);
	ms = scale_ms_since(tsc);
	bytes = weft_policy_bytes();
	tsc = rte_rdtsc();
	for (uint32_t i = 1; i < SCALE_PORTS; i++)
		scale_policies[i] = scale_policy(&group);
	print_message(
		"a list of 500 rules: %.1f ms, %zu bytes; %u ports with it: %.1f ms, no bytes\n",
		ms, bytes, SCALE_PORTS - 1, scale_ms_since(tsc));
	assert_true(scale_ms_since(tsc) < 1000);
	assert_int_equal(weft_policy_count(), 1);
	assert_int_equal(weft_policy_bytes(), bytes);
	scale_address(SCALE_MEMBERS, address);
	tsc = rte_rdtsc();
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(weft_member_add(web, AF_INET, address), 0);
		weft_member_del(web, AF_INET, address);
	}
	print_message("a member that comes or goes: %.2f us\n", scale_ms_since(tsc) / 2);
	for (uint32_t i = 0; i < SCALE_PORTS; i++)
		weft_policy_put(scale_policies[i]);
	weft_group_release(web);
}

/* ---- many lists ---- */

static void
scale_make_lists(uint32_t n_lists, uint32_t n_rules, uint8_t family)
{
	size_t heap = scale_heap_bytes();
	double ms = 0;
	char name[32];

	for (uint32_t i = 0; i < n_lists; i++) {
		struct weft_conf_group group;
		uint64_t tsc;

		snprintf(name, sizeof(name), "group-%u", i);
		group = scale_group(name, i, n_rules, family);
		tsc = rte_rdtsc();
		scale_policies[i] = scale_policy(&group);
		ms += scale_ms_since(tsc);
		assert_non_null(scale_policies[i]);
	}
	print_message("%u lists of %u rules (%s): each %.3f ms, %zu bytes, %zu of them EAL's\n",
		      n_lists, n_rules,
		      family == 0	? "both families" :
		      family == AF_INET ? "IPv4" :
					  "IPv6",
		      ms / n_lists, weft_policy_bytes() / n_lists,
		      (scale_heap_bytes() - heap) / n_lists);
	for (uint32_t i = 0; i < n_lists; i++)
		weft_policy_put(scale_policies[i]);
	assert_int_equal(weft_policy_bytes(), 0);
	assert_int_equal(scale_heap_bytes(), heap);
}

static void
test_many_lists_that_differ(void **state)
{
	(void)state;
	scale_make_lists(SCALE_LISTS_MAX, 10, 0);
	scale_make_lists(SCALE_LISTS_MAX, 50, 0);
	scale_make_lists(20, 500, 0);
	scale_make_lists(20, 500, AF_INET);
	scale_make_lists(1, SCALE_RULES_MAX, AF_INET);
	scale_make_lists(1, SCALE_RULES_MAX, AF_INET6);
}

/* Whatever does not fit, be it at the beginning or at the end: nothing is left over. */
static void
test_what_does_not_fit_is_refused(void **state)
{
	struct weft_conf_group small = scale_group("small", 1, 10, 0);
	struct weft_policy *policy = scale_policy(&small), *other;
	uint32_t refused = 0;
	size_t bytes = weft_policy_bytes(), block = 64 << 20, n = 0, heap;
	void *blocks[4096];
	struct weft_conf_group large;

	(void)state;
	while (block >= 64 << 10) {
		void *memory = rte_malloc(NULL, block, 0);

		if (memory == NULL)
			block /= 2;
		else
			blocks[n++] = memory;
		assert_true(n < RTE_DIM(blocks));
	}
	large = scale_group("large", 2, 2000, 0);
	rte_log_set_level_pattern("*acl*", RTE_LOG_EMERG);
	for (heap = scale_heap_bytes(); (other = scale_policy(&large)) == NULL;
	     heap = scale_heap_bytes()) {
		assert_int_equal(weft_policy_bytes(), bytes);
		assert_int_equal(weft_policy_count(), 1);
		assert_int_equal(scale_heap_bytes(), heap);
		refused++;
		rte_free(blocks[--n]);
	}
	assert_true(refused > 3);
	weft_policy_put(other);
	while (n > 0)
		rte_free(blocks[--n]);
	weft_policy_put(policy);
}

/* ---- judging ---- */

/* One in two packets matches a rule. */
static uint32_t
scale_ask(struct weft_policy *policy, uint32_t n_rules, uint8_t family, uint64_t *cycles)
{
	static uint8_t remotes[SCALE_PACKETS][16];
	static struct weft_question packets[SCALE_PACKETS];
	struct dice dice = { 5 };
	uint32_t allowed = 0;
	uint64_t tsc;

	for (uint32_t i = 0; i < SCALE_PACKETS; i++) {
		const struct weft_conf_rule *rule = &scale_rules[dice_below(&dice, n_rules)];

		memcpy(remotes[i], rule->remote_ip.bytes, sizeof(remotes[i]));
		packets[i] = (struct weft_question){ WEFT_INGRESS, family, (uint8_t)rule->protocol,
						     remotes[i], htons(rule->ports.last) };
		remotes[i][1] ^= i % 2;
	}
	tsc = rte_rdtsc();
	for (uint32_t i = 0; i < 50 * SCALE_PACKETS; i++) {
		const struct weft_rule *rule;

		allowed += weft_policy_judge(policy, &packets[i % SCALE_PACKETS], &rule) ==
			   WEFT_ALLOWED;
	}
	*cycles = (rte_rdtsc() - tsc) / (50 * SCALE_PACKETS);
	return allowed;
}

static void
test_judging_takes_some_cycles(void **state)
{
	static const uint32_t counts[] = { 1, 10, 32, 64, 65, 100, 1000, 10000 };
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (uint32_t f = 0; f < RTE_DIM(families); f++)
		for (uint32_t i = 0; i < RTE_DIM(counts); i++) {
			struct weft_conf_group group =
				scale_group("web", i, counts[i], families[f]);
			struct weft_policy *policy = scale_policy(&group);
			uint64_t cycles;

			assert_true(scale_ask(policy, counts[i], families[f], &cycles) >=
				    50 * SCALE_PACKETS / 2);
			print_message("%u rules of %s: %u cycles\n", counts[i],
				      families[f] == AF_INET ? "IPv4" : "IPv6", (uint32_t)cycles);
			weft_policy_put(policy);
		}
}

static void
test_asking_sets_takes_some_cycles(void **state)
{
	static char names[20][8];
	struct weft_policy *policy;
	struct weft_conf_group group = { .name = names[0], .stateful = true, .rules = scale_rules };
	uint8_t address[16];
	uint64_t cycles;

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(names); i++) {
		uint16_t number;

		snprintf(names[i], sizeof(names[i]), "%u", i);
		number = weft_group_hold(names[i]);
		for (uint32_t m = 0; m < 500; m++) {
			scale_address(m, address);
			assert_int_equal(weft_member_add(number, AF_INET, address), 0);
		}
		weft_group_release(number);
	}
	for (uint32_t n = 1; n <= RTE_DIM(names); n = n == 1 ? 4 : n * 5) {
		scale_group("", 1, n, AF_INET);
		for (uint32_t i = 0; i < n; i++) {
			scale_rules[i].has_remote_ip = false;
			scale_rules[i].remote_group = names[i];
		}
		group.n_rules = n;
		policy = scale_policy(&group);
		scale_ask(policy, n, AF_INET, &cycles);
		print_message("%u rules with remote groups: %u cycles\n", n, (uint32_t)cycles);
		weft_policy_put(policy);
	}
}

#define scale_test(f) cmocka_unit_test_setup_teardown(f, scale_start, secgroup_helper_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scale_test(test_a_thousand_ports_with_one_list),
		scale_test(test_many_lists_that_differ),
		scale_test(test_what_does_not_fit_is_refused),
		scale_test(test_judging_takes_some_cycles),
		scale_test(test_asking_sets_takes_some_cycles),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
