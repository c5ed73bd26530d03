/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weft: the daemon.
 *
 * The boot table below is the order in which the parts of the switch start; they end in the reverse
 * order. After boot this thread is the control thread (core/control.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_eal.h>

#include "cmd/cmd.h"
#include "conntrack/conntrack.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/log.h"
#include "core/rcu.h"
#include "eal.h"
#include "fdb/fdb.h"
#include "folder.h"
#include "idle.h"
#include "neighbour/neighbour.h"
#include "options.h"
#include "path/journal.h"
#include "port/buffers.h"
#include "secgroup/members.h"
#include "secgroup/policy.h"
#include "show/facts.h"
#include "show/alarm.h"
#include "show/log.h"
#include "topology/running.h"
#include "tunnel/remote.h"
#include "worker/load.h"
#include "worker/worker.h"

#define MAIN_SECOND_MS 1000
#define MAIN_MOVED_MS 300000 /* how long an address that moved is remembered, unless refreshed */

static struct {
	struct options options;
	struct weft_conf *conf; /* until it is applied */
	struct eal_facts facts;
	int signals; /* signalfd */
	bool is_polling; /* workers run */
} boot;

/* ---- what goes on while the switch runs ---- */

/* Makes @p conf, which is taken over, the running one. */
static int
main_take_over(struct weft_conf *conf, struct weft_errors *errors)
{
	struct weft_changes changes;
	bool needs_restart = false;
	int rc;

	weft_conf_diff(weft_running_conf(), conf, &changes);
	for (uint32_t i = 0; i < changes.n; i++)
		needs_restart |= changes.list[i].needs_restart;
	/* Without a difference too: a port that could not be opened again is tried. */
	rc = weft_running_apply(conf, errors);
	if (rc != 0)
		weft_conf_destroy(conf);
	if (rc == 0)
		weft_info("%s is the running configuration: %u objects changed%s",
			  boot.options.file, changes.n,
			  needs_restart ? "; some options of the host wait for a restart" : "");
	weft_changes_clear(&changes);
	return rc;
}

static void
main_reload(void)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_load(boot.options.file, &errors);

	if (conf == NULL || main_take_over(conf, &errors) != 0) {
		for (size_t i = 0; i < errors.n; i++)
			weft_error("%s", errors.lines[i]);
		weft_error("%s has not been taken over, the running configuration stays",
			   boot.options.file);
	}
	weft_errors_clear(&errors);
}

