/* SPDX-License-Identifier: BSD-3-Clause */
#include "neighbour/message.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "wire/ether.h"
#include "wire/ip.h"

#define MESSAGE_SOLICITATION 135
#define MESSAGE_ADVERTISEMENT 136
#define MESSAGE_OPTION_SOURCE 1 /* link-layer address options, RFC 4861 section 4.6.1 */
#define MESSAGE_OPTION_TARGET 2
#define MESSAGE_ROUTER 0x80
#define MESSAGE_SOLICITED 0x40
#define MESSAGE_OVERRIDE 0x20

static const uint8_t message_zero[16];

/* RFC 4861 sections 4.3 and 4.4: the body up to the options. */
struct message_nd {
	uint8_t type, code;
	rte_be16_t checksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t option, option_length;
	struct rte_ether_addr mac;
} __rte_packed __rte_aligned(2);

_Static_assert(sizeof(struct message_nd) == 32, "as on the wire");

static void
message_set_ip(struct weft_ip *ip, uint8_t family, const void *bytes)
{
	*ip = (struct weft_ip){ .family = family, .prefix = family == AF_INET ? 32 : 128 };
	memcpy(ip->bytes, bytes, family == AF_INET ? 4 : 16);
}

static bool
message_is_host(const struct rte_ether_addr *mac)
{
	return rte_is_unicast_ether_addr(mac) && !rte_is_zero_ether_addr(mac);
}

static bool
message_read_arp(struct weft_message *message, const uint8_t *l3, uint32_t length)
{
	struct rte_arp_hdr arp;

	if (length < sizeof(arp))
		return false;
	memcpy(&arp, l3, sizeof(arp));
	if (arp.arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
	    arp.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) || arp.arp_hlen != 6 ||
	    arp.arp_plen != 4)
		return false;
	message_set_ip(&message->target, AF_INET, &arp.arp_data.arp_tip);
	message_set_ip(&message->sender, AF_INET, &arp.arp_data.arp_sip);
	message->mac = arp.arp_data.arp_sha;
	message->tells = arp.arp_data.arp_sip != 0 && message_is_host(&message->mac);
	message->overrides = true;
	message->asks = arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) &&
			arp.arp_data.arp_sip != arp.arp_data.arp_tip;
	return message->asks || message->tells;
}

/* Finds the link-layer address among the options; one of length zero makes the message invalid. */
static bool
message_read_options(struct weft_message *message, const uint8_t *option, uint32_t length,
		     uint8_t wanted)
{
	while (length >= 8) {
		uint32_t bytes = option[1] * 8u;

		if (bytes == 0 || bytes > length)
			return false;
		if (option[0] == wanted) {
			memcpy(&message->mac, option + 2, sizeof(message->mac));
			message->tells = message_is_host(&message->mac);
		}
		option += bytes;
		length -= bytes;
	}
	return length == 0;
}

static bool
message_is_whole(const struct rte_ipv6_hdr *ip, const uint8_t *icmp, uint32_t bytes)
{
	uint32_t sum = rte_ipv6_phdr_cksum(ip, 0);

	sum += rte_raw_cksum(icmp, bytes);
	sum = (sum & 0xffff) + (sum >> 16);
	return ip->hop_limits == 255 && ip->proto == IPPROTO_ICMPV6 && sum == 0xffff;
}

/* RFC 4861 section 7.1; the message stands right behind the header. */
static bool
message_read_nd(struct weft_message *message, const uint8_t *l3, uint32_t length)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)l3;
	const uint8_t *icmp = l3 + sizeof(*ip);
	uint32_t bytes;

	if (length < sizeof(*ip) + 24 || ip->proto != IPPROTO_ICMPV6)
		return false;
	bytes = rte_be_to_cpu_16(ip->payload_len);
	if ((icmp[0] != MESSAGE_SOLICITATION && icmp[0] != MESSAGE_ADVERTISEMENT) || icmp[1] != 0 ||
	    bytes < 24 || bytes > length - sizeof(*ip) || !message_is_whole(ip, icmp, bytes))
		return false;
	message_set_ip(&message->target, AF_INET6, icmp + 8);
	if (icmp[0] == MESSAGE_ADVERTISEMENT) {
		message->sender = message->target;
		message->overrides = icmp[4] & MESSAGE_OVERRIDE;
		if (!message_read_options(message, icmp + 24, bytes - 24, MESSAGE_OPTION_TARGET))
			return false;
		/* Who was asked directly may leave his MAC out (RFC 4861 section 4.4). */
		message->confirms = !message->tells && rte_is_zero_ether_addr(&message->mac) &&
				    icmp[4] & MESSAGE_SOLICITED;
		return message->tells || message->confirms;
	}
	message->asks = message->overrides = true;
	if (!message_read_options(message, icmp + 24, bytes - 24, MESSAGE_OPTION_SOURCE))
		return false;
	if (memcmp(l3 + 8, message_zero, 16) == 0)
		message->tells = false;
	else
		message_set_ip(&message->sender, AF_INET6, l3 + 8);
	return true;
}

