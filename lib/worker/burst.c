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
#include "path/packet.h"
#include "worker/worker.h"

/* What a remembered answer says. */
static __rte_always_inline void
burst_act(struct weft_worker *worker, uint16_t arrival, const struct weft_flow *flow,
	  struct rte_mbuf *packet)
{
	const struct weft_answer *answer = &flow->answer;
	const struct weft_rewrite *rewrite = NULL;
	const struct weft_group *group;

	if (unlikely(answer->is_translated))
		rewrite = &weft_flow_more(worker->table, flow)->rewrite;
	if (likely(answer->kind == WEFT_ANSWER_FORWARD)) {
		if (likely(rewrite == NULL) ||
		    weft_spread_translate(worker, arrival, rewrite, NULL, packet))
			weft_worker_send(worker, &answer->output, packet);
		return;
	}
	group = weft_answer_group(answer);
	weft_spread(worker, arrival,
		    &(struct weft_decision){
			    .answer = answer,
			    .outputs = group == NULL ? NULL : group->outputs,
			    .n_outputs = group == NULL ? 0 : group->n,
			    .rewrite = rewrite,
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

/* What the sweep is to keep young. What is refused does that only to what was cut. */
static uint32_t
burst_conn(const struct weft_filter *filter, const struct weft_answer *answer)
{

	if (filter->class != WEFT_FILTER_TRACKED || filter->conn == WEFT_NO_CONN ||
	    (answer->kind == WEFT_ANSWER_DROP && !filter->look.is_cut))
		return WEFT_FLOW_NO_CONN;
	return filter->conn << 1 | (filter->look.verdict == WEFT_CONN_IS_KNOWN &&
				    filter->look.direction == WEFT_CONN_REPLY);
}

static void
burst_rewrite(const struct weft_walk *walk, struct weft_rewrite *rewrite)
{
	weft_rewrite_make(rewrite, &walk->passages->packet, weft_key_l3(walk->key));
}

static void
burst_remember_passages(struct weft_flow_more *more, const struct weft_walk *walk,
			const struct weft_answer *answer)
{
	const struct weft_passages *passages = walk->passages;
	uint32_t n = 1;

	for (uint8_t i = 0; i < passages->n && answer->kind != WEFT_ANSWER_DROP; i++) {
		const struct weft_passage *passage = &passages->list[i];
		bool is_reply = passage->look.verdict == WEFT_CONN_IS_KNOWN &&
				passage->look.direction == WEFT_CONN_REPLY;

		if (passage->conn != WEFT_NO_CONN)
			more->conns[n++] = passage->conn << 1 | is_reply;
	}
	if (answer->is_translated)
		burst_rewrite(walk, &more->rewrite);
}

static void
burst_remember_more(struct weft_flow_more *more, const struct weft_walk *walk,
		    const struct weft_answer *answer)
{
	uint32_t n = (uint32_t)RTE_MAX(walk->n_deps - WEFT_DEPS, 0);

	memset(more, 0, sizeof(*more));
	memcpy(more->deps, walk->deps + WEFT_DEPS, n * sizeof(more->deps[0]));
	for (uint32_t i = 0; i < WEFT_FLOW_CONNS_MORE; i++)
		more->conns[i] = WEFT_FLOW_NO_CONN;
	if (walk->filter == walk->far)
		more->conns[0] = burst_conn(walk->far, answer);
	if (walk->passages->is_begun)
		burst_remember_passages(more, walk, answer);
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
	if (group != NULL)
		flow->answer.output.group = group;
	else
		weft_encap_hold(flow->answer.output.encap);
	flow->sum = walk->sum;
	flow->conn = burst_conn(&walk->near, answer);
	if (answer->has_more)
		burst_remember_more(weft_flow_more(worker->table, flow), walk, answer);
	return flow;
}

/* Receivers of a flood that could not be sent a copy; the packet itself stands for one of them if
 * there is no other. */
static void
burst_count_too_big(struct weft_worker *worker, uint16_t arrival, const struct weft_walk *walk)
{
	bool is_alone = walk->n_outputs + walk->n_waits == 0;
	uint32_t copies = walk->n_too_big - (is_alone ? 1u : 0u);

	worker->counts[arrival].copies += copies;
	worker->counts[arrival].drops[DROP_DELIVER_TOO_BIG] += copies;
}

/* Acts on what a walk came to, whether it is remembered or not. */
static void
burst_act_walked(struct weft_worker *worker, const struct weft_walk *walk,
		 const struct weft_answer *answer, struct rte_mbuf *packet)
{
	uint16_t arrival = walk->key->arrival;
	struct weft_rewrite rewrite;
	struct weft_decision decision = {
		.answer = answer,
		.outputs = walk->outputs,
		.waits = walk->waits,
		.n_outputs = walk->n_outputs,
		.n_waits = walk->n_waits,
		.is_routed = walk->n_hops > 0,
		.mtu = walk->network == NULL ? 0 : walk->network->mtu,
	};

	if (weft_place_is_remote(answer->place) && !walk->has_waited)
		weft_worker_count_rx(worker, answer->place, packet);
	if (unlikely(answer->kind == WEFT_ANSWER_GATHER)) {
		weft_gather(worker, walk->key, answer->network, packet);
		return;
	}
	if (unlikely(walk->n_too_big > 0))
		burst_count_too_big(worker, arrival, walk);
	if (unlikely(walk->reply->is_there) &&
	    weft_spread_reply(worker, walk->arrival, walk->reply, packet) &&
	    answer->kind == WEFT_ANSWER_REPLY) {
		/* The question has become the answer. */
		worker->counts[arrival].copies--;
		rte_pktmbuf_free(packet);
		return;
	}
	if (answer->is_translated) {
		burst_rewrite(walk, &rewrite);
		decision.rewrite = &rewrite;
		if (walk->passages->has_quote)
			decision.quote = &walk->passages->quote;
	}
	if (answer->kind == WEFT_ANSWER_FORWARD) {
		if (weft_spread_translate(worker, arrival, decision.rewrite, decision.quote,
					  packet))
			weft_worker_send(worker, &answer->output, packet);
		return;
	}
	weft_spread(worker, arrival, &decision, packet);
}

static struct weft_walk
burst_prepare(struct weft_worker *worker, const struct weft_key *key, const struct rte_mbuf *packet)
{
	worker->reply = (struct weft_reply){ 0 };
	return (struct weft_walk){
		.topology = worker->topology,
		.key = key,
		.frame = rte_pktmbuf_mtod(packet, const uint8_t *),
		.frame_length = packet->data_len,
		.wire_length = packet->pkt_len,
		.now_sec = weft_clock_sec_at(worker->now_tsc),
		.now_ms = worker->now_ms,
		.now_tsc = worker->now_tsc,
		.worker = worker->id,
		.budgets = worker->more_budgets,
		.outputs = worker->outputs,
		.waits = worker->waits,
		.encaps = &worker->table->encaps,
		.reply = &worker->reply,
		.far = &worker->far,
		.passages = &worker->passages,
	};
}

static void
burst_walk(struct weft_worker *worker, const struct weft_key *key, uint64_t hash,
	   struct weft_flow *flow, struct rte_mbuf *packet)
{
	uint32_t bytes = packet->pkt_len;
	uint64_t start = rte_rdtsc();
	struct weft_walk walk = burst_prepare(worker, key, packet);
	struct weft_answer answer;
	bool is_kept;

	is_kept = weft_walk_run(&walk, &answer);
	if (is_kept)
		flow = burst_remember(worker, key, hash, flow, &walk, &answer);
	if (is_kept && flow != NULL)
		burst_count(worker, flow, bytes);
	worker->misses++;
	worker->walk_cycles += rte_rdtsc() - start;
	burst_act_walked(worker, &walk, &answer, packet);
	weft_walk_release(&walk);
}

bool
weft_burst_send_own(struct weft_worker *worker, uint16_t network, const uint8_t *frame,
		    uint32_t length)
{
	static const struct weft_attachment router = { .is_wire = true, .admin_up = true };
	static const struct weft_terminator none;
	struct rte_mbuf *packet = weft_tx_make(frame, length);
	struct weft_answer answer;
	struct weft_walk walk;
	struct weft_key key;

	if (packet == NULL)
		return false;
	weft_key_read(&key, frame, length, length, WEFT_NO_PORT, &weft_depth_all, &none);
	walk = burst_prepare(worker, &key, packet);
	walk.is_own = true;
	walk.arrival = &router;
	walk.place = WEFT_NO_PORT;
	walk.network = worker->topology->networks[network];
	weft_walk_run(&walk, &answer);
	for (uint16_t i = 0; i < walk.n_outputs; i++) {
		struct weft_output *output = &walk.outputs[i];
		struct rte_mbuf *copy = weft_tx_make(frame, length);

		if (copy == NULL)
			break;
		output->source_port = answer.output.source_port;
		worker->counts[output->port].copies++;
		weft_worker_send(worker, output, copy);
	}
	rte_pktmbuf_free(packet);
	weft_walk_release(&walk);
	return walk.n_waits == 0;
}

enum weft_drop
weft_burst_fragment(struct weft_worker *worker, const struct weft_key *key, struct rte_mbuf *packet,
		    uint16_t network, struct weft_whole *whole)
{
	struct weft_key as_whole = *key;
	struct weft_walk walk = burst_prepare(worker, &as_whole, packet);
	struct weft_answer answer;

	if (key->kind & WEFT_KEY_LATER_FRAGMENT) {
		as_whole.kind &= (uint8_t)~WEFT_KEY_LATER_FRAGMENT;
		as_whole.protocol = whole->protocol;
		as_whole.port_src = whole->port_src;
		as_whole.port_dst = whole->port_dst;
	} else {
		weft_packet_read(&walk, network, &whole->packet);
		whole->protocol = key->protocol;
		whole->port_src = key->port_src;
		whole->port_dst = key->port_dst;
	}
	walk.whole = &whole->packet;
	weft_walk_run(&walk, &answer);
	burst_act_walked(worker, &walk, &answer, packet);
	weft_walk_release(&walk);
	return answer.kind == WEFT_ANSWER_DROP ? (enum weft_drop)answer.drop : WEFT_NEXT;
}

void
weft_burst_again(struct weft_worker *worker, const struct weft_held *held)
{
	const struct weft_attachment *arrival = worker->topology->attachments[held->arrival];
	struct rte_mbuf *packet = held->packet;
	struct weft_answer answer;
	struct weft_walk walk;
	struct weft_key key;

	if (arrival == NULL ||
	    weft_key_read(&key, rte_pktmbuf_mtod(packet, const uint8_t *), packet->data_len,
			  packet->pkt_len, held->arrival, &arrival->depth,
			  &arrival->terminator) != WEFT_KEY_FINE) {
		weft_tx_drop(worker, held->arrival, DROP_TERMINATE_PORT_DOWN, packet);
		return;
	}
	walk = burst_prepare(worker, &key, packet);
	/* Of what waited for a router's next hop the receivers have not been asked yet. */
	walk.is_dry = held->place != WEFT_NO_PORT;
	walk.has_waited = true;
	walk.only = held->place;
	weft_walk_run(&walk, &answer);
	if (answer.network != held->network)
		weft_tx_drop(worker, held->arrival, DROP_BRIDGE_NO_RECEIVER, packet);
	else if (walk.n_waits > 0)
		weft_hold(worker, held);
	else
		burst_act_walked(worker, &walk, &answer, packet);
	weft_walk_release(&walk);
}

/* No entry, or one that is stale or does not speak of frames this long: but a packet that will be
 * cut is as long as its pieces. What is walked is finished before. */
__rte_noinline void
weft_burst_miss(struct weft_worker *worker, const struct weft_attachment *arrival,
		const struct weft_key *key, uint64_t hash, struct rte_mbuf *packet)
{
	struct weft_flow *flow = weft_flow_find(worker->table, key, hash);

	/* An earlier packet of this burst may have brought the answer by now. */
	if (flow != NULL && weft_finished_length(packet) <= flow->answer.longest &&
	    weft_flow_is_fresh(worker->table, flow)) {
		worker->hits++;
		burst_count(worker, flow, packet->pkt_len);
		if (weft_place_is_remote(flow->answer.place))
			weft_worker_count_rx(worker, flow->answer.place, packet);
		burst_act(worker, key->arrival, flow, packet);
		return;
	}
	if (!weft_budget_take(worker, arrival)) {
		weft_tx_drop(worker, key->arrival, DROP_WORKER_MISS_BUDGET, packet);
		return;
	}
	if (unlikely(packet->ol_flags & WEFT_PACKET_UNFINISHED) &&
	    !weft_offload_finish(worker, arrival, packet))
		return;
	if (flow == NULL)
		weft_flow_expect(worker->table, key, hash, worker->now_ms, arrival->has_doors);
	burst_walk(worker, key, hash, flow, packet);
}

/* Padding would become part of the inner frame. */
static __rte_always_inline enum weft_key_fault
burst_parse_tunnel(struct weft_key *key, struct rte_mbuf *packet,
		   const struct weft_attachment *arrival, uint32_t l3)
{
	uint32_t excess;
	enum weft_key_fault fault = weft_key_parse_tunnel(
		key, rte_pktmbuf_mtod(packet, const uint8_t *), packet->data_len, packet->pkt_len,
		arrival->port->id, l3, &arrival->terminator, &excess);

	if (unlikely(excess > 0) && rte_pktmbuf_trim(packet, (uint16_t)excess) != 0) {
		key->kind |= WEFT_KEY_LOCAL;
		key->outer.note = WEFT_OUTER_LENGTH;
	}
	return fault;
}

/* Pass two: reads keys, drops what is none, closes the gaps. @return packets left */
static __rte_always_inline uint16_t
burst_parse(struct weft_worker *worker, const struct weft_attachment *arrival,
	    struct rte_mbuf **pkts, uint16_t n, struct weft_key *keys, uint64_t *hashes,
	    bool has_tunnels)
{
	struct weft_port_count *count = &worker->counts[arrival->port->id];
	uint16_t id = arrival->port->id, left = 0;
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *packet = pkts[i];
		const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);
		enum weft_key_fault fault;
		uint32_t l3 = 0;

		bytes += packet->pkt_len;
		if (has_tunnels)
			l3 = weft_terminator_takes(&arrival->terminator, frame, packet->data_len);
		if (l3 == 0)
			fault = weft_key_parse(&keys[left], frame, packet->data_len, id,
					       weft_key_depth(frame, &arrival->depth, has_tunnels));
		else
			fault = burst_parse_tunnel(&keys[left], packet, arrival, l3);
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

/* There is no entry: what the walk will touch is fetched, too, if there is going to be one. */
static __rte_noinline void
burst_foresee(const struct weft_worker *worker, const struct weft_attachment *arrival,
	      const struct weft_key *key, uint64_t hash)
{
	if (worker->budgets[key->arrival].tokens == 0)
		return;
	if (!weft_key_is_event(key))
		weft_flow_foresee(worker->table, key, hash, arrival->has_doors);
	weft_filter_foresee(worker->topology, arrival, key);
	if (arrival->has_doors)
		weft_passage_foresee(worker->topology, arrival, key);
}

/* @p has_tunnels is a constant: a wire with the tunnel endpoint has a copy of its own of all this,
 * so that the others pay nothing for it. */
static __rte_always_inline void
burst_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
	      struct rte_mbuf **pkts, uint16_t n, bool has_tunnels)
{
	struct weft_key keys[WEFT_BURST];
	uint64_t hashes[WEFT_BURST];
	struct weft_flow *flows[WEFT_BURST];
	bool may_have_tails = has_tunnels || arrival->depth.is_ip;
	uint32_t hits = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	n = burst_parse(worker, arrival, pkts, n, keys, hashes, has_tunnels);
	for (uint16_t i = 0; i < n; i++) {
		flows[i] = weft_flow_candidate(worker->table, hashes[i]);
		if (unlikely(flows[i] == NULL)) {
			burst_foresee(worker, arrival, &keys[i], hashes[i]);
			continue;
		}
		rte_prefetch0(flows[i]);
		rte_prefetch0(&flows[i]->answer);
		if (may_have_tails && weft_key_has_tail(&keys[i]))
			rte_prefetch0(weft_flow_tail(worker->table, flows[i]));
		if (unlikely(arrival->has_doors))
			rte_prefetch0(weft_flow_more(worker->table, flows[i]));
	}
	for (uint16_t i = 0; i < n; i++) {
		struct weft_flow *flow = flows[i];
		struct rte_mbuf *packet = pkts[i];

		if (unlikely(flow == NULL || !weft_flow_is(worker->table, flow, &keys[i]) ||
			     packet->pkt_len > flow->answer.longest ||
			     !weft_flow_is_fresh(worker->table, flow))) {
			weft_burst_miss(worker, arrival, &keys[i], hashes[i], packet);
			continue;
		}
		hits++;
		burst_count(worker, flow, packet->pkt_len);
		if (has_tunnels && weft_place_is_remote(flow->answer.place))
			weft_worker_count_rx(worker, flow->answer.place, packet);
		burst_act(worker, arrival->port->id, flow, packet);
	}
	worker->hits += hits;
}

void
weft_burst_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
		   struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(worker->n_held > 0))
		weft_hold_try(worker);
	if (arrival->terminator.is_here)
		burst_forward(worker, arrival, pkts, n, true);
	else
		burst_forward(worker, arrival, pkts, n, false);
}
