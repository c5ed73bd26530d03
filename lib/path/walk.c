/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/walk.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WALK_TRIES 3

typedef enum weft_drop walk_stage_fn(struct weft_walk *walk);

static walk_stage_fn *const walk_stages[] = {
#define STAGE(name, says) weft_stage_##name,
	WEFT_PATH(STAGE)
#undef STAGE
};

void
weft_walk_note(struct weft_walk *walk, const char *format, ...)
{
	struct weft_trace *trace = walk->trace;
	va_list args;

	if (trace->n == WEFT_TRACE_LINES)
		return;
	trace->lines[trace->n].stage = walk->stage;
	va_start(args, format);
	vsnprintf(trace->lines[trace->n].says, sizeof(trace->lines[0].says), format, args);
	va_end(args);
	trace->n++;
}

/* Asks the stages from @p from on, up to but not including @p to. */
static enum weft_drop
walk_ask(struct weft_walk *walk, uint32_t from, uint32_t to)
{
	for (uint32_t stage = from; stage < to; stage++) {
		enum weft_drop drop;

		walk->stage = stage;
		drop = walk_stages[stage](walk);
		if (drop == WEFT_NEXT)
			continue;
		if (drop < WEFT_DROPS_END)
			weft_walk_says(walk, "drop %s: %s", weft_drop_texts[drop].word,
				       weft_drop_texts[drop].sentence);
		return drop;
	}
	return WEFT_NEXT;
}

static uint8_t
walk_ecn(uint8_t note)
{
	if (note == WEFT_OUTER_SET_CE)
		return WEFT_ECN_CE;
	return note == WEFT_OUTER_SET_ECT1 ? WEFT_ECN_ECT1 : 0;
}

/* The difference between the headers as they arrived and as they leave. */
static void
walk_derive(const struct weft_walk *walk, struct weft_output *output)
{
	const struct weft_ether_head *leaving = &walk->leaving;
	uint16_t tpid = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	uint16_t tci = rte_cpu_to_be_16(WEFT_TAG_VID(leaving->tag));

	*output = (struct weft_output){
		.port = walk->out_port,
		.strip = (uint16_t)weft_key_offset(walk->key),
		.encap = walk->encap,
	};
	if (walk->encap != NULL)
		output->flags |= WEFT_OUTPUT_ENCAP;
	if (walk->is_fragmented)
		output->flags |= WEFT_OUTPUT_FRAGMENT;
	output->flags |= (uint8_t)(walk->n_hops << WEFT_OUTPUT_HOPS_SHIFT);
	if (weft_key_is_tunnelled(walk->key))
		output->flags |= walk_ecn(walk->key->outer.note);
	if (leaving->tag == walk->key->tag &&
	    rte_is_same_ether_addr(&leaving->dst, &walk->key->dst) &&
	    rte_is_same_ether_addr(&leaving->src, &walk->key->src))
		return;
	output->strip += walk->key->tag == 0 ? 12 : 16;
	output->head_length = leaving->tag == 0 ? 12 : 16;
	memcpy(output->head, &leaving->dst, 6);
	memcpy(output->head + 6, &leaving->src, 6);
	if (leaving->tag == 0)
		return;
	memcpy(output->head + 12, &tpid, 2);
	memcpy(output->head + 14, &tci, 2);
}

/* Asks one receiver. */
static enum weft_drop
walk_output(struct weft_walk *walk, uint16_t place)
{
	enum weft_drop drop;

	walk->out_place = place;
	walk->out_port = place;
	if (weft_place_is_remote(place))
		walk->out_port = walk->topology->endpoint->wire;
	walk->out = walk->topology->attachments[walk->out_port];
	walk->leaving.dst = walk->dst;
	walk->leaving.src = walk->src;
	walk->is_fragmented = false;
	walk->encap = NULL;
	drop = walk_ask(walk, WEFT_STAGE_PER_OUTPUT, WEFT_STAGES);
	walk->n_too_big += drop == DROP_DELIVER_TOO_BIG;
	if (drop == WEFT_NEXT)
		walk_derive(walk, &walk->outputs[walk->n_outputs++]);
	return drop;
}

/* Asks the receivers. One that is down, or cannot be reached, is no receiver; one that cannot take
 * a copy for its size has lost it, and that is counted. What came from a tunnel goes to none (split
 * horizon). @return the last reason for which one of them refused */
static enum weft_drop
walk_outputs(struct weft_walk *walk)
{
	bool is_tunnelled = weft_key_is_tunnelled(walk->key) && walk->n_hops == 0;
	enum weft_drop last = WEFT_NEXT;

	for (uint16_t i = 0; i < walk->n_receivers; i++) {
		uint16_t place = walk->receivers[i];
		enum weft_drop drop;

		if (place == walk->place || (is_tunnelled && weft_place_is_remote(place)))
			continue;
		drop = walk_output(walk, place);
		if (drop != WEFT_NEXT)
			last = drop;
	}
	return last;
}

