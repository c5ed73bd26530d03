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
	DROP(TERMINATE_WRONG_ENDPOINT, "terminate", "wrong-endpoint",                              \
	     "the frame has the MAC of the tunnel endpoint, but not its address")                  \
	DROP(TERMINATE_OWN_ADDRESS, "terminate", "own-address",                                    \
	     "it claims to come from the address of our own tunnel endpoint")                      \
	DROP(TERMINATE_OUTER_SOURCE, "terminate", "outer-source",                                  \
	     "it claims to come from an address that no host can have")                            \
	DROP(TERMINATE_OUTER_CHECKSUM, "terminate", "outer-checksum",                              \
	     "the checksum of the outer IPv4 header is wrong")                                     \
	DROP(TERMINATE_OUTER_FRAGMENT, "terminate", "outer-fragment",                              \
	     "it is a fragment, and the tunnel endpoint does not reassemble")                      \
	DROP(TERMINATE_OUTER_LENGTH, "terminate", "outer-length",                                  \
	     "the lengths in the outer headers contradict each other or the frame")                \
	DROP(TERMINATE_TUNNEL_HEADER, "terminate", "tunnel-header",                                \
	     "version or flags of the tunnel header are not those of its format")                  \
	DROP(TERMINATE_CRITICAL_OPTION, "terminate", "critical-option",                            \
	     "the tunnel header has an option that must be understood, and is not")                \
	DROP(TERMINATE_NOT_ETHERNET, "terminate", "not-ethernet",                                  \
	     "the tunnel carries something else than Ethernet")                                    \
	DROP(TERMINATE_INNER_RUNT, "terminate", "inner-runt",                                      \
	     "the frame in the tunnel is shorter than an Ethernet header")                         \
	DROP(TERMINATE_INNER_TAGGED, "terminate", "inner-tagged",                                  \
	     "the frame in the tunnel has a VLAN tag")                                             \
	DROP(TERMINATE_ECN, "terminate", "ecn",                                                    \
	     "congestion was met outside, and inside nobody could tell the sender (RFC 6040)")     \
	DROP(TERMINATE_UNKNOWN_SEGMENT, "terminate", "unknown-segment",                            \
	     "no network of that tunnel type has this VNI or key")                                 \
	DROP(ADMIT_BAD_SOURCE_MAC, "admit", "bad-source-mac",                                      \
	     "the source MAC is a multicast address or zero")                                      \
	DROP(ADMIT_MAC_SPOOFED, "admit", "mac-spoofed", "the source MAC is not the port's")        \
	DROP(ADMIT_IP_SPOOFED, "admit", "ip-spoofed",                                              \
	     "the source address is none of the port's, or cannot be read")                        \
	DROP(ADMIT_ARP_SPOOFED, "admit", "arp-spoofed",                                            \
	     "the sender in the ARP message is not the port's MAC and one of its addresses")       \
	DROP(ANSWER_TAKEN, "answer", "taken", "it was for the switch itself, which has read it")   \
	DROP(ANSWER_NOT_SERVED, "answer", "not-served",                                            \
	     "it was for the tunnel endpoint, which serves only tunnels, ARP, ND and echo")        \
	DROP(ANSWER_UNKNOWN_ADDRESS, "answer", "unknown-address",                                  \
	     "nobody is known to have the address that is asked for")                              \
	DROP(BRIDGE_RESERVED_MULTICAST, "bridge", "reserved-multicast",                            \
	     "01:80:c2:00:00:00 to 0f are for neighbours on a link, bridges do not forward them")  \
	DROP(BRIDGE_STATIC_MOVED, "bridge", "static-moved",                                        \
	     "the source MAC belongs to another port by configuration")                            \
	DROP(BRIDGE_MAC_LIMIT, "bridge", "mac-limit",                                              \
	     "the source MAC is new, and its port or network has as many as it may have")          \
	DROP(BRIDGE_SAME_PORT, "bridge", "same-port",                                              \
	     "the destination is behind the port that the frame came from")                        \
	DROP(BRIDGE_SPLIT_HORIZON, "bridge", "split-horizon",                                      \
	     "it came from a tunnel, and the destination is behind a tunnel")                      \
	DROP(BRIDGE_NO_RECEIVER, "bridge", "no-receiver",                                          \
	     "nobody else in the network can take the frame")                                      \
	DROP(DELIVER_PORT_DOWN, "deliver", "port-down",                                            \
	     "the port it should leave by is administratively down")                               \
	DROP(DELIVER_TOO_BIG, "deliver", "too-big",                                                \
	     "the frame is larger than the MTU of the port it should leave by")                    \
	DROP(ENCAP_NO_ROUTE, "encap", "no-route", "no route leads to the remote tunnel endpoint")  \
	DROP(ENCAP_NO_NEIGHBOUR, "encap", "no-neighbour",                                          \
	     "the next hop to the remote tunnel endpoint does not answer")                         \
	DROP(ENCAP_HOLD_FULL, "encap", "hold-full",                                                \
	     "too many frames wait for the MAC of a next hop already")                             \
	DROP(ENCAP_NO_MEMORY, "encap", "no-memory",                                                \
	     "no memory was free for the headers of the tunnel")                                   \
	DROP(WORKER_MISS_BUDGET, "worker", "miss-budget",                                          \
	     "the port started more new flows per second than its miss-budget allows")             \
	DROP(WORKER_NO_BUFFER, "worker", "no-buffer", "no packet buffer was free for a copy")      \
	DROP(WORKER_TX_FULL, "worker", "tx-full",                                                  \
	     "the device or guest did not take the frame: its queue is full")                      \
	DROP(WORKER_NO_LINK, "worker", "no-link", "nobody is at the other side of the port")

/* clang-format off */
/** What a stage answers: WEFT_NEXT, the reason to drop, or one of the two behind. */
enum weft_drop {
	WEFT_NEXT,
#define DROP(name, stage, word, sentence) DROP_##name,
	WEFT_DROPS(DROP)
#undef DROP
	WEFT_DROPS_END,
	WEFT_DONE = WEFT_DROPS_END, /* the switch has answered, that is all */
	WEFT_WAIT, /* this output waits for a neighbour */
};
/* clang-format on */

struct weft_drop_text {
	const char *stage, *word, *sentence;
};

/** By enum weft_drop; the entry of WEFT_NEXT is empty. */
extern const struct weft_drop_text weft_drop_texts[WEFT_DROPS_END];

#endif
