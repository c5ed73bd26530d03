/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ether.h"

/* FNV-1a, then mixed, for what it is made from differs in few bits. It must never change. */
void
weft_mac_derive(const void *bytes, size_t n, struct rte_ether_addr *mac)
{
	const uint8_t *from = bytes;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ from[i]) * 0x100000001b3;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
	hash ^= hash >> 32;
	for (uint32_t i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		mac->addr_bytes[i] = (uint8_t)(hash >> 8 * i);
	mac->addr_bytes[0] = (mac->addr_bytes[0] & 0xf0) | 0x02;
}
