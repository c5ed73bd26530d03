/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members of security groups come and go, in the structs and in the tree of a document, whose
 * indexes stay equal. Memory comes from the document's arena, which gives nothing back: so a node
 * that was taken out is used again, and what must grow doubles. A group keeps the room of the most
 * members that it ever had, until another document takes the place of this one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/document.h"
#include "conf/schema.h"
#include "conf/value.h"

static void *
edit_alloc(size_t n, size_t bytes)
{
	void *list = calloc(n + 1, bytes);

	if (list == NULL)
		abort();
	return list;
}

static int
edit_compare(const void *left, const void *right)
{
	return weft_ip_compare(left, right);
}

/* ---- what is said ---- */

static void
edit_report(const char *word, struct weft_errors *errors)
{
	char shown[CONF_SHOWN_BYTES];
	struct weft_ip ip;

	conf_report_show(word, shown);
	if (conf_value_parse_prefix(word, &ip))
		weft_errors_add(errors,
				"members: %s has a prefix length; members are single addresses, "
				"and a subnet is let in by the remote-ip of a rule",
				shown);
	else
		weft_errors_add(errors, "members: '%s' is not the IPv4 or IPv6 address of a host",
				shown);
}

static void
edit_sort(struct weft_ips *ips)
{
	uint32_t kept = 0;

	qsort(ips->list, ips->n, sizeof(*ips->list), edit_compare);
	for (uint32_t i = 0; i < ips->n; i++)
		if (kept == 0 || weft_ip_compare(&ips->list[kept - 1], &ips->list[i]) != 0)
			ips->list[kept++] = ips->list[i];
	ips->n = kept;
}

int
weft_conf_read_members(const char *text, struct weft_ips *ips, struct weft_errors *errors)
{
	const struct conf_field *field = conf_object_find(&conf_group_object, "members");
	size_t before = errors->n;
	char *words = strdup(text), *rest = words, *word;

	if (words == NULL)
		abort();
	ips->list = edit_alloc(strlen(text), sizeof(*ips->list));
	ips->n = 0;
	while ((word = strsep(&rest, ",")) != NULL)
		if (conf_value_parse(field, word, &ips->list[ips->n]))
			ips->n++;
		else
			edit_report(word, errors);
	free(words);
	edit_sort(ips);
	return errors->n == before ? 0 : -EINVAL;
}

/* ---- what that means for a group ---- */

/** Which addresses are members of a group, and which members are among the addresses. */
struct edit_match {
	bool *is_member; /* by address */
	bool *is_named; /* by member */
};

static struct edit_match
edit_match(const struct weft_conf_group *group, const struct weft_ips *ips)
{
	struct edit_match match = { edit_alloc(ips->n, sizeof(bool)),
				    edit_alloc(group->n_members, sizeof(bool)) };

	for (uint32_t i = 0; i < group->n_members; i++) {
		const struct weft_ip *ip = bsearch(&group->members[i], ips->list, ips->n,
						   sizeof(*ips->list), edit_compare);

		if (ip == NULL)
			continue;
		match.is_member[ip - ips->list] = true;
		match.is_named[i] = true;
	}
	return match;
}

static void
edit_end(struct edit_match *match)
{
	free(match->is_member);
	free(match->is_named);
}

/** Leaves the elements of a list whose flag is as wanted. @return how many */
static uint32_t
edit_keep(struct weft_ip *list, uint32_t n, const bool *flags, bool is_wanted)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (flags[i] == is_wanted)
			list[kept++] = list[i];
	return kept;
}

/* ---- the edit ---- */

static bool
edit_has_room(const struct weft_conf *conf, uint32_t n, struct weft_errors *errors)
{
	uint64_t needed = weft_conf_count_members(conf) + n;

	if (needed <= conf->host.group_members)
		return true;
	weft_errors_add(errors,
			"host.group-members: %u is less than %" PRIu64
			", the number of members of all groups with these",
			conf->host.group_members, needed);
	return false;
}

static void
edit_grow(struct weft_conf_group *group, uint32_t n, struct conf_arena *arena)
{
	struct weft_ip *longer;

	/* As the file had it, the list is just as long as it is. */
	if (group->members_room < group->n_members)
		group->members_room = group->n_members;
	if (group->n_members + n <= group->members_room)
		return;
	group->members_room = 2 * (group->n_members + n);
	longer = conf_arena_alloc(arena, group->members_room * sizeof(*longer));
	if (group->n_members > 0)
		memcpy(longer, group->members, group->n_members * sizeof(*longer));
	group->members = longer;
}

/** The list of a group's members, which may have said nothing of them. */
static struct conf_node *
edit_list(struct conf_node *group, struct conf_arena *arena)
{
	struct conf_node *list = conf_node_get(group, "members");

	if (list == NULL) {
		list = conf_arena_alloc(arena, sizeof(*list));
		*list = (struct conf_node){ .file = group->file,
					    .place = group->place,
					    .key_place = group->place,
					    .key = "members" };
		conf_node_append(group, list, arena);
	}
	list->kind = CONF_NODE_LIST;
	return list;
}

static void
edit_append(struct conf_node *list, const struct weft_ip *ip, struct conf_arena *arena)
{
	struct conf_node *node = conf_node_spare(list);

	if (node == NULL)
		node = conf_arena_alloc(arena, sizeof(*node));
	/* One that comes from a file has room for what it said there and no more. */
	if (node->capacity == 0) {
		node->capacity = INET6_ADDRSTRLEN;
		node->text = conf_arena_alloc(arena, node->capacity);
	}
	node->kind = CONF_NODE_SCALAR;
	node->is_plain = true;
	node->file = list->file;
	node->place = list->place;
	weft_ip_format(ip, node->text);
	conf_node_append(list, node, arena);
}

int
weft_conf_add_members(struct weft_conf *conf, uint32_t at, struct weft_ips *ips,
		      struct weft_errors *errors)
{
	struct conf_node *object = conf_node_item(conf->source->tree, "security-groups", at);
	struct conf_arena *arena = &conf->source->arena;
	struct weft_conf_group *group = &conf->groups[at];
	struct edit_match match = edit_match(group, ips);
	struct conf_node *list;

	ips->n = edit_keep(ips->list, ips->n, match.is_member, false);
	edit_end(&match);
	if (ips->n == 0)
		return 0;
	if (!edit_has_room(conf, ips->n, errors))
		return -ENOSPC;
	list = edit_list(object, arena);
	edit_grow(group, ips->n, arena);
	for (uint32_t i = 0; i < ips->n; i++) {
		group->members[group->n_members++] = ips->list[i];
		edit_append(list, &ips->list[i], arena);
	}
	return 0;
}

void
weft_conf_del_members(struct weft_conf *conf, uint32_t at, struct weft_ips *ips)
{
	struct conf_node *object = conf_node_item(conf->source->tree, "security-groups", at);
	struct weft_conf_group *group = &conf->groups[at];
	struct edit_match match = edit_match(group, ips);

	ips->n = edit_keep(ips->list, ips->n, match.is_member, true);
	if (ips->n > 0) {
		/* What room there is must be known before the list gets shorter. */
		edit_grow(group, 0, &conf->source->arena);
		conf_node_remove(conf_node_get(object, "members"), match.is_named);
		group->n_members =
			edit_keep(group->members, group->n_members, match.is_named, false);
	}
	edit_end(&match);
}
