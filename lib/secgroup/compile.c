/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules in the terms of rte_acl. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "secgroup/classifier.h"

/* IPv4 has one word of an address where IPv6 has four. */
#define COMPILE_FIELDS_MAX 7

RTE_ACL_RULE_DEF(compile_rule, COMPILE_FIELDS_MAX);

static uint32_t
compile_words(uint8_t family)
{
	return family == AF_INET ? 1 : 4;
}

static uint32_t
compile_fields(uint8_t family)
{
	return 1 + compile_words(family) + 2;
}

/* rte_acl wants the first field to be a byte, and the others in groups of four bytes. That is why
 * there is one behind the port, which is always zero. */
static void
compile_define(struct rte_acl_config *config, uint8_t family)
{
	uint8_t n_words = (uint8_t)compile_words(family), n = 0;

	memset(config, 0, sizeof(*config));
	config->num_categories = 1;
	config->num_fields = compile_fields(family);
	config->defs[n++] = (struct rte_acl_field_def){ .type = RTE_ACL_FIELD_TYPE_BITMASK,
							.size = sizeof(uint8_t) };
	for (uint8_t i = 0; i < n_words; i++, n++)
		config->defs[n] = (struct rte_acl_field_def){
			.type = RTE_ACL_FIELD_TYPE_MASK,
			.size = sizeof(uint32_t),
			.field_index = n,
			.input_index = 1 + i,
			.offset = offsetof(struct weft_packet, remote) + i * sizeof(uint32_t),
		};
	for (uint8_t i = 0; i < 2; i++, n++)
		config->defs[n] = (struct rte_acl_field_def){
			.type = RTE_ACL_FIELD_TYPE_RANGE,
			.size = sizeof(uint16_t),
			.field_index = n,
			.input_index = 1 + n_words,
			.offset = offsetof(struct weft_packet, port) + i * sizeof(uint16_t),
		};
}

static void
compile_translate(const struct weft_rule_words *words, uint8_t family, uint32_t rank,
		  struct compile_rule *rule)
{
	struct rte_acl_field *field = rule->field;
	uint16_t protocol = weft_rule_read_16(words->protocol);
	int32_t prefix = words->prefix;

	memset(rule, 0, sizeof(*rule));
	rule->data.category_mask = 1;
	rule->data.priority = RTE_ACL_MAX_PRIORITY - (int32_t)rank;
	rule->data.userdata = rank + 1;
	if (protocol != WEFT_PROTOCOL_ANY) {
		field->value.u8 = (uint8_t)protocol;
		field->mask_range.u8 = UINT8_MAX;
	}
	for (uint32_t i = 0; i < compile_words(family); i++, prefix -= 32) {
		rte_be32_t word;

		memcpy(&word, words->address + i * sizeof(word), sizeof(word));
		(++field)->value.u32 = rte_be_to_cpu_32(word);
		field->mask_range.u32 = (uint32_t)RTE_MAX(0, RTE_MIN(prefix, 32));
	}
	(++field)->value.u16 = weft_rule_read_16(words->first);
	field->mask_range.u16 = weft_rule_read_16(words->last);
	(++field)->mask_range.u16 = UINT16_MAX;
}

/* What EAL has given away: to others too, so the difference is an estimate. */
static size_t
compile_heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	size_t bytes = 0;

	for (uint32_t i = 0; i < rte_socket_count(); i++)
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			bytes += stats.heap_allocsz_bytes;
	return bytes;
}

static struct rte_acl_ctx *
compile_create(uint8_t family, uint32_t n)
{
	static uint32_t made; /* [C] contexts of one name would be one */
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param param = {
		.name = name,
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(compile_fields(family)),
		.max_rule_num = n,
	};

	snprintf(name, sizeof(name), "weft_rules_%u", made++);
	return rte_acl_create(&param);
}

struct rte_acl_ctx *
weft_compile(uint8_t family, const struct weft_ranks *ranks, size_t *bytes)
{
	size_t before = compile_heap_bytes(), after;
	struct rte_acl_ctx *acl = compile_create(family, ranks->n);
	struct rte_acl_config config;
	int rc = 0;

	if (acl == NULL)
		return NULL;
	for (uint32_t i = 0; i < ranks->n && rc == 0; i++) {
		const struct weft_rule_object *object = ranks->rules[ranks->list[i]];
		struct compile_rule rule;

		compile_translate(&object->key.words, family, ranks->list[i], &rule);
		rc = rte_acl_add_rules(acl, (const struct rte_acl_rule *)&rule, 1);
	}
	compile_define(&config, family);
	if (rc != 0 || rte_acl_build(acl, &config) != 0) {
		rte_acl_free(acl);
		return NULL;
	}
	after = compile_heap_bytes();
	*bytes = after > before ? after - before : 0;
	return acl;
}
