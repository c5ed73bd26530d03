/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tend: what the tunnel endpoint says unasked.
 *
 * Questions for next hops whose time has come, and announcements of itself when it is new or has
 * changed. Done by worker 0, since only workers send.
 */
#include "core/clock.h"
#include "neighbour/message.h"
#include "neighbour/neighbour.h"
#include "port/buffers.h"
#include "worker/worker.h"

#define TEND_MS 10

static struct weft_speaker
tend_speaker(const struct weft_endpoint *endpoint)
{
	return (struct weft_speaker){
		.mac = endpoint->terminator.mac,
		.tag = endpoint->terminator.tag,
		.ip = endpoint->address,
	};
}

static void
tend_send(struct weft_worker *worker, uint16_t port, const uint8_t *frame, uint32_t length)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(weft_buffers);

	if (packet == NULL)
		return;
	memcpy(rte_pktmbuf_append(packet, (uint16_t)length), frame, length);
	worker->counts[port].copies++;
	weft_tx_add(worker, port, packet);
}

static void
tend_ask(void *context, const struct weft_ip *ip, const struct rte_ether_addr *mac)
{
	struct weft_worker *worker = context;
	const struct weft_endpoint *endpoint = worker->topology->endpoint;
	struct weft_speaker self = tend_speaker(endpoint);
	uint8_t frame[WEFT_MESSAGE_MAX];

	tend_send(worker, endpoint->wire, frame, weft_message_ask(frame, &self, ip, mac));
}

static void
tend_announce(struct weft_worker *worker, const struct weft_endpoint *endpoint)
{
	struct weft_speaker self = tend_speaker(endpoint);
	uint8_t frame[WEFT_MESSAGE_MAX];

	if (memcmp(&worker->announced, &endpoint->terminator, sizeof(worker->announced)) == 0)
		return;
	worker->announced = endpoint->terminator;
	tend_send(worker, endpoint->wire, frame, weft_message_announce(frame, &self));
}

void
weft_tend(struct weft_worker *worker)
{
	const struct weft_endpoint *endpoint = worker->topology->endpoint;
	const struct weft_attachment *wire;

	if (worker->now_tsc - worker->tended_tsc < TEND_MS * weft_clock_cycles_per_ms)
		return;
	worker->tended_tsc = worker->now_tsc;
	wire = endpoint == NULL ? NULL : worker->topology->attachments[endpoint->wire];
	/* While nobody is there to hear it, nothing is said, and time stands still. */
	if (wire == NULL || !wire->admin_up || !weft_port_is_up(wire->port)) {
		worker->announced.is_here = false;
		return;
	}
	tend_announce(worker, endpoint);
	weft_neighbour_tick(worker->now_ms, tend_ask, worker);
	weft_tx_flush(worker);
}
