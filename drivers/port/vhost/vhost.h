/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost: a port that is a guest's network card.
 *
 * QEMU (or whoever speaks vhost-user) hands over the guest's memory and its virtio queues through a
 * UNIX socket; librte_vhost then copies packets between those queues and our buffers. No kernel and
 * no system call is on the way.
 *
 * Two lives are kept apart:
 *
 *  - `struct weft_vhost` is the port. It lives as long as the configuration names it.
 *  - `struct weft_vhost_guest` is one connection of a guest. It comes and goes. The port points to
 *    it from the moment its queues may be used until librte_vhost says that they may not.
 *
 * Not trivial:
 *
 *  - librte_vhost calls us from a thread of its own ("vhost-events"; from the control thread too,
 *    while a port is opened or closed). When it says that a guest is gone, it frees the queues as
 *    soon as we return, so the callback takes the guest off the port and waits until every worker
 *    has passed a quiescent state. It holds no lock then that a worker could wait for. In the
 *    callback for one queue it holds all locks of the guest's queues: there we only write down what
 *    it says.
 *  - Closing a port waits, spinning, for such a callback to finish. So callbacks never wait for the
 *    control thread; they leave a flag and post mail.
 *  - In client mode QEMU owns the socket. librte_vhost retries once per second; we do it ourselves,
 *    woken by inotify when the socket appears (connect.c).
 *  - A guest may enable more queue pairs than the port has receive queues. Then a receive queue
 *    serves several pairs in turn.
 *
 * Locks: weft_vhost_lock guards the list of ports and the lists of guests; nobody waits for
 * anything while holding it. rx and tx take no lock of ours.
 */
#ifndef WEFT_VHOST_VHOST_H
#define WEFT_VHOST_VHOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <rte_vhost.h>

#include "port/port.h"

#define WEFT_VHOST_PAIRS_MAX 128 /* librte_vhost's own limit */
#define WEFT_VHOST_RING_MAX 32768 /* descriptors */
#define WEFT_VHOST_PATH_MAX sizeof(((struct sockaddr_un *)0)->sun_path)
#define WEFT_VHOST_NO_PAIR UINT8_MAX

/* Queue numbers of pair p, as the guest sees them. */
#define WEFT_VHOST_TO_GUEST(pair) ((uint16_t)((pair)*2))
#define WEFT_VHOST_FROM_GUEST(pair) ((uint16_t)((pair)*2 + 1))

enum weft_vhost_pair_state {
	WEFT_VHOST_PAIR_OFF,
	WEFT_VHOST_PAIR_NEW, /* enabled, the guest still kicks when it sends */
	WEFT_VHOST_PAIR_ON,
};

/** One connection. */
struct weft_vhost_guest {
	int vid; /* [I] librte_vhost's number */
	uint16_t n_pairs; /* [A] highest pair that the guest sends on, plus one */
	struct weft_vhost *vhost; /* [I] */
	bool takes_few; /* [I] once its device is there: packets in one call */
	uint8_t to_pair[WEFT_CONF_WORKERS_MAX]; /* [A] per worker: where it transmits */
	uint8_t from_pair[WEFT_VHOST_PAIRS_MAX]; /* [A] enum weft_vhost_pair_state */
	const char *fault; /* [A] why it is left alone; NULL: it is not */
	bool to_is_on[WEFT_VHOST_PAIRS_MAX]; /* librte_vhost's thread only, as are the next three */
	uint16_t sizes[2 * WEFT_VHOST_PAIRS_MAX]; /* of rings, by queue; 0: not said */
	uint16_t bases[2 * WEFT_VHOST_PAIRS_MAX]; /* where packed rings begin */
	bool is_refused; /* something that it said was */
	LIST_ENTRY(weft_vhost_guest) next; /* under weft_vhost_lock, like all below */
	uint64_t since_ms;
	bool has_spoken; /* a message came */
	bool has_features; /* its driver has started */
	bool has_memory; /* it has shown us its memory */
	bool is_warned; /* the operator knows what is wrong with it */
	bool is_fault_told; /* and that it is left alone */
	uint16_t places[WEFT_VHOST_PAIRS_MAX]; /* in the rings, a second ago */
	uint8_t n_stuck[WEFT_VHOST_PAIRS_MAX]; /* seconds that they have not moved */
};

/** Client mode: when to try next. Control thread only. */
struct weft_vhost_retry {
	int watch; /* inotify's number for the socket's folder, or -1 */
	bool is_hot; /* tried again by a timer, not only once per second */
	uint32_t gap_ms; /* between the last try and the next */
	uint32_t n_refused; /* in a row */
	uint64_t due_ms;
	uint64_t quiet_until_ms; /* refresh leaves a dead socket alone until then */
	struct stat dead; /* the socket that refused last */
};

