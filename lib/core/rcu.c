/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/rcu.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_common.h>

struct rte_rcu_qsbr *weft_rcu;

int
weft_rcu_init(uint32_t readers)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(readers);

	weft_rcu = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE));
	if (weft_rcu == NULL)
		return -ENOMEM;
	rte_rcu_qsbr_init(weft_rcu, readers);
	return 0;
}

void
weft_rcu_fini(void)
{
	free(weft_rcu);
	weft_rcu = NULL;
}

void
weft_rcu_register(uint32_t reader)
{
	rte_rcu_qsbr_thread_register(weft_rcu, reader);
}

void
weft_rcu_unregister(uint32_t reader)
{
	rte_rcu_qsbr_thread_unregister(weft_rcu, reader);
}

void
weft_rcu_synchronize(void)
{
	rte_rcu_qsbr_synchronize(weft_rcu, RTE_QSBR_THRID_INVALID);
}
