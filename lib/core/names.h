/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * names: from a name to its number, by bisection.
 *
 * Made for one pass over a document and thrown away: fill, sort once, look up often. The strings
 * stay the caller's. Threads: none.
 */
#ifndef WEFT_CORE_NAMES_H
#define WEFT_CORE_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct weft_name {
	const char *name;
	uint16_t id;
};

struct weft_names {
	size_t n;
	struct weft_name *list;
};

/** Room for @p capacity names. @return 0 or -ENOMEM */
int weft_names_init(struct weft_names *names, size_t capacity);
void weft_names_fini(struct weft_names *names);

void weft_names_add(struct weft_names *names, const char *name, uint16_t id);
void weft_names_sort(struct weft_names *names);

/** @return the number, or -1 if @p name is not there or NULL */
int32_t weft_names_find(const struct weft_names *names, const char *name);

#endif
