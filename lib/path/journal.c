/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/journal.h"

#include <errno.h>
#include <stdio.h>

#include <rte_ring_elem.h>

#include "path/spend.h"
#include "path/walk.h"

#define JOURNAL_RECORDS 1024 /* per worker; a power of two */

_Static_assert(sizeof(struct weft_journal_record) % 4 == 0, "an element of a ring");

static struct journal_ring {
	struct rte_ring *ring; /* [I] one writes, one reads */
	uint64_t lost; /* [S] */
} __rte_cache_aligned journal_rings[WEFT_WORKERS_MAX];

static uint16_t journal_n_rings; /* [I] */

int
weft_journal_create(uint16_t n_workers)
{
	for (uint16_t i = 0; i < n_workers; i++) {
		char name[32];

		snprintf(name, sizeof(name), "weft_journal_%u", i);
		journal_rings[i].ring = rte_ring_create_elem(
			name, sizeof(struct weft_journal_record), JOURNAL_RECORDS, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (journal_rings[i].ring == NULL)
			return -ENOMEM;
		journal_n_rings = (uint16_t)(i + 1);
	}
	return 0;
}

void
weft_journal_destroy(void)
{
	while (journal_n_rings > 0) {
		rte_ring_free(journal_rings[--journal_n_rings].ring);
		journal_rings[journal_n_rings].ring = NULL;
	}
}

static struct weft_journal_record
journal_record(const struct weft_walk *walk, uint16_t port, const struct weft_conn_packet *packet)
{
	return (struct weft_journal_record){
		.now_ms = walk->now_ms,
		.port = port,
		.tcp_flags = packet->tcp_flags,
		.icmp_type = packet->icmp_type,
		.icmp_code = packet->icmp_code,
		.tuple = packet->tuple,
	};
}

/* Within the budget of the port. */
static void
journal_put(struct weft_walk *walk, struct weft_journal_record *record)
{
	struct journal_ring *ring = &journal_rings[walk->worker];

	if (walk->is_dry || ring->ring == NULL)
		return;
	if (!weft_walk_spend(walk, record->port, WEFT_BUDGET_LOG) ||
	    rte_ring_sp_enqueue_elem(ring->ring, record, sizeof(*record)) != 0)
		ring->lost++;
}

void
weft_journal_note(struct weft_walk *walk, const struct weft_attachment *port,
		  enum weft_direction direction, const struct weft_rule *rule)
{
	struct weft_journal_record record =
		journal_record(walk, port->port->id, &walk->filter->packet);

	record.direction = (uint8_t)direction;
	record.is_accepted = rule != NULL;
	if (rule != NULL) {
		record.rule = rule->number;
		snprintf(record.whose, sizeof(record.whose), "%s", rule->group);
	}
	journal_put(walk, &record);
}

void
weft_journal_note_rule(struct weft_walk *walk, const struct weft_router *router,
		       const struct weft_conn_packet *packet,
		       enum weft_firewall_direction direction, uint32_t rule)
{
	struct weft_journal_record record = journal_record(walk, walk->key->arrival, packet);

	if (rule == 0 || !router->firewall.says[rule - 1].log)
		return;
	record.direction = (uint8_t)direction;
	record.is_router = true;
	record.is_accepted = weft_firewall_allows(&router->firewall, rule);
	record.rule = rule;
	snprintf(record.whose, sizeof(record.whose), "%s", router->name);
	journal_put(walk, &record);
}

void
weft_journal_drain(void (*take)(const struct weft_journal_record *record))
{
	struct weft_journal_record record;

	for (uint16_t i = 0; i < journal_n_rings; i++)
		while (rte_ring_sc_dequeue_elem(journal_rings[i].ring, &record, sizeof(record)) ==
		       0)
			take(&record);
}

uint64_t
weft_journal_lost(void)
{
	uint64_t lost = 0;

	for (uint16_t i = 0; i < journal_n_rings; i++)
		lost += __atomic_load_n(&journal_rings[i].lost, __ATOMIC_RELAXED);
	return lost;
}
