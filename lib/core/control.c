/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct control_mail {
	STAILQ_ENTRY(control_mail) next;
	weft_control_fn fn;
	void *context;
	bool *done; /* NULL: nobody waits, the mail is on the heap */
	bool ran;
};

struct control_watch {
	LIST_ENTRY(control_watch) next;
	int fd;
	bool is_timer;
	bool is_gone; /* freed after the current round of events */
	weft_control_fn fn;
	void *context;
};

static pthread_mutex_t control_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t control_served = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(, control_mail) control_mails = STAILQ_HEAD_INITIALIZER(control_mails);
static LIST_HEAD(, control_watch) control_watches = LIST_HEAD_INITIALIZER(control_watches);
static bool control_is_open; /* under control_lock */
static bool control_keeps_running; /* control thread only */
static pthread_t control_thread;
static int control_epoll = -1;
static int control_bell = -1; /* eventfd: there is mail */

bool
weft_control_is_self(void)
{
	return pthread_equal(pthread_self(), control_thread);
}

/* Answers whoever waits; the caller holds control_lock. */
static void
control_finish(struct control_mail *mail, bool ran)
{
	if (mail->done == NULL) {
		free(mail);
		return;
	}
	mail->ran = ran;
	*mail->done = true;
	pthread_cond_broadcast(&control_served);
}

static void
control_serve_mail(void *context)
{
	uint64_t rings;

	(void)context;
	if (read(control_bell, &rings, sizeof(rings)) < 0)
		return;
	pthread_mutex_lock(&control_lock);
	while (!STAILQ_EMPTY(&control_mails)) {
		struct control_mail *mail = STAILQ_FIRST(&control_mails);

		STAILQ_REMOVE_HEAD(&control_mails, next);
		pthread_mutex_unlock(&control_lock);
		mail->fn(mail->context);
		pthread_mutex_lock(&control_lock);
		control_finish(mail, true);
	}
	pthread_mutex_unlock(&control_lock);
}

int
weft_control_init(void)
{
	control_thread = pthread_self();
	control_epoll = epoll_create1(EPOLL_CLOEXEC);
	control_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (control_epoll < 0 || control_bell < 0)
		return -errno;
	control_is_open = true;
	return weft_control_watch(control_bell, control_serve_mail, NULL);
}

void
weft_control_fini(void)
{
	pthread_mutex_lock(&control_lock);
	control_is_open = false;
	while (!STAILQ_EMPTY(&control_mails)) {
		struct control_mail *mail = STAILQ_FIRST(&control_mails);

		STAILQ_REMOVE_HEAD(&control_mails, next);
		control_finish(mail, false);
	}
	pthread_mutex_unlock(&control_lock);
	while (!LIST_EMPTY(&control_watches)) {
		struct control_watch *watch = LIST_FIRST(&control_watches);

		LIST_REMOVE(watch, next);
		if (watch->is_timer && !watch->is_gone)
			close(watch->fd);
		free(watch);
	}
	close(control_bell);
	close(control_epoll);
	control_bell = control_epoll = -1;
}

/* The caller holds control_lock. */
static int
control_enqueue(struct control_mail *mail)
{
	static const uint64_t one = 1;

	if (!control_is_open)
		return -ESHUTDOWN;
	STAILQ_INSERT_TAIL(&control_mails, mail, next);
	/* Cannot fail: the counter of an eventfd does not overflow by ones. */
	return write(control_bell, &one, sizeof(one)) == sizeof(one) ? 0 : -EIO;
}

int
weft_control_call(weft_control_fn fn, void *context)
{
	bool done = false;
	struct control_mail mail = { .fn = fn, .context = context, .done = &done };
	int rc;

	if (weft_control_is_self()) {
		fn(context);
		return 0;
	}
	pthread_mutex_lock(&control_lock);
	rc = control_enqueue(&mail);
	while (rc == 0 && !done)
		pthread_cond_wait(&control_served, &control_lock);
	pthread_mutex_unlock(&control_lock);
	if (rc == 0 && !mail.ran)
		rc = -ESHUTDOWN;
	return rc;
}

int
weft_control_post(weft_control_fn fn, void *context)
{
	struct control_mail *mail = calloc(1, sizeof(*mail));
	int rc;

	if (mail == NULL)
		return -ENOMEM;
	mail->fn = fn;
	mail->context = context;
	pthread_mutex_lock(&control_lock);
	rc = control_enqueue(mail);
	pthread_mutex_unlock(&control_lock);
	if (rc == -ESHUTDOWN)
		free(mail);
	return rc;
}

int
weft_control_watch(int fd, weft_control_fn fn, void *context)
{
	struct control_watch *watch = calloc(1, sizeof(*watch));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	if (watch == NULL)
		return -ENOMEM;
	*watch = (struct control_watch){ .fd = fd, .fn = fn, .context = context };
	if (epoll_ctl(control_epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(watch);
		return -errno;
	}
	LIST_INSERT_HEAD(&control_watches, watch, next);
	return 0;
}

void
weft_control_unwatch(int fd)
{
	struct control_watch *watch;

	LIST_FOREACH(watch, &control_watches, next) {
		if (watch->fd != fd || watch->is_gone)
			continue;
		epoll_ctl(control_epoll, EPOLL_CTL_DEL, fd, NULL);
		if (watch->is_timer)
			close(fd);
		watch->is_gone = true;
		return;
	}
}

int
weft_control_every(uint32_t interval_ms, weft_control_fn fn, void *context)
{
	struct timespec interval = { interval_ms / 1000, interval_ms % 1000 * 1000000L };
	struct itimerspec spec = { .it_interval = interval, .it_value = interval };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc;

	if (fd < 0)
		return -errno;
	timerfd_settime(fd, 0, &spec, NULL);
	rc = weft_control_watch(fd, fn, context);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	LIST_FIRST(&control_watches)->is_timer = true;
	return fd;
}

/* Watches that were removed while events were handled could still be named by one of them. */
static void
control_sweep_gone(void)
{
	struct control_watch *watch = LIST_FIRST(&control_watches);

	while (watch != NULL) {
		struct control_watch *next = LIST_NEXT(watch, next);

		if (watch->is_gone) {
			LIST_REMOVE(watch, next);
			free(watch);
		}
		watch = next;
	}
}

static void
control_dispatch(struct control_watch *watch)
{
	uint64_t expirations;

	if (watch->is_gone)
		return;
	if (watch->is_timer && read(watch->fd, &expirations, sizeof(expirations)) < 0)
		return;
	watch->fn(watch->context);
}

void
weft_control_run(void)
{
	struct epoll_event events[16];

	control_keeps_running = true;
	while (control_keeps_running) {
		int n = epoll_wait(control_epoll, events, 16, -1);

		for (int i = 0; i < n && control_keeps_running; i++)
			control_dispatch(events[i].data.ptr);
		control_sweep_gone();
	}
}

void
weft_control_stop(void)
{
	control_keeps_running = false;
}
