/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * schema: what a configuration may say, said once.
 *
 * One table per kind of object, one row per key: its type, range, default, a sentence of help, and
 * where the value lives in the struct. Reading, defaults, equality, writing, the JSON Schema and
 * the reference page walk these tables; a new key is a new row and a new member.
 *
 * What a row cannot say (a key that makes sense only beside another, two objects that contradict
 * each other) is in check.c and its neighbours.
 */
#ifndef WEFT_CONF_SCHEMA_H
#define WEFT_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_INTEGER,
	CONF_SIZE, /* bytes, with a suffix K, M or G */
	CONF_BOOL,
	CONF_WORD, /* one of a few; the value is the word's index */
	CONF_NAME,
	CONF_TEXT,
	CONF_DEVICE, /* text, but told apart by its first part */
	CONF_SOCKET, /* a path that fits a socket address */
	CONF_OWNER, /* USER[:GROUP] */
	CONF_PERMISSION, /* octal */
	CONF_MAC,
	CONF_ADDRESS,
	CONF_LINK, /* an address with the prefix length of its link */
	CONF_SUBNET, /* an address with prefix, no bits behind it */
	CONF_PREFIX, /* an address or a subnet */
	CONF_SPAN, /* a number, or FIRST-LAST */
	CONF_PROTOCOL, /* of IP: a name, a number, or any */
	CONF_OBJECT,
};

/** What must happen when a running switch gets another value. */
enum conf_effect { CONF_LIVE, CONF_RESTART, CONF_REOPEN };

/** What a number may be beside one word of another key. */
struct conf_range {
	const char *what; /* as in conf_field; NULL: it may not stand there */
	uint64_t min, max;
};

struct conf_field {
	const char *key;
	enum conf_type type;
	enum conf_effect effect;
	bool is_list;
	bool is_ordered; /* lists of objects: order has a meaning, and equal ones may be there */
	bool may_be_single; /* lists: an element may stand for a list of one */
	bool is_required;
	bool is_resolved; /* a default that depends on something is put in by the checks */
	uint16_t offset; /* of the value; of a list: the array, or the pointer to it */
	uint16_t bytes; /* of the value, of a list one element */
	uint16_t count_offset; /* lists: the number of elements */
	uint16_t capacity; /* lists: elements of the array inside the struct; 0: it is a pointer */
	uint16_t most; /* lists behind a pointer: elements; 0: any number */
	uint16_t has_offset; /* the bool that says whether there is a value; 0: there is none */
	uint64_t min, max;
	const char *what; /* "5000 is not <a VLAN id> (1..4094)" */
	const char *const *words; /* NULL closes them */
	const char *by; /* the key whose word chooses one of the ranges; NULL: there are none */
	const struct conf_range *ranges; /* one for each of its words; within min..max */
	const char *fallback; /* the default as YAML */
	const char *fallback_says; /* a default that depends on something, in words */
	const struct conf_object *object;
	const char *help;
};

struct conf_object {
	const char *title; /* for the reference page */
	const char *help;
	const struct conf_field *fields;
	uint32_t n_fields;
	uint16_t bytes;
	int16_t place_offset; /* -1: the struct keeps no place */
	const char *one_of[2]; /* exactly one of two keys; NULL: no such rule */
	const char *not_both[2]; /* at most one of two keys; NULL: no such rule */
	uint16_t n_keys; /* in lists, told apart by their first keys; 0 is 1 */
	bool has_no_key; /* in lists, told apart by all that they say, not by their first keys */
	bool may_be_null; /* a section of which everything may be commented out */
};

extern const struct conf_object conf_document_object;
extern const struct conf_object conf_host_object;
extern const struct conf_object conf_wire_object;
extern const struct conf_object conf_endpoint_object;
extern const struct conf_object conf_route_object;
extern const struct conf_object conf_network_object;
extern const struct conf_object conf_subnet_object;
extern const struct conf_object conf_static_mac_object;
extern const struct conf_object conf_neighbour_object;
extern const struct conf_object conf_timeouts_object;
extern const struct conf_object conf_group_object;
extern const struct conf_object conf_rule_object;
extern const struct conf_object conf_port_object;
extern const struct conf_object conf_pair_object;
extern const struct conf_object conf_router_object;
extern const struct conf_object conf_interface_object;
extern const struct conf_object conf_gateway_object;
extern const struct conf_object conf_router_route_object;
extern const struct conf_object conf_nat_object;
extern const struct conf_object conf_floating_ip_object;
extern const struct conf_object conf_forwarding_object;
extern const struct conf_object conf_firewall_object;

/** The words of an admin state. */
extern const char *const conf_admin_words[];

/* ---- for the tables ---- */

#define CONF_AT(kind, member)                                                                      \
	.offset = offsetof(struct kind, member), .bytes = sizeof(((struct kind *)0)->member)
#define CONF_LIST(kind, member, count)                                                             \
	.is_list = true, .offset = offsetof(struct kind, member),                                  \
	.bytes = sizeof(*((struct kind *)0)->member), .count_offset = offsetof(struct kind, count)
#define CONF_FIELDS(table) .fields = (table), .n_fields = sizeof(table) / sizeof(*(table))

/* ---- for those who walk them ---- */

const struct conf_field *conf_object_find(const struct conf_object *object, const char *key);

/** Zeroes a struct and sets every key that has a default. */
void conf_object_default(const struct conf_object *object, void *to);

/** The elements of a list, and how many. */
void *conf_list_get(const struct conf_field *field, const void *object, uint32_t *n);

/** A list of plain values, sorted; the caller frees it. */
void *conf_list_sort(const struct conf_field *field, const void *object);

/** Whether one of @p n sorted values equals @p value. */
bool conf_list_has(const struct conf_field *field, const void *sorted, uint32_t n,
		   const void *value);

/** Whether the object has a value for the key; numbers that have no "absent" always do. */
bool conf_field_is_set(const struct conf_field *field, const void *object);

/** The field as it is in an object whose key `by` says @p word, which may be NULL or wrong: then it
 *  is as wide as it can be. */
struct conf_field conf_field_narrow(const struct conf_object *object,
				    const struct conf_field *field, const char *word);

/** Whether two objects of one kind agree in a key; the order of lists has no meaning. */
bool conf_field_is_equal(const struct conf_field *field, const void *a, const void *b);

#endif
