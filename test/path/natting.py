# SPDX-License-Identifier: BSD-3-Clause
"""Routers with source NAT, who is outside of them, and what a packet looks like on the other side.

    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))               # WEB is asked, by an address and port of the gateway
    talk.into(VM1, udp(80, 5000))              # WEB answers, and VM1 hears it
    talk.refuses(ISP, arrives(OTHER, udp(80, 5000)), why=UNSOLICITED)
    talk.ends()

G1 leads out of blue and red to public, where it is GATE. ISP is on its link there and leads on: WEB,
OTHER and the like are behind it, and speak by its port. What is expected outside is the packet of the
inside with other addresses and ports, its checksums adjusted (RFC 1624), all else as it was.

Whatever is heard anywhere is checked in another way: its checksums, and those of packets that are
quoted in it, are computed anew.
"""
import socket
import struct
from dataclasses import dataclass

from scapy.layers.inet import ICMP, IP

from frames import frame
from overlays import keys
from routing import FRIEND, NEXT, VM1, VM2, Host, Router, announced, ip_bytes, ours, site
from secure import Talk, packet, tcp

TCP_, UDP_, SCTP_, DCCP_, UDPLITE_, ICMP_ = 6, 17, 132, 33, 136, 1
SUM_AT = {TCP_: 16, UDP_: 6, DCCP_: 6, UDPLITE_: 6, ICMP_: 2}  # behind the IP header
ERRORS = (3, 4, 11, 12)
GATE, WEB, OTHER, FAR_ROUTER = "203.0.113.2", "198.51.100.7", "198.51.100.8", "198.51.100.254"
POOL = [f"203.0.113.{number}" for number in (20, 21, 22, 23)]
UNSOLICITED, INVALID = "translate/unsolicited", "translate/invalid"


@dataclass(frozen=True)
class Outside(Host):
    """A host on the link of the gateways."""

    def ip(self, family=4):
        return f"203.0.113.{self.number}" if family == 4 else super().ip(family)


@dataclass(frozen=True)
class Gate(Router):
    """A router whose gateway is this address outside."""
    outside: int = 2

    def mac(self, network):
        return f"02:ee:00:00:{self.outside + 0x20:02x}:08" if network == "public" else super().mac(network)

    def ip(self, network, family=4):
        return f"203.0.113.{self.outside}" if (network, family) == ("public", 4) else super().ip(network, family)

    def nat(self, *networks, gateway=None, hop="203.0.113.80", **others):
        """As the file describes it; gateway: other keys of it."""
        entry = self.on(*(networks or ("blue", "red")), gateway=("public", hop), snat=True, **others)
        entry["gateway"].update(keys(gateway or {}))
        return entry


G1, G2 = Gate("r1", 1), Gate("r9", 1, 3)  # G2 is another tenant's: inside it is like G1
ISP, NEAR = Outside("isp", "public", 80), Outside("near", "public", 81)
PORTS = (VM1, FRIEND, VM2, NEXT, ISP)


def settings(**words):
    """The key `nat` of a router."""
    return {"nat": keys(words)}


ANYBODY = settings(filtering="endpoint-independent")
EXACTLY = settings(filtering="address-and-port-dependent")
OVERLOADED = settings(mapping="address-and-port-dependent")


# What becomes of a packet.


def adjusted(checksum, old, new):
    """RFC 1624, equation 3: the checksum after these bytes have become those."""
    total = checksum ^ 0xFFFF
    for before, after in zip(struct.unpack(f"!{len(old) // 2}H", old), struct.unpack(f"!{len(new) // 2}H", new)):
        total += (before ^ 0xFFFF) + after
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def changed_sum(protocol, checksum, old, new):
    """Of UDP and UDP-Lite none is zero; of UDP, zero says that there is none."""
    if protocol == UDP_ and not checksum:
        return 0
    return adjusted(checksum, old, new) or (0xFFFF if protocol in (UDP_, UDPLITE_) else 0)


def translated(data, src=None, dst=None, sport=None, dport=None):
    """The frame with other addresses and ports, or identifier of a query."""
    return data[:14] + translated_packet(data[14:], src, dst, sport, dport)


def translated_packet(whole, src=None, dst=None, sport=None, dport=None):
    """The same of an IP packet, which may be a fragment or the beginning of one that is quoted."""
    packet_ = bytearray(whole)
    head, protocol = (packet_[0] & 15) * 4, packet_[9]
    changes = [(place, socket.inet_aton(there), protocol != ICMP_)
               for place, there in ((12, src), (16, dst)) if there]
    is_first = not struct.unpack_from("!H", packet_, 6)[0] & 0x1FFF
    if is_first and protocol != SCTP_:
        places = (4, 4) if protocol == ICMP_ else (0, 2)
        changes += [(head + place, struct.pack("!H", port), True)
                    for place, port in zip(places, (sport, dport)) if port is not None]
    for place, new, is_summed in changes:
        old = bytes(packet_[place:place + len(new)])
        packet_[place:place + len(new)] = new
        at = head + SUM_AT.get(protocol, 65535)
        if is_first and is_summed and at + 2 <= len(packet_):
            struct.pack_into("!H", packet_, at, changed_sum(
                protocol, struct.unpack_from("!H", packet_, at)[0], old, new))
    packet_[10:12] = bytes(2)
    packet_[10:12] = struct.pack("!H", ones(bytes(packet_[:head])) ^ 0xFFFF)
    return bytes(packet_)


