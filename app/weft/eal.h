/* SPDX-License-Identifier: BSD-3-Clause */
/* eal: starts DPDK's environment as the configuration wants it. */
#ifndef WEFT_APP_EAL_H
#define WEFT_APP_EAL_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "core/errors.h"
#include "options.h"

struct eal_facts {
	bool has_hugepages;
	uint16_t n_workers;
	uint16_t cores[WEFT_CONF_WORKERS_MAX]; /* of the workers */
};

/** Chooses cores and memory, and calls rte_eal_init(). @return 0 or -errno with sentences */
int eal_start(const struct weft_conf *conf, const struct options *options, struct eal_facts *facts,
	      struct weft_errors *errors);

#endif
