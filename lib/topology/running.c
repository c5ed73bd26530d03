/* SPDX-License-Identifier: BSD-3-Clause */
#include "topology/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "topology/follow.h"
#include "topology/link.h"
#include "topology/tracking.h"
#include "topology/transition.h"

struct weft_running weft_running;

int
weft_running_init(uint16_t n_workers, const struct weft_running_hooks *hooks)
{
	weft_running.n_workers = n_workers;
	weft_running.polled = UINT32_MAX;
	weft_running.hooks = hooks;
	if (weft_ids_init(&weft_running.port_ids, WEFT_PORTS_MAX) != 0 ||
	    weft_ids_init(&weft_running.network_ids, WEFT_NETWORKS_MAX) != 0 ||
	    weft_ids_init(&weft_running.router_ids, WEFT_ROUTERS_MAX) != 0)
		return -ENOMEM;
	return 0;
}

void
weft_running_fini(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++) {
		if (weft_running.ports[id] != NULL)
			weft_port_close(weft_running.ports[id]);
		weft_running.ports[id] = NULL;
	}
	weft_follow_end();
	weft_tracking_end();
	weft_topology_destroy(weft_topology);
	weft_topology = NULL;
	weft_conf_destroy(weft_running.conf);
	weft_running.conf = NULL;
	weft_names_fini(&weft_running.port_names);
	weft_names_fini(&weft_running.network_names);
	weft_names_fini(&weft_running.router_names);
	free(weft_running.link_ids);
	free(weft_running.net_ids);
	free(weft_running.rtr_ids);
	weft_running.link_ids = weft_running.net_ids = weft_running.rtr_ids = NULL;
	weft_ids_fini(&weft_running.port_ids);
	weft_ids_fini(&weft_running.network_ids);
	weft_ids_fini(&weft_running.router_ids);
}

/* ---- apply ---- */

