/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cache is only a cache.
 *
 * The same story is played several times: packets, changes of the configuration, flushes, links
 * that go down and up, and time. Once every packet is walked, because all flows are thrown away
 * before it; then with flow tables, large and small, in bursts, with one worker and with several.
 * What leaves each port, byte by byte, every counter and the FDB must be the same after every
 * step.
 */
#include "forward_helper.h"

#include <rte_log.h>

#include "path/drop.h"
#include "flow_cache_helper.h"
#include "site_helper.h"

#ifdef __SANITIZE_ADDRESS__
#define FLOW_CACHE_STEPS 3000
#define FLOW_CACHE_STORIES 1 /* six times slower */
#else
#define FLOW_CACHE_STEPS 4000
#define FLOW_CACHE_STORIES 3
#endif
#define FLOW_CACHE_KNOWN 24 /* frames that are sent again and again */
/* More than what the sweep lets an FDB entry seem too old; and longer than any entry lives. */
#define FLOW_CACHE_WHILE_MS 5000
#define FLOW_CACHE_AGES_MS 400000

enum flow_cache_way {
	FLOW_CACHE_WALK_ALWAYS, /* no flow survives */
	FLOW_CACHE_BURSTS, /* as a worker does it */
	FLOW_CACHE_FORGETFUL, /* as a worker does it, but flows vanish now and then */
};

struct flow_cache_play {
	uint64_t seed;
	enum flow_cache_way way;
	uint16_t n_workers;
	uint32_t flow_entries, mac_entries;
	uint32_t pause_ms; /* how far time moves when it moves */
	struct dice whims; /* of the forgetful; the story has its own */
	/* What came out: after each step a piece of this, and what the step was. */
	uint8_t *record;
	size_t bytes, room;
	size_t ends[FLOW_CACHE_STEPS];
	const char *steps[FLOW_CACHE_STEPS];
	uint64_t hits, misses, evicted;
	uint32_t reasons; /* for which something was dropped */
};

/* ---- the record ---- */

static void
flow_cache_record(struct flow_cache_play *play, const void *bytes, size_t n)
{
	if (play->bytes + n > play->room) {
		play->room = 2 * (play->room + n);
		play->record = realloc(play->record, play->room);
		assert_non_null(play->record);
	}
	memcpy(play->record + play->bytes, bytes, n);
	play->bytes += n;
}

static int
flow_cache_compare_sent(const void *a, const void *b)
{
	const uint8_t *const *x = a, *const *y = b;
	struct fake_sent left, right;
	int order;

	memcpy(&left, *x, sizeof(left));
	memcpy(&right, *y, sizeof(right));
	order = memcmp(*x + sizeof(left), *y + sizeof(right), RTE_MIN(left.length, right.length));
	return order != 0 ? order : (int)left.length - right.length;
}

/* By port: bursts of several packets leave in another order among ports, never at one. Only what has
 * waited leaves by worker: then the order says nothing. */
static void
flow_cache_record_sent(struct flow_cache_play *play, bool has_waited)
{
	static const uint8_t *frames[65536];

	for (uint16_t port = 0; fake.log_bytes > 0 && port < WEFT_PORTS_MAX; port++) {
		uint32_t n = 0;

		if (weft_topology->attachments[port] == NULL)
			continue;
		for (size_t at = 0; at < fake.log_bytes;) {
			struct fake_sent sent;

			memcpy(&sent, fake.log + at, sizeof(sent));
			if (sent.port == port)
				frames[n++] = fake.log + at;
			at += sizeof(sent) + sent.length;
		}
		if (has_waited && n > 1)
			qsort(frames, n, sizeof(frames[0]), flow_cache_compare_sent);
		for (uint32_t i = 0; i < n; i++) {
			struct fake_sent sent;

			memcpy(&sent, frames[i], sizeof(sent));
			flow_cache_record(play, frames[i], sizeof(sent) + sent.length);
		}
	}
	fake.log_bytes = 0;
}

/* Who is known, and what went there and came from there. */
static void
flow_cache_record_remotes(struct flow_cache_play *play)
{
	struct weft_remote_count sum;
	struct weft_ip address;
	uint32_t cursor = 0;
	uint16_t place;
	bool is_held;

	while ((place = weft_remote_next(&cursor, &address, &is_held)) != WEFT_NO_PORT) {
		weft_remote_count_sum(place, &sum);
		flow_cache_record(play, address.bytes, sizeof(address.bytes));
		flow_cache_record(play, &is_held, sizeof(is_held));
		flow_cache_record(play, &sum, sizeof(sum));
	}
}

