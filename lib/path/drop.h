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

#include <stdbool.h>

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
	DROP(ADMIT_RARP_SPOOFED, "admit", "rarp-spoofed",                                          \
	     "the RARP message is about another MAC than the port's")                              \
	DROP(ADMIT_ND_SPOOFED, "admit", "nd-spoofed",                                              \
	     "what the ND message says of an address or MAC is not the port's, or unreadable")     \
	DROP(ADMIT_DHCP_SERVER, "admit", "dhcp-server",                                            \
	     "a secured port does not speak as a DHCP or DHCPv6 server")                           \
	DROP(ADMIT_ROUTER_MESSAGE, "admit", "router-message",                                      \
	     "a secured port does not speak as a router: router advertisement or redirect")        \
	DROP(ADMIT_ARP_BUDGET, "admit", "arp-budget",                                              \
	     "the port sent more ARP and ND messages per second than its arp-budget allows")       \
	DROP(ADMIT_ICMP_ERROR_BUDGET, "admit", "icmp-error-budget",                                \
	     "the port sent more ICMP errors per second than its icmp-error-budget allows")        \
	DROP(ADMIT_ETHERTYPE, "admit", "ethertype",                                                \
	     "neither IP nor ARP, or IP that cannot be read: security groups let none of it out")  \
	DROP(ADMIT_NOT_ALLOWED, "admit", "not-allowed",                                            \
	     "no egress rule of the port's security groups lets it out")                           \
	DROP(ADMIT_INVALID, "admit", "invalid",                                                    \
	     "it belongs to no connection of the port, and is not how one begins")                 \
	DROP(ADMIT_FRAGMENT_INVALID, "admit", "fragment-invalid",                                  \
	     "lengths and offset of the fragment contradict each other or those before")           \
	DROP(ADMIT_FRAGMENT_TINY, "admit", "fragment-tiny",                                        \
	     "the first fragment is too short for its transport header (RFC 1858, RFC 7112)")      \
	DROP(ADMIT_FRAGMENT_OVERLAP, "admit", "fragment-overlap",                                  \
	     "fragments of its datagram overlap (RFC 3128, RFC 5722)")                             \
	DROP(ADMIT_FRAGMENT_LIMIT, "admit", "fragment-limit",                                      \
	     "too many fragments wait for the rest of their datagrams already")                    \
	DROP(ADMIT_FRAGMENT_INCOMPLETE, "admit", "fragment-incomplete",                            \
	     "the rest of the datagram did not come")                                              \
	DROP(ANSWER_TAKEN, "answer", "taken", "it was for the switch itself, which has read it")   \
	DROP(ANSWER_NOT_SERVED, "answer", "not-served",                                            \
	     "it was for the tunnel endpoint, which serves only tunnels, ARP, ND and echo")        \
	DROP(ANSWER_UNKNOWN_ADDRESS, "answer", "unknown-address",                                  \
	     "nobody is known to have the address that is asked for")                              \
	DROP(ANSWER_BAD_SOLICITATION, "answer", "bad-solicitation",                                \
	     "the router solicitation is not one that a router may answer (RFC 4861 6.1.1)")       \
	DROP(BRIDGE_RESERVED_MULTICAST, "bridge", "reserved-multicast",                            \
	     "01:80:c2:00:00:00 to 0f are for neighbours on a link, bridges do not forward them")  \
	DROP(BRIDGE_STATIC_MOVED, "bridge", "static-moved",                                        \
	     "the source MAC belongs to another port by configuration")                            \
	DROP(BRIDGE_MAC_LIMIT, "bridge", "mac-limit",                                              \
	     "the source MAC is new, and its port or network has as many as it may have")          \
	DROP(BRIDGE_MAC_MOVE_BUDGET, "bridge", "mac-move-budget",                                  \
	     "more MACs came to the port from elsewhere per second than its budget allows")        \
	DROP(BRIDGE_SAME_PORT, "bridge", "same-port",                                              \
	     "the destination is behind the port that the frame came from")                        \
	DROP(BRIDGE_SPLIT_HORIZON, "bridge", "split-horizon",                                      \
	     "it came from a tunnel, and the destination is behind a tunnel")                      \
	DROP(BRIDGE_NO_RECEIVER, "bridge", "no-receiver",                                          \
	     "nobody else in the network can take the frame")                                      \
	DROP(TRANSLATE_UNSOLICITED, "translate", "unsolicited",                                    \
	     "nobody inside has asked for it: it belongs to no connection, and stands for nobody") \
	DROP(TRANSLATE_INVALID, "translate", "invalid",                                            \
	     "it belongs to no connection of the router, and is not how one begins")               \
	DROP(TRANSLATE_NOT_TRANSLATABLE, "translate", "not-translatable",                          \
	     "outside it would look like another conversation, and it may have no other port")     \
	DROP(TRANSLATE_NO_PORT, "translate", "no-port",                                            \
	     "no port of the outside address is free for it")                                      \
	DROP(TRANSLATE_PORT_QUOTA, "translate", "port-quota",                                      \
	     "its inside address has as many bindings as port-quota allows")                       \
	DROP(TRANSLATE_NEW_CONNECTION_BUDGET, "translate", "new-connection-budget",                \
	     "the port began more connections per second than its new-connection-budget allows")   \
	DROP(TRANSLATE_CONNECTION_LIMIT, "translate", "connection-limit",                          \
	     "the port has as many connections as its connection-limit allows")                    \
	DROP(TRANSLATE_CONNECTION_TABLE_FULL, "translate", "connection-table-full",                \
	     "host.connections is reached, but for what is reserved for other ports")              \
	DROP(TRANSLATE_BUSY, "translate", "busy",                                                  \
	     "its outside port, or its binding, is being given to others, or given up")            \
	DROP(FIREWALL_NOT_ALLOWED, "firewall", "not-allowed",                                      \
	     "a firewall rule of the router denies it, or none allows it")                         \
	DROP(FIREWALL_INVALID, "firewall", "invalid",                                              \
	     "it belongs to no connection of the router, and is not how one begins")               \
	DROP(ROUTE_ROUTER_DOWN, "route", "router-down", "the router is administratively down")     \
	DROP(ROUTE_NOT_IP, "route", "not-ip",                                                      \
	     "it was sent to the MAC of a router, and is neither IPv4 nor IPv6")                   \
	DROP(ROUTE_BAD_HEADER, "route", "bad-header",                                              \
	     "its IP header cannot be right: lengths, or the checksum")                            \
	DROP(ROUTE_MARTIAN, "route", "martian",                                                    \
	     "it comes from or goes to an address that no router forwards (RFC 1812 5.3.7)")       \
	DROP(ROUTE_NOT_SERVED, "route", "not-served",                                              \
	     "it was for the router itself, which serves only ARP, ND and echo")                   \
	DROP(ROUTE_TTL_EXCEEDED, "route", "ttl-exceeded",                                          \
	     "its TTL or hop limit ended at the router")                                           \
	DROP(ROUTE_TOO_MANY_HOPS, "route", "too-many-hops",                                        \
	     "there are more than 8 routers of ours in a row on its way")                          \
	DROP(ROUTE_NO_ROUTE, "route", "no-route",                                                  \
	     "no route of the router leads to its destination")                                    \
	DROP(ROUTE_NO_NEIGHBOUR, "route", "no-neighbour",                                          \
	     "the next hop, or the destination on the link, does not answer")                      \
	DROP(ROUTE_ARP_BUDGET, "route", "arp-budget",                                              \
	     "the port made routers ask for more addresses per second than its arp-budget allows") \
	DROP(ROUTE_TOO_BIG, "route", "too-big",                                                    \
	     "it is larger than the MTU of the next network, and must not be fragmented")          \
	DROP(DELIVER_PORT_DOWN, "deliver", "port-down",                                            \
	     "the port it should leave by is administratively down")                               \
	DROP(DELIVER_ETHERTYPE, "deliver", "ethertype",                                            \
	     "neither IP nor ARP, or IP that cannot be read: security groups let none of it in")   \
	DROP(DELIVER_NOT_ALLOWED, "deliver", "not-allowed",                                        \
	     "no ingress rule of the receiver's security groups lets it in")                       \
	DROP(DELIVER_INVALID, "deliver", "invalid",                                                \
	     "it belongs to no connection of the receiver, and is not how one begins")             \
	DROP(DELIVER_ICMP_ERROR_BUDGET, "deliver", "icmp-error-budget",                            \
	     "others sent the port more ICMP errors per second than its icmp-error-budget allows") \
	DROP(DELIVER_NEW_CONNECTION_BUDGET, "deliver", "new-connection-budget",                    \
	     "the port began more connections per second than its new-connection-budget allows")   \
	DROP(DELIVER_CONNECTION_LIMIT, "deliver", "connection-limit",                              \
	     "the port has as many connections as its connection-limit allows")                    \
	DROP(DELIVER_CONNECTION_TABLE_FULL, "deliver", "connection-table-full",                    \
	     "host.connections is reached, but for what is reserved for other ports")              \
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
	DROP(WORKER_BROADCAST_BUDGET, "worker", "broadcast-budget",                                \
	     "the port sent more packets to groups per second than its broadcast-budget allows")   \
	DROP(WORKER_NO_BUFFER, "worker", "no-buffer", "no packet buffer was free for a copy")      \
	DROP(WORKER_BAD_OFFLOAD, "worker", "bad-offload",                                          \
	     "its guest has left its checksum or its cutting to us, and it is nothing to cut")     \
	DROP(WORKER_TX_FULL, "worker", "tx-full",                                                  \
	     "the device or guest did not take the frame: its queue is full")                      \
	DROP(WORKER_NO_LINK, "worker", "no-link", "nobody is at the other side of the port")

