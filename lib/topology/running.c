/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/id.h"
#include "core/log.h"
#include "core/names.h"
#include "topology/follow.h"
#include "topology/link.h"

static struct {
	struct weft_conf *conf;
	uint16_t n_workers;
	uint32_t polled;
	uint32_t applied_sec;
	uint32_t number;
	struct weft_ids port_ids, network_ids;
	struct weft_names port_names, network_names; /* of conf */
	uint16_t *link_ids, *net_ids; /* of conf, by index */
	struct weft_port *ports[WEFT_PORTS_MAX];
	const struct weft_running_hooks *hooks;
} running;

/* What becomes of a link when one document replaces another. */
enum running_fate {
	FATE_UNDECIDED,
	FATE_KEEP, /* in both, and open */
	FATE_OPEN, /* new */
	FATE_OPEN_LATE, /* new, but something old must be closed first */
	FATE_REOPEN, /* in both, with other options */
};

/* One apply. */
struct running_change {
	struct weft_conf *conf;
	struct weft_errors *errors;
	uint32_t n_links;
	uint16_t *link_ids, *net_ids;
	struct weft_names port_names, network_names;
	enum running_fate *fates; /* by link of the new document */
	bool *is_opened; /* by link of the new document: opened by this change */
	bool *is_gone; /* by link of the old document: not in the new one */
	bool *must_close; /* by link of the old document: opened anew with other options */
	bool *is_withdrawn; /* by link of the old document: has been closed early */
};

int
weft_running_init(uint16_t n_workers, const struct weft_running_hooks *hooks)
{
	running.n_workers = n_workers;
	running.polled = UINT32_MAX;
	running.hooks = hooks;
	if (weft_ids_init(&running.port_ids, WEFT_PORTS_MAX) != 0 ||
	    weft_ids_init(&running.network_ids, WEFT_NETWORKS_MAX) != 0)
		return -ENOMEM;
	return 0;
}

void
weft_running_fini(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		if (running.ports[id] != NULL)
			weft_port_close(running.ports[id]);
		running.ports[id] = NULL;
	}
	weft_topology_destroy(weft_topology);
	weft_topology = NULL;
	weft_conf_destroy(running.conf);
	running.conf = NULL;
	weft_names_fini(&running.port_names);
	weft_names_fini(&running.network_names);
	free(running.link_ids);
	free(running.net_ids);
	running.link_ids = running.net_ids = NULL;
	weft_ids_fini(&running.port_ids);
	weft_ids_fini(&running.network_ids);
}

static struct weft_port_spec
running_spec(const struct weft_conf *conf, uint32_t link)
{
	return weft_link_spec(conf, link, running.n_workers);
}

/* ---- numbers ---- */

/* A name keeps its number; a new one gets a free one. */
static int
running_number(const struct weft_names *old, struct weft_ids *ids, struct weft_names *names,
	       const char *name, uint16_t *id)
{
	int32_t number = weft_names_find(old, name);

	if (number < 0)
		number = weft_ids_get(ids);
	if (number < 0)
		return number;
	*id = (uint16_t)number;
	weft_names_add(names, name, *id);
	return 0;
}

static int
running_assign_numbers(struct running_change *change)
{
	const struct weft_conf *conf = change->conf;

	for (uint32_t i = 0; i < change->n_links; i++)
		if (running_number(&running.port_names, &running.port_ids, &change->port_names,
				   weft_link_name(conf, i), &change->link_ids[i]) != 0)
			return weft_errors_add(change->errors,
					       "%s: more than %d ports and physical networks, "
					       "counting those that go",
					       conf->file, WEFT_PORTS_MAX);
	for (uint32_t i = 0; i < conf->n_networks; i++)
		if (running_number(&running.network_names, &running.network_ids,
				   &change->network_names, conf->networks[i].name,
				   &change->net_ids[i]) != 0)
			return weft_errors_add(change->errors,
					       "%s: more than %d networks, counting those that go",
					       conf->file, WEFT_NETWORKS_MAX);
	weft_names_sort(&change->port_names);
	weft_names_sort(&change->network_names);
	return 0;
}

/* Gives back the numbers of names that are in @p names and not in @p others. */
static void
running_release(const struct weft_names *names, const struct weft_names *others,
		struct weft_ids *ids)
{
	for (size_t i = 0; i < names->n; i++)
		if (weft_names_find(others, names->list[i].name) < 0)
			weft_ids_put(ids, names->list[i].id);
}

