/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Server mode: we make the socket and QEMU connects, again and again if it is told to (reconnect=).
 *
 * librte_vhost says only that it failed, and when it fails after bind() it closes a socket twice.
 * So everything that can fail is tried out beforehand, by binding the path ourselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "core/log.h"
#include "vhost/vhost.h"

/* A number, or -1. */
static int64_t
listen_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	return *text != '\0' && *end == '\0' && number < UINT32_MAX ? (int64_t)number : -1;
}

/* USER[:GROUP], names or numbers; a user alone brings no group. */
static int
listen_resolve_owner(const struct weft_port_spec *spec, uid_t *uid, gid_t *gid,
		     struct weft_errors *errors)
{
	const char *owner = spec->socket_owner == NULL ? "" : spec->socket_owner;
	const char *colon = owner + strcspn(owner, ":");
	const char *group = *colon == ':' ? colon + 1 : "";
	char user[64];
	const struct passwd *passwd;
	const struct group *entry;

	snprintf(user, sizeof(user), "%.*s", (int)(colon - owner), owner);
	*uid = (uid_t)listen_number(user);
	*gid = (gid_t)listen_number(group);
	if (*user != '\0' && *uid == (uid_t)-1) {
		passwd = getpwnam(user);
		if (passwd == NULL)
			return weft_errors_add(errors, "%s: socket-owner: there is no user %s",
					       spec->name, user);
		*uid = passwd->pw_uid;
	}
	if (*group != '\0' && *gid == (gid_t)-1) {
		entry = getgrnam(group);
		if (entry == NULL)
			return weft_errors_add(errors, "%s: socket-owner: there is no group %s",
					       spec->name, group);
		*gid = entry->gr_gid;
	}
	return 0;
}

static struct sockaddr_un
listen_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path));
	return address;
}

/* Somebody who answers, or whose queue of callers is full. */
static bool
listen_is_alive(const char *path)
{
	struct sockaddr_un address = listen_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool is_alive;

	is_alive =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	return is_alive;
}

/* Removes a socket that a process left behind when it died; vhost_check_path() has refused all
 * that is not a socket. */
static int
listen_clear_path(const struct weft_vhost *vhost, struct weft_errors *errors)
{
	struct stat is;

	if (lstat(vhost->path, &is) != 0)
		return 0;
	if (!S_ISSOCK(is.st_mode))
		return weft_errors_add(errors,
				       "%s: socket %s: the path is taken by something that is not "
				       "a socket; remove it or name another",
				       vhost->port->name, vhost->path);
	if (listen_is_alive(vhost->path))
		return weft_errors_add(errors,
				       "%s: socket %s: another process listens on it; stop that, "
				       "or name another path",
				       vhost->port->name, vhost->path);
	if (unlink(vhost->path) != 0 && errno != ENOENT)
		return weft_errors_add(errors, "%s: socket %s: cannot remove the stale socket: %s",
				       vhost->port->name, vhost->path, strerror(errno));
	weft_info("%s: removed the stale socket %s", vhost->port->name, vhost->path);
	return 0;
}

static int
listen_try_bind(const struct weft_vhost *vhost, struct weft_errors *errors)
{
	struct sockaddr_un address = listen_address(vhost->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		error = errno;
	else
		unlink(vhost->path);
	close(fd);
	if (error == ENOENT)
		return weft_errors_add(errors,
				       "%s: socket %s: its folder does not exist; create it",
				       vhost->port->name, vhost->path);
	if (error != 0)
		return weft_errors_add(errors, "%s: socket %s: cannot be created: %s",
				       vhost->port->name, vhost->path, strerror(error));
	return 0;
}

static int
listen_poke_connected(int vid)
{
	(void)vid;
	return 0;
}

static const struct rte_vhost_device_ops listen_poke_ops = {
	.new_connection = listen_poke_connected,
};

/*
 * Before 24.11, librte_vhost's thread learns of a new socket to listen on only when its poll()
 * returns for another reason, up to a second later. A new client wakes it up. So we call ourselves
 * under another spelling of the path and hang up.
 */
static void
listen_poke(const struct weft_vhost *vhost)
{
	const char *slash = strrchr(vhost->path, '/');
	char again[WEFT_VHOST_PATH_MAX];
	int n;

	if (slash == NULL)
		return;
	n = snprintf(again, sizeof(again), "%.*s/%s", (int)(slash - vhost->path), vhost->path,
		     slash);
	if (n >= (int)sizeof(again) ||
	    rte_vhost_driver_register(again, RTE_VHOST_USER_CLIENT | RTE_VHOST_USER_NO_RECONNECT) !=
		    0)
		return;
	rte_vhost_driver_callback_register(again, &listen_poke_ops);
	rte_vhost_driver_start(again);
	rte_vhost_driver_unregister(again);
}

int
weft_vhost_listen_open(struct weft_vhost *vhost, const struct weft_port_spec *spec,
		       struct weft_errors *errors)
{
	uid_t uid;
	gid_t gid;

	if (listen_resolve_owner(spec, &uid, &gid, errors) < 0 ||
	    listen_clear_path(vhost, errors) < 0 || listen_try_bind(vhost, errors) < 0)
		return -EINVAL;
	if (weft_vhost_register(vhost, 0) < 0 || rte_vhost_driver_start(vhost->path) != 0)
		return weft_errors_add(errors,
				       "%s: socket %s: librte_vhost did not take it; it serves at "
				       "most 1024 sockets, and 1024 descriptors for them and their "
				       "guests",
				       spec->name, vhost->path);
	if (chown(vhost->path, uid, gid) != 0)
		return weft_errors_add(errors, "%s: socket %s: cannot give it to %s: %s",
				       spec->name, vhost->path, spec->socket_owner,
				       strerror(errno));
	if (spec->socket_mode != 0 && chmod(vhost->path, spec->socket_mode) != 0)
		return weft_errors_add(errors, "%s: socket %s: cannot set mode %o: %s", spec->name,
				       vhost->path, spec->socket_mode, strerror(errno));
	listen_poke(vhost);
	return 0;
}
