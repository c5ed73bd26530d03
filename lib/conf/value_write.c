/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "conf/protocol.h"
#include "conf/value.h"

/** Whether every YAML reader takes the bare text for a string. */
static bool
value_is_bare(const char *text)
{
	static const char *const words[] = { "y",   "n",    "yes",   "no",   "on",
					     "off", "true", "false", "null", NULL };
	const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (int i = 0; words[i] != NULL; i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	return (text[0] == '/' || (text[0] != '\0' && strchr(letters, text[0]) != NULL)) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_-./") == strlen(text);
}

static void
value_write_text(const char *text, bool is_yaml, FILE *out)
{
	if (!is_yaml || value_is_bare(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void
value_write_size(uint64_t bytes, FILE *out)
{
	static const char suffixes[] = "KMG";
	int suffix = -1;

	while (suffix < 2 && bytes % 1024 == 0) {
		bytes /= 1024;
		suffix++;
	}
	fprintf(out, "%" PRIu64, bytes);
	if (suffix >= 0)
		fputc(suffixes[suffix], out);
}

/** What has a prefix length keeps it even when it is that of a plain address. */
static void
value_write_ip(const struct weft_ip *ip, bool has_prefix, bool is_yaml, FILE *out)
{
	char text[INET6_ADDRSTRLEN + 4];

	inet_ntop(ip->family, ip->bytes, text, sizeof(text));
	if (has_prefix)
		sprintf(text + strlen(text), "/%u", ip->prefix);
	value_write_text(text, is_yaml && ip->family == AF_INET6, out);
}

void
conf_mac_format(const struct rte_ether_addr *mac, char text[static RTE_ETHER_ADDR_FMT_SIZE])
{
	const uint8_t *b = mac->addr_bytes;

	snprintf(text, RTE_ETHER_ADDR_FMT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5]);
}

static void
value_write_mac(const struct rte_ether_addr *mac, bool is_yaml, FILE *out)
{
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	conf_mac_format(mac, text);
	value_write_text(text, is_yaml, out);
}

static void
value_write_span(const struct weft_conf_range *span, FILE *out)
{
	fprintf(out, "%u", span->first);
	if (span->last != span->first)
		fprintf(out, "-%u", span->last);
}

static void
value_write_protocol(uint16_t protocol, FILE *out)
{
	const char *name = weft_protocol_name(protocol);

	if (name != NULL)
		fputs(name, out);
	else
		fprintf(out, "%u", protocol);
}

void
conf_value_write(const struct conf_field *field, const void *at, bool is_yaml, FILE *out)
{
	switch (field->type) {
	case CONF_INTEGER:
		fprintf(out, "%" PRIu64, conf_value_number(field, at));
		break;
	case CONF_SIZE:
		value_write_size(conf_value_number(field, at), out);
		break;
	case CONF_PERMISSION:
		fprintf(out, is_yaml ? "\"%04o\"" : "%04o",
			(unsigned int)conf_value_number(field, at));
		break;
	case CONF_BOOL:
		fputs(*(const bool *)at ? "true" : "false", out);
		break;
	case CONF_WORD:
		fputs(field->words[conf_value_number(field, at)], out);
		break;
	case CONF_MAC:
		value_write_mac(at, is_yaml, out);
		break;
	case CONF_ADDRESS:
	case CONF_LINK:
	case CONF_SUBNET:
		value_write_ip(at, field->type != CONF_ADDRESS, is_yaml, out);
		break;
	case CONF_PREFIX:
		value_write_ip(at, !weft_ip_is_plain(at), is_yaml, out);
		break;
	case CONF_SPAN:
		value_write_span(at, out);
		break;
	case CONF_PROTOCOL:
		value_write_protocol((uint16_t)conf_value_number(field, at), out);
		break;
	default:
		value_write_text(*(char *const *)at, is_yaml, out);
		break;
	}
}

void
conf_value_write_range(const struct conf_field *field, FILE *out)
{
	if (field->type == CONF_WORD) {
		for (int i = 0; field->words[i] != NULL; i++)
			fprintf(out, "%s%s", i > 0 ? ", " : "", field->words[i]);
	} else if (field->type == CONF_PROTOCOL) {
		for (int i = 0; conf_protocols[i].name != NULL; i++)
			fprintf(out, "%s, ", conf_protocols[i].name);
		fprintf(out, "or %" PRIu64 "..%" PRIu64, field->min, field->max);
	} else if (field->type == CONF_INTEGER || field->type == CONF_SPAN) {
		fprintf(out, "%" PRIu64 "..%" PRIu64, field->min, field->max);
	} else if (field->type == CONF_SIZE) {
		value_write_size(field->min, out);
		fputs("..", out);
		value_write_size(field->max, out);
	}
}
