/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/tracking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack/conntrack.h"
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

/* A group whose name has got a fresh number for the next snapshot. */
struct tracking_renewal {
	uint16_t former; /* held */
	uint16_t fresh;
	uint32_t at; /* in the groups of the next document */
};

/* [C] */
static struct tracking_sets tracking_now, tracking_next;
static struct tracking_renewal *tracking_renewals;
static uint32_t tracking_n_renewals;

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

static int
tracking_hold_groups(struct tracking_sets *sets, struct weft_names *names,
		     const struct weft_conf *conf)
{
	sets->groups = tracking_grow(NULL, conf->n_groups, sizeof(*sets->groups));
	if (weft_names_init(names, conf->n_groups) != 0)
		abort();
	for (uint32_t i = 0; i < conf->n_groups; i++) {
		uint16_t group = weft_group_hold(conf->groups[i].name);

		if (group == WEFT_NO_GROUP)
			return -ENOSPC;
		sets->groups[sets->n_groups++] = group;
		weft_names_add(names, conf->groups[i].name, group);
	}
	weft_names_sort(names);
	return 0;
}

static int
tracking_collect(struct tracking_sets *sets, const struct weft_conf *conf)
{
	struct weft_names names;
	int rc = tracking_hold_groups(sets, &names, conf);

	for (uint32_t i = 0; rc == 0 && i < conf->n_groups; i++)
		for (uint32_t j = 0; j < conf->groups[i].n_members; j++)
			tracking_add(sets, weft_names_find(&names, conf->groups[i].name),
				     &conf->groups[i].members[j]);
	for (uint32_t i = 0; rc == 0 && i < conf->n_ports; i++)
		tracking_add_port(sets, &names, &conf->ports[i]);
	weft_names_fini(&names);
	if (sets->n > 1)
		qsort(sets->members, sets->n, sizeof(*sets->members), tracking_compare);
	return rc;
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

/* Calls @p visit for what is in the first and not in the second, as long as it returns 0. One that
 * is there twice counts twice. @return what the last visit did */
static int
tracking_subtract(const struct tracking_sets *from, const struct tracking_sets *what,
		  int (*visit)(const struct tracking_member *member, void *context), void *context)
{
	uint32_t j = 0;
	int rc = 0;

	for (uint32_t i = 0; i < from->n && rc == 0; i++) {
		while (j < what->n && tracking_compare(&what->members[j], &from->members[i]) < 0)
			j++;
		if (j < what->n && tracking_compare(&what->members[j], &from->members[i]) == 0)
			j++;
		else
			rc = visit(&from->members[i], context);
	}
	return rc;
}

/* ---- from one document to the next ---- */

bool
weft_tracking_has_room(const struct weft_conf *conf, struct weft_errors *errors)
{
	uint64_t needed = weft_conf_count_members(conf);

	if (needed <= weft_members_capacity())
		return true;
	weft_errors_add(errors,
			"there is no room for %" PRIu64 " members of all groups, but for %u; a "
			"larger host.group-members needs a restart",
			needed, weft_members_capacity());
	return false;
}

int
weft_tracking_begin(const struct weft_conf *conf, struct weft_errors *errors)
{
	if (!weft_tracking_has_room(conf, errors))
		return -ENOSPC;
	if (tracking_collect(&tracking_next, conf) == 0)
		return 0;
	weft_errors_add(errors, "there are no numbers for so many security groups");
	weft_tracking_abort();
	return -ENOSPC;
}

static int
tracking_mark(const struct tracking_member *member, void *context)
{
	bool *is_changed = context;

	is_changed[member->group] = true;
	return 0;
}

static int
tracking_compare_renewals(const void *a, const void *b)
{
	const struct tracking_renewal *one = a, *other = b;

	return one->former < other->former ? -1 : one->former > other->former;
}

/* Members of renewed groups are members of the fresh sets. */
static void
tracking_move(struct tracking_sets *sets)
{
	for (uint32_t i = 0; i < sets->n; i++) {
		struct tracking_renewal key = { .former = sets->members[i].group };
		const struct tracking_renewal *renewal =
			bsearch(&key, tracking_renewals, tracking_n_renewals, sizeof(key),
				tracking_compare_renewals);

		if (renewal != NULL)
			sets->members[i].group = renewal->fresh;
	}
	if (sets->n > 1)
		qsort(sets->members, sets->n, sizeof(*sets->members), tracking_compare);
}

int
weft_tracking_renew(void)
{
	static bool is_changed[WEFT_GROUPS_MAX];
	struct tracking_sets *next = &tracking_next;

	memset(is_changed, 0, sizeof(is_changed));
	tracking_subtract(next, &tracking_now, tracking_mark, is_changed);
	tracking_subtract(&tracking_now, next, tracking_mark, is_changed);
	tracking_renewals =
		tracking_grow(tracking_renewals, next->n_groups, sizeof(*tracking_renewals));
	for (uint32_t i = 0; i < next->n_groups; i++) {
		uint16_t former = next->groups[i], fresh;

		if (!is_changed[former])
			continue;
		fresh = weft_group_renew(former);
		if (fresh == WEFT_NO_GROUP)
			return -ENOSPC;
		next->groups[i] = fresh;
		tracking_renewals[tracking_n_renewals++] =
			(struct tracking_renewal){ former, fresh, i };
	}
	qsort(tracking_renewals, tracking_n_renewals, sizeof(*tracking_renewals),
	      tracking_compare_renewals);
	tracking_move(next);
	return 0;
}

/* @return -1 at the first one */
static int
tracking_meet(const struct tracking_member *member, void *context)
{
	(void)member;
	(void)context;
	return -1;
}

/* What decides whom a port lets through: to have more of it, or less. */
static bool
tracking_is_same_port(const struct weft_attachment *a, const struct weft_attachment *b)
{
	return a->policy == b->policy && a->is_secured == b->is_secured &&
	       a->admin_up == b->admin_up && a->network == b->network && a->has_mac == b->has_mac &&
	       rte_is_same_ether_addr(&a->mac, &b->mac) && a->n_addresses == b->n_addresses &&
	       a->n_pairs == b->n_pairs &&
	       (a->n_addresses == 0 ||
		memcmp(a->addresses, b->addresses, a->n_addresses * sizeof(*a->addresses)) == 0) &&
	       (a->n_pairs == 0 || memcmp(a->pairs, b->pairs, a->n_pairs * sizeof(*a->pairs)) == 0);
}

bool
weft_tracking_is_mix(const struct weft_topology *next)
{
	bool joins = tracking_subtract(&tracking_next, &tracking_now, tracking_meet, NULL) != 0;
	bool leaves = tracking_subtract(&tracking_now, &tracking_next, tracking_meet, NULL) != 0;
	bool gives = false, takes = false;

	for (uint32_t id = 0; weft_topology != NULL && id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *a = weft_topology->attachments[id];
		const struct weft_attachment *b = next->attachments[id];

		if ((a == NULL && b == NULL) || (a != NULL && a->is_wire) ||
		    (b != NULL && b->is_wire))
			continue;
		takes |= b == NULL || (a != NULL && !tracking_is_same_port(a, b));
		gives |= a == NULL || (b != NULL && !tracking_is_same_port(a, b));
	}
	return (joins && takes) || (leaves && gives) || (joins && leaves && (takes || gives));
}

static int
tracking_join_one(const struct tracking_member *member, void *context)
{
	uint32_t *n = context;
	int rc = weft_member_add(member->group, member->family, member->address);

	*n += rc == 0;
	return rc;
}

static int
tracking_leave(const struct tracking_member *member, void *context)
{
	uint32_t *n = context; /* how many do, or NULL: all */

	if (n != NULL && (*n)-- == 0)
		return -1;
	weft_member_del(member->group, member->family, member->address);
	return 0;
}

int
weft_tracking_join(void)
{
	uint32_t n = 0;
	int rc = tracking_subtract(&tracking_next, &tracking_now, tracking_join_one, &n);

	if (rc != 0)
		tracking_subtract(&tracking_next, &tracking_now, tracking_leave, &n);
	return rc;
}

void
weft_tracking_abort(void)
{
	for (uint32_t i = 0; i < tracking_n_renewals; i++) {
		const struct tracking_renewal *renewal = &tracking_renewals[i];

		weft_group_restore(renewal->former, renewal->fresh);
		tracking_next.groups[renewal->at] = renewal->former;
	}
	tracking_n_renewals = 0;
	tracking_release(&tracking_next);
}

static void
tracking_set_limits(const struct weft_topology *next)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		const struct weft_attachment *port = next->attachments[id];
		bool is_guest = port != NULL && !port->is_wire;
		bool has_share = is_guest && port->policy != NULL;

		weft_conn_set_port((uint16_t)id, is_guest ? port->connection_limit : 0,
				   has_share ? port->connection_reserve : 0);
	}
}

void
weft_tracking_prepare(const struct weft_conf *conf, const struct weft_topology *next)
{
	weft_conn_set_timeouts(&conf->timeouts);
	weft_conn_set_flow_idle(conf->host.flow_idle_sec);
	tracking_set_limits(next);
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++)
		if (next->routers[id] != NULL)
			weft_conn_set_router_timeouts((uint16_t)id, &next->routers[id]->timeouts);
}

void
weft_tracking_follow(void)
{
	tracking_subtract(&tracking_now, &tracking_next, tracking_leave, NULL);
	for (uint32_t i = 0; i < tracking_n_renewals; i++)
		weft_group_release(tracking_renewals[i].former);
	tracking_n_renewals = 0;
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

		tracking_leave(&member, NULL);
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
weft_tracking_end(void)
{
	tracking_release(&tracking_now);
	tracking_release(&tracking_next);
	free(tracking_renewals);
	tracking_renewals = NULL;
}