bool
weft_message_read(struct weft_message *message, rte_be16_t ether_type, const uint8_t *l3,
		  uint32_t length)
{
	*message = (struct weft_message){ 0 };
	if (ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return message_read_arp(message, l3, length);
	if (ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return message_read_nd(message, l3, length);
	return false;
}

/* ---- writing ---- */

static uint8_t *
message_put_ether(uint8_t *frame, const struct rte_ether_addr *dst,
		  const struct weft_speaker *speaker, uint16_t type)
{
	rte_be16_t words[3] = { RTE_BE16(RTE_ETHER_TYPE_VLAN),
				rte_cpu_to_be_16(WEFT_TAG_VID(speaker->tag)),
				rte_cpu_to_be_16(type) };
	size_t bytes = speaker->tag == 0 ? 2 : 6;

	memset(frame, 0, WEFT_MESSAGE_MAX);
	memcpy(frame, dst, sizeof(*dst));
	memcpy(frame + 6, &speaker->mac, sizeof(speaker->mac));
	memcpy(frame + 12, (const uint8_t *)words + sizeof(words) - bytes, bytes);
	return frame + 12 + bytes;
}

/* The least that Ethernet carries; what is not written stays zero. */
static uint32_t
message_length(const uint8_t *frame, const uint8_t *end, uint16_t tag)
{
	uint32_t least = RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN;

	/* Also when the tag is taken off. */
	return RTE_MAX((uint32_t)(end - frame), tag == 0 ? least : least + 4);
}

static uint32_t
message_put_arp(uint8_t *frame, const struct weft_speaker *speaker, uint16_t op,
		const struct rte_ether_addr *dst, const struct rte_ether_addr *tha,
		const uint8_t *tip)
{
	uint8_t *l3 = message_put_ether(frame, dst, speaker, RTE_ETHER_TYPE_ARP);
	struct rte_arp_hdr arp = {
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(op),
	};

	arp.arp_data.arp_sha = speaker->mac;
	memcpy(&arp.arp_data.arp_sip, speaker->ip.bytes, 4);
	if (tha != NULL)
		arp.arp_data.arp_tha = *tha;
	memcpy(&arp.arp_data.arp_tip, tip, 4);
	memcpy(l3, &arp, sizeof(arp));
	return message_length(frame, l3 + sizeof(arp), speaker->tag);
}

static uint32_t
message_put_nd(uint8_t *frame, const struct weft_speaker *speaker, const struct rte_ether_addr *dst,
	       const uint8_t *dst_ip, const struct message_nd *body)
{
	uint8_t *l3 = message_put_ether(frame, dst, speaker, RTE_ETHER_TYPE_IPV6);
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = RTE_BE16(sizeof(*body)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = 255,
	};
	struct message_nd nd = *body;
	uint32_t sum;

	memcpy((uint8_t *)&ip + 8, speaker->ip.bytes, 16);
	memcpy((uint8_t *)&ip + 24, dst_ip, 16);
	nd.option_length = 1;
	nd.mac = speaker->mac;
	sum = rte_ipv6_phdr_cksum(&ip, 0);
	sum += rte_raw_cksum(&nd, sizeof(nd));
	nd.checksum = (rte_be16_t) ~((sum & 0xffff) + (sum >> 16));
	memcpy(l3, &ip, sizeof(ip));
	memcpy(l3 + sizeof(ip), &nd, sizeof(nd));
	return message_length(frame, l3 + sizeof(ip) + sizeof(nd), speaker->tag);
}

uint32_t
weft_message_ask(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker,
		 const struct weft_ip *target, const struct rte_ether_addr *to)
{
	static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct message_nd body = { .type = MESSAGE_SOLICITATION, .option = MESSAGE_OPTION_SOURCE };
	/* The solicited-node group, RFC 4291 section 2.7.1, and its MAC, RFC 2464 section 7. */
	uint8_t group_ip[16] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	struct rte_ether_addr group = { { 0x33, 0x33, 0xff } };

	if (target->family == AF_INET)
		return message_put_arp(frame, speaker, RTE_ARP_OP_REQUEST, to == NULL ? &all : to,
				       NULL, target->bytes);
	memcpy(body.target, target->bytes, 16);
	memcpy(group_ip + 13, target->bytes + 13, 3);
	memcpy(group.addr_bytes + 3, target->bytes + 13, 3);
	if (to != NULL)
		return message_put_nd(frame, speaker, to, target->bytes, &body);
	return message_put_nd(frame, speaker, &group, group_ip, &body);
}

static uint32_t
message_advertise(uint8_t *frame, const struct weft_speaker *speaker, const struct weft_ip *asker,
		  const struct rte_ether_addr *to)
{
	static const struct rte_ether_addr nodes = { { 0x33, 0x33, 0, 0, 0, 1 } };
	static const uint8_t nodes_ip[16] = { 0xff, 2, [15] = 1 };
	struct message_nd body = { .type = MESSAGE_ADVERTISEMENT, .option = MESSAGE_OPTION_TARGET };

	memcpy(body.target, speaker->ip.bytes, 16);
	body.flags = asker == NULL ? MESSAGE_OVERRIDE : MESSAGE_OVERRIDE | MESSAGE_SOLICITED;
	if (speaker->is_router)
		body.flags |= MESSAGE_ROUTER;
	if (asker == NULL)
		return message_put_nd(frame, speaker, &nodes, nodes_ip, &body);
	return message_put_nd(frame, speaker, to, asker->bytes, &body);
}

uint32_t
weft_message_answer(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker,
		    const struct weft_ip *asker, const struct rte_ether_addr *to)
{
	if (speaker->ip.family == AF_INET)
		return message_put_arp(frame, speaker, RTE_ARP_OP_REPLY, to, to,
				       asker == NULL ? message_zero : asker->bytes);
	return message_advertise(frame, speaker, asker, to);
}

uint32_t
weft_message_announce(uint8_t frame[WEFT_MESSAGE_MAX], const struct weft_speaker *speaker)
{
	static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

	if (speaker->ip.family == AF_INET)
		return message_put_arp(frame, speaker, RTE_ARP_OP_REQUEST, &all, NULL,
				       speaker->ip.bytes);
	return message_advertise(frame, speaker, NULL, NULL);
}
