/* SPDX-License-Identifier: BSD-3-Clause */
#include "vhost/vhost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <rte_vhost.h>

#include "core/log.h"
#include "core/rcu.h"
#include "port/buffers.h"

/* The old name of all of TSO, which says no more than the others (virtio 1.2 section 5.1.3.1). */
#define VHOST_NO_FEATURES (1ULL << VIRTIO_NET_F_GSO)

/* Of a packed ring, librte_vhost takes four descriptors at once for four packets that fit, also if
 * they are a chain, or a table of others: as a guest without mergeable buffers makes them. */
#define VHOST_FEW 3

/* What librte_vhost offers beyond is for IOMMUs, post-copy and devices in hardware. */
#define VHOST_PROTOCOL_FEATURES                                                                    \
	(1ULL << VHOST_USER_PROTOCOL_F_MQ | 1ULL << VHOST_USER_PROTOCOL_F_LOG_SHMFD |              \
	 1ULL << VHOST_USER_PROTOCOL_F_RARP | 1ULL << VHOST_USER_PROTOCOL_F_REPLY_ACK |            \
	 1ULL << VHOST_USER_PROTOCOL_F_NET_MTU | 1ULL << VHOST_USER_PROTOCOL_F_STATUS)

struct weft_vhost_list weft_vhosts = LIST_HEAD_INITIALIZER(weft_vhosts);
pthread_mutex_t weft_vhost_lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t
weft_vhost_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int
weft_vhost_register(struct weft_vhost *vhost, uint64_t flags)
{
	const char *path = vhost->path;
	uint64_t offered;

	flags |= RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS;
	if (rte_vhost_driver_register(path, flags) != 0)
		return -ENOSPC;
	vhost->is_registered = true;
	/* These fail only for paths that are not registered. */
	rte_vhost_driver_disable_features(path, VHOST_NO_FEATURES);
	rte_vhost_driver_get_protocol_features(path, &offered);
	rte_vhost_driver_set_protocol_features(path, offered & VHOST_PROTOCOL_FEATURES);
	rte_vhost_driver_callback_register(path, &weft_vhost_guest_ops);
	return 0;
}

void
weft_vhost_unregister(struct weft_vhost *vhost)
{
	if (!vhost->is_registered)
		return;
	rte_vhost_driver_unregister(vhost->path);
	vhost->is_registered = false;
	weft_vhost_guests_free(vhost);
	__atomic_store_n(&vhost->is_lost, false, __ATOMIC_RELAXED);
}

/* librte_vhost tells of each connection that comes or goes, as we do; and from a worker of each
 * frame that it could not take, as often as a guest likes. */
static void
vhost_hush(const char *name, uint32_t level)
{
	int type = rte_log_register(name); /* finds the one there is */

	/* Who asks for debugging gets it. */
	if (type >= 0 && rte_log_get_level((uint32_t)type) <= (int)RTE_LOG_INFO)
		rte_log_set_level((uint32_t)type, level);
}

/* A guest costs a descriptor for its socket, two per queue and one per piece of memory; shells give
 * a process 1,024 of them. */
static void
vhost_prepare_process(void)
{
	static bool is_prepared;
	struct rlimit files;

	if (is_prepared)
		return;
	is_prepared = true;
	weft_vhost_fault_prepare();
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	vhost_hush("lib.vhost.config", RTE_LOG_ERR);
	vhost_hush("lib.vhost.data", RTE_LOG_CRIT);
}

static int
vhost_check_path(const struct weft_port_spec *spec, struct weft_errors *errors)
{
	const struct weft_vhost *other;
	struct stat is;

	if (strlen(spec->vhost_user) >= WEFT_VHOST_PATH_MAX)
		return weft_errors_add(errors,
				       "%s: socket %s: the path is longer than %zu bytes, "
				       "more than a UNIX socket can have",
				       spec->name, spec->vhost_user, WEFT_VHOST_PATH_MAX - 1);
	if (stat(spec->vhost_user, &is) == 0 && !S_ISSOCK(is.st_mode))
		return weft_errors_add(errors,
				       "%s: socket %s: this is %s, not a socket; name a path that "
				       "is free for one",
				       spec->name, spec->vhost_user,
				       S_ISDIR(is.st_mode) ? "a folder" : "another kind of file");
	LIST_FOREACH(other, &weft_vhosts, next)
		if (strcmp(other->path, spec->vhost_user) == 0)
			return weft_errors_add(errors, "%s: socket %s: is used by port %s already",
					       spec->name, spec->vhost_user, other->port->name);
	return 0;
}

static void
vhost_list_add(struct weft_vhost *vhost)
{
	pthread_mutex_lock(&weft_vhost_lock);
	LIST_INSERT_HEAD(&weft_vhosts, vhost, next);
	pthread_mutex_unlock(&weft_vhost_lock);
}

static void
vhost_list_del(struct weft_vhost *vhost)
{
	pthread_mutex_lock(&weft_vhost_lock);
	LIST_REMOVE(vhost, next);
	pthread_mutex_unlock(&weft_vhost_lock);
}

