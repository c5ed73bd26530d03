/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any frames, from any port, at any time: through parser, cache, walk, connections, translation,
 * reassembly and tunnels of a whole site, until they leave it or are dropped.
 *
 * An input is a row of frames, each with a head of four bytes: port; time that passes before it, in
 * units of 2^n ms; length. Each frame lies in memory of its own that ends where it ends. After each
 * input all is forgotten but the neighbours, so that an input does the same again. The law
 * "rx + copies = tx + drops + held" holds after each frame.
 */
#include "forward_helper.h"

#include "conf_helper.h"
#include "fuzz_main.h"
#include "path_tunnel_helper.h"

#define FUZZ_PATH_HEADROOM RTE_PKTMBUF_HEADROOM
#define FUZZ_PATH_PORTS 8

static const char fuzz_path_site[] =
	"physical-networks: [{name: p1, device: eth1, mtu: 1600}, {name: p2, device: eth2}]\n"
	"tunnel-endpoint: {physical-network: p1, address: 192.0.2.1/24, gateway: 192.0.2.254}\n"
	"security-groups:\n"
	"  - {name: web, rules: [{direction: ingress, protocol: tcp, ports: 80},\n"
	"     {direction: ingress, protocol: icmp}, {direction: ingress, protocol: icmpv6},\n"
	"     {direction: ingress, protocol: udp, remote-group: web}, {direction: egress}]}\n"
	"networks:\n"
	"  - name: blue\n"
	"    type: vxlan\n"
	"    segment: 1001\n"
	"    peers: [192.0.2.2]\n"
	"    neighbours: [{mac: \"02:00:00:00:00:07\", ip: 10.0.0.7, at: 192.0.2.2}]\n"
	"    subnets: [{name: b4, cidr: 10.0.0.0/24, gateway: 10.0.0.1},\n"
	"              {name: b6, cidr: \"2001:db8::/64\", gateway: \"2001:db8::1\"}]\n"
	"  - {name: grey, type: gre, segment: 7, peers: [192.0.2.3]}\n"
	"  - {name: gene, type: geneve, segment: 8, peers: [192.0.2.3]}\n"
	"  - {name: red, type: vlan, segment: 20, physical-network: p2}\n"
	"  - {name: public, type: flat, physical-network: p2, external: true,\n"
	"     subnets: [{name: p4, cidr: 203.0.113.0/24, gateway: 203.0.113.1}]}\n"
	"ports:\n"
	"  - {name: vm1, network: blue, vhost-user: /s/vm1, mac: \"02:00:00:00:00:0a\",\n"
	"     addresses: [10.0.0.10, \"2001:db8::a\"], security-groups: [web]}\n"
	"  - {name: vm2, network: blue, vhost-user: /s/vm2, mac: \"02:00:00:00:00:0b\",\n"
	"     addresses: [10.0.0.11, \"2001:db8::b\"], security-groups: [web]}\n"
	"  - {name: open, network: blue, vhost-user: /s/open, port-security: false, mtu: 600}\n"
	"  - {name: red1, network: red, vhost-user: /s/red1, port-security: false}\n"
	"  - {name: grey1, network: grey, vhost-user: /s/grey1, port-security: false}\n"
	"  - {name: gene1, network: gene, vhost-user: /s/gene1, port-security: false}\n"
	"routers:\n"
	"  - name: r1\n"
	"    interfaces: [{network: blue, address: 10.0.0.1/24, mac: \"02:00:00:00:00:ff\"},\n"
	"                 {network: blue, address: \"2001:db8::1/64\", mac: "
	"\"02:00:00:00:00:ff\"},\n"
	"                 {network: red, address: 10.1.0.1/24, mac: \"02:00:00:00:00:fe\"}]\n"
	"    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
	"              mac: \"02:00:00:00:00:fd\"}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm2}]\n"
	"    port-forwardings: [{address: 203.0.113.2, protocol: tcp, external-port: 8080,\n"
	"                        port: vm1, internal-port: 80}]\n"
	"    firewall: [{action: deny, protocol: tcp, ports: 23}, {action: allow}]\n";

