/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strtok() that each thread has for itself, in place of the C library's.
 *
 * DPDK 22.11's telemetry serves each client on a thread of its own and takes requests apart with
 * strtok(), whose place in the text the C library keeps once for all threads. Two clients at one
 * moment can then get each other's arguments: one asks to flush the FDB of a network, another asks
 * for the status, and the FDB of every network is flushed. The definition here is found before the
 * C library's by the dynamic linker, in shared DPDK libraries too, and behaves the same within a
 * thread.
 */
#include <string.h>

char *
strtok(char *restrict text, const char *restrict separators)
{
	static __thread char *place;

	return strtok_r(text, separators, &place);
}
