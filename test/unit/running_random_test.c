/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The running configuration on long ways: after thousands of changes, some of which fail, it is
 * what it would be had it been built from scratch. And large: as many ports and networks as there
 * may be.
 */
#include "eal_helper.h"

#include <inttypes.h>
#include <time.h>

#include "fake_port.h"
#include "fdb/fdb.h"
#include "neighbour/neighbour.h"
#include "running_words_helper.h"
#include "site_helper.h"
#include "topology/running.h"
#include "tracking_helper.h"
#include "tunnel/remote.h"

#define RUNNING_RANDOM_WORKERS 3
/* Far beyond what is acceptable: an accident of O(n^2). */
#ifdef __SANITIZE_ADDRESS__
#define RUNNING_RANDOM_STEPS 1000 /* ten times slower */
#define RUNNING_RANDOM_SLOW_MS 12000
#else
#define RUNNING_RANDOM_STEPS 5000
#define RUNNING_RANDOM_SLOW_MS 4000
#endif

static void
running_random_ignore_conf(const struct weft_conf *conf)
{
	(void)conf;
}

static void
running_random_ignore_port(uint16_t port)
{
	(void)port;
}

static const struct weft_running_hooks running_random_hooks = { running_random_ignore_conf,
								running_random_ignore_port };

static int
running_random_start(void **state)
{
	(void)state;
	if (weft_fdb_create(131072) != 0 || weft_remote_create() != 0 ||
	    weft_neighbour_create() != 0 || tracking_helper_start(RUNNING_RANDOM_WORKERS) != 0)
		return -1;
	return weft_running_init(RUNNING_RANDOM_WORKERS, &running_random_hooks);
}

/* What configurations have held has been given back: numbers of remote endpoints, pins. */
static void
running_random_check_returned(void)
{
	struct weft_neighbour_row row;
	struct weft_ip address;
	uint32_t cursor = 0;
	bool is_held;

	while (weft_remote_next(&cursor, &address, &is_held) != WEFT_NO_PORT)
		assert_false(is_held);
	for (cursor = 0; weft_neighbour_next(&cursor, 0, &row);)
		assert_false(row.is_pinned);
	weft_remote_age(NULL);
	cursor = 0;
	assert_int_equal(weft_remote_next(&cursor, &address, &is_held), WEFT_NO_PORT);
}

static int
running_random_stop(void **state)
{
	(void)state;
	fake.broken = fake.stiff = NULL;
	weft_running_fini();
	assert_int_equal(fake.n_open, 0);
	fake_reset();
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	running_random_check_returned();
	weft_neighbour_destroy();
	weft_remote_destroy();
	weft_fdb_destroy();
	tracking_helper_stop();
	return 0;
}

/* The same numbers, the same open ports, and nothing from before. */
static struct weft_topology *
running_random_from_scratch(void)
{
	static uint16_t links[WEFT_PORTS_MAX], networks[WEFT_NETWORKS_MAX];
	static struct weft_port *ports[WEFT_PORTS_MAX];
	const struct weft_conf *conf = weft_running_conf();
	struct weft_topology_parts parts = {
		.conf = conf,
		.wire_ids = links,
		.port_ids = links + conf->n_wires,
		.network_ids = networks,
		.ports = ports,
		.n_workers = RUNNING_RANDOM_WORKERS,
		.polled = UINT32_MAX,
	};

	memset(ports, 0, sizeof(ports));
	for (uint32_t i = 0; i < conf->n_wires + conf->n_ports; i++) {
		const char *name = i < conf->n_wires ? conf->wires[i].name :
						       conf->ports[i - conf->n_wires].name;
		int32_t id = weft_topology_find_port(weft_topology, name);

		assert_true(id >= 0);
		links[i] = (uint16_t)id;
		ports[id] = weft_topology->attachments[id]->port;
	}
	for (uint32_t i = 0; i < conf->n_networks; i++)
		networks[i] =
			(uint16_t)weft_topology_find_network(weft_topology, conf->networks[i].name);
	return weft_topology_build(&parts);
}

/* ---- what must be true after each change ---- */

static void
running_random_check_snapshot(void)
{
	struct weft_topology *scratch = running_random_from_scratch();
	char *is = running_words(weft_topology), *should = running_words(scratch);

	assert_string_equal(is, should);
	free(is);
	free(should);
	weft_topology_destroy(scratch);
}

