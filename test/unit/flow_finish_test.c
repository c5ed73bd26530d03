/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that are left unfinished, in buffers that end anywhere: a slow hand adds up every checksum
 * and puts the pieces together again.
 */
#include "flow_finish_helper.h"

#define FLOW_FINISH_ROUNDS 400

/* ---- checksums ---- */

static void
test_a_checksum_is_made_whatever_the_buffers(void **state)
{
	static uint8_t frame[sizeof(flow_finish_frame)];

	(void)state;
	for (uint32_t round = 0; round < FLOW_FINISH_ROUNDS; round++) {
		struct flow_finish_packet what = flow_finish_draw(9000);
		uint32_t length = flow_finish_write(&what), at;
		struct rte_mbuf *packet = flow_finish_chain(
			length, flow_finish_headers(&what) + dice_below(&flow_finish_dice, 9), 0);
		struct weft_unfinished is;

		assert_true(weft_unfinished_read(packet, &is));
		assert_int_equal(is.needs, WEFT_OFFLOAD_CHECKSUM);
		assert_int_equal(weft_finished_length(packet), length);
		weft_finish_sum(packet, &is);
		flow_finish_flatten(packet, frame);
		assert_true(flow_finish_is_right(&what, frame, length - what.behind));
		assert_false(packet->ol_flags & WEFT_PACKET_UNFINISHED);
		/* And nothing else has changed. */
		at = flow_finish_l2(&what) + flow_finish_l3(&what) + (what.is_udp ? 6 : 16);
		memcpy(frame + at, flow_finish_frame + at, 2);
		assert_memory_equal(frame, flow_finish_frame, length);
		rte_pktmbuf_free(packet);
	}
}

static void
test_a_sum_of_zero_is_written_otherwise_by_udp(void **state)
{
	struct flow_finish_packet what = { .is_ip4 = true, .is_udp = true, .load = 2 };

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		uint32_t length = flow_finish_write(&what), sum;
		uint8_t *l4 = flow_finish_frame + 34;
		struct weft_unfinished is;
		struct rte_mbuf *packet;

		what.is_udp = round == 0;
		length = flow_finish_write(&what);
		flow_finish_put(l4 + (what.is_udp ? 6 : 16), 0);
		flow_finish_put(flow_finish_frame + length - 2, 0);
		sum = flow_finish_add(
			flow_finish_pseudo(&what, flow_finish_frame + 14, length - 34), l4,
			length - 34);
		flow_finish_put(flow_finish_frame + length - 2, 0xffff - sum);
		packet = flow_finish_chain(length, length, 0);
		assert_true(weft_unfinished_read(packet, &is));
		weft_finish_sum(packet, &is);
		assert_int_equal(flow_finish_get(rte_pktmbuf_mtod_offset(packet, uint8_t *,
									 what.is_udp ? 40 : 50)),
				 what.is_udp ? 0xffff : 0);
		rte_pktmbuf_free(packet);
	}
}

