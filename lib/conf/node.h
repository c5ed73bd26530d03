/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * node: what a file said, as a tree that remembers where.
 *
 * A node is a scalar, a list or a map of nodes. It knows its file, line, column and its parent, so
 * a fault needs nothing but its node to name both its place ("weft.yaml:12:15") and its path
 * ("networks[blue].segment"). Documents keep their tree: merging and deleting are edits of trees,
 * after which everything is checked again, and messages still name the file each line came from.
 * (Members of security groups come and go in the tree of a living document, see edit.c.)
 *
 * A node that was refused already (an alias, the second of two equal keys) becomes `broken`:
 * everybody skips it silently, so that one fault is reported once.
 */
#ifndef WEFT_CONF_NODE_H
#define WEFT_CONF_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/arena.h"
#include "conf/conf.h"

enum conf_node_kind { CONF_NODE_SCALAR, CONF_NODE_LIST, CONF_NODE_MAP, CONF_NODE_BROKEN };

struct conf_node {
	enum conf_node_kind kind;
	bool is_plain; /* a scalar without quotes */
	const char *file;
	struct weft_place place;
	struct weft_place key_place;
	const char *key; /* in a map; NULL in a list */
	char *text; /* scalars only */
	const struct conf_node *parent; /* NULL: the root */
	uint32_t index; /* in the parent */
	struct conf_node **items; /* lists and maps */
	uint32_t n;
	uint32_t capacity; /* of items; or in bytes, of a text that may be written anew */
};

#define CONF_PATH_BYTES 512 /* enough for every path of known keys and legal names */

/** The value of a key, or NULL. @p map may be NULL or of any kind. */
struct conf_node *conf_node_get(const struct conf_node *map, const char *key);

/** An item of the list behind a key, or NULL. A scalar is its own item 0. */
struct conf_node *conf_node_item(const struct conf_node *map, const char *key, uint32_t index);

/** The `name` that a map gives itself if it is one word, or NULL. */
const char *conf_node_name(const struct conf_node *map);

/** Nothing was said: "key:", "key: ~" or "key: null". */
bool conf_node_is_null(const struct conf_node *node);

/** Writes "networks[blue].segment"; the root's path is "". */
void conf_node_path(const struct conf_node *node, char path[static CONF_PATH_BYTES]);

/* ---- edits ---- */

/** A deep copy whose memory, file names included, is in @p arena. */
struct conf_node *conf_node_clone(const struct conf_node *node, struct conf_arena *arena);

/** Puts a node at the end of a list or map. */
void conf_node_append(struct conf_node *to, struct conf_node *item, struct conf_arena *arena);

/** Puts a node in the place of another. */
void conf_node_replace(struct conf_node *in, uint32_t index, struct conf_node *item);

/** Takes out the items of a list whose flag is set. They stay behind its end, to be used again. */
void conf_node_remove(struct conf_node *list, const bool *is_gone);

/** What conf_node_append() would overwrite: a node that was taken out of the list, or NULL. */
struct conf_node *conf_node_spare(const struct conf_node *list);

#endif
