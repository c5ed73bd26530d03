/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/document.h"
#include "conf/inherit.h"
#include "conf/schema.h"

/** Whether the section is missing; one that is there and wrong was reported before. */
static bool
check_overlay_lacks_endpoint(const struct conf_check *check)
{
	const struct conf_node *section = conf_node_get(check->tree, "tunnel-endpoint");

	return section == NULL || conf_node_is_null(section);
}

/** The wire's MTU less the tunnel must be enough for the network's. */
static void
check_overlay_mtu(struct conf_check *check, const struct weft_conf_network *network,
		  const struct conf_node *object)
{
	const struct weft_conf_endpoint *endpoint = &check->conf->endpoint;
	const struct conf_field *field = conf_object_find(&conf_network_object, "mtu");
	const struct conf_node *said = conf_node_get(object, "mtu"), *wire, *wire_mtu;
	uint32_t at = conf_index_find(&check->wires, endpoint->wire), most;
	char place[CONF_PLACE_BYTES];
	char sum[CONF_PLACE_BYTES + 160];

	if (at == CONF_INDEX_NONE || endpoint->address.family == 0 ||
	    check->conf->wires[at].mtu == 0)
		return;
	most = conf_inherit_network_mtu(check->conf, &check->wires, network);
	if (said != NULL ? network->mtu <= most : most >= field->min)
		return;
	wire = conf_node_item(check->tree, "physical-networks", at);
	wire_mtu = conf_node_get(wire, "mtu");
	snprintf(sum, sizeof(sum), "%u, the MTU %u of physical-networks[%s] (%s) less %u for %s",
		 most, check->conf->wires[at].mtu, endpoint->wire,
		 conf_report_place(wire_mtu != NULL ? wire_mtu : wire, place),
		 weft_network_type_overhead(network->type, endpoint->address.family),
		 weft_network_type_name(network->type));
	if (said != NULL)
		conf_report_node(check->report, said, "%u is more than %s", network->mtu, sum);
	else
		conf_report_node(check->report, object, "has too small an MTU: %s", sum);
}

static void
check_overlay_remotes(struct conf_check *check, const struct weft_conf_network *network,
		      const struct conf_node *object)
{
	for (uint32_t i = 0; i < network->n_peers; i++)
		conf_check_other_host(check, conf_node_item(object, "peers", i),
				      &network->peers[i]);
	for (uint32_t i = 0; i < network->n_neighbours; i++)
		conf_check_other_host(check,
				      conf_node_get(conf_node_item(object, "neighbours", i), "at"),
				      &network->neighbours[i].at);
}

/** Without `peers`, those who have neighbours here are the peers. */
static void
check_overlay_peers(struct conf_check *check, struct weft_conf_network *network,
		    const struct conf_node *object)
{
	const struct conf_field *field = conf_object_find(&conf_network_object, "peers");
	const struct conf_node *said = conf_node_get(object, "peers");

	if ((said != NULL && !conf_node_is_null(said)) || network->n_neighbours == 0)
		return;
	network->peers = conf_arena_alloc(&check->conf->source->arena,
					  network->n_neighbours * sizeof(*network->peers));
	network->n_peers = conf_inherit_peers(network, network->peers);
	if (network->n_peers > field->most)
		conf_report_node(check->report, conf_node_get(object, "neighbours"),
				 "are at %u tunnel endpoints; a network has at most %u peers",
				 network->n_peers, field->most);
}

void
conf_check_overlay(struct conf_check *check, struct weft_conf_network *network,
		   const struct conf_node *object)
{
	if (check_overlay_lacks_endpoint(check))
		conf_report_node(check->report, object, "needs the section 'tunnel-endpoint'");
	check_overlay_mtu(check, network, object);
	check_overlay_remotes(check, network, object);
	check_overlay_peers(check, network, object);
}
