/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/schema_match.h"

const char *const conf_ethertype_words[] = { "any", "ipv4", "ipv6", NULL };

static const char *const schema_directions[] = { "ingress", "egress", NULL };
static const char *const schema_changes[] = { "cut", "persist", NULL };

static const struct conf_field schema_rule[] = {
	{ "direction", CONF_WORD, CONF_AT(weft_conf_rule, direction), .is_required = true,
	  .words = schema_directions, .what = "a direction",
	  .help = "ingress is what the guest receives, egress what it sends." },
	CONF_MATCH_ROWS(weft_conf_rule, " and remote-ip"),
	{ "remote-ip", CONF_PREFIX, CONF_AT(weft_conf_rule, remote_ip),
	  .has_offset = offsetof(struct weft_conf_rule, has_remote_ip),
	  .help = "Who is at the other end: the source if ingress, the destination if egress." },
	{ "remote-group", CONF_NAME, CONF_AT(weft_conf_rule, remote_group),
	  .help = "The same, as a security group: whoever is a member of it." },
	{ "log", CONF_BOOL, CONF_AT(weft_conf_rule, log), .fallback = "false",
	  .help = "Whether connections that the rule lets through are logged." },
};

const struct conf_object conf_rule_object = {
	.title = "rules",
	.help = "What a security group lets through. Their order has no meaning.",
	CONF_FIELDS(schema_rule),
	.bytes = sizeof(struct weft_conf_rule),
	.place_offset = offsetof(struct weft_conf_rule, place),
	.not_both = { "remote-ip", "remote-group" },
	.has_no_key = true,
};

static const struct conf_field schema_group[] = {
	{ "name", CONF_NAME, CONF_AT(weft_conf_group, name), .is_required = true,
	  .help = "Unique among security groups." },
	{ "project", CONF_TEXT, CONF_AT(weft_conf_group, project), .max = 255,
	  .help = "The tenant that owns the group." },
	{ "stateful", CONF_BOOL, CONF_AT(weft_conf_group, stateful), .fallback = "true",
	  .help = "Whether what a rule lets through may be replied to, without a rule for the way "
		  "back." },
	{ "on-change", CONF_WORD, CONF_AT(weft_conf_group, on_change), .words = schema_changes,
	  .what = "an action", .fallback = "cut",
	  .help = "What happens to connections that were let through and, after a change, no "
		  "longer would be: cut ends them, persist lets them go on." },
	{ "log", CONF_BOOL, CONF_AT(weft_conf_group, log), .fallback = "false",
	  .help = "As if each rule said it; logs also what no rule of the port's groups lets "
		  "through." },
	{ "members", CONF_ADDRESS, CONF_LIST(weft_conf_group, members, n_members),
	  .help = "Addresses of members that are not ports of this host. Its ports are members "
		  "with their addresses, and with the single addresses among their "
		  "allowed-address-pairs." },
	{ "rules", CONF_OBJECT, CONF_LIST(weft_conf_group, rules, n_rules),
	  .object = &conf_rule_object,
	  .help = "What is let through; none is there twice. If no rule of a port's groups is "
		  "about "
		  "ingress, nothing comes in; if none is about egress, everything goes out." },
};

const struct conf_object conf_group_object = {
	.title = "security-groups",
	.help = "What guests may receive and send. A port that is in several groups may do what "
		"any "
		"of them lets through. At most 16384.",
	CONF_FIELDS(schema_group),
	.bytes = sizeof(struct weft_conf_group),
	.place_offset = offsetof(struct weft_conf_group, place),
};

static const struct conf_field schema_pair[] = {
	{ "ip", CONF_PREFIX, CONF_AT(weft_conf_pair, ip), .is_required = true,
	  .help = "The address, or a subnet of them." },
	{ "mac", CONF_MAC, CONF_AT(weft_conf_pair, mac),
	  .has_offset = offsetof(struct weft_conf_pair, has_mac), .fallback_says = "the port's",
	  .help = "The MAC address that they are used with." },
};

const struct conf_object conf_pair_object = {
	.title = "allowed-address-pairs",
	.help = "What a guest may use as its source beside its mac and addresses, such as an "
		"address that it shares with others (VRRP).",
	CONF_FIELDS(schema_pair),
	.bytes = sizeof(struct weft_conf_pair),
	.place_offset = offsetof(struct weft_conf_pair, place),
};

#define SCHEMA_SECONDS(key, member, seconds, says)                                                 \
	{                                                                                          \
		key, CONF_INTEGER, CONF_AT(weft_conf_timeouts, member),                            \
			.min = 10, .max = 1000000, .what = "a number of seconds",                  \
			.fallback = (seconds), .help = (says)                                      \
	}

static const struct conf_field schema_timeouts[] = {
	SCHEMA_SECONDS("tcp-syn-sent", tcp_syn_sent, "120", "TCP: a SYN was seen."),
	SCHEMA_SECONDS("tcp-syn-recv", tcp_syn_recv, "60", "TCP: the SYN was answered."),
	SCHEMA_SECONDS("tcp-established", tcp_established, "432000", "TCP: both have agreed."),
	SCHEMA_SECONDS("tcp-fin-wait", tcp_fin_wait, "120", "TCP: one side has sent a FIN."),
	SCHEMA_SECONDS("tcp-close-wait", tcp_close_wait, "60", "TCP: the FIN was acknowledged."),
	SCHEMA_SECONDS("tcp-last-ack", tcp_last_ack, "30", "TCP: the other has sent a FIN too."),
	SCHEMA_SECONDS("tcp-time-wait", tcp_time_wait, "120", "TCP: both FINs were acknowledged."),
	SCHEMA_SECONDS("tcp-close", tcp_close, "10", "TCP: a RST was seen."),
	SCHEMA_SECONDS("udp", udp, "30", "UDP: nothing came back yet."),
	SCHEMA_SECONDS("udp-stream", udp_stream, "120", "UDP: there are packets both ways."),
	SCHEMA_SECONDS("icmp", icmp, "30", "ICMP: a request and its replies."),
	SCHEMA_SECONDS("icmpv6", icmpv6, "30", "ICMPv6: a request and its replies."),
	SCHEMA_SECONDS("generic", generic, "600", "All other protocols."),
};

const struct conf_object conf_timeouts_object = {
	.title = "connection-timeouts",
	.help = "Seconds after which a connection without packets is forgotten, by its state; "
		"names "
		"and defaults are those of Linux. None should be less than the flow-idle of the "
		"host, which is how long a silent flow is remembered.",
	CONF_FIELDS(schema_timeouts),
	.bytes = sizeof(struct weft_conf_timeouts),
	.place_offset = offsetof(struct weft_conf_timeouts, place),
	.may_be_null = true,
};
