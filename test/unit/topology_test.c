/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots: which generations a change moves (those of what changed, and no others), what two
 * snapshots share, and who polls which queue.
 *
 * Ports are open in name only: nothing is sent here.
 */
#include "eal_helper.h"

#include "conf_helper.h"
#include "neighbour/neighbour.h"
#include "topology/topology.h"
#include "tracking_helper.h"

#define TOPOLOGY_TEST_NAMES 64
#define TOPOLOGY_TEST_WORKERS 3

/* Numbers for names, as running.c would give them: the same name has the same number for ever. */
static struct {
	const char *names[TOPOLOGY_TEST_NAMES];
	uint32_t n;
} topology_test_ports, topology_test_networks;

static struct weft_port *topology_test_open[WEFT_PORTS_MAX];

static uint16_t
topology_test_number(const char **names, uint32_t *n, const char *name)
{
	for (uint16_t i = 0; i < *n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	assert_true(*n < TOPOLOGY_TEST_NAMES);
	names[*n] = strdup(name);
	return (uint16_t)(*n)++;
}

static uint16_t
topology_test_port(const char *name)
{
	uint16_t id = topology_test_number(topology_test_ports.names, &topology_test_ports.n, name);

	if (topology_test_open[id] == NULL) {
		topology_test_open[id] = aligned_alloc(64, sizeof(struct weft_port));
		assert_non_null(topology_test_open[id]);
		memset(topology_test_open[id], 0, sizeof(struct weft_port));
		topology_test_open[id]->id = id;
		topology_test_open[id]->n_rxq = 1;
		snprintf(topology_test_open[id]->name, sizeof(topology_test_open[id]->name), "%s",
			 name);
	}
	return id;
}

static uint16_t
topology_test_network(const char *name)
{
	return topology_test_number(topology_test_networks.names, &topology_test_networks.n, name);
}

/* Builds a snapshot and places its queues; @p polled ports are polled. */
static struct weft_topology *
topology_test_build(const char *text, uint32_t polled)
{
	struct weft_conf *conf = conf_helper_load_open(text);
	uint16_t wires[TOPOLOGY_TEST_NAMES], ports[TOPOLOGY_TEST_NAMES];
	uint16_t networks[TOPOLOGY_TEST_NAMES];
	struct weft_topology_parts parts = {
		.conf = conf,
		.wire_ids = wires,
		.port_ids = ports,
		.network_ids = networks,
		.ports = topology_test_open,
		.n_workers = TOPOLOGY_TEST_WORKERS,
		.polled = polled,
	};
	struct weft_topology *topology;

	for (uint32_t i = 0; i < conf->n_wires; i++)
		wires[i] = topology_test_port(conf->wires[i].name);
	for (uint32_t i = 0; i < conf->n_ports; i++)
		ports[i] = topology_test_port(conf->ports[i].name);
	for (uint32_t i = 0; i < conf->n_networks; i++)
		networks[i] = topology_test_network(conf->networks[i].name);
	topology = weft_topology_build(&parts);
	assert_non_null(topology);
	assert_int_equal(weft_topology_place(topology, weft_topology, &parts), 0);
	weft_conf_destroy(conf);
	return topology;
}

static int
topology_test_end(void **state)
{
	(void)state;
	weft_topology_destroy(weft_topology);
	weft_topology = NULL;
	for (uint32_t i = 0; i < topology_test_ports.n; i++) {
		free(topology_test_open[i]);
		topology_test_open[i] = NULL;
		free((char *)topology_test_ports.names[i]);
	}
	for (uint32_t i = 0; i < topology_test_networks.n; i++)
		free((char *)topology_test_networks.names[i]);
	topology_test_ports.n = topology_test_networks.n = 0;
	return 0;
}

/* ---- which generations move ---- */

static const char topology_test_base[] =
	"physical-networks:\n"
	"  - {name: p1, device: net_null1}\n"
	"  - {name: p2, device: net_null2}\n"
	"networks:\n"
	"  - {name: blue, type: vlan, segment: 10, physical-network: p1}\n"
	"  - {name: red, type: vlan, segment: 20, physical-network: p1}\n"
	"  - {name: plain, type: flat, physical-network: p2}\n"
	"  - {name: home, type: local}\n"
	"ports:\n"
	"  - {name: vm1, network: blue, vhost-user: /s/1}\n"
	"  - {name: vm2, network: blue, vhost-user: /s/2, addresses: [10.0.0.2]}\n"
	"  - {name: vm3, network: red, vhost-user: /s/3}\n"
	"  - {name: vm4, network: home, vhost-user: /s/4}\n";

/* One edit of that text, and the slots that it moves. */
/* clang-format off */
static const struct {
	const char *from, *to, *moved;
} topology_test_edits[] = {
	{ "", "", "" },
	{ "name: blue,", "name: blue, project: acme,", "" },
	{ "name: home,", "name: home, subnets: [{name: h, cidr: 10.0.0.0/24}],", "" },
	{ "name: vm1,", "name: vm1, instance: web,", "" },
	/* A port, and who floods to it. */
	{ "/s/1", "/s/1, admin: down", "port vm1 members blue" },
	{ "/s/1", "/s/1, mtu: 1400", "port vm1 members blue" },
	{ "/s/1", "/s/1, mac: \"02:00:00:00:00:01\"", "port vm1 members blue" },
	{ "/s/1", "/s/1, mac-limit: 5", "port vm1 members blue" },
	{ "/s/1", "/s/1, mac-limit-action: forward", "port vm1 members blue" },
	{ "/s/2", "/s/2, port-security: false", "port vm2 members blue" },
	{ "10.0.0.2", "10.0.0.3", "port vm2 members blue" },
	{ "10.0.0.2", "10.0.0.2, 10.0.0.3", "port vm2 members blue" },
	{ ", addresses: [10.0.0.2]", "", "port vm2 members blue" },
	{ "vm4, network: home", "vm5, network: home", "port vm4 port vm5 members home" },
	{ "vm3, network: red", "vm3, network: blue", "port vm3 members red members blue" },
	{ "  - {name: vm4, network: home, vhost-user: /s/4}\n", "", "port vm4 members home" },
	{ "/s/4}\n", "/s/4}\n  - {name: vm5, network: home, vhost-user: /s/5}\n",
	  "port vm5 members home" },
	/* A network, and its frames on the wire. */
	{ "name: blue,", "name: blue, mac-age: 20,", "network blue members blue" },
	{ "name: blue,", "name: blue, mac-limit: 20,", "network blue members blue" },
	{ "name: blue,", "name: blue, admin: down,", "network blue members blue" },
	{ "name: red,", "name: red, static-macs: [{mac: \"02:00:00:00:00:03\", port: vm3}],",
	  "network red members red" },
	{ "type: local", "type: local, mtu: 1400", "network home members home port vm4" },
	{ "segment: 10", "segment: 11", "network blue members blue arrival p1 10 arrival p1 11" },
	{ "segment: 10, physical-network: p1", "segment: 10, physical-network: p2",
	  "network blue members blue arrival p1 10 arrival p2 10" },
	{ "type: flat, physical-network: p2", "type: flat, physical-network: p1",
	  "network plain members plain arrival p1 0 arrival p2 0" },
	{ "type: flat, physical-network: p2", "type: local",
	  "network plain members plain arrival p2 0" },
	{ "  - {name: plain, type: flat, physical-network: p2}\n", "",
	  "network plain members plain arrival p2 0" },
	{ "  - {name: home", "  - {name: new, type: vlan, segment: 30, physical-network: p1}\n"
			     "  - {name: home",
	  "network new members new arrival p1 30" },
	{ "name: plain, type: flat", "name: other, type: flat",
	  "network plain members plain network other members other arrival p2 0" },
	{ "segment: 10, physical-network: p1}\n  - {name: red, type: vlan, segment: 20",
	  "segment: 20, physical-network: p1}\n  - {name: red, type: vlan, segment: 10",
	  "network blue members blue network red members red arrival p1 10 arrival p1 20" },
	/* A wire, and everybody on it. */
	{ "net_null1", "net_null1, admin: down", "port p1 members blue members red" },
	{ "net_null1", "net_null1, miss-budget: 5", "port p1 members blue members red" },
	{ "net_null2", "net_null2, mtu: 1600",
	  "port p2 members plain network plain members plain" },
};
/* clang-format on */

static char *
topology_test_edit(const char *from, const char *to)
{
	const char *at = strstr(topology_test_base, from);
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - topology_test_base), topology_test_base,
			     to, at + strlen(from)) > 0);
	return text;
}

