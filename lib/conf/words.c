/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/socket.h>

#include "conf/conf.h"
#include "conf/schema.h"

const char *
weft_network_type_name(enum weft_network_type type)
{
	return conf_object_find(&conf_network_object, "type")->words[type];
}

const char *
weft_ra_mode_name(enum weft_ra_mode mode)
{
	return conf_object_find(&conf_subnet_object, "ipv6-ra-mode")->words[mode];
}

uint32_t
weft_network_type_overhead(enum weft_network_type type, uint8_t family)
{
	const uint32_t ether = 14, ip = family == AF_INET ? 20 : 40, udp = 8;

	switch (type) {
	case WEFT_NETWORK_VXLAN:
	case WEFT_NETWORK_GENEVE:
		return ether + ip + udp + 8;
	case WEFT_NETWORK_GRE: /* with its key */
		return ether + ip + 8;
	default:
		return 0;
	}
}
