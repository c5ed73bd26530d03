/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value: one scalar, between its text and the struct.
 *
 * Reading is strict, because a value that only looks right is worse than an error: numbers are
 * decimal without leading zeros (010 would be 8 to other YAML readers), a quoted number is text,
 * yes and on are no booleans, a subnet has no bits behind its prefix, an address with its prefix
 * length is not that of the subnet itself.
 */
#ifndef WEFT_CONF_VALUE_H
#define WEFT_CONF_VALUE_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/arena.h"
#include "conf/report.h"
#include "conf/schema.h"

bool conf_value_is_name(const char *text);

/** Reads all types that need no memory of their own. @return false, and @p to unchanged or zero,
 *  if the text is no such value */
bool conf_value_parse(const struct conf_field *field, const char *text, void *to);

/** Reads the value of a key or list element, or reports why that is impossible and zeroes it. */
bool conf_value_read(const struct conf_field *field, const struct conf_node *node, void *to,
		     struct conf_arena *arena, struct conf_report *report);

/** Whether that would succeed, for names and what conf_value_parse() reads: nothing follows from a
 *  value that was reported. */
bool conf_value_is_right(const struct conf_field *field, const struct conf_node *node);

/** An address with its prefix length, "10.0.0.1/24"; bits behind the prefix are kept. */
bool conf_value_parse_prefix(const char *text, struct weft_ip *ip);

/** The subnet of that length around an address. @return whether the address is it already */
bool conf_ip_mask(const struct weft_ip *ip, uint8_t prefix, struct weft_ip *masked);

/** Why an address of a link with that prefix length is nobody's: "network", "broadcast", or NULL if
 *  it may be a host's. */
const char *conf_ip_reserved(const struct weft_ip *ip, uint8_t prefix);

/** IPv6 of fe80::/10; of IPv4 none. */
bool conf_ip_is_link_local(const struct weft_ip *ip);

/** "02:00:00:00:00:0a". */
void conf_mac_format(const struct rte_ether_addr *mac, char text[static RTE_ETHER_ADDR_FMT_SIZE]);

/** A number, word or permission of 1, 2, 4 or 8 bytes. */
uint64_t conf_value_number(const struct conf_field *field, const void *at);

/** Writes a value; as YAML that a reader of any YAML version understands the same, or bare for
 *  people. */
void conf_value_write(const struct conf_field *field, const void *at, bool is_yaml, FILE *out);

/** Writes the words or the range that a field accepts. */
void conf_value_write_range(const struct conf_field *field, FILE *out);

#endif
