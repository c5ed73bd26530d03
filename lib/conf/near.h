/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * near: what the writer may have meant.
 */
#ifndef WEFT_CONF_NEAR_H
#define WEFT_CONF_NEAR_H

#include <stdbool.h>

/** Whether two words differ by a slip of the finger or two: letters that were left out, added,
 *  changed, or swapped with their neighbour. */
bool conf_is_near(const char *a, const char *b);

#endif
