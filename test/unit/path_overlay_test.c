/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rule of overlays and of our tunnel endpoint, told as short stories. */
#include "path_overlay_helper.h"

#define PATH_OVERLAY_SITE(endpoint, networks)                                                      \
	"physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n"                               \
	"tunnel-endpoint: {physical-network: p1, mac: \"02:00:00:00:00:ee\", " endpoint "}\n"      \
	"networks:\n" networks "ports:\n"                                                          \
	"  - {name: b1, network: blue, vhost-user: /s/b1}\n"                                       \
	"  - {name: b2, network: blue, vhost-user: /s/b2}\n"

#define PATH_OVERLAY_BLUE                                                                          \
	"  - {name: blue, type: vxlan, segment: 1001, peers: [192.0.2.2, 192.0.2.3]}\n"

static const char path_overlay_site[] =
	PATH_OVERLAY_SITE("address: 192.0.2.1/24", PATH_OVERLAY_BLUE);

/* The hosts of the underlay answer for their addresses. */
static void
path_overlay_meet(const char *const *addresses)
{
	for (; *addresses != NULL; addresses++) {
		uint8_t host = path_frame_host(*addresses);
		char frame[160];

		if (path_frame_is_ip6(*addresses))
			snprintf(frame, sizeof(frame), "ee < %02x na %s %02x", host, *addresses,
				 host);
		else
			snprintf(frame, sizeof(frame), "ee < %02x reply %02x %s", host, host,
				 *addresses);
		path_overlay_expect(path_overlay_send("p1", frame), "answer/taken", frame);
	}
}

#define PATH_OVERLAY_MEET(...) path_overlay_meet((const char *const[]){ __VA_ARGS__, NULL })

