/* SPDX-License-Identifier: BSD-3-Clause */
#include "secgroup/hits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <rte_common.h>

#define HITS_LINE_BYTES 64
#define HITS_FULL ((1u << WEFT_HITS_STRIDE) - 1)

/* Eight rules: the first line says which of them are used, then comes one line per worker. */
struct hits_slab {
	LIST_ENTRY(hits_slab) link; /* among those that have room */
	uint32_t used; /* bit i: rule i */
	uint64_t lines[][WEFT_HITS_STRIDE] __attribute__((aligned(HITS_LINE_BYTES)));
};

static LIST_HEAD(, hits_slab) hits_slabs; /* [C] with room */
static uint16_t hits_workers;
static size_t hits_bytes;

void
weft_hits_init(uint16_t n_workers)
{
	hits_workers = n_workers;
}

static size_t
hits_slab_bytes(void)
{
	return sizeof(struct hits_slab) + hits_workers * (size_t)HITS_LINE_BYTES;
}

static struct hits_slab *
hits_slab_make(void)
{
	struct hits_slab *slab = aligned_alloc(HITS_LINE_BYTES, hits_slab_bytes());

	if (slab == NULL)
		return NULL;
	slab->used = 0;
	hits_bytes += hits_slab_bytes();
	LIST_INSERT_HEAD(&hits_slabs, slab, link);
	return slab;
}

uint64_t *
weft_hits_get(void)
{
	struct hits_slab *slab = LIST_FIRST(&hits_slabs);
	uint32_t i;

	if (slab == NULL)
		slab = hits_slab_make();
	if (slab == NULL)
		return NULL;
	i = (uint32_t)__builtin_ctz(~slab->used);
	slab->used |= 1u << i;
	if (slab->used == HITS_FULL)
		LIST_REMOVE(slab, link);
	for (uint16_t worker = 0; worker < hits_workers; worker++)
		slab->lines[worker][i] = 0;
	return &slab->lines[0][i];
}

void
weft_hits_put(uint64_t *hits)
{
	uint64_t *line = RTE_PTR_ALIGN_FLOOR(hits, HITS_LINE_BYTES);
	struct hits_slab *slab = RTE_PTR_SUB(line, offsetof(struct hits_slab, lines));

	if (slab->used == HITS_FULL)
		LIST_INSERT_HEAD(&hits_slabs, slab, link);
	slab->used &= ~(1u << (hits - line));
	if (slab->used > 0)
		return;
	LIST_REMOVE(slab, link);
	hits_bytes -= hits_slab_bytes();
	free(slab);
}

uint64_t
weft_hits_sum(const uint64_t *hits)
{
	uint64_t sum = 0;

	for (uint16_t worker = 0; worker < hits_workers; worker++)
		sum += __atomic_load_n(&hits[worker * WEFT_HITS_STRIDE], __ATOMIC_RELAXED);
	return sum;
}

size_t
weft_hits_bytes(void)
{
	return hits_bytes;
}
