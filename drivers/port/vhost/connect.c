/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client mode: QEMU makes the socket, whenever it likes, and we connect as soon as it is there.
 *
 * inotify tells when a socket appears; a timer of 5 ms runs only while some socket is there and
 * refuses (QEMU makes it a moment before it listens); once per second each port looks for itself,
 * for folders that could not be watched. A socket that nobody listens on, the corpse of a killed
 * QEMU, is left alone more and more, until it changes.
 *
 * librte_vhost can start a client only once: afterwards its socket is closed and the number may be
 * somebody else's. So each try registers the path anew, and forgets it when it fails.
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "core/control.h"
#include "core/log.h"
#include "vhost/vhost.h"

#define CONNECT_TICK_MS 5
#define CONNECT_EAGER_TRIES 20 /* so many ticks in a row, then each gap doubles */
#define CONNECT_GAP_MAX_MS 640 /* then only once per second */
#define CONNECT_QUIET_MAX_MS 8000 /* between looks at a dead socket */
#define CONNECT_SILENCE_MS 3000 /* a front end that is there speaks at once */
#define CONNECT_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

static int connect_inotify = -1;
static int connect_timer = -1; /* weft_control_every()'s, or -1 */
static uint32_t connect_users; /* ports in client mode */

static void connect_tick(void *unused);

/* Has the timer try again in @p gap_ms. */
static void
connect_heat(struct weft_vhost *vhost, uint32_t gap_ms)
{
	vhost->retry.is_hot = true;
	vhost->retry.gap_ms = gap_ms;
	vhost->retry.due_ms = weft_vhost_now_ms() + gap_ms;
	if (connect_timer < 0)
		connect_timer = weft_control_every(CONNECT_TICK_MS, connect_tick, NULL);
}

static void
connect_cool(struct weft_vhost *vhost)
{
	memset(&vhost->retry.dead, 0, sizeof(vhost->retry.dead));
	vhost->retry.is_hot = false;
	vhost->retry.n_refused = 0;
	vhost->retry.quiet_until_ms = 0;
}

/* Somebody is behind the socket if librte_vhost made a guest of it. */
static bool
connect_start(struct weft_vhost *vhost)
{
	bool is_connected;

	if (weft_vhost_register(vhost, RTE_VHOST_USER_CLIENT | RTE_VHOST_USER_NO_RECONNECT) < 0)
		return false;
	__atomic_store_n(&vhost->is_connecting, true, __ATOMIC_RELEASE);
	is_connected = rte_vhost_driver_start(vhost->path) == 0;
	pthread_mutex_lock(&weft_vhost_lock);
	is_connected = is_connected && !LIST_EMPTY(&vhost->guests);
	pthread_mutex_unlock(&weft_vhost_lock);
	__atomic_store_n(&vhost->is_connecting, false, __ATOMIC_RELEASE);
	if (!is_connected)
		weft_vhost_unregister(vhost);
	return is_connected;
}

