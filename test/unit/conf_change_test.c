/* SPDX-License-Identifier: BSD-3-Clause */
/* From document to document: what differs, merging, deleting. */
#include "conf_change_group.h"
#include "conf_change_list.h"
#include "conf_change_nat.h"
#include "conf_change_router.h"
#include "conf_change_tunnel.h"
#include "conf_helper.h"

#define CHANGE_BASE                                                                                \
	"host: {workers: [1, 2]}\n"                                                                \
	"physical-networks:\n"                                                                     \
	"  - {name: w, device: d0}\n"                                                              \
	"networks:\n"                                                                              \
	"  - name: blue\n"                                                                         \
	"    type: vlan\n"                                                                         \
	"    segment: 100\n"                                                                       \
	"    physical-network: w\n"                                                                \
	"    static-macs: [{mac: '02:00:00:00:00:99', port: vm1}]\n"                               \
	"    subnets: [{name: s, cidr: 10.0.0.0/24}, {name: t, cidr: 10.0.1.0/24}]\n"              \
	"  - {name: red, type: local}\n"                                                           \
	"ports:\n"                                                                                 \
	"  - {name: vm1, network: blue, vhost-user: /vm1, addresses: [10.0.0.1, 10.0.0.2]}\n"      \
	"  - {name: vm2, network: blue, device: d1}\n"                                             \
	"  - {name: vm3, network: red, device: d2}\n"

/** The base with one text replaced by another; the caller frees it. */
static char *
change_replace(const char *base, const char *from, const char *to)
{
	const char *at = strstr(base, from);
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from)) > 0);
	return text;
}

