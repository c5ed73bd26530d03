/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_match: keys of a rule that must go together.
 *
 * Ports go with some protocols only, and what a rule says of the ethertype, the protocol and of
 * addresses must be of one family: of security groups as of a router's firewall.
 */
#ifndef WEFT_CONF_CHECK_MATCH_H
#define WEFT_CONF_CHECK_MATCH_H

#include "conf/check.h"
#include "conf/schema.h"

struct conf_match {
	const struct conf_object *kind;
	const struct conf_node *object; /* a map */
	enum weft_ethertype said; /* WEFT_ETHERTYPE_ANY also if nothing was */
	uint16_t protocol;
	bool has_icmp_type;
	const struct weft_ip *addresses[2]; /* of no family if not given, or unread; NULL: none */
	const char *keys[2]; /* of the addresses */
};

/** Reports what contradicts. @return the ethertype that is left over */
enum weft_ethertype conf_check_match(struct conf_check *check, const struct conf_match *match);

#endif
