/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold: packets that wait for the MAC of a next hop.
 *
 * They wait in the order of their arrival, on the worker that received them. When anything changes
 * among the neighbours each is walked once more, for the one receiver it waits for; before newer
 * packets, so that none overtakes another.
 */
#include "neighbour/neighbour.h"
#include "worker/worker.h"

#define HOLD_MS 3500 /* as long as it takes until a next hop counts as failed, and a little more */

/* Next hops of tunnels are configured; whom a router is to find, any guest can make up: so who
 * sends to such has no more places than are free. */
static bool
hold_has_room(const struct weft_worker *worker, const struct weft_held *held)
{
	uint32_t n = 0;

	for (uint32_t i = 0; held->place == WEFT_NO_PORT && i < worker->n_held; i++)
		n += worker->held[i].place == WEFT_NO_PORT &&
		     worker->held[i].arrival == held->arrival;
	return n < WEFT_HELD_MAX - worker->n_held;
}

void
weft_hold(struct weft_worker *worker, const struct weft_held *held)
{
	struct weft_held *slot = &worker->held[worker->n_held];

	if (!hold_has_room(worker, held)) {
		weft_tx_drop(worker, held->arrival, DROP_ENCAP_HOLD_FULL, held->packet);
		return;
	}
	/* What changes from now on is seen; what changed before was seen by the walk. */
	if (worker->n_held == 0)
		worker->held_sum = weft_gen_read(weft_all_neighbours_slot()) - 1;
	*slot = *held;
	if (slot->until_ms == 0)
		slot->until_ms = (worker->now_ms + HOLD_MS) | 1;
	__atomic_store_n(&worker->n_held, worker->n_held + 1, __ATOMIC_RELAXED);
}

/* Takes all out; those that must wait on come back in the same order. */
static void
hold_walk_all(struct weft_worker *worker)
{
	struct weft_held held[WEFT_HELD_MAX];
	uint32_t n = worker->n_held;

	memcpy(held, worker->held, n * sizeof(held[0]));
	__atomic_store_n(&worker->n_held, 0, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < n; i++)
		weft_burst_again(worker, &held[i]);
}

/* Drops those that @p is_over says. */
static void
hold_drop(struct weft_worker *worker, bool (*is_over)(const struct weft_held *held, uint32_t with),
	  uint32_t with)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < worker->n_held; i++) {
		struct weft_held *held = &worker->held[i];

		if (!is_over(held, with))
			worker->held[left++] = *held;
		else
			weft_tx_drop(worker, held->arrival,
				     held->place == WEFT_NO_PORT ? DROP_ROUTE_NO_NEIGHBOUR :
								   DROP_ENCAP_NO_NEIGHBOUR,
				     held->packet);
	}
	__atomic_store_n(&worker->n_held, left, __ATOMIC_RELAXED);
}

static bool
hold_is_late(const struct weft_held *held, uint32_t now_ms)
{
	return (int32_t)(now_ms - held->until_ms) >= 0;
}

static bool
hold_is_from(const struct weft_held *held, uint32_t port)
{
	return held->arrival == port;
}

static void
hold_forget_job(void *worker, void *context)
{
	hold_drop(worker, hold_is_from, *(const uint16_t *)context);
}

void
weft_hold_forget(uint16_t port)
{
	for (uint16_t i = 0; i < weft_n_workers; i++)
		if (__atomic_load_n(&weft_workers[i]->n_held, __ATOMIC_RELAXED) > 0)
			weft_worker_call(weft_workers[i], hold_forget_job, &port);
}

void
weft_hold_try(struct weft_worker *worker)
{
	uint32_t sum = weft_gen_read(weft_all_neighbours_slot());

	hold_drop(worker, hold_is_late, worker->now_ms);
	if (worker->n_held == 0 || sum == worker->held_sum)
		return;
	hold_walk_all(worker);
	worker->held_sum = sum;
	weft_tx_flush(worker);
}
