/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A site: a small random configuration that changes step by step, the way operators' do.
 *
 * Names are few and devices fewer, so that ports change places, take over each other's sockets,
 * and names of wires become names of ports. What a step makes need not be valid: the loader says
 * so, and site_step() tries another one.
 */
#ifndef TEST_UNIT_SITE_HELPER_H
#define TEST_UNIT_SITE_HELPER_H

#include "conf_helper.h"
#include "dice_helper.h"

#define SITE_WIRES 3
#define SITE_NETWORKS 6
#define SITE_PORTS 9
#define SITE_NAMES 10 /* x0 .. x9 for wires and ports alike */
#define SITE_GROUPS 6 /* lists of security groups, see site_groups */
#define SITE_REMOTES 4 /* tunnel endpoints elsewhere; the last one is behind gateways */

struct site {
	struct site_wire {
		bool is_there, is_down;
		uint32_t name, device, option, mtu;
	} wires[SITE_WIRES];
	struct site_network {
		bool is_there, is_down, forwards;
		uint32_t type, wire, segment, mtu, age, limit;
		uint32_t statics; /* how many: MAC and port follow from the number */
		/* Overlays: by bit; how many, and from which remote on; what happens to questions. */
		uint32_t peers, neighbours, at, drops_unknown;
	} networks[SITE_NETWORKS];
	struct site_port {
		bool is_there, is_down, forwards, is_open; /* open: without port security */
		uint32_t name, network, socket, queues, mac, address, mtu, limit, groups;
	} ports[SITE_PORTS];
	struct site_endpoint {
		bool is_there, is_ip6;
		uint32_t wire, vlan, gateways, dscp, vxlan_port;
	} endpoint;
};

static inline uint32_t
site_pick(struct dice *dice, const uint32_t *values, uint32_t n)
{
	return values[dice_below(dice, n)];
}

