/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/group.h"

#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>

#include "flow/encap.h"

struct weft_group *
weft_group_get(struct weft_groups *groups, const struct weft_output *outputs, uint16_t n)
{
	size_t bytes = n * sizeof(*outputs);
	uint32_t hash = rte_hash_crc(outputs, (uint32_t)bytes, n);
	struct weft_group *group;

	LIST_FOREACH(group, &groups->buckets[hash % WEFT_GROUP_BUCKETS], next) {
		if (group->hash != hash || group->n != n ||
		    memcmp(group->outputs, outputs, bytes) != 0)
			continue;
		group->users++;
		return group;
	}
	group = malloc(sizeof(*group) + bytes);
	if (group == NULL)
		return NULL;
	group->users = 1;
	group->hash = hash;
	group->n = n;
	memcpy(group->outputs, outputs, bytes);
	for (uint16_t i = 0; i < n; i++)
		weft_encap_hold(outputs[i].encap);
	LIST_INSERT_HEAD(&groups->buckets[hash % WEFT_GROUP_BUCKETS], group, next);
	return group;
}

void
weft_group_put(struct weft_group *group)
{
	if (group == NULL || --group->users > 0)
		return;
	LIST_REMOVE(group, next);
	for (uint16_t i = 0; i < group->n; i++)
		weft_encap_put(group->outputs[i].encap);
	free(group);
}
