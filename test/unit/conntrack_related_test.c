/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors that speak of a connection, and each way in which they can lie.
 */
#include "eal_helper.h"

#include <rte_ip.h>

#include "conntrack_helper.h"
#include "dice_helper.h"

#define RELATED_ZONE 1
#define RELATED_MAX 200

/* An error in the making: the whole packet, where its ICMP header is, where the quoted packet and
 * the header of that. */
struct related_error {
	uint8_t family;
	uint8_t bytes[RELATED_MAX];
	uint32_t length;
	uint32_t icmp, quoted, l4;
};

static const uint8_t related_router[16] = { 10, 0, 0, 99 };

static int
related_start(void **state)
{
	(void)state;
	return weft_conn_create(64, 1);
}

static int
related_stop(void **state)
{
	(void)state;
	conntrack_flush();
	weft_conn_destroy();
	return 0;
}

static void
related_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The checksums, as they must be. */
static void
related_sum(struct related_error *error)
{
	uint8_t *icmp = error->bytes + error->icmp, *quoted = error->bytes + error->quoted;
	uint16_t sum;

	if (error->family == AF_INET) {
		related_put16(quoted + 10, 0);
		sum = (uint16_t)~rte_raw_cksum(quoted, error->l4 - error->quoted);
		memcpy(quoted + 10, &sum, sizeof(sum));
	}
	related_put16(icmp + 2, 0);
	if (error->family == AF_INET)
		sum = (uint16_t)~rte_raw_cksum(icmp, error->length - error->icmp);
	else
		sum = rte_ipv6_udptcp_cksum((void *)error->bytes, icmp);
	memcpy(icmp + 2, &sum, sizeof(sum));
}

/* An IP header with addresses of a tuple. @return its length */
static uint32_t
related_put_ip(uint8_t *at, uint8_t family, uint8_t protocol, uint32_t payload, const uint8_t *src,
	       const uint8_t *dst)
{
	uint32_t header = family == AF_INET ? 20 : 40;

	memset(at, 0, header);
	if (family == AF_INET) {
		at[0] = 0x45;
		related_put16(at + 2, header + payload);
		at[8] = 64;
		at[9] = protocol;
		memcpy(at + 12, src, 4);
		memcpy(at + 16, dst, 4);
	} else {
		at[0] = 0x60;
		related_put16(at + 4, payload);
		at[6] = protocol;
		at[7] = 64;
		memcpy(at + 8, src, 16);
		memcpy(at + 24, dst, 16);
	}
	return header;
}

/* A router complains to the sender of a packet; of its transport header 8 bytes are quoted. */
static struct related_error
related_error(const struct weft_conn_packet *packet, uint8_t type)
{
	const struct weft_tuple *tuple = &packet->tuple;
	uint8_t family = tuple->family;
	bool is_icmp = tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6;
	uint32_t header = family == AF_INET ? 20 : 40;
	struct related_error error = { .family = family };
	uint8_t *l4;

	error.icmp = related_put_ip(error.bytes, family,
				    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
				    8 + header + 8, related_router, tuple->src);
	error.bytes[error.icmp] = type;
	error.quoted = error.icmp + 8;
	/* The packet was longer than what is quoted of it. */
	error.l4 = error.quoted + related_put_ip(error.bytes + error.quoted, family,
						 tuple->protocol, 100, tuple->src, tuple->dst);
	l4 = error.bytes + error.l4;
	if (is_icmp) {
		l4[0] = packet->icmp_type;
		memcpy(l4 + 4, &tuple->src_port, 2);
	} else {
		memcpy(l4, &tuple->src_port, 2);
		memcpy(l4 + 2, &tuple->dst_port, 2);
	}
	error.length = error.l4 + 8;
	related_sum(&error);
	return error;
}

static bool
related_look(const struct related_error *error, struct weft_conn_look *look)
{
	return weft_conn_look_related(RELATED_ZONE, error->family, error->bytes, error->length,
				      look);
}