/** A port. */
struct weft_vhost {
	struct weft_vhost_guest *guest; /* [R] written by librte_vhost's callbacks; NULL: none */
	struct weft_port *port; /* [I] */
	uint16_t n_workers; /* [I] */
	uint16_t turn[WEFT_QUEUES_MAX]; /* [W] pair that a receive queue polls next */
	bool is_armed[WEFT_QUEUES_MAX]; /* [W] the guest may kick */
	bool was_empty[WEFT_QUEUES_MAX]; /* [A] a worker has taken nothing; control thread clears */
	enum weft_socket_mode mode; /* [I] */
	uint32_t mtu; /* [C] */
	bool is_registered; /* [C] librte_vhost knows the path */
	bool is_connecting; /* [A] the control thread is inside rte_vhost_driver_start() */
	bool is_lost; /* [A] the connection ended; for the control thread to notice */
	struct weft_vhost_retry retry; /* [C] */
	LIST_HEAD(, weft_vhost_guest) guests; /* under weft_vhost_lock */
	LIST_ENTRY(weft_vhost) next; /* under weft_vhost_lock */
	char path[WEFT_VHOST_PATH_MAX]; /* [I] */
};

LIST_HEAD(weft_vhost_list, weft_vhost);
extern struct weft_vhost_list weft_vhosts; /* under weft_vhost_lock; written by control thread */
extern pthread_mutex_t weft_vhost_lock;

uint64_t weft_vhost_now_ms(void);

/* ---- vhost.c: what both modes need ---- */

/** Makes the path known to librte_vhost, with our features and callbacks. @return 0 or -errno */
int weft_vhost_register(struct weft_vhost *vhost, uint64_t flags);

/** Ends the connection, if any, and forgets the path. The guests of the port are freed. */
void weft_vhost_unregister(struct weft_vhost *vhost);

/* ---- guest.c: what librte_vhost tells us ---- */

struct rte_vhost_device_ops;
extern const struct rte_vhost_device_ops weft_vhost_guest_ops;

/** Tells the guest not to kick us any more for this pair; by the worker that polls it. */
void weft_vhost_guest_hush(struct weft_vhost_guest *guest, uint16_t pair);

/** Frees what librte_vhost did not report as gone. */
void weft_vhost_guests_free(struct weft_vhost *vhost);

/** Warns once about a guest that cannot work; control thread. */
void weft_vhost_guests_check(struct weft_vhost *vhost);

/** @return the guest with librte_vhost's number, or NULL */
struct weft_vhost_guest *weft_vhost_guest_get(int vid);

/* ---- vet.c: what a front end says, before librte_vhost believes it ---- */

enum rte_vhost_msg_result weft_vhost_vet(int vid, void *message);

/** A connection begins: bounds the time that its front end can make us wait. */
void weft_vhost_vet_begin(void);

/** @return why a queue that has been started must not be touched, or NULL */
const char *weft_vhost_vet_queue(const struct weft_vhost_guest *guest, uint16_t queue);

/* ---- fault.c: guests that are left alone ---- */

/** Leaves a guest alone from now on. Any thread, also in a signal handler.
 *  @param why  a constant, the rest of a sentence */
void weft_vhost_fault(struct weft_vhost_guest *guest, const char *why);
void weft_vhost_fault_forget(struct weft_vhost_guest *guest);
void weft_vhost_fault_prepare(void);

/** Once per second; control thread. */
void weft_vhost_fault_check(struct weft_vhost *vhost);

extern __thread int weft_vhost_inside; /* librte_vhost's number of a guest, plus one */

/** Before and after this thread touches a guest's memory: a fault there is the guest's. */
static inline void
weft_vhost_enter(int vid)
{
	weft_vhost_inside = vid + 1;
}

static inline void
weft_vhost_leave(void)
{
	weft_vhost_inside = 0;
}

/* ---- arm.c: sleeping workers; by the worker that polls the queue ---- */

int weft_vhost_arm(struct weft_port *port, uint16_t queue);
void weft_vhost_disarm(struct weft_port *port, uint16_t queue);

/* ---- connect.c: client mode; all on the control thread ---- */

int weft_vhost_connect_open(struct weft_vhost *vhost, struct weft_errors *errors);
void weft_vhost_connect_close(struct weft_vhost *vhost);
void weft_vhost_connect_refresh(struct weft_vhost *vhost);

/** Mail: some port has is_lost set. */
void weft_vhost_connect_lost(void *unused);

/* ---- listen.c: server mode; control thread ---- */

int weft_vhost_listen_open(struct weft_vhost *vhost, const struct weft_port_spec *spec,
			   struct weft_errors *errors);

#endif
