/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diff: what differs, in words.
 *
 * diff.c matches the objects of two documents, diff_key.c says how two objects differ in one key.
 */
#ifndef WEFT_CONF_DIFF_H
#define WEFT_CONF_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "conf/schema.h"

/** Makes room for one more element in a list that only grew by this. */
void *conf_diff_grow(void *list, uint32_t n, size_t bytes);

/** Adds to a change how two objects differ in a key, if they do. */
void conf_diff_key(struct weft_change *change, const struct conf_field *field, const void *old,
		   const void *new);

#endif
