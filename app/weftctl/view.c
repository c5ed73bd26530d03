/* SPDX-License-Identifier: BSD-3-Clause */
#include "view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

/* Columns of the lists, in the order in which a person looks. */
static const struct {
	const char *noun;
	const char *verb;
	const char *columns;
} view_lists[] = {
	{ "port", "list",
	  "name kind network driver mac admin link mtu rx_packets tx_packets drops" },
	{ "network", "list",
	  "name project type segment physical_network mtu admin external ports fdb_entries" },
	{ "tunnel", "list",
	  "remote origin local networks macs state tx_packets tx_bytes rx_packets rx_bytes" },
	{ "neighbour", "list", "scope address mac state origin age_sec" },
	{ "fdb", "list", "network mac port endpoint origin age_sec" },
	{ "flow", "list", "worker port network packets bytes age_sec idle_sec key answer" },
	{ "drop", "list", "port stage reason packets meaning" },
	{ "worker", "list", "worker core busy_percent flows misses" },
	{ "router", "list", "name project admin interfaces gateway routes" },
	{ "route", "list", "router destination next_hop network" },
	{ "path", NULL, "stage says" },
};

/* Lists within the rows of a list: their key, what tells whose they are, columns. */
static const struct {
	const char *key;
	const char *owner;
	const char *columns;
} view_within[] = {
	{ "queues", "worker", "worker port queue packets busy_percent" },
	{ "next_hops", "remote", "remote address mac state" },
};

#define VIEW_WITHIN (sizeof(view_within) / sizeof(view_within[0]))

static const char *
view_columns(const struct weft_cmd_spec *spec)
{
	for (size_t i = 0; i < sizeof(view_lists) / sizeof(view_lists[0]); i++) {
		const char *verb = view_lists[i].verb;

		if (strcmp(view_lists[i].noun, spec->noun) == 0 &&
		    (verb == NULL || spec->verb == NULL ? verb == spec->verb :
							  strcmp(verb, spec->verb) == 0))
			return view_lists[i].columns;
	}
	return NULL;
}

static bool
view_ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* What a long number means, behind it: " (1d 2h 3m 4s)", " (256.0 MiB)", or "". */
static void
view_comment(const char *key, const json_t *value, char *out, size_t size)
{
	static const char units[] = "KMGTPE";
	json_int_t number = json_integer_value(value);
	double scaled = (double)number;
	int unit = -1;

	out[0] = '\0';
	if (!json_is_integer(value) || number < 1024)
		return;
	if (view_ends_with(key, "_sec")) {
		snprintf(out, size, " (%" PRId64 "d %dh %dm %ds)", (int64_t)number / 86400,
			 (int)(number / 3600 % 24), (int)(number / 60 % 60), (int)(number % 60));
	} else if (view_ends_with(key, "bytes")) {
		for (; scaled >= 1024 && units[unit + 1] != '\0'; unit++)
			scaled /= 1024;
		snprintf(out, size, " (%.1f %ciB)", scaled, units[unit]);
	}
}

static void
view_add_line(struct weftctl_grid *grid, const char *prefix, const char *key, const json_t *value)
{
	char comment[48];
	char *text = weftctl_view_text(key, value);
	char *shown;
	char *title;

	view_comment(key, value, comment, sizeof(comment));
	if (asprintf(&title, "%s%s:", prefix, key) < 0 ||
	    asprintf(&shown, "%s%s", text, comment) < 0)
		abort();
	for (char *at = title; *at != '\0'; at++)
		*at = *at == '_' ? '-' : *at;
	weftctl_grid_add(grid, title);
	weftctl_grid_add(grid, shown);
	free(text);
}

/* An object within gives lines of its own, "buffers.total: 8192". */
static void
view_add_inner(struct weftctl_grid *grid, const char *name, const json_t *object)
{
	const char *key;
	json_t *value;
	char *prefix;

	if (asprintf(&prefix, "%s.", name) < 0)
		abort();
	json_object_foreach((json_t *)object, key, value)
		view_add_line(grid, prefix, key, value);
	free(prefix);
}

void
weftctl_view_object(const json_t *object, FILE *out)
{
	struct weftctl_grid grid = { .columns = 2 };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_object(value))
			view_add_inner(&grid, key, value);
		else if (!weftctl_view_is_rows(value))
			view_add_line(&grid, "", key, value);
	}
	weftctl_grid_print(&grid, 0, false, out);
	weftctl_grid_clear(&grid);
	json_object_foreach((json_t *)object, key, value) {
		if (!weftctl_view_is_rows(value))
			continue;
		fputc('\n', out);
		for (const char *at = key; *at != '\0'; at++)
			fputc(*at == '_' ? '-' : *at, out);
		fputs(":\n", out);
		weftctl_view_rows(value, NULL, 2, out);
	}
}

