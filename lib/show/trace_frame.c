/* SPDX-License-Identifier: BSD-3-Clause */
/* frame: from a complete packet, or from hex digits, to bytes. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "show/trace_words.h"

#define FRAME_LEAST 60 /* IEEE 802.3, without the checksum */

/* Where the layers start, and where the innermost one ends. */
struct frame_plan {
	uint32_t l3, l4, payload, end;
};

static uint32_t
frame_number(const struct weft_trace_packet *packet, enum weft_trace_word word)
{
	return packet->values[word].number;
}

static rte_be16_t
frame_be16(const struct weft_trace_packet *packet, enum weft_trace_word word)
{
	return rte_cpu_to_be_16((uint16_t)packet->values[word].number);
}

static int
frame_plan(const struct weft_trace_packet *packet, struct frame_plan *plan,
	   struct weft_errors *errors)
{
	static const uint32_t bytes[WEFT_LAYERS] = {
		[WEFT_LAYER_ETH] = 14, [WEFT_LAYER_VLAN] = 4, [WEFT_LAYER_ARP] = 28,
		[WEFT_LAYER_IP] = 20,  [WEFT_LAYER_IP6] = 40, [WEFT_LAYER_TCP] = 20,
		[WEFT_LAYER_UDP] = 8,  [WEFT_LAYER_ICMP] = 8,
	};
	uint32_t length = frame_number(packet, WEFT_WORD_LENGTH), at = 0;

	for (int layer = 0; layer < WEFT_LAYERS; layer++) {
		if (layer == WEFT_LAYER_ARP)
			plan->l3 = at;
		if (layer == WEFT_LAYER_TCP)
			plan->l4 = at;
		if (weft_trace_has_layer(packet, layer))
			at += bytes[layer];
	}
	plan->payload = plan->end = at;
	if (!weft_trace_has_layer(packet, WEFT_LAYER_LENGTH))
		return 0;
	if (length < at)
		return weft_errors_add(errors,
				       "length: %u bytes do not hold the layers, which take %u",
				       length, at);
	plan->end = length;
	return 0;
}

static void
frame_put_eth(const struct weft_trace_packet *packet, uint8_t *at)
{
	rte_be16_t type = frame_be16(packet, WEFT_WORD_ETH_TYPE);
	rte_be16_t tpid = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	rte_be16_t tci =
		rte_cpu_to_be_16((uint16_t)(frame_number(packet, WEFT_WORD_VLAN_PCP) << 13 |
					    frame_number(packet, WEFT_WORD_VLAN_ID)));

	memcpy(at, &packet->values[WEFT_WORD_ETH_DST].mac, 6);
	memcpy(at + 6, &packet->values[WEFT_WORD_ETH_SRC].mac, 6);
	at += 12;
	if (weft_trace_has_layer(packet, WEFT_LAYER_VLAN)) {
		memcpy(at, &tpid, 2);
		memcpy(at + 2, &tci, 2);
		at += 4;
	}
	memcpy(at, &type, 2);
}

static void
frame_put_arp(const struct weft_trace_packet *packet, uint8_t *at)
{
	struct rte_arp_hdr arp = {
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = frame_be16(packet, WEFT_WORD_ARP_OP),
		.arp_data.arp_sha = packet->values[WEFT_WORD_ARP_HWSRC].mac,
		.arp_data.arp_tha = packet->values[WEFT_WORD_ARP_HWDST].mac,
	};

	memcpy(&arp.arp_data.arp_sip, packet->values[WEFT_WORD_ARP_PSRC].ip.bytes, 4);
	memcpy(&arp.arp_data.arp_tip, packet->values[WEFT_WORD_ARP_PDST].ip.bytes, 4);
	memcpy(at, &arp, sizeof(arp));
}

static void
frame_put_ip(const struct weft_trace_packet *packet, uint8_t *at, uint32_t bytes)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)bytes),
		.time_to_live = (uint8_t)frame_number(packet, WEFT_WORD_IP_TTL),
		.next_proto_id = (uint8_t)frame_number(packet, WEFT_WORD_IP_PROTO),
	};

	memcpy(&ip.src_addr, packet->values[WEFT_WORD_IP_SRC].ip.bytes, 4);
	memcpy(&ip.dst_addr, packet->values[WEFT_WORD_IP_DST].ip.bytes, 4);
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
}

static void
frame_put_ip6(const struct weft_trace_packet *packet, uint8_t *at, uint32_t bytes)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(bytes - sizeof(ip))),
		.proto = (uint8_t)frame_number(packet, WEFT_WORD_IP6_NH),
		.hop_limits = (uint8_t)frame_number(packet, WEFT_WORD_IP6_HLIM),
	};

	memcpy(&ip.src_addr, packet->values[WEFT_WORD_IP6_SRC].ip.bytes, 16);
	memcpy(&ip.dst_addr, packet->values[WEFT_WORD_IP6_DST].ip.bytes, 16);
	memcpy(at, &ip, sizeof(ip));
}

