/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/transition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/link.h"
#include "topology/tracking.h"

static struct weft_port_spec
transition_spec(const struct weft_conf *conf, uint32_t link)
{
	return weft_link_spec(conf, link, weft_running.n_workers);
}

/* ---- numbers ---- */

/* A name keeps its number; a new one gets a free one. */
static int
transition_number(const struct weft_names *old, struct weft_ids *ids, struct weft_names *names,
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

int
weft_transition_number(struct weft_transition *change)
{
	const struct weft_conf *conf = change->conf;

	for (uint32_t i = 0; i < change->n_links; i++)
		if (transition_number(&weft_running.port_names, &weft_running.port_ids,
				      &change->port_names, weft_link_name(conf, i),
				      &change->link_ids[i]) != 0)
			return weft_errors_add(change->errors,
					       "%s: more than %d ports and physical networks, "
					       "counting those that go",
					       conf->file, WEFT_PORTS_MAX);
	for (uint32_t i = 0; i < conf->n_networks; i++)
		if (transition_number(&weft_running.network_names, &weft_running.network_ids,
				      &change->network_names, conf->networks[i].name,
				      &change->net_ids[i]) != 0)
			return weft_errors_add(change->errors,
					       "%s: more than %d networks, counting those that go",
					       conf->file, WEFT_NETWORKS_MAX);
	for (uint32_t i = 0; i < conf->n_routers; i++)
		if (transition_number(&weft_running.router_names, &weft_running.router_ids,
				      &change->router_names, conf->routers[i].name,
				      &change->rtr_ids[i]) != 0)
			return weft_errors_add(change->errors,
					       "%s: more than %d routers, counting those that go",
					       conf->file, WEFT_ROUTERS_MAX);
	weft_names_sort(&change->port_names);
	weft_names_sort(&change->network_names);
	weft_names_sort(&change->router_names);
	return 0;
}

/* Gives back the numbers of names that are in @p names and not in @p others. */
void
weft_transition_release(const struct weft_names *names, const struct weft_names *others,
			struct weft_ids *ids)
{
	for (size_t i = 0; i < names->n; i++)
		if (weft_names_find(others, names->list[i].name) < 0)
			weft_ids_put(ids, names->list[i].id);
}

/* ---- opening and closing ---- */

static int
transition_open(struct weft_transition *change, const struct weft_conf *conf, uint32_t link,
		uint16_t id)
{
	struct weft_port_spec spec = transition_spec(conf, link);

	weft_running.ports[id] = weft_port_open(id, &spec, change->errors);
	return weft_running.ports[id] == NULL ? -EIO : 0;
}

static void
transition_close(uint16_t id)
{
	if (weft_running.ports[id] != NULL)
		weft_port_close(weft_running.ports[id]);
	weft_running.ports[id] = NULL;
}

/* Does a link want something that an old link, about to be closed, still has? */
static bool
transition_must_wait(const struct weft_transition *change, uint32_t link)
{
	struct weft_port_spec want = transition_spec(change->conf, link);

	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++) {
		struct weft_port_spec have = transition_spec(weft_running.conf, i);

		if ((change->is_gone[i] || change->must_close[i]) &&
		    weft_link_is_conflict(&want, &have))
			return true;
	}
	return false;
}

/* @return the link with that number, or UINT32_MAX */
uint32_t
weft_running_link_of(uint16_t id)
{
	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++)
		if (weft_running.link_ids[i] == id)
			return i;
	return UINT32_MAX;
}

/* Decides what becomes of every link. @return whether something has to be closed early */
static bool
transition_judge(struct weft_transition *change)
{
	bool must_withdraw = false;

	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++)
		change->is_gone[i] = weft_names_find(&change->port_names,
						     weft_link_name(weft_running.conf, i)) < 0;
	for (uint32_t i = 0; i < change->n_links; i++) {
		struct weft_port_spec want = transition_spec(change->conf, i), have;
		uint32_t link;

		change->fates[i] = WEFT_FATE_OPEN;
		if (weft_names_find(&weft_running.port_names, want.name) < 0)
			continue;
		link = weft_running_link_of(change->link_ids[i]);
		have = transition_spec(weft_running.conf, link);
		change->fates[i] = WEFT_FATE_KEEP;
		if (!weft_link_needs_reopen(&want, &have) &&
		    weft_running.ports[change->link_ids[i]] != NULL)
			continue;
		change->fates[i] = WEFT_FATE_REOPEN;
		change->must_close[link] = true;
		must_withdraw = true;
	}
	for (uint32_t i = 0; i < change->n_links; i++)
		if (change->fates[i] == WEFT_FATE_OPEN && transition_must_wait(change, i)) {
			change->fates[i] = WEFT_FATE_OPEN_LATE;
			must_withdraw = true;
		}
	return must_withdraw;
}

/* Opens the links of one fate; goes on after a failure, so that all of them are told. */
static int
transition_open_all(struct weft_transition *change, enum weft_fate fate)
{
	int rc = 0;

	for (uint32_t i = 0; i < change->n_links; i++) {
		if (change->fates[i] != fate)
			continue;
		change->is_opened[i] =
			transition_open(change, change->conf, i, change->link_ids[i]) == 0;
		if (!change->is_opened[i])
			rc = -EIO;
	}
	return rc;
}

/* ---- snapshots ---- */

