/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from words.
 *
 * "b < a" is from 02:00:00:00:00:0a to 02:00:00:00:00:0b, "*" is broadcast; then tags, then what is
 * inside. "vxlan 1001 from 192.0.2.2 / b < a" is the same in a tunnel to our endpoint, whose MAC
 * ends in ee; hosts of the underlay have MACs that end like their addresses.
 */
#ifndef TEST_UNIT_PATH_FRAME_HELPER_H
#define TEST_UNIT_PATH_FRAME_HELPER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct path_frame {
	uint8_t bytes[2048];
	uint32_t length;
	uint32_t inner; /* where the frame in the tunnel begins; 0: no tunnel */
	uint32_t padding; /* bytes behind, that belong to nobody */
	uint32_t l2; /* offset of the last EtherType */
};

/* ---- bytes ---- */

static inline void
path_frame_put16(struct path_frame *frame, uint16_t value)
{
	frame->bytes[frame->length++] = (uint8_t)(value >> 8);
	frame->bytes[frame->length++] = (uint8_t)value;
}

static inline uint16_t
path_frame_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void
path_frame_set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/** RFC 1071, by the book: what a checksum field must say so that all adds up, given @p start. */
static inline uint16_t
path_frame_sum(const uint8_t *bytes, uint32_t n, uint32_t start)
{
	uint32_t sum = start;

	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/** Of the pseudo header of IPv6 (RFC 8200 section 8.1), not complemented. */
static inline uint32_t
path_frame_pseudo(const uint8_t *ip, uint32_t length, uint8_t protocol)
{
	return (uint16_t)~path_frame_sum(ip + 8, 32, 0) + length + protocol;
}

static inline bool
path_frame_is_ip6(const char *address)
{
	return strchr(address, ':') != NULL;
}

static inline void
path_frame_put_address(uint8_t *at, const char *address)
{
	int family = path_frame_is_ip6(address) ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, address, at), 1);
}

/* The last byte of an address is that of its owner's MAC. */
static inline uint8_t
path_frame_host(const char *address)
{
	uint8_t bytes[16];

	path_frame_put_address(bytes, address);
	return bytes[path_frame_is_ip6(address) ? 15 : 3];
}

static inline void
path_frame_put_mac(struct path_frame *frame, const char *word)
{
	static const struct {
		const char *word;
		uint8_t bytes[6];
	} special[] = {
		{ "*", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ "group", { 0x01, 0x00, 0x5e, 0, 0, 1 } },
		{ "group6", { 0x33, 0x33, 0xff, 0, 0, 1 } },
		{ "nodes", { 0x33, 0x33, 0, 0, 0, 1 } },
		{ "stp", { 0x01, 0x80, 0xc2, 0, 0, 0 } },
		{ "lldp", { 0x01, 0x80, 0xc2, 0, 0, 0x0e } },
		{ "gmrp", { 0x01, 0x80, 0xc2, 0, 0, 0x20 } },
		{ "zero", { 0 } },
	};
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)strtoul(word, NULL, 16) };

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(word, special[i].word) == 0)
			memcpy(mac, special[i].bytes, 6);
	memcpy(frame->bytes + frame->length, mac, 6);
	frame->length += 6;
}

/* ---- what a guest might put behind ---- */

static inline void
path_frame_put_arp(struct path_frame *frame, const char *sender, const char *ip, uint16_t op,
		   const char *target)
{
	path_frame_put16(frame, 0x0806);
	path_frame_put16(frame, 1);
	path_frame_put16(frame, 0x0800);
	path_frame_put16(frame, 0x0604);
	path_frame_put16(frame, op);
	path_frame_put_mac(frame, sender);
	path_frame_put_address(frame->bytes + frame->length, ip);
	path_frame_put_address(frame->bytes + frame->length + 10, target);
	frame->length += 4 + 10;
}

static inline void
path_frame_put_ip4(struct path_frame *frame, const char *ip, uint8_t protocol, uint16_t sport,
		   uint16_t dport)
{
	uint32_t at = frame->length + 2;

	path_frame_put16(frame, 0x0800);
	frame->bytes[at] = 0x45;
	frame->bytes[at + 9] = protocol;
	path_frame_put_address(frame->bytes + at + 12, ip);
	frame->length = at + 20;
	path_frame_put16(frame, sport);
	path_frame_put16(frame, dport);
	frame->length += 4;
}

static inline void
path_frame_put_ip6(struct path_frame *frame, const char *ip, uint8_t next)
{
	uint32_t at = frame->length + 2;

	path_frame_put16(frame, 0x86dd);
	frame->bytes[at] = 0x60;
	frame->bytes[at + 6] = next;
	path_frame_put_address(frame->bytes + at + 8, ip);
	frame->length = at + 48;
}

/* A report, RFC 2710 section 3. */
static inline void
path_frame_put_mld(struct path_frame *frame, const char *ip)
{
	path_frame_put_ip6(frame, ip, 58);
	frame->bytes[frame->length - 8] = 131;
}