static void
flow_cache_record_counts(struct flow_cache_play *play)
{
	for (uint16_t port = 0; port < WEFT_PORTS_MAX; port++) {
		struct weft_port_count sum;

		if (weft_topology->attachments[port] == NULL)
			continue;
		weft_port_count_sum(port, &sum);
		flow_cache_record(play, &sum, sizeof(sum));
	}
}

static int
flow_cache_compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct weft_fdb_row));
}

static void
flow_cache_record_fdb(struct flow_cache_play *play)
{
	static struct weft_fdb_row rows[4096];
	uint32_t cursor = 0, n = 0;
	struct weft_fdb_row row;

	memset(rows, 0, sizeof(rows));
	while (weft_fdb_next(&cursor, 0, &row)) {
		rows[n].network = row.network;
		rows[n].place = row.place;
		rows[n].mac = row.mac;
		rows[n++].origin = row.origin;
	}
	qsort(rows, n, sizeof(*rows), flow_cache_compare_rows);
	flow_cache_record(play, rows, n * sizeof(*rows));
}

/* ---- steps ---- */

static void
flow_cache_send(struct flow_cache_play *play, struct dice *dice, uint16_t arrival,
		struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_worker *worker =
		weft_workers[dice_below(dice, WEFT_WORKERS_MAX) % play->n_workers];

	if (play->way == FLOW_CACHE_FORGETFUL && dice_once_in(&play->whims, 16))
		forward_forget_flows(worker);
	if (play->way != FLOW_CACHE_WALK_ALWAYS) {
		forward_burst(worker, arrival, pkts, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++) {
		forward_forget_flows(worker);
		forward_burst(worker, arrival, &pkts[i], 1);
	}
}

/* Some packets arrive at one port: mostly frames that were seen before, and now and then a
 * new one. */
static void
flow_cache_burst(struct flow_cache_play *play, struct dice *dice, const struct site *site,
		 struct flow_cache_frame *known)
{
	const struct weft_conf *conf = weft_running_conf();
	uint32_t n_links = conf->n_wires + conf->n_ports;
	uint16_t n = (uint16_t)(1 + dice_below(dice, WEFT_BURST));
	uint32_t link = n_links == 0 ? 0 : dice_below(dice, n_links);
	struct rte_mbuf *pkts[WEFT_BURST];
	int32_t arrival;

	for (uint16_t i = 0; i < n; i++) {
		struct flow_cache_frame *frame = &known[dice_below(dice, FLOW_CACHE_KNOWN)];

		if (dice_once_in(dice, 16))
			flow_cache_random_frame(dice, &site->endpoint, frame);
		pkts[i] = forward_packet(frame->bytes, frame->length);
	}
	arrival = n_links == 0 ?
			  -1 :
			  weft_topology_find_port(weft_topology,
						  link < conf->n_wires ?
							  conf->wires[link].name :
							  conf->ports[link - conf->n_wires].name);
	if (arrival < 0)
		rte_pktmbuf_free_bulk(pkts, n);
	else
		flow_cache_send(play, dice, (uint16_t)arrival, pkts, n);
}

/* A next hop speaks. Alone: that is news for packets that wait, and a burst looks at those once. */
static void
flow_cache_speak(struct flow_cache_play *play, struct dice *dice, const struct site *site)
{
	const struct weft_endpoint *endpoint = weft_topology->endpoint;
	struct flow_cache_frame frame;
	struct rte_mbuf *packet;

	if (endpoint == NULL || weft_topology->attachments[endpoint->wire] == NULL)
		return;
	flow_cache_look_at(&site->endpoint);
	flow_cache_underlay(dice, &site->endpoint, &frame);
	packet = forward_packet(frame.bytes, frame.length);
	flow_cache_send(play, dice, endpoint->wire, &packet, 1);
}

static void
flow_cache_flush(struct dice *dice)
{
	struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, (uint8_t)(1 + dice_below(dice, 14)) } };

	weft_fdb_flush(dice_once_in(dice, 2) ? dice_below(dice, SITE_NETWORKS) : WEFT_FDB_ANY,
		       dice_once_in(dice, 2) ? dice_below(dice, SITE_NAMES) : WEFT_FDB_ANY,
		       dice_once_in(dice, 2) ? &mac : NULL, false);
}