static void
running_random_check_devices(void)
{
	const struct weft_conf *conf = weft_running_conf();

	assert_int_equal(fake.n_open, conf->n_wires + conf->n_ports);
	for (uint32_t i = 0; i < conf->n_wires + conf->n_ports; i++) {
		bool is_wire = i < conf->n_wires;
		const struct weft_conf_port *port =
			is_wire ? NULL : &conf->ports[i - conf->n_wires];
		const char *name = is_wire ? conf->wires[i].name : port->name;
		const struct fake_device *device =
			fake_device(is_wire ? conf->wires[i].device : port->vhost_user);

		assert_true(device->is_open);
		assert_string_equal(device->port->name, name);
		assert_int_equal(device->mtu, is_wire ? conf->wires[i].mtu : port->mtu);
		assert_int_equal(device->port->id, weft_topology_find_port(weft_topology, name));
	}
}

static int
running_random_poller(const struct weft_topology *topology, const struct weft_port *port,
		      uint16_t queue)
{
	int poller = -1;

	for (uint16_t worker = 0; worker < RUNNING_RANDOM_WORKERS; worker++)
		for (uint32_t i = 0; i < topology->polls[worker].n; i++)
			if (topology->polls[worker].list[i].port == port &&
			    topology->polls[worker].list[i].queue == queue) {
				assert_int_equal(poller, -1);
				poller = worker;
			}
	return poller;
}

/* Where the first queue of each device was polled before the change. */
static struct {
	uint32_t serial;
	int poller;
} running_random_polled[2 * WEFT_PORTS_MAX];

static void
running_random_check_polls(void)
{
	uint32_t n_queues = 0, n_polls = 0;

	for (uint16_t worker = 0; worker < RUNNING_RANDOM_WORKERS; worker++)
		n_polls += weft_topology->polls[worker].n;
	for (uint32_t i = 0; i < fake.n_devices; i++) {
		const struct weft_port *port = fake.devices[i].port;

		for (uint16_t queue = 0; port != NULL && queue < port->n_rxq; queue++) {
			int poller = running_random_poller(weft_topology, port, queue);

			assert_true(poller >= 0);
			n_queues++;
			if (queue > 0)
				continue;
			/* A port that was not opened anew stays where it was. */
			if (running_random_polled[i].serial == fake.devices[i].serial)
				assert_int_equal(poller, running_random_polled[i].poller);
			running_random_polled[i].serial = fake.devices[i].serial;
			running_random_polled[i].poller = poller;
		}
	}
	assert_int_equal(n_polls, n_queues);
}

static const struct weft_static_mac *
running_random_static(const struct weft_network *network, const struct rte_ether_addr *mac)
{
	for (uint16_t i = 0; i < network->n_statics; i++)
		if (rte_is_same_ether_addr(&network->statics[i].mac, mac))
			return &network->statics[i];
	return NULL;
}

static bool
running_random_is_home(const struct weft_network *network, const struct weft_fdb_row *row)
{
	for (uint32_t i = 0; network->facts != NULL && i < network->facts->n_homes; i++)
		if (rte_is_same_ether_addr(&network->facts->homes[i].mac, &row->mac))
			return network->facts->homes[i].place == row->place;
	return false;
}

static bool
running_random_may_be_at(const struct weft_network *network, uint16_t place)
{
	const struct weft_attachment *port;
	struct weft_ip address;

	if (weft_place_is_remote(place))
		return network->facts != NULL && weft_remote_address(place, &address);
	port = weft_topology->attachments[place];
	assert_non_null(port);
	return port->is_wire ? network->wire == place : port->network == network->id;
}

/* Entries are of networks that exist and of ports that are in them, or of hosts that overlays reach;
 * statics and homes are as configured. */
