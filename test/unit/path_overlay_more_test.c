/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Overlays while things change: ports and networks come and go while frames wait and addresses are
 * noted, the endpoint moves; and what is remembered of all that, and shared.
 */
#include "path_overlay_helper.h"

#include <pthread.h>

#define PATH_MORE_WIRE "physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n"
#define PATH_MORE_AT(wire, endpoint)                                                               \
	"tunnel-endpoint: {physical-network: " wire ", mac: \"02:00:00:00:00:ee\", " endpoint "}"  \
	"\n"
#define PATH_MORE_ENDPOINT PATH_MORE_AT("p1", "address: 192.0.2.1/24")
#define PATH_MORE_NET(name, segment, more)                                                         \
	"  - {name: " name ", type: vxlan, segment: " segment ", peers: [192.0.2.2]" more "}\n"
#define PATH_MORE_VM(name, network, more)                                                          \
	"  - {name: " name ", network: " network ", vhost-user: /s/" name more "}\n"
#define PATH_MORE_BLUE "networks:\n" PATH_MORE_NET("blue", "1", "")
#define PATH_MORE_PORTS "ports:\n" PATH_MORE_VM("b1", "blue", "") PATH_MORE_VM("b2", "blue", "")

static const char path_more_site[] =
	PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE PATH_MORE_PORTS;

static const struct path_walk_step path_more_meet = { "p1", "ee < 02 reply 02 192.0.2.2",
						      "answer/taken" };

#define PATH_MORE_MEET() PATH_OVERLAY_PLAY(1, path_more_meet)

/* A frame as it stands, not as words say. */
static char *
path_more_send(const char *from, const struct path_frame *frame)
{
	struct rte_mbuf *packet = forward_packet(frame->bytes, frame->length + frame->padding);

	forward_burst(weft_workers[0], (uint16_t)weft_topology_find_port(weft_topology, from),
		      &packet, 1);
	return path_overlay_look(frame, 1);
}

/* Those that wait are tried again. */
static void
path_more_try(const char *frame, const char *should)
{
	struct path_frame built;

	path_tunnel_build(&built, frame);
	weft_workers[0]->topology = weft_rcu_load(weft_topology);
	weft_hold_try(weft_workers[0]);
	path_overlay_expect(path_overlay_look(&built, 1), should, frame);
}

/* ---- what is shared and what is remembered ---- */

struct path_more_floods {
	uint32_t flows, groups;
	const struct weft_group *group;
};

static void
path_more_count_floods(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	struct path_more_floods *floods = context;

	(void)table;
	if (weft_answer_group(&flow->answer) == NULL)
		return;
	floods->flows++;
	floods->groups += flow->answer.output.group != floods->group;
	floods->group = flow->answer.output.group;
}

/* Each has its own port outside, also when it is answered from the cache; the list of receivers is
 * there once. */
static void
test_flows_share_their_receivers(void **state)
{
	struct weft_flow_table *table = weft_workers[0]->table;
	struct path_more_floods floods = { 0 };
	uint32_t others = 0;

	(void)state;
	path_walk_apply(path_more_site);
	PATH_MORE_MEET();
	for (uint32_t i = 0; i < 20; i++) {
		uint16_t before = path_overlay_source_port, first;
		struct path_frame frame;

		path_tunnel_build(&frame, "* < a udp 10.0.0.1 10.0.0.255 100");
		path_frame_set16(frame.bytes + 34, 1000 + i);
		path_overlay_expect(path_more_send("b1", &frame), "p1 vxlan 1 to 192.0.2.2, b2",
				    "walked");
		first = path_overlay_source_port;
		path_overlay_source_port = 0;
		path_overlay_expect(path_more_send("b1", &frame), "p1 vxlan 1 to 192.0.2.2, b2",
				    "cached");
		assert_int_equal(path_overlay_source_port, first);
		others += first != before;
	}
	assert_true(others > 15);
	for (uint32_t line = 0; line < weft_flow_table_lines(table); line++)
		weft_flow_visit_line(table, line, path_more_count_floods, &floods);
	assert_int_equal(floods.flows, 20);
	assert_int_equal(floods.groups, 1);
}

