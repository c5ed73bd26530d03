/* SPDX-License-Identifier: BSD-3-Clause */
#include "view.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

#define ROWS_KEY_BYTES 64

bool
weftctl_view_is_rows(const json_t *value)
{
	return json_is_object(json_array_get(value, 0));
}

static char *
rows_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		abort();
	return copy;
}

/* Appends @p more, which is freed, with ", " between. */
static char *
rows_join(char *text, char *more)
{
	char *joined;

	if (text == NULL)
		return more;
	if (asprintf(&joined, "%s, %s", text, more) < 0)
		abort();
	free(text);
	free(more);
	return joined;
}

static char *
rows_list_text(const char *key, const json_t *list)
{
	const json_t *value;
	char *text = NULL;
	size_t i;

	json_array_foreach(list, i, value)
		text = rows_join(text, weftctl_view_text(key, value));
	return text == NULL ? rows_copy("-") : text;
}

static char *
rows_object_text(const json_t *object)
{
	const char *key;
	json_t *value;
	char *text = NULL;

	json_object_foreach((json_t *)object, key, value) {
		char *shown = weftctl_view_text(key, value);
		char *pair;

		if (asprintf(&pair, "%s %s", key, shown) < 0)
			abort();
		free(shown);
		text = rows_join(text, pair);
	}
	return text == NULL ? rows_copy("-") : text;
}

/* Administrative and link state are up and down, other truths are yes and no. */
static const char *
rows_truth_text(const char *key, bool value)
{
	if (strcmp(key, "admin") == 0 || strcmp(key, "link") == 0)
		return value ? "up" : "down";
	return value ? "yes" : "no";
}

static bool
rows_is_percent(const char *key)
{
	size_t length = strlen(key);

	return length >= 7 && strcmp(key + length - 7, "percent") == 0;
}

char *
weftctl_view_text(const char *key, const json_t *value)
{
	char number[64];

	switch (value == NULL ? JSON_NULL : json_typeof(value)) {
	case JSON_STRING:
		return rows_copy(*json_string_value(value) == '\0' ? "-" :
								     json_string_value(value));
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		return rows_copy(number);
	case JSON_REAL:
		snprintf(number, sizeof(number), rows_is_percent(key) ? "%.1f" : "%.10g",
			 json_real_value(value));
		return rows_copy(number);
	case JSON_TRUE:
	case JSON_FALSE:
		return rows_copy(rows_truth_text(key, json_is_true(value)));
	case JSON_ARRAY:
		return rows_list_text(key, value);
	case JSON_OBJECT:
		return rows_object_text(value);
	default:
		return rows_copy("-");
	}
}

/* "rx_packets" is titled RX-PACKETS. */
static char *
rows_title(const char *key)
{
	char *title = rows_copy(key);

	for (char *at = title; *at != '\0'; at++)
		*at = *at == '_' ? '-' : (char)toupper((unsigned char)*at);
	return title;
}

/* Cuts the list of columns into keys. */
static size_t
rows_split(const char *columns, char keys[][ROWS_KEY_BYTES])
{
	size_t n = 0;

	while (n < WEFTCTL_GRID_COLUMNS && *columns != '\0') {
		size_t width = strcspn(columns, " ");

		snprintf(keys[n++], ROWS_KEY_BYTES, "%.*s", (int)width, columns);
		columns += width + strspn(columns + width, " ");
	}
	return n;
}

/* The keys of the first object, but for what does not fit into a cell. */
static size_t
rows_guess(const json_t *rows, char keys[][ROWS_KEY_BYTES])
{
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach(json_array_get(rows, 0), key, value) {
		if (n < WEFTCTL_GRID_COLUMNS && !weftctl_view_is_rows(value))
			snprintf(keys[n++], ROWS_KEY_BYTES, "%s", key);
	}
	return n;
}

void
weftctl_view_rows(const json_t *rows, const char *columns, int indent, FILE *out)
{
	char keys[WEFTCTL_GRID_COLUMNS][ROWS_KEY_BYTES];
	struct weftctl_grid grid = { 0 };
	const json_t *row;
	size_t i;

	grid.columns = columns != NULL ? rows_split(columns, keys) : rows_guess(rows, keys);
	if (grid.columns == 0)
		return;
	for (size_t column = 0; column < grid.columns; column++)
		weftctl_grid_add(&grid, rows_title(keys[column]));
	json_array_foreach(rows, i, row) {
		for (size_t column = 0; column < grid.columns; column++) {
			const char *key = keys[column];

			weftctl_grid_add(&grid, weftctl_view_text(key, json_object_get(row, key)));
		}
	}
	weftctl_grid_print(&grid, indent, true, out);
	weftctl_grid_clear(&grid);
}
