/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker: a core that polls receive queues and runs every packet to completion.
 *
 * A worker owns everything that it writes per packet: its flow table, its counters, its transmit
 * buffers. What it reads of others (topology, generations, FDB) is published and never waits. Any
 * packet may leave by any port from any worker.
 *
 * Adaptive polling: when nothing has come for a while, a worker rests between two looks at its
 * queues, so that an idle switch leaves its cores to others; see rest.c. With `polling: busy` it
 * never does.
 *
 * Other threads that want to look into a worker (list its flows) do not read its memory: they hand
 * it a small job, which it runs between two bursts, weft_worker_call().
 *
 * Conservation: over all ports, rx + copies = tx + drops + held. A flood of one packet to n ports
 * makes n - 1 copies; `held` counts packets in transmit buffers at the moment of asking.
 *
 * Threads: each struct belongs to its worker [W]; counters are read by the control thread [S].
 */
#ifndef WEFT_WORKER_WORKER_H
#define WEFT_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/errors.h"
#include "flow/act.h"
#include "flow/table.h"
#include "path/drop.h"
#include "path/walk.h"
#include "topology/topology.h"

/** What a worker counts per port; all [S]. */
struct weft_port_count {
	uint64_t rx_packets, rx_bytes; /* received by it */
	uint64_t copies; /* made of packets received by it */
	uint64_t tx_packets, tx_bytes; /* sent by it */
	uint64_t drops[WEFT_DROPS_END];
};

/** Packets on their way out of a port. */
struct weft_tx {
	uint16_t n;
	bool is_touched; /* on the worker's list of ports to flush */
	uint32_t bytes;
	struct rte_mbuf *pkts[WEFT_BURST];
};

/** How many walks a port may still cause. */
struct weft_budget {
	uint64_t filled; /* TSC at which the bucket was last filled */
	uint32_t tokens;
};

typedef void (*weft_worker_job)(void *worker, void *context);

struct weft_worker {
	uint16_t id;
	uint16_t core; /* where it runs, for people */
	unsigned int lcore; /* EAL's number */
	struct weft_flow_table *table;

	/* Of the present loop. */
	const struct weft_topology *topology;
	uint64_t now_tsc;
	uint32_t now_ms;

	uint64_t hits, misses, walk_cycles; /* [S] */
	uint64_t busy_cycles; /* [S] TSC cycles of loops that moved packets */
	uint64_t loops; /* [S] */

	uint32_t swept_line; /* next line that the sweep looks at */
	uint64_t swept_tsc;
	uint64_t idle_since; /* TSC of the last packet */
	bool is_armed; /* queues signal their next packet */
	uint64_t arm_again; /* TSC before which it is not tried: some queue cannot */
	int wait_fd; /* epoll, while armed */
	int wake_fd; /* eventfd by which others wake it */

	weft_worker_job job; /* [A] set by the control thread, cleared by the worker when done */
	void *job_context;

	uint32_t n_touched;
	uint16_t touched[WEFT_PORTS_MAX];
	struct weft_tx tx[WEFT_PORTS_MAX];
	struct weft_port_count counts[WEFT_PORTS_MAX];
	struct weft_budget budgets[WEFT_PORTS_MAX];
	struct weft_output outputs[WEFT_PORTS_MAX]; /* scratch of the walk */
};

/** By number; [I] after weft_workers_create(). */
extern struct weft_worker *weft_workers[WEFT_WORKERS_MAX];
extern uint16_t weft_n_workers;

/** Options that may change while workers run; [A]. */
extern bool weft_worker_is_busy_polling;
extern uint32_t weft_worker_flow_idle_ms;

/* ---- control thread ---- */

/** One worker per EAL worker lcore. @param flow_entries  capacity of each one's flow table.
 *  @return 0 or -ENOMEM with a sentence */
int weft_workers_create(uint32_t flow_entries, struct weft_errors *errors);

/** Starts polling; weft_topology must be published. @return 0 or negative errno */
int weft_workers_start(void);

/** Ends all loops and waits for that. */
void weft_workers_stop(void);
void weft_workers_destroy(void);

/** Runs @p job on a worker, between two bursts, and returns when it has run. Jobs are short:
 *  packets
 *  wait. Must not be called after weft_workers_stop(). */
void weft_worker_call(struct weft_worker *worker, weft_worker_job job, void *context);

/** Sums one port's counters over all workers. */
void weft_port_count_sum(uint16_t port, struct weft_port_count *sum);

/** Sums over everything there is and was, so that the law of conservation holds for ever. */
void weft_total_count_sum(struct weft_port_count *sum);

/** Packets in transmit buffers right now. */
uint64_t weft_held_count(void);

/** A port goes for good: its counters move to the sum of what was, and its number starts at zero.
 *  No worker may use it any more. */
void weft_port_count_retire(uint16_t port);

/* ---- the worker itself: burst.c, tx.c, sweep.c ---- */

/** Forwards one burst of packets that arrived by one port. */
void weft_burst_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
			struct rte_mbuf **pkts, uint16_t n);

/** Counts and frees. */
void weft_tx_drop(struct weft_worker *worker, uint16_t port, enum weft_drop reason,
		  struct rte_mbuf *packet);

/** Hands a port's buffered packets to its driver. */
void weft_tx_flush_port(struct weft_worker *worker, uint16_t port);

/** And all touched ports'. */
void weft_tx_flush(struct weft_worker *worker);

/** Buffers a packet for a port. */
static __rte_always_inline void
weft_tx_add(struct weft_worker *worker, uint16_t port, struct rte_mbuf *packet)
{
	struct weft_tx *tx = &worker->tx[port];

	if (unlikely(!tx->is_touched)) {
		tx->is_touched = true;
		worker->touched[worker->n_touched++] = port;
	}
	tx->bytes += packet->pkt_len;
	tx->pkts[tx->n++] = packet;
	if (unlikely(tx->n == WEFT_BURST))
		weft_tx_flush_port(worker, port);
}

/** Ages flows and keeps FDB entries young, one bounded slice per call. */
void weft_sweep(struct weft_worker *worker);

/** Found nothing in this loop: spins, naps or sleeps, as the configuration and the time since the
 *  last
 *  packet ask for. The caller is quiescent. */
void weft_rest(struct weft_worker *worker);

/** Ends what weft_rest() prepared, when packets have come. */
void weft_rest_end(struct weft_worker *worker);

/** Wakes a worker that rests, from any thread. */
void weft_rest_wake(struct weft_worker *worker);

/** @return whether the port may cause one more walk now */
bool weft_budget_take(struct weft_worker *worker, const struct weft_attachment *arrival);

#endif
