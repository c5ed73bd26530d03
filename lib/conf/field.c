/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/value.h"

const struct conf_field *
conf_object_find(const struct conf_object *object, const char *key)
{
	for (uint32_t i = 0; i < object->n_fields; i++)
		if (strcmp(object->fields[i].key, key) == 0)
			return &object->fields[i];
	return NULL;
}

void
conf_object_default(const struct conf_object *object, void *to)
{
	memset(to, 0, object->bytes);
	for (uint32_t i = 0; i < object->n_fields; i++) {
		const struct conf_field *field = &object->fields[i];

		if (field->fallback != NULL)
			conf_value_parse(field, field->fallback, (char *)to + field->offset);
		else if (field->type == CONF_OBJECT && !field->is_list)
			conf_object_default(field->object, (char *)to + field->offset);
	}
}

void *
conf_list_get(const struct conf_field *field, const void *object, uint32_t *n)
{
	char *at = (char *)(uintptr_t)object + field->offset;

	memcpy(n, (const char *)object + field->count_offset, sizeof(*n));
	return field->capacity > 0 ? at : *(void **)at;
}

static bool
field_is_text(const struct conf_field *field)
{
	return field->type == CONF_NAME || field->type == CONF_TEXT || field->type == CONF_DEVICE ||
	       field->type == CONF_SOCKET || field->type == CONF_OWNER;
}

bool
conf_field_is_set(const struct conf_field *field, const void *object)
{
	const char *at = (const char *)object + field->offset;
	uint32_t n;

	if (field->is_list) {
		conf_list_get(field, object, &n);
		return n > 0;
	}
	if (field->has_offset > 0)
		return *((const bool *)object + field->has_offset);
	if (field_is_text(field))
		return *(char *const *)at != NULL;
	if (field->type == CONF_INTEGER || field->type == CONF_PERMISSION)
		return conf_value_number(field, at) >= field->min;
	return true;
}

struct conf_field
conf_field_narrow(const struct conf_object *object, const struct conf_field *field,
		  const char *word)
{
	struct conf_field narrow = *field;
	uint32_t at;

	if (field->by == NULL || word == NULL ||
	    !conf_value_parse(conf_object_find(object, field->by), word, &at) ||
	    field->ranges[at].what == NULL)
		return narrow;
	narrow.what = field->ranges[at].what;
	narrow.min = field->ranges[at].min;
	narrow.max = field->ranges[at].max;
	return narrow;
}

static int
field_compare(const void *left, const void *right, void *field)
{
	const struct conf_field *of = field;

	if (field_is_text(of))
		return strcmp(*(char *const *)left, *(char *const *)right);
	return memcmp(left, right, of->bytes);
}

void *
conf_list_sort(const struct conf_field *field, const void *object)
{
	struct conf_field of = *field; /* qsort_r() wants what may be written to */
	uint32_t n;
	const void *list = conf_list_get(field, object, &n);
	void *sorted = calloc((size_t)n + 1, field->bytes);

	if (sorted == NULL)
		abort();
	if (n > 0)
		memcpy(sorted, list, (size_t)n * field->bytes);
	qsort_r(sorted, n, field->bytes, field_compare, &of);
	return sorted;
}

bool
conf_list_has(const struct conf_field *field, const void *sorted, uint32_t n, const void *value)
{
	struct conf_field of = *field;
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *at = (const char *)sorted + (size_t)middle * field->bytes;
		int order = field_compare(at, value, &of);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/** Lists of plain values as sets: sorted, equal sets are equal one by one. */
static bool
field_is_equal_list(const struct conf_field *field, const void *a, const void *b)
{
	struct conf_field of = *field;
	uint32_t n, n_b;
	bool is_equal = true;
	char *list_a, *list_b;

	conf_list_get(field, a, &n);
	conf_list_get(field, b, &n_b);
	if (n != n_b || n == 0)
		return n == n_b;
	list_a = conf_list_sort(field, a);
	list_b = conf_list_sort(field, b);
	for (size_t at = 0; at < (size_t)n * field->bytes && is_equal; at += field->bytes)
		is_equal = field_compare(list_a + at, list_b + at, &of) == 0;
	free(list_a);
	free(list_b);
	return is_equal;
}

bool
conf_field_is_equal(const struct conf_field *field, const void *a, const void *b)
{
	const char *at_a = (const char *)a + field->offset, *at_b = (const char *)b + field->offset;

	if (field->is_list)
		return field_is_equal_list(field, a, b);
	if (conf_field_is_set(field, a) != conf_field_is_set(field, b))
		return false;
	if (!conf_field_is_set(field, a))
		return true;
	if (field_is_text(field))
		return strcmp(*(char *const *)at_a, *(char *const *)at_b) == 0;
	return memcmp(at_a, at_b, field->bytes) == 0;
}