static void
flow_cache_toggle_link(struct dice *dice)
{
	uint16_t id = (uint16_t)dice_below(dice, SITE_NAMES);

	if (weft_topology->attachments[id] != NULL)
		weft_port_set_link(weft_topology->attachments[id]->port, dice_once_in(dice, 2));
}

static bool
flow_cache_has_scope(uint16_t scope)
{
	return scope == WEFT_SCOPE_UNDERLAY ? weft_topology->endpoint != NULL :
					      weft_topology->networks[scope] != NULL;
}

/* The whole table of neighbours is looked at. */
static void
flow_cache_tend(void)
{
	struct weft_worker *worker = weft_workers[0];

	worker->topology = weft_rcu_load(weft_topology);
	for (uint32_t i = 0; i < 2 * WEFT_NEIGHBOURS_MAX / 256; i++) {
		worker->tended_tsc = 0;
		weft_tend(worker);
	}
}

/* Between two rounds of their loops, workers try what waits. What waits for long is forgotten, and so
 * is how many errors were sent: both have room per worker. */
static void
flow_cache_settle(struct flow_cache_play *play)
{
	for (uint16_t i = 0; i < play->n_workers; i++) {
		struct weft_worker *worker = weft_workers[i];

		worker->topology = weft_rcu_load(weft_topology);
		worker->held_sum = weft_gen_read(weft_all_neighbours_slot()) - 1;
		weft_hold_try(worker);
		/* Which worker gets a fragment is chance here, and each gathers for itself. */
		forward_drop_gathered(worker);
		memset(worker->more_budgets, 0, sizeof(worker->more_budgets));
	}
	if (weft_held_count() > 64)
		for (uint16_t i = 0; i < play->n_workers; i++)
			forward_drop_held(weft_workers[i]);
}

static const char *
flow_cache_step(struct flow_cache_play *play, struct dice *dice, struct site *site,
		struct flow_cache_frame *known, uint32_t *now_ms)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	uint32_t what = dice_below(dice, 100);

	if (what < 10) {
		flow_cache_speak(play, dice, site);
		return "neighbour";
	}
	if (what < 80) {
		flow_cache_burst(play, dice, site, known);
		return "packets";
	}
	if (what < 88) {
		/* A flow that is walked again, and refused before it is learned from, forgets
		 * that it was in use since the last sweep: the FDB may seem a little older than
		 * in truth. */
		forward_sweep();
		assert_int_equal(weft_running_apply(site_step(site, dice), &errors), 0);
		return "configuration";
	}
	if (what < 92) {
		flow_cache_flush(dice);
		return "flush";
	}
	if (what < 95) {
		flow_cache_toggle_link(dice);
		return "link";
	}
	forward_sweep();
	*now_ms += play->pause_ms;
	forward_time(*now_ms);
	weft_fdb_age(*now_ms / 1000);
	weft_neighbour_age(*now_ms, 300000, flow_cache_has_scope);
	weft_remote_age(weft_remote_count_retire);
	flow_cache_tend();
	return "time";
}

static void
flow_cache_tell(struct flow_cache_play *play)
{
	static struct flow_cache_frame known[FLOW_CACHE_KNOWN];
	struct dice dice = { play->seed };
	struct site site = site_first();
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *text = site_write(&site);
	uint32_t now_ms = 10000;
	struct weft_port_count before, after;

	forward_start(play->n_workers, play->flow_entries, play->mac_entries);
	forward_time(now_ms);
	weft_total_count_sum(&before);
	memset(known, 0, sizeof(known));
	for (uint32_t i = 0; i < FLOW_CACHE_KNOWN; i++)
		flow_cache_random_frame(&dice, &site.endpoint, &known[i]);
	assert_int_equal(weft_running_apply(conf_helper_load_open(text), &errors), 0);
	for (uint32_t i = 0; i < FLOW_CACHE_STEPS; i++) {
		play->steps[i] = flow_cache_step(play, &dice, &site, known, &now_ms);
		flow_cache_record_sent(play, false);
		flow_cache_settle(play);
		flow_cache_record_sent(play, true);
		flow_cache_record_counts(play);
		flow_cache_record_remotes(play);
		flow_cache_record_fdb(play);
		play->ends[i] = play->bytes;
		if (i % 20 == 0)
			forward_check_conservation();
	}
	for (uint16_t i = 0; i < play->n_workers; i++) {
		play->hits += weft_workers[i]->hits;
		play->misses += weft_workers[i]->misses;
		play->evicted += weft_workers[i]->table->n_evicted;
	}
	weft_total_count_sum(&after);
	for (uint32_t i = 0; i < WEFT_DROPS_END; i++)
		play->reasons += after.drops[i] != before.drops[i];
	free(text);
	forward_stop();
}

