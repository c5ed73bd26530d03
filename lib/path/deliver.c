/* SPDX-License-Identifier: BSD-3-Clause */
/* deliver: may this port hear this? */
#include "path/walk.h"

enum weft_drop
weft_stage_deliver(struct weft_walk *walk)
{
	uint32_t payload = walk->wire_length - weft_key_l2_length(walk->key);

	if (walk->out == NULL || !walk->out->admin_up)
		return DROP_DELIVER_PORT_DOWN;
	if (payload > walk->out->mtu) {
		walk->is_cacheable = false;
		return DROP_DELIVER_TOO_BIG;
	}
	walk->most_payload = RTE_MIN(walk->most_payload, walk->out->mtu);
	weft_walk_says(walk, "%s takes it", walk->out->port->name);
	return WEFT_NEXT;
}
