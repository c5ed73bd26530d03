/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker/worker.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "core/clock.h"

struct weft_worker *weft_workers[WEFT_WORKERS_MAX];
uint16_t weft_n_workers;
bool weft_worker_is_busy_polling;
uint32_t weft_worker_flow_idle_ms = 10000;

static bool worker_must_stop; /* [A] */

/* Our lcores have one core each; their numbers are EAL's and say nothing. */
static uint16_t
worker_find_core(unsigned int lcore)
{
	rte_cpuset_t cores = rte_lcore_cpuset(lcore);
	uint16_t core = 0;

	while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &cores))
		core++;
	return core;
}

int
weft_workers_create(uint32_t flow_entries, struct weft_errors *errors)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER(lcore) {
		struct weft_worker *worker =
			rte_zmalloc("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE);

		if (worker != NULL)
			worker->table = weft_flow_table_create(flow_entries);
		if (worker != NULL && worker->table != NULL)
			worker->gather = weft_gather_create();
		if (worker == NULL || worker->gather == NULL) {
			if (worker != NULL)
				weft_flow_table_destroy(worker->table);
			rte_free(worker);
			weft_errors_add(errors,
					"no memory for the flow table of worker %u (%u entries)",
					weft_n_workers, flow_entries);
			return -ENOMEM;
		}
		worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		worker->id = weft_n_workers;
		worker->lcore = lcore;
		worker->core = worker_find_core(lcore);
		weft_workers[weft_n_workers++] = worker;
	}
	return 0;
}

void
weft_workers_destroy(void)
{
	while (weft_n_workers > 0) {
		struct weft_worker *worker = weft_workers[--weft_n_workers];

		while (worker->n_held > 0)
			rte_pktmbuf_free(worker->held[--worker->n_held].packet);
		weft_gather_destroy(worker->gather);
		weft_flow_table_leave(worker->table);
		close(worker->wake_fd);
		rte_free(worker);
		weft_workers[weft_n_workers] = NULL;
	}
}

static bool
worker_poll(struct weft_worker *worker, const struct weft_poll *poll)
{
	const struct weft_attachment *arrival = worker->topology->attachments[poll->port->id];
	struct weft_port_count *count = &worker->counts[poll->port->id];
	struct weft_rxq_stats *stats = &poll->port->rxq[poll->queue];
	uint64_t bytes = count->rx_bytes, n_excess = worker->n_excess;
	uint64_t start = rte_rdtsc(), cycles;
	struct rte_mbuf *pkts[WEFT_BURST];
	uint16_t n;

	if (unlikely(weft_budget_waits(worker, poll->port->id)))
		return false;
	n = weft_port_rx(poll->port, poll->queue, pkts, WEFT_BURST);
	if (n == 0)
		return false;
	weft_burst_forward(worker, arrival, pkts, n);
	weft_tx_flush(worker);
	cycles = rte_rdtsc() - start;
	stats->packets += n;
	stats->bytes += count->rx_bytes - bytes;
	stats->busy_cycles += cycles;
	worker->busy_cycles += cycles;
	n_excess = worker->n_excess - n_excess;
	if (unlikely(n_excess > 0))
		weft_budget_charge(worker, arrival, cycles, (uint32_t)n_excess, n);
	return true;
}

/* Somebody wants to look into our tables. */
static void
worker_do_job(struct weft_worker *worker)
{
	weft_worker_job job = __atomic_load_n(&worker->job, __ATOMIC_ACQUIRE);

	if (likely(job == NULL))
		return;
	job(worker, worker->job_context);
	__atomic_store_n(&worker->job, NULL, __ATOMIC_RELEASE);
}

static int
worker_loop(void *argument)
{
	struct weft_worker *worker = argument;

	prctl(PR_SET_TIMERSLACK, 1);
	weft_rcu_register(worker->id);
	weft_rcu_online(worker->id);
	while (!__atomic_load_n(&worker_must_stop, __ATOMIC_RELAXED)) {
		const struct weft_polls *polls;
		bool is_idle = true;

		worker->topology = weft_rcu_load(weft_topology);
		worker->now_tsc = rte_rdtsc();
		worker->now_ms = (uint32_t)weft_clock_ms_at(worker->now_tsc);
		polls = &worker->topology->polls[worker->id];
		for (uint32_t i = 0; i < polls->n; i++)
			if (worker_poll(worker, &polls->list[i]))
				is_idle = false;
		if (unlikely(worker->n_held > 0))
			weft_hold_try(worker);
		if (worker->id == 0)
			weft_tend(worker);
		weft_gather_tick(worker);
		weft_sweep(worker);
		weft_conn_expire(worker->id, worker->now_ms);
		worker_do_job(worker);
		worker->loops++;
		worker->was_idle = is_idle;
		weft_rcu_quiescent(worker->id);
		if (is_idle) {
			weft_rest(worker);
			continue;
		}
		worker->idle_since = worker->now_tsc;
		if (unlikely(worker->is_armed))
			weft_rest_end(worker);
	}
	weft_rcu_offline(worker->id);
	weft_rcu_unregister(worker->id);
	return 0;
}

int
weft_workers_start(void)
{
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		int rc =
			rte_eal_remote_launch(worker_loop, weft_workers[i], weft_workers[i]->lcore);

		if (rc != 0)
			return rc;
	}
	return 0;
}

void
weft_workers_stop(void)
{
	__atomic_store_n(&worker_must_stop, true, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < weft_n_workers; i++)
		weft_rest_wake(weft_workers[i]);
	rte_eal_mp_wait_lcore();
}

void
weft_worker_call(struct weft_worker *worker, weft_worker_job job, void *context)
{
	worker->job_context = context;
	__atomic_store_n(&worker->job, job, __ATOMIC_RELEASE);
	weft_rest_wake(worker);
	while (__atomic_load_n(&worker->job, __ATOMIC_ACQUIRE) != NULL)
		usleep(20);
}
