/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker/load.h"

#include "core/clock.h"
#include "worker/worker.h"

/* A counter of cycles, as it was and as it grew. */
struct load {
	uint64_t cycles; /* at the last sample */
	uint16_t permille; /* of the time before it */
};

static uint64_t load_tsc; /* of the last sample; 0: none yet */
static struct load load_workers[WEFT_WORKERS_MAX];
static struct load load_queues[WEFT_PORTS_MAX][WEFT_QUEUES_MAX];

static void
load_update(struct load *load, const uint64_t *counter, uint64_t elapsed)
{
	uint64_t cycles = __atomic_load_n(counter, __ATOMIC_RELAXED);
	/* A port that was opened anew counts from zero. */
	uint64_t grown = cycles < load->cycles ? cycles : cycles - load->cycles;

	load->cycles = cycles;
	load->permille = (uint16_t)RTE_MIN(grown * 1000 / elapsed, 1000u);
}

void
weft_load_sample(void)
{
	uint64_t now = rte_rdtsc();
	uint64_t elapsed = RTE_MAX(now - (load_tsc == 0 ? weft_clock_start : load_tsc), 1u);

	for (uint16_t i = 0; i < weft_n_workers; i++)
		load_update(&load_workers[i], &weft_workers[i]->busy_cycles, elapsed);
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = weft_topology->attachments[id];

		for (uint16_t queue = 0; port != NULL && queue < port->port->n_rxq; queue++)
			load_update(&load_queues[id][queue], &port->port->rxq[queue].busy_cycles,
				    elapsed);
	}
	load_tsc = now;
}

double
weft_load_of_worker(uint16_t worker)
{
	return load_workers[worker].permille / 10.0;
}

double
weft_load_of_queue(uint16_t port, uint16_t queue)
{
	return load_queues[port][queue].permille / 10.0;
}
