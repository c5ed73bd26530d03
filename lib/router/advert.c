/* SPDX-License-Identifier: BSD-3-Clause */
#include "router/advert.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>

#include "wire/ether.h"
#include "wire/ip.h"

#define ADVERT_HOP_LIMIT 64 /* that hosts shall use */
#define ADVERT_SOURCE_BYTES 8 /* of the option that says the MAC; it stands first */
#define ADVERT_FIRST 3 /* messages that are said soon: MAX_INITIAL_RTR_ADVERTISEMENTS */
#define ADVERT_SOON_MS 4000
#define ADVERT_SOON_MORE_MS 12000 /* MAX_INITIAL_RTR_ADVERT_INTERVAL: 16 s */
#define ADVERT_MS 200000 /* MinRtrAdvInterval */
#define ADVERT_MORE_MS 400000 /* MaxRtrAdvInterval: 600 s */
#define ADVERT_PAUSE_MS 3000 /* MIN_DELAY_BETWEEN_RAS */
#define ADVERT_OPTION_RDNSS 25 /* RFC 8106 section 5.1 */

/* RFC 4861 sections 4.2, 4.6; RFC 8106 section 5.1: all numbers in network order. */

struct advert_head {
	uint8_t type, code;
	rte_be16_t checksum;
	uint8_t hop_limit, flags;
	rte_be16_t lifetime;
	rte_be32_t reachable, retrans;
} __rte_packed __rte_aligned(2);

struct advert_mac {
	uint8_t option, length;
	struct rte_ether_addr mac;
} __rte_packed __rte_aligned(2);

struct advert_mtu {
	uint8_t option, length;
	rte_be16_t reserved;
	rte_be32_t mtu;
} __rte_packed __rte_aligned(2);

struct advert_prefix {
	uint8_t option, length, bits, flags;
	rte_be32_t valid, preferred, reserved;
	uint8_t prefix[16];
} __rte_packed __rte_aligned(2);

struct advert_servers {
	uint8_t option, length;
	rte_be16_t reserved;
	rte_be32_t lifetime;
} __rte_packed __rte_aligned(2);

_Static_assert(sizeof(struct advert_head) == 16 && sizeof(struct advert_prefix) == 32,
	       "as on the wire");

static void
advert_append(struct weft_advert *advert, const void *bytes, size_t n)
{
	memcpy(advert->options + advert->length, bytes, n);
	advert->length = (uint16_t)(advert->length + n);
}

struct weft_advert *
weft_advert_create(uint16_t network, const struct rte_ether_addr *mac, uint32_t mtu)
{
	struct advert_mac source = { ND_OPT_SOURCE_LINKADDR, 1, *mac };
	struct advert_mtu size = { ND_OPT_MTU, 1, .mtu = rte_cpu_to_be_32(mtu) };
	struct weft_advert *advert = calloc(1, sizeof(*advert));

	if (advert == NULL)
		return NULL;
	advert->network = network;
	advert->mac = *mac;
	weft_ip6_link_local(mac, advert->address);
	advert_append(advert, &source, sizeof(source));
	advert_append(advert, &size, sizeof(size));
	return advert;
}

static void
advert_add_servers(struct weft_advert *advert, const struct weft_conf_subnet *subnet)
{
	struct advert_servers servers = {
		.option = ADVERT_OPTION_RDNSS,
		.length = 1,
		.lifetime = RTE_BE32(WEFT_ADVERT_LIFETIME_SEC),
	};

	for (uint32_t i = 0; i < subnet->n_dns; i++)
		servers.length += subnet->dns[i].family == AF_INET6 ? 2 : 0;
	if (servers.length == 1)
		return;
	advert_append(advert, &servers, sizeof(servers));
	for (uint32_t i = 0; i < subnet->n_dns; i++)
		if (subnet->dns[i].family == AF_INET6)
			advert_append(advert, subnet->dns[i].bytes, 16);
}

