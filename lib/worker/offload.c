/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * offload: packets that guests have left unfinished, and who is to finish them.
 *
 * An answer that is remembered holds for them as they are: they are finished where they leave, if
 * the receiver does not take them so. What is walked is finished before: so no stage knows of any
 * of this, and what a walk says of it (that it is too big, and who hears of that; which of its
 * pieces ends a connection) is what it would say without offloads.
 */
#include "worker/worker.h"

/* A tunnel's receiver is at the other end of a wire. */
static bool
offload_may_pass(const struct weft_worker *worker, const struct weft_output *output,
		 const struct weft_unfinished *is)
{
	const struct weft_attachment *to = worker->topology->attachments[output->port];

	if (to == NULL || output->flags & WEFT_OUTPUT_ENCAP)
		return false;
	return (is->needs & ~__atomic_load_n(&to->port->offloads, __ATOMIC_RELAXED)) == 0;
}

static void
offload_pass(struct weft_worker *worker, const struct weft_output *output,
	     const struct weft_unfinished *is, struct rte_mbuf *packet)
{
	uint32_t length = packet->pkt_len;
	struct rte_mbuf *whole;

	weft_act(packet, output);
	whole = weft_finish_not(packet, is, (int)packet->pkt_len - (int)length);
	if (whole == NULL)
		weft_tx_drop(worker, packet->port, DROP_WORKER_NO_BUFFER, packet);
	else
		weft_tx_add(worker, output->port, whole);
}

/* When no buffer is free, those pieces are lost that are not made yet. @return the next one */
static struct rte_mbuf *
offload_next(struct weft_worker *worker, struct weft_cut *cut, uint32_t i)
{
	struct weft_port_count *count = &worker->counts[cut->packet->port];
	struct rte_mbuf *piece = weft_cut_next(cut);

	if (piece == NULL)
		count->drops[DROP_WORKER_NO_BUFFER] += cut->is->n - i;
	else
		count->pieces++;
	return piece;
}

/* Flags of TCP differ from piece to piece, and they are part of the key. */
static void
offload_forward(struct weft_worker *worker, const struct weft_attachment *arrival,
		struct rte_mbuf *piece)
{
	struct weft_key key;

	weft_key_read(&key, rte_pktmbuf_mtod(piece, const uint8_t *), piece->data_len,
		      piece->pkt_len, arrival->port->id, &arrival->depth, &arrival->terminator);
	weft_burst_miss(worker, arrival, &key, weft_key_hash(&key, worker->table->seed), piece);
}

/* Cuts a packet. Its pieces leave by the output, or are walked if there is none. */
static void
offload_cut(struct weft_worker *worker, const struct weft_output *output,
	    const struct weft_attachment *arrival, const struct weft_unfinished *is,
	    struct rte_mbuf *packet)
{
	struct weft_port_count *count = &worker->counts[packet->port];
	struct rte_mbuf *piece;
	struct weft_cut cut;

	weft_cut_begin(&cut, packet, is);
	count->cuts++;
	count->copies += is->n - 1;
	for (uint32_t i = 0; i < is->n; i++) {
		piece = offload_next(worker, &cut, i);
		if (piece == NULL)
			break;
		if (output != NULL)
			weft_worker_send(worker, output, piece);
		else
			offload_forward(worker, arrival, piece);
	}
	rte_pktmbuf_free(packet);
}

/* @return false: what its sender wants cannot be; it was dropped */
static bool
offload_read(struct weft_worker *worker, struct rte_mbuf *packet, struct weft_unfinished *is)
{
	if (weft_unfinished_read(packet, is))
		return true;
	weft_tx_drop(worker, packet->port, DROP_WORKER_BAD_OFFLOAD, packet);
	return false;
}

static void
offload_sum(struct weft_worker *worker, struct rte_mbuf *packet, const struct weft_unfinished *is)
{
	weft_finish_sum(packet, is);
	worker->counts[packet->port].sums++;
}

void
weft_offload_send(struct weft_worker *worker, const struct weft_output *output,
		  struct rte_mbuf *packet)
{
	struct weft_unfinished is;

	if (!offload_read(worker, packet, &is))
		return;
	if (offload_may_pass(worker, output, &is)) {
		offload_pass(worker, output, &is, packet);
	} else if (is.size == 0) {
		offload_sum(worker, packet, &is);
		weft_worker_send(worker, output, packet);
	} else {
		offload_cut(worker, output, NULL, &is, packet);
	}
}

bool
weft_offload_finish(struct weft_worker *worker, const struct weft_attachment *arrival,
		    struct rte_mbuf *packet)
{
	struct weft_unfinished is;

	if (!offload_read(worker, packet, &is))
		return false;
	if (is.size == 0) {
		offload_sum(worker, packet, &is);
		return true;
	}
	offload_cut(worker, NULL, arrival, &is, packet);
	return false;
}
