/* SPDX-License-Identifier: BSD-3-Clause */
/* Anything may be in a file: it is refused or it is right, and nothing else happens. */
#include <time.h>

#include "conf_helper.h"

static const char garbage_seed_text[] =
	"# comment\n"
	"host:\n"
	"  workers: [1, 2]\n"
	"  memory: 256M\n"
	"physical-networks:\n"
	"  - {name: w, device: \"net_pcap0,rx_pcap=a.pcap\", mtu: 1600}\n"
	"tunnel-endpoint:\n"
	"  {physical-network: w, address: 192.0.2.1/24, vlan: 9, gateway: 192.0.2.9,\n"
	"  routes: [{destination: 10.0.0.0/8, next-hop: 192.0.2.8}], mac: 02:00:00:00:01:01}\n"
	"networks:\n"
	"  - name: blue\n"
	"    project: \"a \\\"b\\\" \\u00e4\"\n"
	"    type: vlan\n"
	"    segment: 100\n"
	"    physical-network: w\n"
	"    static-macs: [{mac: '02:00:00:00:00:99', port: vm1}]\n"
	"    subnets:\n"
	"      - {name: s, cidr: 10.0.0.0/24, gateway: 10.0.0.1}\n"
	"      - {name: t, cidr: '2001:db8::/64'}\n"
	"  - name: red\n"
	"    type: vxlan\n"
	"    segment: 1001\n"
	"    peers: [192.0.2.2, 10.0.0.2]\n"
	"    neighbours: [{mac: '02:00:00:00:00:07', ip: 10.9.0.1, at: 192.0.2.2},\n"
	"      {mac: '02:00:00:00:00:07', at: 192.0.2.2}]\n"
	"    unknown-addresses: drop\n"
	"  - {name: public, type: local, external: true}\n"
	"ports:\n"
	"  - name: vm1\n"
	"    network: blue\n"
	"    vhost-user: /run/vm1\n"
	"    mode: server\n"
	"    socket-owner: a:b\n"
	"    socket-mode: \"0660\"\n"
	"    mac: 02:00:00:00:00:0a\n"
	"    addresses: [10.0.0.10, '2001:db8::1']\n"
	"  - {name: vm2, network: blue, device: net_tap0, queues: 3}\n"
	"routers:\n"
	"  - name: r1\n"
	"    interfaces:\n"
	"      - {network: blue, address: 10.0.0.1/24, mac: '02:00:00:00:00:0b'}\n"
	"      - {network: blue, address: '2001:db8::2/64'}\n"
	"    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1,\n"
	"      snat-pool: [203.0.113.2, 203.0.113.3]}\n"
	"    routes: [{destination: 172.16.0.0/12, next-hop: 10.0.0.254},\n"
	"      {destination: '::/0', next-hop: '2001:db8::3'}]\n"
	"    nat: {filtering: endpoint-independent, udp-timeout: 200, port-quota: 0}\n"
	"    floating-ips: [{address: 203.0.113.10, port: vm1, fixed-address: 10.0.0.10}]\n"
	"    port-forwardings: [{address: 203.0.113.3, protocol: tcp, external-port: 80,\n"
	"      port: vm1, internal-port: 8080}]\n"
	"    firewall:\n"
	"      - {action: deny, direction: in, protocol: tcp, ports: 22-23, log: true}\n"
	"      - {action: allow, source: 10.0.0.0/8, destination: 192.0.2.0/24}\n"
	"      - {action: allow, protocol: icmpv6, icmp-type: 8, icmp-code: 0}\n"
	"  - {name: r2, admin: down, interfaces: [{network: red, address: 10.9.1.1/16}]}\n";

/** Pieces that mean something to YAML or to the schema. */
static const char *const garbage_pieces[] = {
	"\n",	 "\n  ",     "- ",   ": ",   "{",    "}",  "[",	   "]",	     "'",     "\"",  "&a",
	"*a",	 "!x",	     "|\n",  "#",    "? ",   "\t", "%",	   "---\n",  "...\n", "0",   "-1",
	"65536", "null",     "true", "name", "vm1",  "w",  "blue", "ports:", "::",    "/",   "10.",
	"\\",	 "\xc3\xa4", "\xff", "\x01", "\r\n", ",",  "~",	   "r1",     "/24",   "red", "{}",
};

