/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lists of security groups let through, and who has said it.
 */
#include "secgroup_helper.h"

#include <rte_malloc.h>

/* ---- judgements ---- */

static void
policy_test_say_groups(struct secgroup_helper *helper)
{
	memset(helper, 0, sizeof(*helper));
	secgroup_helper_group(helper, "default", "", "egress", "ingress from group default");
	secgroup_helper_group(helper, "web", "", "ingress tcp 443", "ingress tcp 80-88",
			      "ingress ipv4 tcp 22 from 10.0.0.0/8",
			      "ingress ipv6 tcp 22 from 2001:db8::/33");
	secgroup_helper_group(helper, "ping", "", "ingress icmp type 8",
			      "ingress icmp type 3 code 4", "ingress icmpv6 type 128",
			      "egress icmp");
	secgroup_helper_group(helper, "fast", "stateless", "ingress udp 53", "ingress tcp 443",
			      "egress udp");
	secgroup_helper_group(helper, "tunnel", "", "ingress ipv4 gre", "ingress ipv6 protocol 89",
			      "ingress udp 0-65535 from group peers", "egress to group peers");
	secgroup_helper_group(helper, "hosts", "", "ingress ipv4 from 192.0.2.1",
			      "ingress ipv6 from 2001:db8::1", "ingress ipv4 udp from 0.0.0.0/0",
			      "ingress ipv6 udp 7-9 from ::/0");
}

static void
test_packets_are_judged_by_the_rules(void **state)
{
	static const struct {
		const char *groups, *packet, *answer;
	} rows[] = {
		/* Nobody says anything. */
		{ "", "ingress tcp 10.0.0.1 80", "denied" },
		{ "", "egress tcp 10.0.0.1 80", "allowed" },
		{ "web", "egress 99 2001:db8::1", "allowed" },
		{ "web", "ingress udp 10.0.0.1 80", "denied" },
		/* Somebody does, so what nobody lets through stays here. */
		{ "ping", "egress icmp 10.0.0.1 8/0", "allowed by ping 4" },
		{ "ping", "egress tcp 10.0.0.1 80", "denied" },
		{ "ping", "egress icmpv6 2001:db8::1 128/0", "denied" },
		{ "ping default", "egress tcp 10.0.0.1 80", "allowed by default 1" },
		{ "default", "egress tcp 2001:db8::1 80", "allowed by default 1" },
		/* Ports, from the first to the last. */
		{ "web", "ingress tcp 10.0.0.1 79", "denied" },
		{ "web", "ingress tcp 10.0.0.1 80", "allowed by web 2" },
		{ "web", "ingress tcp 2001:db8::1 88", "allowed by web 2" },
		{ "web", "ingress tcp 10.0.0.1 89", "denied" },
		{ "web", "ingress tcp 10.0.0.1 443", "allowed by web 1" },
		/* Prefixes. */
		{ "web", "ingress tcp 10.255.255.255 22", "allowed by web 3" },
		{ "web", "ingress tcp 11.0.0.0 22", "denied" },
		{ "web", "ingress tcp 2001:db8:7fff:ffff::1 22", "allowed by web 4" },
		{ "web", "ingress tcp 2001:db8:8000::1 22", "denied" },
		{ "hosts", "ingress tcp 192.0.2.1 1", "allowed by hosts 1" },
		{ "hosts", "ingress tcp 192.0.2.2 1", "denied" },
		{ "hosts", "ingress 47 2001:db8::1", "allowed by hosts 2" },
		{ "hosts", "ingress tcp 2001:db8::2 1", "denied" },
		{ "hosts", "ingress udp 198.51.100.1 1", "allowed by hosts 3" },
		{ "hosts", "ingress udp 2001:db8::2 8", "allowed by hosts 4" },
		{ "hosts", "ingress udp 2001:db8::2 10", "denied" },
		/* Types and codes. */
		{ "ping", "ingress icmp 10.0.0.1 8/0", "allowed by ping 1" },
		{ "ping", "ingress icmp 10.0.0.1 8/255", "allowed by ping 1" },
		{ "ping", "ingress icmp 10.0.0.1 9/0", "denied" },
		{ "ping", "ingress icmp 10.0.0.1 3/4", "allowed by ping 2" },
		{ "ping", "ingress icmp 10.0.0.1 3/3", "denied" },
		{ "ping", "ingress icmpv6 2001:db8::1 128/0", "allowed by ping 3" },
		{ "ping", "ingress icmp 2001:db8::1 8/0", "denied" },
		/* Protocols. */
		{ "tunnel", "ingress gre 10.0.0.1", "allowed by tunnel 1" },
		{ "tunnel", "ingress gre 2001:db8::1", "denied" },
		{ "tunnel", "ingress 89 2001:db8::1", "allowed by tunnel 2" },
		/* Members: 192.0.2.7 and 2001:db8::7. */
		{ "tunnel", "ingress udp 192.0.2.7 4789", "allowed by tunnel 3" },
		{ "tunnel", "ingress udp 192.0.2.8 4789", "denied" },
		{ "tunnel", "ingress tcp 192.0.2.7 4789", "denied" },
		{ "tunnel", "egress tcp 2001:db8::7 1", "allowed by tunnel 4" },
		{ "tunnel", "egress tcp c000:207:: 1", "denied" },
		{ "default", "ingress tcp 192.0.2.7 1", "denied" },
		/* Several groups; a stateful one before a stateless one, then by name. */
		{ "fast", "ingress tcp 10.0.0.1 443", "stateless by fast 2" },
		{ "fast web", "ingress tcp 10.0.0.1 443", "allowed by web 1" },
		{ "web fast", "ingress udp 10.0.0.1 53", "stateless by fast 1" },
		{ "fast default", "egress udp 10.0.0.1 53", "allowed by default 1" },
		{ "fast tunnel", "egress udp 10.0.0.1 53", "stateless by fast 3" },
		{ "tunnel fast", "egress udp 192.0.2.7 53", "allowed by tunnel 4" },
		{ "web hosts", "ingress tcp 192.0.2.1 80", "allowed by hosts 1" },
		{ "web hosts", "ingress tcp 192.0.2.2 80", "allowed by web 2" },
	};
	struct secgroup_helper helper;
	uint16_t peers = weft_group_hold("peers");

	(void)state;
	secgroup_helper_join(peers, "192.0.2.7");
	secgroup_helper_join(peers, "2001:db8::7");
	policy_test_say_groups(&helper);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct weft_policy *policy = secgroup_helper_policy(&helper, rows[i].groups);
		const char *answer = secgroup_helper_judge(policy, rows[i].packet);

		if (strcmp(answer, rows[i].answer) != 0)
			fail_msg("%s: %s: %s, not %s", rows[i].groups, rows[i].packet, answer,
				 rows[i].answer);
		weft_policy_put(policy);
	}
	weft_group_release(peers);
}

