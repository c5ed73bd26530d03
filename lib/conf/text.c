/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/text.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct text_reader {
	yaml_parser_t yaml;
	const char *file;
	struct conf_arena *arena;
	struct conf_report *report;
	uint32_t depth;
};

static struct weft_place
text_place(yaml_mark_t mark)
{
	return (struct weft_place){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

/** The next event; the caller deletes it. */
static bool
text_next(struct text_reader *reader, yaml_event_t *event)
{
	yaml_parser_t *yaml = &reader->yaml;

	if (yaml_parser_parse(yaml, event))
		return true;
	conf_report_text(reader->report, reader->file, text_place(yaml->problem_mark),
			 "is not YAML: %s%s%s", yaml->problem != NULL ? yaml->problem : "no memory",
			 yaml->context != NULL ? " " : "",
			 yaml->context != NULL ? yaml->context : "");
	return false;
}

/** Anchor and tag of an event, if it is of a kind that can have them. */
static void
text_decorations(const yaml_event_t *event, const yaml_char_t **anchor, const yaml_char_t **tag)
{
	*anchor = *tag = NULL;
	if (event->type == YAML_SCALAR_EVENT) {
		*anchor = event->data.scalar.anchor;
		*tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		*anchor = event->data.sequence_start.anchor;
		*tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		*anchor = event->data.mapping_start.anchor;
		*tag = event->data.mapping_start.tag;
	}
}

/** Reports what an event must not have. @return whether it had nothing of it */
static bool
text_check(struct text_reader *reader, const yaml_event_t *event)
{
	struct weft_place place = text_place(event->start_mark);
	const yaml_char_t *anchor, *tag;
	char shown[CONF_SHOWN_BYTES];
	const char *what = NULL, *word = "";

	text_decorations(event, &anchor, &tag);
	if (event->type == YAML_ALIAS_EVENT) {
		what = "an alias (*";
		word = (const char *)event->data.alias.anchor;
	} else if (anchor != NULL) {
		what = "an anchor (&";
		word = (const char *)anchor;
	} else if (tag != NULL) {
		what = "a tag (";
		word = (const char *)tag;
	} else if (event->type == YAML_SCALAR_EVENT &&
		   strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
		conf_report_text(reader->report, reader->file, place, "there is a NUL in the text");
		return false;
	}
	if (what == NULL)
		return true;
	conf_report_text(reader->report, reader->file, place, "%s%s) is not allowed here", what,
			 conf_report_show(word, shown));
	return false;
}

static bool text_read_node(struct text_reader *reader, yaml_event_t *event, struct conf_node *node);

static struct conf_node *
text_add(struct text_reader *reader, struct conf_node *to)
{
	struct conf_node *node = conf_arena_alloc(reader->arena, sizeof(*node));

	conf_node_append(to, node, reader->arena);
	return node;
}

static bool
text_read_list(struct text_reader *reader, struct conf_node *list)
{
	for (;;) {
		yaml_event_t event;
		bool is_done, is_good;

		if (!text_next(reader, &event))
			return false;
		is_done = event.type == YAML_SEQUENCE_END_EVENT;
		is_good = is_done || text_read_node(reader, &event, text_add(reader, list));
		yaml_event_delete(&event);
		if (is_done || !is_good)
			return is_good;
	}
}

static bool
text_read_key(struct text_reader *reader, const yaml_event_t *event, struct conf_node *node)
{
	node->key = "";
	node->key_place = text_place(event->start_mark);
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
		conf_report_text(reader->report, reader->file, node->key_place,
				 "a key must be a word");
		return false;
	}
	if (!text_check(reader, event))
		node->kind = CONF_NODE_BROKEN;
	else
		node->key = conf_arena_text(reader->arena, (const char *)event->data.scalar.value,
					    event->data.scalar.length);
	return true;
}

static bool
text_read_pair(struct text_reader *reader, const yaml_event_t *key, struct conf_node *node)
{
	yaml_event_t event;
	bool is_good;

	if (!text_read_key(reader, key, node) || !text_next(reader, &event))
		return false;
	is_good = text_read_node(reader, &event, node);
	yaml_event_delete(&event);
	return is_good;
}

static int
text_compare_keys(const void *left, const void *right)
{
	const struct conf_node *a = *(struct conf_node *const *)left;
	const struct conf_node *b = *(struct conf_node *const *)right;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : a->index < b->index ? -1 : 1;
}

/** Of equal keys the first stays. */
static void
text_check_keys(struct text_reader *reader, const struct conf_node *map)
{
	struct conf_node **sorted = calloc((size_t)map->n + 1, sizeof(*sorted));
	const struct conf_node *first = NULL;
	char shown[CONF_SHOWN_BYTES];
	char place[CONF_PLACE_BYTES];

	if (sorted == NULL)
		abort();
	if (map->n > 0)
		memcpy(sorted, map->items, map->n * sizeof(*sorted));
	qsort(sorted, map->n, sizeof(*sorted), text_compare_keys);
	for (uint32_t i = 0; i < map->n; i++) {
		if (sorted[i]->kind == CONF_NODE_BROKEN)
			continue;
		if (first == NULL || strcmp(first->key, sorted[i]->key) != 0) {
			first = sorted[i];
			continue;
		}
		snprintf(place, sizeof(place), "%s:%u:%u", reader->file, first->key_place.line,
			 first->key_place.column);
		conf_report_text(reader->report, reader->file, sorted[i]->key_place,
				 "key '%s' is here already (%s)",
				 conf_report_show(first->key, shown), place);
		sorted[i]->kind = CONF_NODE_BROKEN;
	}
	free(sorted);
}

static bool
text_read_map(struct text_reader *reader, struct conf_node *map)
{
	for (;;) {
		yaml_event_t event;
		bool is_done, is_good;

		if (!text_next(reader, &event))
			return false;
		is_done = event.type == YAML_MAPPING_END_EVENT;
		is_good = is_done || text_read_pair(reader, &event, text_add(reader, map));
		yaml_event_delete(&event);
		if (is_done)
			text_check_keys(reader, map);
		if (is_done || !is_good)
			return is_good;
	}
}

static bool
text_read_children(struct text_reader *reader, struct conf_node *node)
{
	bool is_good;

	if (reader->depth == CONF_TEXT_DEPTH_MAX) {
		conf_report_text(reader->report, reader->file, node->place,
				 "is nested deeper than %u levels", CONF_TEXT_DEPTH_MAX);
		return false;
	}
	reader->depth++;
	is_good = node->kind == CONF_NODE_LIST ? text_read_list(reader, node) :
						 text_read_map(reader, node);
	reader->depth--;
	return is_good;
}

/** Fills a node from the event that starts it. @return false if reading cannot go on */
static bool
text_read_node(struct text_reader *reader, yaml_event_t *event, struct conf_node *node)
{
	bool is_broken = !text_check(reader, event) || node->kind == CONF_NODE_BROKEN;
	bool is_good = true;

	node->file = reader->file;
	node->place = text_place(event->start_mark);
	node->kind = CONF_NODE_BROKEN;
	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = CONF_NODE_SCALAR;
		node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text = conf_arena_text(reader->arena, (const char *)event->data.scalar.value,
					     event->data.scalar.length);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		node->kind = CONF_NODE_LIST;
		is_good = text_read_children(reader, node);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		node->kind = CONF_NODE_MAP;
		is_good = text_read_children(reader, node);
	}
	if (is_broken)
		node->kind = CONF_NODE_BROKEN;
	return is_good;
}

