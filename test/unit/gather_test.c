/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments of UDP to port 53 of vm, by guests and by a wire, in any order and in any number. */
#include "conf_helper.h"
#include "dice_helper.h"
#include "forward_helper.h"

#define GATHER_SITE_OF(blue, red)                                                                  \
	"physical-networks: [{name: w1, device: eth1}]\n"                                          \
	"security-groups:\n"                                                                       \
	"  - {name: dns, rules: [{direction: ingress, protocol: udp, ports: 53}]}\n"               \
	"networks:\n"                                                                              \
	"  - {name: blue, type: vlan, segment: " blue ", physical-network: w1,\n"                  \
	"     static-macs: [{mac: \"02:00:00:00:00:01\", port: vm}]}\n"                            \
	"  - {name: red, type: vlan, segment: " red ", physical-network: w1,\n"                    \
	"     static-macs: [{mac: \"02:00:00:00:00:01\", port: rvm}]}\n"                           \
	"ports:\n"                                                                                 \
	"  - {name: vm, network: blue, vhost-user: /s/vm, security-groups: [dns]}\n"               \
	"  - {name: rvm, network: red, vhost-user: /s/rvm, security-groups: [dns]}\n"              \
	"  - {name: a, network: blue, vhost-user: /s/a, port-security: false}\n"                   \
	"  - {name: b, network: blue, vhost-user: /s/b, port-security: false}\n"                   \
	"  - {name: c, network: blue, vhost-user: /s/c, port-security: false}\n"                   \
	"  - {name: d, network: blue, vhost-user: /s/d, port-security: false}\n"                   \
	"  - {name: e, network: blue, vhost-user: /s/e, port-security: false}\n"                   \
	"  - {name: wide, network: blue, vhost-user: /s/wide, port-security: false,\n"             \
	"     fragment-limit: 65536}\n"

#define GATHER_SITE GATHER_SITE_OF("10", "20")
#define GATHER_LIMIT 256 /* of a guest, if nothing else is said */
#define GATHER_UNITS 24 /* of eight bytes: the longest random datagram, and a little more */

/* Where fragments come from, and how. */
struct gather_way {
	const char *port;
	uint16_t vid; /* 0: no tag */
	bool is_ip6;
	uint8_t protocol;
};

/* Offset and length in units of eight bytes. */
struct gather_piece {
	uint32_t id;
	uint16_t offset, length;
	bool is_last;
};

static const struct gather_way gather_guest = { .port = "a", .protocol = IPPROTO_UDP };

static uint16_t
gather_port(const char *name)
{
	int32_t port = weft_topology_find_port(weft_topology, name);

	assert_true(port >= 0);
	return (uint16_t)port;
}

