/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel show: our end of all tunnels; tunnel list: the other ends. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "neighbour/neighbour.h"
#include "show/show.h"
#include "topology/running.h"
#include "tunnel/endpoint.h"
#include "tunnel/remote.h"

/* ---- tunnel show ---- */

static json_t *
tunnel_cmd_gateways(const struct weft_conf_endpoint *conf)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < conf->n_gateways; i++)
		json_array_append_new(rows, weft_show_address(&conf->gateways[i]));
	return rows;
}

static json_t *
tunnel_cmd_routes(const struct weft_conf_endpoint *conf)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < conf->n_routes; i++)
		json_array_append_new(
			rows, json_pack("{s:o, s:o}", "destination",
					weft_show_ip(&conf->routes[i].destination), "next_hop",
					weft_show_address(&conf->routes[i].next_hop)));
	return rows;
}

static int
tunnel_cmd_count_remotes(void)
{
	struct weft_ip address;
	uint32_t cursor = 0;
	bool is_held;
	int n = 0;

	while (weft_remote_next(&cursor, &address, &is_held) != WEFT_NO_PORT)
		n++;
	return n;
}

static json_t *
tunnel_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_endpoint *endpoint = weft_topology->endpoint;
	const struct weft_conf_endpoint *conf = &weft_running_conf()->endpoint;

	(void)call;
	if (endpoint == NULL) {
		weft_errors_add(errors, "there is no tunnel-endpoint in the configuration");
		return NULL;
	}
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:i, s:i, s:i, s:i, s:b, s:i, s:i}", "address",
		weft_show_ip(&endpoint->address), "mac", weft_show_mac(&endpoint->terminator.mac),
		"physical_network", weft_show_port_name(endpoint->wire), "vlan",
		conf->vlan != 0 ? json_integer(conf->vlan) : json_null(), "mtu",
		(int)weft_running_wire(endpoint->wire)->mtu, "gateways", tunnel_cmd_gateways(conf),
		"routes", tunnel_cmd_routes(conf), "vxlan_port", (int)conf->vxlan_port,
		"geneve_port", (int)conf->geneve_port, "dscp", (int)conf->dscp, "ttl",
		(int)conf->ttl, "udp_checksum", conf->udp_checksum, "networks",
		(int)endpoint->n_segments, "remotes", tunnel_cmd_count_remotes());
}

/* ---- tunnel list ---- */

/* What is counted for each remote endpoint, by its number. */
struct tunnel_cmd_sums {
	uint32_t networks[WEFT_REMOTES_MAX];
	uint32_t macs[WEFT_REMOTES_MAX];
};

struct tunnel_cmd_remote {
	uint16_t place;
	bool is_held;
	struct weft_ip address;
};

static void
tunnel_cmd_count(uint32_t counts[WEFT_REMOTES_MAX], uint16_t place)
{
	if (weft_place_is_remote(place))
		counts[place - WEFT_PLACE_REMOTE]++;
}

static void
tunnel_cmd_sum(struct tunnel_cmd_sums *sums)
{
	struct weft_fdb_row row;
	uint32_t cursor = 0;

	memset(sums, 0, sizeof(*sums));
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = weft_topology->networks[id];

		for (uint16_t i = 0; network != NULL && i < network->n_members; i++)
			tunnel_cmd_count(sums->networks, network->members[i]);
	}
	while (weft_fdb_next(&cursor, weft_clock_sec(), &row))
		tunnel_cmd_count(sums->macs, row.place);
}

/* Those by which packets go to a remote endpoint; one that answers is enough for it to be
 * reachable. */
/* Nobody is reachable without the wire, whatever was known of him. */
static bool
tunnel_cmd_is_wire_up(void)
{
	const struct weft_endpoint *endpoint = weft_topology->endpoint;
	const struct weft_attachment *wire =
		endpoint == NULL ? NULL : weft_topology->attachments[endpoint->wire];

	return endpoint == NULL || (wire != NULL && wire->admin_up && weft_port_is_up(wire->port));
}

static json_t *
tunnel_cmd_next_hops(const struct weft_ip *to, const char **state)
{
	enum weft_neighbour_state best = WEFT_NEIGHBOUR_NONE;
	struct weft_ip hops[WEFT_NEXT_HOPS_MAX];
	json_t *rows = json_array();
	uint32_t n = 0;

	if (weft_topology->endpoint != NULL)
		n = weft_endpoint_next_hops(weft_topology->endpoint, to, hops);
	for (uint32_t i = 0; i < n; i++) {
		enum weft_neighbour_state now;
		struct rte_ether_addr mac;
		bool is_known;

		now = weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &hops[i], &mac);
		is_known = now == WEFT_NEIGHBOUR_REACHABLE || now == WEFT_NEIGHBOUR_PROBE;
		if (i == 0 || is_known)
			best = is_known ? WEFT_NEIGHBOUR_REACHABLE : now;
		json_array_append_new(rows, json_pack("{s:o, s:o, s:s}", "address",
						      weft_show_address(&hops[i]), "mac",
						      is_known ? weft_show_mac(&mac) : json_null(),
						      "state", weft_neighbour_state_name(now)));
	}
	*state = n == 0 ? "no-route" : weft_neighbour_state_name(best);
	return rows;
}

static json_t *
tunnel_cmd_row(const struct tunnel_cmd_remote *remote, const struct tunnel_cmd_sums *sums)
{
	const struct weft_endpoint *endpoint = weft_topology->endpoint;
	uint16_t number = remote->place - WEFT_PLACE_REMOTE;
	struct weft_remote_count count;
	const char *state;
	json_t *hops = tunnel_cmd_next_hops(&remote->address, &state);

	if (!tunnel_cmd_is_wire_up())
		state = "wire-down";

	weft_remote_count_sum(remote->place, &count);
	return json_pack("{s:o, s:s, s:o, s:i, s:o, s:s, s:i, s:I, s:I, s:I, s:I}", "remote",
			 weft_show_address(&remote->address), "origin",
			 remote->is_held ? "configured" : "learned", "local",
			 endpoint == NULL ? json_null() : weft_show_address(&endpoint->address),
			 "networks", (int)sums->networks[number], "next_hops", hops, "state", state,
			 "macs", (int)sums->macs[number], "tx_packets",
			 (json_int_t)count.tx_packets, "tx_bytes", (json_int_t)count.tx_bytes,
			 "rx_packets", (json_int_t)count.rx_packets, "rx_bytes",
			 (json_int_t)count.rx_bytes);
}

static int
tunnel_cmd_compare(const void *a, const void *b)
{
	const struct tunnel_cmd_remote *left = a, *right = b;

	return weft_ip_compare(&left->address, &right->address);
}

static json_t *
tunnel_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	static struct tunnel_cmd_remote remotes[WEFT_REMOTES_MAX];
	static struct tunnel_cmd_sums sums;
	uint32_t cursor = 0, n = 0;
	json_t *rows = json_array();

	(void)call;
	(void)errors;
	for (; n < WEFT_REMOTES_MAX; n++) {
		remotes[n].place =
			weft_remote_next(&cursor, &remotes[n].address, &remotes[n].is_held);
		if (remotes[n].place == WEFT_NO_PORT)
			break;
	}
	qsort(remotes, n, sizeof(remotes[0]), tunnel_cmd_compare);
	tunnel_cmd_sum(&sums);
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(rows, tunnel_cmd_row(&remotes[i], &sums));
	return rows;
}

WEFT_CMD("tunnel", "show", tunnel_cmd_show);
WEFT_CMD("tunnel", "list", tunnel_cmd_list);
