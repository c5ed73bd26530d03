/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets in words: the bytes that come out, and what is said about words that make no packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "show/trace_tunnel.h"

static const struct rte_ether_addr trace_test_mac = { { 2, 0, 0, 0, 0, 0x0a } };
static const struct weft_ip trace_test_addresses[] = {
	{ AF_INET, 32, { 10, 0, 0, 10 } },
	{ AF_INET6, 128, { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x0a } },
};

/* vm2 has 10.0.0.11 and 2001:db8::b; nobody else is known. */
static bool
trace_test_resolve(void *context, const struct weft_ip *ip, struct rte_ether_addr *mac)
{
	uint8_t last = ip->bytes[ip->family == AF_INET ? 3 : 15];

	(void)context;
	*mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0x0b } };
	return last == 11 && ip->bytes[0] == (ip->family == AF_INET ? 10 : 0x20);
}

/* vm1 has all that a port can have. */
static const struct weft_trace_sender trace_test_vm1 = {
	.name = "vm1",
	.mac = &trace_test_mac,
	.addresses = trace_test_addresses,
	.n_addresses = 2,
	.resolve = trace_test_resolve,
};

/* Their ends: an endpoint on a VLAN, and one that is not. */
static const struct weft_endpoint trace_test_endpoint4 = {
	.dscp = 10,
	.ttl = 64,
	.terminator = { .is_here = true,
			.family = AF_INET,
			.tag = WEFT_TAG | 10,
			.mac = { { 2, 0, 192, 0, 2, 1 } },
			.address = { 192, 0, 2, 1 } },
};
static const struct weft_endpoint trace_test_endpoint6 = {
	.dscp = 10,
	.ttl = 64,
	.terminator = { .is_here = true,
			.family = AF_INET6,
			.mac = { { 2, 0, 192, 0, 2, 1 } },
			.address = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1 } },
};
static const struct rte_ether_addr trace_test_via = { { 2, 0, 192, 0, 2, 2 } };

/* A wire has nothing. */
static const struct weft_trace_sender trace_test_wire = {
	.name = "physnet1",
	.resolve = trace_test_resolve,
};

/* Bytes are scapy's for the same packet. */
static const struct {
	const char *words;
	const char *bytes;
} trace_test_frames[] = {
	{ "ip dst=10.0.0.11 / tcp dport=80",
	  "02000000000b02000000000a08004500002800000000400666bc0a00000a0a00000bc000"
	  "005000000000000000005002ffffdb7d0000000000000000" },
	{ "eth dst=02:00:00:00:00:0c / ip src=10.0.0.1 dst=10.0.0.2 ttl=3 / udp "
	  "sport=1 dport=53 / length=61",
	  "02000000000c02000000000a08004500002f000000000311a3bc0a0000010a0000020001"
	  "0035001beb7f00000000000000000000000000000000000000" },
	{ "ip dst=10.0.0.11/icmp",
	  "02000000000b02000000000a08004500001c00000000400166cd0a00000a0a00000b0800"
	  "f7fd00010001000000000000000000000000000000000000" },
	{ "ip dst=255.255.255.255 / udp sport=68 dport=67",
	  "ffffffffffff02000000000a08004500001c00000000401170c80a00000affffffff0044"
	  "00430008f54d000000000000000000000000000000000000" },
	{ "ip dst=239.129.2.3 proto=2",
	  "01005e01020302000000000a0800450000140000000040027f5a0a00000aef8102030000"
	  "000000000000000000000000000000000000000000000000" },
	{ "arp pdst=10.0.0.11",
	  "ffffffffffff02000000000a0806000108000604000102000000000a0a00000a00000000"
	  "00000a00000b000000000000000000000000000000000000" },
	{ "eth dst=02:00:00:00:00:0b / arp op=is-at psrc=10.0.0.9 pdst=10.0.0.11 "
	  "hwsrc=02:00:00:00:00:99 hwdst=02:00:00:00:00:0b",
	  "02000000000b02000000000a080600010800060400020200000000990a00000902000000"
	  "000b0a00000b000000000000000000000000000000000000" },
	{ "eth dst=02:00:00:00:00:0b / vlan 100 / ip6 dst=2001:db8::b / tcp "
	  "sport=5 dport=443 flags=SA / length=90",
	  "02000000000b02000000000a8100006486dd600000000020064020010db8000000000000"
	  "00000000000a20010db800000000000000000000000b000501bb00000000000000005012"
	  "ffff52800000000000000000000000000000" },
	{ "ip6 dst=2001:db8::b hlim=1 / udp sport=7 dport=9",
	  "02000000000b02000000000a86dd600000000008110120010db800000000000000000000"
	  "000a20010db800000000000000000000000b000700090008a447" },
	{ "ip6 dst=ff02::1 / icmp type=echo-reply id=0x10 seq=2",
	  "33330000000102000000000a86dd6000000000083a4020010db800000000000000000000"
	  "000aff020000000000000000000000000001810051e400100002" },
	{ "ip6 dst=2001:db8::b / icmp",
	  "02000000000b02000000000a86dd6000000000083a4020010db800000000000000000000"
	  "000a20010db800000000000000000000000b8000243400010001" },
	{ "eth dst=02:00:00:00:00:0b src=02:00:00:00:00:77 type=0x88cc / vlan=5 pcp=3",
	  "02000000000b0200000000778100600588cc000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000" },
	{ "eth dst=02:00:00:00:00:0b / length=14", "02000000000b02000000000a88b5" },
	{ "eth dst=02:00:00:00:00:0b",
	  "02000000000b02000000000a88b500000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000" },
};

