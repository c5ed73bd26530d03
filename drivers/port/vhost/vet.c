/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a front end says is looked at here before librte_vhost believes it.
 *
 * librte_vhost checks much, but some messages make it touch memory that is not there: a ring that
 * grows while it is mapped, a place in a packed ring behind its end, a queue that was stopped and
 * is started without a size, a new table of memory that cannot be mapped (the old one is gone by
 * then), a log with an offset. QEMU says nothing of this kind; who has taken QEMU over might.
 *
 * What is refused here is answered with an error, or ends the connection, and changes nothing. The
 * descriptors that came with it are closed here, since librte_vhost does not do it then.
 *
 * All queues of the guest are locked meanwhile, so nothing here may wait for a worker. For the same
 * reason a front end must not make us wait: its socket has timeouts.
 *
 * Threads: librte_vhost's; vet_begin() by the control thread, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_vhost.h>

#include "core/log.h"
#include "vhost/vhost.h"

#define VET_FILES 8
#define VET_FD_NONE 0x100 /* in messages about a queue's files */
#define VET_QUEUE 0xff
#define VET_FUSE 0x65735546
#define VET_HEAR_US 500000 /* for the rest of a message: QEMU writes it in one piece */
#define VET_SAY_US 20000 /* while workers may wait for the queues' locks */
#define VET_LAYOUT (1ULL << VIRTIO_F_RING_PACKED | 1ULL << VIRTIO_RING_F_EVENT_IDX)

/* Numbers of messages, from the protocol's specification. */
enum vet_request {
	VET_GET_FEATURES = 1,
	VET_SET_FEATURES = 2,
	VET_SET_OWNER = 3,
	VET_RESET_OWNER = 4,
	VET_SET_MEM_TABLE = 5,
	VET_SET_LOG_BASE = 6,
	VET_SET_LOG_FD = 7,
	VET_SET_VRING_NUM = 8,
	VET_SET_VRING_ADDR = 9,
	VET_SET_VRING_BASE = 10,
	VET_GET_VRING_BASE = 11,
	VET_SET_VRING_KICK = 12,
	VET_SET_VRING_CALL = 13,
	VET_SET_VRING_ERR = 14,
	VET_NET_SET_MTU = 20,
	VET_SET_STATUS = 39,
	VET_GET_STATUS = 40,
};

struct vet_region {
	uint64_t guest_address, size, user_address, offset;
};

/* What librte_vhost hands to those who look at messages; it promises not to change it. */
struct vet_message {
	uint32_t request, flags, size;
	union {
		uint64_t number;
		struct vhost_vring_state state;
		struct {
			uint32_t n, padding;
			struct vet_region regions[VET_FILES];
		} memory;
		struct {
			uint64_t size, offset;
		} log;
		uint8_t longest[632];
	} payload;
	int fds[VET_FILES];
	int n_fds;
} __rte_packed;

/* Another librte_vhost might have another layout after all: then files are not ours to judge. */
static bool
vet_has_files(const struct vet_message *message)
{
	if (message->n_fds <= 0 || message->n_fds > VET_FILES)
		return false;
	for (int i = 0; i < VET_FILES; i++)
		if ((message->fds[i] >= 0) != (i < message->n_fds))
			return false;
	return true;
}

static bool
vet_is_mapped(const struct weft_vhost_guest *guest, uint16_t queue, struct rte_vhost_vring *ring)
{
	return rte_vhost_get_vhost_vring(guest->vid, queue, ring) == 0 && ring->desc != NULL;
}

static uint64_t
vet_features(const struct weft_vhost_guest *guest)
{
	uint64_t features = 0;

	rte_vhost_get_negotiated_features(guest->vid, &features);
	return features;
}

static bool
vet_is_packed(const struct weft_vhost_guest *guest)
{
	return vet_features(guest) & (1ULL << VIRTIO_F_RING_PACKED);
}

/* ---- one function per message: NULL, or what is wrong with it ---- */

