/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * index: objects by name.
 *
 * A sorted array of the names of a list. It is built where it is needed and thrown away: a document
 * holds no pointers between its objects, so that there is nothing to keep right in a copy.
 */
#ifndef WEFT_CONF_INDEX_H
#define WEFT_CONF_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define CONF_INDEX_NONE UINT32_MAX

struct conf_index_entry {
	const char *name;
	uint32_t at; /* in the list */
};

struct conf_index {
	struct conf_index_entry *entries;
	uint32_t n;
};

/** @p list: objects of @p bytes each, whose first member is their name; NULL names are left out. */
void conf_index_build(struct conf_index *index, const void *list, uint32_t n, size_t bytes);

void conf_index_clear(struct conf_index *index);

/** Where in the list the first object of that name is. @p name may be NULL. */
uint32_t conf_index_find(const struct conf_index *index, const char *name);

/** A name that looks like this one, or NULL. */
const char *conf_index_near(const struct conf_index *index, const char *name);

#endif