/** Steps over an event whose type is known from YAML's grammar. */
static bool
text_skip(struct text_reader *reader, yaml_event_type_t *type, struct weft_place *place)
{
	yaml_event_t event;

	if (!text_next(reader, &event))
		return false;
	*type = event.type;
	*place = text_place(event.start_mark);
	yaml_event_delete(&event);
	return true;
}

static struct conf_node *
text_read_document(struct text_reader *reader)
{
	struct conf_node *root = conf_arena_alloc(reader->arena, sizeof(*root));
	struct weft_place place;
	yaml_event_type_t type;
	yaml_event_t event;
	bool is_good;

	if (!text_skip(reader, &type, &place) /* the stream starts */ ||
	    !text_skip(reader, &type, &place) /* the document starts, or the stream ends */)
		return NULL;
	if (type == YAML_STREAM_END_EVENT) {
		conf_report_text(reader->report, reader->file, (struct weft_place){ 1, 1 },
				 "is empty; a configuration without anything is written {}");
		return NULL;
	}
	if (!text_next(reader, &event))
		return NULL;
	is_good = text_read_node(reader, &event, root);
	yaml_event_delete(&event);
	if (!is_good || !text_skip(reader, &type, &place) /* the document ends */ ||
	    !text_skip(reader, &type, &place))
		return NULL;
	if (type != YAML_STREAM_END_EVENT)
		conf_report_text(reader->report, reader->file, place,
				 "a second document starts here; a file holds one");
	return root;
}

struct conf_node *
conf_text_parse(const char *text, size_t bytes, const char *name, struct conf_arena *arena,
		struct conf_report *report)
{
	struct text_reader reader = { .arena = arena, .report = report };
	struct conf_node *root;

	reader.file = conf_arena_text(arena, name, strlen(name));
	if (bytes > CONF_TEXT_BYTES_MAX) {
		conf_report_text(report, reader.file, (struct weft_place){ 1, 1 },
				 "is larger than %u MB", CONF_TEXT_BYTES_MAX >> 20);
		return NULL;
	}
	if (!conf_bytes_check(text, bytes, reader.file, report))
		return NULL;
	if (!yaml_parser_initialize(&reader.yaml))
		abort();
	yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.yaml, (const unsigned char *)text, bytes);
	root = text_read_document(&reader);
	yaml_parser_delete(&reader.yaml);
	return root;
}
