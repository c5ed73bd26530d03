/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sleeping worker wants to be kicked: the guest is told so (virtio 1.2 section 2.7.7, the flags
 * of the used ring), and the file that it kicks is what the worker waits for.
 */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "core/rcu.h"
#include "vhost/vhost.h"

static int
arm_kick_fd(const struct weft_vhost_guest *guest, uint16_t pair)
{
	struct rte_vhost_vring vring;

	if (rte_vhost_get_vhost_vring(guest->vid, WEFT_VHOST_FROM_GUEST(pair), &vring) != 0)
		return -ENOTSUP;
	return vring.kickfd >= 0 ? vring.kickfd : -ENOTSUP;
}

int
weft_vhost_arm(struct weft_port *port, uint16_t queue)
{
	struct weft_vhost *vhost = port->driver;
	struct weft_vhost_guest *guest = weft_rcu_load(vhost->guest);
	int rc;

	if (guest == NULL || weft_rcu_load(guest->fault) != NULL)
		return WEFT_ARM_SILENT;
	/* A queue that serves several pairs would have to wait for several files. */
	if (__atomic_load_n(&guest->n_pairs, __ATOMIC_RELAXED) > port->n_rxq)
		return -ENOTSUP;
	if (__atomic_load_n(&guest->from_pair[queue], __ATOMIC_RELAXED) == WEFT_VHOST_PAIR_OFF)
		return WEFT_ARM_SILENT;
	vhost->is_armed[queue] = true;
	weft_vhost_enter(guest->vid);
	rc = rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_FROM_GUEST(queue), 1);
	weft_vhost_leave();
	return rc != 0 ? -ENOTSUP : arm_kick_fd(guest, queue);
}

void
weft_vhost_disarm(struct weft_port *port, uint16_t queue)
{
	struct weft_vhost *vhost = port->driver;
	struct weft_vhost_guest *guest = weft_rcu_load(vhost->guest);
	uint64_t kicks;
	struct iovec into = { &kicks, sizeof(kicks) };

	int fd;

	if (!vhost->is_armed[queue] || guest == NULL)
		return;
	vhost->is_armed[queue] = false;
	weft_vhost_enter(guest->vid);
	rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_FROM_GUEST(queue), 0);
	weft_vhost_leave();
	fd = arm_kick_fd(guest, queue);
	/* Whatever the front end made of the file, and who else reads it: this does not wait. */
	if (fd >= 0 && preadv2(fd, &into, 1, -1, RWF_NOWAIT) < 0)
		return;
}
