/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/document.h"

static int
merge_compare(const void *left, const void *right)
{
	const struct conf_node *a = *(struct conf_node *const *)left;
	const struct conf_node *b = *(struct conf_node *const *)right;
	int order = strcmp(conf_node_name(a), conf_node_name(b));

	return order != 0 ? order : a->index < b->index ? -1 : 1;
}

/** The items of a list that have a name, sorted by it. The caller frees the array. */
static struct conf_node **
merge_sort_items(const struct conf_node *list, uint32_t *n)
{
	struct conf_node **sorted = calloc((size_t)list->n + 1, sizeof(*sorted));

	if (sorted == NULL)
		abort();
	*n = 0;
	for (uint32_t i = 0; i < list->n; i++)
		if (conf_node_name(list->items[i]) != NULL)
			sorted[(*n)++] = list->items[i];
	qsort(sorted, *n, sizeof(*sorted), merge_compare);
	return sorted;
}

/** Replaces what has the same name and appends the rest; the fragment's own faults (no name, a name
 *  twice) are found when the result is checked. */
static void
merge_lists(struct conf_node *base, const struct conf_node *fragment, struct conf_arena *arena)
{
	uint32_t n_base, n_fragment, i = 0;
	struct conf_node **old = merge_sort_items(base, &n_base);
	struct conf_node **new = merge_sort_items(fragment, &n_fragment);
	bool *is_placed = calloc((size_t)fragment->n + 1, sizeof(*is_placed));

	if (is_placed == NULL)
		abort();
	for (uint32_t j = 0; j < n_fragment && i < n_base;) {
		int order = strcmp(conf_node_name(old[i]), conf_node_name(new[j]));

		if (order == 0) {
			is_placed[new[j]->index] = true;
			conf_node_replace(base, old[i]->index, new[j]);
		}
		i += order <= 0;
		j += order >= 0;
	}
	for (uint32_t j = 0; j < fragment->n; j++)
		if (!is_placed[j])
			conf_node_append(base, fragment->items[j], arena);
	free(is_placed);
	free(old);
	free(new);
}

static void merge_maps(struct conf_node *base, const struct conf_node *fragment,
		       struct conf_arena *arena);

/** Whether single keys of a section are replaced, and not the section. */
static bool
merge_is_by_key(const char *section)
{
	return strcmp(section, "host") == 0 || strcmp(section, "connection-timeouts") == 0;
}

static void
merge_key(struct conf_node *base, struct conf_node *item, struct conf_arena *arena)
{
	struct conf_node *old = conf_node_get(base, item->key);

	if (old == NULL)
		conf_node_append(base, item, arena);
	else if (item->kind == CONF_NODE_LIST && old->kind == CONF_NODE_LIST &&
		 base->parent == NULL)
		merge_lists(old, item, arena);
	else if (item->kind == CONF_NODE_MAP && old->kind == CONF_NODE_MAP &&
		 merge_is_by_key(item->key))
		merge_maps(old, item, arena);
	else if (!conf_node_is_null(item) || base->parent != NULL)
		conf_node_replace(base, old->index, item);
}

/** Keys of the fragment replace those of the base, but sections of objects, the host and the
 *  timeouts are merged; an empty section says nothing. */
static void
merge_maps(struct conf_node *base, const struct conf_node *fragment, struct conf_arena *arena)
{
	for (uint32_t i = 0; i < fragment->n; i++)
		if (fragment->items[i]->kind != CONF_NODE_BROKEN)
			merge_key(base, fragment->items[i], arena);
}

struct weft_conf *
weft_conf_merge(const struct weft_conf *base, const char *fragment_path, struct weft_errors *errors)
{
	struct weft_conf_source *source = conf_source_create();
	struct conf_report report = { 0 };
	struct conf_node *fragment = conf_source_read(source, fragment_path, &report);

	if (fragment != NULL && fragment->kind == CONF_NODE_MAP) {
		source->tree = conf_node_clone(base->source->tree, &source->arena);
		merge_maps(source->tree, fragment, &source->arena);
	} else {
		/* Not a map: checking it alone says so. */
		source->tree = fragment;
	}
	return conf_document_create(source, base->file, &report, errors);
}
