/* SPDX-License-Identifier: BSD-3-Clause */
/* echo: who asks whether an address of ours is there hears that it is. */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <rte_ip.h>

#include "path/walk.h"
#include "wire/ip.h"

/* The checksum of an ICMP message, if all of it can be read here: a longer one keeps its mistake
 * when it is sent back. */
static bool
echo_is_whole(const struct weft_walk *walk, uint32_t l3, uint32_t icmp)
{
	const uint8_t *ip = walk->frame + l3;
	bool is_ip4 = ip[0] >> 4 == 4;
	uint32_t end = l3 + weft_ip_length(ip);
	uint32_t sum;

	if (end > walk->wire_length || end < icmp + 8)
		return false;
	if (end > walk->frame_length)
		return true;
	sum = is_ip4 ? 0 : rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)ip, 0);
	sum += rte_raw_cksum(walk->frame + icmp, end - icmp);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

enum weft_drop
weft_walk_echo(struct weft_walk *walk, uint8_t ttl, const char *whose)
{
	const struct weft_key *key = walk->key;
	struct weft_reply_to to = weft_walk_reply_to(walk);
	bool is_ip4 = (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_IP4;
	uint8_t protocol = is_ip4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	uint16_t request = is_ip4 ? ICMP_ECHO << 8 : ICMP6_ECHO_REQUEST << 8;
	uint32_t icmp;

	if (key->kind & WEFT_KEY_FRAGMENT || (key->kind & WEFT_KEY_KIND_MASK) == WEFT_KEY_L2 ||
	    key->protocol != protocol || key->port_src != rte_cpu_to_be_16(request))
		return DROP_ANSWER_NOT_SERVED;
	/* Not in the key: options, extension headers, and where it ends. */
	walk->is_cacheable = false;
	icmp = to.l3 + (is_ip4 ? (walk->frame[to.l3] & 0xf) * 4u : 40u);
	if (!is_ip4 && walk->frame[to.l3 + 6] != IPPROTO_ICMPV6)
		return DROP_ANSWER_NOT_SERVED;
	/* A tag may come to the head that was not there. */
	if (icmp + 8 > walk->frame_length || icmp - to.l2 + 8 > WEFT_REPLY_HEAD ||
	    !echo_is_whole(walk, to.l3, icmp))
		return DROP_ANSWER_NOT_SERVED;
	weft_reply_echo(walk->reply, &to, icmp, ttl);
	weft_walk_says(walk, "%s answers the echo request", whose);
	weft_walk_send_back(walk);
	return walk->reply->is_there ? WEFT_DONE : DROP_ANSWER_NOT_SERVED;
}