/* "port vm1 members blue arrival p1 10": marks the slots; the words are the kinds. */
static void
topology_test_mark(const char *words, bool *slots)
{
	char kind[16], name[64];
	int used;

	memset(slots, 0, WEFT_GEN_SLOTS * sizeof(*slots));
	for (; sscanf(words, " %15s %63s%n", kind, name, &used) == 2; words += used) {
		uint16_t slot = 0;

		if (strcmp(kind, "port") == 0) {
			slot = weft_port_slot(topology_test_port(name));
		} else if (strcmp(kind, "network") == 0) {
			slot = weft_network_slot(topology_test_network(name));
		} else if (strcmp(kind, "members") == 0) {
			slot = weft_members_slot(topology_test_network(name));
		} else if (strcmp(kind, "arrival") == 0) {
			unsigned int vid;
			int more;

			assert_int_equal(sscanf(words + used, "%u%n", &vid, &more), 1);
			slot = weft_arrival_slot(topology_test_port(name), (uint16_t)vid);
			used += more;
		}
		assert_int_not_equal(slot, 0);
		slots[slot] = true;
	}
}

/* What has no part in a change is the same object in both snapshots. */
static void
topology_test_check_shared(struct weft_attachment *const *attachments,
			   struct weft_network *const *networks, const bool *moved)
{
	for (uint16_t id = 0; id < topology_test_ports.n; id++) {
		bool is_touched = moved[weft_port_slot(id)];

		for (uint16_t vid = 0; vid < WEFT_VIDS; vid++)
			is_touched |= moved[weft_arrival_slot(id, vid)];
		if (!is_touched)
			assert_ptr_equal(weft_topology->attachments[id], attachments[id]);
	}
	for (uint16_t id = 0; id < topology_test_networks.n; id++)
		if (!moved[weft_network_slot(id)] && !moved[weft_members_slot(id)])
			assert_ptr_equal(weft_topology->networks[id], networks[id]);
}

