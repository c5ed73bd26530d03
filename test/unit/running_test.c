/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The running configuration: from one document to the next, with ports that open, refuse and break.
 */
#include "eal_helper.h"

#include "conf_helper.h"
#include "fake_port.h"
#include "fdb/fdb.h"
#include "topology/running.h"
#include "tracking_helper.h"

#define RUNNING_TEST_WORKERS 2

static uint32_t running_test_retired[WEFT_PORTS_MAX], running_test_applied;

static void
running_test_on_applied(const struct weft_conf *conf)
{
	assert_ptr_equal(conf, weft_running_conf());
	running_test_applied++;
}

static void
running_test_on_retire(uint16_t port)
{
	assert_null(weft_topology->attachments[port]);
	running_test_retired[port]++;
}

static const struct weft_running_hooks running_test_hooks = { running_test_on_applied,
							      running_test_on_retire };

static int
running_test_start(void **state)
{
	(void)state;
	memset(running_test_retired, 0, sizeof(running_test_retired));
	if (weft_fdb_create(1024) != 0 || tracking_helper_start(RUNNING_TEST_WORKERS) != 0)
		return -1;
	return weft_running_init(RUNNING_TEST_WORKERS, &running_test_hooks);
}

static int
running_test_stop(void **state)
{
	(void)state;
	weft_running_fini();
	assert_int_equal(fake.n_open, 0);
	assert_int_equal(fake.n_opens, fake.n_closes);
	fake_reset();
	weft_fdb_flush(WEFT_FDB_ANY, WEFT_FDB_ANY, NULL, true);
	weft_fdb_destroy();
	tracking_helper_stop();
	return 0;
}

/* Applies a document. @return what was wrong, "" if nothing; the caller frees it */
static char *
running_test_apply(const char *text)
{
	struct weft_conf *conf = conf_helper_load_open(text);
	struct weft_errors errors = WEFT_ERRORS_NONE;
	const struct weft_conf *before = weft_running_conf();
	uint32_t applied = running_test_applied;
	int rc = weft_running_apply(conf, &errors);

	assert_int_equal(rc == 0, weft_errors_is_empty(&errors));
	assert_int_equal(running_test_applied, applied + (weft_running_conf() != before));
	if (rc != 0)
		weft_conf_destroy(conf);
	return conf_helper_join(&errors);
}

static void
running_test_apply_well(const char *text)
{
	char *errors = running_test_apply(text);

	assert_string_equal(errors, "");
	free(errors);
}

static void
running_test_apply_badly(const char *text, const char *message)
{
	char *errors = running_test_apply(text);

	assert_non_null(errors);
	if (strstr(errors, message) == NULL)
		print_error("expected \"%s\", got \"%s\"\n", message, errors);
	assert_non_null(strstr(errors, message));
	free(errors);
}

static const struct weft_attachment *
running_test_port(const char *name)
{
	int32_t id = weft_topology_find_port(weft_topology, name);

	return id < 0 ? NULL : weft_topology->attachments[id];
}

/* Is the device open, under that name, and in the snapshot? */
static void
running_test_check(const char *name, const char *device)
{
	const struct weft_attachment *attachment = running_test_port(name);

	assert_non_null(attachment);
	assert_true(fake_device(device)->is_open);
	assert_ptr_equal(fake_device(device)->port, attachment->port);
	assert_string_equal(attachment->port->name, name);
	assert_int_equal(attachment->mtu, fake_device(device)->mtu);
}

#define WIRES "physical-networks: [{name: p1, device: eth1}]\n"
#define NETS                                                                                       \
	"networks: [{name: blue, type: vlan, segment: 10, physical-network: p1}, "                 \
	"{name: home, type: local}]\n"
#define VM(n) PORT("vm" #n, "/s/" #n)
#define PORT(name, socket) "  - {name: " name ", network: blue, vhost-user: " socket "}\n"

static const char running_test_base[] = WIRES NETS "ports:\n" VM(1) VM(2);

static void
test_what_is_configured_is_opened_and_published(void **state)
{
	(void)state;
	running_test_apply_well(running_test_base);
	running_test_check("p1", "eth1");
	running_test_check("vm1", "/s/1");
	running_test_check("vm2", "/s/2");
	assert_int_equal(fake.n_open, 3);
	assert_string_equal(weft_running_wire(0)->name, "p1");
	assert_string_equal(weft_running_port(1)->name, "vm1");
	assert_null(weft_running_port(0));
	assert_null(weft_running_wire(1));
	assert_null(weft_running_port(3));
	assert_null(weft_running_wire(3));
	assert_string_equal(weft_running_network(1)->name, "home");
	assert_null(weft_running_network(2));
}

