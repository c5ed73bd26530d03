/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "core/log.h"
#include "flow/table.h"
#include "worker/worker.h"

#define EAL_ARGS_MAX 128
#define EAL_LCORES_BYTES 8192 /* room for the numbers of CPU_SETSIZE cores */
#define EAL_SPARE_BYTES (192ULL << 20) /* rings and tables of devices, vhost, DPDK itself */
#define EAL_MAC_BYTES 128 /* memory per entry of the FDB, its index included */
#define EAL_MEMBER_BYTES                                                                           \
	256 /* and per member of a security group, for which there are two places */
#define EAL_CONNECTION_BYTES 8 /* per connection, besides memory that is not DPDK's */
#define EAL_POLICY_BYTES (64 << 20) /* compiled security groups */

/* ---- cores ---- */

static int
eal_choose_cores(const struct weft_conf_host *host, const cpu_set_t *allowed,
		 struct eal_facts *facts, struct weft_errors *errors)
{
	bool is_first = true;

	for (uint32_t i = 0; i < host->n_workers; i++) {
		uint16_t core = host->workers[i];

		if (core >= CPU_SETSIZE || !CPU_ISSET(core, allowed))
			weft_errors_add(
				errors,
				"host.workers: core %u is not one that this process may use "
				"(see taskset -p $$)",
				core);
		facts->cores[facts->n_workers++] = core;
	}
	if (host->n_workers > 0)
		return weft_errors_is_empty(errors) ? 0 : -EINVAL;
	for (uint16_t core = 0; core < CPU_SETSIZE; core++) {
		if (!CPU_ISSET(core, allowed) || facts->n_workers == WEFT_CONF_WORKERS_MAX)
			continue;
		/* The first one is for everything else, unless there is no other. */
		if (is_first && CPU_COUNT(allowed) > 1) {
			is_first = false;
			continue;
		}
		facts->cores[facts->n_workers++] = core;
	}
	return 0;
}

/* "0@(0,3),1@1,2@2": EAL's number 0 is the control thread, on all cores that do not poll. */
static void
eal_format_lcores(const struct eal_facts *facts, const cpu_set_t *allowed, char *text, size_t size)
{
	cpu_set_t others = *allowed;
	size_t used;
	const char *comma = "";

	for (uint16_t i = 0; i < facts->n_workers; i++)
		CPU_CLR(facts->cores[i], &others);
	if (CPU_COUNT(&others) == 0)
		others = *allowed;
	used = (size_t)snprintf(text, size, "0@(");
	for (int core = 0; core < CPU_SETSIZE && used < size; core++) {
		if (!CPU_ISSET(core, &others))
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%d", comma, core);
		comma = ",";
	}
	if (used < size)
		used += (size_t)snprintf(text + used, size - used, ")");
	for (uint16_t i = 0; i < facts->n_workers && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, ",%d@%u", i + 1,
					 facts->cores[i]);
}

/* ---- memory ---- */

static uint64_t
eal_read_number(const char *folder, const char *page, const char *file)
{
	char path[512];
	uint64_t number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, page, file);
	stream = fopen(path, "r");
	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%" SCNu64, &number) != 1)
		number = 0;
	fclose(stream);
	return number;
}

static uint64_t
eal_free_huge_bytes(void)
{
	static const char folder[] = "/sys/kernel/mm/hugepages";
	DIR *pages = opendir(folder);
	struct dirent *page;
	uint64_t bytes = 0;

	while (pages != NULL && (page = readdir(pages)) != NULL) {
		uint64_t kib;

		if (sscanf(page->d_name, "hugepages-%" SCNu64 "kB", &kib) == 1)
			bytes += eal_read_number(folder, page->d_name, "free_hugepages") * kib *
				 1024;
	}
	if (pages != NULL)
		closedir(pages);
	return bytes;
}

static uint64_t
eal_needed_bytes(const struct weft_conf_host *host, uint16_t n_workers)
{
	uint64_t flows = (uint64_t)rte_align32pow2(host->flow_entries) *
			 (sizeof(struct weft_flow) + sizeof(struct weft_flow_tail) +
			  sizeof(struct weft_flow_more) + sizeof(uint16_t));

	return host->memory_bytes + host->memory_bytes / 8 + EAL_SPARE_BYTES + EAL_POLICY_BYTES +
	       (uint64_t)host->group_members * EAL_MEMBER_BYTES +
	       (uint64_t)host->connections * EAL_CONNECTION_BYTES +
	       n_workers * (flows + sizeof(struct weft_worker)) +
	       (uint64_t)host->mac_entries * EAL_MAC_BYTES;
}

