/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rule of the path, told as short stories; every reason to drop occurs in one of them. */
#include "path_walk_helper.h"

static const char path_walk_site[] =
	"physical-networks:\n"
	"  - {name: p1, device: eth1}\n"
	"  - {name: p2, device: eth2}\n"
	"networks:\n"
	"  - {name: blue, type: vlan, segment: 10, physical-network: p1}\n"
	"  - {name: red, type: vlan, segment: 20, physical-network: p1}\n"
	"  - {name: plain, type: flat, physical-network: p1}\n"
	"  - {name: home, type: local}\n"
	"  - {name: off, type: vlan, segment: 30, physical-network: p1, admin: down}\n"
	"ports:\n"
	"  - {name: b1, network: blue, vhost-user: /s/b1}\n"
	"  - {name: b2, network: blue, vhost-user: /s/b2}\n"
	"  - {name: r1, network: red, vhost-user: /s/r1}\n"
	"  - {name: f1, network: plain, vhost-user: /s/f1}\n"
	"  - {name: h1, network: home, vhost-user: /s/h1}\n"
	"  - {name: h2, network: home, vhost-user: /s/h2}\n"
	"  - {name: h3, network: home, vhost-user: /s/h3}\n"
	"  - {name: o1, network: off, vhost-user: /s/o1}\n";

static void
test_a_bridge_learns_and_floods(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "h1", "b < a", "h2, h3" }, /* nobody knows b */
		       { "h2", "a < b", "h1" }, { "h1", "b < a", "h2" },
		       { "h1", "* < a", "h2, h3" }, { "h1", "group < a", "h2, h3" },
		       { "h3", "b < a", "h2" }, /* a has moved */
		       { "h2", "a < b", "h3" }, { "h1", "b < a", "h2" }, /* and back */
		       { "h1", "a < a", "bridge/same-port" }, { "h2", "b < c", "bridge/same-port" },
		       /* The same addresses elsewhere are others. */
		       { "b1", "b < a", "p1 vlan 10, b2" }, { "r1", "b < a", "p1 vlan 20" },
		       { "h2", "a < b", "h1" });
}

static void
test_guests_do_not_speak_in_tags(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "b1", "b < a vlan 10", "terminate/tagged" },
		       { "b1", "b < a vlan 4095", "terminate/tagged" },
		       { "b1", "b < a prio", "p1 vlan 10, b2" }, /* a priority is no tag */
		       { "b2", "a < b prio", "b1" }, { "f1", "b < a prio", "p1" },
		       { "b1", "b < a prio vlan 10", "terminate/double-tagged" },
		       { "b1", "b < a vlan 10 vlan 10", "terminate/double-tagged" },
		       /* A service tag is a type like any other. */
		       { "b1", "b < a type 88a8", "b2" });
}

static void
test_a_wire_tells_networks_apart_by_their_tags(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "p1", "* < c vlan 10", "b1, b2" }, { "p1", "* < c vlan 20", "r1" },
		       { "p1", "* < c", "f1" }, { "p1", "* < c prio", "f1" },
		       { "p1", "* < c vlan 11", "terminate/vlan-not-member" },
		       { "p1", "* < c vlan 4095", "terminate/vlan-not-member" },
		       { "p2", "* < c", "terminate/no-flat-network" },
		       { "p2", "* < c prio", "terminate/no-flat-network" },
		       { "p2", "* < c vlan 10", "terminate/vlan-not-member" },
		       { "p1", "* < c vlan 10 vlan 10", "terminate/double-tagged" },
		       { "p1", "* < c prio prio", "terminate/double-tagged" },
		       { "b1", "c < a", "p1 vlan 10" }, { "r1", "c < a", "p1 vlan 20" },
		       { "f1", "c < a", "p1" }, { "p1", "a < c vlan 10", "b1" },
		       /* What is behind the wire does not come back to it. */
		       { "p1", "c < d vlan 10", "bridge/same-port" });
}