/* The same once more, without a walk. */
static void
path_more_expect_hit(const char *from, const char *frame, const char *should)
{
	uint64_t misses = weft_workers[0]->misses;

	path_overlay_expect(path_overlay_send(from, frame), should, frame);
	if (weft_workers[0]->misses != misses)
		print_error("%s from %s was walked\n", frame, from);
	assert_int_equal(weft_workers[0]->misses, misses);
}

/* A source that there is no room for, to a destination in a tunnel or to nobody known: no answer
 * stands on more. */
static void
test_the_answers_that_stand_on_most_are_remembered(void **state)
{
	static const char *const all = "p1 vxlan 1 to 192.0.2.2, b2";

	(void)state;
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_ENDPOINT "networks:\n" PATH_MORE_NET(
		"blue", "1", ", mac-limit: 1, mac-limit-action: forward") PATH_MORE_PORTS);
	PATH_MORE_MEET();
	PATH_OVERLAY_PLAY(2, { "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2" },
			  { "b1", "d < a", all }, { "b1", "* < a udp 10.0.0.1 10.0.0.255 60", all },
			  { "b1", "c < a", "p1 vxlan 1 to 192.0.2.2" });
	path_more_expect_hit("b1", "d < a", all);
	path_more_expect_hit("b1", "* < a udp 10.0.0.1 10.0.0.255 60", all);
	path_more_expect_hit("b1", "c < a", "p1 vxlan 1 to 192.0.2.2");
}

/* Floods stand on the endpoint all the same. */
static void
test_floods_follow_the_endpoint(void **state)
{
	(void)state;
	path_walk_apply(path_more_site);
	PATH_MORE_MEET();
	PATH_OVERLAY_PLAY(2, { "b1", "* < a", "p1 vxlan 1 to 192.0.2.2, b2" });
	path_frame_self.dscp = 46;
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_AT("p1", "address: 192.0.2.1/24, dscp: 46")
				PATH_MORE_BLUE PATH_MORE_PORTS);
	PATH_OVERLAY_PLAY(2, { "b1", "* < a", "p1 vxlan 1 to 192.0.2.2, b2" });
}

/* Which networks a wire carries makes no difference to the tunnels on it. */
static void
test_tunnels_do_not_mind_other_networks(void **state)
{
	static const char with_vlan[] = PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE
		"  - {name: v, type: vlan, segment: 5, physical-network: p1}\n"
		"  - {name: f, type: flat, physical-network: p1}\n" PATH_MORE_PORTS PATH_MORE_VM(
			"v1", "v", "");
	const char *const texts[] = { with_vlan, path_more_site };

	(void)state;
	path_walk_apply(path_more_site);
	PATH_MORE_MEET();
	PATH_OVERLAY_PLAY(2, { "p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2" },
			  { "b1", "c < a", "p1 vxlan 1 to 192.0.2.2" },
			  { "b1", "* < a", "p1 vxlan 1 to 192.0.2.2, b2" },
			  { "p1", "vxlan 1 from 192.0.2.2 / a < c", "b1" });
	for (size_t i = 0; i < COUNT(texts); i++) {
		path_walk_apply(texts[i]);
		path_more_expect_hit("b1", "c < a", "p1 vxlan 1 to 192.0.2.2");
		path_more_expect_hit("b1", "* < a", "p1 vxlan 1 to 192.0.2.2, b2");
		path_more_expect_hit("p1", "vxlan 1 from 192.0.2.2 / a < c", "b1");
		path_more_expect_hit("p1", "vxlan 1 from 192.0.2.2 / * < c", "b1, b2");
	}
}

/* ---- ports that go while their frames wait ---- */

static void
test_a_frame_does_not_move_with_its_port(void **state)
{
	(void)state;
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE PATH_MORE_NET(
		"red", "2", "") PATH_MORE_PORTS);
	PATH_OVERLAY_PLAY(1, { "b1", "* < a", "b2" });
	assert_int_equal(weft_held_count(), 1);
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE PATH_MORE_NET(
		"red", "2", "") "ports:\n" PATH_MORE_VM("b1", "red", "")
				PATH_MORE_VM("b2", "blue", ""));
	/* It is looked at before what has just arrived. */
	PATH_OVERLAY_PLAY(
		1, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken, bridge/no-receiver" });
	path_more_try("* < a", "");
	assert_int_equal(weft_held_count(), 0);
	PATH_OVERLAY_PLAY(2, { "b1", "* < a", "p1 vxlan 2 to 192.0.2.2" });
}

