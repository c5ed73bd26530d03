/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace_value: what each word of trace_words.h takes, one row per word.
 *
 * Threads: constant data, pure functions.
 */
#ifndef WEFT_SHOW_TRACE_VALUE_H
#define WEFT_SHOW_TRACE_VALUE_H

#include "show/trace_words.h"

enum trace_value_type { VALUE_NUMBER, VALUE_MAC, VALUE_IP4, VALUE_IP6, VALUE_IP, VALUE_FLAGS };

/* A number may also be said by a name. */
struct trace_value_name {
	const char *name;
	uint32_t number;
};

struct trace_value_spec {
	enum weft_trace_layer layer;
	const char *key;
	enum trace_value_type type;
	uint32_t max; /* of numbers */
	const struct trace_value_name *names; /* of numbers; NULL closes them */
};

extern const struct trace_value_spec trace_value_specs[WEFT_WORDS];

/** @return false if the text is no such value */
bool trace_value_read(const struct trace_value_spec *spec, const char *text,
		      struct weft_trace_value *value);

/** Writes what would be right: "a number from 0 to 255, or tcp, or udp". */
void trace_value_describe(const struct trace_value_spec *spec, char *text, size_t size);

#endif
