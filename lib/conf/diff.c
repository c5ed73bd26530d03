/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/emit.h"
#include "conf/index.h"
#include "conf/value.h"

static void *
diff_grow(void *list, uint32_t n, size_t bytes)
{
	/* Full whenever the number is a power of two. */
	if ((n & (n - 1)) != 0)
		return list;
	list = realloc(list, (n == 0 ? 1 : 2 * (size_t)n) * bytes);
	if (list == NULL)
		abort();
	return list;
}

static struct weft_change *
diff_add(struct weft_changes *changes, enum weft_change_action action, const char *noun,
	 const char *name)
{
	struct weft_change *change;

	changes->list = diff_grow(changes->list, changes->n, sizeof(*changes->list));
	change = &changes->list[changes->n++];
	*change = (struct weft_change){ .action = action, .noun = noun, .name = strdup(name) };
	if (change->name == NULL)
		abort();
	return change;
}

/** A text under construction. */
struct diff_text {
	FILE *out;
	char *text;
	size_t bytes;
};

static FILE *
diff_open(struct diff_text *text)
{
	text->out = open_memstream(&text->text, &text->bytes);
	if (text->out == NULL)
		abort();
	return text->out;
}

/** @return the text, which the caller frees */
static char *
diff_close(struct diff_text *text)
{
	fclose(text->out);
	return text->text;
}

static void
diff_add_detail(struct weft_change *change, char *detail)
{
	change->details = diff_grow(change->details, change->n_details, sizeof(*change->details));
	change->details[change->n_details++] = detail;
}

/** An element of a list of objects: its first key tells which it is. */
struct diff_element {
	char *key;
	char *text;
};

static int
diff_compare(const void *left, const void *right)
{
	const struct diff_element *a = left, *b = right;

	return strcmp(a->key, b->key);
}

static struct diff_element *
diff_elements(const struct conf_field *field, const void *from, uint32_t *n)
{
	const char *at = conf_list_get(field, from, n);
	struct diff_element *elements = calloc((size_t)*n + 1, sizeof(*elements));
	const struct conf_field *first = field->object->fields;

	if (elements == NULL)
		abort();
	for (uint32_t i = 0; i < *n; i++, at += field->bytes) {
		struct diff_text text;

		conf_value_write(first, at + first->offset, false, diff_open(&text));
		elements[i].key = diff_close(&text);
		conf_emit_flow(field->object, at, false, diff_open(&text));
		elements[i].text = diff_close(&text);
	}
	qsort(elements, *n, sizeof(*elements), diff_compare);
	return elements;
}

static void
diff_free_elements(struct diff_element *elements, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(elements[i].key);
		free(elements[i].text);
	}
	free(elements);
}

static void
diff_element(struct weft_change *change, const char *list, const struct diff_element *old,
	     const struct diff_element *new)
{
	char *detail;

	if (old != NULL && new != NULL && strcmp(old->text, new->text) == 0)
		return;
	if (asprintf(&detail, "%s[%s]: %s -> %s", list, old != NULL ? old->key : new->key,
		     old != NULL ? old->text : "(none)", new != NULL ? new->text : "(none)") < 0)
		abort();
	diff_add_detail(change, detail);
}

