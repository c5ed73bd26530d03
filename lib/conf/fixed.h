/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixed: which addresses ports have.
 *
 * Not trivial: thousands of floating IPs may name a port of thousands of addresses, so the
 * addresses of all ports are sorted once.
 */
#ifndef WEFT_CONF_FIXED_H
#define WEFT_CONF_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/check.h"

struct conf_fixed_entry {
	uint32_t port; /* index in the document */
	struct weft_ip ip;
};

struct conf_fixed_port {
	uint32_t first; /* of its addresses the first of IPv4; CONF_INDEX_NONE: there is none */
	bool is_whole; /* all its addresses could be read */
};

struct conf_fixed {
	struct conf_fixed_entry *list;
	uint32_t n;
	struct conf_fixed_port *ports;
};

void conf_fixed_build(struct conf_fixed *fixed, const struct conf_check *check);
void conf_fixed_clear(struct conf_fixed *fixed);

/** Whether a port has an address. */
bool conf_fixed_has(const struct conf_fixed *fixed, uint32_t port, const struct weft_ip *ip);

#endif
