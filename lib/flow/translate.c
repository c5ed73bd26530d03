/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/translate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>

#include "wire/ip.h"

#define TRANSLATE_ICMP_HEADER 8u
#define TRANSLATE_ICMP_SUM_AT 2u

/* Where the transport header of a protocol has what. */
struct translate_layout {
	uint8_t ports_at, ports_length, sum_at;
	bool has_pseudo_header; /* the sum covers the addresses */
};

static struct translate_layout
translate_layout(const struct weft_conn_packet *packet)
{
	switch (packet->tuple.protocol) {
	case IPPROTO_TCP:
		return (struct translate_layout){ 0, 4, 16, true };
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return (struct translate_layout){ 0, 4, 6, true };
	case IPPROTO_SCTP:
		return (struct translate_layout){ 0, 4, 0, false };
	case IPPROTO_ICMP:
		return (struct translate_layout){ 4, 2, TRANSLATE_ICMP_SUM_AT, false };
	}
	return (struct translate_layout){ 0 };
}

static bool
translate_has_other_ports(const struct weft_translation_pair *pair)
{
	return pair->was.tuple.src_port != pair->is.tuple.src_port ||
	       pair->was.tuple.dst_port != pair->is.tuple.dst_port;
}

bool
weft_translation_changes(const struct weft_translation_pair *pair)
{
	return memcmp(pair->was.tuple.src, pair->is.tuple.src, 4) != 0 ||
	       memcmp(pair->was.tuple.dst, pair->is.tuple.dst, 4) != 0 ||
	       translate_has_other_ports(pair);
}

static uint32_t
translate_delta_address(const uint8_t *was, const uint8_t *is)
{
	uint16_t old[2], new[2];

	memcpy(old, was, sizeof(old));
	memcpy(new, is, sizeof(new));
	return weft_sum_delta(old[0], new[0]) + weft_sum_delta(old[1], new[1]);
}

void
weft_rewrite_make(struct weft_rewrite *rewrite, const struct weft_translation_pair *pair,
		  uint32_t l3)
{
	const struct weft_tuple *was = &pair->was.tuple, *is = &pair->is.tuple;
	struct translate_layout layout = translate_layout(&pair->was);
	uint32_t addresses = translate_delta_address(was->src, is->src) +
			     translate_delta_address(was->dst, is->dst);
	uint32_t ports = 0;

	*rewrite = (struct weft_rewrite){
		.src_port = is->src_port,
		.dst_port = is->dst_port,
		.l3 = (uint8_t)l3,
		.ip_delta = weft_sum_fold(addresses),
	};
	memcpy(&rewrite->src, is->src, sizeof(rewrite->src));
	memcpy(&rewrite->dst, is->dst, sizeof(rewrite->dst));
	if (translate_has_other_ports(pair)) {
		rewrite->ports_at = layout.ports_at;
		rewrite->ports_length = layout.ports_length;
		ports = weft_sum_delta(was->src_port, is->src_port);
		if (layout.ports_length == 4)
			ports += weft_sum_delta(was->dst_port, is->dst_port);
	}
	if (!layout.has_pseudo_header && ports == 0)
		return;
	rewrite->sum_at = layout.sum_at;
	rewrite->l4_delta = weft_sum_fold(ports + (layout.has_pseudo_header ? addresses : 0));
}

void
weft_rewrite_apply(const struct weft_rewrite *rewrite, struct weft_translation_pair *pair)
{
	struct weft_tuple *is = &pair->is.tuple;

	pair->is = pair->was;
	memcpy(is->src, &rewrite->src, sizeof(rewrite->src));
	memcpy(is->dst, &rewrite->dst, sizeof(rewrite->dst));
	if (rewrite->ports_length == 0)
		return;
	is->src_port = rewrite->src_port;
	is->dst_port = rewrite->ports_length == 4 ? rewrite->dst_port : rewrite->src_port;
}

/* ---- words ---- */

static int
translate_put_end(const uint8_t *address, rte_be16_t port, char *text, size_t size)
{
	char plain[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, address, plain, sizeof(plain));
	return port == 0 ? snprintf(text, size, "%s", plain) :
			   snprintf(text, size, "%s:%u", plain, rte_be_to_cpu_16(port));
}

static size_t
translate_put_change(const char *word, const uint8_t *was, rte_be16_t old, const uint8_t *is,
		     rte_be16_t new, char *text, size_t size)
{
	size_t n;

	if (memcmp(was, is, 4) == 0 && old == new)
		return 0;
	n = (size_t)snprintf(text, size, "%s ", word);
	n += (size_t)translate_put_end(was, old, text + n, size - n);
	n += (size_t)snprintf(text + n, size - n, " -> ");
	return n + (size_t)translate_put_end(is, new, text + n, size - n);
}

