/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts: what only the start knows.
 *
 * Some answers depend on how the daemon was started rather than on what it does: which file it
 * read, whether it got hugepages, with which host options its tables were made. main() says so
 * once.
 *
 * Threads: control thread.
 */
#ifndef WEFT_SHOW_FACTS_H
#define WEFT_SHOW_FACTS_H

#include <stdbool.h>

#include "conf/conf.h"

struct weft_status_facts {
	const char *version;
	const char *config_file; /* as it was named at start, absolute if possible */
	bool has_hugepages;
	struct weft_conf_host host; /* options in force; those for the next start may differ */
};

extern struct weft_status_facts weft_status_facts;

/** Before weft_cmd_start(); strings are kept, not copied. */
void weft_status_set_facts(const struct weft_status_facts *facts);

#endif
