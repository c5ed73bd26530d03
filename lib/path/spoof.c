/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/spoof.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>

#include "path/packet.h"
#include "path/walk.h"

#define SPOOF_OPTION_SOURCE 1 /* link-layer address options, RFC 4861 section 4.6.1 */
#define SPOOF_OPTION_TARGET 2

static bool
spoof_is_mac(const struct weft_attachment *port, const struct rte_ether_addr *mac)
{
	if (!port->has_mac || rte_is_same_ether_addr(mac, &port->mac))
		return true;
	for (uint16_t i = 0; i < port->n_pairs; i++)
		if (rte_is_same_ether_addr(mac, &port->pairs[i].mac))
			return true;
	return false;
}

/* A pair without a MAC goes with the port's own. */
static bool
spoof_has_pair(const struct weft_attachment *port, const struct rte_ether_addr *mac,
	       const struct weft_ip *ip)
{
	for (uint16_t i = 0; i < port->n_pairs; i++) {
		const struct weft_pair *pair = &port->pairs[i];
		const struct rte_ether_addr *with =
			rte_is_zero_ether_addr(&pair->mac) ? &port->mac : &pair->mac;
		bool is_any = rte_is_zero_ether_addr(&pair->mac) && !port->has_mac;

		if ((is_any || rte_is_same_ether_addr(mac, with)) && weft_ip_is_in(ip, &pair->ip))
			return true;
	}
	return false;
}

bool
weft_spoof_owns(const struct weft_attachment *port, const struct rte_ether_addr *mac,
		uint8_t family, const void *bytes)
{
	struct weft_ip ip = { .family = family, .prefix = family == AF_INET ? 32 : 128 };

	if (!spoof_is_mac(port, mac))
		return false;
	if (port->n_addresses == 0)
		return true;
	memcpy(ip.bytes, bytes, family == AF_INET ? 4 : 16);
	if (!port->has_mac || rte_is_same_ether_addr(mac, &port->mac))
		for (uint16_t i = 0; i < port->n_addresses; i++)
			if (weft_ip_compare(&port->addresses[i], &ip) == 0)
				return true;
	return spoof_has_pair(port, mac, &ip);
}

/* The address that a host makes for itself from its MAC: fe80::/64 and EUI-64. */
static bool
spoof_is_own_link_local(const struct weft_attachment *port, const struct rte_ether_addr *mac,
			const uint8_t *address)
{
	uint8_t own[16];

	weft_ip6_link_local(mac, own);
	return port->has_mac && memcmp(own, address, sizeof(own)) == 0;
}

static bool
spoof_is_ip4(const struct weft_attachment *port, const struct weft_key *key)
{
	if (weft_spoof_owns(port, &key->src, AF_INET, &key->ip4_src))
		return true;
	return key->ip4_src == 0 && weft_packet_is_basic(key) &&
	       weft_packet_is_free(key, WEFT_EGRESS);
}

/* What a host says before it has an address: membership of groups (RFC 3590), router solicitation,
 * and whether an address is free (RFC 4861 sections 4.1 and 4.3). */
static bool
spoof_is_of_nobody(const struct weft_key *key)
{
	switch (weft_packet_icmp6_type(key)) {
	case WEFT_ICMP6_MLD_REPORT:
	case WEFT_ICMP6_MLD_DONE:
	case WEFT_ICMP6_MLD2_REPORT:
	case WEFT_ICMP6_ROUTER_SOLICITATION:
	case WEFT_ICMP6_NEIGHBOUR_SOLICITATION:
		return true;
	}
	return false;
}

static bool
spoof_is_ip6(const struct weft_attachment *port, const struct weft_key *key)
{
	static const uint8_t unspecified[16];

	if (weft_spoof_owns(port, &key->src, AF_INET6, key->ip6_src) ||
	    spoof_is_own_link_local(port, &key->src, key->ip6_src))
		return true;
	return memcmp(key->ip6_src, unspecified, 16) == 0 && spoof_is_of_nobody(key);
}

/* ---- what messages say is not in the key, so each is looked at on its own ---- */

static bool
spoof_is_arp(struct weft_walk *walk)
{
	const struct weft_attachment *port = walk->arrival;
	uint32_t offset = weft_key_l2_length(walk->key);
	struct rte_arp_hdr arp;

	walk->is_cacheable = false;
	if (walk->frame_length < offset + sizeof(arp))
		return false;
	memcpy(&arp, walk->frame + offset, sizeof(arp));
	if (port->has_mac && !rte_is_same_ether_addr(&arp.arp_data.arp_sha, &walk->key->src))
		return false;
	/* Who asks whether an address is free has none yet; and RARP is about MACs (RFC 903). */
	if (arp.arp_data.arp_sip == 0 && port->n_addresses > 0)
		return walk->key->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP) ||
		       arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	return weft_spoof_owns(port, &walk->key->src, AF_INET, &arp.arp_data.arp_sip);
}

/* RARP tells where the target's MAC is, too: to be its own. */
static bool
spoof_is_rarp(struct weft_walk *walk)
{
	const struct weft_attachment *port = walk->arrival;
	uint32_t offset = weft_key_l2_length(walk->key);
	struct rte_arp_hdr arp;

	if (!spoof_is_arp(walk))
		return false;
	memcpy(&arp, walk->frame + offset, sizeof(arp));
	return !port->has_mac || rte_is_same_ether_addr(&arp.arp_data.arp_tha, &walk->key->src);
}

