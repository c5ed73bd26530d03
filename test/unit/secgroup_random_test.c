/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random groups and packets, against a loop over all rules that reads them as they are written.
 *
 * WEFT_RULE_SETS: how many documents there are (10000).
 */
#include "secgroup_helper.h"

#include <rte_malloc.h>

#include "dice_helper.h"

#define RANDOM_GROUPS 5
#define RANDOM_RULES_MAX 3000
#define RANDOM_PACKETS 200 /* per document */
#define RANDOM_SETS 3 /* remote groups, called like the first groups */
#define RANDOM_ADDRESSES 24 /* that may be members, per family */

static struct {
	struct dice dice;
	struct weft_conf conf;
	struct weft_conf_group groups[RANDOM_GROUPS];
	struct weft_conf_rule rules[RANDOM_GROUPS][RANDOM_RULES_MAX];
	char *list[8]; /* the names of a port */
	uint32_t n_list;
	uint16_t sets[RANDOM_SETS];
	bool is_in[RANDOM_SETS][2][RANDOM_ADDRESSES];
	uint32_t allowed, stateless, denied, by_set;
} random_test;

static const char *const random_names[RANDOM_GROUPS] = { "c", "a", "e", "b", "d" };

static uint32_t
random_below(uint32_t n)
{
	return dice_below(&random_test.dice, n);
}

/* ---- documents ---- */

/* Few different bits, so that rules overlap and packets meet them. */
static struct weft_ip
random_address(uint8_t family)
{
	struct weft_ip ip = { family, family == AF_INET ? 32 : 128, { 0 } };
	uint32_t a = random_below(RANDOM_ADDRESSES);

	if (family == AF_INET) {
		ip.bytes[0] = a < 20 ? 10 : 192;
		ip.bytes[2] = (uint8_t)(a % 3);
		ip.bytes[3] = (uint8_t)a;
	} else {
		ip.bytes[0] = 0x20;
		ip.bytes[6] = (uint8_t)(a % 3);
		ip.bytes[9] = (uint8_t)(a % 2);
		ip.bytes[15] = (uint8_t)a;
	}
	return ip;
}

static uint16_t
random_port(void)
{
	static const uint16_t often[] = { 0,   1,      22,     80,     255,   256,
					  443, 0x7fff, 0x8000, 0xfffe, 0xffff };

	return random_below(2) ? often[random_below(RTE_DIM(often))] : (uint16_t)random_below(600);
}

static void
random_protocol(struct weft_conf_rule *rule)
{
	static const uint16_t protocols[] = { IPPROTO_TCP,	IPPROTO_UDP,	IPPROTO_TCP,
					      IPPROTO_ICMP,	IPPROTO_ICMPV6, IPPROTO_GRE,
					      WEFT_PROTOCOL_ANY };
	uint16_t a = random_port(),
		 b = random_below(3) ? (uint16_t)(a + random_below(40)) : random_port();

	rule->protocol = protocols[random_below(RTE_DIM(protocols))];
	if (rule->protocol == IPPROTO_ICMP)
		rule->ethertype = WEFT_ETHERTYPE_IPV4;
	if (rule->protocol == IPPROTO_ICMPV6)
		rule->ethertype = WEFT_ETHERTYPE_IPV6;
	if (rule->protocol == IPPROTO_ICMP || rule->protocol == IPPROTO_ICMPV6) {
		rule->has_icmp_type = random_below(3) > 0;
		rule->icmp_type = random_below(4);
		rule->has_icmp_code = rule->has_icmp_type && random_below(2);
		rule->icmp_code = random_below(4);
	} else if (rule->protocol == IPPROTO_TCP || rule->protocol == IPPROTO_UDP) {
		rule->has_ports = random_below(5) > 0;
		rule->ports = (struct weft_conf_range){ RTE_MIN(a, b), RTE_MAX(a, b) };
	}
}

