/* SPDX-License-Identifier: BSD-3-Clause */
/* deliver: may this receiver hear this? */
#include "path/filter.h"
#include "path/walk.h"

enum weft_drop
weft_stage_deliver(struct weft_walk *walk)
{
	const struct weft_key *key = walk->key;
	uint32_t payload = walk->wire_length - weft_key_l3(key);
	uint32_t mtu;

	if (walk->out == NULL || !walk->out->admin_up)
		return DROP_DELIVER_PORT_DOWN;
	if (weft_filter_asks(walk, walk->out)) {
		enum weft_drop drop = weft_filter_ingress(walk);

		if (drop != WEFT_NEXT)
			return drop;
	}
	mtu = weft_place_is_remote(walk->out_place) ? walk->network->mtu : walk->out->mtu;
	if (walk->n_hops > 0)
		mtu = RTE_MIN(mtu, walk->network->mtu);
	if (payload > mtu)
		return weft_walk_oversize(walk, mtu);
	walk->most_payload = RTE_MIN(walk->most_payload, mtu);
	if (!weft_place_is_remote(walk->out_place))
		weft_walk_says(walk, "%s takes it", walk->out->port->name);
	return WEFT_NEXT;
}
