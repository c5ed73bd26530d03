/* SPDX-License-Identifier: BSD-3-Clause */
/* Routers: what their keys become, what is wrong about them, and how many there may be. */
#include <arpa/inet.h>
#include <time.h>

#include "conf_helper.h"
#include "conf_nat_errors.h"
#include "conf_router_errors.h"
#include "conf_router_good.h"
#include "conf_router_large.h"

static void
router_check_ip(const struct weft_ip *ip, const char *expected)
{
	char text[INET6_ADDRSTRLEN + 4];

	weft_ip_format(ip, text);
	assert_string_equal(text, expected);
}

static void
router_test_keys(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		ROUTER_NETS
		"routers:\n"
		"  - name: r1\n"
		"    project: acme\n"
		"    admin: down\n"
		"    interfaces:\n"
		"      - {network: blue, address: 10.0.0.1/24, mac: 02:00:00:00:00:01}\n"
		"      - {network: blue, address: '2001:db8::1/64'}\n"
		"    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
		"      mac: 02:00:00:00:00:02}\n"
		"    routes:\n"
		"      - {destination: 172.16.0.0/12, next-hop: 10.0.0.254}\n"
		"      - {destination: 172.16.0.0/12, next-hop: 10.0.0.253}\n"
		"      - {destination: '::/0', next-hop: '2001:db8::2'}\n");
	const struct weft_conf_router *router = &conf->routers[0];
	const struct weft_conf_interface *interface = router->interfaces;

	(void)state;
	assert_int_equal(conf->n_routers, 1);
	assert_string_equal(router->name, "r1");
	assert_string_equal(router->project, "acme");
	assert_false(router->admin_up);
	assert_int_equal(router->place.line, 4);
	assert_int_equal(router->n_interfaces, 2);
	assert_string_equal(interface[0].network, "blue");
	router_check_ip(&interface[0].address, "10.0.0.1/24");
	assert_true(interface[0].has_mac);
	assert_int_equal(interface[0].mac.addr_bytes[5], 1);
	router_check_ip(&interface[1].address, "2001:db8::1/64");
	assert_false(interface[1].has_mac);
	assert_int_equal(interface[1].place.line, 9);
	assert_true(router->gateway.is_there);
	assert_string_equal(router->gateway.network, "public");
	router_check_ip(&router->gateway.address, "203.0.113.2/24");
	assert_true(router->gateway.has_next_hop);
	router_check_ip(&router->gateway.next_hop, "203.0.113.1");
	assert_true(router->gateway.has_mac);
	assert_int_equal(router->gateway.mac.addr_bytes[5], 2);
	assert_int_equal(router->gateway.place.line, 10);
	assert_int_equal(router->n_routes, 3);
	router_check_ip(&router->routes[1].destination, "172.16.0.0/12");
	router_check_ip(&router->routes[1].next_hop, "10.0.0.253");
	router_check_ip(&router->routes[2].destination, "::/0");
	assert_int_equal(router->routes[2].place.line, 15);
	weft_conf_destroy(conf);
}

static void
router_test_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		ROUTER_NETS "routers: [{name: r}, {name: s, interfaces: , routes: ,\n"
			    "  gateway: {network: public, address: 10.0.0.1/24}}]\n");
	const struct weft_conf_router *router = conf->routers;

	(void)state;
	assert_int_equal(conf->n_routers, 2);
	assert_null(router[0].project);
	assert_true(router[0].admin_up);
	assert_int_equal(router[0].n_interfaces, 0);
	assert_int_equal(router[0].n_routes, 0);
	assert_false(router[0].gateway.is_there);
	assert_true(router[1].gateway.is_there);
	assert_false(router[1].gateway.has_next_hop);
	assert_false(router[1].gateway.has_mac);
	weft_conf_destroy(conf);
}

