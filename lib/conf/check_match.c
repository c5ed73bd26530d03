/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/check_match.h"

#include "conf/inherit.h"
#include "conf/protocol.h"
#include "conf/value.h"

/** Whether the protocol is known; nothing follows from one that could not be read. */
static bool
match_knows_protocol(const struct conf_match *match)
{
	const struct conf_field *field = conf_object_find(match->kind, "protocol");
	const struct conf_node *node = conf_node_get(match->object, "protocol");

	return node == NULL || conf_value_is_right(field, node);
}

/** Keys that make sense with some protocols only. */
static void
match_check_protocol(struct conf_check *check, const struct conf_match *match)
{
	static const char *const icmp_keys[] = { "icmp-type", "icmp-code" };
	const struct conf_node *object = match->object;

	if (!match_knows_protocol(match))
		return;
	if (!conf_protocol_has_ports(match->protocol))
		conf_check_refuse(check, object, "ports",
				  "is for the protocols tcp, udp, udplite, sctp and dccp only");
	for (int i = 0; i < 2 && !conf_protocol_is_icmp(match->protocol); i++)
		conf_check_refuse(check, object, icmp_keys[i],
				  "is for the protocols icmp and icmpv6 only");
	if (conf_protocol_is_icmp(match->protocol) && !match->has_icmp_type)
		conf_check_refuse(check, object, "icmp-code", "needs an 'icmp-type' beside it");
}

/** What a key leaves over. */
struct match_claim {
	enum weft_ethertype ethertype;
	const struct conf_node *node;
};

/** Reports two keys of which one is of IPv4 and the other of IPv6 */
static void
match_check_pair(struct conf_check *check, const struct conf_match *match,
		 const struct match_claim *claim, const struct match_claim *other)
{
	const struct conf_field *field = conf_object_find(match->kind, "ethertype");
	char place[CONF_PLACE_BYTES];

	if ((claim->ethertype | other->ethertype) != (WEFT_ETHERTYPE_IPV4 | WEFT_ETHERTYPE_IPV6))
		return;
	conf_report_node(check->report, claim->node, "%s contradicts %s %s, which is %s only (%s)",
			 claim->node->text, other->node->key, other->node->text,
			 field->words[other->ethertype], conf_report_place(other->node, place));
}

/** What ethertype, protocol and addresses say must go together; the first may say nothing. */
static void
match_check_ethertype(struct conf_check *check, const struct conf_match *match)
{
	const struct conf_node *object = match->object;
	const struct match_claim said = { match->said, conf_node_get(object, "ethertype") };
	struct match_claim claims[3] = { 0 };
	const struct match_claim *first = &said;

	if (match_knows_protocol(match))
		claims[0] = (struct match_claim){ conf_protocol_ethertype(match->protocol),
						  conf_node_get(object, "protocol") };
	for (int i = 0; i < 2; i++)
		if (match->addresses[i] != NULL)
			claims[i + 1] =
				(struct match_claim){ conf_inherit_ethertype(WEFT_PROTOCOL_ANY,
									     match->addresses[i]),
						      conf_node_get(object, match->keys[i]) };
	for (int i = 0; i < 3; i++) {
		if (first->ethertype == WEFT_ETHERTYPE_ANY)
			first = &claims[i];
		else if (first == &said)
			match_check_pair(check, match, &said, &claims[i]);
		else
			match_check_pair(check, match, &claims[i], first);
	}
}

enum weft_ethertype
conf_check_match(struct conf_check *check, const struct conf_match *match)
{
	enum weft_ethertype ethertype = match->said;

	match_check_protocol(check, match);
	match_check_ethertype(check, match);
	for (int i = 0; i < 2 && ethertype == WEFT_ETHERTYPE_ANY; i++)
		if (match->addresses[i] != NULL)
			ethertype = conf_inherit_ethertype(match->protocol, match->addresses[i]);
	return ethertype;
}