/* Rules that the configuration does not let through, or brings into another form before. */
static void
test_rules_that_need_not_be_understood_are(void **state)
{
	struct secgroup_helper helper = { 0 };
	struct weft_policy *policy;

	(void)state;
	secgroup_helper_group(&helper, "odd", "", "ingress ipv6 from 10.0.0.1", "ingress icmp",
			      "ingress from 10.0.0.0/8", "ingress ipv4 from 10.255.255.255/8",
			      "ingress ipv6 tcp from 0.0.0.0/0");
	policy = secgroup_helper_policy(&helper, "odd");
	assert_string_equal(secgroup_helper_judge(policy, "ingress icmp 192.0.2.1 8/0"),
			    "allowed by odd 2");
	assert_string_equal(secgroup_helper_judge(policy, "ingress icmp 2001:db8::1 8/0"),
			    "denied");
	assert_string_equal(secgroup_helper_judge(policy, "ingress tcp 10.0.0.1 8"),
			    "allowed by odd 3");
	assert_string_equal(secgroup_helper_judge(policy, "ingress tcp a00:1:: 8"), "denied");
	assert_string_equal(secgroup_helper_judge(policy, "ingress tcp 192.0.2.1 8"), "denied");
	assert_string_equal(secgroup_helper_judge(policy, "egress tcp a00:1:: 8"), "allowed");
	weft_policy_put(policy);
}

