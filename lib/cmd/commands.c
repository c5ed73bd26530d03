/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

#define POSITIONAL (WEFT_ARG_POSITIONAL | WEFT_ARG_REQUIRED)

/* Tables, kept by hand. */
/* clang-format off */

/* Arguments that several commands share. */
#define PORT_FILTER                                                                                \
	{ .key = "port", .help = "only this port or wire", .names = WEFT_NAMES_PORT }
#define NETWORK_FILTER                                                                             \
	{ .key = "network", .help = "only this network", .names = WEFT_NAMES_NETWORK }
#define ROUTER_FILTER                                                                              \
	{ .key = "router", .help = "only of this router", .names = WEFT_NAMES_ROUTER }
#define MAC_FILTER                                                                                 \
	{ .key = "mac", .help = "only this MAC address" }
#define ENDPOINT_FILTER                                                                            \
	{ .key = "endpoint", .help = "only behind the tunnel endpoint with this address" }
#define GUARD_FILTER                                                                               \
	{ .key = "port", .help = "only those that groups of this port let through",                \
	  .names = WEFT_NAMES_PORT }
#define ADDRESS_FILTER                                                                             \
	{ .key = "address", .help = "only from or to this address" }
#define PROTOCOL_FILTER                                                                            \
	{ .key = "protocol", .help = "only this IP protocol: a name like tcp, or a number" }
#define YAML_FILE                                                                                  \
	{ .key = "file", .flags = POSITIONAL | WEFT_ARG_FILE | WEFT_ARG_STDIN,                     \
	  .help = "the YAML file; - reads it from the standard input" }
#define GROUP_NAME                                                                                 \
	{ .key = "name", .flags = POSITIONAL, .help = "the security group",                        \
	  .names = WEFT_NAMES_GROUP }
#define ROUTER_NAME                                                                                \
	{ .key = "name", .flags = POSITIONAL, .help = "the router", .names = WEFT_NAMES_ROUTER }
#define MERGE_FLAG                                                                                 \
	{ .key = "merge", .type = WEFT_ARG_FLAG,                                                   \
	  .help = "keep objects that the file does not name" }

