/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port: where packets come in and go out.
 *
 * A port is whatever can give and take bursts of packets: a guest's vhost-user socket, a NIC, a
 * TAP, a pcap file. What it is *for* (a guest's VIF in a network, or a wire that carries many
 * networks) is the topology's knowledge, not the port's: here is only I/O.
 *
 * Identity is configuration. The port exists, with its number and counters, from the moment it is
 * configured until it is removed from the configuration: a guest that reboots, crashes or has never
 * started changes nothing but `link_up`.
 *
 * A driver is a `struct weft_port_ops`, registered by name. It owns `driver` and writes `n_rxq`,
 * `n_txq` in open(), `link_up` and the offloads at any time: but while they become fewer, no packet
 * may be on its way. Rules for its rx and tx:
 *
 *  - Any worker may call tx on any queue number 0 .. n_workers - 1 (its own number). A driver with
 *    fewer real queues than workers shares them, with a lock of its own; with enough queues there
 *    is none.
 *  - A receive queue is polled by one worker at a time.
 *  - rx gives whole frames from the Ethernet header on: a tag that hardware stripped is put back,
 *    `ol_flags` says nothing but what concerns the buffer's memory, and whether the packet is
 *    unfinished: then `port` names the port. `pkt_len` is right, data_len of the first segment
 *    holds at least the first 128 bytes, or the whole frame if it is shorter.
 *  - tx takes over the first packets, as many as it returns; the rest stay the caller's. It
 *    does not wait. A packet may have several segments. None is unfinished but as the port's
 *    `offloads` say, and then in DPDK's words for transmission (RTE_MBUF_F_TX_...).
 *  - After close() returned, the driver touches nothing of the port. close() is called when
 *    no worker uses the port any more.
 *
 *  - arm and disarm are optional: with them an idle worker sleeps until something comes,
 *    without them it naps.
 *
 * Threads: open, close, set_mtu, refresh on the control thread; the others by workers.
 */
#ifndef WEFT_PORT_PORT_H
#define WEFT_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include "conf/conf.h"
#include "core/errors.h"

#define WEFT_PORTS_MAX 2048 /* ports and wires together */
#define WEFT_QUEUES_MAX 16 /* receive queues of one port */
#define WEFT_BURST 32 /* packets that rx and tx move at most in one call */
#define WEFT_NO_PORT UINT16_MAX

/* Marks of a packet that its sender has left unfinished (flow/finish.h), in `ol_flags`. */
#define WEFT_PACKET_NO_SUM RTE_MBUF_F_RX_L4_CKSUM_NONE /* no checksum of TCP or UDP yet */
#define WEFT_PACKET_BIG RTE_MBUF_F_RX_LRO /* and it is to be cut to tso_segsz */
#define WEFT_PACKET_UNFINISHED (WEFT_PACKET_NO_SUM | WEFT_PACKET_BIG)

/* What one side of a port leaves to the other, or takes from it. */
#define WEFT_OFFLOAD_CHECKSUM 0x01u
#define WEFT_OFFLOAD_TSO4 0x02u
#define WEFT_OFFLOAD_TSO6 0x04u
#define WEFT_OFFLOAD_ECN 0x08u /* TSO of what bears CWR */
#define WEFT_OFFLOAD_UFO 0x10u
#define WEFT_OFFLOAD_NOBODY 0x20u /* what no port takes */

struct weft_port;

/** What the configuration wants of a port; strings live as long as the call. */
struct weft_port_spec {
	const char *name;
	const char *device; /* DPDK devargs or PCI address: exactly one of device, vhost_user */
	const char *vhost_user; /* socket path */
	enum weft_socket_mode mode;
	const char *socket_owner; /* USER[:GROUP] or NULL */
	uint32_t socket_mode; /* permission bits, 0: leave as the umask makes them */
	uint32_t queues; /* receive queues wanted; 0: as many as workers */
	uint32_t mtu; /* bytes of Ethernet payload, without a tag of ours */
	uint16_t n_workers;
};

