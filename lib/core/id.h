/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * id: small numbers for names.
 *
 * Ports and networks are named in the configuration and numbered inside: arrays are indexed by the
 * number, flows and counters carry it. A name keeps its number for as long as it exists, whatever
 * else is configured; the lowest free number is given to a new name. A freed number must not be
 * given away before the workers have forgotten it, which is the caller's business: free after
 * weft_rcu_synchronize().
 *
 * Threads: control thread only.
 */
#ifndef WEFT_CORE_ID_H
#define WEFT_CORE_ID_H

#include <stdint.h>

struct weft_ids {
	uint32_t capacity;
	uint32_t lowest_free; /* nothing below it is free */
	uint8_t *used;
};

/** Numbers 0 .. capacity - 1, all free. @return 0 or -ENOMEM */
int weft_ids_init(struct weft_ids *ids, uint32_t capacity);
void weft_ids_fini(struct weft_ids *ids);

/** @return the lowest free number, or -ENOSPC */
int32_t weft_ids_get(struct weft_ids *ids);
void weft_ids_put(struct weft_ids *ids, uint32_t id);

#endif
