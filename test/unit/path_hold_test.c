/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that wait for the MAC of a next hop, and frames too big for a tunnel, as short stories. */
#include "path_overlay_helper.h"

#define PATH_HOLD_SITE(network)                                                                    \
	"physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n"                               \
	"tunnel-endpoint: {physical-network: p1, mac: \"02:00:00:00:00:ee\",\n"                    \
	"  address: 192.0.2.1/24, gateway: 192.0.2.254}\n"                                         \
	"networks:\n"                                                                              \
	"  - {name: blue, type: vxlan, segment: 1, " network "}\n"                                 \
	"ports:\n"                                                                                 \
	"  - {name: b1, network: blue, vhost-user: /s/b1}\n"                                       \
	"  - {name: b2, network: blue, vhost-user: /s/b2}\n"

static const char path_hold_site[] = PATH_HOLD_SITE("peers: [192.0.2.2, 192.0.2.3]");

#define PATH_HOLD_GONE(networks, endpoint)                                                         \
	"physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n" endpoint                      \
	"networks:\n" networks "ports:\n"                                                          \
	"  - {name: b1, network: blue, vhost-user: /s/b1}\n"                                       \
	"  - {name: b2, network: blue, vhost-user: /s/b2}\n"

/* Those that wait are tried again; what leaves is because of these frames, one after the other. */
static char *
path_hold_try(const char *const *texts, uint32_t n)
{
	struct path_frame *frames = calloc(n, sizeof(*frames));
	struct weft_worker *worker = weft_workers[0];
	char *says;

	assert_non_null(frames);
	for (uint32_t i = 0; i < n; i++)
		path_tunnel_build(&frames[i], texts[i]);
	worker->topology = weft_rcu_load(weft_topology);
	weft_hold_try(worker);
	says = path_overlay_look(frames, n);
	free(frames);
	return says;
}

#define PATH_HOLD_TRY(should, ...)                                                                 \
	path_overlay_expect(path_hold_try((const char *const[]){ __VA_ARGS__ },                    \
					  COUNT(((const char *const[]){ __VA_ARGS__ }))),          \
			    should, "those that wait")