#define TRACE_TEST_LAYERS                                                                          \
	"layers are: vxlan, gre, geneve, eth, vlan, arp, ip, ip6, tcp, udp, icmp, length; for "    \
	"example: eth dst=02:00:00:00:00:0b / ip src=10.0.0.1 dst=10.0.0.2 / tcp dport=80\n"

/* Each line: words, sender, and the sentences that must come back, one per line. */
static const struct {
	const char *words;
	const struct weft_trace_sender *sender;
	const char *errors;
} trace_test_faults[] = {
	{ "", &trace_test_vm1, "a layer is missing before or behind a '/'\n" },
	{ "eth dst=02:00:00:00:00:0b /", &trace_test_vm1,
	  "a layer is missing before or behind a '/'\n" },
	{ "ehternet dst=1", &trace_test_vm1, "'ehternet' is not a layer; " TRACE_TEST_LAYERS },
	{ "dst=02:00:00:00:00:0b", &trace_test_vm1, "'dst' is not a layer; " TRACE_TEST_LAYERS },
	{ "eth=1", &trace_test_vm1, "'eth' is not a layer; " TRACE_TEST_LAYERS },
	{ "eth colour=blue", &trace_test_vm1,
	  "eth: 'colour' is not known; words here: src, dst, type\n" },
	{ "eth dst", &trace_test_vm1, "eth: 'dst': key=value is right, and '/' between layers\n" },
	{ "eth dst=nonsense", &trace_test_vm1,
	  "eth: dst: 'nonsense' is not a MAC address (02:00:00:00:00:0a)\n" },
	{ "eth dst=02:00:00:00:00:0b dst=02:00:00:00:00:0c", &trace_test_vm1,
	  "eth: dst is given twice\n" },
	{ "eth dst=", &trace_test_vm1, "eth: dst: '' is not a MAC address (02:00:00:00:00:0a)\n" },
	{ "vlan 4096", &trace_test_vm1, "vlan: id: '4096' is not a number from 0 to 4095\n" },
	{ "vlan", &trace_test_vm1, "vlan: id is missing; `vlan 100` is right\n" },
	{ "vlan 1 / vlan 2", &trace_test_vm1,
	  "vlan cannot follow vlan\n"
	  "vlan: id is given twice\n" },
	{ "tcp dport=80 / ip dst=10.0.0.11", &trace_test_vm1, "ip cannot follow tcp\n" },
	{ "ip dst=10.0.0.11 / ip6 dst=::1", &trace_test_vm1, "ip6 cannot follow ip\n" },
	{ "eth dst=02:00:00:00:00:0b / tcp dport=80", &trace_test_vm1,
	  "tcp needs ip or ip6 before it\n" },
	{ "arp pdst=10.0.0.1 / udp dport=1", &trace_test_vm1, "udp needs ip or ip6 before it\n" },
	{ "ip dst=2001:db8::1", &trace_test_vm1,
	  "ip: dst: '2001:db8::1' is not an IPv4 address (10.0.0.1)\n" },
	{ "ip6 dst=10.0.0.1", &trace_test_vm1,
	  "ip6: dst: '10.0.0.1' is not an IPv6 address (2001:db8::1)\n" },
	{ "ip dst=10.0.0.11 ttl=256 proto=foo", &trace_test_vm1,
	  "ip: ttl: '256' is not a number from 0 to 255\n"
	  "ip: proto: 'foo' is not a number from 0 to 255, or icmp, or tcp, or udp, or gre, or "
	  "icmp6, or sctp\n" },
	{ "ip dst=10.0.0.11 / tcp dport=-1", &trace_test_vm1,
	  "tcp: dport: '-1' is not a number from 0 to 65535\n" },
	{ "ip dst=10.0.0.11 / tcp dport=99999999999999999999", &trace_test_vm1,
	  "tcp: dport: '99999999999999999999' is not a number from 0 to 65535\n" },
	{ "ip dst=10.0.0.11 / tcp dport=80 flags=SX", &trace_test_vm1,
	  "tcp: flags: 'SX' is not flags (letters out of FSRPAUEC, like SA)\n" },
	{ "ip dst=10.0.0.11 / tcp dport=80 / length=53", &trace_test_vm1,
	  "length: 53 bytes do not hold the layers, which take 54\n" },
	{ "ip dst=10.0.0.11 / length=9217", &trace_test_vm1,
	  "length: bytes: '9217' is not a number from 0 to 9216\n" },
	{ "ip dst=10.0.0.11 / length", &trace_test_vm1,
	  "length: bytes are missing; length=1400 is right\n" },
	{ "ip dst=10.0.0.12 / udp dport=1", &trace_test_vm1,
	  "eth: dst is missing, and nobody in the network has the destination address and a MAC "
	  "in the configuration\n" },
	{ "eth / vxlan 1001", &trace_test_vm1, "vxlan cannot follow eth\n" },
	{ "vxlan 1 / gre 1", &trace_test_vm1, "gre cannot follow vxlan\n" },
	{ "vxlan / eth", &trace_test_vm1, "vxlan: vni is missing; `vxlan 100` is right\n" },
	{ "gre from=192.0.2.2 / eth", &trace_test_vm1,
	  "gre: key is missing; `gre 100` is right\n" },
	{ "vxlan 16777216 from=blue / geneve=-1 / gre 4294967296", &trace_test_vm1,
	  "vxlan: vni: '16777216' is not a number from 0 to 16777215\n"
	  "vxlan: from: 'blue' is not an address (192.0.2.2)\n"
	  "geneve cannot follow vxlan\n"
	  "geneve: vni: '-1' is not a number from 0 to 16777215\n"
	  "gre cannot follow geneve\n"
	  "gre: key: '4294967296' is not a number from 0 to 4294967295\n" },
	{ "vxlan vni=1 to=192.0.2.1", &trace_test_vm1,
	  "vxlan: 'to' is not known; words here: vni, from\n" },
	{ "vxlan 1 / ip dst=10.0.0.11 / length=9216", &trace_test_vm1,
	  "length: 9216 bytes and a tunnel's headers of 54 are more than 9216\n" },
	{ "ip / tcp", &trace_test_vm1,
	  "ip: dst is missing\n"
	  "tcp: dport is missing\n" },
	{ "ip6 / icmp", &trace_test_vm1, "ip6: dst is missing\n" },
	{ "eth", &trace_test_vm1, "eth: dst is missing\n" },
	{ "ip dst=10.0.0.11", &trace_test_wire,
	  "eth: src is missing, and physnet1 has no MAC in the configuration\n"
	  "ip: src is missing, and physnet1 has no such address in the configuration\n" },
	{ "arp", &trace_test_wire,
	  "eth: src is missing, and physnet1 has no MAC in the configuration\n"
	  "arp: psrc is missing, and physnet1 has no such address in the configuration\n"
	  "arp: pdst is missing\n" },
};