static bool
connect_is_same_socket(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void
connect_refused(struct weft_vhost *vhost, const struct stat *socket)
{
	struct weft_vhost_retry *retry = &vhost->retry;
	uint32_t gap_ms;

	if (!connect_is_same_socket(socket, &retry->dead))
		retry->n_refused = 0;
	retry->dead = *socket;
	retry->n_refused++;
	gap_ms = retry->n_refused <= CONNECT_EAGER_TRIES ? CONNECT_TICK_MS : retry->gap_ms * 2;
	if (gap_ms <= CONNECT_GAP_MAX_MS) {
		connect_heat(vhost, gap_ms);
		return;
	}
	retry->is_hot = false;
	retry->gap_ms = RTE_MIN(gap_ms, (uint32_t)CONNECT_QUIET_MAX_MS);
	retry->quiet_until_ms = weft_vhost_now_ms() + retry->gap_ms;
}

static void
connect_try(struct weft_vhost *vhost)
{
	struct stat socket;

	if (vhost->is_registered)
		return;
	if (stat(vhost->path, &socket) != 0 || !S_ISSOCK(socket.st_mode))
		connect_cool(vhost);
	else if (connect_start(vhost))
		connect_cool(vhost);
	else
		connect_refused(vhost, &socket);
}

/* Ends a connection and tries again soon. Not at once: librte_vhost's thread may still be closing
 * the old socket, and from 24.11 on confuses it with a new one that got the same number. */
static void
connect_again(struct weft_vhost *vhost)
{
	weft_vhost_unregister(vhost);
	connect_heat(vhost, CONNECT_TICK_MS);
}

void
weft_vhost_connect_lost(void *unused)
{
	struct weft_vhost *vhost;

	(void)unused;
	/* Only this thread changes the list, so it may be read without the lock. */
	LIST_FOREACH(vhost, &weft_vhosts, next)
		if (__atomic_load_n(&vhost->is_lost, __ATOMIC_ACQUIRE))
			connect_again(vhost);
}

static void
connect_tick(void *unused)
{
	uint64_t now_ms = weft_vhost_now_ms();
	struct weft_vhost *vhost;
	bool is_any_hot = false;

	(void)unused;
	LIST_FOREACH(vhost, &weft_vhosts, next) {
		if (vhost->retry.is_hot && now_ms >= vhost->retry.due_ms)
			connect_try(vhost);
		is_any_hot |= vhost->retry.is_hot;
	}
	if (!is_any_hot && connect_timer >= 0) {
		weft_control_unwatch(connect_timer);
		connect_timer = -1;
	}
}

/* @p name appeared in, or changed in, the folder that inotify calls @p watch. */
static void
connect_appeared(int watch, const char *name)
{
	struct weft_vhost *vhost;

	LIST_FOREACH(vhost, &weft_vhosts, next) {
		const char *slash = strrchr(vhost->path, '/');

		if (vhost->mode != WEFT_SOCKET_CLIENT || vhost->retry.watch != watch ||
		    strcmp(slash == NULL ? vhost->path : slash + 1, name) != 0)
			continue;
		if (__atomic_load_n(&vhost->is_lost, __ATOMIC_ACQUIRE))
			connect_again(vhost);
		else
			connect_try(vhost);
	}
}

static void
connect_unwatched(int watch)
{
	struct weft_vhost *vhost;

	LIST_FOREACH(vhost, &weft_vhosts, next)
		if (vhost->mode == WEFT_SOCKET_CLIENT && vhost->retry.watch == watch)
			vhost->retry.watch = -1;
}

static void
connect_read_events(void *unused)
{
	char events[4096] __rte_aligned(sizeof(uint64_t));
	ssize_t n = read(connect_inotify, events, sizeof(events));

	(void)unused;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(events + at);

		if (event->mask & IN_IGNORED)
			connect_unwatched(event->wd);
		else if (event->len > 0)
			connect_appeared(event->wd, event->name);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

static void
connect_watch_folder(struct weft_vhost *vhost)
{
	char copy[WEFT_VHOST_PATH_MAX];

	if (vhost->retry.watch >= 0 || connect_inotify < 0)
		return;
	memcpy(copy, vhost->path, sizeof(copy));
	vhost->retry.watch =
		inotify_add_watch(connect_inotify, dirname(copy), CONNECT_EVENTS | IN_ONLYDIR);
}

/* One watch serves all sockets of a folder. */
static void
connect_unwatch_folder(struct weft_vhost *vhost)
{
	const struct weft_vhost *other;
	int watch = vhost->retry.watch;

	vhost->retry.watch = -1;
	LIST_FOREACH(other, &weft_vhosts, next)
		if (other->mode == WEFT_SOCKET_CLIENT && other->retry.watch == watch)
			return;
	if (watch >= 0)
		inotify_rm_watch(connect_inotify, watch);
}

/* Without inotify a guest waits up to a second; not worth refusing to work. */
static void
connect_begin(void)
{
	if (connect_users++ > 0)
		return;
	connect_inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (connect_inotify < 0 ||
	    weft_control_watch(connect_inotify, connect_read_events, NULL) < 0)
		weft_warn("vhost-user: no inotify (%s): guests are found once per second",
			  strerror(errno));
}

static void
connect_end(void)
{
	if (--connect_users > 0)
		return;
	if (connect_inotify >= 0) {
		weft_control_unwatch(connect_inotify);
		close(connect_inotify);
	}
	if (connect_timer >= 0)
		weft_control_unwatch(connect_timer);
	connect_inotify = connect_timer = -1;
}

int
weft_vhost_connect_open(struct weft_vhost *vhost, struct weft_errors *errors)
{
	(void)errors; /* an absent guest is no error */
	vhost->retry.watch = -1;
	connect_begin();
	connect_watch_folder(vhost);
	if (vhost->retry.watch < 0)
		weft_warn("%s: socket %s: its folder cannot be watched (%s); it is looked for once "
			  "per second",
			  vhost->port->name, vhost->path, strerror(errno));
	connect_try(vhost);
	return 0;
}

void
weft_vhost_connect_close(struct weft_vhost *vhost)
{
	connect_unwatch_folder(vhost);
	vhost->retry.is_hot = false;
	connect_end();
}

/* Connected, but the front end says nothing: our end may be forgotten in librte_vhost. */
static bool
connect_is_mute(struct weft_vhost *vhost)
{
	uint64_t now_ms = weft_vhost_now_ms();
	struct weft_vhost_guest *guest;
	bool is_mute = false;

	pthread_mutex_lock(&weft_vhost_lock);
	LIST_FOREACH(guest, &vhost->guests, next)
		is_mute |= !guest->has_spoken && now_ms - guest->since_ms > CONNECT_SILENCE_MS;
	pthread_mutex_unlock(&weft_vhost_lock);
	return is_mute;
}

void
weft_vhost_connect_refresh(struct weft_vhost *vhost)
{
	struct stat socket;

	if (__atomic_load_n(&vhost->is_lost, __ATOMIC_ACQUIRE) || connect_is_mute(vhost)) {
		connect_again(vhost);
		return;
	}
	if (vhost->is_registered)
		return;
	connect_watch_folder(vhost);
	if ((vhost->retry.is_hot && connect_timer >= 0) || stat(vhost->path, &socket) != 0)
		return;
	if (connect_is_same_socket(&socket, &vhost->retry.dead) &&
	    weft_vhost_now_ms() < vhost->retry.quiet_until_ms)
		return;
	connect_try(vhost);
}
