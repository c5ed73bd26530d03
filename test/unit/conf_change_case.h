/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a case of conf_change_test.c is.
 */
#ifndef TEST_UNIT_CONF_CHANGE_CASE_H
#define TEST_UNIT_CONF_CHANGE_CASE_H

#include <stdbool.h>
#include <stddef.h>

struct change_case {
	const char *from, *to;
	const char *says;
};

struct change_merge {
	const char *fragment;
	const char *says; /* the difference to the base, or the errors */
	bool is_bad;
};

struct change_delete {
	const char *noun, *name;
	const char *refusal; /* NULL: nothing refers to it */
	const char *says; /* the difference to the base, with cascade; NULL: impossible */
};

#endif
