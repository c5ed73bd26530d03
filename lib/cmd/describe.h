/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * describe: a command's entry in commands.c as JSON, for programs and for the documentation.
 *
 * An object {noun, verb|null, command, help, args: [{key, type, required, positional, internal,
 * help, choices?, min?, max?}]}; `internal` marks what weftctl makes up and people do not write.
 *
 * Threads: any.
 */
#ifndef WEFT_CMD_DESCRIBE_H
#define WEFT_CMD_DESCRIBE_H

#include <jansson.h>

#include "cmd/commands.h"

json_t *weft_cmd_describe(const struct weft_cmd_spec *spec);

#endif
