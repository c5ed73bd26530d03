/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table against a list: what is in it is found, what is found is right, and what is lost
 * was evicted.
 */
#include "eal_helper.h"

#include "dice_helper.h"
#include "flow/table.h"

#define FLOW_TABLE_KEYS 3000
#define FLOW_TABLE_GROUPS 5

/* The trivial table. Its "sum" tells one life of a key from the next. */
static struct flow_table_row {
	struct weft_key key;
	bool is_there;
	uint32_t sum;
	uint32_t group; /* 0: none */
} flow_table_rows[FLOW_TABLE_KEYS];

/* Keys of all kinds; some differ from the one before only in the last byte of an IPv6 address. */
static void
flow_table_make_keys(struct dice *dice)
{
	memset(flow_table_rows, 0, sizeof(flow_table_rows));
	for (uint32_t i = 0; i < FLOW_TABLE_KEYS; i++) {
		struct weft_key *key = &flow_table_rows[i].key;

		if (i % 4 == 3) {
			*key = flow_table_rows[i - 1].key;
			key->kind = WEFT_KEY_IP6;
			key->ip6_dst[15] ^= (uint8_t)(1 + dice_below(dice, 255));
			flow_table_rows[i - 1].key.kind = WEFT_KEY_IP6;
			continue;
		}
		dice_fill(dice, key, sizeof(*key));
		key->arrival = (uint16_t)i;
		key->kind = (uint8_t)(i % 3);
		if (key->kind != WEFT_KEY_IP6)
			memset(key->ip6_src, 0, 32);
	}
}

static uint64_t
flow_table_hash(const struct weft_flow_table *table, const struct flow_table_row *row)
{
	return weft_key_hash(&row->key, table->seed);
}

static struct weft_flow *
flow_table_find(const struct weft_flow_table *table, const struct flow_table_row *row)
{
	return weft_flow_find(table, &row->key, flow_table_hash(table, row));
}

