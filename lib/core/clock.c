/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/clock.h"

uint64_t weft_clock_start;
uint64_t weft_clock_cycles_per_ms = 1;

void
weft_clock_init(void)
{
	weft_clock_cycles_per_ms = rte_get_tsc_hz() / 1000;
	weft_clock_start = rte_rdtsc();
}