void
weft_advert_add(struct weft_advert *advert, const struct weft_conf_subnet *subnet)
{
	struct advert_prefix prefix = {
		.option = ND_OPT_PREFIX_INFORMATION,
		.length = 4,
		.bits = subnet->cidr.prefix,
		.flags = ND_OPT_PI_FLAG_ONLINK,
		.valid = RTE_BE32(WEFT_ADVERT_VALID_SEC),
		.preferred = RTE_BE32(WEFT_ADVERT_PREFERRED_SEC),
	};

	if (subnet->ra_mode != WEFT_RA_STATEFUL)
		prefix.flags |= ND_OPT_PI_FLAG_AUTO;
	if (subnet->ra_mode == WEFT_RA_STATEFUL)
		advert->flags |= ND_RA_FLAG_MANAGED | ND_RA_FLAG_OTHER;
	if (subnet->ra_mode == WEFT_RA_STATELESS)
		advert->flags |= ND_RA_FLAG_OTHER;
	memcpy(prefix.prefix, subnet->cidr.bytes, sizeof(prefix.prefix));
	advert_append(advert, &prefix, sizeof(prefix));
	advert_add_servers(advert, subnet);
}

bool
weft_advert_is_same(const struct weft_advert *a, const struct weft_advert *b)
{
	return a->network == b->network && rte_is_same_ether_addr(&a->mac, &b->mac) &&
	       a->flags == b->flags && a->length == b->length &&
	       memcmp(a->options, b->options, a->length) == 0;
}

uint16_t
weft_advert_length(const struct weft_advert *advert, bool is_farewell)
{
	return is_farewell ? ADVERT_SOURCE_BYTES : advert->length;
}

/* One's complement (RFC 1071), over what has an even number of bytes before its end. */
static rte_be16_t
advert_sum(const struct rte_ipv6_hdr *ip, const struct advert_head *head, const uint8_t *options,
	   uint16_t length)
{
	uint32_t sum = rte_ipv6_phdr_cksum(ip, 0);

	sum += rte_raw_cksum(head, sizeof(*head));
	sum += rte_raw_cksum(options, length);
	sum = (sum & 0xffff) + (sum >> 16);
	return (rte_be16_t) ~((sum & 0xffff) + (sum >> 16));
}

static uint8_t *
advert_put_ether(const struct weft_advert *advert, const struct weft_advert_to *to, uint8_t *head)
{
	static const struct rte_ether_addr all = { { 0x33, 0x33, 0, 0, 0, 1 } };
	rte_be16_t words[3] = { RTE_BE16(RTE_ETHER_TYPE_VLAN),
				rte_cpu_to_be_16(WEFT_TAG_VID(to->tag)),
				RTE_BE16(RTE_ETHER_TYPE_IPV6) };
	size_t bytes = to->tag == 0 ? 2 : 6;

	memcpy(head, to->mac == NULL ? &all : to->mac, RTE_ETHER_ADDR_LEN);
	memcpy(head + 6, &advert->mac, RTE_ETHER_ADDR_LEN);
	memcpy(head + 12, (const uint8_t *)words + sizeof(words) - bytes, bytes);
	return head + 12 + bytes;
}

uint16_t
weft_advert_put_head(const struct weft_advert *advert, const struct weft_advert_to *to,
		     uint8_t head[WEFT_ADVERT_HEAD_MAX])
{
	static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
	uint8_t *at = advert_put_ether(advert, to, head);
	uint16_t length = weft_advert_length(advert, to->is_farewell);
	struct advert_head says = {
		.type = ND_ROUTER_ADVERT,
		.hop_limit = ADVERT_HOP_LIMIT,
		.flags = advert->flags,
		.lifetime = to->is_farewell ? 0 : RTE_BE16(WEFT_ADVERT_LIFETIME_SEC),
	};
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(says) + length)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = 255,
	};

	memcpy((uint8_t *)&ip + 8, advert->address, 16);
	memcpy((uint8_t *)&ip + 24, to->address == NULL ? all_nodes : to->address, 16);
	says.checksum = advert_sum(&ip, &says, advert->options, length);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &says, sizeof(says));
	return (uint16_t)(at + sizeof(ip) + sizeof(says) - head);
}