static void
test_frames_travel_in_tunnels(void **state)
{
	(void)state;
	path_walk_apply(path_overlay_site);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(
		2,
		/* To all peers, and to the other guest. */
		{ "b1", "b < a", "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2" },
		{ "b1", "* < a", "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / a < c", "b1" },
		{ "b1", "c < a", "p1 vxlan 1001 to 192.0.2.3" },
		{ "b2", "c < b", "p1 vxlan 1001 to 192.0.2.3" }, { "b2", "a < b", "b1" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / b < d", "b2" },
		/* Nothing from a tunnel goes into a tunnel. */
		{ "p1", "vxlan 1001 from 192.0.2.2 / * < d", "b1, b2" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / f < d", "b1, b2" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / c < d", "bridge/split-horizon" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / c < f", "bridge/same-port" },
		/* A priority says nothing about a network, neither here nor there. */
		{ "b1", "c < a prio", "p1 vxlan 1001 to 192.0.2.3" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / a < c prio", "b1" });
}

static void
test_macs_move_between_ports_and_endpoints(void **state)
{
	(void)state;
	path_walk_apply(path_overlay_site);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(2,
			  { "p1", "* < 09 ask 09 192.0.2.9 192.0.2.1", "p1 reply ee 192.0.2.1" });
	PATH_OVERLAY_PLAY(
		2, { "p1", "vxlan 1001 from 192.0.2.2 / b < c", "b1, b2" },
		{ "b1", "c < a", "p1 vxlan 1001 to 192.0.2.2" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / a < c", "b1" }, /* it has moved */
		{ "b1", "c < a", "p1 vxlan 1001 to 192.0.2.3" },
		{ "b2", "a < c", "b1" }, /* to us */
		{ "b1", "c < a", "b2" }, { "p1", "vxlan 1001 from 192.0.2.2 / a < c", "b1" },
		{ "b1", "c < a", "p1 vxlan 1001 to 192.0.2.2" },
		/* Who is no peer is learned all the same, but hears no floods. */
		{ "p1", "vxlan 1001 from 192.0.2.9 / a < c", "b1" },
		{ "b1", "c < a", "p1 vxlan 1001 to 192.0.2.9" },
		{ "b1", "* < a", "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2" });
	/* It is gone when nobody is behind it any more. */
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, false);
	weft_remote_age(weft_remote_count_retire);
	PATH_OVERLAY_PLAY(
		2, { "b1", "c < a", "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2" });
}

static void
test_three_kinds_of_tunnels(void **state)
{
	(void)state;
	path_walk_apply(PATH_OVERLAY_SITE("address: 192.0.2.1/24, dscp: 46, ttl: 7, vlan: 10, "
					  "vxlan-port: 8472, geneve-port: 4789",
					  "  - {name: blue, type: gre, segment: 4294967295, peers: "
					  "[192.0.2.2]}\n"
					  "  - {name: red, type: geneve, segment: 16777215, peers: "
					  "[192.0.2.2]}\n"
					  "  - {name: pink, type: vxlan, segment: 1, peers: "
					  "[192.0.2.2]}\n") "  - {name: r1, network: red, "
							    "vhost-user: /s/r1}\n"
							    "  - {name: k1, network: pink, "
							    "vhost-user: /s/k1}\n");
	path_frame_self = (struct path_frame_self){ "192.0.2.1", 10, 8472, 4789, 46, 7, false };
	PATH_OVERLAY_PLAY(
		2, { "p1", "ee < 02 vlan 10 reply 02 192.0.2.2", "answer/taken" },
		{ "b1", "c < a", "p1 gre 4294967295 to 192.0.2.2, b2" },
		{ "r1", "c < a", "p1 geneve 16777215 to 192.0.2.2" },
		{ "k1", "c < a", "p1 vxlan 1 to 192.0.2.2" },
		{ "p1", "gre 4294967295 from 192.0.2.2 / a < c", "b1" },
		{ "p1", "gre 4294967295 from 192.0.2.2 checksum sequence / a < c", "b1" },
		{ "p1", "geneve 16777215 from 192.0.2.2 / a < c", "r1" },
		{ "p1", "vxlan 1 from 192.0.2.2 / a < c", "k1" },
		/* The same number is another segment in another kind. */
		{ "p1", "vxlan 16777215 from 192.0.2.2 / a < c", "terminate/unknown-segment" },
		{ "p1", "gre 1 from 192.0.2.2 / a < c", "terminate/unknown-segment" },
		/* Not of the endpoint's VLAN. */
		{ "p1", "ee < 02 reply 02 192.0.2.2", "terminate/no-flat-network" });
}

static void
test_an_endpoint_with_an_address_of_ipv6(void **state)
{
	const char *ask = "group6 < 02 ns 2001:db8::2 2001:db8::1 02";

	(void)state;
	path_walk_apply(PATH_OVERLAY_SITE("address: \"2001:db8::1/64\", udp-checksum: true, dscp: "
					  "10, gateway: \"2001:db8::fe\"",
					  "  - {name: blue, type: vxlan, segment: 5, peers: "
					  "[\"2001:db8::2\", \"2001:db8:1::3\"]}\n"));
	path_frame_self = (struct path_frame_self){ "2001:db8::1", 0, 4789, 6081, 10, 64, true };
	PATH_OVERLAY_MEET("2001:db8::2", "2001:db8::fe");
	PATH_OVERLAY_PLAY(
		2,
		{ "b1", "c < a",
		  "p1 vxlan 5 to 2001:db8::2, p1 vxlan 5 to 2001:db8:1::3 by fe, b2" },
		{ "p1", "vxlan 5 from 2001:db8:1::3 / a < c", "b1" },
		{ "b1", "c < a", "p1 vxlan 5 to 2001:db8:1::3 by fe" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1450 ecn 2",
		  "p1 vxlan 5 to 2001:db8:1::3 by fe ecn 2" },
		{ "p1", "vxlan 5 from ff02::1 / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 5 from :: / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 5 from 2001:db8::1 / a < c", "terminate/own-address" },
		{ "p1", "vxlan 5 from 2001:db8::2 to 2001:db8::9 / a < c",
		  "terminate/wrong-endpoint" },
		{ "p1", "vxlan 5 from 2001:db8::2 fragment / a < c", "terminate/outer-fragment" },
		{ "p1", "vxlan 5 from 2001:db8::2 too-long / a < c", "terminate/outer-length" },
		{ "p1", "ee < 02 ping 2001:db8::2 2001:db8::1 options", "answer/not-served" },
		{ "p1", "ee < 02 ping 2001:db8::2 2001:db8::1", "p1 icmp 129 from 2001:db8::1" },
		{ "p1", "ee < 02 ns 2001:db8::2 2001:db8::1 02", "p1 na ee 2001:db8::1 flags 60" },
		{ "p1", ask, "p1 na ee 2001:db8::1 flags 60" },
		{ "p1", "group6 < 02 ns :: 2001:db8::1", "p1 na ee 2001:db8::1 flags 20" },
		{ "p1", "group6 < 02 ns 2001:db8::2 2001:db8::7 02", "answer/taken" },
		{ "p1", "ee < 02 udp 2001:db8::2 2001:db8::1 60", "answer/not-served" });
}

static void
test_what_is_not_decapsulated(void **state)
{
	(void)state;
	path_walk_apply(
		PATH_OVERLAY_SITE("address: 192.0.2.1/24", PATH_OVERLAY_BLUE
				  "  - {name: red, type: geneve, segment: 7, peers: [192.0.2.2]}\n"
				  "  - {name: grey, type: gre, segment: 8, peers: [192.0.2.2]}\n"));
	PATH_OVERLAY_PLAY(
		2,
		{ "p1", "vxlan 1001 from 192.0.2.2 fragment / a < c", "terminate/outer-fragment" },
		{ "p1", "vxlan 1001 from 192.0.2.2 bad-sum / a < c", "terminate/outer-checksum" },
		{ "p1", "vxlan 1001 from 192.0.2.2 too-long / a < c", "terminate/outer-length" },
		{ "p1", "vxlan 1001 from 192.0.2.2 bad-udp / a < c", "terminate/outer-length" },
		{ "p1", "vxlan 1001 from 192.0.2.2 no-flags / a < c", "terminate/tunnel-header" },
		{ "p1", "geneve 7 from 192.0.2.2 no-flags / a < c", "terminate/tunnel-header" },
		{ "p1", "gre 8 from 192.0.2.2 no-flags / a < c", "terminate/tunnel-header" },
		{ "p1", "geneve 7 from 192.0.2.2 critical / a < c", "terminate/critical-option" },
		{ "p1", "geneve 7 from 192.0.2.2 not-ethernet / a < c", "terminate/not-ethernet" },
		{ "p1", "gre 8 from 192.0.2.2 not-ethernet / a < c", "terminate/not-ethernet" },
		{ "p1", "vxlan 1001 from 192.0.2.2 cut 13 / a < c", "terminate/inner-runt" },
		{ "p1", "vxlan 1001 from 192.0.2.2 cut 14 / a < c type 800", "b1, b2" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / a < c vlan 5", "terminate/inner-tagged" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / a < c vlan 5 vlan 6",
		  "terminate/inner-tagged" },
		{ "p1", "vxlan 1002 from 192.0.2.2 / a < c", "terminate/unknown-segment" },
		{ "p1", "vxlan 1001 from 192.0.2.2 to 192.0.2.9 / a < c",
		  "terminate/wrong-endpoint" },
		{ "p1", "vxlan 1001 from 192.0.2.255 / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 1001 from 192.0.2.0 / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 1001 from 224.0.0.1 / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 1001 from 0.0.0.0 / a < c", "terminate/outer-source" },
		{ "p1", "vxlan 1001 from 192.0.2.1 / a < c", "terminate/own-address" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / a < *", "admit/bad-source-mac" },
		{ "p1", "vxlan 1001 from 192.0.2.2 / stp < c", "bridge/reserved-multicast" },
		/* Padding of the wire is not the guest's. */
		{ "p1", "vxlan 1001 from 192.0.2.2 padding 20 / a < c", "b1, b2" },
		{ "p1", "gre 8 from 192.0.2.2 padding 1 / a < c", "bridge/no-receiver" });
}

/* RFC 6040: what was met outside is told inside. */
static void
test_congestion_is_told(void **state)
{
	(void)state;
	path_walk_apply(path_overlay_site);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(
		2, { "b1", "d < a", "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 3 / a < c udp 10.0.0.1 10.0.0.2 60 ecn 2",
		  "b1 ecn 3" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 3 / a < c udp 10.0.0.1 10.0.0.2 60 ecn 1",
		  "b1 ecn 3" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 3 / a < c udp 10.0.0.1 10.0.0.2 60",
		  "terminate/ecn" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 1 / a < c udp 10.0.0.1 10.0.0.2 60 ecn 2",
		  "b1 ecn 1" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 2 / a < c udp 10.0.0.1 10.0.0.2 60 ecn 1",
		  "b1" },
		{ "p1",
		  "vxlan 1001 from 192.0.2.2 ecn 1 / a < c udp 2001:db8::1 2001:db8::2 90 ecn 2",
		  "b1 ecn 1" },
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 3 / a < c",
		  "b1" }, /* no IP, nobody to tell */
		{ "p1", "vxlan 1001 from 192.0.2.2 ecn 3 / * < c udp 10.0.0.1 10.0.0.2 60 ecn 1",
		  "b1 ecn 3, b2 ecn 3" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 60 ecn 1",
		  "p1 vxlan 1001 to 192.0.2.2 ecn 1" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 60 ecn 3",
		  "p1 vxlan 1001 to 192.0.2.2 ecn 3" },
		{ "b1", "c < a udp 2001:db8::1 2001:db8::2 90 ecn 2",
		  "p1 vxlan 1001 to 192.0.2.2 ecn 2" });
}

static void
test_the_endpoint_is_a_host(void **state)
{
	char *says;

	(void)state;
	path_walk_apply(PATH_OVERLAY_SITE(
		"address: 192.0.2.1/24", PATH_OVERLAY_BLUE
		"  - {name: plain, type: flat, physical-network: p1}\n") "  - {name: f1, network: "
									 "plain, vhost-user: "
									 "/s/f1}\n");
	/* It says who it is, and asks for the peers. */
	says = path_overlay_wait(100);
	assert_non_null(strstr(says, "p1 ask 192.0.2.1 for 192.0.2.1"));
	assert_non_null(strstr(says, "p1 ask 192.0.2.1 for 192.0.2.2"));
	assert_non_null(strstr(says, "p1 ask 192.0.2.1 for 192.0.2.3"));
	free(says);
	PATH_OVERLAY_PLAY(
		2,
		/* Others hear the question as well; who asked is known from now on. */
		{ "p1", "* < 02 ask 02 192.0.2.2 192.0.2.1", "p1 reply ee 192.0.2.1, f1" },
		{ "p1", "ee < 02 ask 02 192.0.2.2 192.0.2.1", "p1 reply ee 192.0.2.1" },
		{ "p1", "* < 03 ask 03 192.0.2.3 192.0.2.9", "f1" },
		{ "p1", "ee < 03 ask 03 192.0.2.3 192.0.2.9", "answer/taken" },
		{ "p1", "ee < 03 ping 192.0.2.3 192.0.2.1", "p1 icmp 0 from 192.0.2.1" },
		{ "p1", "ee < 03 ping 192.0.2.3 192.0.2.9", "terminate/wrong-endpoint" },
		{ "p1", "ee < 03 udp 192.0.2.3 192.0.2.1 60", "answer/not-served" },
		{ "p1", "ee < 03 type 88b5", "answer/not-served" },
		/* Guests do not reach it. */
		{ "f1", "ee < a ping 192.0.2.3 192.0.2.1", "p1" }, { "p1", "a < b", "f1" });
	says = path_overlay_send("b1", "d < a");
	assert_non_null(strstr(says, "p1 vxlan 1001 to 192.0.2.2"));
	free(says);
	/* After a while they are asked again, and not by all. */
	says = path_overlay_wait(12000);
	assert_non_null(strstr(says, "p1 ask 192.0.2.1 for 192.0.2.2"));
	free(says);
	/* A new address of somebody is believed at once. */
	PATH_OVERLAY_PLAY(2, { "p1", "* < 04 arp 04 192.0.2.2", "f1" });
	says = path_overlay_send("b1", "d < a");
	assert_non_null(strstr(says, "p1 vxlan 1001 to 192.0.2.2 by 04"));
	free(says);
}

/* ---- what is known beforehand ---- */

static const char path_overlay_known[] = PATH_OVERLAY_SITE(
	"address: 192.0.2.1/24",
	"  - {name: blue, type: vxlan, segment: 1001, unknown-addresses: drop, mac-age: 10, "
	"neighbours: [\n"
	"     {mac: \"02:00:00:00:00:07\", ip: 10.0.0.7, at: 192.0.2.2},\n"
	"     {mac: \"02:00:00:00:00:07\", ip: \"2001:db8::7\", at: 192.0.2.2},\n"
	"     {mac: \"02:00:00:00:00:08\", at: 192.0.2.3}]}\n") "  - {name: b3, network: blue, "
								"vhost-user: /s/b3, mac: "
								"\"02:00:00:00:00:0d\", addresses: "
								"[10.0.0.13]}\n";

static void
test_questions_for_known_addresses_are_answered(void **state)
{
	const char *all = "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2, b3";

	(void)state;
	path_walk_apply(path_overlay_known);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(
		2,
		/* The MACs are known too. */
		{ "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.2" },
		{ "b1", "08 < a", "p1 vxlan 1001 to 192.0.2.3" }, { "b1", "0d < a", "b3" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 07 10.0.0.7" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.13", "b1 reply 0d 10.0.0.13" },
		{ "b1", "* < a ask a 0.0.0.0 10.0.0.7",
		  "b1 reply 07 10.0.0.7" }, /* is it free? no */
		{ "b1", "group6 < a ns 2001:db8::1 2001:db8::7 a",
		  "b1 na 07 2001:db8::7 flags 60" },
		{ "b1", "group6 < a ns :: 2001:db8::7", "b1 na 07 2001:db8::7 flags 20" },
		/* Nobody has that. */
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.9", "answer/unknown-address" },
		{ "b1", "group6 < a ns 2001:db8::1 2001:db8::9 a", "answer/unknown-address" },
		/* Not ours to answer: about oneself, to somebody, replies, and from a tunnel. */
		{ "b3", "* < 0d ask 0d 0.0.0.0 10.0.0.13",
		  "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b1, b2" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.1", all },
		{ "b1", "07 < a ask a 10.0.0.1 10.0.0.7", "p1 vxlan 1001 to 192.0.2.2" },
		{ "b1", "* < a reply a 10.0.0.1", all },
		{ "p1", "vxlan 1001 from 192.0.2.3 / * < 08 ask 08 10.0.0.8 10.0.0.13",
		  "b1, b2, b3" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / * < 08 ask 08 10.0.0.8 10.0.0.9",
		  "b1, b2, b3" });
}

/* What looks like a question and is none must not be remembered: the next one may be one. */
static void
test_bad_questions_are_not_remembered(void **state)
{
	const char *all = "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b2, b3";

	(void)state;
	path_walk_apply(path_overlay_known);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(2, { "b1", "* < a reply a 0.0.0.0", all },
			  { "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 07 10.0.0.7" },
			  { "b1", "group6 < a ns 2001:db8::1 2001:db8::7 a far", all },
			  { "b1", "group6 < a ns 2001:db8::1 2001:db8::7 a",
			    "b1 na 07 2001:db8::7 flags 60" },
			  { "b2", "* < b ask b 10.0.0.1 10.0.0.7", "b2 reply 07 10.0.0.7" },
			  { "p1", "ee < 02 arp 02 0.0.0.0", "answer/not-served" },
			  { "p1", "ee < 02 ask 02 192.0.2.2 192.0.2.1", "p1 reply ee 192.0.2.1" },
			  { "p1", "* < 02 reply 02 0.0.0.0", "answer/taken" },
			  { "p1", "* < 02 ask 02 192.0.2.2 192.0.2.1", "p1 reply ee 192.0.2.1" },
			  { "p1", "ee < 02 ping 192.0.2.2 192.0.2.1 short", "answer/not-served" },
			  { "p1", "ee < 02 ping 192.0.2.2 192.0.2.1", "p1 icmp 0 from 192.0.2.1" });
}

static void
test_addresses_that_have_moved(void **state)
{
	(void)state;
	path_walk_apply(path_overlay_known);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(
		2, { "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 07 10.0.0.7" },
		/* Another MAC says that it has the address, from a tunnel, then from a guest. */
		{ "p1", "vxlan 1001 from 192.0.2.3 / * < 09 arp 09 10.0.0.7", "b1, b2, b3" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 09 10.0.0.7" },
		{ "b2", "* < f ask f 10.0.0.7 10.0.0.7",
		  "p1 vxlan 1001 to 192.0.2.2, p1 vxlan 1001 to 192.0.2.3, b1, b3" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 0f 10.0.0.7" },
		{ "p1", "vxlan 1001 from 192.0.2.3 / group6 < 09 na 2001:db8::7 09", "b1, b2, b3" },
		{ "b1", "group6 < a ns 2001:db8::1 2001:db8::7 a",
		  "b1 na 09 2001:db8::7 flags 60" },
		/* Its owner speaks, and has it back. */
		{ "p1", "vxlan 1001 from 192.0.2.2 / * < 07 arp 07 10.0.0.7", "b1, b2, b3" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 07 10.0.0.7" },
		/* Who may not say that is not heard. */
		{ "b3", "* < 0d arp 0d 10.0.0.7", "admit/arp-spoofed" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.7", "b1 reply 07 10.0.0.7" });
}

/* Where a MAC is heard wins over where it should be, until that is forgotten. */
static void
test_macs_that_are_not_at_home(void **state)
{
	(void)state;
	path_walk_apply(path_overlay_known);
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.3");
	PATH_OVERLAY_PLAY(2, { "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.2" },
			  { "p1", "vxlan 1001 from 192.0.2.3 / a < 07", "b1" },
			  { "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.3" },
			  { "b2", "a < 07", "b1" }, { "b1", "07 < a", "b2" });
	weft_fdb_age(1000);
	PATH_OVERLAY_PLAY(2, { "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.2" },
			  { "b2", "a < 07", "b1" }, { "b1", "07 < a", "b2" });
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, false);
	PATH_OVERLAY_PLAY(2, { "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.2" });
	/* The configuration says something else. */
	path_walk_apply(PATH_OVERLAY_SITE(
		"address: 192.0.2.1/24",
		"  - {name: blue, type: vxlan, segment: 1001, neighbours: [\n"
		"     {mac: \"02:00:00:00:00:07\", ip: 10.0.0.7, at: 192.0.2.3}]}\n"));
	PATH_OVERLAY_PLAY(
		2, { "b1", "07 < a", "p1 vxlan 1001 to 192.0.2.3" },
		{ "b1", "* < a ask a 10.0.0.1 10.0.0.9", "p1 vxlan 1001 to 192.0.2.3, b2" });
}

/* ---- ways to other hosts ---- */

static void
test_next_hops(void **state)
{
	(void)state;
	path_walk_apply(PATH_OVERLAY_SITE("address: 192.0.2.1/24, routes: [{destination: "
					  "198.51.100.0/24, next-hop: 192.0.2.254}]",
					  "  - {name: blue, type: vxlan, segment: 1, peers: "
					  "[192.0.2.2, 198.51.100.5, 203.0.113.1]}\n"));
	PATH_OVERLAY_MEET("192.0.2.2", "192.0.2.254");
	PATH_OVERLAY_PLAY(
		2,
		{ "b1", "c < a", "p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 198.51.100.5 by fe, b2" },
		{ "p1", "vxlan 1 from 203.0.113.1 / a < c", "b1" },
		{ "b1", "c < a", "encap/no-route" },
		{ "p1", "vxlan 1 from 198.51.100.9 / a < c", "b1" },
		{ "b1", "c < a", "p1 vxlan 1 to 198.51.100.9 by fe" });
	/* A way is added. */
	path_walk_apply(PATH_OVERLAY_SITE("address: 192.0.2.1/24, gateway: 192.0.2.253",
					  "  - {name: blue, type: vxlan, segment: 1, peers: "
					  "[192.0.2.2, 198.51.100.5, 203.0.113.1]}\n"));
	PATH_OVERLAY_MEET("192.0.2.253");
	PATH_OVERLAY_PLAY(2, { "b1", "c < a", "p1 vxlan 1 to 198.51.100.9 by fd" },
			  { "b1", "d < a",
			    "p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 198.51.100.5 by fd, "
			    "p1 vxlan 1 to 203.0.113.1 by fd, b2" });
}

/* Flows are spread by their outer ports and over the next hops, and each stays on its way. */
static void
test_flows_are_spread(void **state)
{
	uint32_t by[2] = { 0 }, ports = 0;
	static bool seen[65536];

	(void)state;
	path_walk_apply(PATH_OVERLAY_SITE(
		"address: 192.0.2.1/24, gateway: [192.0.2.254, 192.0.2.253]",
		"  - {name: blue, type: vxlan, segment: 1, peers: [198.51.100.5]}\n"));
	PATH_OVERLAY_MEET("192.0.2.254", "192.0.2.253");
	free(path_overlay_send("p1", "vxlan 1 from 198.51.100.5 / a < c"));
	for (uint32_t i = 0; i < 200; i++) {
		char frame[100], first[100];
		char *says;

		snprintf(frame, sizeof(frame), "c < a udp 10.0.%u.1 10.0.0.2 %u", i, 60 + i % 3);
		says = path_overlay_send("b1", frame);
		snprintf(first, sizeof(first), "%s", says);
		by[strstr(says, "fe") != NULL]++;
		ports += !seen[path_overlay_source_port];
		seen[path_overlay_source_port] = true;
		free(says);
		path_overlay_expect(path_overlay_send("b1", frame), first, frame);
	}
	assert_true(by[0] > 60 && by[1] > 60);
	assert_true(ports > 180);
	/* One next hop falls silent: the other takes all. */
	for (uint32_t i = 0; i < 140; i++) {
		free(path_overlay_wait(100));
		if (i % 20 == 0)
			free(path_overlay_send("p1", "ee < fd reply fd 192.0.2.253"));
	}
	for (uint32_t i = 0; i < 100; i++) {
		char frame[100];

		snprintf(frame, sizeof(frame), "c < a udp 10.0.%u.1 10.0.0.2 %u", i, 60 + i % 3);
		path_overlay_expect(path_overlay_send("b1", frame),
				    "p1 vxlan 1 to 198.51.100.5 by fd", frame);
	}
}

static void
test_every_reason_of_overlays_has_been_seen(void **state)
{
	(void)state;
	path_walk_check_seen(PATH_WALK_TOLD_BY_OVERLAY);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, path_overlay_start, path_walk_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_frames_travel_in_tunnels),
		STORY(test_macs_move_between_ports_and_endpoints),
		STORY(test_three_kinds_of_tunnels),
		STORY(test_an_endpoint_with_an_address_of_ipv6),
		STORY(test_what_is_not_decapsulated),
		STORY(test_congestion_is_told),
		STORY(test_the_endpoint_is_a_host),
		STORY(test_questions_for_known_addresses_are_answered),
		STORY(test_bad_questions_are_not_remembered),
		STORY(test_addresses_that_have_moved),
		STORY(test_macs_that_are_not_at_home),
		STORY(test_next_hops),
		STORY(test_flows_are_spread),
		cmocka_unit_test(test_every_reason_of_overlays_has_been_seen),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
