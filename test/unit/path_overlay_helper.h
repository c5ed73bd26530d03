/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stories about overlays: like path_walk_helper.h, and besides tunnels in both directions, frames
 * that wait, and what the switch says itself.
 *
 * "p1 vxlan 1001 to 192.0.2.2": it left in a tunnel, and every byte is what a slow hand makes of
 * it. "by fe" behind: to the MAC of a gateway. Answers of the switch are told in the words of who
 * hears them: "b1 reply 07 10.0.0.7".
 */
#ifndef TEST_UNIT_PATH_OVERLAY_HELPER_H
#define TEST_UNIT_PATH_OVERLAY_HELPER_H

#include "path_walk_helper.h"

#include "path_tunnel_helper.h"

/* What was counted when the last frame was sent. */
static struct weft_port_count path_overlay_counted[WEFT_PORTS_MAX];
static uint16_t path_overlay_source_port; /* of the last tunnel packet that left */

/* ---- a frame that has passed through ---- */

static inline bool
path_overlay_is_plain(const struct path_frame *frame, const uint8_t *bytes, uint32_t length)
{
	uint32_t rest = frame->length - frame->l2;

	return length == 12 + rest && memcmp(bytes, frame->bytes + frame->inner, 12) == 0 &&
	       memcmp(bytes + 12, frame->bytes + frame->l2, rest) == 0;
}

/* The same but for its ECN: says which. */
static inline bool
path_overlay_say_marked(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
			FILE *out)
{
	struct path_frame marked = *frame;
	uint8_t *ip = marked.bytes + marked.l2 + 2;
	bool is_ip6 = path_frame_get16(ip - 2) == 0x86dd;
	uint8_t ecn = is_ip6 ? bytes[15] >> 4 & 3 : bytes[15] & 3;

	if (is_ip6) {
		ip[1] = (uint8_t)((ip[1] & ~0x30) | ecn << 4);
	} else {
		ip[1] = (uint8_t)((ip[1] & ~3) | ecn);
		path_frame_set16(ip + 10, 0);
		path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0));
	}
	if (!path_overlay_is_plain(&marked, bytes, length))
		return false;
	fprintf(out, " ecn %u", ecn);
	return true;
}

/* A piece of the IPv4 packet, as RFC 791 section 3.2 wants it. */
static inline bool
path_overlay_say_fragment(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
			  FILE *out)
{
	const uint8_t *whole = frame->bytes + frame->l2 + 2, *ip = bytes + 14;
	uint32_t offset = (path_frame_get16(ip + 6) & 0x1fffu) * 8, n = length - 34;
	bool is_last = (ip[6] & 0x20) == 0;

	if (length < 34 || path_frame_get16(whole - 2) != 0x0800 ||
	    path_frame_get16(bytes + 12) != 0x0800 ||
	    memcmp(bytes, frame->bytes + frame->inner, 12) != 0 ||
	    path_frame_get16(ip + 2) != 20 + n || path_frame_sum(ip, 20, 0) != 0 ||
	    memcmp(ip, whole, 2) != 0 || memcmp(ip + 4, whole + 4, 2) != 0 ||
	    memcmp(ip + 8, whole + 8, 2) != 0 || memcmp(ip + 12, whole + 12, 8) != 0 ||
	    offset + n > path_frame_get16(whole + 2) - 20u ||
	    memcmp(ip + 20, whole + 20 + offset, n) != 0 ||
	    is_last != (offset + n == path_frame_get16(whole + 2) - 20u))
		return false;
	fprintf(out, " fragment %u+%u", offset, n);
	return true;
}

static inline void
path_overlay_say_inner(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
		       FILE *out)
{
	if (path_overlay_is_plain(frame, bytes, length) ||
	    path_overlay_say_marked(frame, bytes, length, out) ||
	    path_overlay_say_fragment(frame, bytes, length, out))
		return;
	fprintf(out, " GARBLED");
}

/* ---- a tunnel packet of ours ---- */

/* Reads what must be read to write it once more. @return the offset of the frame inside; 0: it is
 * no tunnel packet */
