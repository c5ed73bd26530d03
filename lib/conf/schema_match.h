/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * schema_match: which packets a rule is about.
 *
 * Rules of security groups and of a router's firewall say it with the same keys, so these stand in
 * one place. Their structs have members of the same names. See also check_match.h.
 */
#ifndef WEFT_CONF_SCHEMA_MATCH_H
#define WEFT_CONF_SCHEMA_MATCH_H

#include "conf/schema.h"

extern const char *const conf_ethertype_words[];

/** Rows of a table. @p beside: what else than the protocol leaves one ethertype only. */
#define CONF_MATCH_ROWS(kind, beside)                                                              \
	{ "ethertype",                                                                             \
	  CONF_WORD,                                                                               \
	  CONF_AT(kind, ethertype),                                                                \
	  .words = conf_ethertype_words,                                                           \
	  .what = "an ethertype",                                                                  \
	  .is_resolved = true,                                                                     \
	  .fallback_says = "what protocol" beside " leave over, else any",                         \
	  .help = "any is as far as protocol" beside                                               \
		  " allow: icmp and IPv4 addresses are of ipv4 only, icmpv6 and IPv6 addresses "   \
		  "of ipv6 only." },                                                               \
		{ "protocol",                                                                      \
		  CONF_PROTOCOL,                                                                   \
		  CONF_AT(kind, protocol),                                                         \
		  .max = 255,                                                                      \
		  .what = "a protocol",                                                            \
		  .fallback = "any",                                                               \
		  .help = "What IP carries, by name or number." },                                 \
		{ "ports",                                                                         \
		  CONF_SPAN,                                                                       \
		  CONF_AT(kind, ports),                                                            \
		  .has_offset = offsetof(struct kind, has_ports),                                  \
		  .max = 65535,                                                                    \
		  .what = "a port or a range of ports",                                            \
		  .help = "Destination ports; all without it. Only with tcp, udp, udplite, sctp "  \
			  "and dccp." },                                                           \
		{ "icmp-type",                                                                     \
		  CONF_INTEGER,                                                                    \
		  CONF_AT(kind, icmp_type),                                                        \
		  .has_offset = offsetof(struct kind, has_icmp_type),                              \
		  .max = 255,                                                                      \
		  .what = "an ICMP type",                                                          \
		  .help = "All without it. Only with icmp and icmpv6." },                          \
	{                                                                                          \
		"icmp-code", CONF_INTEGER, CONF_AT(kind, icmp_code),                               \
			.has_offset = offsetof(struct kind, has_icmp_code), .max = 255,            \
			.what = "an ICMP code", .help = "All without it. Only with icmp-type."     \
	}

#endif
