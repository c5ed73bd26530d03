/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration that runs, on fake ports, with nobody above it. */
#ifndef TEST_UNIT_RUNNING_HELPER_H
#define TEST_UNIT_RUNNING_HELPER_H

#include "conf_helper.h"
#include "fake_port.h"
#include "fdb/fdb.h"
#include "topology/running.h"
#include "tracking_helper.h"

static void
running_helper_on_applied(const struct weft_conf *conf)
{
	(void)conf;
}

static void
running_helper_on_retire(uint16_t port)
{
	(void)port;
}

static inline int
running_helper_start(void **state)
{
	static const struct weft_running_hooks hooks = { running_helper_on_applied,
							 running_helper_on_retire };

	(void)state;
	if (weft_fdb_create(1024) != 0 || tracking_helper_start(1) != 0)
		return -1;
	return weft_running_init(1, &hooks);
}

static inline int
running_helper_stop(void **state)
{
	(void)state;
	weft_running_fini();
	fake_reset();
	weft_fdb_destroy();
	tracking_helper_stop();
	return 0;
}

static inline void
running_helper_apply(const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	assert_int_equal(weft_running_apply(conf_helper_load(text), &errors), 0);
}

#endif
