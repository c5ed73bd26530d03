/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/encap.h"

#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>

struct weft_encap *
weft_encap_get(struct weft_encaps *encaps, const struct weft_encap_head *head)
{
	uint32_t hash = rte_hash_crc(head, sizeof(*head), 0);
	struct weft_encap *encap;

	LIST_FOREACH(encap, &encaps->buckets[hash % WEFT_ENCAP_BUCKETS], next) {
		if (encap->hash != hash || memcmp(&encap->head, head, sizeof(*head)) != 0)
			continue;
		encap->users++;
		return encap;
	}
	encap = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*encap));
	if (encap == NULL)
		return NULL;
	encap->head = *head;
	encap->users = 1;
	encap->hash = hash;
	LIST_INSERT_HEAD(&encaps->buckets[hash % WEFT_ENCAP_BUCKETS], encap, next);
	return encap;
}

void
weft_encap_hold(struct weft_encap *encap)
{
	if (encap != NULL)
		encap->users++;
}

void
weft_encap_put(struct weft_encap *encap)
{
	if (encap == NULL || --encap->users > 0)
		return;
	LIST_REMOVE(encap, next);
	free(encap);
}
