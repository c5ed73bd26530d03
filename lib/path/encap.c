/* SPDX-License-Identifier: BSD-3-Clause */
/* encap: what does the wire want in front? */
#include "path/walk.h"

enum weft_drop
weft_stage_encap(struct weft_walk *walk)
{
	walk->leaving.tag = 0;
	if (!walk->out->is_wire)
		return WEFT_NEXT;
	walk->network->segment_ops->push(walk->network, &walk->leaving);
	if (walk->leaving.tag != 0)
		weft_walk_says(walk, "leaves %s with tag %u", walk->out->port->name,
			       WEFT_TAG_VID(walk->leaving.tag));
	else
		weft_walk_says(walk, "leaves %s without a tag", walk->out->port->name);
	return WEFT_NEXT;
}
