/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow list
 *
 * A flow table belongs to its worker, so the worker itself copies: a few flows per job, so that
 * packets wait for microseconds only. Words are made from the copies here. Between two jobs the
 * table changes: a flow that comes or goes meanwhile may be missing, and one that moves because the
 * table grows may be listed twice.
 */
#include "core/clock.h"
#include "path/packet.h"
#include "show/show.h"

#define FLOW_CMD_SLICE 64 /* flows that one job copies */
#define FLOW_CMD_LINES 256 /* lines of the table that one job looks at */
#define FLOW_CMD_OUTPUTS 16 /* of a flood; more are only counted */

_Static_assert(FLOW_CMD_SLICE >= 2 * WEFT_FLOW_WAYS, "a job copies whole lines");

struct flow_cmd_copy {
	struct weft_key key;
	uint64_t packets, bytes;
	uint32_t age_ms, idle_ms;
	bool is_fresh;
	uint16_t n_outputs; /* of a flood: how many there are; copied are fewer */
	struct weft_answer answer;
	struct weft_rewrite rewrite; /* if it is translated */
	struct weft_output outputs[FLOW_CMD_OUTPUTS];
	struct weft_encap encaps[FLOW_CMD_OUTPUTS + 1]; /* of the outputs, then of the answer */
};

/* What a job gets and gives. */
struct flow_cmd_slice {
	struct weft_show_filter filter;
	uint32_t now_ms;
	uint32_t line; /* the next one */
	uint32_t n;
	struct flow_cmd_copy flows[FLOW_CMD_SLICE];
};

/* ---- on the worker ---- */

static uint32_t
flow_cmd_since(uint32_t now_ms, uint32_t then_ms)
{
	int32_t elapsed = (int32_t)(now_ms - then_ms);

	return elapsed < 0 ? 0 : (uint32_t)elapsed;
}

/* The heads of tunnels stay with the worker, which may free them. */
static void
flow_cmd_copy_encap(struct weft_output *output, struct weft_encap *copy)
{
	if (output->encap == NULL)
		return;
	copy->head = output->encap->head;
	output->encap = copy;
}

static void
flow_cmd_copy_group(struct flow_cmd_copy *copy, const struct weft_group *group)
{
	if (group == NULL) {
		flow_cmd_copy_encap(&copy->answer.output, &copy->encaps[FLOW_CMD_OUTPUTS]);
		return;
	}
	copy->n_outputs = group->n;
	memcpy(copy->outputs, group->outputs,
	       RTE_MIN(group->n, FLOW_CMD_OUTPUTS) * sizeof(copy->outputs[0]));
	for (uint16_t i = 0; i < RTE_MIN(group->n, FLOW_CMD_OUTPUTS); i++)
		flow_cmd_copy_encap(&copy->outputs[i], &copy->encaps[i]);
}

static void
flow_cmd_visit(struct weft_flow_table *table, struct weft_flow *flow, void *context)
{
	struct flow_cmd_slice *slice = context;
	struct flow_cmd_copy *copy = &slice->flows[slice->n];

	weft_flow_key(table, flow, &copy->key);
	if ((slice->filter.port != WEFT_SHOW_ALL && slice->filter.port != copy->key.arrival) ||
	    (slice->filter.network != WEFT_SHOW_ALL &&
	     slice->filter.network != flow->answer.network))
		return;
	copy->packets = flow->packets;
	copy->bytes = flow->bytes;
	copy->age_ms = flow_cmd_since(slice->now_ms, flow->born_ms);
	copy->idle_ms = flow_cmd_since(slice->now_ms, flow->used_ms);
	copy->is_fresh = weft_flow_is_fresh(table, flow);
	copy->answer = flow->answer;
	if (flow->answer.is_translated)
		copy->rewrite = weft_flow_more(table, flow)->rewrite;
	copy->n_outputs = 0;
	flow_cmd_copy_group(copy, weft_answer_group(&flow->answer));
	slice->n++;
}

