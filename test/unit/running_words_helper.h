/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot in words: equal ones say the same.
 */
#ifndef TEST_UNIT_RUNNING_WORDS_HELPER_H
#define TEST_UNIT_RUNNING_WORDS_HELPER_H

#include <inttypes.h>

#include "topology/topology.h"

static inline void
running_words_port(const struct weft_topology *topology, uint16_t id, FILE *out)
{
	const struct weft_attachment *a = topology->attachments[id];
	uint32_t n_shallow = 0;

	fprintf(out,
		"port %u %s %p wire=%d up=%d sec=%d mac=%d %012" PRIx64
		" drops=%d net=%u mtu=%u limit=%u budget=%u ip=%d",
		id, a->port->name, (const void *)a->port, a->is_wire, a->admin_up, a->is_secured,
		a->has_mac, weft_mac_number(&a->mac), a->drops_at_limit, a->network, a->mtu,
		a->mac_limit, a->miss_budget, a->depth.is_ip);
	for (uint16_t i = 0; i < a->n_addresses; i++)
		fprintf(out, " %02x%02x%02x", a->addresses[i].family, a->addresses[i].bytes[3],
			a->addresses[i].bytes[15]);
	for (uint16_t vid = 0; a->network_by_vid != NULL && vid < WEFT_VIDS; vid++)
		if (a->network_by_vid[vid] != WEFT_NO_NETWORK)
			fprintf(out, " %u:%u", vid, a->network_by_vid[vid]);
	if (a->terminator.is_here)
		fprintf(out, " endpoint family=%u tag=%x address=%02x%02x port=%u",
			a->terminator.family, a->terminator.tag, a->terminator.address[0],
			a->terminator.address[15], a->terminator.formats[0].udp_port);
	for (uint16_t vid = 0; vid < WEFT_VIDS; vid++)
		if (!a->depth.is_ip || (a->depth.ip_by_vid[vid / 64] >> vid % 64 & 1) == 0)
			n_shallow++;
	fprintf(out, " shallow=%u", n_shallow);
	fputc('\n', out);
}

static inline void
running_words_facts(const struct weft_network *n, FILE *out)
{
	fprintf(out, " unknown=%d homes", n->drops_unknown);
	for (uint32_t i = 0; i < n->facts->n_homes; i++)
		fprintf(out, " %012" PRIx64 "@%u", weft_mac_number(&n->facts->homes[i].mac),
			n->facts->homes[i].place);
	fprintf(out, " known");
	for (uint32_t i = 0; i < n->facts->n_known; i++)
		fprintf(out, " %02x%02x@%012" PRIx64, n->facts->known[i].ip.bytes[3],
			n->facts->known[i].ip.bytes[15], weft_mac_number(&n->facts->known[i].mac));
}

static inline void
running_words_network(const struct weft_network *n, FILE *out)
{
	fprintf(out, "network %u %s wire=%u up=%d drops=%d seg=%u mtu=%u age=%u limit=%u %s", n->id,
		n->name, n->wire, n->admin_up, n->drops_at_limit, n->segment, n->mtu,
		n->mac_age_sec, n->mac_limit,
		n->segment_ops == NULL ? "local" : n->segment_ops->name);
	for (uint16_t i = 0; i < n->n_statics; i++)
		fprintf(out, " %012" PRIx64 "@%u", weft_mac_number(&n->statics[i].mac),
			n->statics[i].port);
	fprintf(out, " members");
	for (uint16_t i = 0; i < n->n_members; i++)
		fprintf(out, " %u", n->members[i]);
	if (n->facts != NULL)
		running_words_facts(n, out);
	fputc('\n', out);
}

static inline void
running_words_endpoint(const struct weft_endpoint *e, FILE *out)
{
	fprintf(out, "endpoint wire=%u dscp=%u ttl=%u sum=%d prefix=%u routes", e->wire, e->dscp,
		e->ttl, e->has_udp_checksum, e->address.prefix);
	for (uint32_t i = 0; i < e->n_routes; i++)
		fprintf(out, " %u:%02x%02x", e->routes[i].destination.prefix,
			e->routes[i].next_hop.bytes[3], e->routes[i].next_hop.bytes[15]);
	fprintf(out, " segments");
	for (uint32_t i = 0; i < e->n_segments; i++)
		fprintf(out, " %" PRIx64 ":%u", e->segments[i].id, e->segments[i].network);
	fputc('\n', out);
}

/** The caller frees it. */
static inline char *
running_words(const struct weft_topology *topology)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	for (uint16_t id = 0; id < WEFT_PORTS_MAX; id++)
		if (topology->attachments[id] != NULL)
			running_words_port(topology, id, out);
	for (uint16_t id = 0; id < WEFT_NETWORKS_MAX; id++)
		if (topology->networks[id] != NULL)
			running_words_network(topology->networks[id], out);
	if (topology->endpoint != NULL)
		running_words_endpoint(topology->endpoint, out);
	fclose(out);
	return text;
}

#endif
