/* SPDX-License-Identifier: BSD-3-Clause */
/* Security groups, and what ports and the host say about them. */
#include <arpa/inet.h>

#include "conf_group_errors.h"
#include "conf_helper.h"

static void
group_check_ip(const struct weft_ip *ip, const char *expected)
{
	char text[INET6_ADDRSTRLEN + 4];

	weft_ip_format(ip, text);
	assert_string_equal(text, expected);
}

static void
group_test_groups(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"security-groups:\n"
		"  - {name: web, project: acme, stateful: false, on-change: persist, log: true,\n"
		"     members: [10.0.0.9, '2001:db8::9']}\n"
		"  - name: db\n"
		"    rules:\n"
		"      - {direction: egress}\n"
		"      - {direction: ingress, protocol: tcp, ports: 80-443, remote-ip: "
		"10.0.0.0/8}\n"
		"      - {direction: ingress, protocol: icmp, icmp-type: 3, icmp-code: 0,\n"
		"         remote-group: web, log: true}\n");
	const struct weft_conf_group *web = &conf->groups[0], *db = &conf->groups[1];
	const struct weft_conf_rule *rule = db->rules;

	(void)state;
	assert_int_equal(conf->n_groups, 2);
	assert_string_equal(web->name, "web");
	assert_string_equal(web->project, "acme");
	assert_false(web->stateful);
	assert_int_equal(web->on_change, WEFT_ON_CHANGE_PERSIST);
	assert_true(web->log);
	assert_int_equal(web->n_members, 2);
	group_check_ip(&web->members[1], "2001:db8::9");
	assert_int_equal(web->n_rules, 0);
	assert_null(db->project);
	assert_true(db->stateful);
	assert_int_equal(db->on_change, WEFT_ON_CHANGE_CUT);
	assert_false(db->log);
	assert_int_equal(db->n_members, 0);
	assert_int_equal(db->place.line, 4);
	assert_int_equal(db->n_rules, 3);
	assert_int_equal(rule[0].direction, WEFT_EGRESS);
	assert_int_equal(rule[0].protocol, WEFT_PROTOCOL_ANY);
	assert_false(rule[0].has_ports || rule[0].has_icmp_type || rule[0].has_icmp_code);
	assert_false(rule[0].has_remote_ip || rule[0].log);
	assert_null(rule[0].remote_group);
	assert_int_equal(rule[1].direction, WEFT_INGRESS);
	assert_int_equal(rule[1].protocol, 6);
	assert_true(rule[1].has_ports);
	assert_int_equal(rule[1].ports.first, 80);
	assert_int_equal(rule[1].ports.last, 443);
	assert_true(rule[1].has_remote_ip);
	group_check_ip(&rule[1].remote_ip, "10.0.0.0/8");
	assert_int_equal(rule[1].place.line, 7);
	assert_true(rule[2].has_icmp_type && rule[2].has_icmp_code && rule[2].log);
	assert_int_equal(rule[2].icmp_type, 3);
	assert_int_equal(rule[2].icmp_code, 0);
	assert_string_equal(rule[2].remote_group, "web");
	weft_conf_destroy(conf);
}

static void
group_test_port(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"security-groups: [{name: a}, {name: b}]\n"
		"networks: [{name: n, type: local}]\n"
		"ports: [{name: p, network: n, device: d, security-groups: [b, a],\n"
		"  allowed-address-pairs: [{ip: 10.0.0.0/24}, {ip: '::2', mac: "
		"02:00:00:00:00:02}],\n"
		"  connection-limit: 1, connection-reserve: 0, fragment-limit: 3,\n"
		"  new-connection-budget: 4, mac-move-budget: 5, arp-budget: 6,\n"
		"  broadcast-budget: 7, icmp-error-budget: 8, log-budget: 9}]\n");
	const struct weft_conf_port *port = &conf->ports[0];

	(void)state;
	assert_int_equal(port->n_groups, 2);
	assert_string_equal(port->groups[0], "b");
	assert_string_equal(port->groups[1], "a");
	assert_int_equal(port->n_pairs, 2);
	group_check_ip(&port->pairs[0].ip, "10.0.0.0/24");
	assert_false(port->pairs[0].has_mac);
	group_check_ip(&port->pairs[1].ip, "::2");
	assert_true(port->pairs[1].has_mac);
	assert_int_equal(port->pairs[1].mac.addr_bytes[5], 2);
	assert_int_equal(port->pairs[1].place.line, 4);
	assert_int_equal(port->connection_limit, 1);
	assert_int_equal(port->connection_reserve, 0);
	assert_int_equal(port->fragment_limit, 3);
	assert_int_equal(port->connection_budget, 4);
	assert_int_equal(port->mac_move_budget, 5);
	assert_int_equal(port->arp_budget, 6);
	assert_int_equal(port->broadcast_budget, 7);
	assert_int_equal(port->icmp_error_budget, 8);
	assert_int_equal(port->log_budget, 9);
	weft_conf_destroy(conf);
}

