/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer: what a walk found out, in the one form that can be remembered.
 *
 * An answer names what to do with every further packet of the flow: leave by one port, leave by
 * several, or be dropped for a reason. What happens to the headers is told per output, as the
 * difference between the header that arrived and the header that leaves: cut `strip` bytes from the
 * front and put `head` there. Nothing in it says which stage wanted that.
 *
 * It holds for frames of up to `longest` bytes: a longer one may have to be treated otherwise (it
 * does not fit through the output), so it is walked on its own and that is not remembered.
 *
 * It stands on up to WEFT_DEPS generation slots (core/gen.h); a walk that consulted more is valid
 * once, and not remembered.
 */
#ifndef WEFT_FLOW_ANSWER_H
#define WEFT_FLOW_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "core/gen.h"

#define WEFT_DEPS 8
#define WEFT_HEAD_MAX 16 /* both MACs and one tag; the EtherType behind is never touched */

struct weft_output {
	uint16_t port;
	uint8_t strip; /* bytes to cut; counts only if head_length is not 0 */
	uint8_t head_length; /* 0: leaves as it came; 12 or 16 otherwise */
	uint8_t head[WEFT_HEAD_MAX];
};

enum weft_answer_kind {
	WEFT_ANSWER_DROP,
	WEFT_ANSWER_FORWARD, /* by `output` */
	WEFT_ANSWER_FLOOD, /* a copy by every output of `group` */
};

struct weft_group;

struct weft_answer {
	uint16_t deps[WEFT_DEPS]; /* slots, padded with WEFT_GEN_NOTHING */
	uint8_t kind; /* enum weft_answer_kind */
	bool is_learned; /* the source MAC is in the FDB thanks to this arrival */
	uint16_t drop; /* enum weft_drop */
	uint16_t network; /* number; 0xffff: none found */
	uint16_t longest; /* bytes of the frame as it arrived */
	struct weft_output output;
	struct weft_group *group;
};

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
