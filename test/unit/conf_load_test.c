/* SPDX-License-Identifier: BSD-3-Clause */
/* Good files: what every key becomes, what holds without it, and where the ranges end. */
#include <arpa/inet.h>
#include <time.h>

#include "conf_helper.h"
#include "conf_load_borders.h"

static const char load_every_key[] =
	"host:\n"
	"  workers: [3, 0, 5]\n"
	"  polling: busy\n"
	"  memory: 1G\n"
	"  mac-entries: 1000\n"
	"  flow-entries: 2000\n"
	"  flow-idle: 60\n"
	"physical-networks:\n"
	"  - name: physnet1\n"
	"    device: \"net_pcap0,rx_pcap=a b.pcap\"\n"
	"    mtu: 9000\n"
	"    queues: 4\n"
	"    admin: down\n"
	"    miss-budget: 7\n"
	"networks:\n"
	"  - name: blue\n"
	"    project: \"Acme, Inc. \xe2\x82\xac\"\n"
	"    type: vlan\n"
	"    segment: 100\n"
	"    physical-network: physnet1\n"
	"    external: true\n"
	"    admin: down\n"
	"    mtu: 8000\n"
	"    mac-age: 10\n"
	"    mac-limit: 5\n"
	"    mac-limit-action: forward\n"
	"    static-macs:\n"
	"      - {mac: \"02:00:00:00:00:99\", port: vm1}\n"
	"      - {mac: 02:00:00:00:00:9A, physical-network: physnet1}\n"
	"    subnets:\n"
	"      - {name: blue4, cidr: 10.0.0.0/24, gateway: 10.0.0.1}\n"
	"      - {name: blue6, cidr: \"2001:db8::/64\"}\n"
	"ports:\n"
	"  - name: vm1\n"
	"    network: blue\n"
	"    instance: web-1\n"
	"    vhost-user: /run/weft/vm1.sock\n"
	"    mode: server\n"
	"    queues: 2\n"
	"    socket-owner: libvirt-qemu:kvm\n"
	"    socket-mode: \"0660\"\n"
	"    mac: \"02:00:00:00:00:0a\"\n"
	"    addresses: [10.0.0.10, \"2001:db8::a\", \"fe80::1\"]\n"
	"    port-security: false\n"
	"    mtu: 1400\n"
	"    admin: down\n"
	"    mac-limit: 3\n"
	"    mac-limit-action: forward\n"
	"    miss-budget: 9\n";

#define LOAD_TUNNEL                                                                                \
	"physical-networks: [{name: w, device: d0}]\n"                                             \
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24}\n"
#define LOAD_GUEST "{mac: 02:00:00:00:00:07, ip: 10.1.0.7, at: 10.0.0.1}"

static void
load_test_host_and_wire(void **state)
{
	struct weft_conf *conf = conf_helper_load(load_every_key);
	const struct weft_conf_wire *wire = &conf->wires[0];

	(void)state;
	assert_string_equal(conf->file, "f");
	assert_int_equal(conf->host.n_workers, 3);
	assert_int_equal(conf->host.workers[0], 3);
	assert_int_equal(conf->host.workers[1], 0);
	assert_int_equal(conf->host.workers[2], 5);
	assert_int_equal(conf->host.polling, WEFT_POLLING_BUSY);
	assert_int_equal(conf->host.memory_bytes, 1 << 30);
	assert_int_equal(conf->host.mac_entries, 1000);
	assert_int_equal(conf->host.flow_entries, 2000);
	assert_int_equal(conf->host.flow_idle_sec, 60);
	assert_int_equal(conf->n_wires, 1);
	assert_string_equal(wire->name, "physnet1");
	assert_string_equal(wire->device, "net_pcap0,rx_pcap=a b.pcap");
	assert_int_equal(wire->mtu, 9000);
	assert_int_equal(wire->queues, 4);
	assert_false(wire->admin_up);
	assert_int_equal(wire->miss_budget, 7);
	assert_int_equal(wire->place.line, 9);
	assert_int_equal(wire->place.column, 5);
	weft_conf_destroy(conf);
}