/* A whole IP header over @p bytes of payload, which stand behind it already. @return its length */
static inline uint32_t
path_frame_fill_ip(uint8_t *ip, const char *src, const char *dst, uint8_t protocol, uint32_t bytes)
{
	if (path_frame_is_ip6(src)) {
		memset(ip, 0, 40);
		ip[0] = 0x60;
		path_frame_set16(ip + 4, bytes);
		ip[6] = protocol;
		ip[7] = 255;
		path_frame_put_address(ip + 8, src);
		path_frame_put_address(ip + 24, dst);
		return 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	path_frame_set16(ip + 2, 20 + bytes);
	path_frame_set16(ip + 4, 0x1234);
	ip[8] = 61;
	ip[9] = protocol;
	path_frame_put_address(ip + 12, src);
	path_frame_put_address(ip + 16, dst);
	path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0));
	return 20;
}

/* "udp SRC DST BYTES [df | part | ecn N]...": an IP packet of that many bytes. */
static inline void
path_frame_put_udp(struct path_frame *frame, const char *src, char **words)
{
	const char *dst = strtok_r(NULL, " ", words), *word;
	uint32_t bytes = (uint32_t)atoi(strtok_r(NULL, " ", words));
	bool is_ip6 = path_frame_is_ip6(src);
	uint8_t *ip;

	path_frame_put16(frame, is_ip6 ? 0x86dd : 0x0800);
	ip = frame->bytes + frame->length;
	frame->length += bytes;
	for (uint32_t i = 0; i < bytes; i++)
		ip[i] = (uint8_t)(i * 7 + i / 256);
	path_frame_fill_ip(ip, src, dst, IPPROTO_UDP, bytes - (is_ip6 ? 40 : 20));
	while ((word = strtok_r(NULL, " ", words)) != NULL) {
		if (strcmp(word, "df") == 0)
			ip[6] = 0x40;
		else if (strcmp(word, "part") == 0)
			ip[6] = 0x20;
		else if (strcmp(word, "later") == 0)
			ip[7] = 0x10;
		else if (strcmp(word, "ecn") == 0)
			ip[1] |= (uint8_t)(atoi(strtok_r(NULL, " ", words)) << (is_ip6 ? 4 : 0));
		else
			fail_msg("no such word: %s", word);
	}
	if (is_ip6)
		return;
	path_frame_set16(ip + 10, 0);
	path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0));
}

/* ICMP of either kind, with its checksum. @p bytes of it are there but for the sum. */
static inline void
path_frame_put_icmp(struct path_frame *frame, const char *src, const char *dst, const uint8_t *icmp,
		    uint32_t bytes)
{
	bool is_ip6 = path_frame_is_ip6(src);
	uint8_t *ip, *at;

	path_frame_put16(frame, is_ip6 ? 0x86dd : 0x0800);
	ip = frame->bytes + frame->length;
	at = ip + (is_ip6 ? 40 : 20);
	memcpy(at, icmp, bytes);
	path_frame_fill_ip(ip, src, dst, is_ip6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, bytes);
	path_frame_set16(at + 2,
			 path_frame_sum(at, bytes, is_ip6 ? path_frame_pseudo(ip, bytes, 58) : 0));
	frame->length += (uint32_t)(at - ip) + bytes;
}

/* "ping SRC DST [short | options]" */
static inline void
path_frame_put_ping(struct path_frame *frame, const char *src, const char *dst, const char *how)
{
	uint8_t icmp[48] = { path_frame_is_ip6(src) ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 1 };
	uint8_t *ip = frame->bytes + frame->length + 2;

	for (uint32_t i = 8; i < sizeof(icmp); i++)
		icmp[i] = (uint8_t)i;
	path_frame_put_icmp(frame, src, dst, icmp, sizeof(icmp));
	if (how == NULL)
		return;
	if (strcmp(how, "short") == 0) {
		/* Up to the identifier. */
		frame->length = (uint32_t)(ip - frame->bytes) + 20 + 6;
		path_frame_set16(ip + 2, 26);
		path_frame_set16(ip + 10, 0);
		path_frame_set16(ip + 10, path_frame_sum(ip, 20, 0));
		return;
	}
	memmove(ip + 48, ip + 40, sizeof(icmp));
	memcpy(ip + 40, (uint8_t[]){ IPPROTO_ICMPV6, 0, 1, 4 }, 4);
	memset(ip + 44, 0, 4);
	ip[6] = IPPROTO_DSTOPTS;
	path_frame_set16(ip + 4, sizeof(icmp) + 8);
	frame->length += 8;
}

