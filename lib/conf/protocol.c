/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/protocol.h"

#include <netinet/in.h>
#include <string.h>

/* 41 has no ethertype of its own: IPv6 is carried over IPv4 too. */
const struct conf_protocol conf_protocols[] = {
	{ "any", WEFT_PROTOCOL_ANY, false, WEFT_ETHERTYPE_ANY },
	{ "tcp", 6, true, WEFT_ETHERTYPE_ANY },
	{ "udp", 17, true, WEFT_ETHERTYPE_ANY },
	{ "icmp", IPPROTO_ICMP, false, WEFT_ETHERTYPE_IPV4 },
	{ "icmpv6", IPPROTO_ICMPV6, false, WEFT_ETHERTYPE_IPV6 },
	{ "ipv6-icmp", IPPROTO_ICMPV6, false, WEFT_ETHERTYPE_IPV6 },
	{ "sctp", 132, true, WEFT_ETHERTYPE_ANY },
	{ "dccp", 33, true, WEFT_ETHERTYPE_ANY },
	{ "udplite", 136, true, WEFT_ETHERTYPE_ANY },
	{ "ah", 51, false, WEFT_ETHERTYPE_ANY },
	{ "egp", 8, false, WEFT_ETHERTYPE_ANY },
	{ "esp", 50, false, WEFT_ETHERTYPE_ANY },
	{ "gre", 47, false, WEFT_ETHERTYPE_ANY },
	{ "igmp", 2, false, WEFT_ETHERTYPE_ANY },
	{ "ipip", 4, false, WEFT_ETHERTYPE_ANY },
	{ "ipv6-encap", 41, false, WEFT_ETHERTYPE_ANY },
	{ "ipv6-frag", 44, false, WEFT_ETHERTYPE_IPV6 },
	{ "ipv6-nonxt", 59, false, WEFT_ETHERTYPE_IPV6 },
	{ "ipv6-opts", 60, false, WEFT_ETHERTYPE_IPV6 },
	{ "ipv6-route", 43, false, WEFT_ETHERTYPE_IPV6 },
	{ "ospf", 89, false, WEFT_ETHERTYPE_ANY },
	{ "pgm", 113, false, WEFT_ETHERTYPE_ANY },
	{ "rsvp", 46, false, WEFT_ETHERTYPE_ANY },
	{ "vrrp", 112, false, WEFT_ETHERTYPE_ANY },
	{ NULL, 0, false, WEFT_ETHERTYPE_ANY },
};

/** The first row of a number, or the closing one. */
static const struct conf_protocol *
protocol_of(uint16_t number)
{
	const struct conf_protocol *row = conf_protocols;

	while (row->name != NULL && row->number != number)
		row++;
	return row;
}

bool
conf_protocol_find(const char *name, uint64_t *number)
{
	for (const struct conf_protocol *row = conf_protocols; row->name != NULL; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		*number = row->number;
		return true;
	}
	return false;
}

const char *
weft_protocol_name(uint16_t protocol)
{
	return protocol_of(protocol)->name;
}

bool
conf_protocol_has_ports(uint16_t protocol)
{
	return protocol_of(protocol)->has_ports;
}

bool
conf_protocol_is_icmp(uint16_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

enum weft_ethertype
conf_protocol_ethertype(uint16_t protocol)
{
	return protocol_of(protocol)->ethertype;
}
