/* SPDX-License-Identifier: BSD-3-Clause */
#include "ethdev/ethdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "ethdev/tidy.h"
#include "port/buffers.h"

int
weft_ethdev_fail(const struct weft_ethdev *dev, struct weft_errors *errors, const char *format, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return weft_errors_add(errors, "%s: device %s: %s", dev->port->name, dev->name, sentence);
}

static int
ethdev_open(struct weft_port *port, const struct weft_port_spec *spec, struct weft_errors *errors)
{
	size_t bytes =
		sizeof(struct weft_ethdev) + spec->n_workers * sizeof(struct weft_ethdev_txq);
	struct weft_ethdev *dev;
	int rc;

	dev = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE));
	if (dev == NULL)
		return weft_errors_add(errors, "%s: out of memory", spec->name);
	memset(dev, 0, bytes);
	dev->port = port;
	snprintf(dev->name, sizeof(dev->name), "%.*s", (int)strcspn(spec->device, ","),
		 spec->device);
	rc = weft_ethdev_probe(dev, spec->device, errors);
	if (rc == 0) {
		rc = weft_ethdev_setup(dev, spec, errors);
		if (rc < 0)
			weft_ethdev_unprobe(dev);
	}
	if (rc < 0) {
		free(dev);
		return rc;
	}
	port->driver = dev;
	return 0;
}

static void
ethdev_close(struct weft_port *port)
{
	struct weft_ethdev *dev = port->driver;

	weft_ethdev_stop(dev);
	weft_port_set_link(port, false);
	weft_ethdev_unprobe(dev);
	port->driver = NULL;
	free(dev);
}

static uint16_t
ethdev_rx(struct weft_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct weft_ethdev *dev = port->driver;

	return weft_tidy(pkts, rte_eth_rx_burst(dev->id, queue, pkts, n));
}

/* For devices that transmit single buffers only. The MTU was refused if a frame could be longer
 * than one. A copy, because a segment may belong to other packets as well. */
static uint16_t
ethdev_join(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *joined;

		if (likely(pkts[i]->nb_segs == 1))
			continue;
		joined = rte_pktmbuf_copy(pkts[i], weft_buffers, 0, UINT32_MAX);
		if (joined == NULL)
			return i;
		rte_pktmbuf_free(pkts[i]);
		pkts[i] = joined;
	}
	return n;
}

static uint16_t
ethdev_tx(struct weft_port *port, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_ethdev *dev = port->driver;
	uint16_t queue;

	if (unlikely(!dev->takes_chains))
		n = ethdev_join(pkts, n);
	if (likely(!dev->is_shared))
		return rte_eth_tx_burst(dev->id, worker, pkts, n);
	queue = worker % dev->n_txq;
	rte_spinlock_lock(&dev->txq[queue].lock);
	n = rte_eth_tx_burst(dev->id, queue, pkts, n);
	rte_spinlock_unlock(&dev->txq[queue].lock);
	return n;
}

static int
ethdev_set_mtu(struct weft_port *port, uint32_t mtu, struct weft_errors *errors)
{
	return weft_ethdev_apply_mtu(port->driver, mtu, errors);
}

static void
ethdev_refresh(struct weft_port *port)
{
	weft_ethdev_read_link(port->driver);
}

/* Readable for as long as frames wait, so there is nothing to forget afterwards. */
static int
ethdev_arm(struct weft_port *port, uint16_t queue)
{
	const struct weft_ethdev *dev = port->driver;

	if (!dev->signals)
		return -ENOTSUP;
	return rte_eth_dev_rx_intr_ctl_q_get_fd(dev->id, queue);
}

static const struct weft_port_ops ethdev_port_ops = {
	.name = "ethdev",
	.open = ethdev_open,
	.close = ethdev_close,
	.rx = ethdev_rx,
	.tx = ethdev_tx,
	.set_mtu = ethdev_set_mtu,
	.refresh = ethdev_refresh,
	.arm = ethdev_arm,
};

WEFT_PORT_DRIVER(ethdev_port_ops)
