/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/tracking.h"

#include <errno.h>
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

static struct tracking_member
tracking_member(uint16_t group, const struct weft_ip *ip)
{
	struct tracking_member member = { .group = group, .family = ip->family };

	memcpy(member.address, ip->bytes, sizeof(member.address));
	return member;
}

static void
tracking_append(struct tracking_sets *sets, const struct tracking_member *member)
{
	if (sets->n == sets->room) {
		sets->room = sets->room == 0 ? 256 : 2 * sets->room;
		sets->members = tracking_grow(sets->members, sets->room, sizeof(*sets->members));
	}
	sets->members[sets->n++] = *member;
}

static void
tracking_add(struct tracking_sets *sets, int32_t group, const struct weft_ip *ip)
{
	struct tracking_member member;

	/* A wide prefix says what a port may use, not who it is: whoever allows a group does not
	 * allow all of that. */
	if (group < 0 || !weft_ip_is_plain(ip))
		return;
	member = tracking_member((uint16_t)group, ip);
	tracking_append(sets, &member);
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

/* ---- between two documents ---- */

/* Where in the sorted list a member is, or would be. */
static uint32_t
tracking_find(const struct tracking_sets *sets, const struct tracking_member *member)
{
	uint32_t low = 0, high = sets->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (tracking_compare(&sets->members[middle], member) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
tracking_insert(struct tracking_sets *sets, const struct tracking_member *member)
{
	uint32_t at = tracking_find(sets, member);
	struct tracking_member *place;

	tracking_append(sets, member);
	place = &sets->members[at];
	memmove(place + 1, place, (sets->n - 1 - at) * sizeof(*place));
	*place = *member;
}

static void
tracking_erase(struct tracking_sets *sets, const struct tracking_member *member)
{
	uint32_t at = tracking_find(sets, member);
	struct tracking_member *place = &sets->members[at];

	if (at == sets->n || tracking_compare(place, member) != 0)
		return;
	memmove(place, place + 1, (sets->n - 1 - at) * sizeof(*place));
	sets->n--;
}

static void
tracking_part(uint16_t group, const struct weft_ips *ips, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct tracking_member member = tracking_member(group, &ips->list[i]);

		tracking_leave(&member);
		tracking_erase(&tracking_now, &member);
	}
}

int
weft_tracking_add_members(const char *name, const struct weft_ips *ips)
{
	uint16_t group = weft_group_hold(name);
	int rc = group == WEFT_NO_GROUP ? -ENOSPC : 0;

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < ips->n && rc == 0; i++) {
		struct tracking_member member = tracking_member(group, &ips->list[i]);

		rc = weft_member_add(group, member.family, member.address);
		if (rc == 0)
			tracking_insert(&tracking_now, &member);
		else
			tracking_part(group, ips, i);
	}
	weft_group_release(group);
	return rc;
}

void
weft_tracking_del_members(const char *name, const struct weft_ips *ips)
{
	uint16_t group = weft_group_hold(name);

	if (group == WEFT_NO_GROUP)
		return;
	tracking_part(group, ips, ips->n);
	weft_group_release(group);
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
