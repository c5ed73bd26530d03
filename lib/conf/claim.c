/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/claim.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

void
conf_claim_add(struct conf_claims *claims, uint32_t scope, const char *what,
	       const struct conf_node *node, const struct conf_node *owner, const char *format, ...)
{
	char text[1536]; /* longer than any device */
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (claims->n == claims->capacity) {
		claims->capacity = claims->capacity * 2 + 64;
		claims->list = realloc(claims->list, claims->capacity * sizeof(*claims->list));
		if (claims->list == NULL)
			abort();
	}
	claims->list[claims->n] = (struct conf_claim){
		.scope = scope,
		.order = claims->n,
		.text = conf_arena_text(&claims->arena, text, strlen(text)),
		.what = what,
		.node = node,
		.owner = owner,
	};
	claims->n++;
}

void
conf_claim_key(struct conf_claims *claims, uint32_t scope, const char *what,
	       const struct conf_node *object, const char *key)
{
	const struct conf_node *node = conf_node_get(object, key);

	conf_claim_add(claims, scope, what, node, object, "%s", node->text);
}

void
conf_claim_mac(struct conf_claims *claims, uint32_t scope, const char *what,
	       const struct conf_node *object, const struct rte_ether_addr *mac)
{
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	conf_mac_format(mac, text);
	if (!rte_is_zero_ether_addr(mac))
		conf_claim_add(claims, scope, what, conf_node_get(object, "mac"), object, "%s",
			       text);
}

void
conf_claim_ip(struct conf_claims *claims, uint32_t scope, const char *what,
	      const struct conf_node *node, const struct conf_node *owner, const struct weft_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (ip->family != 0 && inet_ntop(ip->family, ip->bytes, text, sizeof(text)) != NULL)
		conf_claim_add(claims, scope, what, node, owner, "%s", text);
}

static bool
claim_is_equal(const struct conf_claim *a, const struct conf_claim *b)
{
	return a->scope == b->scope && strcmp(a->text, b->text) == 0;
}

static int
claim_compare(const void *left, const void *right)
{
	const struct conf_claim *a = left, *b = right;
	int order;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	order = strcmp(a->text, b->text);
	return order != 0 ? order : a->order < b->order ? -1 : 1;
}

static void
claim_report(const struct conf_claim *first, const struct conf_claim *claim,
	     struct conf_report *report)
{
	char shown[CONF_SHOWN_BYTES];
	char path[CONF_PATH_BYTES];
	char place[CONF_PLACE_BYTES];

	conf_node_path(first->owner, path);
	conf_report_node(report, claim->node, "%s is also %s %s (%s)",
			 conf_report_show(claim->text, shown), first->what, path,
			 conf_report_place(first->node, place));
}

void
conf_claims_settle(struct conf_claims *claims, struct conf_report *report)
{
	const struct conf_claim *first = claims->list;

	if (claims->n > 0)
		qsort(claims->list, claims->n, sizeof(*claims->list), claim_compare);
	for (uint32_t i = 1; i < claims->n; i++) {
		if (claim_is_equal(first, &claims->list[i]))
			claim_report(first, &claims->list[i], report);
		else
			first = &claims->list[i];
	}
	free(claims->list);
	conf_arena_clear(&claims->arena);
	*claims = (struct conf_claims){ 0 };
}