static void
load_test_network(void **state)
{
	struct weft_conf *conf = conf_helper_load(load_every_key);
	const struct weft_conf_network *network = &conf->networks[0];
	static const uint8_t prefix[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	(void)state;
	assert_int_equal(conf->n_networks, 1);
	assert_string_equal(network->name, "blue");
	assert_string_equal(network->project, "Acme, Inc. \xe2\x82\xac");
	assert_int_equal(network->type, WEFT_NETWORK_VLAN);
	assert_int_equal(network->segment, 100);
	assert_string_equal(network->wire, "physnet1");
	assert_true(network->external);
	assert_false(network->admin_up);
	assert_int_equal(network->mtu, 8000);
	assert_int_equal(network->mac_age_sec, 10);
	assert_int_equal(network->mac_limit, 5);
	assert_int_equal(network->mac_limit_action, WEFT_LIMIT_FORWARD);
	assert_int_equal(network->n_static_macs, 2);
	assert_string_equal(network->static_macs[0].port, "vm1");
	assert_null(network->static_macs[0].wire);
	assert_int_equal(network->static_macs[1].mac.addr_bytes[5], 0x9a);
	assert_string_equal(network->static_macs[1].wire, "physnet1");
	assert_int_equal(network->n_subnets, 2);
	assert_string_equal(network->subnets[0].name, "blue4");
	assert_int_equal(network->subnets[0].cidr.family, AF_INET);
	assert_int_equal(network->subnets[0].cidr.prefix, 24);
	assert_true(network->subnets[0].has_gateway);
	assert_int_equal(network->subnets[0].gateway.bytes[3], 1);
	assert_int_equal(network->subnets[1].cidr.family, AF_INET6);
	assert_int_equal(network->subnets[1].cidr.prefix, 64);
	assert_memory_equal(network->subnets[1].cidr.bytes, prefix, sizeof(prefix));
	assert_false(network->subnets[1].has_gateway);
	weft_conf_destroy(conf);
}

static void
load_test_port(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 10 };
	struct weft_conf *conf = conf_helper_load(load_every_key);
	const struct weft_conf_port *port = &conf->ports[0];
	char text[INET6_ADDRSTRLEN + 4];

	(void)state;
	assert_int_equal(conf->n_ports, 1);
	assert_string_equal(port->name, "vm1");
	assert_string_equal(port->network, "blue");
	assert_string_equal(port->instance, "web-1");
	assert_string_equal(port->vhost_user, "/run/weft/vm1.sock");
	assert_null(port->device);
	assert_int_equal(port->mode, WEFT_SOCKET_SERVER);
	assert_string_equal(port->socket_owner, "libvirt-qemu:kvm");
	assert_int_equal(port->socket_mode, 0660);
	assert_int_equal(port->queues, 2);
	assert_true(port->has_mac);
	assert_memory_equal(port->mac.addr_bytes, mac, sizeof(mac));
	assert_int_equal(port->n_addresses, 3);
	weft_ip_format(&port->addresses[0], text);
	assert_string_equal(text, "10.0.0.10");
	weft_ip_format(&port->addresses[1], text);
	assert_string_equal(text, "2001:db8::a");
	assert_false(port->port_security);
	assert_false(port->admin_up);
	assert_int_equal(port->mtu, 1400);
	assert_int_equal(port->mac_limit, 3);
	assert_int_equal(port->mac_limit_action, WEFT_LIMIT_FORWARD);
	assert_int_equal(port->miss_budget, 9);
	weft_conf_destroy(conf);
}

static void
load_test_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"physical-networks: [{name: w, device: d0, mtu: 2000}]\n"
		"networks: [{name: l, type: local}, {name: f, type: flat, physical-network: w}]\n"
		"ports: [{name: a, network: l, vhost-user: /a}, {name: b, network: f, device: "
		"d1}]\n");
	const struct weft_conf_network *network = &conf->networks[0];
	const struct weft_conf_port *port = &conf->ports[0];

	(void)state;
	assert_int_equal(conf->host.n_workers, 0);
	assert_int_equal(conf->host.polling, WEFT_POLLING_ADAPTIVE);
	assert_int_equal(conf->host.memory_bytes, 256 << 20);
	assert_int_equal(conf->host.mac_entries, 131072);
	assert_int_equal(conf->host.flow_entries, 262144);
	assert_int_equal(conf->host.flow_idle_sec, 10);
	assert_int_equal(conf->host.place.line, 0);
	assert_int_equal(conf->wires[0].queues, 0);
	assert_true(conf->wires[0].admin_up);
	assert_int_equal(conf->wires[0].miss_budget, 1000000);
	assert_int_equal(network->mtu, 1500);
	assert_int_equal(conf->networks[1].mtu, 2000);
	assert_null(network->project);
	assert_false(network->external);
	assert_true(network->admin_up);
	assert_int_equal(network->mac_age_sec, 300);
	assert_int_equal(network->mac_limit, 0);
	assert_int_equal(network->mac_limit_action, WEFT_LIMIT_DROP);
	assert_int_equal(port->mtu, 1500);
	assert_int_equal(conf->ports[1].mtu, 2000);
	assert_int_equal(port->queues, 1);
	assert_int_equal(conf->ports[1].queues, 0);
	assert_int_equal(port->mode, WEFT_SOCKET_CLIENT);
	assert_int_equal(port->socket_mode, 0);
	assert_false(port->has_mac);
	assert_true(port->port_security);
	assert_true(port->admin_up);
	assert_int_equal(port->miss_budget, 250000);
	weft_conf_destroy(conf);
}

