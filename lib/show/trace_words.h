/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace_words: a packet in words becomes a frame.
 *
 *	eth dst=02:00:00:00:00:0b / ip src=10.0.0.1 dst=10.0.0.2 / tcp dport=80
 *
 * Layers are separated by "/", as scapy does it, and stand in the order of the wire; each has a
 * name and key=value words:
 *
 *	vxlan	vni (or plain: `vxlan 1001`) from
 *	gre	key (or plain) from		geneve	vni (or plain) from
 *	eth	src dst type		vlan	id (or plain: `vlan 100`) pcp
 *	arp	op psrc pdst hwsrc hwdst
 *	ip	src dst ttl proto	ip6	src dst hlim nh
 *	tcp	sport dport flags	udp	sport dport
 *	icmp	type code id seq	length	bytes of the whole frame (plain: `length=1400`)
 *
 * What is left out is filled in as the guest behind the port would: its own MAC and addresses,
 * the neighbour's MAC, lengths and checksums. What cannot be known is asked for. A frame that the
 * words do not make longer is padded to 60 bytes; `length` fills up the innermost layer with zeros.
 *
 * The words after a tunnel are the frame inside, and so is `length`; trace_tunnel.h puts around it
 * what its sender would.
 *
 * Parsing reports every fault, and names the word and what would be right.
 *
 * Threads: pure functions.
 */
#ifndef WEFT_SHOW_TRACE_WORDS_H
#define WEFT_SHOW_TRACE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "conf/conf.h"
#include "core/errors.h"

#define WEFT_TRACE_FRAME_MAX 9216 /* bytes: jumbo frames with a tag */

enum weft_trace_layer {
	WEFT_LAYER_VXLAN,
	WEFT_LAYER_GRE,
	WEFT_LAYER_GENEVE,
	WEFT_LAYER_ETH,
	WEFT_LAYER_VLAN,
	WEFT_LAYER_ARP,
	WEFT_LAYER_IP,
	WEFT_LAYER_IP6,
	WEFT_LAYER_TCP,
	WEFT_LAYER_UDP,
	WEFT_LAYER_ICMP,
	WEFT_LAYER_LENGTH,
	WEFT_LAYERS,
};

enum weft_trace_word {
	WEFT_WORD_VXLAN_VNI,
	WEFT_WORD_VXLAN_FROM,
	WEFT_WORD_GRE_KEY,
	WEFT_WORD_GRE_FROM,
	WEFT_WORD_GENEVE_VNI,
	WEFT_WORD_GENEVE_FROM,
	WEFT_WORD_ETH_SRC,
	WEFT_WORD_ETH_DST,
	WEFT_WORD_ETH_TYPE,
	WEFT_WORD_VLAN_ID,
	WEFT_WORD_VLAN_PCP,
	WEFT_WORD_ARP_OP,
	WEFT_WORD_ARP_PSRC,
	WEFT_WORD_ARP_PDST,
	WEFT_WORD_ARP_HWSRC,
	WEFT_WORD_ARP_HWDST,
	WEFT_WORD_IP_SRC,
	WEFT_WORD_IP_DST,
	WEFT_WORD_IP_TTL,
	WEFT_WORD_IP_PROTO,
	WEFT_WORD_IP6_SRC,
	WEFT_WORD_IP6_DST,
	WEFT_WORD_IP6_HLIM,
	WEFT_WORD_IP6_NH,
	WEFT_WORD_TCP_SPORT,
	WEFT_WORD_TCP_DPORT,
	WEFT_WORD_TCP_FLAGS,
	WEFT_WORD_UDP_SPORT,
	WEFT_WORD_UDP_DPORT,
	WEFT_WORD_ICMP_TYPE,
	WEFT_WORD_ICMP_CODE,
	WEFT_WORD_ICMP_ID,
	WEFT_WORD_ICMP_SEQ,
	WEFT_WORD_LENGTH,
	WEFT_WORDS,
};

/** What the words said. */
struct weft_trace_packet {
	uint32_t layers; /* one bit per enum weft_trace_layer */
	uint64_t given; /* one bit per enum weft_trace_word */
	struct weft_trace_value {
		struct rte_ether_addr mac;
		struct weft_ip ip;
		uint32_t number;
	} values[WEFT_WORDS];
};

/** Who sends it, to fill in what was left out. */
struct weft_trace_sender {
	const char *name; /* of the port, for errors */
	const struct rte_ether_addr *mac; /* NULL: not known */
	const struct weft_ip *addresses;
	uint32_t n_addresses;
	/** Finds the MAC of a neighbour by its address. @return false if it is not known */
	bool (*resolve)(void *context, const struct weft_ip *ip, struct rte_ether_addr *mac);
	void *context;
};

static inline bool
weft_trace_has_layer(const struct weft_trace_packet *packet, enum weft_trace_layer layer)
{
	return packet->layers >> layer & 1;
}

static inline bool
weft_trace_has_word(const struct weft_trace_packet *packet, enum weft_trace_word word)
{
	return packet->given >> word & 1;
}

static inline void
weft_trace_give(struct weft_trace_packet *packet, enum weft_trace_word word)
{
	packet->given |= UINT64_C(1) << word;
}

/** Reads words. @return 0, or -EINVAL with every fault in @p errors */
int weft_trace_words_parse(const char *words, struct weft_trace_packet *packet,
			   struct weft_errors *errors);

/** Fills in what the words left out. @return 0, or -EINVAL with all that is missing in @p errors */
int weft_trace_packet_complete(struct weft_trace_packet *packet,
			       const struct weft_trace_sender *sender, struct weft_errors *errors);

/** Writes the frame of a complete packet. @return its length, or -EINVAL: `length` is too small */
int weft_trace_frame_build(const struct weft_trace_packet *packet,
			   uint8_t frame[WEFT_TRACE_FRAME_MAX], struct weft_errors *errors);

/** Reads hex digits. @return bytes, or -EINVAL */
int weft_trace_hex_parse(const char *hex, uint8_t frame[WEFT_TRACE_FRAME_MAX],
			 struct weft_errors *errors);

#endif
