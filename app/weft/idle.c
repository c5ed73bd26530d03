/* SPDX-License-Identifier: BSD-3-Clause */
#include "idle.h"

#include "core/clock.h"
#include "core/control.h"
#include "core/log.h"
#include "topology/link.h"
#include "topology/running.h"
#include "worker/worker.h"

#define IDLE_TICK_MS 2
#define IDLE_ASK_MS 20 /* so long it may take until somebody is asked whom a packet waits for */
#define IDLE_LOOPS 4 /* a worker has looked at all its queues so often, and found nothing */

/* Idle is not a matter of time alone: a worker that was not scheduled has not looked. */
static struct {
	uint32_t idle_ms;
	uint32_t polled; /* ports that may receive; UINT32_MAX: all */
	uint64_t rx_packets;
	uint32_t since_ms;
	uint64_t loops[WEFT_WORKERS_MAX]; /* at that time */
} idle;

static void
idle_begin_anew(uint64_t rx_packets)
{
	idle.rx_packets = rx_packets;
	idle.since_ms = weft_clock_ms();
	for (uint16_t i = 0; i < weft_n_workers; i++)
		idle.loops[i] = __atomic_load_n(&weft_workers[i]->loops, __ATOMIC_RELAXED);
}

static bool
idle_have_looked(void)
{
	for (uint16_t i = 0; i < weft_n_workers; i++)
		if (__atomic_load_n(&weft_workers[i]->loops, __ATOMIC_ACQUIRE) - idle.loops[i] <
		    IDLE_LOOPS)
			return false;
	return true;
}

static void
idle_next_port(void)
{
	uint32_t n = weft_link_count(weft_running_conf());

	idle.polled++;
	if (weft_running_poll_first(idle.polled < n ? idle.polled : UINT32_MAX) != 0)
		weft_error("out of memory");
	if (idle.polled >= n)
		idle.polled = UINT32_MAX;
	idle_begin_anew(idle.rx_packets);
}

static void
idle_tick(void *context)
{
	/* Asked before the sum: loops between the two must not count as loops without packets. */
	bool have_looked = idle_have_looked();
	struct weft_port_count sum;

	(void)context;
	weft_total_count_sum(&sum);
	if (sum.rx_packets != idle.rx_packets) {
		idle_begin_anew(sum.rx_packets);
		return;
	}
	if (!have_looked)
		return;
	if (weft_held_count() > 0 && weft_clock_ms() - idle.since_ms < IDLE_ASK_MS)
		return;
	if (idle.polled != UINT32_MAX)
		idle_next_port();
	else if (idle.idle_ms > 0 && weft_clock_ms() - idle.since_ms >= idle.idle_ms)
		weft_control_stop();
}

int
idle_start(const struct options *options)
{
	int rc;

	if (options->idle_ms == 0 && !options->in_turn)
		return 0;
	idle.idle_ms = options->idle_ms;
	idle.polled = options->in_turn ? 0 : UINT32_MAX;
	idle_begin_anew(0);
	rc = weft_control_every(IDLE_TICK_MS, idle_tick, NULL);
	return rc < 0 ? rc : 0;
}
