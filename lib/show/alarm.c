/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/alarm.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/log.h"
#include "show/show.h"

#define ALARM_PERCENT 80
#define ALARM_OVER_PERCENT 70

static const uint8_t alarm_protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };

/* [C] What has been told, of the snapshot's routers: a bit per address of the pool. */
static uint64_t alarm_told[WEFT_ROUTERS_MAX][RTE_DIM(alarm_protocols)];

_Static_assert(WEFT_CONF_SNAT_POOL_MAX <= 64, "a bit for each address");

static void
alarm_tell(const struct weft_router *router, rte_be32_t address, uint8_t protocol, uint32_t percent)
{
	char text[INET_ADDRSTRLEN] = "?", name[16];

	inet_ntop(AF_INET, &address, text, sizeof(text));
	weft_show_protocol_format(protocol, name, sizeof(name));
	weft_warn("router %s: %u %% of the %s ports of %s are in use; a larger snat-pool has more",
		  router->name, percent, name, text);
}

static void
alarm_look(const struct weft_router *router, uint32_t i)
{
	for (uint32_t p = 0; p < RTE_DIM(alarm_protocols); p++) {
		uint32_t used =
			weft_show_ports_used(router, router->nat.pool[i], alarm_protocols[p]);
		uint32_t percent = used * 100 / WEFT_NAT_PORTS;
		uint64_t *told = &alarm_told[router->id][p], bit = UINT64_C(1) << i;

		if (percent >= ALARM_PERCENT && !(*told & bit)) {
			alarm_tell(router, router->nat.pool[i], alarm_protocols[p], percent);
			*told |= bit;
		} else if (percent < ALARM_OVER_PERCENT) {
			*told &= ~bit;
		}
	}
}

void
weft_show_alarm(void *context)
{
	(void)context;
	for (uint32_t id = 0; weft_topology->is_watched && id < WEFT_ROUTERS_MAX; id++)
		for (uint32_t i = 0; weft_topology->routers[id] != NULL &&
				     i < weft_topology->routers[id]->nat.n_pool;
		     i++)
			alarm_look(weft_topology->routers[id], i);
}
