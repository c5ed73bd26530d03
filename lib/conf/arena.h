/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena: memory that is given back all at once.
 *
 * A configuration document is thousands of small pieces (names, lists, the tree of what the file
 * said) that are born together and die together, on success as well as on the first fault. They
 * hang on one chain, so there is one place that frees and nothing to forget on the way out.
 *
 * Every piece is a malloc() of its own on purpose: address sanitizers see an overrun between two
 * pieces, which they could not inside of one large block. An allocation never returns NULL: a
 * process that cannot get a few bytes for its configuration stops.
 */
#ifndef WEFT_CONF_ARENA_H
#define WEFT_CONF_ARENA_H

#include <stddef.h>

struct conf_piece;

struct conf_arena {
	struct conf_piece *pieces;
};

/** Zeroed memory, aligned for any type. @return never NULL */
void *conf_arena_alloc(struct conf_arena *arena, size_t bytes);

/** A copy of the first @p length bytes, closed with a zero. */
char *conf_arena_text(struct conf_arena *arena, const char *text, size_t length);

/** Frees everything; the arena is empty and usable afterwards. */
void conf_arena_clear(struct conf_arena *arena);

#endif
