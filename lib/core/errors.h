/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * errors: a list of sentences for a person.
 *
 * Whoever checks something that a person wrote (a file, a command) finds more than one fault, and
 * the person wants to read all of them at once. So checks do not stop at the first fault: they add
 * a sentence to a list that the caller owns, and the caller asks at the end whether it is empty.
 *
 * A sentence says what is wrong and what would be right, and starts with the place if there is one
 * ("weft.yaml:12:15: networks[blue].segment: 5000 is not a VLAN id (1..4094)").
 *
 * Threads: none; a list belongs to one thread at a time.
 */
#ifndef WEFT_CORE_ERRORS_H
#define WEFT_CORE_ERRORS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct weft_errors {
	char **lines;
	size_t n;
};

/** An empty list; no memory is held until the first error. */
#define WEFT_ERRORS_NONE ((struct weft_errors){ NULL, 0 })

/** Adds one sentence, printf-like, without a newline. Always returns -EINVAL, so that a check can
 *  end with `return weft_errors_add(...)`. */
int weft_errors_add(struct weft_errors *errors, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool
weft_errors_is_empty(const struct weft_errors *errors)
{
	return errors->n == 0;
}

/** Writes one sentence per line. */
void weft_errors_print(const struct weft_errors *errors, FILE *out);

/** Releases the sentences; the list is empty and usable afterwards. */
void weft_errors_clear(struct weft_errors *errors);

#endif
