/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * network: an isolated broadcast domain, and how it looks on a wire.
 *
 * A network is Neutron's: guests' ports are its members and talk as if on one Ethernet; it may
 * reach other hosts as one segment of a wire (physical network). How a segment is told apart on the
 * wire is the business of a segment driver, a `struct weft_segment_ops` of a few verbs in
 * drivers/segment/; a local network has none.
 *
 * A struct weft_network is immutable: a change of the network, or of who is a member, makes another
 * one. The number stays for as long as the name is configured and never appears on a wire.
 *
 * Threads: readers hold it between two quiescent states (core/rcu.h); made by the control thread.
 */
#ifndef WEFT_NETWORK_NETWORK_H
#define WEFT_NETWORK_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_common.h>

#include "conf/conf.h"
#include "wire/ether.h"

#define WEFT_NETWORKS_MAX 16384
#define WEFT_NO_NETWORK UINT16_MAX

struct weft_network;

/** How a network type looks on a wire. */
struct weft_segment_ops {
	const char *name; /* as in `type:` */
	enum weft_network_type type;
	/** Under which VLAN id its frames arrive by the wire; 0: without a tag. */
	uint16_t (*vid)(const struct weft_network *network);
	/** Makes a frame that leaves by the wire carry the segment. */
	void (*push)(const struct weft_network *network, struct weft_ether_head *leaving);
	/** Says it in a few words: "vlan 100". */
	void (*describe)(const struct weft_network *network, char *text, size_t size);
};

struct weft_static_mac {
	struct rte_ether_addr mac;
	uint16_t port;
};

/* All [I]. */
struct weft_network {
	uint16_t id;
	uint16_t wire; /* port number, or WEFT_NO_PORT for a local network */
	bool admin_up;
	bool drops_at_limit; /* what happens to sources beyond mac_limit */
	uint32_t segment;
	uint32_t mtu;
	uint32_t mac_age_sec;
	uint32_t mac_limit;
	const struct weft_segment_ops *segment_ops; /* NULL for a local network */
	struct weft_static_mac *statics;
	uint16_t n_statics;
	uint16_t n_members;
	uint16_t *members; /* port numbers, the wire among them */
	char name[WEFT_CONF_NAME_MAX + 1];
};

struct weft_segment_driver {
	STAILQ_ENTRY(weft_segment_driver) next;
	const struct weft_segment_ops *ops;
};

void weft_segment_driver_add(struct weft_segment_driver *driver);

/** Appends a segment driver to the list before main() runs. */
#define WEFT_SEGMENT_DRIVER(driver_ops)                                                            \
	static struct weft_segment_driver driver_ops##_entry = { .ops = &(driver_ops) };           \
	RTE_INIT(driver_ops##_register)                                                            \
	{                                                                                          \
		weft_segment_driver_add(&driver_ops##_entry);                                      \
	}

/** @return the driver for a type, or NULL if the type has no segment on a wire */
const struct weft_segment_ops *weft_segment_find(enum weft_network_type type);

void weft_network_destroy(struct weft_network *network);

/** Are they the same but for their members? */
bool weft_network_is_same(const struct weft_network *a, const struct weft_network *b);
bool weft_network_has_same_members(const struct weft_network *a, const struct weft_network *b);

/** "vlan 100", "flat", "local". */
void weft_network_describe(const struct weft_network *network, char *text, size_t size);

#endif