/* Who says what; "later" is the time before it. */
static const struct {
	const char *from, *frame;
} fuzz_path_seeds[][4] = {
	{ { "vm1", "* < 0a ask 0a 10.0.0.10 10.0.0.1" },
	  { "p2", "fd < 01 reply 01 203.0.113.1" },
	  { "vm1", "ff < 0a udp 10.0.0.10 8.8.8.8 200" },
	  { "p2", "fd < 01 udp 8.8.8.8 203.0.113.2 100" } },
	{ { "p2", "fd < 01 ping 8.8.8.8 203.0.113.10" },
	  { "vm2", "ff < 0b ping 10.0.0.11 8.8.8.8" },
	  { "red1", "fe < 0c ping 10.1.0.9 10.0.0.10" },
	  { "open", "0a < 0d ping 10.0.0.13 10.0.0.10" } },
	{ { "p1", "vxlan 1001 from 192.0.2.2 / 0a < 07 udp 10.0.0.7 10.0.0.10 300" },
	  { "p1", "gre 7 from 192.0.2.3 / * < 0e arp 0e 10.2.0.1" },
	  { "p1", "geneve 8 from 192.0.2.3 / * < 0e" },
	  { "p1", "ee < 02 reply 02 192.0.2.2" } },
	{ { "vm1", "07 < 0a udp 10.0.0.10 10.0.0.7 1400 part" },
	  { "vm1", "07 < 0a udp 10.0.0.10 10.0.0.7 300 later" },
	  { "vm1", "0b < 0a udp 2001:db8::a 2001:db8::b 700" },
	  { "vm1", "0d < 0a udp 10.0.0.10 10.0.0.13 1400" } },
	{ { "vm1", "* < 0a ns 2001:db8::a 2001:db8::1 0a" },
	  { "vm1", "ff < 0a ping 2001:db8::a 2001:db8::1" },
	  { "red1", "* < 0c vlan 5" },
	  { "vm1", "0b < 0a cut 10" } },
	{ { "grey1", "* < 0e dhcp" },
	  { "gene1", "group < 0e ip 10.2.0.9" },
	  { "p2", "* < 0f vlan 20 arp 0f 10.1.0.3" },
	  { "vm2", "group6 < 0b mld ::" } },
};

static void
fuzz_begin(void)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	if (eal_helper_start(NULL) != 0)
		abort();
	forward_start(1, 1024, 256);
	forward_time(1000);
	if (weft_running_apply(conf_helper_load(fuzz_path_site), &errors) != 0)
		abort();
}

static size_t
fuzz_seed(size_t number, uint8_t *into)
{
	size_t bytes = 0;

	for (size_t i = 0; number < RTE_DIM(fuzz_path_seeds) && i < RTE_DIM(fuzz_path_seeds[0]);
	     i++) {
		struct path_frame frame;

		path_tunnel_build(&frame, fuzz_path_seeds[number][i].frame);
		into[bytes++] = (uint8_t)weft_topology_find_port(weft_topology,
								 fuzz_path_seeds[number][i].from);
		into[bytes++] = 0;
		into[bytes++] = (uint8_t)(frame.length >> 8);
		into[bytes++] = (uint8_t)frame.length;
		memcpy(into + bytes, frame.bytes, frame.length);
		bytes += frame.length;
	}
	return bytes;
}

static void
fuzz_path_free(void *memory, void *information)
{
	free(information);
	free(memory);
}

/* A buffer whose memory ends where the frame ends. */
static struct rte_mbuf *
fuzz_path_packet(const uint8_t *frame, uint16_t length)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(forward_pool);
	struct rte_mbuf_ext_shared_info *shared = calloc(1, sizeof(*shared));
	uint16_t room = (uint16_t)(FUZZ_PATH_HEADROOM + length);
	uint8_t *memory = malloc(room);

	if (packet == NULL || shared == NULL || memory == NULL)
		abort();
	memcpy(memory + FUZZ_PATH_HEADROOM, frame, length);
	shared->free_cb = fuzz_path_free;
	shared->fcb_opaque = shared;
	rte_mbuf_ext_refcnt_set(shared, 1);
	rte_pktmbuf_attach_extbuf(packet, memory, 0, room, shared);
	packet->data_off = FUZZ_PATH_HEADROOM;
	packet->data_len = length;
	packet->pkt_len = length;
	return packet;
}

/* As forward_check_conservation(), which looks at all ports that there could be. */
static void
fuzz_path_check(void)
{
	const struct weft_worker *worker = weft_workers[0];
	uint64_t in = 0, out = worker->n_held + weft_gather_count(worker);

	for (uint16_t port = 0; port < FUZZ_PATH_PORTS; port++) {
		const struct weft_port_count *count = &worker->counts[port];

		in += count->rx_packets + count->copies;
		out += count->tx_packets;
		for (uint32_t i = 0; i < WEFT_DROPS_END; i++)
			out += count->drops[i];
	}
	if (in != out)
		abort();
}

static void
fuzz_path_forget(void)
{
	struct weft_worker *worker = weft_workers[0];

	forward_drop_held(worker);
	forward_drop_gathered(worker);
	forward_forget_flows(worker);
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, false);
	fake.log_bytes = 0;
}

static void
fuzz_run(const uint8_t *data, size_t bytes)
{
	static uint32_t now_ms = 1000;

	while (bytes > 4) {
		const struct weft_topology *topology = weft_topology;
		uint16_t port = data[0] % FUZZ_PATH_PORTS,
			 length = (uint16_t)(data[2] << 8 | data[3]);
		struct rte_mbuf *packet;

		now_ms += data[1] == 0 ? 0 : 1u << data[1] % 16;
		if (length > bytes - 4)
			length = (uint16_t)(bytes - 4);
		if (length > 9000)
			length = 9000;
		forward_time(now_ms);
		if (topology->attachments[port] != NULL && length > 0) {
			packet = fuzz_path_packet(data + 4, length);
			forward_burst(weft_workers[0], port, &packet, 1);
			weft_conn_expire(0, now_ms);
			fuzz_path_check();
		}
		data += 4 + length;
		bytes -= 4u + length;
	}
	fuzz_path_forget();
}