static void
flow_cache_compare(const struct flow_cache_play *should, const struct flow_cache_play *is)
{
	for (uint32_t i = 0; i < FLOW_CACHE_STEPS; i++) {
		size_t from = i == 0 ? 0 : should->ends[i - 1];

		if (is->ends[i] == should->ends[i] &&
		    memcmp(is->record + from, should->record + from, is->ends[i] - from) == 0)
			continue;
		fail_msg("seed %u, %u workers with %u flows: step %u (%s) comes out differently",
			 (unsigned int)is->seed, is->n_workers, is->flow_entries, i, is->steps[i]);
	}
	assert_int_equal(is->bytes, should->bytes);
}

/* ---- tests ---- */

/* Ways to tell a story; the first is the truth. Flows that vanish take the knowledge with them that
 * their MAC was in use a moment ago; where they do, nobody must ask for that. */
static const struct {
	enum flow_cache_way way;
	uint16_t n_workers;
	uint32_t flow_entries;
	bool may_forget;
} flow_cache_ways[] = {
	{ FLOW_CACHE_WALK_ALWAYS, 1, 64, false }, { FLOW_CACHE_BURSTS, 1, 16384, false },
	{ FLOW_CACHE_BURSTS, 3, 16384, false },	  { FLOW_CACHE_BURSTS, 1, 32, true },
	{ FLOW_CACHE_FORGETFUL, 2, 64, true },
};

static void
flow_cache_play(uint64_t seed, uint32_t mac_entries, uint32_t pause_ms)
{
	struct flow_cache_play *plays = calloc(RTE_DIM(flow_cache_ways), sizeof(*plays));

	assert_non_null(plays);
	for (uint32_t i = 0; i < RTE_DIM(flow_cache_ways); i++) {
		struct flow_cache_play *play = &plays[i];

		if (flow_cache_ways[i].may_forget && pause_ms < FLOW_CACHE_AGES_MS)
			continue;
		play->seed = seed;
		play->way = flow_cache_ways[i].way;
		play->n_workers = flow_cache_ways[i].n_workers;
		play->flow_entries = flow_cache_ways[i].flow_entries;
		play->mac_entries = mac_entries;
		play->pause_ms = pause_ms;
		flow_cache_tell(play);
		if (i == 0)
			continue;
		flow_cache_compare(&plays[0], play);
		/* It was a cache, indeed, and it was too small if it had to be. */
		assert_true(play->hits > play->misses / 2);
		assert_true(flow_cache_ways[i].may_forget || play->evicted == 0);
		free(play->record);
	}
	assert_int_equal(plays[0].hits, 0);
	/* Nearly all but miss-budget, no-buffer, tx-full, no-memory and hold-full; and those of
	 * messages, limits and routers that are told with packet files. */
	assert_in_range(plays[0].reasons, WEFT_DROPS_END - 1 - 5 - 6 - 20 - 22, WEFT_DROPS_END);
	free(plays[0].record);
	free(plays);
}

static void
test_stories_come_out_the_same_with_and_without_a_cache(void **state)
{
	(void)state;
	for (uint64_t seed = 1000; seed < 1000 + FLOW_CACHE_STORIES; seed++)
		flow_cache_play(seed, 1024, FLOW_CACHE_AGES_MS);
}

static void
test_also_when_macs_age(void **state)
{
	(void)state;
	for (uint64_t seed = 2000; seed < 2000 + FLOW_CACHE_STORIES; seed++)
		flow_cache_play(seed, 1024, FLOW_CACHE_WHILE_MS);
}

/* The FDB is too small for all: who is learned depends on who was removed. */
static void
test_also_when_the_fdb_is_full(void **state)
{
	(void)state;
	/* Not even static MACs find room, and that is said. */
	rte_log_set_global_level(RTE_LOG_CRIT);
	for (uint64_t seed = 3000; seed < 3000 + FLOW_CACHE_STORIES; seed++) {
		flow_cache_play(seed, 12, FLOW_CACHE_WHILE_MS);
		flow_cache_play(seed, 12, FLOW_CACHE_AGES_MS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories_come_out_the_same_with_and_without_a_cache),
		cmocka_unit_test(test_also_when_macs_age),
		cmocka_unit_test(test_also_when_the_fdb_is_full),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
