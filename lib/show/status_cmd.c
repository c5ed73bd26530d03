/* SPDX-License-Identifier: BSD-3-Clause */
/* status */
#include <unistd.h>

#include "conntrack/conntrack.h"
#include "core/clock.h"
#include "port/buffers.h"
#include "show/facts.h"
#include "show/show.h"
#include "topology/running.h"

struct weft_status_facts weft_status_facts;

void
weft_status_set_facts(const struct weft_status_facts *facts)
{
	weft_status_facts = *facts;
}

static json_t *
status_cmd_buffers(void)
{
	return json_pack("{s:I, s:I, s:I}", "total", (json_int_t)weft_buffers->size, "in_use",
			 (json_int_t)rte_mempool_in_use_count(weft_buffers), "bytes",
			 (json_int_t)weft_buffers->size * weft_buffers_bytes_each());
}

static json_t *
status_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const struct weft_conf *conf = weft_running_conf();
	const char *polling = conf->host.polling == WEFT_POLLING_BUSY ? "busy" : "adaptive";

	(void)call;
	(void)errors;
	return json_pack("{s:s?, s:i, s:I, s:s?, s:i, s:I, s:i, s:i, s:i, s:i, s:I, s:i, s:i, s:o, "
			 "s:b, s:s}",
			 "version", weft_status_facts.version, "pid", (int)getpid(), "uptime_sec",
			 (json_int_t)weft_clock_sec(), "config_file", weft_status_facts.config_file,
			 "config_number", (int)weft_running_number(), "config_age_sec",
			 (json_int_t)(weft_clock_sec() - weft_running_applied_sec()), "ports",
			 (int)conf->n_ports, "networks", (int)conf->n_networks, "physical_networks",
			 (int)conf->n_wires, "workers", weft_n_workers, "flows",
			 (json_int_t)weft_show_flow_count(), "fdb_entries", (int)weft_fdb_count(),
			 "connections", (int)weft_conn_count(), "buffers", status_cmd_buffers(),
			 "hugepages", weft_status_facts.has_hugepages, "polling", polling);
}

WEFT_CMD("status", NULL, status_cmd_show);
