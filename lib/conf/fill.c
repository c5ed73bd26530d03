/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/document.h"
#include "conf/near.h"
#include "conf/schema.h"
#include "conf/value.h"

struct filler {
	struct conf_arena *arena;
	struct conf_report *report;
};

static void fill_object(struct filler *filler, const struct conf_object *object,
			const struct conf_node *node, void *to);

static void
fill_report_unknown(struct filler *filler, const struct conf_object *object,
		    const struct conf_node *node)
{
	char shown[CONF_SHOWN_BYTES];
	const char *near = NULL;
	char known[1024] = "";

	for (uint32_t i = 0; i < object->n_fields; i++) {
		const char *key = object->fields[i].key;

		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i > 0 ? ", " : "", key);
		if (near == NULL && conf_is_near(node->key, key))
			near = key;
	}
	conf_report_show(node->key, shown);
	if (near != NULL)
		conf_report_key(filler->report, node,
				"unknown key '%s' (did you mean '%s'?); known keys here: %s", shown,
				near, known);
	else
		conf_report_key(filler->report, node, "unknown key '%s'; known keys here: %s",
				shown, known);
}

static void
fill_element(struct filler *filler, const struct conf_field *field, const struct conf_node *node,
	     void *to)
{
	if (field->type == CONF_OBJECT)
		fill_object(filler, field->object, node, to);
	else
		conf_value_read(field, node, to, filler->arena, filler->report);
}

/** Whether a list may have that many elements. */
static bool
fill_check_length(struct filler *filler, const struct conf_field *field,
		  const struct conf_node *node, uint32_t n)
{
	if (field->capacity > 0 && (n == 0 || n > field->capacity))
		conf_report_node(filler->report, node, "has %u entries; must have 1..%u", n,
				 field->capacity);
	else if (field->most > 0 && n > field->most)
		conf_report_node(filler->report, node, "has %u entries; at most %u", n,
				 field->most);
	else
		return true;
	return false;
}

/** Every item of the node becomes an element, also a faulty one: the checks rely on equal indexes
 *  in the tree and in the structs. */
static void
fill_list(struct filler *filler, const struct conf_field *field, const struct conf_node *node,
	  char *object)
{
	bool is_single = field->may_be_single && node->kind == CONF_NODE_SCALAR;
	char *elements = object + field->offset;
	uint32_t n = is_single ? 1 : node->n;

	if (conf_node_is_null(node))
		return;
	if (node->kind != CONF_NODE_LIST && !is_single) {
		conf_report_node(filler->report, node, "must be %sa list",
				 field->may_be_single ? "a single value or " : "");
		return;
	}
	if (!fill_check_length(filler, field, node, n))
		return;
	if (field->capacity == 0) {
		elements = conf_arena_alloc(filler->arena, (size_t)n * field->bytes);
		memcpy(object + field->offset, &elements, sizeof(elements));
	}
	memcpy(object + field->count_offset, &n, sizeof(n));
	for (uint32_t i = 0; i < n; i++)
		fill_element(filler, field, is_single ? node : node->items[i],
			     elements + (size_t)i * field->bytes);
}

/** Reads the value of a key that has one. */
static void
fill_value(struct filler *filler, const struct conf_object *object, const struct conf_field *field,
	   const struct conf_node *node, char *to)
{
	const struct conf_node *word = NULL;
	struct conf_field narrow;

	if (field->by != NULL)
		word = conf_node_get(node->parent, field->by);
	narrow = conf_field_narrow(object, field, word != NULL ? word->text : NULL);
	fill_element(filler, &narrow, node, to + field->offset);
	if (field->has_offset > 0)
		*((bool *)to + field->has_offset) = true;
}

static void
fill_key(struct filler *filler, const struct conf_object *object, const struct conf_node *node,
	 char *to)
{
	const struct conf_field *field;

	if (node->kind == CONF_NODE_BROKEN)
		return;
	field = conf_object_find(object, node->key);
	if (field == NULL)
		fill_report_unknown(filler, object, node);
	else if (field->is_list)
		fill_list(filler, field, node, to);
	else if (field->type != CONF_OBJECT || !field->object->may_be_null ||
		 !conf_node_is_null(node))
		fill_value(filler, object, field, node, to);
}

/** Two keys of which an object has one, or at most one. */
static void
fill_check_either(struct filler *filler, const char *const keys[static 2], bool is_required,
		  const struct conf_node *node)
{
	const struct conf_node *one, *other;
	char place[CONF_PLACE_BYTES];

	if (keys[0] == NULL)
		return;
	one = conf_node_get(node, keys[0]);
	other = conf_node_get(node, keys[1]);
	if (one == NULL && other == NULL && is_required)
		conf_report_node(filler->report, node, "needs a '%s' or a '%s'", keys[0], keys[1]);
	else if (one != NULL && other != NULL)
		conf_report_node(filler->report, other, "excludes '%s' (%s); give one of them",
				 one->key, conf_report_place(one, place));
}

static void
fill_check_keys(struct filler *filler, const struct conf_object *object,
		const struct conf_node *node)
{
	for (uint32_t i = 0; i < object->n_fields; i++)
		if (object->fields[i].is_required &&
		    conf_node_get(node, object->fields[i].key) == NULL)
			conf_report_node(filler->report, node, "needs %s '%s'",
					 strchr("aeio", object->fields[i].key[0]) ? "an" : "a",
					 object->fields[i].key);
	fill_check_either(filler, object->one_of, true, node);
	fill_check_either(filler, object->not_both, false, node);
}

static void
fill_object(struct filler *filler, const struct conf_object *object, const struct conf_node *node,
	    void *to)
{
	conf_object_default(object, to);
	if (object->place_offset >= 0)
		memcpy((char *)to + object->place_offset, &node->place, sizeof(node->place));
	if (node->kind == CONF_NODE_BROKEN)
		return;
	if (node->kind != CONF_NODE_MAP) {
		conf_report_node(filler->report, node, "must be a map (key: value)");
		return;
	}
	for (uint32_t i = 0; i < node->n; i++)
		fill_key(filler, object, node->items[i], to);
	fill_check_keys(filler, object, node);
}

void
conf_fill(struct weft_conf *conf, const struct conf_node *tree, struct conf_arena *arena,
	  struct conf_report *report)
{
	struct filler filler = { arena, report };
	struct weft_conf_source *source = conf->source;
	char *file = conf->file;

	fill_object(&filler, &conf_document_object, tree, conf);
	conf->source = source;
	conf->file = file;
}
