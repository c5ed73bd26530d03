/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stat show: the books of the whole switch, rx_packets + copies = tx_packets + drops + held.
 *
 * While packets flow the numbers are of slightly different moments; when they rest, the sum is
 * exact, ports that no longer exist included.
 */
#include "conntrack/conntrack.h"
#include "show/show.h"

/* Sums over all workers. */
struct stat_cmd_walks {
	uint64_t hits, misses, cycles, evicted;
};

static void
stat_cmd_add_workers(struct stat_cmd_walks *sum)
{
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		const struct weft_worker *worker = weft_workers[i];

		sum->hits += __atomic_load_n(&worker->hits, __ATOMIC_RELAXED);
		sum->misses += __atomic_load_n(&worker->misses, __ATOMIC_RELAXED);
		sum->cycles += __atomic_load_n(&worker->walk_cycles, __ATOMIC_RELAXED);
		sum->evicted += __atomic_load_n(&worker->table->n_evicted, __ATOMIC_RELAXED);
	}
}

static json_t *
stat_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct stat_cmd_walks walks = { 0 };
	struct weft_port_count total;

	(void)call;
	(void)errors;
	weft_total_count_sum(&total);
	stat_cmd_add_workers(&walks);
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i}",
		"rx_packets", (json_int_t)total.rx_packets, "rx_bytes", (json_int_t)total.rx_bytes,
		"copies", (json_int_t)total.copies, "tx_packets", (json_int_t)total.tx_packets,
		"tx_bytes", (json_int_t)total.tx_bytes, "drops",
		(json_int_t)weft_show_drop_sum(&total), "held", (json_int_t)weft_held_count(),
		"flows", (json_int_t)weft_show_flow_count(), "flow_hits", (json_int_t)walks.hits,
		"flow_misses", (json_int_t)walks.misses, "flows_evicted", (json_int_t)walks.evicted,
		"walk_cycles", (json_int_t)(walks.misses == 0 ? 0 : walks.cycles / walks.misses),
		"fdb_entries", (int)weft_fdb_count(), "connections", (int)weft_conn_count());
}

WEFT_CMD("stat", "show", stat_cmd_show);