static void
test_what_is_down_neither_speaks_nor_hears(void **state)
{
	(void)state;
	path_walk_apply("physical-networks: [{name: p1, device: eth1, admin: down}]\n"
			"networks: [{name: blue, type: vlan, segment: 10, physical-network: p1},\n"
			"  {name: home, type: local}, {name: off, type: local, admin: down}]\n"
			"ports:\n"
			"  - {name: b1, network: blue, vhost-user: /s/b1}\n"
			"  - {name: h1, network: home, vhost-user: /s/h1}\n"
			"  - {name: h2, network: home, vhost-user: /s/h2, admin: down}\n"
			"  - {name: h3, network: home, vhost-user: /s/h3}\n"
			"  - {name: o1, network: off, vhost-user: /s/o1}\n"
			"  - {name: o2, network: off, vhost-user: /s/o2}\n");
	PATH_WALK_PLAY({ "p1", "* < a vlan 10", "terminate/port-down" },
		       { "h2", "* < a", "terminate/port-down" },
		       { "o1", "* < a", "terminate/network-down" },
		       { "h1", "* < a", "h3" }, /* one of two receivers is down */
		       { "b1", "* < a", "deliver/port-down" }); /* the only one is */
}

static void
test_frames_must_fit(void **state)
{
	(void)state;
	path_walk_apply("physical-networks: [{name: p1, device: eth1, mtu: 1000}]\n"
			"networks: [{name: blue, type: vlan, segment: 10, physical-network: p1}]\n"
			"ports:\n"
			"  - {name: b1, network: blue, vhost-user: /s/b1, mtu: 500}\n"
			"  - {name: b2, network: blue, vhost-user: /s/b2, mtu: 300}\n");
	PATH_WALK_PLAY({ "b1", "* < a payload 300", "p1 vlan 10, b2" },
		       /* A copy that does not fit is lost, the others are not. */
		       { "b1", "* < a payload 301", "p1 vlan 10, deliver/too-big" },
		       { "b1", "* < a payload 1000", "p1 vlan 10, deliver/too-big" },
		       { "b1", "* < a payload 1001", "deliver/too-big, deliver/too-big" },
		       { "b1", "* < a payload 300", "p1 vlan 10, b2" },
		       { "b2", "a < b payload 500", "b1" }, /* what it may hear, not what it says */
		       { "b2", "a < b payload 501", "deliver/too-big" },
		       { "b2", "a < b payload 500", "b1" },
		       { "p1", "b < c vlan 10 payload 300", "b2" }, /* a tag is no payload */
		       { "p1", "b < c vlan 10 payload 301", "deliver/too-big" },
		       { "b1", "c < a payload 1000", "p1 vlan 10" },
		       { "b1", "c < a payload 1001", "deliver/too-big" });
}

static void
test_addresses_that_bridges_do_not_forward(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "h1", "stp < a", "bridge/reserved-multicast" },
		       { "h1", "lldp < a", "bridge/reserved-multicast" },
		       { "h1", "gmrp < a", "h2, h3" });
}

static void
test_impossible_sources(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "h1", "b < *", "admit/bad-source-mac" },
		       { "h1", "b < group", "admit/bad-source-mac" },
		       { "h1", "b < zero", "admit/bad-source-mac" },
		       { "p1", "b < zero vlan 10", "admit/bad-source-mac" },
		       /* A refused frame teaches nothing. */
		       { "h2", "zero < b", "h1, h3" });
}

static const char path_walk_secured[] =
	"networks: [{name: home, type: local}]\n"
	"ports:\n"
	"  - {name: h1, network: home, vhost-user: /s/h1, mac: \"02:00:00:00:00:0a\",\n"
	"     addresses: [10.0.0.10, 10.0.0.11, \"2001:db8::a\"]}\n"
	"  - {name: h2, network: home, vhost-user: /s/h2, port-security: false,\n"
	"     mac: \"02:00:00:00:00:0b\", addresses: [10.0.0.20]}\n"
	"  - {name: h3, network: home, vhost-user: /s/h3, addresses: [10.0.0.30]}\n"
	"  - {name: h4, network: home, vhost-user: /s/h4, mac: \"02:00:00:00:00:0d\"}\n";

