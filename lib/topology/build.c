/* SPDX-License-Identifier: BSD-3-Clause */
/* build: from a checked document to a snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "topology/door.h"
#include "topology/overlay.h"
#include "topology/prefix.h"
#include "topology/topology.h"

#define BUILD_WIRE_LOGS 100 /* lines per second and worker, of firewalls */
#define BUILD_WIRE_ICMP_ERRORS 1000 /* per second, by routers; RFC 1812 section 4.3.2.8 */

struct build {
	const struct weft_topology_parts *parts;
	struct weft_topology *topology;
	struct weft_names ports; /* wires and ports share one namespace */
	struct weft_names networks;
	const struct weft_conf_port *asked; /* the last one whose groups are asked ... */
	struct weft_policy *policy; /* ... and their policy */
	bool is_out_of_memory;
};

static void *
build_alloc(struct build *build, size_t n, size_t size)
{
	void *memory = calloc(n == 0 ? 1 : n, size);

	if (memory == NULL)
		build->is_out_of_memory = true;
	return memory;
}

static void
build_names(struct build *build)
{
	const struct weft_topology_parts *parts = build->parts;
	const struct weft_conf *conf = parts->conf;

	if (weft_names_init(&build->ports, conf->n_wires + conf->n_ports) != 0 ||
	    weft_names_init(&build->networks, conf->n_networks) != 0) {
		build->is_out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < conf->n_wires; i++)
		weft_names_add(&build->ports, conf->wires[i].name, parts->wire_ids[i]);
	for (uint32_t i = 0; i < conf->n_ports; i++)
		weft_names_add(&build->ports, conf->ports[i].name, parts->port_ids[i]);
	for (uint32_t i = 0; i < conf->n_networks; i++)
		weft_names_add(&build->networks, conf->networks[i].name, parts->network_ids[i]);
	weft_names_sort(&build->ports);
	weft_names_sort(&build->networks);
}

static void
build_wire(struct build *build, const struct weft_conf_wire *conf, uint16_t id)
{
	struct weft_attachment *wire = build_alloc(build, 1, sizeof(*wire));

	if (wire == NULL)
		return;
	build->topology->attachments[id] = wire;
	wire->port = build->parts->ports[id];
	wire->is_wire = true;
	wire->admin_up = conf->admin_up;
	wire->network = WEFT_NO_NETWORK;
	wire->mtu = conf->mtu;
	wire->miss_budget = conf->miss_budget;
	wire->rates[WEFT_BUDGET_ICMP_ERRORS] = BUILD_WIRE_ICMP_ERRORS;
	wire->rates[WEFT_BUDGET_LOG] = BUILD_WIRE_LOGS;
	wire->network_by_vid = build_alloc(build, WEFT_VIDS, sizeof(*wire->network_by_vid));
	if (wire->network_by_vid != NULL)
		memset(wire->network_by_vid, 0xff, WEFT_VIDS * sizeof(*wire->network_by_vid));
}

static void
build_pairs(struct build *build, struct weft_attachment *port, const struct weft_conf_port *conf)
{
	port->pairs = build_alloc(build, conf->n_pairs, sizeof(*port->pairs));
	for (uint32_t i = 0; port->pairs != NULL && i < conf->n_pairs; i++)
		port->pairs[port->n_pairs++] = (struct weft_pair){
			.ip = conf->pairs[i].ip,
			.mac = conf->pairs[i].mac,
		};
}

static bool
build_has_same_groups(const struct weft_conf_port *one, const struct weft_conf_port *other)
{
	if (one == NULL || one->n_groups != other->n_groups)
		return false;
	for (uint32_t i = 0; i < one->n_groups; i++)
		if (strcmp(one->groups[i], other->groups[i]) != 0)
			return false;
	return true;
}

/* Ports that stand together mostly have the same groups: their rules are compared once. */
static struct weft_policy *
build_find_policy(const struct build *build, const struct weft_conf_port *conf)
{
	if (build_has_same_groups(build->asked, conf))
		return weft_policy_hold(build->policy);
	return weft_policy_get(build->parts->conf, conf->groups, conf->n_groups);
}

