/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/arena.h"

#include <stdlib.h>
#include <string.h>

struct conf_piece {
	struct conf_piece *next;
	max_align_t memory[];
};

void *
conf_arena_alloc(struct conf_arena *arena, size_t bytes)
{
	struct conf_piece *piece = calloc(1, sizeof(*piece) + bytes);

	if (piece == NULL)
		abort();
	piece->next = arena->pieces;
	arena->pieces = piece;
	return piece->memory;
}

char *
conf_arena_text(struct conf_arena *arena, const char *text, size_t length)
{
	char *copy = conf_arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

void
conf_arena_clear(struct conf_arena *arena)
{
	while (arena->pieces != NULL) {
		struct conf_piece *piece = arena->pieces;

		arena->pieces = piece->next;
		free(piece);
	}
}