/** Files that are unusual, and right. */
static const char *const load_good[] = {
	"{}",
	"\xef\xbb\xbf{}",
	"---\nhost: {polling: busy}\n...\n",
	"host:\r\n  polling: busy\r\n",
	"host:\nphysical-networks:\nnetworks: ~\nports: []\n",
	"{\"host\": {\"memory\": \"64M\"}}",
	"host: {memory: 67108864} # a comment\twith a tab\n",
	"networks: [{name: 0, type: local}, {name: a.b_c-D, type: 'local'}]",
	/* One VLAN id on two wires, and a wire that carries flat and VLAN networks at once. */
	"physical-networks: [{name: v, device: 0000:00:01.0}, {name: w, device: 0000:00:02.0}]\n"
	"networks:\n"
	"  - {name: a, type: vlan, segment: 1, physical-network: v}\n"
	"  - {name: b, type: vlan, segment: 1, physical-network: w}\n"
	"  - {name: c, type: flat, physical-network: w}\n"
	"  - {name: d, type: flat, physical-network: v}\n",
	/* The same MAC, address and subnet in two networks; one instance with two ports. */
	"networks:\n"
	"  - {name: a, type: local, subnets: [{name: s, cidr: 10.0.0.0/24}]}\n"
	"  - {name: b, type: local, subnets: [{name: s, cidr: 10.0.0.0/24}]}\n"
	"ports:\n"
	"  - {name: p, instance: i, network: a, device: net_a, mac: 02:00:00:00:00:01,\n"
	"     addresses: [10.0.0.1]}\n"
	"  - {name: q, instance: i, network: b, device: net_b, mac: 02:00:00:00:00:01,\n"
	"     addresses: [10.0.0.1]}\n",
	/* Neighbouring subnets; a subnet of one address. */
	"networks: [{name: a, type: local, subnets: [{name: s, cidr: 10.0.0.0/25},\n"
	"  {name: t, cidr: 10.0.0.128/25, gateway: 10.0.0.255}, {name: u, cidr: 10.0.1.0/32}]}]\n",
	"networks: [{name: n, type: local, subnets: [{name: a, cidr: 0.0.0.0/0},\n"
	"  {name: b, cidr: '::/0'}]}]\n",
	/* An endpoint without overlays; untagged beside a flat network; in a VLAN of another wire. */
	"physical-networks: [{name: v, device: d0}, {name: w, device: d1}]\n"
	"tunnel-endpoint: {physical-network: v, address: 192.0.2.1/24}\n"
	"networks: [{name: a, type: flat, physical-network: v}]\n"
	"ports: [{name: p, network: a, device: d2, addresses: [192.0.2.2]}]\n",
	"physical-networks: [{name: v, device: d0}, {name: w, device: d1}]\n"
	"tunnel-endpoint: {physical-network: v, address: 192.0.2.1/24, vlan: 7}\n"
	"networks: [{name: a, type: vlan, segment: 7, physical-network: w},\n"
	"  {name: b, type: vlan, segment: 8, physical-network: v}]\n",
	/* One number in every type; one guest behind two networks. */
	LOAD_TUNNEL "networks:\n"
		    "  - {name: a, type: vxlan, segment: 5, neighbours: [" LOAD_GUEST "]}\n"
		    "  - {name: b, type: gre, segment: 5, neighbours: [" LOAD_GUEST "]}\n"
		    "  - {name: c, type: geneve, segment: 5}\n"
		    "  - {name: d, type: vlan, segment: 5, physical-network: w}\n",
	/* A port and the static MAC of it beside neighbours; an address that needs no subnet. */
	LOAD_TUNNEL "networks: [{name: a, type: vxlan, segment: 5, external: true, neighbours: [\n"
		    "  " LOAD_GUEST ", {mac: 02:00:00:00:00:08, ip: 'fe80::8', at: 10.0.0.1}],\n"
		    "  static-macs: [{mac: 02:00:00:00:00:09, port: p}],\n"
		    "  subnets: [{name: s, cidr: 10.1.0.0/16}]}]\n"
		    "ports: [{name: p, network: a, device: d, mac: 02:00:00:00:00:09}]\n",
	/* Eight ways to one place, and eight to another. */
	"physical-networks: [{name: w, device: d0}]\n"
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway: [192.0.2.2,\n"
	"  192.0.2.3, 192.0.2.4, 192.0.2.5, 192.0.2.6, 192.0.2.7, 192.0.2.8, 192.0.2.9],\n"
	"  routes: [{destination: 10.0.0.0/8, next-hop: 192.0.2.2},\n"
	"  {destination: 10.0.0.0/9, next-hop: 192.0.2.2}]}\n",
};

static void
load_test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(load_good); i++)
		weft_conf_destroy(conf_helper_load(load_good[i]));
}

