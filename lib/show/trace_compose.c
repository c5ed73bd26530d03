/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/trace_compose.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "neighbour/neighbour.h"
#include "show/show.h"
#include "show/trace_tunnel.h"
#include "topology/running.h"

#define COMPOSE_ADDRESSES 16 /* of a guest elsewhere that are looked at */

struct compose {
	uint16_t network; /* that the packet would be in, or WEFT_NO_NETWORK */
	bool has_tunnel;
	struct weft_trace_packet packet;
	struct weft_trace_tunnel tunnel;
	struct weft_trace_sender sender;
	char sender_name[INET6_ADDRSTRLEN + 16];
	struct weft_ip addresses[COMPOSE_ADDRESSES];
	struct weft_errors *errors;
};

/* Who has an address in the network that the packet would be in? */
static bool
compose_resolve(void *context, const struct weft_ip *ip, struct rte_ether_addr *mac)
{
	const struct compose *compose = context;
	const struct weft_known *known = NULL;
	const struct weft_network *network;

	if (compose->network == WEFT_NO_NETWORK)
		return false;
	/* What was heard wins against what the configuration says. */
	if (weft_neighbour_lookup(compose->network, ip, mac) == WEFT_NEIGHBOUR_REACHABLE)
		return true;
	network = weft_topology->networks[compose->network];
	if (weft_network_is_overlay(network))
		known = weft_network_find_known(network, ip);
	if (known != NULL) {
		*mac = known->mac;
		return true;
	}
	for (uint16_t i = 0; i < network->n_members; i++) {
		const struct weft_attachment *port;

		if (!weft_show_is_guest(network, network->members[i]))
			continue;
		port = weft_topology->attachments[network->members[i]];
		for (uint16_t j = 0; port->has_mac && j < port->n_addresses; j++) {
			if (weft_ip_compare(&port->addresses[j], ip) != 0)
				continue;
			*mac = port->mac;
			return true;
		}
	}
	return false;
}

/* ---- from a guest or a wire ---- */

static void
compose_set_port(struct compose *compose, const struct weft_attachment *port)
{
	compose->network = port->network;
	if (port->is_wire)
		compose->network =
			port->network_by_vid[compose->packet.values[WEFT_WORD_VLAN_ID].number];
	compose->sender.name = port->port->name;
	compose->sender.mac = port->has_mac ? &port->mac : NULL;
	compose->sender.addresses = port->addresses;
	compose->sender.n_addresses = port->n_addresses;
}

/* ---- from another host ---- */

/* The first guest of that host that could have sent it: all rows with his MAC are his. */
static void
compose_set_remote_guest(struct compose *compose, const struct weft_conf_network *network)
{
	const struct weft_trace_packet *packet = &compose->packet;
	struct weft_trace_sender *sender = &compose->sender;

	for (uint32_t i = 0; i < network->n_neighbours; i++) {
		const struct weft_conf_neighbour *row = &network->neighbours[i];

		if (weft_ip_compare(&row->at, &compose->tunnel.from) != 0 ||
		    (weft_trace_has_word(packet, WEFT_WORD_ETH_SRC) &&
		     !rte_is_same_ether_addr(&row->mac, &packet->values[WEFT_WORD_ETH_SRC].mac)))
			continue;
		if (sender->mac == NULL)
			sender->mac = &row->mac;
		if (row->has_ip && sender->n_addresses < COMPOSE_ADDRESSES &&
		    rte_is_same_ether_addr(&row->mac, sender->mac))
			compose->addresses[sender->n_addresses++] = row->ip;
	}
	sender->addresses = compose->addresses;
}