#define SITE_PICK(dice, ...)                                                                       \
	site_pick(dice, (const uint32_t[]){ __VA_ARGS__ },                                         \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static inline void
site_change_wire(struct site_wire *wire, struct dice *dice)
{
	switch (dice_below(dice, 6)) {
	case 0:
		wire->is_there = !wire->is_there || !dice_once_in(dice, 4);
		break;
	case 1:
		wire->name = dice_below(dice, SITE_NAMES);
		break;
	case 2:
		wire->device = dice_below(dice, SITE_WIRES + 1);
		break;
	case 3:
		wire->option = dice_below(dice, 2);
		break;
	case 4:
		wire->mtu = SITE_PICK(dice, 0, 0, 1600, 9000);
		break;
	case 5:
		wire->is_down = dice_once_in(dice, 4);
		break;
	}
}

static inline void
site_change_network(struct site_network *network, struct dice *dice)
{
	switch (dice_below(dice, 11)) {
	case 0:
		network->is_there = !network->is_there || !dice_once_in(dice, 4);
		break;
	case 1:
		network->type = dice_below(dice, 7);
		break;
	case 2:
		network->wire = dice_below(dice, SITE_WIRES);
		break;
	case 3:
		network->segment = dice_below(dice, 4) * 10 + 10;
		break;
	case 4:
		network->mtu = SITE_PICK(dice, 0, 0, 100, 1400);
		break;
	case 5:
		network->age = SITE_PICK(dice, 0, 10, 15, 20);
		break;
	case 6:
		network->limit = SITE_PICK(dice, 0, 0, 1, 2, 4);
		network->forwards = dice_once_in(dice, 2);
		break;
	case 7:
		network->statics = dice_below(dice, 3);
		break;
	case 8:
		network->is_down = dice_once_in(dice, 4);
		break;
	case 9:
		network->peers = dice_below(dice, 1 << SITE_REMOTES);
		break;
	case 10:
		network->neighbours = dice_below(dice, 3);
		network->at = dice_below(dice, SITE_REMOTES);
		network->drops_unknown = dice_below(dice, 2);
		break;
	}
}

static inline void
site_change_endpoint(struct site_endpoint *endpoint, struct dice *dice)
{
	switch (dice_below(dice, 7)) {
	case 0:
		endpoint->is_there = !endpoint->is_there || !dice_once_in(dice, 4);
		break;
	case 1:
		endpoint->is_ip6 = dice_once_in(dice, 2);
		break;
	case 2:
		endpoint->wire = dice_below(dice, SITE_WIRES);
		break;
	case 3:
		endpoint->vlan = SITE_PICK(dice, 0, 0, 0, 50);
		break;
	case 4:
		endpoint->gateways = dice_below(dice, 3);
		break;
	case 5:
		endpoint->dscp = SITE_PICK(dice, 0, 46);
		break;
	case 6:
		endpoint->vxlan_port = SITE_PICK(dice, 4789, 8472);
		break;
	}
}

static inline void
site_change_port(struct site_port *port, struct dice *dice)
{
	switch (dice_below(dice, 11)) {
	case 0:
		port->is_there = !port->is_there || !dice_once_in(dice, 3);
		break;
	case 1:
		port->name = dice_below(dice, SITE_NAMES);
		break;
	case 2:
		port->network = dice_below(dice, SITE_NETWORKS);
		break;
	case 3:
		port->socket = dice_below(dice, SITE_PORTS + 1);
		break;
	case 4:
		port->queues = 1 + dice_below(dice, 3);
		break;
	case 5:
		port->mac = SITE_PICK(dice, 0, 0, 1, 2, 3);
		break;
	case 6:
		port->address = SITE_PICK(dice, 0, 0, 1, 2, 3);
		break;
	case 7:
		port->mtu = SITE_PICK(dice, 0, 0, 90, 1000);
		break;
	case 8:
		port->limit = SITE_PICK(dice, 0, 0, 1, 2, 3);
		port->forwards = dice_once_in(dice, 2);
		break;
	case 9:
		port->is_down = dice_once_in(dice, 4);
		port->is_open = dice_once_in(dice, 2);
		break;
	case 10:
		port->groups = dice_below(dice, SITE_GROUPS);
		break;
	}
}

/* A site to begin with, full of everything. */
static inline struct site
site_first(void)
{
	struct site site = { 0 };

	for (uint32_t i = 0; i < SITE_WIRES; i++)
		site.wires[i] = (struct site_wire){ .is_there = i < 2, .name = i, .device = i };
	for (uint32_t i = 0; i < SITE_NETWORKS; i++)
		site.networks[i] = (struct site_network){
			.is_there = i < 5,
			.type = i < 3 ? i % 3 : i + 1,
			.wire = i % 2,
			.segment = 10 * i + 10,
			.peers = 7,
			.neighbours = 2,
		};
	for (uint32_t i = 0; i < SITE_PORTS; i++)
		site.ports[i] = (struct site_port){
			.is_there = i < 7,
			.name = i + 3,
			.network = i % 5,
			.socket = i,
			.queues = 1,
		};
	site.endpoint =
		(struct site_endpoint){ .is_there = true, .gateways = 1, .vxlan_port = 4789 };
	return site;
}

/* ---- YAML ---- */

static inline void
site_write_option(FILE *out, const char *key, uint32_t value)
{
	if (value != 0)
		fprintf(out, ", %s: %u", key, value);
}

/* Where a remote endpoint is, or a gateway (253, 254); of our endpoint's family. */
static inline const char *
site_remote(const struct site_endpoint *endpoint, uint32_t host, char text[static 40])
{
	bool is_far = host == 1 + SITE_REMOTES;

	snprintf(text, 40,
		 endpoint->is_ip6 ? (is_far ? "2001:db8:f::%x" : "2001:db8:e::%x") :
		 is_far		  ? "198.51.100.%u" :
				    "192.0.2.%u",
		 host);
	return text;
}

static inline void
site_write_overlay(const struct site *site, uint32_t i, FILE *out)
{
	const struct site_network *network = &site->networks[i];
	const char *comma = "";
	char text[40];

	fprintf(out, ", unknown-addresses: %s, peers: [",
		network->drops_unknown ? "drop" : "flood");
	for (uint32_t j = 0; j < SITE_REMOTES; j++)
		if (network->peers & 1u << j) {
			fprintf(out, "%s\"%s\"", comma, site_remote(&site->endpoint, 2 + j, text));
			comma = ", ";
		}
	fprintf(out, "], neighbours: [");
	for (uint32_t j = 0; j < network->neighbours; j++)
		fprintf(out, "%s{mac: \"02:00:00:00:00:%02x\", ip: 10.0.0.%u, at: \"%s\"}",
			j > 0 ? ", " : "", 4 + j, 4 + j,
			site_remote(&site->endpoint, 2 + (network->at + j) % SITE_REMOTES, text));
	fprintf(out, "]");
}

static inline void
site_write_network(const struct site *site, uint32_t i, FILE *out)
{
	static const char *const types[] = { "local", "flat", "vlan",  "vlan",
					     "vxlan", "gre",  "geneve" };
	const struct site_network *network = &site->networks[i];
	uint32_t left = network->statics;

	fprintf(out, "  - {name: n%u, type: %s", i, types[network->type]);
	if (network->type > 0 && network->type < 4)
		fprintf(out, ", physical-network: x%u", site->wires[network->wire].name);
	if (network->type > 1)
		fprintf(out, ", segment: %u", network->segment);
	if (network->type > 3)
		site_write_overlay(site, i, out);
	fprintf(out, "%s%s", network->is_down ? ", admin: down" : "",
		network->forwards ? ", mac-limit-action: forward" : "");
	site_write_option(out, "mtu", network->mtu);
	site_write_option(out, "mac-age", network->age);
	site_write_option(out, "mac-limit", network->limit);
	fprintf(out, ", static-macs: [");
	for (uint32_t j = 0; j < SITE_PORTS && left > 0; j++)
		if (site->ports[j].is_there && site->ports[j].network == i) {
			fprintf(out, "%s{mac: \"02:00:00:00:00:%02x\", port: x%u}",
				left == network->statics ? "" : ", ", left, site->ports[j].name);
			left--;
		}
	fprintf(out, "]}\n");
}

static inline void
site_write_endpoint(const struct site *site, FILE *out)
{
	const struct site_endpoint *endpoint = &site->endpoint;
	char text[40];

	if (!endpoint->is_there)
		return;
	fprintf(out,
		"tunnel-endpoint: {physical-network: x%u, address: \"%s/%s\", "
		"mac: \"02:00:00:00:00:ee\", dscp: %u, vxlan-port: %u, gateway: [",
		site->wires[endpoint->wire].name, site_remote(endpoint, 1, text),
		endpoint->is_ip6 ? "64" : "24", endpoint->dscp, endpoint->vxlan_port);
	for (uint32_t i = 0; i < endpoint->gateways; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", site_remote(endpoint, 0xfe - i, text));
	fprintf(out, "]");
	site_write_option(out, "vlan", endpoint->vlan);
	fprintf(out, "}\n");
}

/* Half of the lists let everything through. */
static const char *const site_groups[SITE_GROUPS] = {
	"open", "open, udp", "open, each-other", "each-other", "udp, stateless", "",
};

static const char site_group_rules[] =
	"security-groups:\n"
	"  - {name: open, rules: [{direction: ingress}]}\n"
	"  - {name: each-other, rules: [{direction: ingress, remote-group: each-other}]}\n"
	"  - {name: udp, on-change: persist,\n"
	"     rules: [{direction: ingress, protocol: udp}, {direction: egress, protocol: icmp}]}\n"
	"  - {name: stateless, stateful: false, rules: [{direction: egress, protocol: udp}]}\n";

static inline void
site_write_port(const struct site_port *port, FILE *out)
{
	fprintf(out, "  - {name: x%u, network: n%u, vhost-user: /s/%u, queues: %u%s%s%s",
		port->name, port->network, port->socket, port->queues,
		port->is_down ? ", admin: down" : "", port->is_open ? ", port-security: false" : "",
		port->forwards ? ", mac-limit-action: forward" : "");
	if (port->mac != 0)
		fprintf(out, ", mac: \"02:00:00:00:00:%02x\"", port->mac);
	if (port->address != 0)
		fprintf(out, ", addresses: [10.0.0.%u, \"2001:db8::%u\"]", port->address,
			port->address);
	site_write_option(out, "mtu", port->mtu);
	site_write_option(out, "mac-limit", port->limit);
	if (!port->is_open)
		fprintf(out, ", security-groups: [%s]", site_groups[port->groups]);
	/* Budgets that no test reaches. */
	fprintf(out, ", miss-budget: 100000000, arp-budget: 100000000, "
		     "new-connection-budget: 100000000, broadcast-budget: 100000000, "
		     "mac-move-budget: 100000000, connection-reserve: 0}\n");
}

/** The document; the caller frees it. */
static inline char *
site_write(const struct site *site)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	const char *title = "physical-networks:\n";

	assert_non_null(out);
	for (uint32_t i = 0; i < SITE_WIRES; i++) {
		const struct site_wire *wire = &site->wires[i];

		if (!wire->is_there)
			continue;
		fprintf(out, "%s  - {name: x%u, device: \"net_null%u,x=%u\"%s", title, wire->name,
			wire->device, wire->option, wire->is_down ? ", admin: down" : "");
		site_write_option(out, "mtu", wire->mtu);
		fprintf(out, ", miss-budget: 100000000}\n");
		title = "";
	}
	site_write_endpoint(site, out);
	title = "networks:\n";
	for (uint32_t i = 0; i < SITE_NETWORKS; i++) {
		if (!site->networks[i].is_there)
			continue;
		fputs(title, out);
		site_write_network(site, i, out);
		title = "";
	}
	fputs(site_group_rules, out);
	title = "ports:\n";
	for (uint32_t i = 0; i < SITE_PORTS; i++) {
		if (!site->ports[i].is_there)
			continue;
		fputs(title, out);
		site_write_port(&site->ports[i], out);
		title = "";
	}
	fputs("host: {memory: 64M}\n", out);
	fclose(out);
	return text;
}

/** The next site: some changes, as many tries as it takes. @return its document, loaded */
static inline struct weft_conf *
site_step(struct site *site, struct dice *dice)
{
	struct weft_conf *conf = NULL;

	while (conf == NULL) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		struct site next = *site;
		char *text;

		for (uint32_t i = 1 + dice_below(dice, 4); i > 0; i--) {
			uint32_t what = dice_below(dice, 11);

			if (what < 2)
				site_change_wire(&next.wires[dice_below(dice, SITE_WIRES)], dice);
			else if (what < 5)
				site_change_network(&next.networks[dice_below(dice, SITE_NETWORKS)],
						    dice);
			else if (what < 6)
				site_change_endpoint(&next.endpoint, dice);
			else
				site_change_port(&next.ports[dice_below(dice, SITE_PORTS)], dice);
		}
		text = site_write(&next);
		conf = weft_conf_load_text(text, strlen(text), "site", &errors);
		if (conf != NULL)
			*site = next;
		weft_errors_clear(&errors);
		free(text);
	}
	return conf;
}

#endif