static void
test_before_the_first_document_there_is_nothing(void **state)
{
	(void)state;
	assert_null(weft_running_conf());
	assert_null(weft_running_port(0));
	assert_null(weft_running_wire(0));
	assert_null(weft_running_network(0));
}

/* One change of the document above: which devices are opened, and which ports stay as they are. */
/* clang-format off */
static const struct {
	const char *text;
	uint32_t opens, closes;
	const char *kept; /* ports that are not opened anew */
	const char *now[4]; /* name, device, name, device */
} running_test_changes[] = {
	{ WIRES NETS "ports:\n" VM(1) VM(2), 0, 0, "p1 vm1 vm2",
	  { "vm1", "/s/1", "vm2", "/s/2" } },
	{ WIRES NETS "ports:\n" VM(2) VM(1), 0, 0, "p1 vm1 vm2",
	  { "vm1", "/s/1", "vm2", "/s/2" } },
	{ WIRES NETS "ports:\n" VM(1), 0, 1, "p1 vm1", { "vm1", "/s/1" } },
	{ WIRES NETS "ports:\n" VM(1) VM(2) VM(3), 1, 0,
	  "p1 vm1 vm2", { "vm3", "/s/3" } },
	/* The same socket under another name. */
	{ WIRES NETS "ports:\n" VM(1) PORT("vm9", "/s/2"), 1, 1, "p1 vm1",
	  { "vm9", "/s/2" } },
	/* Another socket under the same name; two change places. */
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/9") VM(2), 1, 1, "p1 vm2",
	  { "vm1", "/s/9" } },
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/2") PORT("vm2", "/s/1"), 2, 2, "p1",
	  { "vm1", "/s/2", "vm2", "/s/1" } },
	/* A new one takes over from one that moves on. */
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/3") VM(2) PORT("vm3", "/s/1"), 2, 1,
	  "p1 vm2", { "vm1", "/s/3", "vm3", "/s/1" } },
	/* Options of a device: the name is the same, so it is closed first. */
	{ "physical-networks: [{name: p1, device: \"eth1,x=1\"}]\n" NETS "ports:\n" VM(1)
	  VM(2), 1, 1, "vm1 vm2", { "p1", "eth1" } },
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/1, queues: 2") VM(2), 1, 1, "p1 vm2",
	  { "vm1", "/s/1" } },
	/* What changes in place. */
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/1, mtu: 1400") PORT("vm2", "/s/2, admin: down"),
	  0, 0, "p1 vm1 vm2", { "vm1", "/s/1", "vm2", "/s/2" } },
	{ "physical-networks: [{name: p1, device: eth1, mtu: 9000}]\n" NETS "ports:\n"
	  VM(1) VM(2), 0, 0, "p1 vm1 vm2",
	  { "vm1", "/s/1", "p1", "eth1" } },
	/* A wire becomes a port, with the same device. */
	{ "networks: [{name: blue, type: local}]\nports:\n"
	  "  - {name: p1, network: blue, device: eth1}\n" VM(1), 0, 1, "p1 vm1", { "p1", "eth1" } },
	{ "networks: [{name: blue, type: local}]\n", 0, 3, "", { NULL } },
};
/* clang-format on */

static void
test_a_change_opens_and_closes_what_it_must_and_no_more(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(running_test_changes); i++) {
		const struct weft_port *before[3];
		static const char *const names[] = { "p1", "vm1", "vm2" };
		uint32_t opens, closes;

		running_test_apply_well(running_test_base);
		for (uint32_t j = 0; j < 3; j++)
			before[j] = running_test_port(names[j])->port;
		opens = fake.n_opens;
		closes = fake.n_closes;
		running_test_apply_well(running_test_changes[i].text);
		if (fake.n_opens - opens != running_test_changes[i].opens ||
		    fake.n_closes - closes != running_test_changes[i].closes)
			print_error("row %u: %u opened, %u closed\n", i, fake.n_opens - opens,
				    fake.n_closes - closes);
		assert_int_equal(fake.n_opens - opens, running_test_changes[i].opens);
		assert_int_equal(fake.n_closes - closes, running_test_changes[i].closes);
		for (uint32_t j = 0; j < 3; j++)
			if (strstr(running_test_changes[i].kept, names[j]) != NULL)
				assert_ptr_equal(running_test_port(names[j])->port, before[j]);
		for (uint32_t j = 0; j < 4 && running_test_changes[i].now[j] != NULL; j += 2)
			running_test_check(running_test_changes[i].now[j],
					   running_test_changes[i].now[j + 1]);
	}
}

