/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/finish.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_random.h>

#include "flow/act.h"
#include "port/buffers.h"
#include "wire/ether.h"
#include "wire/ip.h"

#define FINISH_HEADERS_MAX 512u /* they shall fit into one buffer, with those of a tunnel */
#define FINISH_TCP 20u
#define FINISH_TCP_SUM_AT 16u
#define FINISH_UDP 8u
#define FINISH_UDP_SUM_AT 6u
#define FINISH_FRAGMENT 8u /* header of IPv6 */
#define FINISH_MORE 0x2000 /* IPv4: more fragments follow */

enum {
	FINISH_FIN = 0x01,
	FINISH_SYN = 0x02,
	FINISH_RST = 0x04,
	FINISH_PSH = 0x08,
	FINISH_CWR = 0x80
};

/* ---- reading ---- */

static uint16_t
finish_get(const uint8_t *at)
{
	uint16_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static void
finish_put(uint8_t *at, uint16_t word)
{
	memcpy(at, &word, sizeof(word));
}

static uint32_t
finish_sum_at(const struct weft_unfinished *is)
{
	return is->is_udp ? FINISH_UDP_SUM_AT : FINISH_TCP_SUM_AT;
}

/* Ethernet and IP. @return bytes of the IP packet, or 0 */
static uint32_t
finish_read_ip(const uint8_t *frame, uint32_t length, struct weft_unfinished *is, uint8_t *protocol)
{
	struct weft_ip_info info;
	const uint8_t *ip;
	rte_be16_t type;

	is->l2 = sizeof(struct rte_ether_hdr);
	if (length >= 18 && finish_get(frame + 12) == RTE_BE16(RTE_ETHER_TYPE_VLAN))
		is->l2 += 4;
	if (length < is->l2 + sizeof(struct rte_ipv4_hdr))
		return 0;
	ip = frame + is->l2;
	length -= is->l2;
	type = finish_get(ip - 2);
	is->is_ip4 = type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	if (!(is->is_ip4 ?
		      weft_ip4_parse(ip, length, &info) :
		      type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && weft_ip6_parse(ip, length, &info)) ||
	    info.is_fragment)
		return 0;
	is->l3 = info.l4_offset;
	*protocol = info.protocol;
	return weft_ip_length(ip);
}

/* Of IPv6, before the transport header. */
static bool
finish_has_extensions(const struct weft_unfinished *is)
{
	return !is->is_ip4 && is->l3 != sizeof(struct rte_ipv6_hdr);
}

/* How it is to be cut. @p size is what the guest has asked for. */
static bool
finish_read_pieces(struct weft_unfinished *is, uint32_t size, uint8_t tcp_flags)
{
	uint32_t payload = is->end - is->l2 - is->l3 - (is->is_udp ? 0 : is->l4);

	if (is->is_udp)
		size &= ~7u;
	if (size == 0)
		return false;
	is->n = (payload + size - 1) / size;
	if (is->n <= 1)
		return true;
	if (is->n > WEFT_PIECES_MAX || tcp_flags & (FINISH_SYN | FINISH_RST) ||
	    (is->is_udp && finish_has_extensions(is)))
		return false;
	is->size = (uint16_t)size;
	if (is->is_udp)
		is->needs |= WEFT_OFFLOAD_UFO;
	else
		is->needs |= is->is_ip4 ? WEFT_OFFLOAD_TSO4 : WEFT_OFFLOAD_TSO6;
	if (tcp_flags & FINISH_CWR)
		is->needs |= WEFT_OFFLOAD_ECN;
	return true;
}

static uint16_t
finish_base(const uint8_t *ip, const struct weft_unfinished *is, uint8_t protocol)
{
	uint32_t length = is->end - is->l2 - is->l3, sum;

	/* As the guest has put it there. */
	if (finish_has_extensions(is))
		return weft_sum_fold(weft_sum_delta(rte_cpu_to_be_16((uint16_t)length),
						    finish_get(ip + is->l3 + finish_sum_at(is))));
	sum = is->is_ip4 ? rte_raw_cksum(ip + 12, 8) : rte_raw_cksum(ip + 8, 32);
	return weft_sum_fold(sum + rte_cpu_to_be_16(protocol));
}

bool
weft_unfinished_read(const struct rte_mbuf *packet, struct weft_unfinished *is)
{
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *), *l4;
	uint32_t length, headers;
	uint8_t protocol = 0;

	*is = (struct weft_unfinished){ .needs = WEFT_OFFLOAD_CHECKSUM, .n = 1 };
	length = finish_read_ip(frame, packet->data_len, is, &protocol);
	is->is_udp = protocol == IPPROTO_UDP;
	is->end = is->l2 + length;
	is->l4 = is->is_udp ? FINISH_UDP : FINISH_TCP;
	headers = (uint32_t)is->l2 + is->l3 + is->l4;
	if (length == 0 || (protocol != IPPROTO_TCP && !is->is_udp) || is->end > packet->pkt_len ||
	    headers > RTE_MIN(is->end, (uint32_t)packet->data_len))
		return false;
	l4 = frame + is->l2 + is->l3;
	if (is->is_udp && rte_be_to_cpu_16(finish_get(l4 + 4)) != length - is->l3)
		return false;
	if (!is->is_udp) {
		is->l4 = (uint16_t)((l4[12] >> 4) * 4);
		headers = (uint32_t)is->l2 + is->l3 + is->l4;
		if (is->l4 < FINISH_TCP || headers > RTE_MIN(is->end, (uint32_t)packet->data_len))
			return false;
	}
	is->base = finish_base(frame + is->l2, is, protocol);
	if (finish_has_extensions(is))
		is->needs |= WEFT_OFFLOAD_NOBODY;
	if (!(packet->ol_flags & WEFT_PACKET_BIG))
		return true;
	/* What stands behind the packet would become part of it. */
	if (is->end != packet->pkt_len)
		is->needs |= WEFT_OFFLOAD_NOBODY;
	return headers <= FINISH_HEADERS_MAX &&
	       finish_read_pieces(is, packet->tso_segsz, is->is_udp ? 0 : l4[13]);
}

