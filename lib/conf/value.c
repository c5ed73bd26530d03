/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/protocol.h"

/** Decimal digits without a leading zero, then a suffix if @p suffixes has it, up to the end. */
static bool
value_parse_number(const char *text, const char *suffixes, uint64_t *number)
{
	const char *suffix;
	char *end;

	if (!isdigit((unsigned char)text[0]) || (text[0] == '0' && text[1] != '\0') ||
	    strspn(text, "0123456789") > 18)
		return false;
	*number = strtoull(text, &end, 10);
	if (*end == '\0')
		return true;
	suffix = strchr(suffixes, *end);
	if (suffix == NULL || end[1] != '\0')
		return false;
	for (long i = suffix - suffixes; i >= 0; i--)
		if (__builtin_mul_overflow(*number, 1024, number))
			return false;
	return true;
}

static bool
value_parse_permission(const char *text, uint64_t *number)
{
	size_t length = strspn(text, "01234567");

	if (length == 0 || length > 5 || text[length] != '\0')
		return false;
	*number = strtoull(text, NULL, 8);
	return true;
}

static bool
value_parse_mac(const char *text, struct rte_ether_addr *mac)
{
	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	for (int i = 0; i < 6; i++)
		mac->addr_bytes[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
	return rte_is_unicast_ether_addr(mac) && !rte_is_zero_ether_addr(mac);
}

static bool
value_parse_ip(const char *text, struct weft_ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	ip->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	ip->prefix = ip->family == AF_INET ? 32 : 128;
	return inet_pton(ip->family, text, ip->bytes) == 1;
}

bool
conf_value_parse_prefix(const char *text, struct weft_ip *ip)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	uint64_t bits;

	if (slash == NULL || slash - text >= (long)sizeof(address))
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!value_parse_ip(address, ip) || !value_parse_number(slash + 1, "", &bits) ||
	    bits > ip->prefix)
		return false;
	ip->prefix = (uint8_t)bits;
	return true;
}

/** An address, or a subnet without bits behind its prefix. */
static bool
value_parse_address_or_subnet(const char *text, struct weft_ip *ip)
{
	struct weft_ip subnet;

	if (strchr(text, '/') == NULL)
		return value_parse_ip(text, ip);
	return conf_value_parse_prefix(text, ip) && conf_ip_mask(ip, ip->prefix, &subnet);
}

/** One number stands for the range that it alone is in. */
static bool
value_parse_span(const struct conf_field *field, const char *text, struct weft_conf_range *span)
{
	size_t length = strcspn(text, "-");
	uint64_t first, last;
	char number[8];

	if (length >= sizeof(number))
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	if (!value_parse_number(number, "", &first))
		return false;
	last = first;
	if (text[length] == '-' && !value_parse_number(text + length + 1, "", &last))
		return false;
	if (first < field->min || last > field->max || first > last)
		return false;
	*span = (struct weft_conf_range){ (uint16_t)first, (uint16_t)last };
	return true;
}

static bool
value_parse_word(const struct conf_field *field, const char *text, uint64_t *number)
{
	for (*number = 0; field->words[*number] != NULL; (*number)++)
		if (strcmp(field->words[*number], text) == 0)
			return true;
	return false;
}

static bool
value_parse_scalar(const struct conf_field *field, const char *text, uint64_t *number)
{
	bool is_range = false;

	switch (field->type) {
	case CONF_INTEGER:
		is_range = value_parse_number(text, "", number);
		break;
	case CONF_SIZE:
		is_range = value_parse_number(text, "KMG", number);
		break;
	case CONF_PERMISSION:
		is_range = value_parse_permission(text, number);
		break;
	case CONF_WORD:
		return value_parse_word(field, text, number);
	case CONF_PROTOCOL:
		if (conf_protocol_find(text, number))
			return true;
		is_range = value_parse_number(text, "", number);
		break;
	default:
		*number = strcmp(text, "true") == 0;
		return *number == 1 || strcmp(text, "false") == 0;
	}
	return is_range && *number >= field->min && *number <= field->max;
}

static void
value_store(const struct conf_field *field, uint64_t number, void *to)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	memcpy(to,
	       field->bytes == 1 ? (void *)&u8 :
	       field->bytes == 2 ? (void *)&u16 :
	       field->bytes == 4 ? (void *)&u32 :
				   (void *)&number,
	       field->bytes);
}

bool
conf_value_parse(const struct conf_field *field, const char *text, void *to)
{
	struct rte_ether_addr mac;
	struct weft_conf_range span;
	struct weft_ip ip, subnet;
	uint64_t number;

	switch (field->type) {
	case CONF_MAC:
		if (!value_parse_mac(text, &mac))
			return false;
		memcpy(to, &mac, sizeof(mac));
		return true;
	case CONF_ADDRESS:
		if (!value_parse_ip(text, &ip) || !weft_ip_is_host(&ip))
			return false;
		memcpy(to, &ip, sizeof(ip));
		return true;
	case CONF_LINK:
		if (!conf_value_parse_prefix(text, &ip) || !weft_ip_is_host(&ip) ||
		    conf_ip_reserved(&ip, ip.prefix) != NULL)
			return false;
		memcpy(to, &ip, sizeof(ip));
		return true;
	case CONF_SUBNET:
		if (!conf_value_parse_prefix(text, &ip) || !conf_ip_mask(&ip, ip.prefix, &subnet))
			return false;
		memcpy(to, &ip, sizeof(ip));
		return true;
	case CONF_PREFIX:
		if (!value_parse_address_or_subnet(text, &ip))
			return false;
		memcpy(to, &ip, sizeof(ip));
		return true;
	case CONF_SPAN:
		if (!value_parse_span(field, text, &span))
			return false;
		memcpy(to, &span, sizeof(span));
		return true;
	default:
		if (!value_parse_scalar(field, text, &number))
			return false;
		value_store(field, number, to);
		return true;
	}
}

uint64_t
conf_value_number(const struct conf_field *field, const void *at)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (field->bytes) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	}
}
