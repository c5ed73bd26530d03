# SPDX-License-Identifier: BSD-3-Clause
"""Routers, the hosts on their links, and what a packet looks like behind a router.

    carries(switch, site([VM1, VM2], [R1.on("blue", "red")]),
            sends={VM1: [question]}, delivers={VM2: [R1.routes(question, VM2)]})

Each network has a number, and so has each host and router: 10.0.NETWORK.HOST and
2001:db8:NETWORK::HOST. Routers are below 10, hosts are not. All MAC addresses of hosts are
configured in the forwarding table, so that nothing is flooded but what is for all.

What a router says itself is compared without the fields of IP that it may choose (see overlays).
"""
import ipaddress
import json
import struct
from dataclasses import dataclass

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem,
                                ICMPv6TimeExceeded, IPv6)
from scapy.layers.l2 import ARP

from frames import EVERYBODY, address, frame, mac
from overlays import essential, keys, padded
from secure import packet, udp

NUMBERS = {"blue": 1, "red": 2, "green": 3, "blue2": 1, "red2": 2, "public": 8, "transit": 9}
BITS = {4: 24, 6: 64}
NOBODY = "00:00:00:00:00:00"
both_families = pytest.mark.parametrize("family", (4, 6), ids=("IPv4", "IPv6"))


def number_of(network):
    """Of one of the names above, or of n0, n1, ..."""
    return NUMBERS[network] if network in NUMBERS else 100 + int(network[1:])


def ip_in(network, number, family=4):
    net = number_of(network)
    return f"10.0.{net}.{number}" if family == 4 else f"2001:db8:{net:x}::{number:x}"


def link(network, family=4):
    """The subnet of a network."""
    return f"{ip_in(network, 0, 4)}/24" if family == 4 else \
        f"2001:db8:{number_of(network):x}::/64"


@dataclass(frozen=True)
class Host:
    name: str
    network: str
    number: int

    @property
    def mac(self):
        return mac(number_of(self.network) << 8 | self.number)

    def ip(self, family=4):
        return ip_in(self.network, self.number, family)

    def port(self, *groups, **others):
        """As the file describes it; without groups it may say anything, and hears all."""
        return {"name": self.name, "network": self.network, "mac": self.mac,
                "addresses": [self.ip(4), self.ip(6)],
                **({"security-groups": list(groups)} if groups else {"port-security": False}),
                **keys(others)}

    def silent(self, **others):
        """A port of which nobody is told who is there."""
        return {"name": self.name, "network": self.network, "port-security": False, **keys(others)}

    def says(self, router, to, inside=None, family=4, **odd):
        """A packet for a host or an address, by the router; odd: fields of IP."""
        there = to if isinstance(to, str) else to.ip(family)
        return frame(self.mac, router.mac(self.network),
                     packet(self.ip(6 if ":" in there else 4), there,
                            udp(1000, 80) if inside is None else inside, **odd))

    def asks(self, router, family=4, target=None, to=None, source=None):
        """All, or one MAC: where is the router? source: of who has no address yet."""
        return question(self.mac, self.ip(family) if source is None else source,
                        target or router.ip(self.network, family), to)

    def answers(self, router, family=4, owner=None):
        """To the router: here I am, with this MAC."""
        return answer(owner or self.mac, self.ip(family), router.mac(self.network),
                      router.ip(self.network, family))


