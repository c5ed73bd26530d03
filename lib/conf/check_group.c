/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/socket.h>

#include "conf/check.h"
#include "conf/inherit.h"
#include "conf/protocol.h"
#include "conf/schema.h"
#include "conf/value.h"

/** Whether the protocol of a rule is known; nothing follows from one that could not be read. */
static bool
check_group_knows_protocol(const struct conf_node *rule)
{
	const struct conf_field *field = conf_object_find(&conf_rule_object, "protocol");
	const struct conf_node *node = conf_node_get(rule, "protocol");

	return node == NULL || conf_value_is_right(field, node);
}

/** Keys that make sense with some protocols only. */
static void
check_group_protocol(struct conf_check *check, const struct weft_conf_rule *rule,
		     const struct conf_node *object)
{
	static const char *const icmp_keys[] = { "icmp-type", "icmp-code" };

	if (!check_group_knows_protocol(object))
		return;
	if (!conf_protocol_has_ports(rule->protocol))
		conf_check_refuse(check, object, "ports",
				  "is for the protocols tcp, udp, udplite, sctp and dccp only");
	for (int i = 0; i < 2 && !conf_protocol_is_icmp(rule->protocol); i++)
		conf_check_refuse(check, object, icmp_keys[i],
				  "is for the protocols icmp and icmpv6 only");
	if (conf_protocol_is_icmp(rule->protocol) && !rule->has_icmp_type)
		conf_check_refuse(check, object, "icmp-code", "needs an 'icmp-type' beside it");
}

static const char *
check_group_ethertype_name(enum weft_ethertype ethertype)
{
	return conf_object_find(&conf_rule_object, "ethertype")->words[ethertype];
}

/** Reports a key whose value is of another ethertype than the value of another key. */
static void
check_group_contradiction(struct conf_check *check, const struct conf_node *node,
			  const struct conf_node *other, enum weft_ethertype ethertype)
{
	char place[CONF_PLACE_BYTES];

	conf_report_node(check->report, node, "%s contradicts %s %s, which is %s only (%s)",
			 node->text, other->key, other->text, check_group_ethertype_name(ethertype),
			 conf_report_place(other, place));
}

/** What ethertype, protocol and remote-ip say must go together; the first may say nothing. */
static void
check_group_ethertype(struct conf_check *check, struct weft_conf_rule *rule,
		      const struct conf_node *object)
{
	enum weft_ethertype said = rule->ethertype, protocol = WEFT_ETHERTYPE_ANY;
	enum weft_ethertype remote = WEFT_ETHERTYPE_ANY;
	const struct conf_node *said_node = conf_node_get(object, "ethertype");
	const struct conf_node *protocol_node = conf_node_get(object, "protocol");
	const struct conf_node *remote_node = conf_node_get(object, "remote-ip");

	if (check_group_knows_protocol(object))
		protocol = conf_protocol_ethertype(rule->protocol);
	if (rule->remote_ip.family != 0)
		remote = rule->remote_ip.family == AF_INET ? WEFT_ETHERTYPE_IPV4 :
							     WEFT_ETHERTYPE_IPV6;
	if ((said | protocol) == (WEFT_ETHERTYPE_IPV4 | WEFT_ETHERTYPE_IPV6))
		check_group_contradiction(check, said_node, protocol_node, protocol);
	if ((said | remote) == (WEFT_ETHERTYPE_IPV4 | WEFT_ETHERTYPE_IPV6))
		check_group_contradiction(check, said_node, remote_node, remote);
	else if (said == WEFT_ETHERTYPE_ANY &&
		 (protocol | remote) == (WEFT_ETHERTYPE_IPV4 | WEFT_ETHERTYPE_IPV6))
		check_group_contradiction(check, remote_node, protocol_node, protocol);
	if (said == WEFT_ETHERTYPE_ANY)
		rule->ethertype = conf_inherit_ethertype(rule);
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
		check_group_protocol(check, rule, node);
		check_group_ethertype(check, rule, node);
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