/* ---- failures ---- */

/* clang-format off */
static const struct {
	const char *text;
	const char *broken, *stiff;
	const char *message;
} running_test_failures[] = {
	/* A new port cannot be opened, first or last in the order of things. */
	{ WIRES NETS "ports:\n" VM(1) VM(2) PORT("vm3", "/s/bad"), "bad",
	  NULL, "vm3: /s/bad is broken" },
	{ WIRES NETS "ports:\n" PORT("vm0", "/s/bad") VM(1) VM(4), "bad",
	  NULL, "vm0: /s/bad is broken" },
	/* Others had to be closed before, or were opened already. */
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/2") PORT("vm2", "/s/1") PORT("vm3", "/s/bad"),
	  "bad", NULL, "vm3: /s/bad is broken" },
	{ WIRES NETS "ports:\n" PORT("vm9", "/s/1") PORT("vm2", "/s/bad") VM(3), "bad",
	  NULL, "vm2: /s/bad is broken" },
	{ "physical-networks: [{name: p1, device: bad}]\n" NETS "ports:\n" VM(1), "bad",
	  NULL, "p1: bad is broken" },
	/* An MTU is refused, by the second of two. */
	{ WIRES NETS "ports:\n" PORT("vm1", "/s/1, mtu: 1400") PORT("vm2", "/s/2, mtu: 1300"), NULL,
	  "/s/2", "vm2: no such MTU" },
	{ "physical-networks: [{name: p1, device: eth1, mtu: 9000}]\n" NETS "ports:\n"
	  PORT("vm9", "/s/1") VM(2), NULL, "eth1", "p1: no such MTU" },
};
/* clang-format on */

static void
test_what_cannot_be_done_is_not_begun(void **state)
{
	(void)state;
	running_test_apply_well(running_test_base);
	for (uint32_t i = 0; i < RTE_DIM(running_test_failures); i++) {
		const struct weft_conf *conf = weft_running_conf();

		fake.broken = running_test_failures[i].broken;
		fake.stiff = running_test_failures[i].stiff;
		running_test_apply_badly(running_test_failures[i].text,
					 running_test_failures[i].message);
		fake.broken = fake.stiff = NULL;
		assert_ptr_equal(weft_running_conf(), conf);
		assert_int_equal(fake.n_open, 3);
		running_test_check("p1", "eth1");
		running_test_check("vm1", "/s/1");
		running_test_check("vm2", "/s/2");
		assert_null(running_test_port("vm3"));
		assert_null(running_test_port("vm9"));
		/* No number is lost: three ports have the lowest three. */
		assert_int_equal(weft_topology_find_port(weft_topology, "vm2"), 2);
	}
	running_test_apply_well(WIRES NETS "ports:\n" VM(1) VM(2) VM(3));
	assert_int_equal(weft_topology_find_port(weft_topology, "vm3"), 3);
}

/* Going back fails too: the port stays configured, without a device, until that is there again. */
static void
test_a_port_that_cannot_come_back_is_opened_by_the_next_change(void **state)
{
	(void)state;
	running_test_apply_well(running_test_base);
	fake.broken = "/s/";
	running_test_apply_badly(WIRES NETS "ports:\n" PORT("vm9", "/s/1") VM(2),
				 "while going back: vm1: /s/1 is broken");
	fake.broken = NULL;
	assert_null(running_test_port("vm1"));
	running_test_check("vm2", "/s/2");
	assert_string_equal(weft_running_port(1)->name, "vm1");
	running_test_apply_well(running_test_base);
	running_test_check("vm1", "/s/1");
	running_test_check("vm2", "/s/2");
	assert_int_equal(weft_topology_find_port(weft_topology, "vm1"), 1);
}

static void
test_numbers_stay_and_are_given_again(void **state)
{
	(void)state;
	running_test_apply_well(running_test_base);
	running_test_apply_well(WIRES NETS "ports:\n" VM(2));
	assert_int_equal(weft_topology_find_port(weft_topology, "vm2"), 2);
	assert_int_equal(running_test_retired[1], 1);
	assert_int_equal(running_test_retired[0] + running_test_retired[2], 0);
	running_test_apply_well(WIRES NETS "ports:\n" VM(2) VM(7));
	assert_int_equal(weft_topology_find_port(weft_topology, "vm7"), 1);
}

/* ---- the FDB follows ---- */

static const struct rte_ether_addr running_test_mac = { { 2, 0, 0, 0, 0, 0x99 } };