/* What stands before the frame of TRACE_TEST_INNER; bytes are scapy's. */
#define TRACE_TEST_INNER " / ip dst=10.0.0.11 / udp dport=7"
static const struct {
	const char *words;
	const char *bytes;
} trace_test_tunnels[] = {
	{ "vxlan 1001 from=192.0.2.2",
	  "0200c00002010200c00002028100000a080045280060000040004011b661c0000202c000"
	  "0201c00012b5004c0000080000000003e900" },
	{ "gre key=0xffffffff from=192.0.2.2",
	  "0200c00002010200c00002028100000a08004528005800004000402fb64bc0000202c000"
	  "020120006558ffffffff" },
	{ "geneve vni=16777215 from=192.0.2.2",
	  "0200c00002010200c00002028100000a080045280060000040004011b661c0000202c000"
	  "0201c00017c1004c000000006558ffffff00" },
	{ "vxlan=1 from=2001:db8:1::2",
	  "0200c00002010200c000020286dd62800000004c114020010db800010000000000000000"
	  "000220010db8000100000000000000000001c00012b5004c00000800000000000100" },
};

static char *
trace_test_errors(struct weft_errors *errors)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	weft_errors_print(errors, out);
	fclose(out);
	weft_errors_clear(errors);
	return text;
}

