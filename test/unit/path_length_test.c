/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lengths that disagree: datagrams and what is in tunnels need not end where their frame does.
 *
 * A frame may come in any number of segments, and be longer than any length that it names.
 */
#include "path_overlay_helper.h"

#define PATH_LENGTH_SEGMENT 1900

static const char path_length_site[] =
	"physical-networks: [{name: p1, device: eth1, mtu: 1600}]\n"
	"tunnel-endpoint: {physical-network: p1, mac: \"02:00:00:00:00:ee\", address: "
	"192.0.2.1/24}\n"
	"networks: [{name: blue, type: vxlan, segment: 1, peers: [192.0.2.2]}]\n"
	"ports:\n"
	"  - {name: b1, network: blue, vhost-user: /s/b1}\n"
	"  - {name: b2, network: blue, vhost-user: /s/b2, mtu: 68}\n"
	"  - {name: b3, network: blue, vhost-user: /s/b3, mtu: 600}\n";

/* From a to @p to: a datagram that says that it has @p total bytes, in a frame that has room for
 * @p bytes. */
static struct rte_mbuf *
path_length_frame(uint8_t to, uint32_t total, uint32_t bytes)
{
	uint8_t *frame = calloc(1, 14 + bytes + 20);
	struct rte_mbuf *packet = NULL;

	assert_non_null(frame);
	memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, 0x0a, 8, 0 }, 14);
	for (uint32_t i = 20; i < bytes; i++)
		frame[14 + i] = i < total ? (uint8_t)(i * 7 + i / 256) : 0xee;
	path_frame_fill_ip(frame + 14, "10.0.0.1", "10.0.0.2", IPPROTO_UDP, 0);
	path_frame_set16(frame + 16, total);
	path_frame_set16(frame + 24, 0);
	path_frame_set16(frame + 24, path_frame_sum(frame + 14, 20, 0));
	for (uint32_t at = 0; at < 14 + bytes;) {
		struct rte_mbuf *segment = rte_pktmbuf_alloc(forward_pool);
		uint32_t n = RTE_MIN(14 + bytes - at, at == 0 ? 128u : PATH_LENGTH_SEGMENT);

		assert_non_null(segment);
		memcpy(rte_pktmbuf_append(segment, (uint16_t)n), frame + at, n);
		at += n;
		if (packet == NULL)
			packet = segment;
		else
			assert_int_equal(rte_pktmbuf_chain(packet, segment), 0);
	}
	free(frame);
	return packet;
}

/* One fragment, the next of them. @return bytes of payload */
static uint32_t
path_length_check_one(const uint8_t *frame, uint32_t length, uint32_t at, uint32_t total,
		      uint32_t mtu)
{
	const uint8_t *ip = frame + 14;
	uint32_t n = length - 34;

	assert_true(length > 34 && length <= 14 + mtu);
	assert_int_equal(path_frame_get16(ip + 2), 20 + n);
	assert_int_equal((path_frame_get16(ip + 6) & 0x1fff) * 8, at);
	assert_int_equal((ip[6] & 0x20) == 0, at + n == total - 20);
	assert_int_equal(path_frame_sum(ip, 20, 0), 0);
	assert_true(at + n <= total - 20);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ip[20 + i], (uint8_t)((20 + at + i) * 7 + (20 + at + i) / 256));
	return n;
}

/* What has been sent is the datagram, all of it and nothing else. */
static void
path_length_check(const char *port, uint32_t total, uint32_t mtu)
{
	uint32_t done = 0, n = 0;

	for (size_t at = 0; at < fake.log_bytes; n++) {
		struct fake_sent sent;

		memcpy(&sent, fake.log + at, sizeof(sent));
		at += sizeof(sent);
		assert_string_equal(weft_topology_port_name(weft_topology, sent.port), port);
		done += path_length_check_one(fake.log + at, sent.length, done, total, mtu);
		at += sent.length;
	}
	assert_int_equal(done, total - 20);
	assert_int_equal(n, (total - 20 + (mtu - 20) / 8 * 8 - 1) / ((mtu - 20) / 8 * 8));
	fake.log_bytes = 0;
}

static void
path_length_send(uint8_t to, uint32_t total, uint32_t bytes)
{
	struct rte_mbuf *packet = path_length_frame(to, total, bytes);

	forward_burst(weft_workers[0], (uint16_t)weft_topology_find_port(weft_topology, "b1"),
		      &packet, 1);
	forward_check_conservation();
}

static void
path_length_begin(void)
{
	path_walk_apply(path_length_site);
	PATH_OVERLAY_PLAY(1, { "p1", "ee < 02 reply 02 192.0.2.2", "answer/taken" },
			  { "b2", "* < c", "p1 vxlan 1 to 192.0.2.2, b1, b3" },
			  { "b3", "* < d", "p1 vxlan 1 to 192.0.2.2, b1, b2" });
}

