/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path: the order of the stages, written once.
 *
 * A walk asks the stages one after the other. Those up to `route` are asked once per packet, and
 * from `bridge` on once more for each router on the way; the ones behind once per output, since a
 * flooded frame has many. Each stage is one function in the file of its name, weft_stage_<name>(),
 * and answers: next stage please, or drop for this reason.
 *
 * This list is the only place where the order stands: the enum, the walk, traces, `weftctl path`
 * and the drawing in the guide are made from it.
 */
#ifndef WEFT_PATH_PATH_H
#define WEFT_PATH_PATH_H

#include <stdint.h>

/* STAGE(name, what it says) */
#define WEFT_PATH(STAGE)                                                                           \
	STAGE(terminate, "which network is this? the port's, the tag's on the wire, the tunnel's") \
	STAGE(admit, "may this port say this? spoofing ends here; egress rules")                   \
	STAGE(answer, "can we answer ourselves? ARP and ND for known addresses, our endpoint")     \
	STAGE(bridge, "learn the source, look the destination up: port, peer, router, everybody")  \
	STAGE(translate, "whom do its addresses stand for? floating IP, forwarding, source NAT")   \
	STAGE(firewall, "may it pass the router? its allow and deny rules, for inside addresses")  \
	STAGE(route, "who is next, in which network? TTL, longest prefix; then bridge there")      \
	STAGE(deliver, "may this receiver hear this? its state, ingress rules, MTU")               \
	STAGE(encap, "what does the wire want in front? a tag, or a tunnel's headers")

/* clang-format off */
enum weft_stage {
#define STAGE(name, says) WEFT_STAGE_##name,
	WEFT_PATH(STAGE)
#undef STAGE
	WEFT_STAGES,
};
/* clang-format on */

/** The first of the stages that are asked per output. */
#define WEFT_STAGE_PER_OUTPUT WEFT_STAGE_deliver

/** "bridge"; and what it says. */
const char *weft_stage_name(enum weft_stage stage);
const char *weft_stage_sentence(enum weft_stage stage);

#endif
