/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/trace_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct trace_value_name trace_value_ops[] = {
	{ "request", 1 }, { "who-has", 1 }, { "reply", 2 }, { "is-at", 2 }, { NULL, 0 },
};
static const struct trace_value_name trace_value_protocols[] = {
	{ "icmp", 1 },	 { "tcp", 6 },	  { "udp", 17 }, { "gre", 47 },
	{ "icmp6", 58 }, { "sctp", 132 }, { NULL, 0 },
};
static const struct trace_value_name trace_value_icmp_types[] = {
	{ "echo-request", 8 },
	{ "echo-reply", 0 },
	{ NULL, 0 },
};

const struct trace_value_spec trace_value_specs[WEFT_WORDS] = {
	[WEFT_WORD_VXLAN_VNI] = { WEFT_LAYER_VXLAN, "vni", VALUE_NUMBER, 0xffffff, NULL },
	[WEFT_WORD_VXLAN_FROM] = { WEFT_LAYER_VXLAN, "from", VALUE_IP, 0, NULL },
	[WEFT_WORD_GRE_KEY] = { WEFT_LAYER_GRE, "key", VALUE_NUMBER, UINT32_MAX, NULL },
	[WEFT_WORD_GRE_FROM] = { WEFT_LAYER_GRE, "from", VALUE_IP, 0, NULL },
	[WEFT_WORD_GENEVE_VNI] = { WEFT_LAYER_GENEVE, "vni", VALUE_NUMBER, 0xffffff, NULL },
	[WEFT_WORD_GENEVE_FROM] = { WEFT_LAYER_GENEVE, "from", VALUE_IP, 0, NULL },
	[WEFT_WORD_ETH_SRC] = { WEFT_LAYER_ETH, "src", VALUE_MAC, 0, NULL },
	[WEFT_WORD_ETH_DST] = { WEFT_LAYER_ETH, "dst", VALUE_MAC, 0, NULL },
	[WEFT_WORD_ETH_TYPE] = { WEFT_LAYER_ETH, "type", VALUE_NUMBER, 0xffff, NULL },
	[WEFT_WORD_VLAN_ID] = { WEFT_LAYER_VLAN, "id", VALUE_NUMBER, 4095, NULL },
	[WEFT_WORD_VLAN_PCP] = { WEFT_LAYER_VLAN, "pcp", VALUE_NUMBER, 7, NULL },
	[WEFT_WORD_ARP_OP] = { WEFT_LAYER_ARP, "op", VALUE_NUMBER, 0xffff, trace_value_ops },
	[WEFT_WORD_ARP_PSRC] = { WEFT_LAYER_ARP, "psrc", VALUE_IP4, 0, NULL },
	[WEFT_WORD_ARP_PDST] = { WEFT_LAYER_ARP, "pdst", VALUE_IP4, 0, NULL },
	[WEFT_WORD_ARP_HWSRC] = { WEFT_LAYER_ARP, "hwsrc", VALUE_MAC, 0, NULL },
	[WEFT_WORD_ARP_HWDST] = { WEFT_LAYER_ARP, "hwdst", VALUE_MAC, 0, NULL },
	[WEFT_WORD_IP_SRC] = { WEFT_LAYER_IP, "src", VALUE_IP4, 0, NULL },
	[WEFT_WORD_IP_DST] = { WEFT_LAYER_IP, "dst", VALUE_IP4, 0, NULL },
	[WEFT_WORD_IP_TTL] = { WEFT_LAYER_IP, "ttl", VALUE_NUMBER, 255, NULL },
	[WEFT_WORD_IP_PROTO] = { WEFT_LAYER_IP, "proto", VALUE_NUMBER, 255, trace_value_protocols },
	[WEFT_WORD_IP6_SRC] = { WEFT_LAYER_IP6, "src", VALUE_IP6, 0, NULL },
	[WEFT_WORD_IP6_DST] = { WEFT_LAYER_IP6, "dst", VALUE_IP6, 0, NULL },
	[WEFT_WORD_IP6_HLIM] = { WEFT_LAYER_IP6, "hlim", VALUE_NUMBER, 255, NULL },
	[WEFT_WORD_IP6_NH] = { WEFT_LAYER_IP6, "nh", VALUE_NUMBER, 255, trace_value_protocols },
	[WEFT_WORD_TCP_SPORT] = { WEFT_LAYER_TCP, "sport", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_TCP_DPORT] = { WEFT_LAYER_TCP, "dport", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_TCP_FLAGS] = { WEFT_LAYER_TCP, "flags", VALUE_FLAGS, 0, NULL },
	[WEFT_WORD_UDP_SPORT] = { WEFT_LAYER_UDP, "sport", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_UDP_DPORT] = { WEFT_LAYER_UDP, "dport", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_ICMP_TYPE] = { WEFT_LAYER_ICMP, "type", VALUE_NUMBER, 255,
				  trace_value_icmp_types },
	[WEFT_WORD_ICMP_CODE] = { WEFT_LAYER_ICMP, "code", VALUE_NUMBER, 255, NULL },
	[WEFT_WORD_ICMP_ID] = { WEFT_LAYER_ICMP, "id", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_ICMP_SEQ] = { WEFT_LAYER_ICMP, "seq", VALUE_NUMBER, 65535, NULL },
	[WEFT_WORD_LENGTH] = { WEFT_LAYER_LENGTH, "bytes", VALUE_NUMBER, WEFT_TRACE_FRAME_MAX,
			       NULL },
};

