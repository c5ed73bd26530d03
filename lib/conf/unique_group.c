/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/check.h"
#include "conf/emit.h"
#include "conf/value.h"

/** Whether all keys of a rule could be read; one that could not may be another than it seems. */
static bool
unique_rule_is_read(const struct conf_node *rule)
{
	if (rule->kind != CONF_NODE_MAP)
		return false;
	for (uint32_t i = 0; i < conf_rule_object.n_fields; i++) {
		const struct conf_field *field = &conf_rule_object.fields[i];
		const struct conf_node *node = conf_node_get(rule, field->key);

		if (node == NULL ? field->is_required : !conf_value_is_right(field, node))
			return false;
	}
	return true;
}

/** What a rule lets through, whether or not it tells the log: addresses of any kind are none. */
static void
unique_claim_rule(struct conf_claims *claims, uint32_t scope, const struct conf_node *node,
		  const struct weft_conf_rule *rule)
{
	struct weft_conf_rule says = *rule;
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (out == NULL)
		abort();
	says.log = false;
	if (says.has_remote_ip && says.remote_ip.prefix == 0) {
		says.has_remote_ip = false;
		says.remote_ip = (struct weft_ip){ 0 };
	}
	conf_emit_flow(&conf_rule_object, &says, false, out);
	fclose(out);
	conf_claim_add(claims, scope, "in", node, node->parent, "%s", text);
	free(text);
}

static void
unique_claim_group(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "security-groups", at);
	const struct weft_conf_group *group = &check->conf->groups[at];

	for (uint32_t i = 0; i < group->n_members; i++) {
		const struct conf_node *node = conf_node_item(object, "members", i);

		conf_claim_ip(claims, 2 * at, "in", node, node->parent, &group->members[i]);
	}
	for (uint32_t i = 0; i < group->n_rules; i++) {
		const struct conf_node *node = conf_node_item(object, "rules", i);

		if (unique_rule_is_read(node))
			unique_claim_rule(claims, 2 * at + 1, node, &group->rules[i]);
	}
}

/** Without a MAC of its own, a pair goes with the port's. */
static void
unique_claim_pair(struct conf_claims *claims, uint32_t scope, const struct conf_node *node,
		  const struct weft_conf_port *port, const struct weft_conf_pair *pair)
{
	const struct rte_ether_addr *mac = pair->has_mac ? &pair->mac : &port->mac;
	bool has_mac = pair->has_mac || port->has_mac;
	char text[INET6_ADDRSTRLEN + 4], with[RTE_ETHER_ADDR_FMT_SIZE];

	if (pair->ip.family == 0 || (has_mac && rte_is_zero_ether_addr(mac)))
		return;
	weft_ip_format(&pair->ip, text);
	conf_mac_format(mac, with);
	conf_claim_add(claims, scope, "in", node, node->parent, "%s%s%s", text,
		       has_mac ? " with " : "", has_mac ? with : "");
}

static void
unique_claim_port(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "ports", at);
	const struct weft_conf_port *port = &check->conf->ports[at];

	for (uint32_t i = 0; i < port->n_groups; i++) {
		const struct conf_node *node = conf_node_item(object, "security-groups", i);

		if (port->groups[i] != NULL)
			conf_claim_add(claims, 2 * at, "in", node, node->parent, "%s",
				       port->groups[i]);
	}
	for (uint32_t i = 0; i < port->n_pairs; i++)
		unique_claim_pair(claims, 2 * at + 1,
				  conf_node_item(object, "allowed-address-pairs", i), port,
				  &port->pairs[i]);
}

void
conf_check_unique_groups(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_groups; i++)
		unique_claim_group(check, claims, i);
	conf_claims_settle(claims, check->report);
	for (uint32_t i = 0; i < check->conf->n_ports; i++)
		unique_claim_port(check, claims, i);
	conf_claims_settle(claims, check->report);
}
