/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * protocol: what IP carries, by name.
 *
 * The names are those that Neutron knows. Where a number has several, the first is the one that is
 * written. See also weft_protocol_name().
 */
#ifndef WEFT_CONF_PROTOCOL_H
#define WEFT_CONF_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct conf_protocol {
	const char *name;
	uint16_t number;
	bool has_ports;
	enum weft_ethertype ethertype; /* the only one that carries it, or WEFT_ETHERTYPE_ANY */
};

/** "any" first; a NULL name closes them. */
extern const struct conf_protocol conf_protocols[];

/** @return whether there is a protocol of that name */
bool conf_protocol_find(const char *name, uint64_t *number);

bool conf_protocol_has_ports(uint16_t protocol);
bool conf_protocol_is_icmp(uint16_t protocol);

/** The only ethertype that carries it, or WEFT_ETHERTYPE_ANY. */
enum weft_ethertype conf_protocol_ethertype(uint16_t protocol);

#endif
