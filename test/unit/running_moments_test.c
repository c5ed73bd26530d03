/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Documents follow each other while somebody judges packets all the time, as a worker does: what he
 * says is what the old document says or what the new one does, and never a third thing.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "eal_helper.h"

#include <netinet/in.h>

#include "running_helper.h"

#define MOMENTS_FILL 400 /* members that take a while to join and leave */
#define MOMENTS_CHANGES 300

static bool moments_stop; /* [A] */
static uint32_t moments_rounds; /* [A] */

static int
moments_start(void **state)
{
	moments_stop = false;
	moments_rounds = 0;
	return running_helper_start(state);
}

static struct weft_ip
moments_ip(uint8_t number)
{
	return (struct weft_ip){ AF_INET, 32, { 10, 0, 0, number } };
}

static uint16_t
moments_find(const char *name)
{
	return (uint16_t)weft_topology_find_port(weft_topology, name);
}

/* @return the rule of a port that lets a TCP packet pass, or NULL */
static const struct weft_rule *
moments_ask(const struct weft_topology *topology, uint16_t port, enum weft_direction direction,
	    uint8_t remote, uint16_t number)
{
	struct weft_ip ip = moments_ip(remote);
	struct weft_question question = { direction, AF_INET, IPPROTO_TCP, ip.bytes,
					  rte_cpu_to_be_16(number) };
	const struct weft_rule *rule;

	weft_policy_judge(topology->attachments[port]->policy, &question, &rule);
	return rule;
}

struct moments_judge {
	/* @return whether what is said is impossible */
	bool (*is_wrong)(const struct weft_topology *topology, uint16_t sender, uint16_t receiver);
	uint16_t sender, receiver;
	uint32_t wrong;
};

static void *
moments_work(void *context)
{
	struct moments_judge *judge = context;

	weft_rcu_register(0);
	weft_rcu_online(0);
	while (!__atomic_load_n(&moments_stop, __ATOMIC_ACQUIRE)) {
		judge->wrong += judge->is_wrong(weft_rcu_load(weft_topology), judge->sender,
						judge->receiver);
		__atomic_fetch_add(&moments_rounds, 1, __ATOMIC_RELAXED);
		weft_rcu_quiescent(0);
	}
	weft_rcu_offline(0);
	weft_rcu_unregister(0);
	return NULL;
}

/* A document: two ports, and what they are in. */
static char *
moments_write(const char *sender, const char *receiver, const char *groups, const char *last)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	fprintf(out,
		"networks: [{name: n, type: local}]\n"
		"ports:\n"
		"  - {name: a, network: n, vhost-user: /s/a, security-groups: [%s]}\n"
		"  - {name: b, network: n, vhost-user: /s/b, security-groups: [%s]}\n"
		"security-groups:\n%s",
		sender, receiver, groups);
	for (uint32_t i = 0; i < MOMENTS_FILL; i++)
		fprintf(out, "%s%s.%u.%u", i == 0 ? "" : ", ", last, i / 250, 1 + i % 250);
	fprintf(out, "]}\n");
	fclose(out);
	return text;
}

