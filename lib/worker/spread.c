/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spread: what happens to a packet that does not simply leave by one output.
 *
 * A flood, fragments, a receiver that waits for its next hop, a reply of the switch, a drop.
 */
#include <rte_ether.h>
#include <rte_ip_frag.h>

#include "path/spend.h"
#include "port/buffers.h"
#include "worker/worker.h"

#define SPREAD_FRAGMENTS 1400 /* of the longest datagram at the smallest MTU, 68: 1,365 */

/* Each fragment gets the Ethernet header of the whole, and leaves like it. The pieces are buffers
 * of their own where they fit into one; larger ones point into the packet. */
static int
spread_cut(struct rte_mbuf *packet, struct rte_mbuf **fragments, uint32_t mtu)
{
	if (mtu <= RTE_MBUF_DEFAULT_DATAROOM)
		return rte_ipv4_fragment_copy_nonseg_packet(packet, fragments, SPREAD_FRAGMENTS,
							    (uint16_t)mtu, weft_buffers);
	return rte_ipv4_fragment_packet(packet, fragments, SPREAD_FRAGMENTS, (uint16_t)mtu,
					weft_buffers, weft_buffers);
}

/* Takes the last segment off. */
static void
spread_cut_last(struct rte_mbuf *packet, struct rte_mbuf *last)
{
	struct rte_mbuf *before = packet;

	while (before->next != last)
		before = before->next;
	before->next = NULL;
	packet->nb_segs--;
	packet->pkt_len -= last->data_len;
	rte_pktmbuf_free_seg(last);
}

/* What stands behind the datagram is no part of it; and it is longer than the library's 16 bits. */
static bool
spread_trim(struct rte_mbuf *packet)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(packet, const struct rte_ipv4_hdr *);
	uint32_t total = rte_be_to_cpu_16(ip->total_length);

	while (packet->pkt_len > total) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(packet);
		uint32_t excess = RTE_MIN(packet->pkt_len - total, (uint32_t)last->data_len);

		if (last == packet && excess == last->data_len)
			return false;
		if (excess < last->data_len) {
			rte_pktmbuf_trim(packet, (uint16_t)excess);
			break;
		}
		spread_cut_last(packet, last);
	}
	return packet->pkt_len == total;
}

static uint32_t
spread_mtu(const struct weft_worker *worker, const struct weft_decision *decision,
	   const struct weft_output *output)
{
	uint32_t mtu = worker->topology->attachments[output->port]->mtu;

	if (output->encap != NULL)
		return decision->mtu;
	return decision->is_routed ? RTE_MIN(mtu, decision->mtu) : mtu;
}

static void
spread_fragments(struct weft_worker *worker, uint16_t arrival, const struct weft_decision *decision,
		 const struct weft_output *output, struct rte_mbuf *packet)
{
	struct rte_mbuf *fragments[SPREAD_FRAGMENTS];
	struct weft_output plain = *output;
	uint8_t ether[18];
	uint16_t ether_length = output->head_length == 16 ? 18 : 14;
	rte_be16_t type;
	int n;

	/* The header leaves as the output says; only then comes the IP packet to be cut. */
	plain.flags &= WEFT_OUTPUT_ECN | WEFT_OUTPUT_HOPS;
	weft_act(packet, &plain);
	memcpy(ether, rte_pktmbuf_mtod(packet, const uint8_t *), ether_length);
	memcpy(&type, ether + ether_length - sizeof(type), sizeof(type));
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		weft_tx_drop(worker, arrival, DROP_DELIVER_TOO_BIG, packet);
		return;
	}
	rte_pktmbuf_adj(packet, ether_length);
	if (!spread_trim(packet)) {
		weft_tx_drop(worker, arrival, DROP_DELIVER_TOO_BIG, packet);
		return;
	}
	n = spread_cut(packet, fragments, spread_mtu(worker, decision, output));
	if (n <= 0) {
		weft_tx_drop(worker, arrival,
			     n == -ENOMEM ? DROP_WORKER_NO_BUFFER : DROP_DELIVER_TOO_BIG, packet);
		return;
	}
	worker->counts[arrival].copies += (uint32_t)n - 1;
	plain = (struct weft_output){
		.port = output->port,
		.flags = output->flags & WEFT_OUTPUT_ENCAP,
		.source_port = output->source_port,
		.encap = output->encap,
	};
	for (int i = 0; i < n; i++) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(fragments[i], struct rte_ipv4_hdr *);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, (ip->version_ihl & 0xfu) * 4);
		memcpy(rte_pktmbuf_prepend(fragments[i], ether_length), ether, ether_length);
		fragments[i]->ol_flags &= ~(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4);
		weft_worker_send(worker, &plain, fragments[i]);
	}
	rte_pktmbuf_free(packet);
}

bool
weft_spread_translate(struct weft_worker *worker, uint16_t arrival,
		      const struct weft_rewrite *rewrite, const struct weft_translation_pair *quote,
		      struct rte_mbuf *packet)
{
	bool is_done = rewrite == NULL ||
		       (quote == NULL ? weft_act_translate(packet, rewrite) :
					weft_act_translate_error(packet, rewrite, quote));

	if (unlikely(!is_done))
		weft_tx_drop(worker, arrival, DROP_TRANSLATE_INVALID, packet);
	return is_done;
}

