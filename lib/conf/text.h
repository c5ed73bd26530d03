/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text: YAML text becomes a tree of nodes.
 *
 * Of YAML we take what people write by hand: maps, lists, scalars, comments. Everything that lets a
 * text mean something else than what a reader sees is refused with its place: tabs (they look like
 * spaces), equal keys (one would win silently), anchors and aliases, tags, directives, several
 * documents. So is what is no text at all: NUL and control bytes, bytes that are not UTF-8.
 *
 * Not trivial: the text may be anything, also a megabyte of garbage. Nesting is bounded, so the
 * recursion is, and the bytes are looked at before libyaml sees them.
 */
#ifndef WEFT_CONF_TEXT_H
#define WEFT_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/arena.h"
#include "conf/node.h"
#include "conf/report.h"

#define CONF_TEXT_BYTES_MAX (64u << 20)
#define CONF_TEXT_DEPTH_MAX 16

/** @return the root, or NULL if there is no tree to go on with. Faults that leave a tree are
 *  reported too, so ask the report and not only the result. */
struct conf_node *conf_text_parse(const char *text, size_t bytes, const char *name,
				  struct conf_arena *arena, struct conf_report *report);

/** Reports what no configuration may contain: bytes that are not UTF-8, control characters, tabs,
 *  directives. @return whether the text may be parsed */
bool conf_bytes_check(const char *text, size_t bytes, const char *name, struct conf_report *report);

#endif