static int
eal_advise(const struct rte_memseg_list *list, void *context)
{
	(void)context;
	if (list->base_va != NULL && list->len > 0)
		madvise(list->base_va, list->len, MADV_HUGEPAGE);
	return 0;
}

static bool
eal_has_argument(const struct options *options, const char *name)
{
	for (int i = 0; i < options->eal_argc; i++)
		if (strcmp(options->eal_argv[i], name) == 0)
			return true;
	return false;
}

/* ---- start ---- */

/* EAL keeps pointers into its arguments, and shuffles them: so they stay where they are. */
static struct eal_args {
	int n;
	size_t used;
	bool is_full; /* and something did not fit */
	char *list[EAL_ARGS_MAX];
	char text[2 * EAL_LCORES_BYTES];
} eal_args;

static void
eal_add(struct eal_args *args, const char *argument)
{
	size_t bytes = strlen(argument) + 1;

	args->is_full |= args->n == EAL_ARGS_MAX - 1 || args->used + bytes > sizeof(args->text);
	if (args->is_full)
		return;
	args->list[args->n++] = memcpy(args->text + args->used, argument, bytes);
	args->used += bytes;
}

static void
eal_add_memory(struct eal_args *args, const struct weft_conf *conf, const struct options *options,
	       struct eal_facts *facts)
{
	uint64_t needed = eal_needed_bytes(&conf->host, facts->n_workers);
	bool has_choice = !eal_has_argument(options, "--no-huge");
	uint64_t huge = has_choice ? eal_free_huge_bytes() : 0;
	char megabytes[32];

	facts->has_hugepages = huge >= needed;
	if (facts->has_hugepages) {
		/* Pages without names: nothing stays behind when the process is killed. */
		eal_add(args, "--in-memory");
		return;
	}
	if (has_choice) {
		weft_info("%" PRIu64 " MiB of hugepages are free, %" PRIu64
			  " are wanted: running on ordinary memory (--no-huge)",
			  huge >> 20, needed >> 20);
		eal_add(args, "--no-huge");
	}
	/* Without physical addresses to respect, buffers may lie across small pages. */
	eal_add(args, "--iova-mode");
	eal_add(args, "va");
	if (eal_has_argument(options, "-m"))
		return;
	snprintf(megabytes, sizeof(megabytes), "%" PRIu64, needed >> 20);
	eal_add(args, "-m");
	eal_add(args, megabytes);
}

int
eal_start(const struct weft_conf *conf, const struct options *options, struct eal_facts *facts,
	  struct weft_errors *errors)
{
	struct eal_args *args = &eal_args;
	char lcores[EAL_LCORES_BYTES];
	cpu_set_t allowed;
	int rc;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return weft_errors_add(errors, "cannot ask for the allowed cores: %s",
				       strerror(errno));
	rc = eal_choose_cores(&conf->host, &allowed, facts, errors);
	if (rc != 0)
		return rc;
	eal_format_lcores(facts, &allowed, lcores, sizeof(lcores));
	eal_add(args, "weft");
	eal_add(args, "--lcores");
	eal_add(args, lcores);
	eal_add(args, "--file-prefix");
	eal_add(args, "weft");
	eal_add(args, "--log-level");
	eal_add(args, "lib.eal:warning");
	/* Take only the devices that the configuration names, when it names them. */
	eal_add(args, "-a");
	eal_add(args, "0000:00:00.0");
	eal_add_memory(args, conf, options, facts);
	for (int i = 0; i < options->eal_argc; i++)
		eal_add(args, options->eal_argv[i]);
	if (args->is_full)
		return weft_errors_add(errors, "too many EAL arguments behind --");
	rc = rte_eal_init(args->n, args->list);
	if (rc < 0)
		return weft_errors_add(errors, "DPDK does not start: %s", rte_strerror(rte_errno));
	if (!facts->has_hugepages)
		rte_memseg_list_walk(eal_advise, NULL);
	return 0;
}
