/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/reply.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_ip.h>

#include "wire/ip.h"

#define REPLY_IP4_MOST 576 /* RFC 1812 section 4.3.2.3: no ICMP error is longer */
#define REPLY_IP6_MOST 1280 /* the least MTU of IPv6 */

/* The Ethernet header goes back to its sender. */
static uint8_t *
reply_put_ether(struct weft_reply *reply, const struct weft_reply_to *to)
{
	const uint8_t *frame = to->frame + to->l2;
	rte_be16_t tag[2] = { RTE_BE16(RTE_ETHER_TYPE_VLAN),
			      rte_cpu_to_be_16(WEFT_TAG_VID(to->tag)) };
	uint8_t *at = reply->head + 12;

	reply->is_there = true;
	memcpy(reply->head, frame + 6, 6);
	memcpy(reply->head + 6, frame, 6);
	if (WEFT_TAG_VID(to->tag) != 0) {
		memcpy(at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	memcpy(at, to->frame + to->l3 - 2, 2);
	return at + 2;
}

static void
reply_turn_ip(uint8_t *ip, const uint8_t *from, uint8_t ttl)
{
	uint16_t sum;

	if (ip[0] >> 4 == 6) {
		memcpy(ip + 8, from + 24, 16);
		memcpy(ip + 24, from + 8, 16);
		ip[7] = ttl;
		return;
	}
	memcpy(ip + 12, from + 16, 4);
	memcpy(ip + 16, from + 12, 4);
	ip[8] = ttl;
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~rte_raw_cksum(ip, (size_t)(ip[0] & 0xf) * 4);
	memcpy(ip + 10, &sum, sizeof(sum));
}

void
weft_reply_echo(struct weft_reply *reply, const struct weft_reply_to *to, uint32_t icmp,
		uint8_t ttl)
{
	const uint8_t *from = to->frame + to->l3;
	bool is_ip4 = from[0] >> 4 == 4;
	uint8_t *ip = reply_put_ether(reply, to), *message = ip + (icmp - to->l3);
	uint16_t sum, old, new;

	memcpy(ip, from, icmp + 4 - to->l3);
	memcpy(&old, message, sizeof(old));
	message[0] = is_ip4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	memcpy(&new, message, sizeof(new));
	memcpy(&sum, message + 2, sizeof(sum));
	sum = weft_sum_adjust(sum, weft_sum_delta(old, new));
	memcpy(message + 2, &sum, sizeof(sum));
	reply_turn_ip(ip, from, ttl);
	reply->head_length = (uint16_t)(message + 4 - reply->head);
	reply->quote_from = icmp + 4;
	reply->quote_length = to->wire_length - reply->quote_from;
}

static void
reply_put_icmp(struct weft_reply *reply, uint8_t *at, const struct weft_reply_error *error)
{
	rte_be32_t word = rte_cpu_to_be_32(error->word);

	at[0] = error->type;
	at[1] = error->code;
	memset(at + 2, 0, 2);
	memcpy(at + 4, &word, sizeof(word));
	reply->sum_from = (uint16_t)(at - reply->head);
	reply->sum_at = reply->sum_from + 2;
	reply->head_length = (uint16_t)(at + 8 - reply->head);
}

static uint8_t *
reply_put_ip4(struct weft_reply *reply, uint8_t *at, const uint8_t *from,
	      const struct weft_reply_error *error)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(28 + reply->quote_length)),
		.time_to_live = error->ttl,
		.next_proto_id = IPPROTO_ICMP,
	};

	memcpy(&ip.src_addr, error->from.bytes, 4);
	memcpy(&ip.dst_addr, from + 12, 4);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	reply->sum_start = 0;
	return at + sizeof(ip);
}

static uint8_t *
reply_put_ip6(struct weft_reply *reply, uint8_t *at, const uint8_t *from,
	      const struct weft_reply_error *error)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(8 + reply->quote_length)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = error->ttl,
	};

	memcpy((uint8_t *)&ip + 8, error->from.bytes, 16);
	memcpy((uint8_t *)&ip + 24, from + 8, 16);
	memcpy(at, &ip, sizeof(ip));
	reply->sum_start = rte_ipv6_phdr_cksum(&ip, 0);
	return at + sizeof(ip);
}

/* It has lost some of its TTL on the way to who complains: the quoted header stands in the head. */
static void
reply_put_quote(struct weft_reply *reply, const uint8_t *from, uint8_t hops)
{
	uint32_t header = from[0] >> 4 == 4 ? (from[0] & 0xfu) * 4 : 40;
	uint8_t *ip = reply->head + reply->head_length;

	memcpy(ip, from, header);
	reply->head_length = (uint16_t)(reply->head_length + header);
	reply->quote_from += header;
	reply->quote_length -= header;
	weft_ip_take_hops(ip, hops);
}

/* What stands behind the packet in its frame is no part of it. */
static uint32_t
reply_ip_length(const struct weft_reply_to *to)
{
	return RTE_MIN(to->wire_length - to->l3, weft_ip_length(to->frame + to->l3));
}

void
weft_reply_error(struct weft_reply *reply, const struct weft_reply_to *to,
		 const struct weft_reply_error *error)
{
	bool is_ip4 = error->from.family == AF_INET;
	uint32_t header = is_ip4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint32_t most = is_ip4 ? REPLY_IP4_MOST : REPLY_IP6_MOST;
	const uint8_t *from = to->frame + to->l3;
	uint8_t *at = reply_put_ether(reply, to);

	reply->quote_from = to->l3;
	/* The smallest MTU leaves no room for the header that is quoted at least. */
	most = RTE_MAX(RTE_MIN(most, error->most), header + 8 + 60);
	reply->quote_length = RTE_MIN(reply_ip_length(to), most - header - 8);
	reply->is_error = true;
	at = is_ip4 ? reply_put_ip4(reply, at, from, error) : reply_put_ip6(reply, at, from, error);
	reply_put_icmp(reply, at, error);
	if (error->hops > 0)
		reply_put_quote(reply, from, error->hops);
}