static inline uint32_t
path_overlay_read(struct path_tunnel *tunnel, const uint8_t *bytes, char remote[INET6_ADDRSTRLEN])
{
	uint32_t at = path_frame_get16(bytes + 12) == 0x8100 ? 18 : 14;
	bool is_ip6 = path_frame_get16(bytes + at - 2) == 0x86dd;
	uint8_t protocol = bytes[at + (is_ip6 ? 6 : 9)];
	const uint8_t *ip = bytes + at;

	if (bytes[11] != 0xee || (!is_ip6 && path_frame_get16(ip - 2) != 0x0800) ||
	    (protocol != IPPROTO_UDP && protocol != IPPROTO_GRE))
		return 0;
	*tunnel = (struct path_tunnel){ .src = path_frame_self.address,
					.dst = remote,
					.from_mac = 0xee };
	inet_ntop(is_ip6 ? AF_INET6 : AF_INET, ip + (is_ip6 ? 24 : 16), remote, INET6_ADDRSTRLEN);
	tunnel->to_mac = bytes[5];
	tunnel->ecn = is_ip6 ? ip[1] >> 4 & 3 : ip[1] & 3;
	at += is_ip6 ? 40 : 20;
	if (protocol == IPPROTO_GRE) {
		strcpy(tunnel->format, "gre");
		tunnel->segment = (uint32_t)path_frame_get16(bytes + at + 4) << 16 |
				  path_frame_get16(bytes + at + 6);
		return at + 8;
	}
	tunnel->source_port = path_frame_get16(bytes + at);
	strcpy(tunnel->format,
	       path_frame_get16(bytes + at + 2) == path_frame_self.vxlan_port ? "vxlan" : "geneve");
	tunnel->segment = (uint32_t)bytes[at + 12] << 16 | path_frame_get16(bytes + at + 13);
	return at + 16;
}

static inline bool
path_overlay_say_tunnel(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
			FILE *out)
{
	char remote[INET6_ADDRSTRLEN];
	struct path_tunnel tunnel;
	uint32_t at = path_overlay_read(&tunnel, bytes, remote);
	uint8_t should[2300];

	if (at == 0)
		return false;
	fprintf(out, " %s %u to %s", tunnel.format, tunnel.segment, remote);
	if (tunnel.to_mac != path_frame_host(remote))
		fprintf(out, " by %02x", tunnel.to_mac);
	if (tunnel.ecn != 0)
		fprintf(out, " ecn %u", tunnel.ecn);
	/* RFC 7348 section 5: from the dynamic ports. */
	assert_true(!path_tunnel_is_udp(&tunnel) || tunnel.source_port >= 49152);
	path_overlay_source_port = tunnel.source_port;
	if (length != path_tunnel_wrap(&tunnel, bytes + at, length - at, should) ||
	    memcmp(should, bytes, length) != 0)
		fprintf(out, " BAD HEADERS");
	path_overlay_say_inner(frame, bytes + at, length - at, out);
	return true;
}

/* ---- what the switch says itself ---- */

static inline bool
path_overlay_say_arp(const uint8_t *bytes, uint32_t l3, FILE *out)
{
	const uint8_t *arp = bytes + l3;
	char sender[INET_ADDRSTRLEN], target[INET_ADDRSTRLEN];

	if (path_frame_get16(arp - 2) != 0x0806)
		return false;
	inet_ntop(AF_INET, arp + 14, sender, sizeof(sender));
	inet_ntop(AF_INET, arp + 24, target, sizeof(target));
	if (arp[7] == 1)
		fprintf(out, " ask %s for %s", sender, target);
	else
		fprintf(out, " reply %02x %s", arp[13], sender);
	if (memcmp(arp, "\0\1\10\0\6\4\0", 7) != 0 || memcmp(bytes + 6, arp + 8, 6) != 0 ||
	    (arp[7] == 2 && memcmp(bytes, arp + 18, 6) != 0))
		fprintf(out, " GARBLED");
	return true;
}

