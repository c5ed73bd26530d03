/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/claim_nat.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "conf/schema.h"
#include "conf/value.h"

/** The own address may be in the pool, once. */
static void
claim_nat_pool(struct conf_claims *claims, const struct weft_conf_gateway *gateway,
	       const struct conf_node *object, uint32_t scope)
{
	const struct conf_node *list = conf_node_get(object, "snat-pool");
	bool has_own = false;

	/* What is there by default has no place of its own. */
	if (list == NULL || list->kind != CONF_NODE_LIST || list->n != gateway->n_snat_pool)
		return;
	for (uint32_t i = 0; i < gateway->n_snat_pool; i++) {
		const struct weft_ip *ip = &gateway->snat_pool[i];

		if (!has_own && weft_ip_compare(ip, &gateway->address) == 0)
			has_own = true;
		else
			conf_claim_ip(claims, scope, "in", list->items[i], list, ip);
	}
}

static bool
claim_nat_is_snat(const struct weft_conf_gateway *gateway, const struct weft_ip *ip)
{
	for (uint32_t i = 0; i < gateway->n_snat_pool; i++)
		if (weft_ip_compare(ip, &gateway->snat_pool[i]) == 0)
			return true;
	return weft_ip_compare(ip, &gateway->address) == 0;
}

/** By address, those that were first first. */
static int
claim_nat_compare(const void *left, const void *right)
{
	const struct weft_conf_forwarding *a = *(struct weft_conf_forwarding *const *)left;
	const struct weft_conf_forwarding *b = *(struct weft_conf_forwarding *const *)right;
	int order = weft_ip_compare(&a->address, &b->address);

	return order != 0 ? order : a < b ? -1 : 1;
}

/** Each address once, unless source NAT has it too. */
static void
claim_nat_forwardings(struct conf_claims *claims, const struct weft_conf_router *router,
		      const struct conf_node *object, uint32_t scope)
{
	const struct weft_conf_forwarding **sorted =
		calloc((size_t)router->n_forwardings + 1, sizeof(*sorted));

	if (sorted == NULL)
		abort();
	for (uint32_t i = 0; i < router->n_forwardings; i++)
		sorted[i] = &router->forwardings[i];
	qsort(sorted, router->n_forwardings, sizeof(*sorted), claim_nat_compare);
	for (uint32_t i = 0; i < router->n_forwardings; i++) {
		const struct weft_ip *ip = &sorted[i]->address;
		const struct conf_node *item = conf_node_item(
			object, "port-forwardings", (uint32_t)(sorted[i] - router->forwardings));

		if ((i == 0 || weft_ip_compare(ip, &sorted[i - 1]->address) != 0) &&
		    !claim_nat_is_snat(&router->gateway, ip))
			conf_claim_ip(claims, scope, "the address of",
				      conf_node_get(item, "address"), item, ip);
	}
	free(sorted);
}

void
conf_claim_outsides(struct conf_claims *claims, const struct conf_check *check, uint32_t at,
		    uint32_t scope)
{
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];

	claim_nat_pool(claims, &router->gateway, conf_node_get(object, "gateway"), scope);
	for (uint32_t i = 0; i < router->n_floating_ips; i++) {
		const struct conf_node *item = conf_node_item(object, "floating-ips", i);

		conf_claim_ip(claims, scope, "the address of", conf_node_get(item, "address"), item,
			      &router->floating_ips[i].address);
	}
	claim_nat_forwardings(claims, router, object, scope);
}

/** An inside address is behind one floating IP of an external network. */
static void
claim_nat_insides(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];
	uint32_t network = conf_index_find(&check->networks, router->gateway.network);
	char text[INET_ADDRSTRLEN];

	for (uint32_t i = 0; i < router->n_floating_ips && network != CONF_INDEX_NONE; i++) {
		const struct weft_conf_floating_ip *floating_ip = &router->floating_ips[i];
		const struct conf_node *item = conf_node_item(object, "floating-ips", i);

		if (floating_ip->port == NULL || floating_ip->fixed_address.family != AF_INET)
			continue;
		inet_ntop(AF_INET, floating_ip->fixed_address.bytes, text, sizeof(text));
		conf_claim_add(claims, network, "behind", item, item, "%s at %s", floating_ip->port,
			       text);
	}
}

/** A port of an address is forwarded once. */
static void
claim_nat_outside_ports(struct conf_check *check, struct conf_claims *claims, uint32_t at)
{
	const struct conf_field *field = conf_object_find(&conf_forwarding_object, "protocol");
	const struct conf_node *object = conf_node_item(check->tree, "routers", at);
	const struct weft_conf_router *router = &check->conf->routers[at];
	char text[INET_ADDRSTRLEN];

	for (uint32_t i = 0; i < router->n_forwardings; i++) {
		const struct weft_conf_forwarding *forwarding = &router->forwardings[i];
		const struct conf_node *item = conf_node_item(object, "port-forwardings", i);
		const struct conf_node *protocol = conf_node_get(item, "protocol");

		if (forwarding->address.family != AF_INET || forwarding->external_port == 0 ||
		    protocol == NULL || !conf_value_is_right(field, protocol))
			continue;
		inet_ntop(AF_INET, forwarding->address.bytes, text, sizeof(text));
		conf_claim_add(claims, at, "in", item, item->parent, "%s %s:%u", protocol->text,
			       text, forwarding->external_port);
	}
}

void
conf_check_unique_nat(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_routers; i++)
		claim_nat_insides(check, claims, i);
	conf_claims_settle(claims, check->report);
	for (uint32_t i = 0; i < check->conf->n_routers; i++)
		claim_nat_outside_ports(check, claims, i);
	conf_claims_settle(claims, check->report);
}
