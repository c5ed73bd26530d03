/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * delete: what goes with an object.
 *
 * An object takes along what cannot be without it, down the list: wires, the tunnel endpoint,
 * networks, ports, what routers and groups say of these. Each step marks what goes by flags, or
 * takes it out of the tree of the new document at once, and notes it: without cascade these are the
 * users for which the deletion is refused.
 */
#ifndef WEFT_CONF_DELETE_H
#define WEFT_CONF_DELETE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/index.h"
#include "conf/node.h"

/** What goes, as flags beside the lists of a document, and what goes with it. */
struct conf_deletion {
	const struct weft_conf *conf;
	struct conf_index wires, networks, groups, ports, routers;
	bool *wire_goes, *network_goes, *group_goes, *port_goes, *router_goes;
	bool endpoint_goes;
	FILE *users; /* "port vm1 (weft.yaml:12:5), ..." */
	char *users_text;
	size_t users_bytes;
	uint32_t n_users;
};

/** Flags, unset, for a list of n elements. The caller frees them. */
bool *conf_delete_flags(uint32_t n);

/** Notes something that goes too: "the gateway of router" r1. */
void conf_delete_note_user(struct conf_deletion *deletion, const struct conf_node *node,
			   const char *what, const char *name);

/** Whether an object that is referred to goes. */
bool conf_delete_is_gone(const struct conf_index *index, const bool *goes, const char *name);

/** Takes a key that is there out of a map. */
void conf_delete_key(struct conf_node *map, const char *key);

/** Takes out of routers, which stay, what they have in networks and of ports that go. */
void conf_delete_from_routers(struct conf_deletion *deletion, struct conf_node *tree);

#endif
