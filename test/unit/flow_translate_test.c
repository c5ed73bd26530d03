/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that become others, byte by byte: a slow hand writes the addresses and ports, and adds up
 * every checksum anew.
 */
#include "eal_helper.h"

#include <netinet/in.h>

#include <rte_mbuf.h>

#include "dice_helper.h"
#include "flow/translate.h"
#include "wire/ip.h"

#define FLOW_TRANSLATE_L3 14
#define FLOW_TRANSLATE_MOST 256
#define FLOW_TRANSLATE_ROUNDS 3000

/* What a packet is made of. */
struct flow_translate_packet {
	uint8_t protocol;
	uint32_t load; /* bytes behind its IP header */
	bool has_no_sum; /* of UDP */
	uint16_t fragment; /* that word of the IP header */
	struct weft_tuple tuple;
};

static struct rte_mempool *flow_translate_pool;
static struct dice flow_translate_dice = { 90 };

static int
flow_translate_start(void **state)
{
	if (eal_helper_start(state) != 0)
		return -1;
	flow_translate_pool = rte_pktmbuf_pool_create("translate", 63, 0, 0,
						      RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return flow_translate_pool == NULL ? -1 : 0;
}

/* ---- the slow hand ---- */

/* Ones' complement sum, on top of another one. */
static uint32_t
flow_translate_add(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
flow_translate_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t
flow_translate_sum_at(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_ICMP ? 2 : 6;
}

static uint32_t
flow_translate_least(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? 20 : 8;
}

/* Of a packet whose transport header is whole and whose bytes are all there. */
static void
flow_translate_sum(uint8_t *ip, const struct flow_translate_packet *says)
{
	uint8_t *l4 = ip + 20, *at = l4 + flow_translate_sum_at(says->protocol);
	uint8_t pseudo[4] = { 0, says->protocol };
	bool has_pseudo = says->protocol != IPPROTO_ICMP;
	uint32_t sum = 0, covered = says->protocol == IPPROTO_UDPLITE ? 8 : says->load;

	flow_translate_put16(at, 0);
	if (says->has_no_sum)
		return;
	flow_translate_put16(pseudo + 2, says->load);
	if (has_pseudo)
		sum = flow_translate_add(flow_translate_add(0, ip + 12, 8), pseudo, 4);
	sum = (uint16_t)~flow_translate_add(sum, l4, covered);
	if (sum == 0 && (says->protocol == IPPROTO_UDP || says->protocol == IPPROTO_UDPLITE))
		sum = 0xffff;
	flow_translate_put16(at, sum);
}

static bool
flow_translate_is_later(const struct flow_translate_packet *says)
{
	return (says->fragment & 0x1fff) != 0;
}

/* What is behind its headers was there before. */
static void
flow_translate_write(uint8_t *ip, const struct flow_translate_packet *says)
{
	const struct weft_tuple *tuple = &says->tuple;
	uint8_t *l4 = ip + 20;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	flow_translate_put16(ip + 2, 20 + says->load);
	flow_translate_put16(ip + 6, says->fragment);
	ip[8] = 64;
	ip[9] = says->protocol;
	memcpy(ip + 12, tuple->src, 4);
	memcpy(ip + 16, tuple->dst, 4);
	flow_translate_put16(ip + 10, (uint16_t)~flow_translate_add(0, ip, 20));
	if (flow_translate_is_later(says))
		return;
	if (says->protocol == IPPROTO_ICMP) {
		l4[0] = 8;
		l4[1] = 0;
		memcpy(l4 + 4, &tuple->src_port, 2);
	} else {
		memcpy(l4, &tuple->src_port, 2);
		memcpy(l4 + 2, &tuple->dst_port, 2);
	}
	if (says->protocol == IPPROTO_UDPLITE)
		flow_translate_put16(l4 + 4, 8);
	flow_translate_sum(ip, says);
}

/* ---- cases ---- */

static struct weft_tuple
flow_translate_tuple(uint8_t protocol)
{
	struct weft_tuple tuple = { .family = AF_INET, .protocol = protocol };

	dice_fill(&flow_translate_dice, tuple.src, 4);
	dice_fill(&flow_translate_dice, tuple.dst, 4);
	dice_fill(&flow_translate_dice, &tuple.src_port, 4);
	if (protocol == IPPROTO_ICMP)
		tuple.dst_port = tuple.src_port;
	return tuple;
}

/* Some of it, or all. */
static struct weft_tuple
flow_translate_change(const struct weft_tuple *tuple)
{
	struct weft_tuple is = flow_translate_tuple(tuple->protocol);

	if (dice_once_in(&flow_translate_dice, 3))
		memcpy(is.src, tuple->src, 4);
	if (dice_once_in(&flow_translate_dice, 3))
		memcpy(is.dst, tuple->dst, 4);
	if (dice_once_in(&flow_translate_dice, 3)) {
		is.src_port = tuple->src_port;
		is.dst_port = tuple->dst_port;
	}
	return is;
}

static struct rte_mbuf *
flow_translate_frame(const uint8_t *bytes, uint32_t length)
{
	struct rte_mbuf *packet = rte_pktmbuf_alloc(flow_translate_pool);

	assert_non_null(packet);
	memcpy(rte_pktmbuf_append(packet, (uint16_t)length), bytes, length);
	return packet;
}

static void
flow_translate_check(struct rte_mbuf *packet, const uint8_t *should, uint32_t length)
{
	assert_int_equal(packet->pkt_len, length);
	assert_memory_equal(rte_pktmbuf_mtod(packet, uint8_t *), should, length);
	rte_pktmbuf_free(packet);
}

static void
flow_translate_one(struct flow_translate_packet *says)
{
	uint8_t was[FLOW_TRANSLATE_MOST], should[FLOW_TRANSLATE_MOST];
	struct weft_translation_pair pair = { 0 };
	uint32_t trailer = dice_below(&flow_translate_dice, 20);
	uint32_t length = FLOW_TRANSLATE_L3 + 20 + says->load + trailer;
	struct weft_rewrite rewrite;
	struct rte_mbuf *packet;

	says->tuple = flow_translate_tuple(says->protocol);
	dice_fill(&flow_translate_dice, was, sizeof(was));
	memcpy(should, was, sizeof(was));
	flow_translate_write(was + FLOW_TRANSLATE_L3, says);
	pair.was.tuple = says->tuple;
	pair.is.tuple = says->tuple = flow_translate_change(&says->tuple);
	flow_translate_write(should + FLOW_TRANSLATE_L3, says);
	weft_rewrite_make(&rewrite, &pair, FLOW_TRANSLATE_L3);
	packet = flow_translate_frame(was, length);
	assert_true(weft_act_translate(packet, &rewrite));
	flow_translate_check(packet, should, length);
}

static void
flow_translate_all(uint8_t protocol, bool has_no_sum, uint16_t fragment)
{
	for (uint32_t round = 0; round < FLOW_TRANSLATE_ROUNDS; round++) {
		struct flow_translate_packet says = {
			.protocol = protocol,
			.load = flow_translate_least(protocol) +
				dice_below(&flow_translate_dice, 40),
			.has_no_sum = has_no_sum,
			.fragment = fragment,
		};

		flow_translate_one(&says);
	}
}

static void
test_packets_of_each_protocol(void **state)
{
	(void)state;
	flow_translate_all(IPPROTO_TCP, false, 0x4000);
	flow_translate_all(IPPROTO_UDP, false, 0);
	flow_translate_all(IPPROTO_UDP, true, 0);
	flow_translate_all(IPPROTO_UDPLITE, false, 0);
	flow_translate_all(IPPROTO_ICMP, false, 0);
}

static void
test_later_fragments_have_no_ports(void **state)
{
	(void)state;
	flow_translate_all(IPPROTO_TCP, false, 0x2007);
	flow_translate_all(IPPROTO_UDP, false, 0x0100);
	flow_translate_all(IPPROTO_ICMP, false, 0x0001);
}

/* A UDP sum that comes to zero is sent as its other form; both are met. */
static void
test_a_sum_that_comes_to_zero(void **state)
{
	uint8_t frame[FLOW_TRANSLATE_L3 + 28] = { 0 }, *ip = frame + FLOW_TRANSLATE_L3;
	struct flow_translate_packet says = { .protocol = IPPROTO_UDP, .load = 8 };
	struct weft_translation_pair pair = { 0 };
	struct weft_rewrite rewrite;
	uint32_t zeros = 0;

	(void)state;
	pair.was.tuple = flow_translate_tuple(IPPROTO_UDP);
	for (uint32_t port = 0; port < 65536; port++) {
		struct rte_mbuf *packet;

		says.tuple = pair.was.tuple;
		flow_translate_write(ip, &says);
		pair.is.tuple = pair.was.tuple;
		pair.is.tuple.src_port = rte_cpu_to_be_16((uint16_t)port);
		weft_rewrite_make(&rewrite, &pair, FLOW_TRANSLATE_L3);
		packet = flow_translate_frame(frame, sizeof(frame));
		assert_true(weft_act_translate(packet, &rewrite));
		says.tuple = pair.is.tuple;
		flow_translate_write(ip, &says);
		zeros += ip[26] == 0xff && ip[27] == 0xff;
		flow_translate_check(packet, frame, sizeof(frame));
	}
	assert_true(zeros > 0);
}

static void
test_what_ends_inside_its_headers_stays(void **state)
{
	uint8_t frame[FLOW_TRANSLATE_L3 + 60] = { 0 }, *ip = frame + FLOW_TRANSLATE_L3;
	struct weft_translation_pair pair = { 0 };
	struct weft_rewrite rewrite;

	(void)state;
	pair.was.tuple = flow_translate_tuple(IPPROTO_TCP);
	pair.is.tuple = flow_translate_tuple(IPPROTO_TCP);
	weft_rewrite_make(&rewrite, &pair, FLOW_TRANSLATE_L3);
	for (uint32_t load = 0; load < 18; load++) {
		struct rte_mbuf *packet;

		dice_fill(&flow_translate_dice, frame, sizeof(frame));
		memset(ip, 0, 20);
		ip[0] = 0x45;
		ip[9] = IPPROTO_TCP;
		flow_translate_put16(ip + 2, 20 + load);
		packet = flow_translate_frame(frame, sizeof(frame));
		assert_false(weft_act_translate(packet, &rewrite));
		flow_translate_check(packet, frame, sizeof(frame));
	}
}

/* ---- errors ---- */

/* An ICMP error about a packet of which so many bytes behind its IP header are quoted. */
static uint32_t
flow_translate_write_error(uint8_t *ip, const struct flow_translate_packet *outer,
			   const struct flow_translate_packet *quoted, uint32_t bytes)
{
	uint8_t whole[FLOW_TRANSLATE_MOST], *icmp = ip + 20;

	memset(whole, 0x5a, sizeof(whole));
	flow_translate_write(whole, quoted);
	memset(ip, 0, 28);
	memcpy(icmp + 8, whole, 20 + bytes);
	ip[0] = 0x45;
	flow_translate_put16(ip + 2, 48 + bytes);
	ip[8] = 64;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + 12, outer->tuple.src, 4);
	memcpy(ip + 16, outer->tuple.dst, 4);
	flow_translate_put16(ip + 10, (uint16_t)~flow_translate_add(0, ip, 20));
	icmp[0] = 3;
	icmp[1] = 1;
	flow_translate_put16(icmp + 2, (uint16_t)~flow_translate_add(0, icmp, 28 + bytes));
	return 48 + bytes;
}

static void
flow_translate_error(uint8_t protocol, uint32_t bytes)
{
	uint8_t was[FLOW_TRANSLATE_MOST], should[FLOW_TRANSLATE_MOST];
	struct flow_translate_packet outer = { .protocol = IPPROTO_ICMP };
	struct flow_translate_packet quoted = { .protocol = protocol, .load = 40 };
	struct weft_translation_pair pair = { 0 }, inside = { 0 };
	struct weft_rewrite rewrite;
	struct rte_mbuf *packet;
	uint32_t length;

	/* Half a sum stays what it is. */
	if (bytes == flow_translate_sum_at(protocol) + 1)
		return;
	dice_fill(&flow_translate_dice, was, sizeof(was));
	memcpy(should, was, sizeof(was));
	outer.tuple = flow_translate_tuple(IPPROTO_ICMP);
	outer.tuple.src_port = outer.tuple.dst_port = 0;
	pair.was.tuple = outer.tuple;
	inside.was.tuple = quoted.tuple = flow_translate_tuple(protocol);
	length = flow_translate_write_error(was + FLOW_TRANSLATE_L3, &outer, &quoted, bytes);
	outer.tuple = flow_translate_change(&outer.tuple);
	outer.tuple.src_port = outer.tuple.dst_port = 0;
	pair.is.tuple = outer.tuple;
	inside.is.tuple = quoted.tuple = flow_translate_change(&quoted.tuple);
	flow_translate_write_error(should + FLOW_TRANSLATE_L3, &outer, &quoted, bytes);
	length += FLOW_TRANSLATE_L3 + dice_below(&flow_translate_dice, 20); /* and a trailer */
	weft_rewrite_make(&rewrite, &pair, FLOW_TRANSLATE_L3);
	packet = flow_translate_frame(was, length);
	assert_true(weft_act_translate_error(packet, &rewrite, &inside));
	flow_translate_check(packet, should, length);
}

/* However much is quoted; what is behind the packet in its frame stays. */
static void
test_errors_and_what_they_quote(void **state)
{
	const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP };

	(void)state;
	for (uint32_t p = 0; p < RTE_DIM(protocols); p++)
		for (uint32_t bytes = 8; bytes <= 40; bytes++)
			for (int round = 0; round < 50; round++)
				flow_translate_error(protocols[p], bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_of_each_protocol),
		cmocka_unit_test(test_later_fragments_have_no_ports),
		cmocka_unit_test(test_a_sum_that_comes_to_zero),
		cmocka_unit_test(test_what_ends_inside_its_headers_stays),
		cmocka_unit_test(test_errors_and_what_they_quote),
	};

	return cmocka_run_group_tests(tests, flow_translate_start, eal_helper_stop);
}
