/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of security groups that come and go in place: structs, tree and file stay one. */
#include "conf/document.h"
#include "conf_helper.h"
#include "dice_helper.h"

enum { EDIT_WEB, EDIT_BARE, EDIT_QUIET, EDIT_EMPTY };

static const char edit_base[] =
	"host: {group-members: 64}\n"
	"networks: [{name: n, type: local}]\n"
	"security-groups:\n"
	"  - {name: web, members: [10.0.0.1, '2001:db8::2', 10.0.0.3], rules: [{direction: "
	"egress}]}\n"
	"  - {name: bare}\n"
	"  - {name: quiet, members: , log: true}\n"
	"  - {name: empty, members: []}\n"
	"ports: [{name: p, network: n, device: d, security-groups: [web, bare],\n"
	"  addresses: [10.0.0.50], allowed-address-pairs: [{ip: 10.0.0.51}, {ip: 10.0.0.0/24}]}]\n";

/** @return how many came or went */
static uint32_t
edit_change(struct weft_conf *conf, uint32_t group, char sign, const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_ips ips;

	assert_int_equal(weft_conf_read_members(text, &ips, &errors), 0);
	if (sign == '+')
		assert_int_equal(weft_conf_add_members(conf, group, &ips, &errors), 0);
	else
		weft_conf_del_members(conf, group, &ips);
	assert_true(weft_errors_is_empty(&errors));
	free(ips.list);
	return ips.n;
}

/** The members of a group, "10.0.0.1 10.0.0.3"; the caller frees the text. */
static char *
edit_members(const struct weft_conf *conf, uint32_t group)
{
	char *text, ip[64];
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	for (uint32_t i = 0; i < conf->groups[group].n_members; i++) {
		weft_ip_format(&conf->groups[group].members[i], ip);
		fprintf(out, "%s%s", i > 0 ? " " : "", ip);
	}
	fclose(out);
	return text;
}

static void
edit_check_same(const struct weft_conf *conf, struct weft_conf *other)
{
	char *says = conf_helper_diff(conf, other), *text, *other_text;

	assert_non_null(other);
	assert_string_equal(says, "");
	free(says);
	text = conf_helper_emit(conf);
	other_text = conf_helper_emit(other);
	assert_string_equal(text, other_text);
	free(text);
	free(other_text);
	weft_conf_destroy(other);
}

/** What the tree says, and what is written, is what the structs say. */
static void
edit_check(const struct weft_conf *conf)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char path[32], *text = conf_helper_emit(conf);

	edit_check_same(conf, conf_helper_load(text));
	free(text);
	conf_helper_write(path, "{}");
	edit_check_same(conf, weft_conf_merge(conf, path, &errors));
	unlink(path);
}

