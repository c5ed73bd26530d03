/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/node.h"

#include <stdio.h>
#include <string.h>

#include "conf/value.h"

struct conf_node *
conf_node_get(const struct conf_node *map, const char *key)
{
	if (map == NULL || map->kind != CONF_NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->n; i++)
		if (strcmp(map->items[i]->key, key) == 0)
			return map->items[i];
	return NULL;
}

struct conf_node *
conf_node_item(const struct conf_node *map, const char *key, uint32_t index)
{
	struct conf_node *list = conf_node_get(map, key);

	if (list != NULL && list->kind == CONF_NODE_SCALAR && index == 0)
		return list;
	if (list == NULL || list->kind != CONF_NODE_LIST || index >= list->n)
		return NULL;
	return list->items[index];
}

const char *
conf_node_name(const struct conf_node *map)
{
	const struct conf_node *name = conf_node_get(map, "name");

	if (name == NULL || name->kind != CONF_NODE_SCALAR || !conf_value_is_name(name->text))
		return NULL;
	return name->text;
}

bool
conf_node_is_null(const struct conf_node *node)
{
	return node->kind == CONF_NODE_SCALAR && node->is_plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
		strcmp(node->text, "null") == 0);
}

void
conf_node_path(const struct conf_node *node, char path[static CONF_PATH_BYTES])
{
	const char *name = conf_node_name(node);
	size_t used;

	path[0] = '\0';
	if (node->parent == NULL)
		return;
	conf_node_path(node->parent, path);
	used = strlen(path);
	if (node->key != NULL)
		snprintf(path + used, CONF_PATH_BYTES - used, "%s%s", used ? "." : "", node->key);
	else if (name != NULL)
		snprintf(path + used, CONF_PATH_BYTES - used, "[%s]", name);
	else
		snprintf(path + used, CONF_PATH_BYTES - used, "[%u]", node->index);
}

struct node_copier {
	struct conf_arena *arena;
	const char *file; /* the file name copied last, and its copy: most nodes share one */
	const char *file_copy;
};

static struct conf_node *
node_copy(struct node_copier *copier, const struct conf_node *from, const struct conf_node *parent)
{
	struct conf_arena *arena = copier->arena;
	struct conf_node *to = conf_arena_alloc(arena, sizeof(*to));

	if (copier->file != from->file) {
		copier->file = from->file;
		copier->file_copy = conf_arena_text(arena, from->file, strlen(from->file));
	}
	*to = *from;
	to->file = copier->file_copy;
	to->parent = parent;
	if (from->key != NULL)
		to->key = conf_arena_text(arena, from->key, strlen(from->key));
	if (from->text != NULL)
		to->text = conf_arena_text(arena, from->text, strlen(from->text));
	to->items = conf_arena_alloc(arena, from->n * sizeof(*to->items));
	to->capacity = from->n;
	for (uint32_t i = 0; i < from->n; i++)
		to->items[i] = node_copy(copier, from->items[i], to);
	return to;
}

struct conf_node *
conf_node_clone(const struct conf_node *node, struct conf_arena *arena)
{
	struct node_copier copier = { .arena = arena };

	return node_copy(&copier, node, NULL);
}

void
conf_node_append(struct conf_node *to, struct conf_node *item, struct conf_arena *arena)
{
	if (to->n == to->capacity) {
		uint32_t capacity = to->capacity < 4 ? 8 : 2 * to->capacity;
		struct conf_node **items = conf_arena_alloc(arena, capacity * sizeof(*items));

		if (to->n > 0)
			memcpy(items, to->items, to->n * sizeof(*items));
		to->items = items;
		to->capacity = capacity;
	}
	to->n++;
	conf_node_replace(to, to->n - 1, item);
}

void
conf_node_replace(struct conf_node *in, uint32_t index, struct conf_node *item)
{
	in->items[index] = item;
	item->parent = in;
	item->index = index;
}

void
conf_node_remove(struct conf_node *list, const bool *is_gone)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		struct conf_node *gone = list->items[kept];

		if (is_gone[i])
			continue;
		if (kept != i) {
			conf_node_replace(list, kept, list->items[i]);
			list->items[i] = gone;
		}
		kept++;
	}
	list->n = kept;
}

struct conf_node *
conf_node_spare(const struct conf_node *list)
{
	return list->n < list->capacity ? list->items[list->n] : NULL;
}
