/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * burst: the path of every packet.
 *
 * Four passes over a burst, so that what one pass prefetches has arrived when the next one reads
 * it: the frame; the key and the line of signatures; the entry; the answer. Packets are acted on in
 * the order of their arrival, and a packet that misses is walked right there, so no packet of a
 * flow overtakes another.
 */
#include "core/clock.h"
#include "worker/worker.h"

/* Answers that are not kept still need the pieces around them. */
struct burst_decision {
	const struct weft_answer *answer;
	const struct weft_output *outputs; /* of a flood */
	uint16_t n_outputs;
};

static void
burst_flood(struct weft_worker *worker, uint16_t arrival, const struct weft_output *outputs,
	    uint16_t n, struct rte_mbuf *packet)
{
	worker->counts[arrival].copies += n - 1u;
	for (uint16_t i = 0; i < n - 1; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(packet, packet->pool, 0, UINT32_MAX);

		if (unlikely(copy == NULL)) {
			worker->counts[arrival].drops[DROP_WORKER_NO_BUFFER]++;
			continue;
		}
		weft_act_rewrite(copy, &outputs[i]);
		weft_tx_add(worker, outputs[i].port, copy);
	}
	weft_act_rewrite(packet, &outputs[n - 1]);
	weft_tx_add(worker, outputs[n - 1].port, packet);
}

static __rte_noinline void
burst_act_rarely(struct weft_worker *worker, uint16_t arrival,
		 const struct burst_decision *decision, struct rte_mbuf *packet)
{
	const struct weft_answer *answer = decision->answer;

	if (answer->kind == WEFT_ANSWER_DROP)
		weft_tx_drop(worker, arrival, answer->drop, packet);
	else
		burst_flood(worker, arrival, decision->outputs, decision->n_outputs, packet);
}

static __rte_always_inline void
burst_act(struct weft_worker *worker, uint16_t arrival, const struct weft_answer *answer,
	  struct rte_mbuf *packet)
{
	if (likely(answer->kind == WEFT_ANSWER_FORWARD)) {
		weft_act_rewrite(packet, &answer->output);
		weft_tx_add(worker, answer->output.port, packet);
		return;
	}
	burst_act_rarely(worker, arrival,
			 &(struct burst_decision){
				 .answer = answer,
				 .outputs = answer->group == NULL ? NULL : answer->group->outputs,
				 .n_outputs = answer->group == NULL ? 0 : answer->group->n,
			 },
			 packet);
}

static __rte_always_inline void
burst_count(const struct weft_worker *worker, struct weft_flow *flow, uint32_t bytes)
{
	flow->packets++;
	flow->bytes += bytes;
	flow->used_ms = worker->now_ms;
}

/* Remembers an answer under a key, in the entry that there is or in a new one. */
static struct weft_flow *
burst_remember(struct weft_worker *worker, const struct weft_key *key, uint64_t hash,
	       struct weft_flow *flow, const struct weft_walk *walk,
	       const struct weft_answer *answer)
{
	struct weft_group *group = NULL;

	if (answer->kind == WEFT_ANSWER_FLOOD) {
		group = weft_group_get(&worker->table->groups, walk->outputs, walk->n_outputs);
		if (group == NULL)
			return NULL;
	}
	if (flow == NULL)
		flow = weft_flow_add(worker->table, key, hash, worker->now_ms);
	else
		weft_flow_reset(flow);
	flow->answer = *answer;
	flow->answer.group = group;
	flow->sum = walk->sum;
	return flow;
}

/* Receivers of a flood that could not be sent a copy; the packet itself stands for one of them if
 * there is no other output. */
static void
burst_count_too_big(struct weft_worker *worker, uint16_t arrival, const struct weft_walk *walk)
{
	uint32_t copies = walk->n_too_big - (walk->n_outputs == 0 ? 1u : 0u);

	worker->counts[arrival].copies += copies;
	worker->counts[arrival].drops[DROP_DELIVER_TOO_BIG] += copies;
}

static void
burst_walk(struct weft_worker *worker, const struct weft_key *key, uint64_t hash,
	   struct weft_flow *flow, struct rte_mbuf *packet)
{
	uint32_t bytes = packet->pkt_len;
	uint64_t start = rte_rdtsc();
	struct weft_answer answer;
	struct weft_walk walk = {
		.topology = worker->topology,
		.key = key,
		.frame = rte_pktmbuf_mtod(packet, const uint8_t *),
		.frame_length = packet->data_len,
		.wire_length = bytes,
		.now_sec = weft_clock_sec_at(worker->now_tsc),
		.outputs = worker->outputs,
	};
	bool is_kept = weft_walk_run(&walk, &answer);

