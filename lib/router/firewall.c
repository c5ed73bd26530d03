/* SPDX-License-Identifier: BSD-3-Clause */
#include "router/firewall.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is compared. Of IPv4 the last 12 bytes of an address do not count. */
struct weft_firewall_pattern {
	uint64_t src[2], src_mask[2], dst[2], dst_mask[2];
	uint16_t protocol; /* or WEFT_PROTOCOL_ANY */
	uint16_t first, span; /* of destination ports, or of type << 8 | code */
	uint8_t family; /* 0: both */
	uint8_t direction; /* enum weft_firewall_direction */
};

static void
firewall_put_prefix(uint64_t *address, uint64_t *mask, const struct weft_ip *ip)
{
	uint8_t bits[sizeof(ip->bytes)] = { 0 };

	for (uint32_t bit = 0; bit < ip->prefix; bit++)
		bits[bit / 8] |= 0x80 >> bit % 8;
	memcpy(mask, bits, sizeof(bits));
	memcpy(address, ip->bytes, sizeof(ip->bytes));
	address[0] &= mask[0];
	address[1] &= mask[1];
}

static uint8_t
firewall_family(const struct weft_conf_firewall_rule *says)
{
	return says->ethertype == WEFT_ETHERTYPE_IPV4 ? AF_INET :
	       says->ethertype == WEFT_ETHERTYPE_IPV6 ? AF_INET6 :
							0;
}

static void
firewall_fill(struct weft_firewall_pattern *pattern, const struct weft_conf_firewall_rule *says)
{
	uint16_t last = UINT16_MAX;

	*pattern = (struct weft_firewall_pattern){
		.protocol = says->protocol,
		.family = firewall_family(says),
		.direction = (uint8_t)says->direction,
	};
	if (says->has_ports) {
		pattern->first = says->ports.first;
		last = says->ports.last;
	} else if (says->has_icmp_type) {
		pattern->first = (uint16_t)(says->icmp_type << 8);
		last = pattern->first | 0xff;
		if (says->has_icmp_code)
			pattern->first = last = (uint16_t)(pattern->first | says->icmp_code);
	}
	pattern->span = (uint16_t)(last - pattern->first);
	if (says->has_source)
		firewall_put_prefix(pattern->src, pattern->src_mask, &says->source);
	if (says->has_destination)
		firewall_put_prefix(pattern->dst, pattern->dst_mask, &says->destination);
}

int
weft_firewall_make(struct weft_firewall *firewall, const struct weft_conf_router *conf)
{
	*firewall = (struct weft_firewall){
		.n = conf->n_firewall,
		.patterns = calloc(conf->n_firewall + 1, sizeof(*firewall->patterns)),
		.says = calloc(conf->n_firewall + 1, sizeof(*firewall->says)),
	};
	if (firewall->patterns == NULL || firewall->says == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < conf->n_firewall; i++) {
		firewall->says[i] = conf->firewall[i];
		firewall_fill(&firewall->patterns[i], &conf->firewall[i]);
	}
	return 0;
}

void
weft_firewall_free(struct weft_firewall *firewall)
{
	free(firewall->patterns);
	free(firewall->says);
}

bool
weft_firewall_is_same(const struct weft_firewall *a, const struct weft_firewall *b)
{
	bool is_same = a->n == b->n;

	for (uint32_t i = 0; is_same && i < a->n; i++)
		is_same = memcmp(&a->patterns[i], &b->patterns[i], sizeof(a->patterns[i])) == 0 &&
			  a->says[i].action == b->says[i].action &&
			  a->says[i].log == b->says[i].log;
	return is_same;
}

static bool
firewall_is_in(const uint8_t *address, const uint64_t *prefix, const uint64_t *mask)
{
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	return (((words[0] & mask[0]) ^ prefix[0]) | ((words[1] & mask[1]) ^ prefix[1])) == 0;
}

uint32_t
weft_firewall_judge(const struct weft_firewall *firewall, const struct weft_conn_packet *packet,
		    enum weft_firewall_direction direction)
{
	const struct weft_tuple *tuple = &packet->tuple;
	uint16_t port = rte_be_to_cpu_16(tuple->dst_port);

	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		port = (uint16_t)(packet->icmp_type << 8 | packet->icmp_code);
	for (uint32_t i = 0; i < firewall->n; i++) {
		const struct weft_firewall_pattern *pattern = &firewall->patterns[i];

		if ((pattern->direction == WEFT_FIREWALL_BOTH || pattern->direction == direction) &&
		    (pattern->protocol == WEFT_PROTOCOL_ANY ||
		     pattern->protocol == tuple->protocol) &&
		    (pattern->family == 0 || pattern->family == tuple->family) &&
		    (uint16_t)(port - pattern->first) <= pattern->span &&
		    firewall_is_in(tuple->src, pattern->src, pattern->src_mask) &&
		    firewall_is_in(tuple->dst, pattern->dst, pattern->dst_mask))
			return i + 1;
	}
	return 0;
}

/* ---- words ---- */

static int
firewall_put_match(const struct weft_conf_firewall_rule *rule, char *text, size_t size)
{
	if (rule->has_ports && rule->ports.first == rule->ports.last)
		return snprintf(text, size, " %u", rule->ports.first);
	if (rule->has_ports)
		return snprintf(text, size, " %u-%u", rule->ports.first, rule->ports.last);
	if (rule->has_icmp_code)
		return snprintf(text, size, " type %u code %u", rule->icmp_type, rule->icmp_code);
	return rule->has_icmp_type ? snprintf(text, size, " type %u", rule->icmp_type) : 0;
}

static int
firewall_put_end(bool has, const char *word, const struct weft_ip *ip, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN + 4];

	if (!has)
		return 0;
	weft_ip_format(ip, address);
	return snprintf(text, size, " %s %s", word, address);
}

void
weft_firewall_format(const struct weft_conf_firewall_rule *rule, char *text, size_t size)
{
	static const char *const directions[] = {
		[WEFT_FIREWALL_BOTH] = "",
		[WEFT_FIREWALL_IN] = " in",
		[WEFT_FIREWALL_OUT] = " out",
	};
	const char *protocol = rule->protocol == WEFT_PROTOCOL_ANY ?
				       NULL :
				       weft_protocol_name((uint8_t)rule->protocol);
	size_t n = (size_t)snprintf(text, size, "%s%s",
				    rule->action == WEFT_FIREWALL_ALLOW ? "allow" : "deny",
				    directions[rule->direction]);

	if (rule->protocol != WEFT_PROTOCOL_ANY)
		n += (size_t)(protocol != NULL ?
				      snprintf(text + n, size - n, " %s", protocol) :
				      snprintf(text + n, size - n, " protocol %u", rule->protocol));
	else if (rule->ethertype != WEFT_ETHERTYPE_ANY)
		n += (size_t)snprintf(text + n, size - n, "%s",
				      rule->ethertype == WEFT_ETHERTYPE_IPV4 ? " ipv4" : " ipv6");
	n += (size_t)firewall_put_match(rule, text + n, size - n);
	n += (size_t)firewall_put_end(rule->has_source, "from", &rule->source, text + n, size - n);
	firewall_put_end(rule->has_destination, "to", &rule->destination, text + n, size - n);
}
