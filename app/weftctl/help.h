/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * help: usage texts and the reference page, both made from the list in cmd/commands.c.
 *
 * Threads: none.
 */
#ifndef WEFTCTL_HELP_H
#define WEFTCTL_HELP_H

#include <stdio.h>

#include "cmd/commands.h"

/** All commands. */
void weftctl_help_all(FILE *out);

/** The commands of one noun. */
void weftctl_help_noun(const char *noun, FILE *out);

/** One command with its arguments. */
void weftctl_help_command(const struct weft_cmd_spec *spec, FILE *out);

/** Writes "port list [--network NETWORK]". @return @p out */
char *weftctl_help_synopsis(const struct weft_cmd_spec *spec, char *out, size_t size);

/** Writes how an argument is given: "NAME", "--network NETWORK", "--all". @return @p out */
char *weftctl_help_arg(const struct weft_cmd_arg *arg, char *out, size_t size);

/** The reference page in reStructuredText. */
void weftctl_help_page(FILE *out);

#endif