static void
topology_test_publish_edit(const char *from, const char *to, const char *moved_words)
{
	static bool moved[WEFT_GEN_SLOTS];
	static struct weft_attachment *attachments[WEFT_PORTS_MAX];
	static struct weft_network *networks[WEFT_NETWORKS_MAX];
	static uint64_t before[WEFT_GEN_SLOTS];
	char *text = topology_test_edit(from, to);

	for (uint32_t i = 0; i < WEFT_GEN_SLOTS; i++)
		before[i] = weft_gens[i];
	memcpy(attachments, weft_topology->attachments, sizeof(attachments));
	memcpy(networks, weft_topology->networks, sizeof(networks));
	weft_topology_publish(topology_test_build(text, UINT32_MAX));
	topology_test_mark(moved_words, moved);
	/* Packets that wait are tried again with each change. */
	moved[weft_all_neighbours_slot()] = true;
	for (uint32_t i = 0; i < WEFT_GEN_SLOTS; i++) {
		if ((weft_gens[i] != before[i]) != moved[i])
			print_error("\"%s\" -> \"%s\": slot %u\n", from, to, i);
		assert_int_equal(weft_gens[i] != before[i], moved[i]);
	}
	topology_test_check_shared(attachments, networks, moved);
	free(text);
}

static void
test_a_change_moves_the_slots_of_its_parts_and_no_others(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(topology_test_edits); i++) {
		const char *from = topology_test_edits[i].from, *to = topology_test_edits[i].to;

		weft_topology_publish(topology_test_build(topology_test_base, UINT32_MAX));
		topology_test_publish_edit(from, to, topology_test_edits[i].moved);
		/* And back again the same. */
		topology_test_publish_edit("", "", topology_test_edits[i].moved);
	}
}

/* The same name and device, but another guest's connection behind it. */
static void
test_a_port_that_was_opened_anew_is_another(void **state)
{
	uint16_t id = topology_test_port("vm1"), slot = weft_port_slot(id);
	struct weft_port *old = topology_test_open[id], *new = aligned_alloc(64, sizeof(*new));
	uint64_t before;

	(void)state;
	weft_topology_publish(topology_test_build(topology_test_base, UINT32_MAX));
	*new = *topology_test_open[id];
	topology_test_open[id] = new;
	before = weft_gen_read(slot);
	weft_topology_publish(topology_test_build(topology_test_base, UINT32_MAX));
	assert_true(weft_gen_read(slot) != before);
	assert_ptr_equal(weft_topology->attachments[id]->port, new);
	free(old);
}

/* ---- what is in a snapshot ---- */

static void
test_members_are_the_wire_and_the_ports(void **state)
{
	const struct weft_network *blue, *home;
	uint16_t vm1, vm2, p1;

	(void)state;
	weft_topology_publish(topology_test_build(topology_test_base, UINT32_MAX));
	vm1 = topology_test_port("vm1");
	vm2 = topology_test_port("vm2");
	p1 = topology_test_port("p1");
	blue = weft_topology->networks[topology_test_network("blue")];
	home = weft_topology->networks[topology_test_network("home")];
	assert_int_equal(blue->n_members, 3);
	assert_int_equal(blue->members[0], p1);
	assert_int_equal(blue->members[1], RTE_MIN(vm1, vm2));
	assert_int_equal(blue->members[2], RTE_MAX(vm1, vm2));
	assert_int_equal(blue->wire, p1);
	assert_int_equal(home->n_members, 1);
	assert_int_equal(home->wire, WEFT_NO_PORT);
	assert_int_equal(weft_topology->attachments[p1]->network_by_vid[10], blue->id);
	assert_int_equal(weft_topology->attachments[p1]->network_by_vid[0], WEFT_NO_NETWORK);
	assert_int_equal(weft_topology_find_port(weft_topology, "vm1"), vm1);
	assert_int_equal(weft_topology_find_port(weft_topology, "blue"), -1);
	assert_int_equal(weft_topology_find_network(weft_topology, "blue"), blue->id);
	assert_string_equal(weft_topology_network_name(weft_topology, WEFT_NO_NETWORK), "?");
	assert_string_equal(weft_topology_port_name(weft_topology, WEFT_NO_PORT), "?");
}

