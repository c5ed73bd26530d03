/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of security groups that come and go alone, and with documents: who is in a set is who is
 * in the running document.
 */
#include <sys/socket.h>

#include "eal_helper.h"

#include "core/gen.h"
#include "dice_helper.h"
#include "running_helper.h"

#define MEMBERS_GROUPS 3
#define MEMBERS_ADDRESSES 12
#define MEMBERS_STEPS 20000

/* @return how many came or went; or negative errno, with a sentence */
static int
members_test_edit(uint32_t group, char sign, const char *text, struct weft_errors *errors)
{
	const struct weft_conf_group *of = &weft_running_conf()->groups[group];
	struct weft_ips ips;
	int rc;

	assert_int_equal(weft_conf_read_members(text, &ips, errors), 0);
	rc = sign == '+' ? weft_running_add_members(of, &ips, errors) : 0;
	if (sign == '-')
		weft_running_del_members(of, &ips);
	free(ips.list);
	return rc == 0 ? (int)ips.n : rc;
}

static int
members_test_change(uint32_t group, char sign, const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	int n = members_test_edit(group, sign, text, &errors);

	assert_true(weft_errors_is_empty(&errors));
	return n;
}

static struct weft_ip
members_test_ip(uint32_t number)
{
	return (struct weft_ip){ AF_INET, 32, { 10, 0, 0, (uint8_t)number } };
}

static bool
members_test_is_in(const char *name, const struct weft_ip *ip)
{
	uint16_t group = weft_group_hold(name);
	bool is_in = weft_member_is_in(group, ip->family, ip->bytes);

	weft_group_release(group);
	return is_in;
}

static void
test_a_member_comes_and_goes_without_a_snapshot(void **state)
{
	const struct weft_ip ip = members_test_ip(9);
	const struct weft_topology *before;
	uint32_t number, value;

	(void)state;
	running_helper_apply("security-groups: [{name: db, members: [10.0.0.1]}]\n");
	before = weft_topology;
	number = weft_running_number();
	value = weft_gen_read(weft_member_slot(ip.bytes));
	assert_false(members_test_is_in("db", &ip));
	assert_int_equal(members_test_change(0, '+', "10.0.0.9"), 1);
	assert_true(members_test_is_in("db", &ip));
	assert_int_equal(weft_running_number(), number + 1);
	assert_int_equal(weft_gen_read(weft_member_slot(ip.bytes)), value + 1);
	/* What is no news changes nothing. */
	assert_int_equal(members_test_change(0, '+', "10.0.0.9,10.0.0.1"), 0);
	assert_int_equal(members_test_change(0, '-', "10.0.0.8"), 0);
	assert_int_equal(weft_running_number(), number + 1);
	assert_int_equal(weft_gen_read(weft_member_slot(ip.bytes)), value + 1);
	assert_int_equal(members_test_change(0, '-', "10.0.0.9"), 1);
	assert_false(members_test_is_in("db", &ip));
	assert_int_equal(weft_gen_read(weft_member_slot(ip.bytes)), value + 2);
	assert_ptr_equal(weft_topology, before);
}

/* The document may count on more room than there has been since the start. */
static void
test_what_has_no_room_changes_nothing(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	const struct weft_ip ip = members_test_ip(9);
	char text[32], *says;
	int n = 0;

	(void)state;
	running_helper_apply("security-groups: [{name: db, members: [10.0.0.1]}, {name: web}]\n");
	while (weft_members_count() < 1023) {
		snprintf(text, sizeof(text), "10.1.%d.%d", n / 256, n % 256);
		assert_int_equal(members_test_change(0, '+', text), 1);
		n++;
	}
	assert_true(members_test_edit(1, '+', "10.0.0.9,10.0.0.8", &errors) < 0);
	says = conf_helper_join(&errors);
	assert_string_equal(says, "there is no room for 1025 members of all groups, but for 1024; "
				  "a larger host.group-members needs a restart\n");
	free(says);
	assert_int_equal(weft_members_count(), 1023);
	assert_int_equal(weft_running_conf()->groups[1].n_members, 0);
	assert_false(members_test_is_in("web", &ip));
	assert_int_equal(members_test_change(1, '+', "10.0.0.9"), 1);
	assert_true(members_test_is_in("web", &ip));
}

/* A document of one group with @p n members of 10.@p net.0.0/16; @p host may say something. */
static int
members_test_apply_many(const char *host, uint32_t net, uint32_t n, struct weft_errors *errors)
{
	struct weft_conf *conf;
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	int rc;

	fprintf(out,
		"%snetworks: [{name: n, type: local}]\nports:\n"
		"  - {name: p%u, network: n, vhost-user: /s/%u, security-groups: [db]}\n"
		"security-groups: [{name: db, members: [",
		host, net, net);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s10.%u.%u.%u", i == 0 ? "" : ", ", net, i / 250, 1 + i % 250);
	fprintf(out, "]}]\n");
	fclose(out);
	conf = conf_helper_load(text);
	free(text);
	rc = weft_running_apply(conf, errors);
	if (rc != 0)
		weft_conf_destroy(conf);
	return rc;
}

static void
test_all_members_may_be_others(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t net = 1 + i % 3;

		assert_int_equal(members_test_apply_many("", net, 1024, &errors), 0);
		assert_int_equal(weft_members_count(), 1024);
		for (uint8_t other = 1; other <= 3; other++) {
			struct weft_ip first = { AF_INET, 32, { 10, other, 0, 1 } };
			struct weft_ip last = { AF_INET, 32, { 10, other, 4, 24 } };

			assert_int_equal(members_test_is_in("db", &first), other == net);
			assert_int_equal(members_test_is_in("db", &last), other == net);
		}
	}
	running_helper_apply("networks: []\n");
	assert_int_equal(weft_members_count(), 0);
}