/* From one to the other and back, many times, beside somebody who judges. */
static uint32_t
moments_alternate(char *one, char *other,
		  bool (*is_wrong)(const struct weft_topology *topology, uint16_t sender,
				   uint16_t receiver))
{
	struct moments_judge judge = { .is_wrong = is_wrong };
	pthread_t thread;

	running_helper_apply(one);
	judge.sender = moments_find("a");
	judge.receiver = moments_find("b");
	assert_int_equal(pthread_create(&thread, NULL, moments_work, &judge), 0);
	while (__atomic_load_n(&moments_rounds, __ATOMIC_RELAXED) == 0)
		sched_yield();
	for (uint32_t i = 0; i < MOMENTS_CHANGES; i++)
		running_helper_apply(i % 2 == 0 ? other : one);
	__atomic_store_n(&moments_stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_true(moments_rounds > MOMENTS_CHANGES);
	free(one);
	free(other);
	return judge.wrong;
}

/* By neither of the two documents may 10.0.0.2 do anything but TCP 22. */
static bool
moments_is_door_wrong(const struct weft_topology *topology, uint16_t sender, uint16_t receiver)
{
	(void)sender;
	return moments_ask(topology, receiver, WEFT_INGRESS, 2, 80) != NULL;
}

static void
test_no_new_member_meets_the_old_rules_nor_an_old_one_the_new(void **state)
{
	char *one = moments_write("", "web",
				  "  - {name: web, rules: [{direction: ingress, protocol: tcp,\n"
				  "     remote-group: g}]}\n"
				  "  - {name: g, members: [10.0.0.1, ",
				  "10.1");
	char *other = moments_write("", "web",
				    "  - {name: web, rules: [{direction: ingress, protocol: tcp,\n"
				    "     ports: 22, remote-group: g}]}\n"
				    "  - {name: g, members: [10.0.0.2, ",
				    "10.2");

	(void)state;
	assert_int_equal(moments_alternate(one, other, moments_is_door_wrong), 0);
	assert_int_equal(weft_members_count(), MOMENTS_FILL + 1);
}

/* b is 10.0.0.2. The sender or the receiver forbids it: which of them, the documents do not agree.
 */
static bool
moments_is_pair_wrong(const struct weft_topology *topology, uint16_t sender, uint16_t receiver)
{
	return moments_ask(topology, sender, WEFT_EGRESS, 2, 80) != NULL &&
	       moments_ask(topology, receiver, WEFT_INGRESS, 1, 80) != NULL;
}

static void
test_the_rules_of_one_port_and_the_members_of_another_change_at_once(void **state)
{
	static const char receives[] = "  - {name: in, rules: [{direction: ingress,\n"
				       "     remote-group: g}]}\n";
	char *groups[2], *one, *other;

	(void)state;
	assert_true(asprintf(&groups[0],
			     "%s  - {name: out, rules: [{direction: egress, protocol: udp}]}\n"
			     "  - {name: g, members: [10.0.0.1, ",
			     receives) > 0);
	assert_true(asprintf(&groups[1],
			     "%s  - {name: out, rules: [{direction: egress, protocol: tcp}]}\n"
			     "  - {name: g, members: [10.0.0.3, ",
			     receives) > 0);
	one = moments_write("out", "in", groups[0], "10.1");
	other = moments_write("out", "in", groups[1], "10.2");
	assert_int_equal(moments_alternate(one, other, moments_is_pair_wrong), 0);
	free(groups[0]);
	free(groups[1]);
}

/* ---- what that costs ---- */

#define MOMENTS_ONE "networks: [{name: n, type: local}]\nports:\n" MOMENTS_PORT("a")
#define MOMENTS_PORT(name)                                                                         \
	"  - {name: " name ", network: n, vhost-user: /s/" name ", security-groups: [web]}\n"
#define MOMENTS_GROUPS(rule, members)                                                              \
	"security-groups:\n"                                                                       \
	"  - {name: web, rules: [" rule "{direction: ingress, remote-group: g}]}\n"                \
	"  - {name: g, members: [" members "]}\n"

/* Members alone are one change of a set, also by a document. */
static void
test_rules_stay_where_only_members_change(void **state)
{
	const struct weft_attachment *port;
	uint16_t number;

	(void)state;
	running_helper_apply(MOMENTS_ONE MOMENTS_GROUPS("", "10.0.0.1"));
	port = weft_topology->attachments[moments_find("a")];
	number = weft_group_hold("g");
	running_helper_apply(MOMENTS_ONE MOMENTS_GROUPS("", "10.0.0.1, 10.0.0.2"));
	running_helper_apply(MOMENTS_ONE MOMENTS_GROUPS("", "10.0.0.3"));
	/* Nor does a port that comes, or goes, with what is its own. */
	running_helper_apply(MOMENTS_ONE MOMENTS_PORT("b")
				     MOMENTS_GROUPS("", "10.0.0.3, 10.0.0.4"));
	running_helper_apply(MOMENTS_ONE MOMENTS_GROUPS("", "10.0.0.3"));
	assert_ptr_equal(weft_topology->attachments[moments_find("a")], port);
	assert_int_equal(weft_group_hold("g"), number);
	assert_non_null(moments_ask(weft_topology, moments_find("a"), WEFT_INGRESS, 3, 80));
	assert_null(moments_ask(weft_topology, moments_find("a"), WEFT_INGRESS, 1, 80));
	weft_group_release(number);
	weft_group_release(number);
}

/* Numbers are given back, and what rules count is not lost. */
static void
test_a_fresh_set_leaves_nothing_behind(void **state)
{
	static const char *const documents[] = {
		MOMENTS_ONE MOMENTS_GROUPS("", "10.0.0.1"),
		MOMENTS_ONE MOMENTS_GROUPS("{direction: egress}, ", "10.0.0.1, 10.0.0.2"),
	};
	uint16_t numbers[3], n = 0;

	(void)state;
	running_helper_apply(documents[0]);
	for (uint32_t i = 1; i <= 100; i++) {
		const struct weft_conf_group *group;

		running_helper_apply(documents[i % 2]);
		assert_int_equal(weft_members_count(), 1 + i % 2);
		assert_non_null(moments_ask(weft_topology, moments_find("a"), WEFT_INGRESS, 1, 80));
		assert_int_equal(
			moments_ask(weft_topology, moments_find("a"), WEFT_INGRESS, 2, 80) != NULL,
			i % 2);
		group = &weft_running_conf()->groups[0];
		assert_int_equal(weft_rule_hits(group, &group->rules[group->n_rules - 1]), i - 1);
		weft_rule_hit(moments_ask(weft_topology, moments_find("a"), WEFT_INGRESS, 1, 80),
			      0);
	}
	/* Of web and g, and the first that nobody has. */
	numbers[n++] = weft_group_hold("web");
	numbers[n++] = weft_group_hold("g");
	numbers[n++] = weft_group_hold("another");
	for (uint16_t i = 0; i < n; i++) {
		assert_true(numbers[i] < 3);
		weft_group_release(numbers[i]);
	}
}

#define MOMENTS_TEST(name) cmocka_unit_test_setup_teardown(name, moments_start, running_helper_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MOMENTS_TEST(test_no_new_member_meets_the_old_rules_nor_an_old_one_the_new),
		MOMENTS_TEST(test_the_rules_of_one_port_and_the_members_of_another_change_at_once),
		MOMENTS_TEST(test_rules_stay_where_only_members_change),
		MOMENTS_TEST(test_a_fresh_set_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
