/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * document: from a tree to a checked document.
 *
 * However a tree came about (a file, two files merged, a file without some of its objects), this is
 * the only way to a `struct weft_conf`, so every document went through every check.
 */
#ifndef WEFT_CONF_DOCUMENT_H
#define WEFT_CONF_DOCUMENT_H

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/node.h"
#include "conf/report.h"

struct weft_conf_source {
	struct conf_arena arena;
	struct conf_node *tree;
};

/** A source without a tree. */
struct weft_conf_source *conf_source_create(void);
void conf_source_destroy(struct weft_conf_source *source);

/** Reads a file into a tree of the source; faults go to @p report.
 *  @return the root or NULL */
struct conf_node *conf_source_read(struct weft_conf_source *source, const char *path,
				   struct conf_report *report);

/** Checks the source's tree, if it has one, and takes the source over in any case.
 *  @return the document, or NULL if @p report, which is closed, had or got a fault */
struct weft_conf *conf_document_create(struct weft_conf_source *source, const char *file,
				       struct conf_report *report, struct weft_errors *errors);

/** Fills a document's structs from its tree. */
void conf_fill(struct weft_conf *conf, const struct conf_node *tree, struct conf_arena *arena,
	       struct conf_report *report);

#endif
