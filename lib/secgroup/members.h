/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * members: who is in which security group, by address.
 *
 * A rule may name a group instead of addresses. The group is never expanded into the rule: it is a
 * set, and whether an address is in it is a lookup. So a member that comes or goes changes one
 * entry, however many rules and ports name the group, and nothing is compiled anew.
 *
 * Groups have numbers while anybody names them, or is in them. An address may be in a group more
 * than once (two ports in different networks): it is counted, and gone with the last one.
 *
 * Whatever sets an address joins or leaves moves the slot of the address: verdicts that asked for
 * it stand on that.
 *
 * Threads: lookup by workers and the control thread; all else by the control thread.
 */
#ifndef WEFT_SECGROUP_MEMBERS_H
#define WEFT_SECGROUP_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

/* As many as a document may have, twice: see weft_members_create(). */
#define WEFT_GROUPS_MAX (2 * WEFT_CONF_GROUPS_MAX)
#define WEFT_NO_GROUP UINT16_MAX

/** Generation slot of an address.
 *  @param address  16 bytes; IPv4 in the first four, the rest zero */
uint16_t weft_member_slot(const uint8_t *address);

/** Is an address in a group? */
bool weft_member_is_in(uint16_t group, uint8_t family, const uint8_t *address);

/** There is room for twice as many: while one document follows another, who was a member and who
 *  will be one are in at once, and may have nobody in common.
 *  @param capacity  addresses in all groups of a document. @return 0 or -ENOMEM */
int weft_members_create(uint32_t capacity);
void weft_members_destroy(void);
uint32_t weft_members_capacity(void);

/** The number of a name, from now on for one user more; @return WEFT_NO_GROUP if there are no more
 *  numbers */
uint16_t weft_group_hold(const char *name);
void weft_group_release(uint16_t group);

/** Gives the name of a group another number, whose set is empty, and holds it: rules that are made
 *  from now on ask that set, and those that are there the one before.
 *  @return WEFT_NO_GROUP if there are no more numbers, and nothing has changed */
uint16_t weft_group_renew(uint16_t group);

/** Takes that back, and releases the fresh number, which nobody else holds. */
void weft_group_restore(uint16_t group, uint16_t fresh);

/** Waits for the workers if the last room is what somebody has just left.
 *  @param group  one that is held. @return 0 or -ENOSPC */
int weft_member_add(uint16_t group, uint8_t family, const uint8_t *address);
void weft_member_del(uint16_t group, uint8_t family, const uint8_t *address);

/** Addresses in all groups, and in one. */
uint32_t weft_members_count(void);
uint32_t weft_members_of(uint16_t group);

#endif