/* "ns SRC TARGET [MAC]" or "na TARGET [MAC]"; who does not say his MAC has been asked directly. */
static inline void
path_frame_put_nd(struct path_frame *frame, const char *src, const char *target, const char *mac,
		  bool is_question)
{
	uint8_t nd[32] = { is_question ? 135 : 136 };
	struct path_frame option = { .length = 26 };
	char group[INET6_ADDRSTRLEN];
	uint8_t dst[16] = { 0xff, 2, [11] = 1, [12] = 0xff };

	nd[4] = is_question ? 0 : mac == NULL ? 0x40 : 0x20;
	path_frame_put_address(nd + 8, target);
	memcpy(dst + 13, nd + 21, 3);
	if (mac != NULL) {
		path_frame_put_mac(&option, mac);
		nd[24] = is_question ? 1 : 2;
		nd[25] = 1;
		memcpy(nd + 26, option.bytes + 26, 6);
	}
	path_frame_put_icmp(frame, src,
			    is_question ? inet_ntop(AF_INET6, dst, group, sizeof(group)) :
					  "ff02::1",
			    nd, mac == NULL ? 24 : 32);
}

static inline bool
path_frame_put_message(struct path_frame *frame, const char *what, const char *argument,
		       char **words)
{
	const char *second;

	if (strcmp(what, "arp") == 0 || strcmp(what, "reply") == 0) {
		second = strtok_r(NULL, " ", words);
		path_frame_put_arp(frame, argument, second, strcmp(what, "arp") == 0 ? 1 : 2,
				   "0.0.0.0");
	} else if (strcmp(what, "ask") == 0) {
		second = strtok_r(NULL, " ", words);
		path_frame_put_arp(frame, argument, second, 1, strtok_r(NULL, " ", words));
	} else if (strcmp(what, "ns") == 0) {
		second = strtok_r(NULL, " ", words);
		path_frame_put_nd(frame, argument, second, strtok_r(NULL, " ", words), true);
		/* From beyond a router: not as RFC 4861 demands. */
		if (strstr(*words, "far") != NULL)
			frame->bytes[frame->l2 + 2 + 7] = 254;
	} else if (strcmp(what, "na") == 0) {
		path_frame_put_nd(frame, argument, argument, strtok_r(NULL, " ", words), false);
	} else if (strcmp(what, "ping") == 0) {
		second = strtok_r(NULL, " ", words);
		path_frame_put_ping(frame, argument, second, strtok_r(NULL, " ", words));
	} else if (strcmp(what, "udp") == 0) {
		path_frame_put_udp(frame, argument, words);
	} else {
		return false;
	}
	return true;
}

static inline void
path_frame_put_inside(struct path_frame *frame, char **words)
{
	const char *what = strtok_r(NULL, " ", words), *argument;

	frame->l2 = frame->length;
	if (what == NULL)
		return path_frame_put16(frame, 0x88b5);
	argument = strtok_r(NULL, " ", words);
	if (path_frame_put_message(frame, what, argument, words))
		return;
	if (strcmp(what, "ip") == 0)
		path_frame_put_ip4(frame, argument, 6, 1000, 80);
	else if (strcmp(what, "dhcp") == 0)
		path_frame_put_ip4(frame, "0.0.0.0", 17, 68, 67);
	else if (strcmp(what, "dns") == 0)
		path_frame_put_ip4(frame, "0.0.0.0", 17, 68, 53);
	else if (strcmp(what, "ip6") == 0)
		path_frame_put_ip6(frame, argument, 6);
	else if (strcmp(what, "icmp6") == 0)
		path_frame_put_ip6(frame, argument, 58);
	else if (strcmp(what, "mld") == 0)
		path_frame_put_mld(frame, argument);
	else if (strcmp(what, "type") == 0)
		path_frame_put16(frame, (uint16_t)strtoul(argument, NULL, 16));
	else if (strcmp(what, "payload") == 0)
		frame->length += 2 + (uint32_t)atoi(argument);
	else if (strcmp(what, "cut") == 0)
		frame->length = (uint32_t)atoi(argument);
	else
		fail_msg("no such word: %s", what);
}

/* "DST < SRC [prio | vlan N]... [WHAT]", as long as Ethernet wants it, unless told otherwise. */
static inline void
path_frame_build(struct path_frame *frame, const char *text)
{
	char *copy = strdup(text), *words, *dst, *src, *tag;

	memset(frame, 0, sizeof(*frame));
	for (uint32_t i = 100; i < sizeof(frame->bytes); i++)
		frame->bytes[i] = (uint8_t)(i * 7);
	dst = strtok_r(copy, " <", &words);
	src = strtok_r(NULL, " <", &words);
	path_frame_put_mac(frame, dst);
	path_frame_put_mac(frame, src);
	while (strncmp(words, "prio", 4) == 0 || strncmp(words, "vlan", 4) == 0) {
		tag = strtok_r(NULL, " ", &words);
		path_frame_put16(frame, 0x8100);
		/* With a priority that must not come out anywhere. */
		path_frame_put16(frame,
				 tag[0] == 'p' ?
					 0xa000 :
					 (uint16_t)(0x6000 + atoi(strtok_r(NULL, " ", &words))));
	}
	path_frame_put_inside(frame, &words);
	if (strstr(text, "payload") == NULL && strstr(text, "cut") == NULL &&
	    strstr(text, "short") == NULL && frame->length < 60)
		frame->length = 60;
	free(copy);
}

#endif