/** Lists of objects: elements with one key are compared, the others came or went. */
static void
diff_objects(struct weft_change *change, const struct conf_field *field, const void *old,
	     const void *new)
{
	uint32_t n_old, n_new, i = 0, j = 0;
	struct diff_element *a = diff_elements(field, old, &n_old);
	struct diff_element *b = diff_elements(field, new, &n_new);

	while (i < n_old || j < n_new) {
		int order = i == n_old ? 1 : j == n_new ? -1 : strcmp(a[i].key, b[j].key);

		diff_element(change, field->key, order <= 0 ? &a[i] : NULL,
			     order >= 0 ? &b[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	diff_free_elements(a, n_old);
	diff_free_elements(b, n_new);
}

/* A list that is left out stands for its default, if it has one. */
static void
diff_write_value(const struct conf_field *field, const void *from, FILE *out)
{
	uint32_t n = 1;

	if (field->is_list)
		conf_list_get(field, from, &n);
	if (n == 0 && field->fallback_says != NULL)
		fputs(field->fallback_says, out);
	else
		conf_emit_value(field, from, false, out);
}

static void
diff_field(struct weft_change *change, const struct conf_field *field, const void *old,
	   const void *new)
{
	struct diff_text text;

	if (field->type == CONF_OBJECT) {
		diff_objects(change, field, old, new);
		return;
	}
	if (conf_field_is_equal(field, old, new))
		return;
	fprintf(diff_open(&text), "%s: ", field->key);
	diff_write_value(field, old, text.out);
	fputs(" -> ", text.out);
	diff_write_value(field, new, text.out);
	diff_add_detail(change, diff_close(&text));
	change->needs_restart |= field->effect == CONF_RESTART;
	change->needs_reopen |= field->effect == CONF_REOPEN;
}

static void
diff_clear_change(struct weft_change *change)
{
	for (uint32_t i = 0; i < change->n_details; i++)
		free(change->details[i]);
	free(change->details);
	free(change->name);
}

static void
diff_object(struct weft_changes *changes, const struct conf_object *object, const char *noun,
	    const char *name, const void *old, const void *new)
{
	struct weft_change *change = diff_add(changes, WEFT_CHANGE_MODIFY, noun, name);

	for (uint32_t i = 0; i < object->n_fields; i++)
		diff_field(change, &object->fields[i], old, new);
	if (change->n_details > 0)
		return;
	diff_clear_change(change);
	/* The slot is free again, and the list still large enough for what diff_grow() thinks. */
	changes->n--;
}

/** One list of both documents. */
struct diff_side {
	const struct conf_field *field;
	const char *noun;
	const char *old, *new;
	uint32_t n_old, n_new;
};

static const char *
diff_name(const void *object)
{
	return *(char *const *)object;
}

/** Adds the objects of one list that the other does not have. */
static void
diff_missing(struct weft_changes *changes, const struct diff_side *side,
	     enum weft_change_action action)
{
	const char *have = action == WEFT_CHANGE_ADD ? side->new : side->old;
	const char *lack = action == WEFT_CHANGE_ADD ? side->old : side->new;
	uint32_t n_have = action == WEFT_CHANGE_ADD ? side->n_new : side->n_old;
	uint32_t n_lack = action == WEFT_CHANGE_ADD ? side->n_old : side->n_new;
	size_t bytes = side->field->bytes;
	struct conf_index index;

	conf_index_build(&index, lack, n_lack, bytes);
	for (uint32_t i = 0; i < n_have; i++)
		if (conf_index_find(&index, diff_name(have + i * bytes)) == CONF_INDEX_NONE)
			diff_add(changes, action, side->noun, diff_name(have + i * bytes));
	conf_index_clear(&index);
}

static void
diff_common(struct weft_changes *changes, const struct diff_side *side)
{
	size_t bytes = side->field->bytes;
	struct conf_index index;

	conf_index_build(&index, side->new, side->n_new, bytes);
	for (uint32_t i = 0; i < side->n_old; i++) {
		const char *name = diff_name(side->old + i * bytes);
		uint32_t at = conf_index_find(&index, name);

		if (at != CONF_INDEX_NONE)
			diff_object(changes, side->field->object, side->noun, name,
				    side->old + i * bytes, side->new + at *bytes);
	}
	conf_index_clear(&index);
}

void
weft_conf_diff(const struct weft_conf *old, const struct weft_conf *new,
	       struct weft_changes *changes)
{
	struct diff_side sides[] = {
		{ .field = conf_object_find(&conf_document_object, "physical-networks"),
		  .noun = "physical-network" },
		{ .field = conf_object_find(&conf_document_object, "networks"), .noun = "network" },
		{ .field = conf_object_find(&conf_document_object, "ports"), .noun = "port" },
	};

	*changes = (struct weft_changes){ 0 };
	for (int i = 0; i < 3; i++) {
		sides[i].old = conf_list_get(sides[i].field, old, &sides[i].n_old);
		sides[i].new = conf_list_get(sides[i].field, new, &sides[i].n_new);
	}
	/* What refers to others goes first and comes last. */
	for (int i = 2; i >= 0; i--)
		diff_missing(changes, &sides[i], WEFT_CHANGE_DELETE);
	diff_object(changes, &conf_host_object, "host", "", &old->host, &new->host);
	for (int i = 0; i < 3; i++)
		diff_common(changes, &sides[i]);
	for (int i = 0; i < 3; i++)
		diff_missing(changes, &sides[i], WEFT_CHANGE_ADD);
}

void
weft_changes_clear(struct weft_changes *changes)
{
	for (uint32_t i = 0; i < changes->n; i++)
		diff_clear_change(&changes->list[i]);
	free(changes->list);
	*changes = (struct weft_changes){ 0 };
}