static bool
related_is(const struct related_error *error)
{
	struct weft_conn_look look;

	return related_look(error, &look);
}

/* One of each kind, both families. */
static uint32_t
related_packets(struct weft_conn_packet *packets)
{
	static const uint8_t protocols[] = { IPPROTO_TCP,  IPPROTO_UDP,	 IPPROTO_UDPLITE,
					     IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_ICMP };
	uint32_t n = 0;

	for (size_t i = 0; i < RTE_DIM(protocols); i++)
		for (int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
			struct weft_conn_packet *packet = &packets[n++];

			*packet = protocols[i] == IPPROTO_ICMP ?
					  conntrack_icmp(is_ip6 ? AF_INET6 : AF_INET,
							 is_ip6 ? 128 : 8, 1234) :
					  conntrack_packet(protocols[i], 1, 1000, 2, 80);
			packet->tcp_flags = SYN;
			packet->tuple.family = is_ip6 ? AF_INET6 : AF_INET;
			if (is_ip6)
				packet->tuple.src[15] = packet->tuple.dst[14] = 7;
		}
	packets[n] = conntrack_packet(IPPROTO_GRE, 1, 0, 2, 0);
	return n + 1;
}

static void
test_errors_are_found_in_both_directions(void **state)
{
	struct weft_conn_packet packets[16];
	uint32_t n = related_packets(packets);

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		struct weft_conn_packet *packet = &packets[i], back = conntrack_back(*packet);
		bool is_ip6 = packet->tuple.family == AF_INET6;
		struct related_error error = related_error(packet, is_ip6 ? 1 : 3);
		struct weft_conn_look look;
		uint32_t conn;

		assert_false(related_look(&error, &look));
		conn = conntrack_pass(packet, 1000).conn;
		assert_true(related_look(&error, &look));
		assert_int_equal(look.verdict, WEFT_CONN_IS_KNOWN);
		assert_int_equal(look.direction, WEFT_CONN_ORIGINAL);
		assert_int_equal(look.conn, conn);
		assert_int_equal(look.in_the_way, WEFT_NO_CONN);
		assert_memory_equal(&look.original, &packet->tuple, sizeof(packet->tuple));
		assert_true(look.from == 0 && look.to == WEFT_CONN_NO_PORT);
		if (packet->icmp_type != 0)
			back.icmp_type = is_ip6 ? 129 : 0;
		error = related_error(&back, is_ip6 ? 2 : 11);
		assert_true(related_look(&error, &look));
		assert_int_equal(look.direction, WEFT_CONN_REPLY);
		assert_int_equal(look.conn, conn);
	}
}

static void
test_only_errors_are_errors(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(1), packet6 = conntrack_udp(2);

	(void)state;
	packet6.tuple.family = AF_INET6;
	conntrack_pass(&packet, 1000);
	conntrack_pass(&packet6, 1000);
	for (int type = 0; type < 256; type++) {
		struct related_error error = related_error(&packet, (uint8_t)type);

		assert_int_equal(related_is(&error),
				 type == 3 || type == 4 || type == 11 || type == 12);
		error = related_error(&packet6, (uint8_t)type);
		assert_int_equal(related_is(&error), type >= 1 && type <= 4);
	}
}

/* Whose error changes nothing. */
static void
test_an_error_must_be_whole_and_right(void **state)
{
	struct weft_conn_packet packet = conntrack_tcp(1, SYN);
	struct related_error good, bad;

	(void)state;
	conntrack_pass(&packet, 1000);
	good = related_error(&packet, 3);
	assert_true(related_is(&good));
	for (uint32_t length = 0; length < good.length; length++) {
		bad = good;
		bad.length = length;
		assert_false(related_is(&bad));
	}
	/* Any bit of the ICMP message, for it has a checksum. */
	for (uint32_t bit = good.icmp * 8; bit < good.length * 8; bit++) {
		bad = good;
		bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(related_is(&bad));
	}
	/* Behind the end of the packet nothing matters, and within, the sum does. */
	bad = good;
	bad.length += 10;
	assert_true(related_is(&bad));
	related_put16(bad.bytes + 2, bad.length);
	bad.bytes[good.length] = 1;
	assert_false(related_is(&bad));
	related_sum(&bad);
	assert_true(related_is(&bad));
	/* What cannot all be read cannot be summed. */
	bad = good;
	related_put16(bad.bytes + 2, bad.length + 500);
	assert_true(related_is(&bad));
}

