/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/hash.h"

#include <rte_jhash.h>
#include <rte_random.h>

#include "core/rcu.h"

struct rte_hash *
weft_hash_create(const char *name, uint32_t entries, uint32_t key_bytes, bool has_rcu)
{
	struct rte_hash_parameters parameters = {
		.name = name,
		.entries = entries,
		.key_len = key_bytes,
		/* The default, a CRC, is linear: keys could be chosen that all collide, whatever
		 * the seed. */
		.hash_func = rte_jhash,
		.hash_func_init_val = (uint32_t)rte_rand(),
		.socket_id = SOCKET_ID_ANY,
		/* Without chained buckets a power of two is never filled completely. */
		.extra_flag =
			RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF | RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash_rcu_config rcu = { .v = weft_rcu, .mode = RTE_HASH_QSBR_MODE_DQ };
	struct rte_hash *hash = rte_hash_create(&parameters);

	if (hash == NULL || !has_rcu || rte_hash_rcu_qsbr_add(hash, &rcu) == 0)
		return hash;
	rte_hash_free(hash);
	return NULL;
}
