/* SPDX-License-Identifier: BSD-3-Clause */
#include "show/trace_tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#define TUNNEL_SOURCE_PORT 49152 /* of a flow; another one would make no difference */

static const struct {
	enum weft_trace_layer layer;
	const char *name;
	enum weft_network_type type;
	enum weft_trace_word segment, from;
} tunnel_layers[] = {
	{ WEFT_LAYER_VXLAN, "vxlan", WEFT_NETWORK_VXLAN, WEFT_WORD_VXLAN_VNI,
	  WEFT_WORD_VXLAN_FROM },
	{ WEFT_LAYER_GRE, "gre", WEFT_NETWORK_GRE, WEFT_WORD_GRE_KEY, WEFT_WORD_GRE_FROM },
	{ WEFT_LAYER_GENEVE, "geneve", WEFT_NETWORK_GENEVE, WEFT_WORD_GENEVE_VNI,
	  WEFT_WORD_GENEVE_FROM },
};

bool
weft_trace_tunnel_read(const struct weft_trace_packet *packet, struct weft_trace_tunnel *tunnel)
{
	for (size_t i = 0; i < RTE_DIM(tunnel_layers); i++) {
		if (!weft_trace_has_layer(packet, tunnel_layers[i].layer))
			continue;
		*tunnel = (struct weft_trace_tunnel){
			.name = tunnel_layers[i].name,
			.type = tunnel_layers[i].type,
			.segment = packet->values[tunnel_layers[i].segment].number,
			.has_from = weft_trace_has_word(packet, tunnel_layers[i].from),
			.from = packet->values[tunnel_layers[i].from].ip,
		};
		return true;
	}
	return false;
}

static const struct weft_tunnel_format *
tunnel_find_format(const struct weft_terminator *terminator, enum weft_network_type type)
{
	for (int i = 0; i < WEFT_TUNNEL_FORMATS; i++)
		if (terminator->formats[i].ops != NULL && terminator->formats[i].ops->type == type)
			return &terminator->formats[i];
	return NULL;
}

/* @return what it takes */
static uint32_t
tunnel_put_eth(const struct weft_trace_tunnel *tunnel, const struct weft_terminator *terminator,
	       uint8_t *at)
{
	rte_be16_t type = terminator->family == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4) :
							  RTE_BE16(RTE_ETHER_TYPE_IPV6);
	rte_be16_t tag[2] = { RTE_BE16(RTE_ETHER_TYPE_VLAN),
			      rte_cpu_to_be_16(WEFT_TAG_VID(terminator->tag)) };
	uint32_t bytes = 12;

	memcpy(at, &terminator->mac, 6);
	memcpy(at + 6, &tunnel->via, 6);
	if (terminator->tag != 0) {
		memcpy(at + bytes, tag, sizeof(tag));
		bytes += sizeof(tag);
	}
	memcpy(at + bytes, &type, sizeof(type));
	return bytes + sizeof(type);
}

/* @param bytes  of the payload. @return what the header takes */
static uint32_t
tunnel_put_ip(const struct weft_trace_tunnel *tunnel, const struct weft_endpoint *endpoint,
	      uint8_t protocol, uint32_t bytes, uint8_t *at)
{
	struct rte_ipv6_hdr ip6 = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)endpoint->dscp << 22),
		.payload_len = rte_cpu_to_be_16((uint16_t)bytes),
		.proto = protocol,
		.hop_limits = endpoint->ttl,
	};
	struct rte_ipv4_hdr ip4 = {
		.version_ihl = 0x45,
		.type_of_service = (uint8_t)(endpoint->dscp << 2),
		.total_length = rte_cpu_to_be_16((uint16_t)(bytes + sizeof(ip4))),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = endpoint->ttl,
		.next_proto_id = protocol,
	};

	if (tunnel->from.family == AF_INET6) {
		memcpy(&ip6.src_addr, tunnel->from.bytes, 16);
		memcpy(&ip6.dst_addr, endpoint->terminator.address, 16);
		memcpy(at, &ip6, sizeof(ip6));
		return sizeof(ip6);
	}
	memcpy(&ip4.src_addr, tunnel->from.bytes, 4);
	memcpy(&ip4.dst_addr, endpoint->terminator.address, 4);
	ip4.hdr_checksum = rte_ipv4_cksum(&ip4);
	memcpy(at, &ip4, sizeof(ip4));
	return sizeof(ip4);
}

/* Without a checksum: RFC 7348 section 4.1, RFC 6935. */
static uint32_t
tunnel_put_udp(rte_be16_t port, uint32_t bytes, uint8_t *at)
{
	struct rte_udp_hdr udp = {
		.src_port = RTE_BE16(TUNNEL_SOURCE_PORT),
		.dst_port = port,
		.dgram_len = rte_cpu_to_be_16((uint16_t)(bytes + sizeof(udp))),
	};

	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

int
weft_trace_tunnel_wrap(const struct weft_trace_tunnel *tunnel, const struct weft_endpoint *endpoint,
		       uint8_t frame[WEFT_TRACE_FRAME_MAX], uint32_t length,
		       struct weft_errors *errors)
{
	const struct weft_terminator *terminator = &endpoint->terminator;
	const struct weft_tunnel_format *format = tunnel_find_format(terminator, tunnel->type);
	uint8_t head[128];
	uint32_t at, udp_bytes, bytes;

	if (format == NULL)
		return weft_errors_add(errors, "%s: not known to this endpoint", tunnel->name);
	udp_bytes = format->udp_port != 0 ? sizeof(struct rte_udp_hdr) : 0;
	bytes = length + format->ops->shim_length;
	at = tunnel_put_eth(tunnel, terminator, head);
	at += tunnel_put_ip(tunnel, endpoint, format->ops->protocol, udp_bytes + bytes, head + at);
	if (udp_bytes != 0)
		at += tunnel_put_udp(format->udp_port, bytes, head + at);
	format->ops->put(tunnel->segment, head + at);
	at += format->ops->shim_length;
	if (at + length > WEFT_TRACE_FRAME_MAX)
		return weft_errors_add(errors,
				       "length: %u bytes and a tunnel's headers of %u are more "
				       "than %u",
				       length, at, WEFT_TRACE_FRAME_MAX);
	memmove(frame + at, frame, length);
	memcpy(frame, head, at);
	return (int)(at + length);
}
