/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tend: what the tunnel endpoint and routers say unasked.
 *
 * Questions for next hops whose time has come, announcements of themselves when they are new or
 * have changed, and what routers advertise (router/advert.h). And what is said for a guest that has
 * just come, perhaps from another host: where its MAC is now. Done by worker 0, since only workers
 * send.
 */
#include <rte_arp.h>
#include <rte_random.h>

#include "core/clock.h"
#include "neighbour/message.h"
#include "neighbour/neighbour.h"
#include "worker/worker.h"

#define TEND_MS 10
#define TEND_ADVERTS_MS 100

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
	struct rte_mbuf *packet = weft_tx_make(frame, length);

	if (packet == NULL)
		return;
	worker->counts[port].copies++;
	weft_tx_add(worker, port, packet);
}

/* The leg on whose link an address is, if it is up. */
static const struct weft_leg *
tend_find_leg(const struct weft_topology *topology, uint16_t id, const struct weft_ip *ip)
{
	const struct weft_network *network = topology->networks[id];

	if (network == NULL || !network->admin_up)
		return NULL;
	for (uint16_t i = 0; i < network->n_doors; i++) {
		const struct weft_router *router = topology->routers[network->doors[i].router];
		const struct weft_leg *leg = weft_router_leg(router, id, ip);

		if (router->admin_up && leg != NULL && weft_ip_is_in(ip, &leg->address))
			return leg;
	}
	return NULL;
}

static void
tend_ask_in_network(struct weft_worker *worker, uint16_t network, const struct weft_ip *ip,
		    const struct rte_ether_addr *mac)
{
	const struct weft_leg *leg = tend_find_leg(worker->topology, network, ip);
	uint8_t frame[WEFT_MESSAGE_MAX];
	struct weft_speaker self;

	if (leg == NULL)
		return;
	self = (struct weft_speaker){ .mac = leg->mac, .ip = leg->address, .is_router = true };
	weft_burst_send_own(worker, network, frame, weft_message_ask(frame, &self, ip, mac));
}

static void
tend_ask(void *context, uint16_t scope, const struct weft_ip *ip, const struct rte_ether_addr *mac)
{
	struct weft_worker *worker = context;
	const struct weft_endpoint *endpoint = worker->topology->endpoint;
	uint8_t frame[WEFT_MESSAGE_MAX];
	struct weft_speaker self;

	if (scope != WEFT_SCOPE_UNDERLAY) {
		tend_ask_in_network(worker, scope, ip, mac);
		return;
	}
	self = tend_speaker(endpoint);
	tend_send(worker, endpoint->wire, frame, weft_message_ask(frame, &self, ip, mac));
}

static bool
tend_endpoint_is_up(const struct weft_worker *worker)
{
	const struct weft_endpoint *endpoint = worker->topology->endpoint;
	const struct weft_attachment *wire =
		endpoint == NULL ? NULL : worker->topology->attachments[endpoint->wire];

	return wire != NULL && wire->admin_up && weft_port_is_up(wire->port);
}

/* While nobody is there to hear it, nothing is said, and time stands still. */
static bool
tend_speaks(void *context, uint16_t scope, const struct weft_ip *ip)
{
	const struct weft_worker *worker = context;

	return scope == WEFT_SCOPE_UNDERLAY ? tend_endpoint_is_up(worker) :
					      tend_find_leg(worker->topology, scope, ip) != NULL;
}

static void
tend_announce(struct weft_worker *worker)
{
	const struct weft_endpoint *endpoint = worker->topology->endpoint;
	struct weft_speaker self;
	uint8_t frame[WEFT_MESSAGE_MAX];

	if (!tend_endpoint_is_up(worker)) {
		worker->announced.is_here = false;
		return;
	}
	if (memcmp(&worker->announced, &endpoint->terminator, sizeof(worker->announced)) == 0)
		return;
	self = tend_speaker(endpoint);
	worker->announced = endpoint->terminator;
	tend_send(worker, endpoint->wire, frame, weft_message_announce(frame, &self));
}

