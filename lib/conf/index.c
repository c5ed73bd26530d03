/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/index.h"

#include <stdlib.h>
#include <string.h>

#include "conf/near.h"

static int
index_compare(const void *left, const void *right)
{
	const struct conf_index_entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : a->at < b->at ? -1 : 1;
}

void
conf_index_build(struct conf_index *index, const void *list, uint32_t n, size_t bytes)
{
	index->entries = calloc((size_t)n + 1, sizeof(*index->entries));
	index->n = 0;
	if (index->entries == NULL)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		const char *name = *(char *const *)((const char *)list + i * bytes);

		if (name != NULL)
			index->entries[index->n++] = (struct conf_index_entry){ name, i };
	}
	qsort(index->entries, index->n, sizeof(*index->entries), index_compare);
}

void
conf_index_clear(struct conf_index *index)
{
	free(index->entries);
	*index = (struct conf_index){ 0 };
}

uint32_t
conf_index_find(const struct conf_index *index, const char *name)
{
	uint32_t low = 0, high = index->n;

	if (name == NULL)
		return CONF_INDEX_NONE;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->n || strcmp(index->entries[low].name, name) != 0)
		return CONF_INDEX_NONE;
	return index->entries[low].at;
}

const char *
conf_index_near(const struct conf_index *index, const char *name)
{
	for (uint32_t i = 0; i < index->n; i++)
		if (conf_is_near(name, index->entries[i].name))
			return index->entries[i].name;
	return NULL;
}