static void
flow_cmd_job(void *worker, void *context)
{
	struct weft_flow_table *table = ((struct weft_worker *)worker)->table;
	struct flow_cmd_slice *slice = context;
	uint32_t end = RTE_MIN(slice->line + FLOW_CMD_LINES, weft_flow_table_lines(table));

	slice->n = 0;
	while (slice->line < end && slice->n + WEFT_FLOW_WAYS <= FLOW_CMD_SLICE)
		weft_flow_visit_line(table, slice->line++, flow_cmd_visit, slice);
}

/* ---- on the control thread ---- */

static void
flow_cmd_add_translation(const struct flow_cmd_copy *flow, char *text, size_t size)
{
	struct weft_translation_pair pair;
	char what[128];

	weft_packet_read_key(&flow->key, 0, &pair.was);
	weft_rewrite_apply(&flow->rewrite, &pair);
	weft_translation_format(&pair, what, sizeof(what));
	snprintf(text + strlen(text), size - strlen(text), " %s", what);
}

/* What the flow does; a flow that something has changed beneath does nothing: its next packet asks
 * the stages again. */
static json_t *
flow_cmd_answer(const struct flow_cmd_copy *flow)
{
	uint16_t n = RTE_MIN(flow->n_outputs, FLOW_CMD_OUTPUTS);
	char text[FLOW_CMD_OUTPUTS * (WEFT_CONF_NAME_MAX + 80) + 192];

	if (!flow->is_fresh)
		return json_string("stale");
	weft_answer_format(weft_topology, &flow->key, &flow->answer, flow->outputs, n, text,
			   sizeof(text));
	if (flow->answer.is_translated)
		flow_cmd_add_translation(flow, text, sizeof(text));
	if (flow->n_outputs > n)
		return json_sprintf("%s and %u more", text, flow->n_outputs - n);
	return json_string(text);
}

/* The port has a column of its own, so the key is shown without it. */
static json_t *
flow_cmd_row(uint16_t worker, const struct flow_cmd_copy *flow)
{
	char key[WEFT_KEY_TEXT];

	weft_key_format(&flow->key, "", key);
	return json_pack("{s:i, s:o, s:o, s:s, s:o, s:I, s:I, s:i, s:i}", "worker", worker, "port",
			 weft_show_port_name(flow->key.arrival), "network",
			 weft_show_network_name(flow->answer.network), "key",
			 key + strspn(key, " "), "answer", flow_cmd_answer(flow), "packets",
			 (json_int_t)flow->packets, "bytes", (json_int_t)flow->bytes, "age_sec",
			 (int)(flow->age_ms / 1000), "idle_sec", (int)(flow->idle_ms / 1000));
}

static void
flow_cmd_add_worker(json_t *rows, uint16_t worker, uint64_t limit,
		    const struct weft_show_filter *filter)
{
	static struct flow_cmd_slice slice;
	uint32_t lines = weft_flow_table_lines(weft_workers[worker]->table);

	slice.filter = *filter;
	slice.line = 0;
	while (slice.line < lines && json_array_size(rows) < limit) {
		slice.now_ms = weft_clock_ms();
		weft_worker_call(weft_workers[worker], flow_cmd_job, &slice);
		for (uint32_t i = 0; i < slice.n && json_array_size(rows) < limit; i++)
			json_array_append_new(rows, flow_cmd_row(worker, &slice.flows[i]));
	}
}

static json_t *
flow_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	uint64_t limit = weft_cmd_number(call, "limit", WEFT_CMD_ROWS_LIMIT);
	uint64_t only = weft_cmd_number(call, "worker", UINT64_MAX);
	struct weft_show_filter filter;
	json_t *rows;

	weft_show_filter_read(call, &filter, errors);
	if (only != UINT64_MAX && only >= weft_n_workers)
		weft_errors_add(errors, "no worker %u; workers are 0 to %u", (unsigned int)only,
				weft_n_workers - 1u);
	if (!weft_errors_is_empty(errors))
		return NULL;
	rows = json_array();
	for (uint16_t worker = 0; worker < weft_n_workers; worker++)
		if (only == UINT64_MAX || only == worker)
			flow_cmd_add_worker(rows, worker, limit == 0 ? UINT64_MAX : limit, &filter);
	return rows;
}

WEFT_CMD("flow", "list", flow_cmd_list);
