/* SPDX-License-Identifier: BSD-3-Clause */
/* options: what the daemon is told on its command line. */
#ifndef WEFT_APP_OPTIONS_H
#define WEFT_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum options_job {
	OPTIONS_RUN,
	OPTIONS_CHECK, /* --check FILE */
	OPTIONS_SCHEMA_JSON,
	OPTIONS_SCHEMA_RST,
	OPTIONS_COMMANDS,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG, /* a message has been printed */
};

struct options {
	enum options_job job;
	const char *file;
	const char *folder; /* runtime folder */
	uint32_t idle_ms; /* --exit-when-idle; 0: never */
	bool in_turn;
	int eal_argc; /* what stands behind -- */
	char **eal_argv;
};

struct options options_parse(int argc, char **argv);
void options_print_help(void);

#endif
