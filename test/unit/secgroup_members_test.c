/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of addresses, and the numbers of the groups that they belong to.
 */
#include "secgroup_helper.h"

#include <errno.h>

#include "dice_helper.h"

#define MEMBERS_TEST_CAPACITY 1000 /* not a power of two */
#define MEMBERS_TEST_GROUPS 5
#define MEMBERS_TEST_ADDRESSES 300 /* times groups: more than fit */

static int
members_test_start(void **state)
{
	(void)state;
	return weft_members_create(MEMBERS_TEST_CAPACITY / 2); /* there is room for two documents */
}

static int
members_test_stop(void **state)
{
	(void)state;
	weft_members_destroy();
	return 0;
}

static bool
members_test_is_in(uint16_t group, const char *address)
{
	struct weft_ip ip = secgroup_helper_ip(address);

	return weft_member_is_in(group, ip.family, ip.bytes);
}

static void
test_who_joins_is_in_until_he_leaves(void **state)
{
	uint16_t web = weft_group_hold("web"), db = weft_group_hold("db");

	(void)state;
	assert_int_not_equal(web, db);
	secgroup_helper_join(web, "10.0.0.1");
	secgroup_helper_join(web, "2001:db8::1");
	secgroup_helper_join(db, "10.0.0.2");
	assert_true(members_test_is_in(web, "10.0.0.1"));
	assert_true(members_test_is_in(web, "2001:db8::1"));
	assert_false(members_test_is_in(web, "10.0.0.2"));
	assert_false(members_test_is_in(db, "10.0.0.1"));
	assert_false(members_test_is_in(web, "a00:1::")); /* the same bytes, another family */
	assert_int_equal(weft_members_of(web), 2);
	assert_int_equal(weft_members_count(), 3);
	secgroup_helper_leave(web, "10.0.0.1");
	secgroup_helper_leave(web, "10.0.0.2"); /* is not there */
	assert_false(members_test_is_in(web, "10.0.0.1"));
	assert_int_equal(weft_members_of(web), 1);
	assert_int_equal(weft_members_count(), 2);
}

/* Two ports with one address: the slot moves when the first comes and when the last goes. */
static void
test_members_are_counted(void **state)
{
	uint16_t web = weft_group_hold("web");
	struct weft_ip ip = secgroup_helper_ip("10.0.0.1");
	uint16_t slot = weft_member_slot(ip.bytes);
	uint32_t gen = weft_gen_read(slot);

	(void)state;
	secgroup_helper_join(web, "10.0.0.1");
	assert_int_equal(weft_gen_read(slot), ++gen);
	secgroup_helper_join(web, "10.0.0.1");
	secgroup_helper_leave(web, "10.0.0.1");
	assert_int_equal(weft_gen_read(slot), gen);
	assert_true(members_test_is_in(web, "10.0.0.1"));
	assert_int_equal(weft_members_count(), 1);
	secgroup_helper_leave(web, "10.0.0.1");
	assert_int_equal(weft_gen_read(slot), ++gen);
	assert_false(members_test_is_in(web, "10.0.0.1"));
	secgroup_helper_leave(web, "10.0.0.1");
	assert_int_equal(weft_gen_read(slot), gen);
	assert_int_equal(weft_members_count(), 0);
}

/* A worker that knows who was there before makes the newcomer wait, not fail. */
static void
test_there_is_room_for_as_many_as_were_asked_for(void **state)
{
	uint16_t web = weft_group_hold("web");
	uint8_t address[16] = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < MEMBERS_TEST_CAPACITY; i++) {
			memcpy(address, &i, sizeof(i));
			assert_int_equal(weft_member_add(web, AF_INET, address), 0);
		}
		assert_int_equal(weft_member_add(web, AF_INET6, address), -ENOSPC);
		assert_int_equal(weft_member_add(web, AF_INET, address), 0); /* is there */
		weft_member_del(web, AF_INET, address);
		assert_int_equal(weft_members_count(), MEMBERS_TEST_CAPACITY);
		weft_member_del(web, AF_INET, address);
		assert_int_equal(weft_member_add(web, AF_INET6, address), 0);
		weft_member_del(web, AF_INET6, address);
		for (uint32_t i = 0; i < MEMBERS_TEST_CAPACITY; i++) {
			memcpy(address, &i, sizeof(i));
			weft_member_del(web, AF_INET, address);
		}
		assert_int_equal(weft_members_count(), 0);
	}
}

