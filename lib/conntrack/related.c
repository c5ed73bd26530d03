/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors that speak of a connection, and how they are found out when they lie: nobody checks
 * whether an error was to be expected, so all that can be checked of it is.
 *
 * A redirect is no error, but advice about routes that anybody on the segment could give: it is not
 * related to a connection, and needs a rule of its own.
 */
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <rte_ip.h>

#include "conntrack/binding.h"
#include "conntrack/pair.h"
#include "conntrack/use.h"
#include "wire/ip.h"

#define RELATED_HEADER 8u /* of ICMP; and what must be there of the quoted transport header */

/* An IP packet, or what an error quotes of one. */
struct related_packet {
	const uint8_t *ip;
	uint32_t length; /* bytes that may be read and are of the packet */
	bool is_whole;
	struct weft_ip_info info;
	uint8_t src[16], dst[16];
};

static bool
related_parse(uint8_t family, const uint8_t *ip, uint32_t readable, struct related_packet *packet)
{
	bool is_ip4 = family == AF_INET;
	uint32_t total;

	*packet = (struct related_packet){ .ip = ip };
	if (!(is_ip4 ? weft_ip4_parse(ip, readable, &packet->info) :
		       weft_ip6_parse(ip, readable, &packet->info)))
		return false;
	memcpy(packet->src, ip + (is_ip4 ? 12 : 8), is_ip4 ? 4 : 16);
	memcpy(packet->dst, ip + (is_ip4 ? 16 : 24), is_ip4 ? 4 : 16);
	total = is_ip4 ? (uint32_t)ip[2] << 8 | ip[3] :
			 ((uint32_t)ip[4] << 8 | ip[5]) + (uint32_t)sizeof(struct rte_ipv6_hdr);
	packet->is_whole = total <= readable;
	packet->length = RTE_MIN(total, readable);
	return !packet->info.is_later_fragment &&
	       packet->info.l4_offset + RELATED_HEADER <= packet->length;
}

static bool
related_is_error(uint8_t family, const struct related_packet *packet)
{
	uint8_t type = packet->ip[packet->info.l4_offset];

	if (packet->info.is_fragment)
		return false;
	if (family == AF_INET)
		return packet->info.protocol == IPPROTO_ICMP &&
		       (type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
			type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB);
	return packet->info.protocol == IPPROTO_ICMPV6 && type >= ICMP6_DST_UNREACH &&
	       type <= ICMP6_PARAM_PROB;
}

/* The checksum of ICMPv6 covers the addresses, too (RFC 8200 section 8.1). */
static bool
related_sum_is_right(uint8_t family, const struct related_packet *packet)
{
	uint32_t length = packet->length - packet->info.l4_offset;
	uint32_t sum = rte_raw_cksum(packet->ip + packet->info.l4_offset, length);

	if (family == AF_INET6)
		sum += (uint32_t)rte_raw_cksum(packet->src, sizeof(packet->src)) +
		       rte_raw_cksum(packet->dst, sizeof(packet->dst)) +
		       rte_cpu_to_be_16((uint16_t)length) + rte_cpu_to_be_16(IPPROTO_ICMPV6);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* What the quoted packet was to conntrack. */
static void
related_read(uint16_t zone, uint8_t family, const struct related_packet *quoted,
	     struct weft_conn_packet *packet)
{
	const uint8_t *l4 = quoted->ip + quoted->info.l4_offset;
	struct weft_tuple *tuple = &packet->tuple;

	*packet = (struct weft_conn_packet){
		.tuple = { .family = family, .protocol = quoted->info.protocol, .zone = zone },
	};
	memcpy(tuple->src, quoted->src, sizeof(tuple->src));
	memcpy(tuple->dst, quoted->dst, sizeof(tuple->dst));
	switch (tuple->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		memcpy(&tuple->src_port, l4, sizeof(tuple->src_port));
		memcpy(&tuple->dst_port, l4 + 2, sizeof(tuple->dst_port));
		break;
	}
	if (!weft_conn_tuple_is_icmp(tuple))
		return;
	packet->icmp_type = l4[0];
	memcpy(&tuple->src_port, l4 + 4, sizeof(tuple->src_port));
	tuple->dst_port = tuple->src_port;
}

bool
weft_conn_read_related(uint16_t zone, uint8_t family, const uint8_t *l3, uint32_t length,
		       struct weft_conn_packet *packet)
{
	struct related_packet error, quoted;
	uint32_t offset;

	if (!related_parse(family, l3, length, &error) || !related_is_error(family, &error) ||
	    (error.is_whole && !related_sum_is_right(family, &error)))
		return false;
	offset = error.info.l4_offset + RELATED_HEADER;
	if (!related_parse(family, l3 + offset, error.length - offset, &quoted) ||
	    memcmp(error.dst, quoted.src, sizeof(error.dst)) != 0)
		return false;
	if (family == AF_INET && rte_raw_cksum(quoted.ip, quoted.info.l4_offset) != 0xffff)
		return false;
	related_read(zone, family, &quoted, packet);
	return true;
}

/* By the binding that the quoted packet has left by. */
static uint32_t
related_find_bound(const struct weft_tuple *quoted)
{
	struct weft_conn_probe probe;
	uint32_t binding;
	uint64_t word;

	return weft_zone_is_router(quoted->zone) &&
			       weft_conn_probe_bound(quoted, &probe, &binding) ?
		       weft_conn_find_bound(&probe, binding, &word) :
		       WEFT_NO_CONN;
}

bool
weft_conn_look_quoted(const struct weft_conn_packet *quoted, struct weft_conn_look *look)
{
	struct weft_conn_probe probe;
	uint32_t number;
	uint64_t word;

	if (!weft_conn_probe(quoted, weft_conn_hash(&quoted->tuple), &probe))
		return false;
	probe.is_quoted = true;
	look->in_the_way = WEFT_NO_CONN;
	number = weft_conn_find(&probe, &look->direction, &word);
	if (number == WEFT_NO_CONN) {
		look->direction = WEFT_CONN_ORIGINAL;
		number = related_find_bound(&quoted->tuple);
	}
	if (number == WEFT_NO_CONN)
		return false;
	weft_conn_describe(number, look);
	return true;
}

bool
weft_conn_look_related(uint16_t zone, uint8_t family, const uint8_t *l3, uint32_t length,
		       struct weft_conn_look *look)
{
	struct weft_conn_packet quoted;

	return weft_conn_read_related(zone, family, l3, length, &quoted) &&
	       weft_conn_look_quoted(&quoted, look);
}
