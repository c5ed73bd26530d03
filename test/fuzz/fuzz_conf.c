/* SPDX-License-Identifier: BSD-3-Clause */
/* Any text as a configuration: it is refused with errors, or what is written out of it again is the
 * same configuration. */
#include "conf/conf.h"
#include "fuzz_main.h"

static const char *const fuzz_conf_seeds[] = {
	"host: {workers: [1, 2], memory: 256M, polling: busy}\n"
	"physical-networks: [{name: w, device: \"net_pcap0,rx_pcap=a.pcap\", mtu: 1600}]\n"
	"tunnel-endpoint: {physical-network: w, address: 192.0.2.1/24, vlan: 9, gateway: "
	"192.0.2.9}\n",
	"networks:\n"
	"  - {name: blue, type: local, subnets: [{name: s, cidr: 10.0.0.0/24, gateway: "
	"10.0.0.1}]}\n"
	"  - name: red\n"
	"    type: local\n"
	"    static-macs: [{mac: '02:00:00:00:00:99', port: vm1}]\n"
	"ports:\n"
	"  - name: vm1\n"
	"    network: red\n"
	"    vhost-user: /run/vm1\n"
	"    socket-mode: \"0660\"\n"
	"    mac: 02:00:00:00:00:0a\n"
	"    addresses: [10.0.0.10, '2001:db8::1']\n"
	"    security-groups: [web]\n"
	"security-groups:\n"
	"  - {name: web, rules: [{direction: ingress, protocol: tcp, ports: 80-443},\n"
	"      {direction: egress, remote-group: web}], members: [10.0.0.0/8]}\n",
	"networks: [{name: a, type: local}, {name: b, type: local, external: true}]\n"
	"ports: [{name: vm1, network: a, vhost-user: /s, addresses: [10.0.0.10]}]\n"
	"routers:\n"
	"  - name: r1\n"
	"    interfaces: [{network: a, address: 10.0.0.1/24}]\n"
	"    gateway: {network: b, address: 203.0.113.2/24, next-hop: 203.0.113.1, snat: true}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm1}]\n"
	"    firewall: [{action: deny, protocol: tcp, ports: 23}, {action: allow}]\n",
	"a: &x {<<: *x}\n? [1]\n: |\n  text\n---\n...\n%TAG ! tag:\n!!binary \"\\u00e4\\x01\"\n",
};

static void
fuzz_begin(void)
{
}

static size_t
fuzz_seed(size_t number, uint8_t *into)
{
	size_t bytes;

	if (number >= sizeof(fuzz_conf_seeds) / sizeof(fuzz_conf_seeds[0]))
		return 0;
	bytes = strlen(fuzz_conf_seeds[number]);
	memcpy(into, fuzz_conf_seeds[number], bytes);
	return bytes;
}

static void
fuzz_run(const uint8_t *data, size_t bytes)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf;
	char *text = malloc(bytes + 1); /* as long as it is, so that reading beyond is seen */

	memcpy(text, data, bytes);
	text[bytes] = '\0';
	conf = weft_conf_load_text(text, bytes, "fuzz", &errors);
	if ((conf == NULL) != (errors.n > 0))
		abort();
	weft_conf_destroy(conf);
	weft_errors_clear(&errors);
	free(text);
}