def leaves(data, seen=GATE, port=None, router=G1, host=ISP):
    """The frame of a host inside, as it goes out by an outside address, and port if it is another one."""
    return router.routes(translated(data, src=seen, sport=port), host)


def arrives(source, inside, to=GATE, router=G1, host=ISP, **odd):
    """A frame of somebody outside to an outside address."""
    return frame(host.mac, router.mac("public"), packet(source, to, inside, **odd))


def comes_in(data, host, port=None, router=G1):
    """The frame of somebody outside, as the host hears it."""
    return router.routes(translated(data, dst=host.ip(), dport=port), host)


def turns(data, host, seen=GATE, sport=None, dport=None, router=G1):
    """The frame of a host inside to an outside address that is another's, as that one hears it."""
    return router.routes(translated(data, src=seen, dst=host.ip(), sport=sport, dport=dport), host)


def source_of(data):
    """The address and the port, or identifier, that a frame says it is from."""
    whole = data[14:]
    head = (whole[0] & 15) * 4
    return socket.inet_ntoa(whole[12:16]), struct.unpack_from("!H", whole, head + (4 if whole[9] == ICMP_ else 0))[0]


def about(data, source, target, layer=None, size=None):
    """The packet that complains about a frame as somebody has it; size: bytes that are quoted."""
    return packet(source, target, (layer or ICMP(type=3, code=1)) / ip_bytes(data)[:size])


def fragments(data, *cuts):
    """A frame in pieces that end after so many bytes behind the IP header, and where it ends."""
    whole = ip_bytes(data)
    body, start = whole[20:], 0
    for end in (*cuts, len(body)):
        header = IP(whole[:20])
        header.flags, header.frag = "MF" if end < len(body) else 0, start // 8
        del header.len, header.chksum
        yield data[:14] + bytes(header / body[start:end])
        start = end


# What is heard.