/* Writes a transport header without its checksum. @return where that belongs, or NULL */
static uint8_t *
frame_put_l4(const struct weft_trace_packet *packet, uint8_t *at, uint32_t bytes)
{
	if (weft_trace_has_layer(packet, WEFT_LAYER_TCP)) {
		struct rte_tcp_hdr tcp = {
			.src_port = frame_be16(packet, WEFT_WORD_TCP_SPORT),
			.dst_port = frame_be16(packet, WEFT_WORD_TCP_DPORT),
			.data_off = 5 << 4,
			.tcp_flags = (uint8_t)frame_number(packet, WEFT_WORD_TCP_FLAGS),
			.rx_win = RTE_BE16(65535),
		};

		memcpy(at, &tcp, sizeof(tcp));
		return at + offsetof(struct rte_tcp_hdr, cksum);
	}
	if (weft_trace_has_layer(packet, WEFT_LAYER_UDP)) {
		struct rte_udp_hdr udp = {
			.src_port = frame_be16(packet, WEFT_WORD_UDP_SPORT),
			.dst_port = frame_be16(packet, WEFT_WORD_UDP_DPORT),
			.dgram_len = rte_cpu_to_be_16((uint16_t)bytes),
		};

		memcpy(at, &udp, sizeof(udp));
		return at + offsetof(struct rte_udp_hdr, dgram_cksum);
	}
	if (weft_trace_has_layer(packet, WEFT_LAYER_ICMP)) {
		struct rte_icmp_hdr icmp = {
			.icmp_type = (uint8_t)frame_number(packet, WEFT_WORD_ICMP_TYPE),
			.icmp_code = (uint8_t)frame_number(packet, WEFT_WORD_ICMP_CODE),
			.icmp_ident = frame_be16(packet, WEFT_WORD_ICMP_ID),
			.icmp_seq_nb = frame_be16(packet, WEFT_WORD_ICMP_SEQ),
		};

		memcpy(at, &icmp, sizeof(icmp));
		return at + offsetof(struct rte_icmp_hdr, icmp_cksum);
	}
	return NULL;
}

/* Over the pseudo header of the IP header at @p ip; of ICMP in IPv4 over the message alone. */
static uint16_t
frame_checksum(const struct weft_trace_packet *packet, const uint8_t *ip, const uint8_t *l4,
	       uint32_t bytes)
{
	if (weft_trace_has_layer(packet, WEFT_LAYER_IP6))
		return rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, l4);
	if (weft_trace_has_layer(packet, WEFT_LAYER_ICMP))
		return (uint16_t)~rte_raw_cksum(l4, bytes);
	return rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)ip, l4);
}

int
weft_trace_frame_build(const struct weft_trace_packet *packet, uint8_t frame[WEFT_TRACE_FRAME_MAX],
		       struct weft_errors *errors)
{
	struct frame_plan plan = { 0 };
	uint8_t *checksum;

	if (frame_plan(packet, &plan, errors) != 0)
		return -EINVAL;
	memset(frame, 0, WEFT_TRACE_FRAME_MAX);
	frame_put_eth(packet, frame);
	if (weft_trace_has_layer(packet, WEFT_LAYER_ARP))
		frame_put_arp(packet, frame + plan.l3);
	else if (weft_trace_has_layer(packet, WEFT_LAYER_IP))
		frame_put_ip(packet, frame + plan.l3, plan.end - plan.l3);
	else if (weft_trace_has_layer(packet, WEFT_LAYER_IP6))
		frame_put_ip6(packet, frame + plan.l3, plan.end - plan.l3);
	checksum = frame_put_l4(packet, frame + plan.l4, plan.end - plan.l4);
	if (checksum != NULL) {
		uint16_t sum = frame_checksum(packet, frame + plan.l3, frame + plan.l4,
					      plan.end - plan.l4);

		memcpy(checksum, &sum, sizeof(sum));
	}
	if (weft_trace_has_layer(packet, WEFT_LAYER_LENGTH))
		return (int)plan.end;
	return (int)RTE_MAX(plan.end, (uint32_t)FRAME_LEAST);
}

int
weft_trace_hex_parse(const char *hex, uint8_t frame[WEFT_TRACE_FRAME_MAX],
		     struct weft_errors *errors)
{
	size_t digits = strlen(hex);

	if (digits == 0 || digits % 2 != 0 || strspn(hex, "0123456789abcdefABCDEF") != digits)
		return weft_errors_add(errors, "frame: hex digits are right, two per byte");
	if (digits / 2 > WEFT_TRACE_FRAME_MAX)
		return weft_errors_add(errors, "frame: %zu bytes; at most %d are possible",
				       digits / 2, WEFT_TRACE_FRAME_MAX);
	for (size_t i = 0; i < digits / 2; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		frame[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return (int)(digits / 2);
}