/* Among the rules of one group the order of the file does not matter, but that of what they say. */
static void
test_the_first_of_equals_has_said_it(void **state)
{
	static const struct {
		const char *rules[3];
		const char *answer; /* to "ingress tcp 10.0.0.1 80" */
	} rows[] = {
		{ { "ingress tcp 80", "ingress" }, "allowed by g 1" }, /* a protocol, then any */
		{ { "ingress", "ingress tcp 80" }, "allowed by g 2" },
		{ { "ingress ipv4", "ingress tcp 80" },
		  "allowed by g 2" }, /* any ethertype, then one */
		{ { "ingress ipv4 from 10.0.0.0/24", "ingress ipv4 from 10.0.0.0/8" },
		  "allowed by g 2" },
		{ { "ingress ipv4 from 10.0.0.1", "ingress ipv4" }, "allowed by g 2" },
		{ { "ingress tcp 80", "ingress tcp 79-81", "ingress tcp 79-80" },
		  "allowed by g 3" },
		{ { "ingress tcp 80", "ingress tcp 80 log", "ingress tcp 80 log" },
		  "allowed by g 2" },
		{ { "ingress tcp 80 from group them", "ingress tcp 80" }, "allowed by g 2" },
		{ { "ingress tcp 80", "ingress tcp 80", "ingress tcp 80" }, "allowed by g 1" },
		{ { "ingress udp", "ingress tcp 80 from group them" }, "allowed by g 2" },
		{ { "ingress tcp from group them", "ingress tcp 80" }, "allowed by g 1" },
	};
	uint16_t them = weft_group_hold("them");

	(void)state;
	secgroup_helper_join(them, "10.0.0.1");
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct secgroup_helper helper = { 0 };
		struct weft_policy *policy;

		secgroup_helper_group(&helper, "g", "", rows[i].rules[0], rows[i].rules[1],
				      rows[i].rules[2]);
		policy = secgroup_helper_policy(&helper, "g");
		assert_string_equal(secgroup_helper_judge(policy, "ingress tcp 10.0.0.1 80"),
				    rows[i].answer);
		weft_policy_put(policy);
	}
	weft_group_release(them);
}

static void
test_members_come_and_go_under_a_policy(void **state)
{
	struct secgroup_helper helper = { 0 };
	struct weft_policy *policy;
	uint16_t web;

	(void)state;
	secgroup_helper_group(&helper, "web", "", "ingress from group web", "ingress tcp 80",
			      "egress");
	policy = secgroup_helper_policy(&helper, "web");
	assert_true(weft_policy_has_sets(policy, WEFT_INGRESS));
	assert_false(weft_policy_has_sets(policy, WEFT_EGRESS));
	web = weft_group_hold("web");
	assert_string_equal(secgroup_helper_judge(policy, "ingress udp 10.0.0.1 7"), "denied");
	secgroup_helper_join(web, "10.0.0.1");
	assert_string_equal(secgroup_helper_judge(policy, "ingress udp 10.0.0.1 7"),
			    "allowed by web 1");
	assert_string_equal(secgroup_helper_judge(policy, "ingress udp 10.0.0.2 7"), "denied");
	assert_string_equal(secgroup_helper_judge(policy, "ingress udp a00:1:: 7"), "denied");
	assert_string_equal(secgroup_helper_judge(policy, "ingress tcp 10.0.0.1 80"),
			    "allowed by web 2");
	secgroup_helper_leave(web, "10.0.0.1");
	assert_string_equal(secgroup_helper_judge(policy, "ingress udp 10.0.0.1 7"), "denied");
	weft_group_release(web);
	weft_policy_put(policy);
}

/* ---- what a list is, as a whole ---- */

