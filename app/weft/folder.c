/* SPDX-License-Identifier: BSD-3-Clause */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder_pid_file[PATH_MAX];

static int
folder_make(const char *path, struct weft_errors *errors)
{
	struct stat info;

	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return 0;
	return weft_errors_add(errors, "runtime folder %s: %s", path,
			       errno == EEXIST ? "is not a folder" : strerror(errno));
}

static void
folder_read_pid(const char *path, char *pid, size_t size)
{
	FILE *file = fopen(path, "r");

	if (file == NULL || fgets(pid, (int)size, file) == NULL)
		snprintf(pid, size, "?");
	if (file != NULL)
		fclose(file);
	pid[strcspn(pid, "\n")] = '\0';
}

static int
folder_lock(const char *path, struct weft_errors *errors)
{
	char lock[PATH_MAX], pid[32];
	int fd;

	snprintf(lock, sizeof(lock), "%s/weft.lock", path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return weft_errors_add(errors, "%s: %s", lock, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	folder_read_pid(folder_pid_file, pid, sizeof(pid));
	close(fd);
	weft_errors_add(
		errors,
		"runtime folder %s: another weft runs here (pid %s); give this one a folder "
		"of its own with -r",
		path, pid);
	return -EBUSY;
}

int
folder_take(const char *path, struct weft_errors *errors)
{
	char full[PATH_MAX];
	FILE *file;
	int rc = folder_make(path, errors);

	if (rc != 0)
		return rc;
	if (realpath(path, full) == NULL || strlen(full) > 60)
		return weft_errors_add(
			errors,
			"runtime folder %s: its full path is longer than 60 letters, "
			"too long for a socket in it",
			path);
	snprintf(folder_pid_file, sizeof(folder_pid_file), "%s/weft.pid", full);
	rc = folder_lock(full, errors);
	if (rc != 0) {
		folder_pid_file[0] = '\0';
		return rc;
	}
	file = fopen(folder_pid_file, "w");
	if (file == NULL || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file) != 0)
		return weft_errors_add(errors, "%s: %s", folder_pid_file, strerror(errno));
	return setenv("RUNTIME_DIRECTORY", full, 1) == 0 ? 0 : -ENOMEM;
}

void
folder_leave(void)
{
	if (folder_pid_file[0] != '\0')
		unlink(folder_pid_file);
}