/* The file may ask for more room, but there is what there was at the start. */
static void
test_a_document_without_room_changes_nothing(void **state)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	const struct weft_ip ip = { AF_INET, 32, { 10, 1, 0, 1 } };
	const struct weft_topology *before;
	uint32_t number, n_opens;
	char *says;

	(void)state;
	assert_int_equal(members_test_apply_many("", 1, 1000, &errors), 0);
	before = weft_topology;
	number = weft_running_number();
	n_opens = fake.n_opens;
	assert_true(members_test_apply_many("host: {group-members: 2000}\n", 2, 1025, &errors) < 0);
	says = conf_helper_join(&errors);
	assert_string_equal(says, "there is no room for 1025 members of all groups, but for 1024; "
				  "a larger host.group-members needs a restart\n");
	free(says);
	assert_ptr_equal(weft_topology, before);
	assert_int_equal(weft_running_number(), number);
	assert_int_equal(fake.n_opens, n_opens);
	assert_int_equal(weft_members_count(), 1000);
	assert_true(members_test_is_in("db", &ip));
	/* The next one is none the worse for it. */
	errors = (struct weft_errors)WEFT_ERRORS_NONE;
	assert_int_equal(members_test_apply_many("host: {group-members: 2000}\n", 2, 1024, &errors),
			 0);
	assert_int_equal(weft_members_count(), 1024);
	assert_false(members_test_is_in("db", &ip));
}

/* ---- at random ---- */

static void
members_test_write_list(struct dice *dice, FILE *out)
{
	const char *comma = "";

	for (uint32_t i = 0; i < MEMBERS_ADDRESSES; i++)
		if (dice_once_in(dice, 2)) {
			fprintf(out, "%s10.0.0.%u", comma, i + 1);
			comma = ", ";
		}
}

/* The next document: some members, and ports whose addresses are members too. */
static void
members_test_apply_any(struct dice *dice)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	fprintf(out, "networks: [{name: n0, type: local}, {name: n1, type: local}]\n"
		     "security-groups:\n");
	for (uint32_t i = 0; i < MEMBERS_GROUPS; i++) {
		fprintf(out, "  - {name: g%u, members: [", i);
		members_test_write_list(dice, out);
		fprintf(out, "]}\n");
	}
	fprintf(out, "ports:\n");
	for (uint32_t i = 0; i < 2; i++) {
		fprintf(out, "  - {name: p%u, network: n%u, vhost-user: /s/%u, addresses: [", i, i,
			i);
		members_test_write_list(dice, out);
		fprintf(out, "], security-groups: [g%u]}\n", dice_below(dice, MEMBERS_GROUPS));
	}
	fclose(out);
	running_helper_apply(text);
	free(text);
}

static bool
members_test_has(const struct weft_ip *list, uint32_t n, const struct weft_ip *ip)
{
	for (uint32_t i = 0; i < n; i++)
		if (weft_ip_compare(&list[i], ip) == 0)
			return true;
	return false;
}

static bool
members_test_says(const struct weft_conf *conf, uint32_t group, const struct weft_ip *ip)
{
	const struct weft_conf_group *of = &conf->groups[group];

	if (members_test_has(of->members, of->n_members, ip))
		return true;
	for (uint32_t i = 0; i < conf->n_ports; i++)
		if (strcmp(conf->ports[i].groups[0], of->name) == 0 &&
		    members_test_has(conf->ports[i].addresses, conf->ports[i].n_addresses, ip))
			return true;
	return false;
}

static void
test_sets_are_what_the_document_says(void **state)
{
	struct dice dice = { 7 };

	(void)state;
	members_test_apply_any(&dice);
	for (uint32_t step = 0; step < MEMBERS_STEPS; step++) {
		const struct weft_conf *conf = weft_running_conf();
		uint32_t n = 0;
		char text[32];

		snprintf(text, sizeof(text), "10.0.0.%u,10.0.0.%u",
			 1 + dice_below(&dice, MEMBERS_ADDRESSES),
			 1 + dice_below(&dice, MEMBERS_ADDRESSES));
		if (dice_once_in(&dice, 50))
			members_test_apply_any(&dice);
		else
			members_test_change(dice_below(&dice, MEMBERS_GROUPS),
					    dice_once_in(&dice, 2) ? '+' : '-', text);
		conf = weft_running_conf();
		for (uint32_t i = 0; i < MEMBERS_GROUPS * MEMBERS_ADDRESSES; i++) {
			const struct weft_ip ip = members_test_ip(1 + i / MEMBERS_GROUPS);
			uint32_t group = i % MEMBERS_GROUPS;
			bool is_in = members_test_says(conf, group, &ip);

			assert_int_equal(members_test_is_in(conf->groups[group].name, &ip), is_in);
			n += is_in;
		}
		assert_int_equal(weft_members_count(), n);
	}
}

#define MEMBERS_TEST(name)                                                                         \
	cmocka_unit_test_setup_teardown(name, running_helper_start, running_helper_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MEMBERS_TEST(test_a_member_comes_and_goes_without_a_snapshot),
		MEMBERS_TEST(test_what_has_no_room_changes_nothing),
		MEMBERS_TEST(test_all_members_may_be_others),
		MEMBERS_TEST(test_a_document_without_room_changes_nothing),
		MEMBERS_TEST(test_sets_are_what_the_document_says),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