/* A frame that has waited for a receiver goes there if that is one still: the configuration, or
 * where its destination is, may have changed meanwhile. */
static void
walk_narrow(struct weft_walk *walk)
{
	bool is_receiver = false;

	for (uint16_t i = 0; i < walk->n_receivers; i++)
		is_receiver |= walk->receivers[i] == walk->only;
	walk->receiver = walk->only;
	walk->receivers = &walk->receiver;
	walk->n_receivers = is_receiver ? 1 : 0;
	walk->is_cacheable = false;
}

/* A router on the way makes it begin again in the next network. */
static enum weft_drop
walk_find_receivers(struct weft_walk *walk)
{
	uint32_t from = walk->is_own ? WEFT_STAGE_bridge : 0;
	uint8_t n_hops;
	enum weft_drop drop;

	do {
		n_hops = walk->n_hops;
		drop = walk_ask(walk, from, WEFT_STAGE_PER_OUTPUT);
		from = WEFT_STAGE_bridge;
	} while (drop == WEFT_NEXT && walk->n_hops != n_hops);
	return drop;
}

static enum weft_drop
walk_decide(struct weft_walk *walk)
{
	enum weft_drop drop = walk_find_receivers(walk);

	if (drop != WEFT_NEXT)
		return drop;
	if (walk->has_waited && walk->only != WEFT_NO_PORT)
		walk_narrow(walk);
	/* The members slot covers the ports of a flood; a single receiver has its own. */
	if (walk->receivers == &walk->receiver)
		weft_walk_depend(walk, weft_place_is_remote(walk->receiver) ?
					       weft_endpoint_slot() :
					       weft_port_slot(walk->receiver));
	drop = walk_outputs(walk);
	if (walk->n_outputs + walk->n_waits > 0)
		return WEFT_NEXT;
	if (walk->n_too_big > 0)
		return DROP_DELIVER_TOO_BIG;
	return drop != WEFT_NEXT ? drop : DROP_BRIDGE_NO_RECEIVER;
}

static void
walk_put_outputs(const struct weft_walk *walk)
{
	for (uint16_t i = 0; i < walk->n_outputs; i++)
		weft_encap_put(walk->outputs[i].encap);
}

void
weft_walk_release(struct weft_walk *walk)
{
	walk_put_outputs(walk);
	if (walk->reply->is_there)
		weft_encap_put(walk->reply->encap);
}

/* Copies for a group are counted one by one, also if there is only one receiver. */
static bool
walk_is_metered(const struct weft_walk *walk)
{
	return !rte_is_unicast_ether_addr(&walk->key->dst) &&
	       walk->arrival->rates[WEFT_BUDGET_BROADCAST] != 0;
}

void
weft_walk_note_arrival(struct weft_walk *walk)
{
	walk->arrival_network = walk->network == NULL ? WEFT_NO_NETWORK : walk->network->id;
	walk->arrival_place = walk->place;
}

static enum weft_drop
walk_try(struct weft_walk *walk)
{
	enum weft_drop drop;

	walk->is_cacheable = true;
	walk->most_payload = UINT16_MAX;
	walk->filter = &walk->near;
	walk->dst = walk->key->dst;
	walk->src = walk->key->src;
	walk->passages->is_begun = false;
	drop = weft_filter_settle(walk, walk_decide(walk));
	/* The receivers were willing, but there is no connection for it. */
	if (drop != WEFT_NEXT && drop != WEFT_WAIT) {
		walk_put_outputs(walk);
		walk->n_outputs = walk->n_waits = 0;
	}
	return drop;
}

/* May a router that translates be on its way? */
static bool
walk_is_watched(const struct weft_walk *walk)
{
	uint16_t id = walk->key->arrival;
	const struct weft_attachment *arrival =
		id == WEFT_NO_PORT ? NULL : walk->topology->attachments[id];

	return walk->topology->is_watched && arrival != NULL && arrival->has_doors;
}

/* Where routers translate, others may be faster to take what a walk has chosen. */
static enum weft_drop
walk_try_again(struct weft_walk *walk)
{
	struct weft_walk given;
	enum weft_drop drop;

	if (likely(!walk_is_watched(walk)))
		return walk_try(walk);
	given = *walk;
	drop = walk_try(walk);
	for (int i = 0; i < WALK_TRIES && walk->must_retry; i++) {
		weft_walk_release(walk);
		walk->reply->is_there = false;
		*walk = given;
		walk->n_tries = (uint8_t)(i + 1);
		drop = walk_try(walk);
	}
	return drop;
}