/* In network order. */
static void
gather_put(uint8_t *at, uint32_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static uint32_t
gather_put_ip4(uint8_t *at, const struct gather_way *way, const struct gather_piece *piece)
{
	const uint16_t words[10] = {
		[0] = 0x4500,
		[1] = (uint16_t)(20 + piece->length * 8),
		[2] = (uint16_t)piece->id,
		[3] = piece->offset | (piece->is_last ? 0 : 0x2000),
		[4] = 0x4000 | way->protocol,
	};

	for (uint32_t i = 0; i < RTE_DIM(words); i++)
		gather_put(at + 2 * i, words[i], 2);
	memcpy(at + 12, "\x0a\0\0\x09\x0a\0\0\1", 8);
	return 20;
}

static uint32_t
gather_put_ip6(uint8_t *at, const struct gather_way *way, const struct gather_piece *piece)
{
	uint32_t word = piece->offset * 8u | !piece->is_last;

	at[0] = 0x60;
	gather_put(at + 4, 8 + piece->length * 8u, 2);
	at[6] = IPPROTO_FRAGMENT;
	memcpy(at + 8, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
	memcpy(at + 24, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	at[40] = way->protocol;
	gather_put(at + 42, word, 2);
	gather_put(at + 44, piece->id, 4);
	return 48;
}

static void
gather_send(const struct gather_way *way, const struct gather_piece *piece)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9 };
	const uint8_t tag[4] = { 0x81, 0, (uint8_t)(way->vid >> 8), (uint8_t)way->vid };
	uint8_t frame[512] = { 0 };
	struct rte_mbuf *packet;
	uint32_t at = sizeof(macs);

	memcpy(frame, macs, sizeof(macs));
	/* The same guest cannot be everywhere. */
	frame[10] = (uint8_t)way->port[0];
	if (way->vid != 0) {
		memcpy(frame + at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	memcpy(frame + at, way->is_ip6 ? "\x86\xdd" : "\x08", 2);
	at += 2;
	at += way->is_ip6 ? gather_put_ip6(frame + at, way, piece) :
			    gather_put_ip4(frame + at, way, piece);
	if (piece->offset == 0)
		memcpy(frame + at, "\0\x09\0\x35", 4);
	packet = forward_packet(frame, at + piece->length * 8u);
	forward_burst(weft_workers[0], gather_port(way->port), &packet, 1);
	forward_check_conservation();
}

/* Frames that a port has been sent since the last question. */
static uint32_t
gather_heard(const char *name)
{
	uint32_t n = 0;

	for (size_t at = 0; at < fake.log_bytes;) {
		struct fake_sent sent;

		memcpy(&sent, fake.log + at, sizeof(sent));
		n += sent.port == gather_port(name);
		at += sizeof(sent) + sent.length;
	}
	fake.log_bytes = 0;
	return n;
}

static uint64_t
gather_drops(const char *name, enum weft_drop reason)
{
	return weft_workers[0]->counts[gather_port(name)].drops[reason];
}

static void
gather_apply(const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	assert_int_equal(weft_running_apply(conf_helper_load(text), &errors), 0);
}

static int
gather_start(void **state)
{
	(void)state;
	forward_start(1, 1024, 64);
	forward_time(1000);
	gather_apply(GATHER_SITE);
	return 0;
}

static int
gather_stop(void **state)
{
	(void)state;
	forward_stop();
	return 0;
}

/* ---- what is complete ---- */

struct gather_case {
	const char *what;
	struct gather_piece pieces[4];
	uint32_t n;
};

/* Each of them is sent in all orders; nothing may come out but what has no hole and one end. */
static const struct gather_case gather_wrong[] = {
	{ "no first one, but as many bytes", { { 0, 125, 13, false }, { 0, 13, 12, true } }, 2 },
	{ "a hole, and as many bytes behind the end",
	  { { 0, 0, 50, false }, { 0, 125, 13, false }, { 0, 63, 1, true } },
	  3 },
	{ "two ends", { { 0, 4, 4, true }, { 0, 8, 4, true } }, 2 },
	{ "the last one, and more of it", { { 0, 4, 4, true }, { 0, 4, 4, false } }, 2 },
	{ "an end inside", { { 0, 0, 4, false }, { 0, 12, 4, false }, { 0, 8, 4, true } }, 3 },
};

static void
gather_permute(const struct gather_case *wrong, uint32_t order, uint32_t id,
	       const struct gather_way *way)
{
	struct gather_piece pieces[4];

	memcpy(pieces, wrong->pieces, sizeof(pieces));
	for (uint32_t left = wrong->n; left > 0; left--) {
		uint32_t take = order % left;

		order /= left;
		pieces[take].id = id;
		gather_send(way, &pieces[take]);
		pieces[take] = pieces[left - 1];
	}
}

static void
test_what_has_holes_or_two_ends_is_not_complete(void **state)
{
	struct gather_way way = gather_guest;
	uint32_t id = 0;

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(gather_wrong); i++)
		for (uint32_t order = 0; order < 2 * 6; order++) {
			way.is_ip6 = order >= 6;
			gather_permute(&gather_wrong[i], order % 6, ++id, &way);
			if (gather_heard("vm") == 0)
				continue;
			print_error("%s: order %u\n", gather_wrong[i].what, order);
			fail();
		}
	assert_int_equal(weft_conn_count(), 0);
}

/* A datagram as the simplest of all minds sees it. */
struct gather_model {
	uint32_t bits; /* units that are there */
	uint32_t end; /* unit; 0: not known */
	struct gather_piece pieces[GATHER_UNITS];
	uint32_t n;
	bool is_bad;
};

static uint32_t
gather_bits(const struct gather_piece *piece)
{
	return ((1u << piece->length) - 1) << piece->offset;
}

/* @return fragments that come out */
static uint32_t
gather_model_put(struct gather_model *model, const struct gather_piece *piece)
{
	uint32_t bits = gather_bits(piece), end = piece->offset + piece->length, n;

	if (piece->offset == 0 && piece->is_last)
		return 1;
	for (uint32_t i = 0; i < model->n; i++)
		if (gather_bits(&model->pieces[i]) == bits &&
		    model->pieces[i].is_last == piece->is_last)
			return 0;
	if (model->is_bad)
		return 0;
	if (model->bits & bits || (piece->is_last && (model->end != 0 || model->bits >> end)) ||
	    (model->end != 0 && end > model->end)) {
		*model = (struct gather_model){ .is_bad = true };
		return 0;
	}
	model->bits |= bits;
	model->pieces[model->n++] = *piece;
	if (piece->is_last)
		model->end = end;
	if (model->end == 0 || model->bits != (1u << model->end) - 1)
		return 0;
	n = model->n;
	*model = (struct gather_model){ 0 };
	return n;
}

/* A datagram in pieces, mixed, and most times with something wrong among them. @return how many */
static uint32_t
gather_random(struct dice *dice, uint32_t id, struct gather_piece *pieces)
{
	uint16_t end = (uint16_t)(2 + dice_below(dice, 14));
	uint32_t n = 0, wrong = dice_below(dice, 3);

	for (uint16_t at = 0; at < end;) {
		uint16_t length = (uint16_t)(1 + dice_below(dice, 5));

		length = RTE_MIN(length, (uint16_t)(end - at));
		pieces[n++] = (struct gather_piece){ id, at, length, at + length == end };
		at = (uint16_t)(at + length);
	}
	for (; wrong > 0; wrong--) {
		struct gather_piece *piece = &pieces[dice_below(dice, n)];

		if (dice_once_in(dice, 3))
			pieces[n++] = *piece;
		else if (dice_once_in(dice, 2))
			piece->is_last = !piece->is_last;
		else
			pieces[n++] = (struct gather_piece){ id, (uint16_t)dice_below(dice, 18),
							     (uint16_t)(1 + dice_below(dice, 5)),
							     dice_once_in(dice, 3) };
	}
	for (uint32_t i = n; i > 1; i--) {
		struct gather_piece *other = &pieces[dice_below(dice, i)], last = pieces[i - 1];

		pieces[i - 1] = *other;
		*other = last;
	}
	return n;
}

static void
test_random_datagrams_are_what_a_simple_mind_says(void **state)
{
	struct dice dice = { 9 };
	struct gather_way way = gather_guest;
	uint32_t whole = 0;

	(void)state;
	for (uint32_t id = 1; id <= 6000; id++) {
		struct gather_piece pieces[GATHER_UNITS];
		struct gather_model model = { 0 };
		uint32_t n = gather_random(&dice, id, pieces);

		forward_time(1000 + id); /* for the budgets */
		way.is_ip6 = dice_once_in(&dice, 2);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t out = gather_model_put(&model, &pieces[i]);

			gather_send(&way, &pieces[i]);
			assert_int_equal(gather_heard("vm"), out);
			assert_int_equal(weft_gather_count(weft_workers[0]), model.n);
			whole += out > 1;
		}
		if (id % 8 == 0)
			forward_drop_gathered(weft_workers[0]);
		else if (model.n > 0) /* nothing else of it waits: bad */
			gather_send(&way, &(struct gather_piece){ id, 0, 20, false });
		if (id % 8 != 0)
			assert_int_equal(weft_gather_count(weft_workers[0]), 0);
	}
	assert_in_range(whole, 1500, 6000);
}

/* ---- how many ---- */

enum gather_flood {
	GATHER_TINY,
	GATHER_OVERLAP,
	GATHER_LONELY,
	GATHER_FLOODS,
};

static void
gather_flood(const struct gather_way *from, enum gather_flood what, uint32_t n)
{
	struct gather_way way = *from;

	if (what == GATHER_TINY)
		way.protocol = IPPROTO_TCP;
	for (uint32_t id = 1; id <= n; id++) {
		gather_send(&way, &(struct gather_piece){ id, 0, 1, false });
		if (what == GATHER_OVERLAP)
			gather_send(&way, &(struct gather_piece){ id, 0, 2, false });
	}
	assert_int_equal(gather_heard("vm"), 0);
}

/* Three in order: what they need is room for two. */
static bool
gather_passes(const struct gather_way *way, const char *to)
{
	fake.log_bytes = 0;
	for (uint16_t i = 0; i < 3; i++)
		gather_send(way, &(struct gather_piece){ 77777, i, 1, i == 2 });
	return gather_heard(to) == 3;
}

static void
test_what_a_guest_floods_harms_no_other(void **state)
{
	struct gather_way other = { .port = "b", .protocol = IPPROTO_UDP };
	struct gather_way wire = { .port = "w1", .vid = 10, .protocol = IPPROTO_UDP };

	(void)state;
	for (enum gather_flood what = 0; what < GATHER_FLOODS; what++)
		for (int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
			struct gather_way way = gather_guest;

			way.is_ip6 = is_ip6;
			gather_flood(&way, what, 2000);
			assert_true(gather_passes(&other, "vm"));
			assert_true(gather_passes(&wire, "vm"));
			/* Its own bad ones give way; what waits does not. */
			assert_int_equal(gather_passes(&way, "vm"), what != GATHER_LONELY);
			assert_int_equal(weft_gather_count(weft_workers[0]),
					 what == GATHER_LONELY ? GATHER_LIMIT : 0);
			forward_drop_gathered(weft_workers[0]);
			assert_true(gather_passes(&way, "vm"));
		}
	assert_int_equal(gather_drops("a", DROP_ADMIT_FRAGMENT_TINY), 2 * 2000);
	assert_int_equal(gather_drops("a", DROP_ADMIT_FRAGMENT_OVERLAP), 2 * 2 * 2000);
	assert_int_equal(gather_drops("a", DROP_ADMIT_FRAGMENT_LIMIT),
			 2 * (2000 - GATHER_LIMIT + 3));
	assert_int_equal(gather_drops("a", DROP_ADMIT_FRAGMENT_INCOMPLETE), 2 * GATHER_LIMIT);
}

static void
test_what_a_wire_floods_harms_neither_guests_nor_other_networks(void **state)
{
	struct gather_way blue = { .port = "w1", .vid = 10, .protocol = IPPROTO_UDP };
	struct gather_way red = { .port = "w1", .vid = 20, .protocol = IPPROTO_UDP };

	(void)state;
	for (enum gather_flood what = 0; what < GATHER_FLOODS; what++) {
		gather_flood(&blue, what, 2000);
		assert_true(gather_passes(&red, "rvm"));
		assert_true(gather_passes(&gather_guest, "vm"));
		assert_int_equal(gather_passes(&blue, "vm"), what != GATHER_LONELY);
		gather_flood(&red, what, 2000);
		assert_in_range(weft_gather_count(weft_workers[0]), 0, WEFT_GATHER_MAX / 2);
		assert_true(gather_passes(&gather_guest, "vm"));
		forward_drop_gathered(weft_workers[0]);
		assert_true(gather_passes(&blue, "vm"));
	}
}

static void
test_a_guest_that_may_have_all_has_half(void **state)
{
	struct gather_way way = { .port = "wide", .protocol = IPPROTO_UDP };

	(void)state;
	gather_flood(&way, GATHER_LONELY, 2000);
	assert_int_equal(weft_gather_count(weft_workers[0]), WEFT_GATHER_MAX / 2);
	assert_true(gather_passes(&gather_guest, "vm"));
}

static void
test_when_many_flood_there_is_room_for_one_more(void **state)
{
	static const char *const names[] = { "wide", "a", "b", "c", "d" };
	struct gather_way way = { .protocol = IPPROTO_UDP };

	(void)state;
	for (enum gather_flood what = 0; what < GATHER_FLOODS; what++) {
		for (uint32_t i = 0; i < RTE_DIM(names); i++) {
			way.port = names[i];
			gather_flood(&way, what, 1200);
		}
		way.port = "e";
		assert_true(gather_passes(&way, "vm"));
		way = (struct gather_way){ .port = "w1", .vid = 20, .protocol = IPPROTO_UDP };
		assert_true(gather_passes(&way, "rvm"));
		way.vid = 0;
		forward_drop_gathered(weft_workers[0]);
	}
}

/* ---- what has changed meanwhile ---- */

/* The VLANs of two networks are exchanged while fragments wait: the earlier ones would be judged in
 * the one network and go to the other. */
static void
test_a_datagram_stays_in_its_network(void **state)
{
	struct gather_way wire = { .port = "w1", .vid = 10, .protocol = IPPROTO_UDP };
	struct rte_ether_addr source = { { 2, 0, 0, 0, 'w', 9 } };
	uint16_t red;

	(void)state;
	gather_send(&wire, &(struct gather_piece){ 1, 0, 2, false });
	gather_apply(GATHER_SITE_OF("20", "10"));
	red = weft_topology->attachments[gather_port("rvm")]->network;
	wire.vid = 20;
	gather_send(&wire, &(struct gather_piece){ 1, 2, 2, true });
	assert_int_equal(gather_heard("rvm"), 0);
	assert_int_equal(gather_heard("vm"), 0);
	assert_int_equal(gather_drops("w1", DROP_BRIDGE_NO_RECEIVER), 2);
	assert_int_equal(weft_fdb_lookup(red, &source), WEFT_NO_PORT);
	assert_int_equal(weft_conn_count(), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, gather_start, gather_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(test_what_has_holes_or_two_ends_is_not_complete),
		STORY(test_random_datagrams_are_what_a_simple_mind_says),
		STORY(test_what_a_guest_floods_harms_no_other),
		STORY(test_what_a_wire_floods_harms_neither_guests_nor_other_networks),
		STORY(test_a_guest_that_may_have_all_has_half),
		STORY(test_when_many_flood_there_is_room_for_one_more),
		STORY(test_a_datagram_stays_in_its_network),
	};

	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