static void
router_test_nat_keys(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		ROUTER_INSIDE
		"    gateway: {network: public, address: 203.0.113.2/24,\n"
		"      snat-pool: [203.0.113.20, 203.0.113.21]}\n"
		"    nat: {mapping: address-and-port-dependent, filtering: endpoint-independent,\n"
		"      udp-timeout: 120, tcp-established-timeout: 7441, icmp-timeout: 61,\n"
		"      tcp-transitory-timeout: 241, port-quota: 0}\n"
		"    floating-ips:\n"
		"      - {address: 203.0.113.10, port: vm1}\n"
		"      - {address: 203.0.113.11, port: vm1, fixed-address: 10.0.0.11}\n"
		"    port-forwardings:\n"
		"      - {address: 203.0.113.20, protocol: udp, external-port: 8080, port: vm2,\n"
		"         fixed-address: 10.0.0.20, internal-port: 80}\n"
		"      - {address: 203.0.113.2, protocol: tcp, external-port: 22, port: vm1,\n"
		"         fixed-address: 10.0.0.10, internal-port: 2222}\n");
	const struct weft_conf_router *router = &conf->routers[0];
	const struct weft_conf_floating_ip *floating_ips = router->floating_ips;
	const struct weft_conf_forwarding *forwardings = router->forwardings;

	(void)state;
	assert_true(router->gateway.snat);
	assert_int_equal(router->gateway.n_snat_pool, 2);
	router_check_ip(&router->gateway.snat_pool[1], "203.0.113.21");
	assert_int_equal(router->nat.mapping, WEFT_NAT_MAPPING_ADDRESS_AND_PORT);
	assert_int_equal(router->nat.filtering, WEFT_NAT_FILTERING_INDEPENDENT);
	assert_int_equal(router->nat.udp_timeout_sec, 120);
	assert_int_equal(router->nat.tcp_established_timeout_sec, 7441);
	assert_int_equal(router->nat.tcp_transitory_timeout_sec, 241);
	assert_int_equal(router->nat.icmp_timeout_sec, 61);
	assert_int_equal(router->nat.port_quota, 0);
	assert_int_equal(router->nat.place.line, 15);
	assert_int_equal(router->n_floating_ips, 2);
	router_check_ip(&floating_ips[0].address, "203.0.113.10");
	assert_string_equal(floating_ips[0].port, "vm1");
	router_check_ip(&floating_ips[0].fixed_address, "10.0.0.10");
	assert_true(floating_ips[0].is_first);
	router_check_ip(&floating_ips[1].fixed_address, "10.0.0.11");
	assert_false(floating_ips[1].is_first);
	assert_int_equal(router->n_forwardings, 2);
	router_check_ip(&forwardings[0].address, "203.0.113.20");
	assert_int_equal(forwardings[0].protocol, WEFT_FORWARDING_UDP);
	assert_int_equal(forwardings[0].external_port, 8080);
	assert_string_equal(forwardings[0].port, "vm2");
	router_check_ip(&forwardings[0].fixed_address, "10.0.0.20");
	assert_false(forwardings[0].is_first);
	assert_int_equal(forwardings[0].internal_port, 80);
	assert_int_equal(forwardings[1].protocol, WEFT_FORWARDING_TCP);
	assert_true(forwardings[1].is_first);
	weft_conf_destroy(conf);
}

static void
router_test_nat_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		ROUTER_OUTSIDE
		"  - {name: s, gateway: {network: public, address: 203.0.113.3/24, snat: false}}\n"
		"  - {name: t, gateway: {network: public, address: '2001:db8::2/64'}, nat: }\n"
		"  - {name: u}\n");
	const struct weft_conf_router *router = conf->routers;

	(void)state;
	assert_true(router[0].gateway.snat);
	assert_int_equal(router[0].gateway.n_snat_pool, 1);
	router_check_ip(router[0].gateway.snat_pool, "203.0.113.2");
	assert_int_equal(router[1].gateway.n_snat_pool, 0);
	assert_true(router[2].gateway.snat);
	assert_int_equal(router[2].gateway.n_snat_pool, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(router[i].nat.mapping, WEFT_NAT_MAPPING_INDEPENDENT);
		assert_int_equal(router[i].nat.filtering, WEFT_NAT_FILTERING_ADDRESS);
		assert_int_equal(router[i].nat.udp_timeout_sec, 300);
		assert_int_equal(router[i].nat.tcp_established_timeout_sec, 7440);
		assert_int_equal(router[i].nat.tcp_transitory_timeout_sec, 240);
		assert_int_equal(router[i].nat.icmp_timeout_sec, 60);
		assert_int_equal(router[i].nat.port_quota, 4096);
		assert_int_equal(router[i].n_floating_ips, 0);
		assert_int_equal(router[i].n_forwardings, 0);
		assert_int_equal(router[i].n_firewall, 0);
	}
	weft_conf_destroy(conf);
}

