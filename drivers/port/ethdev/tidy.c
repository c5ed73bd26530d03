/* SPDX-License-Identifier: BSD-3-Clause */
#include "ethdev/tidy.h"

#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>

/* Makes room for @p want bytes from the start of the data on. */
static bool
tidy_make_room(struct rte_mbuf *m, uint16_t want)
{
	uint16_t offset;

	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 || m->buf_len < want)
		return false;
	if (m->data_off + want <= m->buf_len)
		return true;
	/* Headers are read as structures: they stay aligned. */
	offset = RTE_ALIGN_FLOOR((uint16_t)(m->buf_len - want), (uint16_t)sizeof(uint64_t));
	memmove((char *)m->buf_addr + offset, rte_pktmbuf_mtod(m, char *), m->data_len);
	m->data_off = offset;
	return true;
}

/* Moves bytes from the later segments into the first until it holds @p want. */
static bool
tidy_pull_up(struct rte_mbuf *m, uint16_t want)
{
	if (!tidy_make_room(m, want))
		return false;
	while (m->data_len < want) {
		struct rte_mbuf *from = m->next;
		uint16_t part;

		if (from == NULL)
			return false;
		part = RTE_MIN(want - m->data_len, from->data_len);
		memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len),
		       rte_pktmbuf_mtod(from, char *), part);
		m->data_len += part;
		from->data_len -= part;
		from->data_off += part;
		if (from->data_len == 0) {
			m->next = from->next;
			m->nb_segs--;
			rte_pktmbuf_free_seg(from);
		}
	}
	return true;
}

static bool
tidy_one(struct rte_mbuf *m)
{
	uint32_t want;

	if (m->nb_segs > 1) {
		want = RTE_MIN(m->pkt_len, (uint32_t)WEFT_TIDY_HEADERS);
		if (m->data_len < want && !tidy_pull_up(m, (uint16_t)want))
			return false;
	}
	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED && rte_vlan_insert(&m) != 0)
		return false;
	m->ol_flags &= WEFT_TIDY_KEEP;
	return true;
}

uint16_t
weft_tidy_burst(struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (tidy_one(pkts[i]))
			pkts[kept++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	return kept;
}
