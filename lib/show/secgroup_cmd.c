/* SPDX-License-Identifier: BSD-3-Clause */
/* security-group list, security-group show */
#include <string.h>

#include "secgroup/policy.h"
#include "show/show.h"
#include "topology/running.h"

static bool
secgroup_cmd_has(const struct weft_conf_port *port, const char *group)
{
	for (uint32_t i = 0; i < port->n_groups; i++)
		if (strcmp(port->groups[i], group) == 0)
			return true;
	return false;
}

static json_t *
secgroup_cmd_ports(const char *group)
{
	const struct weft_conf *conf = weft_running_conf();
	json_t *names = json_array();

	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (secgroup_cmd_has(&conf->ports[i], group))
			json_array_append_new(names, json_string(conf->ports[i].name));
	return names;
}

static json_t *
secgroup_cmd_row(const struct weft_conf_group *group)
{
	json_t *ports = secgroup_cmd_ports(group->name);
	int n_ports = (int)json_array_size(ports);

	json_decref(ports);
	return json_pack("{s:s, s:s?, s:b, s:s, s:b, s:i, s:i, s:i}", "name", group->name,
			 "project", group->project, "stateful", group->stateful, "on_change",
			 group->on_change == WEFT_ON_CHANGE_CUT ? "cut" : "persist", "log",
			 group->log, "rules", (int)group->n_rules, "ports", n_ports, "members",
			 (int)group->n_members);
}

static json_t *
secgroup_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	json_t *rows = json_array();

	(void)call;
	(void)errors;
	for (uint32_t i = 0; i < conf->n_groups; i++)
		json_array_append_new(rows, secgroup_cmd_row(&conf->groups[i]));
	return rows;
}

/* ---- one group ---- */

static json_t *
secgroup_cmd_rules(const struct weft_conf_group *group)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < group->n_rules; i++) {
		const struct weft_conf_rule *rule = &group->rules[i];
		char text[192];

		weft_rule_format(rule, text, sizeof(text));
		json_array_append_new(rows,
				      json_pack("{s:i, s:s, s:b, s:I}", "rule", (int)i + 1,
						"allows", text, "log", rule->log || group->log,
						"hits", (json_int_t)weft_rule_hits(group, rule)));
	}
	return rows;
}

static json_t *
secgroup_cmd_members(const struct weft_conf_group *group)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < group->n_members; i++)
		json_array_append_new(rows, weft_show_address(&group->members[i]));
	return rows;
}

static json_t *
secgroup_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf_group *group =
		weft_show_find_group(weft_cmd_string(call, "name"), errors);
	json_t *row;

	if (group == NULL)
		return NULL;
	row = secgroup_cmd_row(group);
	json_object_set_new(row, "ports", secgroup_cmd_ports(group->name));
	json_object_set_new(row, "members", secgroup_cmd_members(group));
	json_object_set_new(row, "rules", secgroup_cmd_rules(group));
	return row;
}

WEFT_CMD("security-group", "list", secgroup_cmd_list);
WEFT_CMD("security-group", "show", secgroup_cmd_show);