static void
router_test_firewall(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"routers:\n"
		"  - name: r\n"
		"    firewall:\n"
		"      - {action: deny, direction: in, protocol: tcp, ports: 20-23, log: true}\n"
		"      - {action: allow, direction: out, source: 10.0.0.0/8, destination: "
		"192.0.2.1}\n"
		"      - {action: allow, protocol: icmpv6, icmp-type: 8, icmp-code: 0}\n"
		"      - {action: allow, destination: '::/0'}\n"
		"      - {action: allow}\n");
	const struct weft_conf_firewall_rule *rules = conf->routers[0].firewall;

	(void)state;
	assert_int_equal(conf->routers[0].n_firewall, 5);
	assert_int_equal(rules[0].action, WEFT_FIREWALL_DENY);
	assert_int_equal(rules[0].direction, WEFT_FIREWALL_IN);
	assert_int_equal(rules[0].ethertype, WEFT_ETHERTYPE_ANY);
	assert_int_equal(rules[0].protocol, 6);
	assert_true(rules[0].has_ports);
	assert_int_equal(rules[0].ports.first, 20);
	assert_int_equal(rules[0].ports.last, 23);
	assert_true(rules[0].log);
	assert_int_equal(rules[0].place.line, 4);
	assert_int_equal(rules[1].action, WEFT_FIREWALL_ALLOW);
	assert_int_equal(rules[1].direction, WEFT_FIREWALL_OUT);
	assert_int_equal(rules[1].ethertype, WEFT_ETHERTYPE_IPV4);
	assert_true(rules[1].has_source && rules[1].has_destination);
	router_check_ip(&rules[1].source, "10.0.0.0/8");
	router_check_ip(&rules[1].destination, "192.0.2.1");
	assert_int_equal(rules[2].ethertype, WEFT_ETHERTYPE_IPV6);
	assert_true(rules[2].has_icmp_type && rules[2].has_icmp_code);
	assert_int_equal(rules[2].icmp_type, 8);
	assert_int_equal(rules[3].ethertype, WEFT_ETHERTYPE_IPV6);
	assert_int_equal(rules[4].direction, WEFT_FIREWALL_BOTH);
	assert_int_equal(rules[4].protocol, WEFT_PROTOCOL_ANY);
	assert_false(rules[4].has_ports || rules[4].has_icmp_type || rules[4].has_icmp_code);
	assert_false(rules[4].has_source || rules[4].has_destination || rules[4].log);
	weft_conf_destroy(conf);
}

static void
router_test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(router_good); i++)
		weft_conf_destroy(conf_helper_load(router_good[i]));
}

static void
router_check_error(const char *text, const char *expected)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *says;

	assert_null(weft_conf_load_text(text, strlen(text), "f", &errors));
	says = conf_helper_join(&errors);
	assert_string_equal(says, expected);
	free(says);
}

static void
router_check_errors(const struct router_error *errors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		router_check_error(errors[i].text, errors[i].says);
}

static void
router_test_errors(void **state)
{
	(void)state;
	router_check_errors(router_value_errors, COUNT(router_value_errors));
	router_check_errors(router_network_errors, COUNT(router_network_errors));
	router_check_errors(router_link_errors, COUNT(router_link_errors));
	router_check_errors(router_route_errors, COUNT(router_route_errors));
	router_check_errors(router_nat_errors, COUNT(router_nat_errors));
	router_check_errors(router_floating_errors, COUNT(router_floating_errors));
	router_check_errors(router_forwarding_errors, COUNT(router_forwarding_errors));
	router_check_errors(router_firewall_errors, COUNT(router_firewall_errors));
}

/** Writes a list of n elements, in which two numbers count up. */
static void
router_write_list(FILE *out, const char *each, int n)
{
	fputc('[', out);
	for (int i = 0; i < n; i++) {
		fputs(i > 0 ? ",\n  " : "", out);
		fprintf(out, each, i / 256, i % 256);
	}
	fputs("]", out);
}

