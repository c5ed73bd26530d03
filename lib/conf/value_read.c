/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/value.h"

#define VALUE_SUBNET_BYTES (INET6_ADDRSTRLEN + 4)

bool
conf_value_is_name(const char *text)
{
	if (!isalnum((unsigned char)text[0]) || strlen(text) > WEFT_CONF_NAME_MAX)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr("._-", *text) == NULL)
			return false;
	return true;
}

/** USER or USER:GROUP. */
static bool
value_is_owner(const char *text)
{
	size_t part = 0;

	for (int parts = 1; parts <= 2; parts++) {
		for (part = 0;
		     isalnum((unsigned char)text[part]) ||
		     (text[part] != '\0' && strchr(part == 0 ? "_" : "_.-", text[part]) != NULL);)
			part++;
		text += part;
		if (part == 0 || *text != ':')
			break;
		text++;
	}
	return part > 0 && *text == '\0';
}

/** Whether something starts here that must not be in a text: a control character, one of Unicode's
 *  line breaks (YAML folds them), a code point that YAML does not accept. */
static bool
value_is_control(const char *at)
{
	static const char *const words[] = { "\xe2\x80\xa8", "\xe2\x80\xa9", /* U+2028, U+2029 */
					     "\xef\xbb\xbf", /* a byte order mark */
					     "\xef\xbf\xbe", "\xef\xbf\xbf" };
	const unsigned char *bytes = (const unsigned char *)at;

	if (bytes[0] < ' ' || bytes[0] == 0x7f || (bytes[0] == 0xc2 && bytes[1] < 0xa0))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncmp(at, words[i], 3) == 0)
			return true;
	return false;
}

static bool
value_is_printable(const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
		if (value_is_control(at))
			return false;
	return text[0] != '\0';
}

/** What would be right for a type, where one sentence serves all its faults. */
static const char *
value_rule(const struct conf_field *field)
{
	switch (field->type) {
	case CONF_BOOL:
		return "neither true nor false";
	case CONF_NAME:
		return "not a name (letters, digits, '.', '_', '-'; the first a letter or digit; "
		       "at most 63)";
	case CONF_OWNER:
		return "not USER or USER:GROUP";
	case CONF_PERMISSION:
		return "not a file mode (octal, like \"0660\")";
	case CONF_MAC:
		return "not a MAC address (like 02:00:00:00:00:0a; neither multicast nor zero)";
	case CONF_ADDRESS:
		return "not the IPv4 or IPv6 address of a host";
	case CONF_LINK:
		return "not the address of a host with a prefix length (like 192.0.2.1/24 or "
		       "2001:db8::1/64)";
	case CONF_PREFIX:
		return "not an address or a subnet (like 10.0.0.1, 10.0.0.0/24 or "
		       "2001:db8::/64)";
	default:
		return "not a subnet (like 10.0.0.0/24 or 2001:db8::/64)";
	}
}

static void
value_report_range(const struct conf_field *field, const struct conf_node *node, const char *shown,
		   struct conf_report *report)
{
	char *range = NULL;
	size_t bytes;
	FILE *out = open_memstream(&range, &bytes);

	if (out == NULL)
		abort();
	conf_value_write_range(field, out);
	fclose(out);
	if (field->type == CONF_WORD || field->type == CONF_PROTOCOL)
		conf_report_node(report, node, "%s is not %s; known: %s", shown, field->what,
				 range);
	else if (field->type == CONF_SPAN)
		conf_report_node(report, node, "%s is not %s (%s, like 80 or 80-443)", shown,
				 field->what, range);
	else if (field->type == CONF_SIZE)
		conf_report_node(report, node, "%s is not %s (%s, like 256M)", shown, field->what,
				 range);
	else
		conf_report_node(report, node, "%s is not %s (%s)", shown, field->what, range);
	free(range);
}

/** Says about an address with its prefix length what a reader may not see in it. @return whether
 *  there was something to say */
static bool
value_report_prefix(const struct conf_field *field, const struct conf_node *node, const char *shown,
		    struct conf_report *report)
{
	char subnet_text[VALUE_SUBNET_BYTES];
	struct weft_ip ip, subnet;
	const char *reserved;

	bool is_subnet = field->type == CONF_SUBNET || field->type == CONF_PREFIX;

	if ((!is_subnet && field->type != CONF_LINK) || !conf_value_parse_prefix(node->text, &ip))
		return false;
	conf_ip_mask(&ip, ip.prefix, &subnet);
	weft_ip_format(&subnet, subnet_text);
	reserved = conf_ip_reserved(&ip, ip.prefix);
	if (is_subnet)
		conf_report_node(report, node, "%s has bits behind its prefix; the subnet is %s",
				 shown, subnet_text);
	else if (reserved != NULL)
		conf_report_node(report, node, "%s is the %s address of %s, not a host's", shown,
				 reserved, subnet_text);
	return is_subnet || reserved != NULL;
}