static void
test_macs_do_not_outlive_their_port_or_its_place(void **state)
{
	static const char *const changes[] = {
		WIRES NETS "ports:\n" VM(2),
		WIRES NETS "ports:\n  - {name: vm1, network: home, vhost-user: /s/1}\n",
		"networks: [{name: home, type: local}]\n",
		/* Its device goes to another, or it comes back with other options elsewhere. */
		WIRES NETS "ports:\n" VM(2) PORT("vm9", "/s/1"),
		WIRES NETS "ports:\n  - {name: vm1, network: home, vhost-user: /s/1, queues: 2}\n",
		/* The name is a wire's now. */
		"physical-networks: [{name: p1, device: eth1}, {name: vm1, device: eth2}]\n" NETS,
		"physical-networks: [{name: p1, device: eth1}, {name: vm1, device: eth2}]\n"
		"networks: [{name: blue, type: flat, physical-network: vm1}]\n",
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(changes); i++) {
		int32_t vm1, blue;

		running_test_apply_well(running_test_base);
		vm1 = weft_topology_find_port(weft_topology, "vm1");
		blue = weft_topology_find_network(weft_topology, "blue");
		assert_int_equal(
			weft_fdb_learn((uint16_t)blue, &running_test_mac, (uint16_t)vm1, 1, false),
			WEFT_LEARN_NEW);
		running_test_apply_well(changes[i]);
		if (weft_fdb_count() != 0)
			print_error("row %u: the MAC is still there\n", i);
		assert_int_equal(weft_fdb_count(), 0);
	}
}

static void
test_macs_stay_when_their_port_does(void **state)
{
	(void)state;
	running_test_apply_well(running_test_base);
	weft_fdb_learn(0, &running_test_mac, 1, 1, false);
	weft_fdb_learn(0, &(struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0x98 } }, 0, 1, false);
	running_test_apply_well(WIRES NETS "ports:\n" PORT("vm1", "/s/1, mtu: 1400"));
	running_test_apply_well(WIRES NETS "ports:\n" VM(1) VM(2));
	assert_int_equal(weft_fdb_count(), 2);
	assert_int_equal(weft_fdb_lookup(0, &running_test_mac), 1);
	/* The network moves to another wire: what was behind the old one is not there any more. */
	running_test_apply_well(
		"physical-networks: [{name: p1, device: eth1}, {name: p2, device: eth2}]"
		"\nnetworks: [{name: blue, type: flat, physical-network: p2}]\n"
		"ports:\n" VM(1));
	assert_int_equal(weft_fdb_count(), 1);
}

#define STATIC(port)                                                                               \
	"networks: [{name: blue, type: vlan, segment: 10, physical-network: p1, "                  \
	"static-macs: [{mac: \"02:00:00:00:00:99\", " port "}]}]\n"

static void
test_static_macs_are_the_configurations(void **state)
{
	static const struct {
		const char *text;
		int32_t port; /* where the MAC is; -1: nowhere */
	} cases[] = {
		{ WIRES STATIC("port: vm1") "ports:\n" VM(1) VM(2), 1 },
		{ WIRES STATIC("port: vm2") "ports:\n" VM(1) VM(2), 2 },
		{ WIRES STATIC("physical-network: p1") "ports:\n" VM(1), 0 },
		{ running_test_base, -1 },
		{ WIRES STATIC("port: vm1") "ports:\n" VM(1) VM(2), 1 },
		{ WIRES "networks: [{name: green, type: local}]\n", -1 },
	};

	(void)state;
	running_test_apply_well(running_test_base);
	weft_fdb_learn(0, &running_test_mac, 2, 1, false);
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		running_test_apply_well(cases[i].text);
		assert_int_equal(weft_fdb_lookup(0, &running_test_mac),
				 cases[i].port < 0 ? WEFT_NO_PORT : (uint16_t)cases[i].port);
		assert_int_equal(weft_fdb_count(), cases[i].port >= 0);
	}
}

#define RUNNING_TEST(name)                                                                         \
	cmocka_unit_test_setup_teardown(name, running_test_start, running_test_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(test_what_is_configured_is_opened_and_published),
		RUNNING_TEST(test_before_the_first_document_there_is_nothing),
		RUNNING_TEST(test_a_change_opens_and_closes_what_it_must_and_no_more),
		RUNNING_TEST(test_what_cannot_be_done_is_not_begun),
		RUNNING_TEST(test_a_port_that_cannot_come_back_is_opened_by_the_next_change),
		RUNNING_TEST(test_numbers_stay_and_are_given_again),
		RUNNING_TEST(test_macs_do_not_outlive_their_port_or_its_place),
		RUNNING_TEST(test_macs_stay_when_their_port_does),
		RUNNING_TEST(test_static_macs_are_the_configurations),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
