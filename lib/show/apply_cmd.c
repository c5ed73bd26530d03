/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan, apply, delete: from the running document to another one.
 *
 * All three answer with the difference, {changes, restart}. Some host options are read at start
 * only: a document that changes them is accepted and becomes the running one (`config save` writes
 * it), but the options in force stay. They are listed under `restart`, not under `changes`, by
 * every later plan and apply too, until a restart has made them true or a document has taken them
 * back.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/schema.h"
#include "show/facts.h"
#include "show/show.h"
#include "topology/running.h"

static const char *
apply_cmd_action(enum weft_change_action action)
{
	switch (action) {
	case WEFT_CHANGE_ADD:
		return "add";
	case WEFT_CHANGE_DELETE:
		return "delete";
	default:
		return "change";
	}
}

/* Details of the host read "memory: 256M -> 512M". Is that key one of those read at start? */
static bool
apply_cmd_is_for_start(const char *detail)
{
	char key[64];
	const struct conf_field *field;

	snprintf(key, sizeof(key), "%.*s", (int)strcspn(detail, ":["), detail);
	field = conf_object_find(&conf_host_object, key);
	return field != NULL && field->effect == CONF_RESTART;
}

/* "mtu: 1500 -> 1450" is shown as "mtu 1500 -> 1450", like a sentence. */
static json_t *
apply_cmd_detail(const char *prefix, const char *detail)
{
	const char *colon = strstr(detail, ": ");

	if (colon == NULL)
		return json_sprintf("%s%s", prefix, detail);
	return json_sprintf("%s%.*s%s", prefix, (int)(colon - detail), detail, colon + 1);
}

/* Takes effect at once, all of it or the rest that does not need a restart. */
static void
apply_cmd_add_change(json_t *changes, const struct weft_change *change)
{
	json_t *details = json_array();
	bool is_host = strcmp(change->noun, "host") == 0;

	for (uint32_t i = 0; i < change->n_details; i++)
		if (!is_host || !apply_cmd_is_for_start(change->details[i]))
			json_array_append_new(details, apply_cmd_detail("", change->details[i]));
	if (is_host && json_array_size(details) == 0) {
		json_decref(details);
		return;
	}
	json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:o, s:b}", "action",
						 apply_cmd_action(change->action), "noun",
						 change->noun, "name", change->name, "details",
						 details, "reopens", change->needs_reopen));
}

/* What the next start would do otherwise than this one did. */
static json_t *
apply_cmd_restart(const struct weft_conf *next)
{
	struct weft_conf started = *next;
	struct weft_changes changes;
	json_t *rows = json_array();

	started.host = weft_status_facts.host;
	weft_conf_diff(&started, next, &changes);
	for (uint32_t i = 0; i < changes.n; i++)
		for (uint32_t j = 0; j < changes.list[i].n_details; j++)
			if (apply_cmd_is_for_start(changes.list[i].details[j]))
				json_array_append_new(
					rows,
					apply_cmd_detail("host.", changes.list[i].details[j]));
	weft_changes_clear(&changes);
	return rows;
}

static json_t *
apply_cmd_compare(const struct weft_conf *next)
{
	struct weft_changes changes;
	json_t *rows = json_array();

	weft_conf_diff(weft_running_conf(), next, &changes);
	for (uint32_t i = 0; i < changes.n; i++)
		apply_cmd_add_change(rows, &changes.list[i]);
	weft_changes_clear(&changes);
	return json_pack("{s:o, s:o}", "changes", rows, "restart", apply_cmd_restart(next));
}

/* Makes @p next, which is taken over, the running document. Without a difference too: a port that
 * could not be opened again is tried. */
static json_t *
apply_cmd_take(struct weft_conf *next, struct weft_errors *errors)
{
	uint32_t number = weft_topology->number;
	json_t *answer;

	if (next == NULL)
		return NULL;
	answer = apply_cmd_compare(next);
	if (weft_running_apply(next, errors) != 0) {
		weft_conf_destroy(next);
		json_decref(answer);
		return NULL;
	}
	json_object_set_new(answer, "applied", json_boolean(weft_topology->number != number));
	return answer;
}

/* What would run if the file were applied: alone, or with --merge beside what runs. */
static struct weft_conf *
apply_cmd_load(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const char *file = weft_cmd_string(call, "file");

	if (weft_cmd_flag(call, "merge"))
		return weft_conf_merge(weft_running_conf(), file, errors);
	return weft_conf_load(file, errors);
}

static json_t *
apply_cmd_plan(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_conf *next = apply_cmd_load(call, errors);
	json_t *answer;

	if (next == NULL)
		return NULL;
	answer = apply_cmd_compare(next);
	weft_conf_destroy(next);
	return answer;
}

static json_t *
apply_cmd_apply(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	return apply_cmd_take(apply_cmd_load(call, errors), errors);
}

static json_t *
apply_cmd_delete(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_conf *next = weft_conf_delete(
		weft_running_conf(), weft_cmd_string(call, "noun"), weft_cmd_string(call, "name"),
		weft_cmd_flag(call, "cascade"), errors);

	return apply_cmd_take(next, errors);
}

WEFT_CMD("plan", NULL, apply_cmd_plan);
WEFT_CMD("apply", NULL, apply_cmd_apply);
WEFT_CMD("delete", NULL, apply_cmd_delete);
