/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/near.h"

#include <string.h>

#include "conf/conf.h"

static unsigned int
near_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/** Edits from one word to the other (optimal string alignment). */
static unsigned int
near_distance(const char *a, unsigned int n, const char *b, unsigned int m)
{
	unsigned int rows[3][WEFT_CONF_NAME_MAX + 2];

	for (unsigned int j = 0; j <= m; j++)
		rows[0][j] = j;
	for (unsigned int i = 1; i <= n; i++) {
		unsigned int *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned int *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned int j = 1; j <= m; j++) {
			row[j] = near_min(near_min(above[j], row[j - 1]) + 1,
					  above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = near_min(row[j], above2[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

bool
conf_is_near(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t longer = n > m ? n : m;

	if (longer > WEFT_CONF_NAME_MAX || longer - (n + m - longer) > 2 || n == 0 || m == 0)
		return false;
	/* Any two short words are near to each other. */
	return longer > 2 &&
	       near_distance(a, (unsigned int)n, b, (unsigned int)m) <= (longer > 4 ? 2 : 1);
}