def ones(data):
    """The sum of its words as RFC 1071 has it."""
    total = sum(data[place] << (0 if place & 1 else 8) for place in range(len(data)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def covered(protocol, body):
    """How much of it the checksum is about."""
    if protocol == UDPLITE_:
        return struct.unpack_from("!H", body, 4)[0] or len(body)
    if protocol == DCCP_ and body[5] & 15:
        return body[4] * 4 + (body[5] & 15) * 4 - 4
    return len(body)


def wrong_sums(whole, where="the packet"):
    """Which checksums of an IPv4 packet, and of what it quotes, are wrong; what cannot be judged is right."""
    head, length, fragment = (whole[0] & 15) * 4, *struct.unpack_from("!HxxH", whole, 2)
    if ones(whole[:head]) != 0xFFFF:
        return [f"header of {where}"]
    if fragment & 0x3FFF or len(whole) < length or whole[9] not in SUM_AT:
        return []
    protocol, body = whole[9], whole[head:length]
    said = struct.unpack_from("!H", body, SUM_AT[protocol])[0]
    pseudo = b"" if protocol == ICMP_ else whole[12:20] + struct.pack("!HH", protocol, len(body))
    wrong = []
    if (said or protocol != UDP_) and ones(pseudo + body[:covered(protocol, body)]) != 0xFFFF:
        wrong.append(f"protocol {protocol} of {where}")
    if protocol == ICMP_ and body[0] in ERRORS and len(body) >= 28:
        wrong += wrong_sums(body[8:], f"the quote in {where}")
    return wrong


def checked(data):
    """The frame, all of whose checksums are right."""
    at = 18 if data[12:14] == b"\x81\x00" else 14
    wrong = wrong_sums(data[at:]) if data[at - 2:at] == b"\x08\x00" else []
    assert not wrong, f"wrong checksums: {', '.join(wrong)}\n{data.hex(' ', -2)}"
    return data


def own(data):
    """What a router says itself outside, without the fields of IP that it may choose, and what fills the frame."""
    if data[6:8] == b"\x02\xee" and data[12:14] == b"\x08\x00" and data[26:29] == bytes((203, 0, 113)):
        whole = bytearray(ip_bytes(data))
        whole[1] = whole[8] = 0
        whole[4:8] = bytes(4)
        whole[10:12] = bytes(2)
        return data[:14] + bytes(whole)
    return data


def hears(frames):
    """What a case is about: no announcements; and all of it is right."""
    return [ours(checked(data)) for data in frames if announced(data) is None]


def hears_wrong(frames):
    """The same where checksums are wrong on purpose."""
    return [ours(data) for data in frames if announced(data) is None]


def hears_the_router(frames):
    """The same where the router itself speaks outside."""
    return [own(data) for data in hears(frames)]


# A case.


def told(data, layer, host=ISP, source=GATE, router=G1):
    """The router's own error to somebody outside, about a frame of his as it came."""
    whole = ip_bytes(data)
    return own(frame(router.mac("public"), host.mac, packet(source, IP(whole).src, layer / whole[:548])))


def answered(host, inside, source=GATE, router=G1, to=None):
    """The router's answer to a ping from outside."""
    return own(frame(router.mac("public"), host.mac, packet(source, to or host.ip(), inside)))


class Nat(Talk):
    """A conversation through G1, or through other routers."""

    def __init__(self, switch, *routers, ports=PORTS, listens=hears, sends=None, **others):
        config = site(ports, routers or [G1.nat()], **others)
        for name in [port["name"] for port in config["ports"] + config.get("physical-networks", [])]:
            switch.ears[name] = listens
        super().__init__(switch, config, sends)
        if sends:
            self.news()

    def out(self, host, inside, to=WEB, seen=GATE, port=None, **odd):
        """It goes out, from there, by its own port or that one; gives the frame that ISP hears."""
        __tracebackhide__ = True
        data = host.says(G1, to, inside, **odd)
        left = leaves(data, seen, port)
        self.says(host, data, hears={ISP: left}, what=f"{host.name} to {to}")
        return left

    def into(self, host, inside, source=WEB, to=GATE, port=None, **odd):
        """It comes in, at its own port or that one; gives the frame that the host hears."""
        __tracebackhide__ = True
        data = arrives(source, inside, to, **odd)
        came = comes_in(data, host, port)
        self.says(ISP, data, hears={host: came}, what=f"{source} to {to}, for {host.name}")
        return came

    def turns(self, host, inside, other, to=GATE, **words):
        """A host says it to an outside address that is another's, who hears it."""
        __tracebackhide__ = True
        data = host.says(G1, to, inside)
        self.says(host, data, hears={other: turns(data, other, **words)}, what=f"{host.name} to {to}")

    def sources(self, host, *insides, to=WEB, **odd):
        """All go out; the address and port that each seems to be from, all else is as it must be."""
        __tracebackhide__ = True
        sent = [host.says(G1, to, inside, **odd) for inside in insides]
        self.config = self.switch.reopens(self.config, host.name, sent)
        self.opens(host.name)
        heard, dropped = self.news()
        assert not dropped and heard.keys() == {"isp"}, f"dropped: {dropped}\nheard: {heard}"
        sources = [source_of(data) for data in heard["isp"]]
        assert heard["isp"] == [leaves(data, *source) for data, source in zip(sent, sources, strict=True)]
        return sources

    def source(self, host, inside, to=WEB, **odd):
        __tracebackhide__ = True
        return self.sources(host, inside, to=to, **odd)[0]

    def bindings(self, *filters):
        return self.switch.json("nat", "list", *filters)


def begins_tcp(talk, host=VM1, port=5000, to=WEB, seen=GATE):
    """The three packets that begin a connection."""
    talk.out(host, tcp(port, 80), to, seen)
    talk.into(host, tcp(80, port, "SA", 9, 1001), to, seen)
    talk.out(host, tcp(port, 80, "A", 1001, 10), to, seen)


# Protocols that scapy does not write.


def udplite(here, there, sport, dport, load=b"weft" * 4, coverage=8):
    """RFC 3828; coverage 0: all of it."""
    header = struct.pack("!HHH", sport, dport, coverage)
    return summed(UDPLITE_, here, there, header, load, coverage or 8 + len(load))


def dccp(here, there, sport, dport, kind=0, coverage=0):
    """RFC 4340: a request (0) or a response (1) with some data; coverage: 0 is all."""
    header = struct.pack("!HHBB", sport, dport, 5 if kind == 0 else 7, coverage)
    rest = struct.pack("!BBHI", kind << 1 | 1, 0, 0, 77) + (b"" if kind == 0 else bytes(4) + b"\0\0\0\x4d") + b"weft"
    length = (5 if kind == 0 else 7) * 4 + (coverage - 1) * 4 if coverage else len(header) + 2 + len(rest) + 8
    return summed(DCCP_, here, there, header, rest + b"datadata", length)


def summed(protocol, here, there, header, rest, coverage):
    """The checksum between these, over so many bytes and the addresses."""
    body = header + b"\0\0" + rest
    pseudo = socket.inet_aton(here) + socket.inet_aton(there) + struct.pack("!HH", protocol, len(body))
    total = ones(pseudo + body[:coverage]) ^ 0xFFFF
    return header + struct.pack("!H", total or 0xFFFF) + rest
