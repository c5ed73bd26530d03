/* SPDX-License-Identifier: BSD-3-Clause */
/* What security groups need, small: connections, members, policies, the journal. */
#ifndef TEST_UNIT_TRACKING_HELPER_H
#define TEST_UNIT_TRACKING_HELPER_H

#include "conntrack/conntrack.h"
#include "path/journal.h"
#include "secgroup/members.h"
#include "secgroup/policy.h"

/** @return 0 or negative errno */
static inline int
tracking_helper_start(uint16_t n_workers)
{
	int rc = weft_conn_create(4096, n_workers);

	if (rc == 0)
		rc = weft_members_create(1024);
	if (rc == 0)
		rc = weft_policy_init(n_workers);
	return rc == 0 ? weft_journal_create(n_workers) : rc;
}

static inline void
tracking_helper_stop(void)
{
	weft_journal_destroy();
	weft_policy_fini();
	weft_members_destroy();
	weft_conn_destroy();
}

#endif
