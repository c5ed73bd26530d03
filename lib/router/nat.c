/* SPDX-License-Identifier: BSD-3-Clause */
#include "router/nat.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#define NAT_SHARES 8192 /* a power of two, and some dozens for each address of a usual pool */

/* ---- order ---- */

static int
nat_compare_words(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
nat_compare_outside(const void *left, const void *right)
{
	const struct weft_floating_ip *a = left, *b = right;

	return nat_compare_words(a->outside, b->outside);
}

static int
nat_compare_inside(const void *left, const void *right)
{
	const struct weft_floating_ip *a = left, *b = right;

	return nat_compare_words(a->inside, b->inside);
}

static uint64_t
nat_forwarding_key(const struct weft_forwarding *forwarding)
{
	return (uint64_t)forwarding->outside << 32 | (uint64_t)forwarding->protocol << 16 |
	       forwarding->outside_port;
}

static int
nat_compare_forwardings(const void *left, const void *right)
{
	return nat_compare_words(nat_forwarding_key(left), nat_forwarding_key(right));
}

static int
nat_compare_addresses(const void *left, const void *right)
{
	const rte_be32_t *a = left, *b = right;

	return nat_compare_words(*a, *b);
}

/* ---- making ---- */

static void
nat_sort(void *list, uint32_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(list, n, size, compare);
}

static void
nat_fill_floating(struct weft_nat *nat, const struct weft_conf_router *conf)
{
	for (uint32_t i = 0; i < conf->n_floating_ips; i++)
		nat->by_outside[nat->n_floating++] = (struct weft_floating_ip){
			.outside = weft_nat_address(conf->floating_ips[i].address.bytes),
			.inside = weft_nat_address(conf->floating_ips[i].fixed_address.bytes),
		};
	if (nat->n_floating > 0)
		memcpy(nat->by_inside, nat->by_outside, nat->n_floating * sizeof(*nat->by_inside));
	nat_sort(nat->by_outside, nat->n_floating, sizeof(*nat->by_outside), nat_compare_outside);
	nat_sort(nat->by_inside, nat->n_floating, sizeof(*nat->by_inside), nat_compare_inside);
}

static void
nat_fill_forwardings(struct weft_nat *nat, const struct weft_conf_router *conf)
{
	for (uint32_t i = 0; i < conf->n_forwardings; i++) {
		const struct weft_conf_forwarding *says = &conf->forwardings[i];

		nat->forwardings[nat->n_forwardings++] = (struct weft_forwarding){
			.outside = weft_nat_address(says->address.bytes),
			.outside_port = rte_cpu_to_be_16((uint16_t)says->external_port),
			.protocol =
				says->protocol == WEFT_FORWARDING_TCP ? IPPROTO_TCP : IPPROTO_UDP,
			.inside = weft_nat_address(says->fixed_address.bytes),
			.inside_port = rte_cpu_to_be_16((uint16_t)says->internal_port),
		};
	}
	nat_sort(nat->forwardings, nat->n_forwardings, sizeof(*nat->forwardings),
		 nat_compare_forwardings);
}

/* MurmurHash3's finalizer. */
static uint64_t
nat_mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

/* By rank of a hash (rendezvous), so that few move when the pool changes. */
static rte_be32_t
nat_rank(const struct weft_nat *nat, uint64_t share)
{
	rte_be32_t best = 0;
	uint64_t most = 0;

	for (uint32_t i = 0; i < nat->n_pool; i++) {
		uint64_t weight = nat_mix(share << 32 | nat->pool[i]);

		if (weight >= most) {
			most = weight;
			best = nat->pool[i];
		}
	}
	return best;
}

static int
nat_share(struct weft_nat *nat)
{
	nat->n_shares = nat->n_pool > 1 ? NAT_SHARES : nat->n_pool;
	nat->shares = calloc(nat->n_shares + 1, sizeof(*nat->shares));
	for (uint32_t i = 0; nat->shares != NULL && i < nat->n_shares; i++)
		nat->shares[i] = nat_rank(nat, i);
	return nat->shares == NULL ? -ENOMEM : 0;
}

rte_be32_t
weft_nat_source(const struct weft_nat *nat, rte_be32_t inside)
{
	return nat->shares[nat_mix(inside) & (nat->n_shares - 1)];
}

int
weft_nat_make(struct weft_nat *nat, const struct weft_conf_router *conf)
{
	const struct weft_conf_gateway *gateway = &conf->gateway;

	*nat = (struct weft_nat){
		.has_source_nat = gateway->is_there && gateway->n_snat_pool > 0,
		.mapping = conf->nat.mapping,
		.filtering = conf->nat.filtering,
		.quota = conf->nat.port_quota,
		.pool = calloc(gateway->n_snat_pool + 1, sizeof(*nat->pool)),
		.by_outside = calloc(conf->n_floating_ips + 1, sizeof(*nat->by_outside)),
		.by_inside = calloc(conf->n_floating_ips + 1, sizeof(*nat->by_inside)),
		.forwardings = calloc(conf->n_forwardings + 1, sizeof(*nat->forwardings)),
	};
	if (nat->pool == NULL || nat->by_outside == NULL || nat->by_inside == NULL ||
	    nat->forwardings == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; nat->has_source_nat && i < gateway->n_snat_pool; i++)
		nat->pool[nat->n_pool++] = weft_nat_address(gateway->snat_pool[i].bytes);
	nat_sort(nat->pool, nat->n_pool, sizeof(*nat->pool), nat_compare_addresses);
	nat_fill_floating(nat, conf);
	nat_fill_forwardings(nat, conf);
	weft_nat_note_news(nat, NULL);
	return nat_share(nat);
}

void
weft_nat_free(struct weft_nat *nat)
{
	free(nat->pool);
	free(nat->shares);
	free(nat->by_outside);
	free(nat->by_inside);
	free(nat->forwardings);
}

static bool
nat_is_same_forwarding(const struct weft_forwarding *a, const struct weft_forwarding *b)
{
	return nat_forwarding_key(a) == nat_forwarding_key(b) && a->inside == b->inside &&
	       a->inside_port == b->inside_port;
}

bool
weft_nat_is_same(const struct weft_nat *a, const struct weft_nat *b)
{
	bool is_same = a->has_source_nat == b->has_source_nat && a->mapping == b->mapping &&
		       a->filtering == b->filtering && a->quota == b->quota &&
		       a->n_pool == b->n_pool && a->n_floating == b->n_floating &&
		       a->n_forwardings == b->n_forwardings;

	for (uint32_t i = 0; is_same && i < a->n_pool; i++)
		is_same = a->pool[i] == b->pool[i];
	for (uint32_t i = 0; is_same && i < a->n_floating; i++)
		is_same = a->by_outside[i].outside == b->by_outside[i].outside &&
			  a->by_outside[i].inside == b->by_outside[i].inside;
	for (uint32_t i = 0; is_same && i < a->n_forwardings; i++)
		is_same = nat_is_same_forwarding(&a->forwardings[i], &b->forwardings[i]);
	return is_same;
}

void
weft_nat_note_news(struct weft_nat *nat, const struct weft_nat *before)
{
	nat->has_shared = before != NULL && (before->has_shared || before->mapping != nat->mapping);
	nat->has_new_pool = false;
	for (uint32_t i = 0; i < nat->n_pool; i++)
		nat->has_new_pool |= before == NULL || !weft_nat_is_outside(before, nat->pool[i]);
	for (uint32_t i = 0; i < nat->n_floating; i++)
		nat->by_outside[i].is_new =
			before == NULL || !weft_nat_is_outside(before, nat->by_outside[i].outside);
	for (uint32_t i = 0; i < nat->n_forwardings; i++) {
		struct weft_forwarding *forwarding = &nat->forwardings[i];

		forwarding->is_new =
			(i == 0 || forwarding->outside != forwarding[-1].outside) &&
			(before == NULL || !weft_nat_is_outside(before, forwarding->outside));
	}
}

/* ---- asking ---- */

const struct weft_floating_ip *
weft_nat_find_outside(const struct weft_nat *nat, rte_be32_t outside)
{
	const struct weft_floating_ip key = { .outside = outside };

	return nat->n_floating == 0 ? NULL :
				      bsearch(&key, nat->by_outside, nat->n_floating, sizeof(key),
					      nat_compare_outside);
}

const struct weft_floating_ip *
weft_nat_find_inside(const struct weft_nat *nat, rte_be32_t inside)
{
	const struct weft_floating_ip key = { .inside = inside };

	return nat->n_floating == 0 ? NULL :
				      bsearch(&key, nat->by_inside, nat->n_floating, sizeof(key),
					      nat_compare_inside);
}

const struct weft_forwarding *
weft_nat_find_forwarding(const struct weft_nat *nat, rte_be32_t outside, uint8_t protocol,
			 rte_be16_t port)
{
	const struct weft_forwarding key = {
		.outside = outside,
		.outside_port = port,
		.protocol = protocol,
	};

	return nat->n_forwardings == 0 ? NULL :
					 bsearch(&key, nat->forwardings, nat->n_forwardings,
						 sizeof(key), nat_compare_forwardings);
}

/* The first forwarding of an address, or where it would be. */
static bool
nat_has_forwarding(const struct weft_nat *nat, rte_be32_t outside)
{
	uint32_t low = 0, high = nat->n_forwardings;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (nat->forwardings[middle].outside < outside)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nat->n_forwardings && nat->forwardings[low].outside == outside;
}

bool
weft_nat_is_source(const struct weft_nat *nat, rte_be32_t address)
{
	return nat->n_pool > 0 && bsearch(&address, nat->pool, nat->n_pool, sizeof(address),
					  nat_compare_addresses) != NULL;
}

bool
weft_nat_is_outside(const struct weft_nat *nat, rte_be32_t address)
{
	return weft_nat_is_source(nat, address) || weft_nat_find_outside(nat, address) != NULL ||
	       nat_has_forwarding(nat, address);
}

static bool
nat_allows_source(const struct weft_nat *nat, rte_be32_t inside, rte_be32_t outside)
{
	const struct weft_floating_ip *floating = weft_nat_find_inside(nat, inside);

	return (floating != NULL && floating->outside == outside) ||
	       weft_nat_is_source(nat, outside);
}

static bool
nat_allows_destination(const struct weft_nat *nat, const struct weft_tuple *original,
		       const struct weft_tuple *translated, bool is_bound)
{
	rte_be32_t outside = weft_nat_address(original->dst);
	rte_be32_t inside = weft_nat_address(translated->dst);
	const struct weft_floating_ip *floating = weft_nat_find_outside(nat, outside);
	const struct weft_forwarding *forwarding =
		weft_nat_find_forwarding(nat, outside, original->protocol, original->dst_port);

	if (floating != NULL)
		return floating->inside == inside;
	if (forwarding != NULL)
		return forwarding->inside == inside &&
		       forwarding->inside_port == translated->dst_port;
	return is_bound && weft_nat_is_source(nat, outside) &&
	       nat->filtering != WEFT_NAT_FILTERING_ADDRESS_AND_PORT;
}

bool
weft_nat_allows(const struct weft_nat *nat, const struct weft_tuple *original,
		const struct weft_tuple *translated, bool is_bound)
{
	rte_be32_t source = weft_nat_address(original->src);
	rte_be32_t became = weft_nat_address(translated->src);
	bool is_source = source != became || original->src_port != translated->src_port;
	bool is_destination = memcmp(original->dst, translated->dst, 4) != 0 ||
			      original->dst_port != translated->dst_port;

	/* The identifier of ICMP stands in both places. */
	if (original->protocol == IPPROTO_ICMP)
		is_destination = memcmp(original->dst, translated->dst, 4) != 0;
	return (!is_source || nat_allows_source(nat, source, became)) &&
	       (!is_destination || nat_allows_destination(nat, original, translated, is_bound));
}