static void
test_a_name_keeps_its_number_while_somebody_holds_it(void **state)
{
	uint16_t web = weft_group_hold("web"), db = weft_group_hold("db");

	(void)state;
	assert_int_equal(weft_group_hold("web"), web);
	weft_group_release(web);
	assert_int_equal(weft_group_hold("web"), web);
	weft_group_release(web);
	weft_group_release(web);
	/* The number is free, and the lowest. */
	assert_int_equal(weft_group_hold("mail"), web);
	assert_int_equal(weft_group_hold("web"), db + 1);
}

/* Whoever gets the number would find strangers in the set. */
static void
test_a_group_with_members_keeps_its_number(void **state)
{
	uint16_t web = weft_group_hold("web");

	(void)state;
	secgroup_helper_join(web, "10.0.0.1");
	weft_group_release(web);
	assert_int_not_equal(weft_group_hold("mail"), web);
	assert_int_equal(weft_group_hold("web"), web);
	weft_group_release(web);
	secgroup_helper_leave(web, "10.0.0.1");
	assert_int_equal(weft_group_hold("db"), web);
}

static void
test_there_are_numbers_for_thousands_of_names(void **state)
{
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < WEFT_GROUPS_MAX; i++) {
			snprintf(name, sizeof(name), "group-%u", i);
			assert_int_equal(weft_group_hold(name), i);
		}
		assert_int_equal(weft_group_hold("one more"), WEFT_NO_GROUP);
		for (uint16_t i = 0; i < WEFT_GROUPS_MAX; i++)
			weft_group_release(i);
	}
}

/* Against an array of how often everybody is where. */
static void
test_sets_do_what_an_array_would_do(void **state)
{
	static uint32_t times[MEMBERS_TEST_GROUPS][MEMBERS_TEST_ADDRESSES];
	uint32_t count = 0, of[MEMBERS_TEST_GROUPS] = { 0 }, full = 0;
	uint16_t groups[MEMBERS_TEST_GROUPS];
	struct dice dice = { 8 };
	char name[32];

	(void)state;
	for (uint32_t g = 0; g < MEMBERS_TEST_GROUPS; g++) {
		snprintf(name, sizeof(name), "group-%u", g);
		groups[g] = weft_group_hold(name);
	}
	for (uint32_t round = 0; round < 300000; round++) {
		uint32_t g = dice_below(&dice, MEMBERS_TEST_GROUPS);
		uint32_t a = dice_below(&dice, MEMBERS_TEST_ADDRESSES), *is = &times[g][a],
			 was = *is;
		uint8_t family = a % 2 ? AF_INET : AF_INET6, address[16] = { (uint8_t)(a / 2) };
		uint32_t gen = weft_gen_read(weft_member_slot(address));
		bool is_full = was == 0 && count == MEMBERS_TEST_CAPACITY;

		if (dice_below(&dice, 10) < 6) {
			assert_int_equal(weft_member_add(groups[g], family, address),
					 is_full ? -ENOSPC : 0);
			*is += !is_full;
			full += is_full;
		} else {
			weft_member_del(groups[g], family, address);
			*is -= was > 0;
		}
		count = count + (*is > 0) - (was > 0);
		of[g] = of[g] + (*is > 0) - (was > 0);
		assert_int_equal(weft_gen_read(weft_member_slot(address)) - gen,
				 (was > 0) != (*is > 0));
		assert_int_equal(weft_member_is_in(groups[g], family, address), *is > 0);
		assert_int_equal(weft_members_count(), count);
		assert_int_equal(weft_members_of(groups[g]), of[g]);
	}
	assert_true(full > 100);
}

#define members_test(f) cmocka_unit_test_setup_teardown(f, members_test_start, members_test_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		members_test(test_who_joins_is_in_until_he_leaves),
		members_test(test_members_are_counted),
		members_test(test_there_is_room_for_as_many_as_were_asked_for),
		members_test(test_a_name_keeps_its_number_while_somebody_holds_it),
		members_test(test_a_group_with_members_keeps_its_number),
		members_test(test_there_are_numbers_for_thousands_of_names),
		members_test(test_sets_do_what_an_array_would_do),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
