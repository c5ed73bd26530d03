/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port drivers that tests can look into: "ethdev" and "vhost-user" by name, memory by nature.
 *
 * A device is what the configuration names up to the first comma. It can be opened once at a time,
 * as real ones; it refuses what its name asks it to refuse; and what is sent to it is written down.
 * A program that includes this links weft_portless_dep.
 */
#ifndef TEST_UNIT_FAKE_PORT_H
#define TEST_UNIT_FAKE_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "port/port.h"

struct fake_device {
	char name[128];
	bool is_open;
	uint32_t mtu;
	const struct weft_port *port; /* while it is open */
	uint32_t serial; /* tells one opening from the next */
};

/* A frame that was sent, in the log: its bytes follow. */
struct fake_sent {
	uint16_t port, length;
};

static struct fake {
	struct fake_device devices[2 * WEFT_PORTS_MAX];
	uint32_t n_devices;
	uint32_t n_open;
	uint32_t n_opens, n_closes; /* ever */
	const char *broken; /* devices with this in their names cannot be opened */
	const char *stiff; /* devices with this in their names refuse another MTU */
	uint16_t room; /* packets that a port takes per burst */
	uint8_t *log;
	size_t log_bytes, log_room;
} fake = { .room = UINT16_MAX };

static struct fake_device *
fake_device(const char *address)
{
	size_t length = strcspn(address, ",");

	for (uint32_t i = 0; i < fake.n_devices; i++)
		if (strlen(fake.devices[i].name) == length &&
		    memcmp(fake.devices[i].name, address, length) == 0)
			return &fake.devices[i];
	snprintf(fake.devices[fake.n_devices].name, sizeof(fake.devices[0].name), "%.*s",
		 (int)length, address);
	return &fake.devices[fake.n_devices++];
}

static int
fake_open(struct weft_port *port, const struct weft_port_spec *spec, struct weft_errors *errors)
{
	struct fake_device *device =
		fake_device(spec->vhost_user != NULL ? spec->vhost_user : spec->device);

	if (device->is_open)
		return weft_errors_add(errors, "%s: %s is in use", spec->name, device->name);
	if (fake.broken != NULL && strstr(device->name, fake.broken) != NULL)
		return weft_errors_add(errors, "%s: %s is broken", spec->name, device->name);
	device->is_open = true;
	device->mtu = spec->mtu;
	device->port = port;
	fake.n_open++;
	device->serial = ++fake.n_opens;
	port->driver = device;
	port->n_rxq = (uint16_t)(spec->queues == 0 ? spec->n_workers : spec->queues);
	port->n_txq = spec->n_workers;
	weft_port_set_link(port, true);
	return 0;
}

static void
fake_close(struct weft_port *port)
{
	struct fake_device *device = port->driver;

	device->is_open = false;
	device->port = NULL;
	fake.n_open--;
	fake.n_closes++;
}

static uint16_t
fake_rx(struct weft_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	(void)queue;
	(void)pkts;
	(void)n;
	return 0;
}

static void
fake_log(const void *bytes, size_t n)
{
	if (fake.log_bytes + n > fake.log_room) {
		fake.log_room = 2 * fake.log_room + n + 4096;
		fake.log = realloc(fake.log, fake.log_room);
		if (fake.log == NULL)
			abort();
	}
	memcpy(fake.log + fake.log_bytes, bytes, n);
	fake.log_bytes += n;
}

static uint16_t
fake_tx(struct weft_port *port, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	(void)worker;
	n = RTE_MIN(n, fake.room);
	for (uint16_t i = 0; i < n; i++) {
		struct fake_sent sent = { port->id, (uint16_t)pkts[i]->pkt_len };

		fake_log(&sent, sizeof(sent));
		for (const struct rte_mbuf *part = pkts[i]; part != NULL; part = part->next)
			fake_log(rte_pktmbuf_mtod(part, const void *), part->data_len);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static int
fake_set_mtu(struct weft_port *port, uint32_t mtu, struct weft_errors *errors)
{
	struct fake_device *device = port->driver;

	if (fake.stiff != NULL && strstr(device->name, fake.stiff) != NULL && mtu != device->mtu)
		return weft_errors_add(errors, "%s: no such MTU", port->name);
	device->mtu = mtu;
	return 0;
}

static const struct weft_port_ops fake_ethdev_ops = {
	.name = "ethdev",
	.open = fake_open,
	.close = fake_close,
	.rx = fake_rx,
	.tx = fake_tx,
	.set_mtu = fake_set_mtu,
};

static const struct weft_port_ops fake_vhost_ops = {
	.name = "vhost-user",
	.open = fake_open,
	.close = fake_close,
	.rx = fake_rx,
	.tx = fake_tx,
	.set_mtu = fake_set_mtu,
};

WEFT_PORT_DRIVER(fake_ethdev_ops)
WEFT_PORT_DRIVER(fake_vhost_ops)

/** Forgets devices and log; every port must have been closed. */
static inline void
fake_reset(void)
{
	free(fake.log);
	fake = (struct fake){ .room = UINT16_MAX };
}

#endif
