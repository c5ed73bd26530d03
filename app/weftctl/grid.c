/* SPDX-License-Identifier: BSD-3-Clause */
#include "grid.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Characters on the screen, if each takes one place. */
static int
grid_width(const char *text)
{
	int width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool
grid_is_number(const char *text)
{
	const char *at = text + (*text == '-');

	return isdigit((unsigned char)*at) && at[strspn(at, "0123456789.")] == '\0' &&
	       strchr(at, '.') == strrchr(at, '.');
}

void
weftctl_grid_add(struct weftctl_grid *grid, char *text)
{
	if (grid->cells == grid->room) {
		grid->room = 2 * grid->room + 64;
		grid->texts = realloc(grid->texts, grid->room * sizeof(*grid->texts));
	}
	if (grid->texts == NULL || text == NULL)
		abort();
	for (char *at = text; *at != '\0'; at++) {
		if (iscntrl((unsigned char)*at))
			*at = '?';
	}
	grid->texts[grid->cells++] = text;
}

/* "" and "-" stand for nothing, also among numbers. */
static bool
grid_is_nothing(const char *text)
{
	return *text == '\0' || strcmp(text, "-") == 0;
}

static void
grid_measure(const struct weftctl_grid *grid, bool has_title, int *widths, bool *are_numbers)
{
	bool has_text[WEFTCTL_GRID_COLUMNS] = { false };

	memset(widths, 0, grid->columns * sizeof(*widths));
	memset(are_numbers, 0, grid->columns * sizeof(*are_numbers));
	for (size_t i = 0; i < grid->cells; i++) {
		size_t column = i % grid->columns;
		const char *text = grid->texts[i];
		int width = grid_width(text);

		if (width > widths[column])
			widths[column] = width;
		if ((has_title && i < grid->columns) || grid_is_nothing(text))
			continue;
		if (grid_is_number(text))
			are_numbers[column] = true;
		else
			has_text[column] = true;
	}
	for (size_t column = 0; column < grid->columns; column++)
		are_numbers[column] &= !has_text[column];
}

void
weftctl_grid_print(const struct weftctl_grid *grid, int indent, bool has_title, FILE *out)
{
	int widths[WEFTCTL_GRID_COLUMNS];
	bool are_numbers[WEFTCTL_GRID_COLUMNS];

	grid_measure(grid, has_title, widths, are_numbers);
	for (size_t row = 0; row < grid->cells; row += grid->columns) {
		int blanks = indent; /* owed before the next text */

		for (size_t column = 0; column < grid->columns; column++) {
			const char *text = grid->texts[row + column];
			int pad = widths[column] - grid_width(text);

			if (are_numbers[column])
				blanks += pad;
			if (*text != '\0')
				fprintf(out, "%*s%s", blanks, "", text);
			blanks = (*text != '\0' ? 0 : blanks) + 2 + (are_numbers[column] ? 0 : pad);
		}
		fputc('\n', out);
	}
}

void
weftctl_grid_clear(struct weftctl_grid *grid)
{
	for (size_t i = 0; i < grid->cells; i++)
		free(grid->texts[i]);
	free(grid->texts);
	*grid = (struct weftctl_grid){ 0 };
}
