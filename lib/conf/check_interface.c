/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/check_interface.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "conf/value.h"

static int
interface_compare(const void *left, const void *right)
{
	const struct conf_subnet_entry *a = left, *b = right;
	int order;

	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	order = weft_ip_compare(&a->cidr, &b->cidr);
	return order != 0 ? order : a->cidr.prefix - b->cidr.prefix;
}

struct conf_subnets
conf_subnets_sort(const struct weft_conf *conf)
{
	struct conf_subnets subnets = { 0 };
	size_t n = 0;

	for (uint32_t i = 0; i < conf->n_networks; i++)
		n += conf->networks[i].n_subnets;
	subnets.list = calloc(n + 1, sizeof(*subnets.list));
	if (subnets.list == NULL)
		abort();
	for (uint32_t i = 0; i < conf->n_networks; i++)
		for (uint32_t j = 0; j < conf->networks[i].n_subnets; j++)
			subnets.list[subnets.n++] =
				(struct conf_subnet_entry){ i, j,
							    conf->networks[i].subnets[j].cidr };
	qsort(subnets.list, subnets.n, sizeof(*subnets.list), interface_compare);
	return subnets;
}

/** The first subnet of a network that is not before this one; of another network or family if there
 *  is none. NULL: there is nothing behind it. */
static const struct conf_subnet_entry *
interface_seek(const struct conf_subnets *subnets, uint32_t network, const struct weft_ip *cidr)
{
	struct conf_subnet_entry wanted = { network, 0, *cidr };
	uint32_t low = 0, high = subnets->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (interface_compare(&subnets->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < subnets->n ? &subnets->list[low] : NULL;
}

static bool
interface_has_family(const struct conf_subnets *subnets, uint32_t network, uint8_t family)
{
	const struct weft_ip first = { .family = family };
	const struct conf_subnet_entry *entry = interface_seek(subnets, network, &first);

	return entry != NULL && entry->network == network && entry->cidr.family == family;
}

static const struct conf_subnet_entry *
interface_find(const struct conf_subnets *subnets, uint32_t network, const struct weft_ip *cidr)
{
	const struct conf_subnet_entry *entry = interface_seek(subnets, network, cidr);

	if (entry == NULL || entry->network != network ||
	    weft_ip_compare(&entry->cidr, cidr) != 0 || entry->cidr.prefix != cidr->prefix)
		return NULL;
	return entry;
}

/** The subnet around an address, whatever its length. */
static const struct conf_subnet_entry *
interface_find_around(const struct conf_subnets *subnets, const struct conf_leg *leg)
{
	int bits = leg->address.family == AF_INET ? 32 : 128;

	for (int prefix = bits; prefix >= 0; prefix--) {
		const struct conf_subnet_entry *entry;
		struct weft_ip cidr;

		conf_ip_mask(&leg->address, (uint8_t)prefix, &cidr);
		entry = interface_find(subnets, leg->network, &cidr);
		if (entry != NULL)
			return entry;
	}
	return NULL;
}

static void
interface_report(struct conf_check *check, const struct conf_leg *leg,
		 const struct conf_subnet_entry *around)
{
	const struct conf_node *network = conf_node_item(check->tree, "networks", leg->network);
	const struct conf_node *node = conf_node_get(leg->object, "address"), *cidr;
	char path[CONF_PATH_BYTES], right[INET6_ADDRSTRLEN];
	char place[CONF_PLACE_BYTES];

	if (around == NULL) {
		conf_node_path(network, path);
		conf_report_node(check->report, node, "%s is in no subnet of %s (%s)", node->text,
				 path, conf_report_place(conf_node_get(network, "subnets"), place));
		return;
	}
	cidr = conf_node_get(conf_node_item(network, "subnets", around->subnet), "cidr");
	inet_ntop(leg->address.family, leg->address.bytes, right, sizeof(right));
	conf_report_node(check->report, node,
			 "%s has another prefix length than its subnet %s (%s); write %s/%u",
			 node->text, cidr->text, conf_report_place(cidr, place), right,
			 around->cidr.prefix);
}

void
conf_check_interface(struct conf_check *check, const struct conf_subnets *subnets,
		     const struct conf_leg *leg)
{
	const struct conf_node *node = conf_node_get(leg->object, "address");
	const struct weft_ip unread = { 0 };

	if (leg->address.family == 0)
		return;
	/* RFC 4291, 2.5.6: no router forwards what has such an address. */
	if (conf_ip_is_link_local(&leg->address))
		conf_report_node(check->report, node,
				 "%s is link-local, which is not routed; give an address that is",
				 node->text);
	else if (leg->network != CONF_INDEX_NONE &&
		 interface_has_family(subnets, leg->network, leg->address.family) &&
		 interface_find(subnets, leg->network, &leg->link) == NULL &&
		 /* A subnet that could not be read may be the right one. */
		 interface_find(subnets, leg->network, &unread) == NULL)
		interface_report(check, leg, interface_find_around(subnets, leg));
}
