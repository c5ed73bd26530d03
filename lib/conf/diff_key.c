/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/emit.h"
#include "conf/value.h"

#define DIFF_SHORT_MAX 8 /* elements of a list that is shown as a whole */
#define DIFF_NAMED_MAX 8 /* elements of others that are named */

void *
conf_diff_grow(void *list, uint32_t n, size_t bytes)
{
	/* Full whenever the number is a power of two. */
	if ((n & (n - 1)) != 0)
		return list;
	list = realloc(list, (n == 0 ? 1 : 2 * (size_t)n) * bytes);
	if (list == NULL)
		abort();
	return list;
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
	change->details =
		conf_diff_grow(change->details, change->n_details, sizeof(*change->details));
	change->details[change->n_details++] = detail;
}

/** An element of a list of objects: its first keys tell which it is, or all that it says. */
struct diff_element {
	char *key;
	char *text;
};

/** By key; several elements may have one, so that their order has no meaning either. */
static int
diff_compare(const void *left, const void *right)
{
	const struct diff_element *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : strcmp(a->text, b->text);
}

/** Writes what tells an object from others of its list, "blue 10.0.0.1/24". */
static void
diff_write_keys(const struct conf_object *object, const void *at, FILE *out)
{
	uint32_t n = object->n_keys > 0 ? object->n_keys : 1;

	if (object->has_no_key)
		conf_emit_flow(object, at, false, out);
	for (uint32_t i = 0; i < n && !object->has_no_key; i++) {
		const struct conf_field *field = &object->fields[i];

		fputs(i > 0 ? " " : "", out);
		conf_value_write(field, (const char *)at + field->offset, false, out);
	}
}

/** The elements of a list, by key if their order has no meaning. */
static struct diff_element *
diff_elements(const struct conf_field *field, const void *from, uint32_t *n)
{
	const char *at = conf_list_get(field, from, n);
	struct diff_element *elements = calloc((size_t)*n + 1, sizeof(*elements));

	if (elements == NULL)
		abort();
	for (uint32_t i = 0; i < *n; i++, at += field->bytes) {
		struct diff_text text;

		conf_emit_flow(field->object, at, false, diff_open(&text));
		elements[i].text = diff_close(&text);
		diff_write_keys(field->object, at, diff_open(&text));
		elements[i].key = diff_close(&text);
	}
	if (!field->is_ordered)
		qsort(elements, *n, sizeof(*elements), diff_compare);
	return elements;
}

static void
diff_free_element(struct diff_element *element)
{
	free(element->key);
	free(element->text);
}

static void
diff_free_elements(struct diff_element *elements, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		diff_free_element(&elements[i]);
	free(elements);
}

static void
diff_add_element(struct weft_change *change, const struct conf_field *list,
		 const struct diff_element *old, const struct diff_element *new)
{
	const char *key = old != NULL ? old->key : new->key;
	bool has_key = !list->object->has_no_key;
	char *detail;

	if (asprintf(&detail, "%s%s%s%s: %s -> %s", list->key, has_key ? "[" : "",
		     has_key ? key : "", has_key ? "]" : "", old != NULL ? old->text : "(none)",
		     new != NULL ? new->text : "(none)") < 0)
		abort();
	diff_add_detail(change, detail);
}

/** Takes out of two sorted lists what is in both. */
static void
diff_drop_common(struct diff_element *a, uint32_t *n_a, struct diff_element *b, uint32_t *n_b)
{
	uint32_t i = 0, j = 0, kept_a = 0, kept_b = 0;

	while (i < *n_a || j < *n_b) {
		int order = i == *n_a ? 1 : j == *n_b ? -1 : diff_compare(&a[i], &b[j]);

		if (order < 0) {
			a[kept_a++] = a[i++];
		} else if (order > 0) {
			b[kept_b++] = b[j++];
		} else {
			diff_free_element(&a[i++]);
			diff_free_element(&b[j++]);
		}
	}
	*n_a = kept_a;
	*n_b = kept_b;
}

/** Lists of objects: of those that differ, elements with one key are set against each other, the
 *  others came or went. */
