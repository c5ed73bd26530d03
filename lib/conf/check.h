/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check: what no single key can know.
 *
 * After the schema was satisfied key by key, these checks compare keys and objects: names that are
 * referred to exist, nothing that must be unique is there twice, addresses lie in their subnets,
 * keys that need or exclude each other do. They also settle the defaults that come from another
 * object (MTUs, queues). A fault that concerns two objects names both places.
 *
 * Not trivial: they also run over documents that the schema found faulty, so that all faults are
 * told at once. What is missing or zero is therefore skipped; its fault was reported before. And
 * ten thousand objects must not take n² comparisons: references go through sorted indexes, and
 * uniqueness is a sort whose neighbours are compared.
 */
#ifndef WEFT_CONF_CHECK_H
#define WEFT_CONF_CHECK_H

#include "conf/claim.h"
#include "conf/conf.h"
#include "conf/index.h"
#include "conf/node.h"
#include "conf/report.h"

struct conf_check {
	struct weft_conf *conf;
	const struct conf_node *tree; /* same indexes as the structs */
	struct conf_report *report;
	struct conf_index wires, networks, groups, ports;
};

/** All checks; fills in the defaults that depend on other objects. */
void conf_check(struct weft_conf *conf, const struct conf_node *tree, struct conf_report *report);

/* ---- its parts ---- */

void conf_check_endpoint(struct conf_check *check);
void conf_check_networks(struct conf_check *check);
void conf_check_ports(struct conf_check *check);
void conf_check_routers(struct conf_check *check);
void conf_check_unique(struct conf_check *check);
void conf_check_members(struct conf_check *check);
void conf_check_addresses(struct conf_check *check);
void conf_check_adverts(struct conf_check *check);
void conf_check_groups(struct conf_check *check);
void conf_check_capacity(struct conf_check *check);

/** What must be there once in security groups and in what ports say about them; empties the claims.
 */
void conf_check_unique_groups(struct conf_check *check, struct conf_claims *claims);

/** One network that goes through tunnels. */
void conf_check_overlay(struct conf_check *check, struct weft_conf_network *network,
			const struct conf_node *object);

/** Reports an address that cannot be that of another host as the tunnel endpoint sees it: another
 *  family, its own, one of its link that is nobody's. @return whether it can be */
bool conf_check_other_host(struct conf_check *check, const struct conf_node *node,
			   const struct weft_ip *ip);

/** What one port says about security groups and other addresses. */
void conf_check_port_groups(struct conf_check *check, const struct weft_conf_port *port,
			    const struct conf_node *object);

/** Reports a name that nothing in a list of the document ("ports") has. */
void conf_check_report_unknown(struct conf_check *check, const struct conf_node *node,
			       const char *list);

/** Reports that a key may not stand in an object, if it does. */
void conf_check_refuse(struct conf_check *check, const struct conf_node *object, const char *key,
		       const char *why);

/** Reports an MTU above that of what it rests on. */
void conf_check_mtu(struct conf_check *check, const struct conf_node *object, uint32_t mtu,
		    const struct conf_node *below, uint32_t mtu_below);

#endif
