/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * commands: the one list of what weftctl can say and weft can answer.
 *
 * Each command is described once: noun, verb, a sentence, its arguments. The daemon checks requests
 * against this list, the client makes its usage, completion and the reference page from it, so the
 * three cannot disagree and help works without a daemon. A new command is one entry in commands.c,
 * a handler in its noun's folder (see cmd.h), and a view in the client if the ordinary one for
 * lists and objects is not good enough.
 *
 * This header knows neither DPDK nor JSON: the client compiles it too.
 *
 * Threads: constant data.
 */
#ifndef WEFT_CMD_COMMANDS_H
#define WEFT_CMD_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_CMD_ARGS_MAX 8
#define WEFT_CMD_PATH_BYTES 56 /* with the NUL; telemetry's limit */
#define WEFT_CMD_ROWS_LIMIT 1000 /* of lists that have an argument "limit", without it */

enum weft_cmd_arg_type {
	WEFT_ARG_STRING,
	WEFT_ARG_NUMBER, /* decimal, within min..max */
	WEFT_ARG_FLAG, /* given or not; also key=true, key=false */
};

/* Properties of an argument, or'ed. */
#define WEFT_ARG_REQUIRED 0x01
#define WEFT_ARG_POSITIONAL 0x02 /* weftctl takes it without a key, in the order of the list */
#define WEFT_ARG_FILE 0x04 /* a path: weftctl makes it absolute, since the daemon opens it */
#define WEFT_ARG_STDIN 0x08 /* a path that may be "-": what weftctl reads from its input */
#define WEFT_ARG_REST 0x10 /* positional: takes all remaining words, joined with blanks */
#define WEFT_ARG_CLIENT 0x20 /* used up by weftctl, unknown to the daemon */
#define WEFT_ARG_WIRE 0x40 /* made by weftctl, not for people */

/** Whose names complete an argument. */
enum weft_cmd_names {
	WEFT_NAMES_NONE,
	WEFT_NAMES_PORT, /* ports and wires */
	WEFT_NAMES_NETWORK,
	WEFT_NAMES_GROUP,
	WEFT_NAMES_ROUTER,
	WEFT_NAMES_NOUN, /* the names of the noun given before, for `delete NOUN NAME` */
};

struct weft_cmd_arg {
	const char *key; /* "network"; NULL ends the list */
	enum weft_cmd_arg_type type;
	unsigned int flags; /* WEFT_ARG_REQUIRED ... */
	const char *help; /* what it does, a few words: "only this network" */
	const char *choices; /* "port|network"; NULL: any value */
	enum weft_cmd_names names;
	uint64_t min;
	uint64_t max; /* of a number; 0: no limit */
};

struct weft_cmd_spec {
	const char *noun; /* "fdb" */
	const char *verb; /* "list"; NULL: the noun says it all ("status") */
	const char *help; /* one sentence without a full stop, below 128 bytes */
	struct weft_cmd_arg args[WEFT_CMD_ARGS_MAX + 1];
};

/** All commands, those of one noun together; an entry without noun ends the list. */
extern const struct weft_cmd_spec weft_cmd_specs[];

/** @param verb NULL for a command without verb. @return NULL if there is none */
const struct weft_cmd_spec *weft_cmd_find(const char *noun, const char *verb);

/** True if a command begins with @p noun. */
bool weft_cmd_is_noun(const char *noun);

/** Position of the argument @p key in the command's list, or -1. */
int weft_cmd_arg_index(const struct weft_cmd_spec *spec, const char *key);

/** True if @p value is one of the argument's choices, or it has none. */
bool weft_cmd_is_choice(const struct weft_cmd_arg *arg, const char *value);

/** Writes the telemetry command, "/weft/fdb/list". @return @p out */
char *weft_cmd_path(const struct weft_cmd_spec *spec, char *out, size_t size);

#endif