	if (is_kept)
		flow = burst_remember(worker, key, hash, flow, &walk, &answer);
	if (is_kept && flow != NULL)
		burst_count(worker, flow, bytes);
	if (unlikely(walk.n_too_big > 0))
		burst_count_too_big(worker, key->arrival, &walk);
	worker->misses++;
	worker->walk_cycles += rte_rdtsc() - start;
	if (answer.kind == WEFT_ANSWER_FORWARD)
		burst_act(worker, key->arrival, &answer, packet);
	else
		burst_act_rarely(worker, key->arrival,
				 &(struct burst_decision){ &answer, walk.outputs, walk.n_outputs },
				 packet);
}

/* No entry, or one that is stale or does not speak of frames this long. */
static __rte_noinline void
burst_miss(struct weft_worker *worker, const struct weft_attachment *arrival,
	   const struct weft_key *key, uint64_t hash, struct rte_mbuf *packet)
{
	struct weft_flow *flow = weft_flow_find(worker->table, key, hash);

	/* An earlier packet of this burst may have brought the answer by now. */
	if (flow != NULL && packet->pkt_len <= flow->answer.longest &&
	    flow->sum == weft_answer_sum(&flow->answer)) {
		worker->hits++;
		burst_count(worker, flow, packet->pkt_len);
		burst_act(worker, key->arrival, &flow->answer, packet);
		return;
	}
	if (!weft_budget_take(worker, arrival)) {
		weft_tx_drop(worker, key->arrival, DROP_WORKER_MISS_BUDGET, packet);
		return;
	}
	burst_walk(worker, key, hash, flow, packet);
}

/* Pass two: reads keys, drops what is none, closes the gaps. @return packets left */
static __rte_always_inline uint16_t
burst_parse(struct weft_worker *worker, const struct weft_attachment *arrival,
	    struct rte_mbuf **pkts, uint16_t n, struct weft_key *keys, uint64_t *hashes)
{
	struct weft_port_count *count = &worker->counts[arrival->port->id];
	uint16_t id = arrival->port->id, left = 0;
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *packet = pkts[i];
		enum weft_key_fault fault =
			weft_key_parse(&keys[left], rte_pktmbuf_mtod(packet, const uint8_t *),
				       packet->data_len, id, &arrival->depth);

		bytes += packet->pkt_len;
		if (unlikely(fault != WEFT_KEY_FINE)) {
			weft_tx_drop(worker, id,
				     fault == WEFT_KEY_RUNT ? DROP_TERMINATE_RUNT :
							      DROP_TERMINATE_TRUNCATED,
				     packet);
			continue;
		}
		hashes[left] = weft_key_hash(&keys[left], worker->table->seed);
		weft_flow_prefetch_line(worker->table, hashes[left]);
		pkts[left++] = packet;
	}
	count->rx_packets += n;
	count->rx_bytes += bytes;
	return left;
}

void
weft_burst_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
		   struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_key keys[WEFT_BURST];
	uint64_t hashes[WEFT_BURST];
	struct weft_flow *flows[WEFT_BURST];
	uint32_t hits = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	n = burst_parse(worker, arrival, pkts, n, keys, hashes);
	for (uint16_t i = 0; i < n; i++) {
		flows[i] = weft_flow_candidate(worker->table, hashes[i]);
		if (flows[i] == NULL)
			continue;
		rte_prefetch0(flows[i]);
		rte_prefetch0(&flows[i]->answer);
	}
	for (uint16_t i = 0; i < n; i++) {
		struct weft_flow *flow = flows[i];
		struct rte_mbuf *packet = pkts[i];

		if (unlikely(flow == NULL || !weft_flow_is(worker->table, flow, &keys[i]) ||
			     packet->pkt_len > flow->answer.longest ||
			     flow->sum != weft_answer_sum(&flow->answer))) {
			burst_miss(worker, arrival, &keys[i], hashes[i], packet);
			continue;
		}
		hits++;
		burst_count(worker, flow, packet->pkt_len);
		burst_act(worker, arrival->port->id, &flow->answer, packet);
	}
	worker->hits += hits;
}
