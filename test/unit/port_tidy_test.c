/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Received buffers as port.h promises them: frames cut into random pieces, with and without a
 * stripped tag, must come out with the same bytes, the headers in one piece and no flags left.
 */
#include "eal_helper.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "dice_helper.h"
#include "ethdev/tidy.h"

#define PORT_TIDY_ROUNDS 20000
#define PORT_TIDY_FRAME_MAX 600

static struct rte_mempool *port_tidy_pool;
static struct dice port_tidy_dice = { 7 };

static int
port_tidy_start(void **state)
{
	if (eal_helper_start(state) < 0)
		return -1;
	port_tidy_pool = rte_pktmbuf_pool_create("tidy", 255, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						 SOCKET_ID_ANY);
	return port_tidy_pool == NULL ? -1 : 0;
}

static int
port_tidy_stop(void **state)
{
	rte_mempool_free(port_tidy_pool);
	return eal_helper_stop(state);
}

/* A segment with @p length bytes, somewhere in its buffer. */
static struct rte_mbuf *
port_tidy_segment(const uint8_t *bytes, uint16_t length, bool is_first)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port_tidy_pool);

	assert_non_null(m);
	/* There may be no room behind the data; headroom for a tag there is. */
	if (dice_once_in(&port_tidy_dice, 4))
		m->data_off = (uint16_t)((m->buf_len - length) & ~1);
	else if (!is_first && dice_once_in(&port_tidy_dice, 2))
		m->data_off = 0;
	m->data_len = length;
	m->pkt_len = length;
	memcpy(rte_pktmbuf_mtod(m, void *), bytes, length);
	return m;
}

/* Cuts a frame into @p n_pieces, most of them small and some of them empty. */
static struct rte_mbuf *
port_tidy_cut(const uint8_t *frame, uint16_t length, unsigned int n_pieces)
{
	struct rte_mbuf *head = NULL;
	uint16_t at = 0;

	for (unsigned int i = 0; i < n_pieces; i++) {
		uint16_t part = (uint16_t)(length - at);
		struct rte_mbuf *piece;

		if (i + 1 < n_pieces && !dice_once_in(&port_tidy_dice, 3))
			part = RTE_MIN(part, (uint16_t)dice_below(&port_tidy_dice, 40));
		else if (i + 1 < n_pieces)
			part = (uint16_t)dice_below(&port_tidy_dice, part + 1u);
		piece = port_tidy_segment(frame + at, part, i == 0);
		at = (uint16_t)(at + part);
		if (head == NULL)
			head = piece;
		else
			assert_int_equal(rte_pktmbuf_chain(head, piece), 0);
	}
	return head;
}

static void
port_tidy_expect(const struct rte_mbuf *m, const uint8_t *bytes, uint32_t length)
{
	uint8_t copy[PORT_TIDY_FRAME_MAX + sizeof(struct rte_vlan_hdr)];
	const void *read;

	assert_int_equal(m->pkt_len, length);
	assert_true(m->data_len >= RTE_MIN(length, (uint32_t)WEFT_TIDY_HEADERS));
	assert_int_equal(m->ol_flags & ~WEFT_TIDY_KEEP, 0);
	rte_mbuf_sanity_check(m, 1);
	read = rte_pktmbuf_read(m, 0, length, copy);
	assert_non_null(read);
	assert_memory_equal(read, bytes, length);
}

static void
port_tidy_round(bool has_tag)
{
	uint8_t sent[PORT_TIDY_FRAME_MAX], wanted[PORT_TIDY_FRAME_MAX + 4];
	uint16_t length = (uint16_t)(14 + dice_below(&port_tidy_dice, PORT_TIDY_FRAME_MAX - 14));
	uint16_t tci = (uint16_t)dice_roll(&port_tidy_dice);
	struct rte_mbuf *m;
	uint16_t extra = 0;

	dice_fill(&port_tidy_dice, sent, length);
	m = port_tidy_cut(sent, length, 1 + dice_below(&port_tidy_dice, 8));
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	memcpy(wanted, sent, 12);
	if (has_tag) {
		const uint8_t tag[] = { 0x81, 0x00, (uint8_t)(tci >> 8), (uint8_t)tci };

		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = tci;
		memcpy(wanted + 12, tag, sizeof(tag));
		extra = sizeof(tag);
	}
	memcpy(wanted + 12 + extra, sent + 12, length - 12u);
	assert_int_equal(weft_tidy(&m, 1), 1);
	port_tidy_expect(m, wanted, (uint32_t)length + extra);
	rte_pktmbuf_free(m);
}

static void
port_tidy_keeps_frames(void **state)
{
	(void)state;
	for (int i = 0; i < PORT_TIDY_ROUNDS; i++)
		port_tidy_round(i % 2 == 0);
	assert_int_equal(rte_mempool_in_use_count(port_tidy_pool), 0);
}

static void
port_tidy_leaves_tidy_frames_alone(void **state)
{
	const uint8_t frame[60] = { 1, 2, 3 };
	struct rte_mbuf *m = port_tidy_segment(frame, sizeof(frame), true);
	void *data = rte_pktmbuf_mtod(m, void *);

	(void)state;
	assert_true(weft_tidy_is_due(m) == 0);
	assert_int_equal(weft_tidy(&m, 1), 1);
	assert_ptr_equal(rte_pktmbuf_mtod(m, void *), data);
	rte_pktmbuf_free(m);
}

/* The first segment belongs to somebody else too: nothing may be written into it. */
static void
port_tidy_drops_what_it_cannot_put_right(void **state)
{
	const uint8_t frame[200] = { 0 };
	struct rte_mbuf *shared = port_tidy_segment(frame, 20, true);
	struct rte_mbuf *last = port_tidy_segment(frame, 60, true);
	struct rte_mbuf *pkts[] = { port_tidy_cut(frame, sizeof(frame), 1), shared, last };

	(void)state;
	rte_pktmbuf_chain(shared, port_tidy_segment(frame, 180, false));
	rte_mbuf_refcnt_update(shared, 1);
	last->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	assert_int_equal(weft_tidy(pkts, 3), 2);
	assert_ptr_equal(pkts[1], last);
	rte_pktmbuf_free(pkts[0]);
	rte_pktmbuf_free(pkts[1]);
	rte_pktmbuf_free(shared);
	assert_int_equal(rte_mempool_in_use_count(port_tidy_pool), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_tidy_keeps_frames),
		cmocka_unit_test(port_tidy_leaves_tidy_frames_alone),
		cmocka_unit_test(port_tidy_drops_what_it_cannot_put_right),
	};

	return cmocka_run_group_tests(tests, port_tidy_start, port_tidy_stop);
}
