/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of tunnels: one per content, and what a frame looks like behind one, byte by byte: a slow
 * hand writes every header anew and adds up every checksum.
 */
#include "eal_helper.h"

#include <rte_mempool.h>

#include "dice_helper.h"
#include "flow/act.h"
#include "flow/group.h"
#include "path_tunnel_helper.h"

#define FLOW_ENCAP_MOST 1700

static struct rte_mempool *flow_encap_pool;
static struct weft_encaps flow_encap_set;

static int
flow_encap_start(void **state)
{
	if (eal_helper_start(state) != 0)
		return -1;
	flow_encap_pool = rte_pktmbuf_pool_create("encap", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						  SOCKET_ID_ANY);
	return flow_encap_pool == NULL ? -1 : 0;
}

static uint32_t
flow_encap_count(void)
{
	const struct weft_encap *encap;
	uint32_t n = 0;

	for (uint32_t i = 0; i < WEFT_ENCAP_BUCKETS; i++)
		LIST_FOREACH(encap, &flow_encap_set.buckets[i], next)
			n++;
	return n;
}

/* ---- one per content ---- */

static void
test_equal_heads_are_one(void **state)
{
	struct weft_encap_head head = { .length = 50, .place = 2048 }, other = head;
	struct weft_encap *a, *b, *c;

	(void)state;
	other.bytes[79] = 1;
	a = weft_encap_get(&flow_encap_set, &head);
	b = weft_encap_get(&flow_encap_set, &head);
	c = weft_encap_get(&flow_encap_set, &other);
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(a->users, 2);
	assert_int_equal(flow_encap_count(), 2);
	weft_encap_hold(a);
	weft_encap_put(a);
	weft_encap_put(a);
	weft_encap_put(c);
	assert_int_equal(flow_encap_count(), 1);
	weft_encap_put(b);
	assert_int_equal(flow_encap_count(), 0);
	weft_encap_put(NULL);
	weft_encap_hold(NULL);
}

static void
test_heads_live_as_long_as_their_users(void **state)
{
	enum { CONTENTS = 3000 };
	static struct weft_encap *encaps[CONTENTS];
	static uint32_t users[CONTENTS];
	struct dice dice = { 50 };
	uint32_t alive = 0;

	(void)state;
	for (uint32_t round = 0; round < 100000; round++) {
		uint32_t which = dice_below(&dice, CONTENTS);
		struct weft_encap_head head = { .segment = which };

		if (dice_once_in(&dice, 2)) {
			struct weft_encap *encap = weft_encap_get(&flow_encap_set, &head);

			assert_true(users[which] == 0 || encap == encaps[which]);
			assert_int_equal(encap->users, users[which] + 1);
			assert_memory_equal(&encap->head, &head, sizeof(head));
			alive += users[which]++ == 0;
			encaps[which] = encap;
		} else if (users[which] > 0) {
			weft_encap_put(encaps[which]);
			alive -= --users[which] == 0;
		}
	}
	assert_int_equal(flow_encap_count(), alive);
	for (uint32_t i = 0; i < CONTENTS; i++)
		while (users[i] > 0 && users[i]-- > 0)
			weft_encap_put(encaps[i]);
	assert_int_equal(flow_encap_count(), 0);
}

/* A group holds the heads of its outputs. */
static void
test_groups_hold_heads(void **state)
{
	struct weft_groups *groups = calloc(1, sizeof(*groups));
	struct weft_encap_head head = { .length = 50 };
	struct weft_encap *encap = weft_encap_get(&flow_encap_set, &head);
	struct weft_output outputs[2] = { { .port = 1, .encap = encap }, { .port = 2 } };
	struct weft_group *a, *b;

	(void)state;
	assert_non_null(groups);
	a = weft_group_get(groups, outputs, 2);
	b = weft_group_get(groups, outputs, 2);
	assert_ptr_equal(a, b);
	assert_int_equal(encap->users, 2);
	weft_encap_put(encap);
	weft_group_put(a);
	assert_int_equal(encap->users, 1);
	weft_group_put(b);
	assert_int_equal(flow_encap_count(), 0);
	free(groups);
}

/* ---- behind a head ---- */

