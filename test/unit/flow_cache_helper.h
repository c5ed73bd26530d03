/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random frames for a random site: from guests, from wires, through tunnels, sensible or not.
 */
#ifndef TEST_UNIT_FLOW_CACHE_HELPER_H
#define TEST_UNIT_FLOW_CACHE_HELPER_H

#include "path_tunnel_helper.h"
#include "site_helper.h"

#define FLOW_CACHE_FRAME 2000

struct flow_cache_frame {
	uint16_t length;
	uint8_t bytes[FLOW_CACHE_FRAME];
};

static inline uint16_t
flow_cache_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

static inline void
flow_cache_random_mac(struct dice *dice, uint8_t *mac, bool is_source)
{
	static const uint8_t base[6] = { 2, 0, 0, 0, 0, 0 };
	uint32_t what = dice_below(dice, 40);

	memcpy(mac, base, 6);
	mac[5] = (uint8_t)(1 + dice_below(dice, 14));
	if (what == 0)
		memset(mac, 0, 6);
	else if (what == 1 || (what < 10 && !is_source))
		memset(mac, 0xff, 6);
	else if (what == 2)
		memcpy(mac, (uint8_t[]){ 1, 0x80, 0xc2, 0, 0, (uint8_t)dice_below(dice, 32) }, 6);
}

/* Behind the Ethernet header: addresses that ports have, or not. @return bytes */
static inline uint16_t
flow_cache_random_inside(struct dice *dice, uint8_t *at)
{
	uint8_t host = (uint8_t)(1 + dice_below(dice, 4));
	uint16_t n;

	switch (dice_below(dice, 5)) {
	case 0: /* ARP; its sender is not in the key */
		n = flow_cache_put16(at, 0x0806);
		memcpy(at + n, "\0\1\10\0\6\4\0\1\2\0\0\0\0", 13);
		at[n + 13] = host;
		memcpy(at + n + 14, (uint8_t[]){ 10, 0, 0, (uint8_t)(1 + dice_below(dice, 4)) }, 4);
		return (uint16_t)(n + 28);
	case 1:
	case 2:
		n = flow_cache_put16(at, 0x0800);
		at[n] = 0x45;
		at[n + 9] = 17;
		memcpy(at + n + 12, (uint8_t[]){ 10, 0, 0, host, 10, 0, 0, 2 }, 8);
		at[n + 21] = (uint8_t)dice_below(dice, 3);
		return (uint16_t)(n + 28);
	case 3:
		n = flow_cache_put16(at, 0x86dd);
		at[n] = 0x60;
		at[n + 6] = dice_once_in(dice, 3) ? 58 : 6;
		memcpy(at + n + 8, "\x20\x01\x0d\xb8", 4);
		at[n + 23] = host;
		return (uint16_t)(n + 48);
	}
	return flow_cache_put16(at, 0x88b5);
}

static inline void
flow_cache_random_plain(struct dice *dice, struct flow_cache_frame *frame)
{
	uint16_t at = 12;

	memset(frame, 0, sizeof(*frame));
	flow_cache_random_mac(dice, frame->bytes, false);
	flow_cache_random_mac(dice, frame->bytes + 6, true);
	if (dice_once_in(dice, 2)) {
		at += flow_cache_put16(frame->bytes + at, 0x8100);
		at += flow_cache_put16(frame->bytes + at, (uint16_t)(dice_below(dice, 6) * 10));
		if (dice_once_in(dice, 20))
			at += flow_cache_put16(frame->bytes + at, 0x8100);
	}
	at += flow_cache_random_inside(dice, frame->bytes + at);
	frame->length = RTE_MAX(at, (uint16_t)60);
	if (dice_once_in(dice, 3)) /* some are larger than some ports like */
		frame->length = (uint16_t)(frame->length + dice_below(dice, 1600));
	else if (dice_once_in(dice, 30))
		frame->length = (uint16_t)dice_below(dice, 20);
	dice_fill(dice, frame->bytes + at, at < frame->length ? 16 : 0);
}

/* What the site knows of our endpoint is what others know of it. */
static inline void
flow_cache_look_at(const struct site_endpoint *endpoint)
{
	static char address[40];

	path_frame_self = (struct path_frame_self){
		.address = site_remote(endpoint, 1, address),
		.vlan = (uint16_t)endpoint->vlan,
		.vxlan_port = (uint16_t)endpoint->vxlan_port,
		.geneve_port = 6081,
		.ttl = 64,
	};
}