static void
flow_table_check_entry(const struct weft_flow_table *table, const struct weft_flow *flow,
		       const struct flow_table_row *row)
{
	struct weft_key key;

	assert_int_equal(flow->sum, row->sum);
	weft_flow_key(table, flow, &key);
	assert_memory_equal(&key, &row->key,
			    (row->key.kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6 ? 64 : 32);
	assert_int_equal(weft_answer_group(&flow->answer) != NULL, row->group != 0);
	if (row->group != 0)
		assert_int_equal(flow->answer.output.group->outputs[0].port, row->group);
}

/* A new entry, with or without a group; it starts from zero whatever was there before. */
static void
flow_table_add(struct weft_flow_table *table, struct flow_table_row *row, struct dice *dice,
	       uint32_t now_ms)
{
	static uint32_t lives;
	struct weft_flow *flow =
		weft_flow_add(table, &row->key, flow_table_hash(table, row), now_ms);

	assert_non_null(flow);
	assert_int_equal(flow->packets + flow->bytes + flow->sum, 0);
	assert_int_equal(flow->born_ms, now_ms);
	assert_null(flow->answer.output.group);
	row->is_there = true;
	row->sum = ++lives;
	row->group = dice_below(dice, FLOW_TABLE_GROUPS + 1);
	flow->sum = row->sum;
	flow->packets = 7;
	if (row->group != 0) {
		struct weft_output outputs[2] = { { .port = (uint16_t)row->group },
						  { .port = 99 } };

		flow->answer.kind = WEFT_ANSWER_FLOOD;
		flow->answer.output.group = weft_group_get(&table->groups, outputs, 2);
	}
}

/* Compares everything. @return how many entries of the list the table has lost */
static uint32_t
flow_table_compare(const struct weft_flow_table *table)
{
	uint32_t found = 0, lost = 0, group_users = 0, groups_used = 0;

	for (uint32_t i = 0; i < FLOW_TABLE_KEYS; i++) {
		struct flow_table_row *row = &flow_table_rows[i];
		const struct weft_flow *flow = flow_table_find(table, row);

		if (flow == NULL) {
			lost += row->is_there;
			row->is_there = false;
			continue;
		}
		assert_true(row->is_there);
		flow_table_check_entry(table, flow, row);
		found++;
		groups_used += row->group != 0;
	}
	for (uint32_t i = 0; i < WEFT_GROUP_BUCKETS; i++) {
		const struct weft_group *group;

		LIST_FOREACH(group, &table->groups.buckets[i], next) {
			assert_true(group->users > 0);
			group_users += group->users;
		}
	}
	assert_int_equal(found, table->n_flows);
	assert_int_equal(group_users, groups_used);
	return lost;
}

/* In one of three visits of a line an entry goes. */
static void
flow_table_visit(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	struct weft_key key;

	weft_flow_key(table, flow, &key);
	assert_true(key.arrival < FLOW_TABLE_KEYS);
	if (!dice_once_in(context, 3))
		return;
	for (uint32_t i = 0; i < FLOW_TABLE_KEYS; i++)
		if (memcmp(&flow_table_rows[i].key, &key, 32) == 0 &&
		    flow_table_find(table, &flow_table_rows[i]) == flow)
			flow_table_rows[i].is_there = false;
	weft_flow_del(table, flow);
}

static void
flow_table_step(struct weft_flow_table *table, struct dice *dice, uint32_t n_keys, uint32_t now_ms)
{
	struct flow_table_row *row = &flow_table_rows[dice_below(dice, n_keys)];
	struct weft_flow *flow = flow_table_find(table, row);
	uint32_t what = dice_below(dice, 100);

	if (flow != NULL)
		flow_table_check_entry(table, flow, row);
	if (flow == NULL && what < 60)
		flow_table_add(table, row, dice, now_ms);
	else if (flow != NULL && what < 10)
		weft_flow_del(table, flow);
	else if (flow != NULL && what < 20)
		weft_flow_reset(flow);
	else if (what == 99)
		weft_flow_visit_line(table, dice_below(dice, weft_flow_table_lines(table)),
				     flow_table_visit, dice);
	if (flow != NULL && what < 10)
		row->is_there = false;
	else if (flow != NULL && what < 20)
		row->group = 0;
}

static void
flow_table_play(uint32_t capacity, uint32_t n_keys, uint64_t seed)
{
	struct weft_flow_table *table = weft_flow_table_create(capacity);
	struct dice dice = { seed };
	uint64_t lost = 0;

	assert_non_null(table);
	table->seed = dice_roll(&dice);
	flow_table_make_keys(&dice);
	/* Time passes the point where milliseconds wrap. */
	for (uint32_t round = 0; round < 100000; round++) {
		flow_table_step(table, &dice, n_keys, UINT32_MAX - 50000 + round);
		if (round % 2000 == 0)
			lost += flow_table_compare(table);
		assert_true(table->n_flows <= weft_flow_table_lines(table) * WEFT_FLOW_WAYS);
	}
	lost += flow_table_compare(table);
	/* What was evicted and added again before the list was looked at is not noticed there. */
	assert_true(lost <= table->n_evicted);
	assert_true(lost > 0 || n_keys < capacity / 2);
	weft_flow_table_destroy(table);
}

static void
test_a_table_does_what_a_list_would_do(void **state)
{
	static const struct {
		uint32_t capacity, n_keys;
	} cases[] = {
		{ 1, 100 },   { 32, 40 },     { 33, 1000 },    { 64, 3000 },
		{ 256, 300 }, { 1024, 3000 }, { 65536, 3000 },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++)
		flow_table_play(cases[i].capacity, cases[i].n_keys, 100 + i);
}

/* Without a full line nothing is ever lost, however often lines are split. */
static void
test_nothing_is_lost_while_there_is_room(void **state)
{
	struct weft_flow_table *table = weft_flow_table_create(65536);
	struct dice dice = { 8 };

	(void)state;
	assert_non_null(table);
	table->seed = dice_roll(&dice);
	flow_table_make_keys(&dice);
	for (uint32_t i = 0; i < FLOW_TABLE_KEYS; i++) {
		flow_table_add(table, &flow_table_rows[i], &dice, i);
		if (i % 50 == 0)
			assert_int_equal(flow_table_compare(table), 0);
	}
	assert_int_equal(flow_table_compare(table), 0);
	assert_int_equal(table->n_evicted, 0);
	assert_int_equal(table->n_flows, FLOW_TABLE_KEYS);
	weft_flow_table_destroy(table);
}

/* A burst looks entries up before it answers the first packet, and answers may move or remove them:
 * what was found then is no entry any more, or one of another key, or the same still. */
static void
test_what_was_found_before_does_not_match_by_mistake(void **state)
{
	struct weft_flow_table *table = weft_flow_table_create(4096);
	struct weft_flow *found[FLOW_TABLE_KEYS / 4];
	struct dice dice = { 16 };

	(void)state;
	assert_non_null(table);
	table->seed = dice_roll(&dice);
	flow_table_make_keys(&dice);
	for (uint32_t i = 0; i < RTE_DIM(found); i++) {
		flow_table_add(table, &flow_table_rows[i], &dice, i);
		found[i] = flow_table_find(table, &flow_table_rows[i]);
	}
	for (uint32_t i = RTE_DIM(found); i < FLOW_TABLE_KEYS; i++) {
		struct weft_flow *gone =
			flow_table_find(table, &flow_table_rows[dice_below(&dice, i)]);

		flow_table_add(table, &flow_table_rows[i], &dice, i);
		if (gone != NULL && i % 4 == 0)
			weft_flow_del(table, gone);
	}
	for (uint32_t i = 0; i < RTE_DIM(found); i++)
		if (weft_flow_is(table, found[i], &flow_table_rows[i].key))
			assert_ptr_equal(flow_table_find(table, &flow_table_rows[i]), found[i]);
	weft_flow_table_destroy(table);
}

/* The hash is given by the caller: here all keys have the same. */
static void
test_keys_with_one_hash_are_told_apart(void **state)
{
	struct weft_flow_table *table = weft_flow_table_create(32);
	struct dice dice = { 9 };

	(void)state;
	assert_non_null(table);
	flow_table_make_keys(&dice);
	for (uint32_t i = 0; i < WEFT_FLOW_WAYS; i++)
		weft_flow_add(table, &flow_table_rows[i].key, 42, 1)->sum = i;
	for (uint32_t i = 0; i < WEFT_FLOW_WAYS; i++) {
		struct weft_flow *flow = weft_flow_find(table, &flow_table_rows[i].key, 42);

		assert_non_null(flow);
		assert_int_equal(flow->sum, i);
		if (i % 2 == 0)
			weft_flow_del(table, flow);
	}
	for (uint32_t i = 0; i < WEFT_FLOW_WAYS; i++)
		assert_int_equal(weft_flow_find(table, &flow_table_rows[i].key, 42) != NULL, i % 2);
	assert_null(weft_flow_find(table, &flow_table_rows[WEFT_FLOW_WAYS].key, 42));
	weft_flow_table_destroy(table);
}

/* Every signature is a way's, also the one that would mean "empty". */
static void
test_any_hash_will_do(void **state)
{
	static const uint64_t hashes[] = { 0,
					   UINT64_MAX,
					   0x0000ffffffffffff,
					   0x0001000000000000,
					   0x7fff000000000000,
					   0x8000000000000000,
					   0xff00000000000000,
					   0x00ff000000000000 };
	struct weft_flow_table *table = weft_flow_table_create(32);
	struct dice dice = { 10 };

	(void)state;
	assert_non_null(table);
	flow_table_make_keys(&dice);
	for (uint32_t i = 0; i < RTE_DIM(hashes); i++) {
		const struct weft_key *key = &flow_table_rows[i].key;
		struct weft_flow *flow = weft_flow_add(table, key, hashes[i], 1);

		assert_ptr_equal(weft_flow_find(table, key, hashes[i]), flow);
		assert_int_equal(table->n_flows, i + 1);
	}
	for (uint32_t i = 0; i < RTE_DIM(hashes); i++)
		assert_non_null(weft_flow_find(table, &flow_table_rows[i].key, hashes[i]));
	weft_flow_table_destroy(table);
}

/* What is used all the time survives a flood of flows that are used once. */
static void
test_busy_flows_survive_a_scan(void **state)
{
	struct weft_flow_table *table = weft_flow_table_create(32);
	struct dice dice = { 11 };
	struct weft_flow *busy;

	(void)state;
	assert_non_null(table);
	flow_table_make_keys(&dice);
	busy = weft_flow_add(table, &flow_table_rows[0].key, 0, UINT32_MAX - 1500);
	for (uint32_t i = 1; i < FLOW_TABLE_KEYS; i++) {
		busy->used_ms = UINT32_MAX - 1500 + i;
		weft_flow_add(table, &flow_table_rows[i].key, i * 0x9e3779b97f4a7c15,
			      busy->used_ms);
		assert_ptr_equal(weft_flow_find(table, &flow_table_rows[0].key, 0), busy);
	}
	assert_int_equal(table->n_evicted, FLOW_TABLE_KEYS - 32);
	weft_flow_table_destroy(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_does_what_a_list_would_do),
		cmocka_unit_test(test_nothing_is_lost_while_there_is_room),
		cmocka_unit_test(test_what_was_found_before_does_not_match_by_mistake),
		cmocka_unit_test(test_keys_with_one_hash_are_told_apart),
		cmocka_unit_test(test_any_hash_will_do),
		cmocka_unit_test(test_busy_flows_survive_a_scan),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
