/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alarm: what the operator should hear before it is too late.
 *
 * An outside address whose ports of a protocol are 80 % in use is told once, as a warning in the
 * daemon's log, and again if it comes to that again after it was below 70 %. Threads: control
 * thread only.
 */
#ifndef WEFT_SHOW_ALARM_H
#define WEFT_SHOW_ALARM_H

#define WEFT_ALARM_MS 5000

/** Looks at all outside addresses; call it every WEFT_ALARM_MS. */
void weft_show_alarm(void *context);

#endif
