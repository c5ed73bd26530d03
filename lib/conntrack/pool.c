/* SPDX-License-Identifier: BSD-3-Clause */
#include "conntrack/pool.h"

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "core/rcu.h"

#define POOL_AHEAD 24u /* entries whose memory is fetched before it is needed */

/* Moves up to @p n numbers out of the pool. */
static uint32_t
pool_take(struct weft_conn_pool *pool, uint32_t *numbers, uint32_t n)
{
	uint32_t used, fresh;

	weft_conn_spin_lock(&pool->lock);
	used = RTE_MIN(n, pool->n);
	fresh = RTE_MIN(n - used, pool->size - pool->fresh);
	pool->n -= used;
	memcpy(numbers, &pool->numbers[pool->n], used * sizeof(*numbers));
	/* The lowest one last, which is used first. */
	for (uint32_t i = 0; i < fresh; i++)
		numbers[used + i] = pool->fresh + fresh - 1 - i;
	__atomic_store_n(&pool->fresh, pool->fresh + fresh, __ATOMIC_RELEASE);
	weft_conn_spin_unlock(&pool->lock);
	return used + fresh;
}

static void
pool_give(struct weft_conn_pool *pool, const uint32_t *numbers, uint32_t n)
{
	weft_conn_spin_lock(&pool->lock);
	memcpy(&pool->numbers[pool->n], numbers, n * sizeof(*numbers));
	pool->n += n;
	weft_conn_spin_unlock(&pool->lock);
}

uint32_t
weft_conn_pool_take(struct weft_conn_pool *pool)
{
	uint32_t number;

	return pool_take(pool, &number, 1) == 1 ? number : WEFT_NO_CONN;
}

/* The next one in limbo stands where the birth of a connection stood; overflow buckets, which are
 * numbered behind the entries, have room of their own. */
static uint32_t
pool_next(uint32_t number)
{
	const struct weft_conn_table *table = &weft_conn_table;

	return number < table->pool.size ?
		       weft_conn_word_born(weft_conn_word(&table->entries[number])) :
		       table->buckets[table->n_buckets + number - table->pool.size].limbo;
}

static void
pool_set_next(uint32_t number, uint32_t next)
{
	struct weft_conn_table *table = &weft_conn_table;

	if (number < table->pool.size) {
		uint64_t *word = &table->entries[number].word;

		__atomic_store_n(word, (uint32_t)*word | (uint64_t)next << WEFT_CONN_BORN_SHIFT,
				 __ATOMIC_RELAXED);
	} else {
		table->buckets[table->n_buckets + number - table->pool.size].limbo = next;
	}
}

static void
pool_free_batch(struct weft_conn_worker *worker, const struct weft_conn_batch *batch)
{
	struct weft_conn_table *table = &weft_conn_table;
	uint32_t number = batch->first;

	for (uint32_t i = 0; i < batch->n; i++) {
		uint32_t next = pool_next(number);

		if (number < table->pool.size) {
			weft_conn_number_put(worker, number);
		} else {
			number -= table->pool.size;
			pool_give(&table->overflow, &number, 1);
		}
		number = next;
	}
}

static void
pool_close_batch(struct weft_conn_worker *worker)
{
	struct weft_conn_batch *batch;

	if (worker->open.n == 0 || worker->waiting == WEFT_CONN_BATCHES)
		return;
	batch = &worker->batches[(worker->oldest + worker->waiting) % WEFT_CONN_BATCHES];
	*batch = worker->open;
	batch->token = rte_rcu_qsbr_start(weft_rcu);
	worker->waiting++;
	worker->open.n = 0;
}

static void
pool_free_batches(struct weft_conn_worker *worker)
{
	while (worker->waiting > 0) {
		const struct weft_conn_batch *batch = &worker->batches[worker->oldest];

		if (!rte_rcu_qsbr_check(weft_rcu, batch->token, false))
			return;
		pool_free_batch(worker, batch);
		worker->oldest = (worker->oldest + 1) % WEFT_CONN_BATCHES;
		worker->waiting--;
	}
}

void
weft_conn_reclaim(struct weft_conn_worker *worker, uint32_t now_ms)
{
	if (worker->open.n >= WEFT_CONN_BATCH || worker->opened_ms != now_ms)
		pool_close_batch(worker);
	worker->opened_ms = now_ms;
	pool_free_batches(worker);
}

static void
pool_fetch(uint32_t number)
{
	rte_prefetch0(&weft_conn_table.entries[number]);
	rte_prefetch0(&weft_conn_table.deadlines[number]);
}

/* Nothing at hand: from the pool, and if that is empty, perhaps from our own limbo. */
static bool
pool_refill(struct weft_conn_worker *worker)
{
	struct weft_conn_pool *pool = &weft_conn_table.pool;

	worker->n = pool_take(pool, worker->numbers, WEFT_CONN_BATCH);
	for (uint32_t i = 1; i <= RTE_MIN(worker->n, POOL_AHEAD); i++)
		pool_fetch(worker->numbers[worker->n - i]);
	if (worker->n > 0)
		return true;
	pool_close_batch(worker);
	pool_free_batches(worker);
	return worker->n > 0;
}

uint32_t
weft_conn_number_get(struct weft_conn_worker *worker)
{
	if (unlikely(worker->n == 0) && !pool_refill(worker))
		return WEFT_NO_CONN;
	worker->n--;
	if (likely(worker->n >= POOL_AHEAD))
		pool_fetch(worker->numbers[worker->n - POOL_AHEAD]);
	return worker->numbers[worker->n];
}

void
weft_conn_number_put(struct weft_conn_worker *worker, uint32_t number)
{
	if (worker->n == RTE_DIM(worker->numbers)) {
		worker->n -= WEFT_CONN_BATCH;
		pool_give(&weft_conn_table.pool, &worker->numbers[worker->n], WEFT_CONN_BATCH);
	}
	worker->numbers[worker->n++] = number;
}

static void
pool_retire(struct weft_conn_worker *worker, uint32_t number)
{
	struct weft_conn_batch *open = &worker->open;

	if (open->n == 0)
		open->first = number;
	else
		pool_set_next(open->last, number);
	open->last = number;
	if (++open->n >= WEFT_CONN_BATCH)
		pool_close_batch(worker);
}

void
weft_conn_retire(struct weft_conn_worker *worker, uint32_t number)
{
	pool_retire(worker, number);
}

void
weft_conn_retire_bucket(struct weft_conn_worker *worker, struct weft_conn_bucket *bucket)
{
	struct weft_conn_table *table = &weft_conn_table;

	if (bucket != NULL)
		pool_retire(worker, (uint32_t)(bucket - table->buckets) - table->n_buckets +
					    table->pool.size);
}