static void
related_check_lie(struct related_error error, uint32_t at, uint8_t value)
{
	error.bytes[at] = value;
	related_sum(&error);
	assert_false(related_is(&error));
}

/* All checksums are right, and it is a lie. */
static void
test_lies_about_ip4(void **state)
{
	struct weft_conn_packet packet = conntrack_tcp(1, SYN);
	struct related_error good = related_error(&packet, 3), bad;

	(void)state;
	conntrack_pass(&packet, 1000);
	related_check_lie(good, 19, 9); /* for somebody who has sent nothing */
	related_check_lie(good, 6, 0x20); /* a fragment */
	related_check_lie(good, 7, 0x01); /* a later one */
	related_check_lie(good, 9, IPPROTO_UDP); /* not ICMP */
	related_check_lie(good, good.quoted, 0x65); /* not IPv4 */
	related_check_lie(good, good.quoted + 7, 0x01); /* of a later fragment */
	related_check_lie(good, good.quoted + 9, IPPROTO_UDP);
	related_check_lie(good, good.quoted + 15, 9); /* sent by another */
	related_check_lie(good, good.quoted + 19, 9); /* to another */
	related_check_lie(good, good.l4 + 1, 77);
	related_check_lie(good, good.l4 + 3, 77);
	related_check_lie(good, good.quoted + 3, 27); /* shorter than is quoted */
	/* A first fragment has ports. */
	bad = good;
	bad.bytes[bad.quoted + 6] = 0x20;
	related_sum(&bad);
	assert_true(related_is(&bad));
	/* The header's own checksum, inside one that is right. */
	bad = good;
	bad.bytes[bad.quoted + 10] ^= 1;
	bad.bytes[bad.icmp + 2] ^= 1;
	assert_false(related_is(&bad));
	/* Sender and receiver, in agreement, and the other way. */
	packet = conntrack_back(packet);
	packet.tuple.src_port = 5;
	bad = related_error(&packet, 3);
	assert_false(related_is(&bad));
	/* Another zone. */
	assert_false(weft_conn_look_related(RELATED_ZONE + 1, AF_INET, good.bytes, good.length,
					    &(struct weft_conn_look){ 0 }));
	/* IPv4 that is said to be IPv6. */
	assert_false(weft_conn_look_related(RELATED_ZONE, AF_INET6, good.bytes, good.length,
					    &(struct weft_conn_look){ 0 }));
}

static void
test_lies_about_ip6(void **state)
{
	struct weft_conn_packet packet = conntrack_tcp(1, SYN);
	struct related_error good, bad;

	(void)state;
	packet.tuple.family = AF_INET6;
	good = related_error(&packet, 1);
	conntrack_pass(&packet, 1000);
	assert_true(related_is(&good));
	related_check_lie(good, 39, 9);
	related_check_lie(good, good.quoted + 23, 9);
	related_check_lie(good, good.quoted + 39, 9);
	related_check_lie(good, good.quoted + 6, IPPROTO_UDP);
	related_check_lie(good, good.l4 + 3, 77);
	related_check_lie(good, good.quoted, 0x40);
	/* Addresses are part of the sum. */
	bad = good;
	bad.bytes[8] ^= 1;
	assert_false(related_is(&bad));
	for (uint32_t length = 0; length < good.length; length++) {
		bad = good;
		bad.length = length;
		assert_false(related_is(&bad));
	}
}

