/* SPDX-License-Identifier: BSD-3-Clause */
/* place: which worker polls which queue. */
#include <errno.h>
#include <stdlib.h>

#include "topology/topology.h"

static uint16_t
place_fewest(const struct weft_topology *topology)
{
	uint16_t best = 0;

	for (uint16_t worker = 1; worker < topology->n_workers; worker++)
		if (topology->polls[worker].n < topology->polls[best].n)
			best = worker;
	return best;
}

static int
place_add(struct weft_polls *polls, struct weft_port *port, uint16_t queue)
{
	struct weft_poll *list = realloc(polls->list, (polls->n + 1) * sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	polls->list = list;
	list[polls->n++] = (struct weft_poll){ .port = port, .queue = queue };
	return 0;
}

/* By port number and queue: the worker that polled it before; n_workers: none did. */
struct placement {
	uint16_t workers[WEFT_PORTS_MAX][WEFT_QUEUES_MAX];
};

static struct placement *
place_before(const struct weft_topology *next, const struct weft_topology *old)
{
	struct placement *before = malloc(sizeof(*before));

	if (before == NULL)
		return NULL;
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		for (uint32_t queue = 0; queue < WEFT_QUEUES_MAX; queue++)
			before->workers[id][queue] = next->n_workers;
	for (uint16_t worker = 0; old != NULL && worker < next->n_workers; worker++) {
		const struct weft_polls *polls = &old->polls[worker];

		for (uint32_t i = 0; i < polls->n; i++)
			before->workers[polls->list[i].port->id][polls->list[i].queue] = worker;
	}
	return before;
}

/* Places the queues of a port that were polled before, or those that were not. */
static int
place_port(struct weft_topology *next, const struct placement *before, struct weft_port *port,
	   bool is_new)
{
	for (uint16_t queue = 0; queue < port->n_rxq; queue++) {
		uint16_t worker = before->workers[port->id][queue];

		if ((worker == next->n_workers) != is_new)
			continue;
		if (is_new)
			worker = place_fewest(next);
		if (place_add(&next->polls[worker], port, queue) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
place_all(struct weft_topology *next, const struct placement *before,
	  const struct weft_topology_parts *parts, bool is_new)
{
	const struct weft_conf *conf = parts->conf;
	uint32_t n = RTE_MIN(parts->polled, conf->n_wires + conf->n_ports);

	for (uint32_t i = 0; i < n; i++) {
		uint16_t id =
			i < conf->n_wires ? parts->wire_ids[i] : parts->port_ids[i - conf->n_wires];
		struct weft_port *port = parts->ports[id];

		if (port != NULL && place_port(next, before, port, is_new) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The new ones last: only then it is known who has the fewest. */
int
weft_topology_place(struct weft_topology *next, const struct weft_topology *old,
		    const struct weft_topology_parts *parts)
{
	struct placement *before = place_before(next, old);
	int rc = -ENOMEM;

	if (before != NULL)
		rc = place_all(next, before, parts, false);
	if (rc == 0)
		rc = place_all(next, before, parts, true);
	free(before);
	return rc;
}
