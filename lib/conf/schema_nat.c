/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"
#include "conf/schema.h"

static const char *const schema_mappings[] = { "endpoint-independent", "address-and-port-dependent",
					       NULL };
static const char *const schema_filterings[] = { "endpoint-independent", "address-dependent",
						 "address-and-port-dependent", NULL };
static const char *const schema_forwardable[] = { "tcp", "udp", NULL };

#define SCHEMA_NAT_SECONDS(key, member, least, usual, says)                                        \
	{                                                                                          \
		key, CONF_INTEGER, CONF_AT(weft_conf_nat, member),                                 \
			.min = (least), .max = 1000000, .what = "a number of seconds",             \
			.fallback = (usual), .help = (says)                                        \
	}

static const struct conf_field schema_nat[] = {
	{ "mapping", CONF_WORD, CONF_AT(weft_conf_nat, mapping), .words = schema_mappings,
	  .what = "a mapping", .fallback = "endpoint-independent",
	  .help = "endpoint-independent: an inside address and port has one outside address and "
		  "port, whomever it speaks to, which peer-to-peer programs rely on (RFC 4787, "
		  "REQ-1). address-and-port-dependent: it has another one towards each address and "
		  "port." },
	{ "filtering", CONF_WORD, CONF_AT(weft_conf_nat, filtering), .words = schema_filterings,
	  .what = "a filtering", .fallback = "address-dependent",
	  .help = "Who may send to such an outside address and port: anybody, or whom the inside "
		  "has sent to, by address or by address and port. RFC 4787 (REQ-8) advises "
		  "endpoint-independent where programs shall notice the NAT least, and "
		  "address-dependent where strangers shall stay out; the latter is the default, "
		  "since guests that shall be reached by anybody have floating-ips and "
		  "port-forwardings." },
	SCHEMA_NAT_SECONDS("udp-timeout", udp_timeout_sec, 120, "300",
			   "Seconds after which a silent binding of UDP is forgotten (RFC 4787, "
			   "REQ-5)."),
	SCHEMA_NAT_SECONDS("tcp-established-timeout", tcp_established_timeout_sec, 7440, "7440",
			   "The same of TCP, while a connection stands (RFC 5382, REQ-5)."),
	SCHEMA_NAT_SECONDS("tcp-transitory-timeout", tcp_transitory_timeout_sec, 240, "240",
			   "The same of TCP, while a connection begins or ends (RFC 5382, REQ-5)."),
	SCHEMA_NAT_SECONDS("icmp-timeout", icmp_timeout_sec, 60, "60",
			   "The same of ICMP queries (RFC 5508, REQ-2)."),
	{ "port-quota", CONF_INTEGER, CONF_AT(weft_conf_nat, port_quota), .max = 1 << 22,
	  .what = "a number of bindings", .fallback = "4096",
	  .help = "Most bindings of one inside address, so that one guest does not use up the "
		  "ports "
		  "of all; 0 is no limit." },
};

const struct conf_object conf_nat_object = {
	.title = "nat",
	.help = "How the sources of many become few: what the source NAT of a router's gateway "
		"does. "
		"An outside address and port that stands for an inside one is a binding. No "
		"timeout "
		"may be less than what its RFC says.",
	CONF_FIELDS(schema_nat),
	.bytes = sizeof(struct weft_conf_nat),
	.place_offset = offsetof(struct weft_conf_nat, place),
	.may_be_null = true,
};

#define SCHEMA_NAT_INSIDE(kind)                                                                    \
	{ "port", CONF_NAME, CONF_AT(kind, port), .is_required = true,                             \
	  .help = "The port of the guest, in a network of one of the router's interfaces." },      \
	{                                                                                          \
		"fixed-address", CONF_ADDRESS, CONF_AT(kind, fixed_address),                       \
			.is_resolved = true,                                                       \
			.fallback_says = "the first IPv4 address of the port",                     \
			.help = "The guest's address: one of the port, on a link of an "           \
				"interface of the router in its network."                          \
	}

static const struct conf_field schema_floating_ip[] = {
	{ "address", CONF_ADDRESS, CONF_AT(weft_conf_floating_ip, address), .is_required = true,
	  .help = "The outside address, on the link of the gateway and nobody else's." },
	SCHEMA_NAT_INSIDE(weft_conf_floating_ip),
};

const struct conf_object conf_floating_ip_object = {
	.title = "floating-ips",
	.help = "Outside addresses that are those of single guests, in both directions: what comes "
		"to one goes to the guest, and what the guest sends by the gateway comes from it. "
		"Of IPv4 only. An inside address has at most one in an external network.",
	CONF_FIELDS(schema_floating_ip),
	.bytes = sizeof(struct weft_conf_floating_ip),
	.place_offset = offsetof(struct weft_conf_floating_ip, place),
};

static const struct conf_field schema_forwarding[] = {
	{ "address", CONF_ADDRESS, CONF_AT(weft_conf_forwarding, address), .is_required = true,
	  .help = "The outside address, on the link of the gateway: the gateway's own, one of its "
		  "snat-pool, or one that is nobody else's; several port-forwardings may share it. "
		  "Not a floating IP." },
	{ "protocol", CONF_WORD, CONF_AT(weft_conf_forwarding, protocol), .is_required = true,
	  .words = schema_forwardable, .what = "a protocol whose ports can be forwarded",
	  .help = "What IP carries." },
	{ "external-port", CONF_INTEGER, CONF_AT(weft_conf_forwarding, external_port),
	  .is_required = true, .min = 1, .max = 65535, .what = "a port",
	  .help = "The outside port; one of an address and protocol is forwarded once." },
	SCHEMA_NAT_INSIDE(weft_conf_forwarding),
	{ "internal-port", CONF_INTEGER, CONF_AT(weft_conf_forwarding, internal_port),
	  .is_required = true, .min = 1, .max = 65535, .what = "a port",
	  .help = "The guest's port." },
};

const struct conf_object conf_forwarding_object = {
	.title = "port-forwardings",
	.help = "Single ports of outside addresses that are those of guests: what comes to one "
		"goes "
		"to the guest. Of IPv4 only.",
	CONF_FIELDS(schema_forwarding),
	.bytes = sizeof(struct weft_conf_forwarding),
	.place_offset = offsetof(struct weft_conf_forwarding, place),
	.n_keys = 3,
};
