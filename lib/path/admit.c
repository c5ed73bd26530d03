/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * admit: may this port say this?
 *
 * Port security, as far as it concerns who somebody claims to be: the source MAC, the source
 * address of IP, and the sender of ARP. A host that has no address yet must still be able to get
 * one: DHCP from 0.0.0.0, ARP probes (RFC 5227), and IPv6 from :: (RFC 4862 5.4.2).
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>

#include "path/walk.h"

static bool
admit_owns(const struct weft_attachment *port, uint8_t family, const void *address)
{
	size_t bytes = family == AF_INET ? 4 : 16;

	for (uint16_t i = 0; i < port->n_addresses; i++)
		if (port->addresses[i].family == family &&
		    memcmp(port->addresses[i].bytes, address, bytes) == 0)
			return true;
	return false;
}

static bool
admit_is_ip4(const struct weft_attachment *port, const struct weft_key *key)
{
	if (admit_owns(port, AF_INET, &key->ip4_src))
		return true;
	return key->ip4_src == 0 && key->protocol == IPPROTO_UDP && key->port_src == RTE_BE16(68) &&
	       key->port_dst == RTE_BE16(67);
}

/* The address that a host makes for itself from its MAC: fe80::/64 and EUI-64 (RFC 4291 A). */
static bool
admit_is_own_link_local(const struct weft_attachment *port, const uint8_t *address)
{
	const uint8_t *mac = port->mac.addr_bytes;
	/* clang-format off */
	const uint8_t own[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
				  mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };
	/* clang-format on */

	return port->has_mac && memcmp(own, address, sizeof(own)) == 0;
}

static bool
admit_is_ip6(const struct weft_attachment *port, const struct weft_key *key)
{
	static const uint8_t unspecified[16];

	if (admit_owns(port, AF_INET6, key->ip6_src) || admit_is_own_link_local(port, key->ip6_src))
		return true;
	/* Only messages of ICMPv6 (DAD, router solicitation, MLD) come from nobody. */
	return memcmp(key->ip6_src, unspecified, 16) == 0 && key->protocol == IPPROTO_ICMPV6;
}

/* What ARP says is not in the key, so each message is looked at on its own. */
static bool
admit_is_arp(struct weft_walk *walk)
{
	const struct weft_attachment *port = walk->arrival;
	uint32_t offset = weft_key_l2_length(walk->key);
	struct rte_arp_hdr arp;

	walk->is_cacheable = false;
	if (walk->frame_length < offset + sizeof(arp))
		return false;
	memcpy(&arp, walk->frame + offset, sizeof(arp));
	if (port->has_mac && !rte_is_same_ether_addr(&arp.arp_data.arp_sha, &port->mac))
		return false;
	/* Who asks whether an address is free has none yet. */
	if (arp.arp_data.arp_sip == 0)
		return arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	return admit_owns(port, AF_INET, &arp.arp_data.arp_sip);
}

static enum weft_drop
admit_addresses(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;
	bool is_fine = true;

	if (key->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return admit_is_arp(walk) ? WEFT_NEXT : DROP_ADMIT_ARP_SPOOFED;
	if (key->kind & WEFT_KEY_BROKEN)
		return DROP_ADMIT_IP_SPOOFED;
	if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4)
		is_fine = admit_is_ip4(walk->arrival, key);
	else if ((key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP6)
		is_fine = admit_is_ip6(walk->arrival, key);
	return is_fine ? WEFT_NEXT : DROP_ADMIT_IP_SPOOFED;
}

enum weft_drop
weft_stage_admit(struct weft_walk *walk)
{
	const struct weft_attachment *arrival = walk->arrival;
	enum weft_drop drop = WEFT_NEXT;

	if (!weft_mac_is_sender(walk->key->src.addr_bytes))
		return DROP_ADMIT_BAD_SOURCE_MAC;
	if (arrival->is_wire || !arrival->is_secured) {
		weft_walk_says(walk, "no port security here");
		return WEFT_NEXT;
	}
	if (arrival->has_mac && !rte_is_same_ether_addr(&walk->key->src, &arrival->mac))
		return DROP_ADMIT_MAC_SPOOFED;
	if (arrival->n_addresses > 0)
		drop = admit_addresses(walk);
	if (drop == WEFT_NEXT)
		weft_walk_says(walk, "port security: MAC %s, addresses %s",
			       arrival->has_mac ? "is the port's" : "not configured",
			       arrival->n_addresses > 0 ? "are the port's" : "not configured");
	return drop;
}