bool
weft_walk_run(struct weft_walk *walk, struct weft_answer *answer)
{
	enum weft_drop drop = walk_try_again(walk);

	if (walk->n_hops == 0)
		weft_walk_note_arrival(walk);
	memset(answer, 0, sizeof(*answer));
	memcpy(answer->deps, walk->deps, RTE_MIN(walk->n_deps, WEFT_DEPS) * sizeof(walk->deps[0]));
	answer->network = walk->arrival_network;
	answer->is_learned = walk->is_learned;
	answer->is_translated = weft_passages_change(walk);
	answer->has_more =
		walk->n_deps > WEFT_DEPS || walk->filter == walk->far || walk->passages->is_begun;
	answer->place = walk->arrival_place;
	answer->longest = (uint16_t)RTE_MIN(walk->most_payload + weft_key_l3(walk->key),
					    (uint32_t)UINT16_MAX);
	if (drop == WEFT_DONE) {
		answer->kind = WEFT_ANSWER_REPLY;
	} else if (drop == WEFT_GATHER) {
		answer->kind = WEFT_ANSWER_GATHER;
	} else if (drop != WEFT_NEXT && drop != WEFT_WAIT) {
		answer->kind = WEFT_ANSWER_DROP;
		answer->drop = (uint8_t)drop;
	} else if (walk->n_outputs == 1 && walk->n_waits == 0 && !walk_is_metered(walk) &&
		   !(walk->outputs[0].flags & WEFT_OUTPUT_FRAGMENT)) {
		answer->kind = WEFT_ANSWER_FORWARD;
		answer->output = walk->outputs[0];
	} else {
		answer->kind = WEFT_ANSWER_FLOOD;
	}
	if (walk->network != NULL && weft_network_is_overlay(walk->network))
		answer->output.source_port =
			rte_cpu_to_be_16(0xc000 | (weft_walk_entropy(walk) & 0x3fff));
	/* The slots were read after the snapshot was loaded: if there is a newer one, they may say
	 * more than this walk has seen. */
	return walk->is_cacheable && weft_rcu_load(weft_topology) == walk->topology;
}

static int
walk_format_place(const struct weft_topology *topology, const struct weft_key *key,
		  const struct weft_output *output, char *text, size_t size)
{
	const char *port = weft_topology_port_name(topology, output->port);
	char remote[INET6_ADDRSTRLEN + 4] = "?";
	struct weft_ip address;
	uint16_t tci;

	if (output->encap != NULL) {
		const struct weft_encap_head *head = &output->encap->head;

		if (weft_remote_address(head->place, &address))
			weft_ip_format(&address, remote);
		return snprintf(text, size, "%s push %s %u to %s", port,
				weft_network_type_name(head->via), head->segment, remote);
	}
	if (output->head_length == 0)
		return snprintf(text, size, "%s", port);
	if (output->head_length == 12)
		return snprintf(text, size, "%s%s", port, key->tag != 0 ? " pop vlan" : "");
	memcpy(&tci, output->head + 14, sizeof(tci));
	return snprintf(text, size, "%s %s vlan %u", port, key->tag != 0 ? "set" : "push",
			WEFT_TAG_VID(rte_be_to_cpu_16(tci)));
}

static int
walk_format_output(const struct weft_topology *topology, const struct weft_key *key,
		   const struct weft_output *output, char *text, size_t size)
{
	int n = walk_format_place(topology, key, output, text, size);
	uint8_t hops = (output->flags & WEFT_OUTPUT_HOPS) >> WEFT_OUTPUT_HOPS_SHIFT;

	if (hops == 0 || n < 0 || (size_t)n >= size)
		return n;
	return n + snprintf(text + n, size - (size_t)n, " ttl -%u", hops);
}

void
weft_answer_format(const struct weft_topology *topology, const struct weft_key *key,
		   const struct weft_answer *answer, const struct weft_output *outputs, uint16_t n,
		   char *text, size_t size)
{
	size_t used;

	if (answer->kind == WEFT_ANSWER_DROP) {
		snprintf(text, size, "drop: %s", weft_drop_texts[answer->drop].word);
		return;
	}
	if (answer->kind == WEFT_ANSWER_REPLY || answer->kind == WEFT_ANSWER_GATHER) {
		snprintf(text, size,
			 answer->kind == WEFT_ANSWER_REPLY ? "answered by the switch" :
							     "waits for the rest of its datagram");
		return;
	}
	if (answer->kind == WEFT_ANSWER_FORWARD) {
		outputs = &answer->output;
		n = 1;
	}
	used = (size_t)snprintf(text, size,
				n == 0 ? "waits for a next hop" :
				n == 1 ? "to " :
					 "flood to ");
	for (uint16_t i = 0; i < n && used < size; i++) {
		if (i > 0)
			used += (size_t)snprintf(text + used, size - used, ", ");
		if (used < size)
			used += (size_t)walk_format_output(topology, key, &outputs[i], text + used,
							   size - used);
	}
}