@dataclass(frozen=True)
class Router:
    name: str
    number: int

    def mac(self, network):
        return f"02:ee:00:00:{self.number:02x}:{number_of(network):02x}"

    def ip(self, network, family=4):
        return ip_in(network, self.number, family)

    def leg(self, network, family=4, **others):
        return {"network": network, "address": f"{self.ip(network, family)}/{BITS[family]}",
                "mac": self.mac(network), **keys(others)}

    def on(self, *networks, routes=(), gateway=None, snat=False, **others):
        """The router as the file describes it, on the links of these networks.

        routes: (destination, next hop); gateway: (network, next hop); snat: of what leaves by it"""
        entry = {"name": self.name, "interfaces": [
            self.leg(network, family) for network in networks for family in (4, 6)],
            "routes": [{"destination": destination, "next-hop": hop}
                       for destination, hop in routes], **keys(others)}
        if gateway:
            network, hop = gateway
            entry["gateway"] = self.leg(network, 6 if ":" in hop else 4, next_hop=hop, snat=snat)
        return entry

    def routes(self, data, to, hops=1):
        """The frame behind this router, the last of so many, on its way to a host."""
        return routed(data, self.mac(to.network), to.mac, hops)

    def looks_for(self, network, target):
        """Its question who has this address."""
        family = 6 if ":" in target else 4
        return padded(question(self.mac(network), self.ip(network, family), target))

    def tells(self, host, family=4):
        """Its answer to a host that asked by ARP."""
        return padded(answer(self.mac(host.network), self.ip(host.network, family), host.mac,
                             host.ip(family)))

    def complains(self, data, layer, to, source=None):
        """Its ICMP error about a frame as it came, to a host; source: another address of it."""
        whole = ip_bytes(data)
        family = whole[0] >> 4
        source = source or self.ip(to.network, family)
        sender = IP(whole).src if family == 4 else IPv6(whole).src
        quote = whole[:576 - 28] if family == 4 else whole[:1280 - 48]
        return essential(frame(self.mac(to.network), to.mac,
                               packet(source, sender, layer / quote)))


R1, R2 = Router("r1", 1), Router("r2", 2)
VM1, VM2, VM3 = Host("vm1", "blue", 10), Host("vm2", "red", 20), Host("vm3", "green", 30)
FRIEND = Host("friend", "blue", 11)   # on the same link as VM1
NEXT = Host("next", "red", 21)        # on the same link as VM2
ISP = Host("isp", "public", 80)       # who leads out of the cloud

# family -> the message
EXPIRED = {4: ICMP(type=11, code=0), 6: ICMPv6TimeExceeded(code=0)}
NO_ROUTE = {4: ICMP(type=3, code=0), 6: ICMPv6DestUnreach(code=0)}
NO_HOST = {4: ICMP(type=3, code=1), 6: ICMPv6DestUnreach(code=3)}
NO_PORT = {4: ICMP(type=3, code=3), 6: ICMPv6DestUnreach(code=4)}
NO_PROTOCOL = {4: ICMP(type=3, code=2), 6: ICMPv6ParamProblem(code=1, ptr=6)}


def too_big(mtu, family):
    return ICMP(type=3, code=4, nexthopmtu=mtu) if family == 4 else ICMPv6PacketTooBig(mtu=mtu)


def ttl(value, family=4):
    """As odd fields of says()."""
    return {"ttl" if family == 4 else "hlim": value}


def filled(size, family=4):
    """UDP that makes a packet of so many bytes."""
    return udp(1000, 80, bytes(number * 7 % 251 for number in
                               range(size - 8 - (20 if family == 4 else 40))))


# Frames.


def checksum(header):
    """RFC 1071, of a header whose own checksum is zero."""
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def routed(data, src_mac, dst_mac, hops=1):
    """An untagged frame behind so many routers: MACs, TTL and header checksum, nothing else."""
    ip = bytearray(data[14:])
    if ip[0] >> 4 == 4:
        length = (ip[0] & 15) * 4
        ip[8] -= hops
        ip[10:12] = bytes(2)
        ip[10:12] = struct.pack("!H", checksum(bytes(ip[:length])))
    else:
        ip[7] -= hops
    return address(dst_mac) + address(src_mac) + data[12:14] + bytes(ip)


def later(data, hops=1):
    """The frame as the router behind so many others gets it, MACs aside."""
    return routed(data, mac(0), mac(0), hops)


def tagged(data, vlan):
    return data[:12] + struct.pack("!HH", 0x8100, vlan) + data[12:] if vlan else data


def ip_bytes(data):
    """The IP packet of an untagged frame, without what was added to fill the frame."""
    whole = data[14:]
    length = struct.unpack_from("!H", whole, 2)[0] if whole[0] >> 4 == 4 else \
        40 + struct.unpack_from("!H", whole, 4)[0]
    return whole[:length]


def question(owner, ip, target, to=None):
    """ARP request or neighbour solicitation; to: one MAC instead of all that may be meant."""
    if ":" not in target:
        return frame(owner, to or EVERYBODY, ARP(op=1, hwsrc=owner, psrc=ip, hwdst=NOBODY, pdst=target))
    last = ipaddress.ip_address(target).packed[-3:]
    inside = IPv6(src=ip, dst=target if to else f"ff02::1:ff{last[0]:02x}:{last[1:].hex()}", hlim=255) / \
        ICMPv6ND_NS(tgt=target)
    if ip != "::":
        inside = inside / ICMPv6NDOptSrcLLAddr(lladdr=owner)
    return frame(owner, to or "33:33:ff:" + last.hex(":"), inside)


