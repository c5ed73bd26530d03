/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drop: why packets die. No packet dies anonymously.
 *
 * Each reason is declared here once, with the stage (or "worker") that says it, the word that
 * counters and tools show, and a sentence for whoever has to explain it. Counters are per worker
 * and port: of the port by which the packet arrived, but for tx-full and no-link, which belong to
 * the port that could not send.
 */
#ifndef WEFT_PATH_DROP_H
#define WEFT_PATH_DROP_H

/* DROP(enum, stage, word, sentence) */
#define WEFT_DROPS(DROP)                                                                           \
	DROP(TERMINATE_RUNT, "terminate", "runt", "the frame is shorter than an Ethernet header")  \
	DROP(TERMINATE_TRUNCATED, "terminate", "truncated", "the frame ends inside its VLAN tag")  \
	DROP(TERMINATE_PORT_DOWN, "terminate", "port-down",                                        \
	     "the port it came from is administratively down")                                     \
	DROP(TERMINATE_NETWORK_DOWN, "terminate", "network-down",                                  \
	     "the network is administratively down")                                               \
	DROP(TERMINATE_TAGGED, "terminate", "tagged",                                              \
	     "a guest sent a frame with a VLAN tag, its port takes untagged frames only")          \
	DROP(TERMINATE_DOUBLE_TAGGED, "terminate", "double-tagged",                                \
	     "a second VLAN tag stands behind the first")                                          \
	DROP(TERMINATE_VLAN_NOT_MEMBER, "terminate", "vlan-not-member",                            \
	     "no network of this wire has that VLAN id")                                           \
	DROP(TERMINATE_NO_FLAT_NETWORK, "terminate", "no-flat-network",                            \
	     "the frame has no tag and this wire has no flat network")                             \
	DROP(ADMIT_BAD_SOURCE_MAC, "admit", "bad-source-mac",                                      \
	     "the source MAC is a multicast address or zero")                                      \
	DROP(ADMIT_MAC_SPOOFED, "admit", "mac-spoofed", "the source MAC is not the port's")        \
	DROP(ADMIT_IP_SPOOFED, "admit", "ip-spoofed",                                              \
	     "the source address is none of the port's, or cannot be read")                        \
	DROP(ADMIT_ARP_SPOOFED, "admit", "arp-spoofed",                                            \
	     "the sender in the ARP message is not the port's MAC and one of its addresses")       \
	DROP(BRIDGE_RESERVED_MULTICAST, "bridge", "reserved-multicast",                            \
	     "01:80:c2:00:00:00 to 0f are for neighbours on a link, bridges do not forward them")  \
	DROP(BRIDGE_STATIC_MOVED, "bridge", "static-moved",                                        \
	     "the source MAC belongs to another port by configuration")                            \
	DROP(BRIDGE_MAC_LIMIT, "bridge", "mac-limit",                                              \
	     "the source MAC is new, and its port or network has as many as it may have")          \
	DROP(BRIDGE_SAME_PORT, "bridge", "same-port",                                              \
	     "the destination is behind the port that the frame came from")                        \
	DROP(BRIDGE_NO_RECEIVER, "bridge", "no-receiver",                                          \
	     "nobody else in the network can take the frame")                                      \
	DROP(DELIVER_PORT_DOWN, "deliver", "port-down",                                            \
	     "the port it should leave by is administratively down")                               \
	DROP(DELIVER_TOO_BIG, "deliver", "too-big",                                                \
	     "the frame is larger than the MTU of the port it should leave by")                    \
	DROP(WORKER_MISS_BUDGET, "worker", "miss-budget",                                          \
	     "the port started more new flows per second than its miss-budget allows")             \
	DROP(WORKER_NO_BUFFER, "worker", "no-buffer", "no packet buffer was free for a copy")      \
	DROP(WORKER_TX_FULL, "worker", "tx-full",                                                  \
	     "the device or guest did not take the frame: its queue is full")                      \
	DROP(WORKER_NO_LINK, "worker", "no-link", "nobody is at the other side of the port")

/* clang-format off */
/** What a stage answers: WEFT_NEXT, or the reason to drop. */
enum weft_drop {
	WEFT_NEXT,
#define DROP(name, stage, word, sentence) DROP_##name,
	WEFT_DROPS(DROP)
#undef DROP
	WEFT_DROPS_END,
};
/* clang-format on */

struct weft_drop_text {
	const char *stage, *word, *sentence;
};

/** By enum weft_drop; the entry of WEFT_NEXT is empty. */
extern const struct weft_drop_text weft_drop_texts[WEFT_DROPS_END];

#endif