/* From which host? */
static int
compose_set_from(struct compose *compose, const struct weft_endpoint *endpoint,
		 const struct weft_conf_network *network)
{
	struct weft_trace_tunnel *tunnel = &compose->tunnel;
	char text[INET6_ADDRSTRLEN + 4];

	if (!tunnel->has_from && network == NULL)
		return weft_errors_add(compose->errors,
				       "%s: from is missing, and no network has segment %u",
				       tunnel->name, tunnel->segment);
	if (!tunnel->has_from && network->n_peers == 0)
		return weft_errors_add(compose->errors, "%s: from is missing, and %s has no peers",
				       tunnel->name, network->name);
	if (!tunnel->has_from)
		tunnel->from = network->peers[0];
	weft_show_address_format(&tunnel->from, text);
	if (tunnel->from.family != endpoint->terminator.family)
		return weft_errors_add(
			compose->errors, "%s: from: %s; our tunnel-endpoint has an IPv%c address",
			tunnel->name, text, endpoint->terminator.family == AF_INET ? '4' : '6');
	snprintf(compose->sender_name, sizeof(compose->sender_name), "a guest at %s", text);
	compose->sender.name = compose->sender_name;
	return 0;
}

/* The next hop to the other host is taken for the last one from there. */
static void
compose_set_via(struct weft_trace_tunnel *tunnel, const struct weft_endpoint *endpoint)
{
	const uint8_t *last = tunnel->from.bytes + (tunnel->from.family == AF_INET ? 0 : 12);
	struct weft_ip hops[WEFT_NEXT_HOPS_MAX];

	/* As good as any while he is not known. */
	tunnel->via = (struct rte_ether_addr){ { 0x02, 0x00, last[0], last[1], last[2], last[3] } };
	if (weft_endpoint_next_hops(endpoint, &tunnel->from, hops) > 0)
		weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &hops[0], &tunnel->via);
}

static int
compose_set_host(struct compose *compose, const struct weft_attachment *port,
		 const struct weft_endpoint *endpoint)
{
	const struct weft_trace_tunnel *tunnel = &compose->tunnel;
	const struct weft_conf_network *network = NULL;

	if (endpoint == NULL)
		return weft_errors_add(compose->errors, "%s: there is no tunnel-endpoint",
				       tunnel->name);
	if (weft_topology->attachments[endpoint->wire] != port)
		return weft_errors_add(compose->errors,
				       "%s: tunnels end at %s; %s is no physical-network of the "
				       "tunnel-endpoint",
				       tunnel->name,
				       weft_topology_port_name(weft_topology, endpoint->wire),
				       port->port->name);
	compose->network = weft_endpoint_find_network(endpoint, tunnel->type, tunnel->segment);
	if (compose->network != WEFT_NO_NETWORK)
		network = weft_running_network(compose->network);
	if (compose_set_from(compose, endpoint, network) != 0)
		return -EINVAL;
	if (network != NULL)
		compose_set_remote_guest(compose, network);
	compose_set_via(&compose->tunnel, endpoint);
	return 0;
}

int
weft_trace_compose(uint16_t port, const char *words, uint8_t frame[WEFT_TRACE_FRAME_MAX],
		   struct weft_errors *errors)
{
	const struct weft_attachment *attachment = weft_topology->attachments[port];
	const struct weft_endpoint *endpoint = weft_topology->endpoint;
	struct compose compose = { .errors = errors };
	int length;

	compose.sender.resolve = compose_resolve;
	compose.sender.context = &compose;
	if (weft_trace_words_parse(words, &compose.packet, errors) != 0)
		return -EINVAL;
	compose.has_tunnel = weft_trace_tunnel_read(&compose.packet, &compose.tunnel);
	if (!compose.has_tunnel)
		compose_set_port(&compose, attachment);
	else if (compose_set_host(&compose, attachment, endpoint) != 0)
		return -EINVAL;
	if (weft_trace_packet_complete(&compose.packet, &compose.sender, errors) != 0)
		return -EINVAL;
	length = weft_trace_frame_build(&compose.packet, frame, errors);
	if (length < 0 || !compose.has_tunnel)
		return length;
	return weft_trace_tunnel_wrap(&compose.tunnel, endpoint, frame, (uint32_t)length, errors);
}
