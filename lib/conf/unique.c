/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/check.h"
#include "conf/claim.h"

/** Claims the value of a scalar key as it is written. */
static void
unique_claim_key(struct conf_claims *claims, uint32_t scope, const char *what,
		 const struct conf_node *object, const char *key)
{
	const struct conf_node *node = conf_node_get(object, key);

	conf_claim_add(claims, scope, what, node, object, "%s", node->text);
}

static bool
unique_is_short_pci(const char *device, size_t length)
{
	return length == 7 && isxdigit((unsigned char)device[0]) &&
	       isxdigit((unsigned char)device[1]) && device[2] == ':' &&
	       isxdigit((unsigned char)device[3]) && isxdigit((unsigned char)device[4]) &&
	       device[5] == '.' && isdigit((unsigned char)device[6]);
}

/** A device is what stands before the arguments, without the bus, and with the PCI domain. */
static void
unique_claim_device(struct conf_claims *claims, const struct conf_node *object, const char *device)
{
	char lower[1024];
	size_t length;

	if (strncmp(device, "pci:", 4) == 0)
		device += 4;
	else if (strncmp(device, "vdev:", 5) == 0)
		device += 5;
	length = strcspn(device, ",");
	for (size_t i = 0; i < length; i++)
		lower[i] = (char)tolower((unsigned char)device[i]);
	lower[length] = '\0';
	conf_claim_add(claims, 0, "the device of", conf_node_get(object, "device"), object, "%s%s",
		       unique_is_short_pci(lower, length) ? "0000:" : "", lower);
}

static void
unique_check_names(struct conf_check *check, struct conf_claims *claims)
{
	const struct weft_conf *conf = check->conf;

	for (uint32_t i = 0; i < conf->n_wires; i++)
		if (conf->wires[i].name != NULL)
			unique_claim_key(claims, 0, "the name of",
					 conf_node_item(check->tree, "physical-networks", i),
					 "name");
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].name != NULL)
			unique_claim_key(claims, 0, "the name of",
					 conf_node_item(check->tree, "ports", i), "name");
	for (uint32_t i = 0; i < conf->n_networks; i++)
		if (conf->networks[i].name != NULL)
			unique_claim_key(claims, 1, "the name of",
					 conf_node_item(check->tree, "networks", i), "name");
	conf_claims_settle(claims, check->report);
}

static void
unique_check_devices(struct conf_check *check, struct conf_claims *claims)
{
	const struct weft_conf *conf = check->conf;

	for (uint32_t i = 0; i < conf->n_wires; i++)
		if (conf->wires[i].device != NULL)
			unique_claim_device(claims,
					    conf_node_item(check->tree, "physical-networks", i),
					    conf->wires[i].device);
	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct conf_node *object = conf_node_item(check->tree, "ports", i);

		if (conf->ports[i].device != NULL)
			unique_claim_device(claims, object, conf->ports[i].device);
		if (conf->ports[i].vhost_user != NULL)
			unique_claim_key(claims, 1, "the socket of", object, "vhost-user");
	}
	conf_claims_settle(claims, check->report);
}

/** A wire carries one flat network, and each VLAN id once. */
static void
unique_check_segments(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		const struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *object = conf_node_item(check->tree, "networks", i);

		if (network->wire == NULL)
			continue;
		if (network->type == WEFT_NETWORK_VLAN && network->segment != 0)
			conf_claim_add(claims, 0, "the segment of",
				       conf_node_get(object, "segment"), object, "%u on %s",
				       network->segment, network->wire);
		if (network->type == WEFT_NETWORK_FLAT)
			unique_claim_key(claims, 1, "the wire of the flat network", object,
					 "physical-network");
	}
	conf_claims_settle(claims, check->report);
}

static void
unique_claim_mac(struct conf_claims *claims, uint32_t scope, const char *what,
		 const struct conf_node *object, const struct rte_ether_addr *mac)
{
	const uint8_t *b = mac->addr_bytes;

	if (!rte_is_zero_ether_addr(mac))
		conf_claim_add(claims, scope, what, conf_node_get(object, "mac"), object,
			       "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

/** MACs and addresses of ports: each network is a scope. */
static void
unique_check_ports(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_ports; i++) {
		const struct weft_conf_port *port = &check->conf->ports[i];
		const struct conf_node *object = conf_node_item(check->tree, "ports", i);
		uint32_t scope = conf_index_find(&check->networks, port->network);
		char text[INET6_ADDRSTRLEN + 4];

		if (scope == CONF_INDEX_NONE)
			continue;
		if (port->has_mac)
			unique_claim_mac(claims, scope, "the MAC of", object, &port->mac);
		for (uint32_t j = 0; j < port->n_addresses; j++) {
			if (port->addresses[j].family == 0)
				continue;
			weft_ip_format(&port->addresses[j], text);
			conf_claim_add(claims, scope, "an address of",
				       conf_node_item(object, "addresses", j), object, "%s", text);
		}
	}
	conf_claims_settle(claims, check->report);
}

/** What must be unique inside of one network. */
static void
unique_check_parts(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		const struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *object = conf_node_item(check->tree, "networks", i);

		for (uint32_t j = 0; j < network->n_subnets; j++)
			if (network->subnets[j].name != NULL)
				unique_claim_key(claims, 2 * i, "the name of",
						 conf_node_item(object, "subnets", j), "name");
		for (uint32_t j = 0; j < network->n_static_macs; j++)
			unique_claim_mac(claims, 2 * i + 1, "the MAC of",
					 conf_node_item(object, "static-macs", j),
					 &network->static_macs[j].mac);
	}
	conf_claims_settle(claims, check->report);
}

static void
unique_check_workers(struct conf_check *check, struct conf_claims *claims)
{
	const struct weft_conf_host *host = &check->conf->host;
	const struct conf_node *object = conf_node_get(check->tree, "host");

	for (uint32_t i = 0; i < host->n_workers; i++) {
		const struct conf_node *node = conf_node_item(object, "workers", i);

		/* Core 0 is a core, but a worker that could not be read is 0 too. */
		if (node->kind == CONF_NODE_SCALAR &&
		    (host->workers[i] != 0 || node->text[0] == '0'))
			conf_claim_add(claims, 0, "in", node, node->parent, "core %u",
				       host->workers[i]);
	}
	conf_claims_settle(claims, check->report);
}

void
conf_check_unique(struct conf_check *check)
{
	struct conf_claims claims = { 0 };

	unique_check_workers(check, &claims);
	unique_check_names(check, &claims);
	unique_check_devices(check, &claims);
	unique_check_segments(check, &claims);
	unique_check_ports(check, &claims);
	unique_check_parts(check, &claims);
}
