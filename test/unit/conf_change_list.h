/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of conf_change_test.c: lists of values, of which long ones say what came and went.
 */
#ifndef TEST_UNIT_CONF_CHANGE_LIST_H
#define TEST_UNIT_CONF_CHANGE_LIST_H

#include "conf_change_case.h"

#define CHANGE_EIGHT                                                                               \
	"10.0.0.18, 10.0.0.17, 10.0.0.16, 10.0.0.15, 10.0.0.14, 10.0.0.13, 10.0.0.12, 10.0.0.11"
#define CHANGE_OTHERS                                                                              \
	"10.0.1.1, 10.0.1.2, 10.0.1.3, 10.0.1.4, 10.0.1.5, 10.0.1.6, 10.0.1.7, 10.0.1.8"

#define CHANGE_LISTS                                                                               \
	"host: {workers: [1, 2]}\n"                                                                \
	"networks: [{name: n, type: local}]\n"                                                     \
	"security-groups:\n"                                                                       \
	"  - {name: web, members: [" CHANGE_EIGHT "]}\n"                                           \
	"  - {name: many, members: [10.9.0.1, " CHANGE_EIGHT ", '2001:db8::1']}\n"                 \
	"ports: [{name: vm1, network: n, device: d, security-groups: []}]\n"

static const struct change_case change_lists[] = {
	/* Short on both sides: as they are. */
	{ "web, members: [10.0.0.18, ", "web, members: [",
	  "~ security-group web\n  members: [" CHANGE_EIGHT
	  "] -> [10.0.0.17, 10.0.0.16, 10.0.0.15, 10.0.0.14, 10.0.0.13, 10.0.0.12, 10.0.0.11]\n" },
	/* Long on one side or both. */
	{ "web, members: [", "web, members: [10.0.0.3, ",
	  "~ security-group web\n  members: +10.0.0.3\n" },
	{ "many, members: [10.9.0.1, ", "many, members: [",
	  "~ security-group many\n  members: -10.9.0.1\n" },
	{ "many, members: [10.9.0.1, 10.0.0.18", "many, members: [10.99.0.1, '2001:db8::2'",
	  "~ security-group many\n"
	  "  members: +10.99.0.1 +2001:db8::2 -10.9.0.1 -10.0.0.18\n" },
	{ "'2001:db8::1'", "'2001:db8::2', " CHANGE_OTHERS ", 10.0.1.9",
	  "~ security-group many\n"
	  "  members: +2001:db8::2 +10.0.1.1 +10.0.1.2 +10.0.1.3 +10.0.1.4 +10.0.1.5 +10.0.1.6 "
	  "+10.0.1.7 and 2 more -2001:db8::1\n" },
	{ "10.9.0.1, " CHANGE_EIGHT ", '2001:db8::1'", "",
	  "~ security-group many\n"
	  "  members: -10.9.0.1 -10.0.0.18 -10.0.0.17 -10.0.0.16 -10.0.0.15 -10.0.0.14 "
	  "-10.0.0.13 -10.0.0.12 and 2 more\n" },
	{ "10.9.0.1, " CHANGE_EIGHT, CHANGE_OTHERS,
	  "~ security-group many\n"
	  "  members: +10.0.1.1 +10.0.1.2 +10.0.1.3 +10.0.1.4 +10.0.1.5 +10.0.1.6 +10.0.1.7 "
	  "+10.0.1.8 -10.9.0.1 -10.0.0.18 -10.0.0.17 -10.0.0.16 -10.0.0.15 -10.0.0.14 -10.0.0.13 "
	  "-10.0.0.12 and 1 more\n" },
	/* In another order they are the same. */
	{ "10.0.0.12, 10.0.0.11, '2001:db8::1'", "'2001:db8::1', 10.0.0.11, 10.0.0.12", "" },
	/* Numbers and names; a default that only words tell came and went from nowhere. */
	{ "workers: [1, 2]", "workers: [1, 3, 4, 5, 6, 7, 8, 9, 10]",
	  "~ host  restart\n  workers: +3 +4 +5 +6 +7 +8 +9 +10 -2\n" },
	{ "security-groups: []", "security-groups: [web, many]",
	  "~ port vm1\n  security-groups: [] -> [web, many]\n" },
};

static const struct change_case change_list_defaults[] = {
	{ "{}", "host: {workers: [1, 2, 3, 4, 5, 6, 7, 8, 9]}",
	  "~ host  restart\n"
	  "  workers: every allowed core but the first -> [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" },
};

#endif
