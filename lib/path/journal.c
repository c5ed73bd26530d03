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

void
weft_journal_note(struct weft_walk *walk, const struct weft_attachment *port,
		  enum weft_direction direction, const struct weft_rule *rule)
{
	const struct weft_conn_packet *packet = &walk->filter->packet;
	struct weft_journal_record record = {
		.now_ms = walk->now_ms,
		.rule = rule == NULL ? 0 : rule->number,
		.port = port->port->id,
		.direction = (uint8_t)direction,
		.tcp_flags = packet->tcp_flags,
		.icmp_type = packet->icmp_type,
		.icmp_code = packet->icmp_code,
		.tuple = packet->tuple,
	};
	struct journal_ring *ring = &journal_rings[walk->worker];

	if (walk->is_dry || ring->ring == NULL)
		return;
	if (rule != NULL)
		snprintf(record.group, sizeof(record.group), "%s", rule->group);
	if (!weft_walk_spend(walk, record.port, WEFT_BUDGET_LOG) ||
	    rte_ring_sp_enqueue_elem(ring->ring, &record, sizeof(record)) != 0)
		ring->lost++;
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