static inline void
path_overlay_say_icmp6(const uint8_t *ip, uint32_t length, FILE *out)
{
	char src[INET6_ADDRSTRLEN], target[INET6_ADDRSTRLEN];
	const uint8_t *icmp = ip + 40;
	uint32_t n = path_frame_get16(ip + 4);

	inet_ntop(AF_INET6, ip + 8, src, sizeof(src));
	inet_ntop(AF_INET6, icmp + 8, target, sizeof(target));
	if (icmp[0] == 135)
		fprintf(out, " ns %s for %s", src, target);
	else if (icmp[0] == 136)
		fprintf(out, " na %02x %s flags %02x", icmp[31], target, icmp[4]);
	else if (icmp[0] == 2)
		fprintf(out, " too big %u from %s", path_frame_get16(icmp + 6), src);
	else
		fprintf(out, " icmp %u from %s", icmp[0], src);
	if (n + 40 > length || path_frame_sum(icmp, n, path_frame_pseudo(ip, n, 58)) != 0 ||
	    ip[7] != (icmp[0] == 135 || icmp[0] == 136 ? 255 : 64))
		fprintf(out, " GARBLED");
}

static inline void
path_overlay_say_icmp4(const uint8_t *ip, uint32_t length, FILE *out)
{
	char src[INET_ADDRSTRLEN];
	const uint8_t *icmp = ip + 20;
	uint32_t n = path_frame_get16(ip + 2);

	inet_ntop(AF_INET, ip + 12, src, sizeof(src));
	if (icmp[0] == 3 && icmp[1] == 4)
		fprintf(out, " too big %u from %s", path_frame_get16(icmp + 6), src);
	else
		fprintf(out, " icmp %u from %s", icmp[0], src);
	if (n > length || path_frame_sum(ip, 20, 0) != 0 || path_frame_sum(icmp, n - 20, 0) != 0 ||
	    ip[8] != 64)
		fprintf(out, " GARBLED");
}

/* The packet that was refused stands behind: as much of it as fits. */
static inline void
path_overlay_check_quote(const struct path_frame *frame, const uint8_t *ip)
{
	bool is_ip6 = ip[0] >> 4 == 6;
	const uint8_t *quote = ip + (is_ip6 ? 48 : 28);
	uint32_t n = path_frame_get16(ip + (is_ip6 ? 4 : 2)) - (is_ip6 ? 8 : 28);

	if (ip[is_ip6 ? 40 : 20] == (is_ip6 ? 2 : 3))
		assert_memory_equal(quote, frame->bytes + frame->l2 + 2, n);
}

static inline void
path_overlay_say_own(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
		     FILE *out)
{
	uint32_t l3 = path_frame_get16(bytes + 12) == 0x8100 ? 18 : 14;
	uint16_t type = path_frame_get16(bytes + l3 - 2);

	if (l3 == 18)
		fprintf(out, " vlan %u", path_frame_get16(bytes + 14));
	if (path_overlay_say_arp(bytes, l3, out))
		return;
	if (type == 0x86dd && bytes[l3 + 6] == IPPROTO_ICMPV6)
		path_overlay_say_icmp6(bytes + l3, length - l3, out);
	else if (type == 0x0800 && bytes[l3 + 9] == IPPROTO_ICMP)
		path_overlay_say_icmp4(bytes + l3, length - l3, out);
	else
		fprintf(out, " GARBLED");
	if (frame != NULL)
		path_overlay_check_quote(frame, bytes + l3);
}

/* ---- the story ---- */

/* It has passed through, in a tunnel or not, as it is or in pieces; or it is the switch's own. */
static inline void
path_overlay_say_one(const struct path_frame *frame, const uint8_t *bytes, uint32_t length,
		     FILE *out)
{
	char *says;
	size_t n;
	FILE *try = open_memstream(&says, &n);

	if (frame != NULL && !path_overlay_say_tunnel(frame, bytes, length, try))
		path_overlay_say_inner(frame, bytes, length, try);
	fclose(try);
	if (frame != NULL && strcmp(says, " GARBLED") != 0)
		fputs(says, out);
	else
		path_overlay_say_own(frame, bytes, length, out);
	free(says);
}

