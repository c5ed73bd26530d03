/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/id.h"

#include <errno.h>
#include <stdlib.h>

int
weft_ids_init(struct weft_ids *ids, uint32_t capacity)
{
	ids->capacity = capacity;
	ids->lowest_free = 0;
	ids->used = calloc(capacity, 1);
	return ids->used == NULL ? -ENOMEM : 0;
}

void
weft_ids_fini(struct weft_ids *ids)
{
	free(ids->used);
	ids->used = NULL;
}

int32_t
weft_ids_get(struct weft_ids *ids)
{
	while (ids->lowest_free < ids->capacity && ids->used[ids->lowest_free])
		ids->lowest_free++;
	if (ids->lowest_free == ids->capacity)
		return -ENOSPC;
	ids->used[ids->lowest_free] = 1;
	return (int32_t)ids->lowest_free++;
}

void
weft_ids_put(struct weft_ids *ids, uint32_t id)
{
	ids->used[id] = 0;
	if (id < ids->lowest_free)
		ids->lowest_free = id;
}
