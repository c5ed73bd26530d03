/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sleeping worker wants to be kicked: the guest is told so (virtio 1.2 section 2.7.7, the flags
 * of the used ring), and the file that it kicks is what the worker waits for.
 */
#include <errno.h>
#include <poll.h>
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

	if (guest == NULL)
		return WEFT_ARM_SILENT;
	/* A queue that serves several pairs would have to wait for several files. */
	if (__atomic_load_n(&guest->n_pairs, __ATOMIC_RELAXED) > port->n_rxq)
		return -ENOTSUP;
	if (__atomic_load_n(&guest->from_pair[queue], __ATOMIC_RELAXED) == WEFT_VHOST_PAIR_OFF)
		return WEFT_ARM_SILENT;
	vhost->is_armed[queue] = true;
	if (rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_FROM_GUEST(queue), 1) != 0)
		return -ENOTSUP;
	return arm_kick_fd(guest, queue);
}

void
weft_vhost_disarm(struct weft_port *port, uint16_t queue)
{
	struct weft_vhost *vhost = port->driver;
	struct weft_vhost_guest *guest = weft_rcu_load(vhost->guest);
	struct pollfd kick = { .events = POLLIN };
	uint64_t kicks;

	if (!vhost->is_armed[queue] || guest == NULL)
		return;
	vhost->is_armed[queue] = false;
	rte_vhost_enable_guest_notification(guest->vid, WEFT_VHOST_FROM_GUEST(queue), 0);
	kick.fd = arm_kick_fd(guest, queue);
	/* Asked first: not every front end makes it non-blocking. */
	if (kick.fd >= 0 && poll(&kick, 1, 0) == 1 && read(kick.fd, &kicks, sizeof(kicks)) < 0)
		return;
}
