/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/buffers.h"

#include <inttypes.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#define BUFFERS_CACHE 256 /* buffers that a worker keeps for itself */
#define BUFFERS_LEAST 2048 /* fewer do not even fill the rings of two ports */

struct rte_mempool *weft_buffers, *weft_buffers_bounded;
__thread uint32_t weft_buffers_allowed;

/* ---- the handle that gives only what is allowed: a mempool whose store is the pool ---- */

static int
buffers_bounded_alloc(struct rte_mempool *handle)
{
	(void)handle;
	return 0;
}

static void
buffers_bounded_free(struct rte_mempool *handle)
{
	(void)handle;
}

/* Never asked: buffers know where they belong. */
static int
buffers_bounded_put(struct rte_mempool *handle, void *const *buffers, unsigned int n)
{
	(void)handle;
	rte_mempool_put_bulk(weft_buffers, buffers, n);
	return 0;
}

static int
buffers_bounded_get(struct rte_mempool *handle, void **buffers, unsigned int n)
{
	(void)handle;
	if (n > weft_buffers_allowed || rte_mempool_get_bulk(weft_buffers, buffers, n) < 0)
		return -ENOBUFS;
	weft_buffers_allowed -= n;
	return 0;
}

static unsigned int
buffers_bounded_count(const struct rte_mempool *handle)
{
	(void)handle;
	return rte_mempool_avail_count(weft_buffers);
}

static const struct rte_mempool_ops buffers_bounded_ops = {
	.name = "weft_bounded",
	.alloc = buffers_bounded_alloc,
	.free = buffers_bounded_free,
	.enqueue = buffers_bounded_put,
	.dequeue = buffers_bounded_get,
	.get_count = buffers_bounded_count,
};

RTE_MEMPOOL_REGISTER_OPS(buffers_bounded_ops)

static struct rte_mempool *
buffers_make_bounded(void)
{
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE,
	};
	struct rte_mempool *handle = rte_mempool_create_empty(
		"weft_bounded", 1, sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0,
		sizeof(private), SOCKET_ID_ANY, 0);

	if (handle == NULL)
		return NULL;
	rte_mempool_set_ops_byname(handle, "weft_bounded", NULL);
	rte_pktmbuf_pool_init(handle, &private);
	return handle;
}

uint32_t
weft_buffers_bytes_each(void)
{
	struct rte_mempool_objsz sizes;

	return rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE, 0,
					 &sizes);
}

static void
buffers_free_zone(struct rte_mempool_memhdr *chunk, void *zone)
{
	(void)chunk;
	rte_memzone_free(zone);
}

/*
 * With virtual addresses for DMA, memory is contiguous for devices too, whatever the size of its
 * pages. DPDK's own way of filling a pool does not rely on that: on 4 KiB pages it puts one buffer
 * into each, and wastes two fifths of the memory.
 */
static int
buffers_populate_contiguous(struct rte_mempool *pool, unsigned int n)
{
	size_t each = pool->header_size + pool->elt_size + pool->trailer_size;
	const struct rte_memzone *zone =
		rte_memzone_reserve("weft_buffers", n * each, SOCKET_ID_ANY, 0);
	int rc;

	if (zone == NULL)
		return -rte_errno;
	rc = rte_mempool_populate_iova(pool, zone->addr, (rte_iova_t)(uintptr_t)zone->addr,
				       zone->len, buffers_free_zone, (void *)(uintptr_t)zone);
	if (rc < 0)
		rte_memzone_free(zone);
	return rc;
}

static struct rte_mempool *
buffers_make_pool(unsigned int n)
{
	struct rte_pktmbuf_pool_private private = {
		.mbuf_data_room_size = RTE_MBUF_DEFAULT_BUF_SIZE,
	};
	struct rte_mempool *pool;
	int rc;

	if (rte_eal_iova_mode() != RTE_IOVA_VA)
		return rte_pktmbuf_pool_create("weft_buffers", n, BUFFERS_CACHE, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	pool = rte_mempool_create_empty(
		"weft_buffers", n, sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE,
		BUFFERS_CACHE, sizeof(private), SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
	if (pool == NULL)
		return NULL;
	rte_pktmbuf_pool_init(pool, &private);
	rc = buffers_populate_contiguous(pool, n);
	if (rc < 0) {
		rte_mempool_free(pool);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

int
weft_buffers_create(uint64_t bytes, struct weft_errors *errors)
{
	uint64_t n = bytes / weft_buffers_bytes_each();

	if (n < BUFFERS_LEAST || n > UINT32_MAX)
		return weft_errors_add(errors,
				       "host.memory: %" PRIu64 " bytes make %" PRIu64
				       " packet buffers; at least %d are needed",
				       bytes, n, BUFFERS_LEAST);
	weft_buffers = buffers_make_pool((unsigned int)n);
	weft_buffers_bounded = weft_buffers == NULL ? NULL : buffers_make_bounded();
	if (weft_buffers_bounded == NULL) {
		weft_errors_add(errors, "host.memory: no memory for %" PRIu64 " packet buffers: %s",
				n, rte_strerror(rte_errno));
		rte_mempool_free(weft_buffers);
		weft_buffers = NULL;
		return -rte_errno;
	}
	return 0;
}

void
weft_buffers_destroy(void)
{
	rte_mempool_free(weft_buffers_bounded);
	rte_mempool_free(weft_buffers);
	weft_buffers = weft_buffers_bounded = NULL;
}
