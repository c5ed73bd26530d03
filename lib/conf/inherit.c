/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/inherit.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "conf/protocol.h"

#define INHERIT_MTU_LOCAL 1500

uint32_t
conf_inherit_network_mtu(const struct weft_conf *conf, const struct conf_index *wires,
			 const struct weft_conf_network *network)
{
	bool is_overlay = weft_network_type_is_overlay(network->type);
	const struct weft_conf_endpoint *endpoint = &conf->endpoint;
	const char *wire = is_overlay ? endpoint->wire : network->wire;
	uint32_t at = conf_index_find(wires, wire);
	uint32_t overhead;

	if (wire == NULL && !is_overlay)
		return INHERIT_MTU_LOCAL;
	if (at == CONF_INDEX_NONE || (is_overlay && endpoint->address.family == 0))
		return 0;
	overhead = weft_network_type_overhead(network->type, endpoint->address.family);
	return conf->wires[at].mtu > overhead ? conf->wires[at].mtu - overhead : 0;
}

static int
inherit_compare(const void *left, const void *right)
{
	return weft_ip_compare(left, right);
}

uint32_t
conf_inherit_peers(const struct weft_conf_network *network, struct weft_ip *peers)
{
	uint32_t n = 0, kept = 1;

	for (uint32_t i = 0; i < network->n_neighbours; i++)
		if (network->neighbours[i].at.family != 0)
			peers[n++] = network->neighbours[i].at;
	if (n == 0)
		return 0;
	qsort(peers, n, sizeof(*peers), inherit_compare);
	for (uint32_t i = 1; i < n; i++)
		if (weft_ip_compare(&peers[i], &peers[kept - 1]) != 0)
			peers[kept++] = peers[i];
	return kept;
}

enum weft_ethertype
conf_inherit_ethertype(uint16_t protocol, const struct weft_ip *address)
{
	enum weft_ethertype ethertype = conf_protocol_ethertype(protocol);

	if (ethertype != WEFT_ETHERTYPE_ANY || address->family == 0)
		return ethertype;
	return address->family == AF_INET ? WEFT_ETHERTYPE_IPV4 : WEFT_ETHERTYPE_IPV6;
}

enum weft_ethertype
conf_inherit_group_ethertype(const struct weft_conf_rule *rule)
{
	return conf_inherit_ethertype(rule->protocol, &rule->remote_ip);
}

enum weft_ethertype
conf_inherit_firewall_ethertype(const struct weft_conf_firewall_rule *rule)
{
	return conf_inherit_ethertype(rule->protocol,
				      rule->has_source ? &rule->source : &rule->destination);
}

uint32_t
conf_inherit_snat_pool(const struct weft_conf_gateway *gateway, struct weft_ip *pool)
{
	if (!gateway->snat || gateway->address.family != AF_INET)
		return 0;
	*pool = gateway->address;
	pool->prefix = 32;
	return 1;
}

uint32_t
conf_inherit_reserve(uint32_t usual, uint32_t limit)
{
	return limit != 0 && limit < usual ? limit : usual;
}
