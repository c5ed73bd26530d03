/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/delete.h"
#include "conf/document.h"

/* More names than this in one message help nobody. */
#define DELETE_NAMED_MAX 10

bool *
conf_delete_flags(uint32_t n)
{
	bool *flags = calloc((size_t)n + 1, sizeof(*flags));

	if (flags == NULL)
		abort();
	return flags;
}

static void
delete_start(struct conf_deletion *deletion, const struct weft_conf *conf)
{
	*deletion = (struct conf_deletion){ .conf = conf };
	conf_index_build(&deletion->wires, conf->wires, conf->n_wires, sizeof(*conf->wires));
	conf_index_build(&deletion->networks, conf->networks, conf->n_networks,
			 sizeof(*conf->networks));
	conf_index_build(&deletion->groups, conf->groups, conf->n_groups, sizeof(*conf->groups));
	conf_index_build(&deletion->ports, conf->ports, conf->n_ports, sizeof(*conf->ports));
	conf_index_build(&deletion->routers, conf->routers, conf->n_routers,
			 sizeof(*conf->routers));
	deletion->wire_goes = conf_delete_flags(conf->n_wires);
	deletion->network_goes = conf_delete_flags(conf->n_networks);
	deletion->group_goes = conf_delete_flags(conf->n_groups);
	deletion->port_goes = conf_delete_flags(conf->n_ports);
	deletion->router_goes = conf_delete_flags(conf->n_routers);
	deletion->users = open_memstream(&deletion->users_text, &deletion->users_bytes);
	if (deletion->users == NULL)
		abort();
}

static void
delete_finish(struct conf_deletion *deletion)
{
	conf_index_clear(&deletion->wires);
	conf_index_clear(&deletion->networks);
	conf_index_clear(&deletion->groups);
	conf_index_clear(&deletion->ports);
	conf_index_clear(&deletion->routers);
	free(deletion->wire_goes);
	free(deletion->network_goes);
	free(deletion->group_goes);
	free(deletion->port_goes);
	free(deletion->router_goes);
	fclose(deletion->users);
	free(deletion->users_text);
}

void
conf_delete_note_user(struct conf_deletion *deletion, const struct conf_node *node,
		      const char *what, const char *name)
{
	char place[CONF_PLACE_BYTES];

	if (deletion->n_users++ < DELETE_NAMED_MAX)
		fprintf(deletion->users, "%s%s%s%s (%s)", deletion->n_users > 1 ? ", " : "", what,
			name[0] != '\0' ? " " : "", name, conf_report_place(node, place));
}

bool
conf_delete_is_gone(const struct conf_index *index, const bool *goes, const char *name)
{
	uint32_t at = conf_index_find(index, name);

	return at != CONF_INDEX_NONE && goes[at];
}

void
conf_delete_key(struct conf_node *map, const char *key)
{
	bool *goes = conf_delete_flags(map->n);

	goes[conf_node_get(map, key)->index] = true;
	conf_node_remove(map, goes);
	free(goes);
}

/** The tunnel endpoint goes with its wire. */
static void
delete_follow_wire(struct conf_deletion *deletion)
{
	const struct weft_conf *conf = deletion->conf;

	if (!conf_delete_is_gone(&deletion->wires, deletion->wire_goes, conf->endpoint.wire))
		return;
	deletion->endpoint_goes = true;
	conf_delete_note_user(deletion, conf_node_get(conf->source->tree, "tunnel-endpoint"),
			      "the tunnel-endpoint", "");
}

/** Networks go with their wire, overlays with the tunnel endpoint. */
static void
delete_follow_wires(struct conf_deletion *deletion)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_networks; i++) {
		const struct weft_conf_network *network = &conf->networks[i];

		if (!conf_delete_is_gone(&deletion->wires, deletion->wire_goes, network->wire) &&
		    !(deletion->endpoint_goes && weft_network_type_is_overlay(network->type)))
			continue;
		deletion->network_goes[i] = true;
		conf_delete_note_user(deletion, conf_node_item(conf->source->tree, "networks", i),
				      "network", network->name);
	}
}

