/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker that tests feed by hand: frames in, through tables and walk, out into fake ports.
 *
 * Time is the test's: forward_time() moves it. Nothing polls.
 */
#ifndef TEST_UNIT_FORWARD_HELPER_H
#define TEST_UNIT_FORWARD_HELPER_H

#include "eal_helper.h"

#include <rte_mempool.h>

#include "fake_port.h"
#include "fdb/fdb.h"
#include "neighbour/neighbour.h"
#include "port/buffers.h"
#include "topology/running.h"
#include "tracking_helper.h"
#include "tunnel/remote.h"
#include "worker/worker.h"

#define FORWARD_HEAD 128 /* bytes that the first segment of a long frame holds */

static struct rte_mempool *forward_pool;

static void
forward_on_applied(const struct weft_conf *conf)
{
	(void)conf;
}

static const struct weft_running_hooks forward_hooks = { forward_on_applied,
							 weft_port_count_retire };

/** Workers, FDB and an empty configuration. */
static inline void
forward_start(uint16_t n_workers, uint32_t flow_entries, uint32_t mac_entries)
{
	if (forward_pool == NULL)
		forward_pool = rte_pktmbuf_pool_create("forward", 8191, 0, 0,
						       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(forward_pool);
	for (uint16_t i = 0; i < n_workers; i++) {
		struct weft_worker *worker = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*worker), 64));

		assert_non_null(worker);
		memset(worker, 0, sizeof(*worker));
		worker->id = i;
		worker->table = weft_flow_table_create(flow_entries);
		assert_non_null(worker->table);
		/* The same seeds in every run. */
		worker->table->seed = 0x1234567 + i;
		worker->gather = weft_gather_create();
		assert_non_null(worker->gather);
		weft_workers[i] = worker;
	}
	weft_n_workers = n_workers;
	weft_buffers = forward_pool;
	assert_int_equal(weft_fdb_create(mac_entries), 0);
	assert_int_equal(weft_remote_create(), 0);
	assert_int_equal(weft_neighbour_create(), 0);
	assert_int_equal(tracking_helper_start(n_workers), 0);
	assert_int_equal(weft_running_init(n_workers, &forward_hooks), 0);
}

/** What configurations have held has been given back: numbers of remote endpoints, pins. */
static inline void
forward_check_returned(void)
{
	struct weft_neighbour_row row;
	struct weft_ip address;
	uint32_t cursor = 0;
	bool is_held;

	while (weft_remote_next(&cursor, &address, &is_held) != WEFT_NO_PORT)
		assert_false(is_held);
	for (cursor = 0; weft_neighbour_next(&cursor, 0, &row);)
		assert_false(row.is_pinned);
}

/** Nobody waits any more. */
static inline void
forward_drop_held(struct weft_worker *worker)
{
	while (worker->n_held > 0) {
		const struct weft_held *held = &worker->held[--worker->n_held];

		weft_tx_drop(worker, held->arrival, DROP_ENCAP_NO_NEIGHBOUR, held->packet);
	}
}

/** Nor for the rest of a datagram: its time is over, whatever it was. */
static inline void
forward_drop_gathered(struct weft_worker *worker)
{
	uint32_t now_ms = worker->now_ms;

	for (int minutes = 0; minutes < 3; minutes++) {
		worker->now_ms += 60000;
		weft_gather_tick(worker);
	}
	worker->now_ms = now_ms;
}

static inline void
forward_stop(void)
{
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		forward_drop_held(weft_workers[i]);
		forward_drop_gathered(weft_workers[i]);
	}
	weft_running_fini();
	forward_check_returned();
	/* What was counted stays balanced for the next test. */
	for (uint16_t port = 0; port < WEFT_PORTS_MAX; port++)
		weft_port_count_retire(port);
	while (weft_n_workers > 0) {
		struct weft_worker *worker = weft_workers[--weft_n_workers];

		weft_flow_table_destroy(worker->table);
		weft_gather_destroy(worker->gather);
		free(worker);
	}
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	weft_fdb_destroy();
	weft_neighbour_destroy();
	weft_remote_destroy();
	tracking_helper_stop();
	fake_reset();
	assert_int_equal(rte_mempool_in_use_count(forward_pool), 0);
}

/** Sets the workers' clocks, as their loops do. */
static inline void
forward_time(uint32_t now_ms)
{
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		weft_workers[i]->now_ms = now_ms;
		weft_workers[i]->now_tsc = weft_clock_start + now_ms * weft_clock_cycles_per_ms;
	}
}

/** Every flow is swept once. */
static inline void
forward_sweep(void)
{
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		struct weft_worker *worker = weft_workers[i];
		uint32_t first = worker->swept_line;

		do { /* a second passes between two slices */
			worker->swept_tsc = worker->now_tsc - 1000 * weft_clock_cycles_per_ms;
			weft_sweep(worker);
		} while (worker->swept_line != first);
	}
}

static inline void
forward_forget_flow(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	(void)context;
	weft_flow_del(table, flow);
}

/** Throws all flows away. */
static inline void
forward_forget_flows(struct weft_worker *worker)
{
	for (uint32_t line = 0; line < weft_flow_table_lines(worker->table); line++)
		weft_flow_visit_line(worker->table, line, forward_forget_flow, NULL);
	assert_int_equal(worker->table->n_flows, 0);
}

/** A frame in buffers as drivers give them: long ones in two segments. */
static inline struct rte_mbuf *
forward_packet(const uint8_t *frame, uint32_t length)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(forward_pool), *rest;
	uint32_t head = length > 2 * FORWARD_HEAD ? FORWARD_HEAD : length;

	assert_non_null(packet);
	memcpy(rte_pktmbuf_append(packet, (uint16_t)head), frame, head);
	if (head == length)
		return packet;
	rest = rte_pktmbuf_alloc(forward_pool);
	assert_non_null(rest);
	memcpy(rte_pktmbuf_append(rest, (uint16_t)(length - head)), frame + head, length - head);
	assert_int_equal(rte_pktmbuf_chain(packet, rest), 0);
	return packet;
}

/** One round of a worker's loop that received these packets. */
static inline void
forward_burst(struct weft_worker *worker, uint16_t arrival, struct rte_mbuf **pkts, uint16_t n)
{
	worker->topology = weft_rcu_load(weft_topology);
	weft_burst_forward(worker, worker->topology->attachments[arrival], pkts, n);
	weft_tx_flush(worker);
}

/** rx + copies = tx + drops + held, over everything there is and was. */
static inline void
forward_check_conservation(void)
{
	struct weft_port_count sum;
	uint64_t drops = 0;

	weft_total_count_sum(&sum);
	for (uint32_t i = 0; i < WEFT_DROPS_END; i++)
		drops += sum.drops[i];
	assert_int_equal(sum.rx_packets + sum.copies, sum.tx_packets + drops + weft_held_count());
}

#endif
