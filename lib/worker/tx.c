/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/buffers.h"
#include "worker/worker.h"

void
weft_tx_drop(struct weft_worker *worker, uint16_t port, enum weft_drop reason,
	     struct rte_mbuf *packet)
{
	worker->counts[port].drops[reason]++;
	worker->n_excess += weft_drop_is_excess(reason);
	rte_pktmbuf_free(packet);
}

struct rte_mbuf *
weft_tx_make(const uint8_t *frame, uint32_t length)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(weft_buffers);

	if (packet != NULL)
		memcpy(rte_pktmbuf_append(packet, (uint16_t)length), frame, length);
	return packet;
}

void
weft_tx_flush_port(struct weft_worker *worker, uint16_t port)
{
	const struct weft_attachment *attachment = worker->topology->attachments[port];
	struct weft_port_count *count = &worker->counts[port];
	struct weft_tx *tx = &worker->tx[port];
	enum weft_drop reason = DROP_WORKER_NO_LINK;
	uint32_t bytes = tx->bytes;
	uint16_t sent = 0;

	if (likely(attachment != NULL && weft_port_is_up(attachment->port))) {
		sent = weft_port_tx(attachment->port, worker->id, tx->pkts, tx->n);
		reason = DROP_WORKER_TX_FULL;
	}
	for (uint16_t i = sent; i < tx->n; i++) {
		bytes -= tx->pkts[i]->pkt_len;
		weft_tx_drop(worker, port, reason, tx->pkts[i]);
	}
	count->tx_packets += sent;
	count->tx_bytes += bytes;
	tx->n = 0;
	tx->bytes = 0;
}

void
weft_tx_flush(struct weft_worker *worker)
{
	for (uint32_t i = 0; i < worker->n_touched; i++) {
		uint16_t port = worker->touched[i];

		if (worker->tx[port].n > 0)
			weft_tx_flush_port(worker, port);
		worker->tx[port].is_touched = false;
	}
	worker->n_touched = 0;
}
