/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/document.h"
#include "conf/text.h"

struct weft_conf_source *
conf_source_create(void)
{
	struct weft_conf_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		abort();
	return source;
}

void
conf_source_destroy(struct weft_conf_source *source)
{
	conf_arena_clear(&source->arena);
	free(source);
}

/** Reads to the end, but not further than one byte beyond what is accepted. */
static char *
load_bytes(FILE *file, size_t *bytes)
{
	size_t capacity = 64 << 10;
	char *text = NULL;

	*bytes = 0;
	do {
		char *larger = realloc(text, capacity *= 2);

		if (larger == NULL)
			abort();
		text = larger;
		*bytes += fread(text + *bytes, 1, capacity - *bytes, file);
	} while (*bytes == capacity && *bytes <= CONF_TEXT_BYTES_MAX);
	return text;
}

struct conf_node *
conf_source_read(struct weft_conf_source *source, const char *path, struct conf_report *report)
{
	struct conf_node *root = NULL;
	char *text = NULL;
	size_t bytes;
	FILE *file;

	errno = 0;
	file = fopen(path, "re");
	if (file != NULL)
		text = load_bytes(file, &bytes);
	if (file == NULL || ferror(file))
		conf_report_file(report, path, "cannot be read: %s", strerror(errno));
	else
		root = conf_text_parse(text, bytes, path, &source->arena, report);
	free(text);
	if (file != NULL)
		fclose(file);
	return root;
}

struct weft_conf *
conf_document_create(struct weft_conf_source *source, const char *file, struct conf_report *report,
		     struct weft_errors *errors)
{
	struct weft_conf *conf = conf_arena_alloc(&source->arena, sizeof(*conf));

	conf->source = source;
	conf->file = conf_arena_text(&source->arena, file, strlen(file));
	if (source->tree != NULL) {
		conf_fill(conf, source->tree, &source->arena, report);
		conf_check(conf, source->tree, report);
	}
	if (conf_report_close(report, file, errors) && source->tree != NULL)
		return conf;
	conf_source_destroy(source);
	return NULL;
}

struct weft_conf *
weft_conf_load(const char *path, struct weft_errors *errors)
{
	struct weft_conf_source *source = conf_source_create();
	struct conf_report report = { 0 };

	source->tree = conf_source_read(source, path, &report);
	return conf_document_create(source, path, &report, errors);
}

struct weft_conf *
weft_conf_load_text(const char *text, size_t bytes, const char *name, struct weft_errors *errors)
{
	struct weft_conf_source *source = conf_source_create();
	struct conf_report report = { 0 };

	source->tree = conf_text_parse(text, bytes, name, &source->arena, &report);
	return conf_document_create(source, name, &report, errors);
}

void
weft_conf_destroy(struct weft_conf *conf)
{
	if (conf != NULL)
		conf_source_destroy(conf->source);
}