static const struct change_case change_cases[] = {
	/* What means the same. */
	{ "[1, 2]", "[2, 1]", "" },
	{ "[10.0.0.1, 10.0.0.2]", "['10.0.0.2', 10.0.0.1]", "" },
	{ "{name: w, device: d0}", "{device: d0, name: w, mtu: 1500, admin: up}", "" },
	{ "{name: s, cidr: 10.0.0.0/24}, {name: t, cidr: 10.0.1.0/24}",
	  "{name: t, cidr: 10.0.1.0/24}, {cidr: 10.0.0.0/24, name: s}", "" },
	{ "  - {name: vm2, network: blue, device: d1}\n  - {name: vm3, network: red, device: d2}\n",
	  "  - {name: vm3, network: red, device: d2}\n  - {name: vm2, network: blue, device: d1}\n",
	  "" },
	/* The host. */
	{ "[1, 2]", "[1, 3]", "~ host  restart\n  workers: [1, 2] -> [1, 3]\n" },
	{ "workers: [1, 2]", "workers: [1, 2], memory: 1G, flow-entries: 64, mac-entries: 64",
	  "~ host  restart\n  memory: 256M -> 1G\n  mac-entries: 131072 -> 64\n"
	  "  flow-entries: 262144 -> 64\n" },
	{ "workers: [1, 2]", "workers: [1, 2], polling: busy, flow-idle: 5",
	  "~ host \n  polling: adaptive -> busy\n  flow-idle: 10 -> 5\n" },
	/* Wires. An inherited MTU follows. */
	{ "device: d0", "device: d9", "~ physical-network w reopen\n  device: d0 -> d9\n" },
	{ "device: d0", "device: d0, queues: 2, admin: down, miss-budget: 1",
	  "~ physical-network w reopen\n  queues: 0 -> 2\n  admin: up -> down\n"
	  "  miss-budget: 1000000 -> 1\n" },
	{ "device: d0", "device: d0, mtu: 1450",
	  "~ physical-network w\n  mtu: 1500 -> 1450\n~ network blue\n  mtu: 1500 -> 1450\n"
	  "~ port vm1\n  mtu: 1500 -> 1450\n~ port vm2\n  mtu: 1500 -> 1450\n" },
	/* Networks. */
	{ "segment: 100", "segment: 200\n    project: acme\n    mac-limit: 1\n    external: true",
	  "~ network blue\n  project: (none) -> acme\n  segment: 100 -> 200\n"
	  "  external: false -> true\n  mac-limit: 0 -> 1\n" },
	{ "{name: red, type: local}", "{name: red, type: flat, physical-network: w}",
	  "~ network red\n  type: local -> flat\n  physical-network: (none) -> w\n" },
	{ "{mac: '02:00:00:00:00:99', port: vm1}",
	  "{mac: '02:00:00:00:00:98', port: vm2}, {mac: '02:00:00:00:00:99', port: vm2}",
	  "~ network blue\n"
	  "  static-macs[02:00:00:00:00:98]: (none) -> {mac: 02:00:00:00:00:98, port: vm2}\n"
	  "  static-macs[02:00:00:00:00:99]: {mac: 02:00:00:00:00:99, port: vm1} -> "
	  "{mac: 02:00:00:00:00:99, port: vm2}\n" },
	{ ", {name: t, cidr: 10.0.1.0/24}", "",
	  "~ network blue\n  subnets[t]: {name: t, cidr: 10.0.1.0/24} -> (none)\n" },
	/* Ports. */
	{ "[10.0.0.1, 10.0.0.2]", "[10.0.0.1]",
	  "~ port vm1\n  addresses: [10.0.0.1, 10.0.0.2] -> [10.0.0.1]\n" },
	{ "vhost-user: /vm1", "vhost-user: /vm9, mac: '02:00:00:00:00:0A'",
	  "~ port vm1 reopen\n  vhost-user: /vm1 -> /vm9\n  mac: (none) -> 02:00:00:00:00:0a\n" },
	{ "vhost-user: /vm1", "device: d9",
	  "~ port vm1 reopen\n  vhost-user: /vm1 -> (none)\n  device: (none) -> d9\n"
	  "  queues: 1 -> 0\n" },
	{ "vhost-user: /vm1",
	  "vhost-user: /vm1, mode: server, socket-owner: a:b, socket-mode: \"0600\"",
	  "~ port vm1 reopen\n  mode: client -> server\n  socket-owner: (none) -> a:b\n"
	  "  socket-mode: (none) -> 0600\n" },
	{ "vhost-user: /vm1", "vhost-user: /vm1, instance: i, port-security: false, mac-limit: 2",
	  "~ port vm1\n  instance: (none) -> i\n  port-security: true -> false\n"
	  "  mac-limit: 4096 -> 2\n" },
	/* Coming and going. What refers to others goes first and comes last. */
	{ "{name: vm3,", "{name: vm4,", "- port vm3\n+ port vm4\n" },
	{ "  - {name: red, type: local}\n"
	  "ports:\n"
	  "  - {name: vm1, network: blue, vhost-user: /vm1, addresses: [10.0.0.1, 10.0.0.2]}\n"
	  "  - {name: vm2, network: blue, device: d1}\n"
	  "  - {name: vm3, network: red, device: d2}\n",
	  "  - {name: pink, type: local}\n"
	  "ports:\n"
	  "  - {name: vm1, network: blue, vhost-user: /vm1, addresses: [10.0.0.1, 10.0.0.2]}\n"
	  "  - {name: vm5, network: pink, device: d3}\n",
	  "- port vm2\n- port vm3\n- network red\n+ network pink\n+ port vm5\n" },
};

static void
change_check_diff(const char *base_text, const struct change_case *cases, size_t n)
{
	struct weft_conf *base = conf_helper_load(base_text);

	for (size_t i = 0; i < n; i++) {
		char *text = change_replace(base_text, cases[i].from, cases[i].to);
		struct weft_conf *conf = conf_helper_load(text);
		char *says = conf_helper_diff(base, conf);

		assert_string_equal(says, cases[i].says);
		free(says);
		weft_conf_destroy(conf);
		free(text);
	}
	weft_conf_destroy(base);
}

static void
change_test_diff(void **state)
{
	(void)state;
	change_check_diff(CHANGE_BASE, change_cases, COUNT(change_cases));
	change_check_diff(CHANGE_TUNNELS, change_tunnels, COUNT(change_tunnels));
	change_check_diff(CHANGE_GROUPS, change_groups, COUNT(change_groups));
	change_check_diff(CHANGE_LISTS, change_lists, COUNT(change_lists));
	change_check_diff(CHANGE_ROUTERS, change_routers, COUNT(change_routers));
	change_check_diff(CHANGE_NAT, change_nats, COUNT(change_nats));
	change_check_diff(CHANGE_POOL, change_pools, COUNT(change_pools));
	change_check_diff("{}", change_list_defaults, COUNT(change_list_defaults));
}

