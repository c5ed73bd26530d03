/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * group: the outputs of a flooded frame, shared by all flows that have the same.
 *
 * A broadcast leaves by many ports, and thousands of flows (every source, every unknown
 * destination) leave by the very same ones. So a list of outputs exists once per worker and
 * content, is immutable, and is counted by the flows that name it. A group holds the tunnel heads
 * of its outputs.
 *
 * Threads: a set belongs to one worker; no one else touches it or its groups.
 */
#ifndef WEFT_FLOW_GROUP_H
#define WEFT_FLOW_GROUP_H

#include <stdint.h>
#include <sys/queue.h>

#include "flow/answer.h"

#define WEFT_GROUP_BUCKETS 1024

struct weft_group {
	LIST_ENTRY(weft_group) next;
	uint32_t users;
	uint32_t hash;
	uint16_t n;
	struct weft_output outputs[];
};

struct weft_groups {
	LIST_HEAD(, weft_group) buckets[WEFT_GROUP_BUCKETS];
};

/** Finds or makes the group with these outputs and counts one more user. @return NULL if there is
 *  no memory */
struct weft_group *weft_group_get(struct weft_groups *groups, const struct weft_output *outputs,
				  uint16_t n);

/** One user less; the last one frees it. NULL is allowed. */
void weft_group_put(struct weft_group *group);

#endif