static void
running_random_check_fdb(void)
{
	uint32_t cursor = 0, statics = 0, configured = 0;
	struct weft_fdb_row row;

	while (weft_fdb_next(&cursor, 1, &row)) {
		const struct weft_network *network = weft_topology->networks[row.network];
		const struct weft_static_mac *entry;

		assert_non_null(network);
		assert_true(running_random_may_be_at(network, row.place));
		entry = running_random_static(network, &row.mac);
		assert_int_equal(row.origin == WEFT_FDB_STATIC, entry != NULL);
		if (entry != NULL)
			assert_int_equal(entry->port, row.place);
		else
			assert_int_equal(row.origin == WEFT_FDB_L2POP,
					 running_random_is_home(network, &row));
		statics += entry != NULL;
	}
	for (uint16_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = weft_topology->networks[id];

		for (uint32_t i = 0;
		     network != NULL && network->facts != NULL && i < network->facts->n_homes; i++)
			assert_int_not_equal(weft_fdb_lookup(id, &network->facts->homes[i].mac),
					     WEFT_NO_PORT);
		if (network != NULL)
			configured += network->n_statics;
	}
	assert_int_equal(statics, configured);
}

/* The ways to peers are kept known, and nothing else is. */
static void
running_random_check_pins(void)
{
	uint32_t cursor = 0, n_rows = 0;
	struct weft_neighbour_row row;
	struct weft_ip address, hops[WEFT_NEXT_HOPS_MAX];
	bool is_held;

	while (weft_remote_next(&cursor, &address, &is_held) != WEFT_NO_PORT) {
		struct rte_ether_addr mac;
		uint32_t n = 0;

		if (is_held && weft_topology->endpoint != NULL)
			n = weft_endpoint_next_hops(weft_topology->endpoint, &address, hops);
		for (uint32_t i = 0; i < n; i++)
			assert_int_not_equal(
				weft_neighbour_lookup(WEFT_SCOPE_UNDERLAY, &hops[i], &mac),
				WEFT_NEIGHBOUR_NONE);
		/* Held by the configuration, or it has no endpoint. */
		assert_true(!is_held || weft_topology->endpoint != NULL);
	}
	for (cursor = 0; weft_neighbour_next(&cursor, 0, &row);)
		n_rows += row.is_pinned;
	assert_true(n_rows <= SITE_REMOTES + 1 && (n_rows == 0 || weft_topology->endpoint != NULL));
}

/* What workers do in the meantime. */
static void
running_random_learn(struct dice *dice)
{
	if (dice_once_in(dice, 4))
		weft_remote_age(NULL);
	for (uint16_t id = 0; id < WEFT_NETWORKS_MAX; id++) {
		const struct weft_network *network = weft_topology->networks[id];
		struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, (uint8_t)dice_below(dice, 20) } };

		if (network != NULL && network->n_members > 0)
			weft_fdb_learn(id, &mac,
				       network->members[dice_below(dice, network->n_members)], 1,
				       false);
	}
}

/* A port that could not be opened again is missing; the next change tries it, and it stays if that
 * works, even if the change fails. */
static bool
running_random_is_whole(void)
{
	const struct weft_conf *conf = weft_running_conf();

	for (uint32_t i = 0; conf != NULL && i < conf->n_wires; i++)
		if (weft_topology_find_port(weft_topology, conf->wires[i].name) < 0)
			return false;
	for (uint32_t i = 0; conf != NULL && i < conf->n_ports; i++)
		if (weft_topology_find_port(weft_topology, conf->ports[i].name) < 0)
			return false;
	return true;
}

/* ---- tests ---- */

static void
test_after_any_way_it_is_as_from_scratch(void **state)
{
	struct dice dice = { 30 };
	struct site site = site_first();
	uint32_t failures = 0, half_back = 0;

	(void)state;
	for (int step = 0; step < RUNNING_RANDOM_STEPS; step++) {
		struct site before = site;
		struct weft_conf *conf = site_step(&site, &dice);
		struct weft_errors errors = WEFT_ERRORS_NONE;
		char *was = weft_topology == NULL ? NULL : running_words(weft_topology);
		bool was_whole = running_random_is_whole();
		uint32_t opens = fake.n_opens;
		char broken[16] = "none";

		if (was != NULL && dice_once_in(&dice, 8))
			snprintf(broken, sizeof(broken), "/s/");
		else if (was != NULL && dice_once_in(&dice, 2))
			snprintf(broken, sizeof(broken), "%u", dice_below(&dice, 6));
		fake.broken = broken;
		fake.stiff = dice_once_in(&dice, 10) && was != NULL ? "1" : NULL;
		if (weft_running_apply(conf, &errors) == 0) {
			fake.broken = NULL;
			running_random_check_snapshot();
			running_random_check_devices();
			running_random_check_polls();
			running_random_check_fdb();
			running_random_check_pins();
		} else {
			char *text = conf_helper_join(&errors), *is;

			fake.broken = NULL;
			site = before;
			weft_conf_destroy(conf);
			is = running_words(weft_topology);
			failures++;
			if (strstr(text, "while going back") != NULL)
				half_back++;
			else if (opens == fake.n_opens)
				assert_string_equal(is, was);
			else if (was_whole) /* Reopened ports are others. */
				assert_int_equal(strlen(is), strlen(was));
			free(is);
			free(text);
			running_random_check_polls();
		}
		free(was);
		running_random_learn(&dice);
	}
	print_message("%u of %u failed, %u of them could not quite go back\n", failures,
		      RUNNING_RANDOM_STEPS, half_back);
	assert_true(failures > RUNNING_RANDOM_STEPS / 100 &&
		    half_back > RUNNING_RANDOM_STEPS / 500);
	assert_true(failures < RUNNING_RANDOM_STEPS / 2);
}