/** Ports go with their network. */
static void
delete_follow_networks(struct conf_deletion *deletion)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct weft_conf_port *port = &conf->ports[i];

		if (!conf_delete_is_gone(&deletion->networks, deletion->network_goes,
					 port->network))
			continue;
		deletion->port_goes[i] = true;
		conf_delete_note_user(deletion, conf_node_item(conf->source->tree, "ports", i),
				      "port", port->name);
	}
}

/** Static MACs go with their port, out of a network that stays. */
static void
delete_follow_ports(struct conf_deletion *deletion, struct conf_node *tree)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_networks; i++) {
		const struct weft_conf_network *network = &conf->networks[i];
		struct conf_node *list =
			conf_node_get(conf_node_item(tree, "networks", i), "static-macs");
		bool *goes = conf_delete_flags(network->n_static_macs);

		for (uint32_t j = 0; j < network->n_static_macs; j++) {
			goes[j] = !deletion->network_goes[i] &&
				  conf_delete_is_gone(&deletion->ports, deletion->port_goes,
						      network->static_macs[j].port);
			if (goes[j])
				conf_delete_note_user(deletion, list->items[j],
						      "a static MAC of network", network->name);
		}
		if (network->n_static_macs > 0)
			conf_node_remove(list, goes);
		free(goes);
	}
}

/** Whether a security group that is referred to goes. */
static bool
delete_group_is_gone(const struct conf_deletion *deletion, const char *name)
{
	return conf_delete_is_gone(&deletion->groups, deletion->group_goes, name);
}

/** A security group goes out of the lists of ports, which stay. */
static void
delete_follow_groups_to_ports(struct conf_deletion *deletion, struct conf_node *tree)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_ports; i++) {
		const struct weft_conf_port *port = &conf->ports[i];
		struct conf_node *list =
			conf_node_get(conf_node_item(tree, "ports", i), "security-groups");
		bool *goes = conf_delete_flags(port->n_groups);

		for (uint32_t j = 0; j < port->n_groups; j++) {
			goes[j] = delete_group_is_gone(deletion, port->groups[j]);
			if (goes[j])
				conf_delete_note_user(deletion, list->items[j],
						      "an entry in security-groups of port",
						      port->name);
		}
		if (port->n_groups > 0)
			conf_node_remove(list, goes);
		free(goes);
	}
}

/** With a security group go the rules of others that name it. */
static void
delete_follow_groups_to_rules(struct conf_deletion *deletion, struct conf_node *tree)
{
	const struct weft_conf *conf = deletion->conf;

	for (uint32_t i = 0; i < conf->n_groups; i++) {
		const struct weft_conf_group *group = &conf->groups[i];
		struct conf_node *list =
			conf_node_get(conf_node_item(tree, "security-groups", i), "rules");
		bool *goes = conf_delete_flags(group->n_rules);

		for (uint32_t j = 0; j < group->n_rules; j++) {
			goes[j] = !deletion->group_goes[i] &&
				  delete_group_is_gone(deletion, group->rules[j].remote_group);
			if (goes[j])
				conf_delete_note_user(deletion, list->items[j],
						      "a rule of security-group", group->name);
		}
		if (group->n_rules > 0)
			conf_node_remove(list, goes);
		free(goes);
	}
}

static bool
delete_mark_in(const struct conf_index *index, bool *goes, const char *name)
{
	uint32_t at = conf_index_find(index, name);

	if (at == CONF_INDEX_NONE)
		return false;
	goes[at] = true;
	return true;
}

