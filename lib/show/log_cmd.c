/* SPDX-License-Identifier: BSD-3-Clause */
/* log list */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <rte_tcp.h>

#include "core/clock.h"
#include "core/log.h"
#include "path/journal.h"
#include "show/log.h"
#include "show/show.h"

#define LOG_CMD_KEPT 1000

/* [C] The last ones; the oldest is log_n - LOG_CMD_KEPT. */
static struct weft_journal_record log_kept[LOG_CMD_KEPT];
static uint64_t log_n, log_lost;
static uint32_t log_warned_sec;

static const char *
log_cmd_direction(const struct weft_journal_record *record)
{
	if (record->is_router)
		return record->direction == WEFT_FIREWALL_IN ? "in" : "out";
	return record->direction == WEFT_INGRESS ? "ingress" : "egress";
}

static void
log_cmd_end(const struct weft_tuple *tuple, const uint8_t *address, rte_be16_t port, char *text,
	    size_t size)
{
	bool has_port = tuple->protocol != IPPROTO_ICMP && tuple->protocol != IPPROTO_ICMPV6 &&
			(tuple->src_port != 0 || tuple->dst_port != 0);
	char plain[INET6_ADDRSTRLEN];

	if (inet_ntop(tuple->family, address, plain, sizeof(plain)) == NULL)
		snprintf(plain, sizeof(plain), "?");
	if (!has_port)
		snprintf(text, size, "%s", plain);
	else
		snprintf(text, size, tuple->family == AF_INET ? "%s:%u" : "[%s]:%u", plain,
			 rte_be_to_cpu_16(port));
}

/* "tcp 10.0.0.1:4711 > 10.0.0.2:80 SYN" */
static void
log_cmd_packet(const struct weft_journal_record *record, char *text, size_t size)
{
	const struct weft_tuple *tuple = &record->tuple;
	char protocol[16], from[INET6_ADDRSTRLEN + 8], to[sizeof(from)];
	char more[32] = "";

	weft_show_protocol_format(tuple->protocol, protocol, sizeof(protocol));
	log_cmd_end(tuple, tuple->src, tuple->src_port, from, sizeof(from));
	log_cmd_end(tuple, tuple->dst, tuple->dst_port, to, sizeof(to));
	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		snprintf(more, sizeof(more), " type %u code %u", record->icmp_type,
			 record->icmp_code);
	else if (record->tcp_flags != 0)
		snprintf(more, sizeof(more), "%s%s%s%s",
			 record->tcp_flags & RTE_TCP_SYN_FLAG ? " SYN" : "",
			 record->tcp_flags & RTE_TCP_FIN_FLAG ? " FIN" : "",
			 record->tcp_flags & RTE_TCP_RST_FLAG ? " RST" : "",
			 record->tcp_flags & RTE_TCP_ACK_FLAG ? " ACK" : "");
	snprintf(text, size, "%s %s > %s%s", protocol, from, to, more);
}

static void
log_cmd_take(const struct weft_journal_record *record)
{
	const char *port = weft_topology_port_name(weft_topology, record->port);
	char packet[192];

	log_kept[log_n++ % LOG_CMD_KEPT] = *record;
	log_cmd_packet(record, packet, sizeof(packet));
	if (record->is_router)
		weft_info("%s: %s %s: router %s firewall rule %u: %s", port,
			  log_cmd_direction(record), record->is_accepted ? "accepted" : "dropped",
			  record->whose, record->rule, packet);
	else if (!record->is_accepted)
		weft_info("%s: %s dropped, no rule lets it through: %s", port,
			  log_cmd_direction(record), packet);
	else
		weft_info("%s: %s accepted: security group %s rule %u: %s", port,
			  log_cmd_direction(record), record->whose, record->rule, packet);
}

void
weft_show_log_drain(void *context)
{
	uint64_t lost = weft_journal_lost();
	uint32_t now_sec = weft_clock_sec();

	(void)context;
	weft_journal_drain(log_cmd_take);
	/* Who floods the log does not do so by this. */
	if (lost == log_lost || now_sec == log_warned_sec)
		return;
	weft_warn("%lu lines of security groups were lost", (unsigned long)(lost - log_lost));
	log_lost = lost;
	log_warned_sec = now_sec;
}

static json_t *
log_cmd_row(const struct weft_journal_record *record)
{
	json_t *whose = record->whose[0] == '\0' ? json_null() : json_string(record->whose);
	char packet[192];

	log_cmd_packet(record, packet, sizeof(packet));
	json_t *row = json_pack(
		"{s:i, s:o, s:s, s:s, s:o, s:o, s:o, s:s}", "age_sec",
		(int)((weft_clock_ms() - record->now_ms) / 1000), "port",
		weft_show_port_name(record->port), "direction", log_cmd_direction(record),
		"verdict", record->is_accepted ? "accepted" : "dropped", "security_group",
		record->is_router ? json_null() : json_incref(whose), "router",
		record->is_router ? json_incref(whose) : json_null(), "rule",
		record->rule != 0 ? json_integer(record->rule) : json_null(), "packet", packet);

	json_decref(whose);
	return row;
}

static json_t *
log_cmd_list(const struct weft_cmd_call *call, struct weft_errors *errors)
{
	struct weft_show_filter filter;
	json_t *rows;

	if (!weft_show_filter_read(call, &filter, errors))
		return NULL;
	weft_show_log_drain(NULL);
	rows = json_array();
	for (uint64_t i = log_n > LOG_CMD_KEPT ? log_n - LOG_CMD_KEPT : 0; i < log_n; i++) {
		const struct weft_journal_record *record = &log_kept[i % LOG_CMD_KEPT];

		if (filter.port == WEFT_SHOW_ALL || filter.port == record->port)
			json_array_append_new(rows, log_cmd_row(record));
	}
	return rows;
}

WEFT_CMD("log", "list", log_cmd_list);
