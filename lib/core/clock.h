/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock: time since the daemon started, from the TSC.
 *
 * Milliseconds in 32 bits (they wrap after 49 days: compare differences only), and whole seconds.
 * Threads: any.
 */
#ifndef WEFT_CORE_CLOCK_H
#define WEFT_CORE_CLOCK_H

#include <stdint.h>

#include <rte_cycles.h>

/** [I] after weft_clock_init() */
extern uint64_t weft_clock_start;
extern uint64_t weft_clock_cycles_per_ms;

/** Before any other function here; after EAL knows the TSC's frequency. */
void weft_clock_init(void);

static inline uint64_t
weft_clock_ms_at(uint64_t tsc)
{
	return (tsc - weft_clock_start) / weft_clock_cycles_per_ms;
}

static inline uint32_t
weft_clock_ms(void)
{
	return (uint32_t)weft_clock_ms_at(rte_rdtsc());
}

/** From the TSC, not from 32 bits of milliseconds: seconds must not wrap with those. */
static inline uint32_t
weft_clock_sec_at(uint64_t tsc)
{
	return (uint32_t)(weft_clock_ms_at(tsc) / 1000);
}

static inline uint32_t
weft_clock_sec(void)
{
	return weft_clock_sec_at(rte_rdtsc());
}

#endif
