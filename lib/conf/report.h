/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report: the faults of a file, in the order of the file.
 *
 * Faults are found by several passes (text, schema, cross-object checks) but read from top to
 * bottom, so they are collected with their places and handed over sorted. What a message quotes
 * from the file is made printable and short first; a file of garbage may earn a thousand messages,
 * not a million. What two passes say in the same words is said once.
 */
#ifndef WEFT_CONF_REPORT_H
#define WEFT_CONF_REPORT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/node.h"
#include "core/errors.h"

#define CONF_REPORT_MAX 1000
#define CONF_SHOWN_BYTES 96
#define CONF_PLACE_BYTES (PATH_MAX + 32)

struct conf_fault;

struct conf_report {
	struct conf_fault *faults;
	size_t n; /* kept: at most CONF_REPORT_MAX */
	size_t n_found;
};

/** A fault of a value: place and path are the node's. */
void conf_report_node(struct conf_report *report, const struct conf_node *node, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

/** A fault of a key: its place, and the path of the map that it stands in. */
void conf_report_key(struct conf_report *report, const struct conf_node *node, const char *format,
		     ...) __attribute__((format(printf, 3, 4)));

/** A fault of the text, before there are nodes. */
void conf_report_text(struct conf_report *report, const char *file, struct weft_place place,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/** A fault of a file as a whole, without a line. */
void conf_report_file(struct conf_report *report, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Hands the faults over, sorted, and empties the report. @return whether there were none */
bool conf_report_close(struct conf_report *report, const char *file, struct weft_errors *errors);

/** Makes text from the file fit for a message. @return @p shown */
const char *conf_report_show(const char *text, char shown[static CONF_SHOWN_BYTES]);

/** Writes "FILE:LINE:COL" of a node. @return @p place */
const char *conf_report_place(const struct conf_node *node, char place[static CONF_PLACE_BYTES]);

#endif
