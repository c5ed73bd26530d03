/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What librte_vhost tells about guests. Order for one connection: new_connection; messages, among
 * which queues change state; new_device when the first pair may be used; destroy_device when it may
 * not; perhaps both again (the guest reboots); destroy_connection. When we unregister the path, the
 * connection ends with destroy_device at most.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "core/control.h"
#include "core/log.h"
#include "core/rcu.h"
#include "vhost/vhost.h"

#define GUEST_PATIENCE_MS 2000 /* between a driver's start and its memory; QEMU takes 1 ms */

/* Messages of the vhost-user protocol whose arrival says something. */
enum { GUEST_SET_FEATURES = 2, GUEST_SET_MEM_TABLE = 5 };

static struct weft_vhost_guest *guest_by_vid[RTE_MAX_VHOST_DEVICE]; /* [A] */

struct weft_vhost_guest *
weft_vhost_guest_get(int vid)
{
	return __atomic_load_n(&guest_by_vid[vid], __ATOMIC_ACQUIRE);
}

/* Called after each message of the protocol that was understood. */
static enum rte_vhost_msg_result
guest_spoke(int vid, void *message)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	uint32_t request;

	memcpy(&request, message, sizeof(request));
	pthread_mutex_lock(&weft_vhost_lock);
	guest->has_spoken = true;
	if (request == GUEST_SET_FEATURES) {
		guest->has_features = true;
		guest->since_ms = weft_vhost_now_ms();
	} else if (request == GUEST_SET_MEM_TABLE) {
		guest->has_memory = true;
	}
	pthread_mutex_unlock(&weft_vhost_lock);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops guest_message_ops = {
	.pre_msg_handle = weft_vhost_vet,
	.post_msg_handle = guest_spoke,
};

static struct weft_vhost *
guest_find_port(const char *path)
{
	struct weft_vhost *vhost;

	LIST_FOREACH(vhost, &weft_vhosts, next)
		if (strcmp(vhost->path, path) == 0)
			return vhost;
	return NULL;
}

static int
guest_new_connection(int vid)
{
	struct weft_vhost_guest *guest = calloc(1, sizeof(*guest));
	char path[PATH_MAX];

	if (guest == NULL)
		return -1;
	guest->vid = vid;
	guest->since_ms = weft_vhost_now_ms();
	memset(guest->to_pair, WEFT_VHOST_NO_PAIR, sizeof(guest->to_pair));
	rte_vhost_get_ifname(vid, path, sizeof(path));
	pthread_mutex_lock(&weft_vhost_lock);
	guest->vhost = guest_find_port(path);
	if (guest->vhost != NULL)
		LIST_INSERT_HEAD(&guest->vhost->guests, guest, next);
	pthread_mutex_unlock(&weft_vhost_lock);
	if (guest->vhost == NULL) {
		free(guest);
		return -1;
	}
	__atomic_store_n(&guest_by_vid[vid], guest, __ATOMIC_RELEASE);
	rte_vhost_extern_callback_register(vid, &guest_message_ops, NULL);
	weft_vhost_vet_begin();
	return 0;
}

/* Workers are spread over the pairs on which the guest receives. */
static void
guest_spread_workers(struct weft_vhost_guest *guest)
{
	uint8_t on[WEFT_VHOST_PAIRS_MAX];
	uint16_t n = 0;

	for (uint8_t pair = 0; pair < WEFT_VHOST_PAIRS_MAX; pair++)
		if (guest->to_is_on[pair])
			on[n++] = pair;
	for (uint16_t worker = 0; worker < WEFT_CONF_WORKERS_MAX; worker++)
		__atomic_store_n(&guest->to_pair[worker],
				 n == 0 ? WEFT_VHOST_NO_PAIR : on[worker % n], __ATOMIC_RELAXED);
}

/* librte_vhost holds the locks of all queues of the guest: nothing here may wait. */
static int
guest_queue_changed(int vid, uint16_t queue, int is_on)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	uint16_t pair = queue / 2;
	uint16_t n_pairs = 0;
	const char *why;

	if (pair >= WEFT_VHOST_PAIRS_MAX)
		return 0;
	why = is_on ? weft_vhost_vet_queue(guest, queue) : NULL;
	if (why != NULL) {
		weft_vhost_fault(guest, why);
		is_on = 0;
	}
	weft_port_changed();
	if (queue == WEFT_VHOST_TO_GUEST(pair)) {
		guest->to_is_on[pair] = is_on;
		guest_spread_workers(guest);
		return 0;
	}
	__atomic_store_n(&guest->from_pair[pair], is_on ? WEFT_VHOST_PAIR_NEW : WEFT_VHOST_PAIR_OFF,
			 __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < WEFT_VHOST_PAIRS_MAX; i++)
		if (guest->from_pair[i] != WEFT_VHOST_PAIR_OFF)
			n_pairs = (uint16_t)(i + 1);
	__atomic_store_n(&guest->n_pairs, n_pairs, __ATOMIC_RELAXED);
	return 0;
}