/* clang-format off */
/** What a stage answers: WEFT_NEXT, the reason to drop, or one of those behind. */
enum weft_drop {
	WEFT_NEXT,
#define DROP(name, stage, word, sentence) DROP_##name,
	WEFT_DROPS(DROP)
#undef DROP
	WEFT_DROPS_END,
	WEFT_DONE = WEFT_DROPS_END, /* the switch has answered, that is all */
	WEFT_WAIT, /* this output waits for a neighbour */
	WEFT_GATHER, /* a fragment, which waits for the rest of its datagram */
};
/* clang-format on */

/** @return whether it was not the packet, but that there were more of its kind than the port may
 *  send */
static inline bool
weft_drop_is_excess(enum weft_drop reason)
{
	return reason == DROP_WORKER_MISS_BUDGET || reason == DROP_WORKER_BROADCAST_BUDGET ||
	       reason == DROP_ADMIT_ARP_BUDGET || reason == DROP_ROUTE_ARP_BUDGET ||
	       reason == DROP_ADMIT_ICMP_ERROR_BUDGET ||
	       reason == DROP_DELIVER_NEW_CONNECTION_BUDGET ||
	       reason == DROP_DELIVER_CONNECTION_LIMIT || reason == DROP_ADMIT_FRAGMENT_LIMIT;
}

struct weft_drop_text {
	const char *stage, *word, *sentence;
};

/** By enum weft_drop; the entry of WEFT_NEXT is empty. */
extern const struct weft_drop_text weft_drop_texts[WEFT_DROPS_END];

#endif
