/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "conf/check.h"

/** Reports a capacity of the host that is less than what objects of a section need together. */
static void
check_capacity_of(struct conf_check *check, const char *key, uint32_t capacity, uint64_t needed,
		  const char *section, const char *what)
{
	const struct conf_node *said = conf_node_get(conf_node_get(check->tree, "host"), key);
	const struct conf_node *list = conf_node_get(check->tree, section);
	char place[CONF_PLACE_BYTES];

	/* 0: it could not be read. Names of groups that are nowhere were reported before. */
	if (capacity == 0 || needed <= capacity || list == NULL)
		return;
	if (said != NULL)
		conf_report_node(check->report, said, "%u is less than %" PRIu64 ", the %s (%s)",
				 capacity, needed, what, conf_report_place(list, place));
	else
		conf_report_node(check->report, list,
				 "the %s is %" PRIu64 "; host.%s must not be less, and is %u by "
				 "default",
				 what, needed, key, capacity);
}

/** A port without security groups has no connections to keep something free for. */
static void
check_capacity_connections(struct conf_check *check)
{
	const struct weft_conf *conf = check->conf;
	uint64_t reserved = 0;

	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].n_groups > 0)
			reserved += conf->ports[i].connection_reserve;
	check_capacity_of(check, "connections", conf->host.connections, reserved, "ports",
			  "sum of connection-reserve of ports with security-groups");
}

/** The addresses by which a port is a member of its groups. */
static uint64_t
check_capacity_addresses(const struct weft_conf_port *port)
{
	uint64_t n = port->n_addresses;

	for (uint32_t i = 0; i < port->n_pairs; i++)
		n += port->pairs[i].ip.family != 0 && weft_ip_is_plain(&port->pairs[i].ip);
	return n;
}

uint64_t
weft_conf_count_members(const struct weft_conf *conf)
{
	uint64_t members = 0;

	for (uint32_t i = 0; i < conf->n_groups; i++)
		members += conf->groups[i].n_members;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		members += conf->ports[i].n_groups * check_capacity_addresses(&conf->ports[i]);
	return members;
}

void
conf_check_capacity(struct conf_check *check)
{
	check_capacity_connections(check);
	check_capacity_of(check, "group-members", check->conf->host.group_members,
			  weft_conf_count_members(check->conf), "security-groups",
			  "number of members of all groups");
}
