/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_interface: routers and the subnets of networks.
 *
 * A router's link is a subnet of its network, if there are any, and not only inside of one.
 *
 * Not trivial: thousands of routers may stand in a network of thousands of subnets, so all subnets
 * of the document are sorted once.
 */
#ifndef WEFT_CONF_CHECK_INTERFACE_H
#define WEFT_CONF_CHECK_INTERFACE_H

#include <stdint.h>

#include "conf/check.h"
#include "conf/leg.h"

struct conf_subnet_entry {
	uint32_t network, subnet; /* indexes in the document, and in the network */
	struct weft_ip cidr; /* of no family if it could not be read */
};

struct conf_subnets {
	struct conf_subnet_entry *list;
	uint32_t n;
};

/** The subnets of all networks. The caller frees the list. */
struct conf_subnets conf_subnets_sort(const struct weft_conf *conf);

/** Reports an address that is not one of its network's. */
void conf_check_interface(struct conf_check *check, const struct conf_subnets *subnets,
			  const struct conf_leg *leg);

#endif
