/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer: what a walk found out, in the one form that can be remembered.
 *
 * An answer names what to do with every further packet of the flow: leave by one port, leave by
 * several, or be dropped for a reason. What happens to the headers is told per output, as the
 * difference between the header that arrived and the header that leaves: cut `strip` bytes from the
 * front (a tunnel's headers among them) and put `head` there; then, for a tunnel, what all flows to
 * that endpoint share (flow/encap.h). Nothing in it says which stage wanted that.
 *
 * It holds for frames of up to `longest` bytes: a longer one may have to be treated otherwise (it
 * does not fit through the output), so it is walked on its own and that is not remembered.
 *
 * A router on the way is told by the number of hops that the packet makes: so much is taken off its
 * TTL or hop limit. Packets whose TTL is as low as that have keys of their own (flow/key.h).
 *
 * Where addresses or ports are translated, all outputs get the same: that is told beside them, once
 * (flow/translate.h).
 *
 * It stands on up to WEFT_DEPS generation slots (core/gen.h), and if it `has_more` on some that
 * stand in the rest of its flow (flow/table.h); a walk that consulted more than that is valid once,
 * and not remembered.
 */
#ifndef WEFT_FLOW_ANSWER_H
#define WEFT_FLOW_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "core/gen.h"

#define WEFT_DEPS 8
#define WEFT_DEPS_MORE 16
#define WEFT_HOPS_MAX 8 /* routers on the way of one packet */
#define WEFT_HEAD_MAX 16 /* both MACs and one tag; the EtherType behind is never touched */

/* Flags: most outputs have none, and that is asked first. */
#define WEFT_OUTPUT_ECN 0x03 /* what the IP header must say; 0: what it says */
#define WEFT_OUTPUT_HOPS 0x3c /* taken off the TTL or hop limit */
#define WEFT_OUTPUT_HOPS_SHIFT 2
#define WEFT_OUTPUT_ENCAP 0x40 /* there is an `encap` */
#define WEFT_OUTPUT_FRAGMENT 0x80 /* too long for this output; never remembered */

struct weft_encap;
struct weft_group;

struct weft_output {
	uint16_t port;
	uint16_t strip; /* bytes to cut */
	uint8_t head_length; /* bytes to put there: 0, 12 or 16 */
	uint8_t flags; /* WEFT_OUTPUT_... */
	rte_be16_t
		source_port; /* of outer UDP: of the answer's own output only, also for its group */
	uint8_t head[WEFT_HEAD_MAX];
	union {
		struct weft_encap *encap; /* NULL: no tunnel */
		struct weft_group *group; /* in an answer that floods: its outputs */
	};
};

enum weft_answer_kind {
	WEFT_ANSWER_DROP,
	WEFT_ANSWER_FORWARD, /* by `output` */
	WEFT_ANSWER_FLOOD, /* a copy by every output of `output.group` */
	WEFT_ANSWER_REPLY, /* it is the switch that answers; never remembered */
	WEFT_ANSWER_GATHER, /* a fragment that waits for the rest; never remembered */
};

struct weft_answer {
	uint16_t deps[WEFT_DEPS]; /* slots, padded with WEFT_GEN_NOTHING */
	uint8_t kind : 4; /* enum weft_answer_kind */
	uint8_t is_learned : 1; /* the source MAC is in the FDB thanks to this arrival */
	uint8_t has_more : 1; /* there is more of it in the flow: struct weft_flow_more */
	uint8_t is_translated : 1; /* so is that: addresses and ports */
	uint8_t drop; /* enum weft_drop */
	uint16_t network; /* number; 0xffff: none found */
	uint16_t longest; /* bytes of the frame as it arrived */
	uint16_t place; /* where it came from: the port, or the remote endpoint's number */
	struct weft_output output;
};

/** NULL unless it floods. */
static inline struct weft_group *
weft_answer_group(const struct weft_answer *answer)
{
	return answer->kind == WEFT_ANSWER_FLOOD ? answer->output.group : NULL;
}

/** Sum of the slots' present values; differs from the remembered one if anything changed. */
static __rte_always_inline uint32_t
weft_answer_sum(const struct weft_answer *answer)
{
	uint32_t sum = 0;

#pragma GCC unroll 8
	for (int i = 0; i < WEFT_DEPS; i++)
		sum += __atomic_load_n(&weft_gens[answer->deps[i]], __ATOMIC_RELAXED);
	return sum;
}

#endif
