/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace: the walk of one packet, with its stages talking.
 *
 * It is the walk that traffic takes, run dry on the control thread: nothing is sent, learned or
 * counted. Only removing FDB entries could hurt a reader that is no worker, and that is the
 * control thread's own work.
 */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "show/show.h"
#include "show/trace_compose.h"

/* The packet in question. */
struct trace_cmd {
	uint16_t port;
	uint32_t frame_length, wire_length; /* of what is there, and of the whole frame */
	uint8_t frame[WEFT_TRACE_FRAME_MAX] __rte_aligned(8);
	struct weft_key key;
	struct weft_trace trace;
	struct weft_answer answer;
	struct weft_output outputs[WEFT_PLACES_MAX];
	uint16_t n_outputs, n_waits;
	uint16_t waits[WEFT_PLACES_MAX];
	struct weft_reply reply;
	struct weft_filter far;
	struct weft_passages passages;
	struct weft_encaps encaps;
};

/* ---- from arguments to a frame ---- */

static bool
trace_cmd_read_hex(struct trace_cmd *trace, const char *hex, uint64_t length,
		   struct weft_errors *errors)
{
	int bytes = weft_trace_hex_parse(hex, trace->frame, errors);

	if (bytes < 0)
		return false;
	trace->frame_length = (uint32_t)bytes;
	trace->wire_length = length == 0 ? (uint32_t)bytes : (uint32_t)length;
	if (trace->wire_length < trace->frame_length)
		weft_errors_add(errors, "length: %u bytes, but frame has %u already",
				trace->wire_length, trace->frame_length);
	return weft_errors_is_empty(errors);
}

static bool
trace_cmd_read(struct trace_cmd *trace, const struct weft_cmd_call *call,
	       struct weft_errors *errors)
{
	const char *words = weft_cmd_string(call, "words");
	const char *hex = weft_cmd_string(call, "frame");
	int32_t port = weft_show_find_port(weft_cmd_string(call, "port"), errors);

	if (port < 0)
		return false;
	trace->port = (uint16_t)port;
	if ((words == NULL) == (hex == NULL)) {
		weft_errors_add(errors, "one packet is needed: in words, like eth "
					"dst=02:00:00:00:00:0b, or of a file, --pcap FILE");
		return false;
	}
	if (words != NULL) {
		int length = weft_trace_compose(trace->port, words, trace->frame, errors);

		trace->frame_length = trace->wire_length = (uint32_t)length;
		return length > 0;
	}
	return trace_cmd_read_hex(trace, hex, weft_cmd_number(call, "length", 0), errors);
}

/* ---- the walk ---- */

static void
trace_cmd_note(struct trace_cmd *trace, enum weft_stage stage, const char *says)
{
	struct weft_trace_line *line = &trace->trace.lines[WEFT_TRACE_LINES - 1];

	if (trace->trace.n < WEFT_TRACE_LINES)
		line = &trace->trace.lines[trace->trace.n++];
	line->stage = stage;
	snprintf(line->says, sizeof(line->says), "%s", says);
}

/* The worker drops what has no readable header before any stage is asked. */
static void
trace_cmd_refuse(struct trace_cmd *trace, enum weft_drop drop)
{
	char says[160];

	trace->answer = (struct weft_answer){
		.kind = WEFT_ANSWER_DROP,
		.drop = (uint16_t)drop,
		.network = WEFT_NO_NETWORK,
	};
	snprintf(says, sizeof(says), "drop %s: %s", weft_drop_texts[drop].word,
		 weft_drop_texts[drop].sentence);
	trace_cmd_note(trace, WEFT_STAGE_terminate, says);
}

static void
trace_cmd_walk(struct trace_cmd *trace)
{
	struct weft_walk walk = {
		.topology = weft_topology,
		.key = &trace->key,
		.frame = trace->frame,
		.frame_length = trace->frame_length,
		.wire_length = trace->wire_length,
		.now_sec = weft_clock_sec(),
		.now_ms = weft_clock_ms(),
		.is_dry = true,
		.trace = &trace->trace,
		.outputs = trace->outputs,
		.waits = trace->waits,
		.encaps = &trace->encaps,
		.reply = &trace->reply,
		.far = &trace->far,
		.passages = &trace->passages,
	};

	weft_walk_run(&walk, &trace->answer);
	trace->n_outputs = walk.n_outputs;
	trace->n_waits = walk.n_waits;
	if (trace->trace.n == WEFT_TRACE_LINES)
		trace_cmd_note(trace, WEFT_STAGES - 1, "and so on: too many to be told");
	/* Not a stage finds that out: nobody is left after all were asked. */
	if (trace->answer.kind == WEFT_ANSWER_DROP && trace->answer.drop == DROP_BRIDGE_NO_RECEIVER)
		trace_cmd_note(trace, WEFT_STAGE_bridge,
			       weft_drop_texts[DROP_BRIDGE_NO_RECEIVER].sentence);
}