static void
test_lists_have_properties(void **state)
{
	static const struct {
		const char *how;
		const char *rules[4];
		bool is_open, logs, persists;
	} rows[] = {
		{ "", { NULL }, false, false, false },
		{ "persist", { "ingress" }, true, false, true },
		{ "stateless", { "egress", "ingress" }, true, false, false },
		{ "", { "ingress ipv4", "ingress ipv6" }, true, false, false },
		{ "",
		  { "ingress ipv4 from 0.0.0.0/0", "ingress ipv6 from ::/0", "egress ipv4",
		    "egress ipv6" },
		  true },
		{ "", { "ingress ipv4" }, false, false, false },
		{ "", { "ingress", "egress ipv6" }, false, false, false },
		{ "", { "egress" }, false, false, false },
		{ "", { "ingress log" }, false, false, false },
		{ "", { "ingress", "ingress tcp 80 log" }, false, false, false },
		{ "", { "ingress", "ingress tcp 80" }, true, false, false },
		{ "log", { "ingress" }, false, true, false },
		{ "log", { "egress tcp 1" }, false, true, false },
		{ "", { "ingress tcp" }, false, false, false },
		{ "", { "ingress from group g" }, false, false, false },
		{ "",
		  { "ingress", "egress ipv4 from 0.0.0.0/1", "egress ipv6" },
		  false,
		  false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct secgroup_helper helper = { 0 };
		struct weft_policy *policy;

		secgroup_helper_group(&helper, "g", rows[i].how, rows[i].rules[0], rows[i].rules[1],
				      rows[i].rules[2], rows[i].rules[3]);
		policy = secgroup_helper_policy(&helper, "g");
		if (weft_policy_is_open(policy) != rows[i].is_open)
			fail_msg("row %zu", i);
		assert_int_equal(weft_policy_logs_drops(policy), rows[i].logs);
		assert_int_equal(weft_policy_persists(policy), rows[i].persists);
		weft_policy_put(policy);
	}
}

static void
test_a_list_is_what_its_groups_are_together(void **state)
{
	struct secgroup_helper helper = { 0 };
	struct weft_policy *policy;

	(void)state;
	secgroup_helper_group(&helper, "four", "log", "ingress ipv4 from group x");
	secgroup_helper_group(&helper, "five", "persist", "ingress ipv4");
	secgroup_helper_group(&helper, "six", "", "ingress ipv6");
	policy = secgroup_helper_policy(&helper, "five six");
	assert_true(weft_policy_is_open(policy));
	assert_true(weft_policy_persists(policy));
	assert_false(weft_policy_logs_drops(policy));
	weft_policy_put(policy);
	policy = secgroup_helper_policy(&helper, "six four five");
	assert_false(weft_policy_is_open(policy)); /* something is logged */
	assert_true(weft_policy_logs_drops(policy));
	assert_true(weft_policy_has_sets(policy, WEFT_INGRESS));
	weft_policy_put(policy);
	policy = secgroup_helper_policy(&helper, "");
	assert_false(weft_policy_is_open(policy));
	weft_policy_put(policy);
	weft_policy_put(NULL);
}

/* ---- sharing ---- */

static void
test_the_same_is_made_once(void **state)
{
	struct secgroup_helper helper, other = { 0 };
	struct weft_policy *policy, *same, *less;

	(void)state;
	policy_test_say_groups(&helper);
	policy = secgroup_helper_policy(&helper, "web ping default");
	same = secgroup_helper_policy(&helper, "ping default web ping");
	assert_ptr_equal(policy, same);
	less = secgroup_helper_policy(&helper, "web ping");
	assert_ptr_not_equal(policy, less);
	assert_int_equal(weft_policy_count(), 2);
	weft_policy_put(same);
	/* Another document, where nothing but the order is different. */
	secgroup_helper_group(&other, "ping", "", "egress icmp", "ingress icmp type 3 code 4",
			      "ingress icmpv6 type 128", "ingress icmp type 8",
			      "ingress icmp type 8");
	secgroup_helper_group(&other, "web", "", "ingress ipv6 tcp 22 from 2001:db8::/33",
			      "ingress tcp 80-88", "ingress ipv4 tcp 22 from 10.0.0.0/8",
			      "ingress tcp 443");
	same = secgroup_helper_policy(&other, "web ping");
	assert_ptr_equal(less, same);
	assert_string_equal(secgroup_helper_judge(less, "ingress tcp 10.0.0.1 443"),
			    "allowed by web 4");
	weft_policy_put(same);
	weft_policy_put(weft_policy_hold(less));
	weft_policy_put(less);
	assert_int_equal(weft_policy_count(), 1);
	weft_policy_put(policy);
}

static void
test_what_differs_is_not_the_same(void **state)
{
	static const struct {
		const char *how;
		const char *rules[2];
	} rows[] = {
		{ "", { "ingress tcp 80", "egress" } },
		{ "stateless", { "ingress tcp 80", "egress" } },
		{ "log", { "ingress tcp 80", "egress" } },
		{ "persist", { "ingress tcp 80", "egress" } },
		{ "", { "ingress tcp 80-81", "egress" } },
		{ "", { "ingress tcp 80", "egress log" } },
		{ "", { "ingress tcp 80", "ingress" } },
		{ "", { "ingress tcp 80 from group a", "egress" } },
		{ "", { "ingress tcp 80 from group b", "egress" } },
		{ "", { "ingress ipv4 tcp 80", "egress" } },
		{ "", { "ingress ipv4 tcp 80 from 10.0.0.0/8", "egress" } },
		{ "", { "ingress tcp 80", NULL } },
		{ "", { "egress", NULL } },
	};
	struct weft_policy *policies[RTE_DIM(rows)];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct secgroup_helper helper = { 0 };

		secgroup_helper_group(&helper, "g", rows[i].how, rows[i].rules[0],
				      rows[i].rules[1]);
		policies[i] = secgroup_helper_policy(&helper, "g");
		assert_int_equal(weft_policy_count(), i + 1);
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(policies[i], policies[j]);
	}
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		weft_policy_put(policies[i]);
}