uint32_t
weft_advert_put(const struct weft_advert *advert, bool is_farewell, uint8_t frame[WEFT_ADVERT_MAX])
{
	const struct weft_advert_to all = { .is_farewell = is_farewell };
	uint16_t length = weft_advert_length(advert, is_farewell);
	uint32_t head = weft_advert_put_head(advert, &all, frame);

	memcpy(frame + head, advert->options, length);
	return head + length;
}

/* ---- who asks ---- */

/* No option has length zero, and who has no address tells no MAC. */
static bool
advert_are_options(const uint8_t *option, uint32_t length, bool has_address)
{
	while (length >= 8) {
		uint32_t bytes = option[1] * 8u;

		if (bytes == 0 || bytes > length ||
		    (option[0] == ND_OPT_SOURCE_LINKADDR && !has_address))
			return false;
		option += bytes;
		length -= bytes;
	}
	return length == 0;
}

bool
weft_advert_is_asked(const uint8_t *l3, uint32_t length)
{
	static const uint8_t nobody[16];
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)l3;
	const uint8_t *icmp = l3 + sizeof(*ip);
	uint32_t bytes, sum;

	if (length < sizeof(*ip) + sizeof(struct nd_router_solicit) ||
	    ip->proto != IPPROTO_ICMPV6 || ip->hop_limits != 255)
		return false;
	/* A group is nobody's address (RFC 4291 section 2.7). */
	if (l3[8] == 0xff)
		return false;
	bytes = rte_be_to_cpu_16(ip->payload_len);
	if (bytes < sizeof(struct nd_router_solicit) || bytes > length - sizeof(*ip) ||
	    icmp[0] != ND_ROUTER_SOLICIT || icmp[1] != 0)
		return false;
	sum = rte_ipv6_phdr_cksum(ip, 0);
	sum += rte_raw_cksum(icmp, bytes);
	if ((sum & 0xffff) + (sum >> 16) != 0xffff)
		return false;
	return advert_are_options(icmp + sizeof(struct nd_router_solicit),
				  bytes - (uint32_t)sizeof(struct nd_router_solicit),
				  memcmp(l3 + 8, nobody, sizeof(nobody)) != 0);
}

/* ---- the clock ---- */

void
weft_advert_want(struct weft_advert *advert)
{
	__atomic_store_n(&advert->clock.is_wanted, true, __ATOMIC_RELAXED);
}

/* Times are compared by their difference, since they wrap. */
static bool
advert_is_past(uint32_t now_ms, uint32_t then_ms)
{
	return (int32_t)(now_ms - then_ms) >= 0;
}

bool
weft_advert_is_due(const struct weft_advert *advert, uint32_t now_ms)
{
	const struct weft_advert_clock *clock = &advert->clock;

	if (clock->said_ms != 0 && !advert_is_past(now_ms, clock->said_ms + ADVERT_PAUSE_MS))
		return false;
	return clock->n_said == 0 || advert_is_past(now_ms, clock->next_ms) ||
	       __atomic_load_n(&clock->is_wanted, __ATOMIC_RELAXED);
}

void
weft_advert_said(struct weft_advert *advert, uint32_t now_ms, uint64_t dice)
{
	struct weft_advert_clock *clock = &advert->clock;

	/* Who asks from now on is told once more. */
	__atomic_store_n(&clock->is_wanted, false, __ATOMIC_RELAXED);
	clock->n_said += clock->n_said < ADVERT_FIRST ? 1 : 0;
	clock->said_ms = now_ms == 0 ? 1 : now_ms;
	if (clock->n_said < ADVERT_FIRST)
		clock->next_ms = now_ms + ADVERT_SOON_MS + (uint32_t)(dice % ADVERT_SOON_MORE_MS);
	else
		clock->next_ms = now_ms + ADVERT_MS + (uint32_t)(dice % ADVERT_MORE_MS);
}

void
weft_advert_inherit(struct weft_advert *advert, const struct weft_advert *older)
{
	advert->clock.is_wanted = __atomic_load_n(&older->clock.is_wanted, __ATOMIC_RELAXED);
	advert->clock.said_ms = older->clock.said_ms;
	if (!weft_advert_is_same(advert, older))
		return;
	advert->clock.n_said = older->clock.n_said;
	advert->clock.next_ms = older->clock.next_ms;
}