static void
trace_cmd_run(struct trace_cmd *trace)
{
	const struct weft_attachment *arrival = weft_topology->attachments[trace->port];

	switch (weft_key_read(&trace->key, trace->frame, trace->frame_length, trace->wire_length,
			      trace->port, &arrival->depth, &arrival->terminator)) {
	case WEFT_KEY_RUNT:
		trace_cmd_refuse(trace, DROP_TERMINATE_RUNT);
		break;
	case WEFT_KEY_TRUNCATED:
		trace_cmd_refuse(trace, DROP_TERMINATE_TRUNCATED);
		break;
	default:
		trace_cmd_walk(trace);
	}
}

/* ---- the cache ---- */

struct trace_cmd_cached {
	const struct trace_cmd *trace;
	bool is_there;
	uint64_t packets;
};

/* On a worker: would a packet like this be answered from memory? */
static void
trace_cmd_look(void *worker, void *context)
{
	const struct weft_flow_table *table = ((struct weft_worker *)worker)->table;
	struct trace_cmd_cached *cached = context;
	const struct weft_key *key = &cached->trace->key;
	const struct weft_flow *flow = weft_flow_find(table, key, weft_key_hash(key, table->seed));

	cached->is_there = flow != NULL && weft_flow_is_fresh(table, flow) &&
			   cached->trace->wire_length <= flow->answer.longest;
	if (cached->is_there)
		cached->packets = flow->packets;
}

static json_t *
trace_cmd_cached(const struct trace_cmd *trace)
{
	json_t *rows = json_array();

	for (uint16_t i = 0; i < weft_n_workers && trace->n_outputs > 0; i++) {
		struct trace_cmd_cached cached = { .trace = trace };

		weft_worker_call(weft_workers[i], trace_cmd_look, &cached);
		if (cached.is_there)
			json_array_append_new(rows, json_pack("{s:i, s:I}", "worker", i, "packets",
							      (json_int_t)cached.packets));
	}
	return rows;
}

/* ---- words ---- */

/* The frame as a person reads it, whatever the key of this port leaves out; of a tunnel the one
 * inside. */
static json_t *
trace_cmd_frame(const struct trace_cmd *trace)
{
	uint32_t at = weft_key_offset(&trace->key);
	char text[WEFT_KEY_TEXT];
	struct weft_key key;

	if (weft_key_parse(&key, trace->frame + at, trace->frame_length - at, trace->port,
			   &weft_depth_all) != WEFT_KEY_FINE)
		return json_sprintf("%u bytes", trace->wire_length);
	if (at != 0) {
		key.kind |= WEFT_KEY_TUNNELLED;
		key.outer = trace->key.outer;
	}
	weft_key_format(&key, "", text);
	return json_sprintf("%s, %u bytes", text + strspn(text, " "), trace->wire_length);
}

static json_t *
trace_cmd_stages(const struct weft_trace *trace)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < trace->n; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "stage",
						      weft_stage_name(trace->lines[i].stage),
						      "says", trace->lines[i].says));
	return rows;
}

static json_t *
trace_cmd_answer(const struct trace_cmd *trace)
{
	size_t size = (trace->n_outputs + 2u) * (WEFT_CONF_NAME_MAX + 80);
	char *text = malloc(size), what[128];
	json_t *answer;

	if (text == NULL)
		abort();
	weft_answer_format(weft_topology, &trace->key, &trace->answer, trace->outputs,
			   trace->n_outputs, text, size);
	weft_translation_format(&trace->passages.packet, what, sizeof(what));
	answer = trace->answer.is_translated && trace->answer.kind != WEFT_ANSWER_DROP ?
			 json_sprintf("%s %s", text, what) :
			 json_string(text);
	free(text);
	return answer;
}

static json_t *
trace_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	static struct trace_cmd trace;
	const struct weft_drop_text *text;
	json_t *verdict, *reason = json_null(), *row;

	memset(&trace, 0, sizeof(trace));
	if (!trace_cmd_read(&trace, call, errors))
		return NULL;
	trace_cmd_run(&trace);
	text = &weft_drop_texts[trace.answer.drop];
	if (trace.answer.kind == WEFT_ANSWER_DROP) {
		verdict = json_sprintf("drop: %s", text->word);
		reason = json_sprintf("%s/%s", text->stage, text->word);
	} else if (trace.answer.kind == WEFT_ANSWER_REPLY) {
		verdict = json_string("answer");
	} else if (trace.n_waits > 0) {
		verdict = json_string("wait");
	} else {
		verdict = json_string(trace.n_outputs > 1 ? "flood" : "forward");
	}
	row = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "arrival",
			weft_show_port_name(trace.port), "frame", trace_cmd_frame(&trace), "stages",
			trace_cmd_stages(&trace.trace), "verdict", verdict, "reason", reason,
			"answer", trace_cmd_answer(&trace), "cached", trace_cmd_cached(&trace));
	for (uint16_t i = 0; i < trace.n_outputs; i++)
		weft_encap_put(trace.outputs[i].encap);
	weft_encap_put(trace.reply.encap);
	return row;
}

WEFT_CMD("trace", NULL, trace_cmd_show);
