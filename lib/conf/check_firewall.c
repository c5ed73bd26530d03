/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/check_firewall.h"

#include "conf/check_match.h"

void
conf_check_firewall(struct conf_check *check, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];

	for (uint32_t i = 0; i < router->n_firewall; i++) {
		struct weft_conf_firewall_rule *rule = &router->firewall[i];
		const struct conf_match match = {
			.kind = &conf_firewall_object,
			.object = conf_node_item(object, "firewall", i),
			.said = rule->ethertype,
			.protocol = rule->protocol,
			.has_icmp_type = rule->has_icmp_type,
			.addresses = { &rule->source, &rule->destination },
			.keys = { "source", "destination" },
		};

		if (match.object->kind == CONF_NODE_MAP)
			rule->ethertype = conf_check_match(check, &match);
	}
}
