/* SPDX-License-Identifier: BSD-3-Clause */
/* fill: what the words left out, as the guest behind the port would have it. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "show/trace_words.h"

#define FILL_PORT 49152 /* the first dynamic one, RFC 6335 section 6 */
#define FILL_ETHER_TYPE 0x88b5 /* IEEE 802 local experimental: no stage knows it */
#define FILL_PROTOCOL 253 /* for experiments, RFC 3692 */
#define FILL_ICMP6_REQUEST 128 /* RFC 4443 section 4.1 */
#define FILL_ICMP6_REPLY 129

struct fill {
	struct weft_trace_packet *packet;
	const struct weft_trace_sender *sender;
	struct weft_errors *errors;
};

static void
fill_number(const struct fill *fill, enum weft_trace_word word, uint32_t number)
{
	if (!weft_trace_has_word(fill->packet, word))
		fill->packet->values[word].number = number;
	weft_trace_give(fill->packet, word);
}

static void
fill_mac(const struct fill *fill, enum weft_trace_word word, const struct rte_ether_addr *mac)
{
	if (!weft_trace_has_word(fill->packet, word))
		fill->packet->values[word].mac = *mac;
	weft_trace_give(fill->packet, word);
}

/* What only the asker can know. */
static void
fill_need(const struct fill *fill, enum weft_trace_word word, const char *sentence)
{
	if (!weft_trace_has_word(fill->packet, word))
		weft_errors_add(fill->errors, "%s", sentence);
}

static void
fill_source_mac(const struct fill *fill)
{
	if (fill->sender->mac != NULL)
		fill_mac(fill, WEFT_WORD_ETH_SRC, fill->sender->mac);
	else if (!weft_trace_has_word(fill->packet, WEFT_WORD_ETH_SRC))
		weft_errors_add(fill->errors,
				"eth: src is missing, and %s has no MAC in the configuration",
				fill->sender->name);
}

static void
fill_source_address(const struct fill *fill, enum weft_trace_word word, uint8_t family,
		    const char *what)
{
	const struct weft_trace_sender *sender = fill->sender;

	if (weft_trace_has_word(fill->packet, word))
		return;
	for (uint32_t i = 0; i < sender->n_addresses; i++) {
		if (sender->addresses[i].family != family)
			continue;
		fill->packet->values[word].ip = sender->addresses[i];
		weft_trace_give(fill->packet, word);
		return;
	}
	weft_errors_add(fill->errors,
			"%s is missing, and %s has no such address in the configuration", what,
			sender->name);
}

/* Group addresses have MACs of their own: RFC 1112 section 6.4, RFC 2464 section 7. */
static bool
fill_group_mac(const struct weft_ip *ip, struct rte_ether_addr *mac)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };
	const uint8_t *b = ip->bytes;

	if (ip->family == AF_INET6 && b[0] == 0xff)
		*mac = (struct rte_ether_addr){ { 0x33, 0x33, b[12], b[13], b[14], b[15] } };
	else if (ip->family == AF_INET && memcmp(b, everybody, sizeof(everybody)) == 0)
		memset(mac, 0xff, sizeof(*mac));
	else if (ip->family == AF_INET && b[0] >> 4 == 14)
		*mac = (struct rte_ether_addr){ { 0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3] } };
	else
		return false;
	return true;
}

static void
fill_destination_of(const struct fill *fill, enum weft_trace_word word)
{
	const struct weft_ip *ip = &fill->packet->values[word].ip;
	struct rte_ether_addr mac;

	/* Without an address there is a complaint already. */
	if (!weft_trace_has_word(fill->packet, word))
		return;
	if (fill_group_mac(ip, &mac) || fill->sender->resolve(fill->sender->context, ip, &mac)) {
		fill_mac(fill, WEFT_WORD_ETH_DST, &mac);
		return;
	}
	weft_errors_add(fill->errors, "eth: dst is missing, and nobody in the network has the "
				      "destination address and a MAC in the configuration");
}

static void
fill_destination_mac(const struct fill *fill)
{
	const struct weft_trace_packet *packet = fill->packet;
	struct rte_ether_addr everybody;

	memset(&everybody, 0xff, sizeof(everybody));
	if (weft_trace_has_word(packet, WEFT_WORD_ETH_DST))
		return;
	if (weft_trace_has_layer(packet, WEFT_LAYER_IP))
		fill_destination_of(fill, WEFT_WORD_IP_DST);
	else if (weft_trace_has_layer(packet, WEFT_LAYER_IP6))
		fill_destination_of(fill, WEFT_WORD_IP6_DST);
	else if (weft_trace_has_layer(packet, WEFT_LAYER_ARP))
		fill_mac(fill, WEFT_WORD_ETH_DST, &everybody);
	else
		weft_errors_add(fill->errors, "eth: dst is missing");
}