/* A group is shared by many flows; the port outside is the flow's. */
static void
spread_output(struct weft_worker *worker, uint16_t arrival, const struct weft_decision *decision,
	      const struct weft_output *output, struct rte_mbuf *packet)
{
	struct weft_output one = *output;

	if (!weft_spread_translate(worker, arrival, decision->rewrite, decision->quote, packet))
		return;
	one.source_port = decision->answer->output.source_port;
	if (one.flags & WEFT_OUTPUT_FRAGMENT)
		spread_fragments(worker, arrival, decision, &one, packet);
	else
		weft_worker_send(worker, &one, packet);
}

/* The i-th of the outputs, then of those that wait. */
static void
spread_one(struct weft_worker *worker, uint16_t arrival, const struct weft_decision *decision,
	   uint16_t i, struct rte_mbuf *packet)
{
	if (i >= decision->n_outputs)
		weft_hold(worker, &(struct weft_held){
					  .packet = packet,
					  .arrival = arrival,
					  .place = decision->waits[i - decision->n_outputs],
					  .network = decision->answer->network,
				  });
	else
		spread_output(worker, arrival, decision, &decision->outputs[i], packet);
}

/* One that goes to a group is work for everybody. A tunnel's frames come from a wire, which has no
 * budget. */
static bool
spread_is_within_budget(struct weft_worker *worker, uint16_t arrival, const struct rte_mbuf *packet)
{
	const struct weft_attachment *port = worker->topology->attachments[arrival];

	return !(*rte_pktmbuf_mtod(packet, const uint8_t *) & 1) || port == NULL ||
	       weft_spend(worker->more_budgets[arrival], port, WEFT_BUDGET_BROADCAST,
			  worker->now_tsc);
}

void
weft_spread(struct weft_worker *worker, uint16_t arrival, const struct weft_decision *decision,
	    struct rte_mbuf *packet)
{
	uint16_t n = decision->n_outputs + decision->n_waits;

	if (decision->answer->kind == WEFT_ANSWER_DROP) {
		weft_tx_drop(worker, arrival, decision->answer->drop, packet);
		return;
	}
	/* A reply that could not be made. */
	if (decision->answer->kind == WEFT_ANSWER_REPLY) {
		weft_tx_drop(worker, arrival, DROP_WORKER_NO_BUFFER, packet);
		return;
	}
	if (!spread_is_within_budget(worker, arrival, packet)) {
		weft_tx_drop(worker, arrival, DROP_WORKER_BROADCAST_BUDGET, packet);
		return;
	}
	worker->counts[arrival].copies += n - 1u;
	for (uint16_t i = 0; i < n - 1; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(packet, packet->pool, 0, UINT32_MAX);

		if (unlikely(copy == NULL))
			worker->counts[arrival].drops[DROP_WORKER_NO_BUFFER]++;
		else
			spread_one(worker, arrival, decision, i, copy);
	}
	spread_one(worker, arrival, decision, n - 1, packet);
}

/* One's complement over what stands behind sum_from (RFC 1071). */
static void
spread_sum(const struct weft_reply *reply, struct rte_mbuf *packet)
{
	uint32_t total;
	uint16_t sum;

	if (reply->sum_at == 0 || rte_raw_cksum_mbuf(packet, reply->sum_from,
						     packet->pkt_len - reply->sum_from, &sum) != 0)
		return;
	total = (uint32_t)sum + reply->sum_start;
	sum = (uint16_t) ~((total & 0xffff) + (total >> 16));
	memcpy(rte_pktmbuf_mtod_offset(packet, char *, reply->sum_at), &sum, sizeof(sum));
}

/* The head, and what is quoted behind it, in one buffer if it fits. What stands before the data
 * stays free for the headers of a tunnel. */
static struct rte_mbuf *
spread_make_reply(const struct weft_reply *reply, const struct rte_mbuf *packet)
{
	struct rte_mbuf *answer = rte_pktmbuf_alloc(packet->pool), *rest;
	uint32_t length = reply->quote_length;
	const void *quote;
	char *at;

	if (answer == NULL)
		return NULL;
	memcpy(rte_pktmbuf_append(answer, reply->head_length), reply->head, reply->head_length);
	if (reply->tail_length > 0)
		memcpy(rte_pktmbuf_append(answer, reply->tail_length), reply->tail,
		       reply->tail_length);
	if (length == 0)
		return answer;
	if (length <= rte_pktmbuf_tailroom(answer)) {
		at = rte_pktmbuf_append(answer, (uint16_t)length);
		quote = rte_pktmbuf_read(packet, reply->quote_from, length, at);
		if (quote != NULL && quote != at)
			memcpy(at, quote, length);
		return answer;
	}
	rest = rte_pktmbuf_copy(packet, packet->pool, reply->quote_from, length);
	if (rest != NULL && rte_pktmbuf_chain(answer, rest) == 0)
		return answer;
	rte_pktmbuf_free(rest);
	rte_pktmbuf_free(answer);
	return NULL;
}

bool
weft_spread_reply(struct weft_worker *worker, const struct weft_attachment *arrival,
		  const struct weft_reply *reply, const struct rte_mbuf *packet)
{
	struct rte_mbuf *answer;

	if (reply->is_error && !weft_spend(worker->more_budgets[arrival->port->id], arrival,
					   WEFT_BUDGET_ICMP_ERRORS, worker->now_tsc))
		return false;
	answer = spread_make_reply(reply, packet);
	if (answer == NULL)
		return false;
	spread_sum(reply, answer);
	worker->counts[arrival->port->id].copies++;
	weft_worker_send(worker,
			 &(struct weft_output){
				 .port = reply->port,
				 .flags = reply->encap == NULL ? 0 : WEFT_OUTPUT_ENCAP,
				 .source_port = reply->source_port,
				 .encap = reply->encap,
			 },
			 answer);
	return true;
}
