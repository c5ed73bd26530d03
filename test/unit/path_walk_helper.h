/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path as a story: who sends what, and what becomes of it.
 *
 * Frames are words: "b < a" is from 02:00:00:00:00:0a to 02:00:00:00:00:0b, "*" is broadcast;
 * then tags, then what is inside. Results are words as well: the ports where it leaves, in order,
 * with the tag that it has there, or the reason for which it is dropped. What leaves is compared
 * byte by byte with what a slow hand makes of the frame.
 */
#ifndef TEST_UNIT_PATH_WALK_HELPER_H
#define TEST_UNIT_PATH_WALK_HELPER_H

#include "forward_helper.h"

#include <arpa/inet.h>

#include "conf_helper.h"
#include "path/path.h"

struct path_walk_frame {
	uint8_t bytes[2048];
	uint32_t length;
	uint32_t l2; /* offset of the last EtherType */
};

static bool path_walk_seen[WEFT_DROPS_END]; /* reasons, in all stories so far */

struct path_walk_step {
	const char *from; /* port */
	const char *frame;
	const char *result;
};

/* ---- frames from words ---- */

static inline void
path_walk_put_mac(struct path_walk_frame *frame, const char *word)
{
	static const struct {
		const char *word;
		uint8_t bytes[6];
	} special[] = {
		{ "*", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ "group", { 0x01, 0x00, 0x5e, 0, 0, 1 } },
		{ "stp", { 0x01, 0x80, 0xc2, 0, 0, 0 } },
		{ "lldp", { 0x01, 0x80, 0xc2, 0, 0, 0x0e } },
		{ "gmrp", { 0x01, 0x80, 0xc2, 0, 0, 0x20 } },
		{ "zero", { 0 } },
	};
	uint8_t mac[6] = { 2, 0, 0, 0, 0, (uint8_t)strtoul(word, NULL, 16) };

	for (size_t i = 0; i < COUNT(special); i++)
		if (strcmp(word, special[i].word) == 0)
			memcpy(mac, special[i].bytes, 6);
	memcpy(frame->bytes + frame->length, mac, 6);
	frame->length += 6;
}

static inline void
path_walk_put16(struct path_walk_frame *frame, uint16_t value)
{
	frame->bytes[frame->length++] = (uint8_t)(value >> 8);
	frame->bytes[frame->length++] = (uint8_t)value;
}

static inline void
path_walk_put_arp(struct path_walk_frame *frame, const char *sender, const char *ip, uint16_t op)
{
	path_walk_put16(frame, 0x0806);
	path_walk_put16(frame, 1);
	path_walk_put16(frame, 0x0800);
	path_walk_put16(frame, 0x0604);
	path_walk_put16(frame, op);
	path_walk_put_mac(frame, sender);
	assert_int_equal(inet_pton(AF_INET, ip, frame->bytes + frame->length), 1);
	frame->length += 4 + 10;
}

static inline void
path_walk_put_ip4(struct path_walk_frame *frame, const char *ip, uint8_t protocol, uint16_t sport,
		  uint16_t dport)
{
	uint32_t at = frame->length + 2;

	path_walk_put16(frame, 0x0800);
	frame->bytes[at] = 0x45;
	frame->bytes[at + 9] = protocol;
	assert_int_equal(inet_pton(AF_INET, ip, frame->bytes + at + 12), 1);
	frame->length = at + 20;
	path_walk_put16(frame, sport);
	path_walk_put16(frame, dport);
	frame->length += 4;
}

static inline void
path_walk_put_ip6(struct path_walk_frame *frame, const char *ip, uint8_t next)
{
	uint32_t at = frame->length + 2;

	path_walk_put16(frame, 0x86dd);
	frame->bytes[at] = 0x60;
	frame->bytes[at + 6] = next;
	assert_int_equal(inet_pton(AF_INET6, ip, frame->bytes + at + 8), 1);
	frame->length = at + 48;
}

/* "DST < SRC [prio | vlan N]... [WHAT]": what a guest might put behind. */
static inline void
path_walk_put_inside(struct path_walk_frame *frame, char **words)
{
	const char *what = strtok_r(NULL, " ", words), *argument;

	frame->l2 = frame->length;
	if (what == NULL)
		return path_walk_put16(frame, 0x88b5);
	argument = strtok_r(NULL, " ", words);
	if (strcmp(what, "arp") == 0 || strcmp(what, "reply") == 0)
		path_walk_put_arp(frame, argument, strtok_r(NULL, " ", words),
				  strcmp(what, "arp") == 0 ? 1 : 2);
	else if (strcmp(what, "ip") == 0)
		path_walk_put_ip4(frame, argument, 6, 1000, 80);
	else if (strcmp(what, "dhcp") == 0)
		path_walk_put_ip4(frame, "0.0.0.0", 17, 68, 67);
	else if (strcmp(what, "dns") == 0)
		path_walk_put_ip4(frame, "0.0.0.0", 17, 68, 53);
	else if (strcmp(what, "ip6") == 0)
		path_walk_put_ip6(frame, argument, 6);
	else if (strcmp(what, "icmp6") == 0)
		path_walk_put_ip6(frame, argument, 58);
	else if (strcmp(what, "type") == 0)
		path_walk_put16(frame, (uint16_t)strtoul(argument, NULL, 16));
	else if (strcmp(what, "payload") == 0)
		frame->length += 2 + (uint32_t)atoi(argument);
	else if (strcmp(what, "cut") == 0)
		frame->length = (uint32_t)atoi(argument);
	else
		fail_msg("no such word: %s", what);
}

