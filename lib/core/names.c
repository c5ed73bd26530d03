/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
weft_names_init(struct weft_names *names, size_t capacity)
{
	names->n = 0;
	names->list = calloc(capacity + 1, sizeof(*names->list));
	return names->list == NULL ? -ENOMEM : 0;
}

void
weft_names_fini(struct weft_names *names)
{
	free(names->list);
	names->list = NULL;
	names->n = 0;
}

void
weft_names_add(struct weft_names *names, const char *name, uint16_t id)
{
	names->list[names->n++] = (struct weft_name){ name, id };
}

static int
names_compare(const void *a, const void *b)
{
	return strcmp(((const struct weft_name *)a)->name, ((const struct weft_name *)b)->name);
}

void
weft_names_sort(struct weft_names *names)
{
	if (names->n > 0)
		qsort(names->list, names->n, sizeof(*names->list), names_compare);
}

int32_t
weft_names_find(const struct weft_names *names, const char *name)
{
	struct weft_name key = { .name = name };
	const struct weft_name *found;

	if (name == NULL || names->n == 0)
		return -1;
	found = bsearch(&key, names->list, names->n, sizeof(key), names_compare);
	return found == NULL ? -1 : found->id;
}
