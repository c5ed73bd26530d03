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
 * makes n - 1 copies; a packet that the switch itself makes is a copy too, of the port whose packet
 * was the reason, or else of the port where it leaves. A large packet that is cut into n leaves as
 * itself and n - 1 copies. `held` counts packets in transmit buffers,
 * and those that wait for a neighbour or for the rest of a datagram, at the moment of asking.
 *
 * Threads: each struct belongs to its worker [W]; counters are read by the control thread [S].
 */
#ifndef WEFT_WORKER_WORKER_H
#define WEFT_WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/errors.h"
#include "flow/act.h"
#include "flow/finish.h"
#include "flow/table.h"
#include "path/drop.h"
#include "path/walk.h"
#include "topology/topology.h"

/** What a worker counts per port; all [S]. */
struct weft_port_count {
	uint64_t rx_packets, rx_bytes; /* received by it */
	uint64_t copies; /* made of packets received by it */
	uint64_t tx_packets, tx_bytes; /* sent by it */
	uint64_t sums; /* checksums that it left to us, and we made */
	uint64_t cuts, pieces; /* large packets of it that we cut, and what they became */
	uint64_t drops[WEFT_DROPS_END];
};

/** What a worker counts per remote endpoint: packets as they are on the wire; all [S]. */
struct weft_remote_count {
	uint64_t tx_packets, tx_bytes;
	uint64_t rx_packets, rx_bytes;
};

/** A packet that waits for the next hop to a receiver. */
struct weft_held {
	struct rte_mbuf *packet;
	uint16_t arrival; /* port */
	uint16_t place; /* the receiver; WEFT_NO_PORT: a router's next hop, so nobody knows yet */
	uint16_t network; /* number; the arrival may have come to another one meanwhile */
	uint32_t until_ms;
};

#define WEFT_HELD_MAX 256
#define WEFT_GATHER_MAX 1024 /* fragments that wait on one worker, and datagrams that they are of */

/** Packets on their way out of a port. */
struct weft_tx {
	uint16_t n;
	bool is_touched; /* on the worker's list of ports to flush */
	uint32_t bytes;
	struct rte_mbuf *pkts[WEFT_BURST];
};

struct weft_gather;

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
	uint64_t n_excess; /* packets beyond the budget of their port */
	bool was_idle; /* the loop before */

	uint32_t swept_line; /* next line that the sweep looks at */
	uint64_t swept_tsc;
	uint64_t idle_since; /* TSC of the last packet */
	bool is_armed; /* queues signal their next packet */
	uint32_t armed_number, armed_changes; /* configuration, and weft_port_changes, when they
						 were asked to */
	uint64_t arm_again; /* TSC before which it is not tried: some queue cannot */
	int wait_fd; /* epoll, while armed */
	int wake_fd; /* eventfd by which others wake it */

	weft_worker_job job; /* [A] set by the control thread, cleared by the worker when done */
	void *job_context;

	uint32_t n_held; /* [S] */
	uint32_t held_sum; /* generation of the neighbours when the waiting ones were last tried */
	struct weft_held held[WEFT_HELD_MAX]; /* in order of arrival */
	uint64_t tended_tsc; /* worker 0: when neighbours were last looked after */
	uint64_t advertised_tsc; /* worker 0: when routers last looked whether to advertise */
	struct weft_terminator announced; /* worker 0: what others have been told of our endpoint */
	uint32_t announced_number; /* worker 0: configuration whose routers others know of */

	uint32_t n_touched;
	uint16_t touched[WEFT_PORTS_MAX];
	struct weft_tx tx[WEFT_PORTS_MAX];
	struct weft_port_count counts[WEFT_PORTS_MAX];
	struct weft_budget budgets[WEFT_PORTS_MAX]; /* of walks */
	uint64_t waits_until[WEFT_PORTS_MAX]; /* busy cycles */
	struct weft_budget more_budgets[WEFT_PORTS_MAX][WEFT_BUDGETS]; /* of what they find */
	struct weft_gather *gather;
	struct weft_remote_count remotes[WEFT_REMOTES_MAX];
	struct weft_output outputs[WEFT_PLACES_MAX]; /* scratch of the walk, as are these */
	uint16_t waits[WEFT_PLACES_MAX];
	struct weft_reply reply;
	struct weft_filter far;
	struct weft_passages passages;
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

/** The present snapshot is about to be replaced: routers that advertise themselves no more say so.
 *  While workers run. */
void weft_tend_change(const struct weft_topology *next);

/** Packets in transmit buffers, and packets that wait, right now. */
uint64_t weft_held_count(void);

/** Sums one remote endpoint's counters over all workers. */
void weft_remote_count_sum(uint16_t place, struct weft_remote_count *sum);

/** A remote endpoint's number is free: the next one starts at zero. */
void weft_remote_count_retire(uint16_t place);

/** A port goes for good: its counters move to the sum of what was, and its number starts at zero.
 *  No worker may use it any more. */
void weft_port_count_retire(uint16_t port);

/* ---- the worker itself: burst.c, offload.c, spread.c, hold.c, gather.c, tend.c, tx.c,
 * sweep.c ---- */

/** What is to be done with one packet, remembered or not. */
struct weft_decision {
	const struct weft_answer *answer;
	const struct weft_output *outputs; /* of a flood */
	const uint16_t *waits; /* places */
	uint16_t n_outputs, n_waits;
	const struct weft_rewrite *rewrite; /* NULL: nothing is translated */
	const struct weft_translation_pair
		*quote; /* and of an ICMP error what it quotes; or NULL */
	bool is_routed;
	uint32_t mtu; /* of the network that it leaves by */
};

/** Forwards one burst of packets that arrived by one port. */
void weft_burst_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
			struct rte_mbuf **pkts, uint16_t n);

