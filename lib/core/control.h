/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control: the control thread and its mailbox.
 *
 * Everything that changes weft's configuration, and every command, runs on one thread, so none of
 * that code needs locks. Other threads (telemetry's, vhost's) put a function into the mailbox:
 * weft_control_call() waits until it has run, weft_control_post() does not. The control thread
 * sleeps in weft_control_run() until there is mail, a signal, a file that became readable, or a
 * timer.
 *
 * Threads: call and post from any thread (a call from the control thread itself runs at once); all
 * else on the control thread.
 */
#ifndef WEFT_CORE_CONTROL_H
#define WEFT_CORE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

typedef void (*weft_control_fn)(void *context);

/** Makes the calling thread the control thread. @return 0 or negative errno */
int weft_control_init(void);
void weft_control_fini(void);

/** Runs @p fn on the control thread and returns when it has run. @return 0, or -ESHUTDOWN if the
 *  control thread has stopped: then it did not and will not run. */
int weft_control_call(weft_control_fn fn, void *context);

/** Runs @p fn on the control thread some time later. @return 0, -ENOMEM or -ESHUTDOWN */
int weft_control_post(weft_control_fn fn, void *context);

/** Calls @p fn each time @p fd becomes readable. @return 0 or negative errno */
int weft_control_watch(int fd, weft_control_fn fn, void *context);
void weft_control_unwatch(int fd);

/** Calls @p fn every @p interval_ms, first after one interval. @return an id for
 *  weft_control_unwatch,
 *  or negative errno */
int weft_control_every(uint32_t interval_ms, weft_control_fn fn, void *context);

/** Serves until weft_control_stop(). */
void weft_control_run(void);
void weft_control_stop(void);

/** True on the control thread. */
bool weft_control_is_self(void);

#endif
