/* SPDX-License-Identifier: BSD-3-Clause */
/* idle: --exit-when-idle and --in-turn, for switches that read pcap files. */
#ifndef WEFT_APP_IDLE_H
#define WEFT_APP_IDLE_H

#include <stdint.h>

#include "options.h"

/** Watches from now on; the workers run. @return 0 or negative errno */
int idle_start(const struct options *options);

#endif
