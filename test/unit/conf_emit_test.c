/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written loads back to the same: by hand, and for random documents. */
#include "conf_emit_random.h"
#include "conf_emit_texts.h"
#include "conf_helper.h"

static void
emit_test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(emit_texts); i++) {
		struct weft_conf *conf = conf_helper_load(emit_texts[i]);
		char *text = conf_helper_emit(conf);

		assert_string_equal(text, emit_texts[i]);
		free(text);
		weft_conf_destroy(conf);
	}
}

/** What is at its default, or inherited, is left out however it was written. */
static void
emit_test_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"host: {polling: adaptive, memory: 262144K, flow-idle: 10}\n"
		"physical-networks: [{name: w, device: d, mtu: 2000, queues: 0, admin: up}]\n"
		"networks: [{name: a, type: flat, physical-network: w, mtu: 2000, mac-limit: 0,\n"
		"  static-macs: [], subnets: ~, external: false}]\n"
		"ports: [{name: p, network: a, device: e, queues: 0, mtu: 2000, addresses: []},\n"
		"  {name: q, network: a, vhost-user: /q, queues: 1, mode: client}]\n");
	char *text = conf_helper_emit(conf);

	(void)state;
	assert_string_equal(text, "physical-networks:\n  - name: w\n    device: d\n    mtu: 2000\n"
				  "networks:\n  - name: a\n    type: flat\n"
				  "    physical-network: w\n"
				  "ports:\n  - name: p\n    network: a\n    device: e\n"
				  "  - name: q\n    network: a\n    vhost-user: /q\n");
	free(text);
	weft_conf_destroy(conf);
}

/** The same for tunnels: what the file says and what would hold without it. */
static void
emit_test_tunnel_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"physical-networks: [{name: w, device: d0}]\n"
		"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, gateway:\n"
		"  [192.0.2.2], routes: [], vxlan-port: 4789, geneve-port: 6081, dscp: 0, ttl: "
		"64,\n"
		"  udp-checksum: true}\n"
		"networks:\n"
		"  - {name: a, type: vxlan, segment: 1, mtu: 1450, unknown-addresses: flood,\n"
		"     peers: [192.0.2.4, 192.0.2.3], neighbours: [\n"
		"     {mac: 02:00:00:00:00:01, at: 192.0.2.3},\n"
		"     {mac: 02:00:00:00:00:02, at: 192.0.2.4}]}\n"
		"  - {name: b, type: gre, segment: 1, mtu: 1458, peers: [], neighbours: []}\n");
	char *text = conf_helper_emit(conf);

	(void)state;
	assert_string_equal(text, "physical-networks:\n  - name: w\n    device: d0\n"
				  "tunnel-endpoint:\n  physical-network: w\n"
				  "  address: 192.0.2.1/24\n  gateway: 192.0.2.2\n"
				  "networks:\n  - name: a\n    type: vxlan\n    segment: 1\n"
				  "    neighbours:\n"
				  "      - {mac: \"02:00:00:00:00:01\", at: 192.0.2.3}\n"
				  "      - {mac: \"02:00:00:00:00:02\", at: 192.0.2.4}\n"
				  "  - name: b\n    type: gre\n    segment: 1\n");
	free(text);
	weft_conf_destroy(conf);
}

/** And for NAT. */
static void
emit_test_nat_defaults(void **state)
{
	struct weft_conf *conf = conf_helper_load(
		"networks: [{name: a, type: local, external: true}, {name: b, type: local}]\n"
		"ports: [{name: p, network: b, device: d, addresses: [10.0.0.2, 10.0.0.3]}]\n"
		"routers:\n"
		"  - name: r\n"
		"    interfaces: [{network: b, address: 10.0.0.1/24}]\n"
		"    gateway: {network: a, address: 192.0.2.1/24, snat: true,\n"
		"      snat-pool: [192.0.2.1]}\n"
		"    nat: {mapping: endpoint-independent, filtering: address-dependent,\n"
		"      udp-timeout: 300, tcp-established-timeout: 7440, port-quota: 4096,\n"
		"      tcp-transitory-timeout: 240, icmp-timeout: 60}\n"
		"    floating-ips: [{address: 192.0.2.2, port: p, fixed-address: 10.0.0.2}]\n"
		"    firewall: [{action: deny, direction: both, log: false, ethertype: ipv4,\n"
		"      source: 10.0.0.0/8, protocol: any}]\n"
		"  - {name: s, nat: {}, floating-ips: [], port-forwardings: [], firewall: []}\n");
	char *text = conf_helper_emit(conf);

	(void)state;
	assert_non_null(strstr(text, "    gateway: {network: a, address: 192.0.2.1/24}\n"
				     "    floating-ips:\n"
				     "      - {address: 192.0.2.2, port: p}\n"
				     "    firewall:\n"
				     "      - {action: deny, source: 10.0.0.0/8}\n"
				     "  - name: s\n"));
	assert_string_equal(strstr(text, "  - name: s\n"), "  - name: s\n");
	free(text);
	weft_conf_destroy(conf);
}

/** What is left when something goes with its users is right too, and can be written. */
static void
emit_check_delete(const struct weft_conf *conf, const char *noun, const char *name)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *left = weft_conf_delete(conf, noun, name, true, &errors);
	char *text;

	weft_errors_print(&errors, stderr);
	assert_non_null(left);
	text = conf_helper_emit(left);
	weft_conf_destroy(conf_helper_load(text));
	free(text);
	weft_conf_destroy(left);
}

static void
emit_test_random(void **state)
{
	char *previous_text = strdup("{}\n");

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *text = emit_random_document();
		struct weft_conf *conf = conf_helper_load(text);
		char *emitted = conf_helper_emit(conf);
		struct weft_conf *again = conf_helper_load(emitted);
		char *emitted_again = conf_helper_emit(again);
		struct weft_conf *previous = conf_helper_load(previous_text);
		char *says = conf_helper_diff(conf, again);

		assert_string_equal(says, "");
		assert_string_equal(emitted, emitted_again);
		emit_check_delete(conf, "network", conf->networks[i % conf->n_networks].name);
		emit_check_delete(conf, "physical-network", conf->wires[i % 2].name);
		emit_check_delete(conf, "port", conf->ports[i % conf->n_ports].name);
		emit_check_delete(conf, "router", conf->routers[i % conf->n_routers].name);
		free(says);
		/* Two random documents differ, and the walk over the difference survives it. */
		says = conf_helper_diff(previous, conf);
		assert_string_not_equal(says, "");
		free(says);
		weft_conf_destroy(previous);
		weft_conf_destroy(conf);
		weft_conf_destroy(again);
		free(emitted_again);
		free(emitted);
		free(previous_text);
		previous_text = text;
	}
	free(previous_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emit_test_exact),
		cmocka_unit_test(emit_test_defaults),
		cmocka_unit_test(emit_test_tunnel_defaults),
		cmocka_unit_test(emit_test_nat_defaults),
		cmocka_unit_test(emit_test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