static void
edit_test_steps(void **state)
{
	static const struct {
		uint32_t group;
		char sign;
		const char *text;
		uint32_t n;
		const char *members;
	} steps[] = {
		{ EDIT_WEB, '+', "10.0.0.9", 1, "10.0.0.1 2001:db8::2 10.0.0.3 10.0.0.9" },
		{ EDIT_WEB, '+', "10.0.0.9", 0, "10.0.0.1 2001:db8::2 10.0.0.3 10.0.0.9" },
		{ EDIT_WEB, '-', "10.0.0.8", 0, "10.0.0.1 2001:db8::2 10.0.0.3 10.0.0.9" },
		/* Another way to write it; one that is named twice. */
		{ EDIT_WEB, '-', "2001:DB8:0::2,10.0.0.8", 1, "10.0.0.1 10.0.0.3 10.0.0.9" },
		{ EDIT_WEB, '+', "fe80::9,10.0.0.3,10.0.0.4,fe80::9", 2,
		  "10.0.0.1 10.0.0.3 10.0.0.9 10.0.0.4 fe80::9" },
		{ EDIT_WEB, '-', "10.0.0.1,fe80::9,10.0.0.1", 2, "10.0.0.3 10.0.0.9 10.0.0.4" },
		/* All of them, and anew: a longer text in the place of a shorter one. */
		{ EDIT_WEB, '-', "10.0.0.3,10.0.0.9,10.0.0.4", 3, "" },
		{ EDIT_WEB, '-', "10.0.0.3", 0, "" },
		{ EDIT_WEB, '+', "2001:db8:1111:2222:3333:4444:5555:6666,10.0.0.3", 2,
		  "10.0.0.3 2001:db8:1111:2222:3333:4444:5555:6666" },
		/* Without the key, without a value, without elements. */
		{ EDIT_BARE, '-', "10.0.0.1", 0, "" },
		{ EDIT_BARE, '+', "10.0.0.1", 1, "10.0.0.1" },
		{ EDIT_QUIET, '-', "10.0.0.1", 0, "" },
		{ EDIT_QUIET, '+', "10.0.0.1", 1, "10.0.0.1" },
		{ EDIT_EMPTY, '+', "10.0.0.2,10.0.0.1", 2, "10.0.0.1 10.0.0.2" },
		{ EDIT_BARE, '-', "10.0.0.1", 1, "" },
		{ EDIT_BARE, '+', "10.0.0.50", 1, "10.0.0.50" },
	};
	struct weft_conf *conf = conf_helper_load(edit_base);

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		char *members;

		assert_int_equal(edit_change(conf, steps[i].group, steps[i].sign, steps[i].text),
				 steps[i].n);
		members = edit_members(conf, steps[i].group);
		assert_string_equal(members, steps[i].members);
		free(members);
		edit_check(conf);
	}
	weft_conf_destroy(conf);
}

static void
edit_test_errors(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "10.0.0", "members: '10.0.0' is not the IPv4 or IPv6 address of a host\n" },
		{ "", "members: '' is not the IPv4 or IPv6 address of a host\n" },
		{ "10.0.0.1,", "members: '' is not the IPv4 or IPv6 address of a host\n" },
		{ "10.0.0.1, 10.0.0.2",
		  "members: ' 10.0.0.2' is not the IPv4 or IPv6 address of a host\n" },
		{ "224.0.0.1,10.0.0.1,::",
		  "members: '224.0.0.1' is not the IPv4 or IPv6 address of a host\n"
		  "members: '::' is not the IPv4 or IPv6 address of a host\n" },
		{ "10.0.0.1/32",
		  "members: 10.0.0.1/32 has a prefix length; members are single addresses, and a "
		  "subnet is let in by the remote-ip of a rule\n" },
		{ "2001:db8::/64",
		  "members: 2001:db8::/64 has a prefix length; members are single addresses, and "
		  "a subnet is let in by the remote-ip of a rule\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct weft_errors errors = WEFT_ERRORS_NONE;
		struct weft_ips ips;
		char *says;

		assert_int_not_equal(weft_conf_read_members(cases[i].text, &ips, &errors), 0);
		says = conf_helper_join(&errors);
		assert_string_equal(says, cases[i].says);
		free(says);
		free(ips.list);
	}
}

/** As many as a file could have; not one of those that are too many comes. */
static void
edit_test_room(void **state)
{
	struct weft_conf *conf = conf_helper_load(edit_base);
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_ips ips;
	char text[32], *says;

	(void)state;
	/* Three of web, and in both groups of the port its address and a pair: room for 57. */
	for (int i = 0; i < 56; i++) {
		snprintf(text, sizeof(text), "10.0.1.%d", i);
		assert_int_equal(edit_change(conf, EDIT_BARE, '+', text), 1);
	}
	weft_conf_read_members("10.0.2.1,10.0.2.2", &ips, &errors);
	assert_int_not_equal(weft_conf_add_members(conf, EDIT_QUIET, &ips, &errors), 0);
	free(ips.list);
	says = conf_helper_join(&errors);
	assert_string_equal(says,
			    "host.group-members: 64 is less than 65, the number of members of "
			    "all groups with these\n");
	free(says);
	assert_int_equal(conf->groups[EDIT_QUIET].n_members, 0);
	edit_check(conf);
	/* What is in it already needs no room. */
	assert_int_equal(edit_change(conf, EDIT_BARE, '+', "10.0.1.1,10.0.2.1"), 1);
	assert_int_equal(edit_change(conf, EDIT_BARE, '+', "10.0.1.1,10.0.2.1"), 0);
	edit_check(conf);
	weft_conf_destroy(conf);
}

