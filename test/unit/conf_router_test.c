/* SPDX-License-Identifier: BSD-3-Clause */
/* Routers: what their keys become, what is wrong about them, and how many there may be. */
#include <arpa/inet.h>
#include <time.h>

#include "conf_helper.h"
#include "conf_router_errors.h"

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

/** Files that are unusual, and right. */
static const char *const router_good[] = {
	"routers:\n",
	"routers: []\n",
	/* A name is of routers only. */
	ROUTER_NETS "routers: [{name: blue}, {name: p}]\n"
		    "ports: [{name: p, network: blue, device: d}]\n",
	/* The gateway of a subnet is a router's address, or somebody else's; of several subnets. */
	"networks: [{name: n, type: local, subnets: [{name: s, cidr: 10.0.0.0/24,\n"
	"  gateway: 10.0.0.1}, {name: t, cidr: 10.0.1.0/24, gateway: 10.0.1.1},\n"
	"  {name: u, cidr: '2001:db8::/64', gateway: '2001:db8::1'}]}]\n"
	"routers: [{name: r, interfaces: [{network: n, address: 10.0.0.1/24},\n"
	"  {network: n, address: 10.0.1.2/24}, {network: n, address: '2001:db8::1/64'}]}]\n",
	/* One address in two networks, of two routers; one MAC in all of one router's networks. */
	ROUTER_NETS "routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/24,\n"
		    "  mac: 02:00:00:00:00:01}, {network: blue, address: 10.0.0.1/24,\n"
		    "  mac: 02:00:00:00:00:01}]}, {name: s, interfaces: [{network: public,\n"
		    "  address: 10.1.0.1/24, mac: 02:00:00:00:00:01}]}]\n",
	/* One MAC for all that a router has in a network, said once or twice. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: public, address: 10.1.0.1/24,\n"
	"  mac: 02:00:00:00:00:01}, {network: public, address: '2001:db8::1/64'}],\n"
	"  gateway: {network: public, address: 10.2.0.1/24, mac: 02:00:00:00:00:01}}]\n",
	/* Another family than that of the subnets. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: blue, address: '2001:db8::1/64'}]}]\n",
	/* Links beside each other. */
	ROUTER_NETS
	"routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/25},\n"
	"  {network: red, address: 10.1.0.129/25}, {network: red, address: 10.2.0.0/31},\n"
	"  {network: red, address: 10.2.0.2/32}]}]\n",
	/* A next hop that is another router, or at either end of a link of two. */
	ROUTER_NETS "routers: [{name: r, interfaces: [{network: red, address: 10.1.0.1/24},\n"
		    "  {network: red, address: 10.2.0.0/31}], routes: [\n"
		    "  {destination: 10.3.0.0/16, next-hop: 10.1.0.2},\n"
		    "  {destination: 10.4.0.0/16, next-hop: 10.2.0.1}]},\n"
		    "  {name: s, interfaces: [{network: red, address: 10.1.0.2/24}]}]\n",
	/* Routes inside of a link and around it; a way besides the gateway's; eight ways. */
	ROUTER_NETS
	"routers: [{name: r, gateway: {network: public, address: 10.1.0.1/24, next-hop:\n"
	"  10.1.0.2}, routes: [{destination: 10.1.0.128/25, next-hop: 10.1.0.3},\n"
	"  {destination: 10.1.0.0/16, next-hop: 10.1.0.3},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.3},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.4},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.5},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.6},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.7},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.8},\n"
	"  {destination: 0.0.0.0/0, next-hop: 10.1.0.9}]}]\n",
	/* The same ways of two routers. */
	ROUTER_NETS "routers: [{name: r, gateway: {network: public, address: 10.1.0.1/24,\n"
		    "  next-hop: 10.1.0.3}}, {name: s, gateway: {network: public, address:\n"
		    "  10.1.0.2/24, next-hop: 10.1.0.3}}]\n",
};

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

/** A document of n routers: each has a network of its own, a link in a network of n subnets, and a
 *  gateway, which all share their network. The caller frees it. */
static char *
router_write_large(int n)
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs("networks:\n  - {name: public, type: local, external: true}\n"
	      "  - name: shared\n    type: local\n    subnets:\n",
	      out);
	for (int i = 0; i < n; i++)
		fprintf(out, "      - {name: s%d, cidr: 10.%d.%d.0/24}\n", i, i / 256, i % 256);
	for (int i = 0; i < n; i++)
		fprintf(out, "  - {name: n%d, type: local}\n", i);
	fputs("routers:\n", out);
	for (int i = 0; i < n; i++)
		fprintf(out,
			"  - name: r%d\n    interfaces:\n"
			"      - {network: n%d, address: 192.168.0.1/24, mac: 02:00:00:00:00:01}\n"
			"      - {network: shared, address: 10.%d.%d.1/24}\n"
			"    gateway: {network: public, address: 172.16.%d.%d/12, "
			"next-hop: 172.31.0.1}\n"
			"    routes: [{destination: 11.0.0.0/8, next-hop: 10.%d.%d.2}]\n",
			i, i, i / 256, i % 256, i / 250, i % 250 + 1, i / 256, i % 256);
	fclose(out);
	return text;
}

/** Processor time to load it, the best of three. */
static clock_t
router_measure(int n)
{
	char *text = router_write_large(n);
	clock_t best = 0;

	for (int i = 0; i < 3; i++) {
		clock_t start = clock(), took;
		struct weft_conf *conf = conf_helper_load(text);

		took = clock() - start;
		assert_int_equal(conf->n_routers, n);
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
	clock_t small = router_measure(409), large = router_measure(4096);

	(void)state;
	assert_true(large < 40 * small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(router_test_keys), cmocka_unit_test(router_test_defaults),
		cmocka_unit_test(router_test_good), cmocka_unit_test(router_test_errors),
		cmocka_unit_test(router_test_many), cmocka_unit_test(router_test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
