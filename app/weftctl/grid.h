/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * grid: cells of text, printed in columns.
 *
 * Columns are as wide as their widest cell, two blanks apart; a column whose cells are all numbers
 * (or "-") is aligned to the right. Lines have no blanks at their end.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_GRID_H
#define WEFTCTL_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WEFTCTL_GRID_COLUMNS 24

struct weftctl_grid {
	size_t columns;
	size_t cells; /* so far; rows are filled from left to right */
	size_t room;
	char **texts;
};

/** Adds a cell; takes over @p text, which is on the heap. Control bytes become '?'. */
void weftctl_grid_add(struct weftctl_grid *grid, char *text);

/** Prints all rows behind @p indent blanks; @p has_title says that the first row is titles. */
void weftctl_grid_print(const struct weftctl_grid *grid, int indent, bool has_title, FILE *out);

void weftctl_grid_clear(struct weftctl_grid *grid);

#endif
