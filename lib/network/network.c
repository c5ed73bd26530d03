/* SPDX-License-Identifier: BSD-3-Clause */
#include "network/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static STAILQ_HEAD(,
		   weft_segment_driver) network_drivers = STAILQ_HEAD_INITIALIZER(network_drivers);

void
weft_segment_driver_add(struct weft_segment_driver *driver)
{
	STAILQ_INSERT_TAIL(&network_drivers, driver, next);
}

const struct weft_segment_ops *
weft_segment_find(enum weft_network_type type)
{
	struct weft_segment_driver *driver;

	STAILQ_FOREACH(driver, &network_drivers, next)
		if (driver->ops->type == type)
			return driver->ops;
	return NULL;
}

void
weft_network_destroy(struct weft_network *network)
{
	if (network == NULL)
		return;
	free(network->statics);
	free(network->members);
	free(network);
}

bool
weft_network_is_same(const struct weft_network *a, const struct weft_network *b)
{
	return a->id == b->id && a->wire == b->wire && a->admin_up == b->admin_up &&
	       a->drops_at_limit == b->drops_at_limit && a->segment == b->segment &&
	       a->mtu == b->mtu && a->mac_age_sec == b->mac_age_sec &&
	       a->mac_limit == b->mac_limit && a->segment_ops == b->segment_ops &&
	       a->n_statics == b->n_statics && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->statics, b->statics, a->n_statics * sizeof(*a->statics)) == 0;
}

bool
weft_network_has_same_members(const struct weft_network *a, const struct weft_network *b)
{
	return a->n_members == b->n_members &&
	       memcmp(a->members, b->members, a->n_members * sizeof(*a->members)) == 0;
}

void
weft_network_describe(const struct weft_network *network, char *text, size_t size)
{
	if (network->segment_ops == NULL)
		snprintf(text, size, "local");
	else
		network->segment_ops->describe(network, text, size);
}