/* Stands in for the loop of a worker while the control thread waits for it. */
static void *
path_more_serve(void *is_over)
{
	struct weft_worker *worker = weft_workers[0];

	while (!__atomic_load_n((bool *)is_over, __ATOMIC_ACQUIRE)) {
		weft_worker_job job = __atomic_load_n(&worker->job, __ATOMIC_ACQUIRE);

		if (job != NULL) {
			job(worker, worker->job_context);
			__atomic_store_n(&worker->job, NULL, __ATOMIC_RELEASE);
		}
		sched_yield();
	}
	return NULL;
}

static void
path_more_on_retire(uint16_t port)
{
	bool is_over = false;
	pthread_t thread;

	weft_workers[0]->wake_fd = -1;
	assert_int_equal(pthread_create(&thread, NULL, path_more_serve, &is_over), 0);
	weft_hold_forget(port);
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	weft_port_count_retire(port);
}

static const struct weft_running_hooks path_more_hooks = { forward_on_applied,
							   path_more_on_retire };

/* Who gets the number does not get the frames, nor what is counted of them. */
static void
test_a_frame_does_not_wait_longer_than_its_port(void **state)
{
	static const char ports[] = PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE
		"ports:\n" PATH_MORE_VM("b2", "blue", "");
	int32_t number;

	(void)state;
	weft_running_fini();
	assert_int_equal(weft_running_init(1, &path_more_hooks), 0);
	path_walk_apply(path_more_site);
	number = weft_topology_find_port(weft_topology, "b1");
	PATH_OVERLAY_PLAY(1, { "b1", "* < a", "b2" }, { "b2", "* < b", "b1" });
	assert_int_equal(weft_held_count(), 2);
	path_walk_apply(ports);
	assert_int_equal(weft_held_count(), 1);
	forward_check_conservation();
	memcpy(path_overlay_counted, weft_workers[0]->counts, sizeof(path_overlay_counted));
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_BLUE
			"ports:\n" PATH_MORE_VM("b9", "blue", "") PATH_MORE_VM("b2", "blue", ""));
	assert_int_equal(weft_topology_find_port(weft_topology, "b9"), number);
	PATH_MORE_MEET();
	path_more_try("* < b", "p1 vxlan 1 to 192.0.2.2");
	assert_int_equal(weft_workers[0]->counts[number].drops[DROP_ENCAP_NO_NEIGHBOUR], 0);
	PATH_OVERLAY_PLAY(2, { "b9", "* < 9", "p1 vxlan 1 to 192.0.2.2, b2" });
}

/* ---- addresses that have moved ---- */

#define PATH_MORE_KNOWN(name)                                                                      \
	"networks:\n" PATH_MORE_NET(                                                               \
		name, "1",                                                                         \
		", neighbours: [\n"                                                                \
		"     {mac: \"02:00:00:00:00:07\", ip: 10.0.0.7, at: 192.0.2.2},\n"                \
		"     {mac: \"02:00:00:00:00:07\", ip: \"2001:db8::7\", at: 192.0.2.2}]")
#define PATH_MORE_NEIGHBOURS(name)                                                                 \
	PATH_MORE_WIRE PATH_MORE_ENDPOINT PATH_MORE_KNOWN(name) "ports:\n" PATH_MORE_VM(           \
		"b1", name, "") PATH_MORE_VM("b2", name, "")

#define PATH_MORE_ASK4 "* < a ask a 10.0.0.1 10.0.0.7"
#define PATH_MORE_ASK6 "group6 < a ns 2001:db8::1 2001:db8::7 a"

/* An advertisement is about another address than it comes from. */
static struct path_frame
path_more_advertise(const char *text, const char *target)
{
	struct path_frame frame;
	uint8_t *ip, *icmp;

	path_tunnel_build(&frame, text);
	ip = frame.bytes + frame.l2 + 2;
	icmp = ip + 40;
	path_frame_put_address(icmp + 8, target);
	path_frame_set16(icmp + 2, 0);
	path_frame_set16(icmp + 2, path_frame_sum(icmp, 32, path_frame_pseudo(ip, 32, 58)));
	return frame;
}