/** From nothing to everything and back. */
static void
change_test_diff_all(void **state)
{
	struct weft_conf *all = conf_helper_load(CHANGE_BASE);
	struct weft_conf *nothing = conf_helper_load("{}");
	char *says = conf_helper_diff(nothing, all);

	(void)state;
	assert_string_equal(says, "~ host  restart\n"
				  "  workers: every allowed core but the first -> [1, 2]\n"
				  "+ physical-network w\n+ network blue\n+ network red\n"
				  "+ port vm1\n+ port vm2\n+ port vm3\n");
	free(says);
	says = conf_helper_diff(all, nothing);
	assert_string_equal(says, "- port vm1\n- port vm2\n- port vm3\n- network blue\n"
				  "- network red\n- physical-network w\n"
				  "~ host  restart\n"
				  "  workers: [1, 2] -> every allowed core but the first\n");
	free(says);
	weft_conf_destroy(all);
	all = conf_helper_load(CHANGE_TUNNELS);
	says = conf_helper_diff(nothing, all);
	assert_string_equal(says, "+ physical-network w\n+ physical-network v\n"
				  "+ tunnel-endpoint \n+ network far\n+ network near\n"
				  "+ port vm1\n+ port vm2\n");
	free(says);
	says = conf_helper_diff(all, nothing);
	assert_string_equal(says, "- port vm1\n- port vm2\n- network far\n- network near\n"
				  "- tunnel-endpoint \n- physical-network w\n"
				  "- physical-network v\n");
	free(says);
	weft_conf_destroy(all);
	all = conf_helper_load(CHANGE_GROUPS);
	says = conf_helper_diff(nothing, all);
	assert_string_equal(says, "~ host  restart\n  connections: 262144 -> 1024\n"
				  "~ connection-timeouts \n  udp: 30 -> 60\n"
				  "+ network n\n+ security-group web\n+ security-group db\n"
				  "+ security-group lone\n+ port vm1\n+ port vm2\n");
	free(says);
	says = conf_helper_diff(all, nothing);
	assert_string_equal(says, "- port vm1\n- port vm2\n- security-group web\n"
				  "- security-group db\n- security-group lone\n- network n\n"
				  "~ host  restart\n  connections: 1024 -> 262144\n"
				  "~ connection-timeouts \n  udp: 60 -> 30\n");
	free(says);
	weft_conf_destroy(all);
	all = conf_helper_load(CHANGE_ROUTERS);
	says = conf_helper_diff(nothing, all);
	assert_string_equal(says, "+ physical-network w\n+ network blue\n+ network red\n"
				  "+ network public\n+ router r1\n+ router r2\n");
	free(says);
	says = conf_helper_diff(all, nothing);
	assert_string_equal(says, "- router r1\n- router r2\n- network blue\n- network red\n"
				  "- network public\n- physical-network w\n");
	free(says);
	weft_conf_destroy(all);
	weft_conf_destroy(nothing);
}

