/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rest: what a worker does when there is nothing to do.
 *
 *	since the last packet	it
 *	up to 50 us		looks again at once
 *	up to 5 ms		naps 100 us between two looks
 *	longer			asks every queue to signal its next packet, looks once more,
 *				and sleeps until one does
 *
 * If a device cannot signal it keeps napping, 500 us at a time after a tenth of a second: on a
 * virtual host each nap costs 10 us.
 *
 * A sleeper wakes up now and then all the same, to sweep and to see a new topology. The queues stay
 * armed meanwhile, unless packets have come or there are other queues now.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <rte_pause.h>

#include "core/clock.h"
#include "worker/worker.h"

#define REST_AWAKE_US 50
#define REST_NAPS_US 5000
#define REST_NAP_NS 100000L
#define REST_LONG_NAPS_US 100000
#define REST_LONG_NAP_NS 500000L
#define REST_SLEEP_MS 10
#define REST_ASK_MS 1000 /* pause before a device that cannot signal is asked again */

static void
rest_nap(struct weft_worker *worker, long ns)
{
	struct timespec pause = { 0, ns };

	weft_rcu_offline(worker->id);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	weft_rcu_online(worker->id);
}

static int
rest_watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static bool
rest_arm_queue(struct weft_worker *worker, const struct weft_poll *poll)
{
	int fd;

	if (poll->port->ops->arm == NULL)
		return false;
	fd = poll->port->ops->arm(poll->port, poll->queue);
	if (fd == WEFT_ARM_SILENT)
		return true;
	return fd >= 0 && rest_watch(worker->wait_fd, fd) == 0;
}

/* Whatever queues are ours now: those that were ours before and are gone need nothing. */
void
weft_rest_end(struct weft_worker *worker)
{
	const struct weft_polls *polls = &weft_rcu_load(weft_topology)->polls[worker->id];
	uint64_t rings;

	close(worker->wait_fd);
	worker->is_armed = false;
	for (uint32_t i = 0; i < polls->n; i++)
		if (polls->list[i].port->ops->disarm != NULL)
			polls->list[i].port->ops->disarm(polls->list[i].port, polls->list[i].queue);
	if (read(worker->wake_fd, &rings, sizeof(rings)) < 0)
		return; /* nobody rang */
}

static bool
rest_arm(struct weft_worker *worker)
{
	/* Before the queues are asked: what changes meanwhile is noticed. */
	uint32_t changes = __atomic_load_n(&weft_port_changes, __ATOMIC_ACQUIRE);
	/* Not worker->topology: we have been quiescent since it was loaded. */
	const struct weft_topology *topology = weft_rcu_load(weft_topology);
	const struct weft_polls *polls = &topology->polls[worker->id];
	uint32_t number = topology->number;

	/* Some device could not just now. */
	if (worker->now_tsc < worker->arm_again)
		return false;
	worker->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	if (worker->wait_fd < 0)
		return false;
	worker->is_armed = true;
	worker->armed_number = number;
	worker->armed_changes = changes;
	for (uint32_t i = 0; i < polls->n; i++)
		if (!rest_arm_queue(worker, &polls->list[i])) {
			weft_rest_end(worker);
			worker->arm_again =
				worker->now_tsc + REST_ASK_MS * weft_clock_cycles_per_ms;
			return false;
		}
	return rest_watch(worker->wait_fd, worker->wake_fd) == 0;
}

static bool
rest_is_armed_still(const struct weft_worker *worker)
{
	return weft_rcu_load(weft_topology)->number == worker->armed_number &&
	       __atomic_load_n(&weft_port_changes, __ATOMIC_ACQUIRE) == worker->armed_changes;
}

static void
rest_sleep(struct weft_worker *worker)
{
	struct epoll_event event = { 0 };
	bool has_rung;

	weft_rcu_offline(worker->id);
	has_rung = epoll_wait(worker->wait_fd, &event, 1, REST_SLEEP_MS) != 0;
	weft_rcu_online(worker->id);
	/* Nobody rang: to ask all queues again is what an idle worker with many guests would do
	 * most of its time. */
	if (!has_rung && rest_is_armed_still(worker))
		return;
	weft_rest_end(worker);
	/* A device that is broken signals for ever. */
	if (event.events & (EPOLLERR | EPOLLHUP))
		rest_nap(worker, REST_LONG_NAP_NS);
}

void
weft_rest(struct weft_worker *worker)
{
	uint64_t idle_us = (worker->now_tsc - worker->idle_since) * 1000 / weft_clock_cycles_per_ms;

	if (__atomic_load_n(&weft_worker_is_busy_polling, __ATOMIC_RELAXED)) {
		if (worker->is_armed)
			weft_rest_end(worker);
		rte_pause();
	} else if (worker->is_armed) {
		rest_sleep(worker);
	} else if (idle_us >= REST_NAPS_US) {
		/* Armed now: the next loop looks once more, then it sleeps. */
		if (!rest_arm(worker))
			rest_nap(worker,
				 idle_us < REST_LONG_NAPS_US ? REST_NAP_NS : REST_LONG_NAP_NS);
	} else if (idle_us >= REST_AWAKE_US) {
		rest_nap(worker, REST_NAP_NS);
	}
}

void
weft_rest_wake(struct weft_worker *worker)
{
	static const uint64_t one = 1;

	/* Cannot fail but by overflow, and then it is readable anyway. */
	if (write(worker->wake_fd, &one, sizeof(one)) < 0)
		return;
}
