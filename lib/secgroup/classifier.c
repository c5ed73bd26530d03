/* SPDX-License-Identifier: BSD-3-Clause */
#include "secgroup/classifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where comparing begins to take longer than rte_acl: at about 64 rules of IPv4, 130 of IPv6. */
#define CLASSIFIER_FEW 64

/* Of both families: of IPv4 the last 12 bytes of the address do not count. */
struct weft_pattern {
	uint64_t address[2], mask[2];
	uint16_t protocol; /* or WEFT_PROTOCOL_ANY */
	uint16_t first, span; /* of ports, both ends included */
	uint32_t rank;
};

static void
classifier_write(struct weft_pattern *pattern, const struct weft_rule_words *words, uint32_t rank)
{
	uint8_t mask[sizeof(words->address)] = { 0 };

	for (uint32_t bit = 0; bit < words->prefix; bit++)
		mask[bit / 8] |= 0x80 >> bit % 8;
	memcpy(pattern->mask, mask, sizeof(mask));
	memcpy(pattern->address, words->address, sizeof(words->address));
	pattern->protocol = weft_rule_read_16(words->protocol);
	pattern->first = weft_rule_read_16(words->first);
	pattern->span = (uint16_t)(weft_rule_read_16(words->last) - pattern->first);
	pattern->rank = rank;
}

static uint32_t
classifier_walk(const struct weft_classifier *classifier, const struct weft_packet *packet)
{
	uint16_t port = rte_be_to_cpu_16(packet->port);
	uint64_t remote[2];

	memcpy(remote, packet->remote, sizeof(remote));
	for (uint32_t i = 0; i < classifier->n; i++) {
		const struct weft_pattern *pattern = &classifier->patterns[i];
		uint64_t differs = ((remote[0] & pattern->mask[0]) ^ pattern->address[0]) |
				   ((remote[1] & pattern->mask[1]) ^ pattern->address[1]);

		if (differs == 0 && (uint16_t)(port - pattern->first) <= pattern->span &&
		    (pattern->protocol == packet->protocol ||
		     pattern->protocol == WEFT_PROTOCOL_ANY))
			return pattern->rank;
	}
	return WEFT_NO_RANK;
}

uint32_t
weft_classifier_ask(const struct weft_classifier *classifier, const struct weft_packet *packet)
{
	const uint8_t *data = (const uint8_t *)packet;
	uint32_t found = 0;

	if (classifier->acl == NULL)
		return classifier_walk(classifier, packet);
	rte_acl_classify(classifier->acl, &data, &found, 1, 1);
	return found == 0 ? WEFT_NO_RANK : found - 1;
}

/* ---- control thread ---- */

int
weft_classifier_make(struct weft_classifier *classifier, uint8_t family,
		     const struct weft_ranks *ranks)
{
	*classifier = (struct weft_classifier){ .n = ranks->n };
	if (ranks->n > CLASSIFIER_FEW) {
		classifier->acl = weft_compile(family, ranks, &classifier->bytes);
		return classifier->acl == NULL ? -ENOMEM : 0;
	}
	classifier->bytes = ranks->n * sizeof(*classifier->patterns);
	classifier->patterns = malloc(classifier->bytes);
	if (classifier->patterns == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < ranks->n; i++)
		classifier_write(&classifier->patterns[i], &ranks->rules[ranks->list[i]]->key.words,
				 ranks->list[i]);
	return 0;
}

void
weft_classifier_free(struct weft_classifier *classifier)
{
	free(classifier->patterns);
	rte_acl_free(classifier->acl);
}