/* Through a tunnel, from who is a peer or not; now and then something is wrong with it. */
static inline void
flow_cache_random_tunnel(struct dice *dice, const struct site_endpoint *endpoint,
			 struct flow_cache_frame *frame)
{
	static const char *const formats[] = { "vxlan", "gre", "geneve" };
	struct flow_cache_frame inner;
	char src[40], other[40];
	struct path_tunnel tunnel = {
		.segment = dice_below(dice, 5) * 10 + 10,
		.src = site_remote(endpoint, 2 + dice_below(dice, SITE_REMOTES), src),
		.dst = path_frame_self.address,
		.to_mac = 0xee,
		.from_mac = 2,
		.ecn = (uint8_t)dice_below(dice, 4),
		.source_port = (uint16_t)(50000 + dice_below(dice, 2)),
	};

	snprintf(tunnel.format, sizeof(tunnel.format), "%s", formats[dice_below(dice, 3)]);
	flow_cache_random_plain(dice, &inner);
	inner.length = RTE_MIN(inner.length, FLOW_CACHE_FRAME - 140);
	switch (dice_below(dice, 40)) {
	case 0:
		tunnel.is_fragment = true;
		break;
	case 1:
		tunnel.has_bad_sum = true;
		break;
	case 2:
		tunnel.is_too_long = true;
		break;
	case 3:
		tunnel.has_no_flags = true;
		break;
	case 4:
		tunnel.is_critical = true;
		break;
	case 5:
		tunnel.is_not_ethernet = true;
		break;
	case 6:
		tunnel.dst = site_remote(endpoint, 9, other);
		break;
	case 7:
		tunnel.src = path_frame_self.address;
		break;
	case 8:
		inner.length = (uint16_t)dice_below(dice, 14);
		break;
	case 9:
		tunnel.padding = 1 + dice_below(dice, 30);
		break;
	}
	frame->length =
		(uint16_t)path_tunnel_wrap(&tunnel, inner.bytes, inner.length, frame->bytes);
}

static inline void
flow_cache_copy(struct flow_cache_frame *frame, const struct path_frame *from)
{
	frame->length = (uint16_t)from->length;
	memcpy(frame->bytes, from->bytes, from->length);
}

/* To the endpoint itself: what it serves, and what it does not. */
static inline void
flow_cache_random_local(struct dice *dice, const struct site_endpoint *endpoint,
			struct flow_cache_frame *frame)
{
	const char *const whats[] = { "ping", "ping", "udp", "type" };
	char text[256], tag[24] = "", src[40];
	struct path_frame built;
	uint32_t what = dice_below(dice, 4);

	if (endpoint->vlan != 0)
		snprintf(tag, sizeof(tag), " vlan %u", endpoint->vlan);
	site_remote(endpoint, 2 + dice_below(dice, 3), src);
	snprintf(text, sizeof(text), "ee < 02%s %s %s %s %s", tag, whats[what],
		 what == 3 ? "88b5" : src, what == 3 ? "" : path_frame_self.address,
		 what == 2 ? "80" : "");
	path_frame_build(&built, text);
	flow_cache_copy(frame, &built);
}

/** A next hop says where it is; sometimes it is elsewhere than before. */
static inline void
flow_cache_underlay(struct dice *dice, const struct site_endpoint *endpoint,
		    struct flow_cache_frame *frame)
{
	static const uint32_t hosts[] = { 2, 3, 4, 0xfe, 0xfd };
	uint32_t host = hosts[dice_below(dice, RTE_DIM(hosts))], mac = host;
	char text[256], tag[24] = "", src[40];
	struct path_frame built;

	if (dice_once_in(dice, 8))
		mac = 0x70 + dice_below(dice, 2);
	if (endpoint->vlan != 0)
		snprintf(tag, sizeof(tag), " vlan %u", endpoint->vlan);
	site_remote(endpoint, host, src);
	if (endpoint->is_ip6 && dice_once_in(dice, 2))
		snprintf(text, sizeof(text), "group6 < %02x%s ns %s %s %02x", mac, tag, src,
			 path_frame_self.address, mac);
	else if (endpoint->is_ip6)
		snprintf(text, sizeof(text), "ee < %02x%s na %s %02x", mac, tag, src, mac);
	else if (dice_once_in(dice, 2))
		snprintf(text, sizeof(text), "* < %02x%s ask %02x %s %s", mac, tag, mac, src,
			 path_frame_self.address);
	else
		snprintf(text, sizeof(text), "ee < %02x%s reply %02x %s", mac, tag, mac, src);
	path_frame_build(&built, text);
	flow_cache_copy(frame, &built);
}

static inline void
flow_cache_random_frame(struct dice *dice, const struct site_endpoint *endpoint,
			struct flow_cache_frame *frame)
{
	uint32_t what = dice_below(dice, 8);

	flow_cache_look_at(endpoint);
	if (what < 3)
		flow_cache_random_tunnel(dice, endpoint, frame);
	else if (what == 3 && dice_once_in(dice, 3))
		flow_cache_random_local(dice, endpoint, frame);
	else
		flow_cache_random_plain(dice, frame);
}

#endif
