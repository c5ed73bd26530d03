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
	char known[512] = "";

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

/** Every item of the node becomes an element, also a faulty one: the checks rely on equal indexes
 *  in the tree and in the structs. */
static void
fill_list(struct filler *filler, const struct conf_field *field, const struct conf_node *node,
	  char *object)
{
	char *elements = object + field->offset;

	if (conf_node_is_null(node))
		return;
	if (node->kind != CONF_NODE_LIST) {
		conf_report_node(filler->report, node, "must be a list");
		return;
	}
	if (field->capacity > 0 && (node->n == 0 || node->n > field->capacity)) {
		conf_report_node(filler->report, node, "has %u entries; must have 1..%u", node->n,
				 field->capacity);
		return;
	}
	if (field->capacity == 0) {
		elements = conf_arena_alloc(filler->arena, (size_t)node->n * field->bytes);
		memcpy(object + field->offset, &elements, sizeof(elements));
	}
	memcpy(object + field->count_offset, &node->n, sizeof(node->n));
	for (uint32_t i = 0; i < node->n; i++)
		fill_element(filler, field, node->items[i], elements + (size_t)i * field->bytes);
}

static void
fill_key(struct filler *filler, const struct conf_object *object, const struct conf_node *node,
	 char *to)
{
	const struct conf_field *field;

	if (node->kind == CONF_NODE_BROKEN)
		return;
	field = conf_object_find(object, node->key);
	if (field == NULL) {
		fill_report_unknown(filler, object, node);
	} else if (field->is_list) {
		fill_list(filler, field, node, to);
	} else {
		fill_element(filler, field, node, to + field->offset);
		if (field->has_offset > 0)
			*((bool *)to + field->has_offset) = true;
	}
}

static void
fill_check_keys(struct filler *filler, const struct conf_object *object,
		const struct conf_node *node)
{
	const struct conf_node *one = NULL, *other = NULL;
	char place[CONF_PLACE_BYTES];

	for (uint32_t i = 0; i < object->n_fields; i++)
		if (object->fields[i].is_required &&
		    conf_node_get(node, object->fields[i].key) == NULL)
			conf_report_node(filler->report, node, "needs a '%s'",
					 object->fields[i].key);
	if (object->one_of[0] == NULL)
		return;
	one = conf_node_get(node, object->one_of[0]);
	other = conf_node_get(node, object->one_of[1]);
	if (one == NULL && other == NULL)
		conf_report_node(filler->report, node, "needs a '%s' or a '%s'", object->one_of[0],
				 object->one_of[1]);
	else if (one != NULL && other != NULL)
		conf_report_node(filler->report, other, "excludes '%s' (%s); give one of them",
				 one->key, conf_report_place(one, place));
}

static void
fill_object(struct filler *filler, const struct conf_object *object, const struct conf_node *node,
	    void *to)
{
	conf_object_default(object, to);
	if (object->place_offset >= 0)
		memcpy((char *)to + object->place_offset, &node->place, sizeof(node->place));
	if (node->kind == CONF_NODE_BROKEN ||
	    (object == &conf_host_object && conf_node_is_null(node)))
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