def answer(owner, ip, to, to_ip, **flags):
    """ARP reply or neighbour advertisement; with `to_ip` ff02::1 to all nodes."""
    if ":" not in ip:
        return frame(owner, to, ARP(op=2, hwsrc=owner, psrc=ip, hwdst=to, pdst=to_ip))
    inside = IPv6(src=ip, dst=to_ip, hlim=255) / ICMPv6ND_NA(tgt=ip, **{"R": 0, "S": 1, "O": 1, **flags}) / \
        ICMPv6NDOptDstLLAddr(lladdr=owner)
    return frame(owner, to, inside)


def ours(data):
    """What a router says in ICMP without the fields that it may choose; the TTL of a pong stays."""
    kind, family = data[12:14], data[14] >> 4 if len(data) > 14 else 0
    if kind == b"\x08\x00" and family == 4 and data[23] == 1 and data[26:28] == b"\x0a\0" and data[29] < 10:
        icmp, at = data[34], 22
    elif kind == b"\x86\xdd" and family == 6 and data[20] == 58 and data[37] < 10 and not any(data[28:37]):
        icmp, at = data[54], 21
    else:
        return data
    if icmp not in ((0, 3, 11, 12) if family == 4 else (1, 2, 3, 4, 129)):
        return data
    plain = bytearray(essential(data))
    if icmp in (0, 129):
        plain[at] = data[at]
    return bytes(plain)


def pong_of(router, host, inside, source, family=4):
    """The router's answer to a ping of its address `source`."""
    there = host.ip(family)
    data = frame(router.mac(host.network), host.mac, packet(source, there, inside, **ttl(64, family)))
    return ours(data)


# What is configured, and a case.


def site(ports, routers, kinds=None, knows=(), **others):
    """Hosts (or their ports), routers, and all networks that they are in.

    kinds: other properties of networks; knows: hosts at silent ports, of which only the MAC is known"""
    entries = [port.port() if isinstance(port, Host) else port for port in ports]
    seats = [(port["network"], port["mac"], port["name"]) for port in entries if "mac" in port]
    seats += [(host.network, host.mac, host.name) for host in knows]
    legs = [leg for router in routers
            for leg in router["interfaces"] + [router[way] for way in ("gateway",) if way in router]]
    names = dict.fromkeys([port["network"] for port in entries] + [leg["network"] for leg in legs])
    config = {"networks": [{"name": name, "type": "local", "external": name == "public",
                            "static-macs": [{"mac": owner, "port": port} for network, owner, port in seats
                                            if network == name],
                            **(kinds or {}).get(name, {})} for name in names],
              "ports": entries, "routers": list(routers), **keys(others)}
    return json.loads(json.dumps(config))


def named(table):
    return {who if isinstance(who, str) else who.name: what for who, what in (table or {}).items()}


def announced(data):
    """The address that a router says it has, to all, wherever that stands in a frame; None: it says no such thing.

    That is an ARP request for itself, or an advertisement to all nodes."""
    arp = data.find(b"\x08\x06\0\x01\x08\0\x06\x04\0\x01\x02\xee")
    if arp >= 0 and data[arp + 16:arp + 20] == data[arp + 26:arp + 30]:
        return data[arp + 16:arp + 20]
    nd = data.find(b"\x33\x33\0\0\0\x01\x02\xee")
    return data[-24:-8] if nd >= 0 else None


def unannounced(frames):
    """Without what routers say of themselves when they are new: of each address once."""
    told = set()
    for data in frames:
        address = announced(data)
        if address is None or address in told:
            yield data
        told.add(address if address and len(address) == 16 else None)


def begins(switch, config, sends=None):
    for port in config["ports"]:
        switch.ears.setdefault(port["name"], lambda frames: [ours(data) for data in unannounced(frames)])
    return switch.starts(config, named(sends))


def carries(switch, config, sends, delivers=None, drops=None):
    __tracebackhide__ = True
    begins(switch, config, sends)
    switch.ends(named(delivers), named(drops))