/* Each link-layer address among the options must be the sender's own. */
static bool
spoof_are_options(const struct weft_walk *walk, const uint8_t *option, uint32_t length)
{
	while (length >= 8) {
		uint32_t bytes = option[1] * 8u;

		if (bytes == 0 || bytes > length)
			return false;
		if ((option[0] == SPOOF_OPTION_SOURCE || option[0] == SPOOF_OPTION_TARGET) &&
		    memcmp(option + 2, &walk->key->src, RTE_ETHER_ADDR_LEN) != 0)
			return false;
		option += bytes;
		length -= bytes;
	}
	return length == 0;
}

/* Bytes before the options, RFC 4861 section 4. */
static uint32_t
spoof_nd_header(uint8_t type)
{
	return type == WEFT_ICMP6_ROUTER_SOLICITATION ? 8 : 24;
}

static bool
spoof_is_nd(struct weft_walk *walk)
{
	uint32_t l3 = weft_key_l2_length(walk->key), header;
	const struct weft_attachment *port = walk->arrival;
	uint8_t type = weft_packet_icmp6_type(walk->key);
	const uint8_t *ip = walk->frame + l3, *target;
	struct weft_ip_info info;
	uint32_t end;

	walk->is_cacheable = false;
	if (walk->key->kind & WEFT_KEY_FRAGMENT || walk->frame_length < l3 ||
	    !weft_ip6_parse(ip, walk->frame_length - l3, &info))
		return false; /* RFC 6980: never fragmented */
	end = 40u + (uint32_t)(ip[4] << 8 | ip[5]);
	header = spoof_nd_header(type);
	if (end > walk->frame_length - l3 || info.l4_offset + header > end)
		return false;
	if (port->has_mac &&
	    !spoof_are_options(walk, ip + info.l4_offset + header, end - info.l4_offset - header))
		return false;
	target = ip + info.l4_offset + 8;
	return type != WEFT_ICMP6_NEIGHBOUR_ADVERTISEMENT ||
	       weft_spoof_owns(port, &walk->key->src, AF_INET6, target) ||
	       spoof_is_own_link_local(port, &walk->key->src, target);
}

/* ---- all of it ---- */

/* A first fragment of IPv6 whose headers end before its transport header does could be anything,
 * what only routers and servers say among it (RFC 7112 section 5, RFC 7113). IPv4 has the ports in
 * its first eight bytes, so always. That a header is cut is not in the key, but then it has no
 * ports; and the few that have ports of zero are looked at one by one. */
static bool
spoof_hides_transport(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;

	if ((key->kind & (WEFT_KEY_FRAGMENT | WEFT_KEY_LATER_FRAGMENT)) != WEFT_KEY_FRAGMENT ||
	    (key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_IP6 || key->port_src != 0 ||
	    key->port_dst != 0 || weft_packet_least(key->protocol) == 0)
		return false;
	walk->is_cacheable = false;
	return weft_packet_is_cut(walk);
}

static enum weft_drop
spoof_check_ip(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;
	uint8_t type = weft_packet_icmp6_type(key);
	bool may_be_anybody = !walk->arrival->has_mac && walk->arrival->n_addresses == 0;
	bool is_fine = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4 ?
			       spoof_is_ip4(walk->arrival, key) :
			       spoof_is_ip6(walk->arrival, key);

	if (!is_fine)
		return DROP_ADMIT_IP_SPOOFED;
	if (spoof_hides_transport(walk))
		return DROP_ADMIT_FRAGMENT_TINY;
	if (weft_packet_is_dhcp_server(key))
		return DROP_ADMIT_DHCP_SERVER;
	if (type == WEFT_ICMP6_ROUTER_ADVERTISEMENT || type == WEFT_ICMP6_REDIRECT)
		return DROP_ADMIT_ROUTER_MESSAGE;
	if (may_be_anybody || !weft_packet_is_nd(key))
		return WEFT_NEXT;
	return spoof_is_nd(walk) ? WEFT_NEXT : DROP_ADMIT_ND_SPOOFED;
}

enum weft_drop
weft_spoof_check(struct weft_walk *walk)
{
	const struct weft_attachment *port = walk->arrival;
	const struct weft_key *key = walk->key;

	if (!spoof_is_mac(port, &key->src))
		return DROP_ADMIT_MAC_SPOOFED;
	if (weft_packet_is_arp(key) && !port->has_mac && port->n_addresses == 0)
		return WEFT_NEXT;
	if (key->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return spoof_is_arp(walk) ? WEFT_NEXT : DROP_ADMIT_ARP_SPOOFED;
	if (weft_packet_is_arp(key))
		return spoof_is_rarp(walk) ? WEFT_NEXT : DROP_ADMIT_RARP_SPOOFED;
	/* Behind IPv6 headers that cannot be read may be anything (spoof_hides_transport()). */
	if (weft_key_is_broken(key))
		return port->n_addresses > 0 || (port->has_mac &&
						 key->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)) ?
			       DROP_ADMIT_IP_SPOOFED :
			       WEFT_NEXT;
	return (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_L2 ? WEFT_NEXT : spoof_check_ip(walk);
}
