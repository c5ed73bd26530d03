/* SPDX-License-Identifier: BSD-3-Clause */
#include "input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcap.h"

#define INPUT_BYTES_MAX (64u << 20)
#define INPUT_SHOWN "<stdin>"

static char input_path[PATH_MAX]; /* the temporary file, or "" */

void
weftctl_input_remove(void)
{
	if (input_path[0] != '\0')
		unlink(input_path);
	input_path[0] = '\0';
}

static void
input_end_by_signal(int number)
{
	if (input_path[0] != '\0')
		unlink(input_path);
	signal(number, SIG_DFL);
	raise(number);
}

static int
input_make_file(const char *folder, struct weft_errors *errors)
{
	const char *folders[] = { folder, getenv("TMPDIR"), "/tmp" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[PATH_MAX];
		int fd;

		/* Relative folders would have another meaning for the daemon. */
		if (folders[i] == NULL || folders[i][0] != '/' ||
		    snprintf(path, sizeof(path), "%s/stdin-XXXXXX.yaml", folders[i]) >= PATH_MAX)
			continue;
		fd = mkostemps(path, 5, O_CLOEXEC);
		if (fd < 0)
			continue;
		strcpy(input_path, path);
		signal(SIGINT, input_end_by_signal);
		signal(SIGTERM, input_end_by_signal);
		signal(SIGHUP, input_end_by_signal);
		return fd;
	}
	return weft_errors_add(errors, "no temporary file: %s", strerror(errno));
}

static int
input_copy(int fd, struct weft_errors *errors)
{
	static char block[65536];
	size_t total = 0;
	ssize_t bytes;

	while ((bytes = read(STDIN_FILENO, block, sizeof(block))) > 0) {
		total += bytes;
		if (total > INPUT_BYTES_MAX)
			return weft_errors_add(errors, "the standard input has more than %u MiB",
					       INPUT_BYTES_MAX >> 20);
		if (write(fd, block, bytes) != bytes)
			return weft_errors_add(errors, "%s: %s", input_path, strerror(errno));
	}
	if (bytes < 0)
		return weft_errors_add(errors, "standard input: %s", strerror(errno));
	return 0;
}

static int
input_take_stdin(struct weftctl_call *call, const char *key, const char *folder,
		 struct weft_errors *errors)
{
	int fd = input_make_file(folder, errors);
	int rc;

	if (fd < 0)
		return fd;
	rc = input_copy(fd, errors);
	close(fd);
	weftctl_call_set(call, key, input_path);
	return rc;
}

static int
input_make_absolute(struct weftctl_call *call, const char *key, const char *value,
		    struct weft_errors *errors)
{
	char *here = getcwd(NULL, 0);
	char *path;

	if (here == NULL)
		return weft_errors_add(errors, "%s: %s", value, strerror(errno));
	if (asprintf(&path, "%s/%s", here[1] == '\0' ? "" : here, value) < 0)
		abort();
	weftctl_call_set(call, key, path);
	free(path);
	free(here);
	return 0;
}

/* Reads the packet that --pcap and --packet name, into frame and length. */
static int
input_take_packet(struct weftctl_call *call, struct weft_errors *errors)
{
	const char *path = weftctl_call_value(call, "pcap");
	const char *packet = weftctl_call_value(call, "packet");
	char hex[2 * WEFTCTL_FRAME_BYTES + 1];
	char length[24];
	struct weftctl_frame frame;
	char *end = "";
	uint64_t n = 1;

	if (path == NULL && packet != NULL)
		return weft_errors_add(errors, "packet: without --pcap FILE");
	if (path == NULL)
		return 0;
	if (weftctl_call_value(call, "words") != NULL)
		return weft_errors_add(errors, "a packet in words or --pcap FILE, not both");
	if (packet != NULL)
		n = strtoull(packet, &end, 10);
	if (*end != '\0' || n == 0 || (packet != NULL && strchr("0123456789", packet[0]) == NULL))
		return weft_errors_add(errors, "packet: '%s' is not a number from 1", packet);
	if (weftctl_pcap_read(path, n, &frame, errors) < 0)
		return -EINVAL;
	weftctl_call_set(call, "frame", weftctl_pcap_hex(&frame, hex));
	snprintf(length, sizeof(length), "%zu", frame.length);
	weftctl_call_set(call, "length", length);
	return 0;
}

int
weftctl_input_prepare(struct weftctl_call *call, const char *folder, struct weft_errors *errors)
{
	int rc = 0;

	for (int i = 0; call->spec->args[i].key != NULL && rc == 0; i++) {
		const struct weft_cmd_arg *arg = &call->spec->args[i];
		const char *value = call->values[i];

		if (value == NULL || !(arg->flags & WEFT_ARG_FILE) ||
		    (arg->flags & WEFT_ARG_CLIENT))
			continue;
		if ((arg->flags & WEFT_ARG_STDIN) && strcmp(value, "-") == 0)
			rc = input_take_stdin(call, arg->key, folder, errors);
		else if (value[0] != '/')
			rc = input_make_absolute(call, arg->key, value, errors);
	}
	if (rc == 0)
		rc = input_take_packet(call, errors);
	return rc;
}

void
weftctl_input_print_error(const struct weftctl_call *call, const char *sentence, FILE *out)
{
	const char *file = call->spec == NULL ? NULL : weftctl_call_value(call, "file");
	size_t length = file == NULL ? 0 : strlen(file);

	if (length == 0 || strncmp(sentence, file, length) != 0 || sentence[length] != ':') {
		fputs("weftctl: ", out);
	} else if (strcmp(file, input_path) == 0) {
		fputs(INPUT_SHOWN, out);
		sentence += length;
	}
	/* A sentence may quote what a file has, and that may be anything. */
	for (; *sentence != '\0'; sentence++)
		fputc(iscntrl((unsigned char)*sentence) ? '?' : *sentence, out);
	fputc('\n', out);
}