/* ---- opening and closing ---- */

static int
running_open(struct running_change *change, const struct weft_conf *conf, uint32_t link,
	     uint16_t id)
{
	struct weft_port_spec spec = running_spec(conf, link);

	running.ports[id] = weft_port_open(id, &spec, change->errors);
	return running.ports[id] == NULL ? -EIO : 0;
}

static void
running_close(uint16_t id)
{
	if (running.ports[id] != NULL)
		weft_port_close(running.ports[id]);
	running.ports[id] = NULL;
}

/* Does a link want something that an old link, about to be closed, still has? */
static bool
running_must_wait(const struct running_change *change, uint32_t link)
{
	struct weft_port_spec want = running_spec(change->conf, link);

	for (uint32_t i = 0; i < weft_link_count(running.conf); i++) {
		struct weft_port_spec have = running_spec(running.conf, i);

		if ((change->is_gone[i] || change->must_close[i]) &&
		    weft_link_is_conflict(&want, &have))
			return true;
	}
	return false;
}

/* @return the link with that number, or UINT32_MAX */
static uint32_t
running_link_of(uint16_t id)
{
	for (uint32_t i = 0; i < weft_link_count(running.conf); i++)
		if (running.link_ids[i] == id)
			return i;
	return UINT32_MAX;
}

/* Decides what becomes of every link. @return whether something has to be closed early */
static bool
running_judge(struct running_change *change)
{
	bool must_withdraw = false;

	for (uint32_t i = 0; i < weft_link_count(running.conf); i++)
		change->is_gone[i] = weft_names_find(&change->port_names,
						     weft_link_name(running.conf, i)) < 0;
	for (uint32_t i = 0; i < change->n_links; i++) {
		struct weft_port_spec want = running_spec(change->conf, i), have;
		uint32_t link;

		change->fates[i] = FATE_OPEN;
		if (weft_names_find(&running.port_names, want.name) < 0)
			continue;
		link = running_link_of(change->link_ids[i]);
		have = running_spec(running.conf, link);
		change->fates[i] = FATE_KEEP;
		if (!weft_link_needs_reopen(&want, &have) &&
		    running.ports[change->link_ids[i]] != NULL)
			continue;
		change->fates[i] = FATE_REOPEN;
		change->must_close[link] = true;
		must_withdraw = true;
	}
	for (uint32_t i = 0; i < change->n_links; i++)
		if (change->fates[i] == FATE_OPEN && running_must_wait(change, i)) {
			change->fates[i] = FATE_OPEN_LATE;
			must_withdraw = true;
		}
	return must_withdraw;
}

/* Opens the links of one fate; stops at the first failure. */
static int
running_open_all(struct running_change *change, enum running_fate fate)
{
	for (uint32_t i = 0; i < change->n_links; i++) {
		if (change->fates[i] != fate)
			continue;
		if (running_open(change, change->conf, i, change->link_ids[i]) != 0)
			return -EIO;
		change->is_opened[i] = true;
	}
	return 0;
}

/* ---- snapshots ---- */

static struct weft_topology *
running_snapshot(const struct weft_conf *conf, const uint16_t *link_ids, const uint16_t *net_ids)
{
	struct weft_topology_parts parts = {
		.conf = conf,
		.wire_ids = link_ids,
		.port_ids = link_ids + conf->n_wires,
		.network_ids = net_ids,
		.ports = running.ports,
		.n_workers = running.n_workers,
		.polled = running.polled,
	};
	struct weft_topology *next = weft_topology_build(&parts);

	if (next == NULL || weft_topology_place(next, weft_topology, &parts) != 0) {
		weft_topology_destroy(next);
		return NULL;
	}
	next->number = running.number;
	return next;
}

static int
running_republish(void)
{
	struct weft_topology *next =
		running_snapshot(running.conf, running.link_ids, running.net_ids);

	if (next == NULL)
		return -ENOMEM;
	weft_topology_publish(next);
	return 0;
}

