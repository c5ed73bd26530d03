/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many connections: a table that is filled to the last one, and expires all at once.
 *
 * WEFT_CONNTRACK_SCALE=3000000 says how many, and prints what each step costs. Without it the table
 * is small, and only what does not depend on the machine is checked.
 */
#include "eal_helper.h"

#include <time.h>

#include "conntrack_helper.h"

#define SCALE_SMALL 60000
#define SCALE_PORTS 64
#define SCALE_SLICE_NS 1000000 /* no call takes longer */

static uint32_t scale_connections = SCALE_SMALL;
static bool scale_is_measured;
static uint32_t scale_now_ms = 5000;

static struct weft_conn_packet
scale_packet(uint32_t i)
{
	return conntrack_packet(IPPROTO_UDP, i % 251, (uint16_t)(i * 7919), 1000 + i / 60000, 53);
}

/* What calls cost, each in cycles. Others use our core too: what is said of them is the median. */
struct scale_costs {
	uint32_t *cycles, n;
};

static struct scale_costs
scale_costs(uint32_t most)
{
	struct scale_costs costs = { malloc(most * sizeof(uint32_t)), 0 };

	assert_non_null(costs.cycles);
	/* Its own page faults are not to be measured. */
	memset(costs.cycles, 0xff, most * sizeof(uint32_t));
	return costs;
}

static int
scale_compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
scale_us(uint64_t cycles)
{
	return (double)cycles * 1e6 / (double)rte_get_tsc_hz();
}

static void
scale_print(const char *what, struct scale_costs *costs)
{
	qsort(costs->cycles, costs->n, sizeof(uint32_t), scale_compare);
	if (scale_is_measured)
		printf("%-26s median %5u cycles, 9 of 10 below %6u, 999 of 1000 below %7u, longest "
		       "%7.1f us\n",
		       what, costs->cycles[costs->n / 2], costs->cycles[costs->n / 10 * 9],
		       costs->cycles[costs->n / 1000 * 999], scale_us(costs->cycles[costs->n - 1]));
	free(costs->cycles);
}

static uint64_t
scale_cpu_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
}

static size_t
scale_resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file != NULL && fscanf(file, "%*s %lu", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return pages * 4096;
}

static void
scale_fill(const char *when)
{
	struct scale_costs look = scale_costs(scale_connections),
			   commit = scale_costs(scale_connections);
	uint64_t cpu_ns = scale_cpu_ns();

	for (uint32_t i = 0; i < scale_connections; i++) {
		struct weft_conn_packet packet = scale_packet(i);
		struct weft_conn_look seen;
		uint64_t begin = rte_rdtsc(), middle;
		uint32_t conn;

		weft_conn_look(&packet, &seen);
		middle = rte_rdtsc();
		if (weft_conn_commit(0, &packet, &seen, (uint16_t)(i % SCALE_PORTS),
				     WEFT_CONN_NO_PORT, scale_now_ms, &conn) != WEFT_CONN_COMMITTED)
			fail_msg("connection %u was refused", i);
		commit.cycles[commit.n++] = (uint32_t)(rte_rdtsc() - middle);
		look.cycles[look.n++] = (uint32_t)(middle - begin);
	}
	cpu_ns = scale_cpu_ns() - cpu_ns;
	assert_int_equal(weft_conn_count(), scale_connections);
	if (scale_is_measured)
		printf("%s: %.2f million commits, each with its look, per second of CPU time\n",
		       when, scale_connections * 1e3 / (double)cpu_ns);
	scale_print("  look, new", &look);
	scale_print("  commit", &commit);
}

/* In an order that has nothing to do with that of the commits. */
static void
scale_look(void)
{
	struct scale_costs costs = scale_costs(scale_connections);
	uint32_t found = 0;

	for (uint32_t i = 0; i < scale_connections; i++) {
		struct weft_conn_packet packet = conntrack_back(
			scale_packet((uint32_t)((uint64_t)i * 1000003 % scale_connections)));
		struct weft_conn_look seen;
		uint64_t begin = rte_rdtsc();

		weft_conn_look(&packet, &seen);
		costs.cycles[costs.n++] = (uint32_t)(rte_rdtsc() - begin);
		found += seen.verdict == WEFT_CONN_IS_KNOWN;
	}
	scale_print("  look, known, at random", &costs);
	assert_int_equal(found, scale_connections);
}

/* One more is refused; nothing else would be. */
static void
scale_check_full(void)
{
	struct weft_conn_packet packet = scale_packet(scale_connections);
	enum weft_conn_outcome outcome;

	conntrack_pass_from(&packet, 0, scale_now_ms, &outcome);
	assert_int_equal(outcome, WEFT_CONN_TABLE_FULL);
}

/* A worker that calls every 50 us, for a second in which nothing has expired. */
static void
scale_expire_none(void)
{
	struct scale_costs costs = scale_costs(20000);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t begin = rte_rdtsc();

		assert_int_equal(weft_conn_expire(0, scale_now_ms + i / 20), 0);
		costs.cycles[costs.n++] = (uint32_t)(rte_rdtsc() - begin);
		sum += costs.cycles[i];
	}
	if (scale_is_measured)
		printf("  sweep: %.2f ms in a second\n", scale_us(sum) / 1000);
	scale_print("  sweep, none expired", &costs);
}

static void
scale_expire_all(void)
{
	struct scale_costs costs = scale_costs(scale_connections);
	uint64_t longest_ns = 0;
	uint32_t removed = 0, n_late = 0;

	scale_now_ms += 200000;
	while (removed < scale_connections && costs.n < scale_connections) {
		uint64_t cpu_ns = scale_cpu_ns(), begin = rte_rdtsc();
		uint32_t n = weft_conn_expire(0, scale_now_ms + costs.n / 20);

		costs.cycles[costs.n++] = (uint32_t)(rte_rdtsc() - begin);
		cpu_ns = scale_cpu_ns() - cpu_ns;
		longest_ns = RTE_MAX(longest_ns, cpu_ns);
		n_late += cpu_ns > SCALE_SLICE_NS;
		assert_in_range(n, 0, 64);
		removed += n;
	}
	scale_now_ms += costs.n / 20;
	assert_int_equal(removed, scale_connections);
	assert_int_equal(weft_conn_count(), 0);
	printf("%u connections expire at once: %u calls, the longest takes %.1f us of CPU time\n",
	       removed, costs.n, (double)longest_ns / 1000);
	scale_print("  sweep, all expired", &costs);
	/* CPU time is not quite our own on a virtual machine: a few may be late. */
	assert_true(n_late <= 1 + costs.n / 1000);
}

static void
test_a_full_table_expires_in_small_slices(void **state)
{
	size_t before = scale_resident_bytes();

	(void)state;
	assert_int_equal(weft_conn_create(scale_connections, 1), 0);
	scale_fill("memory used for the first time");
	if (scale_is_measured)
		printf("  bytes per connection: %.1f\n",
		       (double)(scale_resident_bytes() - before) / scale_connections);
	scale_check_full();
	scale_look();
	scale_expire_none();
	scale_expire_all();
	scale_fill("again");
	scale_check_full();
	scale_look();
	scale_expire_none();
	scale_expire_all();
	weft_conn_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_table_expires_in_small_slices),
	};
	const char *scale = getenv("WEFT_CONNTRACK_SCALE");

	scale_is_measured = scale != NULL && atoi(scale) > 0;
	if (scale_is_measured)
		scale_connections = (uint32_t)atoi(scale);
	return cmocka_run_group_tests(tests, eal_helper_start, eal_helper_stop);
}