/* A router tells a network that it has an address there. @return whether all could be told */
static bool
tend_announce_address(struct weft_worker *worker, const struct weft_leg *leg,
		      const struct weft_ip *ip)
{
	uint8_t frame[WEFT_MESSAGE_MAX];
	struct weft_speaker self = { .mac = leg->mac, .ip = *ip, .is_router = true };

	return !worker->topology->networks[leg->network]->admin_up ||
	       weft_burst_send_own(worker, leg->network, frame,
				   weft_message_announce(frame, &self));
}

static bool
tend_announce_outside(struct weft_worker *worker, const struct weft_leg *leg, rte_be32_t address)
{
	struct weft_ip ip = { .family = AF_INET, .prefix = 32 };

	memcpy(ip.bytes, &address, sizeof(address));
	return weft_ip_compare(&ip, &leg->address) == 0 || tend_announce_address(worker, leg, &ip);
}

/* By which addresses those inside are seen outside: those that are new. */
static bool
tend_announce_nat(struct weft_worker *worker, const struct weft_router *router)
{
	const struct weft_nat *nat = &router->nat;
	const struct weft_leg *leg;
	bool is_told = true;

	if (router->gateway == WEFT_NO_LEG)
		return true;
	leg = &router->legs[router->gateway];
	for (uint32_t i = 0; i < nat->n_pool && nat->has_new_pool; i++)
		is_told &= tend_announce_outside(worker, leg, nat->pool[i]);
	for (uint32_t i = 0; i < nat->n_floating; i++)
		if (nat->by_outside[i].is_new)
			is_told &= tend_announce_outside(worker, leg, nat->by_outside[i].outside);
	for (uint32_t i = 0; i < nat->n_forwardings; i++)
		if (nat->forwardings[i].is_new)
			is_told &= tend_announce_outside(worker, leg, nat->forwardings[i].outside);
	return is_told;
}

/* @return whether all could be told */
static bool
tend_announce_router(struct weft_worker *worker, const struct weft_router *router)
{
	bool is_told = tend_announce_nat(worker, router);

	for (uint16_t i = 0; i < router->n_legs; i++)
		if (router->legs[i].is_new)
			is_told &= tend_announce_address(worker, &router->legs[i],
							 &router->legs[i].address);
	return is_told;
}

/* A router that is new or has changed tells all whom it may concern; once more with the next
 * change, if some could not be reached. */
static void
tend_announce_routers(struct weft_worker *worker)
{
	static uint32_t announced[WEFT_ROUTERS_MAX]; /* worker 0: serial numbers */
	const struct weft_topology *topology = worker->topology;

	if (worker->announced_number == topology->number)
		return;
	worker->announced_number = topology->number;
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++) {
		const struct weft_router *router = topology->routers[id];

		if (router != NULL && router->admin_up && announced[id] != router->serial &&
		    tend_announce_router(worker, router))
			announced[id] = router->serial;
	}
}

/* ---- router advertisements ---- */

/* @return whether all could be told */
static bool
tend_send_advert(struct weft_worker *worker, const struct weft_advert *advert, bool is_farewell)
{
	uint8_t frame[WEFT_ADVERT_MAX];

	return weft_burst_send_own(worker, advert->network, frame,
				   weft_advert_put(advert, is_farewell, frame));
}

/* What was silent because its network was down begins anew. Hosts whose next hop is being asked for
 * are told next time, soon. */
static void
tend_advert(struct weft_worker *worker, struct weft_advert *advert)
{
	if (!worker->topology->networks[advert->network]->admin_up) {
		advert->clock.n_said = 0;
		return;
	}
	if (!weft_advert_is_due(advert, worker->now_ms))
		return;
	weft_advert_said(advert, worker->now_ms, rte_rand());
	if (!tend_send_advert(worker, advert, false))
		weft_advert_want(advert);
}

static void
tend_adverts(struct weft_worker *worker)
{
	if (!worker->topology->has_adverts ||
	    worker->now_tsc - worker->advertised_tsc < TEND_ADVERTS_MS * weft_clock_cycles_per_ms)
		return;
	worker->advertised_tsc = worker->now_tsc;
	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++) {
		const struct weft_router *router = worker->topology->routers[id];

		for (uint16_t i = 0; router != NULL && router->admin_up && i < router->n_adverts;
		     i++)
			tend_advert(worker, router->adverts[i]);
	}
}

/* What an advert becomes in the next snapshot: it goes on, or says that the router is none any
 * more. */