static const struct path_walk_step path_more_asks[] = {
	{ "b1", PATH_MORE_ASK4, "b1 reply 07 10.0.0.7" },
	{ "b1", PATH_MORE_ASK6, "b1 na 07 2001:db8::7 flags 60" },
};

/* A secured port speaks for its own MAC and addresses, as far as they are given. */
static void
test_nobody_speaks_for_others(void **state)
{
	struct path_frame frame;

	(void)state;
	path_walk_apply(PATH_MORE_NEIGHBOURS("blue") PATH_MORE_VM(
		"b3", "blue",
		", mac: \"02:00:00:00:00:0d\", addresses: [10.0.0.13, \"2001:db8::13\"]")
				PATH_MORE_VM("b4", "blue", ", mac: \"02:00:00:00:00:0c\""));
	PATH_MORE_MEET();
	frame = path_more_advertise("nodes < 0d na 2001:db8::13 0d", "2001:db8::7");
	path_overlay_expect(path_more_send("b3", &frame), "admit/nd-spoofed", "NA");
	path_overlay_play(path_more_asks, COUNT(path_more_asks), 1);
	/* In the name of a MAC that is not its own. */
	PATH_OVERLAY_PLAY(1, { "b4", "* < 0c arp 0f 10.0.0.7", "admit/arp-spoofed" },
			  { "b4", "nodes < 0c na 2001:db8::7 0f", "admit/nd-spoofed" });
	path_overlay_play(path_more_asks, COUNT(path_more_asks), 1);
	/* Its addresses are not given: it may. */
	PATH_OVERLAY_PLAY(
		1, { "b4", "nodes < 0c na 2001:db8::7 0c", "p1 vxlan 1 to 192.0.2.2, b1, b2, b3" },
		{ "b1", PATH_MORE_ASK6, "b1 na 0c 2001:db8::7 flags 60" });
}

/* Notes stay while their network does, and no longer. */
static void
test_notes_end_with_their_network(void **state)
{
	int32_t number;

	(void)state;
	path_walk_apply(PATH_MORE_NEIGHBOURS("blue"));
	number = weft_topology_find_network(weft_topology, "blue");
	PATH_MORE_MEET();
	PATH_OVERLAY_PLAY(1, { "b2", "* < 09 arp 09 10.0.0.7", "p1 vxlan 1 to 192.0.2.2, b1" },
			  { "b1", PATH_MORE_ASK4, "b1 reply 09 10.0.0.7" });
	path_walk_apply(PATH_MORE_NEIGHBOURS("blue") PATH_MORE_VM("b3", "blue", ""));
	PATH_OVERLAY_PLAY(1, { "b1", PATH_MORE_ASK4, "b1 reply 09 10.0.0.7" });
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_ENDPOINT);
	path_walk_apply(PATH_MORE_NEIGHBOURS("green"));
	assert_int_equal(weft_topology_find_network(weft_topology, "green"), number);
	path_overlay_play(path_more_asks, COUNT(path_more_asks), 1);
}

/* ---- the endpoint moves ---- */

static bool
path_more_is_announced(void)
{
	char *says = path_overlay_wait(50);
	bool is_announced = strstr(says, "ask 192.0.2.1 for 192.0.2.1") != NULL;

	free(says);
	return is_announced;
}

/* Another wire, or the same opened anew: it says where it is, and asks where the others are. */
static void
test_another_link_is_met_anew(void **state)
{
#define PATH_MORE_WIRES(device, wire)                                                              \
	"physical-networks: [{name: p1, device: \"" device "\", mtu: 1600}, "                      \
	"{name: p2, device: eth2, mtu: 1600}]\n" PATH_MORE_AT(wire, "address: 192.0.2.1/24")       \
		PATH_MORE_BLUE PATH_MORE_PORTS
	static const struct {
		const char *text, *wire;
		bool is_other;
	} rows[] = {
		{ PATH_MORE_WIRES("eth1", "p1"), "p1", true },
		{ PATH_MORE_WIRES("eth1", "p1") PATH_MORE_VM("b3", "blue", ""), "p1", false },
		{ PATH_MORE_WIRES("eth1,x=1", "p1"), "p1", true },
		{ PATH_MORE_WIRES("eth3", "p1"), "p1", true },
		{ PATH_MORE_WIRES("eth3", "p2"), "p2", true },
		{ PATH_MORE_WIRES("eth1", "p2"), "p2", false },
		{ PATH_MORE_WIRES("eth1", "p1"), "p1", true },
	};
	struct weft_ip peer = { .family = AF_INET, .prefix = 32, .bytes = { 192, 0, 2, 2 } };
	struct rte_ether_addr mac;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		path_walk_apply(rows[i].text);
		assert_int_equal(weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &peer, &mac),
				 rows[i].is_other ? WEFT_NEIGHBOUR_INCOMPLETE :
						    WEFT_NEIGHBOUR_REACHABLE);
		assert_int_equal(path_more_is_announced(), rows[i].is_other);
		assert_false(path_more_is_announced());
		path_overlay_expect(path_overlay_send(rows[i].wire, "ee < 02 reply 02 192.0.2.2"),
				    "answer/taken", rows[i].text);
	}
}