static const char *
vet_set_features(struct weft_vhost_guest *guest, const struct vet_message *message)
{
	uint64_t features = message->payload.number;
	uint64_t changes = (features ^ vet_features(guest)) & VET_LAYOUT;
	uint16_t n_queues = rte_vhost_get_vring_num(guest->vid);
	struct rte_vhost_vring ring;

	for (uint16_t queue = 0; changes != 0 && queue < n_queues; queue++)
		if (vet_is_mapped(guest, queue, &ring))
			return "another kind of ring while rings are in use";
	/* What librte_vhost keeps per descriptor was made for the other kind. */
	if (changes & (1ULL << VIRTIO_F_RING_PACKED))
		memset(guest->sizes, 0, sizeof(guest->sizes));
	/* It frees all queues but the first two. */
	if (!(features & (1ULL << VIRTIO_NET_F_MQ)))
		memset(guest->sizes + 2, 0, sizeof(guest->sizes) - 2 * sizeof(guest->sizes[0]));
	return NULL;
}

static const char *
vet_set_vring_num(struct weft_vhost_guest *guest, const struct vet_message *message)
{
	uint32_t queue = message->payload.state.index, size = message->payload.state.num;
	struct rte_vhost_vring ring;

	if (size == 0 || size > WEFT_VHOST_RING_MAX ||
	    (!rte_is_power_of_2(size) && !vet_is_packed(guest)))
		return "a ring whose size is no power of two up to 32768";
	if (vet_is_mapped(guest, (uint16_t)queue, &ring) && ring.size != size)
		return "another size for a ring that is in use";
	guest->sizes[queue] = (uint16_t)size;
	return NULL;
}

static const char *
vet_set_vring_base(struct weft_vhost_guest *guest, const struct vet_message *message)
{
	uint32_t queue = message->payload.state.index;
	uint16_t place = message->payload.state.num & 0x7fff;
	struct rte_vhost_vring ring;

	if (vet_is_packed(guest) && vet_is_mapped(guest, (uint16_t)queue, &ring) &&
	    place >= ring.size)
		return "a place behind the end of a packed ring";
	guest->bases[queue] = place;
	return NULL;
}

/* librte_vhost frees what it keeps per descriptor. */
static const char *
vet_get_vring_base(struct weft_vhost_guest *guest, const struct vet_message *message)
{
	guest->sizes[message->payload.state.index] = 0;
	return NULL;
}