/** Marks the object itself. @return whether there is one */
static bool
delete_mark(struct conf_deletion *deletion, const char *noun, const char *name)
{
	if (strcmp(noun, "port") == 0)
		return delete_mark_in(&deletion->ports, deletion->port_goes, name);
	if (strcmp(noun, "security-group") == 0)
		return delete_mark_in(&deletion->groups, deletion->group_goes, name);
	if (strcmp(noun, "network") == 0)
		return delete_mark_in(&deletion->networks, deletion->network_goes, name);
	if (strcmp(noun, "router") == 0)
		return delete_mark_in(&deletion->routers, deletion->router_goes, name);
	if (strcmp(noun, "physical-network") == 0)
		return delete_mark_in(&deletion->wires, deletion->wire_goes, name);
	deletion->endpoint_goes = strcmp(noun, "tunnel-endpoint") == 0 && name[0] == '\0' &&
				  deletion->conf->endpoint.is_there;
	return deletion->endpoint_goes;
}

static void
delete_remove(const struct conf_deletion *deletion, struct conf_node *tree)
{
	struct conf_node *list;

	list = conf_node_get(tree, "routers");
	if (deletion->conf->n_routers > 0)
		conf_node_remove(list, deletion->router_goes);
	list = conf_node_get(tree, "ports");
	if (deletion->conf->n_ports > 0)
		conf_node_remove(list, deletion->port_goes);
	list = conf_node_get(tree, "security-groups");
	if (deletion->conf->n_groups > 0)
		conf_node_remove(list, deletion->group_goes);
	list = conf_node_get(tree, "networks");
	if (deletion->conf->n_networks > 0)
		conf_node_remove(list, deletion->network_goes);
	list = conf_node_get(tree, "physical-networks");
	if (deletion->conf->n_wires > 0)
		conf_node_remove(list, deletion->wire_goes);
	if (deletion->endpoint_goes)
		conf_delete_key(tree, "tunnel-endpoint");
}

static void
delete_report_missing(const char *noun, const char *name, struct weft_errors *errors)
{
	if (name[0] != '\0')
		weft_errors_add(errors, "there is no %s '%s'", noun, name);
	else
		weft_errors_add(errors, "there is no %s", noun);
}

static void
delete_report_users(struct conf_deletion *deletion, const char *noun, const char *name,
		    struct weft_errors *errors)
{
	char more[32] = "";

	if (deletion->n_users > DELETE_NAMED_MAX)
		snprintf(more, sizeof(more), " and %u more", deletion->n_users - DELETE_NAMED_MAX);
	fflush(deletion->users);
	weft_errors_add(errors, "%s%s%s is used by %s%s; --cascade deletes these too", noun,
			name[0] != '\0' ? " " : "", name, deletion->users_text, more);
}

struct weft_conf *
weft_conf_delete(const struct weft_conf *base, const char *noun, const char *name, bool cascade,
		 struct weft_errors *errors)
{
	struct weft_conf_source *source = conf_source_create();
	struct conf_report report = { 0 };
	struct weft_conf *conf = NULL;
	struct conf_deletion deletion;

	source->tree = conf_node_clone(base->source->tree, &source->arena);
	delete_start(&deletion, base);
	if (!delete_mark(&deletion, noun, name)) {
		delete_report_missing(noun, name, errors);
		conf_source_destroy(source);
		delete_finish(&deletion);
		return NULL;
	}
	delete_follow_wire(&deletion);
	delete_follow_wires(&deletion);
	delete_follow_networks(&deletion);
	delete_follow_ports(&deletion, source->tree);
	conf_delete_from_routers(&deletion, source->tree);
	delete_follow_groups_to_ports(&deletion, source->tree);
	delete_follow_groups_to_rules(&deletion, source->tree);
	if (deletion.n_users > 0 && !cascade) {
		delete_report_users(&deletion, noun, name, errors);
		conf_source_destroy(source);
	} else {
		delete_remove(&deletion, source->tree);
		conf = conf_document_create(source, base->file, &report, errors);
	}
	delete_finish(&deletion);
	return conf;
}
