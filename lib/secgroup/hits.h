/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hits: how often rules were the reason, counted by each worker for itself; for the files of this
 * folder only.
 *
 * A worker has a line of memory (64 bytes) of its own for each eight rules, so no two workers write
 * to the same line, and a rule costs eight bytes per worker. Worker w counts at
 * hits[w * WEFT_HITS_STRIDE].
 *
 * Threads: control thread, but for the counting itself (weft_rule_hit).
 */
#ifndef WEFT_SECGROUP_HITS_H
#define WEFT_SECGROUP_HITS_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_HITS_STRIDE 8

/** @param n_workers  from now on */
void weft_hits_init(uint16_t n_workers);

/** @return zeroes, or NULL without memory */
uint64_t *weft_hits_get(void);
void weft_hits_put(uint64_t *hits);

uint64_t weft_hits_sum(const uint64_t *hits);

/** Bytes that all of them take. */
size_t weft_hits_bytes(void);

#endif