/** Says about a range that is the wrong way round how it would be right. @return whether it is */
static bool
value_report_span(const struct conf_field *field, const struct conf_node *node, const char *shown,
		  struct conf_report *report)
{
	struct weft_conf_range span;
	char turned[16];
	int first;

	first = (int)strcspn(node->text, "-");
	if (field->type != CONF_SPAN || node->text[first] == '\0')
		return false;
	snprintf(turned, sizeof(turned), "%s-%.*s", node->text + first + 1, first, node->text);
	if (!conf_value_parse(field, turned, &span))
		return false;
	conf_report_node(report, node, "%s ends before it begins; the range is %s", shown, turned);
	return true;
}

static void
value_report(const struct conf_field *field, const struct conf_node *node,
	     struct conf_report *report)
{
	char shown[CONF_SHOWN_BYTES];

	conf_report_show(node->text, shown);
	if (value_report_span(field, node, shown, report))
		return;
	if (field->what != NULL)
		value_report_range(field, node, shown, report);
	else if (!value_report_prefix(field, node, shown, report))
		conf_report_node(report, node, "%s is %s", shown, value_rule(field));
}

/** Reads the types that keep a string. */
static bool
value_read_text(const struct conf_field *field, const struct conf_node *node,
		struct conf_report *report)
{
	char shown[CONF_SHOWN_BYTES];
	const char *text = node->text;

	conf_report_show(text, shown);
	if (field->type == CONF_NAME || field->type == CONF_OWNER) {
		if (field->type == CONF_NAME ? conf_value_is_name(text) : value_is_owner(text))
			return true;
		conf_report_node(report, node, "%s is %s", shown, value_rule(field));
	} else if (!value_is_printable(text)) {
		conf_report_node(report, node, "must be text of one line, and not empty");
	} else if (strlen(text) > field->max) {
		conf_report_node(report, node, "has %zu bytes; at most %u", strlen(text),
				 (unsigned int)field->max);
	} else if (field->type == CONF_SOCKET && text[0] != '/') {
		conf_report_node(report, node, "%s is not an absolute path", shown);
	} else {
		return true;
	}
	return false;
}

/** Numbers and booleans are not quoted in YAML, everything else may be. */
static bool
value_may_quote(const struct conf_field *field)
{
	return field->type != CONF_INTEGER && field->type != CONF_BOOL;
}

static bool
value_read_scalar(const struct conf_field *field, const struct conf_node *node, void *to,
		  struct conf_arena *arena, struct conf_report *report)
{
	char shown[CONF_SHOWN_BYTES];
	char *copy;

	if (!node->is_plain && !value_may_quote(field)) {
		conf_report_node(report, node, "\"%s\" is text; write it without quotes",
				 conf_report_show(node->text, shown));
		return false;
	}
	switch (field->type) {
	case CONF_NAME:
	case CONF_TEXT:
	case CONF_DEVICE:
	case CONF_SOCKET:
	case CONF_OWNER:
		if (!value_read_text(field, node, report))
			return false;
		copy = conf_arena_text(arena, node->text, strlen(node->text));
		memcpy(to, &copy, sizeof(copy));
		return true;
	default:
		if (conf_value_parse(field, node->text, to))
			return true;
		value_report(field, node, report);
		return false;
	}
}

bool
conf_value_is_right(const struct conf_field *field, const struct conf_node *node)
{
	uint64_t value[4]; /* none is larger */

	if (node->kind != CONF_NODE_SCALAR || (!node->is_plain && !value_may_quote(field)))
		return false;
	if (field->type == CONF_NAME)
		return conf_value_is_name(node->text);
	return conf_value_parse(field, node->text, value);
}

bool
conf_value_read(const struct conf_field *field, const struct conf_node *node, void *to,
		struct conf_arena *arena, struct conf_report *report)
{
	bool is_good = false;

	if (node->kind == CONF_NODE_LIST || node->kind == CONF_NODE_MAP)
		conf_report_node(report, node, "must be a single value");
	else if (node->kind == CONF_NODE_SCALAR && conf_node_is_null(node))
		conf_report_node(report, node, "needs a value");
	else if (node->kind == CONF_NODE_SCALAR)
		is_good = value_read_scalar(field, node, to, arena, report);
	/* Checks between objects skip what is zero, instead of reporting a fault of a fault. */
	if (!is_good)
		memset(to, 0, field->bytes);
	return is_good;
}
