/* SPDX-License-Identifier: BSD-3-Clause */
/* security-group list, show, set, unset */
#include <stdlib.h>
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

/* ---- members that are on no port ---- */

/* @return the group; NULL with every fault of the command */
static const struct weft_conf_group *
secgroup_cmd_read(const struct weft_cmd_call *call, struct weft_ips *ips,
		  struct weft_errors *errors)
{
	const struct weft_conf_group *group =
		weft_show_find_group(weft_cmd_string(call, "name"), errors);

	if (weft_conf_read_members(weft_cmd_string(call, "members"), ips, errors) != 0)
		return NULL;
	return group;
}

static json_t *
secgroup_cmd_changed(const struct weft_conf_group *group, const char *what, uint32_t n)
{
	return json_pack("{s:s, s:i, s:i}", "name", group->name, what, (int)n, "members",
			 (int)group->n_members);
}

static json_t *
secgroup_cmd_set(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_ips ips;
	const struct weft_conf_group *group = secgroup_cmd_read(call, &ips, errors);
	json_t *answer = NULL;

	if (group != NULL && weft_running_add_members(group, &ips, errors) == 0)
		answer = secgroup_cmd_changed(group, "added", ips.n);
	free(ips.list);
	return answer;
}

static json_t *
secgroup_cmd_unset(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_ips ips;
	const struct weft_conf_group *group = secgroup_cmd_read(call, &ips, errors);
	json_t *answer = NULL;

	if (group != NULL) {
		weft_running_del_members(group, &ips);
		answer = secgroup_cmd_changed(group, "removed", ips.n);
	}
	free(ips.list);
	return answer;
}

WEFT_CMD("security-group", "list", secgroup_cmd_list);
WEFT_CMD("security-group", "show", secgroup_cmd_show);
WEFT_CMD("security-group", "set", secgroup_cmd_set);
WEFT_CMD("security-group", "unset", secgroup_cmd_unset);
