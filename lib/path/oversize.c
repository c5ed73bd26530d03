/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oversize: a frame that does not fit, in a network that is carried in tunnels, or behind a router.
 *
 * A guest there may not know that the headers outside take their part of the MTU. A router would
 * tell it; a bridge does so here in the name of the destination or the gateway. What may be
 * fragmented is (RFC 791); IPv6 and IPv4 with DF are told the size that fits.
 */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include <rte_ip.h>

#include "path/walk.h"

#define OVERSIZE_TTL 64

/* A bridge speaks as whoever should have received it, or as the gateway. */
static void
oversize_tell(struct weft_walk *walk, uint32_t l3, uint32_t mtu)
{
	const uint8_t *ip = walk->frame + l3;
	bool is_ip4 = ip[0] >> 4 == 4;
	struct weft_ip sender = { .family = is_ip4 ? AF_INET : AF_INET6,
				  .prefix = is_ip4 ? 32 : 128 };
	struct weft_ip receiver = sender;
	const struct weft_ip *gateway;

	memcpy(sender.bytes, ip + (is_ip4 ? 12 : 8), is_ip4 ? 4 : 16);
	memcpy(receiver.bytes, ip + (is_ip4 ? 16 : 24), is_ip4 ? 4 : 16);
	gateway = weft_network_gateway(walk->network, &sender);
	weft_reply_error(walk->reply,
			 &(struct weft_reply_to){
				 .frame = walk->frame,
				 .wire_length = walk->wire_length,
				 .l3 = l3,
			 },
			 &(struct weft_reply_error){
				 .type = is_ip4 ? ICMP_UNREACH : ICMP6_PACKET_TOO_BIG,
				 .code = is_ip4 ? ICMP_UNREACH_NEEDFRAG : 0,
				 .word = mtu,
				 .from = gateway == NULL ? receiver : *gateway,
				 .ttl = OVERSIZE_TTL,
				 .most = mtu,
			 });
	walk->reply->port = walk->key->arrival;
	weft_walk_says(walk, "too big: the sender is told that %u bytes fit", mtu);
}

enum weft_drop
weft_walk_oversize(struct weft_walk *walk, uint32_t mtu)
{
	uint32_t l3 = weft_key_l3(walk->key);
	const uint8_t *ip = walk->frame + l3;
	struct weft_ip_info info;
	rte_be16_t type;

	walk->is_cacheable = false;
	if ((!weft_network_is_overlay(walk->network) && walk->n_hops == 0) ||
	    walk->frame_length < l3 + sizeof(struct rte_ipv6_hdr))
		return DROP_DELIVER_TOO_BIG;
	memcpy(&type, ip - sizeof(type), sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		if (!weft_ip4_parse(ip, walk->frame_length - l3, &info) ||
		    (uint32_t)(ip[2] << 8 | ip[3]) > walk->wire_length - l3)
			return DROP_DELIVER_TOO_BIG;
		if (!(ip[6] & 0x40)) {
			walk->is_fragmented = true;
			weft_walk_says(walk, "too big: it is fragmented to %u bytes", mtu);
			return WEFT_NEXT;
		}
	} else if (type != RTE_BE16(RTE_ETHER_TYPE_IPV6) || ip[0] >> 4 != 6) {
		return DROP_DELIVER_TOO_BIG;
	}
	/* A port that was only flooded to need not be where the destination is. */
	if (walk->receivers != &walk->receiver && !weft_place_is_remote(walk->out_place))
		return DROP_DELIVER_TOO_BIG;
	if (walk->n_hops > 0) {
		weft_walk_complain(walk, ip[0] >> 4 == 4 ? ICMP_UNREACH : ICMP6_PACKET_TOO_BIG,
				   ip[0] >> 4 == 4 ? ICMP_UNREACH_NEEDFRAG : 0, mtu);
		return DROP_DELIVER_TOO_BIG;
	}
	if (!walk->reply->is_there && !walk->arrival->is_wire && weft_walk_may_complain(walk, ip))
		oversize_tell(walk, l3, mtu);
	return DROP_DELIVER_TOO_BIG;
}