static inline void
path_walk_build(struct path_walk_frame *frame, const char *text)
{
	char *copy = strdup(text), *words, *dst, *src, *tag;

	memset(frame, 0, sizeof(*frame));
	for (uint32_t i = 100; i < sizeof(frame->bytes); i++)
		frame->bytes[i] = (uint8_t)(i * 7);
	dst = strtok_r(copy, " <", &words);
	src = strtok_r(NULL, " <", &words);
	path_walk_put_mac(frame, dst);
	path_walk_put_mac(frame, src);
	while (strncmp(words, "prio", 4) == 0 || strncmp(words, "vlan", 4) == 0) {
		tag = strtok_r(NULL, " ", &words);
		path_walk_put16(frame, 0x8100);
		/* With a priority that must not come out anywhere. */
		path_walk_put16(frame,
				tag[0] == 'p' ?
					0xa000 :
					(uint16_t)(0x6000 + atoi(strtok_r(NULL, " ", &words))));
	}
	path_walk_put_inside(frame, &words);
	if (strstr(text, "payload") == NULL && strstr(text, "cut") == NULL && frame->length < 60)
		frame->length = 60;
	free(copy);
}

/* ---- results to words ---- */

/* A frame as it should be at a port, but for its tag; says the tag. */
static inline void
path_walk_say_sent(const struct path_walk_frame *frame, const struct fake_sent *sent,
		   const uint8_t *bytes, FILE *out)
{
	const char *port = weft_topology_port_name(weft_topology, sent->port);
	uint32_t tag = sent->length >= 16 && bytes[12] == 0x81 && bytes[13] == 0 ? 4 : 0;
	uint32_t rest = frame->length - frame->l2;

	fprintf(out, "%s%s", ftell(out) > 0 ? ", " : "", port);
	if (tag != 0)
		fprintf(out, " vlan %u", bytes[14] << 8 | bytes[15]);
	if (sent->length != 12 + tag + rest || memcmp(bytes, frame->bytes, 12) != 0 ||
	    memcmp(bytes + 12 + tag, frame->bytes + frame->l2, rest) != 0)
		fprintf(out, " GARBLED");
}

static inline void
path_walk_say_drops(FILE *out)
{
	for (uint16_t port = 0; port < WEFT_PORTS_MAX; port++)
		for (uint32_t reason = 0; reason < WEFT_DROPS_END; reason++) {
			uint64_t *drops = &weft_workers[0]->counts[port].drops[reason];

			path_walk_seen[reason] |= *drops > 0;
			for (; *drops > 0; --*drops)
				fprintf(out, "%s%s/%s", ftell(out) > 0 ? ", " : "",
					weft_drop_texts[reason].stage,
					weft_drop_texts[reason].word);
		}
}

/* Sends a frame and says what became of it; the counters are reset. */
static inline char *
path_walk_send(const char *from, const char *text)
{
	int32_t port = weft_topology_find_port(weft_topology, from);
	struct path_walk_frame frame;
	struct rte_mbuf *packet;
	size_t bytes, at = 0;
	char *says;
	FILE *out = open_memstream(&says, &bytes);

	assert_true(port >= 0 && out != NULL);
	path_walk_build(&frame, text);
	packet = forward_packet(frame.bytes, frame.length);
	fake.log_bytes = 0;
	forward_burst(weft_workers[0], (uint16_t)port, &packet, 1);
	forward_check_conservation();
	while (at < fake.log_bytes) {
		struct fake_sent sent;

		memcpy(&sent, fake.log + at, sizeof(sent));
		path_walk_say_sent(&frame, &sent, fake.log + at + sizeof(sent), out);
		at += sizeof(sent) + sent.length;
	}
	path_walk_say_drops(out);
	memset(weft_workers[0]->counts, 0, sizeof(weft_workers[0]->counts));
	fclose(out);
	return says;
}

/* Every frame is sent twice: the first is walked, the second may be answered from the cache. */
static inline void
path_walk_play(const struct path_walk_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int again = 0; again < 2; again++) {
			char *says = path_walk_send(steps[i].from, steps[i].frame);

			if (strcmp(says, steps[i].result) != 0)
				print_error("step %zu%s: %s sends %s\n", i, again ? ", again" : "",
					    steps[i].from, steps[i].frame);
			assert_string_equal(says, steps[i].result);
			free(says);
		}
}

#define PATH_WALK_PLAY(...)                                                                        \
	path_walk_play((const struct path_walk_step[]){ __VA_ARGS__ },                             \
		       COUNT(((const struct path_walk_step[]){ __VA_ARGS__ })))

static inline void
path_walk_apply(const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	assert_int_equal(weft_running_apply(conf_helper_load(text), &errors), 0);
}

static inline int
path_walk_start(void **state)
{
	(void)state;
	forward_start(1, 1024, 64);
	forward_time(1000);
	return 0;
}

static inline int
path_walk_stop(void **state)
{
	(void)state;
	forward_stop();
	return 0;
}

#endif
