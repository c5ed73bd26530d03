/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet: what a packet is to those who judge it.
 *
 * Some messages are the business of every host on a link, whoever it may talk to: ARP, Neighbor
 * Discovery, membership of groups (MLD), and getting an address (DHCP). They are not connections;
 * which of them a guest may send and must hear is said here.
 *
 * Pure functions of what a walk was given, any thread.
 */
#ifndef WEFT_PATH_PACKET_H
#define WEFT_PATH_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "conntrack/conntrack.h"
#include "flow/key.h"
#include "path/drop.h"
#include "wire/ip.h"

#define WEFT_ICMP6_MLD_QUERY 130
#define WEFT_ICMP6_MLD_REPORT 131
#define WEFT_ICMP6_MLD_DONE 132
#define WEFT_ICMP6_ROUTER_SOLICITATION 133
#define WEFT_ICMP6_ROUTER_ADVERTISEMENT 134
#define WEFT_ICMP6_NEIGHBOUR_SOLICITATION 135
#define WEFT_ICMP6_NEIGHBOUR_ADVERTISEMENT 136
#define WEFT_ICMP6_REDIRECT 137
#define WEFT_ICMP6_MLD2_REPORT 143

struct weft_walk;

/** Type of an ICMPv6 message that is not a later fragment; 0: it is none. */
static inline uint8_t
weft_packet_icmp6_type(const struct weft_key *key)
{
	if ((key->kind & WEFT_KEY_KIND_MASK) != WEFT_KEY_IP6 || key->protocol != IPPROTO_ICMPV6)
		return 0;
	return (uint8_t)(rte_be_to_cpu_16(key->port_src) >> 8);
}

/** ARP or RARP? */
bool weft_packet_is_arp(const struct weft_key *key);

/** A message of ND, redirects among them? */
bool weft_packet_is_nd(const struct weft_key *key);

/** ND, MLD, or DHCP between client and server: not part of any connection. */
bool weft_packet_is_basic(const struct weft_key *key);

/** If so: may every guest send it (egress), must every guest be able to hear it (ingress)? Others
 *  are for the rules to judge. */
bool weft_packet_is_free(const struct weft_key *key, enum weft_direction direction);

/** From a server of DHCP or DHCPv6 to a client? */
bool weft_packet_is_dhcp_server(const struct weft_key *key);

/** An error of ICMP or ICMPv6, which quotes another packet? */
bool weft_packet_is_icmp_error(const struct weft_key *key);

/** Bytes that a transport header has at least; 0 if we do not know the protocol. */
uint32_t weft_packet_least(uint8_t protocol);

/** Does the packet, which is IP and no later fragment, end inside its transport header? */
bool weft_packet_is_cut(const struct weft_walk *walk);

/** Reads where a fragment belongs. @param length  bytes of the frame that may be read
 *  @return WEFT_NEXT, or why it is none: lengths and offset contradict each other, or it is the
 *          first one and ends inside its transport header */
enum weft_drop weft_packet_read_fragment(const struct weft_key *key, const uint8_t *frame,
					 uint32_t length, uint32_t wire_length,
					 struct weft_fragment *fragment);

/** An IP packet with this key will probably be asked for its connection. */
void weft_packet_foresee(const struct weft_key *key, uint16_t network);

/** What a key says of its packet, which is IP: all but TCP's flags. */
void weft_packet_read_key(const struct weft_key *key, uint16_t network,
			  struct weft_conn_packet *packet);

/** What conntrack wants to know of the packet of a walk, which is IP. */
void weft_packet_read(const struct weft_walk *walk, uint16_t network,
		      struct weft_conn_packet *packet);

#endif