static void
tend_change_advert(struct weft_worker *worker, const struct weft_topology *next,
		   const struct weft_router *router, const struct weft_advert *advert)
{
	const struct weft_router *other = next->routers[router->id];
	const struct weft_network *network = next->networks[advert->network];
	struct weft_advert *heir = NULL;

	if (other != NULL && other->admin_up && network != NULL && network->admin_up)
		heir = weft_router_advert(other, advert->network);
	if (heir != NULL && rte_is_same_ether_addr(&heir->mac, &advert->mac))
		weft_advert_inherit(heir, advert);
	else if (worker->topology->networks[advert->network]->admin_up)
		tend_send_advert(worker, advert, true);
}

static void
tend_change(void *argument, void *context)
{
	struct weft_worker *worker = argument;

	for (uint32_t id = 0; id < WEFT_ROUTERS_MAX; id++) {
		const struct weft_router *router = worker->topology->routers[id];

		for (uint16_t i = 0; router != NULL && router->admin_up && i < router->n_adverts;
		     i++)
			tend_change_advert(worker, context, router, router->adverts[i]);
	}
	weft_tx_flush(worker);
}

void
weft_tend_change(const struct weft_topology *next)
{
	if (weft_topology != NULL && weft_topology->has_adverts)
		weft_worker_call(weft_workers[0], tend_change, (void *)(uintptr_t)next);
}

/* ---- guests that have come ---- */

/* A RARP request of the guest itself, as if it had sent it (RFC 903): it passes all stages, teaches
 * our FDB, and those of all that it is flooded to. QEMU has the same said for guests that do not
 * speak for themselves after a migration; but it and they are slower, and not all front ends do. */
static struct rte_mbuf *
tend_make_rarp(const struct rte_ether_addr *mac)
{
	struct {
		struct rte_ether_hdr ether;
		struct rte_arp_hdr arp;
		uint8_t padding[18]; /* to the least that Ethernet has */
	} __rte_packed __rte_aligned(2) frame = {
		.ether = { .src_addr = *mac, .ether_type = RTE_BE16(RTE_ETHER_TYPE_RARP) },
		.arp = {
			.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
			.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = RTE_ETHER_ADDR_LEN,
			.arp_plen = sizeof(rte_be32_t),
			.arp_opcode = RTE_BE16(RTE_ARP_OP_REVREQUEST),
			.arp_data = { .arp_sha = *mac, .arp_tha = *mac },
		},
	};

	memset(&frame.ether.dst_addr, 0xff, sizeof(frame.ether.dst_addr));
	return weft_tx_make((const uint8_t *)&frame, sizeof(frame));
}

static void
tend_welcome_port(struct weft_worker *worker, const struct weft_attachment *port)
{
	struct weft_port_count *count = &worker->counts[port->port->id];
	struct rte_mbuf *packet;

	if (!weft_port_take_newcomer(port->port) || !port->has_mac || port->is_wire)
		return;
	packet = tend_make_rarp(&port->mac);
	if (packet == NULL)
		return;
	/* It came from here, not from the port. */
	count->rx_packets--;
	count->rx_bytes -= packet->pkt_len;
	count->copies++;
	weft_burst_forward(worker, port, &packet, 1);
}

/* A guest may have come before the snapshot that has its port. */
static void
tend_welcome(struct weft_worker *worker)
{
	static uint32_t seen, number; /* worker 0 */
	const struct weft_topology *topology = worker->topology;
	uint32_t newcomers = __atomic_load_n(&weft_port_newcomers, __ATOMIC_ACQUIRE);

	if (newcomers == seen && number == topology->number)
		return;
	seen = newcomers;
	number = topology->number;
	for (uint32_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (topology->attachments[id] != NULL)
			tend_welcome_port(worker, topology->attachments[id]);
}

void
weft_tend(struct weft_worker *worker)
{
	const struct weft_neighbour_asker asker = { tend_speaks, tend_ask, worker };

	if (worker->now_tsc - worker->tended_tsc < TEND_MS * weft_clock_cycles_per_ms)
		return;
	worker->tended_tsc = worker->now_tsc;
	tend_announce(worker);
	tend_announce_routers(worker);
	tend_welcome(worker);
	tend_adverts(worker);
	weft_neighbour_tick(worker->now_ms, &asker);
	weft_tx_flush(worker);
}
