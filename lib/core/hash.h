/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: an rte_hash that readers never wait for, made the same way wherever there is one.
 *
 * Lock-free reading; who writes has a lock of his own. With RCU, a position that was given up is
 * used anew when no worker can know it any more; without, the caller frees positions himself.
 *
 * Threads: control thread; what is made may be used as rte_hash says.
 */
#ifndef WEFT_CORE_HASH_H
#define WEFT_CORE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_hash.h>

/** @return NULL without memory */
struct rte_hash *weft_hash_create(const char *name, uint32_t entries, uint32_t key_bytes,
				  bool has_rcu);

#endif
