/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep: what must be done for flows but not per packet.
 *
 * Looks at the whole table about once per second, a slice at a time: forgets flows that nobody
 * used for a while, and keeps the FDB entries and connections of those in use young.
 */
#include "conntrack/conntrack.h"
#include "core/clock.h"
#include "fdb/fdb.h"
#include "worker/worker.h"

#define SWEEP_ROUND_MS 1000
#define SWEEP_TOUCH_MS                                                                             \
	4000 /* how much older than in truth an FDB entry may seem; ages are 10 s or more */
#define SWEEP_LINES_MAX 64 /* per slice, however late we are, or ... */
#define SWEEP_SLICES 64 /* ... one of so many: a worker that rests comes by every 10 ms */

/* Packets of remembered flows do not come to conntrack: it is told here. What is stale may stand on
 * a connection that is gone. */
static void
sweep_conn(const struct weft_flow_table *table, const struct weft_flow *flow)
{
	uint32_t conns[1 + WEFT_FLOW_CONNS_MORE] = { flow->conn };
	uint32_t n = 1;

	if (flow->answer.has_more) {
		memcpy(&conns[1], weft_flow_more(table, flow)->conns,
		       sizeof(conns) - sizeof(conns[0]));
		n = RTE_DIM(conns);
	}
	if ((n == 1 && conns[0] == WEFT_FLOW_NO_CONN) || !weft_flow_is_fresh(table, flow))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (conns[i] != WEFT_FLOW_NO_CONN)
			weft_conn_touch(conns[i] >> 1, (enum weft_conn_direction)(conns[i] & 1),
					flow->used_ms);
}

static void
sweep_flow(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	struct weft_worker *worker = context;
	uint32_t idle_ms = worker->now_ms - flow->used_ms;
	struct weft_key key;

	if (idle_ms > __atomic_load_n(&weft_worker_flow_idle_ms, __ATOMIC_RELAXED)) {
		sweep_conn(table, flow);
		weft_flow_del(table, flow);
		return;
	}
	if (flow->used_ms - flow->swept_ms < SWEEP_TOUCH_MS)
		return;
	sweep_conn(table, flow);
	flow->swept_ms = flow->used_ms;
	if (!flow->answer.is_learned)
		return;
	weft_flow_key(table, flow, &key);
	weft_fdb_touch(flow->answer.network, &key.src, flow->answer.place,
		       weft_clock_sec_at(worker->now_tsc));
}

void
weft_sweep(struct weft_worker *worker)
{
	uint32_t lines = weft_flow_table_lines(worker->table);
	uint64_t round = SWEEP_ROUND_MS * weft_clock_cycles_per_ms;
	uint64_t due = (worker->now_tsc - worker->swept_tsc) * lines / round;

	if (due == 0)
		return;
	worker->swept_tsc = worker->now_tsc;
	due = RTE_MIN(due, RTE_MAX(lines / SWEEP_SLICES, (uint64_t)SWEEP_LINES_MAX));
	for (uint32_t i = 0; i < due; i++) {
		weft_flow_visit_line(worker->table, worker->swept_line, sweep_flow, worker);
		worker->swept_line = (worker->swept_line + 1) % lines;
	}
}