void
weft_vhost_guest_hush(struct weft_vhost_guest *guest, uint16_t pair)
{
	uint8_t fresh = WEFT_VHOST_PAIR_NEW;

	/* The guest may just have turned it off; that must not be overwritten. */
	if (!__atomic_compare_exchange_n(&guest->from_pair[pair], &fresh, WEFT_VHOST_PAIR_ON, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	weft_vhost_enter(guest->vid);
	rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_FROM_GUEST(pair), 0);
	rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_TO_GUEST(pair), 0);
	weft_vhost_leave();
}

static void
guest_warn_about_mtu(const struct weft_vhost_guest *guest)
{
	const struct weft_vhost *vhost = guest->vhost;
	uint16_t mtu;

	if (rte_vhost_get_mtu(guest->vid, &mtu) == 0 && mtu != 0 && mtu > vhost->mtu)
		weft_warn("%s: QEMU tells the guest an MTU of %u, but the port has %u; larger "
			  "frames to it and from it are dropped (QEMU option host_mtu=%u)",
			  vhost->port->name, mtu, vhost->mtu, vhost->mtu);
}

/* What guest and switch have agreed upon. Names of what the guest leaves to us begin with HOST, of
 * what it takes from us with GUEST. */
static void
guest_set_features(struct weft_vhost_guest *guest)
{
	static const struct {
		uint8_t offload, to_us, to_guest;
	} names[] = {
		{ WEFT_OFFLOAD_CHECKSUM, VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM },
		{ WEFT_OFFLOAD_TSO4, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_GUEST_TSO4 },
		{ WEFT_OFFLOAD_TSO6, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_GUEST_TSO6 },
		{ WEFT_OFFLOAD_ECN, VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_GUEST_ECN },
		{ WEFT_OFFLOAD_UFO, VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_GUEST_UFO },
	};
	struct weft_port *port = guest->vhost->port;
	uint8_t leaves = 0, takes = 0;
	uint64_t features = 0;

	rte_vhost_get_negotiated_features(guest->vid, &features);
	for (uint32_t i = 0; i < RTE_DIM(names); i++) {
		if (features & 1ULL << names[i].to_us)
			leaves |= names[i].offload;
		if (features & 1ULL << names[i].to_guest)
			takes |= names[i].offload;
	}
	guest->takes_few = (features & 1ULL << VIRTIO_F_RING_PACKED) &&
			   !(features & 1ULL << VIRTIO_NET_F_MRG_RXBUF);
	__atomic_store_n(&port->leaves, leaves, __ATOMIC_RELAXED);
	__atomic_store_n(&port->offloads, takes, __ATOMIC_RELAXED);
}

/* Workers are past whatever they were about to send unfinished when this returns. */
static void
guest_clear_offloads(struct weft_port *port)
{
	__atomic_store_n(&port->leaves, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&port->offloads, 0, __ATOMIC_RELAXED);
	weft_rcu_synchronize();
}

static int
guest_new_device(int vid)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	struct weft_vhost *vhost = guest->vhost;

	/* Server mode only. An older connection is usually one whose end we have yet to hear of. */
	if (vhost->guest != NULL) {
		weft_warn("%s: another guest has connected to %s; it takes the place of the first",
			  vhost->port->name, vhost->path);
		weft_rcu_publish(vhost->guest, NULL);
		guest_clear_offloads(vhost->port);
	}
	guest_set_features(guest);
	weft_rcu_publish(vhost->guest, guest);
	weft_port_set_link(vhost->port, guest->fault == NULL);
	__atomic_store_n(&vhost->port->trouble, guest->fault, __ATOMIC_RELEASE);
	weft_port_welcome(vhost->port);
	weft_port_changed();
	weft_info("%s: the guest is ready", vhost->port->name);
	guest_warn_about_mtu(guest);
	return 0;
}

