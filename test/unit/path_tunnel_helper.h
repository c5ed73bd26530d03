/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnel packets from words, and what a slow hand makes of a frame that goes into a tunnel.
 *
 * "vxlan 1001 from 192.0.2.2 [WORD]... / FRAME": a word spoils the packet in one way or another.
 */
#ifndef TEST_UNIT_PATH_TUNNEL_HELPER_H
#define TEST_UNIT_PATH_TUNNEL_HELPER_H

#include "path_frame_helper.h"

/* Our tunnel endpoint, as the test has configured it. */
static struct path_frame_self {
	const char *address;
	uint16_t vlan, vxlan_port, geneve_port;
	uint8_t dscp, ttl;
	bool has_udp_checksum;
} path_frame_self = { "192.0.2.1", 0, 4789, 6081, 0, 64, false };

struct path_tunnel {
	char format[8];
	uint32_t segment;
	const char *src, *dst;
	uint8_t to_mac, from_mac; /* last bytes */
	uint8_t ecn;
	uint16_t source_port;
	/* How it is spoilt. */
	bool is_fragment, has_bad_sum, is_too_long, has_bad_udp, has_no_flags, is_critical,
		is_not_ethernet;
	bool has_checksum, has_sequence; /* GRE */
	uint32_t padding, cut;
};

/* ---- in front of a frame ---- */

static inline bool
path_tunnel_is_udp(const struct path_tunnel *tunnel)
{
	return strcmp(tunnel->format, "gre") != 0;
}

/* @return its length */
static inline uint32_t
path_tunnel_put_shim(const struct path_tunnel *tunnel, uint8_t *at)
{
	uint32_t segment = tunnel->segment;
	uint32_t n = 4;

	memset(at, 0, 16);
	if (path_tunnel_is_udp(tunnel)) {
		bool is_vxlan = strcmp(tunnel->format, "vxlan") == 0;

		if (is_vxlan)
			at[0] = tunnel->has_no_flags ? 0 : 8;
		else
			path_frame_set16(at + 2, tunnel->is_not_ethernet ? 0x0800 : 0x6558);
		if (!is_vxlan && tunnel->has_no_flags)
			at[0] = 0x40; /* a version to come */
		if (tunnel->is_critical)
			at[1] = 0x40;
		at[4] = (uint8_t)(segment >> 16);
		path_frame_set16(at + 5, segment & 0xffff);
		return 8;
	}
	at[0] = (uint8_t)((tunnel->has_no_flags ? 0 : 0x20) | (tunnel->has_checksum ? 0x80 : 0) |
			  (tunnel->has_sequence ? 0x10 : 0));
	path_frame_set16(at + 2, tunnel->is_not_ethernet ? 0x0800 : 0x6558);
	n += tunnel->has_checksum ? 4 : 0;
	path_frame_set16(at + n, segment >> 16);
	path_frame_set16(at + n + 2, segment & 0xffff);
	return n + 4 + (tunnel->has_sequence ? 4 : 0);
}

static inline uint32_t
path_tunnel_put_ip(const struct path_tunnel *tunnel, uint8_t *ip, uint32_t bytes)
{
	uint32_t n =
		path_frame_fill_ip(ip, tunnel->src, tunnel->dst,
				   path_tunnel_is_udp(tunnel) ? IPPROTO_UDP : IPPROTO_GRE, bytes);

	if (n == 40) {
		ip[7] = path_frame_self.ttl;
		ip[0] = (uint8_t)(0x60 | path_frame_self.dscp >> 2);
		ip[1] = (uint8_t)((path_frame_self.dscp & 3) << 6 | tunnel->ecn << 4);
		if (tunnel->is_fragment)
			ip[6] = IPPROTO_FRAGMENT;
		if (tunnel->is_too_long)
			path_frame_set16(ip + 4, bytes + 100);
		return n;
	}
	ip[1] = (uint8_t)(path_frame_self.dscp << 2 | tunnel->ecn);
	ip[8] = path_frame_self.ttl;
	path_frame_set16(ip + 4, 0);
	path_frame_set16(ip + 6, tunnel->is_fragment ? 0x2000 : 0x4000);
	if (tunnel->is_too_long)
		path_frame_set16(ip + 2, 20 + bytes + 100);
	path_frame_set16(ip + 10, 0);
	path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0) ^ (tunnel->has_bad_sum ? 1u : 0u));
	return n;
}

