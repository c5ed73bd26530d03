/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cmd: commands over the DPDK telemetry socket, made comfortable.
 *
 * `weftctl fdb list --network blue` becomes the telemetry command `/weft/fdb/list` with the
 * parameters `network=blue`. commands.h describes every command once; here requests are checked
 * against that description and handed to the handler that a noun's folder registered. A handler
 * gets arguments that are known, complete and in range, runs on the control thread (so it may look
 * at and change anything that thread owns), and answers with a JSON value of any size:
 *
 *	static json_t *
 *	fdb_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
 *	{
 *		const char *name = weft_cmd_string(call, "network");
 *		...
 *		return rows;
 *	}
 *	WEFT_CMD("fdb", "list", fdb_cmd_list);
 *
 * Not trivial: telemetry takes requests below 1,024 bytes (longer ones it cuts silently) and
 * commands of at most 55 characters, and sends replies of at most 16 KiB in which a string has at
 * most 8,191 bytes, quotes and backslashes count twice, and what is not printable ASCII disappears.
 * So an answer is rendered once as ASCII JSON, kept under a number for a short time, and sent in
 * parts; the client asks for the rest with `/weft/more`. A long list is therefore complete and of
 * one moment. What is kept is bounded, see store.h.
 *
 * Wire form. Request: `/weft/NOUN[/VERB],key=value,...`; in values `%`, `,` and bytes outside
 * printable ASCII are written %XX; a flag may stand without `=true`. Reply: a string "ID PARTS
 * STATUS\n" followed by a part of the text; parts N = 1 .. PARTS-1 come the same way from
 * `/weft/more,id=ID,part=N`. The text is JSON: with STATUS 0 the answer, with STATUS 1 a list of
 * sentences. `/weft/commands` answers with the description of all commands.
 *
 * Threads: handlers run on the control thread; registration happens before main().
 */
#ifndef WEFT_CMD_CMD_H
#define WEFT_CMD_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>

#include <jansson.h>
#include <rte_common.h>

#include "cmd/commands.h"
#include "core/errors.h"

/** One call of a command; the fields are read with the functions below. */
struct weft_cmd_call {
	const struct weft_cmd_spec *spec;
	const char *values[WEFT_CMD_ARGS_MAX]; /* by index in spec->args; NULL: not given */
	uint64_t numbers[WEFT_CMD_ARGS_MAX]; /* of WEFT_ARG_NUMBER and WEFT_ARG_FLAG */
};

/** @return the answer (a new reference), or NULL with at least one sentence in @p errors. An answer
 *  that comes with errors is thrown away. */
typedef json_t *(*weft_cmd_fn)(const struct weft_cmd_call *call, struct weft_errors *errors);

struct weft_cmd_entry {
	STAILQ_ENTRY(weft_cmd_entry) next;
	const char *noun;
	const char *verb;
	weft_cmd_fn run;
	const struct weft_cmd_spec *spec; /* set by weft_cmd_start() */
};

void weft_cmd_add(struct weft_cmd_entry *entry);

/** Registers @p handler for a command of commands.c; @p command_verb is NULL if it has none. */
#define WEFT_CMD(command_noun, command_verb, handler)                                              \
	static struct weft_cmd_entry handler##_entry;                                              \
	RTE_INIT(handler##_register)                                                               \
	{                                                                                          \
		weft_cmd_add(&handler##_entry);                                                    \
	}                                                                                          \
	static struct weft_cmd_entry handler##_entry = { .noun = (command_noun),                   \
							 .verb = (command_verb),                   \
							 .run = (handler) }

/* --- for handlers -------------------------------------------------------------------------- */

/** Value of an argument, or NULL if it was not given; it lives as long as the call. */
const char *weft_cmd_string(const struct weft_cmd_call *call, const char *key);

/** Value of a number, or @p otherwise if it was not given. */
uint64_t weft_cmd_number(const struct weft_cmd_call *call, const char *key, uint64_t otherwise);

/** True if the flag was given. */
bool weft_cmd_flag(const struct weft_cmd_call *call, const char *key);

/* --- for the daemon ------------------------------------------------------------------------ */

/** Registers all commands with telemetry, on the control thread after EAL started. From here on
 *  SIGPIPE is ignored: telemetry writes to clients that may have gone.
 *  @return 0 or negative errno */
int weft_cmd_start(void);

/** Forgets kept answers. Call it after weft_control_run() returned; requests that still come in are
 *  refused once weft_control_fini() ran, and telemetry itself ends with EAL. */
void weft_cmd_stop(void);

/** Writes the description of all commands that have a handler, as JSON; needs no start. */
void weft_cmd_list_json(FILE *out);

/* --- inside, and for tests ----------------------------------------------------------------- */

/** Parses `key=value,...` (NULL: none) into @p call; @p text is cut up in place and must outlive
 *  the call. @return 0, or -EINVAL with every fault in @p errors */
int weft_cmd_parse(const struct weft_cmd_spec *spec, char *text, struct weft_cmd_call *call,
		   struct weft_errors *errors);

#endif
