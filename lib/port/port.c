/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/port.h"

#include <stdlib.h>
#include <string.h>

static STAILQ_HEAD(, weft_port_driver) port_drivers = STAILQ_HEAD_INITIALIZER(port_drivers);

uint32_t weft_port_changes;
uint32_t weft_port_newcomers;

void
weft_port_welcome(struct weft_port *port)
{
	__atomic_store_n(&port->has_newcomer, true, __ATOMIC_RELEASE);
	__atomic_fetch_add(&weft_port_newcomers, 1, __ATOMIC_RELEASE);
}

void
weft_port_driver_add(struct weft_port_driver *driver)
{
	STAILQ_INSERT_TAIL(&port_drivers, driver, next);
}

static const struct weft_port_ops *
port_find_ops(const char *name)
{
	struct weft_port_driver *driver;

	STAILQ_FOREACH(driver, &port_drivers, next)
		if (strcmp(driver->ops->name, name) == 0)
			return driver->ops;
	return NULL;
}

struct weft_port *
weft_port_open(uint16_t id, const struct weft_port_spec *spec, struct weft_errors *errors)
{
	const char *driver = spec->vhost_user != NULL ? "vhost-user" : "ethdev";
	struct weft_port *port = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*port));

	if (port == NULL) {
		weft_errors_add(errors, "%s: out of memory", spec->name);
		return NULL;
	}
	memset(port, 0, sizeof(*port));
	port->id = id;
	snprintf(port->name, sizeof(port->name), "%s", spec->name);
	port->ops = port_find_ops(driver);
	if (port->ops == NULL)
		weft_errors_add(errors, "%s: this build has no %s ports", spec->name, driver);
	else if (port->ops->open(port, spec, errors) == 0)
		return port;
	free(port);
	return NULL;
}

void
weft_port_close(struct weft_port *port)
{
	port->ops->close(port);
	free(port);
}