/* Mapped for a moment: if librte_vhost could not, it would have given up the old memory already. */
static const char *
vet_region(const struct vet_region *region, int fd)
{
	uint64_t end = region->offset + region->size;
	struct statfs system;
	struct stat file;
	void *memory;

	if (region->size == 0 || end < region->size)
		return "a region of memory without a size, or one that wraps around";
	if (fstat(fd, &file) != 0 || (!S_ISREG(file.st_mode) && !S_ISCHR(file.st_mode)))
		return "memory that is no file";
	if (S_ISREG(file.st_mode) && (uint64_t)file.st_size < end)
		return "a region of memory that is longer than its file";
	/* Who serves that could make every access to it wait for ever. */
	if (fstatfs(fd, &system) != 0 || (uint64_t)system.f_type == VET_FUSE)
		return "memory in a FUSE file system";
	end = RTE_ALIGN_CEIL(end, (uint64_t)file.st_blksize);
	if (end == 0)
		return "a region of memory that wraps around";
	memory = mmap(NULL, end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return "memory that cannot be mapped";
	munmap(memory, end);
	return NULL;
}

static const char *
vet_set_mem_table(const struct vet_message *message)
{
	const char *why = NULL;

	if (!vet_has_files(message))
		return NULL;
	if (message->payload.memory.n != (uint32_t)message->n_fds)
		return "another number of regions of memory than of files";
	for (int i = 0; i < message->n_fds && why == NULL; i++) {
		struct vet_region region = message->payload.memory.regions[i];

		why = vet_region(&region, message->fds[i]);
	}
	return why;
}

static const char *
vet_set_log_base(const struct vet_message *message)
{
	struct vet_region log = { .size = message->payload.log.size };

	if (message->payload.log.offset != 0)
		return "a log of dirty pages that begins inside its file";
	return vet_has_files(message) ? vet_region(&log, message->fds[0]) : NULL;
}

/* Other files could keep a worker waiting that writes to or reads from them. */
static const char *
vet_set_vring_file(const struct vet_message *message)
{
	char path[32], is[32] = "";

	if (!vet_has_files(message) || message->payload.number & VET_FD_NONE)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", message->fds[0]);
	if (readlink(path, is, sizeof(is) - 1) < 0 || strcmp(is, "anon_inode:[eventfd]") != 0)
		return "a kick or call that is no eventfd";
	fcntl(message->fds[0], F_SETFL, O_NONBLOCK);
	return NULL;
}

static const char *
vet_find_fault(struct weft_vhost_guest *guest, const struct vet_message *message)
{
	switch (message->request) {
	case VET_SET_FEATURES:
		return vet_set_features(guest, message);
	case VET_SET_MEM_TABLE:
		return vet_set_mem_table(message);
	case VET_SET_LOG_BASE:
		return vet_set_log_base(message);
	case VET_SET_VRING_NUM:
		return vet_set_vring_num(guest, message);
	case VET_SET_VRING_BASE:
		return vet_set_vring_base(guest, message);
	case VET_GET_VRING_BASE:
		return vet_get_vring_base(guest, message);
	case VET_SET_VRING_KICK:
	case VET_SET_VRING_CALL:
		return vet_set_vring_file(message);
	default:
		if (message->request <= VET_NET_SET_MTU || message->request == VET_SET_STATUS ||
		    message->request == VET_GET_STATUS)
			return NULL;
		return "a feature that it was not offered";
	}
}

static void
vet_close_files(struct vet_message *message)
{
	if (!vet_has_files(message))
		return;
	while (message->n_fds > 0) {
		close(message->fds[--message->n_fds]);
		message->fds[message->n_fds] = -1;
	}
}

enum rte_vhost_msg_result
weft_vhost_vet(int vid, void *context)
{
	struct weft_vhost_guest *guest = weft_vhost_guest_get(vid);
	struct vet_message *message = context;
	const char *why;

	weft_vhost_enter(vid);
	/* Nobody says it any more, and librte_vhost would leak what it keeps of queues. The
	 * specification allows to do nothing. */
	if (message->request == VET_RESET_OWNER) {
		vet_close_files(message);
		return RTE_VHOST_MSG_RESULT_OK;
	}
	why = vet_find_fault(guest, message);
	if (why == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (!guest->is_refused)
		weft_warn("%s: message %u of its front end is refused: it speaks of %s",
			  guest->vhost->port->name, message->request, why);
	guest->is_refused = true;
	vet_close_files(message);
	return RTE_VHOST_MSG_RESULT_ERR;
}

const char *
weft_vhost_vet_queue(const struct weft_vhost_guest *guest, uint16_t queue)
{
	if (guest->sizes[queue] == 0)
		return "it has started a ring without saying its size";
	if (vet_is_packed(guest) && guest->bases[queue] >= guest->sizes[queue])
		return "it has started a packed ring behind its end";
	if (queue >= 2 && !(vet_features(guest) & (1ULL << VIRTIO_NET_F_MQ)))
		return "it has started more queues than it has agreed on";
	return NULL;
}

/* ---- a connection begins ---- */

static void
vet_bound_socket(int fd)
{
	struct timeval hear = { 0, VET_HEAR_US }, say = { 0, VET_SAY_US };
	int domain = 0, type = 0, is_listening = 0;
	socklen_t length = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_UNIX)
		return;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length);
	if (type != SOCK_STREAM || is_listening)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hear, sizeof(hear));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &say, sizeof(say));
}

/* librte_vhost does not tell the connection's socket. All of them shall have these timeouts; the
 * telemetry's are of another type, and the first three files are not ours. */
void
weft_vhost_vet_begin(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO)
			vet_bound_socket(fd);
	}
	closedir(folder);
}