const struct weft_cmd_spec weft_cmd_specs[] = {
	{ "status", NULL, "Shows the daemon: version, uptime, file, sizes, buffers", { { 0 } } },
	{ "port", "list", "Lists ports and wires with their state and counters",
	  { NETWORK_FILTER } },
	{ "port", "show", "Shows one port or wire: identity, queues, counters, drops",
	  { { .key = "name", .flags = POSITIONAL, .help = "the port or wire",
	      .names = WEFT_NAMES_PORT },
	    { .key = "libvirt", .type = WEFT_ARG_FLAG,
	      .help = "instead, the interface element for the port's guest in libvirt" },
	    { .key = "qemu", .type = WEFT_ARG_FLAG,
	      .help = "instead, QEMU's options for the port's guest" } } },
	{ "network", "list", "Lists networks", { { 0 } } },
	{ "network", "show", "Shows one network: segment, subnets, ports, peers, MAC limits",
	  { { .key = "name", .flags = POSITIONAL, .help = "the network",
	      .names = WEFT_NAMES_NETWORK } } },
	{ "tunnel", "show", "Shows our tunnel endpoint: addresses, routes, outer headers",
	  { { 0 } } },
	{ "tunnel", "list", "Lists the tunnel endpoints of other hosts: next hops, state, counters",
	  { { 0 } } },
	{ "neighbour", "list", "Lists which MAC address has which IP address, as far as was heard",
	  { NETWORK_FILTER } },
	{ "fdb", "list", "Lists which MAC address is behind which port or tunnel endpoint",
	  { NETWORK_FILTER, PORT_FILTER, ENDPOINT_FILTER, MAC_FILTER } },
	{ "fdb", "flush", "Forgets learned MAC addresses; what the configuration says stays",
	  { NETWORK_FILTER, PORT_FILTER, ENDPOINT_FILTER, MAC_FILTER } },
	{ "connection", "list", "Lists the connections that security groups and routers know of",
	  { NETWORK_FILTER, ROUTER_FILTER, GUARD_FILTER, ADDRESS_FILTER, PROTOCOL_FILTER,
	    { .key = "limit", .type = WEFT_ARG_NUMBER, .max = 100000000,
	      .help = "at most so many connections, 0: all; default 1000" } } },
	{ "connection", "flush", "Ends connections: their packets must be allowed anew",
	  { NETWORK_FILTER, ROUTER_FILTER, GUARD_FILTER, ADDRESS_FILTER, PROTOCOL_FILTER } },
	{ "security-group", "list", "Lists security groups", { { 0 } } },
	{ "security-group", "show", "Shows a security group: rules with their hits, ports, members",
	  { GROUP_NAME } },
	{ "security-group", "set", "Adds members on other hosts to a security group",
	  { GROUP_NAME,
	    { .key = "members", .flags = WEFT_ARG_REQUIRED,
	      .help = "the addresses, with commas between them; those that are in it stay" } } },
	{ "security-group", "unset", "Takes members on other hosts out of a security group",
	  { GROUP_NAME,
	    { .key = "members", .flags = WEFT_ARG_REQUIRED,
	      .help = "the addresses, with commas between them; some may not be in it" } } },
	{ "router", "list", "Lists routers", { { 0 } } },
	{ "router", "show", "Shows a router: networks, routes, NAT, floating IPs, firewall",
	  { ROUTER_NAME } },
	{ "route", "list", "Lists the routes of routers, as they are looked up",
	  { ROUTER_FILTER } },
	{ "nat", "list", "Lists what inside addresses and ports are outside, and who talks by that",
	  { ROUTER_FILTER,
	    { .key = "limit", .type = WEFT_ARG_NUMBER, .max = 100000000,
	      .help = "at most so many, 0: all; default 1000" } } },
	{ "log", "list", "Lists what security groups and firewalls log, the newest last",
	  { PORT_FILTER } },
	{ "flow", "list", "Lists the flows that workers remember, with their answers",
	  { PORT_FILTER, NETWORK_FILTER,
	    { .key = "worker", .type = WEFT_ARG_NUMBER, .max = 1023, .help = "only this worker" },
	    { .key = "limit", .type = WEFT_ARG_NUMBER, .max = 100000000,
	      .help = "at most so many flows, 0: all; default 1000" } } },
	{ "drop", "list", "Lists dropped packets by port and reason",
	  { PORT_FILTER,
	    { .key = "all", .type = WEFT_ARG_FLAG, .help = "also reasons that never occurred" } } },
	{ "worker", "list", "Lists workers: core, load, flows, and the queues each polls",
	  { { 0 } } },
	{ "stat", "show", "Shows the sums of the switch's counters", { { 0 } } },
	{ "trace", NULL, "Shows what each stage would do with a packet; nothing is sent or learned",
	  { { .key = "port", .flags = POSITIONAL, .help = "the port or wire where it arrives",
	      .names = WEFT_NAMES_PORT },
	    { .key = "words", .flags = WEFT_ARG_POSITIONAL | WEFT_ARG_REST,
	      .help = "the packet in words: eth dst=... / ip src=... dst=... / tcp dport=80; "
		      "in a tunnel: vxlan 1001 from=192.0.2.2 / eth dst=..." },
	    { .key = "pcap", .flags = WEFT_ARG_CLIENT | WEFT_ARG_FILE,
	      .help = "take the packet from this capture file" },
	    { .key = "packet", .type = WEFT_ARG_NUMBER, .flags = WEFT_ARG_CLIENT, .min = 1,
	      .help = "which packet of the capture file, from 1; default 1" },
	    { .key = "frame", .flags = WEFT_ARG_WIRE, .help = "the first bytes of a frame in hex" },
	    { .key = "length", .type = WEFT_ARG_NUMBER, .flags = WEFT_ARG_WIRE, .min = 1,
	      .max = 65535, .help = "the frame's whole length, if it is longer than frame" } } },
	{ "plan", NULL, "Shows what apply would change, and changes nothing",
	  { YAML_FILE, MERGE_FLAG } },
	{ "apply", NULL, "Makes the switch what the file says, while traffic flows",
	  { YAML_FILE, MERGE_FLAG } },
	{ "delete", NULL, "Deletes one object from the running switch",
	  { { .key = "noun", .flags = POSITIONAL,
	      .choices = "port|network|physical-network|security-group|router",
	      .help = "what kind of object" },
	    { .key = "name", .flags = POSITIONAL, .help = "the name of the object",
	      .names = WEFT_NAMES_NOUN },
	    { .key = "cascade", .type = WEFT_ARG_FLAG,
	      .help = "also delete what cannot be without it" } } },
	{ "config", "show", "Shows the running configuration as YAML that loads again", { { 0 } } },
	{ "config", "save", "Writes the running configuration to a file",
	  { { .key = "file", .flags = WEFT_ARG_POSITIONAL | WEFT_ARG_FILE,
	      .help = "where to; default: the file the daemon was started with" } } },
	{ "path", NULL, "Shows a packet's way: the stages, or with a port its chain of devices",
	  { { .key = "port", .flags = WEFT_ARG_POSITIONAL, .help = "the port or wire",
	      .names = WEFT_NAMES_PORT } } },
	{ 0 },
};
/* clang-format on */

static bool
commands_same_verb(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const struct weft_cmd_spec *
weft_cmd_find(const char *noun, const char *verb)
{
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, noun) == 0 && commands_same_verb(spec->verb, verb))
			return spec;
	}
	return NULL;
}

bool
weft_cmd_is_noun(const char *noun)
{
	for (const struct weft_cmd_spec *spec = weft_cmd_specs; spec->noun != NULL; spec++) {
		if (strcmp(spec->noun, noun) == 0)
			return true;
	}
	return false;
}

int
weft_cmd_arg_index(const struct weft_cmd_spec *spec, const char *key)
{
	for (int i = 0; spec->args[i].key != NULL; i++) {
		if (strcmp(spec->args[i].key, key) == 0)
			return i;
	}
	return -1;
}

bool
weft_cmd_is_choice(const struct weft_cmd_arg *arg, const char *value)
{
	size_t length = strlen(value);
	const char *at = arg->choices;

	if (at == NULL)
		return true;
	while (*at != '\0') {
		size_t width = strcspn(at, "|");

		if (width == length && memcmp(at, value, width) == 0)
			return true;
		at += width + (at[width] == '|');
	}
	return false;
}

char *
weft_cmd_path(const struct weft_cmd_spec *spec, char *out, size_t size)
{
	if (spec->verb == NULL)
		snprintf(out, size, "/weft/%s", spec->noun);
	else
		snprintf(out, size, "/weft/%s/%s", spec->noun, spec->verb);
	/* Telemetry takes letters, digits, '_' and '/' only. */
	for (char *at = out; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	return out;
}
