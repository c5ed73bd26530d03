/* SPDX-License-Identifier: BSD-3-Clause */
/* folder: the runtime folder, which belongs to one running switch at a time. */
#ifndef WEFT_APP_FOLDER_H
#define WEFT_APP_FOLDER_H

#include "core/errors.h"

/** Makes the folder if needed, locks it, writes weft.pid, and tells EAL to put its sockets there.
 *  The lock ends with the process, however it ends. @return 0 or -errno with a sentence */
int folder_take(const char *path, struct weft_errors *errors);

/** Removes the pid file. */
void folder_leave(void);

#endif