static void
group_test_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"connection-timeouts:\nsecurity-groups:\nnetworks: [{name: n, type: local}]\n"
		"ports: [{name: p, network: n, device: d}, {name: q, network: n, device: e,\n"
		"  connection-limit: 10}, {name: r, network: n, device: f, connection-limit: "
		"0}]\n");
	const struct weft_conf_timeouts *timeouts = &conf->timeouts;
	const struct weft_conf_port *port = &conf->ports[0];
	const uint32_t seconds[] = {
		timeouts->tcp_syn_sent,	 timeouts->tcp_syn_recv,   timeouts->tcp_established,
		timeouts->tcp_fin_wait,	 timeouts->tcp_close_wait, timeouts->tcp_last_ack,
		timeouts->tcp_time_wait, timeouts->tcp_close,	   timeouts->udp,
		timeouts->udp_stream,	 timeouts->icmp,	   timeouts->icmpv6,
		timeouts->generic
	};
	static const uint32_t linux_seconds[] = { 120, 60, 432000, 120, 60, 30, 120,
						  10,  30, 120,	   30,	30, 600 };

	(void)state;
	assert_memory_equal(seconds, linux_seconds, sizeof(seconds));
	assert_int_equal(conf->host.connections, 262144);
	assert_int_equal(conf->host.group_members, 65536);
	assert_int_equal(conf->n_groups, 0);
	assert_int_equal(port->n_groups, 0);
	assert_int_equal(port->n_pairs, 0);
	assert_int_equal(port->connection_limit, 65536);
	assert_int_equal(port->connection_reserve, 64);
	assert_int_equal(port->fragment_limit, 256);
	assert_int_equal(port->connection_budget, 100000);
	assert_int_equal(port->mac_move_budget, 100);
	assert_int_equal(port->arp_budget, 1000);
	assert_int_equal(port->broadcast_budget, 10000);
	assert_int_equal(port->icmp_error_budget, 100);
	assert_int_equal(port->log_budget, 100);
	/* Not more than there may be at all. */
	assert_int_equal(conf->ports[1].connection_reserve, 10);
	assert_int_equal(conf->ports[2].connection_reserve, 64);
	weft_conf_destroy(conf);
}

