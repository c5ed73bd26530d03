/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "worker/worker.h"

/* [C] What ports that no longer exist have counted. */
static struct weft_port_count count_gone;

/* All members are uint64_t, so one loop adds them. */
static void
count_add(struct weft_port_count *sum, const struct weft_port_count *more)
{
	uint64_t *into = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)more;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		into[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void
weft_port_count_sum(uint16_t port, struct weft_port_count *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint16_t i = 0; i < weft_n_workers; i++)
		count_add(sum, &weft_workers[i]->counts[port]);
}

void
weft_total_count_sum(struct weft_port_count *sum)
{
	*sum = count_gone;
	/* Those of a port that could not be opened again too: it is in no snapshot. */
	for (uint16_t i = 0; i < weft_n_workers; i++)
		for (uint32_t port = 0; port < WEFT_PORTS_MAX; port++)
			count_add(sum, &weft_workers[i]->counts[port]);
}

uint64_t
weft_held_count(void)
{
	uint64_t held = 0;

	for (uint16_t i = 0; i < weft_n_workers; i++) {
		held += __atomic_load_n(&weft_workers[i]->n_held, __ATOMIC_RELAXED);
		held += weft_gather_count(weft_workers[i]);
		for (uint32_t port = 0; port < WEFT_PORTS_MAX; port++)
			held += __atomic_load_n(&weft_workers[i]->tx[port].n, __ATOMIC_RELAXED);
	}
	return held;
}

void
weft_port_count_retire(uint16_t port)
{
	struct weft_port_count sum;

	weft_port_count_sum(port, &sum);
	count_add(&count_gone, &sum);
	for (uint16_t i = 0; i < weft_n_workers; i++)
		memset(&weft_workers[i]->counts[port], 0, sizeof(weft_workers[i]->counts[port]));
}

void
weft_remote_count_sum(uint16_t place, struct weft_remote_count *sum)
{
	*sum = (struct weft_remote_count){ 0 };
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		const struct weft_remote_count *count =
			&weft_workers[i]->remotes[place - WEFT_PLACE_REMOTE];

		sum->tx_packets += __atomic_load_n(&count->tx_packets, __ATOMIC_RELAXED);
		sum->tx_bytes += __atomic_load_n(&count->tx_bytes, __ATOMIC_RELAXED);
		sum->rx_packets += __atomic_load_n(&count->rx_packets, __ATOMIC_RELAXED);
		sum->rx_bytes += __atomic_load_n(&count->rx_bytes, __ATOMIC_RELAXED);
	}
}

void
weft_remote_count_retire(uint16_t place)
{
	for (uint16_t i = 0; i < weft_n_workers; i++)
		weft_workers[i]->remotes[place - WEFT_PLACE_REMOTE] =
			(struct weft_remote_count){ 0 };
}