/** What only the first fragment of a datagram says. */
struct weft_whole {
	struct weft_conn_packet packet;
	rte_be16_t port_src, port_dst; /* as in a key */
	uint8_t protocol;
};

/** Walks a fragment of a datagram that is complete, in order: the first one says what the datagram
 *  is, for the others, in @p whole. @return WEFT_NEXT, or why it was dropped */
enum weft_drop weft_burst_fragment(struct weft_worker *worker, const struct weft_key *key,
				   struct rte_mbuf *packet, uint16_t network,
				   struct weft_whole *whole);

/** Sends a frame that a router says in a network, to whoever `bridge` finds. @return false: some
 *  of them cannot be reached yet */
bool weft_burst_send_own(struct weft_worker *worker, uint16_t network, const uint8_t *frame,
			 uint32_t length);

/** Walks a packet that has waited, for one receiver only. */
void weft_burst_again(struct weft_worker *worker, const struct weft_held *held);

/** Walks a packet for which there is no answer, or one that does not speak of frames this long. */
void weft_burst_miss(struct weft_worker *worker, const struct weft_attachment *arrival,
		     const struct weft_key *key, uint64_t hash, struct rte_mbuf *packet);

/** weft_worker_send() of a packet that is unfinished: as it is, if the receiver takes that. */
void weft_offload_send(struct weft_worker *worker, const struct weft_output *output,
		       struct rte_mbuf *packet);

/** Finishes a packet that is to be walked. @return false: it was dropped; or cut, and its pieces
 *  were walked */
bool weft_offload_finish(struct weft_worker *worker, const struct weft_attachment *arrival,
			 struct rte_mbuf *packet);

/** Acts on a packet that does not simply leave by one output: floods, fragments, waits, drops. */
void weft_spread(struct weft_worker *worker, uint16_t arrival, const struct weft_decision *decision,
		 struct rte_mbuf *packet);

/** Makes and sends what a walk wants to be said. @return whether it was */
bool weft_spread_reply(struct weft_worker *worker, const struct weft_attachment *arrival,
		       const struct weft_reply *reply, const struct rte_mbuf *packet);

/** Lets a packet wait for a neighbour, or drops it if too many do. */
void weft_hold(struct weft_worker *worker, const struct weft_held *held);

/** A port number becomes free: drops what arrived by it and still waits. Control thread. */
void weft_hold_forget(uint16_t port);

/** Tries those that wait again, if anything has changed among the neighbours; drops those that have
 *  waited too long. */
void weft_hold_try(struct weft_worker *worker);

/** Worker 0: asks for neighbours, tells others of our tunnel endpoint and of routers. */
void weft_tend(struct weft_worker *worker);

/** Translates a packet, as far as that is wanted; one that is too short for it is dropped.
 *  @return whether it is there still */
bool weft_spread_translate(struct weft_worker *worker, uint16_t arrival,
			   const struct weft_rewrite *rewrite,
			   const struct weft_translation_pair *quote, struct rte_mbuf *packet);

/** Counts and frees. */
void weft_tx_drop(struct weft_worker *worker, uint16_t port, enum weft_drop reason,
		  struct rte_mbuf *packet);

/** A frame of our own in a packet; NULL: no buffer is free. */
struct rte_mbuf *weft_tx_make(const uint8_t *frame, uint32_t length);

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

/** Of a burst of @p n packets that took @p cycles, @p n_excess were dropped for a budget: the port
 *  waits for others. */
void weft_budget_charge(struct weft_worker *worker, const struct weft_attachment *arrival,
			uint64_t cycles, uint32_t n_excess, uint32_t n);

/** @return whether the port has to let others go first */
static inline bool
weft_budget_waits(const struct weft_worker *worker, uint16_t port)
{
	return worker->busy_cycles < worker->waits_until[port] && !worker->was_idle;
}

/** A fragment that could not be judged alone waits; or it was the last of its datagram: then all of
 *  them go where the datagram may go. @param key  of the fragment; @param network  number */
void weft_gather(struct weft_worker *worker, const struct weft_key *key, uint16_t network,
		 struct rte_mbuf *packet);

/** Drops what has waited too long. */
void weft_gather_tick(struct weft_worker *worker);

/** A port number becomes free: drops what arrived by it and still waits. Control thread. */
void weft_gather_forget(uint16_t port);

/** Fragments that wait. */
uint32_t weft_gather_count(const struct weft_worker *worker);

struct weft_gather *weft_gather_create(void);
void weft_gather_destroy(struct weft_gather *gather);

/** A packet that came through a tunnel. */
static __rte_always_inline void
weft_worker_count_rx(struct weft_worker *worker, uint16_t place, const struct rte_mbuf *packet)
{
	struct weft_remote_count *count = &worker->remotes[place - WEFT_PLACE_REMOTE];

	count->rx_packets++;
	count->rx_bytes += packet->pkt_len;
}

/** Does what an output says, and buffers the packet for its port. The flags are asked once: most
 *  have none. */
static __rte_always_inline void
weft_worker_send(struct weft_worker *worker, const struct weft_output *output,
		 struct rte_mbuf *packet)
{
	if (unlikely(packet->ol_flags & WEFT_PACKET_UNFINISHED)) {
		weft_offload_send(worker, output, packet);
		return;
	}
	weft_act_rewrite(packet, output);
	if (unlikely(output->flags != 0)) {
		weft_act_flags(packet, output);
		if (output->flags & WEFT_OUTPUT_ENCAP) {
			struct weft_remote_count *count =
				&worker->remotes[output->encap->head.place - WEFT_PLACE_REMOTE];

			count->tx_packets++;
			count->tx_bytes += packet->pkt_len;
		}
	}
	weft_tx_add(worker, output->port, packet);
}

#endif
