/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/table.h"

#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_random.h>

#define TABLE_DRAWS 4 /* ways that compete to be evicted */
#define TABLE_FIRST_LINES 16
#define TABLE_FILL 8 /* of 32 ways, on average: lines that are not split yet have twice as many */

struct weft_flow_table *
weft_flow_table_create(uint32_t capacity)
{
	struct weft_flow_table *table = calloc(1, sizeof(*table));
	uint32_t lines = rte_align32pow2(RTE_MAX(capacity, 32u)) / WEFT_FLOW_WAYS;

	if (table == NULL)
		return NULL;
	table->most_lines = lines;
	table->n_lines = RTE_MIN(lines, (uint32_t)TABLE_FIRST_LINES);
	table->mask_low = table->n_lines - 1;
	table->mask_high = table->mask_low * 2 + 1;
	table->seed = rte_rand();
	table->lines = rte_zmalloc("flow_lines", lines * sizeof(*table->lines), 64);
	table->flows = rte_zmalloc("flows", (size_t)lines * WEFT_FLOW_WAYS * sizeof(*table->flows),
				   sizeof(*table->flows));
	table->tails = rte_zmalloc("flow_tails",
				   (size_t)lines * WEFT_FLOW_WAYS * sizeof(*table->tails), 64);
	table->mores = rte_zmalloc("flow_mores",
				   (size_t)lines * WEFT_FLOW_WAYS * sizeof(*table->mores), 64);
	if (table->lines == NULL || table->flows == NULL || table->tails == NULL ||
	    table->mores == NULL) {
		weft_flow_table_destroy(table);
		return NULL;
	}
	return table;
}

static void
table_reset_flow(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	(void)table;
	(void)context;
	weft_flow_reset(flow);
}

void
weft_flow_table_leave(struct weft_flow_table *table)
{
	if (table->lines != NULL && table->flows != NULL)
		for (uint32_t line = 0; line < table->n_lines; line++)
			weft_flow_visit_line(table, line, table_reset_flow, NULL);
	free(table);
}

void
weft_flow_table_destroy(struct weft_flow_table *table)
{
	struct weft_flow_table gone;

	if (table == NULL)
		return;
	gone = *table;
	weft_flow_table_leave(table);
	rte_free(gone.lines);
	rte_free(gone.flows);
	rte_free(gone.tails);
	rte_free(gone.mores);
}

struct weft_flow *
weft_flow_find(const struct weft_flow_table *table, const struct weft_key *key, uint64_t hash)
{
	uint32_t line = weft_flow_line(table, hash);
	uint32_t ways = weft_flow_line_match(&table->lines[line], weft_flow_signature(hash));

	for (; ways != 0; ways &= ways - 1) {
		uint32_t way = (uint32_t)__builtin_ctz(ways);
		struct weft_flow *flow = &table->flows[line * WEFT_FLOW_WAYS + way];

		if (weft_flow_is(table, flow, key))
			return flow;
	}
	return NULL;
}

/* Bits that choose neither the line nor the signature. */
static inline uint32_t
table_draw(uint64_t hash, uint32_t draw)
{
	return (uint32_t)(hash >> (24 + 5 * draw)) % WEFT_FLOW_WAYS;
}

/* Some of the ways are asked, not all: each one asked is a cache miss. */
static uint32_t
table_choose_victim(const struct weft_flow *flows, uint64_t hash, uint32_t now_ms)
{
	uint32_t oldest = table_draw(hash, 0), oldest_age = now_ms - flows[oldest].used_ms;

	for (uint32_t i = 1; i < TABLE_DRAWS; i++) {
		uint32_t way = table_draw(hash, i), age = now_ms - flows[way].used_ms;

		if (age <= oldest_age)
			continue;
		oldest = way;
		oldest_age = age;
	}
	return oldest;
}

/* The way of its line that a new key gets, taken or not. */
static uint32_t
table_choose(const struct weft_flow_table *table, uint64_t hash, uint32_t now_ms)
{
	uint32_t line = weft_flow_line(table, hash);
	uint32_t empty = weft_flow_line_match(&table->lines[line], 0);

	return empty != 0 ? (uint32_t)__builtin_ctz(empty) :
			    table_choose_victim(&table->flows[line * WEFT_FLOW_WAYS], hash, now_ms);
}

static void
table_fetch(const struct weft_flow_table *table, const struct weft_key *key, uint32_t line,
	    uint32_t way, bool has_more)
{
	const struct weft_flow *flow = &table->flows[line * WEFT_FLOW_WAYS + way];

	rte_prefetch0(flow);
	rte_prefetch0(&flow->answer);
	if (weft_key_is_long(key))
		rte_prefetch0(weft_flow_tail(table, flow));
	if (has_more)
		rte_prefetch0(weft_flow_more(table, flow));
}

void
weft_flow_foresee(const struct weft_flow_table *table, const struct weft_key *key, uint64_t hash,
		  bool has_more)
{
	uint32_t line = weft_flow_line(table, hash);
	uint32_t empty = weft_flow_line_match(&table->lines[line], 0);

	if (empty != 0) {
		table_fetch(table, key, line, (uint32_t)__builtin_ctz(empty), has_more);
		return;
	}
	for (uint32_t i = 0; i < TABLE_DRAWS; i++)
		rte_prefetch0(&table->flows[line * WEFT_FLOW_WAYS + table_draw(hash, i)]);
}

