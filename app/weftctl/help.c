/* SPDX-License-Identifier: BSD-3-Clause */
#include "help.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define HELP_LINE_BYTES 256

static const char help_options[] =
	"Options:\n"
	"  -r, --runtime-folder DIR  where the daemon runs (or $WEFT_RUNTIME; default /run/weft)\n"
	"      --json                print the answer as JSON\n"
	"  -h, --help                this text; behind a command: its arguments\n"
	"      --version             print the version\n"
	"      --rst                 print the reference page in reStructuredText\n";

static void
help_append(char *out, size_t size, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, size - used, format, args);
	va_end(args);
}

/* The word that stands for an argument's value: "NAME", "FILE", "N", or its choices. */
static void
help_append_placeholder(const struct weft_cmd_arg *arg, char *out, size_t size)
{
	const char *word = arg->flags & WEFT_ARG_FILE ? "FILE" : arg->key;

	if (arg->type == WEFT_ARG_NUMBER)
		word = "N";
	if (arg->choices != NULL) {
		help_append(out, size, "%s", arg->choices);
		return;
	}
	for (const char *at = word; *at != '\0'; at++)
		help_append(out, size, "%c", toupper((unsigned char)*at));
	if (arg->flags & WEFT_ARG_REST)
		help_append(out, size, "...");
}

char *
weftctl_help_arg(const struct weft_cmd_arg *arg, char *out, size_t size)
{
	out[0] = '\0';
	if (!(arg->flags & WEFT_ARG_POSITIONAL))
		help_append(out, size, "--%s", arg->key);
	if (arg->type == WEFT_ARG_FLAG)
		return out;
	if (!(arg->flags & WEFT_ARG_POSITIONAL))
		help_append(out, size, " ");
	help_append_placeholder(arg, out, size);
	return out;
}

char *
weftctl_help_synopsis(const struct weft_cmd_spec *spec, char *out, size_t size)
{
	char shown[HELP_LINE_BYTES];

	snprintf(out, size, "%s%s%s", spec->noun, spec->verb == NULL ? "" : " ",
		 spec->verb == NULL ? "" : spec->verb);
	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
		if (arg->flags & WEFT_ARG_WIRE)
			continue;
		help_append(out, size, arg->flags & WEFT_ARG_REQUIRED ? " %s" : " [%s]",
			    weftctl_help_arg(arg, shown, sizeof(shown)));
	}
	return out;
}

void
weftctl_help_all(FILE *out)
{
	fputs("Usage: weftctl [-r DIR] [--json] NOUN [VERB] [ARGUMENT ...]\n"
	      "\n"
	      "Asks the switch daemon weft, or changes it. An argument with a name may be written\n"
	      "--key VALUE, --key=VALUE or key=VALUE.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		char name[64];

		snprintf(name, sizeof(name), "%s %s", spec->noun,
			 spec->verb == NULL ? "" : spec->verb);
		fprintf(out, "  %-14s %s\n", name, spec->help);
	}
	fprintf(out, "\n%s", help_options);
	fputs("\nExit status: 0 done, 1 refused or failed, 2 the command line is wrong.\n", out);
}

void
weftctl_help_noun(const char *noun, FILE *out)
{
	char line[HELP_LINE_BYTES];

	fputs("Usage:\n", out);
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, noun) != 0)
			continue;
		fprintf(out, "  weftctl %s\n", weftctl_help_synopsis(spec, line, sizeof(line)));
		fprintf(out, "      %s\n", spec->help);
	}
}

void
weftctl_help_command(const struct weft_cmd_spec *spec, FILE *out)
{
	char line[HELP_LINE_BYTES];
	bool has_title = false;

	fprintf(out, "Usage: weftctl [-r DIR] [--json] %s\n\n%s.\n",
		weftctl_help_synopsis(spec, line, sizeof(line)), spec->help);
	for (const struct weft_cmd_arg *arg = spec->args; arg->key != NULL; arg++) {
		if (arg->flags & WEFT_ARG_WIRE)
			continue;
		if (!has_title)
			fputs("\nArguments:\n", out);
		has_title = true;
		fprintf(out, "  %-20s  %s\n", weftctl_help_arg(arg, line, sizeof(line)), arg->help);
	}
	fprintf(out, "\n%s", help_options);
}
