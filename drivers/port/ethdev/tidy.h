/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tidy: received buffers as port.h promises them.
 *
 * A driver may leave marks in `ol_flags`, keep a VLAN tag beside the frame, or spread the headers
 * over several segments. Afterwards the tag is in the frame, only the flags that describe the
 * buffer's memory are set, and the first segment holds the first 128 bytes.
 *
 * Threads: none; pure but for buffers that go back to their pool.
 */
#ifndef WEFT_ETHDEV_TIDY_H
#define WEFT_ETHDEV_TIDY_H

#include <stdint.h>

#include <rte_mbuf.h>

#define WEFT_TIDY_HEADERS 128 /* bytes that the first segment must hold */
#define WEFT_TIDY_KEEP (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

/** @return the packets left in @p pkts; one that cannot be put right is freed: it would show its
 *  reader less than a header, or lead into another network because its tag is lost */
uint16_t weft_tidy_burst(struct rte_mbuf **pkts, uint16_t n);

/** Not zero if a packet may need tidying. */
static inline uint64_t
weft_tidy_is_due(const struct rte_mbuf *m)
{
	return (m->ol_flags & ~WEFT_TIDY_KEEP) | (uint64_t)(m->nb_segs ^ 1);
}

/** The same for a burst whose packets are usually tidy. */
static inline uint16_t
weft_tidy(struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t due = 0;

	for (uint16_t i = 0; i < n; i++)
		due |= weft_tidy_is_due(pkts[i]);
	return likely(due == 0) ? n : weft_tidy_burst(pkts, n);
}

#endif