static void
test_port_security_asks_for_mac_and_addresses(void **state)
{
	(void)state;
	path_walk_apply(path_walk_secured);
	PATH_WALK_PLAY({ "h1", "* < c", "admit/mac-spoofed" }, { "h1", "* < a", "h2, h3, h4" },
		       { "h1", "* < a prio ip 10.0.0.10", "h2, h3, h4" },
		       { "h1", "* < a ip 10.0.0.10", "h2, h3, h4" },
		       { "h1", "* < a ip 10.0.0.11", "h2, h3, h4" },
		       { "h1", "* < a ip 10.0.0.12", "admit/ip-spoofed" },
		       { "h1", "* < a ip 0.0.0.0", "admit/ip-spoofed" },
		       { "h1", "* < a prio ip 10.0.0.12", "admit/ip-spoofed" },
		       { "h1", "* < a dhcp", "h2, h3, h4" },
		       { "h1", "* < a dns", "admit/ip-spoofed" },
		       { "h1", "* < a arp a 10.0.0.11", "h2, h3, h4" },
		       { "h1", "* < a arp a 10.0.0.12", "admit/arp-spoofed" },
		       { "h1", "* < a arp b 10.0.0.10", "admit/arp-spoofed" },
		       { "h1", "* < a arp a 0.0.0.0", "h2, h3, h4" }, /* a probe */
		       { "h1", "* < a reply a 0.0.0.0", "admit/arp-spoofed" },
		       { "h1", "* < a prio arp a 10.0.0.12", "admit/arp-spoofed" },
		       { "h1", "* < a reply a 10.0.0.10", "h2, h3, h4" },
		       { "h1", "* < a ip6 2001:db8::a", "h2, h3, h4" },
		       { "h1", "* < a ip6 2001:db8::b", "admit/ip-spoofed" },
		       { "h1", "* < a ip6 fe80::ff:fe00:a", "h2, h3, h4" }, /* EUI-64 of the MAC */
		       { "h1", "* < a ip6 fe80::ff:fe00:b", "admit/ip-spoofed" },
		       { "h1", "* < a mld ::", "h2, h3, h4" },
		       { "h1", "* < a icmp6 ::", "admit/ip-spoofed" },
		       { "h1", "* < a ip6 ::", "admit/ip-spoofed" },
		       /* The other addresses of the mapped kind are not the same. */
		       { "h1", "* < a ip6 ::10.0.0.10", "admit/ip-spoofed" });
}

static void
test_port_security_asks_for_what_is_configured(void **state)
{
	(void)state;
	path_walk_apply(path_walk_secured);
	PATH_WALK_PLAY({ "h2", "* < c ip 1.2.3.4", "h1, h3, h4" }, /* it is off */
		       { "h2", "* < c arp d 1.2.3.4", "h1, h3, h4" },
		       { "h3", "* < e ip 10.0.0.30", "h1, h2, h4" }, /* any MAC */
		       { "h3", "* < e ip 10.0.0.10", "admit/ip-spoofed" },
		       { "h3", "* < e arp f 10.0.0.30", "h1, h2, h4" },
		       { "h3", "* < e arp e 10.0.0.31", "admit/arp-spoofed" },
		       { "h3", "* < e ip6 fe80::ff:fe00:e", "admit/ip-spoofed" },
		       { "h4", "* < d ip 10.0.0.10", "h1, h2, h3" }, /* any address */
		       { "h4", "* < d arp d 10.0.0.10", "h1, h2, h3" },
		       { "h4", "* < e", "admit/mac-spoofed" });
}