void
weft_translation_format(const struct weft_translation_pair *pair, char *text, size_t size)
{
	const struct weft_tuple *was = &pair->was.tuple, *is = &pair->is.tuple;
	bool is_icmp = was->protocol == IPPROTO_ICMP;
	size_t n;

	text[0] = '\0';
	n = translate_put_change("src", was->src, was->src_port, is->src, is->src_port, text, size);
	/* The identifier of ICMP has been told. */
	if (memcmp(was->dst, is->dst, 4) == 0 && (is_icmp || was->dst_port == is->dst_port))
		return;
	translate_put_change(n == 0 ? "dst" : " dst", was->dst, is_icmp ? 0 : was->dst_port,
			     is->dst, is_icmp ? 0 : is->dst_port, text + n, size - n);
}

/* ---- bytes ---- */

static inline void
translate_adjust(uint8_t *at, uint16_t delta)
{
	uint16_t sum;

	memcpy(&sum, at, sizeof(sum));
	sum = weft_sum_adjust(sum, delta);
	memcpy(at, &sum, sizeof(sum));
}

/* Zero says that there is no checksum (RFC 768), or must not be (RFC 3828), and never comes out of
 * a sum. */
static inline void
translate_adjust_udp(uint8_t *at, uint8_t protocol, uint16_t delta)
{
	uint16_t sum;

	memcpy(&sum, at, sizeof(sum));
	if (sum == 0 && protocol == IPPROTO_UDP)
		return;
	sum = weft_sum_adjust(sum, delta);
	if (sum == 0)
		sum = 0xffff;
	memcpy(at, &sum, sizeof(sum));
}

static inline void
translate_put_addresses(uint8_t *ip, const struct weft_rewrite *rewrite)
{
	memcpy(ip + 12, &rewrite->src, 8);
	translate_adjust(ip + 10, rewrite->ip_delta);
}

/* Of a transport header of which so many bytes are there. */
static inline void
translate_put_l4(uint8_t *l4, uint32_t length, uint8_t protocol, const struct weft_rewrite *rewrite)
{
	if (length >= rewrite->ports_at + (uint32_t)rewrite->ports_length)
		memcpy(l4 + rewrite->ports_at, &rewrite->src_port, rewrite->ports_length);
	if (rewrite->sum_at == 0 || length < rewrite->sum_at + 2u)
		return;
	if (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)
		translate_adjust_udp(l4 + rewrite->sum_at, protocol, rewrite->l4_delta);
	else
		translate_adjust(l4 + rewrite->sum_at, rewrite->l4_delta);
}

static inline bool
translate_is_later_fragment(const uint8_t *ip)
{
	return ((ip[6] & 0x1f) | ip[7]) != 0;
}

/* Bytes of the packet that are in the first segment; padding is none of it. */
static inline uint32_t
translate_length(const struct rte_mbuf *packet, uint32_t l3)
{
	return RTE_MIN(packet->data_len - l3,
		       weft_ip_length(rte_pktmbuf_mtod_offset(packet, const uint8_t *, l3)));
}

bool
weft_act_translate(struct rte_mbuf *packet, const struct weft_rewrite *rewrite)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(packet, uint8_t *, rewrite->l3);
	uint32_t length = translate_length(packet, rewrite->l3), header;
	uint32_t least = RTE_MAX(rewrite->ports_at + (uint32_t)rewrite->ports_length,
				 rewrite->sum_at == 0 ? 0u : rewrite->sum_at + 2u);

	header = (ip[0] & 0xfu) * 4;
	if (unlikely(translate_is_later_fragment(ip))) {
		translate_put_addresses(ip, rewrite);
		return true;
	}
	if (unlikely(length < header + least)) {
		if (rte_pktmbuf_linearize(packet) != 0)
			return false;
		ip = rte_pktmbuf_mtod_offset(packet, uint8_t *, rewrite->l3);
		length = translate_length(packet, rewrite->l3);
		if (length < header + least)
			return false;
	}
	translate_put_addresses(ip, rewrite);
	translate_put_l4(ip + header, length - header, ip[9], rewrite);
	return true;
}

bool
weft_act_translate_error(struct rte_mbuf *packet, const struct weft_rewrite *rewrite,
			 const struct weft_translation_pair *quoted)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(packet, uint8_t *, rewrite->l3);
	uint32_t length = translate_length(packet, rewrite->l3), header = (ip[0] & 0xfu) * 4, inner;
	uint8_t *icmp = ip + header, *quote = icmp + TRANSLATE_ICMP_HEADER;
	struct weft_rewrite inside;
	uint16_t before, after;

	if (length < header + TRANSLATE_ICMP_HEADER + sizeof(struct rte_ipv4_hdr))
		return false;
	length -= header + TRANSLATE_ICMP_HEADER;
	inner = (quote[0] & 0xfu) * 4;
	if (length < inner + 8)
		return false;
	translate_put_addresses(ip, rewrite);
	weft_rewrite_make(&inside, quoted, 0);
	/* As far as a transport header reaches that has a sum; an even number of bytes. */
	length = RTE_MIN(length, inner + 18u) & ~1u;
	before = rte_raw_cksum(quote, length);
	translate_put_addresses(quote, &inside);
	translate_put_l4(quote + inner, length - inner, quote[9], &inside);
	after = rte_raw_cksum(quote, length);
	translate_adjust(icmp + TRANSLATE_ICMP_SUM_AT,
			 weft_sum_fold(weft_sum_delta(before, after)));
	return true;
}
