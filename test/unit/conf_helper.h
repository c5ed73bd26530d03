/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of lib/conf share: documents from strings, and files that hold fragments.
 */
#ifndef TEST_UNIT_CONF_HELPER_H
#define TEST_UNIT_CONF_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/** Loads what must be right. */
static inline struct weft_conf *
conf_helper_load(const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_load_text(text, strlen(text), "f", &errors);

	weft_errors_print(&errors, stderr);
	assert_true(weft_errors_is_empty(&errors));
	assert_non_null(conf);
	return conf;
}

/** The same; ports that say nothing of security groups get one that lets everything through. */
static inline struct weft_conf *
conf_helper_load_open(const char *text)
{
	static struct weft_conf_rule all = { .direction = WEFT_INGRESS,
					     .protocol = WEFT_PROTOCOL_ANY };
	static struct weft_conf_group open = {
		.name = (char *)"open", .stateful = true, .rules = &all, .n_rules = 1
	};
	static char *names[] = { (char *)"open" };
	struct weft_conf *conf = conf_helper_load(text);

	if (conf->n_groups > 0)
		return conf;
	conf->groups = &open;
	conf->n_groups = 1;
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		conf->ports[i].groups = conf->ports[i].port_security ? names : NULL;
		conf->ports[i].n_groups = conf->ports[i].port_security;
	}
	return conf;
}

/** All sentences, a line each; the caller frees the text. The list is emptied. */
static inline char *
conf_helper_join(struct weft_errors *errors)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	weft_errors_print(errors, out);
	fclose(out);
	weft_errors_clear(errors);
	return text;
}

/** The document as YAML; the caller frees it. */
static inline char *
conf_helper_emit(const struct weft_conf *conf)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	weft_conf_emit(conf, out);
	fclose(out);
	return text;
}

/** Changes as text: "~ port vm1 reopen\n  queues: 1 -> 2\n"; the caller frees it. */
static inline char *
conf_helper_diff(const struct weft_conf *old, const struct weft_conf *new)
{
	struct weft_changes changes;
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	weft_conf_diff(old, new, &changes);
	for (uint32_t i = 0; i < changes.n; i++) {
		const struct weft_change *change = &changes.list[i];

		fprintf(out, "%c %s %s%s%s\n", "+~-"[change->action], change -> noun,
			change -> name, change -> needs_restart ? " restart" : "",
			change->needs_reopen ? " reopen" : "");
		for (uint32_t j = 0; j < change->n_details; j++)
			fprintf(out, "  %s\n", change->details[j]);
	}
	weft_changes_clear(&changes);
	fclose(out);
	return text;
}

/** A file that holds the text; the caller removes it. */
static inline void
conf_helper_write(char path[static 32], const char *text)
{
	int file;

	strcpy(path, "/tmp/weft-conf-test-XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (long)strlen(text));
	close(file);
}

#endif
