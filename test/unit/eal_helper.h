/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests need that cannot do without EAL: rte_hash, mempools, the TSC's frequency.
 *
 * Nothing outside of the process is touched: no hugepages, no devices, no files, and one core.
 */
#ifndef TEST_UNIT_EAL_HELPER_H
#define TEST_UNIT_EAL_HELPER_H

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_common.h>
#include <rte_eal.h>

#include "core/clock.h"
#include "core/rcu.h"

/** The group setup of a test program: EAL, clock, RCU. */
static inline int
eal_helper_start(void **state)
{
	char lcore[32];
	char *argv[] = { "test",	"--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			 "--iova-mode", "va",	     "-m",	 "256",		"--log-level",
			 "*:error",	"--lcores",  lcore };
	cpu_set_t allowed;
	int core = 0;

	(void)state;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -1;
	while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &allowed))
		core++;
	snprintf(lcore, sizeof(lcore), "0@%d", core);
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		return -1;
	/* EAL ties this thread to one core; threads that a test starts shall run beside it. */
	sched_setaffinity(0, sizeof(allowed), &allowed);
	weft_clock_init();
	return weft_rcu_init(64);
}

static inline int
eal_helper_stop(void **state)
{
	(void)state;
	weft_rcu_fini();
	return rte_eal_cleanup();
}

#endif