static const struct weft_rule *
policy_test_rule(const struct weft_policy *policy, const char *packet)
{
	struct weft_ip remote;
	struct weft_question question = secgroup_helper_question(packet, &remote);
	const struct weft_rule *rule;

	weft_policy_judge(policy, &question, &rule);
	return rule;
}

static void
test_hits_outlive_what_is_around_them(void **state)
{
	struct secgroup_helper helper = { 0 };
	struct weft_policy *old, *new;
	const struct weft_rule *rule;

	(void)state;
	secgroup_helper_group(&helper, "g", "", "ingress tcp 80", "ingress tcp 81");
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][0]), 0);
	old = secgroup_helper_policy(&helper, "g");
	rule = policy_test_rule(old, "ingress tcp 10.0.0.1 80");
	assert_string_equal(rule->group, "g");
	weft_rule_hit(rule, 0);
	weft_rule_hit(rule, 1);
	weft_rule_hit(rule, 1);
	weft_rule_hit(policy_test_rule(old, "ingress tcp 10.0.0.1 81"), 0);
	weft_rule_hit(NULL, 0);
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][0]), 3);
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][1]), 1);
	/* One is still there, at another place; the other says something else. */
	secgroup_helper_group(&helper, "g", "", "ingress tcp 82", "egress", "ingress tcp 80");
	new = secgroup_helper_policy(&helper, "g");
	assert_ptr_not_equal(new, old);
	weft_policy_put(old);
	assert_ptr_equal(policy_test_rule(new, "ingress tcp 10.0.0.1 80"), rule);
	assert_int_equal(rule->number, 3);
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][2]), 3);
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][0]), 0);
	weft_policy_put(new);
	assert_int_equal(weft_rule_hits(&helper.groups[0], &helper.rules[0][2]), 0);
}

/* ---- words ---- */

static void
test_rules_are_told_in_words(void **state)
{
	static const char *const rules[] = {
		"ingress",
		"egress",
		"ingress ipv4 tcp 80-443 from 10.0.0.0/8",
		"egress ipv6 udp 53 to 2001:db8::53",
		"ingress icmp type 8 from group web",
		"ingress icmp type 3 code 4",
		"egress icmpv6",
		"ingress tcp 22 from group admins log",
		"egress protocol 47 to group peers",
		"ingress sctp",
		"ingress ipv4 log",
	};
	char text[128], name[32];
	struct weft_conf_rule rule;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rules); i++) {
		rule = secgroup_helper_rule(rules[i], name);
		weft_rule_format(&rule, text, sizeof(text));
		assert_string_equal(text, rules[i]);
	}
	rule = secgroup_helper_rule(rules[2], name);
	weft_rule_format(&rule, text, 17);
	assert_string_equal(text, "ingress ipv4 tcp");
	weft_rule_format(&rule, text, 1);
	assert_string_equal(text, "");
	weft_rule_format(&rule, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		secgroup_helper_test(test_packets_are_judged_by_the_rules),
		secgroup_helper_test(test_rules_that_need_not_be_understood_are),
		secgroup_helper_test(test_the_first_of_equals_has_said_it),
		secgroup_helper_test(test_members_come_and_go_under_a_policy),
		secgroup_helper_test(test_lists_have_properties),
		secgroup_helper_test(test_a_list_is_what_its_groups_are_together),
		secgroup_helper_test(test_the_same_is_made_once),
		secgroup_helper_test(test_what_differs_is_not_the_same),
		secgroup_helper_test(test_hits_outlive_what_is_around_them),
		secgroup_helper_test(test_rules_are_told_in_words),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
