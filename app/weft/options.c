/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_CHECK = 256, OPTION_IDLE, OPTION_TURN, OPTION_SCHEMA, OPTION_COMMANDS };

static const struct option options_long[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "runtime-folder", required_argument, NULL, 'r' },
	{ "check", required_argument, NULL, OPTION_CHECK },
	{ "exit-when-idle", required_argument, NULL, OPTION_IDLE },
	{ "in-turn", no_argument, NULL, OPTION_TURN },
	{ "schema", required_argument, NULL, OPTION_SCHEMA },
	{ "commands", no_argument, NULL, OPTION_COMMANDS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void
options_print_help(void)
{
	printf("weft - a virtual switch for guests on this host\n"
	       "\n"
	       "usage: weft -c FILE [-r FOLDER] [--exit-when-idle MS [--in-turn]] [-- EAL "
	       "arguments]\n"
	       "       weft --check FILE\n"
	       "       weft --schema json|rst | --commands | --help | --version\n"
	       "\n"
	       "  -c, --config FILE          run the switch that FILE describes (YAML)\n"
	       "  -r, --runtime-folder DIR   where the lock, the pid file and the socket for "
	       "weftctl\n"
	       "                             are (default /run/weft); one switch per folder\n"
	       "      --check FILE           check FILE, print every error; status 0 if there is "
	       "none\n"
	       "      --exit-when-idle MS    end when no packet has arrived for MS milliseconds\n"
	       "      --in-turn              let ports receive one after the other, each when "
	       "those\n"
	       "                             before are idle (for pcap files)\n"
	       "      --schema json|rst      print the JSON Schema or the reference of the file\n"
	       "      --commands             print the commands of weftctl as JSON\n"
	       "  -h, --help                 print this\n"
	       "  -V, --version              print the version\n"
	       "\n"
	       "Signals: SIGHUP reads FILE again, SIGTERM and SIGINT end the switch.\n"
	       "Without reserved hugepages it runs on ordinary memory and says so.\n");
}

static struct options
options_wrong(struct options options, const char *what, const char *value)
{
	fprintf(stderr, "weft: %s%s%s; see weft --help\n", what, value == NULL ? "" : ": ",
		value == NULL ? "" : value);
	options.job = OPTIONS_WRONG;
	return options;
}

static bool
options_parse_ms(const char *text, uint32_t *ms)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value == 0 || value > 3600 * 1000)
		return false;
	*ms = (uint32_t)value;
	return true;
}

/* One option. @return NULL, or what is wrong with it */
static const char *
options_take(struct options *options, int option)
{
	switch (option) {
	case 'c':
		options->file = optarg;
		return NULL;
	case 'r':
		options->folder = optarg;
		return NULL;
	case OPTION_CHECK:
		options->job = OPTIONS_CHECK;
		options->file = optarg;
		return NULL;
	case OPTION_IDLE:
		return options_parse_ms(optarg, &options->idle_ms) ?
			       NULL :
			       "--exit-when-idle takes milliseconds (1..3600000)";
	case OPTION_TURN:
		options->in_turn = true;
		return NULL;
	case OPTION_SCHEMA:
		options->job =
			strcmp(optarg, "json") == 0 ? OPTIONS_SCHEMA_JSON : OPTIONS_SCHEMA_RST;
		return strcmp(optarg, "json") == 0 || strcmp(optarg, "rst") == 0 ?
			       NULL :
			       "--schema takes json or rst";
	case OPTION_COMMANDS:
		options->job = OPTIONS_COMMANDS;
		return NULL;
	case 'h':
		options->job = OPTIONS_HELP;
		return NULL;
	case 'V':
		options->job = OPTIONS_VERSION;
		return NULL;
	default:
		return "wrong option";
	}
}

struct options
options_parse(int argc, char **argv)
{
	struct options options = { .job = OPTIONS_RUN, .folder = "/run/weft" };
	int option;

	while ((option = getopt_long(argc, argv, "+c:r:hV", options_long, NULL)) != -1) {
		const char *wrong = options_take(&options, option);

		if (wrong != NULL)
			return options_wrong(options, wrong, option == '?' ? NULL : optarg);
	}
	options.eal_argc = argc - optind;
	options.eal_argv = argv + optind;
	if (options.job == OPTIONS_RUN && options.file == NULL)
		return options_wrong(options, "a configuration is needed, -c FILE", NULL);
	if (options.eal_argc > 0 && strcmp(argv[optind - 1], "--") != 0)
		return options_wrong(options, "EAL arguments stand behind --", argv[optind]);
	return options;
}
