/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_guest: what a guest must be told so that it comes by a vhost-user port.
 *
 * A port's socket, role, queues, MAC and MTU stand in our configuration and once more in that of
 * the guest. These texts are the second, made from the first: libvirt's <interface>, or QEMU's
 * options. Roles are mirrored: where weft is the client, QEMU owns the socket.
 *
 * Threads: control thread only.
 */
#ifndef WEFT_SHOW_PORT_GUEST_H
#define WEFT_SHOW_PORT_GUEST_H

#include <jansson.h>

#include "conf/conf.h"
#include "core/errors.h"

enum weft_guest_form { WEFT_GUEST_LIBVIRT, WEFT_GUEST_QEMU };

/** @param port  of the running document; NULL: it is a wire
 *  @return {"libvirt": text} or {"qemu": text}; NULL with a sentence if no guest can come by it */
json_t *weft_port_guest_text(const char *name, const struct weft_conf_port *port,
			     enum weft_guest_form form, struct weft_errors *errors);

#endif