/* Extension headers of what is quoted: skipped, and a fragment header understood. */
static void
test_quoted_extension_headers(void **state)
{
	struct weft_conn_packet packet = conntrack_tcp(1, SYN);
	struct related_error error;

	(void)state;
	packet.tuple.family = AF_INET6;
	conntrack_pass(&packet, 1000);
	error = related_error(&packet, 2);
	memmove(error.bytes + error.l4 + 8, error.bytes + error.l4, 8);
	memset(error.bytes + error.l4, 0, 8);
	error.bytes[error.l4] = IPPROTO_TCP;
	error.bytes[error.quoted + 6] = IPPROTO_DSTOPTS;
	error.length += 8;
	related_put16(error.bytes + 4, error.length - 40);
	related_sum(&error);
	assert_true(related_is(&error));
	error.bytes[error.quoted + 6] = IPPROTO_FRAGMENT;
	error.bytes[error.l4 + 3] = 1; /* the first, and there are more */
	related_sum(&error);
	assert_true(related_is(&error));
	error.bytes[error.l4 + 3] = 9;
	related_sum(&error);
	assert_false(related_is(&error));
}

/* An error does not answer an error, nor a question that nobody asked. */
static void
test_errors_about_icmp(void **state)
{
	struct weft_conn_packet ping = conntrack_icmp(AF_INET, 8, 77);
	struct related_error error;

	(void)state;
	conntrack_pass(&ping, 1000);
	error = related_error(&ping, 3);
	assert_true(related_is(&error));
	ping.icmp_type = 3;
	error = related_error(&ping, 3);
	assert_false(related_is(&error));
	ping.icmp_type = 13;
	error = related_error(&ping, 3);
	assert_false(related_is(&error));
	ping.icmp_type = 0;
	error = related_error(&ping, 3);
	assert_false(related_is(&error));
}

static void
test_a_forgotten_connection_has_no_errors(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(1);
	struct related_error error = related_error(&packet, 3);
	struct weft_conn_row row;
	uint32_t conn;

	(void)state;
	conntrack_pass(&packet, 1000);
	assert_true(related_is(&error));
	assert_true(conntrack_row(&packet, 1000, &row, &conn));
	weft_conn_forget(conn, &row);
	assert_false(related_is(&error));
}

/* Garbage is not read beyond its end; the sanitizer watches. */
static void
test_garbage_is_refused(void **state)
{
	struct weft_conn_packet packet = conntrack_udp(1);
	struct dice dice = { 31 };

	(void)state;
	conntrack_pass(&packet, 1000);
	for (int round = 0; round < 200000; round++) {
		struct related_error error = related_error(&packet, 3);
		uint32_t length = dice_below(&dice, error.length + 1),
			 broken = dice_below(&dice, 4);
		uint8_t *bytes = malloc(length + 1);
		struct weft_conn_look look;

		for (uint32_t i = 0; i < broken; i++)
			error.bytes[dice_below(&dice, error.length)] = (uint8_t)dice_roll(&dice);
		memcpy(bytes, error.bytes, length);
		weft_conn_look_related(RELATED_ZONE, dice_once_in(&dice, 9) ? AF_INET6 : AF_INET,
				       bytes, length, &look);
		free(bytes);
	}
}

#define RELATED_TEST(name) cmocka_unit_test_setup_teardown(name, related_start, related_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RELATED_TEST(test_errors_are_found_in_both_directions),
		RELATED_TEST(test_only_errors_are_errors),
		RELATED_TEST(test_an_error_must_be_whole_and_right),
		RELATED_TEST(test_lies_about_ip4),
		RELATED_TEST(test_lies_about_ip6),
		RELATED_TEST(test_quoted_extension_headers),
		RELATED_TEST(test_errors_about_icmp),
		RELATED_TEST(test_a_forgotten_connection_has_no_errors),
		RELATED_TEST(test_garbage_is_refused),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