static struct weft_topology *
transition_snapshot(const struct weft_conf *conf, const uint16_t *link_ids, const uint16_t *net_ids,
		    const uint16_t *rtr_ids)
{
	struct weft_topology_parts parts = {
		.conf = conf,
		.wire_ids = link_ids,
		.port_ids = link_ids + conf->n_wires,
		.network_ids = net_ids,
		.router_ids = rtr_ids,
		.ports = weft_running.ports,
		.n_workers = weft_running.n_workers,
		.polled = weft_running.polled,
	};
	struct weft_topology *next = weft_topology_build(&parts);

	if (next == NULL || weft_topology_place(next, weft_topology, &parts) != 0) {
		weft_topology_destroy(next);
		return NULL;
	}
	next->number = weft_running.number;
	return next;
}

int
weft_running_republish(void)
{
	struct weft_topology *next =
		transition_snapshot(weft_running.conf, weft_running.link_ids, weft_running.net_ids,
				    weft_running.rtr_ids);

	if (next == NULL)
		return -ENOMEM;
	weft_topology_publish(next);
	return 0;
}

/* Takes the links that must be closed early out of the running snapshot, and closes them. */
static int
transition_withdraw(struct weft_transition *change)
{
	struct weft_port *kept[WEFT_PORTS_MAX];
	int rc;

	memcpy(kept, weft_running.ports, sizeof(kept));
	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++) {
		change->is_withdrawn[i] = change->must_close[i] || change->is_gone[i];
		if (change->is_withdrawn[i])
			weft_running.ports[weft_running.link_ids[i]] = NULL;
	}
	rc = weft_running_republish();
	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++) {
		uint16_t id = weft_running.link_ids[i];

		if (!change->is_withdrawn[i])
			continue;
		weft_running.ports[id] = kept[id];
		if (rc == 0)
			transition_close(id);
		else
			change->is_withdrawn[i] = false;
	}
	if (rc != 0)
		weft_errors_add(change->errors, "out of memory");
	return rc;
}

/* Gives the links that stay open their new MTU, or the old one again. */
static int
transition_set_mtus(const struct weft_transition *change, bool is_undo, struct weft_errors *errors)
{
	int rc = 0;

	for (uint32_t i = 0; i < change->n_links; i++) {
		struct weft_port *port = weft_running.ports[change->link_ids[i]];
		uint32_t old, new;

		if (change->fates[i] != WEFT_FATE_KEEP || port->ops->set_mtu == NULL)
			continue;
		old = transition_spec(weft_running.conf, weft_running_link_of(change->link_ids[i]))
			      .mtu;
		new = transition_spec(change->conf, i).mtu;
		if (old != new && port->ops->set_mtu(port, is_undo ? old : new, errors) != 0)
			rc = -EIO;
	}
	return rc;
}

/* Puts back what was there before a change that failed. */
void
weft_transition_undo(struct weft_transition *change)
{
	struct weft_errors reopen = WEFT_ERRORS_NONE;
	struct weft_transition back = { .errors = &reopen };
	bool was_withdrawn = false;

	for (uint32_t i = 0; i < change->n_links; i++)
		if (change->is_opened[i])
			transition_close(change->link_ids[i]);
	transition_set_mtus(change, true, &reopen);
	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++) {
		if (!change->is_withdrawn[i])
			continue;
		was_withdrawn = true;
		transition_open(&back, weft_running.conf, i, weft_running.link_ids[i]);
	}
	if (was_withdrawn && weft_running_republish() != 0)
		weft_errors_add(&reopen, "out of memory");
	for (size_t i = 0; i < reopen.n; i++)
		weft_errors_add(change->errors, "while going back: %s", reopen.lines[i]);
	weft_errors_clear(&reopen);
	weft_transition_release(&change->port_names, &weft_running.port_names,
				&weft_running.port_ids);
	weft_transition_release(&change->network_names, &weft_running.network_names,
				&weft_running.network_ids);
	weft_transition_release(&change->router_names, &weft_running.router_names,
				&weft_running.router_ids);
}

static struct weft_topology *
transition_next(const struct weft_transition *change)
{
	return transition_snapshot(change->conf, change->link_ids, change->net_ids,
				   change->rtr_ids);
}

/* The next snapshot, and with it the members that it needs. */
static struct weft_topology *
transition_build(struct weft_transition *change)
{
	struct weft_topology *next = transition_next(change);

	if (next != NULL && weft_tracking_is_mix(next)) {
		/* Now that this is known, the same again with sets of its own. */
		weft_topology_destroy(next);
		next = weft_tracking_renew() == 0 ? transition_next(change) : NULL;
	}
	if (next != NULL && weft_tracking_join() != 0) {
		weft_topology_destroy(next);
		next = NULL;
	}
	if (next == NULL)
		weft_errors_add(change->errors, "out of memory");
	return next;
}

/* Everything that can fail. @return the next snapshot, or NULL with reasons */
struct weft_topology *
weft_transition_prepare(struct weft_transition *change)
{
	bool must_withdraw = transition_judge(change);

	if (transition_open_all(change, WEFT_FATE_OPEN) != 0)
		return NULL;
	if (must_withdraw && transition_withdraw(change) != 0)
		return NULL;
	if (transition_open_all(change, WEFT_FATE_OPEN_LATE) != 0 ||
	    transition_open_all(change, WEFT_FATE_REOPEN) != 0 ||
	    transition_set_mtus(change, false, change->errors) != 0)
		return NULL;
	return transition_build(change);
}