static void
test_mac_limits(void **state)
{
	(void)state;
	path_walk_apply("networks: [{name: n, type: local, mac-limit: 3},\n"
			"  {name: m, type: local, mac-limit: 1, mac-limit-action: forward}]\n"
			"ports:\n"
			"  - {name: n1, network: n, vhost-user: /s/n1, mac-limit: 1}\n"
			"  - {name: n2, network: n, vhost-user: /s/n2, mac-limit: 1,\n"
			"     mac-limit-action: forward}\n"
			"  - {name: n3, network: n, vhost-user: /s/n3}\n"
			"  - {name: m1, network: m, vhost-user: /s/m1}\n"
			"  - {name: m2, network: m, vhost-user: /s/m2}\n");
	PATH_WALK_PLAY({ "n1", "* < a", "n2, n3" }, { "n1", "* < b", "bridge/mac-limit" },
		       { "n2", "* < c", "n1, n3" }, { "n2", "* < d", "n1, n3" },
		       { "n1", "d < a", "n2, n3" }, /* d passed and was not learned */
		       { "n3", "c < e", "n2" }, { "n3", "* < f", "bridge/mac-limit" },
		       { "n3", "e < c", "bridge/same-port" }, /* a move is not one more */
		       { "n2", "* < d", "bridge/mac-limit" }, /* the network's limit, its action */
		       { "n1", "d < a", "n2, n3" }, { "m1", "* < a", "m2" },
		       { "m1", "* < b", "m2" }, { "m2", "b < c", "m1" });
	/* Room is made, and who was refused is learned. */
	assert_int_equal(weft_fdb_flush(0, WEFT_FDB_ANY, NULL, false), 3);
	PATH_WALK_PLAY({ "n1", "* < b", "n2, n3" }, { "n3", "b < f", "n1" },
		       { "n1", "* < a", "bridge/mac-limit" });
}

static void
test_static_macs_do_not_move(void **state)
{
	(void)state;
	path_walk_apply("networks: [{name: home, type: local,\n"
			"  static-macs: [{mac: \"02:00:00:00:00:0a\", port: h1}]}]\n"
			"ports:\n"
			"  - {name: h1, network: home, vhost-user: /s/h1}\n"
			"  - {name: h2, network: home, vhost-user: /s/h2}\n"
			"  - {name: h3, network: home, vhost-user: /s/h3}\n");
	PATH_WALK_PLAY({ "h2", "a < b", "h1" }, { "h2", "* < a", "bridge/static-moved" },
		       { "h1", "b < a", "h2" }, { "h3", "a < c", "h1" });
	weft_fdb_age(100000);
	PATH_WALK_PLAY({ "h2", "a < b", "h1" });
}

static void
test_frames_too_short_for_their_headers(void **state)
{
	(void)state;
	path_walk_apply(path_walk_secured);
	PATH_WALK_PLAY({ "h2", "* < b cut 13", "terminate/runt" },
		       { "h2", "* < b cut 0", "terminate/runt" },
		       { "h2", "* < b cut 14", "h1, h3, h4" },
		       { "h2", "* < b prio cut 17", "terminate/truncated" },
		       { "h2", "* < b prio cut 16", "terminate/truncated" });
}

static void
test_a_port_without_a_link_and_one_that_is_full(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	weft_port_set_link(weft_topology->attachments[6]->port, false);
	assert_string_equal(weft_topology_port_name(weft_topology, 6), "h1");
	PATH_WALK_PLAY({ "h2", "* < b", "h3, worker/no-link" });
	weft_port_set_link(weft_topology->attachments[6]->port, true);
	fake.room = 0;
	PATH_WALK_PLAY({ "h2", "* < b", "worker/tx-full, worker/tx-full" });
	fake.room = UINT16_MAX;
	PATH_WALK_PLAY({ "h2", "* < b", "h1, h3" });
}

