/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_firewall: the rules of a router's firewall, one by one.
 *
 * Equal ones may be there: the later never matches.
 */
#ifndef WEFT_CONF_CHECK_FIREWALL_H
#define WEFT_CONF_CHECK_FIREWALL_H

#include <stdint.h>

#include "conf/check.h"

void conf_check_firewall(struct conf_check *check, uint32_t router);

#endif