/* Whoever takes it unfinished finds the sum of the pseudo header, with the length. */
static void
test_one_that_is_passed_on_says_what_is_left_to_do(void **state)
{
	static uint8_t frame[sizeof(flow_finish_frame)];

	(void)state;
	for (uint32_t round = 0; round < FLOW_FINISH_ROUNDS; round++) {
		struct flow_finish_packet what = flow_finish_draw(40000);
		bool is_big = dice_once_in(&flow_finish_dice, 2) && what.load > 1000;
		uint32_t length, l3, at;
		struct weft_unfinished is;
		struct rte_mbuf *packet;

		what.behind = 0;
		length = flow_finish_write(&what);
		packet = flow_finish_chain(length, flow_finish_headers(&what), is_big ? 800 : 0);
		assert_true(weft_unfinished_read(packet, &is));
		packet = weft_finish_not(packet, &is, 0);
		assert_non_null(packet);
		l3 = flow_finish_l3(&what);
		at = flow_finish_l2(&what) + l3 + (what.is_udp ? 6 : 16);
		flow_finish_flatten(packet, frame);
		assert_int_equal(flow_finish_get(frame + at),
				 flow_finish_pseudo(&what, frame + flow_finish_l2(&what),
						    length - flow_finish_l2(&what) - l3));
		memcpy(frame + at, flow_finish_frame + at, 2);
		assert_memory_equal(frame, flow_finish_frame, length);
		assert_int_equal(packet->l2_len, flow_finish_l2(&what));
		assert_int_equal(packet->l3_len, l3);
		assert_int_equal(packet->l4_len, flow_finish_l4(&what));
		assert_true(packet->ol_flags &
			    (what.is_ip4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6));
		assert_int_equal(packet->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG),
				 !is_big     ? 0 :
				 what.is_udp ? RTE_MBUF_F_TX_UDP_SEG :
					       RTE_MBUF_F_TX_TCP_SEG);
		/* Headers of transport that librte_vhost is not to touch. */
		if (is_big)
			assert_int_equal(packet->data_len, flow_finish_l2(&what) + l3);
		rte_mbuf_sanity_check(packet, 1);
		rte_pktmbuf_free(packet);
	}
}

/* ---- cutting ---- */

static void
flow_finish_check_tcp(const struct flow_finish_packet *what, const uint8_t *piece, uint32_t length,
		      uint32_t from, bool is_last)
{
	uint32_t l4 = flow_finish_l2(what) + flow_finish_l3(what);
	const uint8_t *was = flow_finish_frame + l4, *is = piece + l4;
	uint32_t number = flow_finish_get(was + 4) << 16 | flow_finish_get(was + 6);
	uint8_t flags = was[13];

	assert_true(flow_finish_is_right(what, piece, length));
	assert_int_equal(flow_finish_get(is + 4) << 16 | flow_finish_get(is + 6),
			 (uint32_t)(number + from));
	if (from > 0)
		flags &= (uint8_t)~FLOW_FINISH_CWR;
	if (!is_last)
		flags &= (uint8_t) ~(FLOW_FINISH_FIN | FLOW_FINISH_PSH);
	assert_int_equal(is[13], flags);
	assert_memory_equal(is, was, 4);
	assert_memory_equal(is + 8, was + 8, 5);
	assert_memory_equal(is + 18, was + 18, flow_finish_l4(what) - 18);
}

static void
flow_finish_check_ip(const struct flow_finish_packet *what, const uint8_t *piece, uint32_t length,
		     uint32_t i, uint32_t from, bool is_last)
{
	uint32_t l2 = flow_finish_l2(what), l3 = flow_finish_l3(what);
	const uint8_t *was = flow_finish_frame + l2, *is = piece + l2;

	assert_memory_equal(piece, flow_finish_frame, l2);
	if (!what->is_ip4) {
		assert_int_equal(flow_finish_get(is + 4), length - l2 - 40);
		assert_memory_equal(is + 7, was + 7, 33);
		if (what->is_udp) {
			assert_int_equal(is[6], IPPROTO_FRAGMENT);
			assert_int_equal(is[40], IPPROTO_UDP);
			assert_int_equal(flow_finish_get(is + 42), from | !is_last);
		}
		return;
	}
	assert_int_equal(flow_finish_add(0, is, l3), 0xffff);
	assert_int_equal(flow_finish_get(is + 2), length - l2);
	assert_int_equal(flow_finish_get(is + 4),
			 (flow_finish_get(was + 4) + (what->is_udp ? 0 : i)) & 0xffff);
	assert_int_equal(flow_finish_get(is + 6),
			 what->is_udp ? from / 8 | (is_last ? 0 : 0x2000) : 0);
	assert_memory_equal(is + 12, was + 12, l3 - 12);
}

