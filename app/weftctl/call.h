/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call: the words of a command line become a command and its arguments.
 *
 * `--key value`, `--key=value`, `key=value` and, for positional arguments, the bare value mean the
 * same. Options of weftctl itself (--json, -r DIR, --help) may stand anywhere. All faults of the
 * line are collected. What is right here may still be refused by the daemon, which knows names and
 * ranges.
 *
 * Not trivial: the words of a packet (`trace vm1 eth dst=...`) look like key=value. So once the
 * argument that takes the rest has begun, only words with two dashes are something else.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_CALL_H
#define WEFTCTL_CALL_H

#include <stdbool.h>

#include "cmd/commands.h"
#include "core/errors.h"

struct weftctl_options {
	const char *folder; /* runtime folder of the daemon */
	bool json;
	bool help;
	bool version;
	bool rst; /* print the reference page */
};

struct weftctl_call {
	const char *noun; /* as written; NULL: none */
	const struct weft_cmd_spec *spec; /* NULL: no command was found */
	char *values[WEFT_CMD_ARGS_MAX]; /* by index in spec->args, on the heap; NULL: not given */
};

/** Parses the words after the program's name. @return 0, or -EINVAL with every fault in @p errors;
 *  with options->help faults may be ignored. Release with weftctl_call_clear() in any case. */
int weftctl_call_parse(int n, char *const *words, struct weftctl_options *options,
		       struct weftctl_call *call, struct weft_errors *errors);

/** Value of the argument @p key; NULL if it was not given or the command has no such argument. */
const char *weftctl_call_value(const struct weftctl_call *call, const char *key);

/** Sets an argument's value to a copy of @p value. */
void weftctl_call_set(struct weftctl_call *call, const char *key, const char *value);

void weftctl_call_clear(struct weftctl_call *call);

/** Writes "list, show": the verbs of @p noun. @return @p out */
char *weftctl_call_verbs(const char *noun, char *out, size_t size);

#endif