static const struct change_merge change_merges[] = {
	{ "{}", "", false },
	{ "host:\nports:\nnetworks: []\n", "", false },
	{ CHANGE_BASE, "", false },
	{ "host: {polling: busy}", "~ host \n  polling: adaptive -> busy\n", false },
	{ "ports: [{name: vm4, network: red, vhost-user: /vm4}]", "+ port vm4\n", false },
	/* An object is replaced as a whole. */
	{ "ports: [{name: vm9, network: n, vhost-user: /vm9},\n"
	  "  {name: vm1, network: blue, vhost-user: /vm1, mtu: 1000}]\n"
	  "networks: [{name: n, type: local}]",
	  "~ port vm1\n  addresses: [10.0.0.1, 10.0.0.2] -> []\n  mtu: 1500 -> 1000\n"
	  "+ network n\n+ port vm9\n",
	  false },
	{ "physical-networks: [{name: w, device: d0, mtu: 1400}]",
	  "~ physical-network w\n  mtu: 1500 -> 1400\n~ network blue\n  mtu: 1500 -> 1400\n"
	  "~ port vm1\n  mtu: 1500 -> 1400\n~ port vm2\n  mtu: 1500 -> 1400\n",
	  false },
	/* Faults, each with the file where it is; FRAGMENT stands for the fragment's path. */
	{ "", "FRAGMENT:1:1: is empty; a configuration without anything is written {}\n", true },
	{ "[]", "FRAGMENT:1:1: must be a map (key: value)\n", true },
	{ "ports: 5", "FRAGMENT:1:8: ports: must be a list\n", true },
	{ "host: {polling: }", "FRAGMENT:1:17: host.polling: needs a value\n", true },
	{ "load-balancers: []",
	  "FRAGMENT:1:1: unknown key 'load-balancers'; known keys here: host, physical-networks, "
	  "tunnel-endpoint, networks, connection-timeouts, security-groups, ports, routers\n",
	  true },
	{ "ports: [{name: vm4, network: red, device: d2}]",
	  "FRAGMENT:1:43: ports[vm4].device: d2 is also the device of ports[vm3] (f:15:39)\n",
	  true },
	{ "ports: [{name: w, network: red, device: d4}]",
	  "FRAGMENT:1:16: ports[w].name: w is also the name of physical-networks[w] (f:3:12)\n",
	  true },
	{ "ports: [{name: x, network: red, device: d4}, {name: x, network: red, device: d5}]",
	  "FRAGMENT:1:53: ports[x].name: x is also the name of ports[x] (FRAGMENT:1:16)\n", true },
	{ "ports: [{name: vm1, network: red, device: d4}]",
	  "f:9:52: networks[blue].static-macs[0].port: vm1 is a port of networks[red] "
	  "(FRAGMENT:1:30)\n",
	  true },
	{ "networks: [{name: red, type: local, subnets: [{name: s, cidr: 10.0.0.0/8},\n"
	  "  {name: t, cidr: 10.1.0.0/16}]}]",
	  "FRAGMENT:2:19: networks[red].subnets[t].cidr: 10.1.0.0/16 overlaps 10.0.0.0/8 of "
	  "networks[red].subnets[s] (FRAGMENT:1:63)\n",
	  true },
};

/** Replaces each FRAGMENT by the path. */
static char *
change_expand(const char *says, const char *path)
{
	const char *word = "FRAGMENT", *at;
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	while ((at = strstr(says, word)) != NULL) {
		fprintf(out, "%.*s%s", (int)(at - says), says, path);
		says = at + strlen(word);
	}
	fputs(says, out);
	fclose(out);
	return text;
}

static void
change_check_merges(const char *base_text, const struct change_merge *merges, size_t n)
{
	struct weft_conf *base = conf_helper_load(base_text);

	for (size_t i = 0; i < n; i++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		struct weft_conf *conf;
		char path[32], *says, *expected;

		conf_helper_write(path, merges[i].fragment);
		conf = weft_conf_merge(base, path, &errors);
		unlink(path);
		says = conf != NULL ? conf_helper_diff(base, conf) : conf_helper_join(&errors);
		expected = change_expand(merges[i].says, path);
		assert_string_equal(says, expected);
		assert_int_equal(conf == NULL, merges[i].is_bad);
		free(says);
		free(expected);
		weft_conf_destroy(conf);
	}
	weft_conf_destroy(base);
}

static void
change_test_merge(void **state)
{
	(void)state;
	change_check_merges(CHANGE_BASE, change_merges, COUNT(change_merges));
	change_check_merges(CHANGE_TUNNELS, change_tunnel_merges, COUNT(change_tunnel_merges));
	change_check_merges(CHANGE_GROUPS, change_group_merges, COUNT(change_group_merges));
	change_check_merges(CHANGE_ROUTERS, change_router_merges, COUNT(change_router_merges));
	change_check_merges(CHANGE_NAT, change_nat_merges, COUNT(change_nat_merges));
}

/** A merged document is one like others: it can be merged again, and outlives its parents. */
static void
change_test_merge_twice(void **state)
{
	static const char *const fragments[] = { "ports: [{name: a, network: red, device: d7}]",
						 "ports: [{name: b, network: red, device: d8}]" };
	struct weft_conf *conf = conf_helper_load(CHANGE_BASE);
	struct weft_conf *base = conf_helper_load(CHANGE_BASE);
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *says;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct weft_conf *merged;
		char path[32];

		conf_helper_write(path, fragments[i]);
		merged = weft_conf_merge(conf, path, &errors);
		unlink(path);
		assert_non_null(merged);
		weft_conf_destroy(conf);
		conf = merged;
	}
	assert_string_equal(conf->file, "f");
	says = conf_helper_diff(base, conf);
	assert_string_equal(says, "+ port a\n+ port b\n");
	free(says);
	assert_null(weft_conf_merge(conf, "/nowhere/fragment.yaml", &errors));
	says = conf_helper_join(&errors);
	assert_string_equal(says,
			    "/nowhere/fragment.yaml: cannot be read: No such file or directory\n");
	free(says);
	weft_conf_destroy(conf);
	weft_conf_destroy(base);
}

