/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parsers of frames alone, on memory that ends where the frame ends: keys of all depths, tunnels,
 * fragments, and the checksum that a rewrite takes along.
 *
 * An input is a byte of options, and a frame.
 */
#include "flow/act.h"
#include "flow/key.h"
#include "fuzz_main.h"
#include "path/packet.h"
#include "path_tunnel_helper.h"
#include "tunnel/endpoint.h"

static const char *const fuzz_key_seeds[] = {
	"b < a udp 10.0.0.1 10.0.0.2 100",
	"b < a vlan 20 ping 10.0.0.1 10.0.0.2 options",
	"b < a udp 2001:db8::1 2001:db8::2 100",
	"b < a udp 10.0.0.1 10.0.0.2 1400 part",
	"b < a udp 10.0.0.1 10.0.0.2 100 later",
	"* < a ns 2001:db8::a 2001:db8::1 0a",
	"* < a arp 0a 10.0.0.1",
	"* < a dhcp",
	"vxlan 1001 from 192.0.2.2 / b < a udp 10.0.0.1 10.0.0.2 100",
	"gre 7 from 192.0.2.2 / b < a",
	"geneve 8 from 192.0.2.2 / b < a ping 2001:db8::1 2001:db8::2",
};

static struct weft_terminator fuzz_key_terminator;

static void
fuzz_begin(void)
{
	struct weft_conf_endpoint conf = {
		.is_there = true,
		.vxlan_port = path_frame_self.vxlan_port,
		.geneve_port = path_frame_self.geneve_port,
		.has_mac = true,
		.mac = { { 2, 0, 0, 0, 0, 0xee } },
		.address = { .family = AF_INET, .prefix = 24 },
	};
	struct weft_endpoint *endpoint;

	path_frame_put_address(conf.address.bytes, path_frame_self.address);
	endpoint = weft_endpoint_create(&conf, 0);
	if (endpoint == NULL)
		abort();
	fuzz_key_terminator = endpoint->terminator;
	weft_endpoint_destroy(endpoint);
}

static size_t
fuzz_seed(size_t number, uint8_t *into)
{
	struct path_frame frame;

	if (number >= sizeof(fuzz_key_seeds) / sizeof(fuzz_key_seeds[0]))
		return 0;
	path_tunnel_build(&frame, fuzz_key_seeds[number]);
	into[0] = (uint8_t)number;
	memcpy(into + 1, frame.bytes, frame.length);
	return frame.length + 1;
}

static void
fuzz_run(const uint8_t *data, size_t bytes)
{
	uint32_t length = bytes > 0 ? (uint32_t)bytes - 1 : 0;
	struct weft_fragment fragment;
	struct weft_key key = { 0 };
	uint8_t *frame;

	if (length == 0)
		return;
	frame = malloc(length);
	memcpy(frame, data + 1, length);
	/* What is not there of a long frame is in other buffers. */
	if (weft_key_read(&key, frame, length, length + (data[0] & 0x80 ? 1000 : 0), 1,
			  &weft_depth_all, &fuzz_key_terminator) == WEFT_KEY_FINE) {
		uint8_t kind = key.kind & WEFT_KEY_KIND_MASK;

		if (weft_key_offset(&key) + weft_key_l2_length(&key) > length)
			abort();
		if (kind == WEFT_KEY_IP4 || kind == WEFT_KEY_IP6)
			weft_packet_read_fragment(&key, frame, length, length, &fragment);
	}
	free(frame);
}
