/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show: what the switch is and does, told to people and programs.
 *
 * Every command of weftctl is answered here, one noun per file (port_cmd.c, fdb_cmd.c ...), in
 * JSON whose keys are a contract: they are added to, not renamed. The folder stands above all the
 * others because an answer takes from all of them: `port show` has its name from the
 * configuration, its driver from the port, its counters from the workers.
 *
 * Commands read what others publish and own nothing; what changes something (fdb flush, apply,
 * delete) calls the noun's own function. Lists are in the order of the document, so that a reader
 * finds things where he wrote them. A name that does not exist is an error that names those
 * that do.
 *
 * Threads: control thread only. Counters that workers write meanwhile are read one by one, so a
 * list is of nearly one moment.
 */
#ifndef WEFT_SHOW_SHOW_H
#define WEFT_SHOW_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "cmd/cmd.h"
#include "core/errors.h"
#include "fdb/fdb.h"
#include "network/network.h"
#include "worker/worker.h"

#define WEFT_SHOW_ALL WEFT_FDB_ANY /* in a filter: every port, every network */

/** What `--network`, `--port`, `--endpoint` and `--mac` leave over. */
struct weft_show_filter {
	uint32_t network, port; /* numbers, or WEFT_SHOW_ALL */
	uint32_t endpoint; /* place of a remote endpoint, or WEFT_SHOW_ALL */
	bool has_mac;
	struct rte_ether_addr mac;
};

/** Reads those of the four that the command has. @return false if one names nothing that exists,
 *  with a sentence per fault */
bool weft_show_filter_read(const struct weft_cmd_call *call, struct weft_show_filter *filter,
			   struct weft_errors *errors);

/** Finds a port or wire, or a network. @return its number, or -1 with a sentence that names some
 *  that exist */
int32_t weft_show_find_port(const char *name, struct weft_errors *errors);
int32_t weft_show_find_network(const char *name, struct weft_errors *errors);

/** Finds a security group of the running document. @return NULL with a sentence that names some */
const struct weft_conf_group *weft_show_find_group(const char *name, struct weft_errors *errors);

/** The same for a router. */
const struct weft_conf_router *weft_show_find_router(const char *name, struct weft_errors *errors);

/** Ports of an outside address that are bound. @param address  of its source NAT */
uint32_t weft_show_ports_used(const struct weft_router *router, rte_be32_t address,
			      uint8_t protocol);

/** A router of the present snapshot; NULL: there is none. */
const struct weft_router *weft_show_router(const char *name);

/** Numbers in the order of the document: wires, then ports; networks. @return how many */
uint32_t weft_show_port_ids(uint16_t ids[WEFT_PORTS_MAX]);
uint32_t weft_show_network_ids(uint16_t ids[WEFT_NETWORKS_MAX]);

/* ---- places: ports, and endpoints of other hosts ---- */

/** The port by which a place is reached: itself, or the wire of our tunnel endpoint. WEFT_NO_PORT
 *  if that has just gone. */
uint16_t weft_show_place_port(uint16_t place);

/** The address of another host's endpoint; null for a port. */
json_t *weft_show_place_endpoint(uint16_t place);

/** Is a member of a network a guest's port, rather than the wire or another host? */
bool weft_show_is_guest(const struct weft_network *network, uint16_t member);

/* ---- values ---- */

json_t *weft_show_mac(const struct rte_ether_addr *mac);
json_t *weft_show_ip(const struct weft_ip *ip); /* with the prefix length, if it is a prefix */
json_t *weft_show_address(const struct weft_ip *ip); /* without */
void weft_show_address_format(const struct weft_ip *ip, char *text); /* as weft_ip_format() does */
json_t *weft_show_port_name(uint16_t port);
json_t *weft_show_network_name(uint16_t network); /* null for WEFT_NO_NETWORK */
void weft_show_protocol_format(uint8_t protocol, char *text, size_t size);
json_t *weft_show_protocol(uint8_t protocol); /* "tcp", or a number as a string */
const char *weft_show_state(bool is_up); /* "up", "down" */

/* ---- counters ---- */

uint64_t weft_show_drop_sum(const struct weft_port_count *count);

/** {stage, reason, packets, meaning} */
json_t *weft_show_drop(enum weft_drop drop, uint64_t packets);

/** Remembered flows of all workers. */
uint64_t weft_show_flow_count(void);

#endif
