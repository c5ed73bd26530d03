/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules in words. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_common.h>

#include "secgroup/policy.h"

/* A text that grows, and ends where there is no more room. */
struct words_text {
	char *text;
	size_t size, used;
};

static void __attribute__((format(printf, 2, 3)))
words_add(struct words_text *out, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(out->text + out->used, out->size - out->used, format, arguments);
	va_end(arguments);
	if (n > 0)
		out->used = RTE_MIN(out->used + (size_t)n, out->size - 1);
}

static void
words_add_protocol(struct words_text *out, uint16_t protocol)
{
	static const struct {
		uint16_t protocol;
		const char *name;
	} names[] = {
		{ IPPROTO_ICMP, "icmp" },	{ IPPROTO_TCP, "tcp" },
		{ IPPROTO_UDP, "udp" },		{ IPPROTO_DCCP, "dccp" },
		{ IPPROTO_ICMPV6, "icmpv6" },	{ IPPROTO_SCTP, "sctp" },
		{ IPPROTO_UDPLITE, "udplite" },
	};

	if (protocol == WEFT_PROTOCOL_ANY)
		return;
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (names[i].protocol == protocol) {
			words_add(out, " %s", names[i].name);
			return;
		}
	words_add(out, " protocol %u", protocol);
}

/* Whose name says the family already. */
static bool
words_tells_family(uint16_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static void
words_add_remote(struct words_text *out, const struct weft_conf_rule *rule)
{
	const char *where = rule->direction == WEFT_INGRESS ? "from" : "to";
	char ip[INET6_ADDRSTRLEN + 4];

	if (rule->has_remote_ip) {
		weft_ip_format(&rule->remote_ip, ip);
		words_add(out, " %s %s", where, ip);
	}
	if (rule->remote_group != NULL)
		words_add(out, " %s group %s", where, rule->remote_group);
}

void
weft_rule_format(const struct weft_conf_rule *rule, char *text, size_t size)
{
	struct words_text out = { text, size, 0 };

	if (size == 0)
		return;
	words_add(&out, rule->direction == WEFT_INGRESS ? "ingress" : "egress");
	if (rule->ethertype != WEFT_ETHERTYPE_ANY && !words_tells_family(rule->protocol))
		words_add(&out, rule->ethertype == WEFT_ETHERTYPE_IPV4 ? " ipv4" : " ipv6");
	words_add_protocol(&out, rule->protocol);
	if (rule->has_ports && rule->ports.first == rule->ports.last)
		words_add(&out, " %u", rule->ports.first);
	else if (rule->has_ports)
		words_add(&out, " %u-%u", rule->ports.first, rule->ports.last);
	if (rule->has_icmp_type)
		words_add(&out, " type %u", rule->icmp_type);
	if (rule->has_icmp_code)
		words_add(&out, " code %u", rule->icmp_code);
	words_add_remote(&out, rule);
	if (rule->log)
		words_add(&out, " log");
}
