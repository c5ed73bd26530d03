/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/link.h"

#include <string.h>

const char *
weft_link_name(const struct weft_conf *conf, uint32_t link)
{
	return link < conf->n_wires ? conf->wires[link].name :
				      conf->ports[link - conf->n_wires].name;
}

struct weft_port_spec
weft_link_spec(const struct weft_conf *conf, uint32_t link, uint16_t n_workers)
{
	struct weft_port_spec spec = { .n_workers = n_workers };

	if (link < conf->n_wires) {
		const struct weft_conf_wire *wire = &conf->wires[link];

		spec.name = wire->name;
		spec.device = wire->device;
		spec.queues = wire->queues;
		spec.mtu = wire->mtu;
	} else {
		const struct weft_conf_port *port = &conf->ports[link - conf->n_wires];

		spec.name = port->name;
		spec.device = port->device;
		spec.vhost_user = port->vhost_user;
		spec.mode = port->mode;
		spec.socket_owner = port->socket_owner;
		spec.socket_mode = port->socket_mode;
		spec.queues = port->queues;
		spec.mtu = port->mtu;
	}
	return spec;
}

static bool
link_is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
weft_link_needs_reopen(const struct weft_port_spec *a, const struct weft_port_spec *b)
{
	return !link_is_same_text(a->device, b->device) ||
	       !link_is_same_text(a->vhost_user, b->vhost_user) ||
	       !link_is_same_text(a->socket_owner, b->socket_owner) || a->mode != b->mode ||
	       a->socket_mode != b->socket_mode || a->queues != b->queues;
}

bool
weft_link_is_conflict(const struct weft_port_spec *a, const struct weft_port_spec *b)
{
	size_t length;

	if (a->vhost_user != NULL && b->vhost_user != NULL)
		return strcmp(a->vhost_user, b->vhost_user) == 0;
	if (a->device == NULL || b->device == NULL)
		return false;
	/* The name of a device ends at the first comma; options follow. */
	length = strcspn(a->device, ",");
	return length == strcspn(b->device, ",") && strncmp(a->device, b->device, length) == 0;
}
