/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that does harm is left alone: quarantine.
 *
 * Its port is as if the cable were out, nobody touches its rings and memory, and the operator reads
 * once which port it is and why. It ends when the guest resets its network card, or its front end
 * connects anew.
 *
 * Reasons to be left alone:
 *
 *  - Its memory has ended. Memory is a file that the front end can truncate while we have it
 *    mapped; the access is a SIGBUS then, in the middle of librte_vhost. Whom a thread serves is
 *    noted before it goes there (weft_vhost_enter), so the handler knows the guest; it puts an
 *    empty page where the memory was, so that librte_vhost gets to an end.
 *  - A ring from which it sends makes no sense (a chain that loops, a descriptor that is not
 *    there): librte_vhost takes nothing any more and does not say so. It is found by looking once
 *    per second whether there is something to take, a worker has found nothing, and the place in
 *    the ring has not moved.
 *  - Its rings were started in a way that librte_vhost does not survive (vet.c).
 *
 * Threads: a fault is noted by any thread, also in a signal handler; checks by the control thread.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "core/log.h"
#include "core/rcu.h"
#include "port/buffers.h"
#include "vhost/vhost.h"

#define FAULT_TICKS 2 /* as often in a row a ring is found stuck before it is believed */
#define FAULT_BUFFERS 1024 /* so many are free: it is not for want of them */

/* Flags of descriptors in packed rings: virtio 1.2 section 2.8.1. */
#define FAULT_AVAIL (1 << 7)
#define FAULT_USED (1 << 15)

__thread int weft_vhost_inside;

void
weft_vhost_fault(struct weft_vhost_guest *guest, const char *why)
{
	const char *none = NULL;

	if (!__atomic_compare_exchange_n(&guest->fault, &none, why, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		return;
	if (weft_rcu_load(guest->vhost->guest) != guest)
		return;
	weft_port_set_link(guest->vhost->port, false);
	__atomic_store_n(&guest->vhost->port->trouble, why, __ATOMIC_RELEASE);
}

void
weft_vhost_fault_forget(struct weft_vhost_guest *guest)
{
	__atomic_store_n(&guest->fault, NULL, __ATOMIC_RELEASE);
	guest->is_fault_told = false;
	memset(guest->n_stuck, 0, sizeof(guest->n_stuck));
}

/* ---- memory that ends ---- */

/* Pages of guests are of one of three sizes; of a larger one no part can be replaced. */
static bool
fault_cover(void *address)
{
	static const uintptr_t sizes[] = { 4096, 2 << 20, 1 << 30 };

	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		void *page = (void *)((uintptr_t)address & ~(sizes[i] - 1));

		if (mmap(page, sizes[i], PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			 0) != MAP_FAILED)
			return true;
	}
	return false;
}

static void
fault_on_bus_error(int number, siginfo_t *info, void *context)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	int saved_errno = errno;

	(void)context;
	if (weft_vhost_inside > 0 && info->si_code == BUS_ADRERR && fault_cover(info->si_addr)) {
		struct weft_vhost_guest *guest = weft_vhost_guest_get(weft_vhost_inside - 1);

		if (guest != NULL)
			weft_vhost_fault(guest, "a part of its memory is gone: the file was "
						"truncated, or has no huge pages left");
		errno = saved_errno;
		return;
	}
	/* Not a guest's doing: returning makes it happen again, and then it is final. */
	sigaction(number, &plain, NULL);
}

void
weft_vhost_fault_prepare(void)
{
	struct sigaction action = { .sa_sigaction = fault_on_bus_error,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

/* ---- rings that make no sense ---- */

/* The ring may be unmapped at any moment: then there is nothing to read. */
static bool
fault_read(const void *from, uint16_t *value)
{
	struct iovec local = { value, sizeof(*value) };
	struct iovec remote = { (void *)(uintptr_t)from, sizeof(*value) };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof(*value);
}

/* Is there something to take at @p place, and it has been there since @p last? */
static bool
fault_has_more(const struct weft_vhost_guest *guest, uint16_t pair, uint16_t place)
{
	uint16_t queue = WEFT_VHOST_FROM_GUEST(pair), value;
	struct rte_vhost_vring ring;
	uint64_t features = 0;
	bool wrap = place >> 15;

	rte_vhost_get_negotiated_features(guest->vid, &features);
	if (rte_vhost_get_vhost_vring(guest->vid, queue, &ring) != 0 || ring.desc == NULL)
		return false;
	if (!(features & (1ULL << VIRTIO_F_RING_PACKED)))
		return ring.avail != NULL && fault_read(&ring.avail->idx, &value) && value != place;
	return fault_read(&ring.desc_packed[place & 0x7fff].flags, &value) &&
	       !!(value & FAULT_AVAIL) == wrap && !!(value & FAULT_USED) != wrap;
}

static void
fault_check_ring(struct weft_vhost *vhost, struct weft_vhost_guest *guest, uint16_t pair)
{
	bool was_empty = __atomic_exchange_n(&vhost->was_empty[pair], false, __ATOMIC_RELAXED);
	uint16_t place, used;

	if (rte_vhost_get_vring_base(guest->vid, WEFT_VHOST_FROM_GUEST(pair), &place, &used) != 0)
		return;
	if (!was_empty || place != guest->places[pair] || !fault_has_more(guest, pair, place))
		guest->n_stuck[pair] = 0;
	else if (rte_mempool_avail_count(weft_buffers) >= FAULT_BUFFERS)
		guest->n_stuck[pair]++;
	guest->places[pair] = place;
	if (guest->n_stuck[pair] > FAULT_TICKS)
		weft_vhost_fault(guest, "a ring from which it sends makes no sense: a descriptor "
					"or a chain of them that cannot be");
}

/* A guest whose queues are in use stays so while the lock is held: see guest_destroy_device(). */
void
weft_vhost_fault_check(struct weft_vhost *vhost)
{
	struct weft_vhost_guest *guest;
	const char *why = NULL;

	pthread_mutex_lock(&weft_vhost_lock);
	guest = vhost->guest;
	if (guest != NULL && guest->fault == NULL && guest->n_pairs <= vhost->port->n_rxq)
		for (uint16_t pair = 0; pair < guest->n_pairs; pair++)
			if (guest->from_pair[pair] == WEFT_VHOST_PAIR_ON)
				fault_check_ring(vhost, guest, pair);
	if (guest != NULL && guest->fault != NULL && !guest->is_fault_told) {
		guest->is_fault_told = true;
		why = guest->fault;
	}
	pthread_mutex_unlock(&weft_vhost_lock);
	if (why != NULL)
		weft_warn("%s: the guest is left alone, as if its cable were out, until it resets "
			  "its network card or reconnects: %s",
			  vhost->port->name, why);
}