/* Puts the pieces of a packet together again. */
static void
flow_finish_check_pieces(const struct flow_finish_packet *what, struct rte_mbuf *packet,
			 const struct weft_unfinished *is, uint32_t size)
{
	static uint8_t piece[sizeof(flow_finish_frame)], whole[sizeof(flow_finish_frame)];
	uint32_t common = flow_finish_headers(what) - (what->is_udp ? 8 : 0);
	uint32_t headers = common + (what->is_udp && !what->is_ip4 ? 8 : 0), from = 0;
	uint32_t payload = what->load + (what->is_udp ? 8 : 0);
	struct weft_cut cut;

	memcpy(whole, flow_finish_frame, common);
	weft_cut_begin(&cut, packet, is);
	for (uint32_t i = 0; i < is->n; i++) {
		struct rte_mbuf *next = weft_cut_next(&cut);
		bool is_last = i + 1 == is->n;

		assert_non_null(next);
		rte_mbuf_sanity_check(next, 1);
		assert_int_equal(next->port, 7);
		assert_int_equal(next->ol_flags, 0);
		assert_int_equal(next->pkt_len, headers + (is_last ? payload - from : size));
		assert_true(next->pkt_len <= weft_finished_length(packet) || what->is_udp);
		flow_finish_flatten(next, piece);
		flow_finish_check_ip(what, piece, next->pkt_len, i, from, is_last);
		if (!what->is_udp)
			flow_finish_check_tcp(what, piece, next->pkt_len, from, is_last);
		memcpy(whole + common + from, piece + headers, next->pkt_len - headers);
		from += next->pkt_len - headers;
		rte_pktmbuf_free(next);
	}
	assert_int_equal(from, payload);
	if (what->is_udp) {
		assert_true(flow_finish_is_right(what, whole, common + payload));
		memcpy(whole + common + 6, flow_finish_frame + common + 6, 2);
	}
	assert_memory_equal(whole, flow_finish_frame, common + payload);
}

static void
test_pieces_are_the_packet(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < FLOW_FINISH_ROUNDS; round++) {
		struct flow_finish_packet what = flow_finish_draw(round % 2 == 0 ? 5000 : 64000);
		uint32_t size = 48 + dice_below(&flow_finish_dice, round % 3 == 0 ? 9000 : 1500);
		uint32_t length = flow_finish_write(&what);
		struct rte_mbuf *packet = flow_finish_chain(
			length, flow_finish_headers(&what) + dice_below(&flow_finish_dice, 9),
			size);
		struct weft_unfinished is;

		assert_true(weft_unfinished_read(packet, &is));
		if (what.is_udp)
			size &= ~7u;
		if (what.load + (what.is_udp ? 8 : 0) > size) {
			assert_int_equal(is.size, size);
			assert_int_equal(!!(is.needs & WEFT_OFFLOAD_NOBODY), what.behind > 0);
			flow_finish_check_pieces(&what, packet, &is, size);
		} else {
			assert_int_equal(is.size, 0);
			assert_int_equal(weft_finished_length(packet), length);
		}
		rte_pktmbuf_free(packet);
		assert_int_equal(rte_mempool_avail_count(weft_buffers), FLOW_FINISH_BUFFERS);
	}
}

/* The largest packet in the smallest segments that there may be, and in smaller ones. */
static void
test_there_are_not_too_many_pieces(void **state)
{
	struct flow_finish_packet what = { .is_ip4 = true, .load = 65535 - 40 };
	struct weft_unfinished is;
	struct rte_mbuf *packet;
	uint32_t length;

	(void)state;
	length = flow_finish_write(&what);
	packet = flow_finish_chain(length, 2000, 48);
	assert_true(weft_unfinished_read(packet, &is));
	assert_int_equal(is.n, 1365);
	flow_finish_check_pieces(&what, packet, &is, 48);
	packet->tso_segsz = 47;
	assert_false(weft_unfinished_read(packet, &is));
	packet->tso_segsz = 0;
	assert_false(weft_unfinished_read(packet, &is));
	rte_pktmbuf_free(packet);
}

