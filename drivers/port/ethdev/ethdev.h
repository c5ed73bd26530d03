/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ethdev: a port that is a DPDK device.
 *
 * Whatever DPDK has a network driver for can be a port or a wire: a NIC by its PCI address, a TAP,
 * a packet socket, a pcap file, shared memory. The configuration names it as DPDK's devargs do.
 *
 * Not trivial:
 *
 *  - The device is plugged in when the port is opened and unplugged when it is closed, so that
 *    ports come and go while others run. A device that EAL's own options brought in is used as it
 *    is and stays plugged; it is stopped, never closed, because nobody would bring it back.
 *  - DPDK says little about why a device did not come up. What a person can put right (a missing
 *    file or interface, a NIC that the kernel still holds) is looked at before DPDK is asked.
 *  - Drivers differ in what they need: quirks are one table in setup.c, by driver name.
 *  - Frames arrive with what the driver found out about them (hash, checksums, a stripped tag).
 *    None of it may travel on with the buffer: `ol_flags` mean something else on the way out. A
 *    burst without any of it, which is what software devices give, costs one OR per packet.
 *  - A worker transmits on a queue of its own if the device has enough; otherwise workers share
 *    queues, and only then is there a lock.
 *
 * Threads: as in port.h; ethdev's link interrupt runs on EAL's interrupt thread.
 */
#ifndef WEFT_ETHDEV_ETHDEV_H
#define WEFT_ETHDEV_ETHDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_spinlock.h>

#include "port/port.h"

/** A lock on a line of its own. */
struct weft_ethdev_txq {
	rte_spinlock_t lock;
} __rte_cache_aligned;

struct weft_ethdev {
	uint16_t id; /* [I] DPDK's number of the device */
	uint16_t n_txq; /* [I] */
	bool is_shared; /* [I] more workers than transmit queues */
	bool takes_chains; /* [I] transmits packets of several segments */
	bool is_ours; /* [I] plugged in by us */
	bool signals; /* [I] a sleeping worker can wait for a queue */
	uint32_t max_mtu; /* [I] as it is set up now */
	struct rte_device *device; /* [I] */
	struct weft_port *port; /* [I] */
	char name[64]; /* [I] for people: devargs up to the first comma */
	struct weft_ethdev_txq txq[]; /* n_txq */
};

/** Adds "PORT: device NAME: " and a sentence. @return -EINVAL */
int weft_ethdev_fail(const struct weft_ethdev *dev, struct weft_errors *errors, const char *format,
		     ...) __attribute__((format(printf, 3, 4)));

/** Finds the device, plugging it in if need be. Writes id, device, is_ours.
 *  @return 0, or -errno with a sentence and nothing left plugged */
int weft_ethdev_probe(struct weft_ethdev *dev, const char *devargs, struct weft_errors *errors);

/** Gives the device back; it is stopped. */
void weft_ethdev_unprobe(struct weft_ethdev *dev);

/** Configures and starts the device and its queues. Writes all the rest of @p dev, and n_rxq and
 *  n_txq of the port. @return 0, or -errno with a sentence and the device stopped */
int weft_ethdev_setup(struct weft_ethdev *dev, const struct weft_port_spec *spec,
		      struct weft_errors *errors);

/** Stops the device; no link interrupt is under way any more. */
void weft_ethdev_stop(struct weft_ethdev *dev);

/** Sets the MTU, before or after start. @return 0 or -errno with a sentence */
int weft_ethdev_apply_mtu(struct weft_ethdev *dev, uint32_t mtu, struct weft_errors *errors);

/** Reads the link and publishes it. */
void weft_ethdev_read_link(struct weft_ethdev *dev);

#endif