static void
main_on_signal(void *context)
{
	struct signalfd_siginfo info;

	(void)context;
	if (read(boot.signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		main_reload();
	else
		weft_control_stop();
}

static void
main_each_second(void *context)
{
	(void)context;
	weft_fdb_age(weft_clock_sec());
	weft_remote_age(weft_remote_count_retire);
	weft_neighbour_age(weft_clock_ms(), MAIN_MOVED_MS, weft_topology_has_neighbours);
	weft_running_refresh();
	weft_load_sample();
}

static void
main_applied(const struct weft_conf *conf)
{
	__atomic_store_n(&weft_worker_is_busy_polling, conf->host.polling == WEFT_POLLING_BUSY,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&weft_worker_flow_idle_ms, conf->host.flow_idle_sec * 1000,
			 __ATOMIC_RELAXED);
}

static void
main_retire(uint16_t port)
{
	if (boot.is_polling) {
		weft_hold_forget(port);
		weft_gather_forget(port);
	}
	weft_port_count_retire(port);
}

static void
main_changing(const struct weft_topology *next)
{
	if (boot.is_polling)
		weft_tend_change(next);
}

static const struct weft_running_hooks main_hooks = {
	.applied = main_applied,
	.retire = main_retire,
	.changing = main_changing,
};

/* ---- the boot table ---- */

static int
boot_conf(struct weft_errors *errors)
{
	/* The file is named in answers to people who sit in other folders. A link is not followed
	 * here: when the file is read again it may lead elsewhere. */
	char *folder = boot.options.file[0] == '/' ? NULL : getcwd(NULL, 0);
	char *full;

	if (folder != NULL && asprintf(&full, "%s/%s", folder, boot.options.file) > 0)
		boot.options.file = full;
	free(folder);
	boot.conf = weft_conf_load(boot.options.file, errors);
	return boot.conf == NULL ? -EINVAL : 0;
}

static int
boot_folder(struct weft_errors *errors)
{
	return folder_take(boot.options.folder, errors);
}

/* Blocked before EAL makes threads, so that only this one sees them. */
static int
boot_signals(struct weft_errors *errors)
{
	sigset_t signals;

	(void)errors;
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	boot.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return boot.signals < 0 ? -errno : 0;
}

static int
boot_eal(struct weft_errors *errors)
{
	int rc = eal_start(boot.conf, &boot.options, &boot.facts, errors);

	if (rc == 0)
		weft_clock_init();
	return rc;
}

static void
end_eal(void)
{
	rte_eal_cleanup();
}

static int
boot_control(struct weft_errors *errors)
{
	int rc = weft_control_init();

	(void)errors;
	if (rc == 0)
		rc = weft_control_watch(boot.signals, main_on_signal, NULL);
	if (rc == 0)
		rc = weft_control_every(MAIN_SECOND_MS, main_each_second, NULL);
	if (rc >= 0)
		rc = weft_control_every(WEFT_LOG_MS, weft_show_log_drain, NULL);
	if (rc >= 0)
		rc = weft_control_every(WEFT_ALARM_MS, weft_show_alarm, NULL);
	return rc < 0 ? rc : 0;
}

static int
boot_rcu(struct weft_errors *errors)
{
	(void)errors;
	return weft_rcu_init(WEFT_WORKERS_MAX);
}

static int
boot_buffers(struct weft_errors *errors)
{
	return weft_buffers_create(boot.conf->host.memory_bytes, errors);
}

static int
boot_fdb(struct weft_errors *errors)
{
	int rc = weft_fdb_create(boot.conf->host.mac_entries);

	if (rc != 0)
		weft_errors_add(errors, "host.mac-entries: no memory for %u entries",
				boot.conf->host.mac_entries);
	return rc;
}

static int
boot_remotes(struct weft_errors *errors)
{
	(void)errors;
	return weft_remote_create();
}

static int
boot_neighbours(struct weft_errors *errors)
{
	(void)errors;
	return weft_neighbour_create();
}

static int
boot_connections(struct weft_errors *errors)
{
	uint32_t capacity = boot.conf->host.connections;
	int rc = weft_conn_create(capacity, boot.facts.n_workers);

	if (rc != 0)
		weft_errors_add(errors, "host.connections: no memory for %u connections", capacity);
	return rc;
}

static int
boot_groups(struct weft_errors *errors)
{
	uint32_t capacity = boot.conf->host.group_members;
	int rc = weft_members_create(capacity);

	if (rc != 0)
		weft_errors_add(errors, "host.group-members: no memory for %u members", capacity);
	if (rc == 0)
		rc = weft_policy_init(boot.facts.n_workers);
	return rc == 0 ? weft_journal_create(boot.facts.n_workers) : rc;
}

static void
end_groups(void)
{
	weft_journal_destroy();
	weft_policy_fini();
}

static int
boot_workers(struct weft_errors *errors)
{
	return weft_workers_create(boot.conf->host.flow_entries, errors);
}

static int
boot_running(struct weft_errors *errors)
{
	int rc = weft_running_init(weft_n_workers, &main_hooks);

	if (rc != 0)
		return rc;
	rc = weft_running_apply(boot.conf, errors);
	if (rc != 0)
		return rc;
	boot.conf = NULL;
	return boot.options.in_turn ? weft_running_poll_first(0) : 0;
}

static int
boot_commands(struct weft_errors *errors)
{
	(void)errors;
	weft_status_set_facts(&(struct weft_status_facts){
		.version = WEFT_VERSION,
		.config_file = boot.options.file,
		.has_hugepages = boot.facts.has_hugepages,
		.host = weft_running_conf()->host,
	});
	return weft_cmd_start();
}

static int
boot_polling(struct weft_errors *errors)
{
	int rc = weft_workers_start();

	(void)errors;
	if (rc == 0)
		rc = idle_start(&boot.options);
	/* What comes next takes the ports from under their feet. */
	if (rc != 0)
		weft_workers_stop();
	boot.is_polling = rc == 0;
	return rc;
}

static void
end_polling(void)
{
	boot.is_polling = false;
	weft_workers_stop();
}

/* Tables have no end: their memory goes with the process, and whoever gives it back before (DPDK
 * clears it, byte for byte) touches what was never used. */
static const struct {
	const char *what;
	int (*start)(struct weft_errors *errors);
	void (*end)(void);
} boot_table[] = {
	{ "configuration", boot_conf, NULL },
	{ "runtime folder", boot_folder, folder_leave },
	{ "signals", boot_signals, NULL },
	{ "DPDK", boot_eal, end_eal },
	{ "control thread", boot_control, weft_control_fini },
	{ "RCU", boot_rcu, weft_rcu_fini },
	{ "packet buffers", boot_buffers, weft_buffers_destroy },
	{ "FDB", boot_fdb, NULL },
	{ "remote tunnel endpoints", boot_remotes, NULL },
	{ "neighbours", boot_neighbours, NULL },
	{ "connections", boot_connections, NULL },
	{ "security groups", boot_groups, end_groups },
	{ "workers", boot_workers, weft_workers_destroy },
	{ "ports and networks", boot_running, weft_running_fini },
	{ "commands", boot_commands, weft_cmd_stop },
	{ "polling", boot_polling, end_polling },
};

static int
main_boot(size_t *started)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	int rc = 0;

	for (*started = 0; *started < RTE_DIM(boot_table); ++*started) {
		rc = boot_table[*started].start(&errors);
		if (rc != 0)
			break;
	}
	if (rc != 0 && weft_errors_is_empty(&errors))
		weft_errors_add(&errors, "%s: %s", boot_table[*started].what, strerror(-rc));
	for (size_t i = 0; i < errors.n; i++)
		fprintf(stderr, "weft: %s\n", errors.lines[i]);
	weft_errors_clear(&errors);
	return rc;
}

static int
main_run(void)
{
	const struct weft_conf *conf;
	size_t started;
	int rc = main_boot(&started);

	if (rc == 0) {
		conf = weft_running_conf();
		fprintf(stderr, "weft: ready: %u ports, %u networks, %u workers\n", conf->n_ports,
			conf->n_networks, weft_n_workers);
		weft_control_run();
	}
	while (started-- > 0)
		if (boot_table[started].end != NULL)
			boot_table[started].end();
	weft_conf_destroy(boot.conf);
	return rc == 0 ? 0 : 1;
}

static int
main_check(const char *file)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;
	struct weft_conf *conf = weft_conf_load(file, &errors);
	int status = conf == NULL;

	weft_errors_print(&errors, stderr);
	if (conf != NULL)
		printf("%s: ok\n", file);
	weft_errors_clear(&errors);
	weft_conf_destroy(conf);
	return status;
}

int
main(int argc, char **argv)
{
	boot.options = options_parse(argc, argv);
	switch (boot.options.job) {
	case OPTIONS_RUN:
		return main_run();
	case OPTIONS_CHECK:
		return main_check(boot.options.file);
	case OPTIONS_SCHEMA_JSON:
		weft_conf_schema_json(stdout);
		return 0;
	case OPTIONS_SCHEMA_RST:
		weft_conf_schema_rst(stdout);
		return 0;
	case OPTIONS_COMMANDS:
		weft_cmd_list_json(stdout);
		return 0;
	case OPTIONS_HELP:
		options_print_help();
		return 0;
	case OPTIONS_VERSION:
		printf("weft %s\n", WEFT_VERSION);
		return 0;
	case OPTIONS_WRONG:
		break;
	}
	return 2;
}