/* Bytes of the frame that all pieces begin with. */
static uint32_t
finish_common(const struct weft_unfinished *is)
{
	return (uint32_t)is->l2 + is->l3 + (is->is_udp ? 0u : is->l4);
}

/* And bytes that they have before what differs. */
static uint32_t
finish_headers(const struct weft_unfinished *is)
{
	return finish_common(is) + (is->is_udp && !is->is_ip4 ? FINISH_FRAGMENT : 0);
}

uint32_t
weft_finished_length(const struct rte_mbuf *packet)
{
	struct weft_unfinished is;

	if (!(packet->ol_flags & WEFT_PACKET_BIG) || !weft_unfinished_read(packet, &is) ||
	    is.size == 0)
		return packet->pkt_len;
	return finish_headers(&is) + is.size;
}

/* ---- checksums ---- */

/* Of the transport header at @p l4 of the packet, and so many bytes. UDP: zero would say that there
 * is none (RFC 768). */
static void
finish_fill(struct rte_mbuf *packet, uint32_t l4, uint32_t length, const struct weft_unfinished *is)
{
	uint8_t *field = rte_pktmbuf_mtod_offset(packet, uint8_t *, l4 + finish_sum_at(is));
	uint32_t sum = (uint32_t)is->base + rte_cpu_to_be_16((uint16_t)length);
	uint16_t check;

	finish_put(field, 0);
	sum += weft_act_add(packet, l4, length);
	check = (uint16_t)~weft_sum_fold(sum);
	finish_put(field, check == 0 && is->is_udp ? 0xffff : check);
}

void
weft_finish_sum(struct rte_mbuf *packet, const struct weft_unfinished *is)
{
	uint32_t l4 = (uint32_t)is->l2 + is->l3;

	finish_fill(packet, l4, is->end - l4, is);
	packet->ol_flags &= ~WEFT_PACKET_UNFINISHED;
}

/* librte_vhost would make the sum of the pseudo header anew, and forget the length if the frame is
 * big: who forwards it behind that guest, and cuts it, would get wrong checksums. It leaves
 * transport headers alone that do not stand in the first buffer. */
static struct rte_mbuf *
finish_split(struct rte_mbuf *packet, uint32_t front)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(weft_buffers);

	if (head == NULL)
		return NULL;
	memcpy(rte_pktmbuf_append(head, (uint16_t)front), rte_pktmbuf_mtod(packet, void *), front);
	rte_pktmbuf_adj(packet, (uint16_t)front);
	head->next = packet;
	head->nb_segs = (uint16_t)(packet->nb_segs + 1);
	head->pkt_len += packet->pkt_len;
	head->port = packet->port;
	packet->nb_segs = 1;
	return head;
}

struct rte_mbuf *
weft_finish_not(struct rte_mbuf *packet, const struct weft_unfinished *is, int grows)
{
	uint32_t l2 = (uint32_t)((int)is->l2 + grows), length = is->end - is->l2 - is->l3;
	uint8_t *field =
		rte_pktmbuf_mtod_offset(packet, uint8_t *, l2 + is->l3 + finish_sum_at(is));
	uint16_t size = is->size;

	finish_put(field, weft_sum_fold((uint32_t)is->base + rte_cpu_to_be_16((uint16_t)length)));
	if (size != 0)
		packet = finish_split(packet, l2 + is->l3);
	if (packet == NULL)
		return NULL;
	packet->ol_flags &= ~WEFT_PACKET_UNFINISHED;
	packet->ol_flags |= is->is_ip4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	packet->ol_flags |= is->is_udp ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM;
	packet->l2_len = l2 & 0x7f;
	packet->l3_len = is->l3 & 0x1ff;
	packet->l4_len = is->l4 & 0xff;
	if (size == 0)
		return packet;
	packet->ol_flags |= is->is_udp ? RTE_MBUF_F_TX_UDP_SEG : RTE_MBUF_F_TX_TCP_SEG;
	packet->tso_segsz = size;
	return packet;
}

/* ---- cutting ---- */