static void
load_check_border(const struct load_border *border, const char *value, bool is_good)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char pair[512], text[1024];
	struct weft_conf *conf;

	snprintf(pair, sizeof(pair), ", %s: ", border->key);
	snprintf(text, sizeof(text), border->document, pair, value);
	conf = weft_conf_load_text(text, strlen(text), "f", &errors);
	if ((conf != NULL) != is_good || errors.n != (is_good ? 0 : 1)) {
		weft_errors_print(&errors, stderr);
		fail_msg("%s", text);
	}
	weft_errors_clear(&errors);
	weft_conf_destroy(conf);
}

static void
load_test_borders(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(load_borders); i++) {
		for (int j = 0; j < 3 && load_borders[i].good[j] != NULL; j++)
			load_check_border(&load_borders[i], load_borders[i].good[j], true);
		for (int j = 0; j < 4 && load_borders[i].bad[j] != NULL; j++)
			load_check_border(&load_borders[i], load_borders[i].bad[j], false);
	}
}

/** A document of n networks and n ports, of which every other one is in one network; the caller
 *  frees it. */
static char *
load_write_large(int n)
{
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fputs("physical-networks: [{name: w0, device: d0}, {name: w1, device: d1}, "
	      "{name: w2, device: d2}]\nnetworks:\n",
	      out);
	for (int i = 0; i < n; i++)
		fprintf(out,
			"  - {name: n%d, type: vlan, segment: %d, physical-network: w%d,\n"
			"     subnets: [{name: s, cidr: 10.%d.%d.0/24}]}\n",
			i, i % 4094 + 1, i / 4094, i / 256, i % 256);
	fputs("ports:\n", out);
	for (int i = 0; i < n; i++)
		fprintf(out,
			"  - {name: p%d, network: n%d, vhost-user: /run/p%d, "
			"mac: 02:00:00:00:%02x:%02x, addresses: ['fe80::%x']}\n",
			i, i % 2 == 0 ? i : 1, i, i / 256, i % 256, i);
	fclose(out);
	return text;
}

/** Processor time to load it, the best of three. */
static clock_t
load_measure(int n)
{
	char *text = load_write_large(n);
	clock_t best = 0;

	for (int i = 0; i < 3; i++) {
		clock_t start = clock(), took;
		struct weft_conf *conf = conf_helper_load(text);

		took = clock() - start;
		assert_int_equal(conf->n_networks, n);
		assert_int_equal(conf->n_ports, n);
		weft_conf_destroy(conf);
		if (i == 0 || took < best)
			best = took;
	}
	free(text);
	return best;
}

/** Nothing compares all with all: ten times the objects take about ten times as long, not a hundred
 *  times, whatever the machine and the sanitizers. */
static void
load_test_scale(void **state)
{
	clock_t small = load_measure(1000), large = load_measure(10000);

	(void)state;
	assert_true(large < 40 * small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_test_host_and_wire), cmocka_unit_test(load_test_network),
		cmocka_unit_test(load_test_port),	   cmocka_unit_test(load_test_defaults),
		cmocka_unit_test(load_test_good),	   cmocka_unit_test(load_test_borders),
		cmocka_unit_test(load_test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