void
weft_flow_expect(const struct weft_flow_table *table, const struct weft_key *key, uint64_t hash,
		 uint32_t now_ms, bool has_more)
{
	table_fetch(table, key, weft_flow_line(table, hash), table_choose(table, hash, now_ms),
		    has_more);
}

/* What a burst has guessed before may still point to an entry that is gone: it must not match. */
static void
table_blank(struct weft_flow *flow)
{
	memset(flow->key_head, 0xff, sizeof(flow->key_head));
}

/* Ways keep their place: the new line is empty. */
static void
table_move(struct weft_flow_table *table, uint32_t from, uint32_t to, uint32_t way)
{
	size_t old = from * (size_t)WEFT_FLOW_WAYS + way;
	size_t new = to *(size_t)WEFT_FLOW_WAYS + way;

	table->flows[new] = table->flows[old];
	if (weft_key_is_long((const struct weft_key *)table->flows[new].key_head))
		table->tails[new] = table->tails[old];
	if (table->flows[new].answer.has_more)
		table->mores[new] = table->mores[old];
	table->lines[to].signatures[way] = table->lines[from].signatures[way];
	table->lines[from].signatures[way] = 0;
	table_blank(&table->flows[old]);
}

/* Splits the next line. */
static void
table_grow(struct weft_flow_table *table)
{
	uint32_t from = table->n_lines & table->mask_low, to = table->n_lines;

	if (table->n_lines == table->most_lines)
		return;
	table->n_lines++;
	for (uint32_t way = 0; way < WEFT_FLOW_WAYS; way++) {
		const struct weft_flow *flow = &table->flows[from * WEFT_FLOW_WAYS + way];

		if (table->lines[from].signatures[way] != 0 &&
		    weft_flow_line(table, flow->hash) == to)
			table_move(table, from, to, way);
	}
	if (table->n_lines > table->mask_high) {
		table->mask_low = table->mask_high;
		table->mask_high = table->mask_low * 2 + 1;
	}
}

struct weft_flow *
weft_flow_add(struct weft_flow_table *table, const struct weft_key *key, uint64_t hash,
	      uint32_t now_ms)
{
	uint32_t line, way;
	struct weft_flow *flow;
	struct weft_flow_tail *tail;

	if (table->n_flows >= table->n_lines * TABLE_FILL)
		table_grow(table);
	line = weft_flow_line(table, hash);
	way = table_choose(table, hash, now_ms);
	if (table->lines[line].signatures[way] != 0) {
		weft_flow_del(table, &table->flows[line * WEFT_FLOW_WAYS + way]);
		table->n_evicted++;
	}
	flow = &table->flows[line * WEFT_FLOW_WAYS + way];
	memset(flow, 0, sizeof(*flow));
	memcpy(flow->key_head, key, sizeof(flow->key_head));
	flow->hash = (uint32_t)hash;
	flow->used_ms = flow->swept_ms = flow->born_ms = now_ms;
	flow->conn = WEFT_FLOW_NO_CONN;
	if (weft_key_is_long(key)) {
		tail = weft_flow_tail(table, flow);
		memcpy(tail->key_ip6, key->ip6_src, sizeof(tail->key_ip6));
		tail->key_outer = key->outer;
	}
	table->lines[line].signatures[way] = weft_flow_signature(hash);
	table->n_flows++;
	return flow;
}

void
weft_flow_reset(struct weft_flow *flow)
{
	if (flow->answer.kind == WEFT_ANSWER_FLOOD)
		weft_group_put(flow->answer.output.group);
	else
		weft_encap_put(flow->answer.output.encap);
	flow->answer.output.encap = NULL;
}

void
weft_flow_del(struct weft_flow_table *table, struct weft_flow *flow)
{
	size_t index = (size_t)(flow - table->flows);

	weft_flow_reset(flow);
	table_blank(flow);
	table->lines[index / WEFT_FLOW_WAYS].signatures[index % WEFT_FLOW_WAYS] = 0;
	table->n_flows--;
}

void
weft_flow_key(const struct weft_flow_table *table, const struct weft_flow *flow,
	      struct weft_key *key)
{
	const struct weft_flow_tail *tail = weft_flow_tail(table, flow);

	memset(key, 0, sizeof(*key));
	memcpy(key, flow->key_head, sizeof(flow->key_head));
	if (!weft_key_is_long(key))
		return;
	memcpy(key->ip6_src, tail->key_ip6, sizeof(tail->key_ip6));
	key->outer = tail->key_outer;
}

void
weft_flow_visit_line(struct weft_flow_table *table, uint32_t line,
		     void (*visit)(struct weft_flow_table *, struct weft_flow *, void *),
		     void *context)
{
	for (uint32_t way = 0; way < WEFT_FLOW_WAYS; way++)
		if (table->lines[line].signatures[way] != 0)
			visit(table, &table->flows[line * WEFT_FLOW_WAYS + way], context);
}