#define EDIT_ADDRESSES 24

static void
edit_change_one(struct weft_conf *conf, uint32_t group, char sign, uint32_t number)
{
	char text[64];

	snprintf(text, sizeof(text), number % 3 == 0 ? "2001:db8:ffff:eeee:dddd::%x" : "10.0.0.%u",
		 number + 1);
	edit_change(conf, group, sign, text);
}

/** Once a document has had as many members as it ever has, it allocates nothing any more. */
static void
edit_test_memory(void **state)
{
	static const uint32_t groups[] = { EDIT_WEB, EDIT_BARE };
	struct weft_conf *conf = conf_helper_load(edit_base);
	struct conf_piece *newest;
	struct dice dice = { 1 };

	(void)state;
	for (uint32_t i = 0; i < 2 * 2 * 2 * EDIT_ADDRESSES; i++)
		edit_change_one(conf, groups[i % 2], "+-"[i / (2 * EDIT_ADDRESSES) % 2],
				i / 2 % EDIT_ADDRESSES);
	newest = conf->source->arena.pieces;
	for (uint32_t i = 0; i < 2000000; i++)
		edit_change_one(conf, groups[dice_below(&dice, 2)], "+-"[dice_below(&dice, 2)],
				dice_below(&dice, EDIT_ADDRESSES));
	assert_ptr_equal(conf->source->arena.pieces, newest);
	edit_check(conf);
	weft_conf_destroy(conf);
}

/** Many members, in the order in which they came. */
static void
edit_test_many(void **state)
{
	struct weft_conf *conf = conf_helper_load("security-groups: [{name: g, members: "
						  "[10.0.0.1]}]\nhost: {group-members: 10000}\n");
	char text[32];

	(void)state;
	for (int i = 1; i < 10000; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		edit_change(conf, 0, '+', text);
	}
	edit_check(conf);
	for (int i = 1; i < 10000; i += 2) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		assert_int_equal(edit_change(conf, 0, '-', text), 1);
	}
	assert_int_equal(conf->groups[0].n_members, 4999);
	for (uint32_t i = 0; i < 4999; i++)
		assert_int_equal(conf->groups[0].members[i].bytes[3], (2 * i + 2) % 256);
	edit_check(conf);
	weft_conf_destroy(conf);
}

/** A document that was edited is one like others: it can be merged, and be taken apart. */
static void
edit_test_go_on(void **state)
{
	struct weft_conf *conf = conf_helper_load(edit_base), *next;
	struct weft_errors errors = WEFT_ERRORS_NONE;
	char path[32], *says;

	(void)state;
	edit_change(conf, EDIT_BARE, '+', "10.0.0.1");
	edit_change(conf, EDIT_WEB, '-', "10.0.0.1");
	conf_helper_write(path, "security-groups: [{name: bare, log: true}]");
	next = weft_conf_merge(conf, path, &errors);
	unlink(path);
	says = conf_helper_diff(conf, next);
	assert_string_equal(says, "~ security-group bare\n  log: false -> true\n"
				  "  members: [10.0.0.1] -> []\n");
	free(says);
	weft_conf_destroy(conf);
	conf = weft_conf_delete(next, "security-group", "web", true, &errors);
	assert_non_null(conf);
	weft_conf_destroy(next);
	/* Each group has moved to another index. */
	edit_change(conf, 0, '+', "10.0.0.7");
	edit_check(conf);
	says = edit_members(conf, 0);
	assert_string_equal(says, "10.0.0.7");
	free(says);
	weft_conf_destroy(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edit_test_steps), cmocka_unit_test(edit_test_errors),
		cmocka_unit_test(edit_test_room),  cmocka_unit_test(edit_test_memory),
		cmocka_unit_test(edit_test_many),  cmocka_unit_test(edit_test_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
