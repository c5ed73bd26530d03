/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool: numbers of entries and of overflow buckets, from free to free; for this folder only.
 *
 * Free numbers are in a pool that all workers share. Each worker has some at hand and changes them
 * by the dozen, so the lock of the pool is taken once per 64 connections.
 *
 * What was unlinked may still be looked at by a reader that found it before. It goes into limbo: a
 * list through the entries themselves, cut into batches. A batch gets a token of weft_rcu when it
 * is complete, or the sweep finds it a millisecond later; when all workers have passed a quiescent
 * state since then, its numbers are free. A generation that shall move because of the removal has
 * to move before that.
 *
 * Threads: workers, each with its own struct weft_conn_worker.
 */
#ifndef WEFT_CONNTRACK_POOL_H
#define WEFT_CONNTRACK_POOL_H

#include "conntrack/table.h"

/** One number from the shared pool. @return WEFT_NO_CONN if there is none */
uint32_t weft_conn_pool_take(struct weft_conn_pool *pool);

/** A free entry. @return WEFT_NO_CONN if there is none */
uint32_t weft_conn_number_get(struct weft_conn_worker *worker);

/** One that was never linked, or that nobody can know any more. */
void weft_conn_number_put(struct weft_conn_worker *worker, uint32_t number);

/** An entry that is not linked any more. */
void weft_conn_retire(struct weft_conn_worker *worker, uint32_t number);

/** An overflow bucket that is not chained any more. NULL is allowed. */
void weft_conn_retire_bucket(struct weft_conn_worker *worker, struct weft_conn_bucket *bucket);

/** Frees what waited long enough. */
void weft_conn_reclaim(struct weft_conn_worker *worker, uint32_t now_ms);

#endif