/** How a rule is written, how it is written back, and which ethertype it has. */
static const struct group_rule {
	const char *in, *out;
	enum weft_ethertype ethertype;
} group_rules[] = {
	{ "", "", WEFT_ETHERTYPE_ANY },
	{ ", ethertype: any, protocol: any, log: false", "", WEFT_ETHERTYPE_ANY },
	{ ", ethertype: ipv4", ", ethertype: ipv4", WEFT_ETHERTYPE_IPV4 },
	{ ", ethertype: ipv6", ", ethertype: ipv6", WEFT_ETHERTYPE_IPV6 },
	/* What is derived is left out. */
	{ ", protocol: icmp", ", protocol: icmp", WEFT_ETHERTYPE_IPV4 },
	{ ", protocol: icmp, ethertype: any", ", protocol: icmp", WEFT_ETHERTYPE_IPV4 },
	{ ", protocol: 1, ethertype: ipv4", ", protocol: icmp", WEFT_ETHERTYPE_IPV4 },
	{ ", protocol: ipv6-icmp", ", protocol: icmpv6", WEFT_ETHERTYPE_IPV6 },
	{ ", protocol: 58", ", protocol: icmpv6", WEFT_ETHERTYPE_IPV6 },
	{ ", remote-ip: 10.0.0.0/8", ", remote-ip: 10.0.0.0/8", WEFT_ETHERTYPE_IPV4 },
	{ ", ethertype: ipv6, remote-ip: '2001:DB8::/32'", ", remote-ip: \"2001:db8::/32\"",
	  WEFT_ETHERTYPE_IPV6 },
	{ ", protocol: icmp, remote-ip: 0.0.0.0/0", ", protocol: icmp, remote-ip: 0.0.0.0/0",
	  WEFT_ETHERTYPE_IPV4 },
	{ ", protocol: tcp, ethertype: ipv4", ", ethertype: ipv4, protocol: tcp",
	  WEFT_ETHERTYPE_IPV4 },
	{ ", protocol: ipv6-encap", ", protocol: ipv6-encap", WEFT_ETHERTYPE_ANY },
	{ ", protocol: 44", ", protocol: ipv6-frag", WEFT_ETHERTYPE_IPV6 },
	/* Protocols. */
	{ ", protocol: 0", ", protocol: 0", WEFT_ETHERTYPE_ANY },
	{ ", protocol: '6'", ", protocol: tcp", WEFT_ETHERTYPE_ANY },
	{ ", protocol: 255", ", protocol: 255", WEFT_ETHERTYPE_ANY },
	{ ", protocol: vrrp", ", protocol: vrrp", WEFT_ETHERTYPE_ANY },
	/* Ports. */
	{ ", protocol: tcp, ports: 80", ", protocol: tcp, ports: 80", WEFT_ETHERTYPE_ANY },
	{ ", protocol: udp, ports: '80'", ", protocol: udp, ports: 80", WEFT_ETHERTYPE_ANY },
	{ ", protocol: 136, ports: 80-80", ", protocol: udplite, ports: 80", WEFT_ETHERTYPE_ANY },
	{ ", protocol: sctp, ports: 80-443", ", protocol: sctp, ports: 80-443",
	  WEFT_ETHERTYPE_ANY },
	{ ", protocol: dccp, ports: \"0-65535\"", ", protocol: dccp, ports: 0-65535",
	  WEFT_ETHERTYPE_ANY },
	{ ", protocol: tcp, ports: 0", ", protocol: tcp, ports: 0", WEFT_ETHERTYPE_ANY },
	/* ICMP: zero is a type and a code. */
	{ ", protocol: icmp, icmp-type: 0", ", protocol: icmp, icmp-type: 0", WEFT_ETHERTYPE_IPV4 },
	{ ", icmp-code: 0, icmp-type: 255, protocol: icmpv6",
	  ", protocol: icmpv6, icmp-type: 255, icmp-code: 0", WEFT_ETHERTYPE_IPV6 },
	/* Remotes. */
	{ ", remote-ip: 10.0.0.1/32", ", remote-ip: 10.0.0.1", WEFT_ETHERTYPE_IPV4 },
	{ ", remote-ip: 224.0.0.18", ", remote-ip: 224.0.0.18", WEFT_ETHERTYPE_IPV4 },
	{ ", remote-ip: '::/0'", ", remote-ip: \"::/0\"", WEFT_ETHERTYPE_IPV6 },
	{ ", remote-group: g", ", remote-group: g", WEFT_ETHERTYPE_ANY },
	{ ", log: true, remote-group: g, ethertype: ipv6",
	  ", ethertype: ipv6, remote-group: g, log: true", WEFT_ETHERTYPE_IPV6 },
};

static void
group_check_rule(const struct group_rule *rule)
{
	char in[256], out[256];
	struct weft_conf *conf, *again;
	char *text, *says;

	snprintf(in, sizeof(in), "security-groups: [{name: g, rules: [{direction: ingress%s}]}]\n",
		 rule->in);
	snprintf(out, sizeof(out),
		 "security-groups:\n  - name: g\n    rules:\n      - {direction: ingress%s}\n",
		 rule->out);
	conf = conf_helper_load(in);
	assert_int_equal(conf->groups[0].rules[0].ethertype, rule->ethertype);
	text = conf_helper_emit(conf);
	assert_string_equal(text, out);
	again = conf_helper_load(text);
	assert_int_equal(again->groups[0].rules[0].ethertype, rule->ethertype);
	says = conf_helper_diff(conf, again);
	assert_string_equal(says, "");
	free(says);
	free(text);
	weft_conf_destroy(again);
	weft_conf_destroy(conf);
}

static void
group_test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(group_rules); i++)
		group_check_rule(&group_rules[i]);
}

/** Each number has one name or none, and is read back as it is written. */
static void
group_test_protocols(void **state)
{
	int named = 0;

	(void)state;
	for (uint16_t i = 0; i <= 255; i++) {
		const char *name = weft_protocol_name(i);
		struct weft_conf *conf;
		char text[128], number[8];

		snprintf(number, sizeof(number), "%u", i);
		snprintf(text, sizeof(text),
			 "security-groups: [{name: g, rules: [{direction: egress, protocol: %s}]}]",
			 name != NULL ? name : number);
		conf = conf_helper_load(text);
		assert_int_equal(conf->groups[0].rules[0].protocol, i);
		weft_conf_destroy(conf);
		named += name != NULL;
	}
	assert_int_equal(named, 22);
	assert_string_equal(weft_protocol_name(58), "icmpv6");
	assert_string_equal(weft_protocol_name(WEFT_PROTOCOL_ANY), "any");
	assert_null(weft_protocol_name(0));
}

