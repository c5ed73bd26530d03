/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transition: from the running configuration to the next, as far as it can fail.
 *
 * Private to lib/topology: running.h is for everybody else. running.c begins a transition, has it
 * prepared here, and then either commits it or has it undone here.
 *
 * Threads: control thread only; all fields are [C].
 */
#ifndef WEFT_TOPOLOGY_TRANSITION_H
#define WEFT_TOPOLOGY_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "core/errors.h"
#include "core/id.h"
#include "core/names.h"
#include "topology/running.h"
#include "topology/topology.h"

/** What runs. */
struct weft_running {
	struct weft_conf *conf;
	uint16_t n_workers;
	uint32_t polled;
	uint32_t applied_sec;
	uint32_t number;
	struct weft_ids port_ids, network_ids, router_ids;
	struct weft_names port_names, network_names, router_names; /* of conf */
	uint16_t *link_ids, *net_ids, *rtr_ids; /* of conf, by index */
	struct weft_port *ports[WEFT_PORTS_MAX];
	const struct weft_running_hooks *hooks;
};

extern struct weft_running weft_running;

/** What becomes of a link when one document replaces another. */
enum weft_fate {
	WEFT_FATE_UNDECIDED,
	WEFT_FATE_KEEP, /* in both, and open */
	WEFT_FATE_OPEN, /* new */
	WEFT_FATE_OPEN_LATE, /* new, but something old must be closed first */
	WEFT_FATE_REOPEN, /* in both, with other options */
};

/** One apply. */
struct weft_transition {
	struct weft_conf *conf;
	struct weft_errors *errors;
	uint32_t n_links;
	uint16_t *link_ids, *net_ids, *rtr_ids;
	struct weft_names port_names, network_names, router_names;
	enum weft_fate *fates; /* by link of the new document */
	bool *is_opened; /* by link of the new document: opened by this change */
	bool *is_gone; /* by link of the old document: not in the new one */
	bool *must_close; /* by link of the old document: opened anew with other options */
	bool *is_withdrawn; /* by link of the old document: has been closed early */
};

/** Gives numbers to the names of the new document. @return 0, or -errno with a sentence */
int weft_transition_number(struct weft_transition *change);

/** Gives back the numbers of names that are in @p names and not in @p others. */
void weft_transition_release(const struct weft_names *names, const struct weft_names *others,
			     struct weft_ids *ids);

/** Opens what is new, closes what must be closed before. @return the next snapshot, or NULL with
 *  reasons: then the transition must be undone */
struct weft_topology *weft_transition_prepare(struct weft_transition *change);

/** Puts back what was there before a transition that failed. */
void weft_transition_undo(struct weft_transition *change);

/** Builds the running document anew, with the ports that are open now. @return 0 or -ENOMEM */
int weft_running_republish(void);

/** @return the link of the running document with that number, or UINT32_MAX */
uint32_t weft_running_link_of(uint16_t id);

#endif