/* @param is_dense  one direction, hardly any sets, so that many rules come together */
static struct weft_conf_rule
random_rule(bool is_dense)
{
	struct weft_conf_rule rule = { .direction = is_dense ? WEFT_INGRESS : random_below(2) };

	rule.log = random_below(6) == 0;
	rule.ethertype = random_below(3);
	random_protocol(&rule);
	if (random_below(is_dense ? 20 : 4) == 0) {
		rule.remote_group = (char *)(uintptr_t)random_names[random_below(RANDOM_SETS)];
	} else if (random_below(is_dense ? 20 : 3) > 0) {
		if (rule.ethertype == WEFT_ETHERTYPE_ANY)
			rule.ethertype = 1 + random_below(2);
		rule.has_remote_ip = true;
		rule.remote_ip =
			random_address(rule.ethertype == WEFT_ETHERTYPE_IPV4 ? AF_INET : AF_INET6);
		if (random_below(2))
			rule.remote_ip.prefix = (uint8_t)random_below(rule.remote_ip.prefix + 1u);
	}
	return rule;
}

static uint32_t
random_count(uint32_t round)
{
	if (round % 3000 == 7)
		return RANDOM_RULES_MAX;
	if (random_below(10) == 0)
		return 30 + random_below(200);
	return random_below(9);
}

static void
random_write(uint32_t round)
{
	random_test.conf.groups = random_test.groups;
	random_test.conf.n_groups = RANDOM_GROUPS;
	for (uint32_t g = 0; g < RANDOM_GROUPS; g++) {
		struct weft_conf_group *group = &random_test.groups[g];

		*group = (struct weft_conf_group){ .name = (char *)(uintptr_t)random_names[g],
						   .stateful = random_below(3) > 0,
						   .log = random_below(8) == 0,
						   .n_rules = random_count(round),
						   .rules = random_test.rules[g] };
		for (uint32_t i = 0; i < group->n_rules; i++)
			group->rules[i] = random_rule(group->n_rules > 20);
	}
	random_test.n_list = random_below(RTE_DIM(random_test.list) + 1);
	for (uint32_t i = 0; i < random_test.n_list; i++)
		random_test.list[i] = random_test.groups[random_below(RANDOM_GROUPS)].name;
}

/* Says the same in another order. */
static void
random_shuffle(void)
{
	for (uint32_t g = 0; g < RANDOM_GROUPS; g++) {
		struct weft_conf_group *group = &random_test.groups[g];

		for (uint32_t i = 1; i < group->n_rules; i++) {
			uint32_t other = random_below(i + 1);
			struct weft_conf_rule rule = group->rules[i];

			group->rules[i] = group->rules[other];
			group->rules[other] = rule;
		}
	}
	for (uint32_t i = 1; i < random_test.n_list; i++) {
		uint32_t other = random_below(i + 1);
		char *name = random_test.list[i];

		random_test.list[i] = random_test.list[other];
		random_test.list[other] = name;
	}
}

/* ---- the loop ---- */

