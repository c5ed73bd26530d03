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

/** Why a tunnel header cannot be taken off; negative, so that lengths fit beside them. */
enum weft_shim_fault {
	WEFT_SHIM_SHORT = -1, /* it ends before its own length */
	WEFT_SHIM_HEADER = -2, /* version, flags or reserved bits are not those of the format */
	WEFT_SHIM_OPTION = -3, /* an option that must be understood is not */
	WEFT_SHIM_PAYLOAD = -4, /* no Ethernet frame inside */
};

/**
 * How a network type looks on a wire: as a tag (vid, push), or in a tunnel (put, get).
 *
 * The header of a tunnel that tells segments apart is called its shim here: it stands behind the
 * outer UDP header, or behind the outer IP header if `protocol` is not UDP.
 */
struct weft_segment_ops {
	const char *name; /* as in `type:` */
	enum weft_network_type type;
	uint8_t protocol; /* IPPROTO_UDP, IPPROTO_GRE; 0: no tunnel */
	uint8_t shim_length; /* bytes that put() writes */
	/** Under which VLAN id its frames arrive by the wire; 0: without a tag. */
	uint16_t (*vid)(const struct weft_network *network);
	/** Makes a frame that leaves by the wire carry the segment. */
	void (*push)(const struct weft_network *network, struct weft_ether_head *leaving);
	/** Writes the shim. */
	void (*put)(uint32_t segment, uint8_t *shim);
	/** Reads a shim of at most @p length bytes. @return its length, options included, or
	 *  enum weft_shim_fault */
	int (*get)(const uint8_t *shim, uint32_t length, uint32_t *segment);
};

static inline bool
weft_segment_is_tunnel(const struct weft_segment_ops *ops)
{
	return ops != NULL && ops->protocol != 0;
}

struct weft_static_mac {
	struct rte_ether_addr mac;
	uint16_t port;
};

/** Where a MAC is expected before it has said anything (L2 population). */
struct weft_home {
	struct rte_ether_addr mac;
	uint16_t place; /* port, or remote endpoint (tunnel/remote.h) */
};

/** Who has an address, for answering ARP and ND. */
struct weft_known {
	struct weft_ip ip;
	struct rte_ether_addr mac;
};

struct weft_subnet {
	struct weft_ip cidr;
	struct weft_ip gateway; /* family 0: none */
};

/** A MAC in a network behind which a router is. */
struct weft_door {
	struct rte_ether_addr mac;
	uint16_t router; /* number */
};

/** What is known beforehand, in overlays and where a router is. For answering questions no flow
 *  stands on it; what is routed stands on the network, of which it is a part if there are doors. */
struct weft_facts {
	uint32_t n_homes, n_known, n_subnets;
	struct weft_home *homes;
	struct weft_known *known; /* sorted by weft_ip_compare() */
	struct weft_subnet *subnets;
};

/* All [I]. */
struct weft_network {
	uint16_t id;
	uint16_t wire; /* port number, or WEFT_NO_PORT for local networks and overlays */
	bool admin_up;
	bool drops_at_limit; /* what happens to sources beyond mac_limit */
	bool drops_unknown; /* overlays: ARP and ND questions that nobody can answer */
	bool is_filtered; /* some port has security groups that do not let everything through */
	bool gathers; /* so here, or somewhere behind a router: fragments are judged as a whole */
	uint32_t segment;
	uint32_t mtu;
	uint32_t mac_age_sec;
	uint32_t mac_limit;
	const struct weft_segment_ops *segment_ops; /* NULL for a local network */
	struct weft_static_mac *statics;
	uint16_t n_statics;
	uint16_t n_members;
	uint16_t *members; /* places: ports, the wire among them; of overlays the peers too */
	uint16_t n_doors;
	struct weft_door *doors; /* of routers */
	struct weft_facts *facts; /* NULL: neither an overlay nor a router */
	char name[WEFT_CONF_NAME_MAX + 1];
};

/** Is it carried in tunnels? */
static inline bool
weft_network_is_overlay(const struct weft_network *network)
{
	return weft_segment_is_tunnel(network->segment_ops);
}

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

/** Are they the same but for their members and facts? */
bool weft_network_is_same(const struct weft_network *a, const struct weft_network *b);
bool weft_network_has_same_members(const struct weft_network *a, const struct weft_network *b);

bool weft_network_has_same_facts(const struct weft_network *a, const struct weft_network *b);

/** @return the door with a MAC, or NULL */
const struct weft_door *weft_network_find_door(const struct weft_network *network,
					       const struct rte_ether_addr *mac);

/** Who has an address, as far as is known beforehand; NULL: nobody. */
const struct weft_known *weft_network_find_known(const struct weft_network *network,
						 const struct weft_ip *ip);

/** The gateway of the subnet that an address is in, or NULL. */
const struct weft_ip *weft_network_gateway(const struct weft_network *network,
					   const struct weft_ip *ip);

/** "vlan 100", "vxlan 1001", "flat", "local". */
void weft_network_describe(const struct weft_network *network, char *text, size_t size);

#endif