static void
diff_objects(struct weft_change *change, const struct conf_field *field, const void *old,
	     const void *new)
{
	uint32_t n_old, n_new, i = 0, j = 0;
	struct diff_element *a = diff_elements(field, old, &n_old);
	struct diff_element *b = diff_elements(field, new, &n_new);

	diff_drop_common(a, &n_old, b, &n_new);
	while (i < n_old || j < n_new) {
		int order = i == n_old ? 1 : j == n_new ? -1 : strcmp(a[i].key, b[j].key);

		diff_add_element(change, field, order <= 0 ? &a[i] : NULL,
				 order >= 0 ? &b[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	diff_free_elements(a, n_old);
	diff_free_elements(b, n_new);
}

/** Element @p at of an ordered list. */
static void
diff_add_place(struct weft_change *change, const struct conf_field *list, uint32_t at,
	       const char *old, const char *new)
{
	char *detail;

	if (asprintf(&detail, "%s[%u]: %s -> %s", list->key, at, old, new) < 0)
		abort();
	diff_add_detail(change, detail);
}

/** Lists of objects in order: between what is the same at both ends, elements are set against each
 *  other by their place, told as that in the new list, or in the old one if they went. */
static void
diff_ordered(struct weft_change *change, const struct conf_field *field, const void *old,
	     const void *new)
{
	uint32_t n_old, n_new, end_old, end_new, i = 0;
	struct diff_element *a = diff_elements(field, old, &n_old);
	struct diff_element *b = diff_elements(field, new, &n_new);

	end_old = n_old;
	end_new = n_new;
	while (i < end_old && i < end_new && strcmp(a[i].text, b[i].text) == 0)
		i++;
	while (end_old > i && end_new > i &&
	       strcmp(a[end_old - 1].text, b[end_new - 1].text) == 0) {
		end_old--;
		end_new--;
	}
	for (; i < end_old || i < end_new; i++)
		diff_add_place(change, field, i, i < end_old ? a[i].text : "(none)",
			       i < end_new ? b[i].text : "(none)");
	diff_free_elements(a, n_old);
	diff_free_elements(b, n_new);
}

/** @return what an object inside of another says; the caller frees it */
static char *
diff_tell_object(const struct conf_field *field, const void *from)
{
	struct diff_text text;

	diff_open(&text);
	if (conf_field_is_set(field, from))
		conf_emit_flow(field->object, (const char *)from + field->offset, false, text.out);
	else
		fputs("(none)", text.out);
	return diff_close(&text);
}

/** Whether two objects that may be absent say the same. */
static bool
diff_is_same_object(const struct conf_field *field, const void *old, const void *new)
{
	const struct conf_object *object = field->object;
	bool is_same = conf_field_is_set(field, old) == conf_field_is_set(field, new);

	for (uint32_t i = 0; i < object->n_fields && is_same; i++)
		is_same = conf_field_is_equal(&object->fields[i], (const char *)old + field->offset,
					      (const char *)new + field->offset);
	return is_same;
}

static void
diff_one_object(struct weft_change *change, const struct conf_field *field, const void *old,
		const void *new)
{
	char *a, *b, *detail;

	if (diff_is_same_object(field, old, new))
		return;
	a = diff_tell_object(field, old);
	b = diff_tell_object(field, new);
	if (asprintf(&detail, "%s: %s -> %s", field->key, a, b) < 0)
		abort();
	diff_add_detail(change, detail);
	free(a);
	free(b);
}

/* A list that is left out stands for its default, if it has one that is not put in its place. */
static void
diff_write_value(const struct conf_field *field, const void *from, FILE *out)
{
	uint32_t n = 1;

	if (field->is_list)
		conf_list_get(field, from, &n);
	if (n == 0 && field->fallback_says != NULL && !field->is_resolved)
		fputs(field->fallback_says, out);
	else
		conf_emit_value(field, from, false, out);
}

/** Whether a list is too long to be shown as a whole. One that is left out for a default of which
 *  only words are known is not, whatever stands against it. */
static bool
diff_is_long(const struct conf_field *field, const void *old, const void *new)
{
	bool has_words = field->fallback_says != NULL && !field->is_resolved;
	uint32_t n_old, n_new;

	if (!field->is_list)
		return false;
	conf_list_get(field, old, &n_old);
	conf_list_get(field, new, &n_new);
	if (has_words && (n_old == 0 || n_new == 0))
		return false;
	return n_old > DIFF_SHORT_MAX || n_new > DIFF_SHORT_MAX;
}

/** Writes " +10.0.0.1 +10.0.0.2": what one list has and the other lacks. */
static void
diff_write_news(const struct conf_field *field, char sign, const void *has, const void *lacks,
		FILE *out)
{
	uint32_t n, n_lacks, n_news = 0;
	const char *at = conf_list_get(field, has, &n);
	void *sorted = conf_list_sort(field, lacks);

	conf_list_get(field, lacks, &n_lacks);
	for (uint32_t i = 0; i < n; i++, at += field->bytes) {
		if (conf_list_has(field, sorted, n_lacks, at) || n_news++ >= DIFF_NAMED_MAX)
			continue;
		fprintf(out, " %c", sign);
		conf_value_write(field, at, false, out);
	}
	if (n_news > DIFF_NAMED_MAX)
		fprintf(out, " and %u more", n_news - DIFF_NAMED_MAX);
	free(sorted);
}

static void
diff_write(const char *in, const struct conf_field *field, const void *old, const void *new,
	   FILE *out)
{
	fprintf(out, "%s%s%s:", in, in[0] != '\0' ? "." : "", field->key);
	if (diff_is_long(field, old, new)) {
		diff_write_news(field, '+', new, old, out);
		diff_write_news(field, '-', old, new, out);
		return;
	}
	fputc(' ', out);
	diff_write_value(field, old, out);
	fputs(" -> ", out);
	diff_write_value(field, new, out);
}

/** A key with a plain value. @p in: of which object inside of another, or "" */
static void
diff_plain(struct weft_change *change, const char *in, const struct conf_field *field,
	   const void *old, const void *new)
{
	struct diff_text text;

	if (conf_field_is_equal(field, old, new))
		return;
	diff_write(in, field, old, new, diff_open(&text));
	diff_add_detail(change, diff_close(&text));
	change->needs_restart |= field->effect == CONF_RESTART;
	change->needs_reopen |= field->effect == CONF_REOPEN;
}

/** An object that is always there: key by key. */
static void
diff_keys(struct weft_change *change, const struct conf_field *field, const void *old,
	  const void *new)
{
	for (uint32_t i = 0; i < field->object->n_fields; i++)
		diff_plain(change, field->key, &field->object->fields[i],
			   (const char *)old + field->offset, (const char *)new + field->offset);
}

void
conf_diff_key(struct weft_change *change, const struct conf_field *field, const void *old,
	      const void *new)
{
	if (field->type != CONF_OBJECT)
		diff_plain(change, "", field, old, new);
	else if (field->is_ordered)
		diff_ordered(change, field, old, new);
	else if (field->is_list)
		diff_objects(change, field, old, new);
	else if (field->has_offset > 0)
		diff_one_object(change, field, old, new);
	else
		diff_keys(change, field, old, new);
}
