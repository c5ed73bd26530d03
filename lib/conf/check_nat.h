/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_nat: outside and inside addresses of a router.
 *
 * What a router puts in the place of inside addresses is on the link of its gateway, and what it
 * leads to is an address of a port on a link of one of its interfaces. That an outside address is
 * nobody else's is for claim_nat.h.
 */
#ifndef WEFT_CONF_CHECK_NAT_H
#define WEFT_CONF_CHECK_NAT_H

#include <stdint.h>

#include "conf/check.h"
#include "conf/fixed.h"
#include "conf/leg.h"

/** Checks the snat-pool, floating IPs and port forwardings of a router, and settles their defaults.
 *  @param legs  its legs, in order */
void conf_check_nat(struct conf_check *check, uint32_t router, const struct conf_legs *legs,
		    const struct conf_fixed *fixed);

#endif
