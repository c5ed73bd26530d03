/* SPDX-License-Identifier: BSD-3-Clause */
/* filter: from the names in a command to numbers, or to an error that helps. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf/near.h"
#include "show/show.h"
#include "topology/running.h"
#include "tunnel/remote.h"

#define FILTER_NAMED 8 /* names that an error lists at most */

/* "no port 'vm9'; ports are: vm1, vm2, and 5 more"; what was probably meant comes first. */
static void
filter_add_unknown(const char *noun, const char *name, const char *const *names, uint32_t n,
		   struct weft_errors *errors)
{
	char known[FILTER_NAMED * (WEFT_CONF_NAME_MAX + 3) + 32] = "";
	size_t used = 0;
	uint32_t listed = 0;

	if (n == 0) {
		weft_errors_add(errors, "no %s '%.64s'; there are none", noun, name);
		return;
	}
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < n && listed < FILTER_NAMED; i++) {
			if (conf_is_near(name, names[i]) != (pass == 0))
				continue;
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 listed++ > 0 ? ", " : "", names[i]);
		}
	}
	if (n > listed)
		snprintf(known + used, sizeof(known) - used, " and %u more", n - listed);
	weft_errors_add(errors, "no %s '%.64s'; %ss are: %s", noun, name, noun, known);
}

int32_t
weft_show_find_port(const char *name, struct weft_errors *errors)
{
	int32_t id = weft_topology_find_port(weft_topology, name);
	uint16_t ids[WEFT_PORTS_MAX];
	const char *names[WEFT_PORTS_MAX];
	uint32_t n;

	if (id >= 0)
		return id;
	n = weft_show_port_ids(ids);
	for (uint32_t i = 0; i < n; i++)
		names[i] = weft_topology->attachments[ids[i]]->port->name;
	filter_add_unknown("port", name, names, n, errors);
	return -1;
}

int32_t
weft_show_find_network(const char *name, struct weft_errors *errors)
{
	int32_t id = weft_topology_find_network(weft_topology, name);
	uint16_t ids[WEFT_NETWORKS_MAX];
	const char **names;
	uint32_t n;

	if (id >= 0)
		return id;
	n = weft_show_network_ids(ids);
	names = calloc(n + 1, sizeof(*names));
	if (names == NULL)
		abort();
	for (uint32_t i = 0; i < n; i++)
		names[i] = weft_topology->networks[ids[i]]->name;
	filter_add_unknown("network", name, names, n, errors);
	free(names);
	return -1;
}

const struct weft_conf_group *
weft_show_find_group(const char *name, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	const char **names = calloc(conf->n_groups + 1, sizeof(*names));
	const struct weft_conf_group *found = NULL;

	if (names == NULL)
		abort();
	for (uint32_t i = 0; i < conf->n_groups; i++) {
		names[i] = conf->groups[i].name;
		if (strcmp(names[i], name) == 0)
			found = &conf->groups[i];
	}
	if (found == NULL)
		filter_add_unknown("security group", name, names, conf->n_groups, errors);
	free(names);
	return found;
}

const struct weft_conf_router *
weft_show_find_router(const char *name, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	const char **names = calloc(conf->n_routers + 1, sizeof(*names));
	const struct weft_conf_router *found = NULL;

	if (names == NULL)
		abort();
	for (uint32_t i = 0; i < conf->n_routers; i++) {
		names[i] = conf->routers[i].name;
		if (strcmp(names[i], name) == 0)
			found = &conf->routers[i];
	}
	if (found == NULL)
		filter_add_unknown("router", name, names, conf->n_routers, errors);
	free(names);
	return found;
}

/* @return its place, or WEFT_NO_PORT with a sentence that names some that exist */
static uint16_t
filter_find_endpoint(const char *text, struct weft_errors *errors)
{
	struct weft_ip ip = { .family = strchr(text, ':') == NULL ? AF_INET : AF_INET6 };
	char(*texts)[INET6_ADDRSTRLEN + 4];
	const char **names;
	uint32_t cursor = 0, n = 0;
	uint16_t place;
	bool is_held;

	if (inet_pton(ip.family, text, ip.bytes) != 1) {
		weft_errors_add(errors, "endpoint: '%.64s' is not an address (192.0.2.2)", text);
		return WEFT_NO_PORT;
	}
	place = weft_remote_find(&ip);
	if (place != WEFT_NO_PORT)
		return place;
	names = calloc(WEFT_REMOTES_MAX, sizeof(*names));
	texts = calloc(WEFT_REMOTES_MAX, sizeof(*texts));
	if (names == NULL || texts == NULL)
		abort();
	while (n < WEFT_REMOTES_MAX && weft_remote_next(&cursor, &ip, &is_held) != WEFT_NO_PORT) {
		weft_show_address_format(&ip, texts[n]);
		names[n] = texts[n];
		n++;
	}
	filter_add_unknown("endpoint", text, names, n, errors);
	free(names);
	free(texts);
	return WEFT_NO_PORT;
}

static const char *
filter_value(const struct weft_cmd_call *call, const char *key)
{
	return weft_cmd_arg_index(call->spec, key) < 0 ? NULL : weft_cmd_string(call, key);
}

bool
weft_show_filter_read(const struct weft_cmd_call *call, struct weft_show_filter *filter,
		      struct weft_errors *errors)
{
	const char *network = filter_value(call, "network");
	const char *port = filter_value(call, "port");
	const char *endpoint = filter_value(call, "endpoint");
	const char *mac = filter_value(call, "mac");

	*filter = (struct weft_show_filter){
		.network = WEFT_SHOW_ALL,
		.port = WEFT_SHOW_ALL,
		.endpoint = WEFT_SHOW_ALL,
	};
	if (network != NULL)
		filter->network = (uint32_t)weft_show_find_network(network, errors);
	if (port != NULL)
		filter->port = (uint32_t)weft_show_find_port(port, errors);
	if (endpoint != NULL)
		filter->endpoint = filter_find_endpoint(endpoint, errors);
	if (mac != NULL && rte_ether_unformat_addr(mac, &filter->mac) != 0)
		weft_errors_add(errors, "mac: '%.64s' is not a MAC address (02:00:00:00:00:0a)",
				mac);
	filter->has_mac = mac != NULL;
	return weft_errors_is_empty(errors);
}
