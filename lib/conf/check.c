/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/check.h"

#include <stdio.h>
#include <string.h>

/* Looking for similar names costs time per fault; more than this many hints help nobody. */
#define CHECK_HINTS_MAX 20

static const struct conf_index *
check_index(const struct conf_check *check, const char *list, const char **noun)
{
	if (strcmp(list, "ports") == 0) {
		*noun = "port";
		return &check->ports;
	}
	if (strcmp(list, "networks") == 0) {
		*noun = "network";
		return &check->networks;
	}
	if (strcmp(list, "security-groups") == 0) {
		*noun = "security group";
		return &check->groups;
	}
	*noun = "physical network";
	return &check->wires;
}

void
conf_check_report_unknown(struct conf_check *check, const struct conf_node *node, const char *list)
{
	const struct conf_node *section = conf_node_get(check->tree, list);
	const char *near = NULL, *noun;
	const struct conf_index *index = check_index(check, list, &noun);

	/* Nothing follows from a section that could not be read. */
	if (section != NULL && section->kind != CONF_NODE_LIST && !conf_node_is_null(section))
		return;
	if (check->report->n_found < CHECK_HINTS_MAX)
		near = conf_index_near(index, node->text);
	if (near != NULL)
		conf_report_node(check->report, node, "there is no %s '%s'; did you mean '%s'?",
				 noun, node->text, near);
	else
		conf_report_node(check->report, node, "there is no %s '%s'", noun, node->text);
}

void
conf_check_refuse(struct conf_check *check, const struct conf_node *object, const char *key,
		  const char *why)
{
	const struct conf_node *node = conf_node_get(object, key);

	if (node != NULL && node->kind != CONF_NODE_BROKEN)
		conf_report_node(check->report, node, "%s", why);
}

void
conf_check_mtu(struct conf_check *check, const struct conf_node *object, uint32_t mtu,
	       const struct conf_node *below, uint32_t mtu_below)
{
	const struct conf_node *node = conf_node_get(object, "mtu");
	const struct conf_node *said_below = conf_node_get(below, "mtu");
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	if (node == NULL || mtu_below == 0 || mtu <= mtu_below)
		return;
	conf_node_path(below, path);
	conf_report_node(check->report, node, "%u is more than the MTU %u of %s (%s)", mtu,
			 mtu_below, path,
			 conf_report_place(said_below != NULL ? said_below : below, place));
}

void
conf_check(struct weft_conf *conf, const struct conf_node *tree, struct conf_report *report)
{
	struct conf_check check = { .conf = conf, .tree = tree, .report = report };

	conf_index_build(&check.wires, conf->wires, conf->n_wires, sizeof(*conf->wires));
	conf_index_build(&check.networks, conf->networks, conf->n_networks,
			 sizeof(*conf->networks));
	conf_index_build(&check.groups, conf->groups, conf->n_groups, sizeof(*conf->groups));
	conf_index_build(&check.ports, conf->ports, conf->n_ports, sizeof(*conf->ports));
	conf_check_endpoint(&check);
	conf_check_networks(&check);
	conf_check_groups(&check);
	conf_check_ports(&check);
	conf_check_routers(&check);
	conf_check_unique(&check);
	conf_check_members(&check);
	conf_check_addresses(&check);
	conf_check_adverts(&check);
	conf_check_capacity(&check);
	conf_index_clear(&check.wires);
	conf_index_clear(&check.networks);
	conf_index_clear(&check.groups);
	conf_index_clear(&check.ports);
}
