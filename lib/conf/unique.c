/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/claim.h"
#include "conf/claim_nat.h"
#include "conf/way.h"

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
			conf_claim_key(claims, 0, "the name of",
				       conf_node_item(check->tree, "physical-networks", i), "name");
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].name != NULL)
			conf_claim_key(claims, 0, "the name of",
				       conf_node_item(check->tree, "ports", i), "name");
	for (uint32_t i = 0; i < conf->n_networks; i++)
		if (conf->networks[i].name != NULL)
			conf_claim_key(claims, 1, "the name of",
				       conf_node_item(check->tree, "networks", i), "name");
	for (uint32_t i = 0; i < conf->n_groups; i++)
		if (conf->groups[i].name != NULL)
			conf_claim_key(claims, 2, "the name of",
				       conf_node_item(check->tree, "security-groups", i), "name");
	for (uint32_t i = 0; i < conf->n_routers; i++)
		if (conf->routers[i].name != NULL)
			conf_claim_key(claims, 3, "the name of",
				       conf_node_item(check->tree, "routers", i), "name");
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
			conf_claim_key(claims, 1, "the socket of", object, "vhost-user");
	}
	conf_claims_settle(claims, check->report);
}

/** A wire carries one flat network, and each VLAN id once; so do tunnels with a VNI or key of one
 *  type. */
static void
unique_check_segments(struct conf_check *check, struct conf_claims *claims)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_node *object = conf_node_get(check->tree, "tunnel-endpoint");

	if (endpoint->vlan != 0 && endpoint->wire != NULL)
		conf_claim_add(claims, 0, "the vlan of", conf_node_get(object, "vlan"), object,
			       "%u on %s", endpoint->vlan, endpoint->wire);
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		const struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *segment;

		object = conf_node_item(check->tree, "networks", i);
		segment = conf_node_get(object, "segment");
		if (network->type == WEFT_NETWORK_FLAT && network->wire != NULL)
			conf_claim_key(claims, 1, "the wire of the flat network", object,
				       "physical-network");
		if (network->segment == 0)
			continue;
		if (network->type == WEFT_NETWORK_VLAN && network->wire != NULL)
			conf_claim_add(claims, 0, "the segment of", segment, object, "%u on %s",
				       network->segment, network->wire);
		if (weft_network_type_is_overlay(network->type))
			conf_claim_add(claims, 2, "the segment of", segment, object, "%s %u",
				       weft_network_type_name(network->type), network->segment);
	}
	conf_claims_settle(claims, check->report);
}

/** A route is said once. */
static void
unique_check_routes(struct conf_check *check, struct conf_claims *claims)
{
	struct conf_ways ways = conf_ways_of_endpoint(check->conf, check->tree);

	conf_ways_claim(&ways, claims, 0);
	free(ways.list);
	for (uint32_t i = 0; i < check->conf->n_routers; i++) {
		ways = conf_ways_of_router(check->conf, check->tree, i);
		conf_ways_claim(&ways, claims, 1 + i);
		free(ways.list);
	}
	conf_claims_settle(claims, check->report);
}

/** Names and peers inside of one network. */
static void
unique_check_parts(struct conf_check *check, struct conf_claims *claims)
{
	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		const struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *object = conf_node_item(check->tree, "networks", i);
		const struct conf_node *peers = conf_node_get(object, "peers");
		bool is_said = peers != NULL && peers->kind == CONF_NODE_LIST;

		for (uint32_t j = 0; j < network->n_subnets; j++)
			if (network->subnets[j].name != NULL)
				conf_claim_key(claims, 2 * i, "the name of",
					       conf_node_item(object, "subnets", j), "name");
		/* Those that come from the neighbours have no place of their own. */
		for (uint32_t j = 0; j < network->n_peers && is_said; j++)
			conf_claim_ip(claims, 2 * i + 1, "in", conf_node_item(object, "peers", j),
				      peers, &network->peers[j]);
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
	unique_check_routes(check, &claims);
	unique_check_segments(check, &claims);
	unique_check_parts(check, &claims);
	conf_check_unique_groups(check, &claims);
	conf_check_unique_nat(check, &claims);
}