/* Who is a host depends on the prefix, also for packets that keep coming. */
static void
test_the_prefix_changes(void **state)
{
	static const struct {
		const char *prefix, *says;
	} rows[] = {
		{ "address: 192.0.2.1/24", "terminate/outer-source" },
		{ "address: 192.0.2.1/16", "b1, b2" },
		{ "address: 192.0.2.1/24", "terminate/outer-source" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text;

		assert_true(asprintf(&text,
				     PATH_MORE_WIRE PATH_MORE_AT("p1", "%s")
					     PATH_MORE_BLUE PATH_MORE_PORTS,
				     rows[i].prefix) > 0);
		path_walk_apply(text);
		free(text);
		PATH_OVERLAY_PLAY(3, { "p1", "vxlan 1 from 192.0.2.255 / f < c", rows[i].says });
	}
}

/* ---- hosts of the underlay ---- */

/* Asked directly again and again, it answers without its MAC; somebody else does. */
static void
test_who_confirms_without_a_mac_stays_known(void **state)
{
	static const struct {
		const char *answer;
		enum weft_neighbour_state state;
	} rows[] = {
		{ "ee < 02 na 2001:db8::2", WEFT_NEIGHBOUR_REACHABLE },
		{ "ee < 03 na 2001:db8::2", WEFT_NEIGHBOUR_FAILED },
	};
	struct weft_ip peer = { .family = AF_INET6, .prefix = 128 };

	(void)state;
	path_frame_put_address(peer.bytes, "2001:db8::2");
	path_frame_self.address = "2001:db8::1";
	path_walk_apply(PATH_MORE_WIRE PATH_MORE_AT(
		"p1",
		"address: \"2001:db8::1/64\"") "networks:\n  - {name: blue, type: vxlan, segment: "
					       "1, peers: [\"2001:db8::2\"]}\n" PATH_MORE_PORTS);
	PATH_OVERLAY_PLAY(1, { "p1", "ee < 02 na 2001:db8::2 02", "answer/taken" });
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum weft_neighbour_state is = WEFT_NEIGHBOUR_REACHABLE;
		struct rte_ether_addr mac;
		uint32_t answers = 0;

		for (uint32_t ms = 0; ms < 40000 && is != WEFT_NEIGHBOUR_FAILED; ms += 200) {
			char *says = path_overlay_wait(200);

			if (strstr(says, "for 2001:db8::2") != NULL) {
				path_overlay_expect(path_overlay_send("p1", rows[i].answer),
						    "answer/taken", rows[i].answer);
				answers++;
			}
			free(says);
			is = weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &peer, &mac);
		}
		assert_true(answers >= 3);
		assert_int_equal(is == WEFT_NEIGHBOUR_PROBE ? WEFT_NEIGHBOUR_REACHABLE : is,
				 rows[i].state);
	}
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, path_overlay_start, path_walk_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_flows_share_their_receivers),
		STORY(test_the_answers_that_stand_on_most_are_remembered),
		STORY(test_floods_follow_the_endpoint),
		STORY(test_tunnels_do_not_mind_other_networks),
		STORY(test_a_frame_does_not_move_with_its_port),
		STORY(test_a_frame_does_not_wait_longer_than_its_port),
		STORY(test_nobody_speaks_for_others),
		STORY(test_notes_end_with_their_network),
		STORY(test_another_link_is_met_anew),
		STORY(test_the_prefix_changes),
		STORY(test_who_confirms_without_a_mac_stays_known),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