/* Puts a frame into the tunnel that the words begin with. */
static int
trace_test_wrap(struct weft_trace_tunnel *tunnel, uint8_t *frame, int length,
		struct weft_errors *errors)
{
	static const enum weft_network_type types[] = { WEFT_NETWORK_VXLAN, WEFT_NETWORK_GRE,
							WEFT_NETWORK_GENEVE };
	static const rte_be16_t ports[] = { RTE_BE16(4789), 0, RTE_BE16(6081) };
	struct weft_endpoint endpoint =
		tunnel->from.family == AF_INET6 ? trace_test_endpoint6 : trace_test_endpoint4;

	for (size_t i = 0; i < RTE_DIM(types); i++) {
		endpoint.terminator.formats[i].ops = weft_segment_find(types[i]);
		endpoint.terminator.formats[i].udp_port = ports[i];
	}
	tunnel->via = trace_test_via;
	return weft_trace_tunnel_wrap(tunnel, &endpoint, frame, (uint32_t)length, errors);
}

static int
trace_test_build(const char *words, const struct weft_trace_sender *sender, uint8_t *frame,
		 struct weft_errors *errors)
{
	struct weft_trace_tunnel tunnel;
	struct weft_trace_packet packet;
	int length;

	if (weft_trace_words_parse(words, &packet, errors) != 0 ||
	    weft_trace_packet_complete(&packet, sender, errors) != 0)
		return -EINVAL;
	length = weft_trace_frame_build(&packet, frame, errors);
	if (length < 0 || !weft_trace_tunnel_read(&packet, &tunnel))
		return length;
	return trace_test_wrap(&tunnel, frame, length, errors);
}

static void
test_words_become_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(trace_test_frames); i++) {
		static uint8_t frame[WEFT_TRACE_FRAME_MAX], wanted[WEFT_TRACE_FRAME_MAX];
		struct weft_errors errors = WEFT_ERRORS_NONE;
		int bytes = weft_trace_hex_parse(trace_test_frames[i].bytes, wanted, &errors);
		int length = trace_test_build(trace_test_frames[i].words, &trace_test_vm1, frame,
					      &errors);

		weft_errors_print(&errors, stderr);
		print_message("%s\n", trace_test_frames[i].words);
		assert_true(weft_errors_is_empty(&errors));
		assert_int_equal(length, bytes);
		assert_memory_equal(frame, wanted, (size_t)bytes);
	}
}

