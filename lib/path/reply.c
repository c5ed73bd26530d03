/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/reply.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#define REPLY_TTL 64
#define REPLY_ICMP_ECHO_REPLY 0
#define REPLY_ICMP6_TOO_BIG 2
#define REPLY_ICMP6_ECHO_REPLY 129
#define REPLY_IP4_MOST 576 /* RFC 1812 section 4.3.2.3: no ICMP error is longer */

/* The Ethernet header comes back to its sender, without a tag. */
static uint8_t *
reply_put_ether(struct weft_reply *reply, const uint8_t *frame, uint32_t l3)
{
	reply->is_there = true;
	memcpy(reply->head, frame + 6, 6);
	memcpy(reply->head + 6, frame, 6);
	memcpy(reply->head + 12, frame + l3 - 2, 2);
	return reply->head + sizeof(struct rte_ether_hdr);
}

/* The sum without a word, and with another in its place (RFC 1624, equation 3). */
static uint16_t
reply_adjust_sum(uint16_t sum, uint16_t old, uint16_t new)
{
	uint32_t next = (uint16_t)~sum + (uint32_t)(uint16_t)~old + new;

	next = (next & 0xffff) + (next >> 16);
	return (uint16_t) ~(next + (next >> 16));
}

void
weft_reply_echo(struct weft_reply *reply, const uint8_t *frame, uint32_t wire_length, uint32_t l3,
		uint32_t icmp, uint8_t ttl)
{
	bool is_ip4 = frame[l3] >> 4 == 4;
	uint8_t *ip = reply->head + l3;
	uint16_t sum, old, new;

	reply->is_there = true;
	reply->head_length = (uint16_t)(icmp + 4);
	memcpy(reply->head, frame, reply->head_length);
	memcpy(reply->head, frame + 6, 6);
	memcpy(reply->head + 6, frame, 6);
	memcpy(&old, frame + icmp, sizeof(old));
	reply->head[icmp] = is_ip4 ? REPLY_ICMP_ECHO_REPLY : REPLY_ICMP6_ECHO_REPLY;
	memcpy(&new, reply->head + icmp, sizeof(new));
	memcpy(&sum, frame + icmp + 2, sizeof(sum));
	sum = reply_adjust_sum(sum, old, new);
	memcpy(reply->head + icmp + 2, &sum, sizeof(sum));
	reply->quote_from = reply->head_length;
	reply->quote_length = wire_length - reply->head_length;
	if (!is_ip4) {
		memcpy(ip + 8, frame + l3 + 24, 16);
		memcpy(ip + 24, frame + l3 + 8, 16);
		ip[7] = ttl;
		return;
	}
	memcpy(ip + 12, frame + l3 + 16, 4);
	memcpy(ip + 16, frame + l3 + 12, 4);
	ip[8] = ttl;
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~rte_raw_cksum(ip, (size_t)(ip[0] & 0xf) * 4);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static void
reply_put_ip4(struct weft_reply *reply, const uint8_t *frame, uint32_t l3, uint32_t mtu,
	      const struct weft_ip *from)
{
	uint8_t *at = reply_put_ether(reply, frame, l3);
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(28 + reply->quote_length)),
		.time_to_live = REPLY_TTL,
		.next_proto_id = IPPROTO_ICMP,
	};
	const uint8_t icmp[8] = { 3, 4, 0, 0, 0, 0, (uint8_t)(mtu >> 8), (uint8_t)mtu };

	memcpy(&ip.src_addr, from->bytes, 4);
	memcpy(&ip.dst_addr, frame + l3 + 12, 4);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), icmp, sizeof(icmp));
	reply->sum_from = (uint16_t)(at + sizeof(ip) - reply->head);
	reply->sum_start = 0;
}

static void
reply_put_ip6(struct weft_reply *reply, const uint8_t *frame, uint32_t l3, uint32_t mtu,
	      const struct weft_ip *from)
{
	uint8_t *at = reply_put_ether(reply, frame, l3);
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(8 + reply->quote_length)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = REPLY_TTL,
	};
	const uint8_t icmp[8] = {
		REPLY_ICMP6_TOO_BIG, 0,		  0, 0, (uint8_t)(mtu >> 24), (uint8_t)(mtu >> 16),
		(uint8_t)(mtu >> 8), (uint8_t)mtu
	};

	memcpy((uint8_t *)&ip + 8, from->bytes, 16);
	memcpy((uint8_t *)&ip + 24, frame + l3 + 8, 16);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), icmp, sizeof(icmp));
	reply->sum_from = (uint16_t)(at + sizeof(ip) - reply->head);
	reply->sum_start = rte_ipv6_phdr_cksum(&ip, 0);
}

void
weft_reply_too_big(struct weft_reply *reply, const uint8_t *frame, uint32_t wire_length,
		   uint32_t l3, uint32_t mtu, const struct weft_ip *from)
{
	bool is_ip4 = from->family == AF_INET;
	uint32_t header = is_ip4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint32_t most = is_ip4 ? REPLY_IP4_MOST : 1280; /* the least MTU of IPv6 */

	reply->quote_from = l3;
	reply->quote_length = RTE_MIN(wire_length - l3, RTE_MIN(most, mtu) - header - 8);
	reply->is_error = true;
	if (is_ip4)
		reply_put_ip4(reply, frame, l3, mtu, from);
	else
		reply_put_ip6(reply, frame, l3, mtu, from);
	reply->sum_at = reply->sum_from + 2;
	reply->head_length = (uint16_t)(sizeof(struct rte_ether_hdr) + header + 8);
}
