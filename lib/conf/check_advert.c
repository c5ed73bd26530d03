/* SPDX-License-Identifier: BSD-3-Clause */
/* check_advert: which subnets routers can advertise. */
#include <sys/socket.h>

#include "conf/check.h"
#include "conf/schema.h"
#include "conf/value.h"

#define ADVERT_SLAAC_PREFIX 64 /* RFC 4862 section 5.5.3, with identifiers of 64 bits */
#define ADVERT_LEAST_MTU 1280 /* RFC 8200 section 5 */

static void
check_advert_cidr(struct conf_check *check, const struct weft_conf_subnet *subnet,
		  const struct conf_node *node)
{
	const struct conf_node *cidr = conf_node_get(node->parent, "cidr");
	char place[CONF_PLACE_BYTES];

	if (subnet->cidr.family == AF_INET)
		conf_report_node(check->report, node,
				 "%s is not an IPv6 subnet (%s), and only those are advertised",
				 cidr->text, conf_report_place(cidr, place));
	else if (subnet->cidr.family != 0 && subnet->ra_mode != WEFT_RA_STATEFUL &&
		 subnet->cidr.prefix != ADVERT_SLAAC_PREFIX)
		conf_report_node(check->report, node,
				 "%s needs a /%d, of which guests choose the other 64 bits; "
				 "%s is none (%s)",
				 node->text, ADVERT_SLAAC_PREFIX, cidr->text,
				 conf_report_place(cidr, place));
}

/** IPv6 needs links that are large enough, and one message must tell all of it. */
static void
check_advert_network(struct conf_check *check, const struct weft_conf_network *network,
		     const struct conf_node *object, const struct conf_node *node, uint32_t n)
{
	const struct conf_node *mtu = conf_node_get(object, "mtu");
	char place[CONF_PLACE_BYTES];

	if (network->mtu != 0 && network->mtu < ADVERT_LEAST_MTU)
		conf_report_node(check->report, node,
				 "IPv6 needs an MTU of %d at least; that of the network is %u (%s)",
				 ADVERT_LEAST_MTU, network->mtu,
				 conf_report_place(mtu != NULL ? mtu : object, place));
	if (n > WEFT_CONF_ADVERTISED_MAX)
		conf_report_node(check->report, node,
				 "at most %d subnets of a network are advertised",
				 WEFT_CONF_ADVERTISED_MAX);
}

void
conf_check_adverts(struct conf_check *check)
{
	const struct conf_field *field = conf_object_find(&conf_subnet_object, "ipv6-ra-mode");

	for (uint32_t i = 0; i < check->conf->n_networks; i++) {
		const struct weft_conf_network *network = &check->conf->networks[i];
		const struct conf_node *object = conf_node_item(check->tree, "networks", i);
		uint32_t n = 0;

		for (uint32_t j = 0; j < network->n_subnets; j++) {
			const struct conf_node *node =
				conf_node_get(conf_node_item(object, "subnets", j), "ipv6-ra-mode");

			if (!network->subnets[j].has_ra_mode || !conf_value_is_right(field, node))
				continue;
			check_advert_cidr(check, &network->subnets[j], node);
			if (network->subnets[j].cidr.family == AF_INET)
				continue;
			check_advert_network(check, network, object, node, ++n);
		}
	}
}