/* The head is what the packet around an empty frame has in front, without what differs by packet. */
static void
flow_encap_make_head(const struct path_tunnel *tunnel, struct weft_encap_head *head)
{
	struct path_tunnel plain = *tunnel;
	uint8_t bytes[200], nothing[1];
	uint8_t *ip = bytes + (path_frame_self.vlan != 0 ? 18 : 14);
	bool is_ip6 = path_frame_is_ip6(path_frame_self.address);
	uint8_t *udp = ip + (is_ip6 ? 40 : 20);

	plain.ecn = 0;
	plain.source_port = 0;
	*head = (struct weft_encap_head){ 0 };
	head->length = (uint8_t)path_tunnel_wrap(&plain, nothing, 0, bytes);
	head->ip_at = (uint8_t)(ip - bytes);
	head->is_ip6 = is_ip6;
	path_frame_set16(ip + (is_ip6 ? 4 : 2), 0);
	if (!is_ip6) {
		path_frame_set16(ip + 10, 0);
		for (uint32_t i = 0; i < 20; i += 2) {
			uint16_t word;
			uint32_t sum;

			memcpy(&word, ip + i, sizeof(word));
			sum = (uint32_t)head->ip_sum + word;
			head->ip_sum = (uint16_t)((sum & 0xffff) + (sum >> 16));
		}
	}
	if (path_tunnel_is_udp(tunnel)) {
		head->udp_at = (uint8_t)(udp - bytes);
		head->has_checksum = path_frame_self.has_udp_checksum;
		path_frame_set16(udp + 4, 0);
		path_frame_set16(udp + 6, 0);
	}
	memcpy(head->bytes + WEFT_ENCAP_MAX - head->length, bytes, head->length);
}

/* In as many buffers as the dice want; the first one holds at least 128 bytes or all. */
static struct rte_mbuf *
flow_encap_packet(struct dice *dice, const uint8_t *frame, uint32_t length)
{
	struct rte_mbuf *packet = NULL;
	uint32_t at = 0;

	do {
		struct rte_mbuf *part = rte_pktmbuf_alloc(flow_encap_pool);
		uint32_t n = length - at;

		assert_non_null(part);
		if (n > 128 && dice_once_in(dice, 2))
			n = 128 + dice_below(dice, n - 128);
		memcpy(rte_pktmbuf_append(part, (uint16_t)n), frame + at, n);
		at += n;
		if (packet == NULL)
			packet = part;
		else
			assert_int_equal(rte_pktmbuf_chain(packet, part), 0);
	} while (at < length);
	return packet;
}

static void
flow_encap_check(struct dice *dice, const char *format, const char *inner_text)
{
	static uint8_t should[FLOW_ENCAP_MOST + 200], is[FLOW_ENCAP_MOST + 200];
	bool is_ip6 = path_frame_is_ip6(path_frame_self.address);
	struct path_tunnel tunnel = {
		.segment = 1 + dice_below(dice, 16777215),
		.src = path_frame_self.address,
		.dst = is_ip6 ? "2001:db8:1::99" : "198.51.100.99",
		.to_mac = (uint8_t)dice_roll(dice),
		.from_mac = 0xee,
		.source_port = (uint16_t)(49152 + dice_below(dice, 16384)),
	};
	struct weft_output output = { .flags = WEFT_OUTPUT_ENCAP,
				      .source_port = rte_cpu_to_be_16(tunnel.source_port) };
	struct weft_encap_head head;
	struct path_frame inner;
	struct rte_mbuf *packet;
	uint32_t length;

	strcpy(tunnel.format, format);
	path_frame_build(&inner, inner_text);
	flow_encap_make_head(&tunnel, &head);
	/* RFC 6040 section 4.1, normal mode: what is inside is said outside too. */
	if (path_frame_get16(inner.bytes + 12) == 0x0800)
		tunnel.ecn = inner.bytes[15] & 3;
	else if (path_frame_get16(inner.bytes + 12) == 0x86dd)
		tunnel.ecn = inner.bytes[15] >> 4 & 3;
	length = path_tunnel_wrap(&tunnel, inner.bytes, inner.length, should);
	packet = flow_encap_packet(dice, inner.bytes, inner.length);
	output.encap = weft_encap_get(&flow_encap_set, &head);
	output.flags = WEFT_OUTPUT_ENCAP;
	weft_act(packet, &output);
	weft_encap_put(output.encap);
	assert_int_equal(packet->pkt_len, length);
	assert_memory_equal(rte_pktmbuf_read(packet, 0, length, is), should, length);
	rte_mbuf_sanity_check(packet, 1);
	rte_pktmbuf_free(packet);
}

static void
test_frames_behind_heads(void **state)
{
	static const char *const formats[] = { "vxlan", "geneve", "gre" };
	struct dice dice = { 51 };

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		char text[100];

		path_frame_self = (struct path_frame_self){
			.address = i & 1 ? "2001:db8::1" : "192.0.2.1",
			.vlan = i & 2 ? (uint16_t)(1 + dice_below(&dice, 4094)) : 0,
			.vxlan_port = (uint16_t)(1 + dice_below(&dice, 65535)),
			.geneve_port = (uint16_t)(1 + dice_below(&dice, 65535)),
			.dscp = (uint8_t)dice_below(&dice, 64),
			.ttl = (uint8_t)(1 + dice_below(&dice, 255)),
			.has_udp_checksum = (i & 5) == 5,
		};
		switch (dice_below(&dice, 3)) {
		case 0:
			snprintf(text, sizeof(text), "b < a payload %u",
				 dice_below(&dice, FLOW_ENCAP_MOST - 20));
			break;
		case 1:
			snprintf(text, sizeof(text), "b < a udp 10.0.0.1 10.0.0.2 %u ecn %u",
				 20 + dice_below(&dice, FLOW_ENCAP_MOST - 40),
				 dice_below(&dice, 4));
			break;
		case 2:
			snprintf(text, sizeof(text), "b < a udp 2001:db8::1 2001:db8::2 %u ecn %u",
				 40 + dice_below(&dice, FLOW_ENCAP_MOST - 60),
				 dice_below(&dice, 4));
			break;
		}
		flow_encap_check(&dice, formats[i % 3], text);
	}
	assert_int_equal(flow_encap_count(), 0);
	assert_int_equal(rte_mempool_in_use_count(flow_encap_pool), 0);
}

