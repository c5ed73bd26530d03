/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/index.h"

static struct weft_change *
diff_add(struct weft_changes *changes, enum weft_change_action action, const char *noun,
	 const char *name)
{
	struct weft_change *change;

	changes->list = conf_diff_grow(changes->list, changes->n, sizeof(*changes->list));
	change = &changes->list[changes->n++];
	*change = (struct weft_change){ .action = action, .noun = noun, .name = strdup(name) };
	if (change->name == NULL)
		abort();
	return change;
}

static void
diff_clear_change(struct weft_change *change)
{
	for (uint32_t i = 0; i < change->n_details; i++)
		free(change->details[i]);
	free(change->details);
	free(change->name);
}

static void
diff_object(struct weft_changes *changes, const struct conf_object *object, const char *noun,
	    const char *name, const void *old, const void *new)
{
	struct weft_change *change = diff_add(changes, WEFT_CHANGE_MODIFY, noun, name);

	for (uint32_t i = 0; i < object->n_fields; i++)
		conf_diff_key(change, &object->fields[i], old, new);
	if (change->n_details > 0)
		return;
	diff_clear_change(change);
	/* The slot is free again, and the list still as large as conf_diff_grow() thinks. */
	changes->n--;
}

/** One list of both documents. */
struct diff_side {
	const struct conf_field *field;
	const char *noun;
	const char *old, *new;
	uint32_t n_old, n_new;
};

static const char *
diff_name(const void *object)
{
	return *(char *const *)object;
}

/** Adds the objects of one list that the other does not have. */
static void
diff_missing(struct weft_changes *changes, const struct diff_side *side,
	     enum weft_change_action action)
{
	const char *have = action == WEFT_CHANGE_ADD ? side->new : side->old;
	const char *lack = action == WEFT_CHANGE_ADD ? side->old : side->new;
	uint32_t n_have = action == WEFT_CHANGE_ADD ? side->n_new : side->n_old;
	uint32_t n_lack = action == WEFT_CHANGE_ADD ? side->n_old : side->n_new;
	size_t bytes = side->field->bytes;
	struct conf_index index;

	conf_index_build(&index, lack, n_lack, bytes);
	for (uint32_t i = 0; i < n_have; i++)
		if (conf_index_find(&index, diff_name(have + i * bytes)) == CONF_INDEX_NONE)
			diff_add(changes, action, side->noun, diff_name(have + i * bytes));
	conf_index_clear(&index);
}

static void
diff_common(struct weft_changes *changes, const struct diff_side *side)
{
	size_t bytes = side->field->bytes;
	struct conf_index index;

	conf_index_build(&index, side->new, side->n_new, bytes);
	for (uint32_t i = 0; i < side->n_old; i++) {
		const char *name = diff_name(side->old + i * bytes);
		uint32_t at = conf_index_find(&index, name);

		if (at != CONF_INDEX_NONE)
			diff_object(changes, side->field->object, side->noun, name,
				    side->old + i * bytes, side->new + at *bytes);
	}
	conf_index_clear(&index);
}

/** The endpoint came or went. */
static void
diff_missing_endpoint(struct weft_changes *changes, const struct weft_conf *have,
		      const struct weft_conf *lack, enum weft_change_action action)
{
	if (have->endpoint.is_there && !lack->endpoint.is_there)
		diff_add(changes, action, "tunnel-endpoint", "");
}

static void
diff_common_endpoint(struct weft_changes *changes, const struct weft_conf *old,
		     const struct weft_conf *new)
{
	if (old->endpoint.is_there && new->endpoint.is_there)
		diff_object(changes, &conf_endpoint_object, "tunnel-endpoint", "", &old->endpoint,
			    &new->endpoint);
}

static struct diff_side
diff_sides(const char *key, const char *noun, const struct weft_conf *old,
	   const struct weft_conf *new)
{
	struct diff_side side = { .field = conf_object_find(&conf_document_object, key),
				  .noun = noun };

	side.old = conf_list_get(side.field, old, &side.n_old);
	side.new = conf_list_get(side.field, new, &side.n_new);
	return side;
}

void
weft_conf_diff(const struct weft_conf *old, const struct weft_conf *new,
	       struct weft_changes *changes)
{
	struct diff_side wires = diff_sides("physical-networks", "physical-network", old, new);
	struct diff_side networks = diff_sides("networks", "network", old, new);
	struct diff_side groups = diff_sides("security-groups", "security-group", old, new);
	struct diff_side ports = diff_sides("ports", "port", old, new);
	struct diff_side routers = diff_sides("routers", "router", old, new);

	*changes = (struct weft_changes){ 0 };
	/* What refers to others goes first and comes last. */
	diff_missing(changes, &routers, WEFT_CHANGE_DELETE);
	diff_missing(changes, &ports, WEFT_CHANGE_DELETE);
	diff_missing(changes, &groups, WEFT_CHANGE_DELETE);
	diff_missing(changes, &networks, WEFT_CHANGE_DELETE);
	diff_missing_endpoint(changes, old, new, WEFT_CHANGE_DELETE);
	diff_missing(changes, &wires, WEFT_CHANGE_DELETE);
	diff_object(changes, &conf_host_object, "host", "", &old->host, &new->host);
	diff_common(changes, &wires);
	diff_common_endpoint(changes, old, new);
	diff_common(changes, &networks);
	diff_object(changes, &conf_timeouts_object, "connection-timeouts", "", &old->timeouts,
		    &new->timeouts);
	diff_common(changes, &groups);
	diff_common(changes, &ports);
	diff_common(changes, &routers);
	diff_missing(changes, &wires, WEFT_CHANGE_ADD);
	diff_missing_endpoint(changes, new, old, WEFT_CHANGE_ADD);
	diff_missing(changes, &networks, WEFT_CHANGE_ADD);
	diff_missing(changes, &groups, WEFT_CHANGE_ADD);
	diff_missing(changes, &ports, WEFT_CHANGE_ADD);
	diff_missing(changes, &routers, WEFT_CHANGE_ADD);
}

void
weft_changes_clear(struct weft_changes *changes)
{
	for (uint32_t i = 0; i < changes->n; i++)
		diff_clear_change(&changes->list[i]);
	free(changes->list);
	*changes = (struct weft_changes){ 0 };
}
