/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/show.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "topology/running.h"
#include "tunnel/endpoint.h"
#include "tunnel/remote.h"

/* Puts the numbers of the names into the order in which the document has them. */
static uint32_t
show_order(struct weft_names *names, uint16_t *ids, uint32_t n,
	   const char *(*name_of)(const struct weft_conf *, uint32_t))
{
	const struct weft_conf *conf = weft_running_conf();
	uint32_t found = 0;

	weft_names_sort(names);
	for (uint32_t i = 0; i < n; i++) {
		int32_t id = weft_names_find(names, name_of(conf, i));

		if (id >= 0)
			ids[found++] = (uint16_t)id;
	}
	weft_names_fini(names);
	return found;
}

static const char *
show_link_name(const struct weft_conf *conf, uint32_t at)
{
	return at < conf->n_wires ? conf->wires[at].name : conf->ports[at - conf->n_wires].name;
}

static const char *
show_conf_network_name(const struct weft_conf *conf, uint32_t at)
{
	return conf->networks[at].name;
}

uint32_t
weft_show_port_ids(uint16_t ids[WEFT_PORTS_MAX])
{
	const struct weft_conf *conf = weft_running_conf();
	struct weft_names names;

	if (weft_names_init(&names, WEFT_PORTS_MAX) != 0)
		abort();
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (weft_topology->attachments[id] != NULL)
			weft_names_add(&names, weft_topology->attachments[id]->port->name,
				       (uint16_t)id);
	return show_order(&names, ids, conf->n_wires + conf->n_ports, show_link_name);
}

uint32_t
weft_show_network_ids(uint16_t ids[WEFT_NETWORKS_MAX])
{
	struct weft_names names;

	if (weft_names_init(&names, WEFT_NETWORKS_MAX) != 0)
		abort();
	for (uint32_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (weft_topology->networks[id] != NULL)
			weft_names_add(&names, weft_topology->networks[id]->name, (uint16_t)id);
	return show_order(&names, ids, weft_running_conf()->n_networks, show_conf_network_name);
}

/* ---- places ---- */

uint16_t
weft_show_place_port(uint16_t place)
{
	if (!weft_place_is_remote(place))
		return place;
	return weft_topology->endpoint == NULL ? WEFT_NO_PORT : weft_topology->endpoint->wire;
}

json_t *
weft_show_place_endpoint(uint16_t place)
{
	struct weft_ip address;

	if (!weft_place_is_remote(place) || !weft_remote_address(place, &address))
		return json_null();
	return weft_show_address(&address);
}

bool
weft_show_is_guest(const struct weft_network *network, uint16_t member)
{
	return member != network->wire && !weft_place_is_remote(member);
}

/* ---- values ---- */

json_t *
weft_show_mac(const struct rte_ether_addr *mac)
{
	const uint8_t *b = mac->addr_bytes;

	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

json_t *
weft_show_ip(const struct weft_ip *ip)
{
	char text[INET6_ADDRSTRLEN + 4];

	weft_ip_format(ip, text);
	return json_string(text);
}

void
weft_show_address_format(const struct weft_ip *ip, char *text)
{
	struct weft_ip plain = *ip;

	plain.prefix = ip->family == AF_INET ? 32 : 128;
	weft_ip_format(&plain, text);
}

json_t *
weft_show_address(const struct weft_ip *ip)
{
	char text[INET6_ADDRSTRLEN + 4];

	weft_show_address_format(ip, text);
	return json_string(text);
}

json_t *
weft_show_port_name(uint16_t port)
{
	return json_string(weft_topology_port_name(weft_topology, port));
}

json_t *
weft_show_network_name(uint16_t network)
{
	if (network == WEFT_NO_NETWORK)
		return json_null();
	return json_string(weft_topology_network_name(weft_topology, network));
}

void
weft_show_protocol_format(uint8_t protocol, char *text, size_t size)
{
	const char *name = weft_protocol_name(protocol);

	if (name != NULL)
		snprintf(text, size, "%s", name);
	else
		snprintf(text, size, "%u", protocol);
}

json_t *
weft_show_protocol(uint8_t protocol)
{
	char text[16];

	weft_show_protocol_format(protocol, text, sizeof(text));
	return json_string(text);
}

const char *
weft_show_state(bool is_up)
{
	return is_up ? "up" : "down";
}

/* ---- counters ---- */

uint64_t
weft_show_drop_sum(const struct weft_port_count *count)
{
	uint64_t sum = 0;

	for (int drop = WEFT_NEXT + 1; drop < WEFT_DROPS_END; drop++)
		sum += count->drops[drop];
	return sum;
}

json_t *
weft_show_drop(enum weft_drop drop, uint64_t packets)
{
	const struct weft_drop_text *text = &weft_drop_texts[drop];

	return json_pack("{s:s, s:s, s:I, s:s}", "stage", text->stage, "reason", text->word,
			 "packets", (json_int_t)packets, "meaning", text->sentence);
}

uint64_t
weft_show_flow_count(void)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < weft_n_workers; i++)
		n += __atomic_load_n(&weft_workers[i]->table->n_flows, __ATOMIC_RELAXED);
	return n;
}