/* The i-th that left is because of the i-th of the frames; the last one stands for all others. */
static inline void
path_overlay_say_sent(const struct path_frame *frames, uint32_t n, FILE *out)
{
	uint32_t i = 0;

	for (size_t at = 0; at < fake.log_bytes; i++) {
		struct fake_sent sent;

		memcpy(&sent, fake.log + at, sizeof(sent));
		fprintf(out, "%s%s", ftell(out) > 0 ? ", " : "",
			weft_topology_port_name(weft_topology, sent.port));
		path_overlay_say_one(n == 0 ? NULL : &frames[RTE_MIN(i, n - 1)],
				     fake.log + at + sizeof(sent), sent.length, out);
		at += sizeof(sent) + sent.length;
	}
	fake.log_bytes = 0;
}

/* What has been dropped since the last time. */
static inline void
path_overlay_say_drops(FILE *out)
{
	const struct weft_port_count *counts = weft_workers[0]->counts;

	for (uint16_t port = 0; port < WEFT_PORTS_MAX; port++)
		for (uint32_t reason = 0; reason < WEFT_DROPS_END; reason++)
			for (uint64_t i = path_overlay_counted[port].drops[reason];
			     i < counts[port].drops[reason]; i++) {
				path_walk_seen[reason] = true;
				fprintf(out, "%s%s/%s", ftell(out) > 0 ? ", " : "",
					weft_drop_texts[reason].stage,
					weft_drop_texts[reason].word);
			}
	memcpy(path_overlay_counted, counts, sizeof(path_overlay_counted));
}

/* Says what has been sent and dropped: because of the frames, or unasked. The caller frees it. */
static inline char *
path_overlay_look(const struct path_frame *frames, uint32_t n)
{
	size_t bytes;
	char *says;
	FILE *out = open_memstream(&says, &bytes);

	assert_non_null(out);
	forward_check_conservation();
	path_overlay_say_sent(frames, n, out);
	path_overlay_say_drops(out);
	fclose(out);
	return says;
}

static inline char *
path_overlay_send(const char *from, const char *text)
{
	int32_t port = weft_topology_find_port(weft_topology, from);
	struct path_frame frame;
	struct rte_mbuf *packet;

	assert_true(port >= 0);
	path_tunnel_build(&frame, text);
	packet = forward_packet(frame.bytes, frame.length + frame.padding);
	forward_burst(weft_workers[0], (uint16_t)port, &packet, 1);
	return path_overlay_look(&frame, 1);
}

static inline void
path_overlay_expect(char *says, const char *should, const char *what)
{
	if (strcmp(says, should) != 0)
		print_error("%s\n", what);
	assert_string_equal(says, should);
	free(says);
}

/* Once, or twice: then the second may be answered from the cache. */
static inline void
path_overlay_play(const struct path_walk_step *steps, size_t n, int times)
{
	for (size_t i = 0; i < n; i++)
		for (int again = 0; again < times; again++)
			path_overlay_expect(path_overlay_send(steps[i].from, steps[i].frame),
					    steps[i].result, steps[i].frame);
}

#define PATH_OVERLAY_PLAY(times, ...)                                                              \
	path_overlay_play((const struct path_walk_step[]){ __VA_ARGS__ },                          \
			  COUNT(((const struct path_walk_step[]){ __VA_ARGS__ })), times)

/* Time passes, @p ms in all, and the worker tends to what has to be done. */
static inline char *
path_overlay_wait(uint32_t ms)
{
	struct weft_worker *worker = weft_workers[0];

	for (uint32_t end = worker->now_ms + ms; worker->now_ms < end;) {
		forward_time(worker->now_ms + 10);
		worker->topology = weft_rcu_load(weft_topology);
		weft_tend(worker);
		if (worker->n_held > 0)
			weft_hold_try(worker);
		weft_tx_flush(worker);
	}
	return path_overlay_look(NULL, 0);
}

static inline int
path_overlay_start(void **state)
{
	memset(path_overlay_counted, 0, sizeof(path_overlay_counted));
	path_frame_self = (struct path_frame_self){ "192.0.2.1", 0, 4789, 6081, 0, 64, false };
	return path_walk_start(state);
}

#endif
