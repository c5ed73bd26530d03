/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link: wires and ports of a document as one numbered list.
 *
 * For opening and closing it makes no difference whether something is a guest's port or a wire. So
 * the document's wires, then its ports, count as links 0 .. n - 1. Threads: none.
 */
#ifndef WEFT_TOPOLOGY_LINK_H
#define WEFT_TOPOLOGY_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "port/port.h"

static inline uint32_t
weft_link_count(const struct weft_conf *conf)
{
	return conf == NULL ? 0 : conf->n_wires + conf->n_ports;
}

const char *weft_link_name(const struct weft_conf *conf, uint32_t link);

/** What a driver needs to know to open it. */
struct weft_port_spec weft_link_spec(const struct weft_conf *conf, uint32_t link,
				     uint16_t n_workers);

/** Must a driver open it anew to get from one spec to the other? (The MTU changes in place.) */
bool weft_link_needs_reopen(const struct weft_port_spec *a, const struct weft_port_spec *b);

/** Would both want the same device or socket? */
bool weft_link_is_conflict(const struct weft_port_spec *a, const struct weft_port_spec *b);

#endif