/* Takes the links that must be closed early out of the running snapshot, and closes them. */
static int
running_withdraw(struct running_change *change)
{
	struct weft_port *kept[WEFT_PORTS_MAX];
	int rc;

	memcpy(kept, running.ports, sizeof(kept));
	for (uint32_t i = 0; i < weft_link_count(running.conf); i++) {
		change->is_withdrawn[i] = change->must_close[i] || change->is_gone[i];
		if (change->is_withdrawn[i])
			running.ports[running.link_ids[i]] = NULL;
	}
	rc = running_republish();
	for (uint32_t i = 0; i < weft_link_count(running.conf); i++) {
		uint16_t id = running.link_ids[i];

		if (!change->is_withdrawn[i])
			continue;
		running.ports[id] = kept[id];
		if (rc == 0)
			running_close(id);
		else
			change->is_withdrawn[i] = false;
	}
	if (rc != 0)
		weft_errors_add(change->errors, "out of memory");
	return rc;
}

/* Gives the links that stay open their new MTU, or the old one again. */
static int
running_set_mtus(const struct running_change *change, bool is_undo, struct weft_errors *errors)
{
	int rc = 0;

	for (uint32_t i = 0; i < change->n_links; i++) {
		struct weft_port *port = running.ports[change->link_ids[i]];
		uint32_t old, new;

		if (change->fates[i] != FATE_KEEP || port->ops->set_mtu == NULL)
			continue;
		old = running_spec(running.conf, running_link_of(change->link_ids[i])).mtu;
		new = running_spec(change->conf, i).mtu;
		if (old != new && port->ops->set_mtu(port, is_undo ? old : new, errors) != 0)
			rc = -EIO;
	}
	return rc;
}

/* Puts back what was there before a change that failed. */
static void
running_undo(struct running_change *change)
{
	struct weft_errors reopen = WEFT_ERRORS_NONE;
	struct running_change back = { .errors = &reopen };
	bool was_withdrawn = false;

	for (uint32_t i = 0; i < change->n_links; i++)
		if (change->is_opened[i])
			running_close(change->link_ids[i]);
	running_set_mtus(change, true, &reopen);
	for (uint32_t i = 0; i < weft_link_count(running.conf); i++) {
		if (!change->is_withdrawn[i])
			continue;
		was_withdrawn = true;
		running_open(&back, running.conf, i, running.link_ids[i]);
	}
	if (was_withdrawn && running_republish() != 0)
		weft_errors_add(&reopen, "out of memory");
	for (size_t i = 0; i < reopen.n; i++)
		weft_errors_add(change->errors, "while going back: %s", reopen.lines[i]);
	weft_errors_clear(&reopen);
	running_release(&change->port_names, &running.port_names, &running.port_ids);
	running_release(&change->network_names, &running.network_names, &running.network_ids);
}

/* ---- apply ---- */