/* ---- when no buffers are left ---- */

static void
test_without_buffers_nothing_is_made_and_nothing_lost(void **state)
{
	static struct rte_mbuf *taken[FLOW_FINISH_BUFFERS];
	struct flow_finish_packet what = { .is_ip4 = true,
					   .load = 20000,
					   .flags = FLOW_FINISH_PSH };
	uint32_t length = flow_finish_write(&what), n = 0;
	struct rte_mbuf *packet = flow_finish_chain(length, 500, 5000), *piece;
	uint32_t left;
	struct weft_unfinished is;
	struct weft_cut cut;

	(void)state;
	assert_true(weft_unfinished_read(packet, &is));
	left = rte_mempool_avail_count(weft_buffers);
	while (left - n > 4)
		taken[n++] = rte_pktmbuf_alloc(weft_buffers);
	/* The first piece takes three. */
	weft_cut_begin(&cut, packet, &is);
	piece = weft_cut_next(&cut);
	assert_non_null(piece);
	assert_int_equal(piece->nb_segs, 3);
	assert_null(weft_cut_next(&cut));
	assert_int_equal(rte_mempool_avail_count(weft_buffers), 1);
	taken[n++] = rte_pktmbuf_alloc(weft_buffers);
	assert_null(weft_cut_next(&cut));
	assert_null(weft_finish_not(packet, &is, 0));
	assert_int_equal(packet->pkt_len, length);
	assert_true(packet->ol_flags & WEFT_PACKET_BIG);
	rte_pktmbuf_free(piece);
	rte_pktmbuf_free(packet);
	rte_pktmbuf_free_bulk(taken, n);
	assert_int_equal(rte_mempool_avail_count(weft_buffers), FLOW_FINISH_BUFFERS);
}

/* ---- lies ---- */

struct flow_finish_lie {
	const char *what;
	struct flow_finish_packet of;
	uint32_t at; /* which byte is another */
	uint8_t is;
	uint32_t first; /* bytes in the first buffer; 0: all */
};

/* Offsets are those of an untagged frame: IP from 14 on, IPv4's transport header from 34. */
static const struct flow_finish_lie flow_finish_lies[] = {
	{ "neither IPv4 nor IPv6", { .is_ip4 = true, .load = 100 }, 13, 0x06, 0 },
	{ "the header of IPv4 is too short", { .is_ip4 = true, .load = 100 }, 14, 0x44, 0 },
	{ "it says that it is IPv6", { .is_ip4 = true, .load = 100 }, 14, 0x65, 0 },
	{ "longer than the frame", { .is_ip4 = true, .load = 100 }, 16, 0x01, 0 },
	{ "shorter than its headers", { .is_ip4 = true, .load = 100 }, 17, 30, 0 },
	{ "it ends inside of TCP", { .is_ip4 = true, .load = 100 }, 17, 39, 0 },
	{ "a fragment", { .is_ip4 = true, .load = 100 }, 20, 0x20, 0 },
	{ "a later fragment", { .is_ip4 = true, .load = 100 }, 21, 0x01, 0 },
	{ "ICMP", { .is_ip4 = true, .load = 100 }, 23, IPPROTO_ICMP, 0 },
	{ "SCTP, whose checksum is no sum", { .is_ip4 = true, .load = 100 }, 23, IPPROTO_SCTP, 0 },
	{ "IPv6 longer than the frame", { .load = 100 }, 18, 0x01, 0 },
	{ "IPv6 shorter than TCP", { .load = 100 }, 19, 19, 0 },
	{ "IPv6: a fragment", { .load = 100 }, 20, IPPROTO_FRAGMENT, 0 },
	{ "IPv6: nothing follows", { .load = 100 }, 20, IPPROTO_NONE, 0 },
	{ "a header of TCP that is too short", { .is_ip4 = true, .load = 100 }, 46, 0x40, 0 },
	{ "one that is longer than the packet", { .is_ip4 = true, .load = 20 }, 46, 0xf0, 0 },
	{ "TCP ends in another buffer", { .is_ip4 = true, .load = 100 }, 0, 0, 53 },
	{ "so does UDP", { .is_ip4 = true, .is_udp = true, .load = 100 }, 0, 0, 41 },
	{ "and IPv6", { .load = 100 }, 0, 0, 50 },
	{ "UDP longer than IP", { .is_ip4 = true, .is_udp = true, .load = 100 }, 39, 109, 0 },
	{ "UDP shorter than IP", { .is_ip4 = true, .is_udp = true, .load = 100 }, 39, 107, 0 },
};

