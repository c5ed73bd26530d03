/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * journal: what security groups and firewalls were asked to log.
 *
 * Workers do not write logs: each leaves records in a ring of its own, within the budget of the
 * port, and the control thread makes lines of them, for the daemon's log and for `log list`.
 *
 * Threads: note by workers; the rest by the control thread.
 */
#ifndef WEFT_PATH_JOURNAL_H
#define WEFT_PATH_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/conntrack.h"
#include "topology/topology.h"

struct weft_walk;

/** Multiple of 4 bytes, for rte_ring. */
struct weft_journal_record {
	uint32_t now_ms;
	uint32_t rule; /* number in the group, or of the router; 0: no rule of a group */
	uint16_t port;
	uint8_t direction; /* enum weft_direction, or weft_firewall_direction */
	uint8_t tcp_flags, icmp_type, icmp_code;
	bool is_accepted;
	bool is_router; /* a rule of its firewall; otherwise of a group */
	struct weft_tuple tuple;
	char whose[WEFT_CONF_NAME_MAX + 1]; /* group or router */
};

/** Notes that @p rule has let a new packet through a port, or, if it is NULL, that none did. */
void weft_journal_note(struct weft_walk *walk, const struct weft_attachment *port,
		       enum weft_direction direction, const struct weft_rule *rule);

/** Notes that a rule of a router's firewall has decided about a new packet, if it is to be logged.
 *  @param rule  number; 0: none */
void weft_journal_note_rule(struct weft_walk *walk, const struct weft_router *router,
			    const struct weft_conn_packet *packet,
			    enum weft_firewall_direction direction, uint32_t rule);

/** @return 0 or -ENOMEM */
int weft_journal_create(uint16_t n_workers);
void weft_journal_destroy(void);

/** Gives the records of all workers, in the order of each. */
void weft_journal_drain(void (*take)(const struct weft_journal_record *record));

/** Records that were lost: beyond the budget of a port, or because a ring was full. */
uint64_t weft_journal_lost(void);

#endif