static const char *
view_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static void
view_print_change(const json_t *change, FILE *out)
{
	const char *action = view_string(change, "action");
	const json_t *details = json_object_get(change, "details");
	char sign = strcmp(action, "add") == 0 ? '+' : strcmp(action, "delete") == 0 ? '-' : '~';

	fprintf(out, "%c %s", sign, view_string(change, "noun"));
	if (*view_string(change, "name") != '\0')
		fprintf(out, " %s", view_string(change, "name"));
	if (json_array_size(details) > 0) {
		char *text = weftctl_view_text("details", details);

		fprintf(out, ": %s", text);
		free(text);
	}
	fputc('\n', out);
}

static void
view_print_changes(const json_t *answer, FILE *out)
{
	const json_t *changes = json_object_get(answer, "changes");
	const json_t *restart = json_object_get(answer, "restart");
	const json_t *item;
	size_t i;

	json_array_foreach(changes, i, item)
		view_print_change(item, out);
	json_array_foreach(restart, i, item) {
		char *text = weftctl_view_text("restart", item);

		fprintf(out, "! needs a restart: %s\n", text);
		free(text);
	}
	if (json_array_size(changes) == 0 && json_array_size(restart) == 0)
		fputs("nothing to change\n", out);
}

static void
view_print_trace(const json_t *answer, FILE *out)
{
	static const char *const keys[] = { "verdict", "answer" };
	struct weftctl_grid grid = { .columns = 2 };
	const json_t *stage;
	size_t i;

	view_add_line(&grid, "", "arrival", json_object_get(answer, "arrival"));
	view_add_line(&grid, "", "frame", json_object_get(answer, "frame"));
	json_array_foreach(json_object_get(answer, "stages"), i, stage)
		view_add_line(&grid, "  ", view_string(stage, "stage"),
			      json_object_get(stage, "says"));
	for (i = 0; i < 2; i++)
		view_add_line(&grid, "", keys[i], json_object_get(answer, keys[i]));
	weftctl_grid_print(&grid, 0, false, out);
	weftctl_grid_clear(&grid);
}

/* What is within the rows of a list, as a second table: the queues that each worker polls. */
static void
view_print_within(const json_t *list, size_t kind, FILE *out)
{
	const char *owner = view_within[kind].owner;
	json_t *all = json_array();
	const json_t *outer;
	const json_t *inner;
	size_t i;
	size_t j;

	json_array_foreach(list, i, outer) {
		json_array_foreach(json_object_get(outer, view_within[kind].key), j, inner) {
			json_t *row = json_copy((json_t *)inner);

			json_object_set(row, owner, json_object_get(outer, owner));
			json_array_append_new(all, row);
		}
	}
	if (json_array_size(all) > 0) {
		fputc('\n', out);
		weftctl_view_rows(all, view_within[kind].columns, 0, out);
	}
	json_decref(all);
}

/* The hops of a port, each below the one that hands over to it. */
static void
view_print_chain(const json_t *hops, FILE *out)
{
	json_t *chain = json_array();
	const json_t *hop;
	size_t i;

	json_array_foreach(hops, i, hop) {
		json_t *row = json_copy((json_t *)hop);

		json_object_set_new(
			row, "hop",
			json_sprintf("%s%s", i == 0 ? "" : "-> ", view_string(hop, "hop")));
		json_array_append_new(chain, row);
	}
	weftctl_view_rows(chain, "hop what packets_in packets_out", 0, out);
	json_decref(chain);
}

static void
view_print_list(const struct weft_cmd_spec *spec, const json_t *list, FILE *out)
{
	const json_t *first = json_array_get(list, 0);

	if (json_object_get(first, "hop") != NULL) {
		view_print_chain(list, out);
	} else if (first != NULL && !json_is_object(first)) {
		const json_t *value;
		size_t i;

		json_array_foreach(list, i, value) {
			char *text = weftctl_view_text("", value);

			fprintf(out, "%s\n", text);
			free(text);
		}
	} else {
		weftctl_view_rows(list, view_columns(spec), 0, out);
		for (size_t kind = 0; kind < VIEW_WITHIN; kind++)
			view_print_within(list, kind, out);
	}
}

/* Answers that are texts for other programs to read, printed as they are. */
static const char *
view_document(const json_t *answer)
{
	static const char *const keys[] = { "yaml", "libvirt", "qemu" };
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && text == NULL; i++)
		text = json_string_value(json_object_get(answer, keys[i]));
	return text;
}

void
weftctl_view_print(const struct weft_cmd_spec *spec, const json_t *answer, FILE *out)
{
	char *text;

	if (json_is_array(answer)) {
		view_print_list(spec, answer, out);
	} else if (json_object_get(answer, "changes") != NULL) {
		view_print_changes(answer, out);
	} else if (json_object_get(answer, "stages") != NULL) {
		view_print_trace(answer, out);
	} else if (view_document(answer) != NULL) {
		fputs(view_document(answer), out);
	} else if (json_is_object(answer)) {
		weftctl_view_object(answer, out);
	} else {
		text = weftctl_view_text("", answer);
		fprintf(out, "%s\n", text);
		free(text);
	}
}