/* The queues are freed when this returns. */
static void
guest_destroy_device(int vid)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	struct weft_vhost *vhost = guest->vhost;
	bool was_there;

	/* The control thread looks at queues under the lock. */
	pthread_mutex_lock(&weft_vhost_lock);
	weft_vhost_fault_forget(guest);
	was_there = vhost->guest == guest;
	if (was_there) {
		weft_port_set_link(vhost->port, false);
		__atomic_store_n(&vhost->port->trouble, NULL, __ATOMIC_RELEASE);
		weft_rcu_publish(vhost->guest, NULL);
		weft_info("%s: the guest has stopped", vhost->port->name);
	}
	pthread_mutex_unlock(&weft_vhost_lock);
	weft_port_changed();
	if (was_there)
		guest_clear_offloads(vhost->port);
	else
		weft_rcu_synchronize();
}

/* librte_vhost enters a new connection into its list only after its thread may have seen it end;
 * the entry must be there before that thread goes on and removes it. */
static void
guest_await_start(const struct weft_vhost *vhost)
{
	while (!weft_control_is_self() && __atomic_load_n(&vhost->is_connecting, __ATOMIC_ACQUIRE))
		usleep(20);
}

static void
guest_destroy_connection(int vid)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	struct weft_vhost *vhost = guest->vhost;

	guest_await_start(vhost);
	pthread_mutex_lock(&weft_vhost_lock);
	LIST_REMOVE(guest, next);
	pthread_mutex_unlock(&weft_vhost_lock);
	__atomic_store_n(&guest_by_vid[vid], NULL, __ATOMIC_RELEASE);
	free(guest);
	if (vhost->mode != WEFT_SOCKET_CLIENT)
		return;
	__atomic_store_n(&vhost->is_lost, true, __ATOMIC_RELEASE);
	/* Without memory for the mail, the port's next refresh notices. */
	weft_control_post(weft_vhost_connect_lost, NULL);
}

const struct rte_vhost_device_ops weft_vhost_guest_ops = {
	.new_device = guest_new_device,
	.destroy_device = guest_destroy_device,
	.vring_state_changed = guest_queue_changed,
	.new_connection = guest_new_connection,
	.destroy_connection = guest_destroy_connection,
};

void
weft_vhost_guests_free(struct weft_vhost *vhost)
{
	struct weft_vhost_guest *guest;

	pthread_mutex_lock(&weft_vhost_lock);
	while (!LIST_EMPTY(&vhost->guests)) {
		guest = LIST_FIRST(&vhost->guests);
		LIST_REMOVE(guest, next);
		/* The number may belong to another port's guest by now. */
		if (weft_vhost_guest_get(guest->vid) == guest)
			__atomic_store_n(&guest_by_vid[guest->vid], NULL, __ATOMIC_RELEASE);
		free(guest);
	}
	pthread_mutex_unlock(&weft_vhost_lock);
}

static void
guest_warn_about_pairs(const struct weft_vhost *vhost, uint16_t n_pairs)
{
	weft_warn("%s: the guest uses %u queue pairs, which the port's %u serve in turn; "
		  "queues: %u would give each its own",
		  vhost->port->name, n_pairs, vhost->port->n_rxq,
		  RTE_MIN(n_pairs, (uint16_t)WEFT_QUEUES_MAX));
}

static void
guest_warn_about_memory(const struct weft_vhost *vhost)
{
	weft_error("%s: the guest has started its network card, but QEMU does not share the "
		   "guest's memory, so no packet can pass; start QEMU with -object "
		   "memory-backend-memfd,id=mem,size=...,share=on -numa node,memdev=mem (libvirt: "
		   "<memoryBacking> with <access mode='shared'/>)",
		   vhost->port->name);
}

void
weft_vhost_guests_check(struct weft_vhost *vhost)
{
	uint64_t now_ms = weft_vhost_now_ms();
	struct weft_vhost_guest *guest;
	bool is_blind = false;
	uint16_t n_pairs = 0;

	pthread_mutex_lock(&weft_vhost_lock);
	LIST_FOREACH(guest, &vhost->guests, next) {
		if (guest->is_warned)
			continue;
		n_pairs = __atomic_load_n(&guest->n_pairs, __ATOMIC_RELAXED);
		is_blind = guest->has_features && !guest->has_memory &&
			   now_ms - guest->since_ms >= GUEST_PATIENCE_MS;
		guest->is_warned = is_blind || n_pairs > vhost->port->n_rxq;
	}
	pthread_mutex_unlock(&weft_vhost_lock);
	if (is_blind)
		guest_warn_about_memory(vhost);
	else if (n_pairs > vhost->port->n_rxq)
		guest_warn_about_pairs(vhost, n_pairs);
}