static void
test_tunnels_are_put_around(void **state)
{
	static uint8_t frame[WEFT_TRACE_FRAME_MAX], inner[WEFT_TRACE_FRAME_MAX];
	static uint8_t head[WEFT_TRACE_FRAME_MAX];
	struct weft_errors errors = WEFT_ERRORS_NONE;
	int inner_length = trace_test_build(TRACE_TEST_INNER + 3, &trace_test_vm1, inner, &errors);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(trace_test_tunnels); i++) {
		int bytes = weft_trace_hex_parse(trace_test_tunnels[i].bytes, head, &errors);
		char words[128];
		int length;

		snprintf(words, sizeof(words), "%s" TRACE_TEST_INNER, trace_test_tunnels[i].words);
		print_message("%s\n", words);
		length = trace_test_build(words, &trace_test_vm1, frame, &errors);
		weft_errors_print(&errors, stderr);
		assert_true(weft_errors_is_empty(&errors));
		assert_int_equal(length, bytes + inner_length);
		assert_memory_equal(frame, head, (size_t)bytes);
		assert_memory_equal(frame + bytes, inner, (size_t)inner_length);
	}
}

static void
test_faults_are_named(void **state)
{
	static uint8_t frame[WEFT_TRACE_FRAME_MAX];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(trace_test_faults); i++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		int rc = trace_test_build(trace_test_faults[i].words, trace_test_faults[i].sender,
					  frame, &errors);
		char *text = trace_test_errors(&errors);

		assert_string_equal(text, trace_test_faults[i].errors);
		assert_int_equal(rc, -EINVAL);
		free(text);
	}
}

static void
test_hex(void **state)
{
	static const char *const faults[] = { "", "0", "0g", "00 11", "0x00" };
	static uint8_t frame[WEFT_TRACE_FRAME_MAX];
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char *longest = calloc(1, 2 * (WEFT_TRACE_FRAME_MAX + 1) + 1);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(faults); i++)
		assert_int_equal(weft_trace_hex_parse(faults[i], frame, &errors), -EINVAL);
	assert_int_equal(errors.n, RTE_DIM(faults));
	memset(longest, 'f', 2 * (WEFT_TRACE_FRAME_MAX + 1));
	assert_int_equal(weft_trace_hex_parse(longest, frame, &errors), -EINVAL);
	longest[2 * WEFT_TRACE_FRAME_MAX] = '\0';
	assert_int_equal(weft_trace_hex_parse(longest, frame, &errors), WEFT_TRACE_FRAME_MAX);
	assert_int_equal(weft_trace_hex_parse("00aAFf", frame, &errors), 3);
	assert_memory_equal(frame, "\x00\xaa\xff", 3);
	weft_errors_clear(&errors);
	free(longest);
}

/* Whatever is thrown at it: an answer or an error, and no byte beyond the buffers. */
static void
test_garbage(void **state)
{
	static const char *const words[] = { "eth",
					     "ip",
					     "ip6",
					     "tcp",
					     "udp",
					     "icmp",
					     "arp",
					     "/",
					     "vlan",
					     "vlan=7",
					     "dst=10.0.0.11",
					     "length=9216",
					     "=",
					     "dst=02:00:00:00:00:0b",
					     "dport=9",
					     "src=",
					     "length",
					     "dst=2001:db8::b",
					     "pdst=10.0.0.1",
					     "vxlan=1",
					     "from=192.0.2.2",
					     "geneve 5 from=2001:db8:1::2",
					     "\t",
					     "flags=FSR" };
	static uint8_t frame[WEFT_TRACE_FRAME_MAX];

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		char text[512] = "";
		int length;

		for (int i = rand() % 12; i > 0; i--) {
			strcat(text, words[(size_t)rand() % RTE_DIM(words)]);
			strcat(text, rand() % 4 == 0 ? "/" : " ");
		}
		length = trace_test_build(text, &trace_test_vm1, frame, &errors);
		assert_true(length <= WEFT_TRACE_FRAME_MAX);
		assert_true((length < 0) == !weft_errors_is_empty(&errors));
		weft_errors_clear(&errors);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_become_bytes),
		cmocka_unit_test(test_tunnels_are_put_around),
		cmocka_unit_test(test_faults_are_named),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
