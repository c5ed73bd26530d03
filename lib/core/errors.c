/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/errors.h"

#include <errno.h>
#include <stdlib.h>

int
weft_errors_add(struct weft_errors *errors, const char *format, ...)
{
	va_list args;
	char **lines;
	char *line;
	int length;

	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	lines = realloc(errors->lines, (errors->n + 1) * sizeof(*lines));
	/* Out of memory for a sentence: nothing sensible is left to do. */
	if (length < 0 || lines == NULL)
		abort();
	errors->lines = lines;
	errors->lines[errors->n++] = line;
	return -EINVAL;
}

void
weft_errors_print(const struct weft_errors *errors, FILE *out)
{
	for (size_t i = 0; i < errors->n; i++)
		fprintf(out, "%s\n", errors->lines[i]);
}

void
weft_errors_clear(struct weft_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->lines[i]);
	free(errors->lines);
	*errors = WEFT_ERRORS_NONE;
}
