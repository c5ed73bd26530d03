/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/tracking.h"

#include <stdlib.h>
#include <string.h>

#include "conntrack/conntrack.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/names.h"
#include "secgroup/members.h"

/* An address in a group. */
struct tracking_member {
	uint16_t group;
	uint8_t family;
	uint8_t address[16];
	uint8_t zero;
};

/* Everybody in every group of one document, sorted, and the groups themselves. */
struct tracking_sets {
	struct tracking_member *members;
	uint32_t n, room;
	uint16_t *groups; /* held */
	uint32_t n_groups;
};

/* [C] */
static struct tracking_sets tracking_now, tracking_next;

static void *
tracking_grow(void *list, size_t n, size_t bytes)
{
	void *longer = realloc(list, (n == 0 ? 1 : n) * bytes);

	if (longer == NULL)
		abort();
	return longer;
}

static void
tracking_add(struct tracking_sets *sets, int32_t group, const struct weft_ip *ip)
{
	struct tracking_member *member;

	/* A wide prefix says what a port may use, not who it is: whoever allows a group does not
	 * allow all of that. */
	if (group < 0 || !weft_ip_is_plain(ip))
		return;
	if (sets->n == sets->room) {
		sets->room = sets->room == 0 ? 256 : 2 * sets->room;
		sets->members = tracking_grow(sets->members, sets->room, sizeof(*sets->members));
	}
	member = &sets->members[sets->n++];
	*member = (struct tracking_member){ .group = (uint16_t)group, .family = ip->family };
	memcpy(member->address, ip->bytes, sizeof(member->address));
}

static int
tracking_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tracking_member));
}

static void
tracking_add_port(struct tracking_sets *sets, const struct weft_names *names,
		  const struct weft_conf_port *port)
{
	for (uint32_t i = 0; i < port->n_groups; i++) {
		int32_t group = weft_names_find(names, port->groups[i]);

		for (uint32_t j = 0; j < port->n_addresses; j++)
			tracking_add(sets, group, &port->addresses[j]);
		for (uint32_t j = 0; j < port->n_pairs; j++)
			tracking_add(sets, group, &port->pairs[j].ip);
	}
}

static void
tracking_hold_groups(struct tracking_sets *sets, struct weft_names *names,
		     const struct weft_conf *conf)
{
	sets->groups = tracking_grow(NULL, conf->n_groups, sizeof(*sets->groups));
	if (weft_names_init(names, conf->n_groups) != 0)
		abort();
	for (uint32_t i = 0; i < conf->n_groups; i++) {
		uint16_t group = weft_group_hold(conf->groups[i].name);

		if (group == WEFT_NO_GROUP) {
			weft_error("more than %d security groups", WEFT_GROUPS_MAX);
			continue;
		}
		sets->groups[sets->n_groups++] = group;
		weft_names_add(names, conf->groups[i].name, group);
	}
	weft_names_sort(names);
}

static void
tracking_collect(struct tracking_sets *sets, const struct weft_conf *conf)
{
	struct weft_names names;

	tracking_hold_groups(sets, &names, conf);
	for (uint32_t i = 0; i < conf->n_groups; i++)
		for (uint32_t j = 0; j < conf->groups[i].n_members; j++)
			tracking_add(sets, weft_names_find(&names, conf->groups[i].name),
				     &conf->groups[i].members[j]);
	for (uint32_t i = 0; i < conf->n_ports; i++)
		tracking_add_port(sets, &names, &conf->ports[i]);
	weft_names_fini(&names);
	if (sets->n > 1)
		qsort(sets->members, sets->n, sizeof(*sets->members), tracking_compare);
}

static void
tracking_release(struct tracking_sets *sets)
{
	for (uint32_t i = 0; i < sets->n_groups; i++)
		weft_group_release(sets->groups[i]);
	free(sets->groups);
	free(sets->members);
	*sets = (struct tracking_sets){ 0 };
}

/* Calls @p visit for what is in the first and not in the second. One that is there twice counts
 * twice. */
static void
tracking_subtract(const struct tracking_sets *from, const struct tracking_sets *what,
		  void (*visit)(const struct tracking_member *member))
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < from->n; i++) {
		while (j < what->n && tracking_compare(&what->members[j], &from->members[i]) < 0)
			j++;
		if (j < what->n && tracking_compare(&what->members[j], &from->members[i]) == 0)
			j++;
		else
			visit(&from->members[i]);
	}
}

static void
tracking_join(const struct tracking_member *member)
{
	if (weft_member_add(member->group, member->family, member->address) != 0)
		weft_error("no room for a member of a security group, see host.group-members");
}

static void
tracking_leave(const struct tracking_member *member)
{
	weft_member_del(member->group, member->family, member->address);
}

static void
tracking_set_limits(const struct weft_topology *next)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = next->attachments[id];
		bool has_connections = port != NULL && port->policy != NULL;

		weft_conn_set_port((uint16_t)id, has_connections ? port->connection_limit : 0,
				   has_connections ? port->connection_reserve : 0);
	}
}

void
weft_tracking_prepare(const struct weft_conf *conf, const struct weft_topology *next)
{
	weft_conn_set_timeouts(&conf->timeouts);
	weft_conn_set_flow_idle(conf->host.flow_idle_sec);
	tracking_set_limits(next);
	tracking_collect(&tracking_next, conf);
	tracking_subtract(&tracking_next, &tracking_now, tracking_join);
}

void
weft_tracking_follow(void)
{
	tracking_subtract(&tracking_now, &tracking_next, tracking_leave);
	tracking_release(&tracking_now);
	tracking_now = tracking_next;
	tracking_next = (struct tracking_sets){ 0 };
}

void
weft_tracking_forget(uint32_t network, uint32_t port)
{
	struct weft_conn_row row;
	uint32_t cursor = 0;

	if (weft_conn_count() == 0)
		return;
	while (weft_conn_next(&cursor, weft_clock_ms(), &row))
		if ((network == WEFT_TRACKING_ANY || row.original.zone == network) &&
		    (port == WEFT_TRACKING_ANY || row.from == port || row.to == port))
			weft_conn_forget(cursor - 1, &row);
}

void
weft_tracking_end(void)
{
	tracking_release(&tracking_now);
	tracking_release(&tracking_next);
}