static bool
trace_value_read_number(const struct trace_value_spec *spec, const char *text, uint32_t *number)
{
	unsigned long long value;
	char *end;

	for (const struct trace_value_name *at = spec->names; at != NULL && at->name != NULL;
	     at++) {
		if (strcmp(at->name, text) == 0) {
			*number = at->number;
			return true;
		}
	}
	if (!isdigit((unsigned char)*text))
		return false;
	value = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	*number = (uint32_t)value;
	return *end == '\0' && value <= spec->max;
}

/* Letters as in scapy and tcpdump, from the lowest bit on. */
static bool
trace_value_read_flags(const char *text, uint32_t *flags)
{
	static const char letters[] = "FSRPAUEC";

	*flags = 0;
	for (; *text != '\0'; text++) {
		const char *at = strchr(letters, toupper((unsigned char)*text));

		if (at == NULL)
			return false;
		*flags |= 1u << (at - letters);
	}
	return true;
}

bool
trace_value_read(const struct trace_value_spec *spec, const char *text,
		 struct weft_trace_value *value)
{
	bool is_ip4 =
		spec->type == VALUE_IP4 || (spec->type == VALUE_IP && strchr(text, ':') == NULL);

	switch (spec->type) {
	case VALUE_NUMBER:
		return trace_value_read_number(spec, text, &value->number);
	case VALUE_MAC:
		return rte_ether_unformat_addr(text, &value->mac) == 0;
	case VALUE_FLAGS:
		return trace_value_read_flags(text, &value->number);
	default:
		value->ip.family = is_ip4 ? AF_INET : AF_INET6;
		value->ip.prefix = is_ip4 ? 32 : 128;
		return inet_pton(value->ip.family, text, value->ip.bytes) == 1;
	}
}

void
trace_value_describe(const struct trace_value_spec *spec, char *text, size_t size)
{
	static const char *const wants[] = {
		[VALUE_MAC] = "a MAC address (02:00:00:00:00:0a)",
		[VALUE_IP4] = "an IPv4 address (10.0.0.1)",
		[VALUE_IP6] = "an IPv6 address (2001:db8::1)",
		[VALUE_IP] = "an address (192.0.2.2)",
		[VALUE_FLAGS] = "flags (letters out of FSRPAUEC, like SA)",
	};
	size_t used;

	if (spec->type != VALUE_NUMBER) {
		snprintf(text, size, "%s", wants[spec->type]);
		return;
	}
	used = (size_t)snprintf(text, size, "a number from 0 to %u", spec->max);
	for (const struct trace_value_name *at = spec->names;
	     at != NULL && at->name != NULL && used < size; at++)
		used += (size_t)snprintf(text + used, size - used, ", or %s", at->name);
}