static bool
random_bits_are(const struct weft_ip *prefix, const uint8_t *address)
{
	for (uint32_t bit = 0; bit < prefix->prefix; bit++)
		if ((prefix->bytes[bit / 8] ^ address[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool
random_is_member(const char *name, uint8_t family, const uint8_t *address)
{
	for (uint32_t s = 0; s < RANDOM_SETS; s++)
		if (strcmp(random_names[s], name) == 0)
			return random_test
				.is_in[s][family == AF_INET6][address[family == AF_INET ? 3 : 15]];
	return false;
}

static bool
random_matches(const struct weft_conf_rule *rule, const struct weft_question *packet)
{
	uint16_t port = ntohs(packet->port);

	if (rule->direction != packet->direction ||
	    (rule->ethertype == WEFT_ETHERTYPE_IPV4 && packet->family != AF_INET) ||
	    (rule->ethertype == WEFT_ETHERTYPE_IPV6 && packet->family != AF_INET6) ||
	    (rule->protocol != WEFT_PROTOCOL_ANY && rule->protocol != packet->protocol))
		return false;
	if (rule->has_ports && (port < rule->ports.first || port > rule->ports.last))
		return false;
	if ((rule->has_icmp_type && port >> 8 != rule->icmp_type) ||
	    (rule->has_icmp_code && (port & 0xff) != rule->icmp_code))
		return false;
	if (rule->has_remote_ip && !random_bits_are(&rule->remote_ip, packet->remote))
		return false;
	return rule->remote_group == NULL ||
	       random_is_member(rule->remote_group, packet->family, packet->remote);
}

/* What of two rules of a group decides, most important first. Bits behind a prefix do not count, nor does
 * a prefix that says nothing. */
static void
random_weigh(const struct weft_conf_group *group, const struct weft_conf_rule *rule,
	     uint32_t *weights)
{
	bool has_ip = rule->has_remote_ip && rule->remote_ip.prefix > 0;

	memset(weights, 0, 32 * sizeof(*weights));
	weights[0] = rule->ethertype;
	weights[1] = rule->protocol;
	weights[2] = has_ip;
	for (uint32_t i = 0; i < 16 && has_ip; i++)
		for (uint32_t bit = i * 8; bit < i * 8 + 8 && bit < rule->remote_ip.prefix; bit++)
			weights[3 + i] |= rule->remote_ip.bytes[i] & (0x80 >> bit % 8);
	weights[19] = has_ip ? rule->remote_ip.prefix : 0;
	weights[20] = rule->has_ports ? 1 : rule->has_icmp_type ? 2 + rule->has_icmp_code : 0;
	if (rule->has_ports) {
		weights[21] = rule->ports.first;
		weights[22] = rule->ports.last;
	} else if (rule->has_icmp_type) {
		weights[21] = rule->icmp_type;
		weights[22] = rule->has_icmp_code ? rule->icmp_code : 0;
	}
	weights[23] = !rule->log && !group->log;
	weights[24] = rule->remote_group == NULL ? 0 : (uint32_t)rule->remote_group[0];
}

static bool
random_is_before(const struct weft_conf_group *group, const struct weft_conf_rule *rule,
		 const struct weft_conf_rule *other)
{
	uint32_t mine[32], its[32];

	random_weigh(group, rule, mine);
	random_weigh(group, other, its);
	for (uint32_t i = 0; i < RTE_DIM(mine); i++)
		if (mine[i] != its[i])
			return mine[i] < its[i];
	return false;
}

struct random_answer {
	enum weft_verdict verdict;
	const struct weft_conf_group *group;
	const struct weft_conf_rule *rule; /* NULL: nobody's */
};

static const struct weft_conf_rule *
random_first_of(const struct weft_conf_group *group, const struct weft_question *packet)
{
	const struct weft_conf_rule *first = NULL;

	for (uint32_t i = 0; i < group->n_rules; i++)
		if (random_matches(&group->rules[i], packet) &&
		    (first == NULL || random_is_before(group, &group->rules[i], first)))
			first = &group->rules[i];
	return first;
}

static const struct weft_conf_group *
random_group(const char *name)
{
	for (uint32_t g = 0; g < RANDOM_GROUPS; g++)
		if (strcmp(random_names[g], name) == 0)
			return &random_test.groups[g];
	return NULL;
}

static struct random_answer
random_judge(const struct weft_question *packet)
{
	struct random_answer best = { WEFT_DENIED, NULL, NULL };
	bool is_said = false;

	for (uint32_t i = 0; i < random_test.n_list; i++) {
		const struct weft_conf_group *group = random_group(random_test.list[i]);
		const struct weft_conf_rule *rule = random_first_of(group, packet);

		for (uint32_t r = 0; r < group->n_rules; r++)
			is_said |= group->rules[r].direction == packet->direction;
		if (rule == NULL ||
		    (best.rule != NULL && best.group->stateful && !group->stateful) ||
		    (best.rule != NULL && best.group->stateful == group->stateful &&
		     strcmp(best.group->name, group->name) <= 0))
			continue;
		best = (struct random_answer){ group->stateful ? WEFT_ALLOWED :
								 WEFT_ALLOWED_STATELESS,
					       group, rule };
	}
	if (!is_said && packet->direction == WEFT_EGRESS)
		best.verdict = WEFT_ALLOWED;
	return best;
}

/* ---- comparing ---- */

static void
random_compare(const struct weft_policy *policy)
{
	static const uint8_t protocols[] = { IPPROTO_TCP,    IPPROTO_UDP, IPPROTO_ICMP,
					     IPPROTO_ICMPV6, IPPROTO_GRE, 0 };
	struct weft_ip remote = random_address(random_below(2) ? AF_INET : AF_INET6);
	struct weft_question packet = { random_below(2), remote.family, protocols[random_below(6)],
					remote.bytes, 0 };
	bool is_icmp = packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6;
	const struct weft_rule *rule;
	struct random_answer answer;
	enum weft_verdict verdict;

	packet.port =
		htons(is_icmp ? (uint16_t)(random_below(5) << 8 | random_below(5)) : random_port());
	verdict = weft_policy_judge(policy, &packet, &rule);
	answer = random_judge(&packet);
	assert_int_equal(verdict, answer.verdict);
	assert_int_equal(rule == NULL, answer.rule == NULL);
	random_test.denied += verdict == WEFT_DENIED;
	random_test.stateless += verdict == WEFT_ALLOWED_STATELESS;
	random_test.allowed += verdict == WEFT_ALLOWED;
	if (rule == NULL)
		return;
	assert_string_equal(rule->group, answer.group->name);
	assert_int_equal(rule->number, answer.rule - answer.group->rules + 1);
	assert_int_equal(rule->is_stateful, answer.group->stateful);
	assert_int_equal(rule->is_logged, answer.group->log || answer.rule->log);
	assert_int_equal(rule->says.protocol, answer.rule->protocol);
	if (rule->says.remote_group != NULL) {
		random_test.by_set++;
		assert_true(weft_policy_has_sets(policy, packet.direction));
	}
	assert_false(weft_policy_is_open(policy) && (verdict == WEFT_DENIED || rule->is_logged));
}

static void
random_move_members(void)
{
	for (int i = 0; i < 4; i++) {
		uint32_t s = random_below(RANDOM_SETS);
		struct weft_ip ip = random_address(random_below(2) ? AF_INET : AF_INET6);
		bool *is_in = &random_test.is_in[s][ip.family == AF_INET6]
						[ip.bytes[ip.family == AF_INET ? 3 : 15]];

		if (*is_in)
			weft_member_del(random_test.sets[s], ip.family, ip.bytes);
		else
			assert_int_equal(weft_member_add(random_test.sets[s], ip.family, ip.bytes),
					 0);
		*is_in = !*is_in;
	}
}

static void
random_play(uint32_t round)
{
	struct weft_policy *policy, *same;

	random_write(round);
	policy = weft_policy_get(&random_test.conf, random_test.list, random_test.n_list);
	assert_non_null(policy);
	for (uint32_t i = 0; i < RANDOM_PACKETS / 2; i++)
		random_compare(policy);
	random_shuffle();
	random_move_members();
	same = weft_policy_get(&random_test.conf, random_test.list, random_test.n_list);
	assert_ptr_equal(same, policy);
	for (uint32_t i = 0; i < RANDOM_PACKETS / 2; i++)
		random_compare(policy);
	weft_policy_put(same);
	weft_policy_put(policy);
}

static size_t
random_heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

static void
test_policies_judge_like_a_loop_over_their_rules(void **state)
{
	const char *wanted = getenv("WEFT_RULE_SETS");
	uint32_t rounds = wanted == NULL ? 10000 : (uint32_t)atoi(wanted);
	size_t before = random_heap_bytes();

	(void)state;
	random_test.dice.state = 11;
	for (uint32_t s = 0; s < RANDOM_SETS; s++)
		random_test.sets[s] = weft_group_hold(random_names[s]);
	for (uint32_t round = 0; round < rounds; round++)
		random_play(round);
	print_message("allowed %u, stateless %u, denied %u; by a set %u\n", random_test.allowed,
		      random_test.stateless, random_test.denied, random_test.by_set);
	assert_int_equal(random_heap_bytes(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		secgroup_helper_test(test_policies_judge_like_a_loop_over_their_rules),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
