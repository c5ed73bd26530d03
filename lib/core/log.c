/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

RTE_LOG_REGISTER(log_type, weft, NOTICE);

void
weft_log(uint32_t level, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	rte_log(level, (uint32_t)log_type, "weft: %s\n", line);
}