/* Also when the frame's length does not fit into 16 bits. */
static void
test_a_datagram_is_cut_and_what_is_behind_it_is_not(void **state)
{
	static const struct {
		uint32_t total, bytes;
	} rows[] = {
		{ 700, 700 },	   { 700, 750 },     { 1200, 1201 },	{ 590, 890 }, /* it fits */
		{ 600, 65535 },	   { 700, 65536 },   { 700, 65560 },	{ 700, 66000 },
		{ 700, 131072 },   { 65535, 65535 }, { 65535, 65600 },	{ 65535, 105535 },
		{ 65535, 131100 }, { 30000, 90000 }, { 65535, 300000 },
	};

	(void)state;
	path_length_begin();
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int again = 0; again < 2; again++) {
			path_length_send(0x0c, rows[i].total, rows[i].bytes);
			path_length_check("b2", rows[i].total, 68);
			path_length_send(0x0d, rows[i].total, rows[i].bytes);
			path_length_check("b3", rows[i].total, 600);
			path_overlay_expect(path_overlay_look(NULL, 0), "", "nothing is dropped");
		}
}

/* More than there is, or less than a header. */
static void
test_what_is_no_datagram_is_not_cut(void **state)
{
	static const struct {
		uint32_t total, bytes;
	} rows[] = {
		{ 701, 700 }, { 65535, 700 }, { 19, 700 },   { 1, 700 },
		{ 0, 700 },   { 0, 65536 },   { 19, 66000 },
	};

	(void)state;
	path_length_begin();
	for (size_t i = 0; i < COUNT(rows); i++) {
		path_length_send(0x0d, rows[i].total, rows[i].bytes);
		path_overlay_expect(path_overlay_look(NULL, 0), "deliver/too-big", "no datagram");
	}
}

/* A frame as it stands, not as words say. */
static char *
path_length_send_frame(const char *from, const struct path_frame *frame)
{
	struct rte_mbuf *packet = forward_packet(frame->bytes, frame->length + frame->padding);

	forward_burst(weft_workers[0], (uint16_t)weft_topology_find_port(weft_topology, from),
		      &packet, 1);
	return path_overlay_look(frame, 1);
}

/* Bytes behind the packet are no part of the frame in it: not its tag, not its addresses. */
static void
test_padding_is_not_read(void **state)
{
	struct path_frame frame;
	uint64_t misses;

	(void)state;
	path_length_begin();
	PATH_OVERLAY_PLAY(2, { "b1", "d < a", "b3" },
			  { "p1", "vxlan 1 from 192.0.2.2 / a < e prio", "b1" });
	path_tunnel_build(&frame, "vxlan 1 from 192.0.2.2 cut 14 padding 46 / a < e type 8100");
	memset(frame.bytes + frame.length, 0, frame.padding);
	path_frame_set16(frame.bytes + frame.length + 2, 0x88b5);
	path_overlay_expect(path_length_send_frame("p1", &frame), "terminate/truncated",
			    "a tag from the padding");
	/* Of a group-addressed frame more is in the key. */
	path_tunnel_build(&frame, "vxlan 1 from 192.0.2.2 cut 14 padding 46 / * < e type 800");
	free(path_length_send_frame("p1", &frame));
	misses = weft_workers[0]->misses;
	for (uint32_t i = 0; i < 3; i++) {
		frame.bytes[frame.length] = 0x45;
		frame.bytes[frame.length + 9] = IPPROTO_UDP;
		memset(frame.bytes + frame.length + 12, (int)i, 12);
		path_overlay_expect(path_length_send_frame("p1", &frame), "b1, b2, b3",
				    "addresses from the padding");
	}
	assert_int_equal(weft_workers[0]->misses, misses);
}

/* Who is flooded to need not be where the destination is: his MTU says nothing. */
static void
test_a_flooded_port_says_nothing_about_sizes(void **state)
{
	static const char *const says = "p1 vxlan 1 to 192.0.2.2, deliver/too-big, deliver/too-big";

	(void)state;
	path_length_begin();
	PATH_OVERLAY_PLAY(2, { "b1", "f < a udp 10.0.0.1 10.0.0.2 601 df", says },
			  { "b1", "f < a udp 2001:db8::1 2001:db8::2 601", says },
			  { "b1", "d < a udp 10.0.0.1 10.0.0.2 601 df",
			    "b1 too big 600 from 10.0.0.2, deliver/too-big" });
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, path_overlay_start, path_walk_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_a_datagram_is_cut_and_what_is_behind_it_is_not),
		STORY(test_what_is_no_datagram_is_not_cut),
		STORY(test_padding_is_not_read),
		STORY(test_a_flooded_port_says_nothing_about_sizes),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
