/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Security groups in words, so that tests can be read: rules as weft_rule_format() writes them, packets as
 * "ingress tcp 10.0.0.1 80" or "egress icmp 10.0.0.1 8/0", and answers as "allowed by web 1".
 */
#ifndef TEST_UNIT_SECGROUP_HELPER_H
#define TEST_UNIT_SECGROUP_HELPER_H

#include "eal_helper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "core/gen.h"
#include "secgroup/members.h"
#include "secgroup/policy.h"

#define SECGROUP_HELPER_GROUPS 8
#define SECGROUP_HELPER_RULES 32
#define SECGROUP_HELPER_WORDS 16

/* A document with nothing but groups. */
struct secgroup_helper {
	struct weft_conf conf;
	struct weft_conf_group groups[SECGROUP_HELPER_GROUPS];
	struct weft_conf_rule rules[SECGROUP_HELPER_GROUPS][SECGROUP_HELPER_RULES];
	char names[SECGROUP_HELPER_GROUPS][SECGROUP_HELPER_RULES][32]; /* of remote groups */
};

static const struct {
	const char *name;
	uint16_t protocol;
} secgroup_helper_protocols[] = {
	{ "tcp", IPPROTO_TCP },	      { "udp", IPPROTO_UDP },	{ "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP }, { "gre", IPPROTO_GRE },
};

/* @return whether it is one; a number is, behind "protocol" */
static inline bool
secgroup_helper_protocol(const char *word, uint16_t *protocol)
{
	for (size_t i = 0; i < RTE_DIM(secgroup_helper_protocols); i++)
		if (strcmp(word, secgroup_helper_protocols[i].name) == 0) {
			*protocol = secgroup_helper_protocols[i].protocol;
			return true;
		}
	return false;
}

static inline struct weft_ip
secgroup_helper_ip(const char *text)
{
	bool is_ipv6 = strchr(text, ':') != NULL;
	struct weft_ip ip = { is_ipv6 ? AF_INET6 : AF_INET, is_ipv6 ? 128 : 32, { 0 } };
	char address[INET6_ADDRSTRLEN];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	assert_int_equal(inet_pton(ip.family, address, ip.bytes), 1);
	if (strchr(text, '/') != NULL)
		ip.prefix = (uint8_t)atoi(strchr(text, '/') + 1);
	return ip;
}

/* A word, and what may stand behind it. @return how many words that were */
static inline int
secgroup_helper_word(struct weft_conf_rule *rule, char **words, char *name)
{
	uint16_t first, last;

	if (strcmp(words[0], "ipv4") == 0 || strcmp(words[0], "ipv6") == 0)
		rule->ethertype = words[0][3] == '4' ? WEFT_ETHERTYPE_IPV4 : WEFT_ETHERTYPE_IPV6;
	else if (strcmp(words[0], "log") == 0)
		rule->log = true;
	else if (sscanf(words[0], "%hu-%hu", &first, &last) == 2) {
		rule->has_ports = true;
		rule->ports = (struct weft_conf_range){ first, last };
	} else if (sscanf(words[0], "%hu", &first) == 1) {
		rule->has_ports = true;
		rule->ports = (struct weft_conf_range){ first, first };
	} else if (!secgroup_helper_protocol(words[0], &rule->protocol)) {
		if (strcmp(words[0], "protocol") == 0)
			rule->protocol = (uint16_t)atoi(words[1]);
		else if (strcmp(words[0], "type") == 0) {
			rule->has_icmp_type = true;
			rule->icmp_type = (uint32_t)atoi(words[1]);
		} else if (strcmp(words[0], "code") == 0) {
			rule->has_icmp_code = true;
			rule->icmp_code = (uint32_t)atoi(words[1]);
		} else if (strcmp(words[1], "group") == 0) { /* from, to */
			rule->remote_group = strcpy(name, words[2]);
			return 3;
		} else {
			rule->has_remote_ip = true;
			rule->remote_ip = secgroup_helper_ip(words[1]);
		}
		return 2;
	}
	return 1;
}

static inline int
secgroup_helper_split(const char *text, char *copy, size_t size, char **words)
{
	char *rest = NULL;
	int n = 0;

	snprintf(copy, size, "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	return n;
}

/* @param name  where the name of a remote group is put */
static inline struct weft_conf_rule
secgroup_helper_rule(const char *text, char *name)
{
	struct weft_conf_rule rule = { .protocol = WEFT_PROTOCOL_ANY };
	char copy[256], *words[SECGROUP_HELPER_WORDS] = { NULL };
	int n = secgroup_helper_split(text, copy, sizeof(copy), words);

	rule.direction = words[0][0] == 'i' ? WEFT_INGRESS : WEFT_EGRESS;
	for (int i = 1; i < n;)
		i += secgroup_helper_word(&rule, &words[i], name);
	return rule;
}

/* Adds a group, or says anew what it has. @param how  any of the words "stateless log persist".
 * @param rules  up to a NULL */
static inline void
secgroup_helper_say(struct secgroup_helper *helper, const char *name, const char *how,
		    const char *const *rules)
{
	uint32_t g = 0;

	while (g < helper->conf.n_groups && strcmp(helper->groups[g].name, name) != 0)
		g++;
	helper->conf.groups = helper->groups;
	helper->conf.n_groups = RTE_MAX(helper->conf.n_groups, g + 1);
	helper->groups[g] = (struct weft_conf_group){
		.name = (char *)(uintptr_t)name,
		.stateful = strstr(how, "stateless") == NULL,
		.on_change = strstr(how, "persist") == NULL ? WEFT_ON_CHANGE_CUT :
							      WEFT_ON_CHANGE_PERSIST,
		.log = strstr(how, "log") != NULL,
		.rules = helper->rules[g],
	};
	for (uint32_t i = 0; rules[i] != NULL; i++) {
		helper->rules[g][i] = secgroup_helper_rule(rules[i], helper->names[g][i]);
		helper->groups[g].n_rules++;
	}
}

#define secgroup_helper_group(helper, name, how, ...)                                              \
	secgroup_helper_say(helper, name, how, (const char *const[]){ __VA_ARGS__, NULL })

/* @param list  names, with blanks between them; "" for an empty list */
static inline struct weft_policy *
secgroup_helper_policy(const struct secgroup_helper *helper, const char *list)
{
	char copy[256], *names[SECGROUP_HELPER_WORDS] = { NULL };
	int n = secgroup_helper_split(list, copy, sizeof(copy), names);

	return weft_policy_get(&helper->conf, names, (uint32_t)n);
}

static inline struct weft_question
secgroup_helper_question(const char *text, struct weft_ip *remote)
{
	char copy[256], *words[SECGROUP_HELPER_WORDS] = { NULL };
	int n = secgroup_helper_split(text, copy, sizeof(copy), words), type, code;
	uint16_t protocol = 0, port = 0;

	if (!secgroup_helper_protocol(words[1], &protocol))
		protocol = (uint16_t)atoi(words[1]);
	*remote = secgroup_helper_ip(words[2]);
	if (n > 3 && sscanf(words[3], "%d/%d", &type, &code) == 2)
		port = (uint16_t)(type << 8 | code);
	else if (n > 3)
		port = (uint16_t)atoi(words[3]);
	return (struct weft_question){
		.direction = words[0][0] == 'i' ? WEFT_INGRESS : WEFT_EGRESS,
		.family = remote->family,
		.protocol = (uint8_t)protocol,
		.remote = remote->bytes,
		.port = htons(port),
	};
}

/* "denied", "allowed" or "stateless", and who said so. */
static inline const char *
secgroup_helper_judge(const struct weft_policy *policy, const char *packet)
{
	static const char *const verdicts[] = { "denied", "stateless", "allowed" };
	static char answer[128];
	const struct weft_rule *rule;
	struct weft_ip remote;
	struct weft_question question = secgroup_helper_question(packet, &remote);
	enum weft_verdict verdict = weft_policy_judge(policy, &question, &rule);

	if (rule == NULL)
		return verdicts[verdict];
	assert_int_equal(verdict, rule->is_stateful ? WEFT_ALLOWED : WEFT_ALLOWED_STATELESS);
	snprintf(answer, sizeof(answer), "%s by %s %u", verdicts[verdict], rule->group,
		 rule->number);
	return answer;
}

static inline void
secgroup_helper_join(uint16_t group, const char *address)
{
	struct weft_ip ip = secgroup_helper_ip(address);

	assert_int_equal(weft_member_add(group, ip.family, ip.bytes), 0);
}

static inline void
secgroup_helper_leave(uint16_t group, const char *address)
{
	struct weft_ip ip = secgroup_helper_ip(address);

	weft_member_del(group, ip.family, ip.bytes);
}

/* The setup and teardown of a test. */
static inline int
secgroup_helper_start(void **state)
{
	(void)state;
	return weft_members_create(1024) == 0 && weft_policy_init(2) == 0 ? 0 : -1;
}

static inline int
secgroup_helper_stop(void **state)
{
	(void)state;
	assert_int_equal(weft_policy_count(), 0);
	assert_int_equal(weft_policy_bytes(), 0);
	weft_policy_fini();
	weft_members_destroy();
	return 0;
}

#define secgroup_helper_test(f)                                                                    \
	cmocka_unit_test_setup_teardown(f, secgroup_helper_start, secgroup_helper_stop)

#endif
