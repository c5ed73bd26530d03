/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/act.h"

#include <rte_ip.h>
#include <rte_udp.h>

void
weft_act_set_ecn(struct rte_mbuf *packet, uint32_t l3, enum weft_ecn ecn)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(packet, uint8_t *, l3);
	uint16_t old, new, sum;

	if (ip[0] >> 4 == 6) {
		ip[1] = (uint8_t)((ip[1] & ~0x30) | ecn << 4);
		return;
	}
	memcpy(&old, ip, sizeof(old));
	ip[1] = (uint8_t)((ip[1] & ~3) | ecn);
	memcpy(&new, ip, sizeof(new));
	memcpy(&sum, ip + 10, sizeof(sum));
	sum = weft_sum_adjust(sum, weft_sum_delta(old, new));
	memcpy(ip + 10, &sum, sizeof(sum));
}

/* rte_raw_cksum_mbuf() loses the carries of a segment that begins at an odd place. */
uint32_t
weft_act_add(const struct rte_mbuf *packet, uint32_t offset, uint32_t length)
{
	uint32_t sum = 0, done = 0;

	for (const struct rte_mbuf *part = packet; done < length && part != NULL;
	     part = part->next) {
		uint32_t skip = RTE_MIN(offset, part->data_len);
		uint32_t n = RTE_MIN(part->data_len - skip, length - done);
		uint16_t more = rte_raw_cksum(rte_pktmbuf_mtod_offset(part, const char *, skip), n);

		sum += done & 1 ? rte_bswap16(more) : more;
		done += n;
		offset -= skip;
	}
	return sum;
}

void
weft_act_sum_udp(struct rte_mbuf *packet, const struct weft_encap_head *head)
{
	const struct rte_ipv6_hdr *ip =
		rte_pktmbuf_mtod_offset(packet, const struct rte_ipv6_hdr *, head->ip_at);
	struct rte_udp_hdr *udp =
		rte_pktmbuf_mtod_offset(packet, struct rte_udp_hdr *, head->udp_at);
	uint32_t sum;

	udp->dgram_cksum = 0;
	sum = rte_ipv6_phdr_cksum(ip, 0) +
	      weft_act_add(packet, head->udp_at, packet->pkt_len - head->udp_at);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	/* Zero would say that there is none (RFC 768). */
	udp->dgram_cksum = (uint16_t)(sum == 0 ? 0xffff : sum);
}
