/* SPDX-License-Identifier: BSD-3-Clause */
/* config show, config save */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "show/facts.h"
#include "show/show.h"
#include "topology/running.h"

static json_t *
config_cmd_show(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	json_t *answer;

	(void)call;
	if (out == NULL) {
		weft_errors_add(errors, "out of memory");
		return NULL;
	}
	weft_conf_emit(weft_running_conf(), out);
	fclose(out);
	answer = json_pack("{s:s%}", "yaml", text, bytes);
	free(text);
	return answer;
}

/* Writes everything to the disk, or says why not. */
static int
config_cmd_write(int fd, const char *path)
{
	FILE *out = fdopen(fd, "w");
	struct stat old;
	int rc = 0;

	if (out == NULL) {
		close(fd);
		return -errno;
	}
	/* Who could read the old file can read the new one. */
	if (fchmod(fd, stat(path, &old) == 0 ? old.st_mode & 0777 : 0644) != 0)
		rc = -errno;
	weft_conf_emit(weft_running_conf(), out);
	if (rc == 0 && (fflush(out) != 0 || fsync(fd) != 0))
		rc = -errno;
	if (fclose(out) != 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* A reader sees the old file or the new one, never half of one, whatever happens meanwhile. */
static int
config_cmd_replace(const char *path)
{
	char temporary[PATH_MAX];
	int fd, rc;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = config_cmd_write(fd, path);
	if (rc == 0 && rename(temporary, path) != 0)
		rc = -errno;
	if (rc != 0)
		unlink(temporary);
	return rc;
}

static json_t *
config_cmd_save(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	const char *file = weft_cmd_string(call, "file");
	char path[PATH_MAX];
	struct stat old;
	int rc;

	if (file == NULL)
		file = weft_status_facts.config_file;
	if (file == NULL || *file == '\0') {
		weft_errors_add(errors, "file: missing; it is where to write");
		return NULL;
	}
	/* Behind a symbolic link it is the file that is replaced, not the link. */
	if (realpath(file, path) == NULL)
		snprintf(path, sizeof(path), "%s", file);
	if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		weft_errors_add(errors, "%s: not a regular file", file);
		return NULL;
	}
	rc = config_cmd_replace(path);
	if (rc != 0) {
		weft_errors_add(errors, "%s: %s", file, strerror(-rc));
		return NULL;
	}
	return json_pack("{s:s}", "file", path);
}

WEFT_CMD("config", "show", config_cmd_show);
WEFT_CMD("config", "save", config_cmd_save);