static void
group_check_error(const char *text, const char *expected)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *says;

	assert_null(weft_conf_load_text(text, strlen(text), "f", &errors));
	says = conf_helper_join(&errors);
	assert_string_equal(says, expected);
	free(says);
}

/** The place is that of the key that the message names, or of the first one. */
static void
group_check_rule_error(const struct group_error *error)
{
	static const char before[] = "security-groups: [{name: g, rules: [{direction: egress, ";
	char text[512], expected[1024], key[32] = "";
	const char *at;

	snprintf(text, sizeof(text), "%s%s}]}]\n", before, error->text);
	if (error->says[0] == '.')
		snprintf(key, sizeof(key), "%.*s: ", (int)strcspn(error->says + 1, ":"),
			 error->says + 1);
	at = strstr(text + strlen(before), key);
	assert_non_null(at);
	at += strlen(key);
	snprintf(expected, sizeof(expected), "f:1:%d: %s%s\n", (int)(at - text) + 1,
		 error->says[0] == 'k' ? "" : "security-groups[g].rules[0]", error->says);
	group_check_error(text, expected);
}

static void
group_test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(group_rule_errors); i++)
		group_check_rule_error(&group_rule_errors[i]);
	for (size_t i = 0; i < COUNT(group_errors); i++)
		group_check_error(group_errors[i].text, group_errors[i].says);
}

/** A document of one port with many groups, or of many groups; the caller frees it. */
static char *
group_write(const char *before, const char *each, int n, const char *after)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs(before, out);
	for (int i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", out);
		fprintf(out, each, i / 256, i % 256);
	}
	fputs(after, out);
	fclose(out);
	return text;
}

static void
group_check_many(const char *before, const char *each, int n, const char *after, const char *says)
{
	char *text = group_write(before, each, n, after);

	if (says == NULL)
		weft_conf_destroy(conf_helper_load(text));
	else
		group_check_error(text, says);
	free(text);
}

static void
group_test_many(void **state)
{
	static const char all[] = "security-groups: [";
	static const char members[] = "security-groups: [{name: g, members: [";
	static const char small[] =
		"host: {group-members: 64}\n"
		"networks: [{name: n, type: local}]\n"
		"ports: [{name: p, network: n, device: d, addresses: [1.1.1.1],\n"
		"  security-groups: [g], allowed-address-pairs: [{ip: 1.1.1.2},\n"
		"  {ip: 1.1.1.0/24}]}]\n"
		"security-groups: [{name: g, members: [";

	(void)state;
	group_check_many(all, "{name: g%d-%d}", 16384, "]", NULL);
	group_check_many(all, "{name: g%d-%d}", 16385, "]",
			 "f:1:18: security-groups: has 16385 entries; at most 16384\n");
	group_check_many(members, "'2001:db8::%d:%d'", 65536, "]}]", NULL);
	group_check_many(members, "'2001:db8::%d:%d'", 65537, "]}]",
			 "f:1:18: security-groups: the number of members of all groups is 65537; "
			 "host.group-members must not be less, and is 65536 by default\n");
	/* A port counts with its addresses, and with pairs that are an address. */
	group_check_many(small, "10.0.%d.%d", 0, "]}]", NULL);
	group_check_many(small, "10.1.%d.%d", 63, "]}]",
			 "f:1:23: host.group-members: 64 is less than 65, the number of members of "
			 "all groups (f:6:18)\n");
}

/** A port may be in 64 groups. */
static void
group_test_many_of_port(void **state)
{
	static const char port[] = "]\nnetworks: [{name: n, type: local}]\n"
				   "ports: [{name: p, network: n, device: d, security-groups: [";

	(void)state;
	for (int n = 64; n <= 65; n++) {
		char *groups = group_write("security-groups: [", "{name: g%d-%d}", n, port);

		group_check_many(groups, "g%d-%d", n, "]}]",
				 n == 64 ? NULL :
					   "f:3:59: ports[p].security-groups: has 65 entries; at "
					   "most 64\n");
		free(groups);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(group_test_groups),	cmocka_unit_test(group_test_port),
		cmocka_unit_test(group_test_defaults),	cmocka_unit_test(group_test_rules),
		cmocka_unit_test(group_test_protocols), cmocka_unit_test(group_test_errors),
		cmocka_unit_test(group_test_many),	cmocka_unit_test(group_test_many_of_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