static void
test_what_cannot_be_is_not_believed(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(flow_finish_lies); i++) {
		const struct flow_finish_lie *lie = &flow_finish_lies[i];

		for (uint32_t size = 0; size <= 40; size += 40) {
			uint32_t length = flow_finish_write(&lie->of);
			struct weft_unfinished is;
			struct rte_mbuf *packet;

			/* The truth is taken; so are frames that have been cut somewhere else. */
			packet = flow_finish_chain(length, length, size);
			assert_true(weft_unfinished_read(packet, &is));
			rte_pktmbuf_free(packet);
			if (lie->at != 0)
				flow_finish_frame[lie->at] = lie->is;
			packet = flow_finish_chain(length, lie->first == 0 ? length : lie->first,
						   size);
			if (weft_unfinished_read(packet, &is))
				fail_msg("%s", lie->what);
			assert_int_equal(weft_finished_length(packet), length);
			rte_pktmbuf_free(packet);
		}
	}
}

/* Any bytes at all, in any buffers: whatever is made of them, it is made of bytes that are there. */
static void
test_noise_is_harmless(void **state)
{
	struct dice *dice = &flow_finish_dice;
	uint32_t n_read = 0;

	(void)state;
	for (uint32_t round = 0; round < 50000; round++) {
		struct flow_finish_packet what = flow_finish_draw(600);
		uint32_t length = flow_finish_write(&what);
		struct weft_unfinished is;
		struct rte_mbuf *packet, *piece;
		struct weft_cut cut;

		for (uint32_t i = 0; i < 1 + round % 3; i++)
			flow_finish_frame[12 + dice_below(dice, 60)] = (uint8_t)dice_roll(dice);
		length = RTE_MIN(length, 1 + dice_below(dice, 700));
		packet = flow_finish_chain(length, 1 + dice_below(dice, 200),
					   dice_below(dice, 3) * dice_below(dice, 200));
		if (weft_unfinished_read(packet, &is)) {
			n_read++;
			weft_cut_begin(&cut, packet, &is);
			for (uint32_t i = 0; is.size > 0 && i < is.n; i++) {
				piece = weft_cut_next(&cut);
				assert_non_null(piece);
				rte_mbuf_sanity_check(piece, 1);
				rte_pktmbuf_free(piece);
			}
			if (is.size == 0)
				weft_finish_sum(packet, &is);
		}
		rte_mbuf_sanity_check(packet, 1);
		rte_pktmbuf_free(packet);
	}
	assert_true(n_read > 1000);
	assert_int_equal(rte_mempool_avail_count(weft_buffers), FLOW_FINISH_BUFFERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_checksum_is_made_whatever_the_buffers),
		cmocka_unit_test(test_a_sum_of_zero_is_written_otherwise_by_udp),
		cmocka_unit_test(test_one_that_is_passed_on_says_what_is_left_to_do),
		cmocka_unit_test(test_pieces_are_the_packet),
		cmocka_unit_test(test_there_are_not_too_many_pieces),
		cmocka_unit_test(test_without_buffers_nothing_is_made_and_nothing_lost),
		cmocka_unit_test(test_what_cannot_be_is_not_believed),
		cmocka_unit_test(test_noise_is_harmless),
	};

	return cmocka_run_group_tests(tests, flow_finish_start, eal_helper_stop);
}