static int
running_begin(struct running_change *change)
{
	uint32_t n_old = weft_link_count(running.conf);

	change->link_ids = calloc(change->n_links + 1, sizeof(*change->link_ids));
	change->net_ids = calloc(change->conf->n_networks + 1, sizeof(*change->net_ids));
	change->fates = calloc(change->n_links + 1, sizeof(*change->fates));
	change->is_opened = calloc(change->n_links + 1, sizeof(bool));
	change->is_gone = calloc(n_old + 1, sizeof(bool));
	change->must_close = calloc(n_old + 1, sizeof(bool));
	change->is_withdrawn = calloc(n_old + 1, sizeof(bool));
	if (change->link_ids == NULL || change->net_ids == NULL || change->fates == NULL ||
	    change->is_opened == NULL || change->is_gone == NULL || change->must_close == NULL ||
	    change->is_withdrawn == NULL ||
	    weft_names_init(&change->port_names, change->n_links) != 0 ||
	    weft_names_init(&change->network_names, change->conf->n_networks) != 0) {
		weft_errors_add(change->errors, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static void
running_end(struct running_change *change)
{
	free(change->link_ids);
	free(change->net_ids);
	free(change->fates);
	free(change->is_opened);
	free(change->is_gone);
	free(change->must_close);
	free(change->is_withdrawn);
	weft_names_fini(&change->port_names);
	weft_names_fini(&change->network_names);
}

/* Everything that can fail. @return the next snapshot, or NULL with reasons */
static struct weft_topology *
running_prepare(struct running_change *change)
{
	struct weft_topology *next;
	bool must_withdraw = running_judge(change);

	if (running_open_all(change, FATE_OPEN) != 0)
		return NULL;
	if (must_withdraw && running_withdraw(change) != 0)
		return NULL;
	if (running_open_all(change, FATE_OPEN_LATE) != 0 ||
	    running_open_all(change, FATE_REOPEN) != 0 ||
	    running_set_mtus(change, false, change->errors) != 0)
		return NULL;
	next = running_snapshot(change->conf, change->link_ids, change->net_ids);
	if (next == NULL)
		weft_errors_add(change->errors, "out of memory");
	return next;
}

/* Nothing fails any more. */
static void
running_commit(struct running_change *change, struct weft_topology *next)
{
	struct weft_port *gone[WEFT_PORTS_MAX] = { NULL };

	for (uint32_t i = 0; i < weft_link_count(running.conf); i++) {
		uint16_t id = running.link_ids[i];

		if (!change->is_gone[i])
			continue;
		gone[id] = running.ports[id];
		running.ports[id] = NULL;
	}
	next->number = ++running.number;
	weft_follow_prepare(next);
	weft_topology_publish(next);
	weft_follow();
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (gone[id] != NULL)
			weft_port_close(gone[id]);
	for (uint32_t i = 0; i < weft_link_count(running.conf); i++)
		if (change->is_gone[i])
			running.hooks->retire(running.link_ids[i]);
	running_release(&running.port_names, &change->port_names, &running.port_ids);
	running_release(&running.network_names, &change->network_names, &running.network_ids);
}

static void
running_take(struct running_change *change)
{
	struct weft_conf *old_conf = running.conf;
	struct running_change old = {
		.link_ids = running.link_ids,
		.net_ids = running.net_ids,
		.port_names = running.port_names,
		.network_names = running.network_names,
	};

	running.conf = change->conf;
	running.link_ids = change->link_ids;
	running.net_ids = change->net_ids;
	running.port_names = change->port_names;
	running.network_names = change->network_names;
	running.applied_sec = weft_clock_sec();
	change->link_ids = old.link_ids;
	change->net_ids = old.net_ids;
	change->port_names = old.port_names;
	change->network_names = old.network_names;
	weft_conf_destroy(old_conf);
}

/* Nothing to do? A port that could not be opened again counts as something to do. */
static bool
running_is_same(const struct weft_conf *conf)
{
	struct weft_changes changes = { 0 };
	bool is_same;

	if (running.conf == NULL)
		return false;
	weft_conf_diff(running.conf, conf, &changes);
	is_same = changes.n == 0;
	weft_changes_clear(&changes);
	for (uint32_t i = 0; is_same && i < weft_link_count(running.conf); i++)
		is_same = running.ports[running.link_ids[i]] != NULL;
	return is_same;
}

int
weft_running_apply(struct weft_conf *conf, struct weft_errors *errors)
{
	struct running_change change = {
		.conf = conf,
		.errors = errors,
		.n_links = weft_link_count(conf),
	};
	struct weft_topology *next = NULL;
	int rc;

	if (running_is_same(conf)) {
		weft_conf_destroy(conf);
		return 0;
	}
	rc = running_begin(&change);
	if (rc == 0)
		rc = running_assign_numbers(&change);
	if (rc == 0) {
		next = running_prepare(&change);
		rc = next == NULL ? -EIO : 0;
	}
	if (rc == 0) {
		running_commit(&change, next);
		running_take(&change);
		running.hooks->applied(conf);
	} else if (change.network_names.list != NULL) {
		running_undo(&change);
	}
	running_end(&change);
	return rc;
}

int
weft_running_poll_first(uint32_t n)
{
	running.polled = n;
	return running_republish();
}

void
weft_running_refresh(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (running.ports[id] != NULL && running.ports[id]->ops->refresh != NULL)
			running.ports[id]->ops->refresh(running.ports[id]);
}

/* ---- looking at it ---- */

const struct weft_conf *
weft_running_conf(void)
{
	return running.conf;
}

uint32_t
weft_running_applied_sec(void)
{
	return running.applied_sec;
}

const struct weft_conf_wire *
weft_running_wire(uint16_t id)
{
	uint32_t link = running_link_of(id);

	if (link == UINT32_MAX || link >= running.conf->n_wires)
		return NULL;
	return &running.conf->wires[link];
}

const struct weft_conf_port *
weft_running_port(uint16_t id)
{
	uint32_t link = running_link_of(id);

	if (link == UINT32_MAX || link < running.conf->n_wires)
		return NULL;
	return &running.conf->ports[link - running.conf->n_wires];
}

const struct weft_conf_network *
weft_running_network(uint16_t id)
{
	for (uint32_t i = 0; running.conf != NULL && i < running.conf->n_networks; i++)
		if (running.net_ids[i] == id)
			return &running.conf->networks[i];
	return NULL;
}