static char *
running_random_large(uint32_t n_networks, uint32_t n_ports, uint32_t renamed, uint32_t queues)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	fprintf(out, "physical-networks: [{name: w0, device: d0}, {name: w1, device: d1}, "
		     "{name: w2, device: d2}, {name: w3, device: d3}]\nnetworks:\n");
	for (uint32_t i = 0; i < n_networks; i++)
		fprintf(out, "  - {name: n%u, type: vlan, physical-network: w%u, segment: %u}\n", i,
			i / 4094, i % 4094 + 1);
	fprintf(out, "ports:\n");
	for (uint32_t i = 0; i < n_ports; i++)
		fprintf(out, "  - {name: %s%u, network: n%u, vhost-user: /s/%u, queues: %u}\n",
			i < renamed ? "new" : "vm", i, i % n_networks, i, queues);
	fclose(out);
	return text;
}

/* Applies it, in a time that people wait for. */
static void
running_random_apply_large(uint32_t n_networks, uint32_t n_ports, uint32_t renamed, uint32_t queues)
{
	char *text = running_random_large(n_networks, n_ports, renamed, queues);
	struct weft_conf *conf = conf_helper_load_open(text);
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct timespec start, end;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(weft_running_apply(conf, &errors), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
	print_message("%u networks, %u ports, %u of them renamed, %u queues: %" PRId64 " ms\n",
		      n_networks, n_ports, renamed, queues, ms);
	assert_in_range(ms, 0, RUNNING_RANDOM_SLOW_MS);
	free(text);
}

static void
test_as_many_ports_and_networks_as_there_may_be(void **state)
{
	(void)state;
	running_random_apply_large(16376, 2044, 0, 1);
	running_random_check_snapshot();
	running_random_check_devices();
	running_random_apply_large(16376, 2043, 0, 1);
	running_random_apply_large(16375, 2043, 0, 1);
	running_random_apply_large(4000, 2000, 0, 1);
	running_random_apply_large(4000, 1000, 0, 1);
	running_random_apply_large(4000, 1000, 1000, 1);
	running_random_apply_large(4000, 1000, 0, 16);
	running_random_apply_large(4000, 1001, 0, 16);
	running_random_check_snapshot();
	running_random_check_devices();
	running_random_apply_large(1, 0, 0, 1);
	running_random_check_fdb();
}

/* Numbers of ports that go are given away only when nobody uses them any more. */
static void
test_one_number_too_many_changes_nothing(void **state)
{
	char *text = running_random_large(10, 2044, 1, 1);
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = conf_helper_load_open(text);

	(void)state;
	running_random_apply_large(10, 2044, 0, 1);
	assert_int_not_equal(weft_running_apply(conf, &errors), 0);
	assert_non_null(strstr(errors.lines[0], "more than 2048 ports"));
	weft_errors_clear(&errors);
	weft_conf_destroy(conf);
	free(text);
	running_random_check_snapshot();
	running_random_check_devices();
	/* In two steps it works. */
	running_random_apply_large(10, 1000, 0, 1);
	running_random_apply_large(10, 1000, 1000, 1);
	running_random_apply_large(10, 2044, 1000, 1);
}

#define RUNNING_RANDOM(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, running_random_start, running_random_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_RANDOM(test_after_any_way_it_is_as_from_scratch),
		RUNNING_RANDOM(test_as_many_ports_and_networks_as_there_may_be),
		RUNNING_RANDOM(test_one_number_too_many_changes_nothing),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
