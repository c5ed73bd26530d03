/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy: what a list of security groups lets through, compiled.
 *
 * Ports with the same list of groups share one policy. It is immutable, and counts its users; when
 * a configuration changes, the policies of lists whose rules came out the same are the same objects
 * as before. The groups themselves are compiled one by one (many rules by rte_acl: port ranges and
 * prefixes are not expanded), and shared by all lists that name them; a list costs some bytes.
 *
 * The groups of a list are united: a packet is let through if any rule of any of them says so. If
 * none of them says anything about a direction, ingress is closed and egress is open.
 *
 * Rules of a stateful group open the way back too; those of a stateless one do not. If both let a
 * packet through, the stateful one has said it. Among equals the first rule of the first group has.
 * "First" does not depend on how the file is written: groups are in the order of their names, and
 * rules in that of what they say, word by word: ethertype, protocol, remote prefix (IPv4 first,
 * by address, shorter before longer), ports or type and code (by the lowest, then by the highest),
 * one that logs, remote group. "Any" comes first where it is a remote prefix or an ethertype, and
 * last where it is a protocol.
 *
 * Threads: made and released by the control thread; judged by workers between two quiescent
 * states, and by the control thread. The last put must come when no worker can know it any more.
 */
#ifndef WEFT_SECGROUP_POLICY_H
#define WEFT_SECGROUP_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "conf/conf.h"

/** One rule of one group, shared by all policies that have it. */
struct weft_rule {
	char *group; /* [I] name */
	/* [A] in its group, in the last document that a policy with it was asked for; counts from
	 * 1; the lowest among equal ones */
	uint32_t number;
	struct weft_conf_rule says; /* [I] */
	bool is_stateful; /* [I] */
	bool is_logged; /* [I] */
	uint64_t *hits; /* [S] connections, or remembered flows, that it let through; see hits.h */
};

struct weft_policy;

enum weft_verdict { WEFT_DENIED, WEFT_ALLOWED_STATELESS, WEFT_ALLOWED };

/** A packet, as far as rules speak of packets. */
struct weft_question {
	enum weft_direction direction;
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t protocol; /* of IP */
	const uint8_t *remote; /* who is at the other end: 16 bytes, IPv4 in the first four */
	rte_be16_t port; /* destination port; ICMP and ICMPv6: type << 8 | code; otherwise 0 */
};

/** @param rule  the one that said it; NULL if it is the default, or nobody did. Never fails.
 *  Stands on weft_member_slot(question->remote), if weft_policy_has_sets(): depend first. */
enum weft_verdict weft_policy_judge(const struct weft_policy *policy,
				    const struct weft_question *question,
				    const struct weft_rule **rule);

/** May a verdict of this direction depend on who is in a group? */
bool weft_policy_has_sets(const struct weft_policy *policy, enum weft_direction direction);

/** Is what no rule lets through to be logged? */
bool weft_policy_logs_drops(const struct weft_policy *policy);

/** Do connections that a change of rules no longer allows go on? If any of its groups says so. */
bool weft_policy_persists(const struct weft_policy *policy);

/** Are all of its groups stateless, and is there one? Then egress that nobody speaks of is open
 *  also for what belongs to no connection: answers to what came in without one. */
bool weft_policy_is_stateless(const struct weft_policy *policy);

/** Lets it everything through, both ways, whatever it is, unlogged? Then nobody needs to ask. */
bool weft_policy_is_open(const struct weft_policy *policy);

/** Notes that a rule has let something through. @param rule  NULL is allowed */
void weft_rule_hit(const struct weft_rule *rule, uint16_t worker);

/* ---- control thread ---- */

/** @param n_workers  how many may judge. @return 0 or -ENOMEM */
int weft_policy_init(uint16_t n_workers);
void weft_policy_fini(void);

/**
 * The policy of a list of groups: an existing one, or a new one; one more user.
 *
 * The order of the list and groups that are named twice make no difference.
 *
 * @param conf    where the groups are found
 * @param names   names of groups of @p conf
 * @return NULL without memory, numbers for groups (WEFT_GROUPS_MAX), or a group that is named; then
 *         nothing has changed
 */
struct weft_policy *weft_policy_get(const struct weft_conf *conf, char *const *names, uint32_t n);

/** One more user of the same. */
struct weft_policy *weft_policy_hold(struct weft_policy *policy);

/** One user less; the last one frees it. NULL is allowed. */
void weft_policy_put(struct weft_policy *policy);

/** Hits of a rule of a group, summed over workers: the rule of @p conf, by its content. 0 if no
 *  policy has it. */
uint64_t weft_rule_hits(const struct weft_conf_group *group, const struct weft_conf_rule *rule);

/** Policies there are, and bytes that they take with all that they share but the sets. What rte_acl
 *  takes is an estimate. */
uint32_t weft_policy_count(void);
size_t weft_policy_bytes(void);

/** "ingress tcp 80-443 from group web": what a rule says, in words. */
void weft_rule_format(const struct weft_conf_rule *rule, char *text, size_t size);

#endif