/* A codepoint is written, and the checksum of the header stays right. */
static void
test_codepoints_are_written(void **state)
{
	struct dice dice = { 52 };

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		enum weft_ecn ecn = (enum weft_ecn)(1 + dice_below(&dice, 3));
		bool is_ip6 = i & 1;
		struct path_frame frame, should;
		struct rte_mbuf *packet;
		char text[100];
		const char *addresses = is_ip6 ? "2001:db8::1 2001:db8::2" : "10.0.0.1 10.0.0.2";
		uint8_t tos = (uint8_t)dice_roll(&dice);

		snprintf(text, sizeof(text), "b < a udp %s 60", addresses);
		path_frame_build(&frame, text);
		frame.bytes[15] = tos;
		dice_fill(&dice, frame.bytes + 18, 2);
		path_frame_set16(frame.bytes + 24, is_ip6 ? path_frame_get16(frame.bytes + 24) : 0);
		if (!is_ip6)
			path_frame_set16(frame.bytes + 24, path_frame_sum(frame.bytes + 14, 20, 0));
		should = frame;
		should.bytes[15] =
			is_ip6 ? (uint8_t)((tos & ~0x30) | ecn << 4) : (uint8_t)((tos & ~3) | ecn);
		if (!is_ip6) {
			path_frame_set16(should.bytes + 24, 0);
			path_frame_set16(should.bytes + 24,
					 path_frame_sum(should.bytes + 14, 20, 0));
		}
		packet = flow_encap_packet(&dice, frame.bytes, frame.length);
		weft_act_set_ecn(packet, 14, ecn);
		assert_memory_equal(rte_pktmbuf_mtod(packet, uint8_t *), should.bytes,
				    frame.length);
		assert_int_equal(weft_ecn_of(should.bytes), ecn);
		rte_pktmbuf_free(packet);
	}
}

/* All TTLs from which so much can be taken, and any other word of the header. */
static void
test_hops_are_taken_off_and_the_checksum_stays_right(void **state)
{
	struct dice dice = { 77 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		bool is_ip6 = dice_once_in(&dice, 3), is_tagged = dice_once_in(&dice, 3);
		uint32_t l3 = is_tagged ? 18 : 14;
		uint8_t hops = (uint8_t)(1 + dice_below(&dice, WEFT_HOPS_MAX)), frame[78];
		uint8_t *ip = frame + l3;
		struct weft_output output = {
			.strip = (uint16_t)(is_tagged ? 16 : 12),
			.head_length = (uint8_t)(is_tagged ? 16 : 12),
			.flags = (uint8_t)(hops << WEFT_OUTPUT_HOPS_SHIFT),
		};
		struct rte_mbuf *packet;
		uint8_t should[78];

		dice_fill(&dice, frame, sizeof(frame));
		ip[0] = is_ip6 ? 0x60 : 0x45;
		ip[is_ip6 ? 7 : 8] = (uint8_t)(hops + 1 + dice_below(&dice, 255u - hops));
		if (!is_ip6) {
			path_frame_set16(ip + 10, 0);
			path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0));
		}
		memcpy(output.head, frame, sizeof(output.head));
		memcpy(should, frame, sizeof(should));
		should[l3 + (is_ip6 ? 7 : 8)] -= hops;
		if (!is_ip6) {
			path_frame_set16(should + l3 + 10, 0);
			path_frame_set16(should + l3 + 10, path_frame_sum(should + l3, 20, 0));
		}
		packet = flow_encap_packet(&dice, frame, sizeof(frame));
		weft_act(packet, &output);
		assert_memory_equal(rte_pktmbuf_mtod(packet, uint8_t *), should, sizeof(should));
		rte_pktmbuf_free(packet);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hops_are_taken_off_and_the_checksum_stays_right),
		cmocka_unit_test(test_equal_heads_are_one),
		cmocka_unit_test(test_heads_live_as_long_as_their_users),
		cmocka_unit_test(test_groups_hold_heads),
		cmocka_unit_test(test_frames_behind_heads),
		cmocka_unit_test(test_codepoints_are_written),
	};

	return cmocka_run_group_tests(tests, flow_encap_start, eal_helper_stop);
}
