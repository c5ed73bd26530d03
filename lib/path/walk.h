/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk: one packet asks every stage, and what comes out can be remembered.
 *
 * The first packet of a flow is walked by the worker that received it, at once. A stage reads the
 * headers as they arrived (the key), says what it thinks by filling in the fields that are its own,
 * and may change the headers as they shall leave. A router moves the packet to another network,
 * where `bridge` sees it with other MACs. At the end the answer is derived by comparing the two:
 * stages do not build lists of actions, so what they did in between cannot get lost.
 *
 * Whatever a stage looks at, it first puts on the list of what the answer stands on:
 * weft_walk_depend(). See core/gen.h for why in that order.
 *
 * Two things cannot be remembered, and are therefore told beside the answer: a reply of the switch
 * itself (reply.h), and receivers whose next hop is not known yet (`waits`; WEFT_NO_PORT: it is the
 * router's next hop that is not known, so neither are the receivers).
 *
 * A trace is the same walk with a sink for what the stages say, and with `is_dry` set: then nothing
 * is learned. It cannot disagree with the traffic, because there is no other code.
 *
 * Threads: a walk belongs to the thread that runs it: an online worker, or the control thread for
 * a trace.
 */
#ifndef WEFT_PATH_WALK_H
#define WEFT_PATH_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/answer.h"
#include "flow/encap.h"
#include "flow/key.h"
#include "path/drop.h"
#include "path/filter.h"
#include "path/passage.h"
#include "path/path.h"
#include "path/reply.h"
#include "topology/topology.h"

#define WEFT_TRACE_LINES 64

/** What the stages said, in order. */
struct weft_trace {
	uint32_t n;
	struct weft_trace_line {
		enum weft_stage stage;
		char says[160];
	} lines[WEFT_TRACE_LINES];
};

struct weft_walk {
	/* Given. */
	const struct weft_topology *topology;
	const struct weft_key *key; /* headers as they arrived */
	const uint8_t *frame;
	uint32_t frame_length; /* of the first segment: what may be read */
	uint32_t wire_length; /* of the whole frame */
	uint32_t now_sec, now_ms;
	uint64_t now_tsc;
	uint16_t worker; /* whose walk it is, unless it is dry */
	bool is_dry; /* leave no trace in the tables */
	bool has_waited; /* the frame has been walked before: ask only the receiver `only` */
	uint16_t only; /* WEFT_NO_PORT: all */
	uint8_t n_tries; /* before this one, in which others were faster */
	bool is_own; /* the router's own frame, in `network` */
	const struct weft_conn_packet
		*whole; /* a fragment: what its datagram is; NULL: not known */
	struct weft_budget (*budgets)[WEFT_BUDGETS]; /* of the worker, by port; NULL if dry */
	struct weft_trace *trace; /* NULL: nobody listens */
	struct weft_output *outputs; /* room for WEFT_PLACES_MAX; their heads are the caller's */
	uint16_t *waits; /* room for WEFT_PLACES_MAX */
	struct weft_encaps *encaps; /* where heads of tunnels are shared */
	struct weft_reply *reply; /* room for one, is_there false */
	struct weft_filter *far; /* room for one: of the receivers, if it is routed */
	struct weft_passages *passages; /* room for one, not begun */

	/* Found by terminate, and moved by route. */
	const struct weft_attachment *arrival;
	const struct weft_network *network; /* NULL: none, and the frame is for our endpoint */
	uint16_t place; /* where it comes from: the port, or the remote endpoint once it is known;
			 * WEFT_NO_PORT: a router */
	struct rte_ether_addr dst, src; /* in this network */
	uint16_t arrival_place, arrival_network; /* as they were before it was routed */
	bool is_on_link; /* ARP or ND on the link of the tunnel endpoint */

	/* Found by bridge: where it goes before anybody asked the receivers. */
	const uint16_t *receivers;
	uint16_t n_receivers;
	uint16_t receiver; /* room for the single one */
	bool is_learned;
	const struct weft_router *router; /* whose MAC it is sent to; NULL: nobody's */
	bool is_watched; /* and the last one of passages is its */

	/* Of route: how many routers, and the last one with where it met the packet. */
	uint8_t n_hops;
	uint8_t via_hops;
	uint16_t via_network;
	const struct weft_router *via;

	/* Per output, for deliver and encap. */
	const struct weft_attachment *out;
	uint16_t out_port;
	uint16_t out_place; /* the port, or the remote endpoint that is reached by it */
	bool is_fragmented;
	struct weft_ether_head leaving; /* headers as they shall leave */
	struct weft_encap *encap; /* what stands before them */

	/* For admit and deliver: security groups and connections, in the present network. */
	struct weft_filter *filter; /* `near`, or `far` once it is routed */
	struct weft_filter near;

	/* Grows along the way. */
	enum weft_stage stage;
	bool is_cacheable;
	bool must_retry; /* another worker has taken what was chosen */
	uint16_t n_outputs;
	uint16_t n_waits; /* receivers whose next hop is being asked for, by place */
	uint16_t n_too_big; /* receivers that were refused a copy for its size */
	uint32_t most_payload; /* larger frames must be walked on their own */
	uint16_t n_deps;
	uint16_t deps[WEFT_DEPS + WEFT_DEPS_MORE];
	uint32_t sum;
	bool has_entropy;
	uint16_t entropy; /* weft_walk_entropy() */
};

/** Of the flow, for choosing among paths outside; made when it is first asked for. */
static inline uint16_t
weft_walk_entropy(struct weft_walk *walk)
{
	if (!walk->has_entropy)
		walk->entropy = weft_key_entropy(walk->key);
	walk->has_entropy = true;
	return walk->entropy;
}

/** Highest random weight (Thaler and Ravishankar, 1998): among next hops the one with the largest
 *  takes the flow, which so stays on its path when another one comes or goes. */
static inline uint64_t
weft_walk_weigh(struct weft_walk *walk, const struct weft_ip *hop)
{
	uint64_t low, high;

	memcpy(&low, hop->bytes, sizeof(low));
	memcpy(&high, hop->bytes + 8, sizeof(high));
	return weft_key_fold(low ^ high ^ 0x9e3779b97f4a7c15ULL,
			     (uint64_t)(weft_walk_entropy(walk) + 1) * 0xff51afd7ed558ccdULL);
}

/** Notes that the answer stands on a slot as it was when it was read. */
static inline void
weft_walk_depend_at(struct weft_walk *walk, uint16_t slot, uint32_t generation)
{
	walk->sum += generation;
	if (walk->n_deps < WEFT_DEPS + WEFT_DEPS_MORE)
		walk->deps[walk->n_deps++] = slot;
	else
		walk->is_cacheable = false;
}

/** Notes that the answer stands on a slot. Call before looking at what the slot stands for. */
static inline void
weft_walk_depend(struct weft_walk *walk, uint16_t slot)
{
	weft_walk_depend_at(walk, slot, weft_gen_read(slot));
}

/** A sentence for the trace, if there is one. */
#define weft_walk_says(walk, ...)                                                                  \
	do {                                                                                       \
		if (unlikely((walk)->trace != NULL))                                               \
			weft_walk_note(walk, __VA_ARGS__);                                         \
	} while (0)

/** An address for a sentence: made only if somebody listens. */
static inline const char *
weft_walk_ip(const struct weft_ip *ip, char *text)
{
	weft_ip_format(ip, text);
	return text;
}

void weft_walk_note(struct weft_walk *walk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define STAGE(name, says) enum weft_drop weft_stage_##name(struct weft_walk *walk);
WEFT_PATH(STAGE)
#undef STAGE

/**
 * Walks. The caller has filled in what is "given" and zeroed the rest.
 *
 * @param answer  is filled in completely, but for a group: for WEFT_ANSWER_FLOOD the outputs are
 *                walk->outputs[0 .. n_outputs - 1]
 * @return true if the answer may be remembered, with walk->sum
 */
bool weft_walk_run(struct weft_walk *walk, struct weft_answer *answer);

/** Keeps where it came from, before it is routed. */
void weft_walk_note_arrival(struct weft_walk *walk);

/** Gives up the heads that a walk's outputs hold. */
void weft_walk_release(struct weft_walk *walk);

/** The frame does not fit: is it to be fragmented (WEFT_NEXT, and is_fragmented is set), or does
 *  it die, and does its sender hear of that (reply)? Not remembered. */
enum weft_drop weft_walk_oversize(struct weft_walk *walk, uint32_t mtu);

/** Which remote endpoint did it come from? Finds `place` of a frame that came through a tunnel.
 *  @return false: nobody can be learned there */
bool weft_walk_find_place(struct weft_walk *walk);

/** The reply that was just described goes back to where the frame came from: through a tunnel, too.
 *  Takes it back if that cannot be. */
void weft_walk_send_back(struct weft_walk *walk);

/** The packet of a walk, as replies need it. */
struct weft_reply_to weft_walk_reply_to(const struct weft_walk *walk);

/** An echo request to one of our own addresses is answered; anything else is
 *  DROP_ANSWER_NOT_SERVED.
 *  @param whose  "the tunnel endpoint", for a trace */
enum weft_drop weft_walk_echo(struct weft_walk *walk, uint8_t ttl, const char *whose);

/** A router solicitation in a network with routers: those of ours that advertise themselves do. One
 *  that is invalid is DROP_ANSWER_BAD_SOLICITATION. */
enum weft_drop weft_walk_advertise(struct weft_walk *walk);

/** The sender of a packet that cannot be routed hears of that, if it is one of which anybody may be
 *  told (RFC 1812 section 4.3.2.7, RFC 4443 section 2.4). Not remembered.
 *  @param word  the second word of the message: an MTU, a pointer */
void weft_walk_complain(struct weft_walk *walk, uint8_t type, uint8_t code, uint32_t word);

/** As of the packet at @p l3 of the frame: may its sender be told of an error? */
bool weft_walk_may_complain(const struct weft_walk *walk, const uint8_t *ip);

/** What an answer does, in words: "to vm2", "to physnet1 push vlan 100", "drop: mac-spoofed",
 *  "to physnet1 push vxlan 1001 to 192.0.2.2".
 *  @param outputs, n  the outputs of a flood; NULL, 0 for other answers */
void weft_answer_format(const struct weft_topology *topology, const struct weft_key *key,
			const struct weft_answer *answer, const struct weft_output *outputs,
			uint16_t n, char *text, size_t size);

#endif
