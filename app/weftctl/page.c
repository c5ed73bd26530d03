/* SPDX-License-Identifier: BSD-3-Clause */
#include "help.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_LINE_BYTES 256

static const char page_begin[] =
	".. This page is made by \"weftctl --rst\"; do not edit it.\n"
	"\n"
	"weftctl\n"
	"=======\n"
	"\n"
	"``weftctl`` asks a running ``weft`` or changes it::\n"
	"\n"
	"    weftctl [-r DIR | --runtime-folder DIR] [--json] NOUN [VERB] [ARGUMENT ...]\n"
	"\n"
	"An argument with a name may be written ``--key VALUE``, ``--key=VALUE`` or\n"
	"``key=VALUE``. Answers are tables for people; numbers in them are exact. With ``--json``\n"
	"the answer is a JSON document. Errors are written to the standard error, all of them at\n"
	"once.\n"
	"\n"
	"Options\n"
	"-------\n"
	"\n"
	"``-r DIR``, ``--runtime-folder DIR``\n"
	"    The daemon's runtime folder; default: the variable ``WEFT_RUNTIME`` of the\n"
	"    environment, or ``/run/weft``. The daemon is reached at\n"
	"    ``DIR/dpdk/weft/dpdk_telemetry.v2``.\n"
	"``--json``\n"
	"    Print the answer as JSON, with two blanks of indentation.\n"
	"``-h``, ``--help``\n"
	"    Print the commands; behind a noun or a command: its arguments.\n"
	"``--version``\n"
	"    Print the version.\n"
	"``--rst``\n"
	"    Print this page.\n"
	"\n"
	"Exit status\n"
	"-----------\n"
	"\n"
	"====== =======================================================================\n"
	"status meaning\n"
	"====== =======================================================================\n"
	"0      done\n"
	"1      the daemon refused or failed, or no daemon answered within 30 seconds\n"
	"2      the command line is wrong\n"
	"====== =======================================================================\n"
	"\n"
	"Commands\n"
	"--------\n";

static void
page_write_heading(const char *title, char line, FILE *out)
{
	fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < strlen(title); i++)
		fputc(line, out);
	fputs("\n\n", out);
}

static void
page_write_range(const struct weft_cmd_arg *arg, FILE *out)
{
	if (arg->type == WEFT_ARG_NUMBER && arg->max != 0)
		fprintf(out, " (%" PRIu64 "..%" PRIu64 ")", arg->min, arg->max);
}

static void
page_write_command(const struct weft_cmd_spec *spec, FILE *out)
{
	char line[PAGE_LINE_BYTES];
	bool has_args = false;

	snprintf(line, sizeof(line), "%s%s%s", spec->noun, spec->verb == NULL ? "" : " ",
		 spec->verb == NULL ? "" : spec->verb);
	page_write_heading(line, '~', out);
	fprintf(out, "%s.\n\n::\n\n    weftctl %s\n", spec->help,
		weftctl_help_synopsis(spec, line, sizeof(line)));
	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
		if (arg->flags & WEFT_ARG_WIRE)
			continue;
		fprintf(out, "%s``%s``\n    %s", has_args ? "" : "\n",
			weftctl_help_arg(arg, line, sizeof(line)), arg->help);
		page_write_range(arg, out);
		fputc('\n', out);
		has_args = true;
	}
}

void
weftctl_help_page(FILE *out)
{
	fputs(page_begin, out);
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++)
		page_write_command(spec, out);
}
