/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view: a JSON answer becomes something to read.
 *
 * The form follows from the answer's shape: a list of objects is a table, an object is key and
 * value per line with its lists of objects as tables below, {"changes"} are lines of + ~ -,
 * {"stages"} is a trace, {"yaml"} is that text. So a command that is new to the client still prints
 * well; view.c only names and orders the columns of lists. Numbers are exact; where that is hard to
 * read, a rounded one stands behind.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_VIEW_H
#define WEFTCTL_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "cmd/commands.h"

/** Prints @p answer to the command @p spec for people. */
void weftctl_view_print(const struct weft_cmd_spec *spec, const json_t *answer, FILE *out);

/* --- the kinds of views, shared by view.c and rows.c ------------------------------------------ */

/** Prints a list of objects; @p columns are keys in order with blanks between, NULL: those of the
 *  first object. */
void weftctl_view_rows(const json_t *rows, const char *columns, int indent, FILE *out);

/** A value as text on the heap: null is "-", lists of plain values are joined. */
char *weftctl_view_text(const char *key, const json_t *value);

/** Prints an object as key and value per line; lists of objects follow as tables. */
void weftctl_view_object(const json_t *object, FILE *out);

/** True if @p value is a list whose elements are objects. */
bool weftctl_view_is_rows(const json_t *value);

#endif
