/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load: how busy workers are, as people ask for it: in percent of the last second.
 *
 * Workers count the TSC cycles of polls that moved packets; whoever wants a rate must look twice.
 * The control thread looks once a second, so that a command can answer at once. Cycles spent on
 * empty polls do not count: a worker that spins without packets is 0 % busy.
 *
 * Threads: control thread.
 */
#ifndef WEFT_WORKER_LOAD_H
#define WEFT_WORKER_LOAD_H

#include <stdint.h>

/** Call about once a second. */
void weft_load_sample(void);

/** Percent of the time between the last two samples, 0..100, in steps of a tenth. */
double weft_load_of_worker(uint16_t worker);
double weft_load_of_queue(uint16_t port, uint16_t queue);

#endif
