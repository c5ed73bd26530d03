/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * number: the numbers of groups that somebody names; for the files of this folder only.
 *
 * A set knows its group by a number of 16 bits, which is part of the key of each of its members. A
 * name has a number while anybody holds it (members.h), and a group that has members is a user of
 * its own number: so a number is never given to another group that would find strangers in its
 * set.
 *
 * A name may get a fresh number while the one before is still in use. From then on the name means
 * the fresh one; whoever holds the former keeps it.
 *
 * Threads: control thread.
 */
#ifndef WEFT_SECGROUP_NUMBER_H
#define WEFT_SECGROUP_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/** @return 0 or -ENOMEM */
int weft_numbers_create(void);
void weft_numbers_destroy(void);

/** Finds a name's place in a table. @param seed  that nobody can guess: tenants choose names */
uint32_t weft_group_name_hash(const char *name, uint32_t seed);

/** One more user of a number that is in use. */
void weft_number_share(uint16_t group);

/** Has its name got another number since? */
bool weft_number_is_former(uint16_t group);

#endif