/* ---- placement ---- */

static const char topology_test_many[] =
	"networks: [{name: n, type: local}]\n"
	"ports:\n"
	"  - {name: a, network: n, vhost-user: /s/a}\n  - {name: b, network: n, vhost-user: /s/b}\n"
	"  - {name: c, network: n, vhost-user: /s/c}\n  - {name: d, network: n, vhost-user: /s/d}\n"
	"  - {name: e, network: n, vhost-user: /s/e}\n  - {name: f, network: n, vhost-user: "
	"/s/f}\n";

static const char topology_test_fewer[] =
	"networks: [{name: n, type: local}]\n"
	"ports:\n"
	"  - {name: f, network: n, vhost-user: /s/f}\n  - {name: g, network: n, vhost-user: /s/g}\n"
	"  - {name: b, network: n, vhost-user: /s/b}\n";

/* @return the worker that polls a queue; it must be exactly one */
static int
topology_test_poller(const char *name, uint16_t queue)
{
	const struct weft_port *port = topology_test_open[topology_test_port(name)];
	int poller = -1;

	for (uint16_t worker = 0; worker < TOPOLOGY_TEST_WORKERS; worker++)
		for (uint32_t i = 0; i < weft_topology->polls[worker].n; i++) {
			const struct weft_poll *poll = &weft_topology->polls[worker].list[i];

			if (poll->port != port || poll->queue != queue)
				continue;
			assert_int_equal(poller, -1);
			poller = worker;
		}
	return poller;
}

static uint32_t
topology_test_polls(uint16_t worker)
{
	return weft_topology->polls[worker].n;
}

static void
test_queues_are_spread_and_stay_where_they_are(void **state)
{
	int b, f;

	(void)state;
	topology_test_open[topology_test_port("a")]->n_rxq = 2;
	topology_test_open[topology_test_port("f")]->n_rxq = 3;
	weft_topology_publish(topology_test_build(topology_test_many, UINT32_MAX));
	for (uint16_t worker = 0; worker < TOPOLOGY_TEST_WORKERS; worker++)
		assert_int_equal(topology_test_polls(worker), 3);
	for (uint16_t queue = 0; queue < 3; queue++)
		assert_true(topology_test_poller("f", queue) >= 0);
	assert_true(topology_test_poller("a", 1) >= 0);
	b = topology_test_poller("b", 0);
	f = topology_test_poller("f", 2);
	weft_topology_publish(topology_test_build(topology_test_fewer, UINT32_MAX));
	assert_int_equal(topology_test_poller("b", 0), b);
	assert_int_equal(topology_test_poller("f", 2), f);
	assert_true(topology_test_poller("g", 0) >= 0);
	assert_int_equal(topology_test_poller("a", 0), -1);
	assert_int_equal(topology_test_polls(0) + topology_test_polls(1) + topology_test_polls(2),
			 5);
}

static void
test_only_the_first_are_polled_if_so_wanted(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= 6; n++) {
		weft_topology_publish(topology_test_build(topology_test_many, n));
		for (uint32_t i = 0; i < 6; i++)
			assert_int_equal(
				topology_test_poller((char[]){ (char)('a' + i), '\0' }, 0) >= 0,
				i < n);
	}
}

static int
topology_test_start_all(void **state)
{
	int rc = eal_helper_start(state);

	return rc == 0 ? tracking_helper_start(1) : rc;
}

static int
topology_test_stop_all(void **state)
{
	tracking_helper_stop();
	return eal_helper_stop(state);
}

#define TOPOLOGY_TEST(name) cmocka_unit_test_teardown(name, topology_test_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TOPOLOGY_TEST(test_a_change_moves_the_slots_of_its_parts_and_no_others),
		TOPOLOGY_TEST(test_a_port_that_was_opened_anew_is_another),
		TOPOLOGY_TEST(test_members_are_the_wire_and_the_ports),
		TOPOLOGY_TEST(test_queues_are_spread_and_stay_where_they_are),
		TOPOLOGY_TEST(test_only_the_first_are_polled_if_so_wanted),
	};

	return cmocka_run_group_tests(tests, topology_test_start_all, topology_test_stop_all);
}
