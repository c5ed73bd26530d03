/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path as a story: who sends what, and what becomes of it.
 *
 * Frames are words, see path_frame_helper.h. Results are words as well: the ports where it leaves,
 * in order, with the tag that it has there, or the reason for which it is dropped. What leaves is
 * compared byte by byte with what a slow hand makes of the frame.
 */
#ifndef TEST_UNIT_PATH_WALK_HELPER_H
#define TEST_UNIT_PATH_WALK_HELPER_H

#include "forward_helper.h"

#include "conf_helper.h"
#include "path/path.h"
#include "path_frame_helper.h"

static bool path_walk_seen[WEFT_DROPS_END]; /* reasons, in all stories so far */

struct path_walk_step {
	const char *from; /* port */
	const char *frame;
	const char *result;
};

/* ---- results to words ---- */

/* A frame as it should be at a port, but for its tag; says the tag. */
static inline void
path_walk_say_sent(const struct path_frame *frame, const struct fake_sent *sent,
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
	struct path_frame frame;
	struct rte_mbuf *packet;
	size_t bytes, at = 0;
	char *says;
	FILE *out = open_memstream(&says, &bytes);

	assert_true(port >= 0 && out != NULL);
	path_frame_build(&frame, text);
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

/* Which program tells a story of a reason. Memory does not run out in stories. */
enum path_walk_told_by {
	PATH_WALK_TOLD_BY_WALK,
	PATH_WALK_TOLD_BY_OVERLAY,
	PATH_WALK_TOLD_BY_HOLD,
	PATH_WALK_TOLD_BY_NOBODY,
};

/* What security groups, guards and budgets say is told with packet files, test/path. */
static inline bool
path_walk_is_policy(enum weft_drop reason)
{
	return (reason >= DROP_ADMIT_RARP_SPOOFED && reason <= DROP_ADMIT_FRAGMENT_INCOMPLETE) ||
	       (reason >= DROP_DELIVER_ETHERTYPE && reason <= DROP_DELIVER_CONNECTION_TABLE_FULL) ||
	       (reason >= DROP_TRANSLATE_UNSOLICITED && reason <= DROP_ROUTE_TOO_BIG) ||
	       reason == DROP_ANSWER_BAD_SOLICITATION || reason == DROP_BRIDGE_MAC_MOVE_BUDGET ||
	       reason == DROP_WORKER_BROADCAST_BUDGET || reason == DROP_WORKER_BAD_OFFLOAD;
}

static inline enum path_walk_told_by
path_walk_told_by(enum weft_drop reason)
{
	if (reason == DROP_ENCAP_NO_MEMORY || path_walk_is_policy(reason))
		return PATH_WALK_TOLD_BY_NOBODY;
	if (reason == DROP_ENCAP_HOLD_FULL || reason == DROP_ENCAP_NO_NEIGHBOUR)
		return PATH_WALK_TOLD_BY_HOLD;
	if ((reason >= DROP_TERMINATE_WRONG_ENDPOINT && reason <= DROP_TERMINATE_UNKNOWN_SEGMENT) ||
	    (reason >= DROP_ANSWER_TAKEN && reason <= DROP_ANSWER_UNKNOWN_ADDRESS) ||
	    reason == DROP_BRIDGE_SPLIT_HORIZON || reason == DROP_ENCAP_NO_ROUTE)
		return PATH_WALK_TOLD_BY_OVERLAY;
	return PATH_WALK_TOLD_BY_WALK;
}

static inline void
path_walk_check_seen(enum path_walk_told_by program)
{
	for (uint32_t reason = 1; reason < WEFT_DROPS_END; reason++) {
		if (path_walk_told_by(reason) != program)
			continue;
		if (!path_walk_seen[reason])
			print_error("not seen: %s/%s\n", weft_drop_texts[reason].stage,
				    weft_drop_texts[reason].word);
		assert_true(path_walk_seen[reason]);
	}
}

#define PATH_WALK_PLAY(...)                                                                        \
	path_walk_play((const struct path_walk_step[]){ __VA_ARGS__ },                             \
		       COUNT(((const struct path_walk_step[]){ __VA_ARGS__ })))

static inline void
path_walk_apply(const char *text)
{
	struct weft_errors errors = WEFT_ERRORS_NONE;

	assert_int_equal(weft_running_apply(conf_helper_load_open(text), &errors), 0);
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
