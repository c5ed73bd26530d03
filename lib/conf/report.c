/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conf_fault {
	const char *file;
	struct weft_place place;
	size_t order; /* found earlier, said earlier */
	char *line;
};

static char *
report_line(const char *file, struct weft_place place, const char *path, const char *sentence)
{
	const char *colon = path[0] != '\0' ? ": " : "";
	char *line;
	int length;

	if (place.line == 0)
		length = asprintf(&line, "%s: %s", file, sentence);
	else
		length = asprintf(&line, "%s:%u:%u: %s%s%s", file, place.line, place.column, path,
				  colon, sentence);
	if (length < 0)
		abort();
	return line;
}

static void report_add(struct conf_report *report, const char *file, struct weft_place place,
		       const char *path, const char *format, va_list args)
	__attribute__((format(printf, 5, 0)));

static void
report_add(struct conf_report *report, const char *file, struct weft_place place, const char *path,
	   const char *format, va_list args)
{
	struct conf_fault *fault;
	char *sentence;

	if (report->n_found++ >= CONF_REPORT_MAX)
		return;
	if (report->faults == NULL)
		report->faults = calloc(CONF_REPORT_MAX, sizeof(*report->faults));
	if (report->faults == NULL || vasprintf(&sentence, format, args) < 0)
		abort();
	fault = &report->faults[report->n];
	fault->file = file;
	fault->place = place;
	fault->order = report->n++;
	fault->line = report_line(file, place, path, sentence);
	free(sentence);
}

void
conf_report_node(struct conf_report *report, const struct conf_node *node, const char *format, ...)
{
	char path[CONF_PATH_BYTES];
	va_list args;

	conf_node_path(node, path);
	va_start(args, format);
	report_add(report, node->file, node->place, path, format, args);
	va_end(args);
}

void
conf_report_key(struct conf_report *report, const struct conf_node *node, const char *format, ...)
{
	char path[CONF_PATH_BYTES];
	va_list args;

	conf_node_path(node->parent, path);
	va_start(args, format);
	report_add(report, node->file, node->key_place, path, format, args);
	va_end(args);
}

void
conf_report_text(struct conf_report *report, const char *file, struct weft_place place,
		 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_add(report, file, place, "", format, args);
	va_end(args);
}

void
conf_report_file(struct conf_report *report, const char *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_add(report, file, (struct weft_place){ 0 }, "", format, args);
	va_end(args);
}

static int
report_compare(const void *left, const void *right)
{
	const struct conf_fault *a = left, *b = right;
	int files = strcmp(a->file, b->file);

	if (files != 0)
		return files;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

bool
conf_report_close(struct conf_report *report, const char *file, struct weft_errors *errors)
{
	size_t n_found = report->n_found;

	if (n_found == 0)
		return true;
	qsort(report->faults, report->n, sizeof(*report->faults), report_compare);
	for (size_t i = 0; i < report->n; i++)
		if (i == 0 || strcmp(report->faults[i].line, report->faults[i - 1].line) != 0)
			weft_errors_add(errors, "%s", report->faults[i].line);
	for (size_t i = 0; i < report->n; i++)
		free(report->faults[i].line);
	if (n_found > report->n)
		weft_errors_add(errors, "%s: %zu more errors are not shown", file,
				n_found - report->n);
	free(report->faults);
	*report = (struct conf_report){ 0 };
	return false;
}

const char *
conf_report_show(const char *text, char shown[static CONF_SHOWN_BYTES])
{
	const size_t keep = CONF_SHOWN_BYTES - 4; /* room for "..." */
	size_t length = strlen(text);

	if (length > keep) {
		length = keep;
		/* Do not cut a UTF-8 sequence in the middle. */
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	for (size_t i = 0; i < length; i++)
		shown[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	strcpy(shown + length, text[length] != '\0' ? "..." : "");
	return shown;
}

const char *
conf_report_place(const struct conf_node *node, char place[static CONF_PLACE_BYTES])
{
	snprintf(place, CONF_PLACE_BYTES, "%s:%u:%u", node->file, node->place.line,
		 node->place.column);
	return place;
}
