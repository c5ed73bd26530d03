/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control thread does: the table's memory, settings, forgetting and listing. */
#include <errno.h>
#include <sys/mman.h>

#include <rte_random.h>

#include "conntrack/use.h"
#include "core/gen.h"

#define KEEP_BUCKETS_MIN 16
#define KEEP_OVERFLOW_MIN 64
#define KEEP_FLOW_IDLE_MS 60000 /* until somebody says it */

struct weft_conn_table weft_conn_table;

/* Linux's defaults. */
static const struct weft_conf_timeouts keep_timeouts = {
	.tcp_syn_sent = 120,
	.tcp_syn_recv = 60,
	.tcp_established = 432000,
	.tcp_fin_wait = 120,
	.tcp_close_wait = 60,
	.tcp_last_ack = 30,
	.tcp_time_wait = 120,
	.tcp_close = 10,
	.udp = 30,
	.udp_stream = 120,
	.icmp = 30,
	.icmpv6 = 30,
	.generic = 600,
};

/* @param there  so many bytes are there at once: no worker waits for them later */
static void *
keep_map(size_t bytes, size_t there)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Both are wishes only. */
	madvise(memory, bytes, MADV_HUGEPAGE);
	madvise(memory, RTE_MIN(bytes, there), MADV_POPULATE_WRITE);
	return memory;
}