static int
running_begin(struct weft_transition *change)
{
	uint32_t n_old = weft_link_count(weft_running.conf);

	change->link_ids = calloc(change->n_links + 1, sizeof(*change->link_ids));
	change->net_ids = calloc(change->conf->n_networks + 1, sizeof(*change->net_ids));
	change->rtr_ids = calloc(change->conf->n_routers + 1, sizeof(*change->rtr_ids));
	change->fates = calloc(change->n_links + 1, sizeof(*change->fates));
	change->is_opened = calloc(change->n_links + 1, sizeof(bool));
	change->is_gone = calloc(n_old + 1, sizeof(bool));
	change->must_close = calloc(n_old + 1, sizeof(bool));
	change->is_withdrawn = calloc(n_old + 1, sizeof(bool));
	if (change->link_ids == NULL || change->net_ids == NULL || change->rtr_ids == NULL ||
	    change->fates == NULL || change->is_opened == NULL || change->is_gone == NULL ||
	    change->must_close == NULL || change->is_withdrawn == NULL ||
	    weft_names_init(&change->port_names, change->n_links) != 0 ||
	    weft_names_init(&change->network_names, change->conf->n_networks) != 0 ||
	    weft_names_init(&change->router_names, change->conf->n_routers) != 0) {
		weft_errors_add(change->errors, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static void
running_end(struct weft_transition *change)
{
	free(change->link_ids);
	free(change->net_ids);
	free(change->rtr_ids);
	free(change->fates);
	free(change->is_opened);
	free(change->is_gone);
	free(change->must_close);
	free(change->is_withdrawn);
	weft_names_fini(&change->port_names);
	weft_names_fini(&change->network_names);
	weft_names_fini(&change->router_names);
}

/* Nothing fails any more. */
static void
running_commit(struct weft_transition *change, struct weft_topology *next)
{
	struct weft_port *gone[WEFT_PORTS_MAX] = { NULL };

	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++) {
		uint16_t id = weft_running.link_ids[i];

		if (!change->is_gone[i])
			continue;
		gone[id] = weft_running.ports[id];
		weft_running.ports[id] = NULL;
	}
	next->number = ++weft_running.number;
	weft_follow_prepare(next);
	weft_tracking_prepare(change->conf, next);
	if (weft_running.hooks->changing != NULL)
		weft_running.hooks->changing(next);
	weft_topology_publish(next);
	weft_follow();
	weft_tracking_follow();
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (gone[id] != NULL)
			weft_port_close(gone[id]);
	for (uint32_t i = 0; i < weft_link_count(weft_running.conf); i++)
		if (change->is_gone[i]) {
			weft_tracking_lose_port(weft_running.link_ids[i]);
			weft_running.hooks->retire(weft_running.link_ids[i]);
		}
	weft_tracking_forget();
	weft_transition_release(&weft_running.port_names, &change->port_names,
				&weft_running.port_ids);
	weft_transition_release(&weft_running.network_names, &change->network_names,
				&weft_running.network_ids);
	weft_transition_release(&weft_running.router_names, &change->router_names,
				&weft_running.router_ids);
}

static void
running_take(struct weft_transition *change)
{
	struct weft_conf *old_conf = weft_running.conf;
	struct weft_transition old = {
		.link_ids = weft_running.link_ids,
		.net_ids = weft_running.net_ids,
		.rtr_ids = weft_running.rtr_ids,
		.port_names = weft_running.port_names,
		.network_names = weft_running.network_names,
		.router_names = weft_running.router_names,
	};

	weft_running.conf = change->conf;
	weft_running.link_ids = change->link_ids;
	weft_running.net_ids = change->net_ids;
	weft_running.rtr_ids = change->rtr_ids;
	weft_running.port_names = change->port_names;
	weft_running.network_names = change->network_names;
	weft_running.router_names = change->router_names;
	weft_running.applied_sec = weft_clock_sec();
	change->link_ids = old.link_ids;
	change->net_ids = old.net_ids;
	change->rtr_ids = old.rtr_ids;
	change->port_names = old.port_names;
	change->network_names = old.network_names;
	change->router_names = old.router_names;
	weft_conf_destroy(old_conf);
}

/* Nothing to do? A port that could not be opened again counts as something to do. */
static bool
running_is_same(const struct weft_conf *conf)
{
	struct weft_changes changes = { 0 };
	bool is_same;

	if (weft_running.conf == NULL)
		return false;
	weft_conf_diff(weft_running.conf, conf, &changes);
	is_same = changes.n == 0;
	weft_changes_clear(&changes);
	for (uint32_t i = 0; is_same && i < weft_link_count(weft_running.conf); i++)
		is_same = weft_running.ports[weft_running.link_ids[i]] != NULL;
	return is_same;
}

int
weft_running_apply(struct weft_conf *conf, struct weft_errors *errors)
{
	struct weft_transition change = {
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
	rc = weft_tracking_begin(conf, errors);
	if (rc != 0)
		return rc;
	rc = running_begin(&change);
	if (rc == 0)
		rc = weft_transition_number(&change);
	if (rc == 0) {
		next = weft_transition_prepare(&change);
		rc = next == NULL ? -EIO : 0;
	}
	if (rc == 0) {
		running_commit(&change, next);
		running_take(&change);
		weft_running.hooks->applied(conf);
	} else {
		weft_tracking_abort();
		if (change.network_names.list != NULL)
			weft_transition_undo(&change);
	}
	running_end(&change);
	return rc;
}

/* ---- members that come and go alone ---- */

static uint32_t
running_group(const struct weft_conf_group *group)
{
	return (uint32_t)(group - weft_running.conf->groups);
}

static void
running_count_members(const struct weft_ips *ips)
{
	if (ips->n == 0)
		return;
	weft_running.number++;
	weft_running.applied_sec = weft_clock_sec();
}

int
weft_running_add_members(const struct weft_conf_group *group, struct weft_ips *ips,
			 struct weft_errors *errors)
{
	uint32_t at = running_group(group);
	int rc = weft_conf_add_members(weft_running.conf, at, ips, errors);

	if (rc != 0)
		return rc;
	if (!weft_tracking_has_room(weft_running.conf, errors))
		rc = -ENOSPC;
	else if (weft_tracking_add_members(group->name, ips) != 0)
		rc = weft_errors_add(errors, "out of memory");
	if (rc != 0)
		weft_conf_del_members(weft_running.conf, at, ips);
	else
		running_count_members(ips);
	return rc;
}

void
weft_running_del_members(const struct weft_conf_group *group, struct weft_ips *ips)
{
	weft_conf_del_members(weft_running.conf, running_group(group), ips);
	weft_tracking_del_members(group->name, ips);
	running_count_members(ips);
}

int
weft_running_poll_first(uint32_t n)
{
	weft_running.polled = n;
	return weft_running_republish();
}

void
weft_running_refresh(void)
{
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (weft_running.ports[id] != NULL && weft_running.ports[id]->ops->refresh != NULL)
			weft_running.ports[id]->ops->refresh(weft_running.ports[id]);
}

/* ---- looking at it ---- */

const struct weft_conf *
weft_running_conf(void)
{
	return weft_running.conf;
}

uint32_t
weft_running_number(void)
{
	return weft_running.number;
}

uint32_t
weft_running_applied_sec(void)
{
	return weft_running.applied_sec;
}

const struct weft_conf_wire *
weft_running_wire(uint16_t id)
{
	uint32_t link = weft_running_link_of(id);

	if (link == UINT32_MAX || link >= weft_running.conf->n_wires)
		return NULL;
	return &weft_running.conf->wires[link];
}

const struct weft_conf_port *
weft_running_port(uint16_t id)
{
	uint32_t link = weft_running_link_of(id);

	if (link == UINT32_MAX || link < weft_running.conf->n_wires)
		return NULL;
	return &weft_running.conf->ports[link - weft_running.conf->n_wires];
}

const struct weft_conf_network *
weft_running_network(uint16_t id)
{
	for (uint32_t i = 0; weft_running.conf != NULL && i < weft_running.conf->n_networks; i++)
		if (weft_running.net_ids[i] == id)
			return &weft_running.conf->networks[i];
	return NULL;
}