/** As many as there may be, and one more. */
static const struct router_many {
	const char *before, *each, *after;
	int most;
	const char *says;
} router_manies[] = {
	{ "routers: ", "{name: r%d-%d}", "\n", 4096,
	  "f:1:10: routers: has 4097 entries; at most 4096\n" },
	{ "networks: [{name: n, type: local}]\nrouters: [{name: r, interfaces: ",
	  "{network: n, address: 10.%d.%d.1/24}",
	  ",\n  routes: [{destination: 10.9.9.0/24, next-hop: 10.0.9.9}]}]\n", 64,
	  "f:2:33: routers[r].interfaces: has 65 entries; at most 64\n" },
	{ "networks: [{name: n, type: local}]\n"
	  "routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24}], routes: ",
	  "{destination: 11.%d.%d.0/24, next-hop: 10.0.0.9}", "}]\n", 1024,
	  "f:2:79: routers[r].routes: has 1025 entries; at most 1024\n" },
	{ "networks: [{name: n, type: local, external: true}]\n"
	  "routers: [{name: r, gateway: {network: n, address: 10.0.0.1/15, snat-pool: ",
	  "10.1.%d.%d", "}}]\n", 64,
	  "f:2:76: routers[r].gateway.snat-pool: has 65 entries; at most 64\n" },
	{ "networks: [{name: n, type: local, external: true}, {name: m, type: local}]\n"
	  "ports: [{name: p, network: m, device: d, addresses: [10.2.0.2]}]\n"
	  "routers: [{name: r, gateway: {network: n, address: 10.0.0.1/15},\n"
	  "  interfaces: [{network: m, address: 10.2.0.1/16}], port-forwardings: ",
	  "{address: 10.1.%d.%d, protocol: tcp, external-port: 80, port: p, internal-port: 80}",
	  "}]\n", 4096, "f:4:71: routers[r].port-forwardings: has 4097 entries; at most 4096\n" },
	{ "routers: [{name: r, firewall: ", "{action: deny, source: 10.%d.%d.0/24}", "}]\n", 1000,
	  "f:1:31: routers[r].firewall: has 1001 entries; at most 1000\n" },
};

static void
router_check_many(const struct router_many *many, int n, const char *says)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs(many->before, out);
	router_write_list(out, many->each, n);
	fputs(many->after, out);
	fclose(out);
	if (says == NULL)
		weft_conf_destroy(conf_helper_load(text));
	else
		router_check_error(text, says);
	free(text);
}

static void
router_test_many(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(router_manies); i++) {
		router_check_many(&router_manies[i], router_manies[i].most, NULL);
		router_check_many(&router_manies[i], router_manies[i].most + 1,
				  router_manies[i].says);
	}
}

/** Processor time to load a document, which is freed; the best of three. */
static clock_t
router_measure(char *text)
{
	clock_t best = 0;

	for (int i = 0; i < 3; i++) {
		clock_t start = clock(), took;
		struct weft_conf *conf = conf_helper_load(text);

		took = clock() - start;
		weft_conf_destroy(conf);
		if (i == 0 || took < best)
			best = took;
	}
	free(text);
	return best;
}

/** Nothing compares all with all: ten times the routers take about ten times as long. */
static void
router_test_scale(void **state)
{
	clock_t small = router_measure(router_write_large(409));
	clock_t large = router_measure(router_write_large(4096));
	char *text = router_write_outsides(4097);

	(void)state;
	assert_true(large < 40 * small);
	small = router_measure(router_write_outsides(409));
	large = router_measure(router_write_outsides(4096));
	assert_true(large < 40 * small);
	router_check_error(
		text, "f:4109:7: routers[r].floating-ips: has 4097 entries; at most 4096\n"
		      "f:8207:7: routers[r].port-forwardings: has 4097 entries; at most 4096\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(router_test_keys),	cmocka_unit_test(router_test_defaults),
		cmocka_unit_test(router_test_nat_keys), cmocka_unit_test(router_test_nat_defaults),
		cmocka_unit_test(router_test_firewall), cmocka_unit_test(router_test_good),
		cmocka_unit_test(router_test_errors),	cmocka_unit_test(router_test_many),
		cmocka_unit_test(router_test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