static const struct change_delete change_deletes[] = {
	{ "port", "vm3", NULL, "- port vm3\n" },
	{ "port", "vm1",
	  "port vm1 is used by a static MAC of network blue (f:9:19); --cascade deletes these "
	  "too\n",
	  "- port vm1\n~ network blue\n"
	  "  static-macs[02:00:00:00:00:99]: {mac: 02:00:00:00:00:99, port: vm1} -> (none)\n" },
	{ "network", "red",
	  "network red is used by port vm3 (f:15:5); --cascade deletes these too\n",
	  "- port vm3\n- network red\n" },
	{ "network", "blue",
	  "network blue is used by port vm1 (f:13:5), port vm2 (f:14:5); "
	  "--cascade deletes these too\n",
	  "- port vm1\n- port vm2\n- network blue\n" },
	{ "physical-network", "w",
	  "physical-network w is used by network blue (f:5:5), port vm1 (f:13:5), "
	  "port vm2 (f:14:5); --cascade deletes these too\n",
	  "- port vm1\n- port vm2\n- network blue\n- physical-network w\n" },
	{ "port", "w", "there is no port 'w'\n", NULL },
	{ "router", "r", "there is no router 'r'\n", NULL },
};

static void
change_check_delete(const struct weft_conf *base, const struct change_delete *test, bool cascade)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_delete(base, test->noun, test->name, cascade, &errors);
	bool is_refused = test->says == NULL || (test->refusal != NULL && !cascade);
	char *says = conf != NULL ? conf_helper_diff(base, conf) : conf_helper_join(&errors);

	assert_int_equal(conf == NULL, is_refused);
	assert_string_equal(says, is_refused ? test->refusal : test->says);
	free(says);
	weft_conf_destroy(conf);
}

static void
change_check_deletes(const char *base_text, const struct change_delete *deletes, size_t n)
{
	struct weft_conf *base = conf_helper_load(base_text);

	for (size_t i = 0; i < n; i++) {
		change_check_delete(base, &deletes[i], false);
		change_check_delete(base, &deletes[i], true);
	}
	weft_conf_destroy(base);
}

static void
change_test_delete(void **state)
{
	static const struct change_delete missing = { "tunnel-endpoint", "",
						      "there is no tunnel-endpoint\n", NULL };

	(void)state;
	change_check_deletes(CHANGE_BASE, change_deletes, COUNT(change_deletes));
	change_check_deletes(CHANGE_BASE, &missing, 1);
	change_check_deletes(CHANGE_TUNNELS, change_tunnel_deletes, COUNT(change_tunnel_deletes));
	change_check_deletes(CHANGE_GROUPS, change_group_deletes, COUNT(change_group_deletes));
	change_check_deletes(CHANGE_ROUTERS, change_router_deletes, COUNT(change_router_deletes));
	change_check_deletes(CHANGE_NAT, change_nat_deletes, COUNT(change_nat_deletes));
}

/** A long list of users is cut. */
static void
change_test_delete_many(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf;
	char *text, *says;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	fputs("networks: [{name: n, type: local}]\nports:\n", out);
	for (int i = 0; i < 12; i++)
		fprintf(out, "  - {name: p%d, network: n, vhost-user: /p%d}\n", i, i);
	fclose(out);
	conf = conf_helper_load(text);
	assert_null(weft_conf_delete(conf, "network", "n", false, &errors));
	says = conf_helper_join(&errors);
	assert_non_null(strstr(says, "port p9 (f:12:5) and 2 more; --cascade deletes these too\n"));
	free(says);
	free(text);
	weft_conf_destroy(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_test_diff),   cmocka_unit_test(change_test_diff_all),
		cmocka_unit_test(change_test_merge),  cmocka_unit_test(change_test_merge_twice),
		cmocka_unit_test(change_test_delete), cmocka_unit_test(change_test_delete_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
