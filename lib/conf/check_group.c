/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "conf/check_match.h"

/** Keys of a rule that must go together. */
static void
check_group_rule(struct conf_check *check, struct weft_conf_rule *rule,
		 const struct conf_node *object)
{
	const struct conf_match match = {
		.kind = &conf_rule_object,
		.object = object,
		.said = rule->ethertype,
		.protocol = rule->protocol,
		.has_icmp_type = rule->has_icmp_type,
		.addresses = { &rule->remote_ip },
		.keys = { "remote-ip" },
	};

	rule->ethertype = conf_check_match(check, &match);
}

static void
check_group_name(struct conf_check *check, const struct conf_node *node, const char *name)
{
	if (name != NULL && conf_index_find(&check->groups, name) == CONF_INDEX_NONE)
		conf_check_report_unknown(check, node, "security-groups");
}

static void
check_group_rules(struct conf_check *check, uint32_t at)
{
	const struct weft_conf_group *group = &check->conf->groups[at];
	const struct conf_node *object = conf_node_item(check->tree, "security-groups", at);

	for (uint32_t i = 0; i < group->n_rules; i++) {
		struct weft_conf_rule *rule = &group->rules[i];
		const struct conf_node *node = conf_node_item(object, "rules", i);

		if (node->kind != CONF_NODE_MAP)
			continue;
		check_group_rule(check, rule, node);
		check_group_name(check, conf_node_get(node, "remote-group"), rule->remote_group);
	}
}

void
conf_check_groups(struct conf_check *check)
{
	if (check->conf->n_groups > WEFT_CONF_GROUPS_MAX)
		conf_report_node(check->report, conf_node_get(check->tree, "security-groups"),
				 "has %u entries; at most %u", check->conf->n_groups,
				 WEFT_CONF_GROUPS_MAX);
	for (uint32_t i = 0; i < check->conf->n_groups; i++)
		check_group_rules(check, i);
}

/** Reports a list that only makes sense with port security, if there is something in it. */
static void
check_group_needs_security(struct conf_check *check, const struct conf_node *object,
			   const char *key, uint32_t n)
{
	const struct conf_node *security = conf_node_get(object, "port-security");
	char place[CONF_PLACE_BYTES];

	/* One that could not be read is false too. */
	if (n > 0 && security != NULL && security->kind == CONF_NODE_SCALAR &&
	    strcmp(security->text, "false") == 0)
		conf_report_node(check->report, conf_node_get(object, key),
				 "needs port-security, which is false here (%s)",
				 conf_report_place(security, place));
}

/** A single address is one that a guest can use as its source. */
static void
check_group_pair(struct conf_check *check, const struct weft_conf_pair *pair,
		 const struct conf_node *object)
{
	const struct conf_node *node = conf_node_get(object, "ip");

	if (pair->ip.family != 0 && weft_ip_is_plain(&pair->ip) && !weft_ip_is_host(&pair->ip))
		conf_report_node(check->report, node,
				 "%s is not the IPv4 or IPv6 address of a host, nor a subnet",
				 node->text);
}

void
conf_check_port_groups(struct conf_check *check, const struct weft_conf_port *port,
		       const struct conf_node *object)
{
	check_group_needs_security(check, object, "security-groups", port->n_groups);
	check_group_needs_security(check, object, "allowed-address-pairs", port->n_pairs);
	for (uint32_t i = 0; i < port->n_groups; i++)
		check_group_name(check, conf_node_item(object, "security-groups", i),
				 port->groups[i]);
	for (uint32_t i = 0; i < port->n_pairs; i++)
		check_group_pair(check, &port->pairs[i],
				 conf_node_item(object, "allowed-address-pairs", i));
}
