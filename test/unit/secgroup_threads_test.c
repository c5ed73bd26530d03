/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers judge while the control thread replaces the policy and moves members: no answer may be one that none
 * of the policies would give, and no hit may be lost.
 */
#include "secgroup_helper.h"

#include <pthread.h>

#include "dice_helper.h"

#define THREADS_WORKERS 2
#define THREADS_CHANGES 200
#define THREADS_ROUNDS 200000 /* of workers, at least */
#define THREADS_HOSTS 30
#define THREADS_BULK 150 /* rules that make a classifier of rte_acl */
#define THREADS_MEMBERS 20 /* at a time, host 0 included: there is room for no more */

struct threads_worker {
	pthread_t thread;
	uint16_t id;
	uint32_t wrong, rounds, members, strangers;
	uint64_t hits;
};

static struct weft_policy *threads_policy; /* [R] */
static bool threads_stop; /* [A] */
static struct weft_conf_rule threads_rules[THREADS_BULK + 3];
static struct weft_conf_group threads_group = { .name = (char *)(uintptr_t) "web",
						.stateful = true,
						.rules = threads_rules };

/* Host 0 is always in the group, the last one never; the others come and go. */
static void
threads_address(uint32_t host, uint8_t *address)
{
	memset(address, 0, 16);
	address[0] = 10;
	address[3] = (uint8_t)host;
}

static bool
threads_is_possible(uint32_t host, uint16_t port, enum weft_verdict verdict)
{
	if (port == 80)
		return verdict == WEFT_ALLOWED;
	if (port == 81)
		return verdict == WEFT_DENIED;
	return host == 0	     ? verdict == WEFT_ALLOWED :
	       host == THREADS_HOSTS ? verdict == WEFT_DENIED :
				       true;
}

static void
threads_judge(struct threads_worker *worker, struct dice *dice)
{
	const struct weft_policy *policy = weft_rcu_load(threads_policy);
	uint32_t host = dice_below(dice, THREADS_HOSTS + 1);
	uint16_t port = (uint16_t)(80 + dice_below(dice, 3));
	uint8_t protocol = port == 82 ? IPPROTO_UDP : IPPROTO_TCP, address[16];
	struct weft_question packet = { WEFT_INGRESS, AF_INET, protocol, address, htons(port) };
	const struct weft_rule *rule;
	enum weft_verdict verdict;

	threads_address(host, address);
	verdict = weft_policy_judge(policy, &packet, &rule);
	worker->wrong += !threads_is_possible(host, port, verdict);
	if (port == 82) {
		worker->members += verdict == WEFT_ALLOWED;
		worker->strangers += verdict == WEFT_DENIED;
	}
	if (port == 80 && rule != NULL) {
		weft_rule_hit(rule, worker->id);
		worker->hits++;
		worker->wrong += strcmp(rule->group, "web") != 0 || rule->says.ports.first != 80;
	}
}

static void *
threads_work(void *context)
{
	struct threads_worker *worker = context;
	struct dice dice = { 30 + worker->id };

	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	while (!__atomic_load_n(&threads_stop, __ATOMIC_ACQUIRE) ||
	       worker->rounds < THREADS_ROUNDS) {
		threads_judge(worker, &dice);
		if (++worker->rounds % 16 == 0)
			weft_rcu_quiescent(worker->id);
	}
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	return NULL;
}

/* The rules that are always there, and some that change with @p version. */
static struct weft_policy *
threads_make(uint32_t version)
{
	struct weft_conf conf = { .groups = &threads_group, .n_groups = 1 };
	uint32_t n = version % 3 == 0 ? 3 : RTE_DIM(threads_rules);

	threads_group.n_rules = n;
	threads_rules[0] = (struct weft_conf_rule){ .protocol = IPPROTO_TCP,
						    .has_ports = true,
						    .ports = { 80, 80 } };
	threads_rules[1] = (struct weft_conf_rule){ .protocol = IPPROTO_UDP,
						    .remote_group = threads_group.name };
	for (uint32_t i = 2; i < n; i++) {
		uint16_t port = (uint16_t)(1000 + i + version % 7);

		threads_rules[i] = (struct weft_conf_rule){ .protocol = IPPROTO_TCP,
							    .has_ports = true,
							    .ports = { port, port } };
	}
	return weft_policy_get(&conf, &threads_group.name, 1);
}

static void
threads_replace(uint32_t version)
{
	struct weft_policy *old = threads_policy, *new = threads_make(version);

	assert_non_null(new);
	weft_rcu_publish(threads_policy, new);
	weft_rcu_synchronize();
	weft_policy_put(old);
}

static uint32_t
threads_find(struct dice *dice, const bool *is_in, bool wanted)
{
	uint32_t host;

	do
		host = 1 + dice_below(dice, THREADS_HOSTS - 1);
	while (is_in[host] != wanted);
	return host;
}

static void
threads_join(uint16_t group, uint32_t host, bool *is_in)
{
	uint8_t address[16];

	threads_address(host, address);
	assert_int_equal(weft_member_add(group, AF_INET, address), 0);
	assert_true(weft_member_is_in(group, AF_INET, address));
	is_in[host] = true;
}

/* Who joins has only the room of whom the workers may still know: he may have to wait for them, but is not
 * refused. */
static void
threads_swap_members(uint16_t group, struct dice *dice, bool *is_in)
{
	uint32_t leaves = threads_find(dice, is_in, true), joins = threads_find(dice, is_in, false);
	uint8_t address[16];

	threads_address(leaves, address);
	weft_member_del(group, AF_INET, address);
	assert_false(weft_member_is_in(group, AF_INET, address));
	is_in[leaves] = false;
	threads_join(group, joins, is_in);
	assert_int_equal(weft_members_count(), THREADS_MEMBERS);
}

static int
threads_start(void **state)
{
	(void)state;
	return weft_members_create(THREADS_MEMBERS / 2) == 0 &&
			       weft_policy_init(THREADS_WORKERS) == 0 ?
		       0 :
		       -1;
}

static void
test_workers_judge_while_everything_changes(void **state)
{
	struct threads_worker workers[THREADS_WORKERS] = { 0 };
	uint16_t group = weft_group_hold("web");
	bool is_in[THREADS_HOSTS + 1] = { false };
	struct dice dice = { 3 };
	uint64_t hits = 0;

	(void)state;
	for (uint32_t host = 0; host < THREADS_MEMBERS; host++)
		threads_join(group, host, is_in);
	threads_policy = threads_make(0);
	for (uint16_t i = 0; i < THREADS_WORKERS; i++) {
		workers[i].id = i;
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, threads_work, &workers[i]), 0);
	}
	for (uint32_t change = 1; change <= THREADS_CHANGES; change++) {
		threads_swap_members(group, &dice, is_in);
		if (change % 4 == 0)
			threads_replace(change / 4);
	}
	__atomic_store_n(&threads_stop, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < THREADS_WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].wrong, 0);
		assert_true(workers[i].members > 100 && workers[i].strangers > 100);
		hits += workers[i].hits;
	}
	assert_int_equal(weft_rule_hits(&threads_group, &threads_rules[0]), hits);
	weft_policy_put(threads_policy);
	weft_group_release(group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_workers_judge_while_everything_changes,
						threads_start, secgroup_helper_stop),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
