/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * running: the configuration that runs, and how it becomes another one.
 *
 * A change goes: checked document -> difference -> open what is new -> next snapshot -> publish ->
 * close what is gone. Everything that can fail comes before "publish"; when it fails, what was
 * opened is closed again and the running state stays as it was. Devices and sockets that both the
 * old and the new configuration want under different names (or with other options) must be closed
 * before they can be opened: only then the ports concerned, and no others, pause.
 *
 * Members of security groups that are on no port come and go without all that: the document is
 * edited in place and the address joins or leaves its set. Since workers look that up, no snapshot
 * is published, and it takes as long with a thousand ports as with one.
 *
 * Threads: control thread only.
 */
#ifndef WEFT_TOPOLOGY_RUNNING_H
#define WEFT_TOPOLOGY_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "core/errors.h"
#include "topology/topology.h"

/** What else has to know, above this layer. */
struct weft_running_hooks {
	/** A document has become the running one: options that change live are in it. */
	void (*applied)(const struct weft_conf *conf);
	/** A port number is about to be free: what is counted under it must be put away. */
	void (*retire)(uint16_t port);
	/** Everything is ready for the next snapshot, and nothing can fail any more; NULL: nobody
	 *  wants to know. */
	void (*changing)(const struct weft_topology *next);
};

/** @param n_workers  how many workers poll; @p hooks live as long as the program.
 *  @return 0 or -ENOMEM */
int weft_running_init(uint16_t n_workers, const struct weft_running_hooks *hooks);

/** Closes all ports. No worker runs any more. */
void weft_running_fini(void);

/**
 * Makes a document the running configuration and takes it over; on failure it stays the caller's.
 *
 * @return 0; or negative errno with every reason in @p errors, and nothing has changed
 */
int weft_running_apply(struct weft_conf *conf, struct weft_errors *errors);

/**
 * Adds members to a group of the running document, or takes them out; they are or are not members
 * from then on. In @p ips stay those for which that was news.
 *
 * @return 0; or negative errno with the reason in @p errors, and nothing has changed
 */
int weft_running_add_members(const struct weft_conf_group *group, struct weft_ips *ips,
			     struct weft_errors *errors);
void weft_running_del_members(const struct weft_conf_group *group, struct weft_ips *ips);

/** The document that runs; NULL before the first apply. */
const struct weft_conf *weft_running_conf(void);

/** Parts of the document by number; NULL if there is none. */
const struct weft_conf_port *weft_running_port(uint16_t id); /* NULL for a wire too */
const struct weft_conf_wire *weft_running_wire(uint16_t id);
const struct weft_conf_network *weft_running_network(uint16_t id);

/** Changes so far, and when the last one was, in seconds of weft_clock_sec(). */
uint32_t weft_running_number(void);
uint32_t weft_running_applied_sec(void);

/** Lets drivers look after their links; call about once a second. */
void weft_running_refresh(void);

/** Only the first @p n of all ports (wires, then ports, in the document's order) receive: used to
 *  let
 *  pcap files be read one after the other. UINT32_MAX: all. Takes effect at once. @return 0 or
 * -ENOMEM */
int weft_running_poll_first(uint32_t n);

#endif