static void
fill_arp(const struct fill *fill)
{
	static const struct rte_ether_addr unknown;

	fill_number(fill, WEFT_WORD_ARP_OP, 1);
	fill_source_address(fill, WEFT_WORD_ARP_PSRC, AF_INET, "arp: psrc");
	fill_need(fill, WEFT_WORD_ARP_PDST, "arp: pdst is missing");
	fill_mac(fill, WEFT_WORD_ARP_HWSRC, &fill->packet->values[WEFT_WORD_ETH_SRC].mac);
	fill_mac(fill, WEFT_WORD_ARP_HWDST, &unknown);
}

/* The protocol of the layer above, or @p otherwise if there is none. */
static uint32_t
fill_protocol(const struct fill *fill, uint32_t icmp, uint32_t otherwise)
{
	if (weft_trace_has_layer(fill->packet, WEFT_LAYER_TCP))
		return IPPROTO_TCP;
	if (weft_trace_has_layer(fill->packet, WEFT_LAYER_UDP))
		return IPPROTO_UDP;
	return weft_trace_has_layer(fill->packet, WEFT_LAYER_ICMP) ? icmp : otherwise;
}

static void
fill_ip(const struct fill *fill)
{
	fill_source_address(fill, WEFT_WORD_IP_SRC, AF_INET, "ip: src");
	fill_need(fill, WEFT_WORD_IP_DST, "ip: dst is missing");
	fill_number(fill, WEFT_WORD_IP_TTL, 64);
	fill_number(fill, WEFT_WORD_IP_PROTO, fill_protocol(fill, IPPROTO_ICMP, FILL_PROTOCOL));
}

static void
fill_ip6(const struct fill *fill)
{
	fill_source_address(fill, WEFT_WORD_IP6_SRC, AF_INET6, "ip6: src");
	fill_need(fill, WEFT_WORD_IP6_DST, "ip6: dst is missing");
	fill_number(fill, WEFT_WORD_IP6_HLIM, 64);
	fill_number(fill, WEFT_WORD_IP6_NH, fill_protocol(fill, IPPROTO_ICMPV6, IPPROTO_NONE));
}

/* Over IPv6 the words echo-request and echo-reply mean other numbers; ICMPv6 uses neither 8 nor 0
 * for anything else. */
static void
fill_icmp(const struct fill *fill)
{
	uint32_t *type = &fill->packet->values[WEFT_WORD_ICMP_TYPE].number;

	fill_number(fill, WEFT_WORD_ICMP_TYPE, 8);
	if (weft_trace_has_layer(fill->packet, WEFT_LAYER_IP6) && (*type == 8 || *type == 0))
		*type = *type == 8 ? FILL_ICMP6_REQUEST : FILL_ICMP6_REPLY;
	fill_number(fill, WEFT_WORD_ICMP_CODE, 0);
	fill_number(fill, WEFT_WORD_ICMP_ID, 1);
	fill_number(fill, WEFT_WORD_ICMP_SEQ, 1);
}

static void
fill_tcp(const struct fill *fill)
{
	fill_number(fill, WEFT_WORD_TCP_SPORT, FILL_PORT);
	fill_need(fill, WEFT_WORD_TCP_DPORT, "tcp: dport is missing");
	fill_number(fill, WEFT_WORD_TCP_FLAGS, 0x02); /* SYN */
}

static void
fill_udp(const struct fill *fill)
{
	fill_number(fill, WEFT_WORD_UDP_SPORT, FILL_PORT);
	fill_need(fill, WEFT_WORD_UDP_DPORT, "udp: dport is missing");
}

int
weft_trace_packet_complete(struct weft_trace_packet *packet, const struct weft_trace_sender *sender,
			   struct weft_errors *errors)
{
	static void (*const layers[WEFT_LAYERS])(const struct fill *) = {
		[WEFT_LAYER_ARP] = fill_arp, [WEFT_LAYER_IP] = fill_ip,
		[WEFT_LAYER_IP6] = fill_ip6, [WEFT_LAYER_TCP] = fill_tcp,
		[WEFT_LAYER_UDP] = fill_udp, [WEFT_LAYER_ICMP] = fill_icmp,
	};
	struct fill fill = { .packet = packet, .sender = sender, .errors = errors };
	uint32_t type = FILL_ETHER_TYPE;
	size_t before = errors->n;

	packet->layers |= 1u << WEFT_LAYER_ETH;
	if (weft_trace_has_layer(packet, WEFT_LAYER_ARP))
		type = RTE_ETHER_TYPE_ARP;
	else if (weft_trace_has_layer(packet, WEFT_LAYER_IP))
		type = RTE_ETHER_TYPE_IPV4;
	else if (weft_trace_has_layer(packet, WEFT_LAYER_IP6))
		type = RTE_ETHER_TYPE_IPV6;
	fill_number(&fill, WEFT_WORD_ETH_TYPE, type);
	fill_number(&fill, WEFT_WORD_VLAN_PCP, 0);
	fill_source_mac(&fill);
	for (int layer = 0; layer < WEFT_LAYERS; layer++)
		if (weft_trace_has_layer(packet, layer) && layers[layer] != NULL)
			layers[layer](&fill);
	fill_destination_mac(&fill);
	return errors->n == before ? 0 : -EINVAL;
}