static uint32_t
garbage_random(uint32_t below)
{
	static uint64_t seed = 1181783497276652981ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

/** Reads it; what is accepted must be whole: it can be written, read again, and compared. */
static void
garbage_check(const char *text, size_t bytes)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_load_text(text, bytes, "f", &errors);

	if (conf != NULL) {
		char *emitted = conf_helper_emit(conf);
		struct weft_conf *again = conf_helper_load(emitted);
		char *says = conf_helper_diff(conf, again);

		assert_string_equal(says, "");
		free(says);
		weft_conf_destroy(again);
		free(emitted);
	}
	assert_int_equal(conf == NULL, errors.n > 0);
	weft_errors_clear(&errors);
	weft_conf_destroy(conf);
}

/** Cuts a bit out of the text and puts something in its place. @return the new length */
static size_t
garbage_mutate(char *text, size_t bytes)
{
	const char *piece = garbage_pieces[garbage_random(COUNT(garbage_pieces))];
	size_t at = garbage_random((uint32_t)bytes), cut = garbage_random(8), length = 0;
	char byte = (char)garbage_random(256);

	if (cut > bytes - at)
		cut = bytes - at;
	if (garbage_random(4) == 0) {
		piece = &byte;
		length = 1;
	} else if (garbage_random(4) != 0) {
		length = strlen(piece);
	}
	memmove(text + at + length, text + at + cut, bytes - at - cut);
	memcpy(text + at, piece, length);
	return bytes + length - cut;
}

/** Good files with a few faults, for about a second. */
static void
garbage_test_mutations(void **state)
{
	char text[sizeof(garbage_seed_text) + 100];
	clock_t end = clock() + CLOCKS_PER_SEC;

	(void)state;
	for (int i = 0; i < 20000 && clock() < end; i++) {
		size_t bytes = sizeof(garbage_seed_text) - 1;

		memcpy(text, garbage_seed_text, bytes);
		for (uint32_t j = garbage_random(4); j < 4; j++)
			bytes = garbage_mutate(text, bytes);
		garbage_check(text, bytes);
	}
}

/** Every beginning of a good file. */
static void
garbage_test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(garbage_seed_text); i++)
		garbage_check(garbage_seed_text, i);
}

/** A megabyte of one piece, of random bytes, of random letters. */
static void
garbage_test_megabyte(void **state)
{
	static char text[1 << 20];

	(void)state;
	for (size_t i = 0; i < COUNT(garbage_pieces); i++) {
		size_t length = strlen(garbage_pieces[i]);

		for (size_t at = 0; at + length <= sizeof(text); at += length)
			memcpy(text + at, garbage_pieces[i], length);
		garbage_check(text, sizeof(text) / length * length);
	}
	for (size_t at = 0; at < sizeof(text); at++)
		text[at] = (char)garbage_random(256);
	garbage_check(text, sizeof(text));
	for (size_t at = 0; at < sizeof(text); at++)
		text[at] = "ab:- \n{}[],'\"#"[garbage_random(14)];
	garbage_check(text, sizeof(text));
}

/** A megabyte that is YAML, and wrong a hundred thousand times. */
static void
garbage_test_many_faults(void **state)
{
	static const char *const lines[] = { "ports:\n", "- {name: a}\n", "- \n", "- [a, b]\n" };

	(void)state;
	for (size_t i = 1; i < COUNT(lines); i++) {
		size_t bytes;
		char *text;
		FILE *out = open_memstream(&text, &bytes);

		fputs(lines[0], out);
		while (ftell(out) < 1 << 20)
			fputs(lines[i], out);
		fclose(out);
		garbage_check(text, bytes);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_test_mutations),
		cmocka_unit_test(garbage_test_truncated),
		cmocka_unit_test(garbage_test_megabyte),
		cmocka_unit_test(garbage_test_many_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
