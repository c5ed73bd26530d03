/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * emit: structs become text.
 */
#ifndef WEFT_CONF_EMIT_H
#define WEFT_CONF_EMIT_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/schema.h"

/** Room for any object but the document. */
union conf_any {
	struct weft_conf_host host;
	struct weft_conf_wire wire;
	struct weft_conf_endpoint endpoint;
	struct weft_conf_route route;
	struct weft_conf_network network;
	struct weft_conf_subnet subnet;
	struct weft_conf_static_mac static_mac;
	struct weft_conf_neighbour neighbour;
	struct weft_conf_timeouts timeouts;
	struct weft_conf_group group;
	struct weft_conf_rule rule;
	struct weft_conf_port port;
	struct weft_conf_pair pair;
	struct weft_conf_router router;
	struct weft_conf_interface interface;
	struct weft_conf_gateway gateway;
	struct weft_conf_nat nat;
	struct weft_conf_floating_ip floating_ip;
	struct weft_conf_forwarding forwarding;
	struct weft_conf_firewall_rule firewall_rule;
};

/** Writes an object in one line, "{name: blue4, cidr: 10.0.0.0/24}", without keys at their
 *  default. */
void conf_emit_flow(const struct conf_object *object, const void *from, bool is_yaml, FILE *out);

/** Writes the value of a key; "(none)" if it has none. Lists of objects are not for this. */
void conf_emit_value(const struct conf_field *field, const void *object, bool is_yaml, FILE *out);

#endif