/** The whole packet around @p inner, each header written by the book. @return bytes */
static inline uint32_t
path_tunnel_wrap(const struct path_tunnel *tunnel, const uint8_t *inner, uint32_t length,
		 uint8_t *out)
{
	uint8_t shim[16], *ip = out + 14, *at;
	uint32_t n_shim = path_tunnel_put_shim(tunnel, shim),
		 n_udp = path_tunnel_is_udp(tunnel) ? 8 : 0;
	uint32_t bytes = n_udp + n_shim + length;
	uint32_t padding = tunnel->padding;

	memcpy(out, (uint8_t[]){ 2, 0, 0, 0, 0, tunnel->to_mac, 2, 0, 0, 0, 0, tunnel->from_mac },
	       12);
	if (path_frame_self.vlan != 0) {
		path_frame_set16(out + 12, 0x8100);
		path_frame_set16(out + 14, path_frame_self.vlan);
		ip += 4;
	}
	path_frame_set16(ip - 2, path_frame_is_ip6(tunnel->src) ? 0x86dd : 0x0800);
	at = ip + path_tunnel_put_ip(tunnel, ip, bytes);
	memcpy(at + n_udp, shim, n_shim);
	memcpy(at + n_udp + n_shim, inner, length);
	memset(at + bytes, 0xee, padding);
	if (n_udp != 0) {
		path_frame_set16(at, tunnel->source_port);
		path_frame_set16(at + 2, strcmp(tunnel->format, "vxlan") == 0 ?
						 path_frame_self.vxlan_port :
						 path_frame_self.geneve_port);
		path_frame_set16(at + 4, bytes + (tunnel->has_bad_udp ? 1 : 0));
		path_frame_set16(at + 6, 0);
		if (path_frame_self.has_udp_checksum)
			path_frame_set16(at + 6, path_frame_sum(at, bytes,
								path_frame_pseudo(ip, bytes, 17)));
	}
	return (uint32_t)(at - out) + bytes + padding;
}

/* ---- from words ---- */

static inline void
path_tunnel_read_word(struct path_tunnel *tunnel, const char *word, char **words)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
		{ "fragment", &tunnel->is_fragment },	      { "bad-sum", &tunnel->has_bad_sum },
		{ "too-long", &tunnel->is_too_long },	      { "bad-udp", &tunnel->has_bad_udp },
		{ "no-flags", &tunnel->has_no_flags },	      { "critical", &tunnel->is_critical },
		{ "not-ethernet", &tunnel->is_not_ethernet }, { "checksum", &tunnel->has_checksum },
		{ "sequence", &tunnel->has_sequence },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flags[i].word, word) == 0) {
			*flags[i].flag = true;
			return;
		}
	if (strcmp(word, "from") == 0)
		tunnel->src = strtok_r(NULL, " ", words);
	else if (strcmp(word, "to") == 0)
		tunnel->dst = strtok_r(NULL, " ", words);
	else if (strcmp(word, "ecn") == 0)
		tunnel->ecn = (uint8_t)atoi(strtok_r(NULL, " ", words));
	else if (strcmp(word, "padding") == 0)
		tunnel->padding = (uint32_t)atoi(strtok_r(NULL, " ", words));
	else if (strcmp(word, "cut") == 0)
		tunnel->cut = (uint32_t)atoi(strtok_r(NULL, " ", words));
	else
		fail_msg("no such word: %s", word);
}

/** A frame, in a tunnel if the words say so. */
static inline void
path_tunnel_build(struct path_frame *frame, const char *text)
{
	struct path_tunnel tunnel = { .dst = path_frame_self.address,
				      .to_mac = 0xee,
				      .source_port = 50000 };
	const char *slash = strstr(text, " / "), *word;
	struct path_frame inner;
	char *copy, *words;

	if (slash == NULL) {
		path_frame_build(frame, text);
		return;
	}
	copy = strndup(text, (size_t)(slash - text));
	snprintf(tunnel.format, sizeof(tunnel.format), "%s", strtok_r(copy, " ", &words));
	tunnel.segment = (uint32_t)strtoul(strtok_r(NULL, " ", &words), NULL, 10);
	while ((word = strtok_r(NULL, " ", &words)) != NULL)
		path_tunnel_read_word(&tunnel, word, &words);
	tunnel.from_mac = path_frame_host(tunnel.src);
	path_frame_build(&inner, slash + 3);
	if (tunnel.cut != 0)
		inner.length = tunnel.cut;
	memset(frame, 0, sizeof(*frame));
	frame->length = path_tunnel_wrap(&tunnel, inner.bytes, inner.length, frame->bytes);
	frame->inner = frame->length - tunnel.padding - inner.length;
	frame->l2 = frame->inner + inner.l2;
	frame->length -= tunnel.padding;
	frame->padding = tunnel.padding;
	free(copy);
}

#endif