struct weft_port_ops {
	const char *name; /* "ethdev", "vhost-user" */
	/** Opens and starts the device. Sets driver, n_rxq, n_txq. @return 0, or -errno with a
	 *  sentence in @p errors and nothing left behind. */
	int (*open)(struct weft_port *port, const struct weft_port_spec *spec,
		    struct weft_errors *errors);
	void (*close)(struct weft_port *port);
	/** @return packets received into @p pkts, at most @p n (<= WEFT_BURST) */
	uint16_t (*rx)(struct weft_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	/** @return packets taken over, at most @p n */
	uint16_t (*tx)(struct weft_port *port, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
	/** Changes the largest payload of a running port. @return 0 or -errno with a sentence */
	int (*set_mtu)(struct weft_port *port, uint32_t mtu, struct weft_errors *errors);
	/** Called about once per second: link state and the like; may be NULL. */
	void (*refresh)(struct weft_port *port);
	/** Before the worker that polls a queue sleeps: makes the next packet signal a file. The
	 *  worker looks at the queue once more afterwards. NULL: cannot. @return the file
	 *  descriptor that will be readable, WEFT_ARM_SILENT if nothing can come for now, or
	 *  -ENOTSUP */
	int (*arm)(struct weft_port *port, uint16_t queue);
	/** After it: no more signals, and those that came are forgotten. Harmless if it was not
	 *  armed. */
	void (*disarm)(struct weft_port *port, uint16_t queue);
};

#define WEFT_ARM_SILENT (-1)

/** Grows when what arm() said of some queue may not hold any more. [A] */
extern uint32_t weft_port_changes;

/** By a driver, from any thread: a queue began or ended, or signals another file. */
static inline void
weft_port_changed(void)
{
	__atomic_fetch_add(&weft_port_changes, 1, __ATOMIC_RELEASE);
}

/** What the worker that polls a queue notes about it; one cache line. */
struct weft_rxq_stats {
	uint64_t packets; /* [W] */
	uint64_t bytes; /* [W] */
	uint64_t busy_cycles; /* [W] TSC cycles spent on non-empty bursts, walk and tx included */
} __rte_cache_aligned;

struct weft_port {
	uint16_t id; /* [I] */
	uint16_t n_rxq; /* [I] after open */
	uint16_t n_txq; /* [I] after open; real transmit queues, for people */
	bool link_up; /* [A] the other side is there and takes packets */
	const char *trouble; /* [A] why the other side is left alone; NULL: it is not */
	uint8_t offloads; /* [A] WEFT_OFFLOAD_...: what the other side takes unfinished */
	uint8_t leaves; /* [A] and what it leaves to us; for people */
	bool has_newcomer; /* [A] set by the driver, cleared by worker 0: see below */
	const struct weft_port_ops *ops; /* [I] */
	void *driver; /* [I] after open; the driver's own */
	char name[WEFT_CONF_NAME_MAX + 1]; /* [I] */
	struct weft_rxq_stats rxq[WEFT_QUEUES_MAX];
};

static inline uint16_t
weft_port_rx(struct weft_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return port->ops->rx(port, queue, pkts, n);
}

static inline uint16_t
weft_port_tx(struct weft_port *port, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	return port->ops->tx(port, worker, pkts, n);
}

static inline bool
weft_port_is_up(const struct weft_port *port)
{
	return __atomic_load_n(&port->link_up, __ATOMIC_RELAXED);
}

static inline void
weft_port_set_link(struct weft_port *port, bool up)
{
	if (port->link_up != up)
		__atomic_store_n(&port->link_up, up, __ATOMIC_RELAXED);
}

/* ---- newcomers ---- */

/** Grows with every port that got a newcomer. [A] */
extern uint32_t weft_port_newcomers;

/** By a driver, from any thread: whoever is behind the port has just come, perhaps from another
 *  host. Its network is told where its MAC is from now on. */
void weft_port_welcome(struct weft_port *port);

/** By worker 0. @return whether somebody has come since it was last asked */
static inline bool
weft_port_take_newcomer(struct weft_port *port)
{
	return __atomic_load_n(&port->has_newcomer, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&port->has_newcomer, false, __ATOMIC_ACQUIRE);
}

/* ---- drivers ---- */

struct weft_port_driver {
	STAILQ_ENTRY(weft_port_driver) next;
	const struct weft_port_ops *ops;
};

void weft_port_driver_add(struct weft_port_driver *driver);

/** Appends a driver to the list before main() runs. */
#define WEFT_PORT_DRIVER(driver_ops)                                                               \
	static struct weft_port_driver driver_ops##_entry = { .ops = &(driver_ops) };              \
	RTE_INIT(driver_ops##_register)                                                            \
	{                                                                                          \
		weft_port_driver_add(&driver_ops##_entry);                                         \
	}

/* ---- control thread ---- */

/** Opens a port under a number that the caller manages. The driver is "vhost-user" or "ethdev"
 *  according to what the spec names. @return the port, or NULL with a sentence in @p errors */
struct weft_port *weft_port_open(uint16_t id, const struct weft_port_spec *spec,
				 struct weft_errors *errors);

/** Closes and frees; no worker may know the port any more. */
void weft_port_close(struct weft_port *port);

#endif