void
weft_cut_begin(struct weft_cut *cut, struct rte_mbuf *packet, const struct weft_unfinished *is)
{
	/* A datagram has one for all its fragments. */
	if (is->is_udp)
		weft_finish_sum(packet, is);
	*cut = (struct weft_cut){
		.is = is,
		.packet = packet,
		.part = packet,
		.at = finish_common(is),
		.datagram = (uint32_t)rte_rand(),
	};
}

/* Copies from where the cut is to the end of @p into, which has room. */
static void
finish_copy(struct weft_cut *cut, struct rte_mbuf *into, uint32_t n)
{
	while (n > 0) {
		uint32_t some = RTE_MIN(n, cut->part->data_len - cut->at);

		memcpy(rte_pktmbuf_append(into, (uint16_t)some),
		       rte_pktmbuf_mtod_offset(cut->part, const void *, cut->at), some);
		cut->at += some;
		cut->done += some;
		n -= some;
		if (cut->at == cut->part->data_len && cut->part->next != NULL) {
			cut->part = cut->part->next;
			cut->at = 0;
		}
	}
}

/* A piece that is longer than a buffer gets more of them. */
static bool
finish_extend(struct weft_cut *cut, struct rte_mbuf *piece, uint32_t n)
{
	struct rte_mbuf *into = piece;

	while (n > 0) {
		uint32_t some = RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(into));

		finish_copy(cut, into, some);
		n -= some;
		if (into != piece)
			rte_pktmbuf_chain(piece, into);
		if (n == 0)
			break;
		into = rte_pktmbuf_alloc(weft_buffers);
		if (into == NULL)
			return false;
	}
	return true;
}

static void
finish_fix_ip4(const struct weft_cut *cut, uint8_t *ip, uint32_t length, uint32_t from,
	       bool is_last)
{
	const struct weft_unfinished *is = cut->is;
	uint32_t id = rte_be_to_cpu_16(finish_get(ip + 4)) + from / is->size;
	uint32_t fragment = from / 8 | (is_last ? 0 : FINISH_MORE);

	finish_put(ip + 2, rte_cpu_to_be_16((uint16_t)length));
	if (is->is_udp)
		finish_put(ip + 6, finish_get(ip + 6) | rte_cpu_to_be_16((uint16_t)fragment));
	else
		finish_put(ip + 4, rte_cpu_to_be_16((uint16_t)id));
	finish_put(ip + 10, 0);
	finish_put(ip + 10, (uint16_t)~rte_raw_cksum(ip, is->l3));
}

static void
finish_fix_ip6(const struct weft_cut *cut, uint8_t *ip, uint32_t length, uint32_t from,
	       bool is_last)
{
	uint8_t *fragment = ip + sizeof(struct rte_ipv6_hdr);

	finish_put(ip + 4, rte_cpu_to_be_16((uint16_t)(length - sizeof(struct rte_ipv6_hdr))));
	if (!cut->is->is_udp)
		return;
	fragment[0] = ip[6];
	fragment[1] = 0;
	ip[6] = IPPROTO_FRAGMENT;
	finish_put(fragment + 2, rte_cpu_to_be_16((uint16_t)(from | !is_last)));
	memcpy(fragment + 4, &cut->datagram, sizeof(cut->datagram));
}

static void
finish_fix_tcp(struct rte_mbuf *piece, const struct weft_unfinished *is, uint32_t from,
	       bool is_last)
{
	uint32_t l4 = (uint32_t)is->l2 + is->l3;
	uint8_t *tcp = rte_pktmbuf_mtod_offset(piece, uint8_t *, l4);
	uint32_t number;

	memcpy(&number, tcp + 4, sizeof(number));
	number = rte_cpu_to_be_32(rte_be_to_cpu_32(number) + from);
	memcpy(tcp + 4, &number, sizeof(number));
	if (from > 0)
		tcp[13] &= (uint8_t)~FINISH_CWR;
	if (!is_last)
		tcp[13] &= (uint8_t) ~(FINISH_FIN | FINISH_PSH);
	finish_fill(piece, l4, piece->pkt_len - l4, is);
}

struct rte_mbuf *
weft_cut_next(struct weft_cut *cut)
{
	const struct weft_unfinished *is = cut->is;
	uint32_t common = finish_common(is), payload = is->end - common, from = cut->done;
	uint32_t n = RTE_MIN((uint32_t)is->size, payload - from), length;
	struct rte_mbuf *piece = rte_pktmbuf_alloc(weft_buffers);
	bool is_last = from + n == payload;
	uint8_t *head, *ip;

	if (piece == NULL)
		return NULL;
	head = (uint8_t *)rte_pktmbuf_append(piece, (uint16_t)finish_headers(is));
	memcpy(head, rte_pktmbuf_mtod(cut->packet, const void *), common);
	if (!finish_extend(cut, piece, n)) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	ip = head + is->l2;
	length = piece->pkt_len - is->l2;
	piece->port = cut->packet->port;
	if (is->is_ip4)
		finish_fix_ip4(cut, ip, length, from, is_last);
	else
		finish_fix_ip6(cut, ip, length, from, is_last);
	if (!is->is_udp)
		finish_fix_tcp(piece, is, from, is_last);
	return piece;
}
