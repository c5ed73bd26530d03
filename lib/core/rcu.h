/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcu: how readers that never wait and a writer that changes things live together.
 *
 * Workers read published objects (the topology above all) through plain pointers and say once per
 * loop that they hold none: weft_rcu_quiescent(). Whoever replaces an object publishes the new one,
 * waits with weft_rcu_synchronize() until every worker has said so, and frees the old one. A worker
 * that sleeps is offline: nobody waits for it. It is DPDK's rte_rcu_qsbr underneath, and the one
 * variable serves all of weft, because its readers are always the same: the workers.
 *
 * Shared fields name who may write them. The letters, used in comments all over the tree:
 *
 *	[I]  immutable once published
 *	[C]  control thread only
 *	[W]  owning worker only
 *	[A]  atomic, any thread
 *	[R]  RCU pointer: written by the control thread, read by all
 *	[S]  per-worker slot, summed by readers
 *
 * Threads: weft_rcu_online/offline/quiescent by the reader itself; weft_rcu_synchronize by any
 * thread that is not an online reader (it would wait for itself).
 */
#ifndef WEFT_CORE_RCU_H
#define WEFT_CORE_RCU_H

#include <stdint.h>

#include <rte_rcu_qsbr.h>

/** The one variable. For inline functions here and for rte_hash_rcu_qsbr_add(). */
extern struct rte_rcu_qsbr *weft_rcu;

/** @param readers  how many worker ids (0 .. readers - 1) there will be. @return 0 or -ENOMEM */
int weft_rcu_init(uint32_t readers);
void weft_rcu_fini(void);

void weft_rcu_register(uint32_t reader);
void weft_rcu_unregister(uint32_t reader);

static inline void
weft_rcu_online(uint32_t reader)
{
	rte_rcu_qsbr_thread_online(weft_rcu, reader);
}

static inline void
weft_rcu_offline(uint32_t reader)
{
	rte_rcu_qsbr_thread_offline(weft_rcu, reader);
}

static inline void
weft_rcu_quiescent(uint32_t reader)
{
	rte_rcu_qsbr_quiescent(weft_rcu, reader);
}

/** Returns when every online reader has passed a quiescent state since the call. */
void weft_rcu_synchronize(void);

#define weft_rcu_load(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#define weft_rcu_publish(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELEASE)

#endif