static void
test_the_miss_budget_is_for_misses(void **state)
{
	(void)state;
	path_walk_apply("networks: [{name: home, type: local}]\n"
			"ports:\n"
			"  - {name: h1, network: home, vhost-user: /s/h1, miss-budget: 20}\n"
			"  - {name: h2, network: home, vhost-user: /s/h2}\n");
	PATH_WALK_PLAY({ "h1", "b < a", "h2" }, { "h1", "c < a", "h2" },
		       { "h1", "d < a", "worker/miss-budget" }, { "h1", "b < a", "h2" },
		       { "h2", "a < b", "h1" });
	/* What became stale is a miss again: b < a was a flood. */
	PATH_WALK_PLAY({ "h1", "b < a", "worker/miss-budget" }, { "h1", "c < a", "h2" });
	forward_time(2000);
	PATH_WALK_PLAY({ "h1", "b < a", "h2" }, { "h1", "d < a", "h2" });
}

static void
test_configuration_changes_are_seen_at_once(void **state)
{
	(void)state;
	path_walk_apply(path_walk_site);
	PATH_WALK_PLAY({ "b1", "* < a", "p1 vlan 10, b2" }, { "b2", "a < b", "b1" });
	path_walk_apply("physical-networks: [{name: p1, device: eth1}]\n"
			"networks: [{name: blue, type: vlan, segment: 11, physical-network: p1}]\n"
			"ports:\n"
			"  - {name: b1, network: blue, vhost-user: /s/b1}\n"
			"  - {name: b2, network: blue, vhost-user: /s/b2}\n"
			"  - {name: b3, network: blue, vhost-user: /s/b3}\n");
	PATH_WALK_PLAY({ "b1", "* < a", "p1 vlan 11, b2, b3" }, { "b2", "a < b", "b1" },
		       { "p1", "* < c vlan 10", "terminate/vlan-not-member" },
		       { "p1", "a < c vlan 11", "b1" });
	path_walk_apply("networks: [{name: blue, type: local}]\n"
			"ports:\n"
			"  - {name: b1, network: blue, vhost-user: /s/b1, admin: down}\n"
			"  - {name: b2, network: blue, vhost-user: /s/b2}\n");
	PATH_WALK_PLAY({ "b1", "* < a", "terminate/port-down" },
		       { "b2", "a < b", "deliver/port-down" },
		       { "b2", "* < b", "deliver/port-down" });
	path_walk_apply("networks: [{name: blue, type: local}]\n"
			"ports: [{name: b2, network: blue, vhost-user: /s/b2}]\n");
	PATH_WALK_PLAY({ "b2", "a < b", "bridge/no-receiver" },
		       { "b2", "* < b", "bridge/no-receiver" });
}

/* Buffers run out: the copy that cannot be made is counted. Otherwise these stories and those of
 * overlays name them all. */
static void
test_every_reason_has_been_seen(void **state)
{
	struct rte_mbuf *all[8192];
	uint32_t n = 0;
	char *says;

	(void)state;
	path_walk_apply(path_walk_site);
	free(path_walk_send("h1", "* < a"));
	while (n < COUNT(all) && (all[n] = rte_pktmbuf_alloc(forward_pool)) != NULL)
		n++;
	rte_pktmbuf_free(all[--n]);
	says = path_walk_send("h1", "* < a");
	assert_string_equal(says, "h3, worker/no-buffer");
	free(says);
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
	path_walk_check_seen(PATH_WALK_TOLD_BY_WALK);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, path_walk_start, path_walk_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_a_bridge_learns_and_floods),
		STORY(test_guests_do_not_speak_in_tags),
		STORY(test_a_wire_tells_networks_apart_by_their_tags),
		STORY(test_what_is_down_neither_speaks_nor_hears),
		STORY(test_frames_must_fit),
		STORY(test_addresses_that_bridges_do_not_forward),
		STORY(test_impossible_sources),
		STORY(test_port_security_asks_for_mac_and_addresses),
		STORY(test_port_security_asks_for_what_is_configured),
		STORY(test_mac_limits),
		STORY(test_static_macs_do_not_move),
		STORY(test_frames_too_short_for_their_headers),
		STORY(test_a_port_without_a_link_and_one_that_is_full),
		STORY(test_the_miss_budget_is_for_misses),
		STORY(test_configuration_changes_are_seen_at_once),
		STORY(test_every_reason_has_been_seen),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
