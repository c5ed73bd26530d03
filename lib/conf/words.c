/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/schema.h"

const char *
weft_network_type_name(enum weft_network_type type)
{
	return conf_object_find(&conf_network_object, "type")->words[type];
}

void
weft_ip_format(const struct weft_ip *ip, char *text)
{
	inet_ntop(ip->family, ip->bytes, text, INET6_ADDRSTRLEN);
	if (ip->prefix != (ip->family == AF_INET ? 32 : 128))
		sprintf(text + strlen(text), "/%u", ip->prefix);
}