static int
vhost_open(struct weft_port *port, const struct weft_port_spec *spec, struct weft_errors *errors)
{
	struct weft_vhost *vhost;
	int rc = vhost_check_path(spec, errors);

	if (rc < 0)
		return rc;
	vhost = calloc(1, sizeof(*vhost));
	if (vhost == NULL)
		return weft_errors_add(errors, "%s: out of memory", spec->name);
	vhost_prepare_process();
	vhost->port = port;
	vhost->mode = spec->mode;
	vhost->mtu = spec->mtu;
	vhost->n_workers = spec->n_workers;
	snprintf(vhost->path, sizeof(vhost->path), "%s", spec->vhost_user);
	for (uint16_t q = 0; q < WEFT_QUEUES_MAX; q++)
		vhost->turn[q] = q;
	port->n_rxq = (uint16_t)RTE_MIN(spec->queues, (uint32_t)WEFT_QUEUES_MAX);
	if (port->n_rxq == 0)
		port->n_rxq = 1;
	port->n_txq = port->n_rxq;
	port->driver = vhost;
	vhost_list_add(vhost);
	if (spec->mode == WEFT_SOCKET_SERVER)
		rc = weft_vhost_listen_open(vhost, spec, errors);
	else
		rc = weft_vhost_connect_open(vhost, errors);
	if (rc == 0)
		return 0;
	weft_vhost_unregister(vhost);
	vhost_list_del(vhost);
	port->driver = NULL;
	free(vhost);
	return rc;
}

static void
vhost_close(struct weft_port *port)
{
	struct weft_vhost *vhost = port->driver;

	if (vhost->mode == WEFT_SOCKET_CLIENT)
		weft_vhost_connect_close(vhost);
	weft_vhost_unregister(vhost);
	vhost_list_del(vhost);
	port->driver = NULL;
	free(vhost);
}

/* The guest enabled more pairs than we have queues: this queue's next one. */
static uint16_t
vhost_next_pair(struct weft_vhost *vhost, uint16_t queue, uint16_t n_pairs)
{
	uint16_t pair = vhost->turn[queue];

	if (pair >= n_pairs)
		pair = queue;
	vhost->turn[queue] = (uint16_t)(pair + vhost->port->n_rxq);
	return pair;
}

static uint16_t
vhost_rx(struct weft_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_vhost *vhost = port->driver;
	struct weft_vhost_guest *guest = weft_rcu_load(vhost->guest);
	uint16_t pair = queue;
	uint16_t n_pairs, received;
	uint8_t state;

	if (guest == NULL || unlikely(guest->fault != NULL))
		return 0;
	n_pairs = __atomic_load_n(&guest->n_pairs, __ATOMIC_RELAXED);
	if (unlikely(n_pairs > port->n_rxq))
		pair = vhost_next_pair(vhost, queue, n_pairs);
	state = __atomic_load_n(&guest->from_pair[pair], __ATOMIC_RELAXED);
	if (unlikely(state != WEFT_VHOST_PAIR_ON)) {
		if (state == WEFT_VHOST_PAIR_OFF)
			return 0;
		weft_vhost_guest_hush(guest, pair);
	}
	weft_vhost_enter(guest->vid);
	weft_buffers_allow(WEFT_BUFFERS_BURST);
	received = rte_vhost_dequeue_burst(guest->vid, WEFT_VHOST_FROM_GUEST(pair),
					   weft_buffers_bounded, pkts, n);
	weft_vhost_leave();
	if (received == 0 && !__atomic_load_n(&vhost->was_empty[queue], __ATOMIC_RELAXED))
		__atomic_store_n(&vhost->was_empty[queue], true, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < received; i++)
		if (pkts[i]->ol_flags & WEFT_PACKET_UNFINISHED)
			pkts[i]->port = port->id;
	return received;
}

/* @return packets taken over */
static uint16_t
vhost_enqueue(const struct weft_vhost_guest *guest, uint16_t queue, struct rte_mbuf **pkts,
	      uint16_t n)
{
	uint16_t most = guest->takes_few ? VHOST_FEW : n, done = 0;

	while (done < n) {
		uint16_t some = RTE_MIN(most, (uint16_t)(n - done));
		uint16_t copied = rte_vhost_enqueue_burst(guest->vid, queue, pkts + done, some);

		done = (uint16_t)(done + copied);
		if (copied < some)
			break;
	}
	return done;
}

static uint16_t
vhost_tx(struct weft_port *port, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_vhost *vhost = port->driver;
	struct weft_vhost_guest *guest = weft_rcu_load(vhost->guest);
	uint8_t pair;
	uint16_t copied;

	if (guest == NULL || unlikely(guest->fault != NULL))
		return 0;
	pair = __atomic_load_n(&guest->to_pair[worker], __ATOMIC_RELAXED);
	if (pair == WEFT_VHOST_NO_PAIR)
		return 0;
	weft_vhost_enter(guest->vid);
	copied = vhost_enqueue(guest, WEFT_VHOST_TO_GUEST(pair), pkts, n);
	weft_vhost_leave();
	if (copied > 0)
		rte_pktmbuf_free_bulk(pkts, copied);
	return copied;
}

/* The guest's own MTU is QEMU's to say (host_mtu=); any frame fits through the queues. */
static int
vhost_set_mtu(struct weft_port *port, uint32_t mtu, struct weft_errors *errors)
{
	struct weft_vhost *vhost = port->driver;

	(void)errors;
	vhost->mtu = mtu;
	return 0;
}

static void
vhost_refresh(struct weft_port *port)
{
	struct weft_vhost *vhost = port->driver;

	weft_vhost_guests_check(vhost);
	weft_vhost_fault_check(vhost);
	if (vhost->mode == WEFT_SOCKET_CLIENT)
		weft_vhost_connect_refresh(vhost);
}

static const struct weft_port_ops vhost_port_ops = {
	.name = "vhost-user",
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.set_mtu = vhost_set_mtu,
	.refresh = vhost_refresh,
	.arm = weft_vhost_arm,
	.disarm = weft_vhost_disarm,
};

WEFT_PORT_DRIVER(vhost_port_ops)
