/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules in one form: what they mean, and in which order they stand. */
#include <netinet/in.h>
#include <string.h>

#include "secgroup/rule.h"

static void
key_set_16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* What a rule without an ethertype says about the family all the same. */
static enum weft_ethertype
key_ethertype(const struct weft_conf_rule *rule)
{
	if (rule->ethertype != WEFT_ETHERTYPE_ANY)
		return rule->ethertype;
	if (rule->has_remote_ip)
		return rule->remote_ip.family == AF_INET ? WEFT_ETHERTYPE_IPV4 :
							   WEFT_ETHERTYPE_IPV6;
	if (rule->protocol == IPPROTO_ICMP)
		return WEFT_ETHERTYPE_IPV4;
	return rule->protocol == IPPROTO_ICMPV6 ? WEFT_ETHERTYPE_IPV6 : WEFT_ETHERTYPE_ANY;
}

static bool
key_ethertype_is(uint8_t ethertype, uint8_t family)
{
	return ethertype == WEFT_ETHERTYPE_ANY ||
	       ethertype == (family == AF_INET ? WEFT_ETHERTYPE_IPV4 : WEFT_ETHERTYPE_IPV6);
}

static void
key_set_remote(const struct weft_ip *ip, struct weft_rule_words *words)
{
	/* All addresses of the family is what the ethertype says already. */
	if (ip->prefix == 0 && key_ethertype_is(words->ethertype, ip->family))
		return;
	words->family = ip->family;
	words->prefix = ip->prefix;
	for (uint32_t bit = 0; bit < ip->prefix; bit++)
		words->address[bit / 8] |= ip->bytes[bit / 8] & (0x80 >> bit % 8);
}

static void
key_set_range(const struct weft_conf_rule *rule, struct weft_rule_words *words)
{
	uint32_t first = 0, last = UINT16_MAX;

	if (rule->has_ports) {
		words->kind = WEFT_RULE_PORTS;
		first = rule->ports.first;
		last = rule->ports.last;
	} else if (rule->has_icmp_type) {
		words->kind = rule->has_icmp_code ? WEFT_RULE_ICMP_CODE : WEFT_RULE_ICMP_TYPE;
		first = rule->icmp_type << 8 | (rule->has_icmp_code ? rule->icmp_code : 0);
		last = rule->icmp_type << 8 | (rule->has_icmp_code ? rule->icmp_code : 0xff);
	}
	key_set_16(words->first, first);
	key_set_16(words->last, last);
}

void
weft_rule_key_make(const struct weft_conf_group *group, const struct weft_conf_rule *rule,
		   struct weft_rule_key *key)
{
	struct weft_rule_words *words = &key->words;

	*words = (struct weft_rule_words){
		.direction = rule->direction,
		.ethertype = key_ethertype(rule),
		.is_unlogged = !group->log && !rule->log,
		.is_stateless = !group->stateful,
	};
	key_set_16(words->protocol, rule->protocol);
	if (rule->has_remote_ip)
		key_set_remote(&rule->remote_ip, words);
	key_set_range(rule, words);
	key->group = group->name;
	key->remote = rule->remote_group == NULL ? "" : rule->remote_group;
}

int
weft_rule_key_compare(const struct weft_rule_key *a, const struct weft_rule_key *b)
{
	int difference = memcmp(&a->words, &b->words, sizeof(a->words));

	return difference != 0 ? difference : strcmp(a->remote, b->remote);
}

bool
weft_rule_key_is_of(const struct weft_rule_key *key, uint8_t family)
{
	return key_ethertype_is(key->words.ethertype, family) &&
	       (key->words.family == 0 || key->words.family == family);
}