/* Groups that let everything through need not be asked. */
static void
build_policy(struct build *build, struct weft_attachment *port, const struct weft_conf_port *conf)
{
	if (!port->is_secured)
		return;
	port->policy = build_find_policy(build, conf);
	if (port->policy == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	if (weft_policy_is_open(port->policy)) {
		weft_policy_put(port->policy);
		port->policy = NULL;
		return;
	}
	build->asked = conf;
	build->policy = port->policy;
	build->topology->networks[port->network]->is_filtered = true;
}

static void
build_limits(struct weft_attachment *port, const struct weft_conf_port *conf)
{
	port->mac_limit = conf->mac_limit;
	port->miss_budget = conf->miss_budget;
	port->connection_limit = conf->connection_limit;
	port->connection_reserve = conf->connection_reserve;
	port->fragment_limit = conf->fragment_limit;
	port->rates[WEFT_BUDGET_CONNECTIONS] = conf->connection_budget;
	port->rates[WEFT_BUDGET_MAC_MOVES] = conf->mac_move_budget;
	port->rates[WEFT_BUDGET_ARP] = conf->arp_budget;
	port->rates[WEFT_BUDGET_BROADCAST] = conf->broadcast_budget;
	port->rates[WEFT_BUDGET_ICMP_ERRORS] = conf->icmp_error_budget;
	port->rates[WEFT_BUDGET_LOG] = conf->log_budget;
}

static void
build_port(struct build *build, const struct weft_conf_port *conf, uint16_t id)
{
	struct weft_attachment *port = build_alloc(build, 1, sizeof(*port));

	if (port == NULL)
		return;
	build->topology->attachments[id] = port;
	port->port = build->parts->ports[id];
	port->admin_up = conf->admin_up;
	port->is_secured = conf->port_security;
	port->has_mac = conf->has_mac;
	port->mac = conf->mac;
	port->drops_at_limit = conf->mac_limit_action == WEFT_LIMIT_DROP;
	port->network = (uint16_t)weft_names_find(&build->networks, conf->network);
	port->mtu = conf->mtu;
	build_limits(port, conf);
	build_pairs(build, port, conf);
	build_policy(build, port, conf);
	port->n_addresses = (uint16_t)conf->n_addresses;
	port->addresses = build_alloc(build, conf->n_addresses, sizeof(*port->addresses));
	if (port->addresses == NULL)
		return;
	if (conf->n_addresses > 0)
		memcpy(port->addresses, conf->addresses,
		       conf->n_addresses * sizeof(*port->addresses));
}

static void
build_depth_all(struct weft_depth *depth)
{
	depth->is_ip = true;
	memset(depth->ip_by_vid, 0xff, sizeof(depth->ip_by_vid));
}

/* Port security looks for what a guest must not say; security groups of anybody in a network look
 * at whoever talks there. In an overlay ARP and ND are answered, and flows spread over the paths
 * outside by all that tells them apart. */
static void
build_depth_of_port(const struct build *build, struct weft_attachment *port)
{
	const struct weft_network *network = build->topology->networks[port->network];

	port->has_doors = network->n_doors > 0;
	if (port->is_secured || network->is_filtered || network->n_doors > 0 ||
	    weft_segment_is_tunnel(network->segment_ops))
		build_depth_all(&port->depth);
}

/* On a wire the networks that are filtered; and behind a tunnel all, if one of them is. */
static void
build_depth_of_network(const struct build *build, const struct weft_network *network)
{
	struct weft_topology *topology = build->topology;
	struct weft_attachment *wire;
	uint16_t vid;

	if (!network->is_filtered && network->n_doors == 0)
		return;
	if (weft_segment_is_tunnel(network->segment_ops)) {
		wire = topology->attachments[topology->endpoint->wire];
		topology->endpoint->terminator.is_deep = true;
		if (wire != NULL) {
			wire->terminator.is_deep = true;
			wire->has_doors |= network->n_doors > 0;
		}
		return;
	}
	if (network->wire == WEFT_NO_PORT || topology->attachments[network->wire] == NULL)
		return;
	wire = topology->attachments[network->wire];
	vid = network->segment_ops->vid(network);
	wire->has_doors |= network->n_doors > 0;
	wire->depth.is_ip = true;
	wire->depth.ip_by_vid[vid / 64] |= UINT64_C(1) << vid % 64;
}

/* What is routed may come to any network where a router is, and routers may look at ports. */
static void
build_gathers(struct weft_topology *topology)
{
	bool is_routed = topology->is_watched;

	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (topology->networks[id] != NULL && topology->networks[id]->n_doors > 0)
			is_routed |= topology->networks[id]->is_filtered;
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (topology->networks[id] != NULL)
			topology->networks[id]->gathers =
				topology->networks[id]->is_filtered ||
				(is_routed && topology->networks[id]->n_doors > 0);
}

static void
build_depths(struct build *build)
{
	struct weft_topology *topology = build->topology;

	build_gathers(topology);
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (topology->attachments[id] != NULL && !topology->attachments[id]->is_wire)
			build_depth_of_port(build, topology->attachments[id]);
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (topology->networks[id] != NULL)
			build_depth_of_network(build, topology->networks[id]);
}

static void
build_statics(struct build *build, struct weft_network *network,
	      const struct weft_conf_network *conf)
{
	network->statics = build_alloc(build, conf->n_static_macs, sizeof(*network->statics));
	if (network->statics == NULL)
		return;
	for (uint32_t i = 0; i < conf->n_static_macs; i++) {
		const struct weft_conf_static_mac *entry = &conf->static_macs[i];
		const char *name = entry->port != NULL ? entry->port : entry->wire;

		network->statics[network->n_statics++] = (struct weft_static_mac){
			.mac = entry->mac,
			.port = (uint16_t)weft_names_find(&build->ports, name),
		};
	}
}

static void
build_overlay(struct build *build, struct weft_network *network,
	      const struct weft_conf_network *conf)
{
	struct weft_endpoint *endpoint = build->topology->endpoint;

	if (endpoint == NULL || weft_overlay_build(network, conf) != 0 ||
	    weft_endpoint_add_segment(endpoint, conf->type, conf->segment, network->id) != 0)
		build->is_out_of_memory = true;
}

/* A wire that was opened anew is another link: a snapshot without it came in between. */
static uint32_t
build_link(const struct weft_endpoint *endpoint, const struct weft_attachment *wire)
{
	static uint32_t links;
	const struct weft_endpoint *before = weft_topology == NULL ? NULL : weft_topology->endpoint;
	const struct weft_attachment *old;

	if (before == NULL || before->wire != endpoint->wire)
		return ++links;
	old = weft_topology->attachments[before->wire];
	return old != NULL && old->port == wire->port ? before->terminator.link : ++links;
}

/* The wire learns what to take for the endpoint. */
static void
build_endpoint(struct build *build)
{
	const struct weft_conf_endpoint *conf = &build->parts->conf->endpoint;
	struct weft_attachment *wire;
	uint16_t id;

	if (!conf->is_there)
		return;
	id = (uint16_t)weft_names_find(&build->ports, conf->wire);
	build->topology->endpoint = weft_endpoint_create(conf, id);
	if (build->topology->endpoint == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	wire = build->topology->attachments[id];
	if (wire == NULL)
		return;
	build->topology->endpoint->terminator.link = build_link(build->topology->endpoint, wire);
	wire->terminator = build->topology->endpoint->terminator;
}

static void
build_network(struct build *build, const struct weft_conf_network *conf, uint16_t id)
{
	struct weft_network *network = build_alloc(build, 1, sizeof(*network));
	struct weft_attachment *wire = NULL;

	if (network == NULL)
		return;
	build->topology->networks[id] = network;
	network->id = id;
	snprintf(network->name, sizeof(network->name), "%s", conf->name);
	network->admin_up = conf->admin_up;
	network->drops_at_limit = conf->mac_limit_action == WEFT_LIMIT_DROP;
	network->segment = conf->segment;
	network->mtu = conf->mtu;
	network->mac_age_sec = conf->mac_age_sec;
	network->mac_limit = conf->mac_limit;
	network->segment_ops = weft_segment_find(conf->type);
	network->drops_unknown = conf->unknown_addresses == WEFT_UNKNOWN_DROP;
	network->wire = (uint16_t)weft_names_find(&build->ports, conf->wire);
	build_statics(build, network, conf);
	if (weft_segment_is_tunnel(network->segment_ops)) {
		build_overlay(build, network, conf);
		return;
	}
	network->members = build_alloc(build, 1, sizeof(*network->members));
	if (network->wire != WEFT_NO_PORT)
		wire = build->topology->attachments[network->wire];
	if (wire == NULL || wire->network_by_vid == NULL || network->members == NULL)
		return;
	wire->network_by_vid[network->segment_ops->vid(network)] = id;
	network->members[network->n_members++] = network->wire;
}

/* The ways out are members already: the wire, or the peers. Ports are counted, then room is made,
 * then they are filled in. */
static void
build_members(struct build *build)
{
	struct weft_topology *topology = build->topology;
	uint16_t *n_ports = build_alloc(build, WEFT_NETWORKS_MAX, sizeof(*n_ports));

	for (uint32_t id = 0; n_ports != NULL && id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = topology->attachments[id];

		if (port != NULL && !port->is_wire)
			n_ports[port->network]++;
	}
	for (uint32_t id = 0; n_ports != NULL && id < WEFT_NETWORKS_MAX; id++) {
		struct weft_network *network = topology->networks[id];
		uint16_t *members;

		if (network == NULL || n_ports[id] == 0)
			continue;
		members = realloc(network->members,
				  (network->n_members + n_ports[id]) * sizeof(*members));
		if (members == NULL)
			build->is_out_of_memory = true;
		else
			network->members = members;
	}
	for (uint32_t id = 0; !build->is_out_of_memory && id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = topology->attachments[id];
		struct weft_network *network;

		if (port == NULL || port->is_wire)
			continue;
		network = topology->networks[port->network];
		network->members[network->n_members++] = (uint16_t)id;
	}
	free(n_ports);
}

static void
build_router(struct build *build, const struct weft_conf_router *conf, uint16_t id)
{
	uint16_t *networks = build_alloc(build, conf->n_interfaces + 1, sizeof(*networks));
	struct weft_router *router = NULL;

	for (uint32_t i = 0; networks != NULL && i < conf->n_interfaces; i++)
		networks[i] =
			(uint16_t)weft_names_find(&build->networks, conf->interfaces[i].network);
	if (networks != NULL && conf->gateway.is_there)
		networks[conf->n_interfaces] =
			(uint16_t)weft_names_find(&build->networks, conf->gateway.network);
	if (networks != NULL)
		router = weft_router_create(conf, id, networks, &build->parts->conf->timeouts);
	free(networks);
	build->topology->routers[id] = router;
	if (router == NULL) {
		build->is_out_of_memory = true;
		return;
	}
	build->topology->is_watched |= weft_router_is_watching(router);
	if (weft_door_open(build->topology, router) != 0)
		build->is_out_of_memory = true;
}

/* What overlays know of their ports, and where their segments are found. */
static void
build_facts(struct build *build)
{
	const struct weft_topology_parts *parts = build->parts;

	for (uint32_t i = 0; i < parts->conf->n_ports; i++) {
		const struct weft_attachment *port =
			build->topology->attachments[parts->port_ids[i]];
		struct weft_network *network;

		if (port == NULL)
			continue;
		network = build->topology->networks[port->network];
		if (network->facts != NULL &&
		    weft_overlay_add_port(network, &parts->conf->ports[i], parts->port_ids[i]) != 0)
			build->is_out_of_memory = true;
	}
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (build->topology->networks[id] != NULL &&
		    build->topology->networks[id]->facts != NULL)
			weft_overlay_settle(build->topology->networks[id]);
	if (build->topology->endpoint != NULL)
		weft_endpoint_settle(build->topology->endpoint);
}

struct weft_topology *
weft_topology_build(const struct weft_topology_parts *parts)
{
	const struct weft_conf *conf = parts->conf;
	struct build build = { .parts = parts };

	build.topology = build_alloc(&build, 1, sizeof(*build.topology));
	if (build.topology == NULL)
		return NULL;
	build.topology->n_workers = parts->n_workers;
	build_names(&build);
	for (uint32_t i = 0; i < conf->n_wires && !build.is_out_of_memory; i++)
		if (parts->ports[parts->wire_ids[i]] != NULL)
			build_wire(&build, &conf->wires[i], parts->wire_ids[i]);
	build_endpoint(&build);
	for (uint32_t i = 0; i < conf->n_networks && !build.is_out_of_memory; i++)
		build_network(&build, &conf->networks[i], parts->network_ids[i]);
	for (uint32_t i = 0; i < conf->n_ports && !build.is_out_of_memory; i++)
		if (parts->ports[parts->port_ids[i]] != NULL)
			build_port(&build, &conf->ports[i], parts->port_ids[i]);
	for (uint32_t i = 0; i < conf->n_routers && !build.is_out_of_memory; i++)
		build_router(&build, &conf->routers[i], parts->router_ids[i]);
	if (!build.is_out_of_memory)
		build.is_out_of_memory = weft_prefix_build(build.topology, parts) != 0;
	if (!build.is_out_of_memory)
		build_members(&build);
	if (!build.is_out_of_memory)
		build_facts(&build);
	if (!build.is_out_of_memory)
		build_depths(&build);
	weft_names_fini(&build.ports);
	weft_names_fini(&build.networks);
	if (!build.is_out_of_memory)
		return build.topology;
	weft_topology_destroy(build.topology);
	return NULL;
}
