/* SPDX-License-Identifier: BSD-3-Clause */
/* worker list */
#include "show/show.h"
#include "worker/load.h"

static json_t *
worker_cmd_queues(const struct weft_polls *polls)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < polls->n; i++) {
		const struct weft_port *port = polls->list[i].port;
		uint16_t queue = polls->list[i].queue;

		json_array_append_new(
			rows, json_pack("{s:s, s:i, s:I, s:f}", "port", port->name, "queue", queue,
					"packets", (json_int_t)port->rxq[queue].packets,
					"busy_percent", weft_load_of_queue(port->id, queue)));
	}
	return rows;
}

static json_t *
worker_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	json_t *rows = json_array();

	(void)call;
	(void)errors;
	for (uint16_t i = 0; i < weft_n_workers; i++) {
		const struct weft_worker *worker = weft_workers[i];

		json_array_append_new(rows, json_pack("{s:i, s:i, s:f, s:i, s:I, s:o}", "worker", i,
						      "core", worker->core, "busy_percent",
						      weft_load_of_worker(i), "flows",
						      (int)worker->table->n_flows, "misses",
						      (json_int_t)worker->misses, "queues",
						      worker_cmd_queues(&weft_topology->polls[i])));
	}
	return rows;
}

WEFT_CMD("worker", "list", worker_cmd_list);
