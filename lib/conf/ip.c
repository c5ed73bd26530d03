/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/value.h"

static uint8_t
ip_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

int
weft_ip_compare(const struct weft_ip *a, const struct weft_ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
weft_ip_is_plain(const struct weft_ip *ip)
{
	return ip->prefix == ip_bits(ip->family);
}

bool
weft_ip_is_in(const struct weft_ip *ip, const struct weft_ip *subnet)
{
	uint32_t whole = subnet->prefix / 8;
	uint8_t mask = (uint8_t)(0xff00 >> subnet->prefix % 8);

	if (ip->family != subnet->family || ip->prefix < subnet->prefix ||
	    memcmp(ip->bytes, subnet->bytes, whole) != 0)
		return false;
	/* A mask of zero bits looks at no byte: there is none behind the last. */
	return mask == 0 || ((ip->bytes[whole] ^ subnet->bytes[whole]) & mask) == 0;
}

bool
weft_ip_is_host(const struct weft_ip *ip)
{
	static const uint8_t zero[16], loopback[16] = { [15] = 1 };

	if (memcmp(ip->bytes, zero, sizeof(zero)) == 0)
		return false;
	if (ip->family == AF_INET6)
		return ip->bytes[0] != 0xff && memcmp(ip->bytes, loopback, sizeof(loopback)) != 0;
	return ip->bytes[0] < 224 && ip->bytes[0] != 127;
}

bool
weft_ip_is_host_on(const struct weft_ip *ip, const struct weft_ip *link)
{
	return weft_ip_is_host(ip) &&
	       !(weft_ip_is_in(ip, link) && conf_ip_reserved(ip, link->prefix) != NULL);
}

void
weft_ip_format(const struct weft_ip *ip, char *text)
{
	inet_ntop(ip->family, ip->bytes, text, INET6_ADDRSTRLEN);
	if (!weft_ip_is_plain(ip))
		sprintf(text + strlen(text), "/%u", ip->prefix);
}

bool
conf_ip_mask(const struct weft_ip *ip, uint8_t prefix, struct weft_ip *masked)
{
	*masked = *ip;
	masked->prefix = prefix;
	for (uint32_t i = prefix; i < 128; i++)
		masked->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return memcmp(masked->bytes, ip->bytes, sizeof(ip->bytes)) == 0;
}

/** The last address of a link. */
static bool
ip_is_last(const struct weft_ip *ip, uint8_t prefix)
{
	for (uint32_t i = prefix; i < ip_bits(ip->family); i++)
		if ((ip->bytes[i / 8] & 0x80 >> i % 8) == 0)
			return false;
	return true;
}

const char *
conf_ip_reserved(const struct weft_ip *ip, uint8_t prefix)
{
	struct weft_ip masked;

	/* On a link of two addresses both are hosts' (RFC 3021, RFC 6164). */
	if (prefix + 1 >= ip_bits(ip->family))
		return NULL;
	if (conf_ip_mask(ip, prefix, &masked))
		return "network";
	return ip->family == AF_INET && ip_is_last(ip, prefix) ? "broadcast" : NULL;
}

bool
conf_ip_is_link_local(const struct weft_ip *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}