static void
keep_unmap(void *memory, size_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

static size_t
keep_entries_bytes(void)
{
	return (size_t)weft_conn_table.pool.size * sizeof(*weft_conn_table.entries);
}

static size_t
keep_links_bytes(void)
{
	return (size_t)weft_conn_table.pool.size * sizeof(*weft_conn_table.links);
}

static size_t
keep_deadlines_bytes(void)
{
	return (size_t)weft_conn_table.pool.size * sizeof(*weft_conn_table.deadlines);
}

static size_t
keep_buckets_bytes(void)
{
	const struct weft_conn_table *table = &weft_conn_table;

	return ((size_t)table->n_buckets + table->overflow.size) * sizeof(*table->buckets);
}

static size_t
keep_workers_bytes(void)
{
	return weft_conn_table.n_workers * sizeof(*weft_conn_table.workers);
}

static size_t
keep_pool_bytes(const struct weft_conn_pool *pool)
{
	return (size_t)pool->size * sizeof(*pool->numbers);
}

/* Of the ports, only those that have anything: the others take no memory yet. */
static void
keep_clear(void)
{
	struct weft_conn_table *table = &weft_conn_table;

	memset(table, 0, offsetof(struct weft_conn_table, ports));
	for (uint32_t i = 0; i < WEFT_CONN_PORTS; i++)
		if (table->ports[i].word != 0 || table->ports[i].limit != 0)
			table->ports[i] = (struct weft_conn_port){ 0 };
}

/* @return entries that are needed if nothing is translated */
static size_t
keep_measure(uint32_t capacity, uint16_t n_workers)
{
	struct weft_conn_table *table = &weft_conn_table;
	/* What each worker may have at hand and in limbo, and some more for one who is late. */
	uint32_t more = capacity / 64 + n_workers * 4 * WEFT_CONN_BATCH;

	table->capacity = capacity;
	table->n_workers = n_workers;
	table->n_buckets = RTE_MAX(capacity / 4, KEEP_BUCKETS_MIN);
	table->overflow.size =
		capacity / 16 + KEEP_OVERFLOW_MIN + capacity * (WEFT_CONN_PARTS - 1) / 8;
	table->pool.size = capacity * WEFT_CONN_PARTS + more;
	return (size_t)capacity + more;
}

int
weft_conn_create(uint32_t capacity, uint16_t n_workers)
{
	struct weft_conn_table *table = &weft_conn_table;
	size_t usual = keep_measure(capacity, n_workers);

	for (unsigned int i = 0; i < RTE_DIM(table->seeds); i++)
		table->seeds[i] = rte_rand() | 1;
	table->entries = keep_map(keep_entries_bytes(), usual * sizeof(*table->entries));
	table->links = keep_map(keep_links_bytes(), usual * sizeof(*table->links));
	table->deadlines = keep_map(keep_deadlines_bytes(), usual * sizeof(*table->deadlines));
	table->buckets = keep_map(keep_buckets_bytes(),
				  (table->n_buckets + capacity / 16) * sizeof(*table->buckets));
	table->workers = keep_map(keep_workers_bytes(), SIZE_MAX);
	table->pool.numbers =
		keep_map(keep_pool_bytes(&table->pool), usual * sizeof(*table->pool.numbers));
	table->overflow.numbers = keep_map(keep_pool_bytes(&table->overflow), 0);
	weft_conn_set_timeouts(&keep_timeouts);
	table->flow_idle_ms = KEEP_FLOW_IDLE_MS;
	/* Milliseconds that are a little behind, or of a clock that will wrap soon, are not before
	 * the beginning of time. */
	table->clock_ms = 1ull << 32;
	if (table->entries != NULL && table->links != NULL && table->deadlines != NULL &&
	    table->buckets != NULL && table->workers != NULL && table->pool.numbers != NULL &&
	    table->overflow.numbers != NULL) {
		for (uint16_t i = 0; i < n_workers; i++)
			table->workers[i].position = i * WEFT_CONN_PIECE;
		return 0;
	}
	weft_conn_destroy();
	return -ENOMEM;
}

void
weft_conn_destroy(void)
{
	struct weft_conn_table *table = &weft_conn_table;

	keep_unmap(table->entries, keep_entries_bytes());
	keep_unmap(table->links, keep_links_bytes());
	keep_unmap(table->deadlines, keep_deadlines_bytes());
	keep_unmap(table->buckets, keep_buckets_bytes());
	keep_unmap(table->workers, keep_workers_bytes());
	keep_unmap(table->pool.numbers, keep_pool_bytes(&table->pool));
	keep_unmap(table->overflow.numbers, keep_pool_bytes(&table->overflow));
	keep_clear();
}

static void
keep_set_timeout(uint32_t *timeouts_ms, enum weft_conn_state state, uint32_t sec)
{
	__atomic_store_n(&timeouts_ms[state], RTE_MIN(sec, WEFT_CONN_TIMEOUT_MAX_SEC) * 1000,
			 __ATOMIC_RELAXED);
}

static void
keep_set_timeouts(uint32_t *timeouts_ms, const struct weft_conf_timeouts *timeouts)
{
	keep_set_timeout(timeouts_ms, WEFT_CONN_SYN_SENT, timeouts->tcp_syn_sent);
	keep_set_timeout(timeouts_ms, WEFT_CONN_SYN_SENT2, timeouts->tcp_syn_sent);
	keep_set_timeout(timeouts_ms, WEFT_CONN_SYN_RECV, timeouts->tcp_syn_recv);
	keep_set_timeout(timeouts_ms, WEFT_CONN_ESTABLISHED, timeouts->tcp_established);
	keep_set_timeout(timeouts_ms, WEFT_CONN_FIN_WAIT, timeouts->tcp_fin_wait);
	keep_set_timeout(timeouts_ms, WEFT_CONN_CLOSE_WAIT, timeouts->tcp_close_wait);
	keep_set_timeout(timeouts_ms, WEFT_CONN_LAST_ACK, timeouts->tcp_last_ack);
	keep_set_timeout(timeouts_ms, WEFT_CONN_TIME_WAIT, timeouts->tcp_time_wait);
	keep_set_timeout(timeouts_ms, WEFT_CONN_CLOSE, timeouts->tcp_close);
	keep_set_timeout(timeouts_ms, WEFT_CONN_UDP, timeouts->udp);
	keep_set_timeout(timeouts_ms, WEFT_CONN_UDP_STREAM, timeouts->udp_stream);
	keep_set_timeout(timeouts_ms, WEFT_CONN_ICMP, timeouts->icmp);
	keep_set_timeout(timeouts_ms, WEFT_CONN_ICMPV6, timeouts->icmpv6);
	keep_set_timeout(timeouts_ms, WEFT_CONN_GENERIC, timeouts->generic);
}

void
weft_conn_set_timeouts(const struct weft_conf_timeouts *timeouts)
{
	keep_set_timeouts(weft_conn_table.timeouts_ms[0], timeouts);
}

void
weft_conn_set_router_timeouts(uint16_t router, const struct weft_conf_timeouts *timeouts)
{
	keep_set_timeouts(weft_conn_table.timeouts_ms[1 + router], timeouts);
}

void
weft_conn_set_flow_idle(uint32_t sec)
{
	__atomic_store_n(&weft_conn_table.flow_idle_ms, sec * 1000, __ATOMIC_RELAXED);
}
