/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * claim_nat: what a router's NAT says is its alone.
 *
 * Outside addresses belong to one router, and to one of its uses: only port forwardings may share
 * theirs, among themselves and with source NAT.
 */
#ifndef WEFT_CONF_CLAIM_NAT_H
#define WEFT_CONF_CLAIM_NAT_H

#include <stdint.h>

#include "conf/check.h"

/** Claims the outside addresses of a router but its gateway's own, which is claimed already. */
void conf_claim_outsides(struct conf_claims *claims, const struct conf_check *check,
			 uint32_t router, uint32_t scope);

/** What must be there once in the floating IPs and port forwardings of all routers; empties the
 *  claims. */
void conf_check_unique_nat(struct conf_check *check, struct conf_claims *claims);

#endif