static void
test_frames_wait_in_order(void **state)
{
	(void)state;
	path_walk_apply(path_hold_site);
	PATH_OVERLAY_PLAY(1, { "b1", "* < a", "b2" }, { "b1", "* < a type 1111", "b2" },
			  { "b1", "* < a type 2222", "b2" });
	assert_int_equal(weft_held_count(), 6);
	/* One of two next hops answers. Each frame goes there, the others wait on. */
	PATH_OVERLAY_PLAY(1, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" });
	PATH_HOLD_TRY("p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 192.0.2.2",
		      "* < a", "* < a type 1111", "* < a type 2222");
	assert_int_equal(weft_held_count(), 3);
	PATH_OVERLAY_PLAY(1, { "b1", "* < a type 3333", "p1 vxlan 1 to 192.0.2.2, b2" },
			  { "p1", "ee < 03 reply 03 192.0.2.3", "answer/taken" });
	PATH_HOLD_TRY("p1 vxlan 1 to 192.0.2.3, p1 vxlan 1 to 192.0.2.3, p1 vxlan 1 to 192.0.2.3, "
		      "p1 vxlan 1 to 192.0.2.3",
		      "* < a", "* < a type 1111", "* < a type 2222", "* < a type 3333");
	assert_int_equal(weft_held_count(), 0);
	PATH_OVERLAY_PLAY(
		2, { "b1", "* < a", "p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 192.0.2.3, b2" });
}

/* The next packet finds the way open, and lets those before it go first. */
static void
test_no_frame_overtakes_another(void **state)
{
	const char *texts[] = { "c < a", "c < a type 1111", "c < a type 2222" };
	struct path_frame frames[3];
	struct rte_mbuf *packet;

	(void)state;
	path_walk_apply(path_hold_site);
	PATH_OVERLAY_PLAY(1, { "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2" },
			  { "b1", texts[0], "" }, { "b1", texts[1], "" },
			  { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" });
	for (uint32_t i = 0; i < 3; i++)
		path_tunnel_build(&frames[i], texts[i]);
	packet = forward_packet(frames[2].bytes, frames[2].length);
	forward_burst(weft_workers[0], (uint16_t)weft_topology_find_port(weft_topology, "b1"),
		      &packet, 1);
	path_overlay_expect(
		path_overlay_look(frames, 3),
		"p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 192.0.2.2, p1 vxlan 1 to 192.0.2.2",
		"order");
}

/* Who has moved while his frame was waiting does not move back. */
static void
test_frames_that_waited_teach_nothing(void **state)
{
	(void)state;
	path_walk_apply(path_hold_site);
	PATH_OVERLAY_PLAY(1, { "p1", "ee < 03 reply 03 192.0.2.3", "answer/taken" },
			  { "b1", "* < a", "p1 vxlan 1 to 192.0.2.3, b2" },
			  { "p1", "vxlan 1 from 192.0.2.3 / f < a", "b1, b2" },
			  { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" });
	PATH_HOLD_TRY("p1 vxlan 1 to 192.0.2.2", "* < a");
	PATH_OVERLAY_PLAY(2, { "b2", "a < b", "p1 vxlan 1 to 192.0.2.3" });
}

/* Three questions in three seconds, and nobody answers. */
static void
test_who_does_not_answer_is_not_waited_for(void **state)
{
	uint32_t questions = 0;
	char *says;

	(void)state;
	path_walk_apply(PATH_HOLD_SITE("peers: [192.0.2.2]"));
	PATH_OVERLAY_PLAY(1, { "p1", "vxlan 1 from 192.0.2.9 / a < c", "b1, b2" },
			  { "b1", "c < a", "" }, { "b1", "* < a", "b2" });
	assert_int_equal(weft_held_count(), 2);
	says = path_overlay_wait(4500);
	for (const char *at = says; (at = strstr(at, "for 192.0.2.9")) != NULL; at++)
		questions++;
	assert_int_equal(questions, WEFT_NEIGHBOUR_TRIES);
	assert_non_null(strstr(says, "encap/no-neighbour, encap/no-neighbour"));
	free(says);
	assert_int_equal(weft_held_count(), 0);
	PATH_OVERLAY_PLAY(2, { "b1", "c < a", "encap/no-neighbour" },
			  { "b1", "* < a", "b2" }, /* who does not answer is no receiver */
			  { "p1", "ee < 09 reply 09 192.0.2.9", "answer/taken" },
			  { "b1", "c < a", "p1 vxlan 1 to 192.0.2.9" },
			  { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" },
			  { "b1", "* < a", "p1 vxlan 1 to 192.0.2.2, b2" });
}

static void
test_only_so_many_wait(void **state)
{
	(void)state;
	path_walk_apply(path_hold_site);
	PATH_OVERLAY_PLAY(WEFT_HELD_MAX / 2, { "b1", "* < a", "b2" });
	PATH_OVERLAY_PLAY(2, { "b1", "* < a", "b2, encap/hold-full, encap/hold-full" });
	assert_int_equal(weft_held_count(), WEFT_HELD_MAX);
}

/* What was the way when a frame began to wait may not be one any more. */
static void
test_the_configuration_changes_meanwhile(void **state)
{
	static const struct {
		const char *next, *should;
	} changes[] = {
		/* No endpoint, no tunnel, another wire, no network, no peer, another network. */
		{ PATH_HOLD_GONE("  - {name: blue, type: local}\n", ""),
		  "bridge/no-receiver, bridge/no-receiver" },
		{ PATH_HOLD_GONE(
			  "  - {name: blue, type: vlan, segment: 5, physical-network: p1}\n",
			  "tunnel-endpoint: {physical-network: p1, address: 192.0.2.1/24}\n"),
		  "bridge/no-receiver, bridge/no-receiver" },
		{ PATH_HOLD_GONE(
			  "  - {name: blue, type: vxlan, segment: 1, peers: [192.0.2.3]}\n",
			  "tunnel-endpoint: {physical-network: p1, address: 192.0.2.1/24}\n"),
		  "bridge/no-receiver" },
		{ "networks: []\n", "terminate/port-down, terminate/port-down" },
		{ PATH_HOLD_GONE(
			  "  - {name: blue, type: vxlan, segment: 1, admin: down, peers: "
			  "[192.0.2.2]}\n",
			  "tunnel-endpoint: {physical-network: p1, address: 192.0.2.1/24}\n"),
		  "terminate/network-down, terminate/network-down" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		path_walk_apply(path_hold_site);
		weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, false);
		PATH_OVERLAY_PLAY(1, { "b1", "* < a", "b2" });
		assert_int_equal(weft_held_count(), 2);
		path_walk_apply(changes[i].next);
		path_overlay_expect(path_hold_try((const char *const[]){ "* < a" }, 1),
				    changes[i].should, changes[i].next);
		forward_drop_held(weft_workers[0]);
		free(path_overlay_look(NULL, 0));
	}
}

/* ---- too big ---- */

#define PATH_HOLD_SUBNETS                                                                          \
	"mtu: 1400, peers: [192.0.2.2], subnets: [\n"                                              \
	"    {name: s4, cidr: 10.0.0.0/24, gateway: 10.0.0.254}, {name: s6, cidr: "                \
	"\"2001:db8::/64\"}]"

static const char path_hold_small[] = PATH_HOLD_SITE(
	PATH_HOLD_SUBNETS) "  - {name: b3, network: blue, vhost-user: /s/b3, mtu: 600}\n";

static void
test_senders_are_told_what_fits(void **state)
{
	(void)state;
	path_walk_apply(path_hold_small);
	PATH_OVERLAY_PLAY(
		2, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" },
		{ "b3", "* < d", "p1 vxlan 1 to 192.0.2.2, b1, b2" },
		{ "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2, b3" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1400 df", "p1 vxlan 1 to 192.0.2.2" },
		/* In the name of the gateway, or of the destination. */
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df",
		  "b1 too big 1400 from 10.0.0.254, deliver/too-big" },
		{ "b1", "c < a udp 10.9.0.1 10.9.0.2 1500 df",
		  "b1 too big 1400 from 10.9.0.2, deliver/too-big" },
		{ "b1", "c < a udp 2001:db8::1 2001:db8::2 1400", "p1 vxlan 1 to 192.0.2.2" },
		{ "b1", "c < a udp 2001:db8::1 2001:db8::2 1401",
		  "b1 too big 1400 from 2001:db8::2, deliver/too-big" },
		{ "b1", "c < a prio udp 10.0.0.1 10.0.0.2 1401 df",
		  "b1 too big 1400 from 10.0.0.254, deliver/too-big" },
		/* Also for a guest here with another MTU. */
		{ "b1", "d < a udp 10.0.0.1 10.0.0.2 600 df", "b3" },
		{ "b1", "d < a udp 10.0.0.1 10.0.0.2 601 df",
		  "b1 too big 600 from 10.0.0.254, deliver/too-big" },
		{ "b1", "d < a udp 2001:db8::1 2001:db8::2 601",
		  "b1 too big 600 from 2001:db8::2, deliver/too-big" },
		/* Once, whoever it is too big for. */
		{ "b1", "f < a udp 10.0.0.1 10.0.0.2 1401 df",
		  "b1 too big 1400 from 10.0.0.254, deliver/too-big, deliver/too-big, "
		  "deliver/too-big" },
		/* Not about groups, parts, who has no address, and not what is no IP. */
		{ "b1", "group < a udp 10.0.0.1 224.0.0.1 1401 df",
		  "deliver/too-big, deliver/too-big, deliver/too-big" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df later", "deliver/too-big" },
		{ "b1", "c < a udp 0.0.0.0 10.0.0.2 1401 df", "deliver/too-big" },
		{ "b1", "c < a payload 1401", "deliver/too-big" },
		/* And nobody beyond a tunnel. */
		{ "p1", "vxlan 1 from 192.0.2.2 / d < c udp 10.0.0.2 10.0.0.1 601 df",
		  "deliver/too-big" },
		{ "p1", "vxlan 1 from 192.0.2.2 / d < c udp 2001:db8::2 2001:db8::1 601",
		  "deliver/too-big" });
}

static void
test_what_may_be_is_fragmented(void **state)
{
	(void)state;
	path_walk_apply(path_hold_small);
	PATH_OVERLAY_PLAY(
		2, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" },
		{ "b3", "* < d", "p1 vxlan 1 to 192.0.2.2, b1, b2" },
		{ "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2, b3" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1401",
		  "p1 vxlan 1 to 192.0.2.2 fragment 0+1376, p1 vxlan 1 to 192.0.2.2 fragment "
		  "1376+5" },
		{ "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 ecn 1",
		  "p1 vxlan 1 to 192.0.2.2 ecn 1 fragment 0+1376, p1 vxlan 1 to 192.0.2.2 ecn 1 "
		  "fragment 1376+5" },
		{ "b1", "d < a udp 10.0.0.1 10.0.0.2 1300",
		  "b3 fragment 0+576, b3 fragment 576+576, b3 fragment 1152+128" },
		{ "p1", "vxlan 1 from 192.0.2.2 / d < c udp 10.0.0.2 10.0.0.1 700",
		  "b3 fragment 0+576, b3 fragment 576+104" },
		{ "b1", "* < a udp 10.0.0.1 10.0.0.255 700",
		  "p1 vxlan 1 to 192.0.2.2, b2, b3 fragment 0+576, b3 fragment 576+104" });
}

/* Elsewhere nobody is told, and nothing is cut: bridges do not. */
static void
test_other_networks_do_not(void **state)
{
	(void)state;
	path_walk_apply("networks: [{name: home, type: local}]\n"
			"ports:\n"
			"  - {name: h1, network: home, vhost-user: /s/h1}\n"
			"  - {name: h2, network: home, vhost-user: /s/h2, mtu: 600}\n");
	PATH_OVERLAY_PLAY(2, { "h1", "c < a udp 10.0.0.1 10.0.0.2 601 df", "deliver/too-big" },
			  { "h1", "c < a udp 10.0.0.1 10.0.0.2 601", "deliver/too-big" });
}

/* A hundred a second; the packets die all the same. */
static void
test_errors_are_limited(void **state)
{
	(void)state;
	path_walk_apply(path_hold_small);
	PATH_OVERLAY_PLAY(1, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" },
			  { "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2, b3" });
	PATH_OVERLAY_PLAY(100, { "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df",
				 "b1 too big 1400 from 10.0.0.254, deliver/too-big" });
	PATH_OVERLAY_PLAY(3, { "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df", "deliver/too-big" },
			  { "b2", "c < b udp 10.0.0.1 10.0.0.2 1401 df",
			    "b2 too big 1400 from 10.0.0.254, deliver/too-big" });
	forward_time(1100);
	PATH_OVERLAY_PLAY(10, { "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df",
				"b1 too big 1400 from 10.0.0.254, deliver/too-big" });
	PATH_OVERLAY_PLAY(3, { "b1", "c < a udp 10.0.0.1 10.0.0.2 1401 df", "deliver/too-big" });
}

/* What is to be cut waits whole; who does not get a copy for its size is counted while others wait. */
static void
test_sizes_and_waiting(void **state)
{
	(void)state;
	path_walk_apply(path_hold_small);
	PATH_OVERLAY_PLAY(1,
			  { "b1", "* < a udp 10.0.0.1 10.0.0.255 1401",
			    "b2 fragment 0+1376, b2 fragment 1376+5, "
			    "b3 fragment 0+576, b3 fragment 576+576, b3 fragment 1152+229" },
			  { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" });
	PATH_HOLD_TRY(
		"p1 vxlan 1 to 192.0.2.2 fragment 0+1376, p1 vxlan 1 to 192.0.2.2 fragment 1376+5",
		"* < a udp 10.0.0.1 10.0.0.255 1401");
	path_walk_apply("physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n"
			"tunnel-endpoint: {physical-network: p1, mac: \"02:00:00:00:00:ee\", "
			"address: 192.0.2.1/24}\n"
			"networks: [{name: blue, type: vxlan, segment: 1, peers: [192.0.2.3]}]\n"
			"ports:\n"
			"  - {name: b1, network: blue, vhost-user: /s/b1}\n"
			"  - {name: b3, network: blue, vhost-user: /s/b3, mtu: 600}\n");
	PATH_OVERLAY_PLAY(1, { "b1", "* < a payload 700", "deliver/too-big" });
	assert_int_equal(weft_held_count(), 1);
}

static void
test_every_reason_of_waiting_has_been_seen(void **state)
{
	(void)state;
	path_walk_check_seen(PATH_WALK_TOLD_BY_HOLD);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, path_overlay_start, path_walk_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_frames_wait_in_order),
		STORY(test_no_frame_overtakes_another),
		STORY(test_frames_that_waited_teach_nothing),
		STORY(test_who_does_not_answer_is_not_waited_for),
		STORY(test_only_so_many_wait),
		STORY(test_the_configuration_changes_meanwhile),
		STORY(test_senders_are_told_what_fits),
		STORY(test_what_may_be_is_fragmented),
		STORY(test_other_networks_do_not),
		STORY(test_errors_are_limited),
		STORY(test_sizes_and_waiting),
		cmocka_unit_test(test_every_reason_of_waiting_has_been_seen),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
